"""Pins how the practice server starts and ends, alone and in a thread."""

import socket
import threading

import httpx
import pytest
from practice_client import practising

from mcp_auth_tui.demo.server import PracticeServer
from mcp_auth_tui.demo.thread import running


def two_free_ports() -> int:
    """A port that is free together with the next one."""
    for _ in range(50):
        with socket.socket() as first, socket.socket() as second:
            first.bind(("127.0.0.1", 0))
            port: int = first.getsockname()[1]
            try:
                second.bind(("127.0.0.1", port + 1))
            except (OSError, OverflowError):
                continue
            return port
    raise AssertionError("no two free ports")


async def test_a_port_given_is_the_mcp_servers_and_the_next_is_the_other() -> None:
    port = two_free_ports()
    async with practising(port=port) as practice:
        assert practice.server.url == f"http://127.0.0.1:{port}/mcp"
        assert practice.server.sse_url == f"http://127.0.0.1:{port}/sse"
        assert practice.issuer == f"http://127.0.0.1:{port + 1}"


async def test_a_taken_port_is_an_error_and_leaves_nothing_open() -> None:
    port = two_free_ports()
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", port + 1))
        taken.listen()
        with pytest.raises(OSError, match="in use"):
            await PracticeServer.start(port=port)
    async with practising(port=port):
        pass


async def test_closing_twice_is_fine_and_ends_what_hangs() -> None:
    server = await PracticeServer.start(faults={"hang"})
    await server.aclose()
    await server.aclose()
    async with httpx.AsyncClient(trust_env=False) as http:
        with pytest.raises(httpx.ConnectError):
            await http.get(server.url)


def test_in_a_thread_it_lasts_as_long_as_the_block() -> None:
    with running(auto_approve=True) as server:
        assert httpx.get(server.url, trust_env=False).status_code == 401
    with pytest.raises(httpx.ConnectError):
        httpx.get(server.url, trust_env=False)
    assert "practice-server" not in {thread.name for thread in threading.enumerate()}


def test_a_thread_passes_on_why_it_could_not_start() -> None:
    with (
        pytest.raises(ValueError, match="unknown fault, variant or weakness: nonsense"),
        running(faults={"nonsense"}),
    ):
        pass


def test_a_thread_ends_when_its_block_fails() -> None:
    with pytest.raises(RuntimeError, match="mine"), running():
        raise RuntimeError("mine")
    assert "practice-server" not in {thread.name for thread in threading.enumerate()}
