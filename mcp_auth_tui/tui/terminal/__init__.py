"""Knows what may be written to a terminal, and in which colours; must not know a session."""
