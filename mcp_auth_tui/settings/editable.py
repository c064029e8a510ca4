"""Knows what the next run is made with, as on a command line, and how that changes; no screen.

Fields, their words and their checks are those of the argument parser (`arguments.commands`,
`options`): a new option needs no line here.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

from mcp_auth_tui.records import dataclass
from mcp_auth_tui.settings.arguments import commands
from mcp_auth_tui.settings.arguments.groups import FACE, PRACTICE
from mcp_auth_tui.settings.arguments.parser import PROGRAM, Parser
from mcp_auth_tui.settings.combinations import DEPENDENT, EXCLUSIVE
from mcp_auth_tui.settings.credentials import SOURCES
from mcp_auth_tui.settings.options import Options, Usage, from_arguments

if TYPE_CHECKING:
    from mcp_auth_tui.model import Secret
    from mcp_auth_tui.protocol.config import Config
    from mcp_auth_tui.settings.credentials import Credentials

Values = Mapping[str, tuple[str, ...]]
"""What is given, by the name of the option: its texts as typed, one empty text for a flag."""
PROMPT = "client_secret_prompt"
"""The one option whose value is typed when the program asks for it."""


@dataclass(frozen=True, slots=True)
class OptionField:
    """One option of the command line that a run is made with."""

    name: str
    flag: str
    group: str
    help: str
    metavar: str = ""
    """What its value is called; empty for a flag."""
    choices: tuple[str, ...] = ()
    usual: str = ""
    """What holds when nothing is given."""
    repeats: bool = False

    @property
    def is_flag(self) -> bool:
        """Whether it takes no value."""
        return not self.metavar


@dataclass(frozen=True, slots=True)
class CommandLine:
    """The words that do the same elsewhere, and what they leave out because it is secret."""

    line: str
    hints: tuple[str, ...] = ()


class Settings:
    """What was asked for on the command line and changed since: what the next run is made with."""

    def __init__(
        self,
        options: Options,
        words: Sequence[str] = (),
        parser: Callable[[], Parser] = commands.flow,
        *,
        secret: Secret | None = None,
        practice: str = "",
        environ: Mapping[str, str] = os.environ,
    ) -> None:
        self.options = options
        """As it stands for the next run, checked."""
        self.secret = secret
        """The client secret that was typed, if one was."""
        self.started_secret = secret
        """The one that was typed when the program started."""
        self.practice = practice
        """The URL of the practice server that this program runs, if it does."""
        self._words = list(words)
        self._make = parser
        self._environ = environ
        self._given: Values | None = None
        self._read: tuple[tuple[Any, ...], Credentials] | None = None

    @property
    def marks(self) -> tuple[str, ...]:
        """Why the result of a run is worth less."""
        return self.options.marks

    def config(self, url: str) -> Config:
        """Make the settings of a run from what was typed as URL; raises ValueError."""
        return self.options.config(url)[0]

    @cached_property
    def started(self) -> Values:
        """What the command line gave."""
        parser = self._make()
        for _, action in parser.options():
            action.type = action.choices = None
            action.default = argparse.SUPPRESS
        found = vars(parser.parse_args(self._words))
        return {
            action.dest: _texts(found[action.dest])
            for _, action in parser.options()
            if action.dest in found
        }

    @property
    def given(self) -> Values:
        """What is given as it stands."""
        return self.started if self._given is None else self._given

    @cached_property
    def fields(self) -> tuple[OptionField, ...]:
        """Every option that a run is made with, in the order of the help."""
        skipped = (FACE, PRACTICE)
        return tuple(
            _field(group, action)
            for group, action in self._parser.options()
            if group not in skipped
        )

    @cached_property
    def _parser(self) -> Parser:
        parser = self._make()
        parser.exit_on_error = False
        return parser

    def check(self, given: Values, secret: Secret | None = None) -> Options:
        """Return the options that these values make; may start a command that prints a secret.

        Raises `Usage`, which names the options that it is about.
        """
        try:
            args = self._parser.parse_args(list(self._argv(given)))
        except argparse.ArgumentError as error:
            raise Usage(error.message, *self._named(error.argument_name)) from None
        made = from_arguments(args, self._environ, self._credentials)
        made = replace(made, practice=self.practice)
        if not args.client_secret_prompt:
            return made
        if secret is None:
            raise Usage("no client secret was typed", PROMPT)
        return made.with_secret(secret)

    def with_options(self, pairs: Iterable[tuple[str, str]]) -> Values:
        """Return what is given with some options more (name and value, empty for a flag).

        One takes the place of its value so far (where it repeats: of a value of the same key), and
        of all that it excludes, with what that needs beside it.
        """
        given = dict(self.given)
        repeats = {item.name for item in self.fields if item.repeats}
        for name, value in pairs:
            kept = given.get(name, ()) if name in repeats else ()
            key = value.partition("=")[0]
            given[name] = (*(item for item in kept if item.partition("=")[0] != key), value)
            for pair in EXCLUSIVE:
                if name in pair:
                    given.pop(next(other for other in pair if other != name), None)
        for needing, needed in DEPENDENT:
            if needed not in given:
                given.pop(needing, None)
        return given

    def take(self, given: Values, secret: Secret | None, made: Options) -> tuple[str, ...]:
        """Use checked values from the next run on; return the notes that are new."""
        notes = tuple(note for note in made.notes if note not in self.options.notes)
        self._given, self.secret, self.options = dict(given), secret, made
        return notes

    def read_again(self) -> None:
        """Forget the credentials that were read, so that the next check reads them anew."""
        self._read = None

    def _credentials(self, args: Any, environ: Mapping[str, str]) -> Credentials:
        """Read credentials once for as long as the same ones are named: it may start a command."""
        from mcp_auth_tui.settings import credentials

        key = tuple(getattr(args, name) for name in (*credentials.OPTIONS, "idp_client_id"))
        if self._read is None or self._read[0] != key:
            self._read = (key, credentials.read(args, environ))
        return self._read[1]

    def _named(self, argument: str | None) -> tuple[str, ...]:
        flags = (argument or "").split("/")
        return tuple(
            action.dest
            for _, action in self._parser.options()
            if any(flag in action.option_strings for flag in flags)
        )

    def _argv(self, given: Values) -> list[str]:
        """Return the words of these values in the order of the help; a value stays in its word."""
        made = []
        for _, action in self._parser.options():
            flag = action.option_strings[-1]
            for value in given.get(action.dest, ()):
                made.append(flag if action.nargs == 0 else f"{flag}={value}")
        return made

    def command_line(self, url: str, given: Values) -> CommandLine:
        """Return the command that does the same, without anything secret."""
        practises = bool(self.practice) and url == self.practice
        own = [PROGRAM, "demo"] if practises else [PROGRAM, url or "URL"]
        hidden = []
        for group, action in self._parser.options():
            if group == PRACTICE and not practises:
                continue
            flag = action.option_strings[-1]
            for value in given.get(action.dest, ()):
                told = shown(action.dest, value)
                hidden += [flag] * (told != value)
                both = [f"{flag}={told}"] if told.startswith("-") else [flag, told]
                own += [flag] if action.nargs == 0 else both
        hints = [f"{flag} holds a secret: … stands for it" for flag in dict.fromkeys(hidden)]
        return CommandLine(_joined(own), (*self._secret_hint(given), *hints))

    def again(self, url: str) -> str:
        """Return the command for what was changed since the start; empty where nothing was."""
        if self.given == self.started and self.secret == self.started_secret:
            return ""
        return self.command_line(url, self.given).line

    def _secret_hint(self, given: Values) -> list[str]:
        from mcp_auth_tui.settings.options import SECRET_VARIABLE

        if PROMPT in given:
            return [f"the client secret is asked for; ${SECRET_VARIABLE} can hold it instead"]
        used = "client_id" in given and "client_secret_file" not in given
        if used and self._environ.get(SECRET_VARIABLE):
            return [f"the client secret is the one in ${SECRET_VARIABLE}"]
        return []


def _texts(found: Any) -> tuple[str, ...]:
    if isinstance(found, list):
        return tuple(found)
    return ("",) if found is True else (found,)


def _field(group: str, action: argparse.Action) -> OptionField:
    usual = action.default
    if usual in (None, False) or isinstance(usual, list):
        usual = ""
    return OptionField(
        name=action.dest,
        flag=action.option_strings[-1],
        group=group,
        help=(action.help or "") % vars(action),
        metavar="" if action.nargs == 0 else str(action.metavar),
        choices=tuple(action.choices or ()),
        usual=f"{usual:g}" if isinstance(usual, float) else str(usual),
        repeats=isinstance(action.default, list),
    )


def shown(name: str, value: str) -> str:
    """Return a value fit to be shown and copied: ``…`` stands for what is secret in it."""
    from mcp_auth_tui.text.redaction import is_secret_name

    if name == "proxy" and "@" in value:
        head, _, host = value.rpartition("@")
        scheme, sep, _ = head.rpartition("://")
        return f"{scheme}{sep}…@{host}"
    if name == "header":
        field, _, text = (part.strip() for part in value.partition(":"))
        return f"{field}: {text if text.startswith(SOURCES) else '…'}"
    if name == "param":
        key = value.partition("=")[0]
        return f"{key}=…" if is_secret_name(key) else value
    return value


def _joined(words: list[str]) -> str:
    """Return words as the shell of this system reads them."""
    if os.name == "nt":
        import subprocess

        return subprocess.list2cmdline(words)
    import shlex

    return shlex.join(words)
