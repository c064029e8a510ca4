"""Knows what an answer means that opens no conversation, and is no challenge either (T3, C6).

It must not know in which order the eras of MCP are tried.
"""

from __future__ import annotations

import re
from typing import NoReturn

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Exchange, Whose
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.config import NEWEST_INITIALIZE
from mcp_auth_tui.protocol.judge import BEHIND_TLS, Judge
from mcp_auth_tui.protocol.mcp.jsonrpc import RpcResponse
from mcp_auth_tui.protocol.urls import join, same_origin
from mcp_auth_tui.text.patterns import pattern

# No failure: a server of files, or one that has no POST at all, says so (RFC 9110 §15.6.2).
NO_SUCH_METHOD = 501
# Some servers fail so over a method that they do not know.
FAILED_METHOD = 500
FAILING_CHECK = (
    "Without a token it answers 401, with one it fails: look in its log at the check of the token"
    " (another form than it expects, keys that it cannot fetch), and answer 401 where a token is"
    " refused."
)
OTHER_HOST = "The server does not answer for this host name."
HOST = (
    "Let the server, or the proxy before it, answer for this host name: add it to the hosts that it"
    " allows (the check against DNS rebinding)."
)
_OF_HOST = pattern(r"(?i)\b(invalid|unknown|bad|untrusted|disallowed) (host|origin)\b|host header")
# Refusals that say "not this era" rather than anything about authorization (T3).
LEGACY = frozenset({400, 404, 405, 406, 410, 415, 422})
_METHOD_NOT_FOUND = -32601
_ELSEWHERE = frozenset({404, 405, 410, 501})
_ANY_SPEC = "Run again without --spec: then the revision of the server is found out."
# What stands before the server says with these what it does not let through (RFC 9110 §15.5).
_WAYS = {
    407: "A proxy on the way asks who you are: name it with its password with --proxy.",
    413: "Let bodies of some kilobytes through to the MCP path, in the server and in the proxy"
    " before it.",
    421: HOST,
    431: "Let longer header fields through to the MCP path, in the server and in the proxy before"
    " it: the token of this run has to fit.",
}
# A place that looks like this is where people sign in, not where an API is.
_SIGN_IN = pattern(
    r"(?<![a-z])(log|sign)[-_]?(in|on)(?![a-z])|(?<![a-z])(sso|saml2?|oauth2?|auth|authorize|accounts?)"
    r"(?![a-z])",
    re.IGNORECASE,
)


_ACCEPT = (
    "Accept was sent with application/json and text/event-stream: see whether a proxy before the"
    " server changes or drops that header field."
)
# What is said of a token, and not of the word of a grammar ("unexpected token").
_OF_TOKEN = (
    r"(?i)\bauthori[sz]ation header\b"
    r"|\b(invalid|expired|malformed|bad|wrong) ((access|bearer|auth\w*) )?token\b"
    r"|\btoken\b.{0,15}\b(invalid|expired|malformed)\b"
)
_LET_IN = "A request with the token is let in, and no MCP server answers it."
_NO_MCP = "The server answers a request with the token, and not as MCP says."
_LOOK_IN_LOG = (
    "Without a token it answers 401 at this URL: look in its log at what it makes of the first"
    " request that carries one."
)
_LED_ELSEWHERE = (
    "Check the path of the URL (often /mcp or /sse). If it is right, see where what stands before"
    " the server leads requests with a token: it is that which asks for one."
)
_ANSWER = "Answer at this URL itself: with 401 where the token is missing."
_GIVE_HTTPS = "Give people the URL with https: what is sent to the other can be read on the way."


def about_host(words: error_answer.ErrorAnswer) -> bool:
    """Return whether a refusal is about the host name or the origin, not about who asks."""
    return _OF_HOST.search(words.text) is not None


def challenging(exchange: Exchange) -> bool:
    """Return whether an answer says how to sign in, whatever its status."""
    response = exchange.response
    fields = response.all("www-authenticate") if response is not None else ()
    return "resource_metadata" in ", ".join(fields)


def no_answer(exchange: Exchange, answer: RpcResponse, method: str) -> tuple[str, str]:
    """Return what is told of a request that got no result, and the next step; empty: the rule's."""
    sent = any(field.name == "Mcp-Session-Id" for field in exchange.request.headers)
    if "session" in answer.message.lower() and not sent:
        return (
            "The server wants a session id, and gave none with initialize.",
            "Send Mcp-Session-Id with the answer to initialize, and let it through the proxy before"
            " the server.",
        )
    return f"The server did not answer {method} as MCP says.", ""


def stop_at_redirect(judge: Judge, exchange: Exchange, *, with_token: bool) -> NoReturn:
    """End the run at a redirect: neither a message nor a token follows one (U2).

    Without a token, one that changes the slash at the end and no more says where to go on.
    """
    response = exchange.response
    location = response.header("location") if response else None
    place = join(exchange.request.url, location or "")
    near = same_origin(place, exchange.request.url)
    seen = f"HTTP {exchange.status} " + (f"to {place}" if location else "without a Location")
    if with_token and not near:
        judge.stop("rs-redirects-token", seen=seen, exchange=exchange, pointer="location")
    asked = exchange.request.url
    if asked.startswith("https://") and place.startswith("http://"):
        _downgraded(judge, exchange, place, seen)
    if near and not with_token and asked != place and asked.rstrip("/") == place.rstrip("/"):
        judge.stop(
            "rs-redirect-slash", seen=seen, exchange=exchange, pointer="location", place=place
        )
    told = place.partition("://")[2].partition("/")[2] if near else place
    login = _SIGN_IN.search(told) is not None
    message = "The MCP server answers with a redirect: no MCP message and no token follows one."
    secure = asked.startswith("http://") and place.startswith("https://")
    there = f"If that place is the real MCP endpoint, run again with its URL: {place}"
    way = there if location and not login else ""
    if not with_token and challenging(exchange):
        login, way = True, "It says how to sign in all the same: --force reads that."
    judge.stop(
        "rs-login-redirect",
        seen=seen,
        message="" if login else message,
        next="" if login else _GIVE_HTTPS if secure else _ANSWER,
        meanwhile=way,
        exchange=exchange,
        pointer="location",
    )


def _downgraded(judge: Judge, exchange: Exchange, place: str, seen: str) -> NoReturn:
    """End the run at a redirect to plain http; that address is recommended to nobody."""
    secure = place.replace("http://", "https://", 1)
    judge.stop(
        "net-downgrade",
        seen=seen,
        message="The MCP server redirects from https to http.",
        next=BEHIND_TLS,
        meanwhile=f"Try {secure}" if secure != exchange.request.url else "",
        exchange=exchange,
        pointer="location",
        whose=Whose.SERVER,
    )


def excerpt_of(exchange: Exchange, answer: RpcResponse) -> str:
    """Return status and JSON-RPC error of an answer, or why it is none."""
    if answer.fault:
        return f"HTTP {exchange.status}, {answer.fault}"
    return f"HTTP {exchange.status}, JSON-RPC error {answer.code}: {answer.message}"


def note_unauthorized_in_200(
    judge: Judge, exchange: Exchange, answer: RpcResponse
) -> Protocol[None]:
    """Stop at a refusal that is hidden in a successful response (rs-200-auth-error)."""
    words = answer.message.lower()
    hidden = any(word in words for word in ("unauthor", "unauthenticated", "authenticat"))
    if exchange.status == 200 and answer.code is not None and hidden:
        judge.stop(
            "rs-200-auth-error",
            seen=excerpt_of(exchange, answer),
            exchange=exchange,
            pointer="/error/message",
            meanwhile=_as_before(judge),
        )
    yield from ()


def _as_before(judge: Judge) -> str:
    """Name the revision that may be refused properly, where nobody chose one."""
    if judge.config.spec != "auto":
        return ""
    older = NEWEST_INITIALIZE
    return (
        f"See whether the server refuses clients of before as it should: --spec {older}. {REPORT}"
    )


def wrong_status(judge: Judge, exchange: Exchange) -> None:
    """Stop at a refusal of the token, or for want of one, that has another status than 401.

    The challenge shows that it is one: only a refusal carries it (RFC 9110 §11.6.1).
    """
    response = exchange.response
    challenges = response.all("www-authenticate") if response else ()
    sent = exchange.request.carries("Authorization")
    if not challenges or exchange.status < 400:
        return
    told = ", ".join(challenges)
    if not sent or "invalid_token" in told:
        judge.stop(
            "rs-invalid-token-not-401" if sent else "rs-wrong-status",
            seen=f"HTTP {exchange.status} with WWW-Authenticate: {told}",
            expected="HTTP 401 with WWW-Authenticate",
            meanwhile="" if sent else f"To try the flow all the same: --force. {REPORT}",
            exchange=exchange,
            pointer="www-authenticate",
        )


def wants_header(judge: Judge, exchange: Exchange) -> None:
    """Stop at a refusal that names a header field of its own: a person may know its value."""
    words = error_answer.read(exchange).words
    name = error_answer.missed_header(words)
    if name and name.lower() not in {given.lower() for given, _ in judge.config.headers}:
        judge.stop(
            "net-http",
            seen=error_answer.seen(f"HTTP {exchange.status}", exchange),
            expected=f"Requests carry the header field {name}.",
            message=f"The server wants the header field {name}.",
            next=f"{error_answer.way_by_header(words)} Whoever runs the server, or the gateway"
            " before it, knows what belongs there.",
            exchange=exchange,
            whose=Whose.CLIENT,
        )


def not_mcp(
    judge: Judge, exchange: Exchange, answer: RpcResponse, told: tuple[Exchange, RpcResponse] | None
) -> NoReturn:
    """End the run: whatever answers there is no MCP endpoint (rs-not-mcp), or answers no opening.

    ``told`` is the JSON-RPC error that an earlier request got: it says more than what came after
    it to the GET of the oldest transport.
    """
    wrong_status(judge, exchange)
    if told is not None and (answer.code is None or exchange.request.method == "GET"):
        exchange, answer = told
        wrong_status(judge, exchange)
    wants_header(judge, exchange)
    _refused_token(judge, exchange)
    if answer.code is not None:
        _refuses_to_open(judge, exchange, answer)
    if 400 <= exchange.status < 500 and exchange.status not in LEGACY:
        asked = (exchange.request.json or {}).get("method") or exchange.request.method
        judge.stop(
            "net-http",
            seen=error_answer.seen(f"HTTP {exchange.status} to {asked}", exchange),
            message=OTHER_HOST
            if exchange.status == 421
            else f"The MCP server answered {asked} with HTTP {exchange.status}.",
            next=_WAYS.get(exchange.status, ""),
            exchange=exchange,
        )
    response = exchange.response
    kind = response.media_type if response else ""
    seen = excerpt_of(exchange, answer)
    if kind and kind not in seen:
        seen += f"; content type {kind}"
    chosen = judge.config.spec != "auto"
    # Nothing there, or a page for people: the address that was typed is another one.
    elsewhere = exchange.status in _ELSEWHERE or kind == "text/html"
    let_in = exchange.request.carries("Authorization")
    judge.stop(
        "rs-not-mcp",
        seen=error_answer.seen(seen, exchange),
        message=(_LET_IN if elsewhere else _NO_MCP) if let_in else "",
        next=(_LED_ELSEWHERE if elsewhere else _LOOK_IN_LOG) if let_in else "",
        meanwhile=_ANY_SPEC if chosen else "",
        exchange=exchange,
        whose=Whose.CLIENT if elsewhere or chosen else None,
    )


def _refused_token(judge: Judge, exchange: Exchange) -> None:
    """Stop where words refuse the token that was sent, with another status than 401."""
    sent = exchange.request.carries("Authorization")
    words = error_answer.read(exchange)
    if sent and 400 <= exchange.status < 500 and re.search(_OF_TOKEN, words.text):
        judge.stop(
            "rs-invalid-token-not-401",
            seen=error_answer.seen(f"HTTP {exchange.status}", exchange),
            expected="HTTP 401 with WWW-Authenticate",
            message=f"The server refuses the token with HTTP {exchange.status}, and not with 401.",
            exchange=exchange,
        )


def _refuses_to_open(judge: Judge, exchange: Exchange, answer: RpcResponse) -> NoReturn:
    """End the run at a server that speaks JSON-RPC and answers each opening with an error."""
    asked = (exchange.request.json or {}).get("method") or "the request"
    if answer.code == _METHOD_NOT_FOUND:
        judge.stop(
            "rs-not-mcp",
            seen=excerpt_of(exchange, answer),
            message=f"The server speaks JSON-RPC, but does not know {asked}, which opens MCP.",
            exchange=exchange,
        )
    words = answer.message.lower()
    next = "Look in the server's log for why it refuses the first request of a client."
    if "session" in words:
        next = "Let initialize through without a session id: a session begins with its answer."
    elif exchange.status == 406:
        next = _ACCEPT
    judge.stop(
        "net-http",
        seen=excerpt_of(exchange, answer),
        expected="An opening is answered with a result, or with 401.",
        message=f"The MCP server answers {asked} with an error: it opens no conversation.",
        next=next,
        exchange=exchange,
    )
