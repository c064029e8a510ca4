"""One exchange over a real loopback socket."""

from __future__ import annotations

import asyncio
import errno
import gzip
import json
import socket
import ssl
import subprocess
import sys
import zlib
from collections.abc import AsyncIterator
from dataclasses import replace

import httpx
import pytest
import trustme

from mcp_auth_tui import __version__
from mcp_auth_tui.loopback.server import Reply
from mcp_auth_tui.model import Failure, Field, Kind, Request, Response, Secret, Stage, Whose
from mcp_auth_tui.net import faults
from mcp_auth_tui.net.network import Network
from mcp_auth_tui.net.proxies import Proxies
from mcp_auth_tui.net.settings import NetworkSettings
from mcp_auth_tui.protocol.mcp.jsonrpc import stateless
from mcp_auth_tui.records import dataclass
from tests.net.servers import get, hangs, raw, says, site

JSON = (("Content-Type", "application/json"),)

HUNG_UP = (
    "Look in the log of the server, or of the proxy before it, for why it ended the connection."
)
MEND = "Mend it at the server, or the proxy before it: curl -v shows the answer."
PORT = "Check that the port is the one of the HTTP server, and whether a proxy is before it."
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


def windows(number: int) -> OSError:
    error = OSError(errno.EINVAL, "as Windows has it")
    error.winerror = number  # type: ignore[attr-defined]  # there only
    return error


@dataclass(frozen=True, kw_only=True)
class Limits(NetworkSettings):
    """Settings whose total is one of its own."""

    whole: float

    @property
    def total(self) -> float:
        return self.whole


@pytest.fixture
async def network() -> AsyncIterator[Network]:
    made = Network("http://127.0.0.1/mcp", Limits(timeout=2.0, whole=5.0), environ={})
    yield made
    await made.aclose()


def server_tls(ca: trustme.CA, *names: str, **options: object) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, **options).configure_cert(context)  # type: ignore[arg-type]
    return context


def ended(result: Response | Failure) -> Failure:
    assert isinstance(result, Failure)
    return result


@pytest.mark.parametrize(
    "host", ["999.1.1.1", "a..b", "[::g]", "1.2.3.4.5.6:x", "[fe80::1%25eth0]"]
)
async def test_a_host_that_is_none_is_a_failure_and_no_fault_of_ours(
    network: Network, host: str
) -> None:
    result, _ = await network.send(get(f"http://{host}/"))
    assert ended(result).kind == "net-dns"


async def test_the_answer_is_what_crossed_the_wire(network: Network) -> None:
    async with site(Reply(401, b"no", (("WWW-Authenticate", "Bearer"), ("X-A", "b")))) as server:
        result, timing = await network.send(get(server.url + "/a%20b?c=d"))
    assert isinstance(result, Response)
    assert (result.status, result.body, result.truncated, result.http_version) == (
        401,
        b"no",
        False,
        "HTTP/1.1",
    )
    assert result.header("www-authenticate") == "Bearer"
    assert server.asked[0].target == "/a%20b?c=d"
    assert timing.connect > 0
    assert timing.wait > 0
    assert timing.tls == 0


async def test_a_request_carries_no_more_than_it_must(network: Network) -> None:
    """A9: no credentials, cookies or tokens of our own making."""
    cookie = Reply(200, b"{}", (*JSON, ("Set-Cookie", "a=b; Path=/")))
    async with site(cookie) as server:
        await network.send(get(server.url))
        await network.send(get(server.url))
    host = server.url.removeprefix("http://")
    assert [item.headers for item in server.asked] == 2 * [
        (
            ("host", host),
            ("user-agent", f"mcp-auth-tui/{__version__}"),
            ("accept", "*/*"),
            ("accept-encoding", "identity"),
        )
    ]


async def test_a_form_is_sent_encoded(network: Network) -> None:
    fields = (Field("grant_type", "authorization_code"), Field("code", Secret("a b&c")))
    async with site(Reply(200, b"{}", JSON)) as server:
        request = Request(Stage.TOKEN, "t", "POST", server.url, Kind.TOKEN, form=fields)
        await network.send(request)
    assert server.asked[0].body == b"grant_type=authorization_code&code=a+b%26c"
    assert server.asked[0].header("content-type") == "application/x-www-form-urlencoded"


async def test_json_is_sent_as_utf8_and_its_headers_win_over_ours(network: Network) -> None:
    async with site(Reply(200, b"{}", JSON)) as server:
        request = Request(
            Stage.PROBE,
            "p",
            "POST",
            server.url,
            Kind.MCP,
            (Field("Accept", "text/event-stream"),),
            json={"a": "é"},
        )
        await network.send(request)
    assert json.loads(server.asked[0].body) == {"a": "é"}
    assert server.asked[0].header("accept") == "text/event-stream"
    assert server.asked[0].header("content-type") == "application/json"


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "snow ☃", "a\vb", "secret "])
async def test_a_header_that_cannot_be_sent_is_refused_before_the_wire(
    network: Network, value: str
) -> None:
    """SPEC 6: no CR/LF ever."""
    async with site(Reply(200)) as server:
        with pytest.raises(ValueError, match="X-A") as raised:
            await network.send(get(server.url, **{"X-A": value}))
    assert value not in str(raised.value)
    assert server.asked == []


async def test_a_redirect_is_not_followed(network: Network) -> None:
    """K6, U2: each hop is an exchange of its own."""
    async with site(Reply(302, b"", (("Location", "/elsewhere"),))) as server:
        result, _ = await network.send(get(server.url))
    assert isinstance(result, Response)
    assert (result.status, result.header("location")) == (302, "/elsewhere")
    assert len(server.asked) == 1


@pytest.mark.parametrize("place", ["http://[::1", "?", "https://:x/", "a" * 20_000, "http://h h/"])
async def test_a_location_that_is_no_url_is_only_text(network: Network, place: str) -> None:
    async with site(Reply(302, b"", (("Location", place),))) as server:
        result, _ = await network.send(get(server.url))
    assert isinstance(result, Response)
    assert (result.status, result.header("location")) == (302, place)


async def test_one_connection_serves_an_origin(network: Network) -> None:
    async with site(Reply(200, b"{}", JSON)) as server:
        for _ in range(5):
            await network.send(get(server.url))
        assert server.connections == 1


async def test_a_kept_connection_that_the_server_closed_is_replaced(network: Network) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    async with raw(says(answer)) as port:
        for _ in range(3):
            result, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
            assert isinstance(result, Response)


def breaks_on_the_second(seen: list[bytes]) -> object:
    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")
        if len(seen) == 1:
            seen.append(await reader.readuntil(b"\r\n\r\n"))

    return talk


async def test_a_get_on_a_kept_connection_that_broke_is_sent_once_more(network: Network) -> None:
    seen: list[bytes] = []
    async with raw(breaks_on_the_second(seen)) as port:  # type: ignore[arg-type]
        for _ in range(2):
            result, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
            assert isinstance(result, Response)
    assert len(seen) == 3


async def test_a_post_that_does_no_harm_twice_is_sent_once_more_too(network: Network) -> None:
    seen: list[bytes] = []
    async with raw(breaks_on_the_second(seen)) as port:  # type: ignore[arg-type]
        url = f"http://127.0.0.1:{port}/"
        await network.send(get(url))
        asked = stateless(
            Stage.VERIFY, url, "tools/list", {}, id=1, token=None, version="1", purpose="t"
        )
        result, _ = await network.send(asked)
        assert isinstance(result, Response)
    assert len(seen) == 3


async def test_an_event_stream_on_a_kept_connection_that_broke_is_opened_once_more(
    network: Network,
) -> None:
    seen: list[bytes] = []
    async with raw(breaks_on_the_second(seen)) as port:  # type: ignore[arg-type]
        url = f"http://127.0.0.1:{port}/"
        await network.send(get(url))
        result, _, stream = await network.open(get(url))
        assert isinstance(result, Response)
        assert stream is None
    assert len(seen) == 3


async def test_a_post_that_may_have_been_processed_is_never_sent_again(network: Network) -> None:
    """K6: a code is not resent."""
    seen: list[bytes] = []
    async with raw(breaks_on_the_second(seen)) as port:  # type: ignore[arg-type]
        url = f"http://127.0.0.1:{port}/"
        await network.send(get(url))
        result, _ = await network.send(Request(Stage.TOKEN, "t", "POST", url, Kind.TOKEN))
    assert ended(result) == Failure(
        "net-connect",
        f"127.0.0.1 port {port} closed the connection without an answer.",
        HUNG_UP,
        Whose.SERVER,
    )
    assert len(seen) == 2


async def test_warming_prepares_a_connection_and_sends_nothing(network: Network) -> None:
    arrived = asyncio.Queue[bytes]()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arrived.put_nowait(b"connected")
        arrived.put_nowait(await reader.readuntil(b"\r\n\r\n"))
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

    async with raw(talk) as port:
        url = f"http://127.0.0.1:{port}/"
        await network.warm(url)
        await network.warm(url)
        assert await asyncio.wait_for(arrived.get(), 2) == b"connected"
        result, _ = await network.send(get(url))
        assert isinstance(result, Response)
        assert (await arrived.get()).startswith(b"GET / HTTP/1.1\r\n")
        assert arrived.empty()


async def test_warming_leaves_a_live_connection_alone(network: Network) -> None:
    async with site(Reply(200, b"{}", JSON)) as server:
        await network.send(get(server.url))
        await network.warm(server.url)
        await network.send(get(server.url))
        assert server.connections == 1


async def test_warming_what_cannot_be_reached_is_silent(network: Network) -> None:
    await network.warm("http://127.0.0.1:1/")
    await network.warm("nonsense")


async def test_a_warm_tls_connection_has_its_handshake_behind_it(tmp_path: object) -> None:
    ca = trustme.CA()
    with ca.cert_pem.tempfile() as file:
        network = Network("https://127.0.0.1/", NetworkSettings(ca_file=file), environ={})
        async with site(Reply(200, b"{}", JSON), ssl=server_tls(ca, "127.0.0.1")) as server:
            await network.warm(server.url)
            await network.warm(server.url)
            result, timing = await network.send(get(server.url))
            await network.aclose()
    assert isinstance(result, Response)
    assert timing.tls < 0.001


async def test_a_parked_connection_that_the_server_closed_is_not_used(network: Network) -> None:
    count = 0
    closed = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal count
        count += 1
        if count == 1:
            writer.close()
            await writer.wait_closed()
            closed.set()
            return
        await says(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")(reader, writer)

    async with raw(talk) as port:
        await network.warm(f"http://127.0.0.1:{port}/")
        await asyncio.wait_for(closed.wait(), 2)
        result, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
    assert isinstance(result, Response)
    assert count == 2


@pytest.mark.parametrize(
    ("kind", "limit", "name"),
    [
        (Kind.METADATA, 256 * 1024, "256 KB, the limit for a metadata document"),
        (
            Kind.TOKEN,
            64 * 1024,
            "64 KB, the limit for an answer of a token or registration endpoint",
        ),
        (Kind.MCP, 4 * 1024 * 1024, "4 MB, the limit for an MCP answer"),
    ],
)
async def test_a_body_over_the_limit_of_its_kind_is_not_read(
    network: Network, kind: Kind, limit: int, name: str
) -> None:
    """SPEC 6: bodies are limited."""
    async with site(lambda r: Reply(200, b"x" * (limit + int(r.query)), JSON)) as server:
        fits, _ = await network.send(get(server.url + "/?0", kind))
        over, _ = await network.send(get(server.url + "/?1", kind))
        where = server.url.removeprefix("http://").replace(":", " port ")
    assert isinstance(fits, Response)
    assert len(fits.body) == limit
    assert over == Failure("net-oversize", f"{where} sent more than {name}.", whose=Whose.SERVER)


@pytest.mark.parametrize("reply", [Reply(404, b"x" * 300_000), Reply(200, b"x" * 300_000)])
async def test_a_long_error_page_is_cut_and_its_status_kept(network: Network, reply: Reply) -> None:
    html = Reply(reply.status, reply.body, (("Content-Type", "text/html"),))
    async with site(html) as server:
        result, _ = await network.send(get(server.url))
    assert isinstance(result, Response)
    assert (result.status, len(result.body), result.truncated) == (reply.status, 262_144, True)


async def test_a_large_head_is_refused(network: Network) -> None:
    """SPEC 6: header 32 KB."""
    many = tuple((f"X-{i}", "y" * 1000) for i in range(40))
    async with site(Reply(200, b"{}", many)) as server:
        result, _ = await network.send(get(server.url))
    assert "header fields of more than 32 KB" in ended(result).message
    assert ended(result).kind == "net-oversize"
    assert ended(result).next.startswith("Send fewer or shorter header fields")


@pytest.mark.parametrize(
    ("encoding", "body"),
    [
        ("gzip", gzip.compress(b'{"a": 1}')),
        ("deflate", zlib.compress(b'{"a": 1}')),
        ("deflate", zlib.compress(b'{"a": 1}')[2:-4]),
        ("identity", b'{"a": 1}'),
    ],
    ids=["gzip", "deflate", "raw deflate", "identity"],
)
async def test_an_encoded_body_is_inflated_though_nobody_asked(
    network: Network, encoding: str, body: bytes
) -> None:
    async with site(Reply(200, body, (*JSON, ("Content-Encoding", encoding)))) as server:
        result, _ = await network.send(get(server.url))
    assert isinstance(result, Response)
    assert result.body == b'{"a": 1}'


async def test_a_decompression_bomb_stops_at_the_limit(network: Network) -> None:
    bomb = gzip.compress(b"\0" * 50_000_000)
    async with site(Reply(200, bomb, (*JSON, ("Content-Encoding", "gzip")))) as server:
        result, _ = await network.send(get(server.url, Kind.TOKEN))
    assert ended(result).kind == "net-oversize"


@pytest.mark.parametrize(("encoding", "body"), [("br", b"x"), ("gzip", b"not gzip")])
async def test_an_encoding_that_cannot_be_undone_is_a_failure_but_no_status_is_lost(
    network: Network, encoding: str, body: bytes
) -> None:
    async with site(
        lambda r: Reply(int(r.query), body, (*JSON, ("Content-Encoding", encoding)))
    ) as server:
        good, _ = await network.send(get(server.url + "/?200"))
        bad, _ = await network.send(get(server.url + "/?404"))
    assert f"content encoding '{encoding}'" in ended(good).message
    assert isinstance(bad, Response)
    assert (bad.status, bad.body, bad.truncated) == (404, b"", True)


async def test_reading_stops_when_enough_was_read(network: Network) -> None:
    hold = asyncio.Event()

    async def body() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"
        await hold.wait()

    async with site(lambda _: Reply(200, body(), (("Content-Type", "text/event-stream"),))) as s:
        result, _ = await network.send(get(s.url, Kind.MCP), lambda chunk: b"\n\n" in chunk)
    assert isinstance(result, Response)
    assert (result.body, result.truncated) == (b"data: 1\n\n", False)


async def test_an_answer_that_ends_with_enough_keeps_its_connection(network: Network) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"data: 1\n\n"

    async with site(lambda _: Reply(200, body(), (("Content-Type", "text/event-stream"),))) as s:
        for _ in range(2):
            await network.send(get(s.url, Kind.MCP), lambda chunk: b"\n\n" in chunk)
        assert s.connections == 1


async def test_a_stream_is_read_piece_by_piece_to_its_end(network: Network) -> None:
    async def body() -> AsyncIterator[bytes]:
        yield b"event: endpoint\n\n"
        yield b"data: 1\n\n"

    async with site(lambda _: Reply(200, body(), (("Content-Type", "text/event-stream"),))) as s:
        head, _, stream = await network.open(get(s.url, Kind.MCP))
        assert isinstance(head, Response)
        assert (head.status, head.body) == (200, b"")
        assert stream is not None
        pieces = b""
        while piece := await stream.read():
            assert isinstance(piece, bytes)
            pieces += piece
        await stream.aclose()
    assert pieces == b"event: endpoint\n\ndata: 1\n\n"


async def test_what_is_no_stream_is_read_whole(network: Network) -> None:
    async with site(Reply(405, b"no", JSON)) as server:
        head, _, stream = await network.open(get(server.url, Kind.MCP))
    assert isinstance(head, Response)
    assert (head.status, head.body, stream) == (405, b"no", None)


async def test_a_stream_over_the_limit_ends_with_a_failure(network: Network) -> None:
    async def body() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 1_000_000

    async with site(lambda _: Reply(200, body(), (("Content-Type", "text/event-stream"),))) as s:
        _, _, stream = await network.open(get(s.url, Kind.MCP))
        assert stream is not None
        piece: bytes | Failure = b"x"
        while isinstance(piece, bytes) and piece:
            piece = await stream.read()
        await stream.aclose()
    assert isinstance(piece, Failure)
    assert piece.kind == "net-oversize"


@pytest.mark.parametrize(("total", "within", "told"), [(0.2, None, "0.2 s"), (30.0, 0.2, "0 s")])
async def test_a_silent_stream_is_left_after_its_limit(
    total: float, within: float | None, told: str
) -> None:
    """That of the stream, or what is left of a conversation."""
    network = Network("http://127.0.0.1/", Limits(timeout=0.2, whole=total), environ={})
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(head)
        await hangs(reader, writer)

    async with raw(talk) as port:
        _, _, stream = await network.open(get(f"http://127.0.0.1:{port}/", Kind.MCP))
        assert stream is not None
        piece = await stream.read(within)
        await stream.aclose()
        await network.aclose()
    assert piece == Failure(
        "net-slow",
        f"127.0.0.1 port {port} began to answer, then sent nothing more for {told}.",
        whose=Whose.SERVER,
    )


@pytest.mark.parametrize(
    ("answer", "sentence", "next"),
    [
        (b"", "closed the connection without an answer.", HUNG_UP),
        (HEAD[:20], "broke off in the middle of its answer.", HUNG_UP),
        (
            HEAD + b"Content-Length: 9\r\n\r\nx",
            "broke off in the middle of its answer (received 1 bytes, expected 9).",
            HUNG_UP,
        ),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\n5\r\nab",
            "broke off in the middle of its answer (incomplete chunked read).",
            HUNG_UP,
        ),
        (
            HEAD + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n",
            "sent an answer that breaks HTTP/1.1: illegal chunk header: 'xyz\\r\\n'.",
            MEND,
        ),
        (
            HEAD + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nx",
            "sent an answer that breaks HTTP/1.1: conflicting Content-Length headers.",
            MEND,
        ),
        (
            HEAD + b"X A: b\r\n\r\n",
            "sent an answer that breaks HTTP/1.1: illegal header line: 'X A: b'.",
            MEND,
        ),
        (
            b"HTTP/2 200 OK\r\n\r\n",
            "did not answer in HTTP/1.1: illegal status line: 'HTTP/2 200 OK'.",
            PORT,
        ),
    ],
)
async def test_a_broken_answer_is_told(
    network: Network, answer: bytes, sentence: str, next: str
) -> None:
    async with raw(says(answer)) as port:
        result, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
    where = f"127.0.0.1 port {port}"
    assert result == Failure("net-connect", f"{where} {sentence}", next, Whose.SERVER)


@pytest.mark.parametrize(
    ("greeting", "told"),
    [
        (
            b"SSH-2.0-OpenSSH_9\r\n",
            Failure(
                "net-connect",
                "{} did not answer in HTTP/1.1: what it sent begins 'SSH-2.0-OpenSSH_9'.",
                PORT,
                Whose.SERVER,
            ),
        ),
        (
            b"\x15\x03\x01\x00\x02\x02\x46",
            Failure(
                "net-connect",
                "{} speaks TLS on this port, and was asked without.",
                "Try the same URL with https://.",
                Whose.CLIENT,
            ),
        ),
    ],
    ids=["a line without an end of a head", "a TLS alert"],
)
async def test_a_server_of_another_protocol_is_told_at_once(
    network: Network, greeting: bytes, told: Failure
) -> None:
    """Not as one that gives no answer: those that speak first then wait for a line of theirs."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await hangs(reader, writer)

    async with raw(talk) as port:
        result, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
    assert result == replace(told, message=told.message.format(f"127.0.0.1 port {port}"))


@pytest.mark.parametrize(
    ("error", "sentence", "whose"),
    [
        (
            OSError(errno.EINVAL, "Invalid argument"),
            "a link-local address is one of many",
            Whose.NETWORK,
        ),
        (PermissionError(errno.EPERM, "not permitted"), "a firewall, or a sandbox", Whose.NETWORK),
        (windows(1225), "refused the connection (nothing listens there).", Whose.SERVER),
        (windows(1231), "cannot be reached (no route to the network).", Whose.NETWORK),
    ],
)
def test_what_the_system_refuses_is_told_alike_on_all_of_them(
    error: OSError, sentence: str, whose: Whose
) -> None:
    """The event loop of Windows raises errors whose `errno` says nothing."""
    raised = httpx.ConnectError(str(error))
    raised.__cause__ = error
    told = faults.failure(raised, "a.example port 443", "connect", 1.0)
    assert (sentence in told.message, told.whose) == (True, whose)


async def test_a_closed_port_is_told(network: Network) -> None:
    async with raw(hangs) as port:
        pass
    result, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
    assert ended(result) == Failure(
        "net-connect",
        f"127.0.0.1 port {port} refused the connection (nothing listens there).",
        "Start the server, or correct the port in the URL.",
        Whose.SERVER,
    )


@pytest.mark.parametrize(
    ("timeout", "total", "sentence"),
    [
        (0.1, 5.0, "{} took the request, but did not answer within 0.1 s."),
        (
            5.0,
            0.1,
            "The request to {} was given up after 0.1 s in all, while waiting for the answer.",
        ),
    ],
)
async def test_a_server_that_hangs_is_given_up_and_the_limit_named(
    timeout: float, total: float, sentence: str
) -> None:
    """SPEC 6: 10 s to connect and read, 30 s in total."""
    network = Network("http://127.0.0.1/", Limits(timeout=timeout, whole=total), environ={})
    async with raw(hangs) as port:
        result, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
        await network.aclose()
    assert ended(result) == Failure(
        "net-timeout", sentence.format(f"127.0.0.1 port {port}"), whose=Whose.SERVER
    )


@pytest.mark.parametrize(
    ("timeout", "total", "sentence"),
    [
        (0.1, 5.0, "{} began to answer, then sent nothing more for 0.1 s."),
        (5.0, 0.1, "The request to {} was given up after 0.1 s in all, while reading the answer."),
    ],
)
@pytest.mark.parametrize("begun", [b"", b'{"issuer": '], ids=["head", "half a body"])
async def test_an_answer_that_begins_and_does_not_end_is_slow_and_no_time_out(
    timeout: float, total: float, sentence: str, begun: bytes
) -> None:
    """SPEC 6: what was cut off is another matter than what never came."""
    network = Network("http://127.0.0.1/", Limits(timeout=timeout, whole=total), environ={})

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n" + begun)
        await hangs(reader, writer)

    async with raw(talk) as port:
        result, _ = await network.send(get(f"http://127.0.0.1:{port}/"))
        await network.aclose()
    assert ended(result) == Failure(
        "net-slow", sentence.format(f"127.0.0.1 port {port}"), whose=Whose.SERVER
    )


@pytest.mark.parametrize(
    ("number", "why"),
    [
        (socket.EAI_NONAME, "no such host"),
        (socket.EAI_AGAIN, "the name server did not answer"),
        (socket.EAI_FAIL, "the resolver of this machine failed (as the system has it)"),
    ],
)
async def test_a_name_without_address_is_told(
    network: Network, monkeypatch: pytest.MonkeyPatch, number: int, why: str
) -> None:
    def nothing(*_: object, **__: object) -> object:
        raise socket.gaierror(number, "as the system has it")

    monkeypatch.setattr(socket, "getaddrinfo", nothing)
    result, _ = await network.send(get("http://nowhere.invalid/"))
    assert ended(result) == Failure(
        "net-dns", f"The name nowhere.invalid could not be resolved: {why}."
    )


async def test_a_url_that_cannot_be_asked_is_a_failure(network: Network) -> None:
    for url in ("ftp://127.0.0.1/", "http://", "http://127.0.0.1:99999/"):
        result, _ = await network.send(get(url))
        assert ended(result).kind == "net-dns"


async def test_https_works_with_a_given_ca() -> None:
    ca = trustme.CA()
    with ca.cert_pem.tempfile() as file:
        network = Network("https://localhost/", NetworkSettings(ca_file=file), environ={})
        async with site(
            Reply(200, b"{}", JSON), ssl=server_tls(ca, "localhost"), host="localhost"
        ) as server:
            result, timing = await network.send(get(server.url))
            await network.aclose()
    assert isinstance(result, Response)
    assert timing.tls > 0


async def tls_failure(context: ssl.SSLContext, ca_file: str | None = None) -> tuple[Failure, str]:
    network = Network("https://127.0.0.1/", NetworkSettings(ca_file=ca_file), environ={})
    async with site(Reply(200), ssl=context) as server:
        result, _ = await network.send(get(server.url))
        await network.aclose()
    where = server.url.removeprefix("https://").replace(":", " port ")
    return ended(result), f"No secure connection to {where}: its certificate "


async def test_an_unknown_ca_is_told() -> None:
    failure, start = await tls_failure(server_tls(trustme.CA(), "127.0.0.1"))
    assert failure.kind == "net-tls"
    assert failure.message.startswith(f"{start}was issued by a CA that this machine does not trust")


async def test_a_certificate_for_another_host_is_told() -> None:
    ca = trustme.CA()
    with ca.cert_pem.tempfile() as file:
        failure, start = await tls_failure(server_tls(ca, "mcp.example.com"), ca_file=file)
    assert failure == Failure("net-tls", f"{start}is for another IP address.", whose=Whose.SERVER)


async def test_an_expired_certificate_is_told() -> None:
    from datetime import UTC, datetime

    ca = trustme.CA()
    old = {
        "not_before": datetime(2020, 1, 1, tzinfo=UTC),
        "not_after": datetime(2020, 2, 1, tzinfo=UTC),
    }
    with ca.cert_pem.tempfile() as file:
        failure, start = await tls_failure(server_tls(ca, "127.0.0.1", **old), ca_file=file)
    assert failure == Failure("net-tls", f"{start}has expired.", whose=Whose.SERVER)


async def test_plain_http_on_an_https_port_is_told(network: Network) -> None:
    async with site(Reply(200)) as server:
        result, _ = await network.send(get(server.url.replace("http:", "https:")))
    assert ended(result).kind == "net-tls"
    assert ended(result).message.endswith("it does not speak TLS on this port (plain HTTP?).")
    assert ended(result).next.startswith("Try the same URL with http://")


async def test_a_missing_ca_file_is_told() -> None:
    network = Network("https://127.0.0.1/", NetworkSettings(ca_file="/nowhere/ca.pem"), environ={})
    result, _ = await network.send(get("https://127.0.0.1:1/"))
    assert ended(result).kind == "net-tls"
    assert "The CA file /nowhere/ca.pem cannot be used" in ended(result).message


async def test_insecure_accepts_any_certificate_and_says_so() -> None:
    network = Network("https://127.0.0.1/", NetworkSettings(insecure=True), environ={})
    async with site(Reply(200, b"{}"), ssl=server_tls(trustme.CA(), "other.example")) as server:
        result, _ = await network.send(get(server.url))
        await network.aclose()
    assert isinstance(result, Response)
    assert NetworkSettings(insecure=True).marks == (
        "TLS certificates are NOT checked (--insecure)",
    )


async def test_a_given_proxy_takes_even_loopback(network: Network) -> None:
    async with site(Reply(200, b"{}", JSON)) as proxy:
        settings = NetworkSettings(proxy=proxy.url.replace("//", "//u:p@"))
        through = Network("http://127.0.0.1/", settings, environ={})
        target: list[str] = []

        async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            target.append((await reader.readuntil(b"\r\n\r\n")).decode())
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}")

        async with raw(talk) as port:
            settings = NetworkSettings(proxy=f"http://u:p@127.0.0.1:{port}")
            through = Network("http://127.0.0.1/", settings, environ={})
            result, _ = await through.send(get("http://127.0.0.1:9/x"))
            await through.aclose()
    assert isinstance(result, Response)
    assert target[0].startswith("GET http://127.0.0.1:9/x HTTP/1.1\r\n")
    assert "Proxy-Authorization: Basic dTpw\r\n" in target[0]
    said = Proxies.read(f"http://u:p@127.0.0.1:{port}", {}).description
    assert said == f"through the proxy http://127.0.0.1:{port}"


async def test_a_proxy_that_refuses_is_told() -> None:
    async with raw(says(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")) as port:
        network = Network(
            "https://a.example/", NetworkSettings(proxy=f"127.0.0.1:{port}"), environ={}
        )
        result, _ = await network.send(get("https://a.example/"))
        await network.aclose()
    assert ended(result) == Failure(
        "net-connect",
        "The proxy refused to connect to a.example port 443: 403 Forbidden.",
        "Ask for leave at the proxy, or go past it (--proxy, NO_PROXY).",
        Whose.BETWEEN,
    )


async def test_a_dead_proxy_is_named() -> None:
    network = Network("https://a.example/", NetworkSettings(proxy="http://127.0.0.1:1"), environ={})
    result, _ = await network.send(get("https://a.example/"))
    assert ended(result).message == (
        "The proxy http://127.0.0.1:1 refused the connection (nothing listens there)."
    )


def test_a_network_costs_no_import_until_it_is_used() -> None:
    code = (
        "import sys; from mcp_auth_tui.net.network import Network; Network('https://a.example/');"
        "sys.exit(bool({'httpcore', 'httpx', 'anyio', 'truststore'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
