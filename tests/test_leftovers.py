"""What the tests start is found when it stays, also where it made a daemon of itself."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.leftovers import ended, running

pytestmark = pytest.mark.skipif(not Path("/proc").is_dir(), reason="there is no /proc")
DAEMON = """
import os, sys, time
if os.fork() == 0:
    os.setsid()
    print("there", flush=True)
    time.sleep(60)
"""


def test_a_daemon_that_stays_is_found_told_and_ended() -> None:
    line = "LEFT_BY=this-test"
    environ = {**os.environ, "LEFT_BY": "this-test"}
    with subprocess.Popen(
        [sys.executable, "-c", DAEMON], env=environ, stdout=subprocess.PIPE
    ) as it:
        assert it.stdout is not None
        assert it.stdout.readline() == b"there\n"
        it.wait(20)
        (told,) = ended(line, patience=0.0)
    assert "os.setsid()" in told
    assert "test_a_daemon_that_stays_is_found_told_and_ended" in told
    assert ended(line) == [] and running(line) == {}
