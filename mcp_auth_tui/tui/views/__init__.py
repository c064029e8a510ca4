"""Knows how a session is laid out, as pure functions to `Content`; must not know widgets."""
