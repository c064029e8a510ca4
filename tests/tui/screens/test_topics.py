"""The topics of the help on the screen: how one gets to them, reads one, and gets back."""

from __future__ import annotations

from typing import Any

from textual.containers import VerticalScroll
from textual.widgets import OptionList, Static

from mcp_auth_tui.help import TOPICS, text, title
from mcp_auth_tui.tui.main_screen import SMALLEST
from mcp_auth_tui.tui.screens.help import GuideScreen
from mcp_auth_tui.tui.screens.topics import TopicScreen, TopicsScreen
from tests.tui import fakes
from tests.tui.conftest import app_of, settled


def pages(app: Any) -> list[type[Any]]:
    return [type(screen) for screen in app.screen_stack[1:]]


async def test_the_help_leads_to_the_topics_and_each_page_goes_back_to_the_one_before() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        for key, expected in (
            ("question_mark", [GuideScreen]),
            ("t", [GuideScreen, TopicsScreen]),
            ("enter", [GuideScreen, TopicsScreen, TopicScreen]),
            ("q", [GuideScreen, TopicsScreen]),
            ("escape", [GuideScreen]),
            ("q", []),
        ):
            await pilot.press(key)
            await settled(pilot, lambda expected=expected: pages(app) == expected)


async def test_the_palette_lists_the_topics_over_the_page_that_is_there() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        await pilot.press("question_mark")
        await settled(pilot, lambda: pages(app) == [GuideScreen])
        commands = {command.title: command for command in app.get_system_commands(app.screen)}
        commands["Topics"].callback()
        await settled(pilot, lambda: pages(app) == [GuideScreen, TopicsScreen])
        rows = [str(option.prompt) for option in app.screen.query_one(OptionList).options]
        assert [row.split(maxsplit=1) for row in rows] == [[name, title(name)] for name in TOPICS]


async def test_a_topic_stands_on_its_page_as_it_is_printed_and_scrolls() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(80, 24)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        app.action_topics()
        await settled(pilot, lambda: pages(app) == [TopicsScreen])
        await pilot.press("j", "enter")
        await settled(pilot, lambda: pages(app) == [TopicsScreen, TopicScreen])
        plain = app.screen.query_one(Static).content.plain
        lines = text(TOPICS[1]).splitlines()
        assert plain.splitlines() == [
            line.lstrip("# ") if line.startswith("#") else line for line in lines
        ]
        scroll = app.screen.query_one(VerticalScroll)
        assert scroll.query_one(Static).content_region.width >= 72
        await pilot.press("j", "j", "k")
        await settled(pilot, lambda: scroll.scroll_y == 1)


async def test_the_list_has_rows_on_the_smallest_terminal() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=SMALLEST) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        app.action_topics()
        await settled(pilot, lambda: isinstance(app.focused, OptionList))
        assert app.focused.content_region.height >= 2
