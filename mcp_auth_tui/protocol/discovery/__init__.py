"""Knows where metadata is looked for and how it is read; must not know clients or tokens."""
