"""Knows one accepted HTTP/1.1 connection, spoken with h11; must not know sockets, ports or OAuth.

Everything is bounded: head, body and each wait on the peer. Only a handler may take its time.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus

import h11

from mcp_auth_tui.records import dataclass

MAX_HEAD = 32 * 1024
IDLE_SECONDS = 600.0
LINGER_SECONDS = 1.0
_LINGER_BYTES = 1024 * 1024
_CHUNK = 16 * 1024
_NO_BODY = frozenset({204, 205, 304})


@dataclass(frozen=True, slots=True)
class Incoming:
    """One request as received; header names are in lower case, `peer` is `address:port`."""

    method: str
    target: str
    path: str
    query: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    peer: str

    def header(self, name: str) -> str | None:
        """Return the first value of a header field, its name compared without case."""
        wanted = name.lower()
        return next((value for key, value in self.headers if key.lower() == wanted), None)


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer; a body of bytes is sent with its length, an iterator is sent in chunks."""

    status: int
    body: bytes | AsyncIterator[bytes] = b""
    headers: tuple[tuple[str, str], ...] = ()


Handler = Callable[[Incoming], Awaitable[Reply]]
OnError = Callable[[Exception], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a peer may cost: body in bytes, time in seconds for one request or one blocked write."""

    max_body: int
    timeout: float


class _Refused(Exception):
    """The request is not served; the status says why and the connection ends after it."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class _Gone(Exception):
    """The client left, or does not take what is sent."""


class Connection:
    """One accepted connection: requests one after the other until somebody closes."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        handler: Handler,
        limits: Limits,
        on_error: OnError,
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._handler = handler
        self._limits = limits
        self._on_error = on_error
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
        self._served = 0
        self._method = ""
        self.waits = True
        """No whole request is here: the peer has to send something."""

    def abort(self) -> None:
        """Drop the connection at once."""
        self._writer.transport.abort()

    async def run(self) -> None:
        """Serve until either side ends; every failure of the peer is an ordinary end."""
        try:
            while await self._exchange():
                self._http.start_next_cycle()
            await self._linger()
        except (_Gone, OSError):
            pass
        except Exception as error:
            self._on_error(error)
        finally:
            self.abort()

    async def _exchange(self) -> bool:
        """Serve one request; say whether the connection can carry another."""
        try:
            self.waits = True
            incoming = await self._read()
            if incoming is None:
                return False
            self.waits = False
            reply = await self._answer(incoming)
        except _Refused as refused:
            reply = _plain(refused.status, close=True)
        await self._send(reply)
        self._served += 1
        return self._http.our_state is h11.DONE and self._http.their_state is h11.DONE

    async def _answer(self, incoming: Incoming) -> Reply:
        try:
            return await self._handler(incoming)
        except Exception as error:
            self._on_error(error)
            return _plain(500)

    async def _read(self) -> Incoming | None:
        """Read one request; None when the client has nothing (more) to ask."""
        self._method = ""  # a request that is refused unread is no HEAD, whatever the last one was
        if not self._http.trailing_data[0] and not await self._first_bytes():
            return None
        try:
            async with asyncio.timeout(self._limits.timeout):
                head = await self._event()
                if not isinstance(head, h11.Request):
                    return None
                self._method = head.method.decode("ascii")
                # h11 bounds a head that is still arriving, not one whose last piece completes it.
                if sum(len(name) + len(value) + 4 for name, value in head.headers) > MAX_HEAD:
                    raise _Refused(431)
                body = bytearray()
                while isinstance(event := await self._event(), h11.Data):
                    body += event.data
                    if len(body) > self._limits.max_body:
                        raise _Refused(413)
        except TimeoutError:
            raise _Refused(408) from None
        except h11.RemoteProtocolError as error:
            raise _Refused(error.error_status_hint) from None
        return _incoming(head, bytes(body), self._writer.get_extra_info("peername"))

    async def _first_bytes(self) -> bool:
        # An idle kept-alive connection is no slow client: a person may be signing in meanwhile.
        wait = IDLE_SECONDS if self._served else self._limits.timeout
        try:
            async with asyncio.timeout(wait):
                data = await self._reader.read(_CHUNK)
        except TimeoutError:
            return False
        self._http.receive_data(data)
        return bool(data)

    async def _event(self) -> h11.Event:
        while True:
            event = self._http.next_event()
            if isinstance(event, h11.Event):
                return event
            if self._http.they_are_waiting_for_100_continue:
                await self._write(h11.InformationalResponse(status_code=100, headers=[]))
            self._http.receive_data(await self._reader.read(_CHUNK))

    async def _send(self, reply: Reply) -> None:
        try:
            head = _head(reply)
        except h11.LocalProtocolError as error:
            self._on_error(error)
            reply = _plain(500)
            head = _head(reply)
        if isinstance(reply.body, bytes):
            await self._send_whole(head, reply.body)
        else:
            await self._send_stream(head, reply.body)

    async def _send_whole(self, head: h11.Response, body: bytes) -> None:
        events: list[h11.Event] = [head]
        if body and self._may_have_body(head.status_code):
            events.append(h11.Data(data=body))
        await self._write(*events, h11.EndOfMessage())

    async def _send_stream(self, head: h11.Response, body: AsyncIterator[bytes]) -> None:
        """Pump the body until it ends, or until the client hangs up."""
        pump = asyncio.ensure_future(self._pump(head, body))
        gone = asyncio.ensure_future(self._hang_up())
        try:
            await asyncio.wait({pump, gone}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            pump.cancel()
            gone.cancel()
            results = await asyncio.gather(pump, gone, return_exceptions=True)
            await _close(body)
        if isinstance(results[0], Exception):
            raise results[0]
        if results[0] is not None:
            raise _Gone

    async def _pump(self, head: h11.Response, body: AsyncIterator[bytes]) -> None:
        await self._write(head)
        if self._may_have_body(head.status_code):
            async for piece in body:
                if piece:
                    await self._write(h11.Data(data=piece))
        await self._write(h11.EndOfMessage())

    async def _hang_up(self) -> None:
        """Return when the client closes; keep what it sends ahead for the next request."""
        while data := await self._reader.read(_CHUNK):
            self._http.receive_data(data)
            if len(self._http.trailing_data[0]) > MAX_HEAD:
                return

    def _may_have_body(self, status: int) -> bool:
        return self._method != "HEAD" and status not in _NO_BODY

    async def _write(self, *events: h11.Event) -> None:
        data = b"".join(self._http.send(event) or b"" for event in events)
        try:
            self._writer.write(data)
            async with asyncio.timeout(self._limits.timeout):
                await self._writer.drain()
        except TimeoutError:
            raise _Gone from None

    async def _linger(self) -> None:
        """Close our half and drink what is still on its way, or a reset would eat our answer."""
        if self._writer.can_write_eof():
            self._writer.write_eof()
        taken = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(LINGER_SECONDS):
                while taken < _LINGER_BYTES and (data := await self._reader.read(_CHUNK)):
                    taken += len(data)
        self._writer.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.timeout):
                await self._writer.wait_closed()


def _incoming(head: h11.Request, body: bytes, peer: tuple[str, int]) -> Incoming:
    target = head.target.decode("ascii")
    if not target.startswith("/"):
        # Absolute and asterisk forms are for proxies; here they would only blur the Host check.
        raise _Refused(400)
    path, _, query = target.partition("?")
    host = f"[{peer[0]}]" if ":" in peer[0] else peer[0]
    return Incoming(
        method=head.method.decode("ascii"),
        target=target,
        path=path,
        query=query,
        headers=tuple(
            (name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers
        ),
        body=body,
        peer=f"{host}:{peer[1]}",
    )


def _head(reply: Reply) -> h11.Response:
    given = {name.lower() for name, _ in reply.headers}
    headers = list(reply.headers)
    if "date" not in given:
        headers.append(("Date", formatdate(usegmt=True)))
    if (
        isinstance(reply.body, bytes)
        and "content-length" not in given
        and reply.status not in _NO_BODY
    ):
        headers.append(("Content-Length", str(len(reply.body))))
    try:
        reason = HTTPStatus(reply.status).phrase
    except ValueError:
        reason = ""
    return h11.Response(status_code=reply.status, headers=headers, reason=reason)


def _plain(status: int, *, close: bool = False) -> Reply:
    """Build a fixed page for a status of ours; nothing from the request appears in it."""
    headers = (
        ("Content-Type", "text/plain; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
        *((("Connection", "close"),) if close else ()),
    )
    return Reply(status, f"{status} {HTTPStatus(status).phrase}\n".encode(), headers)


async def _close(body: AsyncIterator[bytes]) -> None:
    aclose = getattr(body, "aclose", None)
    if aclose is not None:
        await aclose()
