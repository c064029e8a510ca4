"""`Retry-After` is read as RFC 9110 §10.2.3 has it, whatever a server writes there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.protocol import retry_after

NEITHER = (
    "Its Retry-After names no number of seconds and no date that could be waited for: wait some "
    "minutes and run again."
)


@pytest.mark.parametrize(
    ("value", "advice"),
    [
        ("0", "Run again."),
        ("7", "Wait 7 s and run again."),
        (" 120\t", "Wait 120 s (2:00) and run again."),
        ("Fri, 31 Dec 1999 23:59:59 GMT", "Wait until 1999-12-31 23:59:59 UTC and run again."),
        ("Fri, 31 Dec 99999 23:59:59 GMT", NEITHER),
        ("soon", NEITHER),
        ("-1", NEITHER),
        ("1.5", NEITHER),
        ("\u00b2", NEITHER),
        ("\u0664", NEITHER),
        ("9" * 5000, NEITHER),
    ],
)
def test_a_retry_after_is_told_as_what_to_do(value: str, advice: str) -> None:
    assert retry_after.advice(value) == advice


@given(st.text())
def test_no_retry_after_is_too_strange(value: str) -> None:
    seconds = retry_after.delay(value)
    assert seconds is None or 0 <= seconds < 10**9
    assert retry_after.advice(value).endswith("un again.")
