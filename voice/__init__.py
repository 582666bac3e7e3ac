"""The conversation: what one is. No event loop, no socket, no wall clock here."""
