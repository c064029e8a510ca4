"""Many checks that were kept must not bury the ones that were not."""

from __future__ import annotations

from mcp_auth_tui import findings
from mcp_auth_tui.model import Session, Stage
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.panels import detail
from mcp_auth_tui.tui.panels.table import PANELS
from mcp_auth_tui.tui.views.content import Look

IDS = ("as-json", "as-html", "as-null", "as-missing")


def shown(*kept: str) -> str:
    session = Session().apply(findings.finding("as-implicit", Stage.SERVER))
    for id in kept:
        session = session.apply(findings.ok(id, Stage.SERVER))
    return detail.page(session, PANELS[0], Look(80, letters=LETTERS)).content.plain


def test_a_few_kept_checks_are_listed() -> None:
    text = shown(*IDS[:2])
    assert "The metadata is a JSON document." in text
    assert "checks kept" not in text


def test_more_kept_checks_are_counted() -> None:
    text = shown(*IDS)
    assert "✓ 4 checks kept, f lists them" in text
    assert "The metadata is a JSON document." not in text
    assert "implicit" in text
