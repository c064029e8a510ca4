"""Knows what an authorization endpoint says on a page where it should redirect; opens no browser.

A server that does not know a client or a redirect address says so on a page only, and may not
redirect (RFC 6749 §4.1.2.1): who reads that page before the browser opens saves a person the wait.
"""

from __future__ import annotations

import re
from base64 import urlsafe_b64decode
from dataclasses import replace
from typing import NoReturn
from urllib.parse import parse_qsl

from mcp_auth_tui.model import Exchange, Field, Kind, Level, Request, Whose
from mcp_auth_tui.model.oauth import Attempt, AuthorizationServer, Client
from mcp_auth_tui.protocol import error_answer, foreign
from mcp_auth_tui.protocol.actions import FlowStop, Protocol, Send
from mcp_auth_tui.protocol.authorization.scope import OFFLINE
from mcp_auth_tui.protocol.discovery.guesses import guessed_wrong
from mcp_auth_tui.protocol.excerpt import clean
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.tokens.remedies import FAILED, in_the_way
from mcp_auth_tui.protocol.urls import join
from mcp_auth_tui.text.patterns import pattern

LOOK_AHEAD = "authorization request, before the browser is opened"
_REFUSALS = (400, 404, 405, 410, 422)
_PROMPT = pattern(r"(?i)\b(consent|prompt|offline)")
_OF_REDIRECT = rf"redirect[\s_-]?(ur[il]|mismatch)|callback|{foreign.REDIRECT}"
_REDIRECT = pattern(rf"(?i){_OF_REDIRECT}")
_CLIENT = pattern(rf"(?i)client|application|{foreign.CLIENT}|{_OF_REDIRECT}")
# What a server says to who is not signed in.
_LOGIN = pattern(
    r"(?i)login[\s_-]?required|(sign|log)[\s-]?in (first|required)|not (signed|logged) in"
    r"|(not|un)[\s-]?authenticated|authentication[\s_-]required|authentication credentials were not"
)
# Words of a page that says no, though its status is 200.
_NO = pattern(
    r"(?i)(invalid|unknown|unregistered|unrecogni[sz]ed|bad) "
    r"(client|redirect[\s_-]?uri|application)"
    r"|(client|application|redirect[\s_-]?uri|callback url)\b[^.]{0,60}\b"
    r"(invalid|mismatch|does not (exist|match)|not in the"
    r"|not (be )?(found|registered|known|allowed))"
    r"|invalid_client|unauthorized_client|invalid_redirect_uri|redirect_uri_mismatch"
)


def request(judge: Judge, url: str, purpose: str, cookies: tuple[Field, ...] = ()) -> Request:
    """Build the request for a page, as a browser would ask for it."""
    accept = Field("Accept", "text/html", "a browser would ask so", "")
    return Request(judge.stage, purpose, "GET", url, Kind.PAGE, (accept, *cookies))


def looked_ahead(
    judge: Judge, server: AuthorizationServer, client: Client, attempt: Attempt
) -> Protocol[bool]:
    """Look ahead, and say whether it is to be asked again, with ``prompt=consent``.

    OpenID Connect wants that beside offline_access, and a server that lacks it may ignore the
    scope, not refuse the request (OIDC Core §11). Raises `FlowStop` as `look_ahead`.
    """
    try:
        yield from look_ahead(judge, server, client, attempt)
    except FlowStop as stopped:
        finding = stopped.finding
        offline = OFFLINE in (attempt.scope or "").split()
        asked = any(field.name == "prompt" for field in attempt.fields)
        if not offline or asked or not _PROMPT.search(finding.seen):
            raise
        yield replace(finding, level=Level.WARNING, message=_CONSENT, next=_IGNORE, meanwhile="")
        return True
    return False


def look_ahead(
    judge: Judge, server: AuthorizationServer, client: Client, attempt: Attempt
) -> Protocol[None]:
    """Ask the authorization endpoint once, without following, before a person is sent there.

    Raises `FlowStop` when it refuses the request by its status. What a browser may get past (a
    block, a wait, a failure, words on a page) is told, and the browser opened all the same.
    """
    exchange: Exchange = yield Send(request(judge, attempt.url, LOOK_AHEAD))
    if (response := exchange.response) is None:
        return
    if 300 <= exchange.status < 400:
        _refused_elsewhere(judge, client, attempt, exchange)
        return
    guessed_wrong(judge, server, exchange)
    words, status = error_answer.read(exchange), exchange.status
    # A browser answers a challenge itself (Basic, Negotiate), and may be signed in already.
    wants_person = _login(words.words) or response.all("www-authenticate")
    unknown = status == 401 and not wants_person and _CLIENT.search(words.words)
    # Auth0 says so with 403.
    unknown = unknown or (400 <= status < 500 and status != 429 and _NO.search(words.text))
    if not words.product and not _login(words.words) and (status in _REFUSALS or unknown):
        refused(judge, client, attempt, exchange, "authz-client-refused")
    page = _NO.search(words.text) if words.form == "page" and not words.product else None
    if status >= 400 or page:
        blocked = words.blocked or status == 429
        next = _SHOW_LOGIN if status == 401 or _login(words.words) else ""
        message = _NO_LOGIN if next and not blocked else ""
        next = in_the_way(words, exchange)[1] if blocked else next
        yield from judge.note(
            "authz-page",
            seen=error_answer.seen(f"HTTP {status}", exchange),
            message=message,
            next=_compare(words.text, client, attempt) if page else next,
            exchange=exchange,
            whose=_owner(client) if page else None,
        )


def _refused_elsewhere(judge: Judge, client: Client, attempt: Attempt, exchange: Exchange) -> None:
    """End the run where a redirect leads to the server's own page of an error, and not back."""
    response = exchange.response
    place = join(exchange.request.url, (response.header("location") if response else "") or "")
    page, _, query = place.partition("?")
    if place.startswith(attempt.redirect_uri):
        return
    fields = dict(parse_qsl(query))
    told = [fields.get("error", ""), fields.get("error_description", "")]
    told += _packed(fields.get("authError", ""))
    words = ": ".join(clean(part, exchange) for part in told if part)
    if _CLIENT.search(words):
        judge.stop(
            "authz-client-refused",
            seen=f"HTTP {exchange.status} to {page}: {words}",
            next=_compare(words, client, attempt),
            exchange=exchange,
            whose=_owner(client),
        )


def _packed(value: str) -> list[str]:
    """Return the texts of an error as Google puts it into an address: a message in base64url."""
    try:
        octets = urlsafe_b64decode(re.sub(r"[^A-Za-z0-9_-]", "", value) + "==")
    except ValueError:
        return []
    return [text.decode("ascii") for text in re.findall(rb"[ -~]{6,}", octets)]


def _login(words: str) -> bool:
    return _LOGIN.search(words) is not None


def refused(
    judge: Judge, client: Client, attempt: Attempt, exchange: Exchange, id: str = "authz-error"
) -> NoReturn:
    """End the run where the authorization endpoint says no on a page and does not redirect.

    ``id`` is that of a refusal which is about the client, as far as the page tells.
    """
    words = error_answer.read(exchange)
    endpoint = attempt.authorization_endpoint
    seen = error_answer.seen(f"HTTP {exchange.status} from {endpoint}", exchange)
    if words.product:
        message, next = in_the_way(words, exchange)
        judge.stop("authz-error", seen=seen, message=message, next=next, exchange=exchange)
    if exchange.status >= 500:
        judge.stop("authz-error", seen=seen, message=_PAGE, next=FAILED, exchange=exchange)
    if _login(words.words) or (exchange.status == 401 and not words.words):
        judge.stop(
            "authz-error",
            seen=seen,
            message=_NO_LOGIN,
            next=_SHOW_LOGIN,
            meanwhile="Sign in at that site in the browser first, then run again.",
            exchange=exchange,
        )
    if words.words and not _CLIENT.search(words.words):
        _by_words(judge, attempt, exchange, seen, words.words)
    judge.stop(
        id,
        seen=seen,
        message="" if id == "authz-client-refused" else _PAGE,
        next=_compare(words.words, client, attempt),
        exchange=exchange,
        whose=_owner(client),
    )


def _compare(words: str, client: Client, attempt: Attempt) -> str:
    """Say what can be done about a client or an address that the server does not know."""
    next = _ON_THE_PAGE
    if client.how == "metadata document":
        next = _READ_DOCUMENT.format(client.id)
    if _REDIRECT.search(words):
        next = (
            f"{next} Register {attempt.redirect_uri} for this client, or use an address"
            " that is registered: --redirect-uri, --port."
        )
    if client.how == "pre-registered":
        next = f"{next} Or, where the server registers clients, let it: --register."
    return next


def _by_words(
    judge: Judge, attempt: Attempt, exchange: Exchange, seen: str, words: str
) -> NoReturn:
    """End the run where a page says what of the request it does not take, and it is no client."""
    config, next, whose = judge.config, "", None
    if re.search(r"(?i)scope", words):
        seen += f" (scope sent: {attempt.scope or 'none'})"
        next, whose = "Ask for other scopes with --scope.", Whose.CLIENT if config.scope else None
    elif attempt.resource and re.search(r"(?i)\bresource|\baudience|invalid_target", words):
        judge.stop(
            "authz-resource-refused",
            seen=f"{seen} (resource sent: {attempt.resource})",
            exchange=exchange,
            whose=Whose.CLIENT if config.resource else None,
        )
    judge.stop("authz-error", seen=seen, message=_PAGE, next=next, exchange=exchange, whose=whose)


_CONSENT = (
    "The authorization server refuses offline_access without prompt=consent; it is asked again with"
    " both."
)
_IGNORE = "Ignore offline_access where prompt=consent is missing (OIDC Core §11)."
_READ_DOCUMENT = (
    "The client is the document {}: see that the server gets it (bot protection before it, names of"
    " this network alone), and lets any port stand in a redirect address on this machine (RFC 8252"
    " §7.3)."
)
_NO_LOGIN = "The authorization endpoint refuses who is not signed in."
_SHOW_LOGIN = (
    "Redirect whoever is not signed in to the sign-in page, and from there back to this address."
)
_ON_THE_PAGE = (
    "Compare client id and redirect address with what is registered: a server that does not know"
    " them says so on a page only, and may not redirect."
)
_PAGE = "The authorization server answered with an error page and did not redirect."


def _owner(client: Client) -> Whose | None:
    return Whose.CLIENT if client.how == "pre-registered" else None
