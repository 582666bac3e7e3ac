"""Parley beside pipecat and beside a naive loop, with the same parts and one client."""
