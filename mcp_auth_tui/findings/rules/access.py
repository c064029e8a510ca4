"""Knows the rules for the MCP server's answers to a token (SPEC 4, rs-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.rule import REPORT, Rule
from mcp_auth_tui.model import Level, Whose

RULES: tuple[Rule, ...] = (
    Rule(
        "rs-invalid-token-not-401",
        Level.ERROR,
        Whose.SERVER,
        "The server refuses a bad token, but not with 401.",
        "An invalid or expired token is answered 401.",
        "MCP 2025-11-25 basic/authorization (Token Handling); RFC 6750 §3.1",
        'Answer 401 with error="invalid_token" when the token is malformed, expired or revoked.',
        "Only a 401 tells a client to refresh its token or to sign in again.",
    ),
    Rule(
        "rs-scope-as-401",
        Level.WARNING,
        Whose.SERVER,
        "The server answers missing rights with 401 instead of 403.",
        "A token with too few scopes is answered 403 insufficient_scope.",
        "RFC 6750 §3.1; MCP 2025-11-25 basic/authorization (Scope Challenge Handling)",
        'Answer 403 with error="insufficient_scope" and scope="…" when the token itself is good.',
        "A 401 makes clients throw a good token away and ask for the same one again.",
    ),
    Rule(
        "rs-403-no-challenge",
        Level.WARNING,
        Whose.SERVER,
        "The server answers 403 without saying which rights are missing.",
        'A 403 carries a Bearer challenge with error="insufficient_scope".',
        "MCP 2025-11-25 basic/authorization (Scope Challenge Handling)",
        (
            'Add WWW-Authenticate: Bearer error="insufficient_scope", scope="…", '
            'resource_metadata="…" to the 403.'
        ),
        "Without it a client cannot ask for the missing rights and has to give up.",
        since="2025-11-25",
    ),
    Rule(
        "rs-403-incomplete",
        Level.WARNING,
        Whose.SERVER,
        "The server's 403 challenge lacks error, scope or resource_metadata.",
        "A 403 for want of a scope says insufficient_scope, scope and resource_metadata.",
        "MCP 2025-11-25 basic/authorization (Runtime Insufficient Scope Errors)",
        "Add the missing parameter to the challenge.",
        "The client needs the reason, the scopes to ask for, and the metadata to know where.",
        since="2025-11-25",
    ),
    Rule(
        "rs-stepup-loop",
        Level.ERROR,
        Whose.SERVER,
        "The server demands a scope again that the token already has.",
        "A token that holds the demanded scope, or a broader one, is accepted.",
        "MCP 2026-07-28 basic/authorization (Step-Up Authorization Flow)",
        (
            "Compare with the scopes that the token really carries, and count a broader scope "
            "for the narrower one."
        ),
        "The person would sign in again and again without ever getting further.",
    ),
    Rule(
        "rs-stepup-drip",
        Level.WARNING,
        Whose.SERVER,
        "The server asks for one scope at a time for a single operation.",
        "One challenge names every scope that the operation needs.",
        "MCP 2026-07-28 basic/authorization (Runtime Insufficient Scope Errors)",
        "Collect all scopes of the operation and send them in one challenge.",
        "Each further challenge is one more sign-in for the person.",
        since="2026-07-28",
    ),
    Rule(
        "rs-stepup-catalog",
        Level.INFO,
        Whose.SERVER,
        "Every challenge of the server lists its whole catalogue of scopes.",
        "A challenge names only what the operation needs.",
        "MCP security best practices (Scope Minimization)",
        "Name the least set of scopes for the operation in each challenge.",
        "A token with every right does the most harm when it is stolen.",
    ),
    Rule(
        "rs-stepup-limit",
        Level.FATAL,
        Whose.SERVER,
        "The server still refuses after the allowed number of sign-ins.",
        "An operation is allowed after the demanded scopes were granted.",
        "MCP 2025-11-25 basic/authorization (Step-Up Authorization Flow)",
        (
            "Compare the scopes of the challenges with those of the tokens; ask the operator "
            "which rights your account lacks."
        ),
        "More attempts with the same result would only trouble the person and the servers.",
        meanwhile="Ask the operator which rights your account lacks.",
    ),
    Rule(
        "rs-fresh-token-refused",
        Level.ERROR,
        Whose.SERVER,
        "The server refuses a token that its own authorization server has just issued.",
        "A token issued for this server is accepted by it.",
        "MCP 2025-11-25 basic/authorization (Token Handling)",
        (
            "Compare the token's aud, iss, exp and scope with what the server expects, and the "
            "clocks of both machines."
        ),
        (
            "The usual causes are an audience that is not the server's URL and an issuer that "
            "is spelled differently."
        ),
        meanwhile=f"Run again once: it may pass. {REPORT}",
    ),
    Rule(
        "rs-token-echo",
        Level.ERROR,
        Whose.SERVER,
        "The server repeats the token in its answer.",
        "A token appears in no body, header or URL of an answer.",
        "MCP 2025-11-25 basic/authorization (Token Theft); OAuth 2.1 §7.1",
        (
            "Remove the token from the answer and from the place where it was logged or echoed, "
            "and issue a new one."
        ),
        "Answers are logged and cached in places where a token can be stolen.",
    ),
    Rule(
        "rs-revision-refused",
        Level.ERROR,
        Whose.SERVER,
        "The server refuses initialize over its revision.",
        "initialize is answered with a revision that the server speaks.",
        "MCP 2025-11-25 basic/lifecycle (Version Negotiation)",
        (
            "Answer initialize with 200 and the newest revision that you know in protocolVersion, "
            "whatever revision was asked for."
        ),
        "Clients take an error as the end, so each new revision of MCP locks them out.",
    ),
    Rule(
        "rs-session-lost",
        Level.ERROR,
        Whose.SERVER,
        "The server does not know the session that it began a moment ago.",
        "A session lasts; where it is over, its requests are answered 404.",
        "MCP 2025-11-25 basic/transports (Session Management)",
        (
            "Keep sessions where every process finds them (a shared store), or route a session to "
            "the process that began it (sticky routing); answer 404, not 401, where one is unknown."
        ),
        (
            "The usual cause is a second process or replica behind a load balancer; a 401 makes "
            "clients throw a good token away."
        ),
    ),
    Rule(
        "rs-sse-on-post",
        Level.WARNING,
        Whose.SERVER,
        "The server answers a POST with the event stream of the old HTTP+SSE transport.",
        "Where only HTTP+SSE (2024-11-05) is spoken, a POST is answered 405.",
        "MCP 2025-11-25 basic/transports (Backwards Compatibility)",
        "Answer POST at this URL with 405, or serve streamable HTTP there.",
        "A client waits for an answer on that stream, and none will come.",
    ),
    Rule(
        "rs-sse-silent",
        Level.ERROR,
        Whose.SERVER,
        "The server took a message, and its answer did not come on the event stream.",
        "Each request is answered on the event stream under its own id.",
        "MCP 2025-11-25 basic/transports (Backwards Compatibility)",
        (
            "Look whether the message reached the process that holds the stream, and send the "
            "answer with the id of the request; let no proxy buffer the stream."
        ),
        "A client without a limit of its own would wait for ever.",
    ),
    Rule(
        "rs-redirects-token",
        Level.FATAL,
        Whose.SERVER,
        "The server redirects a request that carries the token to another place.",
        "A request with a token is never redirected to another origin or to http.",
        "MCP 2025-11-25 basic/authorization (Token Theft); OAuth 2.1 §1.5",
        "Use the final URL of the MCP server directly, or serve the endpoint without a redirect.",
        "Following it would hand the token to a server that it was not issued for.",
        exit=4,
    ),
)
