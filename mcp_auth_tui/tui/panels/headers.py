"""Knows the panel of the headers and of who answered; pure, must not know widgets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from textual.content import Content

from mcp_auth_tui.model import Level, Session, Stage, Status
from mcp_auth_tui.model.oauth import StoredHeader, Token
from mcp_auth_tui.text.units import duration
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

_LABEL = 15


def facts(session: Session, look: Look) -> list[tuple[str, Any]]:
    """Return what the panel shows in short."""
    pairs: list[tuple[str, Any]] = list(session.headers.items())
    token, stored = session.token, session.stored_header
    if token is not None and token.expires_in is not None and pairs:
        pairs.append(("ends in", _left(session, token.received + token.expires_in, look)))
    if token is None and stored is not None:
        pairs.append((look.with_keys("{take_header} takes"), "a stored header"))
        pairs.append(("good for", _left(session, stored.expires, look)))
    if look.kept is not None:
        pairs.append(("kept", f"the header of {look.kept_since}"))
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
    if parts and session.token is not None:
        parts += [*_life(session, session.token, look), Content()]
    elif session.token is None and session.stored_header is not None:
        parts += [*_stored(session, session.stored_header, look), Content()]
    parts += _kept(look)
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


def _life(session: Session, token: Token, look: Look) -> list[Content]:
    """Return how long the header is good, whether it is kept alive, and what a refresh changed."""
    from mcp_auth_tui.tui.panels.token import lifetime, rotation

    how = "off: {keep_alive} refreshes it shortly before its end"
    if look.alive:
        how = "on: it is refreshed shortly before its end; {keep_alive} lets it end"
    if token.refresh is None:
        how = "cannot be: the server gave no refresh token, so sign in again when it ends"
    elif token.expires_in is None:
        how = "cannot be: the server did not say when it ends"
    parts = lifetime(token, look)
    if not look.recorded:
        parts += rows([("keep alive", look.with_keys(how))], look, least=_LABEL)
    if look.problem:
        failed = f"✗ the last refresh failed: {look.problem}"
        parts += [Content.styled(line, LEVEL[Level.ERROR][1]) for line in fold(failed, look.width)]
    if session.previous is not None:
        parts += [Content(), *rotation(session.previous, token, look)]
    return parts


def _stored(session: Session, stored: StoredHeader, look: Look) -> list[Content]:
    """Return the header of an earlier run, which can be taken."""
    pairs = [
        ("good for", _left(session, stored.expires, look)),
        ("scopes", stored.scope_granted or "not said"),
        ("issuer", stored.issuer),
        ("client", stored.client_id),
        ("use", "the server has accepted it" if stored.verified else "not used yet"),
    ]
    hint = "{take_header} takes it in place of a sign-in; the server is asked whether it is good"
    hint = "" if look.recorded else hint
    return [
        heading("A header of an earlier run"),
        *rows(pairs, look, least=_LABEL),
        *(Content.styled(line, DIM) for line in fold(look.with_keys(hint), look.width)),
    ]


def _left(session: Session, expires: float | None, look: Look) -> str:
    """Return how long something is good, as far as is known."""
    if expires is None:
        return "its end was not said"
    left = expires - max(look.now, session.ended or session.started)
    return duration(left) if left > 0 else "ended"


def documents(_: Session) -> list[tuple[str, Mapping[str, Any] | None]]:
    """Return nothing: headers have no document."""
    return []


def _kept(look: Look) -> list[Content]:
    """Return the headers of an earlier run of this sitting, where this one has none yet."""
    if look.kept is None:
        return []
    parts = [heading(f"Kept since {look.kept_since}, whatever runs now")]
    for name, value in look.kept.headers.items():
        header = secret(value, look)
        parts += [Content.assemble((f"{name}: ", "bold $text-success"), words(header, "", 10_000))]
    parts += rows([("for", look.kept.url)], look)
    hint = "{copy} copies it, {export} exports it; it is printed at the end unless another is good"
    told = fold(look.with_keys(hint), look.width)
    return [*parts, *(Content.styled(line, DIM) for line in told), Content()]


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
