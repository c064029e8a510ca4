"""The table of places: what was tried, why it won or lost, and what a scan found elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from mcp_auth_tui.model import Event, Exchanged, Learned, Level, Session, Stage
from mcp_auth_tui.model.aside import Difference, Location, LocationCheck
from mcp_auth_tui.protocol.discovery.misplaced import ISSUER, RESOURCE
from mcp_auth_tui.tui.screens.discovery import DiscoveryScreen
from mcp_auth_tui.tui.screens.exchange import ExchangeScreen
from mcp_auth_tui.tui.views import discovery
from mcp_auth_tui.tui.views.content import Look
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in

SIZES = [(80, 24), (120, 36), (60, 20)]
IDS = ["80x24", "120x36", "60x20"]
ROOT = "https://mcp.example.com/.well-known/oauth-protected-resource"
APPENDED = "https://mcp.example.com/mcp/.well-known/oauth-protected-resource"
SPOTS = (
    LocationCheck(
        Location(RESOURCE, str(fakes.RESOURCE.url), "well-known place", True, True),
        "used",
        "the run goes by this document",
        2,
    ),
    LocationCheck(
        Location(RESOURCE, ROOT, "well-known place at the root", True),
        "differs",
        "in authorization_servers",
        7,
        (Difference("authorization_servers", fakes.AS, "https://old.example.com"),),
    ),
    LocationCheck(
        Location(RESOURCE, APPENDED, "appended to the endpoint's path", False),
        "nothing",
        "HTTP 404",
        8,
    ),
    LocationCheck(
        Location(
            ISSUER, "https://mcp.example.com/.well-known/openid-configuration", "at it", False
        ),
        "nothing",
        "a web page (HTML), not JSON",
        9,
    ),
)


def beside() -> list[Event]:
    urls = [(spot.location.url, spot.exchange) for spot in SPOTS[1:]]
    pages = [(200, "application/json"), (404, "text/plain"), (200, "text/html")]
    told = fakes.finding(
        "prm-copies-differ",
        Level.ERROR,
        "The metadata at two places of the server disagrees.",
        Stage.RESOURCE,
        7,
        next="Serve one document from one source at both places.",
    )
    made: list[Event] = [
        Exchanged(fakes.exchange(n or 0, Stage.RESOURCE, "GET", url, status, media=media))
        for (url, n), (status, media) in zip(urls, pages, strict=True)
    ]
    return [*made, told, Learned("scanned", SPOTS)]


def session(*events: Any) -> Session:
    made = Session()
    for event in (*fakes.signed_in(), *events):
        made = made.apply(event)
    return made


def test_every_place_that_was_tried_stands_there_with_its_answer_and_the_reason() -> None:
    rows = discovery.table(session())
    assert [(row.verdict, row.status, row.kind, row.took, row.why) for row in rows] == [
        ("used", "200", "JSON", "41 ms", "it answered with JSON"),
        ("not tried", "-", "-", "", "the place before it won"),
    ]


def test_a_scan_adds_what_stands_elsewhere_and_repeats_nothing_that_was_tried() -> None:
    rows = discovery.table(session(*beside()))
    assert [(row.verdict, row.status, row.kind) for row in rows[2:]] == [
        ("differs", "200", "JSON"),
        ("nothing", "404", "text"),
        ("nothing", "200", "HTML"),
    ]
    assert [row.group for row in rows[2:]] == [
        f"{discovery.PRM}: other places",
        f"{discovery.PRM}: other places",
        f"{discovery.META}: other places",
    ]
    told = discovery.place_detail(session(*beside()), rows[2], Look(76)).plain.splitlines()
    assert told == [
        ROOT,
        "✗ differs: in authorization_servers (well-known place at the root)",
        "Field by field: the document used, and this one",
        "authorization_servers  https://auth.example.com",
        "                       https://old.example.com",
        "✗ The metadata at two places of the server disagrees.",
        "Serve one document from one source at both places.",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 116])
def test_a_row_is_two_lines_that_fit_and_its_address_keeps_its_end(width: int) -> None:
    for row in discovery.table(session(*beside())):
        lines = discovery.draw(row, width).plain.splitlines()
        assert len(lines) == 2
        assert all(len(line) <= width for line in lines)
        assert lines[0].rstrip().endswith(row.url[-10:])


def test_hostile_addresses_and_reasons_stay_harmless() -> None:
    """SPEC 6: terminal escape injection."""
    made = Session()
    for event in fakes.hostile():
        made = made.apply(event)
    for row in discovery.table(made):
        for drawn in (discovery.draw(row, 80), discovery.place_detail(made, row, Look(76))):
            assert "\x1b" not in drawn.plain
            assert "\u202e" not in drawn.plain


async def test_s_scans_beside_the_run_and_enter_opens_the_exchange_of_a_place() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        app.fakes[-1].beside = beside()
        await pilot.press("d")
        await settled(pilot, lambda: isinstance(app.screen, DiscoveryScreen))
        table = app.screen
        more = table.query_one("#places-more", Static)
        assert "s also looks at" in str(more.content.plain)  # type: ignore[union-attr]
        assert app.fakes[-1].asked[-1][0] != "aside"
        await pilot.press("s")
        await settled(pilot, lambda: app.driver.session.scanned == SPOTS)
        assert app.fakes[-1].asked[-1] == ("aside", "scan")
        shown = table.query_one(OptionList)
        await settled(pilot, lambda: shown.option_count == 8)
        await pilot.press("s")
        await settled(pilot)
        assert [note.message for note in app._notifications] == [
            "The other places were looked at already: they stand in the table."
        ]
        await pilot.press("down", "down", "enter")
        await settled(pilot, lambda: isinstance(app.screen, ExchangeScreen))
        assert app.screen.number == 7
        await pilot.press("escape", "escape")
        await settled(pilot, lambda: len(app.screen_stack) == 1)


async def test_while_a_run_goes_on_nothing_else_is_asked() -> None:
    app = app_of([*fakes.metadata(), *fakes.registration(), *fakes.browser()])
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("d", "s")
        await settled(pilot)
        assert [note.message for note in app._notifications] == [
            "It runs: other places can be looked at when it has ended."
        ]


@pytest.mark.parametrize("size", SIZES, ids=IDS)
def test_the_table_after_a_scan(snap_compare: Any, size: tuple[int, int]) -> None:
    async def scanned(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await sign_in(pilot)
        app.fakes[-1].beside = beside()
        await pilot.press("d")
        await settled(pilot, lambda: isinstance(app.screen, DiscoveryScreen))
        await pilot.press("s")
        await settled(pilot, lambda: app.driver.session.scanned == SPOTS)
        await pilot.press("down", "down")
        await settled(pilot)

    assert snap_compare(app_of(fakes.signed_in()), terminal_size=size, run_before=scanned)
