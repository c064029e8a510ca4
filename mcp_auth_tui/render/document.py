"""Knows the JSON that scripts read, and what in it is masked; must not know where it is written.

The schema is ``mcp-auth-tui/1``: members may be added, never changed. `help/json.md` names those of
``--json`` and ``--events``; ``inspect`` writes an array of such documents, or one a line, where
``exit`` is 1 when a finding is at or over the threshold, and ``stop`` is the first finding that
would end a sign-in. JSON in a body is told to a depth of 64; an exchange that cannot be told for a
fault of ours holds ``number``, ``status`` and ``fault`` alone. ``browsed`` holds the authorization
URL whole, for it is there to be opened, and ``headers`` is as it is. Nowhere else is a credential:
what takes its place says its length and a short hash (SPEC 6).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from mcp_auth_tui import __version__, model
from mcp_auth_tui.protocol.quirks import known_way
from mcp_auth_tui.render.verdict import verdict
from mcp_auth_tui.text.terminal import one_line

if TYPE_CHECKING:
    from mcp_auth_tui.model.changes import Changes
    from mcp_auth_tui.model.oauth import Attempt

SCHEMA = "mcp-auth-tui/1"
BODY_LIMIT = 20_000
_FINDING = (
    *("id", "level", "message", "seen", "expected", "whose", "source", "next", "meanwhile"),
    *("stage", "exchange", "pointer", "revision"),
)
_ENDPOINTS = ("authorization", "token", "registration")
_LEARNED = (
    ("resource", "resource", "identifier", "url", "issuers", "scopes"),
    ("authorization_server", "server", "issuer", "url", *(f"{e}_endpoint" for e in _ENDPOINTS)),
    ("client", "client", "id", "how", "issuer", "redirect_uri", "auth_method", "secret"),
    ("signatures", "checked"),
    ("authorization", "attempt", "number", "url", "client_id", "redirect_uri", "scope", "resource"),
    ("server", "peer", "era", "revision", "name", "version", "tools", "instructions", "called"),
)
"""Member of the document, field of the session, and what is told of it (nothing named: all)."""
_NOT_BEGUN = (model.Status.IDLE, model.Status.KEPT, model.Status.SKIPPED)


def document(
    session: model.Session, *, reveal: bool = False, marks: tuple[str, ...] = ()
) -> dict[str, Any]:
    """Return the whole run as one JSON value (`help/json.md`)."""
    redactor = session.redactor()
    members = {
        "program": {"name": "mcp-auth-tui", "version": __version__},
        "url": session.url,
        "revision": session.revision or None,
        "outcome": session.outcome,
        "exit": session.exit,
        "verdict": verdict(session).sentence,
        "stage": _reached(session),
        "stop": None,
        "marks": (*marks, *session.marks),
        "stages": [_stage(session, stage) for stage in model.Stage],
        "findings": None,
        "tried": session.tried,
        **_learned(session),
    }
    return {
        "schema": SCHEMA,
        **redactor.json(members),
        "stop": session.stop and _finding(session, session.stop),
        "findings": [_finding(session, finding) for finding in session.findings],
        "exchanges": [_transcript(redactor, exchange) for exchange in session.exchanges],
        "timings": redactor.json(_timings(session)),
        "headers": {name: value.reveal() for name, value in session.headers.items()},
        "token": _token(session, reveal),
    }


def event(happened: model.Event, session: model.Session) -> dict[str, Any]:
    """Return one event as a JSON value; ``session`` is the session after it."""
    name = type(happened).__name__.lower()
    redactor = session.redactor()
    head = {"schema": SCHEMA, "event": name}
    match happened:
        case model.Ended():
            headers = {name: value.reveal() for name, value in session.headers.items()}
            members = {
                "outcome": happened.outcome,
                "exit": happened.exit,
                "verdict": verdict(session).sentence,
                "at": happened.at,
            }
            stop = happened.stop and _finding(session, happened.stop)
            return {**head, **redactor.json(members), "stop": stop, "headers": headers}
        case model.Browsed():
            return {**head, **redactor.json(happened), "url": happened.url}
        case model.Exchanged():
            return {**head, **_transcript(redactor, happened.exchange)}
        case model.Finding():
            return {**head, **_finding(session, happened)}
        case model.Slip():
            return {**head, **_finding(session, happened.finding)}
        case model.Started():
            known = [name for name, _ in happened.known]
            members = {"url": happened.url, "at": happened.at, "known": known}
            return {**head, **redactor.json({**members, "skipped": happened.skipped})}
        case model.Left():
            summary = one_line(happened.summary, None)
            return {**head, **redactor.json(replace(happened, summary=summary))}
        case model.Learned(name="token"):
            return {**head, "name": "token", "value": _token(session, False)}
        case model.Ready():
            return {**head, **redactor.json(_action(redactor, happened.request, happened.stream))}
        case model.Released():
            return {**head, **redactor.json(_action(redactor, happened.request))}
        case _:
            return {**head, **redactor.json(happened)}


def changes(found: Changes, session: model.Session) -> dict[str, Any]:
    """Return what became of the findings of an earlier run in this one."""

    def each(items: Iterable[model.Finding]) -> list[dict[str, Any]]:
        return [_finding(session, item) for item in items]

    members = {
        "gone": each(found.mended),
        "new": each(found.new),
        "altered": each(now for _, now in found.altered),
        "same": len(found.same) - len(found.altered),
        "unchecked": each(found.unchecked),
    }
    told: dict[str, Any] = session.redactor().json(members)
    return told


def stop(session: model.Session) -> dict[str, Any] | None:
    """Return the finding that ended a run, or None."""
    told: dict[str, Any] | None = session.redactor().json(
        session.stop and _finding(session, session.stop)
    )
    return told


def dumped(value: Mapping[str, Any], *, indent: int | None = None) -> str:
    """Return JSON text in ASCII without a control that a terminal could act on (SPEC 6)."""
    return json.dumps(value, indent=indent, allow_nan=False).replace("\x7f", "\\u007f")


def _reached(session: model.Session) -> str | None:
    if session.stop is not None:
        return session.stop.stage
    begun = (s for s in reversed(model.Stage) if session.stages[s].status not in _NOT_BEGUN)
    return next(begun, None)


def _stage(session: model.Session, stage: model.Stage) -> dict[str, Any]:
    state = session.stages[stage]
    return {
        "name": stage,
        "status": state.status,
        "summary": one_line(state.summary, None),
        "seconds": round(state.seconds, 6),
    }


def _finding(session: model.Session, finding: model.Finding) -> dict[str, Any]:
    """Return a finding as JSON, with what its provider is known for and what mends it."""
    way, redactor = known_way(session, finding), session.redactor()
    members = {name: getattr(finding, name) for name in _FINDING}
    told: dict[str, Any] = redactor.json(
        {**members, "provider": None if way is None else way.members}
    )
    return {**told, "fix": _fix(session, finding)}


def _fix(session: model.Session, finding: model.Finding) -> dict[str, Any] | None:
    if finding.level is model.Level.OK:
        return None
    from mcp_auth_tui.render.fix import fix_members, to_person  # not before something is wrong

    return fix_members(session, finding, to_person(session.redactor()))


def _some(value: Any, *names: str) -> dict[str, Any] | None:
    return None if value is None else {name: getattr(value, name) for name in names}


def _learned(session: model.Session) -> dict[str, Any]:
    fields = ((member, getattr(session, name), names) for member, name, *names in _LEARNED)
    return {member: _some(value, *names) if names else value for member, value, names in fields}


def _token(session: model.Session, reveal: bool) -> dict[str, Any] | None:
    if session.token is None:
        return None
    members: dict[str, Any] = session.redactor().json(session.token)
    for name in ("access", "refresh", "id_token"):
        secret = getattr(session.token, name)
        if secret is not None and reveal:
            members[name] = secret.reveal()
    return members


def _transcript(redactor: model.Redactor, exchange: model.Exchange) -> dict[str, Any]:
    """Return an exchange as JSON; one that cannot be told does not take the others with it."""
    try:
        members: dict[str, Any] = redactor.json(_exchange(redactor, exchange))
    except Exception as error:
        members = {"number": exchange.number, "status": exchange.status or None}
        members["fault"] = f"This exchange cannot be shown ({type(error).__name__}): our bug."
    return members


def _exchange(redactor: model.Redactor, exchange: model.Exchange) -> dict[str, Any]:
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


def _request(redactor: model.Redactor, request: model.Request) -> dict[str, Any]:
    return {
        "headers": redactor.fields(request.headers),
        "form": None if request.form is None else redactor.fields(request.form),
        "json": request.json,
    }


def _response(redactor: model.Redactor, response: model.Response) -> dict[str, Any]:
    body = redactor.body(response.body, response.media_type, BODY_LIMIT + 1)
    return {
        "headers": redactor.fields(response.headers),
        "body": body[:BODY_LIMIT],
        "octets": len(response.body),
        "truncated": response.truncated or len(body) > BODY_LIMIT,
    }


def _action(
    redactor: model.Redactor, request: model.Request | Attempt, stream: bool = False
) -> dict[str, Any]:
    if not isinstance(request, model.Request):
        return {"action": "browse"}
    return {
        "action": "open" if stream else "send",
        "method": request.method,
        "url": redactor.url(request.url),
        "purpose": request.purpose,
        "request": _request(redactor, request),
    }


def _timings(session: model.Session) -> dict[str, Any]:
    network = sum(exchange.seconds for exchange in session.exchanges)
    return {
        "started": session.started,
        "ended": session.ended,
        "seconds": round(max(session.ended - session.started, 0.0), 6),
        "network": round(network, 6),
    }
