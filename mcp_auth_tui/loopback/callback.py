"""Knows how the browser's answer is received on loopback; must not judge what it says.

SPEC B1-B3 (the network half) and G8: bound before anything is registered, exclusive, one path, one
name, GET only. Each answer's page is held back until it is known what became of it. What cannot be
the answer that is waited for (no state, or another one) never stands in its way: it waits behind
it, and from some number on it is told apart without being reported.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from itertools import count
from urllib.parse import parse_qsl, urlsplit

from mcp_auth_tui.loopback.pages import page
from mcp_auth_tui.loopback.server import Incoming, Loopback, Reply
from mcp_auth_tui.protocol.actions import Callback

HELD_SECONDS = 20.0
"""How long a browser waits for its page at most."""
_FLUSH_SECONDS = 1.0
_IN_TURN = 4
"""How many of them are told in the order in which they came: a POST before a redirect is news."""
_STRAYS = 50
"""How many answers that are not ours are reported and held in one wait; the rest are told so."""
_HOSTS = ("127.0.0.1", "::1", "localhost")


class _Held:
    """One answer whose browser still waits for its page."""

    def __init__(self, callback: Callback) -> None:
        self.callback = callback
        self.page: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.sent = asyncio.Event()

    def finish(self, name: str) -> None:
        if not self.page.done():
            self.page.set_result(name)


_Place = tuple[bool, int, _Held]
"""Many strays stand behind what may be ours; else the order of arrival: no two share a number."""


class Listener:
    """The callback listener of one run; made by `bind`."""

    def __init__(self, host: str, port: int, path: str) -> None:
        self._host = f"[{host}]" if ":" in host else host
        self._path = path
        self._armed = False
        self._over = False
        self._state = ""
        self._strays = 0
        self._arrivals = count()
        self._queue: asyncio.PriorityQueue[_Place] = asyncio.PriorityQueue()
        self._current: _Held | None = None
        self._open: set[_Held] = set()
        self._server: Loopback | None = None
        self.port = port
        """The port that is listened on."""
        self.redirect_uri = ""
        """What to register and to send, character by character."""

    @classmethod
    async def bind(cls, redirect_uri: str | None = None, port: int | None = None) -> Listener:
        """Listen for a redirect URI, or for one of our own making (``port`` None: any free one).

        Raises ValueError when nobody can listen for the redirect URI (https, another host), and
        OSError when the port is taken or not allowed.
        """
        host, wanted, path = _place(redirect_uri, port)
        listener = cls(host, wanted, path)
        listener._server = await Loopback.bind(listener._handle, host, wanted)
        listener.port = listener._server.port
        listener.redirect_uri = redirect_uri or f"http://{listener._host}:{listener.port}{path}"
        return listener

    def arm(self, state: str = "") -> None:
        """Accept answers from now on: the browser is about to be opened (B1).

        ``state`` is that of the request: answers that carry it come first. Without one each may be
        the answer.
        """
        self._armed, self._over = True, False
        self._state, self._strays = state, 0
        self._refuse_queued()

    async def next(self) -> Callback:
        """Return the next answer; its browser waits until `answer` says what became of it."""
        _, _, held = await self._queue.get()
        self._current = held
        return held.callback

    async def answer(self, page: str) -> None:
        """Say what became of the last answer; every word but ``ignored`` refuses later ones.

        ``ignored``: it was not ours. ``received``: its page is held on. ``done``, ``failed``: the
        end. Without an answer that waits only the refusing remains.
        """
        if page != "ignored":
            self._over = True
            self._refuse_queued()
        held = self._current
        if held is None or page == "received":
            return
        self._current = None
        held.finish(page)
        await _sent(held)

    async def aclose(self) -> None:
        """Stop listening; browsers that still wait are told to look at the terminal."""
        self._armed = False
        waiting = list(self._open)
        for held in waiting:
            held.finish("already" if self._over and held is not self._current else "failed")
        for held in waiting:
            await _sent(held)
        if self._server is not None:
            await self._server.aclose()

    def _refuse_queued(self) -> None:
        while not self._queue.empty():
            _, _, held = self._queue.get_nowait()
            held.finish("already")

    async def _handle(self, incoming: Incoming) -> Reply:
        name = self._refused(incoming)
        stray = name is not None or not self._may_be_ours(incoming.query)
        if name in (None, "post", "empty") and stray:
            self._strays += 1
            if self._strays > _STRAYS:
                return Reply(*page(name or "ignored"))
        if name is None:
            return await self._hold(incoming, stray)
        if name in ("post", "empty"):
            # Worth a finding, but there is nothing in it that could be waited for.
            held = _Held(Callback(incoming.query, "listener", method=incoming.method))
            held.sent.set()
            self._put(held, stray)
        return Reply(*page(name))

    def _may_be_ours(self, query: str) -> bool:
        return not self._state or ("state", self._state) in parse_qsl(query)

    def _put(self, held: _Held, stray: bool) -> None:
        behind = stray and self._strays > _IN_TURN
        self._queue.put_nowait((behind, next(self._arrivals), held))

    def _refused(self, incoming: Incoming) -> str | None:
        """Return the page for what is no answer; None for what may be one."""
        if not self._is_ours(incoming.header("host") or ""):
            return "foreign"
        if incoming.path != self._path or not self._armed:
            return "unknown"
        if incoming.method not in ("GET", "POST"):
            return "method"
        if self._over:
            return "already"
        if incoming.method == "POST":
            return "post"
        return None if incoming.query else "empty"

    def _is_ours(self, host: str) -> bool:
        names = [f"{self._host}:{self.port}"]
        if self.port == 80:
            names.append(self._host)
        return host.lower() in names

    async def _hold(self, incoming: Incoming, stray: bool) -> Reply:
        held = _Held(Callback(incoming.query, "listener"))
        self._open.add(held)
        self._put(held, stray)
        name = "working"
        with suppress(TimeoutError):
            async with asyncio.timeout(HELD_SECONDS):
                name = await held.page
        status, body, headers = page(name)
        return Reply(status, self._marking(held, body), (*headers, ("Connection", "close")))

    async def _marking(self, held: _Held, body: bytes) -> AsyncIterator[bytes]:
        """Send a page and note that it is out, so that closing does not cut it off."""
        try:
            yield body
        finally:
            self._open.discard(held)
            held.sent.set()


async def _sent(held: _Held) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(_FLUSH_SECONDS):
            await held.sent.wait()


def _place(redirect_uri: str | None, port: int | None) -> tuple[str, int, str]:
    """Return host, port and path to listen on; ValueError with a sentence when there is no way."""
    if redirect_uri is None:
        return "127.0.0.1", port or 0, "/callback"
    parts = urlsplit(redirect_uri)
    host = parts.hostname or ""
    if parts.scheme != "http" or host not in _HOSTS:
        raise ValueError(
            f"Nothing on this machine can listen for {redirect_uri}: only http on 127.0.0.1, "
            "[::1] or localhost comes back here. Paste the address the browser ends on."
        )
    if parts.fragment or parts.username is not None:
        raise ValueError(f"{redirect_uri} is not usable as a redirect URI.")
    return host, 80 if parts.port is None else parts.port, parts.path or "/"
