"""The form for the URL: what was used before is offered, completed, taken and forgotten."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.widgets import Button, Input, OptionList, Static

from mcp_auth_tui.protocol.urls import mcp_url
from mcp_auth_tui.storage.preferences import Preferences
from mcp_auth_tui.storage.recent import SCHEMA, State, kept_form, read
from mcp_auth_tui.tui.app import AuthApp
from mcp_auth_tui.tui.screens.confirm import Confirm
from mcp_auth_tui.tui.screens.url import TALL, Recent, UrlForm, completions
from tests.tui import fakes
from tests.tui.conftest import app_of, settled

A, B, C = "https://mcp.example.com/mcp", "https://other.example/mcp?", "http://127.0.0.1:9000/mcp"
HOSTILE = "https://x.example/[@click=app.quit]quit[/]"
KEPT = State(recent=(A, B, C))


def form_of(path: Path | None = None, kept: State = KEPT) -> Any:
    return app_of(
        fakes.signed_in(),
        config=None,
        config_for=lambda typed: fakes.config(mcp_url(typed).url),
        preferences=Preferences(path=path, kept=kept),
    )


async def opened(app: Any, pilot: Any) -> None:
    await settled(pilot, lambda: isinstance(app.screen, UrlForm))


def offered(app: Any) -> list[str]:
    return [str(option.prompt) for option in app.screen.query_one(Recent).options]


def told(app: Any) -> str:
    wrong = app.screen.query_one("#url-wrong", Static)
    return str(wrong.content) if wrong.display else ""


async def test_the_newest_server_is_offered_first_and_what_has_no_query_left_says_so() -> None:
    app = form_of()
    async with app.run_test() as pilot:
        await opened(app, pilot)
        assert offered(app) == [A, f"{B}…", C]
        assert app.screen.query_one(Input).has_focus


async def test_a_server_that_is_chosen_stands_in_the_field_and_is_not_asked_before_enter() -> None:
    app = form_of()
    async with app.run_test() as pilot:
        await opened(app, pilot)
        await pilot.press("down", "down", "j", "enter")
        field = app.screen.query_one(Input)
        await settled(pilot, lambda: field.value == C and field.has_focus)
        assert app.fakes == []
        assert told(app) == ""
        await pilot.press("enter")
        await settled(pilot, lambda: app.driver.session.url != "")
        assert app.driver.config.url == C


async def test_a_server_is_taken_by_the_mouse_and_can_be_stepped() -> None:
    app = form_of()
    async with app.run_test() as pilot:
        await opened(app, pilot)
        await pilot.click(Recent, offset=(5, 0))
        field = app.screen.query_one(Input)
        await settled(pilot, lambda: field.value == A and field.has_focus)
        await pilot.click("#step")
        await settled(pilot, lambda: app.driver.session.ready is not None)
        assert (app.driver.config.url, app.driver.stepping) == (A, True)


async def test_a_query_that_was_not_kept_is_asked_for_and_typed_at_the_end() -> None:
    app = form_of()
    async with app.run_test() as pilot:
        await opened(app, pilot)
        await pilot.press("down", "down", "enter")
        await settled(pilot, lambda: bool(told(app)))
        assert told(app) == "Its query is never kept: type it here if the server needs one."
        await pilot.press(*"a=1", "enter")
        await settled(pilot, lambda: app.driver.config is not None)
        assert app.driver.config.url == f"{B}a=1"
        assert app.appearance.servers[0] == B


async def test_what_is_typed_is_completed_and_only_what_fits_is_offered() -> None:
    app = form_of()
    async with app.run_test() as pilot:
        await opened(app, pilot)
        await pilot.press(*"OTHER.ex")
        await settled(pilot, lambda: offered(app) == [f"{B}…"])
        await pilot.press("right")
        field = app.screen.query_one(Input)
        await settled(pilot, lambda: field.value == "other.example/mcp?")
        place = field.region
        field.value = "nothing like it"
        await settled(pilot, lambda: offered(app) == [])
        assert field.region == place
        await pilot.press("down")
        await settled(pilot)
        assert not app.screen.query_one(Recent).has_focus
        field.value = ""
        await settled(pilot, lambda: len(offered(app)) == 3)


async def test_up_from_the_first_server_goes_back_to_the_field() -> None:
    app = form_of()
    async with app.run_test() as pilot:
        await opened(app, pilot)
        await pilot.press("down", "down", "k", "up")
        await settled(pilot, lambda: app.screen.query_one(Input).has_focus)


@pytest.mark.parametrize("how", ["key", "mouse"])
async def test_a_server_is_forgotten_on_the_screen_and_in_the_file(
    tmp_path: Path, how: str
) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"schema": SCHEMA, "recent": [A, B, C]}))
    path.chmod(0o600)
    app = form_of(path)
    async with app.run_test() as pilot:
        await opened(app, pilot)
        await pilot.press("down", "down")
        if how == "key":
            await pilot.press("delete")
        else:
            await pilot.click("#recent-hint", offset=(22, 0))
        await settled(pilot, lambda: offered(app) == [A, C])
        assert app.screen.query_one(Recent).highlighted == 1
        # Nor is it completed any more.
        assert not any(
            "other" in text for text in app.screen.query_one(Input).suggester._suggestions
        )
    app.appearance.keeper.close()
    assert read(path)[0] == State(recent=(A, C))


async def test_all_servers_are_forgotten_after_a_question_and_the_file_goes(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.write_text(json.dumps({"schema": SCHEMA, "recent": [A, B, C]}))
    path.chmod(0o600)
    app = form_of(path)
    async with app.run_test() as pilot:
        await opened(app, pilot)
        await pilot.press("down", "D")
        await settled(pilot, lambda: isinstance(app.screen, Confirm))
        assert str(app.screen.query(Static).first().content) == "Forget 3 servers?"
        await pilot.press("n")
        await settled(pilot, lambda: isinstance(app.screen, UrlForm))
        assert len(offered(app)) == 3
        await pilot.press("D", "y")
        await settled(pilot, lambda: isinstance(app.screen, UrlForm) and not app.appearance.servers)
        assert not app.screen.query_one("#recent-part").display
        assert app.screen.query_one(Input).has_focus
    app.appearance.keeper.close()
    assert not path.exists()


async def test_forgetting_the_last_one_leaves_the_form_as_it_was_at_first() -> None:
    app = form_of(kept=State(recent=(A,)))
    async with app.run_test() as pilot:
        await opened(app, pilot)
        await pilot.press("down", "d")
        await settled(pilot, lambda: not app.screen.query_one("#recent-part").display)
        assert app.screen.query_one(Input).has_focus
        await pilot.press("down")
        await settled(pilot)
        assert app.screen.query_one(Input).has_focus


async def test_without_servers_the_form_has_no_list() -> None:
    app = form_of(kept=State())
    async with app.run_test() as pilot:
        await opened(app, pilot)
        assert not app.screen.query_one("#recent-part").display


async def test_markup_in_a_url_stays_text() -> None:
    assert kept_form(HOSTILE) == HOSTILE
    app = form_of(kept=State(recent=(HOSTILE,)))
    async with app.run_test() as pilot:
        await opened(app, pilot)
        assert offered(app) == [HOSTILE]
        await pilot.click(Recent, offset=(22, 0))
        await settled(pilot, lambda: app.screen.query_one(Input).value == HOSTILE)
        await pilot.press("n", "backspace")
        await settled(pilot)
        assert app._exit is False


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (60, 20), (80, 16), (60, 24), (78, 22)])
async def test_with_twenty_servers_everything_of_the_form_is_seen(size: tuple[int, int]) -> None:
    many = tuple(f"https://host-{number}.example/{'x' * 90}" for number in range(20))
    app = form_of(kept=State(recent=many))
    async with app.run_test(size=size) as pilot:
        await opened(app, pilot)
        screen = app.screen
        for part in (screen.query_one(Input), screen.query_one("#run", Button)):
            assert screen.region.contains_region(part.region), part
            assert part.region.height > 0
        assert screen.query_one(OptionList).region.height >= 2
        assert screen.query_one("#url-box").max_scroll_y == 0


async def test_a_size_that_comes_when_there_is_no_list_is_no_fault() -> None:
    """As at the very start and end, where messages still arrive."""
    app = form_of()
    async with app.run_test() as pilot:
        await opened(app, pilot)
        await app.screen.query(Recent).remove()
        await pilot.resize_terminal(60, 20)
        assert app.screen.size == (60, 20)


def test_a_tall_screen_is_one_for_the_style_sheet_too() -> None:
    assert (TALL, "-tall") in AuthApp.VERTICAL_BREAKPOINTS


async def test_on_the_smallest_terminal_the_form_scrolls_to_what_has_the_focus() -> None:
    app = form_of()
    async with app.run_test(size=(40, 10)) as pilot:
        await opened(app, pilot)
        for wanted in ("recent", "run", "step"):
            await pilot.press("tab")
            await settled(pilot, lambda wanted=wanted: app.focused.id == wanted)
            box = app.screen.query_one("#url-box")
            assert box.content_region.overlaps(app.focused.region)


@given(tail=st.text("abz/?=.:[]", max_size=12), scheme=st.sampled_from(["http", "https"]))
def test_a_completion_leads_to_the_server_that_it_was_made_from(tail: str, scheme: str) -> None:
    url = kept_form(f"{scheme}://mcp.example.com{tail}")
    for completed in completions([url] if url else []):
        assert kept_form(completed).removesuffix("?") == url.removesuffix("?")
