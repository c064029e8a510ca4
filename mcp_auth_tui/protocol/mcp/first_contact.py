"""Knows what the MCP server's answer to a request without a token means (C1-C6, T1-T4).

It must not know what becomes of a token: `verify` does.
"""

from __future__ import annotations

from dataclasses import replace

from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Exchange, Finding
from mcp_auth_tui.model.oauth import Challenge, Contact, Peer
from mcp_auth_tui.protocol import challenge, error_answer
from mcp_auth_tui.protocol.actions import FlowStop, Protocol
from mcp_auth_tui.protocol.challenge import ParsedChallenges
from mcp_auth_tui.protocol.checks import challenge as checks_challenge
from mcp_auth_tui.protocol.judge import Details, Judge
from mcp_auth_tui.protocol.mcp.conversation import converse
from mcp_auth_tui.protocol.mcp.exchange import ConversationEnd
from mcp_auth_tui.protocol.mcp.refusals import HOST, OTHER_HOST, about_host, wants_header

_REMAPPED = "x-amzn-remapped-www-authenticate"
_READ_SINGLE = "--allow rs-challenge-syntax"
_PAGE = "A web page with HTTP 403 is all that a request without a token gets: no 401 of MCP."
# What some that stand before a server say, and mean: headline and next step.
_SAYS = {
    "Missing Authentication Token": (
        "AWS API Gateway leads this URL nowhere.",
        "Check the URL: its stage, path and spelling. If it is right, add this path and method to"
        " the gateway, without its own (IAM) authorization.",
    ),
    "Authorization method mismatch": (
        "The runtime takes signatures of AWS, and no tokens.",
        "Set the runtime up with an authorizer for JSON Web Tokens (OAuth) in the place of IAM"
        " (SigV4).",
    ),
}
_LOGIN_PAGE = (
    "A web page answers in the place of the MCP server, as a login for people before it does, and"
    " nothing says how a program signs in."
)
_BEFORE = (
    "A web page with 401 comes from what stands before the server (a login for people, a proxy):"
    " let requests of programs through it to the MCP path and to /.well-known/, and answer 401"
    ' there with WWW-Authenticate: Bearer resource_metadata="…".'
)
_LET_THROUGH = (
    "Let requests to the MCP path through the bot protection, firewall or login that answers so,"
    " and answer 401 there."
)


def first_contact(judge: Judge) -> Protocol[tuple[Contact, Peer | None]]:
    """Speak to the server without a token (T1-T4); raises `FlowStop`.

    Returns the challenge to start from, and what an open server told about itself.
    """
    if judge.config.url.startswith("http:") and not _loopback(judge.config.url):
        yield from judge.refuse("rs-endpoint-http", seen=judge.config.url)
    if judge.config.insecure:
        yield from judge.note("client-insecure", seen="--insecure")
    moved = ""
    try:
        end = yield from converse(judge, None)
    except FlowStop as stopped:
        if not (moved := stopped.place):
            raise
        yield stopped.finding
        judge = judge.asking(moved)
        end = yield from converse(judge, None)
    if end.refused is None:
        yield from judge.note("rs-open")
        return Contact(200, (), end.era, end.revision, url=moved), end.peer
    contact = replace((yield from _read_refusal(judge, end, end.refused)), url=moved)
    if end.method not in ("server/discover", "initialize", "GET"):
        seen = f"{end.method} is the first that is refused"
        yield from judge.note("rs-partial-auth", seen=seen, exchange=end.refused)
    return contact, None


def contact_of(
    exchange: Exchange, challenges: tuple[Challenge, ...], end: ConversationEnd
) -> Contact:
    """Return what a refusal shows, and in which conversation it came."""
    era = (end.era, end.revision, end.method)
    return Contact(exchange.status, challenges, *era, exchange.number)


def _loopback(url: str) -> bool:
    from mcp_auth_tui.protocol.urls import is_loopback, split

    return is_loopback(split(url).hostname or "")


def _read_refusal(judge: Judge, end: ConversationEnd, exchange: Exchange) -> Protocol[Contact]:
    parsed = yield from read_challenge(judge, exchange)
    contact = contact_of(exchange, parsed.challenges, end)
    lacking = exchange.status == 403 and contact.param("error") == "insufficient_scope"
    if exchange.status != 401 and not lacking:
        words = error_answer.read(exchange)
        page = words.form == "page" or bool(words.product)
        wants_header(judge, exchange)
        message = f"{words.product} refuses a request without a token: no 401 of MCP comes."
        message = message if words.product else _PAGE if page else ""
        next = _LET_THROUGH if page else ""
        if about_host(words):
            message, next = OTHER_HOST, HOST
        for phrase, said in _SAYS.items():
            if phrase in words.text:
                message, next = said
        if not judge.config.force:
            judge.stop(
                "rs-wrong-status",
                seen=error_answer.seen("HTTP 403 without a token", exchange),
                expected="HTTP 401 with WWW-Authenticate",
                message=message,
                next=next,
                meanwhile=f"To try the flow all the same: --force. {REPORT}",
                exchange=exchange,
            )
        seen = f"HTTP {exchange.status}"
        yield from judge.note("rs-wrong-status", seen=seen, exchange=exchange)
    yield from judge.tell(checks_challenge.error(exchange, contact), exchange)
    words = error_answer.read(exchange)
    wants = f"“{words.demand}”" if words.demand else ""
    if words.wants_key and contact.param("resource_metadata") is None:
        yield from judge.note("rs-wants-key", seen=wants, exchange=exchange)
    return replace(contact, wants=wants, page=words.form == "page")


def explained(stopped: FlowStop, contact: Contact) -> FlowStop:
    """Return the end of a run, explained by what the first refusal asked for in its own words."""
    finding = stopped.finding
    if finding.id != "prm-missing":
        return stopped
    if place := contact.param("authorization_uri"):
        finding = _with_place(finding, place)
    if contact.page:
        finding = replace(finding, message=_LOGIN_PAGE, next=f"{_BEFORE} {finding.next}")
    if not contact.wants:
        return FlowStop(finding, stopped.place)
    way = error_answer.way_by_header(contact.wants)
    finding = replace(
        finding,
        message=f"The server refuses with {contact.wants} and nothing says how to sign in: it may"
        " take a key or a token that its operator hands out.",
        next=f"{finding.next} A server that takes keys alone keeps its bare Bearer challenge and"
        " publishes no OAuth metadata.",
        meanwhile=f"Ask the operator for a key or a token and send it as the server says."
        f" {way} {finding.meanwhile}".replace("  ", " "),
    )
    return FlowStop(finding, stopped.place)


def _with_place(finding: Finding, place: str) -> Finding:
    """Return the end of a run with the sign-in page that the challenge names in its own way."""
    from mcp_auth_tui.protocol.discovery.guesses import issuer_of_endpoint

    issuer = issuer_of_endpoint(place)
    way = "find its issuer, and name it with --issuer"
    if issuer:
        way = f"its issuer may be this one, to be given by hand: --issuer {issuer}"
    return replace(
        finding,
        seen=f"{finding.seen}; the challenge names authorization_uri {place}",
        meanwhile=f"The challenge names a page to sign in at: {way}. {REPORT}",
    )


def read_challenge(judge: Judge, exchange: Exchange) -> Protocol[ParsedChallenges]:
    """Read and judge ``WWW-Authenticate`` (C1-C3, C6); a missing one is only noted."""
    response = exchange.response
    fields = response.all("www-authenticate") if response else ()
    parsed, pointer = challenge.parse(fields), "www-authenticate"
    if not fields:
        if exchange.status == 401:
            yield from judge.note("rs-401-no-challenge", **_unchallenged(exchange))
        return parsed
    text = ", ".join(fields)
    if exchange.status == 401:
        yield from judge.keep("rs-401-no-challenge", exchange=exchange, pointer=pointer)
    yield from judge.tell(checks_challenge.fields(exchange, parsed, text), exchange)
    if parsed.single:
        return (yield from _single_quotes(judge, parsed, text, exchange))
    return parsed


def _unchallenged(exchange: Exchange) -> Details:
    """Return what is told of a 401 without a challenge, where a gateway renamed it on the way."""
    response = exchange.response
    kept = response.header(_REMAPPED) if response is not None else None
    if not kept:
        page = error_answer.read(exchange).form == "page"
        return {
            "seen": error_answer.seen("HTTP 401", exchange),
            "next": _BEFORE if page else "",
            "exchange": exchange,
            "pointer": "www-authenticate",
        }
    return {
        "seen": f"{_REMAPPED}: {kept}",
        "next": "AWS API Gateway renames WWW-Authenticate: let it pass (by a mapping of the"
        " response), or put another front before the server (a load balancer, CloudFront).",
        "exchange": exchange,
        "pointer": _REMAPPED,
    }


def _single_quotes(
    judge: Judge, parsed: ParsedChallenges, shown: str, exchange: Exchange
) -> Protocol[ParsedChallenges]:
    """Tell of single quotes, and take them for quotes where that was allowed."""
    lifted = "rs-challenge-syntax" in judge.config.allow
    yield from judge.note(
        "rs-challenge-syntax",
        seen=f"single quotes around {', '.join(parsed.single)}: {shown}",
        next=f'Write double quotes: {parsed.single[0]}="…".',
        meanwhile=f"To read them all the same, for debugging only: {_READ_SINGLE}. {REPORT}",
        exchange=exchange,
        pointer="www-authenticate",
    )
    if not lifted:
        return parsed
    yield from judge.note("client-overridden", seen=_READ_SINGLE, exchange=exchange)
    return ParsedChallenges(parsed.unquoted())
