"""Knows the forms in which headers are handed out, as pure functions of a `Session`; no files here.

A new form is one function and one row in `EXPORTS`. Writing is `desktop/output.py`'s business.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from mcp_auth_tui.exports.curl import curl
from mcp_auth_tui.exports.env import env
from mcp_auth_tui.model import Session
from mcp_auth_tui.text import terminal

__all__ = ["EXPORTS", "Export", "caution", "marked", "rendered"]


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
    return f"{held.access.reveal()}\n" if held is not None else ""


def as_json(session: Session) -> str:
    """Return the headers as one JSON object, name to value (RFC 8259)."""
    if not session.headers:
        return ""
    return json.dumps({n: v.reveal() for n, v in session.headers.items()}, indent=2) + "\n"


def marked(session: Session) -> str:
    """Return why the result of a run is worth less, on one line; empty where it is not."""
    return terminal.one_line("; ".join(session.caveats), None)


def _commented(session: Session, made: str) -> str:
    """Return a text whose lines may be comments with a first one that tells of the marks."""
    told = marked(session)
    return f"# marked run: {told}\n{made}" if told and made else made


def as_curl(session: Session) -> str:
    """Return a shell command with the headers; see `curl.curl`."""
    return _commented(session, curl(session))


def as_env(session: Session) -> str:
    """Return variables with the headers; see `env.env`."""
    return _commented(session, env(session))


def caution(session: Session) -> str:
    """Return what a header alone is not good for, as a sentence; empty when it is all it takes."""
    if session.token is None or session.token.type.lower() != "dpop":
        return ""
    return (
        "This token is bound to a key (DPoP): each request needs a fresh proof in a DPoP header, "
        "made with that key (RFC 9449 §7.1). The header alone is refused."
    )


def report(session: Session) -> str:
    """Return the report of a run as Markdown, masked; empty before it began."""
    from mcp_auth_tui.render.report.markdown import report as written

    return written(session) if session.url else ""


def report_html(session: Session) -> str:
    """Return the report of a run as one HTML page, masked; empty before it began."""
    from mcp_auth_tui.render.report.html import page

    return page(session) if session.url else ""


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
        )
    }
)


def rendered(name: str, session: Session, say: Callable[[str], None]) -> str:
    """Return a form's text; as header lines, and saying so, when it cannot be had in that form.

    What the headers are not good for is said too. Empty when there are no headers, unless the form
    tells of the run.
    """
    if session.headers and (told := caution(session)):
        say(told)
    try:
        return EXPORTS[name].render(session)
    except ValueError as error:
        say(f"No {name} export: {error}. Here are the header lines.")
        return headers(session)
