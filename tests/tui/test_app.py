"""The keys of the main screen, driven through Pilot against scripted runs."""

from __future__ import annotations

import stat
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Button, Input, OptionList, Static

from mcp_auth_tui.model import Outcome, Stage
from mcp_auth_tui.settings.arguments.names import REPORTS
from mcp_auth_tui.tui import actions as keys
from mcp_auth_tui.tui.panels.table import PANELS
from mcp_auth_tui.tui.screens.address import BareScreen
from mcp_auth_tui.tui.screens.confirm import Confirm
from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
from mcp_auth_tui.tui.screens.export import ExportScreen
from mcp_auth_tui.tui.screens.findings import FindingsScreen
from mcp_auth_tui.tui.screens.fix import FixScreen
from mcp_auth_tui.tui.screens.help import GuideScreen
from mcp_auth_tui.tui.screens.question import QuestionScreen
from mcp_auth_tui.tui.screens.url import UrlForm
from mcp_auth_tui.tui.widgets.log import Log
from mcp_auth_tui.tui.widgets.panel import DetailScroll, Panel, PasteInput
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in

WAITING = [*fakes.metadata(), *fakes.registration(), *fakes.browser()]


def detail(app: Any) -> str:
    return str(app.main.query_one("#detail-text", Static).content.plain)


def side(screen: Any, index: int) -> str:
    lines = screen.query_one(f"#side-{index}", OptionList)
    return "\n".join(str(option.prompt) for option in lines.options)


def test_the_names_of_the_panels_are_there_before_anything_is_laid_out() -> None:
    """So the first frame that is drawn has them."""
    for index, panel in enumerate(PANELS):
        assert f"{index + 1} {panel.title}" in str(Panel(index).border_title)


async def test_a_run_starts_by_itself_and_ends_with_the_headers_in_panel_five() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        assert app.main.panel == 4
        assert "Authorization: ‹42 chars" in detail(app)
        assert fakes.ACCESS not in detail(app)
        assert (app.driver.code, app.driver.session.outcome) == (0, Outcome.OK)
        assert app.fakes[0].closed


async def test_secrets_show_only_while_the_person_looks() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await pilot.press("v")
        await settled(pilot, lambda: fakes.ACCESS in detail(app))
        await pilot.press("v")
        await settled(pilot, lambda: fakes.ACCESS not in detail(app))
        await pilot.press("v")
        await settled(pilot, lambda: app.main.reveal)
        await pilot.press("1")
        await settled(pilot, lambda: not app.main.reveal)


async def test_numbers_tab_and_arrows_move_between_panels() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        for number in range(1, 6):
            await pilot.press(str(number))
            await settled(pilot)
            assert app.main.panel == number - 1
        await pilot.press("j")
        await settled(pilot)
        assert app.main.panel == 0
        await pilot.press("up")
        await settled(pilot)
        assert app.main.panel == 4
        await pilot.press("shift+tab")
        await settled(pilot)
        assert app.main.panel == 3
        await pilot.press("tab", "tab")
        await settled(pilot)
        assert isinstance(app.focused, DetailScroll)
        await pilot.press("tab")
        await settled(pilot)
        assert isinstance(app.focused, Log)
        await pilot.press("escape")
        await settled(pilot)
        assert isinstance(app.focused, Panel)


async def test_a_person_says_yes_before_the_browser_opens_when_another_host_asks() -> None:
    """SPEC 6: consent phishing."""
    app = app_of(WAITING)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        assert app.driver.session.browsed is None
        assert ("pause",) in app.fakes[0].asked
        shown = detail(app)
        for told in ("auth.example.com", fakes.MCP, "files:read (from the challenge)", "dynamic"):
            assert told in shown
        assert fakes.BACK in shown
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        assert app.driver.session.browsed is not None


async def test_nobody_is_asked_when_the_browser_goes_to_the_server_itself() -> None:
    app = app_of(WAITING, config=fakes.config())
    own = fakes.SERVER.__class__(fakes.MCP, None, "https://mcp.example.com/authorize")
    events = [e for e in WAITING if getattr(e, "name", "") != "server"]
    at = events.index(next(e for e in events if getattr(e, "stage", "") is Stage.REGISTER))
    events.insert(at, fakes.Learned("server", own))
    app = app_of(events)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.signing_in)
        assert app.fakes[0].asked == [("run", Stage.PROBE)]


async def test_what_is_pasted_goes_to_the_run_as_it_is_and_the_field_is_emptied() -> None:
    app = app_of(WAITING)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        await pilot.press("p")
        await settled(pilot, lambda: isinstance(app.focused, PasteInput))
        field = app.query_one(PasteInput)
        field.insert_pasted(f"{fakes.BACK}?code=a\n  &state=b\n")
        await pilot.press("enter")
        await settled(pilot)
        assert app.fakes[0].asked[-1] == ("paste", f"{fakes.BACK}?code=a&state=b")
        assert field.value == ""


async def test_a_paste_outside_any_field_lands_in_the_paste_field() -> None:
    from textual import events

    app = app_of(WAITING)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        app.post_message(events.Paste("pasted"))
        await settled(pilot, lambda: app.query_one(PasteInput).value == "pasted")
        assert isinstance(app.focused, PasteInput)


async def test_stepping_shows_every_request_before_it_is_sent() -> None:
    app = app_of(fakes.signed_in(), stepping=True)
    async with app.run_test() as pilot:
        for number in range(3):
            ready = lambda n=number: (  # noqa: E731
                app.driver.session.ready is not None and len(app.driver.session.exchanges) == n
            )
            await settled(pilot, ready)
            assert f"request {number + 1}, not sent yet" in detail(app)
            assert "JSON is asked for · RFC 9728 §3.1" in detail(app)
            await pilot.press("s")
        await pilot.press("r")
        await settled(pilot, lambda: app.main.state.at_browser or app.main.state.signing_in)
        assert len(app.driver.session.exchanges) == 4


async def test_a_step_between_two_requests_is_kept_for_the_next() -> None:
    app = app_of(fakes.signed_in(), stepping=True)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.driver.session.ready is not None)
        app.driver.step()  # two keys that come before the run itself goes on
        app.driver.step()
        await settled(pilot, lambda: len(app.driver.session.exchanges) == 2)
        await settled(pilot, lambda: app.driver.session.ready is not None)
        assert "request 3, not sent yet" in detail(app)
        assert app.fakes[0].asked.count(("step",)) == 2


async def test_escape_cancels_a_wait_and_again_from_here_keeps_what_came_before() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        await pilot.press("escape")
        await settled(pilot, lambda: not app.driver.busy)
        assert (app.driver.session.outcome, app.driver.code) == (Outcome.INTERRUPTED, 130)
        assert app.driver.session.client is not None
        await pilot.press("R")
        await settled(pilot, lambda: len(app.fakes) == 2)
        assert app.fakes[1].asked[0] == ("run", Stage.AUTHORIZE)


async def test_again_from_a_panel_that_was_never_reached_says_so() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await pilot.press("4", "R")
        await settled(pilot)
        assert [note.message for note in app._notifications] == [
            "Token was never reached: start at an earlier panel."
        ]
        assert len(app.fakes) == 1
        assert app.driver.code == 4


async def test_c_copies_the_address_while_waiting_and_the_headers_at_the_end(
    copied: list[str],
) -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        await pilot.press("c")
        await settled(pilot, lambda: copied == [fakes.URL])
        app.fakes[-1].come_back()
        await settled(pilot, lambda: not app.driver.busy)
        await pilot.press("c")
        await settled(pilot, lambda: len(copied) == 2)
        assert copied[1] == f"Authorization: Bearer {fakes.ACCESS}\n"
        assert "Header lines: copied by a test" in [n.message for n in app._notifications]


async def test_an_export_is_saved_so_that_only_its_owner_reads_it(tmp_path: Path) -> None:
    """ST1."""
    app = app_of(fakes.signed_in())
    target = tmp_path / "token.txt"
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await pilot.press("e", "down", "s")
        await settled(pilot, lambda: isinstance(app.screen, ExportScreen))
        field = app.screen.query_one("#file", Input)
        field.value = str(target)
        await pilot.press("enter")
        await settled(pilot, target.exists)
        assert target.read_text() == f"{fakes.ACCESS}\n"
        assert stat.S_IMODE(target.stat().st_mode) == 0o600


async def test_a_file_that_is_there_is_replaced_only_when_that_is_wanted(tmp_path: Path) -> None:
    """Once it is this program's own it is replaced without a question."""
    app = app_of(fakes.signed_in())
    target = tmp_path / "notes.txt"
    target.write_text("mine")
    async with app.run_test() as pilot:
        await sign_in(pilot)

        async def saving(*keys: str) -> None:
            await pilot.press("e", "down", "s")
            await settled(pilot, lambda: isinstance(app.screen, ExportScreen))
            app.screen.query_one("#file", Input).value = str(target)
            await pilot.press("enter")
            for key in keys:
                await settled(pilot, lambda: isinstance(app.screen, Confirm))
                await pilot.press(key)
            await settled(pilot, lambda: len(app.screen_stack) == 1)

        for refused in ("enter", "escape", "n"):
            await saving(refused)
            assert target.read_text() == "mine"
        assert app._notifications
        assert {note.message for note in app._notifications} == {
            f"Not saved: {target} stays as it was."
        }
        await saving("y")
        assert target.read_text() == f"{fakes.ACCESS}\n"
        target.write_text("changed")
        await saving()
        assert target.read_text() == f"{fakes.ACCESS}\n"


async def test_an_export_that_cannot_be_saved_says_why(tmp_path: Path) -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        app.output.export("token", str(tmp_path / "missing" / "x"))
        await settled(pilot)
        told = [note.message for note in app._notifications]
        assert told == [f"Not saved: there is no folder {tmp_path / 'missing'}"]


async def test_the_address_alone_fills_a_bare_screen_from_its_first_cell() -> None:
    app = app_of(WAITING)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        await pilot.press("u")
        await settled(pilot, lambda: isinstance(app.screen, BareScreen))
        region = app.screen.query_one("#bare-url").content_region
        assert (region.x, region.y, region.width) == (0, 0, 80)
        app.fakes[-1].come_back()
        await pilot.press("escape")
        await settled(pilot, lambda: not isinstance(app.screen, BareScreen))


async def test_enter_in_the_log_opens_the_exchange_and_arrows_go_to_its_neighbours() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await pilot.press("x", "enter")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        screen = app.screen
        assert isinstance(screen, ExchangeScreen)
        assert screen.number == 6
        await pilot.press("left")
        await settled(pilot, lambda: screen.number == 5)
        shown = side(screen, 0)
        assert "grant_type  authorization_code" in shown
        assert "the code is exchanged · RFC 6749 §4.1.3" in shown
        assert "access_token" in side(screen, 1)
        assert fakes.ACCESS not in side(screen, 0) + side(screen, 1)
        await pilot.press("escape")
        await settled(pilot, lambda: app.screen is not screen)


async def test_the_findings_list_has_the_worst_first_and_enter_goes_to_the_exchange() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await pilot.press("f")
        await settled(pilot, lambda: isinstance(app.screen, FindingsScreen))
        options = app.screen.query_one(OptionList).options
        assert [str(option.prompt)[0] for option in options] == ["✗", "!", "✓"]
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        assert app.screen.number == 3


@pytest.mark.parametrize("key", ["f", "l", "enter"])
async def test_a_line_that_was_chosen_before_its_list_got_shorter_is_no_crash(key: str) -> None:
    """What a list says of its lines comes a moment later, and a run goes on meanwhile."""
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        if key == "enter":
            app.main.open_exchange(3)
        else:
            await pilot.press(key)
        await settled(pilot, lambda: len(app.screen_stack) > 1)
        shown = app.screen.query(OptionList).last()
        option, last = shown.options[-1], shown.option_count
        shown.post_message(OptionList.OptionHighlighted(shown, option, last))
        shown.post_message(OptionList.OptionSelected(shown, option, last))
        await settled(pilot)
        assert app.is_running


async def test_a_secret_that_is_asked_for_is_typed_unseen() -> None:
    app = app_of(fakes.asking())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: isinstance(app.screen, QuestionScreen))
        assert app.screen.query_one(Input).password
        await pilot.press("a", "b", "enter")
        await settled(pilot, lambda: not app.driver.busy)
        assert ("answer", "ab") in app.fakes[0].asked


async def test_a_choice_is_answered_with_its_own_words_and_escape_declines() -> None:
    for pressed, answer in (("down", "[b]two[/b]"), ("escape", None)):
        app = app_of(fakes.asking(choices=("one", "[b]two[/b]"), default="one"))
        async with app.run_test() as pilot:
            await settled(pilot, lambda app=app: isinstance(app.screen, QuestionScreen))
            await pilot.press(pressed)
            if pressed == "down":
                await pilot.press("enter")
            await settled(pilot, lambda app=app: not app.driver.busy)
            assert ("answer", answer) in app.fakes[0].asked


def made(typed: str) -> Any:
    if "://" not in typed:
        raise ValueError("There is no [host] in it.")
    return fakes.config(typed)


async def test_the_form_says_what_is_wrong_with_a_url_and_then_starts_stepped() -> None:
    app = app_of(fakes.signed_in(), config=None, config_for=made)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: isinstance(app.screen, UrlForm))
        await pilot.press("x", "enter")
        await settled(pilot)
        wrong = app.screen.query_one("#url-wrong", Static)
        assert str(wrong.content) == "There is no [host] in it."
        app.screen.query_one(Input).value = fakes.MCP
        app.screen.query_one("#step", Button).press()
        await settled(pilot, lambda: app.driver.session.ready is not None)
        assert app.driver.stepping
        assert app.main.url == fakes.MCP


async def test_a_form_that_is_closed_leaves_an_empty_screen_that_can_be_quit() -> None:
    app = app_of([], config=None, config_for=made)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: isinstance(app.screen, UrlForm))
        await pilot.press("escape")
        await settled(pilot, lambda: not isinstance(app.screen, UrlForm))
        await pilot.press("q")
        await settled(pilot, lambda: app._exit)
    assert app.return_value == 130


async def test_quitting_asks_only_when_a_sign_in_would_be_lost() -> None:
    app = app_of(WAITING)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        await pilot.press("q")
        await settled(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("n")
        await settled(pilot, lambda: not isinstance(app.screen, Confirm))
        assert app.driver.busy
        await pilot.press("q", "y")
        await settled(pilot, lambda: app._exit)
    assert app.return_value == 130
    assert app.fakes[0].closed


async def test_ctrl_c_cancels_and_a_second_one_quits_with_130() -> None:
    app = app_of(WAITING)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("ctrl+c")
        await settled(pilot, lambda: not app.driver.busy)
        await pilot.press("ctrl+c")
        await settled(pilot, lambda: app._exit)
    assert app.return_value == 130


async def test_a_key_that_is_of_no_use_now_says_why() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        for key, action in (("p", "paste"), ("c", "copy"), ("u", "show_address")):
            await pilot.press(key)
            await settled(pilot)
            reason = app.keymap.of(action).off(app.main.state)
            assert [note.message for note in app._notifications] == [reason]


async def test_keys_of_what_a_run_has_not_got_say_why_and_leave_nothing_open() -> None:
    app = app_of([], config=None)
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot)
        await pilot.press("escape")
        for key, reason in (
            ("x", "There are no exchanges yet."),
            ("slash", "There are no exchanges yet."),
            ("d", "No place was tried yet."),
        ):
            await pilot.press(key)
            await settled(pilot)
            assert [note.message for note in app._notifications] == [reason]
        assert not app.screen.has_class("-log")
        kept = (("resource", fakes.RESOURCE), ("server", fakes.SERVER))
        app.driver.apply(fakes.Started(fakes.MCP, fakes.NOW, kept))
        assert app.keymap.of("discovery").off(app.main.state) == (
            "What is known was kept from the run before: r looks for metadata anew."
        )


async def test_the_filter_of_the_log_goes_when_it_is_left_empty() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: not app.driver.busy)
        await pilot.press("slash")
        await settled(pilot, lambda: app.query_one("#log-filter").display)
        await pilot.press("tab")
        await settled(pilot, lambda: not app.query_one("#log-filter").display)


async def test_a_run_that_failed_offers_a_report_and_no_headers(copied: list[str]) -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        assert ("e", "save report") in [
            (key.shown, word) for key, word in app.keymap.bar(app.main.state)
        ]
        await pilot.press("e")
        await settled(pilot, lambda: isinstance(app.screen, ExportScreen))
        offered = app.screen.query_one("#exports", OptionList)
        assert [option.id for option in offered.options] == list(REPORTS)
        await pilot.press("enter")
        await settled(pilot, lambda: len(copied) == 1)
    assert copied[0].startswith("# MCP authorization report: ")
    assert "as-issuer-mismatch" in copied[0]


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (120, 36)])
@pytest.mark.parametrize("way", ["escape", "x", "3", "p"])
async def test_out_of_the_log_leads_a_way_that_does_not_end_the_sign_in(
    way: str, size: tuple[int, int]
) -> None:
    app = app_of(WAITING)
    async with app.run_test(size=size) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        await pilot.press("x")
        await settled(pilot, lambda: app.screen.query_one(Log).has_focus)
        await pilot.press(way)
        await settled(pilot)
        assert app.main.state.signing_in
        assert app.screen.query_one("#detail").display
        assert not app.screen.query_one(Log).has_focus
        await app.action_quit()


async def test_the_log_stands_on_the_exchange_that_ended_the_run() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        chosen = app.query_one(Log).highlighted_option
        assert chosen is not None
        assert chosen.id == str(app.driver.session.stop.exchange)


async def test_help_explains_the_panel_and_lists_every_key() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await pilot.press("question_mark")
        await settled(pilot, lambda: isinstance(app.screen, GuideScreen))
        shown = str(app.screen.query_one("#guide-text", Static).content.plain)
        assert "1 Metadata" in shown
        assert "RFC 8414" in shown
        for key, _ in app.keymap.table():
            assert f"\n{key}" in shown


async def test_the_palette_offers_every_action_and_nothing_else() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test() as pilot:
        await settled(pilot)
        offered = [command.title for command in app.get_system_commands(app.screen)]
        every = [key.title for key in keys.KEYS if key.name != "palette"]
        assert offered == every
        assert "Theme" in every
        await pilot.press("ctrl+p")
        await settled(pilot)
        await pilot.press(*"findings", "enter")
        await settled(pilot, lambda: isinstance(app.screen, FindingsScreen))


async def test_a_click_on_the_key_bar_does_what_the_key_does() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await pilot.click("#keys", offset=(3, 0))
        await settled(pilot, lambda: isinstance(app.screen, FixScreen))


async def test_a_terminal_too_small_is_told_so_and_a_larger_one_shows_everything_again() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(39, 9)) as pilot:
        await settled(pilot)
        told = app.query_one("#small", Static)
        assert told.display
        assert "39×9 cells; mcp-auth-tui needs 40×10" in str(told.content)
        assert not app.query_one("#body").display
        await pilot.resize_terminal(80, 24)
        await settled(pilot, lambda: app.query_one("#body").display)
        assert not told.display


async def test_on_a_narrow_terminal_the_log_takes_the_place_of_the_detail() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test(size=(60, 20)) as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        log, shown = app.query_one(Log), app.query_one("#detail")
        assert (log.display, shown.display) == (False, True)
        await pilot.press("x")
        await settled(pilot, lambda: log.display)
        assert not shown.display
        await pilot.press("escape")
        await settled(pilot, lambda: shown.display)


async def test_zoom_gives_the_detail_the_whole_width_and_escape_takes_it_back() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await pilot.press("z")
        await settled(pilot, lambda: app.query_one("#detail").size.width >= 78)
        await pilot.press("escape")
        await settled(pilot, lambda: app.query_one("#rail").display)


async def test_our_own_bug_keeps_the_transcript_and_says_that_it_is_ours() -> None:
    class Broken(fakes.FakeController):
        async def run(self, *args: Any, **more: Any) -> Any:
            for event in fakes.metadata():
                yield event
            raise ZeroDivisionError("boom")

    app = app_of([])
    app.driver.assemble = lambda config, stepping: Broken([])  # type: ignore[method-assign]
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.driver.session.outcome is not None)
        assert app.driver.session.stop is not None
        assert app.driver.session.stop.id == "client-bug"
        assert len(app.driver.session.exchanges) == 3
        assert not app.driver.busy


async def test_a_fault_while_drawing_ends_the_screen_even_when_it_cannot_be_described(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken(*args: Any) -> Any:
        raise ZeroDivisionError(fakes.ACCESS)

    monkeypatch.setattr("mcp_auth_tui.render.bug.described", broken)
    app = app_of(fakes.mismatch())
    app.main.action_zoom = broken  # type: ignore[method-assign]

    async def drive() -> None:
        async with app.run_test() as pilot:
            await settled(pilot)
            await pilot.press("z")
            await settled(pilot)

    with pytest.raises(ZeroDivisionError):
        await drive()
    assert capsys.readouterr().err == "This is a bug in mcp-auth-tui (ZeroDivisionError).\n"


async def test_a_large_document_goes_to_a_text_area() -> None:
    from mcp_auth_tui.tui.widgets.long_text import LongText

    big = {**fakes.PRM, "more": ["x" * 50] * 600}
    events = [
        fakes.Learned("resource", fakes.Resource(fakes.MCP, "https://x.example/", big))
        if getattr(event, "name", "") == "resource"
        else event
        for event in fakes.mismatch()
    ]
    app = app_of(events)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: bool(app.query(LongText)))
        assert app.query_one(LongText).body
