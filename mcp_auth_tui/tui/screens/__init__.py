"""Knows the pages that are pushed over the main screen, one file each; must not start a run."""
