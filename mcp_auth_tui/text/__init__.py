"""Knows text alone: harmless, masked, short to read; must not know what it is about."""
