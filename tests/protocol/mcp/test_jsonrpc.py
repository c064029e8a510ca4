"""How MCP messages are written and read (T1, T2, U1)."""

from __future__ import annotations

import json as jsonlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Secret, Stage
from mcp_auth_tui.protocol.mcp import jsonrpc
from mcp_auth_tui.protocol.mcp.jsonrpc import Enough, RpcResponse
from tests.protocol.discovery.test_resource import JSON
from tests.protocol.script import (
    MCP,
    Page,
    body_of,
    headers_of,
    json,
    made_exchange,
    raw,
    token,
)

META = "io.modelcontextprotocol/"
SSE = ("content-type", "text/event-stream")


def stateless(method: str, params: Any = None, **changes: Any) -> Any:
    settings = {"id": 7, "token": token(), "version": "1.2", "purpose": "test", **changes}
    return jsonrpc.stateless(Stage.VERIFY, MCP, method, params or {}, **settings)


def stateful(method: str, params: Any = None, **changes: Any) -> Any:
    settings = {"id": 7, "token": token(), "purpose": "test", **changes}
    return jsonrpc.stateful(Stage.VERIFY, MCP, method, params or {}, **settings)


def test_only_what_changes_nothing_may_arrive_twice() -> None:
    """RFC 9110 §9.2.2: what a tool does is its own; who asks what there is changes nothing."""
    asking = ("server/discover", "initialize", "notifications/initialized", "tools/list")
    for build in (stateless, stateful):
        assert all(build(method).idempotent for method in asking)
        assert not build("tools/call", {"name": "x"}).idempotent


def test_a_stateless_request_is_this() -> None:
    """T2: version and method in headers, equal to the body; capabilities and name in _meta."""
    request = stateless("tools/list", {"cursor": "c"})
    assert (request.method, request.url) == ("POST", MCP)
    assert headers_of(request) == [
        ("Accept", "application/json, text/event-stream"),
        ("Content-Type", "application/json"),
        ("MCP-Protocol-Version", "2026-07-28"),
        ("Mcp-Method", "tools/list"),
        ("Authorization", "Bearer access-token-1"),
    ]
    assert body_of(request) == {
        "jsonrpc": "2.0",
        "id": 7,
        "method": "tools/list",
        "params": {
            "cursor": "c",
            "_meta": {
                f"{META}protocolVersion": "2026-07-28",
                f"{META}clientCapabilities": {},
                f"{META}clientInfo": {"name": "mcp-auth-tui", "version": "1.2"},
            },
        },
    }


@pytest.mark.parametrize(
    ("method", "params", "named"),
    [
        ("tools/call", {"name": "t"}, "t"),
        ("prompts/get", {"name": "p"}, "p"),
        ("resources/read", {"uri": "file:///x"}, "file:///x"),
        ("tools/call", {"name": "é"}, "=?base64?w6k=?="),
        ("tools/call", {"name": "a\r\nb"}, "=?base64?YQ0KYg==?="),
        ("tools/call", {"name": " a"}, "=?base64?IGE=?="),
        ("tools/call", {"name": "=?base64?x?="}, "=?base64?PT9iYXNlNjQ/eD89?="),
        ("tools/list", {}, None),
    ],
)
def test_what_is_called_is_named_in_a_header_T2(method: str, params: Any, named: Any) -> None:
    assert dict(headers_of(stateless(method, params))).get("Mcp-Name") == named


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_no_name_breaks_out_of_its_header_T2(name: str) -> None:
    value = jsonrpc.header_value(name)
    assert value.isascii()
    assert value.isprintable() or value == ""


def test_a_request_of_a_session_is_this() -> None:
    """T1: the negotiated version and the session id, once they are known."""
    request = stateful("tools/list", revision="2025-11-25", session=Secret("s-1"))
    assert headers_of(request) == [
        ("Accept", "application/json, text/event-stream"),
        ("Content-Type", "application/json"),
        ("MCP-Protocol-Version", "2025-11-25"),
        ("Mcp-Session-Id", "s-1"),
        ("Authorization", "Bearer access-token-1"),
    ]
    assert body_of(request) == {"jsonrpc": "2.0", "id": 7, "method": "tools/list"}


def test_a_notification_has_no_id_T1() -> None:
    request = stateful("notifications/initialized", id=None, token=None)
    assert body_of(request) == {"jsonrpc": "2.0", "method": "notifications/initialized"}
    assert [name for name, _ in headers_of(request)] == ["Accept", "Content-Type"]


def test_the_token_is_a_secret_in_the_header_and_nowhere_else_U1() -> None:
    for request in (stateless("x"), stateful("x")):
        assert "access-token-1" not in repr(request)
        assert [secret.reveal() for secret in request.secrets] == ["Bearer access-token-1"]


def answered(page: Page) -> RpcResponse:
    return jsonrpc.answer(made_exchange(stateful("x"), page), 7)


RIGHT = {"jsonrpc": "2.0", "id": 7, "result": {"a": 1}}


@pytest.mark.parametrize(
    ("page", "answer"),
    [
        (json(200, RIGHT), RpcResponse(result={"a": 1})),
        (raw(200, f"event: message\ndata: {jsonlib.dumps(RIGHT)}\n\n", SSE), RpcResponse({"a": 1})),
        (raw(200, f"data: {jsonlib.dumps(RIGHT)}", SSE), RpcResponse({"a": 1})),
        (
            raw(
                200,
                'data: {"jsonrpc":"2.0","method":"ping","id":7}\n\n'
                'data: {"jsonrpc":"2.0","id":6,"result":{}}\n\n'
                f"data: nonsense\n\ndata: {jsonlib.dumps(RIGHT)}\n\n",
                SSE,
            ),
            RpcResponse({"a": 1}),
        ),
        (
            json(400, {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": "m"}}),
            RpcResponse(code=-32000, message="m"),
        ),
        (json(200, {"jsonrpc": "2.0", "error": {"code": "x"}}), RpcResponse(code=0)),
    ],
)
def test_answers_are_read_from_json_and_from_streams_T1(page: Page, answer: RpcResponse) -> None:
    assert answered(page) == answer


@pytest.mark.parametrize(
    "page",
    [
        raw(200),
        raw(200, "<html>"),
        raw(200, "data: x\n\n", SSE),
        json(200, [RIGHT]),
        json(200, {"result": {}}),
        json(200, {"jsonrpc": "2.0", "id": 7}),
        json(200, {"jsonrpc": "2.0", "id": 7, "result": []}),
        raw(200, "[" * 100_000),
    ],
)
def test_what_is_no_answer_says_why(page: Page) -> None:
    answer = answered(page)
    assert answer == RpcResponse(fault=answer.fault)
    assert answer.fault


@given(st.binary(max_size=80) | JSON.map(lambda v: jsonlib.dumps(v).encode()), st.booleans())
def test_reading_an_answer_never_raises(body: bytes, stream: bool) -> None:
    answered(raw(200, body, SSE if stream else ("content-type", "application/json")))


def test_reading_stops_once_the_answer_is_in_T1() -> None:
    enough = Enough(7)
    text = f"data: {jsonlib.dumps(RIGHT)}\n\n".encode()
    assert [enough(text[:9]), enough(text[9:-1]), enough(text[-1:])] == [False, False, True]


@pytest.mark.parametrize("method", ["server/discover", "tools/list", "tools/call", "ping", "x/y"])
def test_each_member_of_a_stateless_message_has_its_reason(method: str) -> None:
    sent = stateless(method)
    members = list(sent.members(sent.json))
    assert [item.name for item in members] == list(sent.json)
    assert all(item.reason and item.source for item in members)


@pytest.mark.parametrize("method", ["initialize", "tools/list", "tools/call"])
def test_each_member_of_a_stateful_message_has_its_reason(method: str) -> None:
    sent = stateful(method, {"cursor": "x"})
    members = list(sent.members(sent.json))
    assert [item.name for item in members] == list(sent.json)
    assert all(item.reason and item.source for item in members)
