"""Knows settings while a person changes them, and how a row of them looks; must not know widgets.

What a setting is and whether it is right is known by `settings` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from textual.content import Content

from mcp_auth_tui.model import Secret
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.settings.editable import PROMPT, OptionField, Settings, Values, shown
from mcp_auth_tui.settings.options import SECRET_VARIABLE, Usage
from mcp_auth_tui.text import terminal
from mcp_auth_tui.tui.views import content

_NAME = 21
"""Cells of the column of names."""
_FLAG = 23
"""Cells of the column of options, where there is room for it."""
_ROOMY = 66
"""Cells from which on the option stands beside its name."""
_WRITTEN = {"url": "URL", "id": "ID", "uri": "URI", "ca": "CA", "dpop": "DPoP", "idp": "IdP"}
_WORDS = {
    "ca_file": "CA certificates",
    "no_resource": "Leave out resource",
    "no_store": "Keep nothing",
    "param": "Extra parameter",
    "wait": "Wait for you",
    "timeout": "Time limit",
    "allow": "Allow a refusal",
    "spec": "MCP revision",
    "call": "Call a tool",
    "call_args": "Tool arguments",
    "insecure": "Do not check TLS",
    "register": "Register anew",
    "port": "Callback port",
    "client_secret_prompt": "Typed secret",
    "authorization_endpoint": "Authorize endpoint",
    "registration_endpoint": "Register endpoint",
    "strict": "Stop at an error",
    "reveal": "Show secrets",
    "force": "Sign in unasked",
    "output": "Write to a file",
    "record": "Record to a file",
    "client_cert": "Client certificate",
    "client_cert_key": "Its private key",
}


@dataclass(frozen=True, slots=True)
class SettingRow:
    """One line of the form: an option, or one of the values of an option that repeats."""

    field: OptionField
    index: int = 0
    value: str | None = None
    """As typed; None where nothing is given."""


@dataclass(frozen=True, slots=True)
class Draft:
    """The values as they stand in the form, right or wrong."""

    settings: Settings
    given: Values
    secret: Secret | None
    wrong: Usage | None = None
    """Why the values do not make a run; None for those that do."""
    last: str = field(default="", compare=False)
    """What was changed last."""

    @classmethod
    def of(cls, settings: Settings) -> Draft:
        """Begin with what holds."""
        return cls(settings, dict(settings.given), settings.secret)

    def rows(self) -> list[SettingRow]:
        """Return every row in the order of the help; an option that repeats has one more to add."""
        rows = []
        for item in self.settings.fields:
            values = self.given.get(item.name, ())
            rows += [SettingRow(item, index, value) for index, value in enumerate(values)]
            if item.repeats or not values:
                rows.append(SettingRow(item, len(values)))
        return rows

    def with_value(self, row: SettingRow, value: str) -> Draft:
        """Return the draft with another value in a row; an empty one takes it out."""
        values = list(self.given.get(row.field.name, ()))
        values[row.index : row.index + 1] = [value] if value else []
        return self._with(row.field.name, tuple(values))

    def with_flag(self, row: SettingRow) -> Draft:
        """Return the draft with a flag turned on or off."""
        return self._with(row.field.name, () if row.field.name in self.given else ("",))

    def with_secret(self, secret: str) -> Draft:
        """Return the draft with a secret that was typed, or without one."""
        draft = self._with(PROMPT, ("",) if secret else ())
        return replace(draft, secret=Secret(secret) if secret else None)

    def reset(self, name: str = "") -> Draft:
        """Return the draft with one option, or all, as the command line gave it."""
        started = self.settings.started
        draft = self._with(name, started.get(name, ())) if name else replace(self, given=started)
        if name in ("", PROMPT):
            draft = replace(draft, secret=self.settings.started_secret)
        return replace(draft, last=name)

    def _with(self, name: str, values: tuple[str, ...]) -> Draft:
        values_by_name = {key: value for key, value in self.given.items() if key != name}
        if values:
            values_by_name[name] = values
        return replace(self, given=values_by_name, last=name)

    def changed(self, name: str) -> bool:
        """Whether an option is another than the command line gave."""
        if name == PROMPT and self.secret != self.settings.started_secret:
            return True
        return self.given.get(name, ()) != self.settings.started.get(name, ())

    def faults(self) -> Mapping[str, str]:
        """Return the sentence for the option that is wrong, and nothing for those it clashes with.

        An option that no row shows is answered for by the one that was changed last.
        """
        if self.wrong is None:
            return {}
        known = [item.name for item in self.settings.fields]
        names = [name for name in self.wrong.names if name in known] or [self.last or known[0]]
        first = self.last if self.last in names else names[0]
        return {name: str(self.wrong) if name == first else "" for name in names}


def row_content(row: SettingRow, draft: Draft, width: int) -> Content:
    """Return a row: a mark, the option, its value or what holds without one, what is wrong."""
    name = row.field.name
    faults = draft.faults()
    mark, style = (" ", "")
    if name in faults:
        mark, style = ("✗", "bold $text-error")
    elif draft.changed(name):
        mark, style = ("✎", "bold $text-warning")
    text, look = _value(row, draft)
    head = f"{mark} {words_of(row.field)}"[:_NAME]
    flag = f"{row.field.flag:<{_FLAG}} " if width >= _ROOMY else ""
    line = Content.assemble(
        (f"{head:<{_NAME}} ", style), (flag, content.DIM), content.words(text, look or style)
    )
    lines = [line.truncate(max(width, 1), ellipsis=True)]
    if faults.get(name) and row.index == 0:
        lines += [
            Content.styled(f"    {wrong}", "$text-error")
            for wrong in content.fold(faults[name], width - 4)
        ]
    return content.stack(lines)


def words_of(item: OptionField) -> str:
    """Return what an option is called in words."""
    name = item.flag.lstrip("-").replace("-", "_")
    told = " ".join(_WRITTEN.get(part, part) for part in name.split("_"))
    return _WORDS.get(name, told[:1].upper() + told[1:])


def _value(row: SettingRow, draft: Draft) -> tuple[str, str]:
    """Return what a row says beside its name, and its style where the mark gives none."""
    item = row.field
    if item.name == PROMPT:
        if row.value is not None:
            return str(draft.secret), ""
        secret = draft.settings.options.base.client_secret
        outside = secret is not None and "client_secret_file" not in draft.given
        return (f"from ${SECRET_VARIABLE}" if outside else "·"), content.DIM
    if item.is_flag:
        return ("·", content.DIM) if row.value is None else ("yes", "")
    if row.value is not None:
        return shown(item.name, row.value), ""
    if item.repeats and row.index:
        return "+ one more", content.DIM
    return item.usual or "·", content.DIM


def explanation(row: SettingRow, draft: Draft, width: int) -> Content:
    """Return what an option is for, and what the command line gave where it was changed."""
    item = row.field
    usage = f"{item.flag} {item.metavar}".rstrip()
    lines = [Content.styled(line, "bold") for line in content.fold(f"{usage}: {item.help}", width)]
    if draft.changed(item.name):
        values = draft.settings.started.get(item.name)
        was = ", ".join(shown(item.name, value) or "yes" for value in values or ())
        lines.append(
            content.words(f"The command line gave {was or 'nothing'}; d puts it back.", content.DIM)
        )
    return content.stack(lines)


def command(draft: Draft, url: str, width: int, lines: int) -> Content:
    """Return the command that does the same, on so many lines at most, and its hints."""
    command_line = draft.settings.command_line(url, draft.given)
    parts = content.fold(terminal.one_line(command_line.line, None), max(width - 2, 8))
    if len(parts) > lines:
        parts = [*parts[: lines - 1], f"{parts[lines - 1]} …"]
    shown_lines = [
        Content.assemble(("$ " if not index else "  ", content.DIM), line)
        for index, line in enumerate(parts)
    ]
    hints = [line for hint in command_line.hints for line in content.fold(f"# {hint}", width)]
    return content.stack([*shown_lines, *(Content.styled(hint, content.DIM) for hint in hints)])
