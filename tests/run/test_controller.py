"""Driving a run: hand-written generators, a scripted network, a real listener."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from mcp_auth_tui import findings
from mcp_auth_tui.desktop.browser import OpenResult
from mcp_auth_tui.loopback.callback import Listener
from mcp_auth_tui.model import (
    CANCELLED,
    Browsed,
    Ended,
    Entered,
    Event,
    Exchange,
    Exchanged,
    Failure,
    Field,
    Finding,
    Kind,
    Learned,
    Left,
    Level,
    Outcome,
    Question,
    Ready,
    Released,
    Request,
    Response,
    Resumed,
    Secret,
    Session,
    Stage,
    Started,
    Status,
    Timing,
    Waiting,
)
from mcp_auth_tui.model.oauth import Attempt, Contact, Token
from mcp_auth_tui.protocol.actions import (
    Answer,
    Ask,
    Await,
    Bind,
    Browse,
    Callback,
    Close,
    FlowStop,
    Now,
    Open,
    Protocol,
    RandomOctets,
    Read,
    Send,
    Sign,
    Sleep,
)
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.run.budget import REQUESTS
from mcp_auth_tui.run.controller import Controller

URL = "https://mcp.example/mcp"
REQUEST = Request(Stage.PROBE, "first contact", "POST", URL, Kind.MCP)
ATTEMPT = Attempt(
    1,
    "https://as.example/authorize?state=s",
    "https://as.example",
    "https://as.example/authorize",
    "https://as.example/token",
    "client",
    "http://127.0.0.1:1/callback",
    Secret("s"),
    Secret("v"),
    None,
    None,
    False,
)
Body = Callable[[], Protocol[Outcome]]


class Net:
    """A network that answers from a list and remembers what it was asked."""

    def __init__(self, answers: Sequence[Response | Failure] = ()) -> None:
        self.answers = list(answers)
        self.sent: list[Request] = []
        self.warmed: list[str] = []
        self.stream: Stream | None = None
        self.hang: asyncio.Event | None = None
        self.closed = False

    async def send(self, request: Request, enough: object = None) -> tuple[Any, Timing]:
        self.sent.append(request)
        if self.hang is not None:
            self.hang.set()
            await asyncio.Event().wait()
        for field in request.headers:
            if "\n" in field.raw:
                raise ValueError("a line break")
        answer = self.answers.pop(0) if self.answers else Response(200)
        return answer, Timing(connect=1.0)

    async def open(self, request: Request) -> tuple[Any, Timing, Any]:
        self.sent.append(request)
        return Response(200), Timing(), self.stream

    async def warm(self, url: str) -> None:
        self.warmed.append(url)

    async def aclose(self) -> None:
        self.closed = True


class Stream:
    def __init__(self, *pieces: bytes | Failure) -> None:
        self.pieces = list(pieces)
        self.closed = 0

    async def read(self, within: float) -> bytes | Failure:
        assert within == 5.0
        return self.pieces.pop(0) if self.pieces else b""

    async def aclose(self) -> None:
        self.closed += 1


class Opener:
    def __init__(self, opened: bool = True, forward: str = "") -> None:
        self.opened = OpenResult(opened, "done so")
        self.forward = forward
        self.urls: list[str] = []

    async def open(self, url: str) -> OpenResult:
        self.urls.append(url)
        return self.opened

    def forward_note(self) -> str:
        return ""

    def ssh_forward(self, port: int) -> str:
        return self.forward and f"{self.forward} {port}"


def made(
    body: Body,
    *,
    net: Net | None = None,
    later: Sequence[Net] = (),
    browser: Opener | None = None,
    person: bool = True,
    stepping: bool = False,
    **options: Any,
) -> Controller:
    def flow(config: Config, known: Session, start: Stage) -> Protocol[Outcome]:
        return body()

    nets = iter([net or Net(), *later])
    options.setdefault("clock", lambda: 1000.0)
    return Controller(
        Config(url=URL),
        lambda: next(nets, Net()),  # type: ignore[arg-type, return-value]
        browser or Opener(),  # type: ignore[arg-type]
        person=person,
        stepping=stepping,
        flow=flow,
        **options,
    )


Reaction = Callable[[Event], Any]


async def events(controller: Controller, react: Reaction | None = None) -> list[Event]:
    """Take every event; ``react`` is called with each while the run stands still."""
    seen: list[Event] = []
    async with asyncio.timeout(10), aclosing(controller.run()) as run:
        async for event in run:
            seen.append(event)
            if react is not None:
                react(event)
    return seen


def replayed(seen: list[Event]) -> Session:
    session = Session()
    for event in seen:
        session = session.apply(event)
    return session


def untimed(event: Event) -> Event:
    if isinstance(event, Exchanged):
        return Exchanged(replace(event.exchange, seconds=0.0))
    return event


async def test_notes_and_exchanges_are_told_in_order_and_the_outcome_last() -> None:
    note = findings.ok("rs-open", Stage.PROBE)
    got: list[Any] = []

    def body() -> Protocol[Outcome]:
        got.append((yield Entered(Stage.PROBE)))
        got.append((yield Send(REQUEST)))
        got.append((yield note))
        yield Learned("revision", "2025-11-25")
        yield Left(Stage.PROBE, Status.DONE, "fine")
        return Outcome.OPEN

    controller = made(body, net=Net([Response(401)]))
    seen = await events(controller)
    exchange = Exchange(1, REQUEST, Response(401), 1000.0, 0.0, timing=Timing(connect=1.0))
    assert [untimed(event) for event in seen] == [
        Started(URL, 1000.0),
        Entered(Stage.PROBE),
        Exchanged(exchange),
        note,
        Learned("revision", "2025-11-25"),
        Left(Stage.PROBE, Status.DONE, "fine"),
        Ended(Outcome.OPEN, 1000.0, None, 0),
    ]
    assert isinstance(got[1], Exchange)
    assert [got[0], got[2]] == [None, None]
    assert controller.session == replayed(seen)
    assert controller.session.outcome is Outcome.OPEN


async def test_attempts_of_the_same_request_are_counted() -> None:
    other = replace(REQUEST, url=URL + "/2")

    def body() -> Protocol[Outcome]:
        for request in (REQUEST, other, REQUEST, REQUEST):
            yield Send(request)
        return Outcome.OK

    controller = made(body)
    await events(controller)
    assert [(e.number, e.attempt) for e in controller.session.exchanges] == [
        (1, 1),
        (2, 1),
        (3, 2),
        (4, 3),
    ]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (1, Outcome.FAILED),
        (3, Outcome.WAITING),
        (4, Outcome.REFUSED),
        (5, Outcome.FAILED),
    ],
)
async def test_a_stop_is_told_as_fatal_and_decides_the_outcome(code: int, outcome: Outcome) -> None:
    finding = replace(findings.finding("prm-no-as", Stage.RESOURCE, seen="[]"), exit=code)

    def body() -> Protocol[Outcome]:
        yield Entered(Stage.RESOURCE)
        raise FlowStop(finding)

    seen = await events(made(body))
    stop = replace(finding, level=Level.FATAL)
    assert seen[2:] == [
        stop,
        Left(Stage.RESOURCE, Status.FAILED, stop.message),
        Ended(outcome, 1000.0, stop, code),
    ]


async def test_a_bug_of_ours_ends_the_run_and_keeps_what_happened() -> None:
    def body() -> Protocol[Outcome]:
        yield Send(REQUEST)
        raise KeyError("oops")

    controller = made(body)
    seen = await events(controller)
    last = seen[-1]
    assert isinstance(last, Ended)
    assert last.stop is not None
    assert (last.stop.id, last.exit, last.outcome) == ("client-bug", 1, Outcome.FAILED)
    assert "KeyError at test_controller.py:" in last.stop.seen
    assert len(controller.session.exchanges) == 1


async def test_a_run_has_a_budget_of_requests() -> None:
    """SPEC 6: global request budget per run."""

    def body() -> Protocol[Outcome]:
        while True:
            yield Send(REQUEST)

    net = Net()
    seen = await events(made(body, net=net))
    last = seen[-1]
    assert isinstance(last, Ended)
    assert last.stop is not None
    assert f"after {REQUESTS} requests" in last.stop.message
    assert len(net.sent) == REQUESTS


async def test_randomness_and_time_are_given() -> None:
    got: list[Any] = []

    def body() -> Protocol[Outcome]:
        got.append((yield RandomOctets(3)))
        got.append((yield Now()))
        got.append((yield Sleep(0.0)))
        got.append((yield Sign("client", {}, {})))
        return Outcome.OK

    await events(made(body, entropy=lambda octets: b"r" * octets))
    assert got == [
        b"rrr",
        1000.0,
        None,
        Failure("client-key", "This run has no key to sign with."),
    ]


async def test_a_stream_is_opened_read_and_closed() -> None:
    got: list[Any] = []

    def body() -> Protocol[Outcome]:
        exchange = yield Open(REQUEST)
        got.append((yield Read(exchange.number, 5.0)))
        got.append((yield Read(exchange.number, 5.0)))
        got.append((yield Close(exchange.number)))
        got.append((yield Read(exchange.number, 5.0)))
        return Outcome.OK

    net = Net()
    net.stream = Stream(b"data: 1\n\n")
    await events(made(body, net=net))
    assert got == [b"data: 1\n\n", b"", None, b""]
    assert net.stream.closed == 1


async def test_a_stream_that_was_left_open_is_closed_at_the_end() -> None:
    def body() -> Protocol[Outcome]:
        yield Open(REQUEST)
        return Outcome.OK

    net = Net()
    net.stream = Stream()
    await events(made(body, net=net))
    assert net.stream.closed == 1
    assert net.closed


# --- stepping -----------------------------------------------------------------------------------


def two_sends() -> Protocol[Outcome]:
    yield Send(REQUEST)
    yield Send(REQUEST)
    return Outcome.OK


async def test_stepping_shows_each_request_before_it_is_sent() -> None:
    net = Net()
    controller = made(two_sends, net=net, stepping=True)
    sent: list[int] = []

    def react(event: Event) -> None:
        if isinstance(event, Ready):
            sent.append(len(net.sent))
            assert controller.session.ready == event.request
            controller.step()

    seen = await events(controller, react)
    assert sent == [0, 1]
    assert [type(event) for event in seen] == [
        Started,
        Ready,
        Released,
        Exchanged,
        Ready,
        Released,
        Exchanged,
        Ended,
    ]
    assert controller.session.ready is None


async def test_a_step_may_come_later_from_elsewhere() -> None:
    controller = made(two_sends, stepping=True)

    def react(event: Event) -> None:
        if isinstance(event, Ready):
            asyncio.get_running_loop().call_later(0.01, controller.step)

    assert isinstance((await events(controller, react))[-1], Ended)


async def test_an_edited_request_is_sent_and_marked() -> None:
    edited = replace(REQUEST, url="https://other.example/")
    net = Net()
    controller = made(two_sends, net=net, stepping=True)

    def react(event: Event) -> None:
        if isinstance(event, Ready):
            controller.step(edited if not net.sent else event.request)

    await events(controller, react)
    assert net.sent == [edited, REQUEST]
    assert [e.edited for e in controller.session.exchanges] == [True, False]


async def test_an_edit_that_cannot_be_sent_is_a_failure_and_no_bug() -> None:
    net = Net()
    controller = made(two_sends, net=net, stepping=True)
    bad = replace(REQUEST, headers=(Field("X", "a\nb"),))

    def react(event: Event) -> None:
        if isinstance(event, Ready):
            controller.step(bad)

    await events(controller, react)
    assert controller.session.exchanges[0].failure == Failure(
        "net-connect", "The request as edited cannot be sent: a line break."
    )
    assert controller.session.outcome is Outcome.OK


async def test_go_ends_the_stepping_and_pause_begins_it() -> None:
    controller = made(two_sends, stepping=True)

    def react(event: Event) -> None:
        if isinstance(event, Ready):
            controller.go()

    assert sum(isinstance(e, Ready) for e in await events(controller, react)) == 1
    paused = made(two_sends)

    def pause(event: Event) -> None:
        if isinstance(event, Started):
            paused.pause()
        if isinstance(event, Ready):
            paused.step()

    assert sum(isinstance(e, Ready) for e in await events(paused, pause)) == 2


# --- the person ---------------------------------------------------------------------------------


def sign_in(got: list[Any], verdicts: Sequence[str] = ("done",)) -> Body:
    def body() -> Protocol[Outcome]:
        yield Entered(Stage.AUTHORIZE)
        uri = yield Bind(None, None)
        got.append(uri)
        attempt = yield Browse(replace(ATTEMPT, redirect_uri=uri), 60.0)
        assert attempt.redirect_uri == uri
        for verdict in verdicts:
            came = yield Await()
            got.append(came)
            yield Answer(verdict)
        return Outcome.OK

    return body


async def visit(uri: str, query: str) -> str:
    host, port = uri.split("/")[2].split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    path = "/" + uri.split("/", 3)[3]
    writer.write(f"GET {path}?{query} HTTP/1.1\r\nHost: {host}:{port}\r\n\r\n".encode())
    page = (await reader.read()).decode()
    writer.close()
    return page.partition("<h1>")[2].partition("</h1>")[0]


async def test_a_sign_in_by_the_browser() -> None:
    got: list[Any] = []
    browser, net = Opener(forward="ssh"), Net()
    visits: list[asyncio.Task[str]] = []
    controller = made(sign_in(got), browser=browser, net=net)

    def react(event: Event) -> None:
        if isinstance(event, Waiting):
            visits.append(asyncio.ensure_future(visit(got[0], "code=c&state=s")))

    seen = await events(controller, react)
    port = got[0].split(":")[2].split("/")[0]
    assert seen == [
        Started(URL, 1000.0),
        Entered(Stage.AUTHORIZE),
        Browsed(ATTEMPT.url, "done so", True, got[0], f"ssh {port}"),
        Waiting("the sign-in in the browser", 1060.0),
        Resumed("the browser came back", "listener", ("code", "state")),
        Ended(Outcome.OK, 1000.0, None, 0),
    ]
    assert browser.urls == [ATTEMPT.url]
    assert got[1] == Callback("code=c&state=s", "listener")
    assert await visits[0] == "Signed in"
    assert net.warmed == ["https://as.example/token", URL]


async def test_a_paste_races_the_listener() -> None:
    got: list[Any] = []
    controller = made(sign_in(got), browser=Opener(opened=False))
    pasted = "http://127.0.0.1:1/callback?code=c&state=s#x"

    def react(event: Event) -> None:
        if isinstance(event, Waiting):
            controller.paste(pasted)

    seen = await events(controller, react)
    assert got[1] == Callback("code=c&state=s", "paste", pasted)
    assert Resumed("an address was pasted", "paste", ("code", "state")) in seen


async def test_what_was_pasted_before_the_browser_opened_is_not_an_answer() -> None:
    got: list[Any] = []
    controller = made(sign_in(got))

    def react(event: Event) -> None:
        if isinstance(event, Entered):
            controller.paste("old")
        if isinstance(event, Waiting):
            controller.paste("new")

    await events(controller, react)
    assert got[1] == Callback("new", "paste", "new")


async def test_a_callback_that_is_not_ours_leaves_the_wait_open() -> None:
    """B3"""
    got: list[Any] = []
    controller = made(sign_in(got, ("ignored", "done")))
    visits: list[asyncio.Task[str]] = []

    def react(event: Event) -> None:
        if isinstance(event, Waiting):
            query = f"code=c&state={len(visits)}"
            visits.append(asyncio.ensure_future(visit(got[0], query)))

    seen = await events(controller, react)
    assert sum(isinstance(event, Waiting) for event in seen) == 2
    assert [await item for item in visits] == [
        "This is not the answer that is waited for",
        "Signed in",
    ]


async def test_the_browser_is_told_when_the_run_fails_after_it_came_back() -> None:
    got: list[Any] = []

    def body() -> Protocol[Outcome]:
        yield from sign_in(got, ("received",))()
        raise FlowStop(findings.finding("token-error", Stage.TOKEN))

    controller = made(body)
    visits: list[asyncio.Task[str]] = []

    def react(event: Event) -> None:
        if isinstance(event, Waiting):
            visits.append(asyncio.ensure_future(visit(got[0], "code=c")))

    await events(controller, react)
    assert await visits[0] == "The sign-in did not work out"


async def test_nobody_coming_back_is_a_failure_that_the_protocol_judges() -> None:
    got: list[Any] = []
    now = iter([1000.0, 1000.0])
    controller = made(sign_in(got), clock=lambda: next(now, 2000.0))
    seen = await events(controller)
    assert Resumed("time is up") in seen
    assert got[1] == Failure("authz-timeout", "No answer came back within 0 ms.")


async def test_without_a_person_and_without_a_browser_the_run_says_so() -> None:
    got: list[Any] = []
    seen = await events(made(sign_in(got), browser=Opener(opened=False), person=False))
    last = seen[-1]
    assert isinstance(last, Ended)
    assert last.stop is not None
    assert (last.stop.id, last.exit, last.outcome) == ("client-no-person", 3, Outcome.WAITING)
    assert ATTEMPT.url not in last.stop.next
    assert any(isinstance(event, Browsed) for event in seen)


async def test_a_person_who_leaves_ends_the_wait() -> None:
    got: list[Any] = []
    controller = made(sign_in(got), browser=Opener(opened=False))

    def react(event: Event) -> None:
        if isinstance(event, Waiting):
            controller.leave()

    last = (await events(controller, react))[-1]
    assert isinstance(last, Ended)
    assert (last.exit, last.outcome) == (3, Outcome.WAITING)


async def test_a_busy_port_is_told_to_the_protocol() -> None:
    taken = await Listener.bind()
    got: list[Any] = []

    def body() -> Protocol[Outcome]:
        got.append((yield Bind(None, taken.port)))
        return Outcome.OK

    await events(made(body))
    await taken.aclose()
    assert got == [
        Failure(
            "client-port-busy", f"Nothing can listen on port {taken.port}: Address already in use."
        )
    ]


async def test_a_redirect_uri_elsewhere_goes_on_with_pasting_only() -> None:
    """G8"""
    got: list[Any] = []

    def body() -> Protocol[Outcome]:
        got.append((yield Bind("https://app.example/cb", None)))
        yield Browse(replace(ATTEMPT, redirect_uri=got[0]), 60.0)
        got.append((yield Await()))
        yield Answer("done")
        return Outcome.OK

    controller = made(body)

    def react(event: Event) -> None:
        if isinstance(event, Waiting):
            controller.paste("https://app.example/cb?code=c")

    seen = await events(controller, react)
    assert got[0] == "https://app.example/cb"
    assert got[1].query == "code=c"
    assert Browsed(ATTEMPT.url, "done so", True, "https://app.example/cb", "") in seen


def asks(got: list[Any]) -> Body:
    def body() -> Protocol[Outcome]:
        got.append((yield Ask(Question("client_id", "Client ID", default="fallback"))))
        return Outcome.OK

    return body


async def test_a_question_waits_for_its_answer() -> None:
    got: list[Any] = []
    controller = made(asks(got))

    def react(event: Event) -> None:
        if isinstance(event, Waiting):
            assert event.question.id == "client_id"
            controller.answer("mine")

    seen = await events(controller, react)
    assert got == ["mine"]
    assert Resumed("answered") in seen


async def test_a_question_to_nobody_takes_its_default() -> None:
    got: list[Any] = []
    seen = await events(made(asks(got), person=False))
    assert got == ["fallback"]
    assert not any(isinstance(event, Waiting) for event in seen)


# --- ends ---------------------------------------------------------------------------------------


async def test_what_the_settings_lift_is_a_part_of_the_run_from_its_start() -> None:
    controller = made(two_sends, marks=("the issuer was chosen by hand (--issuer)",))
    await events(controller)
    assert controller.session.lifted == ("the issuer was chosen by hand (--issuer)",)


async def test_cancel_ends_a_wait_in_order() -> None:
    got: list[Any] = []
    controller = made(sign_in(got))

    def react(event: Event) -> None:
        if isinstance(event, Waiting):
            asyncio.get_running_loop().call_later(0.01, controller.cancel)

    seen = await events(controller, react)
    assert seen[-1] == Ended(Outcome.INTERRUPTED, 1000.0, None, 130)
    assert controller.session.exit == 130
    with pytest.raises(ConnectionRefusedError):
        await visit(got[0], "code=c")


async def test_cancel_ends_a_request_that_hangs() -> None:
    net = Net()
    net.hang = asyncio.Event()
    controller = made(two_sends, net=net)
    task = asyncio.ensure_future(events(controller))
    await asyncio.wait_for(net.hang.wait(), 5)
    assert (controller.sent.number, controller.sent.since) == (1, 1000.0)
    controller.cancel()
    assert (await task)[-1] == Ended(Outcome.INTERRUPTED, 1000.0, None, 130)
    assert controller.sent is None
    (hung,) = controller.session.exchanges  # it was on its way: the log has it
    assert (hung.number, hung.request) == (1, REQUEST)
    assert hung.failure is not None and hung.failure.kind == CANCELLED
    assert hung.failure.message.startswith("No answer had come after ")


@pytest.mark.parametrize("kind", [Started, Ready, Waiting])
async def test_cancel_while_an_event_is_handled_ends_the_run(kind: type) -> None:
    got: list[Any] = []
    controller = made(sign_in(got), stepping=kind is Ready)

    def react(event: Event) -> None:
        if isinstance(event, kind):
            controller.cancel()

    assert (await events(controller, react))[-1] == Ended(Outcome.INTERRUPTED, 1000.0, None, 130)


async def test_cancelling_the_consumer_cleans_up_and_passes_on() -> None:
    got: list[Any] = []
    waiting = asyncio.Event()
    controller = made(sign_in(got))

    def react(event: Event) -> None:
        if isinstance(event, Waiting):
            waiting.set()

    task = asyncio.ensure_future(events(controller, react))
    await asyncio.wait_for(waiting.wait(), 5)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(ConnectionRefusedError):
        await visit(got[0], "code=c")


async def test_closing_the_iterator_closes_generator_listener_and_streams() -> None:
    got: list[Any] = []
    closed: list[bool] = []

    def body() -> Protocol[Outcome]:
        try:
            yield Open(REQUEST)
            return (yield from sign_in(got)())
        finally:
            closed.append(True)

    net = Net()
    net.stream = Stream()
    controller = made(body, net=net)

    async def until_waiting(run: AsyncIterator[Event]) -> None:
        async for event in run:
            if isinstance(event, Waiting):
                return

    async with aclosing(controller.run()) as run:
        await until_waiting(run)
    assert closed == [True]
    assert net.stream.closed == 1
    with pytest.raises(ConnectionRefusedError):
        await visit(got[0], "code=c")


async def test_a_run_from_a_later_stage_says_what_it_took_over() -> None:
    def body() -> Protocol[Outcome]:
        return Outcome.OK
        yield

    token = Token(Secret("a" * 20), "Bearer", "i", None, "c", 0.0)
    known = Session(url=URL, contact=Contact(401), revision="2025-11-25", token=token)

    async def started(start: Stage) -> Started:
        async with aclosing(made(body).run(known, start)) as run:
            event = await anext(run)
        assert isinstance(event, Started)
        return event

    assert (await started(Stage.PROBE)).known == ()
    assert await started(Stage.TOKEN) == Started(
        URL, 1000.0, (("contact", Contact(401)), ("revision", "2025-11-25")), (Stage.PROBE,)
    )
    moved = Contact(401, url=f"{URL}/")
    known = replace(known, contact=moved)
    assert (await started(Stage.TOKEN)).url == f"{URL}/"
    assert (await started(Stage.PROBE)).url == URL
    verify = await started(Stage.VERIFY)
    assert ("token", token) in verify.known
    assert verify.skipped == (Stage.PROBE, Stage.AUTHORIZE, Stage.TOKEN)


def test_findings_of_the_controller_are_in_the_catalogue() -> None:
    assert {"client-bug", "client-no-person", "client-port-busy"} <= set(findings.CATALOGUE)
    assert isinstance(findings.finding("client-bug", Stage.PROBE), Finding)
