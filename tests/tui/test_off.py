"""A key that is of no use says why, in every state, and hides nothing; what quitting asks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets._toast import Toast

from mcp_auth_tui.desktop import clipboard
from mcp_auth_tui.tui import actions
from mcp_auth_tui.tui.screens.confirm import Confirm
from mcp_auth_tui.tui.widgets.panel import PasteInput
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in

WAITING = [*fakes.metadata(), *fakes.registration(), *fakes.browser()]


async def idle(pilot: Pilot[Any]) -> None:
    await settled(pilot, lambda: len(pilot.app.screen_stack) == 2)
    await pilot.press("escape")
    await settled(pilot, lambda: len(pilot.app.screen_stack) == 1)


async def stepping(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await settled(pilot, lambda: app.driver.session.ready is not None)


async def at_browser(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await settled(pilot, lambda: app.main.state.at_browser)


async def signing_in(pilot: Pilot[Any]) -> None:
    await at_browser(pilot)
    await pilot.press("enter")
    app: Any = pilot.app
    await settled(pilot, lambda: app.main.state.signing_in)


async def typing_code(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await settled(pilot, lambda: app.main.state.typing_code)


async def failed(pilot: Pilot[Any]) -> None:
    app: Any = pilot.app
    await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)


STATES: dict[str, tuple[Callable[[], Any], Callable[[Pilot[Any]], Any]]] = {
    "idle": (lambda: app_of([], config=None), idle),
    "stepping": (lambda: app_of(fakes.signed_in(), stepping=True), stepping),
    "at the browser": (lambda: app_of(WAITING), at_browser),
    "signing in": (lambda: app_of(WAITING), signing_in),
    "typing a code": (lambda: app_of(fakes.device()), typing_code),
    "failed": (lambda: app_of(fakes.mismatch()), failed),
    "done": (lambda: app_of(fakes.signed_in()), sign_in),
}


@pytest.mark.parametrize("name", STATES)
async def test_every_key_that_is_off_says_why_and_does_nothing(name: str) -> None:
    make, reach = STATES[name]
    app = make()
    async with app.run_test(size=(80, 24)) as pilot:
        await reach(pilot)
        seen = 0
        for key in actions.KEYS:
            reason = key.off(app.main.state)
            if not key.keys or not reason:
                continue
            seen += 1
            assert "escape" not in reason, "the key is called esc wherever it is named"
            before = (
                app.driver.session,
                app.driver.busy,
                app.main.panel,
                app.focused,
                list(app.screen_stack),
            )
            app.clear_notifications()
            await pilot.press(key.keys.split(",")[0])
            await settled(pilot)
            assert [note.message for note in app._notifications] == [reason], key
            after = (
                app.driver.session,
                app.driver.busy,
                app.main.panel,
                app.focused,
                list(app.screen_stack),
            )
            assert before == after, key
        assert seen >= 4


@pytest.mark.parametrize("size", [(80, 24), (120, 36), (60, 20), (80, 16)], ids=str)
async def test_what_is_said_is_seen_whole_and_hides_neither_address_nor_paste_field(
    size: tuple[int, int],
) -> None:
    app = app_of(WAITING)
    async with app.run_test(size=size, notifications=True) as pilot:
        await signing_in(pilot)
        longest = max((key.off(app.main.state) for key in actions.KEYS), key=len)
        app.notify(longest)
        await settled(pilot, lambda: bool(app.screen.query(Toast)))
        await settled(pilot)
        toast = app.screen.query_one(Toast).region
        assert toast.right <= size[0]
        drawn = [
            "".join(segment.text for segment in app.screen.query_one(Toast).render_line(y))
            for y in range(toast.height)
        ]
        assert longest in " ".join(" ".join(drawn).replace("▌", " ").replace("▐", " ").split())
        hidden = range(toast.y, toast.bottom)
        assert app.query_one(PasteInput).region.y not in hidden
        text = app.query_one("#detail-text")
        lines = str(text.content.plain).splitlines()
        address = next(at for at, line in enumerate(lines) if line.startswith("https://auth"))
        assert text.region.y + address not in hidden


async def test_one_sentence_stands_above_the_keys_until_the_next_or_a_key() -> None:
    app = app_of(fakes.mismatch())
    async with app.run_test() as pilot:
        await failed(pilot)
        for key in ("p", "p", "c"):
            await pilot.press(key)
            await settled(pilot)
            assert len(app._notifications) == 1
        await pilot.press("down")
        await settled(pilot)
        assert not app._notifications


async def quits(pilot: Pilot[Any], key: str = "q") -> bool:
    """Press the key, and tell whether it asks; the question is answered with no."""
    app: Any = pilot.app
    await pilot.press(key)
    await settled(pilot, lambda: app._exit or isinstance(app.screen, Confirm))
    if app._exit:
        return False
    await pilot.press("n")
    await settled(pilot, lambda: not isinstance(app.screen, Confirm))
    return True


@pytest.mark.parametrize("name", ["signing in", "typing a code"])
async def test_quitting_asks_when_a_sign_in_would_be_lost(name: str) -> None:
    make, reach = STATES[name]
    app = make()
    async with app.run_test() as pilot:
        await reach(pilot)
        assert await quits(pilot)
        assert app.driver.busy
        await pilot.press("q")
        await settled(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await settled(pilot, lambda: app._exit)


@pytest.mark.parametrize("name", ["idle", "stepping", "at the browser", "failed", "done"])
async def test_quitting_asks_nothing_where_nothing_would_be_lost(name: str) -> None:
    make, reach = STATES[name]
    app = make()
    async with app.run_test() as pilot:
        await reach(pilot)
        assert not await quits(pilot)


async def test_in_a_browser_headers_are_asked_about_until_they_are_copied_or_saved(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async def copy(text: str, *, write_terminal: Any) -> clipboard.Copied:
        return clipboard.Copied(how="copied by a test", ok=text.startswith("Authorization"))

    monkeypatch.setattr(clipboard, "copy", copy)
    app = app_of(fakes.signed_in())
    monkeypatch.setattr(type(app), "is_web", property(lambda self: True))
    async with app.run_test() as pilot:
        await sign_in(pilot)
        assert await quits(pilot)
        assert await quits(pilot, "ctrl+c")
        app.output.copy("something else", "x")
        await settled(pilot)
        assert await quits(pilot)
        await pilot.press("c")
        await settled(pilot)
        assert not await quits(pilot)


async def test_interrupting_at_the_question_quits() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        app.quitting.lost = lambda: "Something."  # type: ignore[method-assign]
        await pilot.press("ctrl+c")
        await settled(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("ctrl+c")
        await settled(pilot, lambda: app._exit)
