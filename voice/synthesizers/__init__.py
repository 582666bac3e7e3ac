"""Synthesizers, one file for each family."""
