"""Knows a person's files (config, preferences, secrets, recent servers); must not know a run."""
