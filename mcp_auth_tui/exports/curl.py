"""Knows how curl reads its configuration; must not know what the request in it is for."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import pairwise

from mcp_auth_tui.model import Exchange, Kind, Request, Session, Stage

# Header fields of one run or one connection, which would be wrong in a request of its own.
OF_ONE_CONNECTION = frozenset(
    {"authorization", "mcp-session-id", "content-length", "host", "connection", "accept-encoding"}
)
_ESCAPES = str.maketrans(
    {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
)


def curl(session: Session) -> str:
    """Return a shell command that repeats an accepted request with the headers of this run.

    The request and the token go through curl's standard input (``--config -``) out of a quoted
    here-document: nothing is expanded by the shell, and nothing of it is seen in the list of
    processes. Empty when there are no headers.
    """
    if not session.headers:
        return ""
    lines = "".join(f"{line}\n" for line in _configuration(session))
    end = _unused("END", lines)
    return f"curl --config - <<'{end}'\n{lines}{end}\n"


def _configuration(session: Session) -> Iterator[str]:
    exchange = example(session)
    request = exchange.request if exchange else None
    yield f"url = {quoted(request.url if request else session.url)}"
    yield "globoff"
    yield "silent"
    yield "show-error"
    yield from _network(session.network)
    for name, value in session.headers.items():
        yield f"header = {quoted(f'{name}: {value.reveal()}')}"
    if request is None:
        return
    for field in request.headers:
        if field.name.lower() not in OF_ONE_CONNECTION:
            yield f"header = {quoted(f'{field.name}: {field.raw}')}"
    yield from _body(request)


_OPTIONS = {
    "--ca-file": "cacert",
    "--client-cert": "cert",
    "--client-cert-key": "key",
    "--proxy": "proxy",
}


def _network(words: tuple[str, ...]) -> Iterator[str]:
    """Return options of ours about the network as curl has them."""
    for flag, value in pairwise((*words, "")):
        if flag in _OPTIONS:
            yield f"{_OPTIONS[flag]} = {quoted(value)}"
        elif flag == "--insecure":
            yield "insecure"


def _body(request: Request) -> Iterator[str]:
    if request.json is not None:
        if not any(field.name.lower() == "content-type" for field in request.headers):
            yield f"header = {quoted('Content-Type: application/json')}"
        yield f"data-raw = {quoted(json.dumps(request.json))}"
    elif request.method == "GET":
        yield "no-buffer"
    if request.method not in ("GET", "POST"):
        yield f"request = {quoted(request.method)}"


def example(session: Session) -> Exchange | None:
    """The first request that the server accepted with the token, else the one that it refused."""
    mcp = [
        e
        for e in session.exchanges
        if e.request.kind is Kind.MCP
        and e.request.url == session.url
        and (e.request.method == "GET" or e.request.json is not None)
    ]
    accepted = (e for e in mcp if e.request.stage is Stage.VERIFY and 200 <= e.status < 300)
    return next(accepted, mcp[0] if mcp else None)


def quoted(value: str) -> str:
    """Return a value between quotes as curl's configuration has it (curl(1), ``--config``)."""
    return f'"{value.translate(_ESCAPES)}"'


def _unused(word: str, among: str) -> str:
    lines = among.splitlines()
    while word in lines:
        word += "_"
    return word
