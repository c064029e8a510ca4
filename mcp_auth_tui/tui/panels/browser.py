"""Knows the panel of the sign-in: consent, address, device code; pure, must not know widgets."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from textual.content import Content
from textual.style import Style

from mcp_auth_tui.model import Level, Request, Session, Stage, Status
from mcp_auth_tui.text import terminal, units
from mcp_auth_tui.tui.views import request
from mcp_auth_tui.tui.views.content import (
    DIM,
    LEVEL,
    Look,
    attributes,
    fold,
    heading,
    rows,
    stack,
    words,
)

if TYPE_CHECKING:
    from mcp_auth_tui.model.oauth import Attempt, DeviceCode

_GAP = 3
_TEXT = 28
"""Cells that the text beside a QR code needs."""


def consent(session: Session, look: Look, *, short: bool = False) -> list[Content]:
    """Return who asks for what before a person signs in (SPEC 6, consent phishing).

    In ``short`` without what belongs to this program: the client and where the browser comes back.
    """
    attempt = _attempt(session)
    if attempt is None:
        return []
    host = words(units.host_of(attempt.authorization_endpoint), "bold $text-accent")
    scopes = next((f for f in attempt.fields if f.raw == attempt.scope), None)
    scope = f"{attempt.scope} ({scopes.reason})" if scopes and scopes.reason else attempt.scope
    kind = session.client.how if session.client else ""
    pairs = [
        ("for", session.url),
        ("scope", scope or "none asked for"),
        ("client", f"{attempt.client_id} ({kind})" if kind else attempt.client_id),
        ("back to", attempt.redirect_uri),
    ]
    pairs = pairs[:2] if short else pairs
    status = session.stages[Stage.AUTHORIZE].status
    head = {Status.DONE: "Signed in at ", Status.FAILED: "The sign-in was at "}
    return [Content.assemble((head.get(status, "Sign in at "), "bold"), host), *rows(pairs, look)]


def _attempt(session: Session) -> Attempt | None:
    ready = None if isinstance(session.ready, Request) else session.ready
    return session.attempt or ready


def page(session: Session, look: Look) -> list[Content]:
    """Return the body of the Browser panel's detail."""
    if session.stages[Stage.AUTHORIZE].status is Status.SKIPPED:
        summary = session.stages[Stage.AUTHORIZE].summary
        return [words(f"– skipped: {summary}", DIM)]
    waiting = session.stages[Stage.AUTHORIZE].status is Status.WAITING
    if waiting and session.device is not None:
        return [*_rejection(session, look), *_device(session.device, look)]
    if waiting and session.browsed:
        return _waiting(session, look)
    parts = consent(session, look)
    attempt = _attempt(session)
    if attempt is not None and attempt.fields:
        parts += [Content(), heading("What the address carries")]
        parts += request.fields(session.redactor(reveal=look.reveal), attempt.fields, look)
    return parts


def documents(_: Session) -> list[tuple[str, Mapping[str, Any] | None]]:
    """Return nothing: a sign-in has no document."""
    return []


def _waiting(session: Session, look: Look) -> list[Content]:
    """Return the whole page, or without what can be missed where it would not be seen at once."""
    wrong = _rejection(session, look)
    whole = [*wrong, *consent(session, look), *_address(session, look)]
    lines = sum(max(-(-part.cell_length // look.width), 1) for part in whole)
    lines += 2 if session.slip is not None else 0
    if not look.height or lines < look.height:  # the field to paste into takes the last line
        return whole
    return [*wrong, *consent(session, look, short=True), *_address(session, look, short=True)]


def _address(session: Session, look: Look, *, short: bool = False) -> list[Content]:
    browsed = session.browsed
    assert browsed is not None
    parts: list[Content] = []
    if not short:
        parts += [*(Content.styled(line, DIM) for line in fold(browsed.how, look.width)), Content()]
    parts += [link(browsed.url)]
    ways = "{copy} copies it whole, {show_address} shows it alone, {open_browser} opens a browser"
    parts += [] if short else _hint(look.with_keys(f"one link: {ways}"), look)
    if browsed.forward:
        parts += [] if short else [Content()]
        parts += [Content("Browser on your own machine? Run there:")]
        parts += [words(browsed.forward, "bold")]
    if browsed.note:
        parts += _hint(browsed.note, look)
    anywhere = "Or open it anywhere, sign in, and paste here ({paste}) the address you end on."
    return parts + _hint(look.with_keys(anywhere), look)


def _device(code: DeviceCode, look: Look) -> list[Content]:
    """Return a code to type elsewhere: large, and where; below it a picture of the address."""
    parts = _code(code.user_code, look)
    room = look.height - len(parts)
    picture = _picture(code.complete or "", look.width, room)
    wide = len(picture[0]) + _GAP if picture else 0
    if look.width - wide < _TEXT:
        picture, wide = (), 0
    text = _instructions(code, replace(look, width=look.width - wide))
    if not picture:
        small = "{qr_code} shows that address as a QR code"
        return [*parts, *text, *(_hint(look.with_keys(small), look) if code.complete else [])]
    for index in range(max(len(text), len(picture))):
        left = text[index] if index < len(text) else Content()
        pixels = picture[index] if index < len(picture) else ""
        gap = " " * (look.width - wide + _GAP - left.cell_length)
        parts.append(Content.assemble(left, gap, (pixels, "#ffffff on #000000")))
    return parts


def _code(code: str, look: Look) -> list[Content]:
    from mcp_auth_tui.tui.views.big_text import large

    plain = terminal.one_line(code, 60)
    big = large(code, look.width)
    text = plain if big else " ".join(plain)
    head = Content.assemble(("Type this code: ", ""), (text, "bold $text-accent"))
    return [head, *(Content.styled(line, "bold $text-accent") for line in big)]


def _instructions(code: DeviceCode, look: Look) -> list[Content]:
    parts = [Content(), Content("at this address, in any browser:")]
    parts += _link_lines(code.verification_uri, look)
    if code.complete:
        parts += [Content(), Content("or open this one, which carries it:")]
        parts += _link_lines(code.complete, look)
    seconds = max(code.until - look.now, 0.0)
    parts += [Content(), words(f"{units.duration(seconds)} left" if look.now else "", "bold")]
    ways = (
        "{copy} copies the code, {copy_address} the address, {open_browser} opens it in a browser"
    )
    parts += _hint(look.with_keys(f"{ways} here"), look)
    return parts + _hint("RFC 8628, not part of MCP", look)


def _link_lines(url: str, look: Look) -> list[Content]:
    """Return an address as a link broken into lines, for it stands beside a picture."""
    whole = link(url)
    if whole.cell_length <= look.width or "\n" in whole.plain:
        return list(whole.split("\n"))
    return [whole[at : at + look.width] for at in range(0, len(whole.plain), look.width)]


def _picture(address: str, width: int, height: int) -> tuple[str, ...]:
    if not address or height <= 0:
        return ()
    from mcp_auth_tui.desktop import qr

    return qr.lines(address, width, height)


def _hint(text: str, look: Look) -> list[Content]:
    return [Content.styled(line, DIM) for line in fold(text, look.width)]


def _rejection(session: Session, look: Look) -> list[Content]:
    """Return why the last visitor was not the answer, above all else."""
    findings = [
        item
        for item in session.findings
        if item.stage is Stage.AUTHORIZE and item.level.rank <= Level.WARNING.rank
    ]
    last = next(reversed(findings), None)
    if last is None or session.slip is not None:  # a slip stands beside the field
        return []
    glyph, style = LEVEL[last.level]
    parts = [Content.styled(line, style) for line in fold(f"{glyph} {last.message}", look.width)]
    return [*parts, *(Content.styled(line, "bold") for line in fold(last.next, look.width))]


def link(url: str) -> Content:
    """Return a URL as one OSC 8 link if it is safe to follow, else as plain text."""
    from mcp_auth_tui.protocol.urls import safe_url

    try:
        safe = safe_url(url)
    except ValueError as error:
        return stack([words(url, "", None), words(f"not a link: {error}", LEVEL[Level.ERROR][1])])
    return Content.styled(safe, Style(link=safe, underline=True))


def facts(session: Session, look: Look) -> list[tuple[str, Any]]:
    """Return what the panel shows in short."""
    stage = session.stages[Stage.AUTHORIZE]
    if stage.status is Status.SKIPPED:
        return [("skipped", stage.summary)]
    if session.waiting and session.device is not None:
        return [
            ("code", session.device.user_code),
            ("at", units.host_of(session.device.verification_uri)),
        ]
    if session.waiting and session.browsed:
        paste = look.with_keys("press {paste}")
        return [("sign in", units.host_of(session.browsed.url)), ("paste", paste)]
    attempt = session.attempt
    if attempt is None:
        return []
    return [("at", units.host_of(attempt.authorization_endpoint)), *attributes(attempt, "scope")]
