"""Knows how a client comes to an identity at an issuer (G1-G8); must not know tokens.

The client ID metadata document draft, clients made by hand, and which way is taken; dynamic
registration has a module of its own.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote, urlsplit

from mcp_auth_tui.model import (
    Exchange,
    Failure,
    Level,
    Question,
    Secret,
    Tried,
)
from mcp_auth_tui.model.oauth import AuthorizationServer, Client
from mcp_auth_tui.protocol.actions import Ask, Bind, Protocol, RecallClient, Send
from mcp_auth_tui.protocol.authorization.scope import Scope
from mcp_auth_tui.protocol.checks import registration
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.discovery import documents
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.registration import dynamic
from mcp_auth_tui.protocol.tokens.authentication import method_for
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint


def bind(judge: Judge) -> Protocol[str]:
    """Bind the callback before registering: the port is part of what is registered (B1, G8)."""
    config = judge.config
    bound: str | Failure = yield Bind(config.redirect_uri, config.port)
    if isinstance(bound, Failure):
        judge.stop(bound.kind, seen=bound.message)
    return bound


def _bound(judge: Judge, server: AuthorizationServer) -> Protocol[str]:
    """Bind the callback; for a client made by hand where it was bound by hand before.

    Such a client is registered with one port, which whoever runs it again need not remember.
    """
    config = judge.config
    if _by_choice(config) or not config.recall_clients or config.client_id is None:
        return (yield from bind(judge))
    known: Client | None = yield RecallClient(server.issuer, None, None, None, config.client_id)
    if known is None:
        return (yield from bind(judge))
    bound: str | Failure = yield Bind(known.redirect_uri, None)
    if isinstance(bound, Failure):
        judge.stop(
            bound.kind,
            seen=f"{bound.message} An earlier run of this client came back there.",
            next="End the other program, or choose another port with --port, one that the client is"
            " registered with.",
        )
    return bound


def _by_choice(config: Config) -> bool:
    """Return whether a person chose where the browser comes back to."""
    return config.redirect_uri is not None or config.port is not None


def bind_again(judge: Judge, client: Client) -> Protocol[None]:
    """Bind the very redirect URI that the client of the run before was registered with."""
    config = replace(judge.config, redirect_uri=client.redirect_uri, port=None)
    yield from bind(replace(judge, config=config))


def get_client(
    judge: Judge,
    server: AuthorizationServer,
    grant: str,
    scope: Scope | None = None,
    *,
    dpop: bool = False,
) -> Protocol[Client]:
    """Get the client that a grant needs: only the code flow needs a redirect URI.

    ``scope`` will be asked for; ``dpop``: proofs will be given.
    """
    config = judge.config
    if grant in ("authorization_code", "device_code"):
        browser = grant == "authorization_code"
        stored = yield from _recall(judge, server, scope, browser=browser)
        if stored is not None:
            return stored
        redirect_uri = (yield from _bound(judge, server)) if browser else ""
        return (yield from register(judge, server, redirect_uri, scope, dpop=dpop))
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


def _recall(
    judge: Judge, server: AuthorizationServer, scope: Scope | None, *, browser: bool
) -> Protocol[Client | None]:
    """Return a client of an earlier run, bound to its redirect URI; None where there is none (G9).

    Its port is taken again where it is free, else any: loopback ports may vary (RFC 8252 §7.3).
    """
    config = judge.config
    if not config.recall_clients or config.register or choose_way(config, server) != "dynamic":
        return None
    redirect_uri = config.redirect_uri if browser else ""
    client: Client | None = yield RecallClient(
        server.issuer, redirect_uri, config.port, scope.value if scope else None
    )
    if client is None or config.auth_method not in (None, client.auth_method):
        return None
    if config.client_name not in (None, client.document.get("client_name")):
        return None
    if not browser:
        return client
    bound: str | Failure = yield Bind(client.redirect_uri, None)
    if isinstance(bound, Failure) and config.redirect_uri is None and config.port is None:
        bound = yield Bind(None, None)
    if isinstance(bound, Failure):
        return None
    return replace(client, redirect_uri=bound)


def choose_way(config: Config, server: AuthorizationServer) -> str:
    """Choose how to get a client (G1): pre-registered, metadata document, dynamic, or ask."""
    if config.register and server.registration_endpoint:
        return "dynamic"
    if config.client_id is not None:
        return "pre-registered"
    if config.client_metadata_url and server.flag("client_id_metadata_document_supported"):
        return "metadata document"
    return "dynamic" if server.registration_endpoint else "ask"


def register(
    judge: Judge,
    server: AuthorizationServer,
    redirect_uri: str,
    scope: Scope | None = None,
    *,
    dpop: bool = False,
) -> Protocol[Client]:
    """Get a client of this issuer; raises `FlowStop` (dcr-refused, as-no-registration, …)."""
    config = judge.config
    match choose_way(config, server):
        case "pre-registered":
            client = _by_hand(config, server, redirect_uri, config.client_id or "")
        case "metadata document":
            client = yield from _document(judge, server, redirect_uri)
        case "dynamic":
            client = yield from dynamic.register(judge, server, redirect_uri, scope, dpop=dpop)
        case _:
            client = yield from _client_of_person(judge, server, redirect_uri)
    return client


def _by_hand(config: Config, server: AuthorizationServer, redirect_uri: str, id: str) -> Client:
    secret = config.client_secret
    wished = "private_key_jwt" if config.client_key else None
    method = config.auth_method or method_for(
        server, wished, secret is not None, config.certificate
    )
    return Client(
        id, "pre-registered", server.issuer, redirect_uri, method, secret, fixed=_by_choice(config)
    )


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
    from mcp_auth_tui.protocol.quirks.recognition import recognise_server  # few runs ask

    config, guess = judge.config, recognise_server(server)
    detail = (
        f"{server.issuer} registers no client by itself. Make one in its console with the redirect"
        f" URI {redirect_uri}{_later(redirect_uri, config.port)}"
    )
    if guess is not None and guess.provider.console:
        provider = guess.provider
        detail += f". It looks like {provider.name} ({guess.reason}): {provider.console}"
    asked = Question("client_id", "Client ID", detail, copies=redirect_uri)
    id: str | None = yield Ask(asked)
    if not id:
        judge.stop("as-no-registration", seen=f"{server.issuer}: no registration_endpoint")
    question = Question(
        "client_secret",
        "Client secret (empty: none)",
        detail,
        secret=True,
        default="",
        copies=redirect_uri,
    )
    answer: str | None = yield Ask(question)
    secret = Secret(answer) if answer else config.client_secret
    method = config.auth_method or method_for(server, None, secret is not None, config.certificate)
    # Whoever made it has typed this very redirect URI into a console.
    return Client(
        id, "pre-registered", server.issuer, redirect_uri, method, secret, fixed=bool(redirect_uri)
    )


def _later(redirect_uri: str, given: int | None) -> str:
    """Return how a redirect URI whose port was picked for this run stays what it is."""
    port = urlsplit(redirect_uri).port
    return "" if port is None or given else f" (kept for this client; elsewhere --port {port})"
