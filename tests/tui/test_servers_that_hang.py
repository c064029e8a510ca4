"""Keys, sizes and the end of a run, while a server hangs or floods: in a real terminal."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Event, Thread

import pytest

from tests.peers.terminal import Terminal

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pseudo terminals are POSIX")
STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
JSON = b"HTTP/1.1 401 Unauthorized\r\nContent-Type: application/json\r\n\r\n"
BEHAVIOUR = {
    # What is written at once, what then over and over again (nothing: it hangs), and the exit code.
    "hangs before a word": (b"", b"", 130),
    "hangs in its header": (b"HTTP/1.1 200 OK\r\nContent-Ty", b"", 130),
    "hangs in its body": (JSON + b'{"a":', b"", 130),
    "floods with events": (STREAM, b'data: {"jsonrpc":"2.0","method":"ping"}\n\n' * 500, 5),
    "floods with comments": (STREAM, b": keep-alive\n\n" * 2000, 5),
    "floods with a body": (JSON + b"[", b'"x\x1b[2J",' * 4000, 1),
}


@contextmanager
def server(first: bytes, again: bytes) -> Iterator[str]:
    """Answer every connection so, until the block is left."""
    over = Event()

    def answered(wire: socket.socket) -> None:
        with wire, suppress(OSError):
            wire.recv(65536)
            wire.sendall(first)
            while again and not over.is_set():
                wire.sendall(again)
            over.wait()

    def accepted() -> None:
        with suppress(OSError):
            while True:
                Thread(target=answered, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        Thread(target=accepted, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/mcp"
        finally:
            over.set()
            listening.shutdown(socket.SHUT_RDWR)


@pytest.mark.parametrize("name", BEHAVIOUR)
def test_the_screen_answers_every_key_whatever_the_server_does(tmp_path: Path, name: str) -> None:
    first, again, code = BEHAVIOUR[name]
    with server(first, again) as url:
        arguments = (url, "--timeout", "60", "--browser", "none")
        with Terminal(tmp_path, (80, 24), *arguments) as terminal:
            terminal.until("1 Metadata")
            terminal.press("?")
            terminal.until("What usually goes wrong")
            terminal.press("\x1b")
            terminal.until_matches(r"(?s)\A(?!.*What usually).*\? help")
            for size in ((120, 36), (60, 20), (80, 24)):
                terminal.resize(*size)
                terminal.until_matches(rf"\? help(.*q quit)? *\Z|\? help.{{0,{size[0]}}}\Z")
            terminal.press("4")
            terminal.until_matches(r"─ ?4 Token  \S")
            terminal.press("1")
            terminal.until_matches(r"─ ?1 Metadata  \S")
            if not again:
                terminal.press("\x1b")
            terminal.until("rerun all")
            terminal.press("q")
            # What floods is cut off by the limits, and a person ends what hangs.
            assert terminal.end() == (code, "")
