"""Tests of `mcp_auth_tui.protocol.registration.client`."""
