"""What answers mean that open no conversation: redirects, web pages, errors (T3, C6, U2)."""

from __future__ import annotations

from typing import Any

import pytest

from mcp_auth_tui.model import Finding, Stage, Whose
from mcp_auth_tui.protocol import actions
from mcp_auth_tui.protocol.mcp.conversation import converse
from tests.protocol.script import MCP, Page, Script, error, json, judge, made_exchange, raw

HTML = ("content-type", "text/html")
REPORT = "Send its operator the report (--export report; e on the screen)."


def answering(*answers: Any, spec: str = "auto") -> Finding:
    """Answer each request in turn (a function makes the answer of it) and return the stop."""
    script = Script(converse(judge(Stage.PROBE, spec=spec), None))
    for number, answer in enumerate(answers, 1):
        assert isinstance(script.action, actions.Send | actions.Open), script.stop
        request = script.action.request
        page = answer(request) if callable(answer) else answer
        script.reply(made_exchange(request, page, number))
    return script.stopped()


def fails(status: int, code: int, message: str) -> Any:
    return lambda request: error(request, status, code, message)


@pytest.mark.parametrize(
    "place",
    [
        "/login?next=/mcp",
        "/users/sign_in",
        "/oauth2/start?rd=%2Fmcp",
        "https://accounts.example.com/o",
        "https://login.example/x",
    ],
)
def test_a_login_page_is_nobody_s_mcp_endpoint(place: str) -> None:
    """The operator is told to leave the path out of the login; nobody is sent to the login page."""
    stop = answering(raw(302, b"", ("location", place)))
    assert (stop.id, stop.message) == (
        "rs-login-redirect",
        "The server sends API requests to a login page.",
    )
    assert stop.next.startswith("Exclude the MCP path from the login redirect")
    assert stop.meanwhile == REPORT


@pytest.mark.parametrize("place", ["/v2/plugin", "/mcp/?x=1", "https://mcp.example.net/mcp"])
def test_another_redirect_may_lead_to_the_endpoint(place: str) -> None:
    stop = answering(raw(308, b"", ("location", place)))
    there = place if "://" in place else f"https://mcp.example{place}"
    assert (stop.id, stop.seen) == ("rs-login-redirect", f"HTTP 308 to {there}")
    assert stop.next == "Answer at this URL itself: with 401 where the token is missing."
    assert stop.meanwhile.endswith(f"run again with its URL: {there}")


def test_a_redirect_to_https_asks_for_the_url_with_https() -> None:
    script = Script(converse(judge(Stage.PROBE, url="http://127.0.0.1:1/mcp"), None))
    assert isinstance(script.action, actions.Send)
    page = raw(301, b"", ("location", "https://127.0.0.1/mcp"))
    script.reply(made_exchange(script.action.request, page))
    stop = script.stopped()
    assert stop.next.startswith("Give people the URL with https")
    assert stop.meanwhile.endswith("run again with its URL: https://127.0.0.1/mcp")


def test_a_redirect_to_nowhere_says_so() -> None:
    stop = answering(raw(302))
    assert (stop.seen, stop.meanwhile) == ("HTTP 302 without a Location", REPORT)


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (raw(503), "HTTP 503 to server/discover"),
        (raw(502, "upstream is down"), "HTTP 502 to server/discover: “upstream is down”"),
        (
            raw(503, "<title>Oops</title><p>Try later", HTML),
            "HTTP 503 to server/discover: a web page, “Oops: Try later”",
        ),
    ],
)
def test_a_server_that_failed_is_quoted_and_is_no_fault_of_the_network(
    page: Page, seen: str
) -> None:
    stop = answering(page)
    assert (stop.id, stop.whose, stop.seen) == ("net-http", Whose.SERVER, seen)
    assert stop.next == "Look in the server's log for why it answers so."
    assert stop.meanwhile == REPORT


@pytest.mark.parametrize(
    ("status", "said"),
    [
        (407, "--proxy"),
        (413, "Let bodies of some kilobytes through"),
        (421, "host name"),
        (431, "Let longer header fields through"),
        (451, "Look in the server's log"),
    ],
)
def test_a_refusal_that_says_nothing_about_mcp_is_told_with_its_status(
    status: int, said: str
) -> None:
    stop = answering(raw(status, "<title>No</title>", HTML))
    assert (stop.id, stop.seen) == (
        "net-http",
        f"HTTP {status} to server/discover: a web page, “No”",
    )
    assert said in stop.next


def test_only_a_503_that_says_until_when_asks_to_wait() -> None:
    busy = answering(raw(503, b"", ("retry-after", "120")))
    assert (busy.id, busy.seen) == ("net-rate-limited", "HTTP 503, Retry-After: 120")
    assert busy.next == "Wait 120 s (2:00) and run again."
    down = answering(raw(503, "<title>Maintenance</title>", HTML))
    assert (down.id, down.seen) == (
        "net-http",
        "HTTP 503 to server/discover: a web page, “Maintenance”",
    )
    assert answering(raw(429)).id == "net-rate-limited"


def test_a_server_without_post_is_no_mcp_server() -> None:
    """As a server of files answers (`python3 -m http.server`)."""
    page = raw(501, "<title>Error response</title><p>Error code: 501", HTML)
    stop = answering(page)
    assert stop.id == "rs-not-mcp"
    assert stop.seen == (
        "HTTP 501, the body is not JSON (text/html): a web page, “Error response: Error code: 501”"
    )


SESSION = "Bad Request: No valid session ID provided"
NO_GET = json(405, {"jsonrpc": "2.0", "id": None, "error": {"code": -32000, "message": "No GET."}})


@pytest.mark.parametrize("get", [NO_GET, raw(404, "<p>nothing"), raw(405)])
def test_a_json_rpc_error_is_the_answer_of_an_mcp_server(get: Page) -> None:
    """What `initialize` was told counts, not what the GET of the oldest transport got."""
    refused = fails(400, -32000, SESSION)
    stop = answering(refused, refused, get)
    assert (stop.id, stop.whose, stop.exchange) == ("net-http", Whose.SERVER, 2)
    assert stop.seen == f"HTTP 400, JSON-RPC error -32000: {SESSION}"
    assert stop.message == (
        "The MCP server answers initialize with an error: it opens no conversation."
    )
    assert "without a session id" in stop.next


def test_an_error_that_names_no_session_sends_to_the_log() -> None:
    refused = fails(400, -32603, "boom")
    stop = answering(refused, refused, NO_GET)
    assert stop.next == "Look in the server's log for why it refuses the first request of a client."


def test_another_json_rpc_service_is_no_mcp_server() -> None:
    unknown = fails(400, -32601, "Method not found")
    stop = answering(unknown, unknown, raw(404))
    assert stop.id == "rs-not-mcp"
    assert stop.message == (
        "The server speaks JSON-RPC, but does not know initialize, which opens MCP."
    )


def test_a_page_that_came_with_405_is_quoted() -> None:
    page = raw(405, "<title>Shop</title>", HTML)
    stop = answering(page, page, page)
    assert stop.id == "rs-not-mcp"
    assert stop.seen.endswith("(text/html): a web page, “Shop”")
    assert MCP not in stop.next
