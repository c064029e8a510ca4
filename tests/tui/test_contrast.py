"""Words in colour can be read in every theme that Textual brings."""

from __future__ import annotations

import pytest
from textual.color import Color
from textual.theme import BUILTIN_THEMES

from mcp_auth_tui.tui.terminal import contrast
from tests.tui.conftest import app_of

PLAIN = [name for name in BUILTIN_THEMES if not name.startswith("ansi")]
WORDS = ("text-warning", "text-accent", "text-success", "text-error", "text-primary")


def test_black_on_white_is_twenty_one_to_one() -> None:
    """WCAG 2.2, 1.4.3."""
    assert contrast.ratio(Color(0, 0, 0), Color(255, 255, 255)) == pytest.approx(21)
    assert contrast.ratio(Color(7, 7, 7), Color(7, 7, 7)) == 1


@pytest.mark.parametrize("theme", PLAIN)
async def test_the_words_of_each_theme_can_be_read(theme: str) -> None:
    app = app_of([], config=None)
    async with app.run_test():
        app.theme = theme
        made = app.get_css_variables()
        ground = Color.parse(made["background"])
        for name in WORDS:
            assert contrast.ratio(Color.parse(made[name]), ground) >= contrast.LEAST
        dim = Color.parse(made["dim"])
        assert dim.a >= 0.6
        for name in ("background", "surface", "panel"):
            on = Color.parse(made[name])
            # A few themes are fainter than that as they are: their dim words are not dimmed.
            best = contrast.ratio(Color.parse(made["foreground"]), on)
            assert contrast.ratio(on + dim, on) >= min(contrast.LEAST, best)
        assert app.theme_variables == made


def test_dim_words_are_the_terminals_own_where_it_decides_the_colours() -> None:
    grey = {"foreground": "#1F1F1F", "background": "#E0E0E0"}
    assert contrast.readable(grey)["dim"] == "#1F1F1FA5"
    own = {"foreground": "ansi_default", "background": "ansi_default"}
    assert contrast.readable(own) == {"dim": "ansi_default"}


def test_what_can_be_read_stays_and_so_do_the_terminals_own_colours() -> None:
    dark = {"background": "#121212", "text-warning": "#ffc473"}
    assert contrast.readable(dark) == {}
    light = contrast.readable({"background": "#e0e0e0", "text-warning": "#aa6a1a"})
    assert contrast.ratio(Color.parse(light["text-warning"]), Color.parse("#e0e0e0")) < 5
    assert contrast.readable({"background": "ansi_default", "text-error": "ansi_red"}) == {}
    assert contrast.readable({}) == {}
    grey = contrast.readable({"background": "#777777", "text-error": "#777777"})
    assert contrast.ratio(Color.parse(grey["text-error"]), Color.parse("#777777")) >= 4.5
