"""Knows the forms in which headers are handed out, as pure functions of a `Session`; no files here.

A new form is one function and one row in `EXPORTS`, a client or a piece of code one row of a table
in `clients/`. Writing is `desktop/output.py`'s business.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from types import MappingProxyType

from mcp_auth_tui.exports.curl import curl
from mcp_auth_tui.exports.env import env
from mcp_auth_tui.model import Session
from mcp_auth_tui.protocol.certificate import thumbprint_in
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import terminal

__all__ = ["EXPORTS", "Export", "caution", "export", "for_clients", "marked", "notes", "rendered"]


@dataclass(frozen=True, slots=True)
class Export:
    """One form of the result."""

    name: str
    title: str
    suffix: str
    """What a file of it is called behind the dot."""
    sentence: str
    """What it is, for somebody who chooses."""
    render: Callable[[Session], str]
    """Returns the text with its credentials as they are, or nothing when there are no headers.
    Raises ValueError with a sentence when a value cannot be written in this form."""
    always: bool = False
    """It is there without headers too: it tells of the run, not of its result."""


def headers(session: Session) -> str:
    """Return one ``Name: value`` line for each header (RFC 9110 §5)."""
    return "".join(f"{name}: {value.reveal()}\n" for name, value in session.headers.items())


def token(session: Session) -> str:
    """Return the access token alone on one line."""
    held = session.token if session.headers else None
    return f"{held.bearer.reveal()}\n" if held is not None else ""


def as_json(session: Session) -> str:
    """Return the headers as one JSON object, name to value (RFC 8259)."""
    if not session.headers:
        return ""
    return json.dumps({n: v.reveal() for n, v in session.headers.items()}, indent=2) + "\n"


def marked(session: Session) -> str:
    """Return why the result of a run is worth less, on one line; empty where it is not."""
    return terminal.one_line("; ".join(session.caveats), None)


def _commented(session: Session, text: str, sign: str = "#") -> str:
    """Return a text whose lines may be comments with a first one that tells of the marks."""
    told = marked(session)
    return f"{sign} marked run: {told}\n{text}" if told and text and sign else text


def as_curl(session: Session) -> str:
    """Return a shell command with the headers; see `curl.curl`."""
    return _commented(session, curl(session))


def as_env(session: Session) -> str:
    """Return variables with the headers; see `env.env`."""
    return _commented(session, env(session))


def caution(session: Session) -> str:
    """Return what a header alone is not good for, as a sentence; empty when it is all it takes."""
    if _proved(session):
        return (
            "This token is bound to a key (DPoP): each request needs a fresh proof in a DPoP "
            "header, made with that key (RFC 9449 §7.1). The header alone is refused."
        )
    if session.token is not None and thumbprint_in(session.token.claims):
        return (
            "This token is bound to a certificate: each request has to show it in TLS (RFC 8705 "
            "§3). The header alone is refused."
        )
    if session.token is not None and "--client-cert" in session.network:
        return (
            "This run showed a client certificate to every server that asked for one: where the "
            "MCP server demands it, the header alone is refused."
        )
    return ""


def _proved(session: Session) -> bool:
    return session.token is not None and session.token.type.lower() == "dpop"


def report(session: Session) -> str:
    """Return the report of a run as Markdown, masked; empty before it began."""
    from mcp_auth_tui.render.report.markdown import report as written

    return written(session) if session.url else ""


def report_html(session: Session) -> str:
    """Return the report of a run as one HTML page, masked; empty before it began."""
    from mcp_auth_tui.render.report.html import page

    return page(session) if session.url else ""


def as_har(session: Session) -> str:
    """Return the exchanges of a run as HTTP Archive, masked; empty before it began."""
    from mcp_auth_tui.render.har import har

    return har(session) if session.url else ""


EXPORTS: Mapping[str, Export] = MappingProxyType(
    {
        export.name: export
        for export in (
            Export(
                "headers", "Header lines", "txt", "One Name: value line for each header.", headers
            ),
            Export("token", "Bare token", "token", "The access token alone.", token),
            Export(
                "curl",
                "curl command",
                "sh",
                "A request to the server; the token is in its input, not among its arguments.",
                as_curl,
            ),
            Export(
                "env", ".env lines", "env", "Variables that a shell and .env readers take.", as_env
            ),
            Export("json", "JSON object", "json", "Headers as an object, name to value.", as_json),
            Export(
                "report",
                "Report, Markdown",
                "md",
                "What happened, for the server's owner: masked, fit for a public issue.",
                report,
                always=True,
            ),
            Export(
                "report-html",
                "Report, HTML",
                "html",
                "The same as one page that loads nothing.",
                report_html,
                always=True,
            ),
            Export(
                "har",
                "HTTP Archive (HAR)",
                "har",
                "Every request with its answer and timings, masked: browsers' tools open it.",
                as_har,
                always=True,
            ),
        )
    }
)


def export(name: str) -> Export:
    """Return a form by its name, be it one of `EXPORTS` or one for a client; raises KeyError."""
    return EXPORTS.get(name) or for_clients()[name]


@cache
def for_clients() -> Mapping[str, Export]:
    """Return the forms for clients, then the pieces of code; their tables are read for it."""
    from mcp_auth_tui.exports.clients import clients, render, snippets

    def client_text(id: str, session: Session) -> str:
        text = render.client_text(clients()[id], session)
        return _commented(session, text, render.comment(id))

    def snippet_text(id: str, session: Session) -> str:
        text = render.snippet_text(snippets()[id], session)
        return _commented(session, text, render.comment(id))

    entries = (
        Export(
            client.id,
            client.title,
            render.SUFFIXES[client.format],
            client.catch.replace("@NAME@", "NAME"),
            partial(client_text, client.id),
        )
        for client in clients().values()
    )
    pieces = (
        Export(piece.id, piece.title, piece.suffix, piece.catch, partial(snippet_text, piece.id))
        for piece in snippets().values()
    )
    return MappingProxyType({item.name: item for item in (*entries, *pieces)})


def groups() -> Mapping[str, Mapping[str, Export]]:
    """Return the forms of `for_clients` by the heading that they stand under in a menu."""
    from mcp_auth_tui.exports.clients import clients

    entries = {name: item for name, item in for_clients().items() if name in clients()}
    pieces = {name: item for name, item in for_clients().items() if name not in entries}
    return {"Entries for MCP clients": entries, "Code and other files": pieces}


def notes(name: str, session: Session) -> Iterator[str]:
    """Yield what somebody has to know who uses a form, as sentences."""
    if session.headers and (told := caution(session)):
        yield told
        if name not in EXPORTS and _proved(session):
            from mcp_auth_tui.exports.clients import clients, render

            if client := clients().get(name):
                yield render.bound(client)
    if session.headers and name not in EXPORTS:
        from mcp_auth_tui.exports.clients import render

        yield from render.notes(name, session)


def rendered(name: str, session: Session, say: Callable[[str], None]) -> str:
    """Return a form's text; as header lines, and saying so, when it cannot be had in that form.

    What there is to know about it is said too (`notes`). Empty when there are no headers, unless
    the form tells of the run.
    """
    for note in notes(name, session):
        say(note)
    try:
        return export(name).render(session)
    except ValueError as error:
        say(f"No {name} export: {error}. Here are the header lines.")
        return headers(session)
