"""A server that is looked at again and again: what is news, what it costs, and how it ends."""

from __future__ import annotations

import asyncio
import gc
import json
import os
import socket
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest

from mcp_auth_tui import findings
from mcp_auth_tui.cli.main import main
from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.inspect import watch as face
from mcp_auth_tui.inspect.rounds import (
    AWAY_PAUSE,
    LIMITED_PAUSE,
    Pause,
    Round,
    Rounds,
    looks,
    watch,
)
from mcp_auth_tui.inspect.watch import StatusLine, run, status
from mcp_auth_tui.model import (
    Ended,
    Exchange,
    Failure,
    Finding,
    Kind,
    Left,
    Outcome,
    Request,
    Response,
    Session,
    Stage,
    Started,
    Status,
)
from mcp_auth_tui.net.settings import NetworkSettings
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.settings.arguments.inspect import inspect as parser
from mcp_auth_tui.settings.inspect_options import InspectOptions, from_arguments
from mcp_auth_tui.settings.options import Usage

URL = "https://mcp.example.com/mcp"
START = 1_700_000_000.0
WRONG = findings.finding("rs-challenge-no-prm", Stage.PROBE, seen="Bearer", exchange=1)
MISSING = findings.finding("prm-missing", Stage.RESOURCE, exchange=2)
REFUSED = findings.fatal(
    findings.finding("net-connect", Stage.PROBE, seen="refused the connection", exchange=1)
)
LIMITED = findings.fatal(findings.finding("net-rate-limited", Stage.PROBE, exchange=1))


def session(*found: Finding, at: float = 0.0, status: int = 401, body: bytes = b"") -> Session:
    """Return an inspection in which the MCP server answered, or 0: refused the connection."""

    def exchange(number: int, url: str, status: int) -> Exchange:
        request = Request(Stage.PROBE, "", "GET", url, Kind.MCP)
        result = Response(status, (), body) if status else Failure("net-connect", "refused")
        return Exchange(number, request, result, START + at, 0.01)

    sent = [exchange(1, URL, status)]
    if 0 < status < 429:
        sent.append(exchange(2, f"{URL}/metadata", 404))
    fatal = next((item for item in found if item.level == "fatal"), None)
    stages = (Stage.PROBE, Stage.RESOURCE)
    made = replace(Session().apply(Started(URL, START + at)), exchanges=tuple(sent))
    for event in (*found, *(Left(s, Status.FAILED if fatal else Status.DONE) for s in stages)):
        made = made.apply(event)
    code = int(any(item.level.rank <= 1 for item in found))
    return made.apply(
        Ended(Outcome.FAILED if fatal else Outcome.OK, START + at + 0.25, fatal, code)
    )


def told(*sessions: Session) -> list[Round]:
    rounds = Rounds()
    return [rounds.add(item) for item in sessions]


def looking(*sessions: Session) -> Callable[[], Any]:
    """Return looks that bring these sessions, and are then interrupted as by Ctrl-C."""
    left = list(sessions)

    async def look() -> Session:
        if not left:
            raise asyncio.CancelledError
        return left.pop(0)

    return look


def options(*words: str) -> InspectOptions:
    return from_arguments(parser().parse_args([URL, *words]), {}, None)


def two_ports() -> int:
    """Return the first of two free ports, below those that the system gives away by itself."""
    for port in range(21_000 + os.getpid() % 4000, 31_000, 2):
        with socket.socket() as one, socket.socket() as other, suppress(OSError):
            one.bind(("127.0.0.1", port))
            other.bind(("127.0.0.1", port + 1))
            return port
    raise AssertionError("no two ports are free")


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    async def at_once(self: Pause, least: float, most: float) -> None:
        await asyncio.sleep(0)

    monkeypatch.setattr(Pause, "__call__", at_once)


# What is news.


def test_a_round_that_finds_the_same_is_no_news() -> None:
    first, second, third = told(*[session(WRONG, at=at) for at in (0.0, 5.0, 10.0)])
    assert (first.news, first.changes.new) == (True, (WRONG,))
    assert [(item.news, item.unchanged) for item in (second, third)] == [(False, 0), (False, 1)]


def test_what_is_mended_and_what_broke_is_news_at_once() -> None:
    _, mended, broken = told(session(WRONG), session(at=5), session(MISSING, at=10))
    assert (mended.changes.mended, mended.changes.new) == ((WRONG,), ())
    assert (broken.changes.mended, broken.changes.new) == ((), (MISSING,))


@pytest.mark.parametrize("status", [0, 502])
def test_a_restart_is_one_state_that_ends_and_no_flood_of_findings(status: int) -> None:
    up = session(WRONG, MISSING)
    rounds = told(up, *[session(REFUSED, at=at, status=status) for at in (1.0, 2.0, 3.0)],
                  session(WRONG, MISSING, at=4.5), session(WRONG, at=9))  # fmt: skip
    assert [item.news for item in rounds] == [True, True, False, False, True, True]
    assert [item.away for item in rounds] == [False, True, True, True, False, False]
    back = rounds[4]
    assert (bool(back.changes), back.gone, back.unchanged) == (False, 3.5, 2)
    assert rounds[5].changes.mended == (MISSING,)


def test_what_is_mended_during_a_restart_is_told_when_it_answers_again() -> None:
    *_, back = told(session(WRONG, MISSING), session(REFUSED, status=0, at=1), session(WRONG, at=2))
    assert (back.turned, back.changes.mended, back.changes.new) == (True, (MISSING,), ())


def test_a_server_that_is_away_at_first_is_known_once_it_answers() -> None:
    first, back = told(session(REFUSED, status=0), session(WRONG, at=1))
    assert (first.away, first.changes.new) == (True, (REFUSED,))
    assert (back.changes.mended, back.changes.new) == ((REFUSED,), (WRONG,))


def test_a_server_that_is_away_is_asked_again_soon_and_one_that_limits_late() -> None:
    up, away, limited = told(session(), session(REFUSED, status=0), session(LIMITED, status=429))
    assert (up.bounds, away.bounds) == ((0.0, float("inf")), (0.0, AWAY_PAUSE))
    assert limited.bounds == (LIMITED_PAUSE, float("inf"))


# What it costs.


async def test_a_thousand_rounds_take_no_more_memory_than_ten() -> None:
    async def look() -> Session:
        number = rounds.number
        return session(*[WRONG] * (number % 2), at=number, body=b"x" * 20_000 + b"%d" % number)

    async def at_once(least: float, most: float) -> None:
        return None

    rounds, alive = Rounds(), {}
    async for item in watch(look, at_once, rounds):
        if item.number in (10, 1000):
            del item
            gc.collect()
            alive[rounds.number] = len(gc.get_objects())
        if rounds.number == 1000:
            break
    assert alive[1000] - alive[10] < 100


async def test_the_pause_is_ended_at_once_by_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    pause = Pause(3600)
    pause.end()
    await asyncio.wait_for(pause(0.0, float("inf")), 5)
    waiting = asyncio.ensure_future(pause(0.0, float("inf")))
    await asyncio.sleep(0)
    assert not waiting.done()
    pause.end()
    await asyncio.wait_for(waiting, 5)
    await asyncio.wait_for(pause(0.0, 0.001), 5)


async def test_a_real_server_is_broken_and_mended_under_watch_and_is_given_no_credential() -> None:
    seen: list[Round] = []
    port = two_ports()
    with running(port=port, faults=["issuer-slash"]) as practice:
        look = looks(Config(url=practice.url), NetworkSettings(timeout=5))
        rounds = watch(look, lambda least, most: asyncio.sleep(0))
        seen += [await anext(rounds), await anext(rounds)]
    seen += [await anext(rounds), await anext(rounds)]
    with running(port=port):
        seen += [await anext(rounds), await anext(rounds)]
    await rounds.aclose()
    assert [item.news for item in seen] == [True, False, True, False, True, False]
    assert [item.away for item in seen] == [False, False, True, True, False, False]
    assert [item.id for item in seen[0].changes.new] == ["as-issuer-slash"]
    assert [item.id for item in seen[4].changes.mended] == ["as-issuer-slash"]
    sent = [item.request for told in seen for item in told.session.exchanges]
    assert sent and not any(item.secrets or item.form for item in sent)
    assert not any("regist" in item.url for item in sent)


# How it is told.


def test_lines_tell_the_time_and_what_changed_and_the_code_is_that_of_the_last_round(
    capsys: pytest.CaptureFixture[str],
) -> None:
    look = looking(
        session(WRONG), session(WRONG, at=5), session(REFUSED, at=10, status=0),
        session(WRONG, MISSING, at=12), session(MISSING, at=17),
    )  # fmt: skip
    assert run(options("--watch"), look=look) == 1
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "2023-11-14T22:13:20Z 250 ms + rs-challenge-no-prm",
        "2023-11-14T22:13:30Z 250 ms no answer: refused the connection [net-connect]",
        "2023-11-14T22:13:32Z 250 ms answers again after 2.0 s: + prm-missing (1 the same)",
        "2023-11-14T22:13:37Z 250 ms - rs-challenge-no-prm (1 the same)",
    ]
    assert err == ""


def test_a_server_without_a_fault_is_told_of_once_and_ends_with_0(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert run(options("--watch", "2"), look=looking(*[session()] * 5)) == 0
    assert capsys.readouterr().out == "2023-11-14T22:13:20Z 250 ms nothing to mend\n"


def test_another_wrong_value_is_told_though_the_finding_is_the_same(
    capsys: pytest.CaptureFixture[str],
) -> None:
    other = replace(WRONG, seen="Basic")
    run(options("--watch"), look=looking(session(WRONG), session(other, at=5)))
    assert capsys.readouterr().out.splitlines()[1].endswith("Z 250 ms ~ rs-challenge-no-prm")


def test_json_lines_hold_each_round_with_news_and_the_end(
    capsys: pytest.CaptureFixture[str],
) -> None:
    look = looking(session(WRONG), session(WRONG, at=5), session(REFUSED, at=7, status=0),
                   session(at=12))  # fmt: skip
    assert run(options("--watch", "--format", "jsonl"), look=look) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    names = ("event", "round", "answers", "exit", "unchanged")
    assert [tuple(line.get(name) for name in names) for line in lines] == [
        ("round", 1, True, 0, 0),
        ("round", 3, False, 1, 1),
        ("round", 4, True, 0, 0),
        ("ended", None, None, 0, None),
    ]
    assert [[item["id"] for item in line["gone"]] for line in lines[:3]] == [[], [], [WRONG.id]]
    assert lines[1]["stop"]["id"] == "net-connect"
    assert lines[3] | {"at": 0} == {
        "schema": "mcp-auth-tui/1", "event": "ended", "exit": 0, "at": 0, "rounds": 4
    }  # fmt: skip


def test_a_watch_that_is_ended_before_its_first_round_was_interrupted() -> None:
    assert run(options("--watch"), look=looking()) == 130


def test_somebody_at_a_terminal_reads_how_what_is_new_is_mended(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(face, "on_terminal", lambda stream: True)
    run(options("--watch"), look=looking(session(WRONG), session(WRONG, at=5), session(at=10)))
    out, err = capsys.readouterr()
    assert f"warning: {WRONG.message} [{WRONG.id}]" in out
    assert f"      next: {WRONG.next}" in out
    assert out.splitlines()[-1].endswith("- rs-challenge-no-prm")
    # One line, which is written over, holds what is no news.
    assert "\n" not in err
    assert "round 2, 250 ms, nothing new in 1 round; " in err
    assert err.endswith("\r\x1b[K")


def test_the_status_line_says_how_long_nothing_was_new() -> None:
    rounds = told(*[session(at=at) for at in (0.0, 5.0, 10.0)], session(REFUSED, status=0))
    texts = [status(item).partition(" ")[2] for item in rounds]
    assert texts == [
        "round 1, 250 ms",
        "round 2, 250 ms, nothing new in 1 round",
        "round 3, 250 ms, nothing new in 2 rounds",
        "no answer, asked again each second",
    ]


def test_an_enter_goes_back_to_the_status_line() -> None:
    written: list[str] = []
    line = StatusLine(True, written.append)
    line.back()
    line.show("x")
    line.back()
    line.clear()
    assert written == ["\r\x1b[Kx", "\x1b[A", "\r\x1b[K"]


# What is asked for.


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--watch", "0.5"], "'0.5' is not a number from 1 to 86400"),
        (["--watch", "https://other.example/mcp"], "write --watch behind the URL, or --watch=5"),
        (["--watch", "--format", "sarif"], "tells its rounds as text or jsonl, not sarif"),
        (["--watch", "-o", "x.txt"], "write > FILE, not --output"),
        (["https://other.example/mcp", "--watch"], "looks at one URL, and 2 were named"),
    ],
)
def test_what_cannot_be_watched_is_told(
    words: Iterable[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.chdir(tmp_path)
    assert main(["inspect", URL, *words]) == 2
    assert said in capsys.readouterr().err


def test_the_usual_time_between_rounds_is_five_seconds() -> None:
    assert [options(*words).watch for words in ([], ["--watch"], ["--watch=2"])] == [0.0, 5.0, 2.0]


def test_a_line_of_a_list_that_is_no_url_cannot_be_watched(tmp_path: Any) -> None:
    listed = tmp_path / "urls.txt"
    listed.write_text("ftp://x\n")
    chosen = from_arguments(parser().parse_args(["--file", str(listed), "--watch"]), {}, None)
    with pytest.raises(Usage):
        run(chosen)


@pytest.mark.parametrize(("mode", "form"), [("--plain", "text"), ("--events", "jsonl")])
def test_a_run_without_a_screen_takes_watch_too(
    mode: str, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[InspectOptions] = []

    def watched(options: InspectOptions) -> int:
        asked.append(options)
        return 1

    monkeypatch.setattr(face, "run", watched)
    assert main([URL, "--watch", "3", mode, "--spec", "2025-11-25", "--timeout", "2"]) == 1
    (made,) = asked
    assert (made.urls, made.form, made.watch, made.fail_on) == ((URL,), form, 3.0, "error")
    assert (made.base.spec, made.network.timeout) == ("2025-11-25", 2.0)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([URL, "--watch", "--json"], "--watch tells its rounds with --events"),
        (["--watch", "--plain"], "--watch needs the URL of an MCP server"),
        ([URL, "--watch", "--plain", "--step"], "leave --step out"),
        ([URL, "--watch", "--plain", "--export", "curl"], "leave --export out"),
    ],
)
def test_a_watch_in_place_of_a_run_says_what_has_no_meaning_then(
    words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(words) == 2
    assert said in capsys.readouterr().err
