"""Pins the loopback server with raw sockets; must not lean on any HTTP client's forgiveness."""

import asyncio
import logging
import re
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from http import HTTPStatus

import pytest
import trustme

from mcp_auth_tui.loopback.server import Handler, Incoming, Loopback, Reply

LIMIT = 5.0


async def echo(incoming: Incoming) -> Reply:
    return Reply(200, incoming.body, (("Content-Type", "application/octet-stream"),))


@asynccontextmanager
async def serving(handler: Handler = echo, **options: object) -> AsyncIterator[Loopback]:
    server = await Loopback.bind(handler, **options)  # type: ignore[arg-type]
    try:
        yield server
    finally:
        await server.aclose()


@asynccontextmanager
async def connected(
    server: Loopback, **options: object
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port, **options)  # type: ignore[arg-type]
    try:
        yield reader, writer
    finally:
        writer.close()
        with suppress(OSError):
            await writer.wait_closed()


async def ask(server: Loopback, data: bytes) -> bytes:
    """Send bytes and return everything until the server closes, without the Date line."""
    async with asyncio.timeout(LIMIT), connected(server) as (reader, writer):
        writer.write(data)
        answer = await reader.read()
    return re.sub(rb"[Dd]ate: [^\r]*\r\n", b"", answer)


async def status_of(server: Loopback, data: bytes) -> bytes:
    return (await ask(server, data)).split(b"\r\n", 1)[0]


async def one_answer(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return head.split(b"\r\n", 1)[0], await reader.readexactly(int(found[1]) if found else 0)


def get(path: str = "/", extra: str = "") -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{extra}\r\n".encode()


async def test_an_answer_carries_status_length_and_the_handlers_headers() -> None:
    async def handler(incoming: Incoming) -> Reply:
        return Reply(201, b"made", (("X-One", "1"), ("X-One", "2")))

    async with serving(handler) as server:
        answer = await ask(server, get(extra="Connection: close\r\n"))
    assert answer == (
        b"HTTP/1.1 201 Created\r\nX-One: 1\r\nX-One: 2\r\nContent-Length: 4\r\n"
        b"Connection: close\r\n\r\nmade"
    )


async def test_a_request_is_handed_over_as_it_was_received() -> None:
    seen: list[Incoming] = []

    async def handler(incoming: Incoming) -> Reply:
        seen.append(incoming)
        return Reply(204)

    async with serving(handler) as server:
        await ask(
            server,
            b"POST /a%20b?x=1?y HTTP/1.1\r\nHost: h:1\r\nAccept: a\r\naccept: b\r\n"
            b"Connection: close\r\nContent-Length: 3\r\n\r\nabc",
        )
    [one] = seen
    assert one == Incoming(
        method="POST",
        target="/a%20b?x=1?y",
        path="/a%20b",
        query="x=1?y",
        headers=(
            ("host", "h:1"),
            ("accept", "a"),
            ("accept", "b"),
            ("connection", "close"),
            ("content-length", "3"),
        ),
        body=b"abc",
        peer=one.peer,
    )
    assert re.fullmatch(r"127\.0\.0\.1:\d+", one.peer)
    assert (one.header("ACCEPT"), one.header("cookie")) == ("a", None)


async def test_a_204_has_neither_body_nor_length() -> None:
    async def handler(incoming: Incoming) -> Reply:
        return Reply(204, b"must not appear")

    async with serving(handler) as server:
        answer = await ask(server, get(extra="Connection: close\r\n"))
    assert answer == b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n"


async def test_a_head_request_gets_the_length_without_the_body() -> None:
    async def handler(incoming: Incoming) -> Reply:
        return Reply(200, b"12345")

    async with serving(handler) as server:
        answer = await ask(server, b"HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"Content-Length: 5\r\nConnection: close\r\n\r\n")


async def test_one_connection_carries_several_requests_even_sent_ahead() -> None:
    async with serving() as server, connected(server) as (reader, writer):
        writer.write(
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\na"
            b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nb"
        )
        async with asyncio.timeout(LIMIT):
            assert await one_answer(reader) == (b"HTTP/1.1 200 OK", b"a")
            assert await one_answer(reader) == (b"HTTP/1.1 200 OK", b"b")
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nc")
            assert await one_answer(reader) == (b"HTTP/1.1 200 OK", b"c")


async def test_a_chunked_request_body_is_put_together() -> None:
    async with serving() as server, connected(server) as (reader, writer):
        writer.write(
            b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            b"2\r\nab\r\n1\r\nc\r\n0\r\n\r\n"
        )
        async with asyncio.timeout(LIMIT):
            assert await one_answer(reader) == (b"HTTP/1.1 200 OK", b"abc")


async def test_a_client_that_asks_first_is_told_to_go_on() -> None:
    async with serving() as server, connected(server) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n")
        writer.write(b"Expect: 100-continue\r\n\r\n")
        async with asyncio.timeout(LIMIT):
            assert (await reader.readuntil(b"\r\n\r\n")).startswith(b"HTTP/1.1 100 ")
            writer.write(b"z")
            assert await one_answer(reader) == (b"HTTP/1.1 200 OK", b"z")


@pytest.mark.parametrize(
    "data",
    [
        b"rubbish\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
        b"GET http://elsewhere/ HTTP/1.1\r\nHost: x\r\n\r\n",
        b"OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nbad header\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab",
    ],
)
async def test_a_malformed_request_gets_400_and_the_handler_never_sees_it(data: bytes) -> None:
    async def handler(incoming: Incoming) -> Reply:
        raise AssertionError("reached")

    async with serving(handler) as server, asyncio.timeout(LIMIT), connected(server) as pair:
        reader, writer = pair
        writer.write(data)
        writer.write_eof()
        answer = await reader.read()
    assert answer.split(b"\r\n", 1)[0] == b"HTTP/1.1 400 Bad Request"
    assert answer.endswith(b"\r\n\r\n400 Bad Request\n")


async def test_a_head_over_32_kilobytes_is_refused() -> None:
    async with serving() as server:
        status = await status_of(server, get(extra="X: " + "a" * 40_000 + "\r\n"))
    assert status == b"HTTP/1.1 431 Request Header Fields Too Large"


async def test_a_body_over_the_limit_is_refused_and_the_refusal_arrives() -> None:
    async with serving(max_body=1000) as server:
        head = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 500000\r\n\r\n"
        status = await status_of(server, head + b"a" * 500_000)
    # Its name is another from Python 3.13 on.
    assert status == f"HTTP/1.1 413 {HTTPStatus(413).phrase}".encode()


async def test_a_body_of_exactly_the_limit_is_served() -> None:
    async with serving(max_body=1000) as server, connected(server) as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n" + b"a" * 1000)
        async with asyncio.timeout(LIMIT):
            assert await one_answer(reader) == (b"HTTP/1.1 200 OK", b"a" * 1000)


@pytest.mark.parametrize("data", [b"GET / HT", get()[:-2], b"POST / HTTP/1.1\r\nHost: x\r\n"])
async def test_a_client_that_stops_in_the_middle_is_told_it_took_too_long(data: bytes) -> None:
    async with serving(timeout=0.05) as server:
        assert await status_of(server, data) == b"HTTP/1.1 408 Request Timeout"


async def test_a_client_that_never_speaks_is_let_go_without_an_answer() -> None:
    async with serving(timeout=0.05) as server:
        assert await ask(server, b"") == b""


async def test_the_timeout_does_not_touch_a_handler_that_waits() -> None:
    waited = asyncio.Event()

    async def handler(incoming: Incoming) -> Reply:
        with suppress(TimeoutError):
            async with asyncio.timeout(0.2):
                await waited.wait()
        return Reply(200, b"late")

    async with serving(handler, timeout=0.05) as server:
        assert (await ask(server, get(extra="Connection: close\r\n"))).endswith(b"late")


async def test_an_idle_kept_alive_connection_outlives_the_request_timeout() -> None:
    async with serving(timeout=0.05) as server, connected(server) as (reader, writer):
        async with asyncio.timeout(LIMIT):
            writer.write(get())
            await one_answer(reader)
            with suppress(TimeoutError):
                async with asyncio.timeout(0.2):
                    assert await reader.read() != b"", "the server hung up"
            writer.write(get())
            assert await one_answer(reader) == (b"HTTP/1.1 200 OK", b"")


async def test_a_failing_handler_is_a_500_and_one_report() -> None:
    seen: list[Exception] = []
    error = RuntimeError("secret detail")

    async def handler(incoming: Incoming) -> Reply:
        raise error

    async with (
        serving(handler, on_error=seen.append) as server,
        asyncio.timeout(LIMIT),
        connected(server) as (reader, writer),
    ):
        writer.write(get())
        assert await one_answer(reader) == (
            b"HTTP/1.1 500 Internal Server Error",
            b"500 Internal Server Error\n",
        )
        writer.write(get())
        assert (await one_answer(reader))[0] == b"HTTP/1.1 500 Internal Server Error"
    assert seen == [error, error]


async def test_without_a_hook_the_failure_is_one_line_of_logging(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def handler(incoming: Incoming) -> Reply:
        raise RuntimeError("broken")

    with caplog.at_level(logging.ERROR, "mcp_auth_tui.loopback.server"):
        async with serving(handler) as server:
            await ask(server, get(extra="Connection: close\r\n"))
    assert caplog.messages == ["a loopback handler failed: RuntimeError: broken"]


async def test_a_header_with_a_line_break_becomes_a_500_instead_of_two_headers() -> None:
    seen: list[Exception] = []

    async def handler(incoming: Incoming) -> Reply:
        return Reply(302, b"", (("Location", "/x\r\nSet-Cookie: a=b"),))

    async with serving(handler, on_error=seen.append) as server:
        answer = await ask(server, get(extra="Connection: close\r\n"))
    assert answer.startswith(b"HTTP/1.1 500 ")
    assert b"Set-Cookie" not in answer
    assert len(seen) == 1


async def test_a_stream_is_sent_chunk_by_chunk_as_it_grows() -> None:
    go_on = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        await go_on.wait()
        yield b""
        yield b"two"

    async def handler(incoming: Incoming) -> Reply:
        return Reply(200, pieces(), (("Content-Type", "text/event-stream"),))

    async with serving(handler) as server, connected(server) as (reader, writer):
        async with asyncio.timeout(LIMIT):
            writer.write(get())
            head = await reader.readuntil(b"\r\n\r\n")
            assert b"transfer-encoding: chunked" in head.lower()
            assert await reader.readuntil(b"one\r\n") == b"3\r\none\r\n"
            go_on.set()
            assert await reader.readuntil(b"0\r\n\r\n") == b"3\r\ntwo\r\n0\r\n\r\n"


async def test_a_connection_goes_on_after_a_stream_that_ended() -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"x"

    async def handler(incoming: Incoming) -> Reply:
        return Reply(200, pieces() if incoming.path == "/stream" else b"y")

    async with serving(handler) as server, connected(server) as (reader, writer):
        async with asyncio.timeout(LIMIT):
            writer.write(get("/stream") + get("/plain"))
            await reader.readuntil(b"0\r\n\r\n")
            assert await one_answer(reader) == (b"HTTP/1.1 200 OK", b"y")


async def test_a_stream_stops_when_the_client_leaves() -> None:
    stopped = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            yield b"one"
            await asyncio.Event().wait()
        finally:
            stopped.set()

    async def handler(incoming: Incoming) -> Reply:
        return Reply(200, pieces())

    async with serving(handler) as server:
        async with asyncio.timeout(LIMIT):
            async with connected(server) as (reader, writer):
                writer.write(get())
                await reader.readuntil(b"one")
            await stopped.wait()


async def test_a_stream_that_fails_is_cut_off_and_reported() -> None:
    seen: list[Exception] = []

    async def pieces() -> AsyncIterator[bytes]:
        yield b"one"
        raise RuntimeError("half way")

    async def handler(incoming: Incoming) -> Reply:
        return Reply(200, pieces())

    async with (
        serving(handler, on_error=seen.append) as server,
        asyncio.timeout(LIMIT),
        connected(server) as (reader, writer),
    ):
        writer.write(get())
        with pytest.raises((asyncio.IncompleteReadError, ConnectionResetError)):
            await reader.readuntil(b"0\r\n\r\n")
    assert [str(error) for error in seen] == ["half way"]


async def test_a_client_that_does_not_read_is_dropped() -> None:
    stopped = asyncio.Event()

    async def pieces() -> AsyncIterator[bytes]:
        try:
            while True:
                yield b"x" * 1_000_000
        finally:
            stopped.set()

    async def handler(incoming: Incoming) -> Reply:
        return Reply(200, pieces())

    async with (
        serving(handler, timeout=0.1) as server,
        asyncio.timeout(LIMIT),
        connected(server) as (_, writer),
    ):
        writer.write(get())
        await stopped.wait()


async def test_closing_ends_waiting_handlers_and_idle_connections_and_may_be_repeated() -> None:
    entered = asyncio.Event()

    async def handler(incoming: Incoming) -> Reply:
        if incoming.path == "/wait":
            entered.set()
            await asyncio.Event().wait()
        return Reply(200)

    server = await Loopback.bind(handler)
    async with asyncio.timeout(LIMIT):
        async with connected(server) as idle, connected(server) as waiting:
            idle[1].write(get())
            await one_answer(idle[0])
            waiting[1].write(get("/wait"))
            await entered.wait()
            await asyncio.gather(server.aclose(), server.aclose())
            await server.aclose()
            for reader, _ in (idle, waiting):
                with suppress(ConnectionResetError):
                    assert await reader.read() == b""
        with pytest.raises(ConnectionRefusedError):
            await asyncio.open_connection("127.0.0.1", server.port)


async def test_closing_does_not_wait_for_a_tls_handshake_that_never_comes() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("localhost").configure_cert(context)
    server = await Loopback.bind(echo, ssl=context)
    async with asyncio.timeout(LIMIT), connected(server):
        await server.aclose()


async def test_the_same_server_speaks_tls_when_given_a_context() -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    trusting = ssl.create_default_context()
    authority.configure_trust(trusting)
    async with (
        serving(ssl=context) as server,
        asyncio.timeout(LIMIT),
        connected(server, ssl=trusting) as (reader, writer),
    ):
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n")
        writer.write(b"Content-Length: 2\r\n\r\nhi")
        assert await one_answer(reader) == (b"HTTP/1.1 200 OK", b"hi")
        assert await reader.read() == b""


@pytest.mark.parametrize(
    "host",
    ["0.0.0.0", "192.0.2.1", "::", "::ffff:127.0.0.1", "localhost.example", "", "[::1]"],
)
async def test_only_loopback_may_be_bound_b1(host: str) -> None:
    """B1: the listener is on loopback addresses only."""
    with pytest.raises(ValueError, match=r"."):
        await Loopback.bind(echo, host)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2"])
async def test_an_ipv4_loopback_literal_is_bound_as_it_stands(host: str) -> None:
    async with serving(host=host) as server:
        assert server.host == host
        reader, writer = await asyncio.open_connection(host, server.port)
        writer.write(get())
        async with asyncio.timeout(LIMIT):
            assert (await one_answer(reader))[0] == b"HTTP/1.1 200 OK"
        writer.close()
        await writer.wait_closed()


def has_ipv6() -> bool:
    try:
        with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as sock:
            sock.bind(("::1", 0))
    except OSError:
        return False
    return True


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
@pytest.mark.parametrize(("host", "address"), [("::1", "::1"), ("localhost", "::1")])
async def test_the_ipv6_loopback_is_served(host: str, address: str) -> None:
    async with serving(host=host) as server:
        reader, writer = await asyncio.open_connection(address, server.port)
        writer.write(get())
        async with asyncio.timeout(LIMIT):
            assert (await one_answer(reader))[0] == b"HTTP/1.1 200 OK"
        writer.close()
        await writer.wait_closed()


async def test_localhost_is_served_on_the_ipv4_loopback() -> None:
    async with serving(host="localhost") as server:
        assert await status_of(server, get(extra="Connection: close\r\n")) == b"HTTP/1.1 200 OK"


@pytest.mark.skipif(not has_ipv6(), reason="this machine has no ::1")
async def test_localhost_is_not_taken_when_somebody_holds_its_other_half() -> None:
    with socket.socket(socket.AF_INET6, socket.SOCK_STREAM) as other:
        other.bind(("::1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            await Loopback.bind(echo, "localhost", other.getsockname()[1])


async def test_a_taken_port_is_an_error_and_never_shared() -> None:
    async with serving() as server:
        with pytest.raises(OSError, match="in use"):
            await Loopback.bind(echo, port=server.port)


async def test_a_port_can_be_taken_again_right_after_its_connections_were_closed() -> None:
    async with serving() as first, connected(first) as (reader, writer):
        writer.write(get())
        await one_answer(reader)
        await first.aclose()
    async with serving(port=first.port) as second:
        assert second.port == first.port


async def test_connections_beyond_the_limit_are_dropped_while_the_others_are_served(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mcp_auth_tui.loopback.server.MAX_CONNECTIONS", 1)
    asked, go = asyncio.Event(), asyncio.Event()

    async def handler(incoming: Incoming) -> Reply:
        asked.set()
        await go.wait()
        return Reply(200)

    async with asyncio.timeout(LIMIT), serving(handler) as server, connected(server) as first:
        reader, writer = first
        writer.write(get())
        await asked.wait()
        with suppress(ConnectionResetError):
            assert await ask(server, get()) == b""
        go.set()
        assert await one_answer(reader) == (b"HTTP/1.1 200 OK", b"")
        writer.write(get())
        assert await one_answer(reader) == (b"HTTP/1.1 200 OK", b"")


@pytest.mark.parametrize("sent", [b"", b"GET / HTTP/1.1\r\nHost:", get()])
async def test_a_connection_that_asks_nothing_gives_its_place_to_the_next(
    sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("mcp_auth_tui.loopback.server.MAX_CONNECTIONS", 1)
    async with asyncio.timeout(LIMIT), serving() as server, connected(server) as (reader, writer):
        writer.write(sent)
        if sent.endswith(b"\r\n\r\n"):
            await one_answer(reader)
        answer = await ask(server, get(extra="Connection: close\r\n"))
        assert answer.startswith(b"HTTP/1.1 200 OK")
        with suppress(ConnectionResetError):
            assert await reader.read() == b""
