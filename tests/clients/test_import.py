"""What a real mcp-remote wrote is listed, taken over, refreshed and ended."""

from __future__ import annotations

import os
import re
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcp_auth_tui.cli.main import main
from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.storage.tokens import TokenStore
from tests.clients.world import NODE
from tests.missing import missing

PROXY = NODE / "node_modules" / "mcp-remote" / "dist" / "proxy.js"


@contextmanager
def signed_in(url: str, home: Path) -> Iterator[None]:
    """Let mcp-remote sign in, as a person would who opens the address that it prints."""
    process = subprocess.Popen(
        ["node", str(PROXY), url, "--allow-http"],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "HOME": str(home), "BROWSER": "true"},
    )
    try:
        assert process.stderr is not None
        for line in process.stderr:
            if address := re.search(r"http://\S+/authorize\?\S+", line):
                urllib.request.urlopen(address[0], timeout=10).close()
            if "Connected to remote server" in line:
                break
        yield
    finally:
        process.kill()
        process.communicate()


def test_a_token_of_mcp_remote_is_listed_taken_over_refreshed_and_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    if not PROXY.is_file():
        missing("npm install was not run in tests/clients/node")
    store = tmp_path / "data" / "tokens.json"
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("MCP_AUTH_TUI_TOKENS", str(store))
    monkeypatch.delenv("MCP_REMOTE_CONFIG_DIR", raising=False)
    with running(auto_approve=True) as server, signed_in(server.url, tmp_path):
        folder = tmp_path / ".mcp-auth" / "mcp-remote-v1"
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        assert main(["sessions", "import"]) == 0
        out = capsys.readouterr().out
        assert out.startswith("mcp-remote: for a server that the file does not name")
        assert "with a refresh token; scopes notes:read" in out
        assert main(["sessions", "import", server.url, "--from", "mcp-remote"]) == 0
        assert "A refresh may end the copy of that program." in capsys.readouterr().err
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        (stored,) = TokenStore(store).tokens()
        assert (stored.issuer, stored.urls, stored.refreshable) == (
            server.issuer,
            (server.url,),
            True,
        )
        assert main(["sessions", "refresh", server.url]) == 0
        assert main(["sessions", "revoke", server.url]) == 0
        assert main(["headers", server.url]) == 3
