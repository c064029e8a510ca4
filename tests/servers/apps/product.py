"""A product that is started by a command of its own: run, waited for and ended.

Knows the words that start an app, processes, and one URL that answers when it is there; must not
know what is served.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

_SECONDS = 90.0


def arguments() -> argparse.Namespace:
    """Return what every app is given: its port, and the MCP URL that its tokens are for."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--resource", required=True)
    return parser.parse_args()


@contextmanager
def running(
    words: Sequence[str], folder: Path, url: str, **environ: str
) -> Iterator[subprocess.Popen[bytes]]:
    """Runs a command in `folder` from the time that `url` answers until the block is left.

    What it says goes to stderr. Raises SystemExit when it ends, or says nothing in time.
    """
    env: Mapping[str, str] = {**os.environ, "HOME": str(folder), **environ}
    process = subprocess.Popen(
        words, cwd=folder, env=env, stdin=subprocess.DEVNULL, stdout=sys.stderr
    )
    try:
        wait(process, url)
        yield process
    finally:
        process.terminate()
        try:
            process.wait(3)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def wait(process: subprocess.Popen[bytes], url: str) -> None:
    """Returns when `url` answers, whatever it says.

    Raises SystemExit when the process ends, or nothing answers in time.
    """
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    until = time.monotonic() + _SECONDS
    while process.poll() is None and time.monotonic() < until:
        try:
            opener.open(url, timeout=5).close()
        except urllib.error.HTTPError as error:
            error.close()
            return
        except OSError:
            time.sleep(0.1)
        else:
            return
    raise SystemExit(f"{url} does not answer")
