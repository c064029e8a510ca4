"""Knows how a pattern is compiled when it is first used; must not know what it finds.

To compile a pattern takes a tenth of a millisecond to one. Most of this program's patterns are for
refusals, and a run that nobody refuses needs none of them: they were 12 of the 165 ms that it took.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

__all__ = ["pattern"]


class _Pattern:
    """Stands for what `re.compile` returns, and asks for it when something of it is used."""

    def __init__(self, pattern: str, flags: int = 0) -> None:
        self.pattern = pattern
        self._flags = flags

    def __getattr__(self, name: str) -> Any:
        value = getattr(re.compile(self.pattern, self._flags), name)
        setattr(self, name, value)  # from now on it is found without coming here
        return value


if TYPE_CHECKING:
    from re import compile as pattern
else:
    pattern = _Pattern
