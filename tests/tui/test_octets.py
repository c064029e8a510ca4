"""What reaches a real terminal when every word of the servers is hostile: nothing that acts.

The run is against real sockets, the program is in a pseudo-terminal, and its octets are taken
apart: each escape sequence is one that Textual itself writes (SPEC 6, terminal escape injection).
"""

from __future__ import annotations

import base64
import os
import re
import sys
from pathlib import Path

import pytest

from mcp_auth_tui.exports import EXPORTS
from mcp_auth_tui.inspect.formats import FORMATS, Setting, form
from tests import octets
from tests.evil import EVIL, STOPS, Evil, evil
from tests.hostile import serving
from tests.peers.terminal import Terminal
from tests.runs import finished
from tests.tui.pty_program import LONG

pytestmark = pytest.mark.skipif(os.name != "posix", reason="pseudo terminals are POSIX")
ROOT = Path(__file__).parents[2]
SOURCES = ("page", "metadata", "callback", "token")
"""Ends whose words come from different places; all are looked at without the screens."""
ENDED = "c copy headers|rerun (all|here)"
LEFT, RIGHT, DOWN = "\x1b[D", "\x1b[C", "\x1b[B"


def tour(terminal: Terminal) -> None:
    """Look at every screen there is."""
    for number, name in enumerate(("Metadata", "Registration", "Browser", "Token", "Headers"), 1):
        terminal.press(str(number))
        terminal.until_matches(rf"─ ?{number} {name}  \S")
    terminal.press("v")
    terminal.until("secrets shown")
    terminal.press("f")
    opened(terminal, "─ Findings")
    terminal.press(DOWN * 5)
    closed(terminal)
    terminal.press("l")
    opened(terminal, "not seen from here")
    closed(terminal)
    terminal.press("1")
    terminal.until_matches(r"─ ?1 Metadata  \S")
    terminal.press("d")
    opened(terminal, "looks elsewhere")
    closed(terminal)
    terminal.press("x\r")
    opened(terminal, "→ others")
    first, last = int(terminal.found(r"(\d+) of \d")), int(terminal.found(r"\d of (\d+)"))
    for key, numbers in ((LEFT, range(first - 1, 0, -1)), (RIGHT, range(2, last + 1))):
        for number in numbers:
            terminal.press(key)
            terminal.until(f"{number} of {last}")
            terminal.press("\t")
    closed(terminal)
    terminal.press("1")
    terminal.until_matches(r"─ ?1 Metadata  \S")
    terminal.press("e")
    opened(terminal, "enter or c copies")
    terminal.press(DOWN * len(EXPORTS))
    closed(terminal)


def opened(terminal: Terminal, words: str) -> None:
    """Wait until a screen is there, whose last line is drawn last."""
    terminal.until(words)
    terminal.until("esc back")


def closed(terminal: Terminal) -> None:
    """Leave the screen that is on top."""
    terminal.press("\x1b")
    terminal.until_matches(r"(?s)\A(?!.*esc back).*\? help")


@pytest.mark.parametrize(
    ("stop", "size"),
    [
        ("", (80, 24)),
        *((stop, (120, 36)) for stop in ("", *SOURCES)),
    ],
    ids=lambda value: str(value) or "whole",
)
def test_no_words_of_a_server_make_an_escape_sequence_on_any_screen(
    tmp_path: Path, stop: str, size: tuple[int, int]
) -> None:
    with evil(stop) as url:
        arguments = (url, "--browser", "follow", "--timeout", "5")
        with Terminal(tmp_path, size, *arguments) as terminal:
            terminal.until_matches(ENDED)
            tour(terminal)
            terminal.press("q")
            code, out = terminal.end()
            assert (code == 0) is (not stop)
            assert octets.strangers(terminal.raw) == set()
            assert (out.count("\n"), acting(out)) == (int(stop in ("", "refusal")), set())
            # It was there to be seen: harmless, and never as what it wanted to be.
            assert "@click=app.quit" in terminal.raw.decode()


@pytest.mark.parametrize(
    ("stop", "mode"),
    [("", "--json"), ("", "--events"), *((stop, "--plain") for stop in STOPS)],
    ids=lambda value: value or "whole",
)
def test_no_words_of_a_server_make_one_without_the_screens(
    tmp_path: Path, stop: str, mode: str
) -> None:
    with evil(stop) as url:
        words = [sys.executable, "-m", "mcp_auth_tui", url, mode]
        words += ["--browser", "follow", "--timeout", "5"]
        with Terminal(tmp_path, (80, 24), words=words) as terminal:
            terminal.end()
            # What a person is told may be coloured, and nothing more.
            written = {token for kind, token in octets.tokens(terminal.raw) if kind not in PLAIN}
            assert {
                token for token in written if not re.fullmatch(r"\x1b\[[0-9;]*m", token)
            } == set()
            assert octets.strangers(terminal.raw) == set()
            assert "click=app.quit" in terminal.raw.decode()


PLAIN = ("text", "control")


@pytest.mark.parametrize("stop", STOPS, ids=lambda stop: stop or "whole")
async def test_no_words_of_a_server_make_one_in_an_export_or_a_report(stop: str) -> None:
    async with serving(Evil(stop)) as server:
        run = await finished(server.url, "--json", "--browser", "follow", "--timeout", "5")
    made = {name: form(name, Setting()).one(run.session) for name in FORMATS}
    for name, export in EXPORTS.items():
        try:
            made[name] = export.render(run.session)
        except ValueError:
            continue  # there are no headers
    assert {name: odd for name, text in made.items() if (odd := acting(text))} == {}
    assert any("click=app.quit" in text for text in made.values())


def acting(text: str) -> set[str]:
    return {char for char in text if char != "\n" and not char.isprintable()}


def program(tmp_path: Path, size: tuple[int, int], **environ: str) -> Terminal:
    """Start the screens with an address of 2,000 characters."""
    words = [sys.executable, "-m", "tests.tui.pty_program", "--long"]
    return Terminal(tmp_path, size, words=words, PYTHONPATH=str(ROOT), **environ)


def test_an_address_of_two_thousand_characters_is_whole_as_link_and_as_copy_at_sixty_columns(
    tmp_path: Path,
) -> None:
    with program(tmp_path, (60, 20)) as terminal:
        terminal.until("paste the address your browser")
        terminal.press("\r\x1b[F")
        terminal.until("Or open it anywhere")
        terminal.press("c")
        url = terminal.clipboard()
        assert len(url) == LONG
        # Nothing cuts it silently: what has no room says so.
        terminal.press("u")
        terminal.until("cannot show at once")
        terminal.press("u")
        terminal.until_matches(r"(?s)\A(?!.*cannot show).*\? help")
        terminal.press("p")
        terminal.until("leave the field")
        terminal.press("pasted\r")
        terminal.until("c copy headers")
        terminal.press("q")
        terminal.end()
    copied = base64.b64encode(url.encode()).decode()
    assert octets.strangers(terminal.raw, links=[url], copies=[copied]) == set()
    links = octets.linked(terminal.raw)
    assert {(link.target, bool(link.name)) for link in links} == {(url, True)}
    assert len({link.name for link in links}) == 1
    shown = {link.words for link in links}
    # What is said for a moment may stand over a part of a line, and a scroll bar takes a cell.
    assert all(words in url for words in shown)
    lines = [{url[at : at + wide] for at in range(0, LONG, wide)} for wide in (57, 58)]
    assert any(shown >= whole for whole in lines)


def test_an_address_that_has_room_stands_alone_as_one_link_that_the_terminal_wraps(
    tmp_path: Path,
) -> None:
    with program(tmp_path, (100, 40)) as terminal:
        terminal.until("paste the address your browser")
        terminal.press("c")
        url = terminal.clipboard()
        terminal.press("u")
        terminal.until("selects as your terminal does it")
        terminal.until_matches(rf"(?s)\A{re.escape(url[:100])}\n{re.escape(url[100:200])}")
        terminal.press("u")
        terminal.until("q quit")
    alone = [link for link in octets.linked(terminal.raw) if not link.name]
    assert {(link.target, link.words) for link in alone} == {(url, url)}


def test_a_hostile_word_of_each_kind_is_found_where_it_is_let_through() -> None:
    """The check can fail: what it is for is a stranger to it."""
    found = octets.strangers(EVIL.replace("\x9b", "").encode("utf-8", "ignore"))
    assert {kind for kind, _ in found} >= {
        "csi",
        "osc",
        "link",
        "copy",
        "string",
        "control",
        "text",
    }
    with pytest.raises(UnicodeDecodeError):
        octets.strangers(b"\x9b31m")
    assert octets.strangers(b"\x1b[31m\x1b[1;1Hx\r\n") == set()
    copied = base64.b64encode(b"x").decode()
    assert octets.strangers(f"\x1b]52;c;{copied}\x07".encode(), copies=[copied]) == set()
    assert octets.strangers(b"\x1b]8;;http://x\x1b\\x\x1b]8;;\x1b\\", links=["http://x"]) == set()
