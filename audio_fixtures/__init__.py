"""Recordings for tests and measures, and the script that makes them."""
