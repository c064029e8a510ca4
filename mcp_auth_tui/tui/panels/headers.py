"""Knows the panel of the headers and of who answered; pure, must not know widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.content import Content

from mcp_auth_tui.model import Level, Session, Stage, Status
from mcp_auth_tui.tui.views.content import (
    DIM,
    LEVEL,
    Look,
    attributes,
    fold,
    heading,
    lines,
    rows,
    secret,
    words,
)


def facts(session: Session, _: Look) -> list[tuple[str, Any]]:
    """Return what the panel shows in short."""
    pairs: list[tuple[str, Any]] = list(session.headers.items())
    if session.peer:
        tools = session.peer.tools
        pairs.append(("server", f"{session.peer.name} {session.peer.version}".strip()))
        pairs += attributes(session.peer, "revision")
        pairs += [("tools", str(len(tools)))] if tools is not None else []
    return pairs


def page(session: Session, look: Look) -> list[Content]:
    """Return the headers, and who answered to them."""
    parts: list[Content] = []
    for name, value in session.headers.items():
        header = secret(value, look)
        parts += [Content.assemble((f"{name}: ", "bold $text-success"), words(header, "", 10_000))]
    if parts:
        hint = look.with_keys("{copy} copies it, {export} exports it, {secrets} shows the secret")
        if look.recorded:
            hint = "as it was recorded"
        parts.append(Content.styled(hint, DIM))
        parts += [*_proof(session, look), Content()]
    sign_in = session.stages[Stage.AUTHORIZE]
    if sign_in.status is Status.SKIPPED:
        parts += rows([("sign-in", f"skipped, {sign_in.summary}")], look)
    peer = session.peer
    if peer is not None:
        parts += rows(attributes(peer, "name", "version", "era", "revision", "tools"), look)
        parts += [Content(), heading("Instructions")] if peer.instructions else []
        text = session.redactor().text
        parts += [lines(text(peer.instructions))] if peer.instructions else []
        parts += [Content(), heading("Answer of the tool")] if peer.called else []
        parts += [lines(text(peer.called))] if peer.called else []
    return parts + _marks(session, look)


def documents(_: Session) -> list[tuple[str, Mapping[str, Any] | None]]:
    """Return nothing: headers have no document."""
    return []


def _proof(session: Session, look: Look) -> list[Content]:
    """Return what is missing beside the header of a token that is bound to a key."""
    from mcp_auth_tui.exports import caution

    return [
        Content.styled(line, LEVEL[Level.WARNING][1])
        for line in fold(caution(session), look.width)
        if line
    ]


def _marks(session: Session, look: Look) -> list[Content]:
    marks = (*look.marks, *session.marks)
    if not marks or not session.headers:
        return []
    parts = [Content(), Content.styled("This run is marked", "bold $text-warning underline")]
    for mark in marks:
        parts += [words(f"! {line}", "$text-warning") for line in fold(mark, look.width - 2)]
    return parts
