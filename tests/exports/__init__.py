"""Tests of `mcp_auth_tui.exports`."""
