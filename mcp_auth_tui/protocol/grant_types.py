"""Knows the grant types and which of them fits a run; must not know how a token is asked for."""

from __future__ import annotations

from mcp_auth_tui.model.oauth import AuthorizationServer
from mcp_auth_tui.protocol.config import Config

_URN = "urn:ietf:params:oauth:"
JWT_BEARER = f"{_URN}grant-type:jwt-bearer"
DEVICE = f"{_URN}grant-type:device_code"
TOKEN_EXCHANGE = f"{_URN}grant-type:token-exchange"
ID_JAG = f"{_URN}token-type:id-jag"
ID_JAG_PROFILE = f"{_URN}grant-profile:id-jag"
WIRE = {
    "authorization_code": "authorization_code",
    "client_credentials": "client_credentials",
    "jwt-bearer": JWT_BEARER,
    "id-jag": JWT_BEARER,
    "device_code": DEVICE,
}
# Grants that need no person and no refresh token: the same credentials bring a new token (EM3).
DIRECT = ("client_credentials", "jwt-bearer", "id-jag")


def choose_grant(config: Config, server: AuthorizationServer) -> str:
    """Choose the grant: what was typed, else what was given and what the server lists decide."""
    if config.grant != "auto":
        return config.grant
    if config.subject_token is not None:
        return "id-jag"
    if config.assertion is not None:
        return "jwt-bearer"
    listed = server.list("grant_types_supported") or ()
    held = config.client_id and (config.client_secret is not None or config.client_key)
    if held and "client_credentials" in listed and "authorization_code" not in listed:
        return "client_credentials"
    device = server.document.get("device_authorization_endpoint")
    if config.browserless and not config.follow and device and DEVICE in listed:
        return "device_code"
    return "authorization_code"
