"""Many URLs side by side: bounded, in the order that they are done, and no heap of results."""

from __future__ import annotations

import asyncio
import gc
import weakref
from dataclasses import replace

import pytest

from mcp_auth_tui import findings
from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.inspect.pool import Networks, inspect_all
from mcp_auth_tui.inspect.target import inspect_url
from mcp_auth_tui.model import Level, Outcome, Session, Stage
from mcp_auth_tui.net.network import Network
from mcp_auth_tui.protocol.actions import Now, Protocol
from mcp_auth_tui.protocol.config import Config
from tests.bench import endpoints
from tests.bench.inspect_bench import served


async def one(url: str, network: Network) -> Session:
    return await inspect_url(Config(url=url, version="1"), network)


async def test_no_more_than_the_bound_are_under_way_and_each_is_handed_over_once() -> None:
    under_way, most, done = 0, 0, list[str]()

    async def slowly(url: str, network: Network) -> Session:
        nonlocal under_way, most
        under_way += 1
        most = max(most, under_way)
        for _ in range(3):
            await asyncio.sleep(0)
        under_way -= 1
        return Session(url=url)

    urls = [f"http://127.0.0.1:{port}/mcp" for port in range(1, 51)]
    await inspect_all(iter(urls), slowly, Network, lambda session: done.append(session.url), jobs=7)
    assert most == 7
    assert sorted(done) == sorted(urls)


async def test_a_slow_host_holds_its_own_place_and_no_other() -> None:
    """The first URL never answers; all others are done before it."""
    never, done = asyncio.Event(), list[str]()
    slow = "http://127.0.0.1:1/slow"
    urls = [slow, *(f"http://127.0.0.1:{port}/mcp" for port in range(2, 40))]

    async def inspect(url: str, network: Network) -> Session:
        if url == slow:
            await never.wait()
        return Session(url=url)

    def told(session: Session) -> None:
        done.append(session.url)
        if len(done) == len(urls) - 1:
            never.set()

    async with asyncio.timeout(20):
        await inspect_all(iter(urls), inspect, Network, told, jobs=2)
    assert done == [*urls[1:], slow]


async def test_what_the_reader_raises_ends_all_and_is_raised() -> None:
    async def inspect(url: str, network: Network) -> Session:
        return Session(url=url)

    def full(session: Session) -> None:
        raise OSError("nobody reads this any more")

    urls = iter(["http://127.0.0.1:1/a", "http://127.0.0.1:1/b", "http://127.0.0.1:1/c"])
    with pytest.raises(OSError, match="nobody reads"):
        await inspect_all(urls, inspect, Network, full, jobs=2)


async def test_a_network_is_used_again_for_the_same_origin_and_for_no_other() -> None:
    """SPEC 6: which addresses it may connect to depends on what was typed."""
    networks = Networks.of(Network, 2)
    first = await networks.take("http://127.0.0.1:1/a")
    networks.give("http://127.0.0.1:1/a", first)
    other = await networks.take("http://127.0.0.2:1/a")
    assert other is not first
    assert await networks.take("http://127.0.0.1:1/b") is first


async def test_never_more_networks_are_kept_than_may_be_in_use() -> None:
    networks = Networks.of(Network, 3)
    for number in range(20):
        url = f"http://127.0.0.1:{number + 1}/a"
        networks.give(url, await networks.take(url))
        assert networks.busy + len(networks.rest) <= 3
    await networks.aclose()
    assert not networks.rest


async def test_sessions_are_let_go_of_as_soon_as_they_are_told() -> None:
    kept: list[weakref.ref[object]] = []

    class Marked:
        """Something to hang a weak reference on: a session has slots."""

    async def inspect(url: str, network: Network) -> Session:
        mark = Marked()
        kept.append(weakref.ref(mark))
        return Session(url=url, contact=mark)

    alive: list[int] = []

    def told(session: Session) -> None:
        gc.collect()
        alive.append(sum(ref() is not None for ref in kept))

    urls = iter([f"http://127.0.0.1:{port}/mcp" for port in range(1, 31)])
    await inspect_all(urls, inspect, Network, told, jobs=3)
    assert max(alive) <= 3


async def test_a_hundred_endpoints_are_inspected_without_a_finding() -> None:
    sessions: list[Session] = []
    with served() as port:
        urls = iter([endpoints.url(number, port) for number in range(100)])
        await inspect_all(urls, one, Network, sessions.append, jobs=20)
    assert len({session.url for session in sessions}) == 100
    assert {item.level for session in sessions for item in session.findings} <= {
        Level.OK,
        Level.INFO,
    }
    assert {session.outcome for session in sessions} == {Outcome.OK}


async def test_one_url_takes_no_longer_than_it_may() -> None:
    with running(faults=["hang"]) as practice:
        network = Network(practice.url)
        session = await inspect_url(Config(url=practice.url), network, seconds=0.5)
        await network.aclose()
    assert session.stop is not None
    assert (session.stop.id, session.stop.stage, session.exit) == ("net-slow", Stage.RESOURCE, 1)


def test_a_finding_changes_nothing_of_a_session_but_its_findings() -> None:
    """An inspection gathers them beside the session, for speed."""
    finding = findings.finding("as-pkce-plain", Stage.SERVER)
    assert Session().apply(finding) == replace(Session(), findings=(finding,))


async def test_a_fault_of_our_own_is_a_finding_and_keeps_what_was_found() -> None:
    def way(config: Config) -> Protocol[Outcome]:
        yield Now()
        raise ZeroDivisionError("ours")

    network = Network("http://127.0.0.1:1/mcp")
    session = await inspect_url(Config(url="http://127.0.0.1:1/mcp"), network, flow=way)
    assert session.stop is not None
    assert (session.stop.id, session.outcome) == ("client-bug", Outcome.FAILED)
