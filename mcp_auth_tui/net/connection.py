"""Knows HTTP/1.1 over one connection, on h11; must not know which origin is asked, or what for.

What goes wrong is raised as httpx names it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from typing import Any, cast

import h11
import httpx

from mcp_auth_tui.net.meter import Meter

_MOST_UNREAD = 256 * 1024
"""Octets that may lie here unread before the server has to wait."""
_PIECE = 16 * 1024
"""Octets that are parsed before others have their turn: they may be thousands of chunks."""
_SHOWN = 60
"""Octets that are told of what is no HTTP."""
_MOST_HEAD = 100 * 1024
"""Octets of a head that h11 holds; what is over the program's own limit is told by its size."""


class NotHttp(httpx.RemoteProtocolError):
    """What came is no answer of HTTP/1.1; ``octets`` is how it begins."""

    def __init__(self, octets: bytes) -> None:
        super().__init__("illegal status line")
        self.octets = octets


class Octets(asyncio.Protocol):
    """The octets of one connection, as they come and go."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._below: asyncio.Transport | None = None
        self._unread = bytearray()
        self._ended = False
        self._error: Exception | None = None
        self._reader: asyncio.Future[None] | None = None
        self._paused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport: that of the socket, and then that of TLS if there is TLS."""
        self._transport = cast(asyncio.Transport, transport)
        self._below = self._below or self._transport

    def data_received(self, data: bytes) -> None:
        """Keep what came; a server that sends faster than is read waits."""
        self._unread += data
        if len(self._unread) > _MOST_UNREAD and self._transport is not None and not self._paused:
            self._paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> None:
        """The server sends no more."""
        self._ended = True
        self._wake()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection is gone."""
        self._ended = True
        self._error = self._error or exc
        self._wake()

    @property
    def silent(self) -> bool:
        """Whether the server still holds its end, and has sent nothing that was not read."""
        closing = self._transport is None or self._transport.is_closing()
        return not (closing or self._ended or self._unread)

    @property
    def sent(self) -> bool:
        """Whether all that was written has left."""
        # What TLS has handed on lies in the transport below it.
        layers = (self._transport, self._below)
        return not any(layer is None or layer.get_write_buffer_size() for layer in layers)

    async def read(self) -> bytes:
        """Return a piece of what came, and wait where nothing did; empty at the end.

        Raises OSError.
        """
        if self._unread:
            await asyncio.sleep(0)
        elif not self._ended:
            self._reader = asyncio.get_running_loop().create_future()
            try:
                await self._reader
            finally:
                self._reader = None
        if self._unread:
            data = bytes(self._unread[:_PIECE])
            del self._unread[:_PIECE]
            few = len(self._unread) <= _MOST_UNREAD
            if self._paused and few and self._transport is not None:
                self._paused = False
                self._transport.resume_reading()
            return data
        if self._error is not None:
            raise self._error
        return b""

    def write(self, data: bytes) -> None:
        """Send octets; what becomes of them is seen when the answer is read."""
        if self._transport is not None and not self._transport.is_closing():
            self._transport.write(data)

    def close(self) -> None:
        """Say goodbye (TLS has one), and let go at once."""
        if self._transport is not None:
            self._transport.close()
            self._transport.abort()

    def _wake(self) -> None:
        if self._reader is not None and not self._reader.done():
            self._reader.set_result(None)


class Connection:
    """One connection to an origin: an exchange at a time, and another after it."""

    def __init__(self, octets: Octets) -> None:
        self._octets = octets
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MOST_HEAD)

    @property
    def alive(self) -> bool:
        """Whether the server still holds an idle connection, as far as the loop has looked."""
        return self._octets.silent

    async def ask(
        self, request: httpx.Request, target: bytes, wait: float, meter: Meter
    ) -> h11.Response:
        """Send a request and return the head of its answer; ``wait`` (seconds) bounds each read.

        Raises ValueError for what cannot be sent, and `httpx.TransportError`.
        """
        meter.phase = "wait"
        try:
            head = h11.Request(method=request.method, target=target, headers=request.headers.raw)
            events = (head, h11.Data(data=request.content), h11.EndOfMessage())
            octets = b"".join(self._http.send(event) or b"" for event in events)
        except h11.LocalProtocolError as error:
            raise ValueError(str(error)) from error
        self._octets.write(octets)
        meter.begin("wait")
        while True:
            event = await self._event(wait)
            if isinstance(event, h11.Response):  # those of 1xx come before the answer
                meter.end("wait")
                return event

    async def chunks(self, wait: float) -> AsyncIterator[bytes]:
        """Yield the body as it comes; raises `httpx.TransportError`."""
        while isinstance(event := await self._event(wait), h11.Data):
            yield bytes(event.data)

    def renew(self) -> bool:
        """Make ready for another exchange; False where the connection is of no more use."""
        states = {self._http.our_state, self._http.their_state}
        # What came behind the answer would be taken for the next one, and the next request would
        # wait behind a body that the server did not want.
        if states != {h11.DONE} or self._http.trailing_data != (b"", False):
            return False
        if not self._octets.sent:
            return False
        self._http.start_next_cycle()
        return True

    def close(self) -> None:
        """Close it; a second call does nothing."""
        self._octets.close()

    async def _event(self, wait: float) -> Any:
        with _named(httpx.ReadTimeout, httpx.ReadError):
            while (event := self._http.next_event()) is h11.NEED_DATA:
                async with asyncio.timeout(wait):
                    data = await self._octets.read()
                self._http.receive_data(data)
                if self._http.their_state is h11.SEND_RESPONSE:
                    self._check_head(ended=not data)
            return event

    def _check_head(self, *, ended: bool) -> None:
        """Raise where what came can be no head: some that speak first never end a line."""
        begun = self._http.trailing_data[0]
        if not b"HTTP/".startswith(begun[:5]):
            raise NotHttp(begun[:_SHOWN])
        if ended:
            why = "peer closed connection in the head" if begun else "Server disconnected"
            raise httpx.RemoteProtocolError(why)


@contextmanager
def _named(late: Callable[[str], Exception], broken: Callable[[str], Exception]) -> Iterator[None]:
    """Raise what goes wrong as httpx names it, with what it was made of."""
    try:
        yield
    except TimeoutError as error:
        raise late(str(error)) from error
    except OSError as error:
        raise broken(str(error)) from error
    except h11.RemoteProtocolError as error:
        raise httpx.RemoteProtocolError(str(error)) from error
