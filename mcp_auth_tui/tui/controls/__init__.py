"""Knows what the keys of the main screen set off, a file a subject; must not draw."""
