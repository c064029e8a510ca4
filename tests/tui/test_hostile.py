"""Hostile server text reaches every view and does nothing there (SPEC 6, DESIGN 5)."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

from rich.segment import Segment
from textual.color import Color
from textual.filter import ANSIToTruecolor
from textual.widgets import Static

from mcp_auth_tui.exports.requests import REQUEST_FORMS
from mcp_auth_tui.model import Session
from mcp_auth_tui.tui.actions import KEYS, LETTERS
from mcp_auth_tui.tui.panels import browser, detail
from mcp_auth_tui.tui.panels.status import panel_facts
from mcp_auth_tui.tui.panels.table import PANELS
from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
from mcp_auth_tui.tui.screens.findings import FindingsScreen
from mcp_auth_tui.tui.screens.question import QuestionScreen
from mcp_auth_tui.tui.screens.request_editor import row_content
from mcp_auth_tui.tui.terminal.filter import ControlFilter
from mcp_auth_tui.tui.views import content as views
from mcp_auth_tui.tui.views import exchange as dissect
from mcp_auth_tui.tui.views import request, request_form
from mcp_auth_tui.tui.views.finding import finding_block, finding_line
from mcp_auth_tui.tui.widgets.hints import Hints
from tests.tui import fakes
from tests.tui.conftest import app_of, settled

LOOK = views.Look(60, False, fakes.NOW, letters=LETTERS)


def folded() -> Session:
    session = Session()
    for event in fakes.hostile():
        session = session.apply(event)
    return session


def assert_harmless(plain: str) -> None:
    bad = {c for c in plain if unicodedata.category(c) in {"Cc", "Cf", "Co", "Cs"} and c != "\n"}
    assert bad == set()


def test_no_view_lets_a_control_through_or_parses_markup() -> None:
    session = folded()
    contents = [views.headline(session, session.url, "auto", LOOK)]
    for look in (LOOK, replace(LOOK, reveal=True)):
        for panel in PANELS:
            page = detail.page(session, panel, look)
            contents.append(page.content)
            for document in page.documents:
                assert_harmless(document.title + document.body)
            contents += panel_facts(session, panel, look)
        for exchange in session.exchanges:
            seen = dissect.View(session, look)
            contents += [line.content for line in dissect.request(exchange, seen)]
            contents += [line.content for line in dissect.answer(exchange, seen)]
            contents.append(request.exchange_line(session, exchange, look))
            rows = request_form.rows_of(exchange.request)
            contents += [row_content(row, look) for row in rows]
            for form in REQUEST_FORMS.values():
                assert_harmless(form.render(session, exchange.request).replace("\\\n", ""))
        for finding in session.findings:
            contents += [finding_line(session, finding), *finding_block(session, finding, look)]
    everything = "\n".join(content.plain for content in contents)
    assert_harmless(everything)
    assert "[@click=app.quit]" in everything
    for content in contents:
        for span in content.spans:
            meta = getattr(span.style, "meta", {})
            assert meta == {}
            assert getattr(span.style, "link", None) is None


async def test_every_screen_shows_hostile_text_and_stays_alive() -> None:
    app = app_of(fakes.hostile())
    async with app.run_test(size=(120, 36)) as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        for number in range(1, 6):
            await pilot.press(str(number))
            await settled(pilot)
            assert_shot_harmless(app)
        for number in (1, 2, 3):
            app.main.open_exchange(number)
            await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
            assert_shot_harmless(app)
            await pilot.press("escape")
            await settled(pilot)
        await pilot.press("f")
        await settled(pilot, lambda: isinstance(app.screen, FindingsScreen))
        assert_shot_harmless(app)
        await pilot.press("escape")
        app.main.notify(fakes.HOSTILE)
        await settled(pilot)
        assert_shot_harmless(app)
        assert app.is_running


async def test_a_hostile_question_is_only_text() -> None:
    bad = fakes.HOSTILE
    app = app_of(fakes.asking(detail=bad, choices=(bad, "no"), default="no"))
    async with app.run_test() as pilot:
        await settled(pilot, lambda: isinstance(app.screen, QuestionScreen))
        assert_shot_harmless(app)
        assert any("[@click=app.quit]" in str(s.content) for s in app.screen.query(Static))


def assert_shot_harmless(app: Any) -> None:
    known = KNOWN_CLICKS | {hint[2] for line in app.screen.query(Hints) for hint in line.hints}
    strips = app.screen._compositor.render_strips()
    for strip in strips:
        for text, style, _ in strip:
            assert_harmless(text)
            assert style is None or style.link is None
            click = style.meta.get("@click") if style is not None else None
            assert click is None or click in known


# Beside them only what a line of keys says of itself.
KNOWN_CLICKS = {f"app.key({key.name!r})" for key in KEYS} | {"screen.side(0)", "screen.side(1)"}


def test_the_second_net_removes_controls_from_what_is_drawn() -> None:
    line = [Segment("a\x1b]52;c;x\x07b\u202ec"), Segment("é ok")]
    drawn = ControlFilter().apply(line, Color(0, 0, 0))
    assert [segment.text for segment in drawn] == ["a]52;c;xbc", "é ok"]


async def test_the_second_net_applies_textual_s_filters_of_the_moment_before_itself() -> None:
    """One filter in all: each costs a strip for every line that is drawn."""
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        [first] = app.get_line_filters()
        assert isinstance(first, ControlFilter)
        assert [type(item) for item in first.before] == [ANSIToTruecolor]
        assert app.get_line_filters() == [first]
        app.theme = "ansi-light"
        await settled(pilot)
        [second] = app.get_line_filters()
        assert isinstance(second, ControlFilter)
        assert second.before == tuple(item for item in app._filters if item.enabled)
        assert second is not first


def test_a_url_that_is_not_safe_is_never_a_link() -> None:
    """Z8, A7."""
    for url in ("javascript:alert(1)", "http://evil.example/x", "https://x/`id`", "file:///x"):
        shown = browser.link(url)
        assert "not a link" in shown.plain
        assert all(getattr(span.style, "link", None) is None for span in shown.spans)
    safe = browser.link(fakes.URL)
    assert [span.style.link for span in safe.spans] == [fakes.URL]
