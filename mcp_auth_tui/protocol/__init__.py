"""The OAuth flow of MCP as plain generators; no I/O, clock, randomness or terminal in here."""
