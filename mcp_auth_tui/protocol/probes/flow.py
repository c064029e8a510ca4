"""Knows a run that probes: a sign-in of its own, every probe, and the clean-up; no probe itself."""

from __future__ import annotations

from dataclasses import replace

from mcp_auth_tui.model import Outcome, Remark, Stage
from mcp_auth_tui.model.oauth import Contact, Known, Peer
from mcp_auth_tui.protocol.actions import FlowStop, Protocol
from mcp_auth_tui.protocol.authorization_run import AuthorizationRun, authorized
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.contact import probe
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.probes import suite
from mcp_auth_tui.protocol.probes.target import Target
from mcp_auth_tui.records import dataclass

REQUESTS = 300
"""The most requests of one such run: it has some 120, and more where sign-ins are followed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How far the probes may go."""

    sign_ins: int = 10
    """How many times a person may be asked to sign in, after the first."""
    destructive: bool = False
    """Whether codes and tokens of the probes are used in ways that should end their grant."""
    privileged: str = ""
    """A tool that needs more than the least scope."""


def run(
    plan: Plan, config: Config, known: Known | None = None, start: Stage = Stage.PROBE
) -> Protocol[Outcome]:
    """Sign in with a client registered for this, try every probe, and end what was issued.

    Where the sign-in fails, what can be tried without a token is tried all the same, and then the
    run ends as it failed: raises `FlowStop`. Returns `Outcome.PROBED`, or `Outcome.OPEN`. The
    arguments after ``config`` are those of `flow.run` and are not used: nothing of an earlier run
    is taken over.
    """
    config = replace(config, register=True, recall_clients=False, refresh=False, call=None)
    judge = Judge(config, Stage.PROBE)
    contact, opened = yield from probe(judge)
    if opened is not None and not config.force:
        return Outcome.OPEN
    judge = replace(judge, revision=contact.revision).asking(contact.url)
    authorization, stopped = AuthorizationRun(judge, contact), None
    try:
        yield from authorized(authorization, Known(), Stage.PROBE)
    except FlowStop as stop:
        stopped = stop
    target = Target(
        replace(authorization.judge, stage=Stage.VERIFY),
        _known(contact, authorization.peer),
        authorization.resource,
        authorization.server,
        authorization.client,
        authorization.token if stopped is None else None,
        authorization.dpop,
        plan.sign_ins if stopped is None else 0,
        plan.destructive,
        plan.privileged,
    )
    yield from suite.run(target)
    for what in (yield from suite.clean(target)):
        yield Remark(f"Left on the server: {what}.")
    if stopped is not None:
        raise stopped
    return Outcome.PROBED


def _known(contact: Contact, peer: Peer | None) -> Contact:
    """Return the first contact with the era that the server showed with the token."""
    if peer is None or not peer.era:
        return contact
    refused = contact.refused
    if peer.era == "initialize" and refused == "server/discover":
        # It was refused before the server said which era it is of.
        refused = "initialize"
    return replace(contact, era=peer.era, revision=peer.revision, refused=refused)
