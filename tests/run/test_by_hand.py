"""What a person does to a run by hand: edits, sends again, takes the address, refreshes."""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import replace

import pytest

from mcp_auth_tui.desktop.browser import Browser
from mcp_auth_tui.model import (
    Browsed,
    Ended,
    Event,
    Exchange,
    Exchanged,
    Failure,
    Field,
    Learned,
    Outcome,
    Ready,
    Response,
    Secret,
    Session,
    Stage,
    Started,
)
from mcp_auth_tui.model.oauth import Client, Token
from mcp_auth_tui.protocol.actions import Browse, Protocol
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.render.document import document
from mcp_auth_tui.run.assembly import controller as assembled
from mcp_auth_tui.settings.options import Options
from tests.run.test_controller import ATTEMPT, REQUEST, URL, Net, Opener, events, made, two_sends


async def test_a_request_is_sent_again_beside_a_stepped_run_which_stays_where_it_is() -> None:
    net = Net()
    controller = made(two_sends, net=net, stepping=True)
    seen: list[Event] = []
    async with aclosing(controller.run()) as run:
        async for event in run:
            seen.append(event)
            if isinstance(event, Ready) and len(net.sent) == 1:
                before = controller.session
                net.answers = [Response(418)]
                again = [each async for each in controller.send_again(REQUEST, 1)]
                assert [type(each) for each in again] == [Exchanged]
                assert controller.session.ready == before.ready
                assert controller.session.stages == before.stages
            if isinstance(event, Ready):
                controller.step()
    session = controller.session
    assert [(e.number, e.again, e.edited, e.status, e.attempt) for e in session.exchanges] == [
        (1, 0, False, 200, 1),
        (2, 1, False, 418, 1),
        (3, 0, False, 200, 2),
    ]
    assert session.outcome is Outcome.OK
    assert session.marks == ("exchange 2 sends exchange 1 again",)
    assert document(session, marks=("x",))["marks"] == ["x", "exchange 2 sends exchange 1 again"]


async def test_what_is_sent_again_changed_is_marked_as_edited_too() -> None:
    controller = made(two_sends)
    await events(controller)
    edited = replace(REQUEST, headers=(Field("X", "1"),))
    [event] = [each async for each in controller.send_again(edited, 2)]
    assert isinstance(event, Exchanged)
    assert (event.exchange.again, event.exchange.edited) == (2, True)
    bad = replace(REQUEST, headers=(Field("X", "a\nb"),))
    [event] = [each async for each in controller.send_again(bad, 2)]
    assert isinstance(event, Exchanged)
    assert event.exchange.result == Failure("net-connect", "It cannot be sent: a line break.")


async def test_after_the_run_a_request_goes_by_a_network_of_its_own_which_is_closed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    nets: list[Net] = []

    def network(*args: object, **more: object) -> Net:
        nets.append(Net())
        return nets[-1]

    monkeypatch.setattr("mcp_auth_tui.run.assembly.Network", network)
    controller = assembled(Options(), Config(url=URL), person=True)
    monkeypatch.setattr(controller, "_flow", lambda *_: two_sends())
    async with aclosing(controller.run()) as run:
        assert isinstance([event async for event in run][-1], Ended)
    assert nets[0].closed
    [event] = [each async for each in controller.send_again(REQUEST, 1)]
    assert isinstance(event, Exchanged)
    assert event.exchange.number == 3
    assert (len(nets), nets[1].sent, nets[1].closed) == (2, [REQUEST], True)


def browses() -> Protocol[Outcome]:
    yield Browse(ATTEMPT, 60.0)
    return Outcome.OK


async def test_a_person_who_takes_the_address_along_is_no_edit_and_opens_nothing() -> None:
    opener = Opener()
    controller = made(browses, browser=opener, stepping=True)

    def react(event: Event) -> None:
        if isinstance(event, Ready):
            controller.step(unopened=True)

    seen = await events(controller, react)
    [browsed] = [event for event in seen if isinstance(event, Browsed)]
    assert (browsed.opened, browsed.edited) == (False, False)
    assert opener.urls == []
    assert controller.session.marks == ()


async def test_an_edited_authorization_request_is_marked() -> None:
    controller = made(browses, stepping=True)

    def react(event: Event) -> None:
        if isinstance(event, Ready):
            controller.step(replace(ATTEMPT, scope="more"))

    await events(controller, react)
    assert controller.session.marks == ("the authorization request was edited by hand",)


async def test_a_browser_is_opened_again_on_demand() -> None:
    opener = Opener()
    controller = made(browses, browser=opener)
    opened = await controller.browse("https://as.example/authorize")
    assert opened.opened
    assert opener.urls == ["https://as.example/authorize"]


@pytest.mark.parametrize(
    ("mode", "environ", "opens"),
    [
        ("none", {"DISPLAY": ":0"}, False),
        ("follow", {"DISPLAY": ":0"}, False),
        ("auto", {"DISPLAY": ":0"}, True),
        ("auto", {}, False),
        ("auto", {"DISPLAY": ":0", "SSH_CONNECTION": "a 1 b 22"}, False),
        ("firefox", {}, True),
    ],
)
def test_it_is_known_beforehand_whether_anything_will_be_opened(
    mode: str, environ: dict[str, str], opens: bool
) -> None:
    assert Browser(mode, environ, "linux").opens is opens


TOKEN = Token(Secret("at"), "Bearer", "https://as.example", URL, "c", 1.0, refresh=Secret("rt"))


async def test_a_refresh_takes_the_token_over_and_a_marked_run_stays_marked() -> None:
    """F2: a refused refresh loses nothing that was obtained."""

    def over() -> Protocol[Outcome]:
        yield from ()
        return Outcome.OK

    client = Client("c", "dynamic", "https://as.example", "http://127.0.0.1:1/", "none")
    edited = Exchange(1, REQUEST, Response(200), 1.0, 0.1, edited=True)
    known = Session()
    for event in (Learned("client", client), Learned("token", TOKEN), Exchanged(edited)):
        known = known.apply(event)
    controller = made(over)
    async with aclosing(controller.run(known, Stage.TOKEN)) as run:
        [started, *_] = [event async for event in run]
    assert isinstance(started, Started)
    assert dict(started.known)["token"] == TOKEN
    assert Stage.AUTHORIZE in started.skipped
    assert controller.session.headers == {"Authorization": Secret("Bearer at")}
    assert controller.session.marks == ("a run before this: exchange 1 was edited by hand",)


async def test_without_a_refresh_token_nothing_of_the_sign_in_is_taken_over() -> None:
    known = Session().apply(Learned("token", replace(TOKEN, refresh=None)))
    controller = made(two_sends)
    async with aclosing(controller.run(known, Stage.TOKEN)) as run:
        [started, *_] = [event async for event in run]
    assert isinstance(started, Started)
    assert started.known == ()
