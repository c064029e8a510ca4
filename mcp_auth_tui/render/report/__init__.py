"""Knows the report for a server's owner, fit for a public issue; must not know who asked for it."""
