"""Knows what a refused registration means and who mends it; ends the run, and asks nothing."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NoReturn

from mcp_auth_tui.findings.rule import OWN_CLIENT, REPORT
from mcp_auth_tui.model import Exchange, Finding, Whose
from mcp_auth_tui.model.oauth import Client
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import FlowStop
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.registration.concessions import about_redirect
from mcp_auth_tui.protocol.tokens.remedies import FAILED, in_the_way, not_there
from mcp_auth_tui.text.patterns import pattern

_DENIED = (401, 403)
_OFF = pattern(
    r"(?i)\bregistration\b.{0,20}\b(disabled|not (enabled|supported|allowed|available))\b"
)
# What is a scope in a sentence for sure: two words with a colon or a dot between them.
_SCOPES = pattern(r"(?<![\w/.:])[A-Za-z][\w-]*(?:[:.][\w*-]+)+(?![\w/:])")
_FULL = pattern(
    r"(?i)\b(maximum|limit|too many|quota)\b.{0,40}\b(clients|registrations|applications)\b"
    r"|\b(client|registration)s?\b.{0,20}\b(limit|quota|maximum)\b.{0,20}\b(reached|exceeded)\b"
)
_READ_JSON = "Read the JSON of the request (application/json, RFC 7591 §3.1)."
_TOKENS = "--registration-token SOURCE, if the operator gives out initial access tokens."
_PAGE = (
    "Lead POST to this path to the authorization server: an application that answers every path"
    " with its page stands before it. Or leave registration_endpoint out of the metadata."
)


def stop(
    judge: Judge, exchange: Exchange, answer: Mapping[str, Any], redirect_uri: str
) -> NoReturn:
    """End the run with what the server said, in its words (RFC 7591 §3.2.2)."""
    error, text = answer.get("error"), answer.get("error_description")
    parts = [f"HTTP {exchange.status}"]
    parts += [item for item in (error, text) if isinstance(item, str)]
    words = error_answer.read(exchange)
    told = len(parts) > 1 and words.text in ": ".join(parts)
    seen = ": ".join(parts) if told else error_answer.seen(parts[0], exchange)
    if words.blocked:
        message, next = in_the_way(words, exchange)
        judge.stop("dcr-refused", seen=seen, message=message, next=next, exchange=exchange)
    if missing := not_there(judge.config, exchange, "registration_endpoint"):
        judge.stop(
            "dcr-refused",
            seen=missing.seen,
            message=missing.message,
            next=missing.next,
            meanwhile="" if missing.whose else missing.meanwhile or f"{OWN_CLIENT} {REPORT}",
            exchange=exchange,
            whose=missing.whose,
        )
    if _FULL.search(words.text):
        judge.stop(
            "dcr-refused",
            seen=seen,
            message="The server registers no more clients.",
            next="Remove registrations that nobody uses, let those end that are not used, or raise"
            " the limit.",
            meanwhile=f"{OWN_CLIENT} {REPORT}",
            exchange=exchange,
        )
    if _OFF.search(words.text):
        judge.stop(
            "dcr-refused",
            seen=seen,
            message="The server registers no clients by itself.",
            next="Turn the registration of clients on, or leave registration_endpoint out of the"
            " metadata.",
            meanwhile=OWN_CLIENT,
            exchange=exchange,
        )
    if about_redirect(words):
        _redirect_refused(judge, exchange, seen, redirect_uri)
    if exchange.status in _DENIED:
        _denied(judge, exchange, seen, words)
    _refused(judge, exchange, seen, words)


def stop_at_page(judge: Judge, exchange: Exchange, seen: str) -> None:
    """End the run where a web page answers in the place of a registration."""
    if error_answer.read(exchange).form == "page":
        judge.stop(
            "dcr-no-client-id",
            seen=seen,
            message="A web page answers at the registration endpoint.",
            next=_PAGE,
            exchange=exchange,
        )


def _redirect_refused(judge: Judge, exchange: Exchange, seen: str, redirect_uri: str) -> NoReturn:
    if not redirect_uri:
        judge.stop(
            "dcr-refused",
            seen=f"{seen} (no redirect_uris were sent)",
            message="The server registers no client without a redirect address, and a client of the"
            " device flow has none.",
            next="Ask for redirect_uris only where grant_types has authorization_code (RFC 7591 §2,"
            " RFC 8628).",
            meanwhile=f"Where a browser can be used: --grant authorization_code. {OWN_CLIENT}",
            exchange=exchange,
        )
    chosen = judge.config.redirect_uri is not None
    judge.stop(
        "dcr-loopback-refused",
        seen=f"{seen} (for {redirect_uri})",
        next="Choose another --redirect-uri, or leave it out." if chosen else "",
        exchange=exchange,
        whose=Whose.CLIENT if chosen else None,
    )


def _denied(
    judge: Judge, exchange: Exchange, seen: str, words: error_answer.ErrorAnswer
) -> NoReturn:
    """End the run where registration is not for everybody (RFC 7591 §3).

    401 asks for a token; 403 says no more than that this client, from here, may not.
    """
    if judge.config.registration_token is not None:
        judge.stop(
            "dcr-needs-token",
            seen=seen,
            message="The server does not take the initial access token.",
            next="Look at the token that --registration-token names: ask the operator for a new"
            " one, and whether it may register this client.",
            exchange=exchange,
            whose=Whose.CLIENT,
        )
    wanted = f"{words.words} {words.challenge}".lower()
    if exchange.status == 401 or "token" in wanted or "bearer" in wanted:
        judge.stop(
            "dcr-needs-token",
            seen=seen,
            message="The server registers only clients that bring an initial access token.",
            meanwhile=f"{OWN_CLIENT} Or: {_TOKENS}",
            exchange=exchange,
        )
    judge.stop(
        "dcr-refused",
        seen=seen,
        message="The server registers this client not, or not from here.",
        next="Let clients register from anywhere and under any name; where only known ones may,"
        " leave registration_endpoint out of the metadata.",
        meanwhile=f"{OWN_CLIENT} A server that knows clients by their names may take one with"
        f" --client-name. Or: {_TOKENS}",
        exchange=exchange,
    )


def _refused(
    judge: Judge, exchange: Exchange, seen: str, words: error_answer.ErrorAnswer
) -> NoReturn:
    config, failed = judge.config, exchange.status >= 500
    if (
        not failed
        and "scope" in words.text.lower()
        and "scope" not in (exchange.request.json or {})
    ):
        named = shlex.quote(" ".join(dict.fromkeys(_SCOPES.findall(words.text))) or "SCOPES")
        judge.stop(
            "dcr-refused",
            seen=f"{seen} (no scope was sent)",
            message="The server registers no client without scopes.",
            next="Take a registration without scope: it is optional (RFC 7591 §2). Or name the"
            " scopes in the challenge or in scopes_supported, so that clients ask for them.",
            meanwhile=f"Ask for those that it names: --scope {named}. {REPORT}",
            exchange=exchange,
        )
    option = "--auth-method" if config.auth_method and "auth_method" in words.text else ""
    option = option or ("--scope" if config.scope and "scope" in words.words else "")
    chosen = f"Leave {option} out, or choose what the server says." if option else ""
    judge.stop(
        "dcr-refused",
        seen=seen,
        message=f"The authorization server failed: HTTP {exchange.status}." if failed else "",
        next=FAILED if failed else _READ_JSON if exchange.status == 415 else chosen,
        exchange=exchange,
        whose=Whose.CLIENT if chosen and not failed else None,
    )


def too_wide(finding: Finding, client: Client) -> FlowStop:
    """Return the stop at a refusal of scopes, with those that the client was registered for."""
    registered = str(client.document["scope"])
    option = f"--scope {shlex.quote(registered)}"
    seen = f"{finding.seen}; registered for: {registered}"
    if finding.whose is Whose.CLIENT:
        next = f"Ask for what the client may have: {option}."
        return FlowStop(replace(finding, seen=seen, next=next))
    next = "Register clients for the scopes that challenge and metadata name, or name there what"
    meanwhile = f"Ask for what the client was registered for: {option}."
    stop = replace(finding, seen=seen, next=f"{next} they may have.", meanwhile=meanwhile)
    return FlowStop(stop)
