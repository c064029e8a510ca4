"""Knows how a session is told as text, JSON and reports; must not know a terminal or a file."""
