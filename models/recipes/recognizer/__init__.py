"""The starter recogniser: a small Whisper-shaped model for short windows, and how it is made."""
