"""Started by the suite like `adapter`; drives the full screen as a person would who goes by steps.

Knows what stands on the screen and which keys there are; must not look at which scenario runs.
"""

from __future__ import annotations

import json
import os
import re
import sys
import tempfile
from pathlib import Path

from tests.conformance.adapter import command_line
from tests.peers.terminal import Terminal

SIZE = (120, 36)
NEXT = "request {}, not sent yet"
OVER = "rerun (all|here)"
ASKS = "enter answers"
STEPS = 60


def drive(terminal: Terminal) -> int:
    """Send every request by its key, quit at the end, and return the program's exit code."""
    for number in range(1, STEPS):
        # The request of this number is shown, something is asked, or it is over.
        seen = f"{OVER}|{ASKS}|{NEXT.format(number)}"
        terminal.until_matches(seen)
        while ASKS in terminal.text:
            terminal.press("\r")
            terminal.until_matches(rf"(?s)\A(?!.*{ASKS})")
            terminal.until_matches(seen)
        if re.search(OVER, terminal.text):
            break
        terminal.press("s")
    terminal.press("q")
    return terminal.end()[0]


def main() -> int:
    version = os.environ.get("MCP_CONFORMANCE_PROTOCOL_VERSION", "")
    context = json.loads(os.environ.get("MCP_CONFORMANCE_CONTEXT") or "{}")
    arguments, extra = command_line(sys.argv[-1], version, context)
    arguments.remove("--plain")
    with (
        tempfile.TemporaryDirectory() as folder,
        Terminal(Path(folder), SIZE, "--step", *arguments, **extra) as terminal,
    ):
        code = drive(terminal)
        sys.stderr.write(terminal.text + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
