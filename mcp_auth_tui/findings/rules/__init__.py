"""Knows each finding's rule, level and owner, a file a subject; must not judge anything."""
