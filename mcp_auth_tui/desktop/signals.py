"""Knows which signals tell this program to end; must not know what it does then."""

from __future__ import annotations

import signal


def ending(*names: str) -> list[signal.Signals]:
    """Return the signals of these names that are to be heeded, here where they exist.

    SIGHUP comes when a terminal goes away; who started the program with ``nohup`` wants it to go on
    then, and so it is ignored from the beginning on.
    """
    known = (getattr(signal, name, None) for name in names)
    found = [number for number in known if number is not None]
    return [
        number
        for number in found
        if number.name != "SIGHUP" or signal.getsignal(number) is not signal.SIG_IGN
    ]
