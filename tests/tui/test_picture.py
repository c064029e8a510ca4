"""Only what differs is written, and the terminal shows what Textual means."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Sequence
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console
from rich.segment import Segment
from rich.style import Style
from textual._compositor import ChopsUpdate, InlineUpdate, LayoutUpdate
from textual.drivers.headless_driver import HeadlessDriver
from textual.geometry import Region
from textual.pilot import Pilot
from textual.strip import Strip

from mcp_auth_tui.model import Ended, Level, Outcome, Stage
from mcp_auth_tui.tui.app import AuthApp
from mcp_auth_tui.tui.screens.address import BareScreen
from mcp_auth_tui.tui.terminal.picture import Picture
from tests.tui import fakes
from tests.tui.conftest import app_of, settled
from tests.tui.emulator import Emulator

# Columns and lines of a small terminal, and where its lines are cut into widgets.
WIDTH, HEIGHT = 14, 4
CUTS = (0, 5, 9, WIDTH)
CONSOLE = Console(force_terminal=True, color_system="truecolor", legacy_windows=False)
STYLES = [
    Style.parse(text)
    for text in (
        "none", "red", "#102030 on #405060", "#102030 on #405061", "bold #102030 on #405060",
        "on #405060", "underline", "reverse red", "italic strike", "default on default",
        "link https://a.example", "link https://b.example", "bold link https://a.example on blue",
    )
]  # fmt: skip
TEXTS = ("a", "b", " ", "  ", "é", "─", "word ", "    ", "·")
OTHER = ("漢", "e\u0301", "\u26a0\ufe0f")
"""Text whose cells are not one a character: wide, combined, an emoji by a selector."""


Piece = tuple[str, int]


def line(*widgets: list[Piece]) -> list[Strip]:
    """Return what each widget shows on a line, as wide as it is there."""
    strips = [Strip([Segment(text, STYLES[style]) for text, style in one]) for one in widgets]
    widths = [end - start for start, end in pairwise(CUTS)]
    return [
        strip.adjust_cell_length(width, STYLES[0])
        for strip, width in zip(strips, widths, strict=True)
    ]


def frames(texts: Sequence[str]) -> st.SearchStrategy[list[list[Strip]]]:
    piece = st.tuples(st.sampled_from(texts), st.integers(0, len(STYLES) - 1))
    widget = st.lists(piece, max_size=4)
    return st.lists(st.builds(line, widget, widget, widget), min_size=HEIGHT, max_size=HEIGHT)


FRAMES = frames(TEXTS + OTHER)
NARROW_FRAMES = frames(TEXTS)
SPANS = st.dictionaries(
    st.integers(0, HEIGHT - 1),
    st.tuples(st.integers(0, WIDTH - 1), st.integers(1, WIDTH)).filter(
        lambda span: span[0] < span[1]
    ),
    min_size=1,
).map(lambda spans: [(y, *span) for y, span in sorted(spans.items())])


def whole(frame: Sequence[Sequence[Strip]]) -> LayoutUpdate:
    return LayoutUpdate(list(frame), Region(0, 0, WIDTH, HEIGHT))


def below(frame: Sequence[Sequence[Strip]], *, clear: bool = False) -> InlineUpdate:
    return InlineUpdate([Strip.join(line) for line in frame], clear=clear)


def part(frame: Sequence[Sequence[Strip]], spans: list[tuple[int, int, int]]) -> ChopsUpdate:
    chops = [dict(zip(CUTS, line, strict=False)) for line in frame]
    return ChopsUpdate(chops, spans, [list(CUTS[1:])] * HEIGHT)


def written(picture: Picture, update: Any) -> str:
    return picture.changes(update).render_segments(CONSOLE)  # type: ignore[union-attr]


def terminal(*texts: str) -> Emulator:
    emulator = Emulator(WIDTH, HEIGHT)
    emulator.spoil()
    for text in texts:
        emulator.feed(text)
    return emulator


@settings(max_examples=150, deadline=None)
@given(st.lists(FRAMES, min_size=1, max_size=4))
def test_after_each_whole_frame_the_terminal_shows_what_textual_would_have_written(
    frames: list[list[list[Strip]]],
) -> None:
    picture, shown = Picture(), terminal()
    for frame in frames:
        shown.feed(written(picture, whole(frame)))
        assert shown.cells() == terminal(whole(frame).render_segments(CONSOLE)).cells()
        assert written(picture, whole(frame)) == ""


@settings(max_examples=100, deadline=None)
@given(FRAMES, st.lists(st.tuples(FRAMES, SPANS), min_size=1, max_size=4))
def test_after_parts_of_frames_the_terminal_shows_them(
    first: list[list[Strip]], parts: list[tuple[list[list[Strip]], list[tuple[int, int, int]]]]
) -> None:
    picture, shown, meant = Picture(), terminal(), terminal()
    for update in (whole(first), *(part(frame, spans) for frame, spans in parts)):
        shown.feed(written(picture, update))
        meant.feed(update.render_segments(CONSOLE))
        assert shown.cells() == meant.cells()


@settings(max_examples=100, deadline=None)
@given(FRAMES, NARROW_FRAMES)
def test_nothing_stays_of_a_text_to_which_the_terminal_gives_other_cells(
    before: list[list[Strip]], after: list[list[Strip]]
) -> None:
    picture = Picture()
    shown = Emulator(WIDTH, HEIGHT, emoji=1)
    for frame in (before, after):
        shown.feed(written(picture, whole(frame)))
    assert shown.cells() == terminal(whole(after).render_segments(CONSOLE)).cells()


@settings(max_examples=100, deadline=None)
@given(st.lists(st.tuples(FRAMES, st.booleans()), min_size=1, max_size=4))
def test_below_the_prompt_the_cursor_is_back_where_the_frame_began(
    frames: list[tuple[list[list[Strip]], bool]],
) -> None:
    picture, shown = Picture(), Emulator(WIDTH, HEIGHT + 1)
    shown.spoil()
    shown.feed("\x1b[H")
    for frame, clear in frames:
        text = written(picture, below(frame, clear=clear)).removesuffix("\x1b[6n")
        shown.feed(text.replace("\n", "\r\n"))  # as the line discipline does
        assert (shown.cursor.x, shown.cursor.y) == (0, 0)
        assert shown.cells()[:HEIGHT] == terminal(whole(frame).render_segments(CONSOLE)).cells()


class Wire(HeadlessDriver):
    """A driver with a terminal at its end."""

    terminal: Emulator
    octets = 0

    @property
    def is_headless(self) -> bool:
        return False

    def write(self, data: str) -> None:
        self.octets += len(data.encode())
        self.terminal.feed(data)


KEYS = (
    "tab", "shift+tab", "down", "up", "j", "k", "1", "2", "3", "4", "5", "x", "f", "d", "l", "z",
    "enter", "escape", "question_mark", "ctrl+p", "comma", "v", "e", "u", "b", "n", "slash", "end",
    "home", "pagedown", "h", "ctrl+l", "r", "s",
)  # fmt: skip
SIZES = ((80, 24), (80, 24), (120, 36), (160, 50), (60, 20))


def idle(app: AuthApp) -> bool:
    """Return whether nothing waits to be drawn."""
    screen = app.screen
    waiting = (screen._dirty_widgets, screen._repaint_required, screen._layout_required)
    return not any(waiting) and not screen._compositor._dirty_regions


def meant(app: AuthApp, size: tuple[int, int]) -> Emulator:
    """Return a terminal to which Textual wrote its whole screen."""
    full = app.screen._compositor.render_update(full=True, screen_stack=app._background_screens)
    assert isinstance(full, LayoutUpdate)
    emulator = Emulator(*size)
    emulator.feed(full.render_segments(app.console))
    return emulator


async def on_wire(app: AuthApp, walk: Callable[[Pilot[Any]], Awaitable[None]]) -> None:
    """Run an app whose output reaches a terminal that showed something else before."""
    app.driver_class = Wire
    Wire.terminal = Emulator(*SIZES[0])
    Wire.terminal.spoil()

    async def walked(pilot: Pilot[Any]) -> None:
        await walk(pilot)
        app.exit(0)

    await app.run_async(size=SIZES[0], auto_pilot=walked)
    assert app.return_value == 0


def wide() -> list[Any]:
    """Return a run that stops with words of other cells than characters."""
    words = "資源 ist falsch: e\u0301tat \u26a0\ufe0f 👩\u200d🚀 مرحبا, not https://例え.example"
    stop = fakes.finding("bad", Level.FATAL, words, Stage.SERVER, 1, seen=words, expected=words)
    return [*fakes.metadata(), stop, Ended(Outcome.FAILED, fakes.NOW + 1, stop, 1)]


@pytest.mark.parametrize(("seed", "events"), [(1, fakes.signed_in), (2, wide), (3, fakes.mismatch)])
async def test_a_terminal_shows_what_textual_means_after_any_keys_sizes_and_pages(
    seed: int, events: Any, copied: list[str]
) -> None:
    chance = random.Random(seed)
    app = app_of(events())

    async def walk(pilot: Pilot[Any]) -> None:
        size = SIZES[0]
        for _ in range(25):
            if chance.random() < 0.12:
                size = chance.choice(SIZES)
                Wire.terminal = Emulator(*size)
                Wire.terminal.spoil()
                await pilot.resize_terminal(*size)
            else:
                await pilot.press(chance.choice(KEYS))
            await settled(pilot, lambda: idle(app))
            if not isinstance(app.screen, BareScreen):  # the terminal's own text stands there
                assert Wire.terminal.cells() == meant(app, size).cells()

    await on_wire(app, walk)


async def test_what_somebody_else_wrote_over_the_screen_goes_with_a_key_and_a_resize() -> None:
    app = app_of(fakes.signed_in())

    async def walk(pilot: Pilot[Any]) -> None:
        await settled(pilot, lambda: idle(app))
        for repair in (
            lambda: pilot.press("ctrl+l"),
            lambda: pilot.resize_terminal(*SIZES[0]),  # the same size, as after a sleep
        ):
            Wire.terminal.spoil()
            await repair()
            await settled(pilot, lambda: idle(app))
            assert Wire.terminal.cells() == meant(app, SIZES[0]).cells()

    await on_wire(app, walk)


async def test_nothing_is_written_for_a_screen_that_did_not_change() -> None:
    app = app_of(fakes.signed_in())

    async def walk(pilot: Pilot[Any]) -> None:
        await settled(pilot, lambda: idle(app))
        before = Wire.octets
        app.refresh()
        await settled(pilot, lambda: idle(app))
        assert Wire.octets - before <= len("\x1b[24;80H")  # where the cursor stands

    await on_wire(app, walk)
