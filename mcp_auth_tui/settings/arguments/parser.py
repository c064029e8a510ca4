"""Knows how a command line is read and its help laid out; imports argparse, and knows no option."""

from __future__ import annotations

import argparse
import os
import sys

TYPE_CHECKING = False  # `typing` itself would cost a tenth of the time that --help may take
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

PROGRAM = "mcp-auth-tui"
_FEW = 12
"""So many choices are all named when a word is none of them."""
# argparse looks for its own few words in the person's language, and there are none among texts that
# are all in this one: the look alone takes a tenth of the time that --help may take.
vars(argparse)["_"] = str


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence and ends with exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Say it on stderr and end."""
        end = "" if message.endswith(("?", "!", ".")) else "."
        if sys.stderr is not None:
            sys.stderr.write(f"{PROGRAM}: {message}{end} See {self.prog} --help.\n")
        raise SystemExit(2)

    def _print_message(self, message: str, file: object = None) -> None:
        """Write the help or the version to stdout; exit code 1 where it does not arrive."""
        try:
            if sys.stdout is None:
                raise OSError("stdout is closed")
            sys.stdout.write(message)
            sys.stdout.flush()
        except (OSError, UnicodeEncodeError):
            from mcp_auth_tui.desktop.output import Talk, deliver

            if not deliver(message, None, Talk(), again=True):
                raise SystemExit(1) from None

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Say which of many choices are near, and not all of them."""
        choices = [*(action.choices or ())]
        if len(choices) <= _FEW or value in choices:
            super()._check_value(action, value)
            return
        from mcp_auth_tui.text.suggest import near

        close = near(str(value), choices)
        hint = (
            f"did you mean {' or '.join(close)}?" if close else f"there are {len(choices)} others"
        )
        raise argparse.ArgumentError(action, f"invalid choice: {value!r}: {hint}")

    def options(self) -> list[tuple[str, argparse.Action]]:
        """Return every option but help and version, each with its group's title, as in the help."""
        return [
            (group.title or "", action)
            for group in self._action_groups
            for action in group._group_actions
            if action.option_strings and action.dest not in ("help", "version")
        ]


class _Help(argparse.RawDescriptionHelpFormatter):
    """Asks the terminal's width itself: argparse would load compression libraries for it."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=min(_columns(), 100))

    def _split_lines(self, text: str, width: int) -> list[str]:
        """Divide at blanks alone; `textwrap` would take longer to load than all of this help."""
        lines = [""]
        for word in text.split():
            longer = f"{lines[-1]} {word}".lstrip()
            if len(longer) <= width or not lines[-1]:
                lines[-1] = longer
            else:
                lines.append(word)
        return lines


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or 80
    except ValueError:
        pass
    try:
        return max(os.get_terminal_size(1).columns, 40)
    except OSError:
        return 80


def parser_of(prog: str, usage: str, description: str, epilog: str) -> Parser:
    """Return the parser of a command, with what they all have."""
    parser = Parser(
        prog=prog,
        usage=f"{prog} {usage}",
        description=description,
        epilog=epilog,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {_version()}")
    return parser


def _version() -> str:
    from mcp_auth_tui import __version__

    return __version__


def number(kind: Callable[[str], float], least: float, most: float) -> Callable[[str], float]:
    """Return how a number of some kind is read, from a least to a most."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {most:g}")
        return value

    return parse
