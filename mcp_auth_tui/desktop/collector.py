"""Knows when Python looks for garbage; must not know what the program makes."""

from __future__ import annotations

import gc

THRESHOLD = 10_000
"""How many objects more than before are there when the collector looks (700 by itself)."""

State = tuple[bool, tuple[int, int, int]]


def rest() -> State:
    """Look for no garbage while the program starts: all of it stays, and a look is a tenth of it.

    Returns what `restore` takes.
    """
    before = gc.isenabled(), gc.get_threshold()
    gc.disable()
    return before


def work() -> None:
    """End a rest, where there is one, for a command, which soon ends: it looks seldom."""
    if not gc.isenabled():
        gc.set_threshold(THRESHOLD)
        _go_on()


def settle() -> None:
    """End a rest, or begin anew, for a screen, which stays for hours: it looks as often as ever.

    What is garbage by now is taken away first. Modules and styles stay: to go through them costs
    some frames each time.
    """
    gc.collect()
    _go_on()


def _go_on() -> None:
    """Look again, and never more at what was made till now."""
    gc.freeze()
    gc.enable()


def restore(before: State) -> None:
    """Leave the collector as it was found."""
    enabled, thresholds = before
    gc.unfreeze()
    gc.set_threshold(*thresholds)
    if enabled:
        gc.enable()
    else:
        gc.disable()
