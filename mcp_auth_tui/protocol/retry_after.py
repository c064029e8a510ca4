"""Knows what a ``Retry-After`` says (RFC 9110 §10.2.3); must not know who waits, or for what."""

from __future__ import annotations

from mcp_auth_tui.text.units import duration

_LONGEST = 9
"""Digits: 31 years are never waited for, and a number is not read at any length."""


def delay(value: str) -> int | None:
    """Return for how many seconds is to be waited; None where it says so in another way, or not."""
    digits = value.strip(" \t")
    if digits.isascii() and digits.isdigit() and len(digits) <= _LONGEST:
        return int(digits)
    return None


def advice(value: str) -> str:
    """Return a sentence that says how long is to be waited before the next run."""
    seconds = delay(value)
    if seconds is not None:
        spoken = f" ({duration(seconds)})" if seconds >= 60 else ""
        return f"Wait {seconds} s{spoken} and run again." if seconds else "Run again."
    from email.utils import parsedate_to_datetime

    try:
        until = parsedate_to_datetime(value)
        return f"Wait until {until:%Y-%m-%d %H:%M:%S %Z} and run again."
    except (ValueError, OverflowError):
        return (
            "Its Retry-After names no number of seconds and no date that could be waited for: wait"
            " some minutes and run again."
        )
