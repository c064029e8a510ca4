"""Knows how consent is asked for and what comes back from it; must not know tokens."""
