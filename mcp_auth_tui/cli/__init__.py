"""Knows argv, terminals and exit codes; must not know the protocol."""
