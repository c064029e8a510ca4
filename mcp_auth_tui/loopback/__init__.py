"""Knows how HTTP is served on loopback (callback, practice server); must not know tokens."""
