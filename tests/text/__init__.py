"""Tests of `mcp_auth_tui.text`."""
