"""The program with a clock that jumps: by the seconds that a file holds, while it is there."""

from __future__ import annotations

import sys
import time
from pathlib import Path

_PATH, _TRUE = Path(sys.argv.pop(1)), time.time


def _jumped() -> float:
    try:
        return _TRUE() + float(_PATH.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return _TRUE()


time.time = _jumped

from mcp_auth_tui.__main__ import run  # noqa: E402  # the clock comes first

if __name__ == "__main__":
    sys.exit(run())
