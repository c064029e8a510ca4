"""Knows a request as rows that a person can change, and what sending it would spend; no widgets."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

from mcp_auth_tui.model import Field, Kind, Request, Secret
from mcp_auth_tui.model.oauth import Attempt
from mcp_auth_tui.protocol.authorization.request import challenge_of, url_of
from mcp_auth_tui.protocol.urls import same_origin, split
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text import terminal

BY_HAND = "changed by hand"
HEADINGS: Mapping[str, str] = {
    "line": "Request",
    "header": "Header fields",
    "form": "Form",
    "member": "JSON members",
    "parameter": "What the address carries",
    "kept": "Kept here",
}
Sendable = Request | Attempt


@dataclass(frozen=True, slots=True)
class Row:
    """One value that can be changed: where it stands, what it is, and why it is so."""

    part: str
    """A key of `HEADINGS`."""
    name: str
    value: str
    was: str | None = None
    """What it was before the person came; None: added by hand."""
    secret: bool = False
    reason: str = ""
    source: str = ""
    text: bool = True
    """A JSON member that is a string; others are written as JSON."""
    dropped: bool = False

    @property
    def changed(self) -> bool:
        """Whether a person had a hand in it."""
        return self.dropped or self.was != self.value

    @property
    def fixed(self) -> bool:
        """Whether it can be changed but not dropped."""
        return self.part in ("line", "kept")


def rows_of(request: Sendable) -> tuple[Row, ...]:
    """Return everything of a request that can be changed, in the order in which it is shown."""
    if isinstance(request, Attempt):
        return _attempt_rows(request)
    rows = [_row("line", "method", request.method), _row("line", "url", request.url)]
    rows += [_field("header", item) for item in request.headers]
    rows += [_field("form", item) for item in request.form or ()]
    why = {item.name: item for item in request.reasons}
    for name, value in (request.json or {}).items():
        told = why.get(name, Field(name, ""))
        row = _row("member", name, _written(value), told.reason, told.source)
        rows.append(replace(row, text=isinstance(value, str)))
    return tuple(rows)


def _row(part: str, name: str, value: str, reason: str = "", source: str = "") -> Row:
    return Row(part, name, value, value, reason=reason, source=source)


def _field(part: str, item: Field) -> Row:
    row = _row(part, item.name, item.raw, item.reason, item.source)
    return replace(row, secret=isinstance(item.value, Secret))


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _attempt_rows(attempt: Attempt) -> tuple[Row, ...]:
    rows = [_row("line", "url", attempt.authorization_endpoint, "from its metadata", "RFC 8414 §2")]
    if _is_pushed(attempt):
        pairs = parse_qsl(split(attempt.url).query, keep_blank_values=True)
        said = ("stands for the pushed request", "RFC 9126 §4")
        return (*rows, *(_row("parameter", name, value, *said) for name, value in pairs))
    rows += [_field("parameter", item) for item in attempt.fields]
    kept = "goes with the code; its hash is the code_challenge"
    verifier = _row("kept", "code_verifier", attempt.verifier.reveal(), kept, "RFC 7636 §4.1")
    return (*rows, replace(verifier, secret=True))


def _is_pushed(attempt: Attempt) -> bool:
    named = {item.name for item in attempt.fields}
    return "request_uri" in _query(attempt.url) and "request_uri" not in named


def added(part: str, typed: str) -> Row:
    """Return a new row from ``name=value`` (or ``Name: value``); ValueError when it is neither."""
    sep = ":" if part == "header" and ":" in typed else "="
    name, found, value = typed.partition(sep)
    name, value = name.strip(), value.strip()
    if not found or not name:
        raise ValueError("Type a name, an equals sign and a value.")
    return Row(part, name, value, None, reason="added by hand", text=not _is_json(value))


def _is_json(value: str) -> bool:
    try:
        return not isinstance(json.loads(value), str)
    except (ValueError, RecursionError):
        return False


def valued(row: Row, value: str) -> Row:
    """Return a row with another value; ValueError when a JSON member would be no JSON."""
    if row.part == "member" and not row.text:
        try:
            json.loads(value)
        except (ValueError, RecursionError):
            raise ValueError(
                f"{terminal.one_line(row.name)} is not a string: write it as JSON."
            ) from None
    return replace(row, value=value, dropped=False)


def followed(rows: tuple[Row, ...]) -> tuple[Row, ...]:
    """Let the challenge follow method and verifier (RFC 7636 §4.2) unless it was changed itself."""
    found = {row.name: row for row in rows}
    method, verifier = found.get("code_challenge_method"), found.get("code_verifier")
    if method is None or verifier is None:
        return rows
    hashed = method.value == "S256" and not method.dropped
    wanted = challenge_of(verifier.value) if hashed else verifier.value
    before = {verifier.value, verifier.was, *_hashes(verifier)}
    return tuple(
        replace(row, value=wanted) if row.name == "code_challenge" and row.value in before else row
        for row in rows
    )


def _hashes(verifier: Row) -> Iterable[str]:
    values = [value for value in (verifier.value, verifier.was) if value and value.isascii()]
    return (challenge_of(value) for value in values)


def applied(request: Sendable, rows: tuple[Row, ...]) -> Sendable:
    """Return the request as the rows say; equal to it when nothing was changed.

    ValueError with a sentence when that cannot be.
    """
    if not any(row.changed for row in rows):
        return request
    if isinstance(request, Attempt):
        return _attempted(request, rows)
    line = _line(rows)
    if any(row.part == "form" for row in rows) and any(row.part == "member" for row in rows):
        raise ValueError("A request has a form or a JSON body, not both.")
    form = _fields(rows, "form", request.form or ())
    members = {row.name: row for row in rows if row.part == "member" and not row.dropped}
    changed = {row.name for row in rows if row.part == "member" and row.changed}
    return replace(
        request,
        method=line.get("method", request.method).upper(),
        url=line.get("url", request.url),
        headers=_fields(rows, "header", request.headers),
        form=form if form or request.form is not None else None,
        json={name: _parsed(row) for name, row in members.items()}
        if members or request.json is not None
        else None,
        reasons=tuple(item for item in request.reasons if item.name not in changed),
        idempotent=False,
    )


def _line(rows: tuple[Row, ...]) -> dict[str, str]:
    line = {row.name: row.value.strip() for row in rows if row.part == "line"}
    url = line.get("url", "")
    try:
        parts = split(url)
    except ValueError:
        parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.netloc:
        raise ValueError(f"{terminal.one_line(url)} is not an http or https address.")
    return line


def _parsed(row: Row) -> Any:
    return row.value if row.text else json.loads(row.value)


def _fields(rows: tuple[Row, ...], part: str, old: tuple[Field, ...]) -> tuple[Field, ...]:
    made, left = [], list(old)
    for row in rows:
        if row.part != part:
            continue
        before = left.pop(0) if row.was is not None and left else None
        if row.dropped:
            continue
        if before is not None and not row.changed:
            made.append(before)
        else:
            value = Secret(row.value) if row.secret else row.value
            made.append(Field(row.name, value, row.reason if row.was is None else BY_HAND))
    return tuple(made)


def _attempted(attempt: Attempt, rows: tuple[Row, ...]) -> Attempt:
    endpoint = _line(rows)["url"]
    if _is_pushed(attempt):
        kept = [row for row in rows if row.part == "parameter" and not row.dropped]
        pushed = [Field(row.name, row.value) for row in kept]
        return replace(attempt, authorization_endpoint=endpoint, url=url_of(endpoint, pushed))
    fields = _fields(rows, "parameter", attempt.fields)
    sent = {item.name: item.raw for item in fields}
    verifier = next(row.value for row in rows if row.part == "kept")
    # The answer is judged by what was sent, not by what would have been (SPEC Z6).
    return replace(
        attempt,
        authorization_endpoint=endpoint,
        url=url_of(endpoint, list(fields)),
        fields=fields,
        client_id=sent.get("client_id", attempt.client_id),
        redirect_uri=sent.get("redirect_uri", attempt.redirect_uri),
        state=Secret(sent.get("state", "")),
        verifier=Secret(verifier),
        scope=sent.get("scope"),
        resource=sent.get("resource"),
    )


_SPENT: Mapping[str, str] = {
    "authorization_code": "It spends the authorization code a second time. The server must refuse "
    "that, and may revoke the tokens it gave for the first (RFC 6749 §4.1.2).",
    "refresh_token": "It uses the refresh token again. Where those rotate, the server may take "
    "that for theft and revoke all that came of the sign-in (RFC 9700 §4.14.2).",
    "urn:ietf:params:oauth:grant-type:device_code": "It spends the device code (RFC 8628 §3.4).",
}


def spends(request: Request) -> str:
    """Return what sending a request again would cost, as a sentence; empty when nothing."""
    form = {item.name: item.raw for item in request.form or ()}
    if told := _SPENT.get(form.get("grant_type", "")):
        return told
    if request.kind is Kind.PAGE or {"response_type", "request_uri"} & _query(request.url):
        return "It requests the authorization URL again: state and request_uri are for one use."
    if "revoke" in request.purpose or "revocation" in request.purpose:
        return "It revokes a token."
    if {"client_assertion", "assertion"} & set(form):
        return "Its assertion has a jti that was seen: the server may refuse it (RFC 7523 §3)."
    if any(item.name.lower() == "dpop" for item in request.headers):
        return "Its DPoP proof was used: the server may refuse it (RFC 9449 §11.1)."
    return ""


def _query(url: str) -> set[str]:
    try:
        return {name for name, _ in parse_qsl(split(url).query, keep_blank_values=True)}
    except ValueError:
        return set()


def strays(before: Sendable, after: Sendable) -> str:
    """Return a warning when a credential would go where it was not issued for (DESIGN 5)."""
    if isinstance(before, Attempt) or isinstance(after, Attempt) or not after.secrets:
        return ""
    if same_origin(before.url, after.url):
        return ""
    return f"This sends a credential to {after.url}, for which it was not issued."
