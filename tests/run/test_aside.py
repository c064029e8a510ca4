"""What is done beside a run that has ended: its exchanges and findings join the session."""

from __future__ import annotations

import asyncio
import json
from contextlib import aclosing
from typing import Any

from mcp_auth_tui.keys.jose import Keys
from mcp_auth_tui.model import (
    CANCELLED,
    Event,
    Exchanged,
    Kind,
    Learned,
    Outcome,
    Request,
    Response,
    Secret,
    Stage,
)
from mcp_auth_tui.model.oauth import AuthorizationServer, Token
from mcp_auth_tui.protocol.actions import FlowStop, Protocol, Send
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.jwt import read_jwt
from mcp_auth_tui.protocol.tokens.signatures import check
from mcp_auth_tui.run.controller import Controller
from tests.run.test_controller import REQUEST, URL, Net, events, made

AS = "https://as.example"
JSON = (("content-type", "application/json"),)


def one_request() -> Protocol[Outcome]:
    yield Send(REQUEST)
    return Outcome.OK


async def beside(controller: Controller, asked: Any) -> list[Event]:
    async with asyncio.timeout(10), aclosing(controller.aside(asked)) as seen:
        return [event async for event in seen]


def look() -> Protocol[None]:
    yield Send(Request(Stage.RESOURCE, "scan", "GET", f"{URL}/x", Kind.METADATA))
    yield Learned("scanned", "found")


async def test_an_exchange_beside_the_run_is_numbered_on_and_the_outcome_stays() -> None:
    net = Net()
    controller = made(one_request, later=[net])
    await events(controller)
    seen = await beside(controller, look())
    assert [type(event) for event in seen] == [Exchanged, Learned]
    session = controller.session
    assert [item.number for item in session.exchanges] == [1, 2]
    assert (session.outcome, session.scanned) == (Outcome.OK, "found")
    assert [request.purpose for request in net.sent] == ["scan"]
    assert net.closed


async def test_what_is_asked_for_beside_a_cancelled_run_is_done_and_never_stepped() -> None:
    controller = made(one_request, stepping=True)
    controller.cancel()
    assert (await events(controller))[-1].exit == 130  # type: ignore[union-attr]
    seen = await beside(controller, look())
    assert [type(event) for event in seen] == [Exchanged, Learned]


async def test_a_stop_beside_the_run_is_a_finding_and_a_cancel_ends_it_quietly() -> None:
    hanging = Net()
    hanging.hang = asyncio.Event()
    controller = made(one_request, later=[Net(), hanging])
    await events(controller)
    judge = Judge(Config(url=URL), Stage.RESOURCE)

    def stops() -> Protocol[None]:
        yield from ()
        judge.stop("net-downgrade", seen="x")

    (finding,) = await beside(controller, stops())
    assert finding.id == "net-downgrade"  # type: ignore[union-attr]
    assert controller.session.stop is None
    assert issubclass(FlowStop, Exception)
    task = asyncio.ensure_future(beside(controller, look()))
    await asyncio.wait_for(hanging.hang.wait(), 10)
    controller.cancel()
    (hung,) = await asyncio.wait_for(task, 10)  # what was on its way, and no finding
    assert isinstance(hung, Exchanged) and hung.exchange.failure is not None
    assert hung.exchange.failure.kind == CANCELLED


async def test_a_real_signature_is_checked_with_the_keys_that_the_issuer_publishes() -> None:
    """RFC 7515 §5.2: a good one, and the same token with one character changed."""
    keys = Keys(clock=lambda: 1000.0)
    keys.generate("as")
    signed = keys.sign("as", {"typ": "at+jwt"}, {"iss": AS, "sub": "ada"}, alg="ES256")
    head, claims, signature = signed.jwt.reveal().split(".")
    forged = ".".join((head, claims, ("B" if signature[0] == "A" else "A") + signature[1:]))
    server = AuthorizationServer(AS, None, document={"jwks_uri": f"{AS}/keys"})
    body = json.dumps({"keys": [dict(signed.public)]}).encode()
    judge = Judge(Config(url=URL), Stage.TOKEN)
    for jwt, good in ((signed.jwt.reveal(), True), (forged, False)):
        controller = made(one_request, later=[Net([Response(200, JSON, body)])])
        await events(controller)
        jose, read = read_jwt(jwt)
        held = Token(Secret(jwt), "Bearer", AS, URL, "c", 1000.0, claims=read, jose=jose)
        await beside(controller, check(judge, server, held))
        (checked,) = controller.session.checked
        assert (checked.ok, checked.exchange) == (good, 2)
