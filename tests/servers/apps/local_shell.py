"""local-shell-mcp: a shell behind OAuth of its own, where a PIN approves a client."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path

from product import arguments, running

_PIN = "a pin that is long enough 123"


def main() -> None:
    args = arguments()
    origin = f"http://127.0.0.1:{args.port}"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "work").mkdir()
        own = {
            "HOST": "127.0.0.1",
            "PORT": str(args.port),
            "PUBLIC_BASE_URL": origin,
            "AUTH_MODE": "oauth",
            "OAUTH_ADMIN_PIN": _PIN,
            "OAUTH_JWT_SECRET": "0" * 64,
            "WORKSPACE_ROOT": str(folder / "work"),
            "STATE_DIR": str(folder / "state"),
            "UI_ENABLED": "false",
            "REMOTE_ENABLED": "false",
        }
        environ = {f"LOCAL_SHELL_MCP_{name}": value for name, value in own.items()}
        words = [str(Path(sys.executable).with_name("local-shell-mcp"))]
        with running(words, folder, f"{origin}/healthz", **environ):
            addresses = {"url": f"{origin}/mcp", "visitor": {"fields": {"pin": _PIN}}}
            print(json.dumps(addresses), flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main()
