"""Knows what a person may ask for: arguments, config, form; must not start a run."""
