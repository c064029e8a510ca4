"""What a refusal by the MCP server means (C1-C6, S1, S2)."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_auth_tui.model import Kind, Request, Stage
from mcp_auth_tui.model.oauth import Contact
from mcp_auth_tui.protocol import actions
from mcp_auth_tui.protocol.mcp import fresh_refusal, verify
from mcp_auth_tui.protocol.mcp.first_contact import first_contact
from tests.protocol.script import (
    MCP,
    PRM,
    Page,
    Script,
    challenged,
    contact,
    judge,
    made_exchange,
    raw,
    token,
)

COMPLETE = f'Bearer resource_metadata="{PRM}", scope="a"'


def contacting(page: Page, **settings: Any) -> Script:
    script = Script(first_contact(judge(spec="2026-07-28", **settings)))
    script.reply(made_exchange(script.wants(actions.Send).request, page))
    return script


def verifying(page: Page, number: int = 1, **held: Any) -> Script:
    at = judge(Stage.VERIFY, spec="2026-07-28")
    script = Script(verify.verify(at, token(**held), contact(), number))
    script.reply(made_exchange(script.wants(actions.Send).request, page))
    return script


@pytest.mark.parametrize(
    ("fields", "broken"),
    [
        ((COMPLETE,), []),
        ((), ["rs-401-no-challenge"]),
        (("Bearer",), ["rs-challenge-bare"]),
        (('Basic realm="x"',), ["rs-challenge-scheme"]),
        (('Bearer realm="x"',), ["rs-challenge-no-prm"]),
        ((f'{COMPLETE}, scope="b"',), ["rs-challenge-dup-param"]),
        ((f"Bearer resource_metadata={PRM}, scope=a",), ["rs-challenge-syntax"]),
        ((f'Bearer resource_metadata="{PRM}", scope="a  b"',), ["rs-challenge-charset"]),
        ((f'{COMPLETE}, error="invalid_token"',), ["rs-challenge-error-early"]),
        ((f'{COMPLETE.replace("Bearer", "DPoP")}, algs="ES256"',), []),
        ((COMPLETE.replace("Bearer", "DPoP"),), ["dpop-algs-param"]),
    ],
)
def test_a_401_always_starts_the_flow_and_its_challenge_is_judged(
    fields: tuple[str, ...], broken: list[str]
) -> None:
    """C1-C3, C6."""
    script = contacting(challenged(401, *fields))
    found, peer = script.returned()
    assert (found.status, found.refused, peer) == (401, "server/discover", None)
    reported = [id for id in script.broken if not id.startswith("rs-challenge-no-")]
    assert (script.broken if "rs-challenge-no-prm" in broken else reported) == broken


def test_a_403_starts_a_flow_only_for_insufficient_scope_C6() -> None:
    good = contacting(challenged(403, 'Bearer error="insufficient_scope", scope="a"'))
    assert good.returned()[0].status == 403
    for field in ("Bearer", 'Bearer error="invalid_token"'):
        assert contacting(challenged(403, field)).stopped().id == "rs-wrong-status"


def test_a_403_page_of_something_in_between_is_named_and_quoted_C6() -> None:
    page = raw(403, "<title>Access denied</title><p>Ray", ("content-type", "text/html"))
    stop = contacting(page).stopped()
    assert stop.id == "rs-wrong-status"
    assert stop.seen == "HTTP 403 without a token: a web page, “Access denied: Ray”"
    assert stop.message.startswith("A web page with HTTP 403")
    assert "bot protection" in stop.next
    assert "--force" in stop.meanwhile
    plain = contacting(raw(403, "no")).stopped()
    assert plain.seen == "HTTP 403 without a token: “no”"
    assert plain.next.startswith("Answer 401 with a WWW-Authenticate header")


def test_a_403_can_be_forced_C6() -> None:
    script = contacting(challenged(403), force=True)
    assert script.returned()[0].status == 403
    assert "rs-wrong-status" in script.broken


def test_an_http_url_off_loopback_is_refused() -> None:
    script = Script(first_contact(judge(url="http://mcp.example/mcp")))
    assert (script.stopped().id, script.stopped().exit) == ("rs-endpoint-http", 4)


STEP = f'Bearer error="insufficient_scope", scope="a c", resource_metadata="{PRM}"'


@pytest.mark.parametrize(
    ("params", "unseen"),
    [
        ((("scope", "a"),), True),
        ((("scope", "b"),), False),
        ((("scope", "a"), ("error", "invalid_token")), False),
    ],
)
def test_a_fresh_token_that_seems_not_to_have_come_says_so(
    params: tuple[tuple[str, str], ...], unseen: bool
) -> None:
    """A proxy that drops the Authorization field: the answer is that to a request without one."""
    first = contact(("scope", "a"))
    exchange = made_exchange(Request(Stage.VERIFY, "x", "POST", MCP, Kind.MCP), raw(401))
    with pytest.raises(actions.FlowStop) as ended:
        fresh_refusal.stop(judge(), token(), contact(*params), exchange, first)
    stop = ended.value.finding
    assert stop.id == "rs-fresh-token-refused"
    assert ("drops the Authorization header" in stop.next) is unseen


def test_a_fresh_token_that_was_asked_for_without_a_resource_says_so() -> None:
    exchange = made_exchange(Request(Stage.VERIFY, "x", "POST", MCP, Kind.MCP), raw(401))
    with pytest.raises(actions.FlowStop) as ended:
        fresh_refusal.stop(judge(), token(resource=None), contact(), exchange, contact())
    assert "--no-resource" in ended.value.finding.next


def test_a_403_for_scope_offers_a_step_up_S1() -> None:
    script = verifying(challenged(403, STEP), scope_asked="a b", scope_granted="a b")
    question = script.wants(actions.Ask).question
    assert (question.id, question.choices, question.default) == ("step_up", ("yes", "no"), "yes")
    assert "held: a b; needed: a c" in question.detail
    script.reply("yes")
    refused: Contact = script.returned().refused
    assert refused.param("scope") == "a c"


@pytest.mark.parametrize("answer", ["no", None])
def test_a_declined_step_up_ends_the_run_S1(answer: str | None) -> None:
    script = verifying(challenged(403, STEP))
    script.wants(actions.Ask)
    script.reply(answer)
    assert script.stopped().id == "rs-stepup-limit"


def test_after_three_authorizations_nothing_is_offered_S2() -> None:
    assert verifying(challenged(403, STEP), number=3).stopped().id == "rs-stepup-limit"


def test_a_scope_that_was_granted_already_is_not_asked_for_again_S2() -> None:
    script = verifying(challenged(403, STEP), scope_granted="a b c")
    assert script.stopped().id == "rs-stepup-limit"
    assert "rs-stepup-loop" in script.broken


def test_a_403_that_does_not_say_what_it_lacks_ends_the_run_S1() -> None:
    assert verifying(challenged(403)).stopped().id == "rs-403-no-challenge"


def test_what_was_asked_and_granted_is_what_is_held_S1() -> None:
    """SPEC 7, item 10."""
    made = token(scope_asked="a b", scope_granted="b c")
    assert verify.granted_scopes(made) == {"a", "b", "c"}
