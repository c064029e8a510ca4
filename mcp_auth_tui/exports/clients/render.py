"""Knows the text that a session gives for a client or a snippet; opens no file."""

from __future__ import annotations

import json
import shlex
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from mcp_auth_tui.exports.clients import VARIABLE, ClientProgram, Snippet, clients, filled, snippets
from mcp_auth_tui.exports.clients.entry import Server, document, headers_file, name_of
from mcp_auth_tui.exports.curl import OF_ONE_CONNECTION, example
from mcp_auth_tui.text.units import duration

if TYPE_CHECKING:
    from mcp_auth_tui.model import Session
    from mcp_auth_tui.model.oauth import Token

SUFFIXES = {"json": "json", "jsonc": "json", "toml": "toml", "yaml": "yaml"}
_REQUEST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
_ACCEPT = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}


def client_text(client: ClientProgram, session: Session) -> str:
    """Return a config file with one entry in the client's default form; empty without headers."""
    if session.token is None or not session.headers:
        return ""
    url = session.url
    server = Server(url, name_of(url), session.token.bearer.reveal(), options=options_of(session))
    return written(client, document(client, client.default, server))


def options_of(session: Session) -> tuple[str, ...]:
    """Return the options of ``headers`` that do again what a run did."""
    return (*(word.reveal() for word in session.needs), *session.network)


def written(client: ClientProgram, value: Any) -> str:
    """Return a value in the format of a client's file."""
    if client.format in ("json", "jsonc"):
        return json.dumps(value, indent=2, ensure_ascii=False) + "\n"
    from mcp_auth_tui.exports.config import EntryPlace, format_of

    servers = value
    for key in client.inside:
        servers = servers[key]
    name, entry = (servers[0]["name"], servers[0]) if client.listed else next(iter(servers.items()))
    place = EntryPlace(client.inside, name, client.listed)
    return format_of(client.format).insert("", place, entry)


def snippet_text(snippet: Snippet, session: Session) -> str:
    """Return a snippet for the server of a session; empty without headers."""
    if session.token is None or not session.headers:
        return ""
    url = session.url
    fields, body = _request(session)
    text: str = filled(
        snippet.text,
        {
            # A text between double quotes in JSON is one in Python and in JavaScript.
            "QUOTED_URL": json.dumps(url, ensure_ascii=False),
            "SHELL_URL": shlex.quote(url),
            "URL": url,
            "QUOTED_HOST": json.dumps(urlsplit(url).netloc, ensure_ascii=False),
            "TOKEN": session.token.bearer.reveal(),
            "QUOTED_BODY": json.dumps(body),
            "SHELL_BODY": shlex.quote(body),
            "FIELDS": json.dumps(fields),
            "SHELL_FIELDS": " ".join(shlex.quote(f"{key}:{item}") for key, item in fields.items()),
        },
    )
    return text


def _request(session: Session) -> tuple[dict[str, str], str]:
    """Return the header fields and the body of a request that the server accepted."""
    exchange = example(session)
    if exchange is None or exchange.request.json is None:
        return _ACCEPT, json.dumps(_REQUEST)
    fields = {field.name: field.raw for field in exchange.request.headers}
    kept = {key: item for key, item in fields.items() if key.lower() not in OF_ONE_CONNECTION}
    return {**_ACCEPT, **kept}, json.dumps(exchange.request.json)


def comment(id: str) -> str:
    """Return how a line of this export begins that is a comment; empty where there is none."""
    if client := clients().get(id):
        return {"json": "", "jsonc": "//"}.get(client.format, "#")
    return {"json": "", "bru": "", "mjs": "//"}.get(snippets()[id].suffix, "#")


def notes(id: str, session: Session) -> Iterator[str]:
    """Yield what somebody has to know who uses this export, as sentences."""
    if session.token is None:
        return
    if (snippet := snippets().get(id)) is not None:
        yield snippet.catch
        if snippet.secret:
            yield ends(_end(session.token), time.time())
        return
    client, name = clients()[id], name_of(session.url)
    if client.user or client.project:
        places = " or ".join(path for path in (client.user, client.project) if path)
        yield (
            f"It goes into {places}; mcp-auth-tui install {id} {session.url} merges it into that"
            " file."
        )
    yield need(client, client.default, Server(session.url, name, options=options_of(session)))
    if client.default == "inline":
        yield ends(_end(session.token), time.time())
    yield filled(client.catch, {"NAME": name})


def need(client: ClientProgram, form: str, server: Server) -> str:
    """Return what this form of an entry needs before the client can connect, as a sentence."""
    others = [] if form == "helper" else _other_headers(server)
    if others:
        names = ", ".join(others)
        return f"{_need(client, form, server)} It sends no {names}: add that by hand."
    return _need(client, form, server)


def _other_headers(server: Server) -> list[str]:
    """Return the names of the headers that are sent beside the token's."""
    pairs = zip(server.options, server.options[1:], strict=False)
    return [value.partition(":")[0] for flag, value in pairs if flag == "--header"]


def _need(client: ClientProgram, form: str, server: Server) -> str:
    if form == "helper":
        return (
            "The entry holds no token: the client runs mcp-auth-tui headers, which refreshes the"
            " one that a sign-in has kept on this machine."
        )
    if form == "inline":
        return f"{client.title} reads the token from the entry itself. {client.why}"
    if client.by_file:
        return (
            "The entry holds no token: mcp-remote reads the headers from a file. Write it with"
            f" mcp-auth-tui {server.url} --export headers -o {headers_file(server.name)}."
        )
    return (
        f"The entry holds no token: start {client.title} where ${server.variable} has it"
        f" (--export env sets ${VARIABLE})."
    )


def ends(end: float | None, now: float) -> str:
    """Return when a token that is written down ends, as a sentence; seconds since the epoch."""
    if end is None:
        return "The token is written there, and nobody said when it ends."
    moment = time.strftime("%Y-%m-%d %H:%M", time.localtime(end))
    left = duration(max(end - now, 0))
    return f"The token is written there, and ends at {moment} (in {left}): then write it anew."


def _end(token: Token) -> float | None:
    return None if token.expires_in is None else token.received + token.expires_in


def bound(client: ClientProgram) -> str:
    """Return which forms cannot work with a token that is bound to a key (DPoP), as a sentence."""
    return (
        f"With {client.title} none of {', '.join(client.forms)} can work: it sends the same header"
        " with each request, and makes no proofs."
    )
