"""Tests of `mcp_auth_tui.protocol.mcp`."""
