"""What a server sends in place of what it should is drawn like anything else: no exception."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_auth_tui.model import Session
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.panels import detail
from mcp_auth_tui.tui.panels.status import panel_facts
from mcp_auth_tui.tui.panels.table import PANELS
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.views import exchange as dissect
from mcp_auth_tui.tui.views.finding import finding_block
from tests.findings.site import OAUTH, at, site
from tests.findings.test_bad_input import (
    BAD,
    PLACES,
    WRONG,
    named,
    some,
    wrong_client,
    wrong_resource,
)
from tests.findings.whole import session_of
from tests.protocol.script import AS, PRM

LOOK = content.Look(47, height=13, letters=LETTERS)


def drawn(session: Session) -> None:
    """Every panel, every page, every finding and every exchange."""
    for panel in PANELS:
        panel_facts(session, panel, LOOK)
        detail.page(session, panel, LOOK)
    for finding in session.findings:
        finding_block(session, finding, LOOK)
    view = dissect.View(session, LOOK)
    for exchange in session.exchanges:
        dissect.request(exchange, view)
        dissect.answer(exchange, view)


@pytest.mark.parametrize(
    ("place", "member"),
    [(place, member) for place, names in PLACES.items() for member in names.split()],
    ids=named,
)
def test_every_member_may_be_of_any_type_on_the_screen_too(place: Any, member: str) -> None:
    """One value in six for each member; which ones differs from member to member."""
    for value in WRONG[len(member) % 6 :: 6]:
        drawn(place({member: value}))


@pytest.mark.parametrize("place", PLACES, ids=named)
@settings(max_examples=10)
@given(st.data())
def test_any_members_of_any_types_are_drawn(place: Any, data: st.DataObject) -> None:
    drawn(place(data.draw(some(PLACES[place]))))


@pytest.mark.parametrize("url", [PRM, OAUTH, f"{AS}/register", f"{AS}/token"])
@pytest.mark.parametrize("name", BAD)
def test_a_body_that_is_no_document_is_drawn(name: str, url: str) -> None:
    drawn(session_of(site(answers=at(url, BAD[name]))))


@pytest.mark.parametrize(
    ("place", "member"),
    [(wrong_resource, "resource_name"), (wrong_client, "client_id")],
    ids=named,
)
def test_of_a_value_that_no_screen_holds_the_beginning_is_drawn(place: Any, member: str) -> None:
    session = place({member: "x" * 60_000})
    view = dissect.View(session, LOOK)
    pages = [detail.page(session, panel, LOOK).content.plain for panel in PANELS]
    for exchange in session.exchanges:
        lines = (*dissect.request(exchange, view), *dissect.answer(exchange, view))
        pages.append("\n".join(line.content.plain for line in lines))
    longest = max(len(page) for page in pages)
    assert content.LONGEST < longest < 15 * content.LONGEST
    assert any("characters)" in page for page in pages)
