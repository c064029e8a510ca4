"""Knows this machine's browser, clipboard, terminal and SSH session; must not know the flow."""
