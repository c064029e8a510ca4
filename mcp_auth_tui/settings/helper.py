"""Knows which options of a command line find its token again, and complete its headers."""

from __future__ import annotations

from typing import Any

_CHOOSING = ("client_id", "issuer", "scope")


def helper_options(args: Any) -> tuple[str, ...]:
    """Return the options with which a later `headers` prints the headers of the same sign-in.

    By which network it goes is `NetworkSettings.words`.
    """
    words: list[str] = []
    for name in _CHOOSING:
        if (value := getattr(args, name)) is not None:
            words += [f"--{name.replace('_', '-')}", value]
    for name, value in args.header:
        words += ["--header", f"{name}: {value}"]
    return tuple(words)
