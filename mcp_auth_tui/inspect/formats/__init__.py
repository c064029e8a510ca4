"""Knows the forms in which inspections are told; must not know how they came about.

Each form is written piece by piece: a head, a piece for each URL as it is done, and a tail, so
that a thousand URLs take no more memory than one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from importlib import import_module

from mcp_auth_tui.model import Level, Session
from mcp_auth_tui.records import dataclass


@dataclass(frozen=True, slots=True)
class Setting:
    """What a form is told besides the results."""

    fail_on: Level = Level.ERROR
    """A finding at or over it makes the run fail."""
    marks: tuple[str, ...] = ()
    """Sentences about what makes the results worth less (``--insecure``)."""
    colour: bool = False


class Form(ABC):
    """One form being written."""

    def __init__(self, setting: Setting) -> None:
        self._setting = setting
        self._begun = False
        """Something stands before what comes next."""

    def head(self) -> str:
        """Return what comes before the first URL."""
        return ""

    @abstractmethod
    def one(self, session: Session) -> str:
        """Return the piece for one URL."""

    def tail(self, *, complete: bool) -> str:
        """Return what comes after the last URL; not complete: the run was interrupted."""
        return ""

    def _comma(self) -> str:
        comma, self._begun = ",\n" if self._begun else "\n", True
        return comma


# The modules are imported when they are used: a run needs one of them.
_MAKERS: Mapping[str, tuple[str, str]] = {
    "text": ("text", "Text"),
    "json": ("documents", "Json"),
    "jsonl": ("documents", "JsonLines"),
    "markdown": ("pages", "Markdown"),
    "sarif": ("sarif", "Sarif"),
    "junit": ("junit", "Junit"),
    "html": ("pages", "Html"),
    "har": ("archive", "Har"),
}
FORMATS = tuple(_MAKERS)


def form(name: str, setting: Setting) -> Form:
    """Return a form by its name (one of `FORMATS`)."""
    module, maker = _MAKERS[name]
    make: Callable[[Setting], Form] = getattr(import_module(f"{__name__}.{module}"), maker)
    return make(setting)
