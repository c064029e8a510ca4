"""Knows what happened in a run, as frozen values; must not know how it is done or shown.

Values of the flow (`Resource`, `AuthorizationServer`, `Client`, …) are in `model.oauth`.
"""

from __future__ import annotations

from mcp_auth_tui.model.events import (
    Browsed,
    Ended,
    Entered,
    Event,
    Exchanged,
    Finding,
    Learned,
    Left,
    Moment,
    Question,
    Ready,
    Released,
    Remark,
    Resumed,
    Slip,
    Started,
    Tried,
    Waiting,
)
from mcp_auth_tui.model.http import (
    CANCELLED,
    Exchange,
    Failure,
    Field,
    Kind,
    Request,
    Response,
    Secret,
    Timing,
)
from mcp_auth_tui.model.redactor import Redactor
from mcp_auth_tui.model.session import (
    Session,
    StageState,
)
from mcp_auth_tui.model.vocabulary import Level, Outcome, Stage, Status, Whose

__all__ = [
    "CANCELLED",
    "Browsed",
    "Ended",
    "Entered",
    "Event",
    "Exchange",
    "Exchanged",
    "Failure",
    "Field",
    "Finding",
    "Kind",
    "Learned",
    "Left",
    "Level",
    "Moment",
    "Outcome",
    "Question",
    "Ready",
    "Redactor",
    "Released",
    "Remark",
    "Request",
    "Response",
    "Resumed",
    "Secret",
    "Session",
    "Slip",
    "Stage",
    "StageState",
    "Started",
    "Status",
    "Timing",
    "Tried",
    "Waiting",
    "Whose",
]
