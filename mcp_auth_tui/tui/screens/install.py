"""Knows the page that puts an entry into a client's config file; must not know its format."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import Static

from mcp_auth_tui.exports.install import EntryTaken, InstallProblem
from mcp_auth_tui.exports.installation import config_file, has_token, installation
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.widgets.hints import BACK, Hint, Hints

if TYPE_CHECKING:
    from mcp_auth_tui.exports.clients import ClientProgram
    from mcp_auth_tui.exports.install import Change
    from mcp_auth_tui.model import Session

_STYLES = {"+": "$text-success", "-": "$text-error", "@": content.DIM}
_UNSTORED = (
    "No token for this server is stored on this machine, and the helper hands out what is stored:"
    " sign in without --token-store none first."
)


class InstallScreen(Screen[None]):
    """Shows what will become of a client's file, asks, and writes it; and takes it out again."""

    BINDINGS = [  # noqa: RUF012
        Binding("y", "carry_out", "Write it"),
        Binding("f", "form", "Another form"),
        Binding("p", "project", "Whose file"),
        Binding("u", "removal", "Put in or take out"),
        Binding("r", "replace", "Replace"),
        Binding("escape,n,q", "dismiss(None)", "Back"),
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
    ]

    def __init__(self, client: ClientProgram, session: Session) -> None:
        super().__init__(classes="page")
        self._client = client
        self._session = session
        project = client.user_file is None
        self._plan = installation(client, session, client.default, project=project)
        self._removes = self._replaces = self._taken = False
        self._change: Change | None = None

    def compose(self) -> ComposeResult:
        """The change, and what is to know about it."""
        with VerticalScroll() as scroll:
            scroll.border_title = content.words(self._client.title)
            yield Static(id="install-told", markup=False)
            yield Static(id="install-diff", markup=False)
        yield Hints(BACK)

    def on_mount(self) -> None:
        """Look at the file."""
        self.query_one(VerticalScroll).focus()
        self._look()

    def _look(self) -> None:
        self.run_worker(self._planned(), exclusive=True)

    async def _planned(self) -> None:
        """Plan the change and show it; nothing is written."""
        plan, self._change, self._taken = self._plan, None, False
        sentences = [self._where()]
        if plan.path is None:
            pass  # `_where` says so
        elif self._removes:
            sentences += await self._try(plan.removal, "No entry of that name is there.")
        else:
            sentences += await self._try(
                lambda: plan.change(replace=self._replaces),
                "It is as you want it already: nothing is to be changed.",
            )
            if plan.form == "helper" and not await asyncio.to_thread(has_token, plan.server):
                sentences.append(_UNSTORED)
        self._tell(sentences, self._change.diff if self._change is not None else "")

    async def _try(self, make: Callable[[], Change | None], otherwise: str) -> list[str]:
        try:
            self._change = await asyncio.to_thread(make)
        except EntryTaken as problem:
            self._taken = True
            return [str(problem)]
        except (InstallProblem, ValueError) as problem:
            return [str(problem)]
        return [] if self._change is not None else [otherwise]

    def _where(self) -> str:
        plan = self._plan
        if plan.path is None:
            whose = "for a project" if plan.project else "for a person"
            return f"{self._client.title} has no file of its own {whose}."
        whose = "of the project in this folder" if plan.project else "of yours"
        does = "will be taken out of" if self._removes else f"({plan.form}) goes into"
        return f"The entry {plan.server.name} {does} {plan.path}, a file {whose}."

    def _tell(self, sentences: list[str], diff: str = "") -> None:
        told = [Content(line) for item in sentences for line in content.fold(item, self._width)]
        self.query_one("#install-told", Static).update(content.stack([*told, Content()]))
        self.query_one("#install-diff", Static).update(
            content.stack(
                content.words(line, _STYLES.get(line[:1], ""), None) for line in diff.splitlines()
            )
        )
        self.query_one(Hints).tell(*self._hints())

    @property
    def _width(self) -> int:
        return max(self.size.width - 6, 20)

    def _hints(self) -> list[Hint]:
        hints: list[Hint] = []
        if self._change is not None:
            hints.append(("y", "writes it", "screen.carry_out"))
        if self._taken:
            hints.append(("r", "replaces that entry", "screen.replace"))
        if not self._removes and len(self._client.forms) > 1:
            hints.append(("f", "another form", "screen.form"))
        if self._client.user and self._client.project:
            whose = "your own file" if self._plan.project else "the project's file"
            hints.append(("p", whose, "screen.project"))
        hints.append(("u", "put in" if self._removes else "take out", "screen.removal"))
        return [*hints, BACK]

    def action_carry_out(self) -> None:
        """Write the change that is shown."""
        if self._change is not None:
            self.run_worker(self._carried_out(self._change), exclusive=True)

    async def _carried_out(self, change: Change) -> None:
        said: list[str] = []
        self._change = None
        try:
            await asyncio.to_thread(change.carry_out, said.append)
        except InstallProblem as problem:
            self._tell([*said, str(problem)])
            return
        if not self._removes and self._plan.path is not None:
            token = self._session.token
            ends = token.received + token.expires_in if token and token.expires_in else None
            said += self._plan.advice(ends, time.time())
        self._tell(said)
        self.notify("Taken out." if self._removes else "Installed.")

    def action_form(self) -> None:
        """Put the token into the entry in another way."""
        forms = list(self._client.forms)
        if not self._removes and len(forms) > 1:
            form = forms[(forms.index(self._plan.form) + 1) % len(forms)]
            self._plan = replace(self._plan, form=form)
            self._look()

    def action_project(self) -> None:
        """Choose between the person's own file and the project's."""
        if self._client.user and self._client.project:
            project = not self._plan.project
            path = config_file(self._client, project=project)
            self._plan = replace(self._plan, project=project, path=path)
            self._look()

    def action_removal(self) -> None:
        """Choose between putting the entry in and taking it out."""
        self._removes = not self._removes
        self._look()

    def action_replace(self) -> None:
        """Put the entry in the place of one of that name."""
        if self._taken:
            self._replaces = True
            self._look()

    def action_scroll(self, by: int) -> None:
        """Go up or down."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)
