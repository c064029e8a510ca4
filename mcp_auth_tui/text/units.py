"""Knows how durations, sizes and counts are written for reading; knows nothing else."""

from __future__ import annotations

from urllib.parse import urlsplit


def duration(seconds: float) -> str:
    """Return a duration (seconds) for reading: ``41 ms``, ``1.8 s``, ``2:05``."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def date(seconds: float) -> str:
    """Return a moment (seconds since 1970) for reading; what no calendar has as the number."""
    from datetime import UTC, datetime

    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):
        return f"{seconds:g} s since 1970"


def time_of_day(seconds: float) -> str:
    """Return a time (seconds since the epoch) by the clock on the wall: ``14:02:11``.

    What no calendar has is returned as `date` does.
    """
    from datetime import datetime  # not with the module: the first request needs no calendar

    try:
        return datetime.fromtimestamp(seconds).strftime("%H:%M:%S")
    except (OverflowError, ValueError, OSError):
        return date(seconds)


def size(octets: int) -> str:
    """Return a size (octets) for reading: ``312 B``, ``4.1 KB``."""
    if octets < 1000:
        return f"{octets} B"
    return f"{octets / 1000:.1f} KB" if octets < 1_000_000 else f"{octets / 1_000_000:.1f} MB"


def phrase(status: int) -> str:
    """Return what a status of HTTP is called (RFC 9110 §15); empty for one that is not known."""
    from http import HTTPStatus

    return HTTPStatus(status).phrase if status in set(HTTPStatus) else ""


def host_of(url: str) -> str:
    """Return the host and port of a URL for a headline, or the text itself where there is none."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2] or url
    except ValueError:
        return url


def count(number: int, noun: str) -> str:
    """Return ``1 tool``, ``2 tools``: the noun takes an s."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
