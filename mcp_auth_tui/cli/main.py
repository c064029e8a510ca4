"""Knows which command argv means, and that no exception leaves the program; no command itself.

A new command is a module beside this one with ``command(words)`` and its parser, and one row in
`COMMANDS`. Until a command has parsed argv it imports its parser alone: ``--help`` must be there at
once.
"""

from __future__ import annotations

import os
import sys

from mcp_auth_tui.desktop import collector

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code (DESIGN 3); no exception leaves it."""
    words = list(sys.argv[1:] if argv is None else argv)
    _hold_descriptors()
    before = collector.rest()
    try:
        command = COMMANDS.get(words[0]) if words else None
        return _flow(words) if command is None else command(words[1:])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        from mcp_auth_tui.desktop.output import Talk
        from mcp_auth_tui.render.bug import described

        talk = Talk()
        for line in described(error):
            talk(line)
        return 1
    finally:
        collector.restore(before)


def _hold_descriptors() -> None:
    """Open nothing in the place of a standard stream that is closed.

    Else the next socket or file takes its number, and is written to as if it were that stream.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _flow(words: list[str]) -> int:
    from mcp_auth_tui.cli.flow import command

    return command(words, COMMANDS)


def _demo(words: list[str]) -> int:
    from mcp_auth_tui.cli.demo import command

    return command(words)


def _inspect(words: list[str]) -> int:
    from mcp_auth_tui.cli.inspect import command

    return command(words)


def _probe(words: list[str]) -> int:
    from mcp_auth_tui.cli.probe import command

    return command(words)


def _help(words: list[str]) -> int:
    from mcp_auth_tui.cli.help import command

    return command(words)


def _headers(words: list[str]) -> int:
    from mcp_auth_tui.cli.headers import command

    return command(words)


def _sessions(words: list[str]) -> int:
    from mcp_auth_tui.cli.sessions import command

    return command(words)


def _run(words: list[str]) -> int:
    from mcp_auth_tui.cli.run import command

    return command(words)


def _replay(words: list[str]) -> int:
    from mcp_auth_tui.cli.replay import command

    return command(words)


def _install(words: list[str]) -> int:
    from mcp_auth_tui.cli.install import install

    return install(words)


def _uninstall(words: list[str]) -> int:
    from mcp_auth_tui.cli.install import uninstall

    return uninstall(words)


def _clients(words: list[str]) -> int:
    from mcp_auth_tui.cli.clients import command

    return command(words)


def _completion(words: list[str]) -> int:
    from mcp_auth_tui.cli.completion import command

    return command(words)


COMMANDS: Mapping[str, Callable[[list[str]], int]] = {
    "demo": _demo,
    "inspect": _inspect,
    "probe": _probe,
    "headers": _headers,
    "sessions": _sessions,
    "run": _run,
    "replay": _replay,
    "install": _install,
    "uninstall": _uninstall,
    "clients": _clients,
    "completion": _completion,
    "help": _help,
}
