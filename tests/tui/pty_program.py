"""The screen as a program of its own, with a scripted run: what the terminal tests start."""

from __future__ import annotations

import sys
from functools import reduce

from mcp_auth_tui.model import Level, Session, Stage, Whose
from mcp_auth_tui.tui.controls import watch
from mcp_auth_tui.tui.run_driver import RunDriver
from mcp_auth_tui.tui.sitting import run_tui
from tests.tui import fakes

LONG = 2000
"""Characters of the address with ``--long``."""


SELDOM = 3600
"""Seconds between two rounds of a watch, none of which is to come by itself."""


async def look() -> Session:
    """Return what a watch finds in each round: a server that has to be mended."""
    other = fakes.finding(
        "as-iss-not-promised",
        Level.WARNING,
        "iss is not promised.",
        Stage.SERVER,
        3,
        whose=Whose.ISSUER,
    )
    return reduce(Session.apply, [*fakes.mismatch(), other], Session())


def main() -> int:
    url = fakes.URL + "&claims=" + "%7B" * 700 if "--long" in sys.argv else fakes.URL
    browser = fakes.browser(url=url[:LONG])
    events = [*fakes.metadata(), *fakes.registration(), *browser, *fakes.ending()]
    RunDriver.assemble = lambda *_: fakes.FakeController(events)  # type: ignore[method-assign]
    watch.WATCH_USUAL = SELDOM
    watch.WatchControls.looks = lambda *_: look  # type: ignore[method-assign]
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
