"""The door for Home Assistant: speech to text, text to speech and conversation by TCP."""
