"""Lines from stdin beside a running loop."""

from __future__ import annotations

import asyncio
import os
import pty
import socket
import termios
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from mcp_auth_tui.desktop.stdin import Keyboard, Stdin, look

SECONDS = 10


@pytest.fixture
def pipe() -> Iterator[list[int]]:
    """Its ends: the reader and, unless a test takes and closes it, the writer."""
    ends = list(os.pipe())
    yield ends
    for writer in ends[1:]:
        os.close(writer)
    # A keyboard that still reads would take what the next test writes to a pipe of this number.
    for thread in threading.enumerate():
        if thread.name == "keyboard":
            thread.join(SECONDS)
    os.close(ends[0])


class Ear:
    """Hears a keyboard."""

    def __init__(self, descriptor: int) -> None:
        self.lines: asyncio.Queue[str | None] = asyncio.Queue()
        self.keyboard = Keyboard(
            self.lines.put_nowait, lambda: self.lines.put_nowait(None), descriptor
        )

    async def next(self) -> str | None:
        return await asyncio.wait_for(self.lines.get(), SECONDS)


async def test_each_line_is_heard_and_then_the_end(pipe: list[int]) -> None:
    ear = Ear(pipe[0])
    ear.keyboard.start()
    ear.keyboard.start()
    os.write(pipe[1], "one\r\ntwo é\n".encode())
    assert [await ear.next(), await ear.next()] == ["one", "two é"]
    os.write(pipe[1], b"three \xff")
    os.close(pipe.pop())
    assert [await ear.next(), await ear.next()] == ["three \ufffd", None]


async def test_a_line_written_in_pieces_is_one_line(pipe: list[int]) -> None:
    ear = Ear(pipe[0])
    ear.keyboard.start()
    for piece in (b"ht", b"tp://", b"x" * 9000, b"\n"):
        os.write(pipe[1], piece)
    assert await ear.next() == "http://" + "x" * 9000


async def test_nothing_is_read_before_somebody_waits_for_it(pipe: list[int]) -> None:
    Ear(pipe[0])
    os.write(pipe[1], b"for another program\n")
    await asyncio.sleep(0)
    assert os.read(pipe[0], 99) == b"for another program\n"


def test_an_open_pipe_can_answer_and_a_closed_empty_one_cannot(pipe: list[int]) -> None:
    assert look(pipe[0]) is Stdin.PIPE
    os.write(pipe[1], b"held")
    os.close(pipe.pop())
    assert look(pipe[0]) is Stdin.PIPE
    os.read(pipe[0], 99)
    assert look(pipe[0]) is Stdin.NOTHING


def test_a_socket_can_answer() -> None:
    here, there = socket.socketpair()
    with here, there:
        assert look(here.fileno()) is Stdin.PIPE


def test_a_terminal_can_answer() -> None:
    master, slave = pty.openpty()
    assert look(slave) is Stdin.TERMINAL
    os.close(master)
    os.close(slave)


def test_files_devices_and_closed_descriptors_cannot_answer(tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("a line\n")
    for path in (tmp_path / "lines", Path(os.devnull)):
        with path.open("rb") as file:
            assert look(file.fileno()) is Stdin.NOTHING
        assert look(file_number := _closed()) is Stdin.NOTHING, file_number


def _closed() -> int:
    ends = os.pipe()
    os.close(ends[0])
    os.close(ends[1])
    return ends[0]


def test_a_secret_is_typed_unseen_and_then_the_terminal_is_as_before() -> None:
    master, slave = pty.openpty()
    keyboard = Keyboard(print, print, slave)
    before = termios.tcgetattr(slave)
    keyboard.hide()
    assert not termios.tcgetattr(slave)[3] & termios.ECHO
    keyboard.show()
    assert termios.tcgetattr(slave) == before
    keyboard.show()
    os.close(master)
    os.close(slave)


def test_hiding_on_something_that_is_no_terminal_does_nothing(pipe: list[int]) -> None:
    keyboard = Keyboard(print, print, pipe[0])
    keyboard.hide()
    keyboard.show()
