"""The full-screen program in a pseudo-terminal, from the URL to the header on stdout."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from .conftest import HERE
from .mcp_requests import first_answer
from .terminal import Terminal

if TYPE_CHECKING:
    from .browser import Person

COMMAND = shlex.join([sys.executable, str(HERE / "browser.py")])


DONE = r"(?m)^╭─ 5 Headers ─+ ✓ done|5✓ Headers"


def _assert_accepted(url: str, ended: tuple[int, str]) -> None:
    code, out = ended
    assert (code, out.count("\n")) == (0, 1)
    name, value = out.rstrip("\n").split(": ", 1)
    with httpx.Client(trust_env=False, timeout=10) as client:
        assert first_answer(client, url, {name: value}) == 200


def test_the_screens_end_in_a_header_on_stdout(
    oidc: dict[str, str], person: Person, tmp_path: Path
) -> None:
    arguments = [oidc["jwt"], "--browser", COMMAND, "--wait", "60"]
    with Terminal(tmp_path, (80, 24), *arguments) as terminal:
        # The two servers differ, so a person has to say that the address may be opened (SPEC 6).
        terminal.until("enter sign in")
        terminal.press("\r")
        terminal.until_matches(DONE)
        terminal.press("q")
        _assert_accepted(oidc["jwt"], terminal.end())


def test_an_address_copied_from_the_screen_and_one_pasted_into_it_are_a_sign_in(
    sdk: dict[str, str], person: Person, tmp_path: Path
) -> None:
    arguments = [sdk["http"], "--browser", "none", "--wait", "60"]
    with Terminal(tmp_path, (120, 36), *arguments) as terminal:
        # Nothing will be opened, so nobody has to say yes to it.
        terminal.until("p paste")
        terminal.press("c")
        url = terminal.clipboard()
        terminal.press("p")
        terminal.paste(person.sign_in(url, reach_callback=False).url)
        terminal.press("\r")
        terminal.until_matches(DONE)
        terminal.press("q")
        _assert_accepted(sdk["http"], terminal.end())
