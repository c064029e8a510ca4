"""How a connection is made: several addresses, TLS, and whoever gives up in the middle."""

from __future__ import annotations

import asyncio
import errno
import socket
import sys
import threading
from collections.abc import Callable

import pytest
import trustme

from mcp_auth_tui.model import Failure, Response, Whose
from mcp_auth_tui.net.dial import reach
from mcp_auth_tui.net.network import Network, Tls
from mcp_auth_tui.net.settings import NetworkSettings
from mcp_auth_tui.net.wire import make_context
from tests.net.servers import GOOD, get, hangs, raw, says, serving

FIRST = "127.0.0.2"


async def asked(
    url: str, *, timeout: float = 2.0, ca_file: str | None = None
) -> Response | Failure:
    network = Network(url, NetworkSettings(timeout=timeout, ca_file=ca_file), environ={})
    result, _ = await network.send(get(url))
    await network.aclose()
    return result


@pytest.fixture
def first(monkeypatch: pytest.MonkeyPatch) -> Callable[[int | None], None]:
    """Decide what becomes of connections to the first address: an error, or nothing at all."""

    def becomes(number: int | None) -> None:
        real = asyncio.SelectorEventLoop.sock_connect

        async def connect(loop: asyncio.SelectorEventLoop, end: socket.socket, to: object) -> None:
            if isinstance(to, tuple) and to[0] == FIRST:
                if number is None:
                    await asyncio.Event().wait()
                raise OSError(number, "as the test has it")
            await real(loop, end, to)  # type: ignore[arg-type]  # an address is what sockets take

        monkeypatch.setattr(asyncio.SelectorEventLoop, "sock_connect", connect)

    return becomes


@pytest.mark.parametrize("number", [None, errno.ECONNREFUSED, errno.ENETUNREACH])
async def test_an_address_that_hangs_or_refuses_takes_no_time_from_the_next(
    names: dict[str, list[str]], first: Callable[[int | None], None], number: int | None
) -> None:
    names["two.example"] = [FIRST, "127.0.0.1"]
    first(number)
    async with raw(says(GOOD)) as port:
        result = await asked(f"http://two.example:{port}/")
    assert isinstance(result, Response), result


async def test_the_first_address_is_used_where_it_answers(names: dict[str, list[str]]) -> None:
    names["two.example"] = ["127.0.0.1", FIRST]
    async with raw(says(GOOD)) as port:
        result = await asked(f"http://two.example:{port}/")
    assert isinstance(result, Response), result


@pytest.mark.parametrize("order", [1, -1])
async def test_where_no_address_answers_the_one_is_told_to_which_there_is_a_way(
    names: dict[str, list[str]], first: Callable[[int | None], None], order: int
) -> None:
    """A machine without IPv6 has no route to one half of a host whose other half is down."""
    names["two.example"] = [FIRST, "127.0.0.1"][::order]
    first(errno.ENETUNREACH)
    async with raw(hangs) as port:
        pass
    result = await asked(f"http://two.example:{port}/")
    assert isinstance(result, Failure)
    told = f"two.example port {port} refused the connection (nothing listens there)."
    assert (result.message, result.whose) == (told, Whose.SERVER)


async def test_who_gives_up_while_addresses_are_tried_leaves_nothing_behind(
    names: dict[str, list[str]], first: Callable[[int | None], None]
) -> None:
    names["two.example"] = [FIRST, "127.0.0.1"]
    first(None)
    network = Network("http://two.example/", NetworkSettings(timeout=2.0), environ={})
    async with raw(says(GOOD)) as port:
        for steps in range(12):
            sending = asyncio.create_task(network.send(get(f"http://two.example:{port}/")))
            for _ in range(steps):
                await asyncio.sleep(0)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
    await network.aclose()
    await asyncio.sleep(0)
    assert asyncio.all_tasks() == {asyncio.current_task()}


async def test_who_gives_up_while_tls_begins_leaves_no_connection_and_breaks_none(
    ca: trustme.CA, trust: str
) -> None:
    """A socket that is closed under its transport breaks the next one of the same number."""
    settings = NetworkSettings(timeout=5.0, ca_file=trust)
    async with raw(says(GOOD), ssl=serving(ca, "127.0.0.1")) as port:
        url = f"https://127.0.0.1:{port}/"
        network = Network(url, settings, environ={})
        assert isinstance((await network.send(get(url)))[0], Response)
        for steps in range(12):
            sending = asyncio.create_task(network.send(get(url)))
            for _ in range(steps):
                await asyncio.sleep(0)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            result, _ = await network.send(get(url))
            assert isinstance(result, Response), result
        await network.aclose()


async def test_ssl_cert_file_is_trusted_beside_the_store_of_the_system(
    ca: trustme.CA, trust: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As OpenSSL has it, also where the system keeps a store of its own."""
    tls = Tls(NetworkSettings())
    with monkeypatch.context() as elsewhere:
        elsewhere.setattr(sys, "platform", "darwin")
        elsewhere.setenv("SSL_CERT_FILE", trust)
        tls.loaded = make_context(None, insecure=False)
    async with raw(says(GOOD), ssl=serving(ca, "127.0.0.1")) as port:
        network = Network(f"https://127.0.0.1:{port}/", environ={}, tls=tls)
        result, _ = await network.send(get(f"https://127.0.0.1:{port}/"))
        await network.aclose()
    assert isinstance(result, Response), result


async def test_a_handshake_that_hangs_is_told_by_the_limit_that_was_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not by that of the loop, a minute, as if the server had hung up."""
    monkeypatch.setattr("asyncio.constants.SSL_HANDSHAKE_TIMEOUT", 0.01)
    async with raw(hangs) as port:
        result = await asked(f"https://127.0.0.1:{port}/", timeout=0.2)
    assert result == Failure(
        "net-timeout",
        f"No secure connection to 127.0.0.1 port {port} within 0.2 s: the TLS handshake hung.",
        "Check that this port speaks TLS: one of plain HTTP may wait for more, and wants http://."
        " Else something before the server holds the connection.",
        Whose.BETWEEN,
    )


async def test_a_dot_at_the_end_of_a_host_is_no_part_of_its_certificate(
    names: dict[str, list[str]], ca: trustme.CA, trust: str
) -> None:
    """RFC 6066 §3: the name is sent without it."""
    names["dot.example."] = ["127.0.0.1"]
    async with raw(says(GOOD), ssl=serving(ca, "dot.example")) as port:
        result = await asked(f"https://dot.example.:{port}/", ca_file=trust)
    assert isinstance(result, Response), result


async def test_an_idle_connection_is_asked_for_a_sign_of_life() -> None:
    async with raw(hangs) as port:
        with await reach(["127.0.0.1"], port, 2.0) as end:
            assert end.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)


def test_a_name_server_that_does_not_answer_is_named_and_keeps_nobody(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The system's resolver cannot be interrupted: nobody waits for it once time is up."""
    release = threading.Event()

    def hang(*_: object, **__: object) -> object:
        release.wait(10)
        raise socket.gaierror(socket.EAI_AGAIN, "at last")

    monkeypatch.setattr(socket, "getaddrinfo", hang)
    result = asyncio.run(asked("https://slow.example/", timeout=0.2))
    still = not release.is_set()
    release.set()
    told = "The name slow.example could not be resolved: no name server answered within 0.2 s."
    assert (result, still) == (Failure("net-dns", told), True)
