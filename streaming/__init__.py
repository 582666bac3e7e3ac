"""The server: how a conversation runs."""
