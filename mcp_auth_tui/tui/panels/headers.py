"""Knows the page of the headers and of who answered; pure, must not know widgets."""

from __future__ import annotations

from textual.content import Content

from mcp_auth_tui.model import Level, Session, Stage, Status
from mcp_auth_tui.tui.views.content import (
    DIM,
    LEVEL,
    Look,
    fold,
    heading,
    lines,
    named,
    rows,
    secret,
    words,
)


def page(session: Session, look: Look) -> list[Content]:
    """Return the headers, and who answered to them."""
    made: list[Content] = []
    for name, value in session.headers.items():
        shown = secret(value, look)
        made += [Content.assemble((f"{name}: ", "bold $text-success"), words(shown, "", 10_000))]
    if made:
        made += [
            Content.styled(
                look.told("{copy} copies it, {export} exports it, {secrets} shows the secret"), DIM
            )
        ]
        made += [*_proof(session, look), Content()]
    skipped = session.stages[Stage.AUTHORIZE]
    if skipped.status is Status.SKIPPED:
        made += rows([("sign-in", f"skipped, {skipped.summary}")], look)
    peer = session.peer
    if peer is not None:
        made += rows(named(peer, "name", "version", "era", "revision", "tools"), look)
        made += [Content(), heading("Instructions")] if peer.instructions else []
        made += [lines(peer.instructions)] if peer.instructions else []
        made += [Content(), heading("Answer of the tool")] if peer.called else []
        made += [lines(session.redact(peer.called))] if peer.called else []
    return made


def _proof(session: Session, look: Look) -> list[Content]:
    """Return what is missing beside the header of a token that is bound to a key."""
    from mcp_auth_tui.exports import caution

    return [
        Content.styled(line, LEVEL[Level.WARNING][1])
        for line in fold(caution(session), look.width)
        if line
    ]


def marks_of(session: Session, marks: tuple[str, ...], look: Look) -> list[Content]:
    """Return why the result of the run is worth less."""
    found = (*marks, *session.marks)
    if not found or not session.headers:
        return []
    made = [Content.styled("This run is marked", "bold $text-warning underline")]
    for mark in found:
        made += [words(f"! {line}", "$text-warning") for line in fold(mark, look.width - 2)]
    return made
