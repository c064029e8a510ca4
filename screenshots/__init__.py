"""Knows how the pictures of the screen are made; the program never imports it."""
