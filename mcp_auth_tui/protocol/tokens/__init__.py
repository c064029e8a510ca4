"""Knows how a grant becomes a token and what a token says; must not know who gave consent."""
