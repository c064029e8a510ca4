"""Taking the authorization URL's redirects without a browser (Z8, K6)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Failure, Stage
from mcp_auth_tui.protocol.authorization.follow import follow
from tests.protocol.script import (
    AS,
    REDIRECT,
    Page,
    Script,
    attempt,
    client,
    header,
    judge,
    raw,
    server,
)

URL = f"{AS}/authorize?x"


def following() -> Script:
    return Script(follow(judge(Stage.AUTHORIZE, follow=True), server(), client(), attempt()))


def moved(place: str, *cookies: str) -> Page:
    return raw(302, b"", ("location", place), *(("set-cookie", cookie) for cookie in cookies))


@pytest.mark.parametrize("end", ["?code=a%20b&state=s", "?code=a%20b&state=s#_=_"])
def test_the_query_is_handed_over_as_it_was_received(end: str) -> None:
    script = following()
    script.gets((URL, moved(f"{REDIRECT}{end}")))
    callback = script.returned()
    assert (callback.query, callback.source) == ("code=a%20b&state=s", "follow")


def test_the_address_is_asked_once_and_the_callback_never() -> None:
    script = following()
    script.gets((URL, moved("/consent")), (f"{AS}/consent", moved(f"{REDIRECT}?code=c")))
    assert script.returned().query == "code=c"


@pytest.mark.parametrize(
    "place", [f"{REDIRECT}2?code=c", "http://127.0.0.1:9/callback?code=c", f"{REDIRECT}/x?code=c"]
)
def test_only_the_very_redirect_uri_ends_it(place: str) -> None:
    script = following()
    script.gets((URL, moved(place)))
    assert script.action is not None


def test_cookies_stay_with_the_origin_that_set_them() -> None:
    script = following()
    script.gets((URL, moved("/2", "sid=1; Path=/; HttpOnly", "x=y")))
    assert header(script.sends("GET", f"{AS}/2", moved("https://b.example/3")), "Cookie") == (
        "sid=1; x=y"
    )
    request = script.sends("GET", "https://b.example/3", moved(f"{REDIRECT}?code=c"))
    assert header(request, "Cookie") is None


@pytest.mark.parametrize(
    ("page", "id", "exit"),
    [
        (raw(200, "<form>"), "client-no-person", 3),
        (raw(400, "bad client"), "authz-error", 1),
        (raw(302), "client-no-person", 3),
        (moved("javascript:alert(1)"), "as-endpoint-scheme", 4),
        (moved("http://plain.example/"), "as-endpoint-scheme", 4),
        (moved("https://["), "as-endpoint-scheme", 4),
        (Failure("net-tls", "bad"), "net-tls", 5),
    ],
)
def test_what_is_no_way_back_ends_the_run_Z8(page: Page, id: str, exit: int) -> None:
    script = following()
    script.gets((URL, page))
    assert (script.stopped().id, script.stopped().exit) == (id, exit)


@pytest.mark.parametrize(
    ("page", "seen", "next"),
    [
        (
            raw(400, "<h1>Invalid redirect_uri</h1>"),
            f"HTTP 400 from {AS}/authorize: a web page, “Invalid redirect_uri”",
            "Compare client id and redirect address with what is registered",
        ),
        (
            raw(500, "no database"),
            f"HTTP 500 from {AS}/authorize: “no database”",
            "Look in the authorization server's log",
        ),
        (
            raw(200, "<title>Sign in to Shop</title>"),
            "HTTP 200: a page that wants a person: a web page, “Sign in to Shop”",
            "Run without --browser follow",
        ),
    ],
)
def test_a_page_without_a_way_back_is_quoted(page: Page, seen: str, next: str) -> None:
    script = following()
    script.gets((URL, page))
    stop = script.stopped()
    assert stop.seen == seen
    assert stop.next.startswith(next)


def test_ten_redirects_are_the_most() -> None:
    script = following()
    script.gets((URL, moved("/0")), *((f"{AS}/{n}", moved(f"/{n + 1}")) for n in range(9)))
    assert script.stopped().id == "authz-error"


@given(st.text(max_size=30), st.text(max_size=30))
def test_no_location_and_no_cookie_crashes_it(place: str, cookie: str) -> None:
    script = following()
    script.gets((URL, moved(place, cookie)))
    if script.action is not None:
        script.sends("GET", script.action.request.url, raw(400))
    assert script.stop is not None or script.result is not None
