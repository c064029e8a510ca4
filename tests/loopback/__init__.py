"""Tests of `mcp_auth_tui.loopback.server`."""
