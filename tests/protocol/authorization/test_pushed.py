"""Pushed authorization requests (SPEC Z9; RFC 9126)."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Field, Secret, Stage
from mcp_auth_tui.protocol import flow
from mcp_auth_tui.protocol.actions import Browse, Send
from mcp_auth_tui.protocol.authorization import pushed
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from tests.protocol.discovery.test_resource import JSON
from tests.protocol.script import (
    AS,
    MCP,
    OAUTH,
    Page,
    Script,
    World,
    attempt,
    client,
    form_of,
    header,
    json,
    judge,
    metadata,
    queries,
    raw,
    server,
)

URL = f"{AS}/par"
URN = "urn:ietf:params:oauth:request_uri:6esc_11ACC5bwc014ltc14eY22c"
FIELDS = (
    Field("response_type", "code"),
    Field("client_id", "client-1"),
    Field("state", Secret("the-state")),
    Field("resource", MCP),
)
ATTEMPT = attempt(fields=FIELDS)


def pushing(made: Any = None, offered: Any = URL) -> Script:
    told = server(pushed_authorization_request_endpoint=offered)
    asker = Endpoint(judge(Stage.AUTHORIZE), told, made or client())
    return Script(pushed.push(asker, ATTEMPT))


def test_the_whole_request_is_pushed_and_its_name_goes_to_the_browser_Z9() -> None:
    """Z9, Z6: what the answer is judged by stays as it was."""
    script = pushing()
    sent = script.sends("POST", URL, json(201, {"request_uri": URN, "expires_in": 60}))
    assert form_of(sent) == [
        ("response_type", "code"),
        ("state", "the-state"),
        ("resource", MCP),
        ("client_id", "client-1"),
    ]
    made = script.returned()
    assert queries(made.url) == {"client_id": ["client-1"], "request_uri": [URN]}
    assert made == replace(ATTEMPT, url=made.url)


def test_the_client_proves_itself_as_at_the_token_endpoint_Z9() -> None:
    """Z9, K2: RFC 9126 section 2."""
    made = client(auth_method="client_secret_basic", secret=Secret("s"))
    sent = pushing(made).sends("POST", URL, json(201, {"request_uri": URN}))
    assert (header(sent, "Authorization") or "").startswith("Basic ")
    assert "client_id" not in dict(form_of(sent))


@pytest.mark.parametrize(
    ("page", "id", "part"),
    [
        (json(400, {"error": "invalid_request"}), "authz-error", "invalid_request"),
        (json(200, {}), "authz-error", "request_uri: None"),
        (json(201, {"request_uri": 7}), "authz-error", "request_uri: 7"),
        (raw(413, "too large"), "authz-error", "413"),
        (raw(307, "", ("location", "https://x.example/")), "token-redirect", "x.example"),
        (raw(429, ""), "net-rate-limited", "HTTP 429"),
    ],
)
def test_an_answer_without_a_name_for_the_request_ends_the_run_Z9(
    page: Page, id: str, part: str
) -> None:
    script = pushing()
    script.sends("POST", URL, page)
    assert script.stopped().id == id
    assert part in script.stopped().seen


@pytest.mark.parametrize(
    ("offered", "id", "exit"),
    [
        (..., "as-par-required", 1),
        (7, "as-par-required", 1),
        ("http://as.example/par", "as-endpoint-scheme", 4),
        ("javascript:x", "as-endpoint-scheme", 4),
    ],
)
def test_without_a_place_that_may_be_asked_nothing_is_pushed_Z9(
    offered: Any, id: str, exit: int
) -> None:
    stop = pushing(offered=offered).stopped()
    assert (stop.id, stop.exit) == (id, exit)


def test_a_flow_pushes_where_the_server_demands_it_and_only_there_Z9() -> None:
    """Z9: and what the browser is sent to is the short address."""
    for demanded in (True, False):
        world = World(
            documents={
                OAUTH: metadata(
                    pushed_authorization_request_endpoint=URL,
                    require_pushed_authorization_requests=demanded,
                )
            }
        )
        script = Script(flow.run(Config(url=MCP, spec="2025-11-25")))
        pushes = 0
        while script.action is not None and not isinstance(script.action, Browse):
            if isinstance(script.action, Send) and script.action.request.url == URL:
                script.sends("POST", URL, json(201, {"request_uri": URN}))
                pushes += 1
            else:
                script.reply(world.perform(script.action))
        sent = queries(script.wants(Browse).attempt.url)
        assert (pushes, "request_uri" in sent, "code_challenge" in sent) == (
            int(demanded),
            demanded,
            not demanded,
        )


def test_a_server_that_wants_signed_requests_is_told_to_be_unsupported_Z9() -> None:
    world = World(documents={OAUTH: metadata(require_signed_request_object=True)})
    assert "as-jar-required" in world.run(spec="2025-11-25").broken


@given(st.dictionaries(st.sampled_from(["request_uri", "expires_in", "error"]), JSON), JSON)
def test_any_answer_names_a_request_or_ends_the_run_Z9(members: dict[str, Any], other: Any) -> None:
    for body in (members, other):
        script = pushing()
        script.sends("POST", URL, json(201, body))
        if script.stop is None:
            assert queries(script.returned().url)["request_uri"] == [body["request_uri"]]
