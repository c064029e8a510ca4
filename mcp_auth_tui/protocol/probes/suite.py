"""Knows which probes there are, their order and what is cleaned up after them; tries none itself.

Those that need nobody come first, then those that ask a person to sign in, and last what ends a
grant of the probes' own (†).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from mcp_auth_tui.model import Finding, Level, Session, Stage
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.discovery import misplaced
from mcp_auth_tui.protocol.probes import (
    access,
    authorization,
    codes,
    dpop,
    registration,
    tokens,
)
from mcp_auth_tui.protocol.probes.target import Target, Unable, quiet
from mcp_auth_tui.protocol.probes.trial import Trial, untried, verdict
from mcp_auth_tui.protocol.tokens import management
from mcp_auth_tui.records import dataclass

Try = Callable[[Target], Protocol[tuple[Trial, ...]]]
Several = Callable[[Target], Protocol[Mapping[str, tuple[Trial, ...]]]]
_ENDS = "not tried: it ends a grant (--destructive)"


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe: its id in the catalogue, the stage it is about, and how it is tried."""

    id: str
    stage: Stage
    attempt: Try
    destructive: bool = False
    """Whether it is tried only where that was asked for by itself."""


def locations(target: Target) -> Protocol[tuple[Trial, ...]]:
    """Ask every place where people put metadata, and compare what stands there."""
    session = Session(
        url=target.config.url,
        contact=target.contact,
        resource=target.resource,
        server=target.server,
    )
    judge = replace(target.judge, stage=Stage.RESOURCE)
    scanning, found, reply = misplaced.scan(judge, session), list[Finding](), None
    while True:
        try:
            item = scanning.send(reply)
        except StopIteration as done:
            checks = done.value
            break
        reply = None
        if isinstance(item, Finding):
            found.append(item)
            yield item
        else:
            reply = yield item
    what = f"{len(checks)} places"
    wrong = [item for item in found if item.level.rank <= Level.WARNING.rank]
    if not wrong:
        return (Trial(what, True, "no document differs, and none is misplaced"),)
    seen = ", ".join(dict.fromkeys(item.id for item in wrong))
    return (Trial(what, False, seen, wrong[0].exchange),)


ALONE: tuple[Probe, ...] = (
    Probe("probe-no-token", Stage.PROBE, access.no_token),
    Probe("probe-garbage", Stage.VERIFY, access.garbage),
    Probe("probe-alg-none", Stage.VERIFY, access.alg_none),
    Probe("probe-query-token", Stage.VERIFY, access.query_token),
    Probe("probe-two-methods", Stage.VERIFY, access.two_methods),
    Probe("probe-scheme-case", Stage.VERIFY, access.scheme_case),
    Probe("probe-id-token", Stage.VERIFY, access.id_token),
    Probe("probe-refresh-as-access", Stage.VERIFY, access.refresh_as_access),
    Probe("probe-origin", Stage.VERIFY, access.origin),
    Probe("probe-session", Stage.VERIFY, access.session),
    Probe("probe-dpop", Stage.VERIFY, dpop.proofs),
    Probe("probe-http-port", Stage.PROBE, access.http_port),
    Probe("probe-locations", Stage.RESOURCE, locations),
    Probe("probe-dcr-redirects", Stage.REGISTER, registration.redirects),
    Probe("probe-cimd", Stage.REGISTER, registration.metadata_document),
    Probe("probe-client-unknown", Stage.AUTHORIZE, authorization.client_unknown),
    Probe("probe-redirect-unregistered", Stage.AUTHORIZE, authorization.redirect_unregistered),
    Probe("probe-authz-errors", Stage.AUTHORIZE, authorization.errors),
    Probe("probe-dup-unknown", Stage.AUTHORIZE, authorization.duplicates),
    Probe("probe-resource-bad", Stage.AUTHORIZE, authorization.resource_bad),
    Probe("probe-authz-headers", Stage.AUTHORIZE, authorization.page_headers),
    Probe("probe-token-method", Stage.TOKEN, tokens.method),
    Probe("probe-client-auth", Stage.TOKEN, tokens.client_auth),
    Probe("probe-assertion-aud", Stage.TOKEN, tokens.assertion_aud),
)
"""Those for which nobody has to sign in once more."""
SIGNED_IN: tuple[Probe, ...] = (
    Probe("probe-audience", Stage.VERIFY, codes.audience),
    Probe("probe-pkce-downgrade", Stage.AUTHORIZE, codes.pkce_downgrade),
    Probe("probe-pkce-plain", Stage.AUTHORIZE, codes.pkce_plain),
    Probe("probe-state-echo", Stage.AUTHORIZE, codes.state_echo),
    Probe("probe-loopback-port", Stage.AUTHORIZE, codes.loopback_port),
    Probe("probe-silent-consent", Stage.AUTHORIZE, codes.silent_consent),
    Probe("probe-scope", Stage.VERIFY, codes.scope),
)
"""Those for which a person signs in again, after `codes.attacks`."""
LAST: tuple[Probe, ...] = (
    Probe("probe-refresh-bind", Stage.TOKEN, tokens.refresh_bind),
    Probe("probe-revoke", Stage.TOKEN, tokens.revoke),
    Probe("probe-refresh-reuse", Stage.TOKEN, tokens.refresh_reuse),
    Probe("probe-code-replay", Stage.TOKEN, codes.replay, destructive=True),
    Probe("probe-idjag-replay", Stage.TOKEN, tokens.idjag_replay, destructive=True),
)
"""Those that end what was issued; what they do before that is tried in any case."""
IDS = (
    *(probe.id for probe in ALONE),
    *codes.ATTACKED,
    *(probe.id for probe in (*SIGNED_IN, *LAST)),
)


def run(target: Target) -> Protocol[None]:
    """Try every probe: one finding each, whether it failed, passed or stays undecided."""
    for probe in ALONE:
        yield from _tried(target, probe)
    try:
        trials = yield from codes.attacks(target)
    except Unable as unable:
        trials = dict.fromkeys(codes.ATTACKED, untried(str(unable)))
    for id in codes.ATTACKED:
        yield _finding(target, id, Stage.TOKEN, trials[id])
    for probe in (*SIGNED_IN, *LAST):
        yield from _tried(target, probe)


def _tried(target: Target, probe: Probe) -> Protocol[None]:
    trials: Sequence[Trial] = untried(_ENDS)
    if target.destructive or not probe.destructive:
        try:
            trials = yield from probe.attempt(target)
        except Unable as unable:
            trials = untried(str(unable))
    yield _finding(target, probe.id, probe.stage, trials)


def _finding(target: Target, id: str, stage: Stage, trials: Sequence[Trial]) -> Finding:
    return verdict(id, stage, target.judge.rules, trials)


def clean(target: Target) -> Protocol[tuple[str, ...]]:
    """End what was issued and registered for the probes; returns what could not be ended."""
    remaining: list[str] = []
    if target.server is None or target.client is None:
        return ()
    offered = management.endpoint_of(target.server, "revocation_endpoint")
    held = [*target.issued, *([target.token] if target.token is not None else [])]
    for token in held if offered else ():
        for hint, value in (("refresh_token", token.refresh), ("access_token", token.access)):
            if value is not None:
                ending = management.revoke(target.asker(), value, hint)
                yield from _attempted(ending)
    if held and not offered:
        remaining.append(f"{len(held)} tokens: the server offers no revocation")
    clients = [*target.clients, *([target.client] if target.client.how == "dynamic" else [])]
    for client in clients:
        reason = yield from _attempted(
            management.delete_client(replace(target.judge, stage=Stage.REGISTER), client)
        )
        if reason:
            remaining.append(f"the client {client.id}: {reason}")
    return tuple(remaining)


def _attempted(ending: Protocol[str]) -> Protocol[str]:
    try:
        return (yield from quiet(ending))
    except Unable as unable:
        return str(unable)
