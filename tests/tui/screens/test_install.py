"""The page that installs an entry into a client's file: shown, asked, written, taken out again."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from mcp_auth_tui.exports.clients import clients
from mcp_auth_tui.tui.screens.install import InstallScreen
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in

MINE = '{\n  // mine\n  "theme": "dark",\n}\n'


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    return tmp_path


def told(app: Any) -> str:
    return " ".join(str(app.screen.query_one("#install-told", Static).content).split())


def diff(app: Any) -> list[str]:
    return str(app.screen.query_one("#install-diff", Static).content).splitlines()


async def opened(pilot: Pilot[Any], client: str) -> Any:
    """Sign in, choose a client on the export page, and press the key."""
    app: Any = pilot.app
    await sign_in(pilot)
    await pilot.press("e")
    await settled(pilot, lambda: bool(app.screen.query("#exports")))
    listed = app.screen.query_one("#exports")
    listed.highlighted = listed.get_option_index(client)
    await settled(pilot)
    await pilot.press("i")
    await settled(pilot, lambda: isinstance(app.screen, InstallScreen) and bool(told(app)))
    return app


async def test_an_entry_is_shown_asked_about_written_and_taken_out_byte_for_byte(
    home: Path,
) -> None:
    path = home / ".gemini" / "settings.json"
    path.parent.mkdir()
    path.write_text(MINE)
    async with app_of(fakes.signed_in()).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, "gemini")
        assert told(app).startswith(f"The entry example-com (variable) goes into {path}, a file")
        assert '+  "mcpServers": {' in diff(app)
        assert path.read_text() == MINE, "nothing is written before the person says so"
        await pilot.press("y")
        await settled(pilot, lambda: "Written to" in told(app))
        assert "start Gemini CLI where $MCP_TOKEN has it" in told(app)
        assert fakes.MCP in path.read_text()
        await pilot.press("u")
        await settled(pilot, lambda: "will be taken out" in told(app))
        assert '-  "mcpServers": {' in diff(app)
        await pilot.press("y")
        await settled(pilot, lambda: "Written to" in told(app) and not diff(app))
    assert path.read_text() == MINE


async def test_the_token_is_masked_in_what_is_shown_and_whole_in_the_file(home: Path) -> None:
    async with app_of(fakes.signed_in()).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, "claude-code")
        forms = list(clients()["claude-code"].forms)
        for _ in range(forms.index("inline") - forms.index(clients()["claude-code"].default)):
            await pilot.press("f")
            await settled(pilot)
        await settled(pilot, lambda: "(inline)" in told(app) and bool(diff(app)))
        assert fakes.ACCESS not in "\n".join(diff(app))
        await pilot.press("y")
        await settled(pilot, lambda: "Written to" in told(app))
        assert "The token is written there, and ends at" in told(app)
    path = home / ".claude.json"
    assert fakes.ACCESS in path.read_text()
    assert path.stat().st_mode & 0o777 == 0o600


async def test_a_helper_without_a_stored_token_is_warned_of() -> None:
    async with app_of(fakes.signed_in()).run_test(size=(120, 36)) as pilot:
        app = await opened(pilot, "claude-code")
        await settled(pilot, lambda: bool(diff(app)))
        assert "No token for this server is stored on this machine" in told(app)


async def test_an_entry_of_that_name_stays_unless_it_is_replaced(home: Path) -> None:
    path = home / ".gemini" / "settings.json"
    path.parent.mkdir()
    path.write_text('{"mcpServers": {"example-com": {"command": "mine"}}}\n')
    async with app_of(fakes.signed_in()).run_test(size=(80, 24)) as pilot:
        app = await opened(pilot, "gemini")
        assert "there is an entry 'example-com' with other contents" in told(app)
        await pilot.press("y")
        await settled(pilot)
        assert "mine" in path.read_text()
        await pilot.press("r")
        await settled(pilot, lambda: bool(diff(app)))
        await pilot.press("y")
        await settled(pilot, lambda: "Written to" in told(app))
    assert "mine" not in path.read_text()


@pytest.mark.parametrize(
    ("text", "words"),
    [("{", "The file is left as it is"), (None, "is a symbolic link, which is not followed")],
)
async def test_a_file_that_must_not_be_changed_says_where_and_why(
    home: Path, text: str | None, words: str
) -> None:
    path = home / ".gemini" / "settings.json"
    path.parent.mkdir()
    if text is None:
        path.symlink_to(home / "elsewhere.json")
    else:
        path.write_text(text)
    async with app_of(fakes.signed_in()).run_test(size=(80, 24)) as pilot:
        app = await opened(pilot, "gemini")
        await settled(pilot, lambda: words in told(app))
        await pilot.press("y")
        await settled(pilot)
    assert path.is_symlink() or path.read_text() == text


async def test_the_file_of_the_project_can_be_chosen(home: Path) -> None:
    async with app_of(fakes.signed_in()).run_test(size=(80, 24)) as pilot:
        app = await opened(pilot, "gemini")
        await pilot.press("p")
        await settled(pilot, lambda: "of the project in this folder" in told(app))
        await pilot.press("y")
        await settled(pilot, lambda: "Written to" in told(app))
    assert (home / "project" / ".gemini" / "settings.json").is_file()


async def test_only_a_client_can_be_installed_into() -> None:
    app: Any = app_of(fakes.signed_in())
    async with app.run_test(size=(80, 24)) as pilot:
        await sign_in(pilot)
        await pilot.press("e")
        await settled(pilot, lambda: bool(app.screen.query("#exports")))
        await pilot.press("i")
        await settled(pilot)
        assert any("Only an entry for a client" in note.message for note in app._notifications)


@pytest.mark.parametrize("size", [(80, 24), (120, 36)], ids=["80x24", "120x36"])
def test_the_page_of_an_entry(
    snap_compare: Any, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def page(pilot: Pilot[Any]) -> None:
        app = await opened(pilot, "cursor")
        await settled(pilot, lambda: bool(diff(app)))

    # The same path in each picture, of a home where nobody has a file.
    monkeypatch.setenv("HOME", "/nowhere/you")
    assert snap_compare(app_of(fakes.signed_in()), terminal_size=size, run_before=page)
