"""A small MCP server in front of an authorization server, made with the MCP Python SDK.

Knows three ways in which resource servers look at a token: introspection (RFC 7662), the issuer's
keys (JWT), and the userinfo endpoint. Must not repair what the SDK answers. Prints one JSON line
when it answers, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import sys
from dataclasses import dataclass
from typing import Any

import httpx
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

from tests.peers.sdk_server import Ports, serve_until_stdin_ends

_ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]


@dataclass(frozen=True, slots=True)
class Verifier:
    """Looks at a token in the one way that `settings` names."""

    settings: dict[str, Any]

    async def verify_token(self, token: str) -> AccessToken | None:
        """Return what is known of a good token, None of any other."""
        async with httpx.AsyncClient(trust_env=False, timeout=10) as client:
            if "introspection" in self.settings:
                claims = await self._introspected(client, token)
            elif "jwks" in self.settings:
                claims = await self._read(client, token)
            else:
                claims = await self._described(client, token)
        if claims is None:
            return None
        audience = claims.get("aud") or claims.get("resource")
        named = audience if isinstance(audience, list) else [audience]
        resource = self.settings["resource"]
        scope = claims.get("scope") or ""
        return AccessToken(
            token=token,
            client_id=str(claims.get("client_id") or claims.get("azp") or "unknown"),
            scopes=scope if isinstance(scope, list) else scope.split(),
            expires_at=int(claims["exp"]) if "exp" in claims else None,
            resource=resource if resource in named else None,
            subject=claims.get("sub"),
        )

    async def _introspected(self, client: httpx.AsyncClient, token: str) -> dict[str, Any] | None:
        answer = await client.post(
            self.settings["introspection"],
            data={"token": token, "token_type_hint": "access_token"},
            auth=tuple(self.settings["client"]),
        )
        claims: dict[str, Any] = answer.json()
        return claims if claims.get("active") is True else None

    async def _read(self, client: httpx.AsyncClient, token: str) -> dict[str, Any] | None:
        keys = KeySet.import_key_set((await client.get(self.settings["jwks"])).json())
        try:
            claims = jwt.decode(token, keys, algorithms=_ALGORITHMS).claims
            jwt.JWTClaimsRegistry(
                iss={"essential": True, "value": self.settings["issuer"]}
            ).validate(claims)
        except (JoseError, ValueError):
            return None
        return claims

    async def _described(self, client: httpx.AsyncClient, token: str) -> dict[str, Any] | None:
        header = {"Authorization": f"Bearer {token}"}
        answer = await client.get(self.settings["userinfo"], headers=header)
        scope = " ".join(self.settings["scopes"])
        return {**answer.json(), "scope": scope} if answer.status_code == 200 else None


def build(settings: dict[str, Any]) -> tuple[Ports, dict[str, str]]:
    """Return what listens at the resource's own address, and that address."""
    url = settings["resource"]
    port = int(url.split(":")[2].split("/")[0])
    auth = AuthSettings.model_validate(
        {
            "issuer_url": settings["issuer"],
            "resource_server_url": url,
            "required_scopes": settings["scopes"] or None,
            "validate_token_resource": settings["bound"],
        }
    )
    server = MCPServer("resource", version="1.2.3", token_verifier=Verifier(settings), auth=auth)

    @server.tool()
    async def read_note() -> str:
        """Reads the only note there is."""
        return "a note"

    ports = Ports({"resource": socket.create_server(("127.0.0.1", port))})
    ports.serve("resource", server.streamable_http_app())
    return ports, {"url": url}


if __name__ == "__main__":
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(serve_until_stdin_ends(*build(json.loads(sys.argv[1]))))
