"""What one run may take: each limit ends the run in its own words, and none as a fault of ours."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from mcp_auth_tui.model import Ended, Exchange, Outcome, Response, Stage
from mcp_auth_tui.protocol.actions import Protocol, Send
from mcp_auth_tui.run.budget import OCTETS, REQUESTS, Budget
from mcp_auth_tui.settings.inspect_options import InspectOptions
from tests import scripted
from tests.run.test_controller import REQUEST, Net, events, made

ONE = scripted.probe().exchange


def spent(budget: Budget, exchange: Exchange) -> Iterator[int]:
    while budget.excess() is None:
        budget.spend(exchange)
        yield 1


def test_requests_end_a_run() -> None:
    budget = Budget()
    assert sum(spent(budget, ONE)) == REQUESTS
    assert budget.excess() == (
        "The run was ended after 60 requests, its limit: it goes round in circles.",
        "Look in the list of exchanges for what repeats, and why it is answered so.",
    )


def test_octets_of_all_answers_together_end_it() -> None:
    large = replace(ONE, result=Response(200, (), bytes(4_000_000)))
    budget = Budget()
    assert sum(spent(budget, large)) * 4_000_000 == OCTETS
    assert budget.excess() == (
        "The run was ended after 32.0 MB of answers: its limit is 32.0 MB.",
        "Look in the list of exchanges for answers that are larger than they have to be.",
    )


def test_seconds_on_the_network_end_it_and_timeout_allows_more() -> None:
    slow = replace(ONE, seconds=20.0)
    assert sum(spent(Budget(), slow)) == 15
    assert sum(spent(Budget(timeout=20), slow)) == 30
    budget = Budget()
    budget.read(301.0, 10)
    assert budget.excess() == (
        "The run was ended after 5:01 on the network: its limit is 5:00.",
        "Look in the list of exchanges for what is slow; --timeout S allows more.",
    )


def test_what_comes_on_a_stream_counts_too() -> None:
    budget = Budget(octets=100)
    budget.read(0.0, 99)
    assert budget.excess() is None
    budget.read(0.0, 1)
    assert budget.excess() is not None


@pytest.mark.parametrize(("jobs", "octets"), [(1, 32_000_000), (20, 16_000_000), (100, 5_000_000)])
def test_urls_that_are_inspected_at_a_time_share_the_octets(jobs: int, octets: int) -> None:
    assert InspectOptions(urls=("x",), jobs=jobs).octets == octets


async def test_a_run_that_takes_too_much_ends_as_what_it_is() -> None:
    def body() -> Protocol[Outcome]:
        while True:
            yield Send(REQUEST)

    net = Net()
    last = (await events(made(body, net=net, budget=lambda: Budget(5))))[-1]
    assert isinstance(last, Ended)
    assert last.stop is not None
    assert (last.stop.id, last.exit, last.outcome) == ("net-budget", 5, Outcome.FAILED)
    assert (last.stop.stage, len(net.sent)) == (Stage.PROBE, 5)


def test_a_request_that_was_waited_for_goes_round_in_no_circle() -> None:
    """RFC 8628 §3.5: a device's code is polled for as long as it lives."""
    budget = Budget(2)
    for _ in range(100):
        budget.allow_one()
        budget.spend(ONE)
    assert budget.excess() is None
