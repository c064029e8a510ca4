"""Knows which signals tell this program something, and how; must not know what it does then."""

from __future__ import annotations

import signal
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio import AbstractEventLoop


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


def heed(
    loop: AbstractEventLoop, actions: Mapping[signal.Signals, Callable[[], object]]
) -> Callable[[], None]:
    """Let signals do something within a loop; return what takes that back."""
    try:
        for number, act in actions.items():
            loop.add_signal_handler(number, act)
    except (NotImplementedError, RuntimeError, ValueError):
        # Windows' loops know no signals, and no thread but the main one is told of any: there the
        # program ends by them as Python has it.
        return lambda: None

    def forget() -> None:
        for number in actions:
            loop.remove_signal_handler(number)

    return forget
