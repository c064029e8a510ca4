"""Connections without a proxy: what is kept, what is closed, and what comes in odd pieces."""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator

import pytest
import trustme
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_auth_tui.loopback.server import Reply
from mcp_auth_tui.model import Failure, Field, Kind, Request, Response, Stage
from mcp_auth_tui.net.connection import Octets
from mcp_auth_tui.net.network import Network
from mcp_auth_tui.net.settings import NetworkSettings
from tests.net.servers import GOOD, get, raw, site


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    made = Network("http://127.0.0.1/mcp", NetworkSettings(timeout=2.0), environ={})
    yield made
    await made.aclose()


class Server:
    """Answers each request with octets of its own, over connections that stay."""

    def __init__(self, *answers: bytes) -> None:
        self.answers = [*answers]
        self.connections = 0
        self.ended = asyncio.Event()

    async def __call__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while await self._request(reader):
            if not self.answers:
                return
            writer.write(self.answers.pop(0))
            await writer.drain()
        self.ended.set()

    async def _request(self, reader: asyncio.StreamReader) -> bool:
        try:
            return bool(await reader.readuntil(b"\r\n\r\n"))
        except asyncio.IncompleteReadError:
            return False


def body(result: Response | Failure) -> bytes:
    assert isinstance(result, Response), result
    return result.body


async def test_a_second_answer_that_nobody_asked_for_is_never_taken_for_the_next(
    network: Network,
) -> None:
    smuggled = GOOD.replace(b"{}", b"[]")
    server = Server(GOOD + smuggled, GOOD)
    async with raw(server) as port:
        for _ in range(2):
            result, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
            assert body(result) == b"{}"
    assert server.connections == 2


async def test_what_a_server_says_on_an_idle_connection_ends_its_use(network: Network) -> None:
    said = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(GOOD)
        await writer.drain()
        await asyncio.wait_for(asked.wait(), 2)
        writer.write(b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        said.set()
        await reader.read()

    asked = asyncio.Event()
    async with raw(talk) as port:
        await network.send(get(f"http://127.0.0.1:{port}/"))
        asked.set()
        await asyncio.wait_for(said.wait(), 2)
        result, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
    assert body(result) == b"{}"


async def test_answers_of_1xx_come_before_the_answer_and_are_passed_over(network: Network) -> None:
    early = b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n" * 50
    async with raw(Server(b"HTTP/1.1 100 Continue\r\n\r\n" + early + GOOD)) as port:
        result, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
    assert body(result) == b"{}"


async def test_a_switch_of_protocols_that_nobody_asked_for_is_no_answer(network: Network) -> None:
    server = Server(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\nrubbish", GOOD)
    async with raw(server) as port:
        refused, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
        assert isinstance(refused, Failure)
        assert refused.message == (
            f"127.0.0.1 port {port} sent an answer that breaks HTTP/1.1: status 101, a switch to"
            " another protocol that nobody asked for."
        )
        again, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
    assert body(again) == b"{}"
    assert server.connections == 2


async def test_an_answer_that_comes_before_the_request_was_read_is_read(network: Network) -> None:
    """The server refuses a large body by its head, and hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        await asyncio.wait_for(answered.wait(), 2)

    answered = asyncio.Event()
    large = (Field("x", "y" * 20_000_000),)
    async with raw(talk) as port:
        url = f"http://127.0.0.1:{port}/"
        request = Request(Stage.TOKEN, "t", "POST", url, Kind.TOKEN, form=large)
        result, _ = await network.send(request)
        answered.set()
    assert isinstance(result, Response)
    assert result.status == 413


async def test_a_request_that_is_given_up_takes_its_connection_with_it(network: Network) -> None:
    arrived, ended = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        arrived.set()
        assert await reader.read() == b""
        ended.set()

    async with raw(talk) as port:
        sending = asyncio.create_task(network.send(get(f"http://127.0.0.1:{port}/")))
        await asyncio.wait_for(arrived.wait(), 2)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
        await asyncio.wait_for(ended.wait(), 2)


async def test_a_connection_that_was_reset_while_idle_is_not_used_for_a_post(
    network: Network,
) -> None:
    """K6: a code that goes out on a dead connection is lost."""
    reset, asked = asyncio.Event(), asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(GOOD)
        await writer.drain()
        if not asked.is_set():
            await asyncio.wait_for(asked.wait(), 2)
            linger = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            writer.transport.abort()
            reset.set()

    async with raw(talk) as port:
        url = f"http://127.0.0.1:{port}/"
        await network.send(get(url))
        asked.set()
        await asyncio.wait_for(reset.wait(), 2)
        result, _ = await network.send(Request(Stage.TOKEN, "t", "POST", url, Kind.TOKEN))
    assert body(result) == b"{}"


async def test_a_server_that_lost_all_its_connections_is_asked_again_on_a_new_one(
    network: Network,
) -> None:
    """Two were kept: the second is no better than the first."""
    both, served = asyncio.Barrier(2), 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal served
        await reader.readuntil(b"\r\n\r\n")
        served += 1
        if served <= 2:
            await both.wait()
        writer.write(GOOD)
        await reader.readuntil(b"\r\n\r\n")

    async with raw(talk) as port:
        url = f"http://127.0.0.1:{port}/"
        await asyncio.gather(network.send(get(url)), network.send(get(url)))
        result, _ = await network.send(get(url))
    assert (body(result), served) == (b"{}", 3)


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_connection_on_which_a_body_still_waits_is_not_used_again(scheme: str) -> None:
    """The server answered by the head, says that it goes on, and reads no more."""
    ca, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    done = asyncio.Event()
    connections = 0

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(GOOD)
        await writer.drain()
        await asyncio.wait_for(done.wait(), 4)

    network = Network("http://127.0.0.1/", NetworkSettings(insecure=True, timeout=2.0), environ={})
    async with raw(talk, ssl=context if scheme == "https" else None) as port:
        url = f"{scheme}://127.0.0.1:{port}/"
        large = (Field("x", "y" * 20_000_000),)
        await network.send(Request(Stage.TOKEN, "t", "POST", url, Kind.TOKEN, form=large))
        result, _ = await network.send(get(url))
        done.set()
    await network.aclose()
    assert body(result) == b"{}"
    assert connections == 2


async def test_closing_the_network_ends_idle_connections(network: Network) -> None:
    server = Server(GOOD)
    async with raw(server) as port:
        await network.send(get(f"http://127.0.0.1:{port}/"))
        await network.aclose()
        await asyncio.wait_for(server.ended.wait(), 2)


@pytest.mark.skipif(not socket.has_ipv6, reason="this Python was built without IPv6")
async def test_an_address_of_version_six_is_connected_to(network: Network) -> None:
    async with site(Reply(200, b"{}"), host="::1") as server:
        port = server.url.rpartition(":")[2]
        result, _ = await network.send(get(f"http://[::1]:{port}/"))
    assert body(result) == b"{}"
    assert dict(server.asked[0].headers)["host"] == f"[::1]:{port}"


async def test_a_tls_connection_that_the_server_ended_is_replaced() -> None:
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert("127.0.0.1").configure_cert(context)
    with ca.cert_pem.tempfile() as file:
        network = Network("https://127.0.0.1/", NetworkSettings(ca_file=file), environ={})
        closed: list[asyncio.Event] = []

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            closed.append(asyncio.Event())
            await reader.readuntil(b"\r\n\r\n")
            writer.write(GOOD)
            await writer.drain()
            writer.close()
            await writer.wait_closed()
            closed[-1].set()

        server = await asyncio.start_server(talk, "127.0.0.1", 0, ssl=context)
        url = f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        for number in range(2):
            result, _ = await network.send(get(url))
            assert body(result) == b"{}"
            await asyncio.wait_for(closed[number].wait(), 2)
        await network.aclose()
        server.close()
        await server.wait_closed()
    assert len(closed) == 2


DOCUMENT = json.dumps({"issuer": "https://auth.example.com", "list": [1, 2, 3]}).encode()
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(1, 60), max_size=40), st.booleans())
def test_an_answer_is_the_same_in_whatever_pieces_it_comes(cuts: list[int], whole: bool) -> None:
    if whole:
        octets = HEAD + b"Content-Length: %d\r\n\r\n" % len(DOCUMENT) + DOCUMENT
    else:
        parts = (DOCUMENT[i : i + 7] for i in range(0, len(DOCUMENT), 7))
        chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)
        octets = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunks + b"0\r\n\r\n"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        rest = octets
        for cut in cuts:
            writer.write(rest[:cut])
            rest = rest[cut:]
            await writer.drain()
            await asyncio.sleep(0)
        writer.write(rest)
        await writer.drain()
        await reader.read()

    async def exchange() -> Response | Failure:
        network = Network("http://127.0.0.1/", NetworkSettings(timeout=5.0), environ={})
        async with raw(talk) as port:
            result, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
            await network.aclose()
        return result

    assert body(asyncio.run(exchange())) == DOCUMENT


class Transport(asyncio.Transport):
    """Tells whether it was asked to wait."""

    paused = False

    def is_closing(self) -> bool:
        return False

    def pause_reading(self) -> None:
        self.paused = True

    def resume_reading(self) -> None:
        self.paused = False


async def test_a_server_that_sends_faster_than_is_read_waits() -> None:
    octets, transport = Octets(), Transport()
    octets.connection_made(transport)
    for _ in range(5):
        octets.data_received(b"x" * 100_000)
    assert transport.paused
    left = 500_000
    while left:
        left -= len(await octets.read())
    assert not transport.paused


async def test_others_have_their_turn_between_the_pieces_of_a_large_answer() -> None:
    """What comes at once may be tens of thousands of chunks: seconds of work."""
    octets, turns = Octets(), 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    octets.connection_made(Transport())
    octets.data_received(b"x" * 256 * 1024)
    task = asyncio.create_task(other())
    pieces = [await octets.read() for _ in range(16)]
    task.cancel()
    assert [len(piece) for piece in pieces] == [16 * 1024] * 16
    assert turns >= 15
