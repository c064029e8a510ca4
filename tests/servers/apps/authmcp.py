"""AuthMCP Gateway in front of one MCP server, with open registration and one person."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import uvicorn
from authmcp_gateway.mcp.store import create_mcp_server, init_mcp_database
from mcp.server.mcpserver import MCPServer
from product import arguments, running

_PERSON, _PASSWORD = "ada", "Ada-12345"


def _backend() -> str:
    """Starts the MCP server behind the gateway, which asks nobody; returns its URL."""
    server = MCPServer("resource", version="1.2.3")

    @server.tool()
    async def read_note() -> str:
        """Reads the only note there is."""
        return "a note"

    door = socket.create_server(("127.0.0.1", 0))
    app = uvicorn.Server(uvicorn.Config(server.streamable_http_app(), log_level="warning"))
    run = asyncio.Runner().run
    threading.Thread(target=lambda: run(app.serve([door])), daemon=True).start()
    return f"http://127.0.0.1:{door.getsockname()[1]}/mcp"


def main() -> None:
    args = arguments()
    origin = f"http://127.0.0.1:{args.port}"
    command = str(Path(sys.executable).with_name("authmcp-gateway"))
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = folder / "auth.db"
        at = ["--db-path", str(database)]
        person = ["--username", _PERSON, "--email", "ada@example.com", "--password", _PASSWORD]
        for words in (["init-db", *at], ["create-admin", *at, *person]):
            subprocess.run([command, *words], cwd=folder, check=True, stdout=sys.stderr)
        # What its pages write: open registration is a switch of the administrator's.
        settings = {"system": {"allow_dcr": True}}
        (folder / "auth_settings.json").write_text(json.dumps(settings))
        init_mcp_database(str(database))
        create_mcp_server(str(database), "notes", _backend())
        own = {
            "AUTH_SQLITE_PATH": str(database),
            "JWT_SECRET_KEY": "a key of this server alone, and long enough",
            "MCP_PUBLIC_URL": origin,
        }
        start = [command, "start", "--host", "127.0.0.1", "--port", str(args.port)]
        with running(start, folder, f"{origin}/.well-known/oauth-authorization-server", **own):
            addresses = {
                "url": f"{origin}/mcp",
                # The metadata of its resource write the issuer with a slash, the others without.
                "options": ["--issuer", origin],
                "visitor": {"user": _PERSON, "password": _PASSWORD},
            }
            print(json.dumps(addresses), flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main()
