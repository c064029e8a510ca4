"""Runs the program while something around it fails, and judges what it left behind.

``python -m tests.faults.run [WORD…]`` brings each fault at each stage, whose line has one of the
words in it (all without one), with each face (or those of ``--plain``, ``--json``, ``--screen``
that are given), and prints a table; ``--write`` keeps the exit codes in ``outcomes.toml``, which
were read one by one.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import sys
import time
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.faults.program import FACES, Started
from tests.faults.server import PERSON, SECONDS, STAGES, Held, holding

OUTCOMES = Path(__file__).with_name("outcomes.toml")
TIMEOUT = 3
"""Seconds for one request."""
ASLEEP = 4.0
"""Seconds that a program is stopped: longer than that."""
QUIET = 2.0
"""Seconds without a request after which a run is over."""
YEAR = 365 * 86_400
START = "start"
"""In place of a stage: from the beginning on."""
# What a screen switched on, and has to switch off again.
_MODES = ("1049", "1000", "1003", "1006", "2004")


@dataclass(frozen=True, slots=True)
class Fault:
    """What fails, and how it is brought about while the program waits for an answer."""

    name: str
    bring: Callable[[Started, Held], None] = lambda program, held: None
    stages: tuple[str, ...] = STAGES
    faces: tuple[str, ...] = FACES
    ends: bool = False
    """Whether the program ends by it; else it goes on, and a screen is left by its key."""
    cut: bool = False
    terminal: bool = False
    full: bool = False
    deaf: bool = False
    stdout: str = ""


def _signals(*numbers: int) -> Callable[[Started, Held], None]:
    def bring(program: Started, held: Held) -> None:
        for number in numbers:
            program.send(number)

    return bring


def _twice(program: Started, held: Held) -> None:
    program.send(signal.SIGINT)
    time.sleep(0.05)  # two at once would reach the program as one
    if program.process.poll() is None:
        program.send(signal.SIGINT)


def _slept(number: int, seconds: float = ASLEEP) -> Callable[[Started, Held], None]:
    def bring(program: Started, held: Held) -> None:
        program.send(number)
        held.go()
        time.sleep(seconds)
        program.send(signal.SIGCONT)

    return bring


def _clock(seconds: int) -> Callable[[Started, Held], None]:
    def bring(program: Started, held: Held) -> None:
        (program.home / "clock").write_text(str(seconds))

    return bring


_BUSY = tuple(stage for stage in STAGES if stage != PERSON)
_LINES = ("plain", "json")
FAULTS = (
    Fault("the network is cut", cut=True, stages=_BUSY),
    Fault("SIGINT", _signals(signal.SIGINT), ends=True, faces=_LINES),
    Fault("SIGINT twice", _twice, ends=True, faces=_LINES),
    Fault("SIGTERM", _signals(signal.SIGTERM), ends=True),
    Fault("SIGHUP", _signals(signal.SIGHUP), ends=True),
    Fault("SIGTERM and SIGHUP", _signals(signal.SIGTERM, signal.SIGHUP), ends=True),
    Fault("SIGHUP and SIGTERM", _signals(signal.SIGHUP, signal.SIGTERM), ends=True),
    Fault("stopped for long", _slept(signal.SIGSTOP), stages=_BUSY),
    Fault("stopped for a moment", _slept(signal.SIGSTOP, 0.2), stages=("use",)),
    Fault("put to sleep", _slept(signal.SIGTSTP), stages=_BUSY, terminal=True),
    Fault("the terminal goes away", lambda program, held: program.hang_up(), ends=True,
          terminal=True),
    Fault("stdin is closed", lambda program, held: program.close_in(), faces=_LINES),
    Fault("nobody reads stdout", lambda program, held: program.close_out(), stdout="pipe",
          stages=_BUSY),
    Fault("stdout is full", stages=(START,), stdout="/dev/full"),
    Fault("stderr is closed", stages=(START,), deaf=True, faces=_LINES),
    Fault("the disk is full", stages=(START,), full=True),
    Fault("the clock goes a year ahead", _clock(YEAR), stages=_BUSY),
    Fault("the clock goes a year back", _clock(-YEAR), stages=_BUSY),
)  # fmt: skip


def words(held: Held, home: Path, fault: Fault, stage: str) -> tuple[str, ...]:
    """Return the command line of a run."""
    browser = ("--browser", "none" if stage == PERSON else "follow")
    files = () if fault.stdout else ("-o", str(home / "out"))
    kept = ("--token-store", "file", "--record", str(home / "run.jsonl"))
    return (held.url, *browser, "--timeout", str(TIMEOUT), *kept, *files)


def outcome(fault: Fault, stage: str, face: str) -> int:
    """Bring a fault about, judge what is left, and return the exit code.

    Raises AssertionError.
    """
    with TemporaryDirectory() as place, holding("" if stage == START else stage) as held:
        home = Path(place)
        full = os.open(fault.stdout, os.O_WRONLY) if fault.stdout.startswith("/") else None
        program = Started(
            home,
            face,
            words(held, home, fault, stage),
            terminal=fault.terminal,
            stdout=full,
            full=fault.full,
            deaf=fault.deaf,
        )
        if full is not None:
            os.close(full)
        try:
            if stage == PERSON:
                program.until(lambda: "code_challenge" in _flat(program.err), "the address")
            elif stage != START:
                program.until(held.met.is_set, stage)
            fault.bring(program, held)
            if not fault.ends or stage not in (START, PERSON):
                held.go(cut=fault.cut)
            if face == "screen" and not fault.ends:
                _left(program, held, fault, stage)
            code = program.end()
            _judged(program, held, fault, stage, face)
            return code
        finally:
            program.kill()


def _flat(text: str) -> str:
    return text.replace("\n", "").replace("\r", "")


def _left(program: Started, held: Held, fault: Fault, stage: str) -> None:
    """Quit the screen when the run is over."""

    def over() -> object:
        if fault.full:  # there is no recording: a while without a request after the token
            return held.tokens and time.monotonic() - held.last > QUIET
        record = program.home / "run.jsonl"
        return stage == PERSON or (record.exists() and '"ended"' in record.read_text())

    program.until(over, "the end of the run")
    program.press(b"q")
    if stage == PERSON:
        time.sleep(0.3)
        program.press(b"y")


def _judged(program: Started, held: Held, fault: Fault, stage: str, face: str) -> None:
    told = f"{program.out[-1500:]}\n{program.err[-3000:]}"
    for word in ("Traceback", "This is a bug", "client-bug"):
        assert word not in told, told
    assert program.orphans() == []
    if held.port:
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", held.port)) != 0, "the port is still bound"
    kept = "".join(_files(program.home))
    if stage == "use" and "twice" not in fault.name and not fault.full:
        found = [token for token in held.tokens if token in kept + program.out]
        assert found == held.tokens != [], f"a token is lost\n{told}"
    if face == "json" and fault.stdout == "" and not fault.full and "twice" not in fault.name:
        json.loads((program.home / "out").read_text())
    if program.master >= 0 and "terminal goes" not in fault.name:
        assert program.modes() == program.before, "the terminal is not as it was"
    if face == "screen" and "terminal goes" not in fault.name:
        for mode in _MODES:
            assert program.err.rfind(f"\x1b[?{mode}l") >= program.err.rfind(f"\x1b[?{mode}h"), mode


def _files(home: Path) -> Iterator[str]:
    """Yield what the files hold that a run wrote; each is whole, and none is of no use."""
    for path in sorted(item for item in home.rglob("*") if item.is_file()):
        assert path.name in {
            "clock", "out", "run.jsonl", "state.json", "tokens.json",
            "state.json.lock", "tokens.json.lock",
        } or path.suffix == ".lock", f"left behind: {path.name}"  # fmt: skip
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            json.loads(text)
        if path.suffix == ".jsonl":
            for line in text.splitlines():
                json.loads(line)
            assert text.endswith("\n") or not text
        yield text


def cells() -> Iterator[tuple[Fault, str, str]]:
    """Yield each fault, stage and face."""
    for fault in FAULTS:
        for stage in fault.stages:
            for face in fault.faces:
                yield fault, stage, face


def line(fault: Fault, stage: str) -> str:
    """Return what a line of the table is called."""
    return f"{stage}: {fault.name}"


def expected() -> Mapping[str, str]:
    """Return the exit codes that were read and found right: one, or one a face in its order."""
    return {
        name: str(codes)
        for name, codes in tomllib.loads(OUTCOMES.read_text(encoding="utf-8")).items()
    }


def expected_of(fault: Fault, stage: str, face: str) -> int:
    """Return the exit code that is right for a cell."""
    codes = expected()[line(fault, stage)].split()
    return int(codes[fault.faces.index(face)] if len(codes) > 1 else codes[0])


def main(arguments: list[str]) -> int:
    """Run what was asked for and print a line each."""
    write = "--write" in arguments
    faces = [face for face in FACES if f"--{face}" in arguments] or FACES
    sought = [item for item in arguments if not item.startswith("--")]
    known = dict(expected()) if OUTCOMES.exists() else {}
    faults = count = 0
    for fault in FAULTS:
        for stage in fault.stages:
            name = line(fault, stage)
            if sought and not any(word in name for word in sought):
                continue
            told, codes = [], []
            for face in (face for face in fault.faces if face in faces):
                count += 1
                began = time.monotonic()
                try:
                    code = str(outcome(fault, stage, face))
                    right = code if write else str(expected_of(fault, stage, face))
                    mark = "" if code == right else f" NOT {right}"
                except (AssertionError, Exception) as error:
                    code, mark = "?", f" FAULT {type(error).__name__} {str(error)[:1500]}"
                faults += bool(mark)
                codes.append(code)
                seconds = time.monotonic() - began
                long = f" {seconds:.0f} s" if seconds > SECONDS / 2 else ""
                told.append(f"{face} {code}{mark}{long}")
            known[name] = codes[0] if len(set(codes)) == 1 else " ".join(codes)
            sys.stdout.write(f"{name:45} {' | '.join(told)}\n")
            sys.stdout.flush()
    sys.stdout.write(f"{count} runs, {faults} faults\n")
    if write:
        rows = (f'"{name}" = "{codes}"\n' for name, codes in known.items())
        OUTCOMES.write_text("".join(rows), encoding="utf-8")
    return int(faults > 0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
