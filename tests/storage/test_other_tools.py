"""What other programs keep: found in their files as they write them, and nothing hostile believed.

The texts have the forms that mcp-remote 0.15.1, MCP Inspector 2.12.0, mcporter 0.12.3, mcpc 0.2.6
and FastMCP 2.11.3 write; tests/clients runs mcp-remote itself.
"""

from __future__ import annotations

import json
import os
from hashlib import md5
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Secret
from mcp_auth_tui.storage import other_tools
from mcp_auth_tui.storage.other_tools import ForeignGrant, about, find

URL = "https://mcp.example.com/mcp"
KEY = md5(URL.encode(), usedforsecurity=False).hexdigest()
TOKENS = {
    "access_token": "at-1",
    "token_type": "bearer",
    "expires_in": 3600,
    "refresh_token": "rt-1",
    "scope": "a b",
}
CLIENT = {"client_id": "c1", "client_secret": "s1", "redirect_uris": ["http://localhost:3334/cb"]}


def write(path: Path, document: Any) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(document if isinstance(document, str) else json.dumps(document))
    return path


def grants(home: Path, **environ: str) -> list[ForeignGrant]:
    found = list(find({"HOME": str(home), **environ}))
    assert not [item for item in found if isinstance(item, str)]
    return [item for item in found if isinstance(item, ForeignGrant)]


def test_mcp_remote_names_no_server_and_its_hash_is_compared(tmp_path: Path) -> None:
    folder = tmp_path / ".mcp-auth" / "mcp-remote-v1"
    tokens = {**TOKENS, "expires_at": 1_790_000_000_000, "issuer": "https://as.example"}
    path = write(folder / f"{KEY}_tokens.json", tokens)
    write(folder / f"{KEY}_client_info.json", CLIENT)
    (found,) = grants(tmp_path)
    assert found == ForeignGrant(
        "mcp-remote",
        path,
        key=KEY,
        issuer="https://as.example",
        client=CLIENT,
        access=Secret("at-1"),
        refresh=Secret("rt-1"),
        type="bearer",
        scope="a b",
        expires=1_790_000_000.0,
    )
    assert about(found, URL)
    assert not about(found, f"{URL}2")
    assert grants(tmp_path, MCP_REMOTE_CONFIG_DIR=str(tmp_path / "none")) == []


def test_a_life_without_an_end_counts_from_when_the_file_was_written(tmp_path: Path) -> None:
    path = write(tmp_path / ".mcp-auth" / "mcp-remote-0.1.9" / f"{KEY}_tokens.json", TOKENS)
    os.utime(path, (1000, 1000))
    (found,) = grants(tmp_path)
    assert found.expires == 4600


def test_fastmcp_names_the_origin_of_a_server(tmp_path: Path) -> None:
    folder = tmp_path / ".fastmcp" / "oauth-mcp-client-cache"
    write(folder / "https_mcp_example_com_tokens.json", TOKENS)
    write(folder / "https_mcp_example_com_client_info.json", CLIENT)
    wrapped = {"token_payload": TOKENS, "expires_at": "2026-11-29T12:00:00+00:00"}
    write(folder / "http_127_0_0_1_9000_tokens.json", wrapped)
    local, remote = grants(tmp_path)
    assert about(remote, URL)
    assert about(local, "http://127.0.0.1:9000/mcp")
    assert not about(local, URL)
    assert local.expires == 1_795_953_600.0
    assert remote.client == CLIENT


def test_mcporter_keeps_every_server_in_one_file(tmp_path: Path) -> None:
    entry = {
        "serverName": "notes",
        "serverUrl": URL,
        "updatedAt": "1970-01-01T00:16:40.000Z",
        "tokens": TOKENS,
        "clientInfo": CLIENT,
    }
    vault = {"version": 1, "entries": {"notes|0123456789abcdef": entry}}
    write(tmp_path / ".mcporter" / "credentials.json", vault)
    (found,) = grants(tmp_path)
    assert (found.url, found.key, found.expires, found.client) == (URL, "notes", 4600.0, CLIENT)
    write(tmp_path / "data" / "mcporter" / "credentials.json", vault)
    assert len(grants(tmp_path, XDG_DATA_HOME=str(tmp_path / "data"))) == 2


def test_mcpc_keeps_tokens_by_host_and_profile_or_in_the_keyring(tmp_path: Path) -> None:
    root = tmp_path / ".mcpc"
    profile = {"name": "default", "serverUrl": URL, "authType": "oauth"}
    write(root / "profiles.json", {"profiles": {"mcp.example.com": {"default": profile}}})
    (sealed,) = grants(tmp_path)
    assert (sealed.access, sealed.note) == (
        None,
        "Its token is in the system's keyring, which is not opened.",
    )
    account = "auth-profile:mcp.example.com:default"
    tokens = {"accessToken": "at-1", "tokenType": "Bearer", "expiresAt": 1_790_000_000}
    client = {"clientId": "c1"}
    kept = {f"{account}:tokens": json.dumps(tokens), f"{account}:client": json.dumps(client)}
    write(root / "credentials.json", kept)
    (found,) = grants(tmp_path)
    assert (found.url, found.access, found.expires) == (URL, Secret("at-1"), 1_790_000_000.0)
    assert found.client["client_id"] == "c1"


def test_the_inspector_keeps_tokens_by_server_and_issuer(tmp_path: Path) -> None:
    slot = {"tokens": TOKENS, "clientInformation": CLIENT}
    servers = {URL: {"byIssuer": {"https://as.example": slot}}, f"{URL}2": {"tokens": TOKENS}}
    path = write(tmp_path / "elsewhere.json", {"servers": servers, "idpSessions": {}})
    first, second = grants(tmp_path, MCP_INSPECTOR_OAUTH_STATE_PATH=str(path))
    assert (first.url, first.issuer, first.client) == (URL, "https://as.example", CLIENT)
    assert (second.url, second.issuer, second.access) == (f"{URL}2", "", Secret("at-1"))
    old = {"state": {"servers": {URL: slot}}, "version": 0}
    write(tmp_path / ".mcp-inspector" / "storage" / "oauth.json", old)
    assert [item.url for item in grants(tmp_path)] == [URL]


@pytest.mark.parametrize("text", ["", "[]", "{", "[" * 100_000, "nul\0", '"x"', "{}" * 9])
def test_a_file_that_is_none_of_theirs_is_told_or_passed_over(tmp_path: Path, text: str) -> None:
    write(tmp_path / ".mcporter" / "credentials.json", text)
    found = list(find({"HOME": str(tmp_path)}))
    assert not [item for item in found if isinstance(item, ForeignGrant)]


def test_links_huge_files_and_the_files_of_others_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / ".mcp-auth" / "mcp-remote-v1"
    real = write(tmp_path / "real.json", TOKENS)
    folder.mkdir(parents=True)
    (folder / "a_tokens.json").symlink_to(real)
    write(folder / "b_tokens.json", '"' + "x" * other_tools.MAX_OCTETS + '"')
    (folder / "c_tokens.json").mkdir()
    os.mkfifo(folder / "d_tokens.json")
    told = list(find({"HOME": str(tmp_path)}))
    assert [type(item) for item in told] == [str] * 4
    assert "is a symbolic link" in str(told[0])
    assert "octets" in str(told[1])
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    write(folder / "e_tokens.json", TOKENS)
    assert "belongs to another user" in str(list(find({"HOME": str(tmp_path)}))[-1])


_JSON = st.recursive(
    st.none() | st.booleans() | st.floats(allow_nan=False) | st.text() | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
_MEMBERS = ("access_token", "refresh_token", "token_type", "scope", "expires_at", "expires_in")


@given(st.dictionaries(st.sampled_from(_MEMBERS), _JSON), _JSON, _JSON)
def test_members_of_any_type_raise_nothing(
    tokens: dict[str, Any], client: Any, updated: Any
) -> None:
    entry = {"serverUrl": URL, "updatedAt": updated, "tokens": tokens, "clientInfo": client}
    made = other_tools._grant(
        "mcporter", Path("x"), tokens, other_tools._object(entry["clientInfo"]),
        other_tools._moment(updated), url=URL,
    )  # fmt: skip
    assert made.access is None or made.access.reveal()
    assert made.expires is None or isinstance(made.expires, float)
