"""Knows what known providers do otherwise than MCP wants; must not change what a run does."""
