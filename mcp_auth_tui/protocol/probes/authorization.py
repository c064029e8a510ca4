"""Knows what the authorization endpoint must refuse before anybody signs in (SPEC 5).

Each request is made as a browser would make it, without one: nothing is followed, no page is
answered. What a server would say only after a sign-in stays undecided.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from mcp_auth_tui.model import Exchange, Field, Level, Secret, Stage
from mcp_auth_tui.model.oauth import Attempt
from mcp_auth_tui.protocol.actions import Protocol, RandomOctets
from mcp_auth_tui.protocol.authorization import pages
from mcp_auth_tui.protocol.authorization.follow import cookie_fields, keep_cookies
from mcp_auth_tui.protocol.authorization.request import prepare, url_of
from mcp_auth_tui.protocol.authorization.scope import Scope
from mcp_auth_tui.protocol.probes.target import Target, quiet, status_of
from mcp_auth_tui.protocol.probes.trial import Trial
from mcp_auth_tui.protocol.urls import join, origin_text

_REASON = "a probe"
_NOBODY = "probe-unknown-client"
_STRANGER = "https://probe.example/callback"
_OTHERS = frozenset(
    (
        "access_denied",
        "account_selection_required",
        "consent_required",
        "interaction_required",
        "login_required",
        "server_error",
        "temporarily_unavailable",
    )
)
"""Errors that are about something else than what a probe got wrong."""
_REDIRECTS = (301, 302, 303, 307, 308)
_PAGE = "a page, before it says more"


def prepared(
    target: Target,
    changes: Mapping[str, str | None] | None = None,
    extra: Iterable[tuple[str, str]] = (),
) -> Protocol[Attempt]:
    """Return an authorization request as a run would make it, with some parameters changed.

    A parameter whose value is None is left out; ``extra`` ones come last, repeated or not. Raises
    `Unable` where the code flow is not used.
    """
    server, client, resource = target.need_code_flow()
    judge = replace(target.judge, config=replace(target.config, strict=False, params=()))
    scope = Scope((target.token.scope_asked if target.token else target.config.scope), _REASON)
    making = prepare(judge.at(Stage.AUTHORIZE), server, client, resource, scope, 1)
    attempt = yield from quiet(making)
    changed = dict(changes or {})
    fields = [item for item in attempt.fields if item.name not in changed]
    fields += [Field(key, value, _REASON) for key, value in changed.items() if value is not None]
    fields += [Field(key, value, _REASON) for key, value in extra]
    sent = {item.name: item.raw for item in fields}
    return replace(
        attempt,
        url=url_of(server.authorization_endpoint, fields),
        fields=tuple(fields),
        client_id=sent.get("client_id", ""),
        redirect_uri=sent.get("redirect_uri", client.redirect_uri),
        scope=sent.get("scope"),
        resource=sent.get("resource"),
        state=Secret(sent.get("state", "")),
    )


def ask(target: Target, attempt: Attempt, what: str) -> Protocol[Exchange]:
    """Ask the authorization endpoint once, as a browser would, and follow nothing."""
    request = pages.request(target.judge.at(Stage.AUTHORIZE), attempt.url, f"probe: {what}")
    return (yield from target.send(request))


def answer_to(attempt: Attempt, exchange: Exchange) -> dict[str, str] | None:
    """Return the parameters with which the browser is sent back, or None where it is not."""
    response = exchange.response
    if response is None or response.status not in _REDIRECTS:
        return None
    place = join(attempt.url, response.header("location") or "")
    address, _, query = place.partition("#")[0].partition("?")
    if address != attempt.redirect_uri.partition("?")[0]:
        return None
    return dict(parse_qsl(query, keep_blank_values=True))


def _refusal(attempt: Attempt, exchange: Exchange, what: str) -> Trial | None:
    """Return what an answer shows that is none of a redirect back; None where it is one."""
    if exchange.response is None:
        return Trial(what, None, status_of(exchange), exchange.number)
    if answer_to(attempt, exchange) is not None:
        return None
    if 400 <= exchange.status < 500:
        return Trial(what, True, f"{status_of(exchange)}, a page", exchange.number)
    return Trial(what, None, f"{status_of(exchange)}, {_PAGE}", exchange.number)


def refused_back(target: Target, attempt: Attempt, what: str) -> Protocol[Trial]:
    """Judge a request that has to end in an error, on a page or by a redirect back.

    A code in the redirect breaks the rule; a page that wants a person leaves it open.
    """
    return (yield from asked(target, attempt, what))[0]


def asked(target: Target, attempt: Attempt, what: str) -> Protocol[tuple[Trial, Secret | None]]:
    """Do as `refused_back`; returns the code too, where one came at once."""
    exchange = yield from ask(target, attempt, what)
    trial = _refusal(attempt, exchange, what)
    if trial is not None:
        return trial, None
    values = answer_to(attempt, exchange) or {}
    if "code" in values:
        seen = "a code was issued"
        return Trial(what, False, seen, exchange.number), Secret(values["code"])
    return error_of(values, what, exchange.number), None


def error_of(values: Mapping[str, str], what: str, exchange: int | None) -> Trial:
    """Judge an error that came back: some say only that this person or this moment was wrong."""
    kept = "error" in values and (values["error"] not in _OTHERS or None)
    return Trial(what, kept, _told(values), exchange)


def _told(values: Mapping[str, str]) -> str:
    return f"error={values['error']}" if "error" in values else "neither code nor error"


def redirect_unregistered(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Ask to be sent to addresses that are like the registered one, but not it."""
    _, client, _ = target.need_code_flow()
    trials = []
    for what, address in _variants(client.redirect_uri):
        attempt = yield from prepared(target, {"redirect_uri": address})
        exchange = yield from ask(target, attempt, f"redirect address with {what}")
        trial = _refusal(attempt, exchange, what)
        if trial is None:
            same = urlsplit(address).hostname == urlsplit(client.redirect_uri).hostname
            trial = Trial(
                what,
                False,
                f"{status_of(exchange)} to {address}",
                exchange.number,
                Level.WARNING if same else None,
            )
        trials.append(trial)
    return tuple(trials)


def _variants(registered: str) -> list[tuple[str, str]]:
    parts = urlsplit(registered)
    path = parts.path or "/"
    variants = [
        ("another path", urlunsplit(parts._replace(path=f"{path}-other"))),
        ("another host", _STRANGER),
        ("a query", urlunsplit(parts._replace(query="probe=1"))),
        ("user information", urlunsplit(parts._replace(netloc=f"probe@{parts.netloc}"))),
    ]
    if parts.hostname == "127.0.0.1":
        netloc = parts.netloc.replace("127.0.0.1", "localhost", 1)
        variants.append(("localhost for 127.0.0.1", urlunsplit(parts._replace(netloc=netloc))))
    return variants


def client_unknown(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Ask as a client that was never registered: a page has to say so, and nobody is sent on."""
    octets: bytes = yield RandomOctets(8)
    attempt = yield from prepared(target, {"client_id": f"{_NOBODY}-{octets.hex()}"})
    what = "an unknown client_id"
    exchange = yield from ask(target, attempt, what)
    trial = _refusal(attempt, exchange, what)
    seen = f"{status_of(exchange)}, sent on to the redirect address"
    return (trial or Trial(what, False, seen, exchange.number),)


def errors(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Make mistakes that a server has to send back with an error, the state and the issuer."""
    trials: list[Trial] = []
    for what, changes in (
        ("no response_type", {"response_type": None}),
        ("an unknown response_type", {"response_type": "probe"}),
    ):
        attempt = yield from prepared(target, changes)
        trials.append((yield from _error(target, attempt, what)))
    return tuple(trials)


def _error(target: Target, attempt: Attempt, what: str) -> Protocol[Trial]:
    exchange = yield from ask(target, attempt, what)
    trial = _refusal(attempt, exchange, what)
    if trial is not None:
        if trial.kept:
            # A page is no answer to the client, though nobody is harmed by it.
            return replace(
                trial, kept=False, seen=f"{trial.seen}: no redirect", level=Level.WARNING
            )
        return trial
    values = answer_to(attempt, exchange) or {}
    if "code" in values:
        return Trial(what, False, "a code was issued", exchange.number)
    faults = [] if "error" in values else ["no error"]
    if values.get("state") != attempt.state.reveal():
        faults.append("another state" if "state" in values else "no state")
    if attempt.iss_promised and values.get("iss") != attempt.issuer:
        faults.append("another iss" if "iss" in values else "no iss")
    seen = f"{_told(values)}{', ' if faults else ''}{', '.join(faults)}"
    return Trial(what, not faults, seen, exchange.number, Level.WARNING if faults else None)


def duplicates(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Repeat a parameter (an error) and add an unknown one (to be ignored)."""
    attempt = yield from prepared(target, extra=[("scope", "probe")])
    if sum(item.name == "scope" for item in attempt.fields) < 2:
        attempt = yield from prepared(target, extra=[("scope", "probe"), ("scope", "probe")])
    repeated = yield from refused_back(target, attempt, "scope twice")
    if repeated.kept is None:
        # It went on to its page, where one that refuses would have said no.
        repeated = replace(repeated, seen=f"{repeated.seen}; not refused at once")
    trials = [replace(repeated, level=Level.WARNING) if repeated.kept is False else repeated]
    attempt = yield from prepared(target, extra=[("probe_unknown", "1")])
    what = "an unknown parameter"
    exchange = yield from ask(target, attempt, what)
    values = answer_to(attempt, exchange)
    error = (values or {}).get("error")
    broken = (error is not None and error not in _OTHERS) or 400 <= exchange.status < 500
    seen = _told(values) if values is not None and "error" in values else status_of(exchange)
    unclear = exchange.response is None or exchange.status >= 500 or error in _OTHERS
    kept = None if unclear else not broken
    trials.append(Trial(what, kept, seen, exchange.number, Level.WARNING if broken else None))
    return tuple(trials)


def resource_bad(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Ask for a resource that is no absolute URI, or has a fragment: ``invalid_target``."""
    _, _, resource = target.need_code_flow()
    trials = []
    for what, value in (
        ("a relative resource", "/mcp"),
        ("a resource with a fragment", f"{resource.identifier}#probe"),
    ):
        attempt = yield from prepared(target, {"resource": value})
        trial = yield from refused_back(target, attempt, what)
        trials.append(replace(trial, level=Level.WARNING) if trial.kept is False else trial)
    return tuple(trials)


def page_headers(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Look whether the page of the authorization endpoint can be framed, or read by other sites."""
    attempt = yield from prepared(target)
    exchange = yield from ask(target, attempt, "the page as a browser gets it")
    response, what = exchange.response, "the page"
    place = (response.header("location") or "") if response is not None else ""
    if exchange.status in _REDIRECTS and answer_to(attempt, exchange) is None:
        # A login page of the same server is what a person sees.
        url = join(attempt.url, place)
        if origin_text(url) == origin_text(attempt.url):
            cookies: dict[str, dict[str, str]] = {}
            set_cookies = response.all("set-cookie") if response is not None else ()
            keep_cookies(cookies, attempt.url, set_cookies)
            judge, what_for = target.judge.at(Stage.AUTHORIZE), "probe: its login page"
            request = pages.request(judge, url, what_for, cookie_fields(cookies, url))
            exchange = yield from target.send(request)
            response = exchange.response
    if response is None or response.status != 200:
        return (Trial(what, None, f"{status_of(exchange)}, no page", exchange.number),)
    policy = " ".join(response.all("content-security-policy")).lower()
    frames = response.header("x-frame-options") or (
        "frame-ancestors" if "frame-ancestors" in policy else ""
    )
    allowed = response.header("access-control-allow-origin")
    trials = [Trial("frames", bool(frames), frames or "nothing forbids them", exchange.number)]
    trials.append(
        Trial(
            "other sites",
            allowed is None,
            f"Access-Control-Allow-Origin: {allowed}" if allowed else "no CORS",
            exchange.number,
        )
    )
    return tuple(trials)
