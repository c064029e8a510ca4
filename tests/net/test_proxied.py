"""Requests through a proxy: what is the proxy's fault is told as the proxy's."""

from __future__ import annotations

import asyncio

import pytest
import trustme

from mcp_auth_tui.model import Failure, Response, Whose
from mcp_auth_tui.net.network import Network
from mcp_auth_tui.net.settings import NetworkSettings
from tests.net.servers import GOOD, Talk, get, hangs, raw, says, serving

MEND = (
    "Start or mend the proxy, or correct its address (--proxy, HTTPS_PROXY); NO_PROXY goes past it."
)


async def through(proxy: str, trust: str, url: str = "https://a.example/") -> Response | Failure:
    settings = NetworkSettings(timeout=0.5, ca_file=trust, proxy=proxy)
    network = Network(url, settings, environ={})
    result, _ = await network.send(get(url))
    await network.aclose()
    return result


def leading_to(port: int) -> Talk:
    """Open a tunnel to a port of this machine, whatever was asked for."""

    async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                writer.write(data)
        finally:
            writer.close()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        there, back = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(pump(reader, back), pump(there, writer), return_exceptions=True)

    return talk


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_server_is_reached_through_a_proxy_that_is_trusted_as_servers_are(
    ca: trustme.CA, trust: str, scheme: str
) -> None:
    own = serving(ca, "127.0.0.1") if scheme == "https" else None
    async with (
        raw(says(GOOD), ssl=serving(ca, "a.example")) as port,
        raw(leading_to(port), ssl=own) as proxy,
    ):
        result = await through(f"{scheme}://127.0.0.1:{proxy}", trust)
    assert isinstance(result, Response), result


@pytest.mark.parametrize(
    ("talk", "kind", "told"),
    [
        (hangs, "net-timeout", "took the request, but did not answer within 0.5 s."),
        (says(b""), "net-connect", "closed the connection without an answer."),
        (
            says(b"SSH-2.0\r\n\r\n"),
            "net-connect",
            "did not answer in HTTP/1.1: illegal status line: 'SSH-2.0'.",
        ),
    ],
    ids=["hangs", "hangs up", "is none"],
)
async def test_a_proxy_that_makes_no_tunnel_is_told_and_not_the_server_behind_it(
    trust: str, talk: Talk, kind: str, told: str
) -> None:
    async with raw(talk) as port:
        proxy = f"http://127.0.0.1:{port}"
        result = await through(proxy, trust)
    assert result == Failure(kind, f"The proxy {proxy} {told}", MEND, Whose.BETWEEN)


async def test_a_proxy_that_is_not_there_is_the_proxys_and_no_servers_fault(trust: str) -> None:
    async with raw(hangs) as port:
        pass
    proxy = f"http://127.0.0.1:{port}"
    told = f"The proxy {proxy} refused the connection (nothing listens there)."
    assert await through(proxy, trust) == Failure("net-connect", told, MEND, Whose.BETWEEN)


@pytest.mark.parametrize("url", ["https://a.example/", "http://a.example/"])
async def test_the_certificate_of_a_proxy_is_told_as_that_of_the_proxy(
    trust: str, url: str
) -> None:
    async with raw(hangs, ssl=serving(trustme.CA(), "127.0.0.1")) as port:
        result = await through(f"https://127.0.0.1:{port}", trust, url)
    assert isinstance(result, Failure)
    told = f"No secure connection to the proxy https://127.0.0.1:{port}: its certificate was issued"
    assert (result.kind, result.message[: len(told)]) == ("net-tls", told)


async def test_a_server_that_hangs_behind_a_proxy_is_told_as_the_server(
    ca: trustme.CA, trust: str
) -> None:
    async with (
        raw(hangs, ssl=serving(ca, "a.example")) as port,
        raw(leading_to(port)) as proxy,
    ):
        result = await through(f"http://127.0.0.1:{proxy}", trust)
    assert result == Failure(
        "net-timeout",
        "a.example port 443 took the request, but did not answer within 0.5 s.",
        whose=Whose.SERVER,
    )


async def test_a_proxy_that_wants_to_know_who_asks_is_told_how(trust: str) -> None:
    async with raw(says(b"HTTP/1.1 407 Who Asks\r\nContent-Length: 0\r\n\r\n")) as port:
        result = await through(f"http://127.0.0.1:{port}", trust)
    assert result == Failure(
        "net-connect",
        "The proxy refused to connect to a.example port 443: 407 Who Asks.",
        "Give the proxy a user name and password: --proxy http://NAME:PASSWORD@HOST:PORT.",
        Whose.BETWEEN,
    )
