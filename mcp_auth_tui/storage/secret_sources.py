"""Knows where a secret can come from (file, environment, keyring, command); not what it is for.

A source is one word: ``file:PATH`` or a bare path, ``env:NAME``, ``keyring:SERVICE/USER``,
``command:NAME`` (a name in the user's own config file). No shell is ever started.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from threading import Thread
from typing import IO

from mcp_auth_tui.model import Secret
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.storage.private_files import MAX_OCTETS, FileProblem, read_small
from mcp_auth_tui.text import redaction, terminal

KINDS = ("file", "env", "keyring", "command")
FORMS = "file:PATH, env:NAME, keyring:SERVICE/USER, command:NAME"
COMMAND_SECONDS = 30.0
_TAIL = 200
_CREDENTIAL_LIKE = re.compile(r"eyJ[A-Za-z0-9_.-]+|[A-Za-z0-9+/_=-]{32,}")


class SourceProblem(Exception):
    """No secret came from a source; the message says what was seen and what to do, no secret."""


@dataclass(frozen=True, slots=True)
class Found:
    """A secret, where it came from, and what is worth saying about that."""

    secret: Secret
    origin: str
    """For sentences: ``/home/me/key.pem``, ``$NAME``, ``the keyring entry …``."""
    note: str = ""


def read(
    source: str,
    *,
    what: str,
    commands: Mapping[str, Sequence[str]],
    environ: Mapping[str, str] = os.environ,
    config: str = "the user-level config file",
    seconds: float = COMMAND_SECONDS,
) -> Found:
    """Read a secret from where ``source`` says; white space around it is no part of it.

    ``what`` names the secret in sentences ("the client's key"), ``commands`` are the argument
    lists of the user's config file, which ``config`` names, ``seconds`` limits a command. Raises
    `SourceProblem`.
    """
    if source.strip() in ("", "-"):
        raise SourceProblem(
            f"{what} cannot come from {source.strip() or 'nothing'}: standard input belongs to "
            f"whoever signs in. Name one of {FORMS}."
        )
    kind, sep, rest = source.partition(":")
    if not sep or kind not in KINDS:
        kind, rest = "file", source
    if not rest.strip():
        raise SourceProblem(f"{source} names nothing to read {what} from. Use one of {FORMS}.")
    match kind:
        case "env":
            return _from_environment(rest, what, environ)
        case "keyring":
            return _from_keyring(rest, what)
        case "command":
            return _from_command(rest, what, commands, environ, config, seconds)
        case _:
            return _from_file(rest, what)


def _from_file(name: str, what: str) -> Found:
    try:
        path = Path(name).expanduser()
        opened = read_small(path, what=what)
    except FileProblem as problem:
        raise SourceProblem(str(problem)) from None
    except RuntimeError:
        raise SourceProblem(
            f"{terminal.one_line(name)}: nobody has that home folder; {what} was looked for in it. "
            "Write the whole path."
        ) from None
    note = ""
    if opened.readable_by_others:
        note = (
            f"{path} holds {what} and can be read by others (mode {opened.mode:04o}): "
            f"chmod 600 {path}"
        )
    return Found(_checked(opened.octets, what, str(path)), str(path), note)


def _checked(octets: bytes, what: str, origin: str) -> Secret:
    """Return the octets as a secret, or raise `SourceProblem` when they cannot be one."""
    try:
        value = octets.decode("utf-8").removeprefix("\ufeff").strip()
    except UnicodeDecodeError:
        value = None
    if value is None:
        raise SourceProblem(
            f"{origin} gave octets that are not UTF-8 text: {what} is text. "
            "Convert it (a DER key: openssl pkey -inform DER)."
        )
    if not value:
        raise SourceProblem(f"{origin} gave nothing: {what} was expected there.")
    return Secret(value)


def _from_environment(name: str, what: str, environ: Mapping[str, str]) -> Found:
    value = environ.get(name, "").strip()
    if not value:
        state = "is empty" if name in environ else "is not set"
        raise SourceProblem(
            f"the environment variable {terminal.one_line(name, 60)} {state}: {what} was expected "
            "in it. Set and export it, or name another source."
        )
    return Found(Secret(value), f"${name}")


def _from_keyring(entry: str, what: str) -> Found:
    # A service is often a URL, so the user is what stands behind the last slash.
    service, sep, user = entry.rpartition("/")
    if not sep or not service or not user:
        raise SourceProblem(f"keyring:{terminal.one_line(entry, 60)} is not keyring:SERVICE/USER.")
    origin = (
        f"the keyring entry {terminal.one_line(service, 60)}, user {terminal.one_line(user, 60)}"
    )
    try:
        import keyring
    except ImportError:
        raise SourceProblem(
            f"{what} is to come from the system's keyring, but the package for it is not "
            "installed: pip install 'mcp-auth-tui[keyring]'"
        ) from None
    try:
        value = keyring.get_password(service, user)
    except Exception as error:  # a backend raises what it likes: D-Bus, Keychain, its own errors
        reason = terminal.one_line(str(error) or type(error).__name__)
        raise SourceProblem(
            f"{origin} cannot be read ({reason}): {what} was expected in it. Unlock the keyring, "
            "or name another source."
        ) from None
    if not (value or "").strip():
        raise SourceProblem(
            f"{origin} is not there: {what} was expected in it. Store it with  keyring set "
            "SERVICE USER  and check both names."
        )
    return Found(Secret((value or "").strip()), origin)


def _from_command(
    name: str,
    what: str,
    commands: Mapping[str, Sequence[str]],
    environ: Mapping[str, str],
    config: str,
    seconds: float,
) -> Found:
    argv = commands.get(name)
    if not argv:
        known = ", ".join(terminal.one_line(item, 40) for item in commands) or "none"
        raise SourceProblem(
            f"there is no command {terminal.one_line(name, 60)!r} "
            f"in [commands] of {config} (there: "
            f'{known}): {what} was to be what it prints. Add  NAME = ["program", "argument"].'
        )
    origin = f"the command {terminal.one_line(name, 60)}"
    ran = _run(argv, environ, f"{origin} ({terminal.one_line(argv[0], 80)})", seconds)
    if ran.code != 0:
        said = _tail(ran)
        raise SourceProblem(
            f"{origin} ended with exit code {ran.code}: {what} was expected on its stdout. "
            + (f"It said: {said}" if said else "It said nothing on stderr.")
        )
    if len(ran.out) > MAX_OCTETS:
        raise SourceProblem(f"{origin} printed more than {MAX_OCTETS:,} octets: not {what}.")
    return Found(_checked(ran.out, what, origin), origin)


@dataclass(frozen=True, slots=True, repr=False)
class _Ran:
    code: int
    out: bytes
    err: bytes


def _run(argv: Sequence[str], environ: Mapping[str, str], shown: str, seconds: float) -> _Ran:
    """Run a program without a shell and without our terminal, and read a bounded answer."""
    try:
        process = subprocess.Popen(  # noqa: S603 - a list from the user's own config file
            list(argv),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=dict(environ),
            start_new_session=True,  # so that it cannot write over the screen
        )
    except (OSError, ValueError) as error:
        reason = (isinstance(error, OSError) and error.strerror) or "no program has this name"
        raise SourceProblem(f"{shown} cannot be started: {reason}. Check the path.") from None
    readers = [_Reader(process.stdout), _Reader(process.stderr)]
    in_time = True
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        in_time = False
    finally:
        if process.returncode is None:
            _end(process)
    if not in_time:
        raise SourceProblem(
            f"{shown} did not end within {seconds:g} s. It gets no terminal and cannot ask "
            "anything: unlock what it needs first, then try again."
        )
    out, err = (reader.finished() for reader in readers)
    return _Ran(process.returncode, out, err)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a command that still runs, with whatever it started."""
    try:
        if os.name == "posix":
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
    except (ProcessLookupError, PermissionError):
        pass
    process.wait()


class _Reader(Thread):
    """Reads a bounded part of a stream and closes it, so that endless output ends its writer."""

    def __init__(self, stream: IO[bytes] | None) -> None:
        super().__init__(daemon=True)
        self._stream = stream
        self._octets = b""
        self.start()

    def run(self) -> None:
        """Read until the limit or the end."""
        if self._stream is not None:
            with self._stream as stream:
                self._octets = stream.read(MAX_OCTETS + 1)

    def finished(self) -> bytes:
        """Return what was read; a stream that somebody keeps open is not waited for."""
        self.join(1.0)
        return self._octets


def _tail(ran: _Ran) -> str:
    """Return the last line of stderr with everything masked that could be a credential."""
    lines = ran.err.decode("utf-8", "replace").strip().splitlines()
    last = next((line.strip() for line in reversed(lines) if line.strip()), "")
    printed = ran.out.decode("utf-8", "replace")
    last = redaction.redact(last, [printed.strip(), *(part.strip() for part in printed.split())])
    last = _CREDENTIAL_LIKE.sub(lambda found: redaction.masked(found[0]), last)
    return terminal.one_line(last, _TAIL)
