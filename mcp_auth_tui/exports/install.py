"""Knows how a client's config file is changed by one entry, and back; must not ask anybody.

A change is planned first, so that it can be looked at, and carried out if the file is still as it
was then. The file is written whole or not at all; what it held before is kept beside it.
"""

from __future__ import annotations

import difflib
import os
import stat
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from mcp_auth_tui.desktop.output import write_file
from mcp_auth_tui.exports.clients import ClientProgram
from mcp_auth_tui.exports.config import EditProblem, EntryPlace, Format, format_of
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.storage.private_files import FileProblem, read_small
from mcp_auth_tui.text import redaction, terminal

MAX_OCTETS = 64 * 1024 * 1024
"""Some clients keep all their state in the same file."""
_PRIVATE = 0o600
_CONTEXT = 2


class InstallProblem(Exception):
    """A file is left as it is; the message names it, the place in it and the way on."""


class EntryTaken(InstallProblem):
    """An entry of the same name is there with other contents; it can be replaced."""


@dataclass(frozen=True, slots=True)
class Change:
    """What will become of one file."""

    path: Path
    before: str | None
    """What it holds; None when it is not there."""
    after: str | None
    """What it will hold; None when it goes."""
    mode: int
    """Its permission bits afterwards."""
    secret: str = ""
    """The token that it will hold, never to be shown."""

    @property
    def backup(self) -> Path:
        """Where what the file held before is kept."""
        return backup_of(self.path)

    @property
    def diff(self) -> str:
        """The change as a unified diff, harmless to print and with credentials masked."""
        before, after = (self.before or "").splitlines(), (self.after or "").splitlines()
        lines = difflib.unified_diff(
            before, after, str(self.path), str(self.path), n=_CONTEXT, lineterm=""
        )
        return "".join(f"{terminal.one_line(self._shown(line), None)}\n" for line in lines)

    def _shown(self, line: str) -> str:
        """Return a line with its credentials masked: ours by value, those of others by guess."""
        if line.startswith(("--- ", "+++ ")):
            return line
        if line.startswith("+"):
            return redaction.redact(line, [self.secret] if self.secret else [])
        return redaction.redact_prose(line)

    def carry_out(self, say: Callable[[str], None]) -> None:
        """Write the file, and say what was done.

        Raises `InstallProblem` when it is not as it was any more or cannot be written.
        """
        if read(self.path)[0] != self.before:
            raise InstallProblem(
                f"{self.path} has changed meanwhile, and is left as it is. Run this again."
            )
        try:
            self._write(say)
        except (OSError, ValueError) as error:
            reason = (isinstance(error, OSError) and error.strerror) or error
            raise InstallProblem(f"{self.path} was not written: {reason}.") from None

    def _write(self, say: Callable[[str], None]) -> None:
        if self.after is None:
            self.path.unlink()
            say(f"{self.path} held nothing else, and is deleted.")
            return
        self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        restored = self.backup.exists() and self.after == _kept(self.backup)
        if self.before is not None and not restored:
            write_file(self.backup, self.before)
            say(f"What it held before is kept in {self.backup}.")
        write_file(self.path, self.after, mode=self.mode)
        if restored:
            self.backup.unlink()
        say(f"Written to {self.path}" + (", readable by you alone." if self.secret else "."))


def backup_of(path: Path) -> Path:
    """Return where what a config file held before a change is kept."""
    return path.with_name(f"{path.name}.mcp-auth-tui.bak")


def install(
    path: Path,
    client: ClientProgram,
    name: str,
    entry: Any,
    *,
    secret: str = "",
    replace: bool = False,
) -> Change | None:
    """Plan how an entry gets into a file; None when it is there already.

    ``secret`` is the token that the entry holds. ``replace``: an entry of that name goes first.
    Raises `InstallProblem`.
    """
    before, mode = read(path)
    form, place = format_of(client.format), _place(client, name)
    text = before or ""
    try:
        there = place.value(form.read(text))
        if there == entry:
            return None
        if there is not None:
            if not replace:
                raise _taken(path, text, name)
            text = form.remove(text, place)
        after = form.insert(text, place, entry)
    except EditProblem as problem:
        raise _refused(path, text, problem) from None
    return Change(path, before, after, _PRIVATE if secret else mode, secret)


def uninstall(path: Path, client: ClientProgram, name: str, url: str) -> Change | None:
    """Plan how an entry gets out of a file again; None when it is not there.

    A file that is still as `install` left it becomes what it was before, byte for byte. Raises
    `InstallProblem`, also when the entry leads to another server.
    """
    before, mode = read(path)
    if before is None:
        return None
    form, place = format_of(client.format), _place(client, name)
    try:
        entry = place.value(form.read(before))
        if entry is None:
            return None
        if not leads_to(entry, url):
            raise InstallProblem(
                f"{path}{_line(before, _offset(before, name))}: the entry {name!r} leads to another"
                f" server than {url}. It stays: name the right URL, or another entry with --name."
            )
        return Change(path, before, _undone(path, before, form, place, entry), mode)
    except EditProblem as problem:
        raise _refused(path, before, problem) from None


def _undone(path: Path, text: str, form: Format, place: EntryPlace, entry: Any) -> str | None:
    for former in (_kept(backup_of(path)), None):
        with suppress(EditProblem):
            # After a replacement it holds the entry that was replaced, and is no way back.
            there = place.value(form.read(former or "")) is not None
            if not there and form.insert(former or "", place, entry) == text:
                return former
    return form.remove(text, place)


def read(path: Path) -> tuple[str | None, int]:
    """Return what a config file holds (None when there is none) and its permission bits.

    Raises `InstallProblem` for what must not be changed: a link, another one's file, no file.
    """
    try:
        facts = path.lstat()
    except FileNotFoundError:
        return None, 0o644
    except (OSError, ValueError) as error:
        raise InstallProblem(f"{path} cannot be looked at: {error}.") from None
    if stat.S_ISLNK(facts.st_mode):
        raise InstallProblem(
            f"{path} is a symbolic link, which is not followed. To change the file that it leads"
            f" to: --file {path.resolve()}"
        )
    if os.name == "posix" and facts.st_uid != os.getuid():
        raise InstallProblem(
            f"{path} belongs to another user (id {facts.st_uid}), and would be yours after this."
            " Run this as that user."
        )
    try:
        octets = read_small(path, what="a client's configuration", limit=MAX_OCTETS).octets
    except FileProblem as problem:
        raise InstallProblem(str(problem)) from None
    try:
        return octets.decode("utf-8"), stat.S_IMODE(facts.st_mode)
    except UnicodeDecodeError as error:
        raise InstallProblem(
            f"{path} is not UTF-8 (octet {error.start}), so it is left as it is. Save it as UTF-8."
        ) from None


def _kept(backup: Path) -> str | None:
    with suppress(InstallProblem):
        return read(backup)[0]
    return None


def _place(client: ClientProgram, name: str) -> EntryPlace:
    return EntryPlace(client.inside, name, client.listed)


def leads_to(entry: Any, url: str) -> bool:
    """Return whether a server's URL stands anywhere in an entry."""
    if isinstance(entry, dict):
        return any(leads_to(value, url) for value in entry.values())
    if isinstance(entry, list):
        return any(leads_to(value, url) for value in entry)
    return bool(entry == url)


def _taken(path: Path, text: str, name: str) -> InstallProblem:
    return EntryTaken(
        f"{path}{_line(text, _offset(text, name))}: there is an entry {name!r} with other contents,"
        " and it stays. Choose another name with --name, or put this one in its place with"
        " --replace."
    )


def _refused(path: Path, text: str, problem: EditProblem) -> InstallProblem:
    return InstallProblem(
        f"{path}{_line(text, problem.offset)}: {problem}. The file is left as it is: mend it, or"
        " put the entry in by hand (--dry-run --file NEW.json shows it)."
    )


def _offset(text: str, name: str) -> int | None:
    offset = text.find(name)
    return None if offset < 0 else offset


def _line(text: str, offset: int | None) -> str:
    """Return the place of a character as editors write it behind a path."""
    if offset is None:
        return ""
    return f":{text.count(chr(10), 0, offset) + 1}:{offset - text.rfind(chr(10), 0, offset)}"
