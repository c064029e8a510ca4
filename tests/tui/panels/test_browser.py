"""What a person sees and can do around the sign-in: gate, copy, paste, code, refresh, marks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual import events
from textual.widgets import Input, Static

from mcp_auth_tui.model import Left, Level, Resumed, Slip, Stage, Started, Status, Waiting
from mcp_auth_tui.render.report.content import content as report
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.panels import detail as details
from mcp_auth_tui.tui.panels.status import findings_line, panel_facts, panel_status
from mcp_auth_tui.tui.panels.table import PANELS
from mcp_auth_tui.tui.screens.address import BareScreen
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.views.big_text import large
from mcp_auth_tui.tui.widgets.bars import Banner
from mcp_auth_tui.tui.widgets.panel import PasteInput
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in
from tests.tui.test_app import detail

WAITING = [*fakes.metadata(), *fakes.registration(), *fakes.browser()]
LOOK = content.Look(76, False, fakes.NOW + 42, 30, LETTERS)
_, _, BROWSER, _, HEADERS = PANELS


def folded(events: list[Any]) -> Any:
    session = fakes.Session()
    for event in events:
        session = session.apply(event)
    return session


async def test_nothing_is_asked_first_where_no_browser_would_be_opened(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = fakes.FakeController.__init__

    def init(self: Any, *args: Any, **more: Any) -> None:
        made(self, *args, **more)
        self.opens = False

    monkeypatch.setattr(fakes.FakeController, "__init__", init)
    app = app_of(WAITING)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.signing_in)
        assert app.fakes[0].asked == [("run", Stage.PROBE)]


async def test_copying_at_the_gate_lets_the_sign_in_begin_without_opening_a_browser(
    copied: list[str],
) -> None:
    app = app_of(WAITING)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("c")
        await settled(pilot, lambda: app.main.state.signing_in and copied == [fakes.URL])
        assert ("step", "unopened") in app.fakes[0].asked


async def test_p_at_the_gate_opens_the_paste_field() -> None:
    app = app_of(WAITING)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("p")
        await settled(pilot, lambda: isinstance(app.focused, PasteInput))
        assert app.main.state.signing_in
        assert app.query_one(PasteInput).display


async def test_a_paste_at_the_gate_is_kept_for_the_field() -> None:
    app = app_of(WAITING)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        app.post_message(events.Paste("pasted"))
        await settled(pilot, lambda: app.query_one("#paste", Input).value == "pasted")


async def test_o_opens_the_browser_again() -> None:
    app = app_of(WAITING)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("o")
        await settled(pilot, lambda: app.main.state.signing_in)
        assert ("browse", fakes.URL) not in app.fakes[0].asked
        await pilot.press("o")
        await settled(pilot, lambda: ("browse", fakes.URL) in app.fakes[0].asked)
        told = [note.message for note in app._notifications]
        assert told == ["The address was handed to a test."]


async def test_a_device_code_stands_large_with_its_address_a_picture_and_what_it_is() -> None:
    """X1: RFC 8628; it is not part of MCP."""
    page = details.page(folded(fakes.device()), BROWSER, LOOK).content
    for line in large("WDJB-MJHT", 60):
        assert line in page.plain
    for told in ("WDJB-MJHT", "9:18 left", "RFC 8628, not part of MCP"):
        assert told in page.plain
    assert "▀▀█" in page.plain.split("carries it")[1]
    links = {span.style.link for span in page.spans if getattr(span.style, "link", None)}
    assert links == {fakes.DEVICE.verification_uri, fakes.DEVICE.complete}


def test_a_code_in_letters_of_no_large_form_is_spaced_out() -> None:
    code = replace(fakes.DEVICE, user_code="wd[b]jö", complete=None)
    page = details.page(folded(fakes.device(code)), BROWSER, LOOK).content.plain
    assert "w d [ b ] j ö" in page
    assert "QR" not in page


def test_a_screen_too_low_for_the_picture_says_which_key_shows_it() -> None:
    page = details.page(folded(fakes.device()), BROWSER, replace(LOOK, height=20)).content.plain
    assert "b shows that address as a QR code" in page


async def test_the_keys_of_a_device_code_copy_it_and_its_address_and_open_it(
    copied: list[str],
) -> None:
    app = app_of(fakes.device())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.typing_code)
        await pilot.press("c", "a")
        await settled(pilot, lambda: copied == ["WDJB-MJHT", fakes.DEVICE.complete])
        await pilot.press("o")
        await settled(pilot, lambda: ("browse", fakes.DEVICE.complete) in app.fakes[0].asked)
        await pilot.press("u")
        await settled(pilot, lambda: isinstance(app.screen, BareScreen))


async def test_again_from_the_token_panel_is_a_refresh_and_says_so() -> None:
    """F2."""
    app = app_of(fakes.signed_in())
    async with app.run_test(size=(120, 36)) as pilot:
        await sign_in(pilot)
        await pilot.press("4")
        await settled(pilot, lambda: app.main.panel == 3)
        assert "R refresh" in str(app.query_one("#keys").render())  # type: ignore[attr-defined]
        await pilot.press("R")
        await settled(pilot, lambda: len(app.fakes) == 2)
        assert app.fakes[1].asked[0] == ("run", Stage.TOKEN)
        await sign_in(pilot)
        assert app.main.panel == 3  # what rotated is told there
        await pilot.press("5", "R")
        await settled(pilot, lambda: len(app.fakes) == 3)
        await sign_in(pilot)
        assert app.main.panel == 4


async def test_without_a_refresh_token_again_from_the_token_panel_leads_to_the_browser() -> None:
    events = [
        replace(event, value=replace(event.value, refresh=None))
        if getattr(event, "name", "") == "token"
        else event
        for event in fakes.signed_in()
    ]
    app = app_of(events)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await pilot.press("4", "R")
        await settled(pilot, lambda: len(app.fakes) == 2)
        assert app.fakes[1].asked[0] == ("run", Stage.AUTHORIZE)


async def test_a_marked_run_says_so_on_every_screen_and_beside_the_headers() -> None:
    app = app_of(fakes.signed_in(), marks=("TLS certificates are NOT checked (--insecure)",))
    async with app.run_test() as pilot:
        await sign_in(pilot)
        banner = app.query_one(Banner)
        assert banner.display
        assert str(banner.render()).startswith(" ! marked run: TLS certificates are NOT checked")
        assert "! TLS certificates are NOT checked (--insecure)" in detail(app)


async def test_an_unmarked_run_has_no_banner_until_a_request_is_edited() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        assert not app.query_one(Banner).display
        last = app.driver.session.exchanges[-1]
        app.driver.apply(fakes.Exchanged(replace(last, number=7, edited=True, again=6)))
        await settled(pilot, lambda: app.query_one(Banner).display)
        assert app.driver.session.marks == ("exchange 7 sends exchange 6 again, edited by hand",)


def test_the_headers_of_a_bound_token_say_that_each_request_needs_a_proof() -> None:
    """D1: RFC 9449 §7.1."""
    token = replace(fakes.TOKEN, type="DPoP")
    page = details.page(
        folded([*WAITING, fakes.Learned("token", token)]), HEADERS, LOOK
    ).content.plain
    assert "Authorization: ‹40 chars" in page
    assert "each request needs a fresh proof in a\nDPoP header" in page


def test_a_grant_without_a_browser_shows_that_the_sign_in_is_skipped() -> None:
    """CC1."""
    told = "client_credentials: no person is part of it"
    events = [
        Started(fakes.MCP, fakes.NOW),
        Left(Stage.AUTHORIZE, Status.SKIPPED, told),
        fakes.Learned("token", fakes.TOKEN),
    ]
    session = folded(events)
    assert panel_status(session, BROWSER) is Status.SKIPPED
    assert f"– skipped: {told}" in details.page(session, BROWSER, LOOK).content.plain
    assert f"skipped, {told}" in details.page(session, HEADERS, LOOK).content.plain
    assert told in content.stack(panel_facts(session, BROWSER, LOOK)).plain


def wrongly() -> list[Any]:
    """A sign-in that is waited for again after a wrong paste, then comes right."""
    return [
        *WAITING,
        Resumed("an address was pasted", "paste", ("response_type",)),
        Slip(
            fakes.finding(
                "authz-paste", Level.WARNING, "What was pasted is wrong.", Stage.AUTHORIZE,
                next="Paste another one.",
            )
        ),
        Waiting("the sign-in in the browser", fakes.NOW + 600),
        *fakes.ending(),
    ]  # fmt: skip


def wrong(app: Any) -> str:
    """What stands above the field; empty where nothing does."""
    line = app.main.query_one("#paste-wrong", Static)
    return str(line.content) if line.display else ""


async def test_after_a_wrong_paste_the_field_is_where_the_next_one_goes_and_says_why() -> None:
    app = app_of(wrongly())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("p")
        await settled(pilot, lambda: isinstance(app.focused, PasteInput))
        await pilot.press("x", "enter")
        await settled(pilot, lambda: "What was pasted is wrong." in wrong(app))
        field = app.query_one(PasteInput)
        assert (field.has_focus, field.display, field.value) == (True, True, "")
        assert "Paste another one." in wrong(app)
        await pilot.press("y", "enter")
        await settled(pilot, lambda: not app.driver.busy)
        assert [said for said in app.fakes[0].asked if said[0] == "paste"] == [
            ("paste", "x"),
            ("paste", "y"),
        ]
        assert (app.main.panel, field.has_focus, field.display) == (4, False, False)


async def test_a_wrong_paste_is_told_and_neither_counted_nor_reported() -> None:
    """It is the person's, and says nothing about a server."""
    app = app_of(wrongly())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        before = findings_line(app.driver.session, BROWSER)
        await pilot.press("p", "x", "enter")
        await settled(pilot, lambda: "! What was pasted is wrong." in wrong(app))
        assert findings_line(app.driver.session, BROWSER) == before
        assert "authz-paste" not in {item.id for item in app.driver.session.findings}
        app.fakes[0].come_back()
        await settled(pilot, lambda: not app.driver.busy)
        assert app.driver.session.slip is None
        assert "authz-paste" not in str(report(app.driver.session))


async def test_a_stray_visitor_does_not_take_away_what_is_typed() -> None:
    app = app_of(wrongly())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("p")
        await settled(pilot, lambda: isinstance(app.focused, PasteInput))
        await pilot.press("h", "a", "l", "f")
        app.fakes[0].come_back()
        await settled(pilot, lambda: "What was pasted is wrong." in wrong(app))
        field = app.query_one(PasteInput)
        assert (field.has_focus, field.display, field.value) == (True, True, "half")


async def test_the_bare_address_stays_for_a_stray_visitor_and_goes_with_the_sign_in() -> None:
    app = app_of(wrongly())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("u")
        await settled(pilot, lambda: isinstance(app.screen, BareScreen))
        app.fakes[0].come_back()
        await settled(pilot, lambda: app.driver.session.slip is not None)
        assert isinstance(app.screen, BareScreen)
        app.fakes[0].come_back()
        await settled(pilot, lambda: not app.driver.busy and len(app.screen_stack) == 1)


async def test_a_paste_of_a_million_characters_is_cut_and_said_to_be() -> None:
    app = app_of(WAITING)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("p")
        await settled(pilot, lambda: isinstance(app.focused, PasteInput))
        app.post_message(events.Paste("x" * 999_999 + "\n"))
        await settled(pilot, lambda: bool(app._notifications))
        assert app.query_one(PasteInput).value == "x" * 16_384
        (told,) = [note.message for note in app._notifications]
        assert told.startswith("1,000,000 characters were pasted")


async def test_a_paste_of_several_lines_is_joined_as_the_terminal_had_broken_it() -> None:
    app = app_of(WAITING)
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("p")
        await settled(pilot, lambda: isinstance(app.focused, PasteInput))
        wrapped = "\r\n".join([f"  {fakes.BACK}?code=abc", "def&state=xyz  ", "", ""])
        app.post_message(events.Paste(wrapped))
        await settled(pilot, lambda: bool(app.query_one(PasteInput).value))
        assert app.query_one(PasteInput).value == f"{fakes.BACK}?code=abcdef&state=xyz"


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 36)])
async def test_the_way_back_to_this_machine_is_seen_without_scrolling(
    size: tuple[int, int],
) -> None:
    app = app_of([*fakes.metadata(), *fakes.registration(), *fakes.browser()])
    async with app.run_test(size=size) as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("enter")
        await settled(pilot, lambda: app.main.state.signing_in)
        shown = app.query_one("#detail-scroll")
        assert shown.max_scroll_y == 0
        assert fakes.FORWARD in detail(app)
        assert ("back to" in detail(app)) is (size != (60, 20))
