"""A JSON text has the colours that Textual gives it, at less cost."""

from __future__ import annotations

import json
import subprocess
import sys

from hypothesis import given
from hypothesis import strategies as st
from textual.content import Span
from textual.highlight import highlight

from mcp_auth_tui.tui.views.json_text import highlighted

SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)


@given(VALUES, st.sampled_from([None, 2]), st.booleans())
def test_json_has_the_colours_of_textual(value: object, indent: int | None, plain: bool) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=plain)
    assert highlighted(text) == highlight(text, language="json")
    assert highlighted(text).spans == highlight(text, language="json").spans


def test_what_stands_behind_a_tab_has_its_colour() -> None:
    """Textual's own has it seven cells further: it counts the tab as the eight that it becomes."""
    assert highlighted("\t0").spans[1:] == [Span(1, 2, "$text-warning")]


@given(st.text(alphabet='{}[]",:\\u0aet -+.1/*\n\r…', max_size=40))
def test_what_is_nearly_json_has_the_colours_of_textual_too(text: str) -> None:
    assert highlighted(text).spans == highlight(text, language="json").spans


def test_json_does_not_load_what_highlights_other_languages() -> None:
    code = (
        "import sys; from mcp_auth_tui.tui.views.json_text import highlighted; "
        """highlighted('{"a": [1, "b", null]}'); print('pygments' in sys.modules)"""
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
