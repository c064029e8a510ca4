"""Knows what other MCP programs keep of a sign-in on this machine, and reads it; changes nothing.

Paths and forms are those of their sources: mcp-remote 0.15, MCP Inspector 2.12, mcporter 0.12,
mcpc 0.2, FastMCP 2.11. The MCP Python SDK keeps no file of its own.
"""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Callable, Generator, Iterator, Mapping
from dataclasses import field
from datetime import datetime
from hashlib import md5
from pathlib import Path
from typing import Any

from mcp_auth_tui.model import Secret
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.storage.private_files import FileProblem, read_small

MAX_OCTETS = 1024 * 1024
MOST_FILES = 500
"""So many files of one folder are looked at."""


@dataclass(frozen=True, slots=True)
class ForeignGrant:
    """A token, a registration or both, as another program keeps them; all text as it stands."""

    tool: str
    path: Path
    """The file that the token is in, else that of the registration."""
    url: str = ""
    """The MCP URL; empty where the program writes none down."""
    key: str = ""
    """What the program calls the server in its file."""
    issuer: str = ""
    client: Mapping[str, Any] = field(default_factory=dict)
    """The answer of the registration, with its secrets."""
    access: Secret | None = None
    refresh: Secret | None = None
    type: str = "Bearer"
    scope: str | None = None
    expires: float | None = None
    """Seconds since the epoch."""
    note: str = ""
    """What is missing, as a sentence."""


Found = Iterator[ForeignGrant | str]
"""Grants, and sentences about what could not be read."""


def find(environ: Mapping[str, str] = os.environ, tool: str | None = None) -> Found:
    """Yield what other programs keep, and why something could not be read; raises nothing."""
    for name, look in TOOLS.items():
        if tool in (None, name):
            yield from look(environ)


def _home(environ: Mapping[str, str]) -> Path:
    return Path(environ["HOME"]) if environ.get("HOME") else Path.home()


def _mcp_remote(environ: Mapping[str, str]) -> Found:
    base = environ.get("MCP_REMOTE_CONFIG_DIR")
    root = Path(base) if base else _home(environ) / ".mcp-auth"
    for folder in _matching(root, "mcp-remote-*"):
        for path in _matching(folder, "*_tokens.json"):
            key = path.name.removesuffix("_tokens.json")
            client = path.with_name(f"{key}_client_info.json")
            yield from _pair("mcp-remote", path, client, key=key)


def _fastmcp(environ: Mapping[str, str]) -> Found:
    root = _home(environ) / ".fastmcp" / "oauth-mcp-client-cache"
    if home := environ.get("FASTMCP_HOME"):
        root = Path(home) / "oauth-mcp-client-cache"
    for path in _matching(root, "*_tokens.json"):
        key = path.name.removesuffix("_tokens.json")
        yield from _pair("fastmcp", path, path.with_name(f"{key}_client_info.json"), key=key)


def _mcporter(environ: Mapping[str, str]) -> Found:
    data = environ.get("XDG_DATA_HOME", "").strip()
    folders = [Path(data) / "mcporter"] if data else []
    for folder in (*folders, _home(environ) / ".mcporter"):
        path = folder / "credentials.json"
        document = yield from _read(path)
        for key, entry in _objects(document.get("entries")):
            tokens = _object(entry.get("tokens"))
            yield _grant(
                "mcporter",
                path,
                tokens,
                _object(entry.get("clientInfo")),
                _moment(entry.get("updatedAt")),
                url=_text(entry.get("serverUrl")),
                key=_text(entry.get("serverName")) or key.partition("|")[0],
            )


def _mcpc(environ: Mapping[str, str]) -> Found:
    home = environ.get("MCPC_HOME_DIR")
    root = Path(home) if home else _home(environ) / ".mcpc"
    profiles = yield from _read(root / "profiles.json")
    path = root / "credentials.json"
    credentials = yield from _read(path)
    for host, named in _objects(profiles.get("profiles")):
        for name, profile in _objects(named):
            url = _text(profile.get("serverUrl")) or host
            account = f"auth-profile:{_host(url)}:{name}"
            kept = _object(_parsed(credentials.get(f"{account}:tokens")))
            client = _object(_parsed(credentials.get(f"{account}:client")))
            tokens = {
                "access_token": kept.get("accessToken"),
                "refresh_token": kept.get("refreshToken"),
                "token_type": kept.get("tokenType"),
                "scope": kept.get("scope"),
                "expires_at": kept.get("expiresAt"),
            }
            renamed = {"client_id": client.get("clientId")}
            renamed["client_secret"] = client.get("clientSecret")
            note = "" if kept else "Its token is in the system's keyring, which is not opened."
            yield _grant("mcpc", path, tokens, renamed, None, url=url, key=name, note=note)


def _inspector(environ: Mapping[str, str]) -> Found:
    path = _home(environ) / ".mcp-inspector" / "storage" / "oauth.json"
    if folder := environ.get("MCP_STORAGE_DIR"):
        path = Path(folder) / "oauth.json"
    if file := environ.get("MCP_INSPECTOR_OAUTH_STATE_PATH"):
        path = Path(file)
    document = yield from _read(path)
    # Versions before 2.9 wrap it as a store writes it: {"state": …, "version": 0}.
    state = _object(document.get("state")) or document
    for url, entry in _objects(state.get("servers")):
        slots = [*_objects(entry.get("byIssuer")), ("", entry)]
        for issuer, slot in slots:
            tokens = _object(slot.get("tokens"))
            client = _object(slot.get("clientInformation"))
            if not tokens and not client:
                continue
            lost = "Its token is in the system's keyring, which is not opened."
            yield _grant(
                "inspector", path, tokens, client, None, url=url, issuer=issuer,
                note="" if tokens else lost,
            )  # fmt: skip


TOOLS: Mapping[str, Callable[[Mapping[str, str]], Found]] = {
    "mcp-remote": _mcp_remote,
    "inspector": _inspector,
    "mcporter": _mcporter,
    "mcpc": _mcpc,
    "fastmcp": _fastmcp,
}
"""The programs whose files are known, by name."""


def about(grant: ForeignGrant, url: str) -> bool:
    """Return whether something that another program keeps is for an MCP URL.

    mcp-remote names its files by a hash of the URL, FastMCP by the URL's origin.
    """
    if grant.url:
        return grant.url.rstrip("/") == url.rstrip("/")
    if grant.tool == "mcp-remote":
        return grant.key == md5(url.encode(), usedforsecurity=False).hexdigest()
    scheme, _, rest = url.partition("://")
    origin = f"{scheme}://{rest.partition('/')[0]}"
    spelled = origin
    for sign in ("://", ".", "/", ":"):
        spelled = spelled.replace(sign, "_")
    return grant.tool == "fastmcp" and grant.key == spelled


# -- reading


def _pair(tool: str, path: Path, client_path: Path, *, key: str) -> Found:
    """Yield what a file of tokens and one of a registration say together."""
    document = yield from _read(path)
    client = yield from _read(client_path)
    # FastMCP wraps it with the time when it ends.
    tokens = _object(document.get("token_payload")) or document
    client = _object(client.get("data")) or client
    if not tokens:
        return
    written = _changed(path)
    ends = document.get("expires_at")
    yield _grant(
        tool,
        path,
        {**tokens, "expires_at": _moment(ends) if isinstance(ends, str) else ends},
        client,
        written,
        key=key,
        issuer=_text(document.get("issuer")),
    )


def _grant(
    tool: str,
    path: Path,
    tokens: Mapping[str, Any],
    client: Mapping[str, Any],
    written: float | None,
    **more: str,
) -> ForeignGrant:
    ends, life = tokens.get("expires_at"), tokens.get("expires_in")
    expires = _number(ends)
    if expires is not None and expires > 1e11:
        expires /= 1000  # milliseconds
    if expires is None and written is not None and _number(life) is not None:
        expires = written + (_number(life) or 0.0)
    return ForeignGrant(
        tool,
        path,
        client=client,
        access=_secret(tokens.get("access_token")),
        refresh=_secret(tokens.get("refresh_token")),
        type=_text(tokens.get("token_type")) or "Bearer",
        scope=_text(tokens.get("scope")) or None,
        expires=expires,
        **more,
    )


def _matching(folder: Path, pattern: str) -> list[Path]:
    try:
        return sorted(folder.glob(pattern))[:MOST_FILES]
    except OSError:
        return []


def _read(path: Path) -> Generator[str, None, dict[str, Any]]:
    """Yield why a file cannot be read, and return the JSON object in it, empty for none."""
    try:
        facts = path.lstat()
    except OSError:
        return {}
    if stat.S_ISLNK(facts.st_mode):
        yield f"{path} is a symbolic link, and is not followed."
        return {}
    if os.name == "posix" and facts.st_uid != os.getuid():
        yield f"{path} belongs to another user (id {facts.st_uid}), and is not read."
        return {}
    try:
        octets = read_small(path, what="what another program keeps", limit=MAX_OCTETS).octets
        document = json.loads(octets.decode("utf-8"))
    except FileProblem as problem:
        yield f"{problem}"
        return {}
    except (ValueError, RecursionError):
        yield f"{path} is not JSON that can be read."
        return {}
    return _object(document)


def _changed(path: Path) -> float | None:
    try:
        return path.stat().st_mtime
    except OSError:
        return None


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[tuple[str, dict[str, Any]]]:
    return [(key, item) for key, item in _object(value).items() if isinstance(item, dict)]


def _parsed(value: Any) -> Any:
    try:
        return json.loads(value) if isinstance(value, str) else None
    except (ValueError, RecursionError):
        return None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _secret(value: Any) -> Secret | None:
    return Secret(value) if isinstance(value, str) and value else None


def _number(value: Any) -> float | None:
    usable = isinstance(value, int | float) and not isinstance(value, bool)
    return float(value) if usable and abs(value) < 1e15 else None


def _moment(value: Any) -> float | None:
    try:
        return datetime.fromisoformat(value).timestamp() if isinstance(value, str) else None
    except (ValueError, OverflowError):
        return None


def _host(url: str) -> str:
    """Return the host as mcpc names it: without the usual ports."""
    rest = url.partition("://")[2] or url
    host = rest.partition("/")[0].lower()
    return host.removesuffix(":443").removesuffix(":80")
