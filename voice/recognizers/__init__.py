"""Recognizers, one file for each model family."""
