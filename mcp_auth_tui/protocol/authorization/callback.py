"""Knows how the answer to an authorization request is judged (B1-B8); must not know how to ask."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl

from mcp_auth_tui.model import Failure, Level, Secret, Whose
from mcp_auth_tui.model.oauth import Attempt, AuthorizationCode, AuthorizationServer, Client
from mcp_auth_tui.protocol.actions import Answer, Await, Browse, Callback, Now, Protocol
from mcp_auth_tui.protocol.authorization import errors, pastes
from mcp_auth_tui.protocol.authorization.follow import follow
from mcp_auth_tui.protocol.checks import callback as checks_callback
from mcp_auth_tui.protocol.checks.check import Check
from mcp_auth_tui.protocol.discovery import by_hand
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.text.patterns import pattern

_ADDRESS = pattern(r"[A-Za-z][A-Za-z0-9+.-]*://")
_ARRIVALS = 1000
# Nobody signs in faster than this (seconds): a shorter --wait was the person's own choice.
_HASTY = 30.0
_MORE_TIME = (
    "Give more time with --wait: the sign-in and the consent are for a person. Where the browser"
    " shows an error instead, that comes first: often the client id or the redirect address is not"
    " known there."
)
_SLASH = "The answer and the metadata spell the issuer with another slash at the end."
_AS_PUBLISHED = "Send iss as issuer stands in the metadata, slash for slash (RFC 9207 §2.4)."
_HOST = pattern(r"[\w.\[\]:-]+:\d+(?:/|\Z)")


def authorize(
    judge: Judge,
    server: AuthorizationServer,
    client: Client,
    attempt: Attempt,
    *,
    unknown: bool = False,
) -> Protocol[AuthorizationCode]:
    """Let the person sign in and judge what comes back (B3-B8); raises `FlowStop`.

    ``unknown``: the client was registered a moment ago, so nobody can have agreed to it before.
    """
    if judge.config.follow:
        callback = yield from follow(judge, server, client, attempt)
        verdict = yield from judge_callback(judge, attempt, callback)
        assert verdict is not None, "the answer to what was followed is ours, or no answer"
        return verdict
    performed: Attempt = yield Browse(attempt, judge.config.wait)
    doubted = ""
    for _ in range(_ARRIVALS):
        arrived: Callback | Failure = yield Await()
        if isinstance(arrived, Failure):
            hasty = arrived.kind == "authz-timeout" and judge.config.wait < _HASTY
            judge.stop(
                arrived.kind,
                seen=arrived.message,
                next=_MORE_TIME if hasty else "",
                whose=Whose.CLIENT if hasty else None,
            )
        verdict = yield from judge_callback(judge, performed, arrived, doubted)
        if verdict is not None:
            if unknown and arrived.source == "listener":
                now: float = yield Now()
                yield from judge.tell(checks_callback.consent(now - performed.made))
            return verdict
        doubted = read(arrived)[0] if arrived.source == "paste" else doubted
        yield Answer("ignored")
    judge.stop("authz-state", seen=f"{_ARRIVALS} callbacks that were not ours")


def _listed(names: list[str]) -> str:
    return f"parameters: {', '.join(names) or 'none'}"


def judge_callback(
    judge: Judge, attempt: Attempt, callback: Callback, doubted: str = ""
) -> Protocol[AuthorizationCode | None]:
    """Judge one callback or paste by the record of the request; None: not ours, wait on (B3).

    Order: state, then ``iss``, then ``error`` or ``code``. Raises `FlowStop` when it is ours and
    says no, or must not be used. ``doubted`` is what the paste before this one held: what looks
    like a bare code may be a password that was in the clipboard, so it is sent nowhere until it is
    pasted once more.
    """
    if callback.method != "GET":
        seen = f"{callback.method} to the redirect URI"
        yield from judge.note("authz-post", seen=seen, level=Level.WARNING)
        return None
    query, bare = read(callback)
    if bare:
        return (yield from _bare(judge, attempt, query, sent=query == doubted))
    if wrong := pastes.fault_of(attempt, callback, query):
        message = f"What was pasted {wrong}"
        yield from judge.slip("authz-paste", seen=f"a paste that {wrong}", message=message)
        return None
    pairs = parse_qsl(query, keep_blank_values=True)
    if [value for key, value in pairs if key == "state"] != [attempt.state.reveal()]:
        yield from _stray(judge, callback, [key for key, _ in pairs])
        return None
    yield from judge.tell(checks_callback.place(attempt.redirect_uri, callback, pairs))
    return (yield from _ours(judge, attempt, pairs, dict(pairs)))


def _bare(
    judge: Judge, attempt: Attempt, code: str, *, sent: bool
) -> Protocol[AuthorizationCode | None]:
    """Take what may be a code at its second paste only; the run then has checked less."""
    if not sent:
        message = (
            "That is no address. If it is a bare code, paste it once more to send it, with "
            "state and issuer unchecked."
        )
        yield from judge.slip("authz-paste", seen="a bare code, perhaps", message=message)
        return None
    message = "A bare code was pasted: its state and issuer could not be checked."
    yield from judge.note("authz-paste", seen="a bare code", message=message)
    return AuthorizationCode(attempt, Secret(code))


def _stray(judge: Judge, callback: Callback, names: list[str]) -> Protocol[None]:
    """Tell of an answer that is not ours; it must not end a login, not even a strict one (B3).

    What was followed comes from the authorization server itself, and nothing better will: a stop.
    """
    followed, states = callback.source == "follow", names.count("state")
    if not names:
        if followed:
            judge.stop("authz-empty", seen="the redirect has no query")
        # A fragment never reaches a server: this may be all that is seen of one.
        yield from judge.note("authz-empty", seen="a callback without any parameter")
        return
    seen = f"{f'{states} × state, not ours' if states else 'no state'}; {_listed(names)}"
    if followed:
        message = "The redirect carries another state than was sent."
        judge.stop("authz-state", seen=seen, message=message)
    if callback.source == "paste":
        yield from judge.slip("authz-state", seen=seen, message=pastes.STALE, next=pastes.THEN)
    else:
        yield from judge.note("authz-state", seen=seen, level=Level.WARNING)


def _ours(
    judge: Judge, attempt: Attempt, pairs: list[tuple[str, str]], values: Mapping[str, str]
) -> Protocol[AuthorizationCode]:
    names = [key for key, _ in pairs]
    known = ("code", "iss", "error", "error_description", "error_uri")
    yield from _issuer(judge, attempt, values, names.count("iss"))
    if twice := [name for name in known if names.count(name) > 1]:
        judge.stop("authz-dup-param", seen=", ".join(twice), exit=4)
    if "access_token" in values or "id_token" in values:
        judge.stop("authz-token-in-url", seen="a token in the callback")
    if "error" in values and "code" in values:
        judge.stop("authz-code-and-error", seen="both code and error")
    yield from judge.keep("authz-dup-param")
    if "error" in values:
        yield from judge.tell(checks_callback.error(values))
        errors.stop(judge, attempt, values)
    code = values.get("code", "")
    if not code:
        judge.stop("authz-empty", seen=_listed(names))
    yield from judge.keep("authz-state", seen="the state is ours")
    return AuthorizationCode(attempt, Secret(code))


def _issuer(
    judge: Judge, attempt: Attempt, values: Mapping[str, str], times: int
) -> Protocol[None]:
    """Apply the table of B4 without any normalisation (B5), before anything else is read (B6).

    Where ``iss`` is missing nothing says that somebody else answered: an error that came is told
    beside the refusal, as not verified.
    """
    iss, error = values.get("iss"), "error" in values
    if times > 1:
        judge.stop("authz-dup-param", seen="iss", exit=4)
    if iss is None:
        if attempt.iss_promised:
            unverified = errors.words_of(values) if error else ""
            carried = f"; not verified, it carried error={unverified}" if error else ""
            yield from judge.refuse(
                "authz-iss-absent",
                seen=f"no iss{carried}",
                expected=f"iss={attempt.issuer}",
                message=errors.unverified(values),
                meanwhile=errors.FEWER if values.get("error") == "invalid_scope" else "",
            )
        elif error and judge.stateless:
            yield from judge.note("authz-iss-error-absent")
        return
    if iss != attempt.issuer:
        # B6: nothing else of this response may be shown.
        slash = iss.rstrip("/") == attempt.issuer.rstrip("/")
        yield from judge.refuse(
            "authz-iss-differs",
            message=_SLASH if slash else "",
            next=_AS_PUBLISHED if slash else "",
            seen=f"iss={iss}",
            expected=f"iss={attempt.issuer}",
            meanwhile=_way_by_issuer(judge, attempt, iss),
        )
        return
    yield from judge.keep("authz-iss-differs", seen=iss)
    promise = Check("authz-iss-unpromised", not attempt.iss_promised, iss, "iss")
    yield from judge.tell([promise])


def _way_by_issuer(judge: Judge, attempt: Attempt, iss: str) -> str:
    """Name the option where nobody named the issuer: then it is a guess of ours that differs."""
    config = judge.config
    guess = config.issuer is None and attempt.issuer == by_hand.guessed_issuer(config)
    return f"If {iss} is the issuer of these endpoints: --issuer {iss}." if guess else ""


def read(callback: Callback) -> tuple[str, bool]:
    """Return the query of a callback or paste, and whether it is a bare code."""
    if callback.source != "paste":
        return callback.query, False
    text = "".join(callback.pasted.split()).strip("\"'<>")
    if _ADDRESS.match(text):
        # Cut by hand: `urlsplit` refuses some of what a person may paste. An answer in the
        # fragment is read too: the person has it before them anyway.
        address, _, fragment = text.partition("#")
        return address.partition("?")[2] or fragment, False
    text = text.lstrip("?#")
    if "=" in text or _HOST.match(text):
        return text.partition("?")[2] or text, False
    plausible = len(callback.pasted.split()) == 1 and 8 <= len(text) <= 2048
    return text, plausible and text.isascii() and text.isprintable()
