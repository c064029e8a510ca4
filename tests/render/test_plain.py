"""The story of a run, line by line."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui import findings
from mcp_auth_tui.model import (
    Browsed,
    Ended,
    Entered,
    Event,
    Failure,
    Kind,
    Learned,
    Left,
    Level,
    Outcome,
    Question,
    Ready,
    Request,
    Resumed,
    Session,
    Slip,
    Stage,
    Status,
    Waiting,
)
from mcp_auth_tui.protocol.mcp import jsonrpc
from mcp_auth_tui.render.plain import Plain
from mcp_auth_tui.render.summary import elsewhere
from mcp_auth_tui.tui.actions import KEYS
from mcp_auth_tui.tui.screens.discovery import DiscoveryScreen
from tests.render.test_document import ANY_SECRETS
from tests.scripted import (
    ERROR,
    START,
    Secrets,
    attempt,
    exchange,
    folded,
    probe,
    refused,
    run,
    token_request,
)


def told(events: list[Event], **options: object) -> list[str]:
    lines: list[str] = []
    plain = Plain(lines.append, now=lambda: START, **options)  # type: ignore[arg-type]
    session = Session()
    for event in events:
        session = session.apply(event)
        plain.show(event, session)
    return lines


def test_a_good_run_is_told_from_the_first_request_to_the_result() -> None:
    masked = folded(run()).token
    assert told(run(), pastes=True) == [
        "mcp-auth-tui 0.1.0: https://mcp.example.com/mcp",
        "",
        "1 Metadata: the MCP server is asked",
        "  1. POST https://mcp.example.com/mcp: 401, 41 ms, first contact",
        "  server: 401, challenge Bearer",
        "  ✓ done, 41 ms: 401, Bearer",
        "",
        "1 Metadata: the protected resource",
        "  protected resource metadata, used: https://mcp.example.com/mcp/x (200)",
        "  resource: https://mcp.example.com/mcp",
        "  authorization servers: https://auth.example.com",
        "  scopes it knows: files:read",
        "  ✓ done",
        "",
        "1 Metadata: the authorization server",
        "  issuer: https://auth.example.com",
        "  authorization endpoint: https://auth.example.com/authorize",
        "  token endpoint: ",
        "  ✓ 1 check kept",
        "  ✓ done",
        "",
        "2 Registration: the client",
        "  client: c1 (dynamic), authentication none",
        "  ✓ done",
        "",
        "3 Browser: the sign-in",
        "  Sign in at auth.example.com to let mcp-auth-tui use https://mcp.example.com/mcp",
        "  That is not the MCP server's own address: make sure that you trust it.",
        "  Scopes asked for: files:read",
        "  The browser comes back to http://127.0.0.1:43117/callback",
        "  The address to sign in at:",
        "",
        attempt(Secrets()).url,
        "",
        "  No browser was opened.",
        "  Is your browser on another machine? Then run there:",
        "  ssh -L 43117:127.0.0.1:43117 you@box",
        "  Waiting for the sign-in, 10:00 at most.",
        "  Or paste here the address that your browser ended on, even if it shows an error page"
        " there, and press Enter.",
        "  2. GET https://auth.example.com/authorize?response_type=code&client_id=c1"
        "&state=‹24 chars #06b28c›: 302, 41 ms, the sign-in page",
        "  The wait is over: pasted: http://127.0.0.1:43117/callback?code=‹24 chars #c9395a›",
        "  ✓ done, 41 ms",
        "",
        "4 Token: the code is exchanged",
        "  3. POST https://auth.example.com/token: 200, 41 ms, the code for a token",
        f"  token: Bearer {masked.access}, expires in 10:00",
        "  scopes granted: files:read",
        f"  refresh token: {masked.refresh}",
        "  claims, not verified: aud https://mcp.example.com/mcp, sub ada",
        "  ✓ done, 41 ms",
        "",
        "5 Headers: the token is tried",
        "  4. POST https://mcp.example.com/mcp: 200, 41 ms, the header is tried",
        "  MCP revision: 2026-07-28",
        "  MCP server: practice 1.2.3, revision 2026-07-28, stateless",
        "  2 tools: echo, add",
        "  ✓ done, 41 ms: practice 1.2.3",
        "",
        "Result: ok, exit code 0: the headers were obtained and accepted",
        "  Header accepted.",
        "  Findings: ✓ 1 ok",
        "  Time: 10.0 s, of it 164 ms in 4 requests",
        "  Headers: Authorization, to stdout",
    ]


def test_an_error_says_all_that_helps_to_mend_it() -> None:
    assert told(refused())[7:] == [
        "  ✗ fatal: The issuer differs. [as-issuer-mismatch]",
        "      seen: https://evil.example",
        "      expected: https://auth.example.com",
        "      rule: RFC 8414 §3.3 (judged by MCP 2025-11-25)",
        "      to be mended by: authorization server",
        "      next: Publish the issuer as it is named.",
        "      if it is not yours: Report it.",
        "      fix: there is none to show. The answer that it is about is not part of this run.",
        "",
        "Result: refused, exit code 4: refused for safety",
        "  as-issuer-mismatch: The issuer differs: the authorization server has to mend it.",
        "  Findings: ✗ 1 fatal",
        "  Time: 1.0 s, of it 41 ms in 1 request",
        "  Next: Publish the issuer as it is named.",
        "  If it is not yours: Report it.",
    ]


def test_a_stop_that_was_not_told_before_is_told_at_the_end() -> None:
    lines = told([*refused()[:-2], refused()[-1]])
    assert lines.count("  ✗ fatal: The issuer differs. [as-issuer-mismatch]") == 1


def test_a_request_without_answer_says_why() -> None:
    request = Request(Stage.PROBE, "first contact", "POST", "https://no.example/", Kind.MCP)
    failed = exchange(1, request, Failure("net-dns", "The name no.example is not known."))
    assert told([failed]) == [
        "  1. POST https://no.example/: no answer, 41 ms,"
        " The name no.example is not known. (net-dns), first contact"
    ]


def test_a_marked_run_says_so_first_and_last() -> None:
    lines = told(run(), marks=("TLS certificates are NOT checked (--insecure)",))
    mark = "! MARKED RUN: TLS certificates are NOT checked (--insecure)"
    assert [number for number, line in enumerate(lines) if line == mark] == [1, len(lines) - 5]


def test_what_was_assumed_is_said() -> None:
    assert told(run()[:1], notes=("https is assumed.",))[1:] == ["  Note: https is assumed."]


def test_what_is_learned_twice_is_told_once() -> None:
    peer = Learned("peer", folded(run()).peer)
    other = Learned("peer", replace(folded(run()).peer, name="other"))
    assert len(told([peer])) == len(told([peer, peer])) == 2
    assert (
        told([peer, peer, other])[2] == "  MCP server: other 1.2.3, revision 2026-07-28, stateless"
    )


def test_an_open_server_is_no_failure() -> None:
    lines = told([*run()[:1], Ended(Outcome.OPEN, START + 1)])
    assert lines[2] == "Result: open, exit code 0: the server asks for no authorization"
    assert not any("Headers:" in line for line in lines)


def test_headers_of_a_failed_run_are_told_apart() -> None:
    """A refresh that was refused takes nothing back from what the server accepted before."""
    ended, line = (
        Ended(Outcome.FAILED, START + 1, ERROR, 1),
        "  Headers: Authorization, to stdout; ",
    )
    events = run()[:-1]
    accepted = Learned("token", replace(folded(events).token, verified=True))
    assert f"{line}they were accepted before that" in told([*events, accepted, ended])
    # The stage may be over all the same: it ends with a refusal, too.
    assert f"{line}they were not accepted, or not tried" in told([*events, ended])


@given(ANY_SECRETS)
def test_no_line_but_the_url_to_open_holds_a_secret(known: Secrets) -> None:
    """SPEC 6: default masked with length and hash."""
    lines = told(run(known))
    lines.remove(attempt(known).url)
    assert [secret for secret in known.all for line in lines if secret in line] == []


@given(st.text(max_size=30))
def test_no_server_text_reaches_the_terminal_as_it_is(hostile: str) -> None:
    """SPEC 6: terminal escape injection, headless output too."""
    text = f"\x1b]52;c;eA==\x07\x9b31m\u202e{hostile}\r\n"
    finding = replace(ERROR, message=text, seen=text, next=text)
    peer = replace(folded(run()).peer, name=text, tools=(text,), called=text)
    lines = told([*run()[:2], finding, Learned("peer", peer), Ended(Outcome.FAILED, START)])
    assert not [line for line in lines if {*line} & {*"\x1b\x07\x9b\u202e\r\n"}]


def test_colour_is_little_and_only_when_wanted() -> None:
    assert not any("\x1b" in line for line in told(refused()))
    coloured = told(refused(), colour=True)
    assert coloured[7] == "  \x1b[31m✗ fatal\x1b[0m: The issuer differs. [as-issuer-mismatch]"
    assert coloured[2] == "\x1b[1m1 Metadata: the MCP server is asked\x1b[0m"


def test_without_a_way_to_paste_nothing_is_said_of_pasting() -> None:
    waiting = Waiting("the sign-in", START + 42)
    assert told([waiting]) == ["  Waiting for the sign-in, 42.0 s at most."]


def test_a_question_is_asked_with_its_choices_and_its_default() -> None:
    question = Question(
        "step_up", "Ask for more?", "notes:write is missing", False, ("y", "n"), "n"
    )
    assert told([Waiting("an answer", START + 60, question)]) == [
        "  Waiting for an answer, 1:00 at most.",
        "  ? Ask for more?",
        "    notes:write is missing",
        "    one of: y, n",
        "    Enter alone: n",
    ]


def test_a_step_shows_the_next_request_with_its_reasons_and_no_secret() -> None:
    happened = token_request(Secrets())
    lines = told([Ready(happened.exchange.request)])
    assert lines[:2] == [
        "  Next: POST https://auth.example.com/token",
        "      grant_type: authorization_code",
    ]
    assert lines[-1] == "  Enter lets it go, r runs to the end, q ends the run."
    assert not any(secret in line for line in lines for secret in Secrets().all)


def test_a_step_before_the_browser_says_so() -> None:
    lines = told([Ready(attempt(Secrets()))])
    assert lines[0] == "  Next: the sign-in in the browser"


def test_a_repeated_and_edited_request_is_marked() -> None:
    happened = probe()
    edited = replace(happened, exchange=replace(happened.exchange, attempt=2, edited=True))
    assert told([edited]) == [
        "  1. POST https://mcp.example.com/mcp: 401, 41 ms, first contact, attempt 2,"
        " edited by hand"
    ]


def test_a_line_of_a_server_that_says_too_much_is_cut_but_not_the_address_to_open() -> None:
    peer = replace(folded(run()).peer, tools=("x" * 99,) * 1000)
    url = f"https://auth.example.com/authorize?response_type=code&scope={'s+' * 5000}"
    browsed = next(event for event in run() if type(event).__name__ == "Browsed")
    lines = told([run()[0], Learned("peer", peer), replace(browsed, url=url)])
    assert url in lines
    [tools] = [line for line in lines if line.startswith("  1000 tools: xxx")]
    assert len(tools) < 4100
    assert tools.endswith("… (101,012 characters)")


def test_kept_checks_are_counted_by_stage_and_never_listed() -> None:
    """Eighty lines that say nothing is wrong would hide the one that says something is."""
    kept = [findings.ok("as-json", Stage.SERVER), findings.ok("as-html", Stage.SERVER)]
    broken = findings.finding("as-null", Stage.SERVER)
    events = [Entered(Stage.SERVER), *kept, broken, Left(Stage.SERVER, Status.WARNED, "x")]
    assert told([*events, Entered(Stage.TOKEN), Left(Stage.TOKEN, Status.DONE)]) == [
        "",
        "1 Metadata: the authorization server",
        "  ! warning: The authorization server's metadata has a member with the value null."
        " [as-null]",
        "  ✓ 2 checks kept",
        "  ! warned: x",
        "",
        "4 Token: the code is exchanged",
        "  ✓ done",
    ]


@pytest.mark.parametrize(("level", "times"), [(Level.ERROR, 1), (Level.WARNING, 2)])
def test_what_ended_a_run_is_told_in_full_once(level: Level, times: int) -> None:
    """An error has its details already; a warning gets them when it turns out to be the end."""
    place = {"seen": "it", "exchange": 4}
    seen = findings.finding("as-html", Stage.SERVER, level=level, **place)
    stop = findings.fatal(findings.finding("as-html", Stage.SERVER, seen="it; more", exchange=4))
    lines = told([Entered(Stage.SERVER), seen, stop, Ended(Outcome.FAILED, START, stop, 1)])
    assert sum(line.endswith("[as-html]") for line in lines) == times
    assert sum(line.startswith("      next: ") for line in lines) == 1
    assert "  Findings: ✗ 1 fatal" in lines


@pytest.mark.parametrize(
    ("id", "told_so"), [("prm-missing", True), ("as-missing", True), ("as-no-token", False)]
)
def test_where_a_document_was_missed_it_is_told_what_looks_for_it_elsewhere(
    id: str, told_so: bool
) -> None:
    stop = findings.fatal(findings.finding(id, Stage.SERVER))
    last = told([Entered(Stage.SERVER), stop, Ended(Outcome.FAILED, START, stop, 1)])[-1]
    assert last.startswith("  Is the document elsewhere? On the screen") is told_so


def test_the_keys_that_are_named_for_it_are_those_of_the_screen() -> None:
    missed = findings.fatal(findings.finding("as-missing", Stage.SERVER))
    places = next(key for key in KEYS if key.name == "discovery")
    scans = {item.key for item in DiscoveryScreen.BINDINGS if item.action == "scan"}
    sentence = elsewhere(folded([missed]))
    assert f" {places.first} lists the places" in sentence
    assert {re.search(r"and (\w) there asks", sentence)[1]} == scans


def test_a_paste_that_was_refused_is_told_with_what_to_paste_instead() -> None:
    doubted = findings.finding("authz-paste", Stage.AUTHORIZE, seen="no code")
    assert doubted.level is Level.WARNING
    later = Waiting("the sign-in", START + 600)
    lines = told([Resumed("an address was pasted", "paste"), Slip(doubted), later, doubted])
    assert lines[1:3] == [f"  ! {doubted.message} [authz-paste]", f"      next: {doubted.next}"]
    assert lines[-1] == f"  ! warning: {doubted.message} [authz-paste]"


def test_a_step_tells_the_members_of_a_message_with_their_reasons() -> None:
    made = jsonrpc.stateless(
        Stage.PROBE,
        "https://mcp.example.com/mcp",
        "server/discover",
        {},
        id=1,
        token=None,
        version="1",
        purpose="x",
    )
    lines = told([Ready(made)])
    assert "      method: server/discover (asks for revisions and capabilities)" in lines
    assert "      id: 1 (its answer carries the same)" in lines


def test_why_no_browser_reaches_this_machine_is_told_once() -> None:
    browsed = next(event for event in run() if isinstance(event, Browsed))
    one = replace(browsed, note="This is a container.", forward="")
    assert told([one, one]).count("  This is a container.") == 1
