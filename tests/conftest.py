"""Settings of all tests; knows no test."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from uuid import uuid4

import pytest
from hypothesis import settings

from tests import leftovers

# No test, and no program that one starts, reads or writes what the developer keeps.
for _name in ("CONFIG", "STATE", "TOKENS"):
    os.environ[f"MCP_AUTH_TUI_{_name}"] = os.devnull
os.environ["PYTHON_KEYRING_BACKEND"] = "keyring.backends.fail.Keyring"

# A busy machine is no fault of the program: what is too slow is for tests/bench to say.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

# A shell that starts the tests in the background has SIGINT ignored, and so would every program
# that they start and interrupt.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

_RUN = "TESTED_IN"
os.environ[_RUN] = uuid4().hex


@pytest.fixture(scope="session", autouse=True)
def nothing_is_left_running() -> Iterator[None]:
    """A program that a test started ends with it, and so does what that program started."""
    yield
    left = leftovers.ended(f"{_RUN}={os.environ[_RUN]}")
    assert left == [], "still running after the tests"
