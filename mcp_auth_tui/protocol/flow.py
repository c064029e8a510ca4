"""Knows the order of the stages, and reads like the sequence diagram; knows no rule itself.

What comes behind the first answer is loaded with it: the first request needs little, and leaves
as early as it can.
"""

from __future__ import annotations

from dataclasses import replace

from mcp_auth_tui.model import Outcome, Stage
from mcp_auth_tui.model.oauth import Known
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.contact import probe
from mcp_auth_tui.protocol.judge import Judge


def run(
    config: Config, known: Known | None = None, start: Stage = Stage.PROBE
) -> Protocol[Outcome]:
    """Run the flow from a stage on, with what is known of the stages before it.

    Returns `Outcome.OK` with a verified token, or `Outcome.OPEN`; raises `FlowStop`.
    """
    known = known or Known()
    judge = Judge(config, Stage.PROBE)
    if config.certificate_locked:
        from mcp_auth_tui.protocol.unlock import unlock

        yield from unlock(judge)
    contact, opened = known.contact, None
    if start is Stage.PROBE or contact is None:
        contact, opened = yield from probe(judge)
    else:
        contact = replace(contact, exchange=None)  # its number means another one in this run
    judge = replace(judge, revision=contact.revision).asking(contact.url)
    if opened is not None and not config.force:
        from mcp_auth_tui.protocol.discovery.resource import look_beside

        yield from look_beside(judge.at(Stage.RESOURCE))
        return Outcome.OPEN
    from mcp_auth_tui.protocol.authorization_run import AuthorizationRun, authorized

    return (yield from authorized(AuthorizationRun(judge, contact), known, start))
