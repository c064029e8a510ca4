"""Knows what becomes of a test whose part is not installed: skipped, or a failure where it must be.

With MCP_AUTH_TUI_REQUIRE_PEERS=1 a missing part fails.
"""

from __future__ import annotations

import os
from typing import NoReturn

import pytest


def missing(reason: str) -> NoReturn:
    """End the test: it cannot be run for this reason."""
    if os.environ.get("MCP_AUTH_TUI_REQUIRE_PEERS") == "1":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
