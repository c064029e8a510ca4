"""Knows the panels, a row each, in the order of the screen; must not know widgets or keys.

A new panel is a row here and a module beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from textual.content import Content

from mcp_auth_tui.model import Session, Stage
from mcp_auth_tui.tui.panels.guide import Guide
from mcp_auth_tui.tui.views.content import Look


class PanelView(Protocol):
    """What the module of a panel knows."""

    GUIDE: Guide

    def facts(self, session: Session, look: Look, /) -> list[tuple[str, Any]]:
        """Return label and value of the few facts that the panel shows, most telling first."""

    def page(self, session: Session, look: Look, /) -> list[Content]:
        """Return the body of its detail."""

    def documents(self, session: Session, /) -> list[tuple[str, Mapping[str, Any] | None]]:
        """Return title and value of what its detail shows as documents."""


@dataclass(frozen=True, slots=True)
class PanelRow:
    """One panel: its title, the stages that it shows, and its module."""

    title: str
    stages: tuple[Stage, ...]
    load: Callable[[], PanelView]
    """Imports the module: the first frame needs one of them at most."""

    @property
    def heading(self) -> str:
        """Number and title."""
        return f"{PANELS.index(self) + 1} {self.title}"


def _metadata() -> PanelView:
    from mcp_auth_tui.tui.panels import metadata

    return metadata


def _registration() -> PanelView:
    from mcp_auth_tui.tui.panels import registration

    return registration


def _browser() -> PanelView:
    from mcp_auth_tui.tui.panels import browser

    return browser


def _token() -> PanelView:
    from mcp_auth_tui.tui.panels import token

    return token


def _headers() -> PanelView:
    from mcp_auth_tui.tui.panels import headers

    return headers


PANELS = (
    PanelRow("Metadata", (Stage.PROBE, Stage.RESOURCE, Stage.SERVER), _metadata),
    PanelRow("Registration", (Stage.REGISTER,), _registration),
    PanelRow("Browser", (Stage.AUTHORIZE,), _browser),
    PanelRow("Token", (Stage.TOKEN,), _token),
    PanelRow("Headers", (Stage.VERIFY,), _headers),
)


def panel_of(stage: Stage) -> int:
    """Return the index of the panel that shows a stage."""
    return next(index for index, panel in enumerate(PANELS) if stage in panel.stages)
