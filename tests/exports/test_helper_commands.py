"""The helper command of an entry, run as the client splits it, from another folder."""

from __future__ import annotations

import asyncio
import json
import shlex
import tomllib
from pathlib import Path
from typing import Any

import pytest
import trustme

from mcp_auth_tui.exports import export
from mcp_auth_tui.settings.arguments import commands
from mcp_auth_tui.settings.helper import helper_options
from tests.run.test_bad_input import FOLLOW, _context, serving
from tests.runs import finished


async def output(*words: str, folder: Path) -> dict[str, Any]:
    process = await asyncio.create_subprocess_exec(
        *words, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    found: dict[str, Any] = json.loads(out)
    return found


def expired(path: Path) -> str:
    """Let the stored token end, and return it."""
    document = json.loads(path.read_text())
    (entry,) = document["tokens"]
    entry["expires"] = entry["received"] + 1
    entry["received"] -= 3600
    path.write_text(json.dumps(document))
    access: str = entry["secrets"]["access"]
    return access


async def test_a_helper_refreshes_with_the_ca_of_the_run_as_each_client_splits_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, elsewhere = tmp_path / "data" / "tokens.json", tmp_path / "elsewhere"
    elsewhere.mkdir()
    folder = tmp_path / "it's a folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MCP_AUTH_TUI_TOKENS", str(store))
    ca = trustme.CA()
    ca.cert_pem.write_to_path(folder / "ca.pem")
    words = ["--ca-file", "ca.pem", "--header", "X-Org: acme & co", "--token-store", "file"]
    async with serving(context=_context(ca, "127.0.0.1")) as (url, _):
        done = await finished(url, *FOLLOW, *words)
        assert done.code == 0, done.err
        (entry,) = json.loads(export("claude-code").render(done.session))["mcpServers"].values()
        first = expired(store)
        claude = await output("/bin/sh", "-c", entry["headersHelper"], folder=elsewhere)
        second = expired(store)
        (codex,) = tomllib.loads(export("codex").render(done.session))["mcp_servers"].values()
        told = await output(*shlex.split(codex["http_headers_helper"]), folder=elsewhere)
    third = json.loads(store.read_text())["tokens"][0]["secrets"]["access"]
    assert len({first, second, third}) == 3
    assert claude == {"Authorization": f"Bearer {second}", "X-Org": "acme & co"}
    assert told == {"Authorization": f"Bearer {third}", "X-Org": "acme & co"}


def test_what_chooses_and_completes_is_carried() -> None:
    args = commands.flow().parse_args(
        [
            "https://mcp.example.com/mcp",
            *("--client-id", "c-1", "--issuer", "https://as.example", "--scope", "a b"),
            *("--header", "X-Key: env:KEY", "--token-store", "file", "--timeout", "3"),
        ]
    )
    assert helper_options(args) == (
        *("--client-id", "c-1", "--issuer", "https://as.example", "--scope", "a b"),
        *("--header", "X-Key: env:KEY"),
    )
    assert helper_options(commands.flow().parse_args([])) == ()
