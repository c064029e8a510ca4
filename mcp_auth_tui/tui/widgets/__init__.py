"""Knows the widgets that screens are made of; must not know the flow."""
