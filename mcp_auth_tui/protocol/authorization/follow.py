"""Knows how to take the authorization URL's redirects without a browser; asks no page twice.

For servers that ask nothing of a person (CI, practice servers): DESIGN 3, ``--browser follow``.
"""

from __future__ import annotations

from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie
from typing import NoReturn

from mcp_auth_tui.model import Exchange, Field, Request, Secret
from mcp_auth_tui.model.oauth import Attempt, AuthorizationServer, Client
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Callback, Protocol, Send
from mcp_auth_tui.protocol.authorization import pages
from mcp_auth_tui.protocol.discovery.guesses import guessed_wrong
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.urls import UrlRefused, endpoint, join, origin_text

_HOPS = 10


def follow(
    judge: Judge, server: AuthorizationServer, client: Client, attempt: Attempt
) -> Protocol[Callback]:
    """Request the authorization URL and follow redirects (≤ 10) to the redirect URI.

    Raises `FlowStop`: client-no-person when a page wants a person, authz-error on a refusal.
    """
    url, cookies = attempt.url, dict[str, dict[str, str]]()
    for hop in range(_HOPS):
        exchange: Exchange = yield Send(_request(judge, url, hop, cookies))
        if (failure := exchange.failure) is not None:
            judge.lost(exchange, failure)
        if hop == 0:
            guessed_wrong(judge, server, exchange)
        judge.busy(exchange)
        response = exchange.response
        place = response.header("location") if response else None
        if response is None or response.status not in (301, 302, 303, 307, 308) or not place:
            _stuck(judge, client, attempt, exchange)
        place = join(url, place)
        if place == attempt.redirect_uri or place.startswith(
            (f"{attempt.redirect_uri}?", f"{attempt.redirect_uri}#")
        ):
            return Callback(place.partition("?")[2].partition("#")[0], "follow")
        keep_cookies(cookies, url, response.all("set-cookie"))
        url = _checked(judge, exchange, place)
    judge.stop("authz-error", seen=f"more than {_HOPS} redirects", next="Use a real browser.")


def _checked(judge: Judge, exchange: Exchange, place: str) -> str:
    try:
        return endpoint(place.partition("#")[0])
    except UrlRefused as error:
        judge.stop("as-endpoint-scheme", seen=f"{place}: {error}", exchange=exchange, exit=4)


def _request(judge: Judge, url: str, hop: int, cookies: dict[str, dict[str, str]]) -> Request:
    purpose = "authorization request" if hop == 0 else f"authorization, hop {hop + 1}"
    return pages.request(judge, url, purpose, cookie_fields(cookies, url))


def cookie_fields(cookies: Mapping[str, Mapping[str, str]], url: str) -> tuple[Field, ...]:
    """Return the header field with the cookies for a URL, if there are any for its origin."""
    jar = cookies.get(origin_text(url))
    if not jar:
        return ()
    pairs = "; ".join(f"{name}={value}" for name, value in jar.items())
    return (Field("Cookie", Secret(pairs), "set on the way, thrown away after"),)


def keep_cookies(cookies: dict[str, dict[str, str]], url: str, fields: tuple[str, ...]) -> None:
    """Keep the cookies of an answer for its origin; ``fields`` are its ``Set-Cookie`` values."""
    jar = cookies.setdefault(origin_text(url), {})
    for field in fields:
        try:
            read = SimpleCookie(field)
        except CookieError:
            continue
        jar.update({name: morsel.coded_value for name, morsel in read.items()})


def _stuck(judge: Judge, client: Client, attempt: Attempt, exchange: Exchange) -> NoReturn:
    if exchange.status >= 400 or error_answer.read(exchange).product:
        pages.refused(judge, client, attempt, exchange)
    judge.stop(
        "client-no-person",
        seen=error_answer.seen(f"HTTP {exchange.status}: a page that wants a person", exchange),
        next="Run without --browser follow and sign in in a browser.",
        exchange=exchange,
    )
