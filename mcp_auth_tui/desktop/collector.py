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
    """End a rest, where there is one; what was made till now is not looked at again."""
    if not gc.isenabled():
        gc.freeze()
        gc.set_threshold(THRESHOLD)
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
