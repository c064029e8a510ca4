"""Device authorization on the full screen against oidc-provider, approved elsewhere."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx

from mcp_auth_tui.tui.views.big_text import large

from .mcp_requests import first_answer
from .terminal import Terminal

if TYPE_CHECKING:
    from .browser import Person

DONE = r"(?m)^╭─ 5 Headers ─+ [✓!] (done|warned)"


def test_the_code_on_the_screen_becomes_a_header(
    grants: dict[str, str], person: Person, tmp_path: Path
) -> None:
    """X1: the code by c, the address by a, the header on stdout, good at the resource."""
    arguments = [grants["bearer"], "--grant", "device_code", "--wait", "120"]
    with Terminal(tmp_path, (120, 36), *arguments) as terminal:
        terminal.until("RFC 8628, not part of MCP")
        terminal.press("c")
        code = terminal.clipboard()
        # What is told of the copy stands before it for a moment.
        terminal.until(f"Type this code: {code}")
        for line in large(code, 72):
            assert line.strip() in terminal.text
        assert large(code, 72)
        terminal.press("a")
        terminal.until("The address: ")
        address = terminal.clipboard()
        assert code in address
        assert "Success" in person.approve(address)
        terminal.until_matches(DONE)
        terminal.press("q")
        ended, out = terminal.end()
    assert (ended, out.count("\n")) == (0, 1)
    name, value = out.rstrip("\n").split(": ", 1)
    with httpx.Client(trust_env=False, timeout=10) as client:
        assert first_answer(client, grants["bearer"], {name: value}) == 200
