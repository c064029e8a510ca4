"""Knows the list of the help's topics and the page of one; must not know what they say."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.screen import Screen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui import help as topics
from mcp_auth_tui.tui.screens.page import Page
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.widgets.hints import BACK, Hints


class TopicsScreen(Page[None]):
    """Every topic on a line; enter opens it over the list."""

    BINDINGS = [Binding("escape,q", "dismiss(None)", "Back")]  # noqa: RUF012
    ON_PAGE: ClassVar = {"topics": "screen.dismiss(None)"}

    def compose(self) -> ComposeResult:
        """The list."""
        topic_list = OptionList(
            *(
                Option(Content.assemble((f"{name:<13}", "bold"), topics.title(name)), id=name)
                for name in topics.TOPICS
            ),
            markup=False,
        )
        topic_list.border_title = "Help"
        yield topic_list
        yield Hints(("enter", "opens the topic", "focused.select"), BACK)

    @on(OptionList.OptionSelected)
    def _open(self, event: OptionList.OptionSelected) -> None:
        self.app.push_screen(TopicScreen(event.option_id or ""))


class TopicScreen(Screen[None]):
    """The Markdown of a topic as it stands, with its headings marked."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss(None)", "Back"),
        Binding("j", "scroll(1)", "Down", show=False),
        Binding("k", "scroll(-1)", "Up", show=False),
    ]
    ON_PAGE: ClassVar = {"topics": "screen.dismiss(None)"}

    def __init__(self, topic: str) -> None:
        super().__init__(classes="page")
        self._topic = topic

    def compose(self) -> ComposeResult:
        """One scrolling text."""
        with VerticalScroll() as scroll:
            scroll.border_title = self._topic
            yield Static(content.stack(map(_line, topics.text(self._topic).splitlines())))
        yield Hints(BACK)

    def action_scroll(self, by: int) -> None:
        """Go up or down."""
        self.query_one(VerticalScroll).scroll_relative(y=by, animate=False)


def _line(line: str) -> Content:
    return content.heading(line.lstrip("# ")) if line.startswith("#") else Content(line)
