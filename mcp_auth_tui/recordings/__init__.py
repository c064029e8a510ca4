"""Knows the file that a run is kept in and read from again; must not know a screen or a network."""
