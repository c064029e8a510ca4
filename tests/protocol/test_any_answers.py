"""The whole flow as a machine: at each request rules choose what is answered, honest or not.

Whatever they choose, the run ends within its limits, with one verdict that is known, and no
secret in what is told of it.
"""

from __future__ import annotations

import json as jsonlib
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.model import Ended, Exchanged, Failure, Outcome, Response, Session, Stage, Started
from mcp_auth_tui.protocol import actions, flow
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.render.document import document, dumped
from tests.findings.old_transport import Sse
from tests.findings.site import EPOCH, LATE, Site, stray
from tests.protocol.script import MCP, Script, made_exchange, raw

MOST = 150
"""Requests: the run itself is cut at 60 (`run.budget`), the flow has limits of its own."""
ODD: tuple[Any, ...] = (
    None,
    True,
    -1,
    1e300,
    "",
    "x",
    "http://[",
    "\x1b[31m",
    [],
    [None],
    {},
    ["x"],
)
FAILURES = ("net-connect", "net-timeout", "net-tls", "net-oversize", "net-dns")
CHALLENGES = (
    "",
    "Bearer",
    'Bearer error="invalid_token"',
    'Bearer error="insufficient_scope", scope="a b"',
    'DPoP error="use_dpop_nonce"',
    "Basic realm=x",
    'Bearer resource_metadata="http://169.254.169.254/"',
)


class NoOldTransport(Site):
    """A site whose MCP server refuses to be read from (HTTP+SSE of 2024-11-05)."""

    def _performed(self, action: Any) -> Any:
        if isinstance(action, actions.Open):
            self.sent.append(action.request)
            return made_exchange(action.request, raw(405), len(self.sent))
        if isinstance(action, actions.Read):
            return Failure("net-slow", "nothing came")
        return None if isinstance(action, actions.Close) else super()._performed(action)


def asks(kind: type[Any]) -> Any:
    return precondition(lambda machine: isinstance(machine.script.action, kind))


class AnyAnswers(RuleBasedStateMachine):
    """One run; each rule answers what is pending."""

    @initialize(
        era=st.sampled_from(["initialize", "stateless", "old transport"]),
        spec=st.sampled_from(["auto", "2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28"]),
    )
    def begins(self, era: str, spec: str) -> None:
        self.world = Sse() if era == "old transport" else NoOldTransport(era=era)
        self.script = Script(flow.run(Config(url=MCP, spec=spec), None, Stage.PROBE))
        self.crossed: list[Exchanged] = []

    def answers(self, page: Any) -> None:
        exchange = made_exchange(self.script.action.request, page, len(self.crossed) + 1)
        self.crossed.append(Exchanged(exchange))
        self.script.reply(exchange)

    def honest(self) -> Any:
        return self.world.perform(self.script.action).result

    @asks(actions.Send)
    @rule()
    def is_answered_honestly(self) -> None:
        self.answers(self.honest())

    @asks(actions.Send)
    @rule(name=st.integers(0, 30), value=st.sampled_from(ODD), gone=st.booleans())
    def is_answered_with_an_odd_member(self, name: int, value: Any, gone: bool) -> None:
        page = self.honest()
        try:
            members = jsonlib.loads(page.body)
        except ValueError:
            members = None
        if isinstance(members, dict) and members:
            chosen = sorted(members)[name % len(members)]
            members.pop(chosen)
            body = jsonlib.dumps(members if gone else {**members, chosen: value})
            page = Response(page.status, page.headers, body.encode())
        self.answers(page)

    @asks(actions.Send)
    @rule(
        status=st.sampled_from([200, 204, 301, 302, 400, 401, 403, 404, 405, 429, 500, 503]),
        body=st.sampled_from([b"", b"{", b"<html>", b"null", b'{"error":"x"}', b"data: 1\n\n"]),
        kind=st.sampled_from(["application/json", "text/html", "text/event-stream", ""]),
        challenge=st.sampled_from(CHALLENGES),
    )
    def is_refused(self, status: int, body: bytes, kind: str, challenge: str) -> None:
        fields = (("content-type", kind), ("www-authenticate", challenge), ("location", "/x"))
        self.answers(raw(status, body, *fields))

    @asks(actions.Send)
    @rule(kind=st.sampled_from(FAILURES))
    def is_never_answered(self, kind: str) -> None:
        self.answers(Failure(kind, "no answer"))

    @asks(actions.Await)
    @rule(query=st.sampled_from(["", "code=x&state=other", "error=access_denied", "%ff", "code=x"]))
    def hears_a_stranger(self, query: str) -> None:
        self.script.reply(stray(query))

    @asks(actions.Await)
    @rule()
    def hears_nobody(self) -> None:
        self.script.reply(LATE)

    @precondition(lambda machine: machine.script.action is not None)
    @precondition(lambda machine: not isinstance(machine.script.action, actions.Send))
    @rule()
    def goes_on(self) -> None:
        self.script.reply(self.world.perform(self.script.action))

    @precondition(lambda machine: machine.script.action is None)
    @rule()
    def is_over(self) -> None:
        assert (self.script.stop is None) is (self.script.result in (Outcome.OK, Outcome.OPEN))

    @invariant()
    def stays_within_its_limits(self) -> None:
        assert len(getattr(self, "crossed", ())) <= MOST

    def teardown(self) -> None:
        if not hasattr(self, "script"):
            return
        while self.script.action is not None:
            sends = isinstance(self.script.action, actions.Send)
            (self.is_answered_honestly if sends else self.goes_on)()
            self.stays_within_its_limits()
        self.is_over()
        assert {finding.id for finding in self.script.findings} <= set(CATALOGUE)
        session = Session().apply(Started(MCP, EPOCH))
        for event in (*self.crossed, *self.script.notes):
            session = session.apply(event)
        stop = self.script.stop
        outcome = self.script.result if stop is None else Outcome.FAILED
        session = session.apply(Ended(outcome, EPOCH + 1, stop, 0 if stop is None else stop.exit))
        told = dumped({**document(session), "headers": None})
        assert [token for token in self.world.tokens if len(token) > 8 and token in told] == []


AnyAnswers.TestCase.settings = settings(max_examples=60, stateful_step_count=40)
TestAnyAnswers = AnyAnswers.TestCase
