"""The form for everything that the command line can set, through Pilot."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, OptionList, Static

from mcp_auth_tui.model import Secret
from mcp_auth_tui.settings.arguments import commands
from mcp_auth_tui.settings.arguments.groups import FACE
from mcp_auth_tui.settings.editable import PROMPT, Settings
from mcp_auth_tui.settings.options import from_arguments
from mcp_auth_tui.tui.app import AuthApp
from mcp_auth_tui.tui.screens.confirm import Confirm
from mcp_auth_tui.tui.screens.picker import PickScreen
from mcp_auth_tui.tui.screens.settings import SettingsScreen
from tests.tui import fakes
from tests.tui.conftest import settled, sign_in

SIZES = [(80, 24), (120, 36), (60, 20)]
IDS = ["80x24", "120x36", "60x20"]


class Scripted(Settings):
    """Real settings whose runs are scripted; ``made`` are the settings of each run."""

    def __init__(self, events: list[Any], *words: str, **environ: str) -> None:
        options = from_arguments(commands.flow().parse_args(words), environ)
        super().__init__(options, words, environ=environ)
        self.events = events
        self.made: list[Any] = []
        self.controllers: list[fakes.FakeController] = []

    def controller(self, config: Any, stepping: bool) -> Any:
        self.made.append((config, stepping))
        self.controllers.append(fakes.FakeController(self.events, stepping=stepping))
        return self.controllers[-1]


def app_with(events: list[Any], *words: str, **environ: str) -> Any:
    settings = Scripted(events, *words, **environ)
    app = AuthApp(settings.config(fakes.MCP), settings, clock=lambda: fakes.NOW + 42)
    app.driver.assemble = settings.controller  # type: ignore[method-assign]
    app.fakes = settings.controllers  # type: ignore[attr-defined]
    return app


async def opened(pilot: Pilot[Any]) -> SettingsScreen:
    app: Any = pilot.app
    await settled(pilot, lambda: not app.driver.busy and app.driver.session.outcome is not None)
    await pilot.press("comma")
    await settled(pilot, lambda: isinstance(app.screen, SettingsScreen))
    assert isinstance(app.screen, SettingsScreen)
    return app.screen


async def stand(pilot: Pilot[Any], name: str, index: int = 0) -> None:
    """Highlight the row of an option."""
    screen: Any = pilot.app.screen
    at = next(
        at
        for at, row in enumerate(screen._rows)
        if row and (row.field.name, row.index) == (name, index)
    )
    screen.query_one("#settings", OptionList).highlighted = at
    await settled(pilot)


async def picking(pilot: Pilot[Any], name: str) -> None:
    """Open the list of what an option can be."""
    await stand(pilot, name)
    await pilot.press("enter")
    await settled(pilot, lambda: isinstance(pilot.app.screen, PickScreen))


async def given(pilot: Pilot[Any], name: str, typed: str, index: int = 0) -> None:
    """Change an option by hand, as a person does."""
    screen: Any = pilot.app.screen
    await stand(pilot, name, index)
    await pilot.press("enter")
    await settled(pilot, lambda: isinstance(screen.focused, Input))
    screen.query_one("#setting-edit", Input).value = ""
    await pilot.press(*typed, "enter")
    await checked(pilot)


async def checked(pilot: Pilot[Any]) -> None:
    screen: Any = pilot.app.screen
    await settled(pilot, lambda: not screen._checking and not isinstance(screen.focused, Input))


def rows(screen: Any) -> list[str]:
    """Every line as it stands, but for the name in words before the option."""
    options = screen.query_one("#settings", OptionList).options
    every = [line.rstrip() for option in options for line in str(option.prompt).splitlines()]
    named = len("  Client metadata URL ")
    return [line[:2] + line[named:] if line[named:].startswith("--") else line for line in every]


def row(screen: Any, flag: str) -> str:
    return next(line for line in rows(screen) if line[2:].split(" ")[0] == flag)


def told(screen: Any, selector: str) -> str:
    return str(screen.query_one(selector, Static).content.plain)  # type: ignore[union-attr]


def said(app: Any) -> list[str]:
    return [note.message for note in app._notifications]


async def test_every_option_of_a_run_is_a_row_under_the_heading_of_its_group() -> None:
    app = app_with(fakes.mismatch(), "--scope", "files:read", "--timeout", "3")
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        shown = rows(screen)
        for group, action in commands.flow().options():
            if group != FACE:
                assert group in shown
                assert row(screen, action.option_strings[-1])
        assert row(screen, "--scope").split() == ["--scope", "files:read"]
        assert row(screen, "--timeout").split() == ["--timeout", "3"]
        assert row(screen, "--grant").split() == ["--grant", "auto"]
        assert not any("--plain" in line for line in shown)


async def test_a_value_is_changed_marked_and_counts_for_the_next_run() -> None:
    app = app_with(fakes.mismatch(), "--scope", "a")
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        await given(pilot, "scope", "a b")
        assert row(screen, "--scope").split() == ["✎", "--scope", "a", "b"]
        assert "The command line gave a; d puts it back." in told(screen, "#setting-told")
        assert told(screen, "#setting-command") == f"$ mcp-auth-tui {fakes.MCP} --scope 'a b'"
        await pilot.press("r")
        await settled(pilot, lambda: len(app.driver.settings.made) == 2)
        assert [config.scope for config, _ in app.driver.settings.made] == ["a", "a b"]
        assert app.main.is_active


async def test_stepping_from_the_form_starts_stepped() -> None:
    app = app_with(fakes.mismatch())
    async with app.run_test() as pilot:
        await opened(pilot)
        await pilot.press("s")
        await settled(pilot, lambda: len(app.driver.settings.made) == 2)
        assert app.driver.settings.made[-1][1] is True


async def test_a_wrong_value_is_told_beside_its_field_and_does_not_count() -> None:
    app = app_with(fakes.mismatch())
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        await given(pilot, "port", "99999")
        shown = rows(screen)
        at = shown.index(row(screen, "--port"))
        assert shown[at].split() == ["✗", "--port", "99999"]
        assert shown[at + 1].strip() == "'99999' is not a number from 1 to 65535"
        await pilot.press("r")
        await settled(pilot)
        assert said(app) == ["Not yet: '99999' is not a number from 1 to 65535."]
        assert len(app.driver.settings.made) == 1
        assert app.driver.settings.given == {}
        await given(pilot, "port", "8080")
        assert row(screen, "--port").split() == ["✎", "--port", "8080"]
        assert app.driver.settings.options.base.port == 8080


async def test_options_that_exclude_each_other_are_both_marked_until_one_goes() -> None:
    app = app_with(fakes.mismatch(), "--register")
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        await given(pilot, "client_id", "mine")
        shown = rows(screen)
        assert row(screen, "--register").startswith("✗")
        at = shown.index(row(screen, "--client-id"))
        assert shown[at + 1].strip() == "--register and --client-id exclude each other"
        await stand(pilot, "register")
        await pilot.press("space")
        await checked(pilot)
        assert row(screen, "--register").split() == ["✎", "--register", "·"]
        assert app.driver.settings.options.base.client_id == "mine"


async def test_leaving_with_a_wrong_value_asks_and_goes_back_to_what_counted() -> None:
    app = app_with(fakes.mismatch())
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        await given(pilot, "scope", "a")
        await given(pilot, "port", "x")
        await pilot.press("escape")
        await settled(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("n")
        await settled(pilot, lambda: app.screen is screen)
        await pilot.press("escape")
        await settled(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("y")
        await settled(pilot, lambda: app.main.is_active)
        assert said(app) == ["Kept for the next run; r starts it."]
        assert app.driver.settings.given == {"scope": ("a",)}


async def test_a_field_is_put_back_alone_and_all_together() -> None:
    app = app_with(fakes.mismatch(), "--scope", "a", "--param", "x=1", "--param", "y=2")
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        await given(pilot, "scope", "b")
        await given(pilot, "param", "", 0)
        await given(pilot, "param", "z=3", 1)
        await given(pilot, "resource", "urn:x")
        assert app.driver.settings.given == {
            "scope": ("b",), "param": ("y=2", "z=3"), "resource": ("urn:x",)
        }  # fmt: skip
        await stand(pilot, "scope")
        await pilot.press("d")
        await checked(pilot)
        assert row(screen, "--scope").split() == ["--scope", "a"]
        await pilot.press("D")
        await checked(pilot)
        assert app.driver.settings.given == app.driver.settings.started
        assert not any(line.startswith("✎") for line in rows(screen))


async def test_a_choice_is_picked_from_a_list_narrowed_by_typing() -> None:
    app = app_with(fakes.mismatch())
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        await picking(pilot, "grant")
        await pilot.press(*"device")
        await settled(pilot, lambda: app.screen.query_one(OptionList).option_count == 1)
        await pilot.press("enter")
        await settled(pilot, lambda: app.screen is screen)
        await checked(pilot)
        assert row(screen, "--grant").split() == ["✎", "--grant", "device_code"]
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, PickScreen))
        assert app.screen.query_one(OptionList).highlighted == 6
        await pilot.press("up", "pageup", "enter")
        await settled(pilot, lambda: app.screen is screen)
        await checked(pilot)
        assert row(screen, "--grant").split() == ["--grant", "auto"]


async def test_what_is_told_of_a_line_after_the_list_was_narrowed_is_of_that_line() -> None:
    """What a list says of its lines comes a moment later, when others may stand there."""
    app = app_with(fakes.mismatch())
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        await picking(pilot, "allow")
        picks = app.screen.query_one(OptionList)
        picks.highlighted = 20
        wanted = str(picks.options[20].prompt).split()[0]
        picks.action_select()
        app.screen._fill("as-issuer-mismatch")
        await settled(pilot, lambda: app.screen is screen)
        await checked(pilot)
        assert row(screen, "--allow").split() == ["✎", "--allow", wanted]


async def test_what_may_be_allowed_begins_with_what_the_run_stopped_at() -> None:
    app = app_with(fakes.mismatch())
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        await picking(pilot, "allow")
        assert app.driver.session.stop is not None
        await pilot.press("down", "enter")
        await settled(pilot, lambda: app.screen is screen)
        await checked(pilot)
        assert app.driver.settings.options.base.allow == {app.driver.session.stop.id}
        assert [line.split()[1:] for line in rows(screen) if "--allow" in line] == [
            ["--allow", app.driver.session.stop.id], ["--allow", "+", "one", "more"]
        ]  # fmt: skip


async def test_typing_what_no_choice_holds_says_so_and_takes_nothing() -> None:
    app = app_with(fakes.mismatch())
    async with app.run_test() as pilot:
        await opened(pilot)
        await stand(pilot, "spec")
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.press(*"zzz", "enter", "down")
        await settled(pilot)
        picks = app.screen.query_one(OptionList)
        assert [str(option.prompt) for option in picks.options] == ["nothing has this in it"]
        await pilot.press("escape")
        await settled(pilot, lambda: isinstance(app.screen, SettingsScreen))
        assert app.driver.settings.given == {}


async def test_a_typed_secret_is_masked_everywhere_and_reaches_the_run() -> None:
    app = app_with(fakes.mismatch(), "--client-id", "c")
    secret = "hunter2-hunter2"
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        await stand(pilot, PROMPT)
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(screen.focused, Input))
        await pilot.press(*secret)
        await settled(pilot)
        assert screen.query_one("#setting-edit", Input).password
        assert secret not in app.export_screenshot()
        await pilot.press("enter")
        await checked(pilot)
        assert row(screen, "--client-secret-prompt").split()[2:] == str(Secret(secret)).split()
        assert secret not in app.export_screenshot()
        assert "--client-secret-prompt" in told(screen, "#setting-command")
        assert "$MCP_AUTH_CLIENT_SECRET can hold it" in told(screen, "#setting-command")
        assert app.driver.settings.config(fakes.MCP).client_secret == Secret(secret)
        assert screen.query_one("#setting-edit", Input).value == ""
        await given(pilot, PROMPT, "")
        assert app.driver.settings.config(fakes.MCP).client_secret is None


async def test_a_secret_of_the_environment_is_named_not_shown() -> None:
    app = app_with(fakes.mismatch(), "--client-id", "c", MCP_AUTH_CLIENT_SECRET="from-outside")
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        assert row(screen, "--client-secret-prompt").endswith("from $MCP_AUTH_CLIENT_SECRET")
        assert "from-outside" not in app.export_screenshot()


async def test_a_proxy_with_a_password_is_typed_over_without_being_seen() -> None:
    app = app_with(fakes.mismatch(), "--proxy", "http://me:pw-pw-pw@127.0.0.1:9")
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        await stand(pilot, "proxy")
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(screen.focused, Input))
        assert screen.query_one("#setting-edit", Input).password
        assert "pw-pw-pw" not in app.export_screenshot()
        assert "holds a secret" in told(screen, "#setting-command")


async def test_the_command_is_copied_whole(copied: list[str]) -> None:
    scope = " ".join(f"scope-{number}" for number in range(60))
    app = app_with(fakes.mismatch(), "--scope", scope)
    async with app.run_test(size=(60, 20)) as pilot:
        screen = await opened(pilot)
        assert told(screen, "#setting-command").endswith("…")
        await pilot.press("c")
        await settled(pilot, lambda: bool(copied))
    assert copied == [f"mcp-auth-tui {fakes.MCP} --scope '{scope}'"]


async def test_during_a_run_the_settings_count_for_the_next_one() -> None:
    app = app_with([*fakes.metadata(), *fakes.registration(), *fakes.browser()])
    async with app.run_test() as pilot:
        await settled(pilot, lambda: app.main.state.at_browser)
        await pilot.press("comma")
        await settled(pilot, lambda: isinstance(app.screen, SettingsScreen))
        title = str(app.screen.query_one("#settings").border_title)
        assert title == "Settings for the next run; the one under way keeps its own"
        await stand(pilot, "insecure")
        await pilot.press("space")
        await checked(pilot)
        await pilot.press("r")
        await settled(pilot)
        assert said(app)[0].startswith("A run is under way and keeps its settings")
        await pilot.press("escape")
        await settled(pilot, lambda: app.main.is_active)
        assert app.driver.marks == ()
        assert app.driver.config.insecure is False
        await pilot.press("escape")
        await settled(pilot, lambda: not app.driver.busy)
        await pilot.press("R")
        await settled(pilot)
        assert said(app)[-1].startswith("The settings were changed: r runs all of it")
        assert len(app.driver.settings.made) == 1
        await pilot.press("r")
        await settled(pilot, lambda: len(app.driver.settings.made) == 2)
        assert app.driver.marks == ("TLS certificates are NOT checked (--insecure)",)
        assert app.driver.settings.made[-1][0].insecure is True


async def test_a_source_that_takes_long_to_read_blocks_nothing_and_can_be_left(
    tmp_path: Path,
) -> None:
    go = tmp_path / "go"
    program = tmp_path / "slow.py"
    program.write_text(
        "import pathlib, sys, time\n"
        f"while not pathlib.Path({str(go)!r}).exists(): time.sleep(0.01)\n"
        "print('the-assertion')\n"
    )
    config = tmp_path / "config.toml"
    config.write_text(f"[commands]\nslow = [{sys.executable!r}, {str(program)!r}]\n")
    config.chmod(0o600)
    app = app_with(fakes.mismatch(), MCP_AUTH_TUI_CONFIG=str(config))
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        await stand(pilot, "assertion")
        await pilot.press("enter", *"command:slow", "enter")
        await settled(pilot, lambda: "reading it" in told(screen, "#setting-command"))
        await pilot.press("escape")
        await settled(pilot, lambda: isinstance(app.screen, Confirm))
        await pilot.press("n", "r")
        await settled(pilot, lambda: app.screen is screen)
        assert len(app.driver.settings.made) == 1
        go.touch()
        await settled_long(
            pilot, lambda: len(app.driver.settings.made) == 2 and not app.driver.busy
        )
        assert app.driver.settings.made[-1][0].assertion == Secret("the-assertion")


async def settled_long(pilot: Pilot[Any], until: Any) -> None:
    """Wait for another process, which no round of the loop can hurry."""
    import asyncio

    async with asyncio.timeout(40):
        while not until():
            await pilot.pause(0.02)


async def test_a_new_note_is_said_once() -> None:
    app = app_with(fakes.mismatch())
    async with app.run_test() as pilot:
        await opened(pilot)
        await given(pilot, "proxy", "http://127.0.0.1:3128")
        assert said(app) == ["Requests go through the proxy http://127.0.0.1:3128."]
        await given(pilot, "scope", "a")
        assert said(app) == []


async def test_groups_are_a_key_apart() -> None:
    app = app_with(fakes.mismatch())
    async with app.run_test() as pilot:
        screen: Any = await opened(pilot)

        def at() -> str:
            return screen._row.field.name

        seen = [at()]
        for key in ("l", "right", "tab", "h", "left", "shift+tab", "shift+tab", "l"):
            await pilot.press(key)
            await settled(pilot)
            seen.append(at())
        groups: dict[str, str] = {}
        for field in app.driver.settings.fields:
            groups.setdefault(field.group, field.name)
        first = list(groups.values())
        assert seen == [*first[:4], *reversed(first[:3]), first[-1], first[0]]


async def test_keys_of_the_main_screen_do_nothing_behind_the_form() -> None:
    app = app_with(fakes.mismatch())
    async with app.run_test() as pilot:
        screen = await opened(pilot)
        before = app.main.classes
        await pilot.press("x", "z", "n", "f", "2", "v")
        await settled(pilot)
        assert app.screen is screen
        assert app.main.classes == before
        assert (app.main.panel, app.main.reveal) == (0, False)


async def test_the_form_is_left_for_the_headers_at_the_end() -> None:
    """What is set for the output counts for what is printed when the program ends."""
    app = app_with(fakes.signed_in())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await pilot.press("comma")
        await settled(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await stand(pilot, "export")
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(app.screen, PickScreen))
        await pilot.press(*"curl", "enter")
        await settled(pilot, lambda: isinstance(app.screen, SettingsScreen))
        await checked(pilot)
        assert app.driver.settings.options.export == "curl"


@pytest.fixture(params=SIZES, ids=IDS)
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    return request.param  # type: ignore[no-any-return]


def test_the_form(snap_compare: Any, size: tuple[int, int]) -> None:
    async def changed(pilot: Pilot[Any]) -> None:
        await opened(pilot)
        await given(pilot, "client_id", "mine")
        await given(pilot, "port", "x")
        await settled(pilot)

    app = app_with(fakes.mismatch(), "--scope", "files:read", "--param", "audience=x")
    assert snap_compare(app, terminal_size=size, run_before=changed)


def test_picking_what_is_allowed(snap_compare: Any, size: tuple[int, int]) -> None:
    async def picking(pilot: Pilot[Any]) -> None:
        await opened(pilot)
        await stand(pilot, "allow")
        await pilot.press("enter")
        await settled(pilot, lambda: isinstance(pilot.app.screen, PickScreen))

    assert snap_compare(app_with(fakes.mismatch()), terminal_size=size, run_before=picking)
