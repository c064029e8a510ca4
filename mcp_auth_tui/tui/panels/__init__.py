"""Knows the panels of the main screen, one file each; must not know keys or other screens."""
