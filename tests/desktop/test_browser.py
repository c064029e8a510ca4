"""Handing an address to a browser: Z8 and the CVE rows of SPEC 6."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import stat
from pathlib import Path
from unittest import mock
from urllib.parse import urlsplit

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_auth_tui.desktop.browser import Browser, OpenResult

URL = "https://auth.example.com/authorize?response_type=code&state=a%20b&scope=x"


class Bin:
    """A directory of programs that write down their arguments, one a line."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def add(self, name: str, code: int = 0, then: str = "") -> Path:
        program = self.path / name
        program.write_text(
            f'#!/bin/sh\nfor a in "$@"; do echo "$a" >> {self.path}/{name}.new; done\n'
            f"mv {self.path}/{name}.new {self.path}/{name}.args\n{then}\nexit {code}\n"
        )
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        return program

    def arguments(self, name: str) -> list[str]:
        return (self.path / f"{name}.args").read_text().splitlines()

    @property
    def started(self) -> list[str]:
        return sorted(item.stem for item in self.path.glob("*.args"))


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bin:
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    return Bin(tmp_path)


def desktop(programs: Bin, **more: str) -> dict[str, str]:
    return {"DISPLAY": ":0", "PATH": f"{programs.path}", **more}


async def test_the_desktop_opener_gets_the_address_as_one_argument(programs: Bin) -> None:
    programs.add("xdg-open")
    opened = await Browser("auto", desktop(programs), "linux").open(URL)
    assert opened == OpenResult(True, "The address was handed to xdg-open.")
    assert programs.arguments("xdg-open") == [URL]


async def test_a_browser_is_not_handed_the_secrets_of_our_environment(
    programs: Bin, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("CLIENT_SECRET", "IDP_CLIENT_SECRET", "CLIENT_CERT_PASSPHRASE"):
        monkeypatch.setenv(f"MCP_AUTH_{name}", "hunter2-of-the-client")
    monkeypatch.setenv("MCP_AUTH_TUI_STATE", "/dev/null")
    programs.add("xdg-open", then=f"env > {programs.path}/env")
    assert (await Browser("auto", desktop(programs), "linux").open(URL)).opened
    environ = (programs.path / "env").read_text()
    assert "MCP_AUTH_TUI_STATE=/dev/null" in environ
    assert "hunter2" not in environ


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)",
        "file:///etc/passwd",
        "data:text/html,x",
        "http://evil.example/",
        "http://127.0.0.1.evil.example/",
        "-remote",
        "--new-window https://a.example/",
        "%action",
        "HTTPS://a.example/",
        "https://",
        'https://a.example/"x',
        "https://a.example/`id`",
        "https://a.example/$(id)",
        "https://a.example/a b",
        "https://a.example/\n",
        "https://a.example/é",
        "https://[a.example/",
    ],
)
async def test_only_a_safe_address_is_handed_over(programs: Bin, url: str) -> None:
    programs.add("xdg-open")
    opened = await Browser("auto", desktop(programs), "linux").open(url)
    assert opened == OpenResult(False, "The address is not one that is handed to a browser.")
    assert programs.started == []


@pytest.mark.parametrize("host", ["127.0.0.1:4000", "[::1]:4000", "localhost:4000"])
async def test_http_on_loopback_is_opened(programs: Bin, host: str) -> None:
    programs.add("xdg-open")
    assert (await Browser("auto", desktop(programs), "linux").open(f"http://{host}/a")).opened


async def test_no_shell_sees_the_address(programs: Bin, tmp_path: Path) -> None:
    """CVE-2025-6514: an address is data, whatever is in it."""
    programs.add("xdg-open")
    url = f"https://a.example/;touch${{IFS}}{tmp_path}/owned&&x"
    await Browser("auto", desktop(programs), "linux").open(url.replace("{", "").replace("}", ""))
    assert not (tmp_path / "owned").exists()


@pytest.mark.parametrize("mode", ["none", "follow"])
async def test_none_and_follow_open_nothing(programs: Bin, mode: str) -> None:
    programs.add("xdg-open")
    opened = await Browser(mode, desktop(programs), "linux").open(URL)
    assert opened == OpenResult(False, "No browser is opened, as asked.")
    assert programs.started == []


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT"])
async def test_over_ssh_nothing_is_opened(programs: Bin, name: str) -> None:
    programs.add("xdg-open")
    opened = await Browser("auto", desktop(programs, **{name: "x"}), "linux").open(URL)
    assert opened == OpenResult(False, "No browser is opened here: this is an SSH session.")
    assert programs.started == []


async def test_without_a_display_nothing_is_opened(programs: Bin) -> None:
    programs.add("xdg-open")
    environ = {"PATH": str(programs.path)}
    opened = await Browser("auto", environ, "linux").open(URL)
    assert opened == OpenResult(False, "No browser is opened here: there is no display.")


@pytest.mark.parametrize("away", [{"SSH_CONNECTION": "x"}, {}])
async def test_a_browser_that_was_named_is_used_over_ssh_and_without_a_display(
    programs: Bin, away: dict[str, str]
) -> None:
    """VS Code Remote, Codespaces and WSL set ``$BROWSER`` to a helper that reaches the person.

    databricks/cli#3464, docker/cli#6751, git-ecosystem/git-credential-manager#1714.
    """
    helper = programs.add("helper")
    environ = {"PATH": str(programs.path), "BROWSER": f"{helper} %s", **away}
    browser = Browser("auto", environ, "linux")
    assert (browser.opens, browser.missing()) == (True, "")
    assert await browser.open(URL) == OpenResult(True, "The address was handed to helper.")
    assert programs.arguments("helper") == [URL]
    assert not Browser("none", environ, "linux").opens


async def test_a_text_browser_that_was_named_is_refused_over_ssh_too(programs: Bin) -> None:
    program = programs.add("lynx")
    environ = {"PATH": str(programs.path), "BROWSER": str(program), "SSH_TTY": "x"}
    opened = await Browser("auto", environ, "linux").open(URL)
    assert opened == OpenResult(
        False,
        f"No browser is opened here: this is an SSH session; {program} from $BROWSER is a text"
        " browser and is not used.",
    )
    assert programs.started == []


async def test_wsl_needs_no_display(programs: Bin) -> None:
    programs.add("wslview")
    environ = {"PATH": str(programs.path), "WSL_DISTRO_NAME": "Debian"}
    opened = await Browser("auto", environ, "linux").open(URL)
    assert opened == OpenResult(True, "The address was handed to wslview.")


async def test_the_browser_variable_goes_first_and_takes_the_address_where_it_says(
    programs: Bin,
) -> None:
    programs.add("mine")
    programs.add("xdg-open")
    environ = desktop(programs, BROWSER=f"{programs.path}/mine --window '%s'")
    await Browser("auto", environ, "linux").open(URL)
    assert programs.arguments("mine") == ["--window", URL]
    assert programs.started == ["mine"]


async def test_the_browser_variable_is_a_list_whose_dead_members_are_skipped(
    programs: Bin,
) -> None:
    programs.add("second")
    environ = desktop(programs, BROWSER=f"{programs.path}/gone:{programs.path}/second")
    opened = await Browser("auto", environ, "linux").open(URL)
    assert opened == OpenResult(True, "The address was handed to second.")


@pytest.mark.parametrize("name", ["lynx", "w3m", "links", "elinks", "www-browser"])
async def test_a_text_browser_is_never_started(programs: Bin, name: str) -> None:
    program = programs.add(name)
    environ = desktop(programs, BROWSER=str(program))
    opened = await Browser("auto", environ, "linux").open(URL)
    assert not opened.opened
    assert f"{program} from $BROWSER is a text browser" in opened.how
    by_command = await Browser(str(program), environ, "linux").open(URL)
    assert not by_command.opened
    assert programs.started == []


async def test_a_link_to_a_text_browser_is_seen_through(programs: Bin) -> None:
    (programs.path / "x-www-browser").symlink_to(programs.add("w3m"))
    opened = await Browser("auto", desktop(programs), "linux").open(URL)
    assert opened == OpenResult(False, "No browser was found. Open the address by hand.")


async def test_a_command_is_split_into_words_and_works_even_over_ssh(programs: Bin) -> None:
    programs.add("my-browser")
    browser = Browser(f"{programs.path}/my-browser --profile 'a b'", {"SSH_TTY": "x"}, "linux")
    assert (await browser.open(URL)).opened
    assert programs.arguments("my-browser") == ["--profile", "a b", URL]


async def test_a_browser_that_stays_open_is_not_waited_for(programs: Bin) -> None:
    programs.add("stays", then=f"echo $$ >{programs.path}/pid; exec sleep 30")
    async with asyncio.timeout(5):
        opened = await Browser(f"{programs.path}/stays", {}, "linux").open(URL)
    assert opened.opened
    os.kill(int((programs.path / "pid").read_text()), signal.SIGKILL)


@pytest.mark.parametrize(
    ("mode", "how"),
    [
        ("/nowhere/browser", "browser could not be started: No such file or directory."),
        ("'", "The browser command cannot be read: No closing quotation."),
        (" ", "The browser command is empty."),
    ],
)
async def test_a_command_that_does_not_work_is_told(mode: str, how: str) -> None:
    assert await Browser(mode, {}, "linux").open(URL) == OpenResult(False, how)


async def test_an_opener_that_fails_is_told_and_the_next_one_tried(programs: Bin) -> None:
    programs.add("xdg-open", code=3)
    opened = await Browser("auto", desktop(programs), "linux").open(URL)
    assert opened == OpenResult(False, "xdg-open could not open the address (exit code 3).")
    programs.add("firefox")
    opened = await Browser("auto", desktop(programs), "linux").open(URL)
    assert opened == OpenResult(True, "The address was handed to firefox.")


async def test_macos_opens_with_open(programs: Bin) -> None:
    programs.add("open")
    assert (await Browser("auto", {"PATH": str(programs.path)}, "darwin").open(URL)).opened
    assert programs.arguments("open") == [URL]


def test_the_forward_line_names_port_user_and_host(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "box.example.com")
    environ = {"SSH_CONNECTION": "10.0.0.9 50000 10.0.0.5 22", "SUDO_USER": "ann"}
    assert Browser("auto", environ, "linux", tmp_path).ssh_forward(43117) == (
        "ssh -L 43117:127.0.0.1:43117 ann@box.example.com"
    )


def test_a_name_of_no_use_gives_way_to_the_address(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(socket, "gethostname", lambda: "f3a9c1")
    environ = {"SSH_CONNECTION": "10.0.0.9 50000 10.0.0.5 2222", "SUDO_USER": "ann"}
    assert Browser("auto", environ, "linux", tmp_path).ssh_forward(1) == (
        "ssh -L 1:127.0.0.1:1 -p 2222 ann@10.0.0.5"
    )


def test_off_ssh_there_is_no_forward_line() -> None:
    assert Browser("auto", {}, "linux").ssh_forward(1) == ""


@settings(max_examples=60)
@given(st.text(max_size=40) | st.builds("{}://{}".format, st.sampled_from(["http", "https", "x"]),
                                        st.text("[]:/@?#$(%a1.\u0661 -", max_size=20)))  # fmt: skip
async def test_only_what_is_a_harmless_address_would_be_handed_on(url: str) -> None:
    told = (await Browser("none", {}, "linux").open(url)).how
    if told == "The address is not one that is handed to a browser.":
        return
    assert url.isascii() and url.isprintable() and not set(url) & set("\"'`\\<>{}|^ ")
    parts = urlsplit(url)
    assert parts.scheme == "https" or parts.hostname in ("127.0.0.1", "::1", "localhost")


@given(st.text(max_size=20) | st.text("a \"'\\%s:\x00-", max_size=12))
async def test_any_browser_command_is_tried_or_refused_in_a_sentence(typed: str) -> None:
    path = {"PATH": "/nowhere", "DISPLAY": ":0"}
    for browser in (Browser(typed, path, "linux"), Browser("auto", {**path, "BROWSER": typed})):
        assert isinstance(browser.missing(), str)
        if "/" not in typed:  # else it may name a program that is there
            with mock.patch.dict(os.environ, path):
                result = await browser.open(URL)
            assert not result.opened and result.how.endswith(".")
