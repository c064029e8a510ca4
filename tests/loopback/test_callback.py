"""B1, B2, G8: the callback listener on a real loopback socket."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

import mcp_auth_tui.loopback.callback as callback_room
from mcp_auth_tui.loopback.callback import Listener
from mcp_auth_tui.protocol.actions import Callback


@dataclass
class Page:
    status: int
    headers: dict[str, str]
    body: str

    @property
    def title(self) -> str:
        return self.body.partition("<h1>")[2].partition("</h1>")[0]


async def ask(
    listener: Listener,
    target: str,
    *,
    method: str = "GET",
    host: str | None = None,
    body: str = "",
    address: str = "127.0.0.1",
) -> Page:
    reader, writer = await asyncio.open_connection(address, listener.port)
    name = host if host is not None else listener.redirect_uri.split("/")[2]
    head = f"{method} {target} HTTP/1.1\r\nHost: {name}\r\nContent-Length: {len(body)}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n{body}".encode())
    async with asyncio.timeout(10):
        answer = (await reader.read()).decode()
    writer.close()
    top, _, rest = answer.partition("\r\n\r\n")
    first, *lines = top.split("\r\n")
    fields = (line.partition(": ") for line in lines)
    return Page(int(first.split()[1]), {k.lower(): v for k, _, v in fields}, rest)


@pytest.fixture
async def listener() -> AsyncIterator[Listener]:
    made = await Listener.bind(None, None)
    made.arm()
    yield made
    await made.aclose()


async def test_the_default_is_an_address_literal_with_a_free_port(listener: Listener) -> None:
    """G8"""
    assert listener.redirect_uri == f"http://127.0.0.1:{listener.port}/callback"
    assert listener.port > 1023


async def test_a_good_answer_is_handed_over_raw_and_its_page_waits_for_the_verdict(
    listener: Listener,
) -> None:
    browser = asyncio.ensure_future(ask(listener, "/callback?code=a%20b&state=%2b"))
    came = await asyncio.wait_for(listener.next(), 5)
    assert came == Callback("code=a%20b&state=%2b", "listener")
    await listener.answer("received")
    await asyncio.sleep(0)
    assert not browser.done()
    await listener.answer("done")
    page = await browser
    assert (page.status, page.title) == (200, "Signed in")


async def test_a_failed_exchange_never_shows_success(listener: Listener) -> None:
    browser = asyncio.ensure_future(ask(listener, "/callback?error=x"))
    await listener.next()
    await listener.answer("failed")
    page = await browser
    assert (page.status, page.title) == (400, "The sign-in did not work out")


async def test_the_page_is_static_and_locked_down(listener: Listener) -> None:
    """B2: no reflected input, no-store, no-referrer, CSP default-src 'none'."""
    browser = asyncio.ensure_future(ask(listener, "/callback?code=XSSMARK&state=<script>"))
    await listener.next()
    await listener.answer("done")
    page = await browser
    assert "XSSMARK" not in page.body
    assert "<script" not in page.body
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["referrer-policy"] == "no-referrer"
    assert page.headers["content-security-policy"].startswith("default-src 'none'; style-src 'sha")
    assert page.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in page.headers


async def test_the_style_is_the_one_that_the_policy_allows(listener: Listener) -> None:
    from base64 import b64encode
    from hashlib import sha256

    page = await ask(listener, "/nothing")
    style = page.body.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.headers["content-security-policy"]


async def test_before_the_browser_was_opened_there_is_nothing() -> None:
    """B1: callbacks before the browser was opened get 404."""
    listener = await Listener.bind()
    early = await ask(listener, "/callback?code=a")
    await listener.aclose()
    assert early.status == 404


@pytest.mark.parametrize(
    "target", ["/", "/callback/", "/Callback?code=a", "/callback/x?code=a", "/favicon.ico"]
)
async def test_only_the_exact_path_is_served(listener: Listener, target: str) -> None:
    """B2"""
    assert (await ask(listener, target)).status == 404


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1", "127.0.0.1:1", ""])
async def test_another_host_is_not_served(listener: Listener, host: str) -> None:
    """B2: DNS rebinding; only the bound name and port."""
    name = f"{host}:{listener.port}" if host == "localhost" else host
    page = await ask(listener, "/callback?code=a&state=b", host=name)
    assert page.status in (400, 421)


async def test_a_post_is_told_apart_and_answered_at_once(listener: Listener) -> None:
    """B2: only GET; a 307 or form_post is the server's mistake (authz-post)."""
    page = await ask(listener, "/callback", method="POST", body="code=a")
    assert (page.status, page.headers["allow"]) == (405, "GET")
    assert await listener.next() == Callback("", "listener", method="POST")
    await listener.answer("ignored")


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "DELETE"])
async def test_other_methods_are_refused_and_not_reported(listener: Listener, method: str) -> None:
    assert (await ask(listener, "/callback?code=a", method=method)).status == 405
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(listener.next(), 0.01)


async def test_an_empty_answer_explains_the_fragment(listener: Listener) -> None:
    page = await ask(listener, "/callback")
    assert (page.status, page.title) == (400, "The answer is missing")
    assert "after a # sign" in page.body
    assert await listener.next() == Callback("", "listener")


async def test_a_stray_answer_does_not_end_the_wait(listener: Listener) -> None:
    """B3: 400 page, the flow stays pending."""
    stray = asyncio.ensure_future(ask(listener, "/callback?code=a&state=wrong"))
    await listener.next()
    await listener.answer("ignored")
    assert (await stray).status == 400
    ours = asyncio.ensure_future(ask(listener, "/callback?code=a&state=right"))
    assert (await listener.next()).query == "code=a&state=right"
    await listener.answer("done")
    assert (await ours).status == 200


async def test_a_flood_of_strays_neither_keeps_the_answer_out_nor_comes_before_it() -> None:
    """B3: a stray request must not cancel a login, nor delay it."""
    listener = await Listener.bind()
    listener.arm("right")
    junk = ("/callback", "/callback?code=a&state=wrong", "/callback?error=x", "/callback?state=")
    strays = [asyncio.ensure_future(ask(listener, junk[n % 4])) for n in range(100)]
    await asyncio.wait_for(queued(listener), 5)
    ours = asyncio.ensure_future(ask(listener, "/callback?code=a&state=right"))
    reported = 0
    async with asyncio.timeout(20):
        while (await listener.next()).query != "code=a&state=right":
            reported += 1
            await listener.answer("ignored")
    await listener.answer("done")
    assert (await ours).status == 200
    assert {page.status for page in await asyncio.gather(*strays)} <= {400, 409}
    await listener.aclose()
    assert reported <= callback_room._STRAYS


async def test_a_post_before_the_redirect_is_told_first() -> None:
    """authz-post: some servers post the answer, and then redirect as they should."""
    listener = await Listener.bind()
    listener.arm("right")
    await ask(listener, "/callback", method="POST", body="code=a")
    ours = asyncio.ensure_future(ask(listener, "/callback?code=a&state=right"))
    await asyncio.wait_for(queued(listener, 2), 5)
    assert (await listener.next()).method == "POST"
    await listener.answer("ignored")
    assert (await listener.next()).query == "code=a&state=right"
    await listener.answer("done")
    assert (await ours).status == 200
    await listener.aclose()


async def test_an_answer_without_a_page_that_waits_costs_no_time(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback_room, "_FLUSH_SECONDS", 60.0)
    await ask(listener, "/callback")
    await listener.next()
    async with asyncio.timeout(10):
        await listener.answer("ignored")


async def test_one_answer_is_accepted_and_later_ones_are_told_so(listener: Listener) -> None:
    """B1: one accepted response."""
    first = asyncio.ensure_future(ask(listener, "/callback?code=1"))
    await listener.next()
    second = asyncio.ensure_future(ask(listener, "/callback?code=2"))
    await asyncio.wait_for(queued(listener), 5)
    await listener.answer("received")
    assert (await second).title == "Already received"
    third = await ask(listener, "/callback?code=3")
    assert (third.status, third.title) == (409, "Already received")
    await listener.answer("done")
    assert (await first).status == 200


async def queued(listener: Listener, number: int = 1) -> None:
    while listener._queue.qsize() < number:
        await asyncio.sleep(0)


async def test_a_pasted_answer_closes_the_door_too(listener: Listener) -> None:
    await listener.answer("received")
    assert (await ask(listener, "/callback?code=a")).status == 409


async def test_another_attempt_opens_it_again(listener: Listener) -> None:
    await listener.answer("done")
    listener.arm()
    browser = asyncio.ensure_future(ask(listener, "/callback?code=a"))
    assert (await listener.next()).query == "code=a"
    await listener.answer("done")
    assert (await browser).status == 200


async def test_a_slow_exchange_lets_the_browser_go(
    listener: Listener, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(callback_room, "HELD_SECONDS", 0.05)
    browser = asyncio.ensure_future(ask(listener, "/callback?code=a"))
    await listener.next()
    await listener.answer("received")
    page = await browser
    assert (page.status, page.title) == (202, "Still working")
    await listener.answer("done")


async def test_closing_answers_the_browser_that_waits() -> None:
    listener = await Listener.bind()
    listener.arm()
    browser = asyncio.ensure_future(ask(listener, "/callback?code=a"))
    await listener.next()
    await listener.aclose()
    assert (await browser).title == "The sign-in did not work out"
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", listener.port)


async def test_a_fixed_port_is_exclusive(listener: Listener) -> None:
    with pytest.raises(OSError, match="in use"):
        await Listener.bind(None, listener.port)


async def test_several_programs_never_collide() -> None:
    many = [await Listener.bind() for _ in range(8)]
    assert len({item.port for item in many}) == 8
    for item in many:
        await item.aclose()


async def test_localhost_listens_on_both_addresses(unused_tcp_port: int) -> None:
    uri = f"http://localhost:{unused_tcp_port}/cb"
    listener = await Listener.bind(uri)
    assert listener.redirect_uri == uri
    pages = [await ask(listener, "/", address=address) for address in ("127.0.0.1", "::1")]
    await listener.aclose()
    assert [page.status for page in pages] == [404, 404]


async def test_a_given_redirect_uri_is_kept_character_by_character(unused_tcp_port: int) -> None:
    """G8: register exactly what is sent."""
    uri = f"http://[::1]:{unused_tcp_port}/a/B%20c"
    listener = await Listener.bind(uri)
    listener.arm()
    browser = asyncio.ensure_future(ask(listener, "/a/B%20c?code=a", address="::1"))
    assert (await asyncio.wait_for(listener.next(), 5)).query == "code=a"
    await listener.answer("done")
    assert (await browser).status == 200
    await listener.aclose()
    assert listener.redirect_uri == uri


@pytest.mark.parametrize(
    "uri",
    [
        "https://127.0.0.1:8000/cb",
        "https://app.example/cb",
        "http://app.example/cb",
        "http://127.0.0.1@app.example/cb",
        "http://u@127.0.0.1:1/cb",
        "http://127.0.0.1:1/cb#x",
        "myapp://cb",
    ],
)
async def test_where_nobody_can_listen_is_said(uri: str) -> None:
    """G8"""
    with pytest.raises(ValueError, match=r"redirect URI|can listen"):
        await Listener.bind(uri)
