"""Knows the command ``run``: another program that is given a stored token; must not know which."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager
from pathlib import Path

from mcp_auth_tui.cli.headers import NoToken, choice_options, obtain, tell
from mcp_auth_tui.settings.arguments.network import network_options
from mcp_auth_tui.settings.arguments.parser import PROGRAM, parser_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from mcp_auth_tui.settings.arguments.parser import Parser

FILE = "{headers-file}"
CANNOT_RUN, NOT_THERE = 126, 127
_ABOUT = """\
Runs a command with a token that an earlier run has kept, refreshed if it is about to end: in an
environment variable, never among the arguments, which other users of the machine can see. Signals
and the exit code are the command's own.

  mcp-auth-tui run URL -- sh -c 'curl -H "Authorization: Bearer $MCP_TOKEN" URL'
  mcp-auth-tui run URL -- curl -H @{headers-file} URL
"""
_EXITS = """\
{headers-file} in an argument stands for a file with the header lines, which only you can read, and
which goes away with the command.
exit codes: that of the command; 126 it cannot be started, 127 there is none; before it starts those
of headers: 1, 2, 3 sign in first, 5 network.
"""


def run_parser() -> Parser:
    """Return the parser of ``run``, of what stands before the command."""
    parser = parser_of(f"{PROGRAM} run", "URL [options] -- COMMAND...", _ABOUT, _EXITS)
    choice_options(parser)
    parser.add_argument(
        "--env", metavar="NAME", default="MCP_TOKEN", help="the variable (MCP_TOKEN)"
    )
    network_options(parser)
    return parser


def command(words: list[str]) -> int:
    """Run a command with a token."""
    parser = run_parser()
    own, mark, argv = _divided(words)
    args = parser.parse_args(own)
    if not mark or not argv:
        parser.error("name the command behind --, as in: run URL -- COMMAND")
    if not args.env or "=" in args.env or not args.env.isprintable():
        parser.error("--env names no environment variable")
    try:
        access = obtain(args, parser)
    except NoToken as problem:
        return tell(str(problem), problem.code)
    environ = {**os.environ, args.env: access}
    if any(FILE in word for word in argv):
        with _headers_file(access) as name:
            return _spawn([word.replace(FILE, name) for word in argv], environ)
    if os.name != "posix":
        return _spawn(argv, environ)
    _flush()
    try:
        os.execvpe(argv[0], argv, environ)  # noqa: S606 - what the person typed
    except (OSError, ValueError) as error:
        return _unstarted(argv[0], error)


def _divided(words: list[str]) -> tuple[list[str], bool, list[str]]:
    if "--" not in words:
        return words, False, []
    at = words.index("--")
    return words[:at], True, words[at + 1 :]


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()


def _unstarted(name: str, error: OSError | ValueError) -> int:
    reason = (isinstance(error, OSError) and error.strerror) or str(error)
    code = NOT_THERE if isinstance(error, FileNotFoundError) else CANNOT_RUN
    return tell(f"{name} cannot be started: {reason}", code)


def _spawn(argv: list[str], environ: dict[str, str]) -> int:
    """Start a command, pass signals on, and return its exit code as a shell does."""
    import signal
    import subprocess

    process: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def forward(number: int, frame: object) -> None:
        if process is None:
            early.append(number)
        else:
            process.send_signal(number)

    # A terminal sends its own to both: the command decides what it means.
    what = dict.fromkeys(("SIGINT", "SIGQUIT"), lambda number, frame: None)
    what |= dict.fromkeys(("SIGTERM", "SIGHUP", "SIGUSR1", "SIGUSR2"), forward)
    for name, handler in what.items():
        if number := getattr(signal, name, None):
            signal.signal(number, handler)
    try:
        process = subprocess.Popen(argv, env=environ)  # noqa: S603 - what the person typed
    except (OSError, ValueError) as error:
        return _unstarted(argv[0], error)
    for number in early:
        process.send_signal(number)
    code = process.wait()
    return code if code >= 0 else 128 - code


@contextmanager
def _headers_file(access: str) -> Iterator[str]:
    """Yield the name of a file (0600) with the header lines, for as long as the block lasts."""
    import tempfile

    folder = os.environ.get("XDG_RUNTIME_DIR")
    handle, name = tempfile.mkstemp(
        prefix="mcp-auth-tui-", dir=folder if folder and Path(folder).is_dir() else None
    )
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(f"Authorization: Bearer {access}\n")
        yield name
    finally:
        Path(name).unlink(missing_ok=True)
