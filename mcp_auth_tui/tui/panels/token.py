"""Knows the token card as `Content`: what was asked beside what came; must not judge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from textual.content import Content

from mcp_auth_tui.model import Finding, Level, Secret, Session
from mcp_auth_tui.text import redaction, units
from mcp_auth_tui.tui.views.content import (
    DIM,
    LEVEL,
    Look,
    StyledValue,
    attributes,
    heading,
    rows,
    secret,
)

if TYPE_CHECKING:
    from mcp_auth_tui.model.aside import SignatureCheck
    from mcp_auth_tui.model.oauth import Token

_GOOD, _BAD, _UNKNOWN = (
    (LEVEL[Level.OK][0], LEVEL[Level.OK][1]),
    (LEVEL[Level.ERROR][0], LEVEL[Level.ERROR][1]),
    ("·", DIM),
)
_WARN = LEVEL[Level.WARNING]
_LABEL = 15
Pair = tuple[str, Any]


def page(session: Session, look: Look) -> list[Content]:
    """Return the card of the token that a run holds; empty when it holds none."""
    token = session.token
    if token is None:
        return []
    comparison = [Content(), *_comparison(session, token, look)]
    refresh = _refresh(session, token, look)
    # What a refresh changed is what the person who pressed for it looks for.
    first = refresh + comparison if session.previous is not None else comparison + refresh
    return _summary(token, look) + first + _identity(session, token, look)


def documents(session: Session) -> list[tuple[str, Mapping[str, Any] | None]]:
    """Return what can be read in the tokens, each with a title that says how far to believe it."""
    token = session.token
    if token is None:
        return []
    signature = session.signature("access token")
    trust = "signature verified" if signature is not None and signature.ok else "not verified"
    pairs = [(f"JOSE header ({trust})", token.jose), (f"Claims ({trust})", token.claims)]
    header, claims = _jwt_parts(token.id_token)
    if claims is not None:
        signature = session.signature("id_token")
        trust = "signature verified" if signature is not None and signature.ok else "not verified"
        pairs += [("ID token: JOSE header", header), (f"ID token: claims ({trust})", claims)]
    return pairs


def _summary(token: Token, look: Look) -> list[Content]:
    kind = "opaque: only its issuer can read it"
    if token.claims is not None:
        kind = f"a JWT ({(token.jose or {}).get('alg', 'no alg')}); its claims stand below"
    use = ("accepted by the MCP server", _GOOD) if token.verified else ("not used yet", _UNKNOWN)
    pairs: list[Pair] = [("token", StyledValue(f"{secret(token.access, look)}", "bold"))]
    if token.by_id_token:
        shown = StyledValue(f"{secret(token.bearer, look)}", "bold")
        pairs = [("ID token", shown), ("as bearer", "the ID token, as asked by --id-token")]
    pairs += [("type", token.type), ("reading", kind), ("use", _with_mark(*use))]
    return [*rows(pairs, look, least=_LABEL), *lifetime(token, look)]


def lifetime(token: Token, look: Look) -> list[Content]:
    """Return how much of a token's life is left, as a bar and in words."""
    label = f"{'lifetime':{(_LABEL if look.width >= 70 else 13) + 2}}"
    if token.expires_in is None:
        return rows([("lifetime", "not said: nobody knows when it ends")], look, least=_LABEL)
    whole = token.expires_in
    remaining = min(max(token.received + whole - look.now, 0.0), whole) if look.now else whole
    text = f" {units.duration(remaining)} of {units.duration(whole)}" if remaining else " expired"
    room = max(min(look.width - len(label) - len(text), 30), 5)
    full = round(room * remaining / whole) if whole else 0
    full = max(full, 1) if remaining else 0
    style = _GOOD[1] if remaining > whole / 5 else _WARN[1] if remaining else _BAD[1]
    return [
        Content.assemble(
            (label, DIM), ("█" * full, style), ("░" * (room - full), DIM), (text, style)
        )
    ]


def _with_mark(value: str, mark: tuple[str, str]) -> StyledValue:
    return StyledValue(f"{mark[0]} {value}", mark[1])


def _comparison(session: Session, token: Token, look: Look) -> list[Content]:
    """Return scopes, audience, issuer and client: what was asked, beside what the token says."""
    claims = token.claims
    issuer = session.server.issuer if session.server is not None else token.issuer
    pairs: list[Pair] = [
        ("scope asked", token.scope_asked or "none"),
        ("  granted", _scopes(session, token)),
        ("resource", token.resource or "no resource sent"),
        ("  its aud", _claim(session, claims, "aud", "jwt-aud", "jwt-aud-many", "jwt-is-id-token")),
        ("issuer", issuer),
        ("  its iss", _claim(session, claims, "iss", "jwt-iss")),
    ]
    if claims:
        # No rule says which client a token names, so there is nothing to mark.
        client = _claim(session, claims, "client_id" if "client_id" in claims else "azp")
        pairs += [("client", token.client_id), ("  its client", client)]
    if claims is not None:
        verdict = _verdict(session.signature("access token"), look)
        pairs.append(("signature", verdict))
    return rows(pairs, look, least=_LABEL)


def _scopes(session: Session, token: Token) -> StyledValue:
    names = ("token-scope-narrow", "token-scope-wide", "token-scope-differs", "token-scope-array")
    findings = _findings(session, *names)
    differences = [item.seen for item in findings if item.level is not Level.OK and item.seen]
    granted = "; ".join([token.scope_granted or "nothing named", *differences])
    return _with_mark(granted, _weight(findings))


def _claim(session: Session, claims: Mapping[str, Any] | None, name: str, *ids: str) -> StyledValue:
    """Return a claim of the access token with the weight of the findings about it."""
    if claims is None:
        return _with_mark("cannot be read: the token is opaque", _UNKNOWN)
    value = claims.get(name)
    if value in (None, []):
        return _with_mark(f"no {name}", _weight(_findings(session, *ids, "jwt-claims")))
    text = " ".join(_strings(value)) or str(value)
    return _with_mark(text, _weight(_findings(session, *ids)))


def _findings(session: Session, *ids: str) -> list[Finding]:
    """Return the findings under these ids; of the newest exchange, for a token may be replaced."""
    findings = [item for item in session.findings if item.id in ids]
    newest = max((item.exchange or 0 for item in findings), default=0)
    return [item for item in findings if (item.exchange or 0) == newest]


def _weight(findings: Sequence[Finding]) -> tuple[str, str]:
    """Return glyph and style of the worst finding; those of "not judged" where there is none."""
    worst = min(findings, key=lambda item: item.level.rank, default=None)
    return LEVEL[worst.level] if worst is not None else _UNKNOWN


def _strings(value: Any) -> list[str]:
    many = value if isinstance(value, list) else [value]
    return [item for item in many if isinstance(item, str)]


def _verdict(check: SignatureCheck | None, look: Look) -> StyledValue:
    if check is None:
        text = "not checked: {check_signatures} fetches the issuer's keys and checks it"
        return _with_mark(look.with_keys(text), _UNKNOWN)
    mark = _WARN if check.ok is None else _GOOD if check.ok else _BAD
    head = "not checked: " if check.ok is None else ""
    return _with_mark(f"{head}{check.why}", mark)


def _refresh(session: Session, token: Token, look: Look) -> list[Content]:
    before = session.previous
    if token.refresh is None and before is None:
        return rows([("refresh token", "none was given")], look, least=_LABEL)
    parts = rows([("refresh token", secret(token.refresh or "", look))], look, least=_LABEL)
    if before is None:
        hint = look.with_keys("{run_again} refreshes, and shows what rotated")
        return [*parts, *rows([("", StyledValue(hint, DIM))], look, least=_LABEL)]
    return [*parts, Content(), *rotation(before, token, look)]


def rotation(before: Token, token: Token, look: Look) -> list[Content]:
    """Return what a refresh changed."""
    pairs: list[Pair] = [("access", _rotation(before.access, token.access))]
    pairs.append(("refresh", _rotation(before.refresh, token.refresh)))
    if before.scope_granted != token.scope_granted:
        pairs.append(("scope", f"{before.scope_granted} → {token.scope_granted}"))
    return [heading("Refreshed"), *rows(pairs, look, least=_LABEL)]


def _rotation(before: Secret | None, after: Secret | None) -> StyledValue:
    old, new = (f"#{redaction.fingerprint(s.reveal())}" if s else "none" for s in (before, after))
    if old == new:
        return _with_mark(f"{new}: the same as before", _UNKNOWN)
    return _with_mark(f"{old} → {new}: rotated", _GOOD)


def _identity(session: Session, token: Token, look: Look) -> list[Content]:
    if token.id_token is None:
        return []
    purpose = "says who signed in, to this program alone: it is never sent to the MCP server"
    pairs: list[Pair] = [
        ("id_token", secret(token.id_token, look)),
        ("", StyledValue(purpose, DIM)),
    ]
    _, claims = _jwt_parts(token.id_token)
    if claims is None:
        pairs.append(("reading", "no JWT that can be read"))
    else:
        for name in ("iss", "sub", "aud"):
            if name in claims:
                pairs.append((name, " ".join(_strings(claims[name])) or repr(claims[name])))
        if isinstance(claims.get("exp"), int):
            pairs.append(("expires", units.date(claims["exp"])))
        pairs.append(("signature", _verdict(session.signature("id_token"), look)))
    return [Content(), heading("ID token"), *rows(pairs, look, least=_LABEL)]


def _jwt_parts(token: Secret | None) -> tuple[Mapping[str, Any] | None, Mapping[str, Any] | None]:
    if token is None:
        return None, None
    from mcp_auth_tui.protocol.jwt import read_jwt

    return read_jwt(token.reveal())


def facts(session: Session, _: Look) -> list[tuple[str, Any]]:
    """Return what the panel shows in short."""
    token = session.token
    if token is None:
        return []
    facts = attributes(token, "type")
    if token.expires_in is not None:
        facts.append(("expires in", units.duration(token.expires_in)))
    return facts + attributes(token, "scope_granted") + attributes(token, "refresh")
