"""Knows how an answer is read within its limits; must not know how it was asked for."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import httpx

from mcp_auth_tui.model import Failure, Kind, Response
from mcp_auth_tui.net import faults, limits
from mcp_auth_tui.net.addresses import Unreachable
from mcp_auth_tui.net.messages import Decoder

# A server that has said enough mostly ends its answer at once, and then the connection can be kept.
_GRACE_SECONDS = 0.02

Enough = Callable[[bytes], bool]


def head(answer: httpx.Response) -> Response:
    """Return the head of an answer, its body still empty."""
    return Response(
        answer.status_code,
        tuple(
            (name.decode("latin-1").lower(), value.decode("latin-1"))
            for name, value in answer.headers.raw
        ),
        http_version=answer.extensions.get("http_version", b"HTTP/1.1").decode("latin-1"),
    )


async def collect(
    answer: httpx.Response, kind: Kind, where: str, enough: Enough | None
) -> Response | Failure:
    """Read the body up to the limit of its kind, or until ``enough``; closes the answer."""
    limit = limits.BODY_LIMITS[kind]
    try:
        response = head(answer)
        # Nobody parses an error page: its status is what counts.
        parsed = 200 <= response.status < 300 and kind is not Kind.PAGE
        body = await _read(answer, _decoder(answer, response, where), limit, enough)
    except _Undecodable as error:
        if parsed:
            return faults.bad_encoding(where, str(error))
        return replace(response, truncated=True)
    finally:
        await answer.aclose()
    if len(body) <= limit:
        return replace(response, body=body)
    if parsed and "html" not in response.media_type:
        return limits.body_too_large(where, kind)
    return replace(response, body=body[:limit], truncated=True)


class Stream:
    """An SSE stream that stays open between reads."""

    def __init__(self, answer: httpx.Response, kind: Kind, where: str, wait: float) -> None:
        self._answer = answer
        try:
            self._decoder = _decoder(answer, head(answer), where)
        except _Undecodable as error:
            raise Unreachable(faults.bad_encoding(where, str(error))) from None
        self._chunks = answer.aiter_raw()
        self._left = limits.BODY_LIMITS[kind]
        self._kind = kind
        self._where = where
        self._wait = wait

    async def read(self, within: float | None = None) -> bytes | Failure:
        """Return the next piece, empty at the end; each wait and the whole are bounded.

        ``within`` (seconds) bounds this wait further; a stream that was given up gives no more.
        """
        try:
            async with asyncio.timeout(within):
                return await self._next()
        except TimeoutError:
            await self.aclose()
            return faults.late(self._where, "read", round(within or self._wait))

    async def _next(self) -> bytes | Failure:
        try:
            while True:
                chunk = await anext(self._chunks, b"")
                if not chunk:
                    return b""
                piece = self._decoder.feed(chunk, self._left)
                self._left -= len(piece)
                if self._left < 0:
                    await self.aclose()
                    return limits.body_too_large(self._where, self._kind)
                if piece:
                    return piece
        except ValueError as error:
            await self.aclose()
            return faults.bad_encoding(self._where, str(error))
        except httpx.TransportError as error:
            return faults.failure(error, self._where, "read", self._wait)

    async def aclose(self) -> None:
        """Close the stream and its connection; a second call does nothing."""
        await self._answer.aclose()


class _Undecodable(Exception):
    """The body has a content encoding that is unknown or broken; the text names it."""


async def _read(
    answer: httpx.Response, decoder: Decoder, limit: int, enough: Enough | None
) -> bytes:
    body = bytearray()
    loop = asyncio.get_running_loop()
    grace = asyncio.timeout(None)
    try:
        async with grace:
            async for chunk in answer.aiter_raw():
                piece = decoder.feed(chunk, limit - len(body))
                body += piece
                if len(body) > limit:
                    break
                if enough is not None and grace.when() is None and enough(piece):
                    grace.reschedule(loop.time() + _GRACE_SECONDS)
    except TimeoutError:
        if not grace.expired():
            raise
    except ValueError as error:
        raise _Undecodable(str(error)) from None
    return bytes(body)


def _decoder(answer: httpx.Response, response: Response, where: str) -> Decoder:
    if sum(len(name) + len(value) + 4 for name, value in answer.headers.raw) > limits.HEAD_LIMIT:
        raise Unreachable(limits.head_too_large(where))
    try:
        return Decoder(",".join(response.all("content-encoding")))
    except ValueError as error:
        raise _Undecodable(str(error)) from None
