"""From a finding to what it is about: the counts in the borders, and the line of the exchange."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.content import Content

from mcp_auth_tui.model import Exchanged, Finding, Level, Stage
from mcp_auth_tui.tui.panels.status import findings_line
from mcp_auth_tui.tui.panels.table import PANELS
from mcp_auth_tui.tui.screens.exchange import ExchangeScreen, Lines
from mcp_auth_tui.tui.views import evidence, exchange
from mcp_auth_tui.tui.widgets.panel import Detail, Panel
from tests.tui import fakes
from tests.tui.conftest import app_of, settled
from tests.tui.screens.test_exchange import jwt, plain, view_of

SIZES = [(80, 24), (120, 36), (60, 20)]


def about(pointer: str, level: Level = Level.ERROR) -> Finding:
    return fakes.finding("some-rule", level, "It is broken.", Stage.SERVER, 1, pointer=pointer)


def answered(finding: Finding, body: Any, **more: Any) -> list[exchange.Line]:
    item = fakes.exchange(1, Stage.SERVER, "GET", fakes.AS, 200, body=body, **more)
    return exchange.answer(item, view_of([Exchanged(item), finding]))


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_failed_run_leads_from_the_list_to_the_very_line(size: tuple[int, int]) -> None:
    """The line that the finding is about is highlighted, seen, and marked below."""
    app = app_of(fakes.mismatch())
    async with app.run_test(size=size) as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        await pilot.press("f", "enter")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        screen = app.screen
        assert isinstance(screen, ExchangeScreen)
        lines = screen.query_one("#side-1", Lines)
        at = lines.highlighted
        assert (screen.number, screen.side, lines.has_focus) == (3, 1, True)
        assert at is not None and lines.kept[at].content.plain.startswith('  "issuer": ')
        assert lines.kept[at + 1].content.plain == "  ↑ ✗ as-issuer-mismatch"
        seen = range(lines.scroll_offset.y, lines.scroll_offset.y + lines.content_size.height)
        assert {at, at + 1} <= set(seen)
        # From there on the person decides: what is drawn anew does not bring him back.
        await pilot.press("up", "v")
        await settled(pilot)
        assert lines.highlighted == at - 1


@pytest.mark.parametrize(
    ("pointer", "shown"),
    [
        ("/issuer", '  "issuer": "a",'),
        ("/a~1b/c~0d", '    "c~d": 1'),
        ("/list/1", '    "two"'),
        ("www-authenticate", "www-authenticate  Bearer"),
        ("WWW-Authenticate: resource_metadata", "www-authenticate  Bearer"),
    ],
)
def test_every_kind_of_pointer_finds_its_line(pointer: str, shown: str) -> None:
    """RFC 6901 §3 for members; header fields by their name."""
    finding = about(pointer)
    body = {"issuer": "a", "a/b": {"c~d": 1}, "list": ["one", "two"]}
    lines = answered(finding, body, headers=[("www-authenticate", "Bearer")])
    at = evidence.find(lines, finding)
    assert at is not None
    assert lines[at].content.plain.startswith(shown)
    assert lines[at + 1].content.plain.strip() == "↑ ✗ some-rule"


@pytest.mark.parametrize(
    ("pointer", "shown"), [("aud in the token", '"aud": "x"'), ("alg in the token", '"alg": "RS')]
)
def test_a_claim_or_header_of_a_token_is_found_where_the_token_is_decoded(
    pointer: str, shown: str
) -> None:
    finding = about(pointer)
    lines = answered(finding, {"access_token": jwt({"aud": "x"})})
    at = evidence.find(lines, finding)
    assert at is not None
    assert lines[at].content.plain.strip().startswith(shown)


@pytest.mark.parametrize("pointer", ["/missing", "", "aud in the token", "--issuer"])
def test_what_is_not_there_leads_to_where_the_finding_is_told(pointer: str) -> None:
    finding = about(pointer)
    lines = answered(finding, {"issuer": "a"})
    at = evidence.find(lines, finding)
    assert at is not None
    assert lines[at].content.plain == "✗ error some-rule"
    assert "↑" not in plain(lines)


def test_a_check_that_was_kept_leads_to_its_line_and_leaves_no_mark() -> None:
    finding = about("/issuer", Level.OK)
    lines = answered(finding, {"issuer": "a"})
    at = evidence.find(lines, finding)
    assert at is not None and '"issuer"' in lines[at].content.plain
    assert "↑" not in plain(lines)


def test_a_value_of_several_lines_has_its_mark_below_all_of_them() -> None:
    lines = answered(about("/issuer"), {"issuer": "x " * 100})
    marks = [n for n, line in enumerate(lines) if "↑" in line.content.plain]
    assert len(marks) == 1
    assert [line.place for line in lines[marks[0] - 3 : marks[0]]] == ["answer/issuer"] * 3


def test_what_a_finding_is_about_is_not_folded_away() -> None:
    folded = frozenset({"answer/a", "answer/a/b", "answer/ab", "answer/c"})
    assert evidence.opened(folded, about("/a/b/0")) == {"answer/ab", "answer/c"}
    assert evidence.opened(folded, about("location")) == folded


def read(border: str | None) -> str:
    return Content.from_markup(border or "").plain


def counted(**levels: int) -> list[Any]:
    """A run that goes on, with so many findings of each level about the metadata."""
    found = [
        replace(about("", Level(level)), id=f"{level}-{number}", message=f"{level} {number}")
        for level, count in levels.items()
        for number in range(count)
    ]
    return [*fakes.metadata()[:4], *found]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_border_counts_findings_worst_first_and_keeps_the_words_of_the_status(
    size: tuple[int, int],
) -> None:
    app = app_of(counted(ok=14, warning=2, fatal=1, error=2, info=3))
    async with app.run_test(size=size) as pilot:
        await settled(pilot, lambda: len(app.driver.session.findings) >= 22)
        panel = app.query_one("#panel-0", Panel)
        shown = findings_line(app.driver.session, PANELS[0])
        assert shown is not None
        if size[0] > 80:  # below that the panels are tabs
            assert read(panel.border_subtitle) == shown.plain
            assert "▸ running" in read(panel.border_title)
            assert panel.outer_size.width == 44
            assert len(shown.plain) < panel.outer_size.width - 4
        assert read(app.query_one(Detail).border_title).endswith(f"  {shown.plain}")
    # One warning is of the run itself.
    assert shown.plain == "3 ✗ 3 ! 14 ✓"


async def test_a_panel_without_findings_has_no_count() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test() as pilot:
        await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
        told = [read(app.query_one(f"#panel-{index}", Panel).border_subtitle) for index in range(5)]
        assert told == ["1 ✗ 1 ! 1 ✓", "", "", "", ""]
