"""Knows how a client comes to an identity at an issuer (G1-G8); must not know tokens.

RFC 7591 (dynamic registration), the client ID metadata document draft, and clients made by hand.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn
from urllib.parse import unquote, urlsplit

from mcp_auth_tui.model import (
    Exchange,
    Failure,
    Field,
    Kind,
    Level,
    Question,
    Request,
    Secret,
    Stage,
    Tried,
)
from mcp_auth_tui.model.oauth import AuthorizationServer, Client
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Ask, Bind, Protocol, Send
from mcp_auth_tui.protocol.checks import registration
from mcp_auth_tui.protocol.checks.check import Check, as_seen
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.discovery import documents
from mcp_auth_tui.protocol.discovery.resource import serving
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.strict_json import loads
from mcp_auth_tui.protocol.tokens.remedies import FAILED, in_the_way
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint

# The authentication methods that this program can use at the token endpoint, strongest first.
METHODS = ("client_secret_basic", "client_secret_post", "none")
NAME = "mcp-auth-tui"
# RFC 6749 appendix A.1: what a client id is made of.
_VSCHARS = re.compile(r"[\x20-\x7e]+\Z")
# Answers of a server that has nothing at a path, as opposed to one that refuses.
_NOTHING_THERE = (404, 405, 410, 501)
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"


def bind(judge: Judge) -> Protocol[str]:
    """Bind the callback before registering: the port is part of what is registered (B1, G8)."""
    config = judge.config
    bound: str | Failure = yield Bind(config.redirect_uri, config.port)
    if isinstance(bound, Failure):
        judge.stop(bound.kind, seen=bound.message)
    return bound


def bind_again(judge: Judge, client: Client) -> Protocol[None]:
    """Bind the very redirect URI that the client of the run before was registered with."""
    config = replace(judge.config, redirect_uri=client.redirect_uri, port=None)
    yield from bind(replace(judge, config=config))


def get_client(judge: Judge, server: AuthorizationServer, grant: str) -> Protocol[Client]:
    """Get the client that a grant needs: only the code flow needs a redirect URI."""
    config = judge.config
    if grant == "authorization_code":
        redirect_uri = yield from bind(judge)
        return (yield from register(judge, server, redirect_uri))
    if grant == "device_code":
        return (yield from register(judge, server, ""))
    if config.client_metadata_url and config.client_id is None:
        return (yield from _document(judge, server, ""))
    if config.client_id is None and grant != "jwt-bearer":
        judge.stop(
            "client-grant",
            seen=f"{grant} without a client id",
            message="This grant needs a client that was registered beforehand (CC1).",
            next="Give it with --client-id, and its secret or key.",
        )
    return _by_hand(config, server, "", config.client_id or "")


def choose_way(config: Config, server: AuthorizationServer) -> str:
    """Choose how to get a client (G1): pre-registered, metadata document, dynamic, or ask."""
    if config.register and server.registration_endpoint:
        return "dynamic"
    if config.client_id is not None:
        return "pre-registered"
    if config.client_metadata_url and server.flag("client_id_metadata_document_supported"):
        return "metadata document"
    return "dynamic" if server.registration_endpoint else "ask"


def register(judge: Judge, server: AuthorizationServer, redirect_uri: str) -> Protocol[Client]:
    """Get a client of this issuer; raises `FlowStop` (dcr-refused, as-no-registration, …)."""
    config = judge.config
    match choose_way(config, server):
        case "pre-registered":
            client = _by_hand(config, server, redirect_uri, config.client_id or "")
        case "metadata document":
            client = yield from _document(judge, server, redirect_uri)
        case "dynamic":
            client = yield from _dynamic(judge, server, redirect_uri)
        case _:
            client = yield from _client_of_person(judge, server, redirect_uri)
    return client


def method_for(server: AuthorizationServer, wished: str | None, has_secret: bool) -> str:
    """Choose the token endpoint authentication method (K2).

    The registered or returned one if the server lists it, else the strongest listed that we can
    do, else (no list) Basic with a secret and none without (RFC 8414 §2).
    """
    listed = server.list("token_endpoint_auth_methods_supported")
    if listed is None:
        return wished or ("client_secret_basic" if has_secret else "none")
    able = [name for name in METHODS if has_secret or name == "none"]
    if wished in listed and (wished in able or wished == "private_key_jwt"):
        return str(wished)
    return next((name for name in able if name in listed), wished or able[0])


def _by_hand(config: Config, server: AuthorizationServer, redirect_uri: str, id: str) -> Client:
    secret = config.client_secret
    method = config.auth_method or method_for(
        server, "private_key_jwt" if config.client_key else None, secret is not None
    )
    return Client(id, "pre-registered", server.issuer, redirect_uri, method, secret)


def document_url_faults(url: str) -> tuple[str, ...]:
    """Say what is wrong with the URL of a client ID metadata document (G2); empty when right."""
    faults: list[str] = []
    try:
        endpoint(url)
    except UrlRefused as error:
        return (str(error),)
    parts = urlsplit(url)
    if parts.scheme.lower() != "https":
        faults.append("its scheme is not https")
    if parts.path in ("", "/"):
        faults.append("it has no path")
    if {unquote(part) for part in parts.path.split("/")} & {".", ".."}:
        faults.append("its path has a . or .. segment")
    return tuple(faults)


def _document(judge: Judge, server: AuthorizationServer, redirect_uri: str) -> Protocol[Client]:
    url = judge.config.client_metadata_url or ""
    if faults := document_url_faults(url):
        judge.stop("cimd-own-url-form", seen=f"{url}: {', '.join(faults)}")
    if "?" in url:
        seen = f"{url}: it has a query"
        yield from judge.note("cimd-own-url-form", seen=seen, level=Level.WARNING)
    else:
        yield from judge.keep("cimd-own-url-form", seen=url)
    yield from _own_document(judge, url, redirect_uri)
    method = judge.config.auth_method or ("private_key_jwt" if judge.config.client_key else "none")
    return Client(url, "metadata document", server.issuer, redirect_uri, method)


def _own_document(judge: Judge, url: str, redirect_uri: str) -> Protocol[None]:
    """Read the document as the server will; that it cannot be read from here breaks no rule."""
    what = "our client metadata document"
    exchange: Exchange = yield Send(documents.request(judge.stage, url, what, judge.config))
    if (response := exchange.response) is None:
        why = exchange.failure.message if exchange.failure else ""
        yield Tried(judge.stage, what, url, "lost", why, exchange.number)
        return
    looked = registration.own_document(url, response, redirect_uri)
    yield from judge.tell(looked, exchange)


def _client_of_person(
    judge: Judge, server: AuthorizationServer, redirect_uri: str
) -> Protocol[Client]:
    """Ask for a client made by hand; without a person the run ends with what to do."""
    config = judge.config
    detail = (
        f"{server.issuer} registers no client by itself. Make one in its console with the redirect"
        f" URI {redirect_uri}"
    )
    id: str | None = yield Ask(Question("client_id", "Client ID", detail))
    if not id:
        judge.stop("as-no-registration", seen=f"{server.issuer}: no registration_endpoint")
    question = Question(
        "client_secret", "Client secret (empty: none)", detail, secret=True, default=""
    )
    answer: str | None = yield Ask(question)
    secret = Secret(answer) if answer else config.client_secret
    method = config.auth_method or method_for(server, None, secret is not None)
    return Client(id, "pre-registered", server.issuer, redirect_uri, method, secret)


def metadata_fields(
    config: Config, server: AuthorizationServer, redirect_uri: str
) -> tuple[Field, ...]:
    """Return the members of the registration request with the reason for each (G3, G4)."""
    listed = server.list("token_endpoint_auth_methods_supported")
    able = [name for name in reversed(METHODS) if listed is None or name in listed]
    method = config.auth_method or (able[0] if able else "none")
    reason = "as asked" if config.auth_method else "a program on a person's machine has no secret"
    if not config.auth_method and method != "none":
        reason = "the server does not list none"
    flow = "authorization_code" if redirect_uri else _DEVICE
    name = config.client_name or NAME
    members = [Field("client_name", name, "what the consent page shows", "RFC 7591 §2")]
    if redirect_uri:
        members.append(
            Field(
                "redirect_uris", json.dumps([redirect_uri]), "bound a moment ago", "RFC 8252 §7.3"
            )
        )
    offered = server.list("grant_types_supported")
    # Some servers refuse a client that names a grant which they do not list.
    stays = offered is None or "refresh_token" in offered
    members += [
        Field(
            "grant_types",
            json.dumps([flow, "refresh_token"] if stays else [flow]),
            "the flow, and staying signed in" if stays else "the server lists no refresh_token",
            "RFC 7591 §2",
        ),
        Field(
            "response_types",
            json.dumps(["code"] if redirect_uri else []),
            "the code flow" if redirect_uri else "no redirect is part of it",
            "RFC 7591 §2",
        ),
        Field("token_endpoint_auth_method", json.dumps(method), reason, "RFC 7591 §2"),
        Field(
            "application_type",
            '"native"',
            "the redirect URI is loopback",
            "MCP 2026-07-28 client registration",
        ),
        Field("software_id", json.dumps(NAME), "names the program", "RFC 7591 §2"),
        Field("software_version", json.dumps(config.version), "names its version", "RFC 7591 §2"),
    ]
    if config.scope:
        members.append(Field("scope", json.dumps(config.scope), "as asked", "RFC 7591 §2"))
    return tuple(members)


def _member(field: Field) -> Any:
    return field.raw if field.name == "client_name" else json.loads(field.raw)


def _initial_access(config: Config) -> tuple[Field, ...]:
    if config.registration_token is None:
        return ()
    value = Secret(f"Bearer {config.registration_token.reveal()}")
    return (Field("Authorization", value, "as asked by --registration-token", "RFC 7591 §3"),)


def _dynamic(judge: Judge, server: AuthorizationServer, redirect_uri: str) -> Protocol[Client]:
    config = judge.config
    if config.nobody and redirect_uri:
        judge.stop(
            "client-no-person",
            seen=config.nobody,
            message="Nobody can come to sign in: no client was registered for it.",
            next="Run it on a terminal, or with --wait SECONDS and sign in at the address that is"
            " shown.",
        )
    members = metadata_fields(config, server, redirect_uri)
    request = Request(
        Stage.REGISTER,
        "dynamic client registration",
        "POST",
        server.registration_endpoint or "",
        Kind.TOKEN,
        (
            Field("Accept", "application/json", "the answer is JSON", "RFC 7591 §3.2"),
            Field("Content-Type", "application/json", "the request is JSON", "RFC 7591 §3.1"),
            *_initial_access(config),
        ),
        json={field.name: _member(field) for field in members},
        reasons=members,
    )
    exchange: Exchange = yield Send(request)
    if (failure := exchange.failure) is not None:
        judge.lost(exchange, failure)
    if server.url is None and exchange.status in _NOTHING_THERE:
        _nowhere(judge, exchange)
    answer = yield from _registered(judge, exchange, redirect_uri)
    return (yield from _client(judge, server, exchange, answer))


def _nowhere(judge: Judge, exchange: Exchange) -> NoReturn:
    """End where the default path of 2025-03-26 was a guess that did not come true (L2).

    Nobody refused anything: nothing says how to sign in.
    """
    # What is missing is asked for by every revision since that one.
    replace(judge, revision="").stop(
        "prm-missing",
        seen=f"no metadata anywhere, and {exchange.request.url}: HTTP {exchange.status}",
        message="Nothing says how to sign in: there is no metadata where clients look for it, and"
        " nothing at the default paths of 2025-03-26 either.",
        next=serving(judge.config.url),
        exchange=exchange,
    )


def _registered(judge: Judge, exchange: Exchange, redirect_uri: str) -> Protocol[Mapping[str, Any]]:
    """Check the shape of the registration answer; raises `FlowStop` on a refusal (G6)."""
    response = exchange.response
    text = response.text if response else ""
    try:
        answer = loads(text, duplicates=True)
    except ValueError as error:
        answer = None
        why = "an empty body" if not text.strip() else f"a body that is not JSON ({error})"
    else:
        why = "a body that is no JSON object"
    judge.busy(exchange)
    if exchange.status not in (200, 201):
        told = isinstance(answer, dict) and isinstance(answer.get("error"), str)
        # 401 and 403 are how a server says that it wants an initial access token (RFC 7591 §3).
        shaped = told and exchange.status in (400, 401, 403)
        seen = f"HTTP {exchange.status} {'with' if told else 'without'} a JSON error"
        if not error_answer.read(exchange).blocked:
            yield from judge.tell([Check("dcr-error-shape", not shaped, seen)], exchange)
        _refused(judge, exchange, answer if isinstance(answer, dict) else {}, redirect_uri)
    if not isinstance(answer, dict):
        seen = error_answer.seen(f"HTTP {exchange.status} with {why}", exchange)
        judge.stop("dcr-no-client-id", seen=seen, exchange=exchange)
    status = Check("dcr-status", exchange.status != 201, f"HTTP {exchange.status}")
    yield from judge.tell([status], exchange)
    credential = answer.get("client_secret") or answer.get("registration_access_token")
    if response and credential:
        control = response.header("cache-control") or "no Cache-Control"
        wrong = "no-store" not in control.lower()
        yield from judge.tell([Check("dcr-cacheable", wrong, control, "cache-control")], exchange)
    return answer


def _refused(
    judge: Judge, exchange: Exchange, answer: Mapping[str, Any], redirect_uri: str
) -> NoReturn:
    error, text = answer.get("error"), answer.get("error_description")
    parts = [f"HTTP {exchange.status}"]
    parts += [item for item in (error, text) if isinstance(item, str)]
    seen = ": ".join(parts) if len(parts) > 1 else error_answer.seen(parts[0], exchange)
    words = error_answer.read(exchange)
    if words.blocked:
        message, next = in_the_way(words, exchange)
        judge.stop("dcr-refused", seen=seen, message=message, next=next, exchange=exchange)
    if exchange.status in (401, 403) and error != "invalid_redirect_uri":
        judge.stop(
            "dcr-needs-token",
            seen=seen,
            message="The server registers only clients that bring an initial access token.",
            exchange=exchange,
        )
    if error == "invalid_redirect_uri":
        judge.stop(
            "dcr-loopback-refused",
            seen=f"{seen} (for {redirect_uri})",
            exchange=exchange,
        )
    failed = exchange.status >= 500
    judge.stop(
        "dcr-refused",
        seen=seen,
        message=f"The authorization server failed: HTTP {exchange.status}." if failed else "",
        next=FAILED if failed else "",
        exchange=exchange,
    )


def _client(
    judge: Judge, server: AuthorizationServer, exchange: Exchange, answer: Mapping[str, Any]
) -> Protocol[Client]:
    """Read the answer, not the wish (G5)."""
    sent = exchange.request.json or {}
    id = answer.get("client_id")
    if not isinstance(id, str) or not _VSCHARS.match(id):
        judge.stop("dcr-no-client-id", seen=as_seen(id), exchange=exchange, pointer="/client_id")
    yield from judge.keep("dcr-no-client-id", seen=id, exchange=exchange, pointer="/client_id")
    given = answer.get("client_secret")
    secret = Secret(given) if isinstance(given, str) and given else None
    yield from judge.tell(registration.answer(answer, sent, server, exchange), exchange)
    named, wished = registration.method_of(answer), sent.get("redirect_uris")
    redirect_uri = str(wished[0]) if isinstance(wished, list) and wished else ""
    wish = named if named in METHODS or judge.config.client_key else None
    method = judge.config.auth_method or method_for(server, wish, secret is not None)
    token = answer.get("registration_access_token")
    hidden = ("client_secret", "registration_access_token")
    return Client(
        id,
        "dynamic",
        server.issuer,
        redirect_uri,
        method,
        secret,
        {key: value for key, value in answer.items() if key not in hidden},
        Secret(token) if isinstance(token, str) and token else None,
    )
