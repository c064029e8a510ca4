"""Knows how this program becomes a client; must not know consent or tokens."""
