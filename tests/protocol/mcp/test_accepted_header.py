"""A header that the server accepted is given, whatever goes wrong with the transport after that.

Servers rebuilt from public reports stand with their repository and number.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from mcp_auth_tui.model import Failure, Level, Outcome, Request, Response, Whose
from mcp_auth_tui.protocol import actions
from tests.findings.old_transport import ENDPOINT, MESSAGES, PING, SSE, Sse
from tests.findings.site import site
from tests.protocol.script import (
    HELLO,
    MCP,
    Page,
    Script,
    body_of,
    challenged,
    error,
    header,
    json,
    raw,
    result,
)

HTML = ("content-type", "text/html")
PLAIN = ("content-type", "text/plain")
GOOD = "The token was accepted before that: the headers are good."

Answer = Callable[[Request], Page | None]


def method_of(request: Request) -> str:
    return str(body_of(request).get("method", request.method)) if request.url == MCP else ""


def authorized(method: str, page: Any, times: int = 99) -> Answer:
    """Answer a method so, where the request carries a token."""
    left = [times]

    def answer(request: Request) -> Page | None:
        if method_of(request) != method or not header(request, "Authorization") or not left[0]:
            return None
        left[0] -= 1
        return page(request) if callable(page) else page

    return answer


def broken_but_given(script: Script) -> list[str]:
    """Return the rules that were found broken by a run that gave its header (exit 0)."""
    assert (script.stop, script.returned()) == (None, Outcome.OK)
    assert script.learned("token")[-1].verified
    return script.broken


def opening(refuse: Callable[[Request], Page], *, taken: tuple[str, ...]) -> Answer:
    """A server that refuses initialize at all revisions but those that it takes."""

    def answer(request: Request) -> Page | None:
        asked = body_of(request).get("params", {}).get("protocolVersion")
        if method_of(request) != "initialize" or not header(request, "Authorization"):
            return None
        return None if asked in taken else refuse(request)

    return answer


def refusing(status: int, code: int, message: str, data: Any = None) -> Callable[[Request], Page]:
    return lambda request: error(request, status, code, message, data)


@pytest.mark.parametrize(
    ("refuse", "taken"),
    [
        # Graylog2/graylog2-server#24701, different-ai/openwork#3569
        (
            refusing(400, -32602, "Invalid protocol version", {"supported": ["2025-06-18"]}),
            "2025-06-18",
        ),
        # xpzouying/xiaohongshu-mcp#697: refused before it is read as JSON-RPC
        (
            lambda _: raw(
                400,
                "Bad Request: Unsupported protocol version (supported versions:"
                " 2025-06-18, 2025-03-26, 2024-11-05)",
                PLAIN,
            ),
            "2025-06-18",
        ),
        # sickn33/agentic-awesome-skills#1003
        (
            refusing(200, -32602, "Unsupported protocol version", {"expected": "2025-06-18"}),
            "2025-06-18",
        ),
        # milind-soni/OpenMausBot#517
        (
            refusing(
                200, -32602, "Unsupported protocol version: 2025-11-25. Supported: 2024-11-05"
            ),
            "2024-11-05",
        ),
        (
            refusing(400, -32022, "No", {"supportedVersions": ["2025-03-26", "1999-01-01"]}),
            "2025-03-26",
        ),
        (
            lambda _: json(400, {"message": "MCP-Protocol-Version must be one of 2025-06-18"}),
            "2025-06-18",
        ),
    ],
)  # fmt: skip
def test_initialize_that_is_refused_for_its_revision_is_asked_once_more(
    refuse: Callable[[Request], Page], taken: str
) -> None:
    world = site(answers=opening(refuse, taken=(taken,)))
    script = world.run()
    assert broken_but_given(script) == ["rs-revision-refused"]
    asked = [
        body_of(item)["params"]["protocolVersion"]
        for item in world.sent
        if method_of(item) == "initialize"
    ]
    assert asked == ["2025-11-25", taken]
    finding = next(item for item in script.findings if item.id == "rs-revision-refused")
    assert (finding.level, finding.whose) == (Level.ERROR, Whose.SERVER)
    assert finding.seen.endswith(f"(asked for: 2025-11-25); asked again with {taken}")
    assert script.learned("revision")[-1] == taken


@pytest.mark.parametrize(
    "refuse",
    [
        # we-promise/sure#2631
        refusing(400, -32600, "Unsupported MCP protocol version: 2025-11-25"),
        refusing(400, -32602, "Protocol version not supported", {"supported": ["1999-01-01"]}),
        lambda _: raw(400, "unsupported protocol version", PLAIN),
    ],
)  # fmt: skip
def test_where_no_revision_is_named_the_next_older_one_is_the_way_through(
    refuse: Callable[[Request], Page],
) -> None:
    stop = site(answers=opening(refuse, taken=())).run().stopped()
    assert (stop.id, stop.whose) == ("rs-revision-refused", Whose.SERVER)
    assert stop.meanwhile == "Run again with --spec 2025-06-18."


def test_a_revision_that_is_listed_and_refused_all_the_same_ends_the_run() -> None:
    refuse = refusing(400, -32602, "Invalid protocol version", {"supported": ["2025-06-18"]})
    world = site(answers=opening(refuse, taken=()))
    stop = world.run().stopped()
    assert (stop.id, stop.meanwhile) == ("rs-revision-refused", "Run again with --spec 2025-03-26.")
    assert [method_of(item) for item in world.sent].count("initialize") == 2


def test_an_error_that_speaks_of_no_revision_is_asked_once() -> None:
    refuse = refusing(200, -32602, "Invalid params of 2025-06-18")
    world = site(answers=opening(refuse, taken=()))
    assert world.run().stopped().id == "net-http"
    asked = [item for item in world.sent if header(item, "Authorization")]
    assert [method_of(item) for item in asked] == ["server/discover", "initialize"]


@dataclass
class Sessions:
    """A server that begins a session with each initialize, and loses some."""

    lost: Callable[[str], bool]
    """Says of a session id whether it is unknown by now."""
    page: Any
    begun: list[str] = field(default_factory=list)
    revoked: bool = False

    def __call__(self, request: Request) -> Page | None:
        method = method_of(request)
        if not method or not header(request, "Authorization"):
            return None
        if method == "initialize":
            if self.revoked and self.begun:
                return challenged(401, 'Bearer error="invalid_token"')
            self.begun.append(f"s{len(self.begun) + 1}")
            return result(request, HELLO, ("mcp-session-id", self.begun[-1]))
        session = header(request, "Mcp-Session-Id")
        if method == "tools/list" and session and self.lost(session):
            return self.page(request) if callable(self.page) else self.page
        return None


INVALID = challenged(401, 'Bearer error="invalid_token"')
LOST = [
    INVALID,  # punkpeye/mcp-proxy#108
    raw(404, "404 session not found", PLAIN),  # mcp-use/mcp-use#153, PrefectHQ/fastmcp#1003
    refusing(400, -32600, "Session not found"),  # agentic-community/mcp-gateway-registry#960
    raw(400, "Session-Id invalid", PLAIN),  # TheLunarCompany/lunar#55
    refusing(404, -32001, "Session not found"),
]


@pytest.mark.parametrize("page", LOST)
def test_a_lost_session_is_begun_anew_and_told(page: Any) -> None:
    sessions = Sessions(lambda id: id == "s1", page)
    script = site(answers=sessions).run()
    assert broken_but_given(script) == ["rs-session-lost"]
    assert sessions.begun == ["s1", "s2"]
    assert script.learned("peer")[-1].tools == ("test-tool",)
    finding = next(item for item in script.findings if item.id == "rs-session-lost")
    assert finding.level is Level.ERROR
    assert "shared store" in finding.next
    assert "sticky" in finding.next


@pytest.mark.parametrize("page", LOST)
def test_a_server_that_loses_every_session_has_accepted_the_token(page: Any) -> None:
    sessions = Sessions(lambda _: True, page)
    script = site(answers=sessions).run()
    assert broken_but_given(script) == ["rs-session-lost"]
    assert sessions.begun == ["s1", "s2"]
    finding = next(item for item in script.findings if item.id == "rs-session-lost")
    assert finding.message.endswith(GOOD)


def test_a_second_initialize_tells_a_token_that_was_taken_back() -> None:
    sessions = Sessions(lambda _: True, INVALID, revoked=True)
    script = site(answers=sessions).run()
    assert script.stopped().id == "rs-fresh-token-refused"


def test_a_401_without_a_session_is_about_the_token() -> None:
    script = site(answers=authorized("tools/list", INVALID)).run()
    assert script.stopped().id == "rs-fresh-token-refused"


def test_a_method_that_is_unknown_is_no_lost_session() -> None:
    sessions = Sessions(lambda _: True, refusing(404, -32601, "Method not found"))
    script = site(answers=sessions).run()
    assert broken_but_given(script) == ["net-http"]
    assert sessions.begun == ["s1"]


BLOCK = raw(403, "<title>Attention Required! | Cloudflare</title><p>Blocked", HTML)


@pytest.mark.parametrize(
    ("page", "id"),
    [
        (raw(500, "boom"), "net-http"),
        (raw(502, "<center>nginx</center>", HTML), "net-http"),
        (raw(429, "", ("retry-after", "9")), "net-rate-limited"),
        (raw(503, "", ("retry-after", "9")), "net-rate-limited"),
        (Failure("net-timeout", "no answer within 10 s"), "net-timeout"),
        (Failure("net-slow", "given up after 30 s in all"), "net-slow"),
        (Failure("net-oversize", "more than 4 MB"), "net-oversize"),
        (raw(302, "", ("location", "/login")), "rs-login-redirect"),
        (BLOCK, "net-http"),
        (raw(200, "<p>hello", HTML), "net-http"),
        (raw(404, "nothing"), "net-http"),
        (refusing(200, -32603, "Internal error"), "net-http"),
        (raw(200, "", ("content-type", "text/event-stream")), "net-http"),
    ],
)
def test_tools_that_cannot_be_listed_take_no_header_back(page: Any, id: str) -> None:
    script = site(answers=authorized("tools/list", page)).run()
    assert broken_but_given(script) == [id]
    finding = next(item for item in script.findings if item.id == id)
    assert finding.level is Level.ERROR


def test_a_block_page_is_told_as_what_it_is() -> None:
    script = site(answers=authorized("tools/list", BLOCK)).run()
    finding = next(item for item in script.findings if item.id == "net-http")
    assert finding.message == (
        f"Cloudflare refused tools/list; the MCP server itself did not answer it. {GOOD}"
    )


@pytest.mark.parametrize("value", ["2099-01-01", None, 5])
def test_a_revision_that_we_do_not_speak_takes_no_header_back(value: Any) -> None:
    def hello(request: Request) -> Page:
        return result(request, {**HELLO, "protocolVersion": value})

    assert broken_but_given(site(answers=authorized("initialize", hello)).run()) == ["rs-not-mcp"]


def test_a_tool_that_cannot_be_called_takes_no_header_back() -> None:
    page = refusing(200, -32602, "Unknown tool: nope")
    script = site(answers=authorized("tools/call", page)).run(call="nope")
    assert broken_but_given(script) == ["net-http"]
    finding = next(item for item in script.findings if item.id == "net-http")
    assert (finding.whose, finding.message) == (
        Whose.CLIENT,
        f"The server lists no tool nope. {GOOD}",
    )
    assert script.learned("peer")[-1].tools == ("test-tool",)


def test_a_tool_that_is_listed_and_fails_is_the_server_s() -> None:
    page = refusing(200, -32603, "boom")
    script = site(answers=authorized("tools/call", page)).run(call="test-tool")
    finding = next(item for item in script.findings if item.id == "net-http")
    assert (finding.whose, finding.message) == (
        Whose.SERVER,
        f"The tool test-tool could not be called. {GOOD}",
    )


@pytest.mark.parametrize(
    ("method", "page", "id"),
    [
        # Not answered well: nothing says that the token was looked at.
        ("initialize", raw(200, "<title>Sign in</title>", HTML), "rs-not-mcp"),
        ("initialize", raw(500), "net-http"),
        # About authorization.
        ("tools/list", challenged(403), "rs-403-no-challenge"),
        ("tools/list", json(403, {"error": "no seat for you"}), "rs-403-no-challenge"),
        ("tools/list", refusing(200, -32001, "Unauthorized"), "rs-200-auth-error"),
        ("tools/list", raw(307, "", ("location", "https://evil.example/")), "rs-redirects-token"),
        ("tools/list", challenged(400, 'Bearer error="invalid_token"'), None),
    ],
)
def test_what_is_about_authorization_or_proves_nothing_still_ends_the_run(
    method: str, page: Any, id: str | None
) -> None:
    script = site(answers=authorized(method, page)).run()
    if id is None:
        assert broken_but_given(script) == ["net-http"]
    else:
        assert script.stopped().id == id


def test_a_strict_run_ends_at_the_first_error_all_the_same() -> None:
    script = site(answers=authorized("tools/list", raw(500))).run(strict=True)
    assert script.stopped().id == "net-http"


def test_where_only_the_tools_are_protected_their_failure_proves_nothing() -> None:
    protected = {"tools/list": ""}
    script = site(protected=protected, answers=authorized("tools/list", raw(500))).run()
    assert script.stopped().id == "net-http"


# --- HTTP+SSE of 2024-11-05 ---------------------------------------------------------------------


def test_an_endpoint_event_on_post_is_the_old_transport() -> None:
    """keboola/mcp-server#295."""
    world = Sse(post=raw(200, ENDPOINT + PING, SSE))
    script = world.run()
    assert broken_but_given(script) == ["rs-sse-on-post"]
    finding = next(item for item in script.findings if item.id == "rs-sse-on-post")
    assert "405" in finding.next
    peer = script.learned("peer")[-1]
    assert (peer.era, peer.tools) == ("sse", ("test-tool",))
    assert [method_of(item) for item in world.sent if header(item, "Authorization")] == [
        "server/discover",
        "GET",
        "",
        "",
        "",
    ]


def test_reading_of_a_post_ends_at_the_endpoint_event() -> None:
    world = Sse(post=raw(200, ENDPOINT, SSE))
    world.run()
    enough = next(item for item in world.performed if isinstance(item, actions.Send)).enough
    assert enough is not None
    assert [enough(part) for part in (b"event: end", b"point\r\ndata: /m\r\n\r\n")] == [False, True]


@pytest.mark.parametrize(
    ("drips", "why"), [(True, "given up after 30 s in all"), (False, "nothing")]
)
def test_a_stream_that_never_names_its_endpoint_ends_in_time(drips: bool, why: str) -> None:
    """datagouv/datagouv-mcp#68 pings for ever, QwenLM/qwen-code#8550 says nothing."""
    world = Sse(first=(), drips=drips)
    script = world.run()
    assert broken_but_given(script) == ["rs-not-mcp"]
    finding = next(item for item in script.findings if item.id == "rs-not-mcp")
    assert (finding.level, finding.whose) == (Level.ERROR, Whose.SERVER)
    assert finding.seen.startswith("the event stream sent no endpoint event: ")
    assert why in finding.seen


def test_a_stream_without_an_endpoint_proves_nothing_where_no_token_is_needed() -> None:
    stop = Sse(first=(), protected={"tools/list": ""}).run().stopped()
    assert (stop.id, stop.whose) == ("rs-not-mcp", Whose.SERVER)
    assert "given up after 30 s in all" in stop.seen


@pytest.mark.parametrize("changes", [{"answering": False}, {"wrong_ids": True}])
@pytest.mark.parametrize("drips", [True, False])
def test_an_answer_that_never_comes_on_the_stream_takes_no_header_back(
    drips: bool, changes: dict[str, Any]
) -> None:
    """The stream was opened with the token, which it refused before."""
    world = Sse(drips=drips, **changes)
    before = world.clock
    script = world.run()
    assert broken_but_given(script) == ["rs-sse-silent"]
    finding = next(item for item in script.findings if item.id == "rs-sse-silent")
    assert finding.seen.startswith("no answer to initialize with the id ")
    reads = [item.within for item in world.performed if isinstance(item, actions.Read)]
    assert all(0 < within <= 30 for within in reads)
    assert world.clock - before < 300


def test_a_revision_is_refused_over_the_old_transport_too() -> None:
    world = Sse()
    good = world._answer

    def answer(request: Request) -> Page:
        asked = body_of(request)
        newer = asked.get("params", {}).get("protocolVersion", "2024-11-05") != "2024-11-05"
        if request.url != MESSAGES or not newer:
            return good(request)
        refused = error(request, 200, -32602, "Unsupported protocol version; 2024-11-05")
        assert isinstance(refused, Response)
        world.stream.append(b"data: " + refused.body + b"\n\n")
        return raw(202)

    world._answer = answer  # type: ignore[method-assign]  # one method of one server
    assert broken_but_given(world.run()) == ["rs-revision-refused"]
