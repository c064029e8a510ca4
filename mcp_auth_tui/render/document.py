"""Knows the JSON that scripts read, and what in it is masked; must not know where it is written.

The document of ``--json`` (schema ``mcp-auth-tui/1``; members may be added, never changed):

- ``schema``, ``program`` (name and version), ``url``, ``revision`` (the MCP revision negotiated);
- ``outcome`` (``ok``, ``open``, ``failed``, ``refused``, ``waiting``, ``interrupted``), ``exit``
  (the exit code), ``stage`` (the last stage reached, or the one that stopped), ``stop`` (the
  finding that ended the run, or null), ``marks`` (sentences: what was lifted by hand);
- ``headers``: name to value, as they are;
- ``stages``: each ``name``, ``status``, ``summary``, ``seconds`` (on the wire);
- ``findings``: each ``id``, ``level`` (``fatal``, ``error``, ``warning``, ``info``, ``ok``),
  ``message``, ``seen``, ``expected``, ``whose``, ``source``, ``next``, ``stage``, ``exchange``
  (number or null), ``pointer``, ``revision``;
- ``tried``: the places where documents were looked for; ``resource``, ``authorization_server``,
  ``client``, ``authorization`` (the request in the browser), each null until known;
- ``token``: null or what was issued, masked (``--reveal``: as it is); claims are not verified;
- ``signatures``: with ``--check-signatures`` each token that is a JWT: ``what``, ``ok`` (null where
  it could not be checked), ``why``, ``exchange``;
- ``server``: null or what the MCP server told when the headers were tried;
- ``exchanges``: each request with its answer, masked; header fields are pairs, bodies are text of
  at most `BODY_LIMIT` characters; ``timings``: ``started`` and ``ended`` in seconds since the
  epoch, ``seconds`` in all, ``network`` on the wire. JSON in a body is told to a depth of 64; an
  exchange that cannot be told for a fault of ours holds ``number``, ``status`` and ``fault`` alone.

``inspect --format json`` writes an array of such documents, ``--format jsonl`` one a line; there
``exit`` is 1 when a finding is at or over the threshold, and ``stop`` is the first finding that
would end a sign-in.

``--events`` writes one object a line: ``schema``, ``event`` (the name of the event in lower case)
and its members. ``browsed`` holds the authorization URL whole, for it is there to be opened; the
last one, ``ended``, holds ``headers``. Nowhere else is a credential: what takes its place says its
length and a short hash (SPEC 6).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp_auth_tui import __version__
from mcp_auth_tui.model import (
    Browsed,
    Ended,
    Event,
    Exchange,
    Exchanged,
    Finding,
    Learned,
    Left,
    Ready,
    Redactor,
    Request,
    Response,
    Session,
    Slip,
    Stage,
    Started,
    Status,
)
from mcp_auth_tui.text.terminal import one_line

SCHEMA = "mcp-auth-tui/1"
BODY_LIMIT = 20_000
_NOT_BEGUN = (Status.IDLE, Status.SKIPPED)


def document(
    session: Session, *, reveal: bool = False, marks: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the whole run as one JSON value (see the head of this module)."""
    redactor = session.redactor()
    made = {
        "program": {"name": "mcp-auth-tui", "version": __version__},
        "url": session.url,
        "revision": session.revision or None,
        "outcome": session.outcome,
        "exit": session.exit,
        "stage": _reached(session),
        "stop": _finding(session.stop) if session.stop else None,
        "marks": (*marks, *session.marks),
        "stages": [_stage(session, stage) for stage in Stage],
        "findings": [_finding(finding) for finding in session.findings],
        "tried": session.tried,
        **_learned(session),
    }
    return {
        "schema": SCHEMA,
        **redactor.json(made),
        "exchanges": [_transcript(redactor, exchange) for exchange in session.exchanges],
        "timings": redactor.json(_timings(session)),
        "headers": {name: value.reveal() for name, value in session.headers.items()},
        "token": _token(session, reveal),
    }


def event(happened: Event, session: Session) -> dict[str, Any]:
    """Return one event as a JSON value; ``session`` is the session after it."""
    name = type(happened).__name__.lower()
    redactor = session.redactor()
    head = {"schema": SCHEMA, "event": name}
    match happened:
        case Ended():
            headers = {name: value.reveal() for name, value in session.headers.items()}
            members = {
                "outcome": happened.outcome,
                "exit": happened.exit,
                "at": happened.at,
                "stop": _finding(happened.stop) if happened.stop else None,
            }
            return {**head, **redactor.json(members), "headers": headers}
        case Browsed():
            return {**head, **redactor.json(happened), "url": happened.url}
        case Exchanged():
            return {**head, **_transcript(redactor, happened.exchange)}
        case Finding():
            return {**head, **redactor.json(_finding(happened))}
        case Slip():
            return {**head, **redactor.json(_finding(happened.finding))}
        case Started():
            known = [name for name, _ in happened.known]
            members = {"url": happened.url, "at": happened.at, "known": known}
            return {**head, **redactor.json({**members, "skipped": happened.skipped})}
        case Left():
            summary = one_line(happened.summary, None)
            return {**head, **redactor.json(replace(happened, summary=summary))}
        case Learned(name="token"):
            return {**head, "name": "token", "value": _token(session, False)}
        case Ready():
            return {**head, **redactor.json(_action(redactor, happened))}
        case _:
            return {**head, **redactor.json(happened)}


def dumped(value: Mapping[str, Any], *, indent: int | None = None) -> str:
    """Return JSON text in ASCII without a control that a terminal could act on (SPEC 6)."""
    return json.dumps(value, indent=indent, allow_nan=False).replace("\x7f", "\\u007f")


def _reached(session: Session) -> str | None:
    if session.stop is not None:
        return session.stop.stage
    begun = (s for s in reversed(Stage) if session.stages[s].status not in _NOT_BEGUN)
    return next(begun, None)


def _stage(session: Session, stage: Stage) -> dict[str, Any]:
    state = session.stages[stage]
    return {
        "name": stage,
        "status": state.status,
        "summary": one_line(state.summary, None),
        "seconds": round(state.seconds, 6),
    }


def _finding(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "level": finding.level,
        "message": finding.message,
        "seen": finding.seen,
        "expected": finding.expected,
        "whose": finding.whose,
        "source": finding.source,
        "next": finding.next,
        "meanwhile": finding.meanwhile,
        "stage": finding.stage,
        "exchange": finding.exchange,
        "pointer": finding.pointer,
        "revision": finding.revision,
    }


def _some(value: Any, *names: str) -> dict[str, Any] | None:
    return None if value is None else {name: getattr(value, name) for name in names}


def _learned(session: Session) -> dict[str, Any]:
    return {
        "resource": _some(session.resource, "identifier", "url", "issuers", "scopes"),
        "authorization_server": _some(
            session.server,
            "issuer",
            "url",
            "authorization_endpoint",
            "token_endpoint",
            "registration_endpoint",
        ),
        "client": _some(
            session.client, "id", "how", "issuer", "redirect_uri", "auth_method", "secret"
        ),
        "signatures": session.checked,
        "authorization": _some(
            session.attempt, "number", "url", "client_id", "redirect_uri", "scope", "resource"
        ),
        "server": _some(
            session.peer, "era", "revision", "name", "version", "tools", "instructions", "called"
        ),
    }


def _token(session: Session, reveal: bool) -> dict[str, Any] | None:
    if session.token is None:
        return None
    members: dict[str, Any] = session.redactor().json(session.token)
    for name in ("access", "refresh", "id_token"):
        secret = getattr(session.token, name)
        if secret is not None and reveal:
            members[name] = secret.reveal()
    return members


def _transcript(redactor: Redactor, exchange: Exchange) -> dict[str, Any]:
    """Return an exchange as JSON; one that cannot be told does not take the others with it."""
    try:
        members: dict[str, Any] = redactor.json(_exchange(redactor, exchange))
    except Exception as error:
        members = {"number": exchange.number, "status": exchange.status or None}
        members["fault"] = f"This exchange cannot be shown ({type(error).__name__}): our bug."
    return members


def _exchange(redactor: Redactor, exchange: Exchange) -> dict[str, Any]:
    request, response, failure = exchange.request, exchange.response, exchange.failure
    return {
        "number": exchange.number,
        "stage": request.stage,
        "purpose": request.purpose,
        "method": request.method,
        "url": redactor.url(request.url),
        "attempt": exchange.attempt,
        "edited": exchange.edited,
        "again": exchange.again or None,
        "started": exchange.started,
        "seconds": round(exchange.seconds, 6),
        "timing": exchange.timing,
        "request": _request(redactor, request),
        "status": exchange.status or None,
        "response": _response(redactor, response) if response else None,
        "failure": failure,
    }


def _request(redactor: Redactor, request: Request) -> dict[str, Any]:
    return {
        "headers": redactor.fields(request.headers),
        "form": None if request.form is None else redactor.fields(request.form),
        "json": request.json,
    }


def _response(redactor: Redactor, response: Response) -> dict[str, Any]:
    body = redactor.body(response.body, response.media_type, BODY_LIMIT + 1)
    return {
        "headers": redactor.fields(response.headers),
        "body": body[:BODY_LIMIT],
        "octets": len(response.body),
        "truncated": response.truncated or len(body) > BODY_LIMIT,
    }


def _action(redactor: Redactor, ready: Ready) -> dict[str, Any]:
    request = ready.request
    if not isinstance(request, Request):
        return {"action": "browse"}
    return {
        "action": "open" if ready.stream else "send",
        "method": request.method,
        "url": redactor.url(request.url),
        "purpose": request.purpose,
        "request": _request(redactor, request),
    }


def _timings(session: Session) -> dict[str, Any]:
    network = sum(exchange.seconds for exchange in session.exchanges)
    return {
        "started": session.started,
        "ended": session.ended,
        "seconds": round(max(session.ended - session.started, 0.0), 6),
        "network": round(network, 6),
    }
