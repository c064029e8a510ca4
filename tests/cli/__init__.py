"""Tests of `mcp_auth_tui.cli.main`."""
