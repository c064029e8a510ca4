"""Knows how a session looks on a terminal and which keys act on it; must not know the protocol."""
