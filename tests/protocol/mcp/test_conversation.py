"""How the eras of MCP are told apart and spoken (T1-T4, U2)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Failure, Request, Stage
from mcp_auth_tui.protocol import actions
from mcp_auth_tui.protocol.mcp.conversation import converse
from mcp_auth_tui.protocol.urls import same_origin
from tests.protocol.script import (
    DISCOVERED,
    HELLO,
    MCP,
    TOOLS,
    Page,
    Script,
    body_of,
    challenged,
    error,
    header,
    headers_of,
    json,
    judge,
    made_exchange,
    raw,
    result,
    token,
)

SSE = ("content-type", "text/event-stream")


def talking(with_token: bool = False, *, era: str | None = None, **settings: Any) -> Script:
    stage = Stage.VERIFY if with_token else Stage.PROBE
    return Script(converse(judge(stage, **settings), token() if with_token else None, era=era))


def posts(script: Script, method: str, answer: Any) -> Request:
    """Expect this JSON-RPC method and answer it (a function makes the answer of the request)."""
    request: Request = script.wants(actions.Send).request
    assert (request.method, request.url) == ("POST", MCP)
    assert body_of(request)["method"] == method
    script.reply(made_exchange(request, answer(request) if callable(answer) else answer))
    return request


def say(value: Any, *headers: tuple[str, str]) -> Any:
    return lambda request: result(request, value, *headers)


def fail(status: int, code: int, data: Any = None) -> Any:
    return lambda request: error(request, status, code, "message", data)


def test_a_conversation_of_2026_07_28() -> None:
    """T2, T3: discover, list, and no session."""
    script = talking()
    posts(script, "server/discover", say(DISCOVERED))
    posts(script, "tools/list", say(TOOLS))
    turn = script.returned()
    assert (turn.era, turn.revision, turn.refused) == ("stateless", "2026-07-28", None)
    assert (turn.peer.name, turn.peer.version, turn.peer.tools) == ("world", "1", ("test-tool",))


@pytest.mark.parametrize("revision", ["2025-03-26", "2025-06-18", "2025-11-25"])
def test_a_conversation_with_initialize_T1(revision: str) -> None:
    """The negotiated version in each later request (2025-03-26 has no such header), the session."""
    script = talking(spec=revision)
    request = posts(
        script,
        "initialize",
        say({**HELLO, "protocolVersion": revision}, ("mcp-session-id", "s")),
    )
    assert body_of(request)["params"]["protocolVersion"] == revision
    assert header(request, "MCP-Protocol-Version") is None
    version = None if revision == "2025-03-26" else revision
    for method, answer in (("notifications/initialized", raw(202)), ("tools/list", say(TOOLS))):
        request = posts(script, method, answer)
        assert header(request, "MCP-Protocol-Version") == version
        assert header(request, "Mcp-Session-Id") == "s"
        assert header(request, "Accept") == "application/json, text/event-stream"
    ending = script.sends("DELETE", MCP, raw(405))
    assert (header(ending, "Mcp-Session-Id"), ending.json) == ("s", None)
    assert script.returned().revision == revision


def test_the_server_may_answer_with_a_lower_revision_T3() -> None:
    script = talking(spec="2025-11-25")
    posts(script, "initialize", say({**HELLO, "protocolVersion": "2024-11-05"}))
    posts(script, "notifications/initialized", raw(202))
    posts(script, "tools/list", say(TOOLS))
    assert script.learned("revision") == ["2024-11-05"]


@pytest.mark.parametrize("value", ["1999-01-01", None, 5, ["2025-11-25"]])
def test_a_revision_that_nobody_speaks_ends_the_run(value: Any) -> None:
    script = talking(spec="2025-11-25")
    posts(script, "initialize", say({**HELLO, "protocolVersion": value}))
    assert script.stopped().id == "rs-not-mcp"


@pytest.mark.parametrize("status", [400, 404, 405, 406])
@pytest.mark.parametrize("body", [fail, None])
def test_an_older_server_is_asked_to_initialize_T3(status: int, body: Any) -> None:
    script = talking()
    code = -32000 if status == 404 else -32601
    posts(script, "server/discover", fail(status, code) if body else raw(status))
    posts(script, "initialize", challenged(401, "Bearer"))
    turn = script.returned()
    assert (turn.era, turn.refused.status, turn.method) == ("initialize", 401, "initialize")


@pytest.mark.parametrize(
    "answer", [fail(400, -32020), fail(400, -32021), fail(404, -32601), fail(400, -32022)]
)
def test_a_modern_error_means_a_modern_server_T3(answer: Any) -> None:
    script = talking()
    posts(script, "server/discover", answer)
    posts(script, "tools/list", say(TOOLS))
    assert script.returned().era == "stateless"


@pytest.mark.parametrize("extra", [None, {}, [], 5])
def test_a_server_that_lists_older_versions_is_asked_to_initialize_T3(extra: Any) -> None:
    """Whatever else stands in its list."""
    script = talking()
    posts(script, "server/discover", fail(400, -32022, {"supported": [extra, "2025-11-25"]}))
    posts(script, "initialize", challenged(401, "Bearer"))
    assert script.returned().era == "initialize"


def test_a_server_that_lists_nothing_we_speak_ends_the_run() -> None:
    script = talking()
    posts(script, "server/discover", fail(400, -32022, {"supported": ["2030-01-01", {}]}))
    assert script.stopped().id == "rs-not-mcp"


@pytest.mark.parametrize("status", [401, 403])
def test_a_refusal_says_nothing_about_the_era_T3(status: int) -> None:
    script = talking()
    posts(script, "server/discover", challenged(status, "Bearer"))
    turn = script.returned()
    assert (turn.era, turn.refused.status, turn.method) == (None, status, "server/discover")


@pytest.mark.parametrize("method", ["notifications/initialized", "tools/list", "tools/call"])
def test_a_401_is_seen_on_any_request_T4(method: str) -> None:
    script = talking(spec="2025-11-25", call="t")
    answers: dict[str, Any] = {
        "initialize": say(HELLO),
        "notifications/initialized": raw(202),
        "tools/list": say(TOOLS),
        "tools/call": say({}),
    }
    answers[method] = challenged(401, "Bearer")
    for name in list(answers)[: list(answers).index(method) + 1]:
        posts(script, name, answers[name])
    assert script.returned().method == method


def test_all_pages_of_the_list_are_read_and_a_loop_ends() -> None:
    script = talking(spec="2026-07-28")
    posts(script, "server/discover", say(DISCOVERED))
    posts(script, "tools/list", say({"tools": [{"name": "a"}], "nextCursor": "2"}))
    request = posts(script, "tools/list", say({"tools": [{"name": "b"}, 5], "nextCursor": "2"}))
    assert body_of(request)["params"]["cursor"] == "2"
    assert script.returned().peer.tools == ("a", "b")


def test_a_cursor_that_cannot_be_sent_back_never_is() -> None:
    """A lone surrogate is no text of JSON on the wire."""
    script = talking(spec="2026-07-28")
    posts(script, "server/discover", say(DISCOVERED))
    posts(script, "tools/list", say({"tools": [], "nextCursor": "\ud800"}))
    if script.action is not None:
        import json as jsonlib

        jsonlib.dumps(body_of(script.action.request), ensure_ascii=False).encode()


@pytest.mark.parametrize(
    ("page", "id"),
    [
        (Failure("net-dns", "no such host"), "net-dns"),
        (raw(500), "net-http"),
        (raw(503, b"", ("retry-after", "9")), "net-rate-limited"),
        (raw(429), "net-rate-limited"),
        (raw(302, b"", ("location", "/login")), "rs-login-redirect"),
        (raw(302, b"", ("location", "https://[")), "rs-login-redirect"),
        (raw(302), "rs-login-redirect"),
        (raw(200, "<html>", ("content-type", "text/html")), "rs-not-mcp"),
    ],
)
def test_what_is_no_mcp_answer_ends_the_run_C6(page: Page, id: str) -> None:
    script = talking(spec="2026-07-28")
    posts(script, "server/discover", page)
    assert script.stopped().id == id


@pytest.mark.parametrize(
    "place",
    ["https://evil.example/", "http://mcp.example/mcp", "//evil.example", "https://mcp.example:1/"],
)
def test_no_redirect_is_followed_with_a_token_U2(place: str) -> None:
    """A redirect to another origin or scheme is named for what it is."""
    script = talking(with_token=True, spec="2026-07-28")
    posts(script, "server/discover", raw(307, b"", ("location", place)))
    assert script.stopped().id == "rs-redirects-token"


def test_a_token_that_comes_back_is_told() -> None:
    script = talking(with_token=True, spec="2026-07-28")
    posts(script, "server/discover", say({**DISCOVERED, "x": "access-token-1"}))
    assert script.broken == ["rs-token-echo"]


def test_a_refusal_inside_http_200_is_named() -> None:
    script = talking(spec="2025-11-25")
    posts(script, "initialize", lambda r: error(r, 200, -32001, "Unauthorized"))
    assert script.stopped().id == "rs-200-auth-error"


# --- the HTTP+SSE transport of 2024-11-05 --------------------------------------------------------


def old(script: Script, page: Page) -> None:
    request = script.wants(actions.Open).request
    assert (request.method, request.url) == ("GET", MCP)
    assert header(request, "Accept") == "text/event-stream"
    script.reply(made_exchange(request, page, 9))


def reads(script: Script, chunk: bytes | Failure, now: float = 1000.0) -> None:
    while isinstance(script.action, actions.Now):
        script.reply(now)
    assert script.wants(actions.Read).exchange == 9
    script.reply(chunk)


def falling_back(with_token: bool = False) -> Script:
    script = talking(with_token)
    posts(script, "server/discover", raw(405))
    posts(script, "initialize", raw(405))
    return script


def test_the_old_transport_is_the_last_resort_T3() -> None:
    """GET, the endpoint event, and then each message goes there with the token (U1)."""
    script = falling_back(with_token=True)
    old(script, raw(200, b"", SSE))
    reads(script, b": hello\n\nevent: endpoint\ndata: /mess")
    reads(script, b"ages?s=1\n\n")
    place = "https://mcp.example/messages?s=1"
    for method, answer in (("initialize", HELLO), ("notifications/initialized", None)):
        request = script.sends("POST", place, raw(202))
        assert body_of(request)["method"] == method
        assert header(request, "Authorization") == "Bearer access-token-1"
        if answer:
            reads(script, b"data: " + result(request, answer).body + b"\n\n")  # type: ignore[union-attr]
    request = script.sends("POST", place, raw(202))
    reads(script, b"data: " + result(request, TOOLS).body + b"\n\n")  # type: ignore[union-attr]
    assert script.wants(actions.Close).exchange == 9
    script.reply(None)
    turn = script.returned()
    assert (turn.era, turn.peer.tools) == ("sse", ("test-tool",))


def test_a_401_to_the_old_transport_starts_the_flow_T4() -> None:
    script = falling_back()
    old(script, challenged(401, "Bearer"))
    assert (script.returned().era, script.returned().method) == ("sse", "GET")


@pytest.mark.parametrize(
    "place", ["https://evil.example/m", "//evil.example", "http://mcp.example/m", "https://["]
)
def test_the_token_goes_to_no_endpoint_on_another_origin_U2(place: str) -> None:
    script = falling_back(with_token=True)
    old(script, raw(200, b"", SSE))
    reads(script, f"event: endpoint\ndata: {place}\n\n".encode())
    script.wants(actions.Close)
    script.reply(None)
    assert script.stopped().id == "rs-redirects-token"


@pytest.mark.parametrize("chunk", [b"", Failure("net-timeout", "30 s")])
def test_a_stream_without_an_endpoint_is_no_mcp_server(chunk: Any) -> None:
    script = falling_back()
    old(script, raw(200, b"", SSE))
    reads(script, chunk)
    script.wants(actions.Close)
    script.reply(None)
    assert script.stopped().id == "rs-not-mcp"


@pytest.mark.parametrize("page", [raw(404), json(200, {}), raw(200, "<html>")])
def test_a_place_that_speaks_no_era_is_no_mcp_server_T3(page: Page) -> None:
    script = falling_back()
    old(script, page)
    assert script.stopped().id == "rs-not-mcp"


def test_a_chosen_revision_is_the_only_one_spoken_T3() -> None:
    script = talking(spec="2026-07-28")
    posts(script, "server/discover", raw(405))
    assert script.stopped().id == "rs-not-mcp"


def test_no_header_of_an_open_probe_carries_credentials_A9() -> None:
    request = talking().wants(actions.Send).request
    assert "Authorization" not in dict(headers_of(request))


@given(st.text("a:/?#@[]%.\\ \u0661", max_size=20) | st.text(max_size=20))
def test_no_endpoint_of_a_stream_is_a_fault_of_ours_or_takes_the_token_away_U2(place: str) -> None:
    script = falling_back(with_token=True)
    old(script, raw(200, b"", SSE))
    told = f"https://mcp.example{place}" if place[:1] in (":", "/", "@", ".") else place
    reads(script, f"event: endpoint\ndata: {told}\n\n".encode())
    if isinstance(script.action, actions.Send):
        url = script.action.request.url
        assert same_origin(url, MCP) and "@" not in urlsplit(url).netloc
        return
    while script.action is not None:
        script.reply(b"" if isinstance(script.action, actions.Read) else 2000.0)
    assert script.stopped().id in ("rs-redirects-token", "rs-not-mcp")
