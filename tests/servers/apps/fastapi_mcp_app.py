"""fastapi-mcp with its proxies for an identity provider, and its registration that is none."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
import threading

import httpx
import oidc_provider_mock
import uvicorn
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi_mcp import AuthConfig, FastApiMCP
from product import arguments


def _app(origin: str, issuer: str) -> FastAPI:
    app = FastAPI()

    @app.get("/note", operation_id="read_note")
    async def read_note() -> str:
        """Reads the only note there is."""
        return "a note"

    async def checked(request: Request) -> None:
        header = {"Authorization": request.headers.get("authorization", "")}
        async with httpx.AsyncClient(trust_env=False) as client:
            answer = await client.get(f"{issuer}/userinfo", headers=header)
        if answer.status_code != 200:
            raise HTTPException(401, "Unauthorized")

    mcp = FastApiMCP(
        app,
        name="resource",
        auth_config=AuthConfig(
            issuer=issuer,
            authorize_url=f"{issuer}/oauth2/authorize",
            oauth_metadata_url=f"{issuer}/.well-known/openid-configuration",
            client_id="upstream",
            client_secret="a secret of two servers",
            dependencies=[Depends(checked)],
            setup_proxies=True,
        ),
    )
    mcp.mount_http()
    return app


def main() -> None:
    args = arguments()
    origin = f"http://127.0.0.1:{args.port}"
    with oidc_provider_mock.run_server_in_thread() as upstream:
        issuer = f"http://127.0.0.1:{upstream.server_port}"
        server = uvicorn.Server(uvicorn.Config(_app(origin, issuer), log_level="warning"))
        door = socket.create_server(("127.0.0.1", args.port))
        run = asyncio.Runner().run
        threading.Thread(target=lambda: run(server.serve([door])), daemon=True).start()
        addresses = {
            "url": f"{origin}/mcp",
            # It passes on the metadata of its provider, issuer and all.
            "options": ["--allow", "as-issuer-mismatch"],
            "visitor": {"user": "ada@example.com"},
        }
        print(json.dumps(addresses), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
