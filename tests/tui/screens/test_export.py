"""The export menu: what it shows before anything is copied or written."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.widgets import Static

from mcp_auth_tui import exports
from mcp_auth_tui.model import Learned, Secret
from mcp_auth_tui.tui.screens.export import _PREVIEW
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in


def shown(app: Any, selector: str) -> str:
    return str(app.screen.query_one(selector, Static).content)


async def test_a_credential_across_the_end_of_a_preview_is_masked_before_it_is_cut(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """SPEC 6: half a credential would not be known as one."""
    long = "x" * (_PREVIEW - 12) + fakes.ACCESS
    first = replace(exports.EXPORTS["headers"], render=lambda session: long)
    monkeypatch.setattr(exports, "EXPORTS", {"headers": first})
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await pilot.press("e")
        await settled(pilot, lambda: bool(app.screen.query("#preview")))
        preview = shown(app, "#preview")
        assert len(preview) == _PREVIEW
        assert fakes.ACCESS[:4] not in preview
        assert preview.endswith("‹35 chars #a")


async def test_a_form_that_a_token_cannot_be_written_in_says_why_in_its_preview() -> None:
    odd = replace(fakes.TOKEN, access=Secret("a'$b"))
    events = [
        replace(e, value=odd) if isinstance(e, Learned) and e.name == "token" else e
        for e in fakes.signed_in()
    ]
    app = app_of(events)
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await pilot.press("e", "down", "down", "down")
        await settled(pilot, lambda: shown(app, "#sentence").startswith("Variables"))
        assert shown(app, "#preview") == (
            "It cannot be had in this form: MCP_TOKEN holds a character that .env readers do not "
            "agree about."
        )


async def test_the_menu_of_a_marked_run_says_so_and_that_of_another_does_not() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await pilot.press("e")
        await settled(pilot, lambda: bool(app.screen.query("#export-marked")))
        assert not app.screen.query_one("#export-marked").display
        await pilot.press("escape")
        last = app.driver.session.exchanges[-1]
        app.driver.apply(fakes.Exchanged(replace(last, number=7, again=6)))
        await pilot.press("e")
        await settled(pilot, lambda: bool(app.screen.query("#export-marked")))
        assert app.screen.query_one("#export-marked").display
        assert shown(app, "#export-marked") == "! marked run: exchange 7 sends exchange 6 again"
