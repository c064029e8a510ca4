"""Knows how the MCP server itself is talked to; must not know where a token came from."""
