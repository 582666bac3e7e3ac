"""Responders, one file for each way to answer."""
