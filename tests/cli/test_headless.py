"""A run without a screen, against scripted events."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import pytest

from mcp_auth_tui.cli.headless import Headless
from mcp_auth_tui.desktop.stdin import Stdin
from mcp_auth_tui.model import Ended, Event, Outcome, Question, Ready, Resumed, Waiting
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.run.controller import Controller
from mcp_auth_tui.settings.options import Options
from tests.scripted import START, Secrets, attempt, refused, run, token_request

HEADER = f"Authorization: Bearer {Secrets().access}\n"
SECONDS = 10


@dataclass
class Script:
    """A controller that tells its events, and after a wait goes on only when told to."""

    events: list[Event]
    heard: list[tuple[str, Any]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    cancelled: bool = False

    async def run(self) -> AsyncGenerator[Event, None]:
        for event in self.events:
            if isinstance(event, Exception):
                raise event
            yield event
            if isinstance(event, Waiting | Ready) and not self.cancelled:
                await asyncio.wait_for(self.gate.wait(), SECONDS)
                self.gate.clear()
            if self.cancelled:
                yield Ended(Outcome.INTERRUPTED, START, None, 130)
                return

    def _hear(self, verb: str, value: Any = None) -> None:
        self.heard.append((verb, value))
        self.gate.set()

    def paste(self, text: str) -> None:
        self._hear("paste", text)

    def answer(self, text: str | None) -> None:
        self._hear("answer", text)

    def step(self) -> None:
        self._hear("step")

    def go(self) -> None:
        self._hear("go")

    def leave(self) -> None:
        self._hear("leave")

    def cancel(self) -> None:
        self.cancelled = True
        self._hear("cancel")


@pytest.fixture
def pipe() -> Iterator[list[int]]:
    ends = list(os.pipe())
    yield ends
    for end in ends:
        try:
            os.close(end)
        except OSError:
            continue


def told(
    script: Script,
    mode: str = "plain",
    *,
    options: Options | None = None,
    stdin: Stdin = Stdin.NOTHING,
    descriptor: int = -1,
) -> Headless:
    return Headless(
        cast("Controller", script),
        options or Options(),
        mode=mode,
        stdin=stdin,
        descriptor=descriptor,
    )


def without_wait(events: list[Event]) -> list[Event]:
    return [event for event in events if not isinstance(event, Waiting)]


GOOD = without_wait(run())
WAIT = Waiting("the sign-in", START + 600)
BROWSED = next(event for event in run() if type(event).__name__ == "Browsed")


async def test_the_headers_alone_are_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert await told(Script(GOOD)).run() == 0
    out, err = capsys.readouterr()
    assert out == HEADER
    assert "Result: ok, exit code 0" in err
    assert Secrets().access not in err


async def test_json_is_one_document_on_stdout(capsys: pytest.CaptureFixture[str]) -> None:
    assert await told(Script(GOOD), "json").run() == 0
    document = json.loads(capsys.readouterr().out)
    assert document["headers"] == {"Authorization": HEADER.strip().partition(": ")[2]}


async def test_json_is_written_for_a_refusal_with_its_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert await told(Script(refused()), "json").run() == 4
    document = json.loads(capsys.readouterr().out)
    assert (document["outcome"], document["exit"], document["headers"]) == ("refused", 4, {})


async def test_events_are_json_lines_and_nothing_else_is_on_stdout(
    capsys: pytest.CaptureFixture[str],
) -> None:
    options = Options(base=Config(url="", allow=frozenset({"as-issuer-slash"})))
    assert await told(Script(GOOD), "events", options=options).run() == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert len(lines) == len(GOOD)
    assert lines[-1]["event"] == "ended"
    assert lines[-1]["headers"] == {"Authorization": HEADER.strip().partition(": ")[2]}
    assert lines[-1]["marks"] == ["the refusal as-issuer-slash is lifted (--allow)"]


@pytest.mark.parametrize("mode", ["plain", "json", "events"])
async def test_a_file_gets_the_result_and_stdout_does_not(
    mode: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "result"
    assert await told(Script(GOOD), mode, options=Options(output=path)).run() == 0
    written = path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600
    assert [name.name for name in tmp_path.iterdir()] == ["result"]
    if mode == "json":
        assert json.loads(written)["outcome"] == "ok"
    else:
        assert written == HEADER
    assert (capsys.readouterr().out == "") is (mode != "events")


async def test_what_cannot_be_written_to_the_file_is_not_put_on_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "gone" / "result"
    assert await told(Script(GOOD), options=Options(output=path)).run() == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert f"{path} was not written: there is no folder {path.parent}." in err


async def test_an_interrupt_ends_the_run_in_order_and_keeps_the_json(
    capsys: pytest.CaptureFixture[str],
) -> None:
    script = Script([*GOOD[:-1], WAIT])
    asyncio.get_running_loop().call_later(0.01, os.kill, os.getpid(), signal.SIGINT)
    assert await told(script, "json").run() == 130
    document = json.loads(capsys.readouterr().out)
    assert (document["outcome"], document["exit"]) == ("interrupted", 130)
    assert document["headers"] == {"Authorization": HEADER.strip().partition(": ")[2]}
    assert script.heard == [("cancel", None)]


async def test_our_own_bug_is_said_and_loses_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """DESIGN 5.7: caught at one place, keeps the transcript, says it is our bug."""
    events = cast("list[Event]", [*GOOD[:-1], KeyError(f"oops {Secrets().refresh}")])
    assert await told(Script(events), "json").run() == 1
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert document["stop"]["id"] == "client-bug"
    assert document["headers"]
    assert "This is a bug in mcp-auth-tui" in err
    assert "Please report" in err
    assert Secrets().refresh not in err + json.dumps(document["stop"])


async def test_a_pasted_line_goes_to_the_run(pipe: list[int]) -> None:
    os.write(pipe[1], b"\n  http://127.0.0.1/callback?code=x  \n")
    script = Script([BROWSED, WAIT, Resumed("pasted"), *GOOD])
    assert await told(script, stdin=Stdin.PIPE, descriptor=pipe[0]).run() == 0
    assert script.heard[0] == ("paste", "http://127.0.0.1/callback?code=x")


async def test_the_end_of_a_pipe_says_that_nobody_is_left(pipe: list[int]) -> None:
    os.close(pipe[1])
    script = Script([BROWSED, WAIT, *GOOD])
    assert await told(script, stdin=Stdin.PIPE, descriptor=pipe[0]).run() == 0
    assert script.heard == [("leave", None)]


@pytest.mark.parametrize("why", ["a browser was opened", "--wait was given"])
async def test_the_end_of_a_pipe_is_nothing_when_somebody_still_comes(
    pipe: list[int], why: str
) -> None:
    os.close(pipe[1])
    opened = replace(BROWSED, opened=why == "a browser was opened")  # type: ignore[type-var]
    options = Options(wait_given=why == "--wait was given")
    script = Script([opened, WAIT, *GOOD])
    run = told(script, options=options, stdin=Stdin.PIPE, descriptor=pipe[0])
    heard_of_the_end = run._keyboard._ended

    def ended() -> None:
        heard_of_the_end()
        script.gate.set()

    run._keyboard._ended = ended
    assert await run.run() == 0
    assert script.heard == []


async def test_a_question_takes_its_default_where_nobody_can_be_asked(pipe: list[int]) -> None:
    question = Question("step_up", "More?", default="no")
    script = Script([Waiting("an answer", START, question), *GOOD])
    assert await told(script, stdin=Stdin.PIPE, descriptor=pipe[0]).run() == 0
    assert script.heard == [("answer", "no")]


async def test_a_question_on_a_terminal_takes_one_of_its_choices(
    pipe: list[int], capsys: pytest.CaptureFixture[str]
) -> None:
    question = Question("step_up", "More?", choices=("yes", "no"), default="no")
    os.write(pipe[1], b"perhaps\nyes\n")
    script = Script([Waiting("an answer", START, question), *GOOD])
    assert await told(script, stdin=Stdin.TERMINAL, descriptor=pipe[0]).run() == 0
    assert script.heard == [("answer", "yes")]
    assert "Please type one of: yes, no" in capsys.readouterr().err


async def test_an_empty_answer_is_the_default(pipe: list[int]) -> None:
    os.write(pipe[1], b"\n")
    question = Question("client_secret", "Secret?", secret=True)
    script = Script([Waiting("an answer", START, question), *GOOD])
    assert await told(script, stdin=Stdin.TERMINAL, descriptor=pipe[0]).run() == 0
    assert script.heard == [("answer", None)]


async def test_steps_stop_at_requests_and_the_browser_alone(pipe: list[int]) -> None:
    request = token_request(Secrets()).exchange.request
    script = Script(
        [
            Ready(request),
            Ready(attempt(Secrets())),
            *GOOD,
        ]
    )
    os.write(pipe[1], b"\nr\n")
    assert await told(script, stdin=Stdin.TERMINAL, descriptor=pipe[0]).run() == 0
    assert [verb for verb, _ in script.heard] == ["step", "go"]


async def test_q_ends_a_stepped_run(pipe: list[int]) -> None:
    request = token_request(Secrets()).exchange.request
    script = Script([Ready(request)])
    os.write(pipe[1], b"q\n")
    assert await told(script, stdin=Stdin.TERMINAL, descriptor=pipe[0]).run() == 130


async def test_a_step_that_nobody_can_let_go_ends_the_run(pipe: list[int]) -> None:
    request = token_request(Secrets()).exchange.request
    script = Script([Ready(request), Ready(request), *GOOD])
    os.write(pipe[1], b"\n")
    os.close(pipe[1])
    assert await told(script, stdin=Stdin.PIPE, descriptor=pipe[0]).run() == 130
    assert [verb for verb, _ in script.heard] == ["step", "cancel"]


async def test_a_question_that_nobody_answers_any_more_takes_its_default(pipe: list[int]) -> None:
    os.close(pipe[1])
    question = Question("step_up", "More?", choices=("yes", "no"), default="no")
    script = Script([Waiting("an answer", START, question), *GOOD])
    assert await told(script, stdin=Stdin.TERMINAL, descriptor=pipe[0]).run() == 0
    assert script.heard == [("answer", "no")]
