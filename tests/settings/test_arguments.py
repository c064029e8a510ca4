"""The command lines of all commands: any words are read, or refused in one sentence."""

from __future__ import annotations

from contextlib import redirect_stderr, redirect_stdout
from io import BytesIO, StringIO

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_auth_tui.cli.completion import parsers
from mcp_auth_tui.settings.inspect_options import InspectOptions, lines
from mcp_auth_tui.settings.options import Usage
from tests.sentences import assert_sentence

PARSERS = {name: make() for name, make in parsers().items()}
TYPED = st.text(max_size=12) | st.sampled_from(
    ["-", "--", "1e999", "nan", "-1", "\u0661", "9" * 5000, "a: b", "A\r\nB: c", "x=y", "=", "env:"]
)


@pytest.mark.parametrize("name", PARSERS)
@settings(max_examples=60)
@given(st.data())
def test_any_words_are_read_or_refused_in_one_sentence(name: str, data: st.DataObject) -> None:
    parser = PARSERS[name]
    flags = [flag for _, action in parser.options() for flag in action.option_strings]
    said = StringIO()
    words = data.draw(st.lists(st.sampled_from(flags or ["--x"]) | TYPED, max_size=5))
    try:
        with redirect_stderr(said), redirect_stdout(StringIO()):
            parser.parse_args(words)
    except SystemExit as end:
        code = end.code
    else:
        code = None
    assert code in (None, 0, 2)
    assert (code == 2) is said.getvalue().startswith("mcp-auth-tui: ")


@given(st.binary(max_size=60) | st.text(max_size=60).map(str.encode))
def test_any_list_is_lines_that_are_a_url_or_told_to_be_none(octets: bytes) -> None:
    try:
        found = list(lines(BytesIO(octets), "list.txt"))
    except Usage as problem:
        assert_sentence(problem, "list.txt is ", "")
        return
    for line in found:
        assert line == line.strip() != ""
        try:
            url = InspectOptions(urls=(line,)).config(line).url
        except ValueError as problem:
            assert_sentence(problem)
            continue
        assert url.startswith(("http://", "https://"))
