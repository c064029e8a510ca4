"""A recording holds a run: it is read as the same session, and never as more than it is."""

from __future__ import annotations

import ast
import inspect
import json
import os
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_auth_tui.model import (
    Ended,
    Entered,
    Event,
    Exchanged,
    Learned,
    Outcome,
    Secret,
    Session,
    Stage,
    events,
)
from mcp_auth_tui.recordings import codec, reader
from mcp_auth_tui.recordings.codec import shape
from mcp_auth_tui.recordings.leaves import Damage, Door
from mcp_auth_tui.recordings.masking import door
from mcp_auth_tui.recordings.reader import NoRecording, read
from mcp_auth_tui.recordings.recorder import LARGE, Recorder, head, recording
from tests import scripted
from tests.recordings.runs import ANY_RUN, RUNS, folded

MAIN = threading.main_thread()


def written(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


def through(value: Any, hint: Any, out: Door) -> Any:
    """A value as it comes back from JSON."""
    kind = shape(hint)
    return kind.load(json.loads(json.dumps(kind.dump(value, out))), "")


def bare(session: Session) -> Session:
    """A session without the credentials that it knows: of a masked one they are the masks."""
    return replace(session, secrets=frozenset())


@pytest.mark.parametrize("name", RUNS)
def test_a_recorded_run_is_read_as_the_session_of_the_run(name: str, tmp_path: Path) -> None:
    run = RUNS[name]()
    text = recording(run, folded(run), reveal=True)
    found = read(written(tmp_path / "run.jsonl", text))
    # What a server sent is strict JSON then, and every text is harmless: nothing else differs.
    assert bare(found.session) == bare(through(folded(run), Session, Door()))
    assert (found.fault, found.masked, len(found.events)) == ("", False, len(run))
    if name in ("metadata", "signed in", "readable", "mismatch", "asking", "device", "refused"):
        assert found.session == folded(run)


@pytest.mark.parametrize("name", RUNS)
def test_a_masked_one_differs_by_its_masks_alone(name: str, tmp_path: Path) -> None:
    run = RUNS[name]()
    session = folded(run)
    found = read(written(tmp_path / "run.jsonl", recording(run, session)))
    assert bare(found.session) == bare(through(session, Session, door(session)))
    assert (found.fault, found.masked, len(found.events)) == ("", True, len(run))


@settings(max_examples=50, deadline=None)
@given(ANY_RUN)
def test_so_it_is_with_any_events_that_there_can_be(run: list[Event]) -> None:
    session = folded(run)
    for out in (Door(), door(session)):
        back = [through(event, Event, out) for event in run]
        # A number that is no number equals nothing, so texts are compared.
        assert repr(bare(folded(back))) == repr(bare(through(session, Session, out)))


def test_what_a_run_learns_is_what_its_event_may_name() -> None:
    tree = ast.parse(inspect.getsource(events.Learned))
    names = {
        part.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal"
        for part in ast.walk(node.slice)
        if isinstance(part, ast.Constant)
    }
    assert names | {"carried"} == codec.LEARNED


def test_a_recording_says_what_it_is_and_is_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    run = scripted.run()
    recorder, session = Recorder(path), Session()
    for event in run:
        session = session.apply(event)
        assert recorder.write(event, session) == ""
    lines = path.read_text(encoding="ascii").splitlines()
    assert json.loads(lines[0]) == head(masked=True)
    assert [json.loads(line)["class"] for line in lines[1:]] == [
        type(event).__name__.lower() for event in run
    ]
    assert path.stat().st_mode & 0o777 == 0o600
    assert [secret for secret in scripted.Secrets().all if secret in path.read_text()] == []


def test_a_run_that_is_killed_leaves_all_that_happened_till_then(tmp_path: Path) -> None:
    run = scripted.run()
    recorder, session = Recorder(tmp_path / "run.jsonl"), Session()
    for number, event in enumerate(run[:-1], 1):
        session = session.apply(event)
        recorder.write(event, session)
        found = read(tmp_path / "run.jsonl")
        assert (found.fault, len(found.events)) == ("", number)
    assert found.session.outcome is None


def test_what_later_shows_to_be_secret_is_masked_in_the_lines_before(tmp_path: Path) -> None:
    value = "plain-word-1234567890"
    early = replace(scripted.KEPT, message=f"it names {value}")
    recorder, session = Recorder(tmp_path / "run.jsonl"), Session()
    token = replace(scripted.token(scripted.Secrets()), access=Secret(value))
    for event in (*scripted.run()[:1], early, Learned("token", token), Ended(Outcome.OK, 2.0)):
        session = session.apply(event)
        recorder.write(event, session)
    assert value not in (tmp_path / "run.jsonl").read_text()


def test_the_next_run_takes_the_place_of_the_one_before(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "run.jsonl")
    for run in (scripted.run(), scripted.refused()):
        session = Session()
        for event in run:
            session = session.apply(event)
            recorder.write(event, session)
    assert read(tmp_path / "run.jsonl").session == read(tmp_path / "run.jsonl").session
    assert len(read(tmp_path / "run.jsonl").events) == len(scripted.refused())


def test_a_file_that_cannot_be_written_is_told_once_and_ends_the_recording_alone(
    tmp_path: Path,
) -> None:
    path = tmp_path / "run.jsonl"
    recorder, session, said = Recorder(path), Session(), []
    for number, event in enumerate(scripted.run()):
        if number == 3:
            path.unlink()
            path.mkdir()
        session = session.apply(event)
        said.append(recorder.write(event, session))
    assert [line for line in said if line] == [
        f"The recording ends here, {path} takes no more: Is a directory."
    ]


async def test_a_large_body_is_masked_beside_the_run_and_every_line_keeps_its_place(
    tmp_path: Path,
) -> None:
    path, threads = tmp_path / "run.jsonl", set()
    recorder, session = Recorder(path), Session()
    put = recorder._put

    def noted(*args: Any) -> None:
        threads.add((type(args[0]).__name__, threading.current_thread() is MAIN))
        put(*args)

    recorder._put = noted  # type: ignore[method-assign]
    run = scripted.run()
    at = next(n for n, event in enumerate(run) if isinstance(event, Exchanged))
    large = run[at]
    assert isinstance(large, Exchanged) and large.exchange.response is not None
    body = replace(large.exchange.response, body=b"x" * (LARGE + 1))
    run[at] = Exchanged(replace(large.exchange, result=body))
    for event in run:
        session = session.apply(event)
        assert recorder.write(event, session) == ""
    assert await recorder.settled() == ""
    assert ("Started", True) in threads
    assert ("Exchanged", False) in threads and ("Ended", False) in threads
    lines = path.read_text(encoding="ascii").splitlines()[1:]
    assert [json.loads(line)["class"] for line in lines] == [
        type(event).__name__.lower() for event in run
    ]


async def test_what_a_thread_could_not_write_is_told_once(tmp_path: Path) -> None:
    path = tmp_path / "run.jsonl"
    recorder, session = Recorder(path), Session()
    started, *_ = scripted.run()
    session = session.apply(started)
    recorder.write(started, session)
    path.unlink()
    path.mkdir()
    large = next(event for event in scripted.run() if isinstance(event, Exchanged))
    assert large.exchange.response is not None
    body = replace(large.exchange.response, body=b"x" * (LARGE + 1))
    event = Exchanged(replace(large.exchange, result=body))
    told = [recorder.write(event, session.apply(event)), await recorder.settled()]
    assert [line for line in told if line] == [
        f"The recording ends here, {path} takes no more: Is a directory."
    ]
    assert await recorder.settled() == ""


@pytest.mark.skipif(os.name != "posix", reason="symbolic links need rights elsewhere")
def test_a_link_that_takes_the_place_of_the_file_is_not_followed(tmp_path: Path) -> None:
    path, other = tmp_path / "run.jsonl", tmp_path / "other"
    other.write_text("mine")
    recorder, session = Recorder(path), Session()
    first, second = scripted.run()[:2]
    recorder.write(first, session := session.apply(first))
    path.unlink()
    path.symlink_to(other)
    assert recorder.write(second, session.apply(second)) != ""
    assert other.read_text() == "mine"


# Recordings of anybody.

GOOD = recording(scripted.run(), folded(scripted.run()))


def lines_of(text: str = GOOD) -> list[str]:
    return text.splitlines(keepends=True)


def test_that_of_a_newer_version_is_refused_with_words(tmp_path: Path) -> None:
    first = json.dumps({"schema": "mcp-auth-tui-recording/2", "program": "9.1", "masked": True})
    path = written(tmp_path / "run.jsonl", f"{first}\n")
    with pytest.raises(NoRecording) as refusal:
        read(path)
    assert str(refusal.value) == (
        f"{path} was written by a newer mcp-auth-tui (9.1): its schema is mcp-auth-tui-recording/2,"
        " and this program reads mcp-auth-tui-recording/1. Update it, as with pip install -U "
        "mcp-auth-tui."
    )


@pytest.mark.parametrize(
    "text",
    ["", "{}\n", "[" * 5000, "\x00\xff", '{"schema": "mcp-auth-tui/1"}\n', "x" * 100_000,
     '{"schema": "mcp-auth-tui-recording/1x"}\n', '{"schema": ["mcp-auth-tui-recording/1"]}\n',
     f'{{"schema": "mcp-auth-tui-recording/1", "more": "{"x" * 5000}"}}\n'],
)  # fmt: skip
def test_what_is_no_recording_is_told_so(text: str, tmp_path: Path) -> None:
    with pytest.raises(NoRecording, match="is no recording of mcp-auth-tui"):
        read(written(tmp_path / "run.jsonl", text))


def test_what_is_no_file_is_told_so(tmp_path: Path) -> None:
    with pytest.raises(NoRecording, match="there is no file"):
        read(tmp_path / "none")
    with pytest.raises(NoRecording, match="is a directory, not a file"):
        read(tmp_path)


def test_members_that_a_later_version_added_are_passed_over(tmp_path: Path) -> None:
    first, *others = lines_of()
    more = [json.dumps({**json.loads(line), "later": [1]}) + "\n" for line in others]
    found = read(written(tmp_path / "run.jsonl", "".join([first, *more])))
    assert found == read(written(tmp_path / "same.jsonl", GOOD))


DAMAGES = {
    "no JSON": "Line 4 is damaged: it is no JSON",
    "[]": "Line 4 is damaged: it is not an object",
    '{"class": "gone"}': "Line 4 is damaged: class is not one that this version knows",
    '{"class": ["ended"]}': "Line 4 is damaged: class is not one that this version knows",
    '{"class": "entered", "stage": "elsewhere"}': "Line 4 is damaged: stage is not one of probe, "
    "resource, server, register, authorize, token, verify",
    '{"class": "entered"}': "Line 4 is damaged: stage is not there",
    '{"class": "ended", "outcome": "ok", "at": "soon"}': "Line 4 is damaged: at is not a "
    "number of usual size",
    '{"class": "ended", "outcome": "ok", "at": true}': "Line 4 is damaged: at is not a "
    "number of usual size",
    '{"class": "ended", "outcome": "ok", "at": 1e300}': "Line 4 is damaged: at is not a number of "
    "usual size",
    '{"class": "ended", "outcome": "ok", "at": NaN}': "Line 4 is damaged: it is no JSON",
    '{"class": "ended", "outcome": "ok", "at": 1, "exit": 1e3}': "Line 4 is damaged: exit is not a "
    "whole number of usual size",
    '{"class": "ended", "outcome": "ok", "at": 1, "exit": 9e99}': "Line 4 is damaged: exit is not a"
    " whole number of usual size",
    f'{{"class": "ended", "outcome": "ok", "at": 1, "exit": {"9" * 5000}}}': "Line 4 is damaged: it"
    " is no JSON",
    '{"class": "learned", "name": "secrets", "value": []}': "Line 4 is damaged: name is not one of "
    "what a run learns",
    '{"class": "learned", "name": "token", "value": {"access": "x"}}': "Line 4 is damaged: "
    "value.access is not a secret",
    '{"class": "started", "url": "u", "at": 1, "known": [["stages", {}]]}': "Line 4 is damaged: "
    "name is not one of what a run learns",
    '{"class": "started", "url": "u", "at": 1, "known": [[]]}': "Line 4 is damaged: known[0] is not"
    " a list of 2",
    '{"class": "remark", "text": 1}': "Line 4 is damaged: text is not a text",
    f'{{"class": "remark", "text": {"[" * 100_000}': "Line 4 is damaged: it is no JSON",
}


@pytest.mark.parametrize("line", DAMAGES, ids=lambda line: line[:40])
def test_a_damaged_one_is_shown_as_far_as_it_goes(line: str, tmp_path: Path) -> None:
    first, *others = lines_of()
    path = written(tmp_path / "run.jsonl", "".join([first, *others[:2], f"{line}\n", *others[2:]]))
    found = read(path)
    assert found.fault == f"{DAMAGES[line]}. What stands before it is shown."
    assert len(found.events) == 2


def test_a_line_that_is_cut_off_ends_it(tmp_path: Path) -> None:
    found = read(written(tmp_path / "run.jsonl", GOOD[:-30]))
    assert found.fault == "Line 34 is cut off. What stands before it is shown."
    assert len(found.events) == 32


def test_the_last_line_end_may_be_missing(tmp_path: Path) -> None:
    assert read(written(tmp_path / "run.jsonl", GOOD[:-1])).fault == ""


@pytest.mark.parametrize(
    ("second", "reason"),
    [('{"class": "remark", "text": "x"}\n', "Line 2 is not the beginning of a run"),
     ("", "It holds no event"), ("{", "Line 2 is cut off")],
)  # fmt: skip
def test_one_without_a_beginning_is_refused(second: str, reason: str, tmp_path: Path) -> None:
    path = written(tmp_path / "run.jsonl", lines_of()[0] + second)
    with pytest.raises(NoRecording, match=reason):
        read(path)


def test_a_million_events_are_shown_up_to_a_limit(tmp_path: Path) -> None:
    line = json.dumps(shape(Event).dump(Entered(Stage.PROBE), Door())) + "\n"
    text = "".join(lines_of()[:2]) + line * 1_000_000
    found = read(written(tmp_path / "run.jsonl", text))
    assert len(found.events) == reader.EVENTS
    assert found.fault.startswith("It has more than 20,000 events, at most so many are shown")


def test_so_are_exchanges(tmp_path: Path) -> None:
    exchanged = next(event for event in scripted.run() if isinstance(event, Exchanged))
    line = json.dumps(shape(Event).dump(exchanged, Door())) + "\n"
    found = read(written(tmp_path / "run.jsonl", "".join(lines_of()[:2]) + line * 1000))
    assert len(found.session.exchanges) == reader.EXCHANGES


def test_a_file_that_is_too_large_is_told_its_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader, "LARGEST", 100)
    with pytest.raises(NoRecording, match="octets, and a recording at most 100"):
        read(written(tmp_path / "run.jsonl", GOOD))


def test_controls_in_it_reach_nobody(tmp_path: Path) -> None:
    evil = "\x1b]0;evil\x07\x9b31m\u202e"
    first, begin, *_ = lines_of()
    line = json.dumps({"class": "remark", "text": evil}) + "\n"
    found = read(written(tmp_path / "run.jsonl", first + begin + line))
    assert found.session.remarks == ("\\x1b]0;evil\\x07\\x9b31m\\u{202e}",)


@settings(max_examples=200, deadline=None)
@given(st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)
    | st.sampled_from(["token", "started", "exchanged", "ok", "inf"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["class", "name", "value", "url", "at", "known", "exchange", "stage",
                         "outcome", "request", "secret", "base64", "result"]), inner, max_size=6),
    max_leaves=12,
))  # fmt: skip
def test_any_json_is_an_event_or_damage(found: Any) -> None:
    try:
        event: Event = shape(Event).load(found, "")
    except Damage:
        return
    Session().apply(event)
