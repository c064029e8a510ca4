"""Knows device authorization (X1; RFC 8628): a code to type elsewhere; not part of MCP itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from mcp_auth_tui.model import Exchange, Field, Learned, Level, Resumed, Secret, Waiting, Whose
from mcp_auth_tui.model.oauth import DeviceCode
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Protocol, Sleep
from mcp_auth_tui.protocol.checks.check import as_seen
from mcp_auth_tui.protocol.grant_types import DEVICE
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from mcp_auth_tui.protocol.urls import UrlRefused, safe_url

_INTERVAL = 5.0
_SLOWER = 5.0
_POLLS = 1000
_AGES = 1e9
"""Seconds: 31 years; no code lasts longer, whatever is said of it."""
# Polls without an answer, one after another, before the network is to blame.
_LOST = 3
_SOURCE = "RFC 8628 §3.5"
_ON = ("authorization_pending", "slow_down")
_STATES = (*_ON, "access_denied", "expired_token")


def authorize(
    asker: Endpoint, resource: str | None, scope: str | None, reason: str
) -> Protocol[tuple[Exchange, Mapping[str, Any]]]:
    """Get a code, show it, and poll until the person has typed it; raises `FlowStop`."""
    code, interval, cut = yield from _begin(asker, resource, scope, reason)
    yield Learned("device", code)
    yield Waiting("the code to be typed and accepted", code.until)
    lost = 0
    told: list[str] = []
    for _ in range(_POLLS):
        yield Sleep(interval)
        form = [
            Field("grant_type", DEVICE, "poll", "RFC 8628 §3.4"),
            Field("device_code", code.device_code, "given a moment ago", "RFC 8628 §3.4"),
        ]
        if resource is not None:
            form.append(Field("resource", resource, "the resource metadata", "RFC 8707 §2"))
        exchange, answer = yield from asker.ask(
            tuple(form), "token request, device code", patient=True
        )
        if exchange.started > code.until and exchange.failure is not None:
            _expired(asker, code, exchange, cut)
        if (failure := exchange.failure) is not None:
            # A kept connection may end just as a poll goes out; a person is at the other device.
            lost += 1
            if lost > _LOST:
                asker.judge.lost(exchange, failure)
            yield from asker.judge.note(
                failure.kind, seen=failure.message, exchange=exchange, level=Level.WARNING
            )
            # RFC 8628 §3.5: a time-out asks for a longer interval.
            interval *= 2 if failure.kind in ("net-timeout", "net-slow") else 1
            continue
        lost = 0
        error = yield from _state(asker, exchange, answer, told)
        if error is None and exchange.status < 400 and answer is not None:
            yield Resumed("the code was typed and accepted")
            return exchange, answer
        if error == "access_denied":
            asker.judge.stop(
                "authz-denied",
                seen=error_answer.seen(f"HTTP {exchange.status}", exchange),
                next="Run again and accept, ask for fewer scopes with --scope, or use an account"
                " that may.",
                source=_SOURCE,
                exchange=exchange,
            )
        if error not in _ON and error != "expired_token":
            asker.refused(exchange, answer or {}, f"device code; {error}")
        if error == "expired_token" or exchange.started > code.until:
            _expired(asker, code, exchange, "" if error == "expired_token" else cut)
        interval += _SLOWER if error == "slow_down" else 0.0
    _expired(asker, code, exchange, cut)


def _state(
    asker: Endpoint, exchange: Exchange, answer: Mapping[str, Any] | None, told: list[str]
) -> Protocol[Any]:
    """Return the error of a poll; a state in the description of another error is read and told.

    ``told`` are the states of which that was told, which is done once.
    """
    if answer is None:
        return "not JSON"
    error, said = answer.get("error"), answer.get("error_description")
    meant = said.strip() if isinstance(said, str) else ""
    if error is None or error in _STATES or meant not in _STATES:
        return error
    if meant not in told:
        told.append(meant)
        yield from asker.judge.note(
            "token-error-form",
            seen=f"{as_seen(error)}, and {meant} in error_description",
            expected=f"error is {meant}.",
            message="The state of the device code is in the description of another error.",
            next=f'Answer "error": "{meant}": devices read error alone, and stop at any other.',
            source=_SOURCE,
            exchange=exchange,
            pointer="/error",
        )
    return meant


def _expired(asker: Endpoint, code: DeviceCode, exchange: Exchange, cut: str) -> NoReturn:
    """End the run where nobody typed the code in time; ``cut`` says so if ``--wait`` was shorter
    than the life of the code."""
    asker.judge.stop(
        "authz-timeout",
        seen=cut or f"the code {code.user_code} expired before it was typed",
        expected="The code is typed and accepted before it expires.",
        message=f"Nobody accepted the code {code.user_code} in time.",
        next="Run again with a longer --wait."
        if cut
        else "Run again and type the new code in time.",
        source=_SOURCE,
        exchange=exchange,
        whose=Whose.CLIENT if cut else None,
    )


def _begin(
    asker: Endpoint, resource: str | None, scope: str | None, reason: str
) -> Protocol[tuple[DeviceCode, float, str]]:
    judge, server = asker.judge, asker.server
    url = server.document.get("device_authorization_endpoint")
    try:
        url = safe_url(url) if isinstance(url, str) else ""
    except UrlRefused as error:
        judge.stop("as-endpoint-scheme", seen=f"{url}: {error}", exit=4)
    if not url and DEVICE in (server.list("grant_types_supported") or ()):
        judge.stop(
            "client-grant",
            seen=f"{server.issuer}: no device_authorization_endpoint; grant_types_supported has"
            f" {DEVICE}",
            message="The authorization server lists device authorization, and names no endpoint for"
            " it.",
            expected="device_authorization_endpoint is in the metadata (RFC 8628 §4).",
            source="RFC 8628 §4",
            next="Add device_authorization_endpoint to the metadata.",
            meanwhile="Where a browser can be used: --grant authorization_code.",
            whose=Whose.ISSUER,
        )
    if not url:
        judge.stop(
            "client-grant",
            seen=f"{server.issuer}: no device_authorization_endpoint",
            next="This server offers no device authorization; use --grant authorization_code.",
        )
    form: list[Field] = []
    if scope is not None:
        form.append(Field("scope", scope, reason, "MCP 2025-11-25 authorization, scope selection"))
    if resource is not None:
        form.append(Field("resource", resource, "the resource metadata", "RFC 8707 §2"))
    exchange, answer = yield from asker.ask(tuple(form), "device authorization request", url)
    if answer is None or "error" in answer or exchange.status >= 400:
        asker.refused(exchange, answer or {}, "device authorization request", "authz-error")
    return (yield from _code(asker, exchange, answer))


def _code(
    asker: Endpoint, exchange: Exchange, answer: Mapping[str, Any]
) -> Protocol[tuple[DeviceCode, float, str]]:
    judge = asker.judge
    device, user = answer.get("device_code"), answer.get("user_code")
    uri = answer.get("verification_uri", answer.get("verification_url"))
    if not (isinstance(device, str) and isinstance(user, str) and isinstance(uri, str)):
        judge.stop(
            "authz-error",
            seen=f"members: {', '.join(sorted(answer))}",
            expected="device_code, user_code and verification_uri (RFC 8628 §3.2)",
            message="The device authorization answer lacks a required member.",
            next="Answer with device_code, user_code, verification_uri and expires_in.",
            source="RFC 8628 §3.2",
            exchange=exchange,
        )
    complete = answer.get("verification_uri_complete")
    try:
        uri = safe_url(uri)
        complete = safe_url(complete) if isinstance(complete, str) else None
    except UrlRefused as error:
        judge.stop(
            "as-endpoint-scheme",
            seen=f"{uri}: {error}",
            exchange=exchange,
            pointer="/verification_uri",
            exit=4,
        )
    lifetime, interval = answer.get("expires_in"), answer.get("interval", _INTERVAL)
    if not isinstance(lifetime, int | float) or isinstance(lifetime, bool) or lifetime <= 0:
        seen = f"expires_in: {lifetime!r}"
        yield from judge.note("token-expiry", seen=seen, exchange=exchange, pointer="/expires_in")
        lifetime = judge.config.wait
    if not isinstance(interval, int | float) or isinstance(interval, bool) or interval < 0:
        interval = _INTERVAL
    # A server may name a number that no float holds.
    lifetime = float(min(lifetime, _AGES))
    lasts = min(lifetime, judge.config.wait)
    until = exchange.started + exchange.seconds + lasts
    code = DeviceCode(user, uri, complete, until, Secret(device))
    cut = f"--wait {lasts:.0f}: the code would have lasted {lifetime:.0f} s"
    return code, float(min(interval, lasts)), cut if lasts < lifetime else ""
