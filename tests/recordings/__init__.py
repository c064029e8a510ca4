"""Recordings: the file that a run is kept in."""
