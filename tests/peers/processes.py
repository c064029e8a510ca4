"""Starts the servers of this folder and ends them.

Knows that a server prints its addresses as one JSON line and ends with its standard input; must
not know what it serves.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Timer

START_SECONDS = 20.0
END_SECONDS = 5.0


@contextmanager
def serving(
    command: Sequence[str], folder: Path, log: Path, seconds: float = START_SECONDS
) -> Iterator[dict[str, str]]:
    """Runs `command` in `folder` until the block is left; gives the addresses it printed.

    It has ``seconds`` to come up. Raises AssertionError with the server's own words when it does
    not come up or does not end.
    """
    with log.open("wb") as words:
        server = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=words,
            env=quiet_environment(),
        )
    assert server.stdin
    assert server.stdout
    try:
        limit = Timer(seconds, server.kill)
        limit.start()
        line = server.stdout.readline()
        limit.cancel()
        assert line, f"{command[0]} did not come up: {log.read_text(errors='replace')}"
        yield json.loads(line)
        server.stdin.close()
        assert server.wait(END_SECONDS) == 0, log.read_text(errors="replace")
    finally:
        server.kill()
        server.wait()
        server.stdin.close()
        server.stdout.close()


def quiet_environment() -> dict[str, str]:
    """This process's environment without what could reach another machine or change the face."""
    dropped = (
        "proxy",
        "ssh_",
        "tmux",
        "browser",
        "textual",
        "mcp_auth_",
        "coverage",
        "pythonwarnings",
        "columns",
        "lines",
    )
    return {k: v for k, v in os.environ.items() if not any(d in k.lower() for d in dropped)}
