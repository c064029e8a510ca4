"""Tests of `mcp_auth_tui.settings.editable`."""
