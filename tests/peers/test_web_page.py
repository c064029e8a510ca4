"""The screen under textual-serve in a real browser: its clipboard and its downloads."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import pyte
import pytest

pytest.importorskip("textual_serve", reason="textual-serve is not installed")

from tests.tui.test_web import serving

if TYPE_CHECKING:
    from .browser import Person

COPIED = """async start => {
    for (let frames = 0; frames < 1000; frames++) {
        const text = await navigator.clipboard.readText();
        if (text.startsWith(start)) return text;
        await new Promise(go => requestAnimationFrame(go));
    }
}"""


class Shown:
    """What the page's terminal is sent, on a screen that is larger than it."""

    def __init__(self, wire: Any) -> None:
        self._wire = wire
        self._screen = pyte.Screen(240, 100)
        self._stream = pyte.ByteStream(self._screen)
        wire.on("framereceived", self._take)

    def _take(self, frame: str | bytes) -> None:
        if isinstance(frame, bytes):
            self._stream.feed(frame)

    def until(self, words: str) -> None:
        """Takes in what comes until words stand there."""
        while not any(words in line for line in self._screen.display):
            self._wire.wait_for_event("framereceived")


def test_in_a_real_browser_a_copy_is_on_its_clipboard_and_what_is_saved_among_its_downloads(
    person: Person, tmp_path: Path
) -> None:
    def used(page: Any) -> tuple[str, str, str]:
        with page.expect_websocket() as opened:
            page.goto(f"http://localhost:{port}")
        shown = Shown(opened.value)
        shown.until("your browser shows this screen")
        page.focus(".xterm-helper-textarea")
        page.keyboard.press("c")
        shown.until("Sent to your browser")
        url = page.evaluate(COPIED, "http://127.0.0.1:")
        with httpx.Client(trust_env=False, follow_redirects=True, timeout=20) as visitor:
            assert visitor.get(url).status_code == 200
        shown.until("c copies it, e exports it")
        page.keyboard.press("c")
        header = page.evaluate(COPIED, "Authorization: ")
        page.keyboard.press("e")
        shown.until("Header lines")
        page.keyboard.press("s")
        shown.until("mcp-headers.txt")
        with page.expect_download() as coming:
            page.keyboard.press("Enter")
        saved = Path(coming.value.path()).read_text()
        return header, coming.value.suggested_filename, saved

    with serving(tmp_path) as port:
        header, name, saved = person.visit(used)
    assert (name, saved) == ("mcp-headers.txt", f"{header.rstrip()}\n")
