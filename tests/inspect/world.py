"""Knows a world that answers an inspection by hand; must not test anything."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mcp_auth_tui.model import (
    Exchange,
    Exchanged,
    Failure,
    Finding,
    Level,
    Outcome,
    Response,
    Session,
    Started,
)
from mcp_auth_tui.protocol import inspection
from mcp_auth_tui.protocol.actions import Send
from mcp_auth_tui.protocol.config import Config

URL = "https://mcp.example.com/mcp"
ORIGIN = "https://mcp.example.com"
ISSUER = "https://auth.example.com"
PRM = f"{ORIGIN}/.well-known/oauth-protected-resource/mcp"
PRM_ROOT = f"{ORIGIN}/.well-known/oauth-protected-resource"
JSON = (("content-type", "application/json"),)
START = 1_700_000_000.0

Answers = Mapping[str, Response | Failure]


def metadata(issuer: str) -> str:
    return f"{issuer}/.well-known/oauth-authorization-server"


def document(value: Any, status: int = 200) -> Response:
    return Response(status, JSON, json.dumps(value).encode())


def challenged(place: str = PRM, status: int = 401) -> Response:
    field = f'Bearer resource_metadata="{place}", scope="notes"'
    return Response(status, (("www-authenticate", field), *JSON), b"{}")


def resource(*issuers: str, **more: Any) -> Response:
    members: dict[str, Any] = {
        "resource": URL,
        "authorization_servers": list(issuers or (ISSUER,)),
        "scopes_supported": ["notes"],
        "bearer_methods_supported": ["header"],
    }
    return document({**members, **more})


def server(issuer: str = ISSUER, **more: Any) -> Response:
    members: dict[str, Any] = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "registration_endpoint": f"{issuer}/register",
        "scopes_supported": ["notes"],
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
        "protected_resources": [URL],
    }
    present = {name: value for name, value in {**members, **more}.items() if value is not None}
    return document(present)


GOOD: Answers = {URL: challenged(), PRM: resource(), metadata(ISSUER): server()}
MISSING = document({}, 404)


def inspected(answers: Answers, url: str = URL) -> Session:
    """Drive an inspection; what has no answer is a 404."""
    generator, reply = inspection.run(Config(url=url, version="1")), None
    session = Session().apply(Started(url, START))
    try:
        while True:
            item = generator.send(reply)
            reply = None
            if isinstance(item, Send):
                request, number = item.request, len(session.exchanges) + 1
                result = answers.get(request.url, MISSING)
                reply = Exchange(number, request, result, START + number, 0.01)
                session = session.apply(Exchanged(reply))
            else:
                session = session.apply(item)
    except StopIteration as done:
        outcome: Outcome = done.value
        return replace(session, outcome=outcome)


def broken(session: Session, *levels: Level) -> list[str]:
    """The ids of what is wrong, the worst first, in the order that they were seen."""
    chosen = levels or (Level.FATAL, Level.ERROR, Level.WARNING)
    wrong: list[Finding] = [item for item in session.findings if item.level in chosen]
    return [item.id for item in sorted(wrong, key=lambda item: item.level.rank)]


def requests(session: Session) -> list[str]:
    """What was requested, in order."""
    return [f"{item.request.method} {item.request.url}" for item in session.exchanges]
