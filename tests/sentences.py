"""What has to be true of every refusal; knows no test."""

from __future__ import annotations

from mcp_auth_tui.text.terminal import harmless


def assert_sentence(problem: BaseException, begin: str = "", end: str = ".") -> None:
    """It begins and ends so, and nothing in it acts on a terminal."""
    text = str(problem)
    assert text.startswith(begin) and text.endswith(end), text
    assert text == harmless(text)
