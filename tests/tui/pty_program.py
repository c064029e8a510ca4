"""The screen as a program of its own, with a scripted run: what the terminal tests start."""

from __future__ import annotations

import sys

from mcp_auth_tui.tui.run_driver import RunDriver
from mcp_auth_tui.tui.sitting import run_tui
from tests.tui import fakes

LONG = 2000
"""Characters of the address with ``--long``."""


def main() -> int:
    url = fakes.URL + "&claims=" + "%7B" * 700 if "--long" in sys.argv else fakes.URL
    browser = fakes.browser(url=url[:LONG])
    events = [*fakes.metadata(), *fakes.registration(), *browser, *fakes.ending()]
    RunDriver.assemble = lambda *_: fakes.FakeController(events)  # type: ignore[method-assign]
    sitting = run_tui(
        fakes.config(follow=True),
        fakes.Settings(),
        inline="--inline" in sys.argv,
        clock=lambda: fakes.NOW,
    )
    assert sitting.given is not None
    sys.stdout.write("".join(f"{k}: {v.reveal()}\n" for k, v in sitting.given.headers.items()))
    return sitting.code


if __name__ == "__main__":
    sys.exit(main())
