"""Knows the panels, a row each, in the order of the screen; must not know widgets or keys.

A new panel is a row here, and a module and a guide beside this one, both called by its title.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any, Protocol, cast

from textual.content import Content

from mcp_auth_tui.model import Session, Stage
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.tui.panels.guide import Guide, read_guide
from mcp_auth_tui.tui.views.content import Look


class PanelView(Protocol):
    """What the module of a panel knows."""

    def facts(self, session: Session, look: Look, /) -> list[tuple[str, Any]]:
        """Return label and value of the few facts that the panel shows, most telling first."""

    def page(self, session: Session, look: Look, /) -> list[Content]:
        """Return the body of its detail."""

    def documents(self, session: Session, /) -> list[tuple[str, Mapping[str, Any] | None]]:
        """Return title and value of what its detail shows as documents."""


@dataclass(frozen=True, slots=True)
class PanelRow:
    """One panel: its title and the stages that it shows."""

    title: str
    stages: tuple[Stage, ...]

    @property
    def heading(self) -> str:
        """Number and title."""
        return f"{PANELS.index(self) + 1} {self.title}"

    @property
    def guide(self) -> Guide:
        """What a newcomer reads about it."""
        return read_guide(self.title.lower())

    def load(self) -> PanelView:
        """Import its module, which has its name: the first frame needs one of them at most."""
        return cast(PanelView, import_module(f"mcp_auth_tui.tui.panels.{self.title.lower()}"))


PANELS = (
    PanelRow("Metadata", (Stage.PROBE, Stage.RESOURCE, Stage.SERVER)),
    PanelRow("Registration", (Stage.REGISTER,)),
    PanelRow("Browser", (Stage.AUTHORIZE,)),
    PanelRow("Token", (Stage.TOKEN,)),
    PanelRow("Headers", (Stage.VERIFY,)),
)


def panel_of(stage: Stage) -> int:
    """Return the index of the panel that shows a stage."""
    return next(index for index, panel in enumerate(PANELS) if stage in panel.stages)
