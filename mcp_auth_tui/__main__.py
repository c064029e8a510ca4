"""Knows how the program starts and ends quietly around the command line; must not know more."""

import os
import signal
import sys


def run() -> int:
    """Run the command line; an interrupt before it listens, or after it ended, is no traceback.

    The exit code is 130 then, as for any interrupt. What is ignored (``nohup``) stays ignored.
    """
    usual = signal.getsignal(signal.SIGINT)
    if usual is not signal.default_int_handler:
        from mcp_auth_tui.cli.main import main

        return main()
    signal.signal(signal.SIGINT, _quit)
    from mcp_auth_tui.cli.main import main

    signal.signal(signal.SIGINT, usual)
    try:
        return main()
    finally:
        signal.signal(signal.SIGINT, _quit)


def _quit(*_: object) -> None:
    # Nothing is open yet, or nothing any more: there is nothing to clean up.
    os._exit(130)


if __name__ == "__main__":
    sys.exit(run())
