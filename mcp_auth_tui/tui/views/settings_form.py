"""Knows settings while a person changes them, and how a row of them looks; must not know widgets.

What a setting is and whether it is right is known by `settings` alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from textual.content import Content

from mcp_auth_tui.model import Secret
from mcp_auth_tui.settings.editable import PROMPT, OptionField, Settings, Values, shown
from mcp_auth_tui.settings.options import SECRET_VARIABLE, Usage
from mcp_auth_tui.text import terminal
from mcp_auth_tui.tui.views import content

_NAME = 26
"""Cells of the column of names."""


@dataclass(frozen=True, slots=True)
class Row:
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

    def rows(self) -> list[Row]:
        """Return every row in the order of the help; an option that repeats has one more to add."""
        made = []
        for item in self.settings.fields:
            values = self.given.get(item.name, ())
            made += [Row(item, index, value) for index, value in enumerate(values)]
            if item.repeats or not values:
                made.append(Row(item, len(values)))
        return made

    def valued(self, row: Row, value: str) -> Draft:
        """Return the draft with another value in a row; an empty one takes it out."""
        values = list(self.given.get(row.field.name, ()))
        values[row.index : row.index + 1] = [value] if value else []
        return self._with(row.field.name, tuple(values))

    def toggled(self, row: Row) -> Draft:
        """Return the draft with a flag turned on or off."""
        return self._with(row.field.name, () if row.field.name in self.given else ("",))

    def prompted(self, secret: str) -> Draft:
        """Return the draft with a secret that was typed, or without one."""
        made = self._with(PROMPT, ("",) if secret else ())
        return replace(made, secret=Secret(secret) if secret else None)

    def reset(self, name: str = "") -> Draft:
        """Return the draft with one option, or all, as the command line gave it."""
        started = self.settings.started
        made = self._with(name, started.get(name, ())) if name else replace(self, given=started)
        if name in ("", PROMPT):
            made = replace(made, secret=self.settings.started_secret)
        return replace(made, last=name)

    def _with(self, name: str, values: tuple[str, ...]) -> Draft:
        given = {key: value for key, value in self.given.items() if key != name}
        if values:
            given[name] = values
        return replace(self, given=given, last=name)

    def changed(self, name: str) -> bool:
        """Whether an option is another than the command line gave."""
        if name == PROMPT and self.secret != self.settings.started_secret:
            return True
        return self.given.get(name, ()) != self.settings.started.get(name, ())

    def blamed(self) -> Mapping[str, str]:
        """Return the sentence for the option that is wrong, and nothing for those it clashes with.

        An option that no row shows is answered for by the one that was changed last.
        """
        if self.wrong is None:
            return {}
        known = [item.name for item in self.settings.fields]
        names = [name for name in self.wrong.names if name in known] or [self.last or known[0]]
        first = self.last if self.last in names else names[0]
        return {name: str(self.wrong) if name == first else "" for name in names}


def row_content(row: Row, draft: Draft, width: int) -> Content:
    """Return a row: a mark, the option, its value or what holds without one, what is wrong."""
    name = row.field.name
    blamed = draft.blamed()
    mark, style = (" ", "")
    if name in blamed:
        mark, style = ("✗", "bold $text-error")
    elif draft.changed(name):
        mark, style = ("✎", "bold $text-warning")
    told, look = _value(row, draft)
    head = f"{mark} {row.field.flag}"
    line = Content.assemble((f"{head:<{_NAME}} ", style), content.words(told, look or style))
    made = [line.truncate(max(width, 1), ellipsis=True)]
    if blamed.get(name) and row.index == 0:
        made += [
            Content.styled(f"    {wrong}", "$text-error")
            for wrong in content.fold(blamed[name], width - 4)
        ]
    return content.stack(made)


def _value(row: Row, draft: Draft) -> tuple[str, str]:
    """Return what a row says beside its name, and its style where the mark gives none."""
    item = row.field
    if item.name == PROMPT:
        if row.value is not None:
            return str(draft.secret), ""
        made = draft.settings.options.base.client_secret
        outside = made is not None and "client_secret_file" not in draft.given
        return (f"from ${SECRET_VARIABLE}" if outside else "·"), content.DIM
    if item.is_flag:
        return ("·", content.DIM) if row.value is None else ("yes", "")
    if row.value is not None:
        return shown(item.name, row.value), ""
    if item.repeats and row.index:
        return "+ one more", content.DIM
    return item.usual or "·", content.DIM


def explained(row: Row, draft: Draft, width: int) -> Content:
    """Return what an option is for, and what the command line gave where it was changed."""
    item = row.field
    told = f"{item.flag} {item.metavar}".rstrip()
    made = [Content.styled(line, "bold") for line in content.fold(f"{told}: {item.help}", width)]
    if draft.changed(item.name):
        given = draft.settings.started.get(item.name)
        was = ", ".join(shown(item.name, value) or "yes" for value in given or ())
        made.append(
            content.words(f"The command line gave {was or 'nothing'}; d puts it back.", content.DIM)
        )
    return content.stack(made)


def command(draft: Draft, url: str, width: int, lines: int) -> Content:
    """Return the command that does the same, on so many lines at most, and its hints."""
    made = draft.settings.command_line(url, draft.given)
    folded = content.fold(terminal.one_line(made.line, None), max(width - 2, 8))
    if len(folded) > lines:
        folded = [*folded[: lines - 1], f"{folded[lines - 1]} …"]
    shown_lines = [
        Content.assemble(("$ " if not index else "  ", content.DIM), line)
        for index, line in enumerate(folded)
    ]
    hints = [line for hint in made.hints for line in content.fold(f"# {hint}", width)]
    return content.stack([*shown_lines, *(Content.styled(hint, content.DIM) for hint in hints)])
