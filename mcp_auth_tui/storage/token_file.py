"""Knows where tokens are kept and what their file says without a keyring; must not change it.

A header helper reads it in front of every connection, so it loads what argparse loads, and JSON.
"""

from __future__ import annotations

import json
import os
import stat
import sys

from mcp_auth_tui.storage.private_files import FileProblem, exposed_folder, read_small

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    Document = dict[str, list[dict[str, Any]]]

VARIABLE = "MCP_AUTH_TUI_TOKENS"
KINDS = ("auto", "keyring", "file", "none")
SCHEMA = "mcp-auth-tui-tokens/1"
MAX_OCTETS = 8 * 1024 * 1024
SKEW_SECONDS = 30.0
"""A token that ends within so many seconds is refreshed before it is used (F4)."""
_TEXT, _NUMBER, _NOTHING = (str,), (int, float), (type(None),)
_LATEST = 1e15
"""No moment is as far away, in seconds since the epoch."""
_CLIENT: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("issuer", "client_id", "how", "redirect_uri", "auth_method"), _TEXT),
    "document": (dict,),
    "secrets": (dict, str),
}
_TOKEN: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("id", "issuer", "client_id", "type"), _TEXT),
    **dict.fromkeys(("resource", "scope_asked", "scope_granted"), _TEXT + _NOTHING),
    **dict.fromkeys(("expires", "unanswered"), _NUMBER + _NOTHING),
    "received": _NUMBER,
    "generation": (int,),
    "urls": (list,),
    "secrets": (dict, str),
}
_SERVER: Mapping[str, tuple[type, ...]] = {
    **dict.fromkeys(("url", "registration_endpoint"), _TEXT + _NOTHING),
    **dict.fromkeys(("authorization_endpoint", "token_endpoint"), _TEXT),
    "document": (dict,),
}


class StoreProblem(Exception):
    """The store cannot be used; the message is a sentence with the path and the next step."""


class UnreadableStore(StoreProblem):
    """The file is broken, or of another version: it is moved aside before a new one is written."""


def token_path(environ: Mapping[str, str] = os.environ) -> str | None:
    """Return where tokens are kept: ``$MCP_AUTH_TUI_TOKENS``, else the system's place.

    None: nothing is kept. So it is with the null device, and for a screen that is served to others
    (textual-serve): one visitor's tokens are no business of the next.
    """
    if environ.get("TEXTUAL_DRIVER"):
        return None
    if chosen := environ.get(VARIABLE):
        return None if chosen == os.devnull else chosen
    if sys.platform in ("win32", "darwin", "android", "ios"):
        from platformdirs import user_data_dir

        return os.path.join(user_data_dir("mcp-auth-tui", appauthor=False), "tokens.json")
    # As platformdirs does, without its start-up time.
    data = environ.get("XDG_DATA_HOME", "").strip() or os.path.expanduser("~/.local/share")
    return os.path.join(data, "mcp-auth-tui", "tokens.json")


def read(path: str) -> Document:
    """Return the file's lists ``clients`` and ``tokens``; they are empty when there is none.

    Raises `UnreadableStore`, and `StoreProblem` when it is not ours, or not ours alone: whoever
    can write to it could have a token sent to a place of theirs.
    """
    try:
        mode = os.lstat(path).st_mode
    except (FileNotFoundError, NotADirectoryError):
        return {"clients": [], "tokens": []}
    except (OSError, ValueError) as error:
        raise StoreProblem(f"The token store {path} cannot be read: {_reason(error)}.") from None
    if stat.S_ISLNK(mode):
        raise StoreProblem(
            f"The token store {path} is a symbolic link, and is not followed: put the file itself "
            f"there, or name another place in {VARIABLE}."
        )
    try:
        opened = read_small(path, what="the token store", limit=MAX_OCTETS)
        exposed = exposed_folder(path)
    except (FileProblem, OSError) as problem:
        raise StoreProblem(f"{problem}") from None
    if opened.writable_by_others or exposed:
        place, bits = exposed or (path, opened.mode)
        raise StoreProblem(
            f"{place} can be changed by others (mode {bits:04o}), so the token store {path} was "
            f"not used. Make it yours alone: chmod go-w {place}"
        )
    return _parsed(path, opened.octets)


def _reason(error: OSError | ValueError) -> str:
    return (isinstance(error, OSError) and error.strerror) or "no file can have this name"


def _parsed(path: str, octets: bytes) -> Document:
    try:
        document = json.loads(octets.decode("utf-8"))
    except (ValueError, RecursionError):
        document = None
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(schema, str) or schema != SCHEMA:
        other = isinstance(schema, str) and schema.startswith(SCHEMA[:-1])
        raise UnreadableStore(
            f"The token store {path} was written by another version of mcp-auth-tui, and is not "
            "used: update the program, or sign in again (the file is then moved aside)."
            if other
            else f"The token store {path} is not what mcp-auth-tui writes (JSON, {SCHEMA}), and is "
            "not used: sign in again (the file is then moved aside)."
        )
    assert isinstance(document, dict)
    clients, tokens = document.get("clients"), document.get("tokens")
    if not (_entries(clients, _CLIENT) and _entries(tokens, _TOKEN)):
        raise UnreadableStore(
            f"The token store {path} holds entries that mcp-auth-tui does not write, and is not "
            "used: sign in again (the file is then moved aside)."
        )
    return {"clients": clients or [], "tokens": tokens or []}


def _entries(listed: object, members: Mapping[str, tuple[type, ...]]) -> bool:
    """Return whether a list holds entries with members of these types and nothing else."""
    return isinstance(listed, list) and all(_fits(entry, members) for entry in listed)


def _fits(entry: object, members: Mapping[str, tuple[type, ...]]) -> bool:
    if not isinstance(entry, dict):
        return False
    if any(type(entry.get(name)) not in kinds for name, kinds in members.items()):
        return False
    # NaN and the infinite are no moments, and neither is what no float can hold.
    numbers = (value for value in entry.values() if type(value) in _NUMBER)
    if not all(-_LATEST < number < _LATEST for number in numbers):
        return False
    secrets, server = entry.get("secrets"), entry.get("server")
    open_ones = secrets if isinstance(secrets, dict) else {}
    return all(isinstance(value, str) for value in open_ones.values()) and (
        members is not _TOKEN
        or (
            _fits(server, _SERVER)
            and all(isinstance(url, str) for url in entry["urls"])
            and (isinstance(secrets, str) or "access" in open_ones)
        )
    )


def choose(
    tokens: list[dict[str, Any]],
    url: str,
    *,
    issuer: str | None = None,
    client_id: str | None = None,
    scope: str | None = None,
) -> list[dict[str, Any]]:
    """Return the entries for an MCP URL that a person may mean by these words."""
    wanted = set((scope or "").split())
    return [
        entry
        for entry in tokens
        if (url in entry["urls"] or url == entry.get("resource"))
        and (issuer is None or entry["issuer"] == issuer)
        and (client_id is None or entry["client_id"] == client_id)
        and wanted <= set(str(entry.get("scope_granted") or "").split())
    ]


def fresh(entry: Mapping[str, Any], now: float, skew: float = SKEW_SECONDS) -> bool:
    """Return whether a token may be used as it is (F4); of one without an expiry nobody knows.

    A clock that was set back makes its age unknown: then it is refreshed.
    """
    if now < entry["received"] - 60:
        return False
    expires = entry.get("expires")
    # Of a token that lives shortly the skew is a part of its life, or none would ever be good.
    return expires is None or now < expires - min(skew, (expires - entry["received"]) / 4)
