"""Knows the rules for the MCP server's answers without a token (SPEC 4, rs-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.rule import Rule
from mcp_auth_tui.model import Level, Whose

RULES: tuple[Rule, ...] = (
    Rule(
        "rs-open",
        Level.INFO,
        Whose.SERVER,
        "The server answers without a token.",
        "A server that protects nothing needs no token; authorization is optional in MCP.",
        "MCP 2025-11-25 basic/authorization (Protocol Requirements)",
        (
            "Use the server without a header; if it should be protected, answer 401 to every "
            "request without a token."
        ),
        "Nothing is wrong with an open server, but anybody who knows the URL can use it.",
    ),
    Rule(
        "rs-open-metadata",
        Level.INFO,
        Whose.SERVER,
        "The server asked for no token, and says where one can be got.",
        "A server with protected resource metadata asks for a token where one is needed.",
        "RFC 9728 §1; MCP 2025-11-25 basic/authorization (Protocol Requirements)",
        ("To sign in all the same: --force. To see whether a tool asks for a token: --call TOOL."),
        "Some servers are open but for some tools, or show more to those who signed in.",
    ),
    Rule(
        "rs-wants-key",
        Level.INFO,
        Whose.SERVER,
        "The server's refusal asks for a key, not for a sign-in.",
        "A server that takes keys alone sends a bare challenge and publishes no OAuth metadata.",
        "own; RFC 6750 §3",
        (
            "With keys alone leave it as it is; with OAuth too, name resource_metadata in the "
            "challenge. Who only uses the server asks its operator for a key."
        ),
        "Clients start to sign in at each 401, and look for metadata that will not be there.",
    ),
    Rule(
        "rs-partial-auth",
        Level.WARNING,
        Whose.SERVER,
        "Some requests are answered without a token and others are refused.",
        "Every request to a protected server is checked for a token.",
        'MCP security best practices ("MUST verify all inbound requests")',
        "Check the token in one place in front of every method, notification and stream.",
        "A method that was left open by oversight leaks what the others protect.",
    ),
    Rule(
        "rs-endpoint-http",
        Level.ERROR,
        Whose.SERVER,
        "The MCP URL is plain http, so a token would travel unencrypted.",
        "The MCP URL uses https, or http on this machine only.",
        "OAuth 2.1 §1.5; RFC 6750 §5.3",
        (
            "Serve the MCP endpoint over https and use that URL; for a trusted test network "
            "lift this with --allow rs-endpoint-http."
        ),
        "Everyone on the way can read and reuse a bearer token that is sent over http.",
        exit=4,
        meanwhile="Try the same URL with https.",
    ),
    Rule(
        "rs-401-no-challenge",
        Level.ERROR,
        Whose.SERVER,
        "The server refuses with 401 but does not say how to sign in.",
        "A 401 carries a WWW-Authenticate header field.",
        (
            "RFC 9110 §15.5.2; RFC 6750 §3; MCP 2025-06-18 basic/authorization (Authorization "
            "Server Location)"
        ),
        (
            "Add WWW-Authenticate: Bearer "
            'resource_metadata="https://HOST/.well-known/oauth-protected-resource/PATH" to '
            "every 401."
        ),
        "The header is how a client learns that a token is wanted and where the metadata is.",
    ),
    Rule(
        "rs-challenge-syntax",
        Level.ERROR,
        Whose.SERVER,
        "The server's WWW-Authenticate header cannot be read.",
        'WWW-Authenticate follows the grammar scheme name="value", name="value".',
        "RFC 9110 §11.6.1; RFC 9110 §11.2",
        (
            "Put parameters after the scheme, divide them by commas and quote values that hold "
            "more than token characters."
        ),
        "Clients that parse strictly ignore such a header and lose the metadata address.",
    ),
    Rule(
        "rs-challenge-dup-param",
        Level.ERROR,
        Whose.SERVER,
        "The server's challenge gives the same parameter twice.",
        "A parameter name occurs once in a challenge.",
        "RFC 9110 §11.2",
        (
            "Send the parameter once; two frameworks or proxies that each add the header are "
            "the usual cause."
        ),
        "Clients differ in which of the two they believe, so some will go to the wrong place.",
    ),
    Rule(
        "rs-challenge-charset",
        Level.ERROR,
        Whose.SERVER,
        "The server's challenge holds characters that its parameters must not have.",
        "scope, error and error_description use only the characters that RFC 6750 allows.",
        "RFC 6750 §3",
        (
            "Divide scopes by single spaces and keep quotes, backslashes and non-ASCII text out "
            "of scope, error and error_description."
        ),
        "Strict clients drop the parameter or the whole challenge.",
    ),
    Rule(
        "rs-challenge-scheme",
        Level.ERROR,
        Whose.SERVER,
        "The server asks for a kind of authentication that MCP does not use.",
        "The server offers Bearer or DPoP.",
        "RFC 6750 §3; RFC 9449 §7.1",
        "Offer a Bearer challenge beside or instead of the one that was sent.",
        "An MCP client obtains OAuth tokens; it has nothing to answer Basic or Negotiate with.",
    ),
    Rule(
        "rs-challenge-bare",
        Level.WARNING,
        Whose.SERVER,
        "The server's challenge names a scheme and nothing else.",
        "A Bearer challenge has at least one parameter.",
        "RFC 6750 §3",
        'Add resource_metadata="…" and scope="…" to the challenge.',
        "Without a parameter a client has to guess where to sign in and for what.",
    ),
    Rule(
        "rs-challenge-no-prm",
        Level.WARNING,
        Whose.SERVER,
        "The server's challenge does not say where its metadata is.",
        "The challenge carries resource_metadata.",
        (
            "MCP 2025-06-18 basic/authorization (Authorization Server Location); SEP-985; RFC "
            "9728 §5.1"
        ),
        (
            'Add resource_metadata="https://HOST/.well-known/oauth-protected-resource/PATH" to '
            "the WWW-Authenticate header of every 401."
        ),
        (
            "Since 2025-11-25 clients also look at the well-known places; clients of 2025-06-18 "
            "stop here."
        ),
        since="2025-06-18",
        levels={"2025-06-18": Level.ERROR},
    ),
    Rule(
        "rs-prm-url-bad",
        Level.ERROR,
        Whose.SERVER,
        "The metadata address in the server's challenge is not a usable https URL.",
        "resource_metadata is an absolute https URL (http only on this machine).",
        "RFC 9728 §5.1; RFC 9728 §7.1",
        (
            "Send the full URL with scheme and public host name; behind a proxy, take them from "
            "configuration and not from the request."
        ),
        (
            "A relative or http address sends clients nowhere, or to a place that an attacker "
            "can alter."
        ),
    ),
    Rule(
        "rs-prm-url-dead",
        Level.ERROR,
        Whose.SERVER,
        "The metadata address in the server's challenge gives no document.",
        "resource_metadata leads to the metadata document with status 200.",
        "RFC 9728 §5.1; RFC 9728 §3.2",
        (
            "Serve the document at that address or correct the address; open it without a token "
            "to see what clients see."
        ),
        (
            "Clients that trust the header stop here, even if the document exists at a "
            "well-known place."
        ),
    ),
    Rule(
        "rs-not-mcp",
        Level.FATAL,
        Whose.SERVER,
        "This URL does not answer as an MCP server.",
        "The URL answers a JSON-RPC POST as MCP, or with 401.",
        "MCP 2025-11-25 basic/transports (Streamable HTTP)",
        "Check the path of the URL (often /mcp or /sse) in the server's documentation.",
        "A web page or another API at that address can neither ask for a token nor take one.",
        meanwhile="",
    ),
    Rule(
        "rs-prm-url-foreign",
        Level.WARNING,
        Whose.SERVER,
        "The metadata address in the challenge is not on the origin of the MCP URL.",
        "resource_metadata has the origin of the MCP URL.",
        "RFC 9728 §3; RFC 9728 §7.3",
        "Serve the metadata on the MCP server's own origin and point the challenge there.",
        "Only the server's own origin proves that the document speaks for the server.",
    ),
    Rule(
        "rs-prm-url-nonstandard",
        Level.INFO,
        Whose.SERVER,
        (
            "The metadata address in the challenge is not the one that the standard derives "
            "from the MCP URL."
        ),
        "The document is at {origin}/.well-known/oauth-protected-resource{path}.",
        "RFC 9728 §3; RFC 9728 §3.1",
        (
            "Serve it at the derived place too: put /.well-known/oauth-protected-resource "
            "between host and path."
        ),
        "Clients that do not read the header look only at the derived places.",
    ),
    Rule(
        "rs-challenge-no-scope",
        Level.WARNING,
        Whose.SERVER,
        "The server's challenge does not say which scopes are needed.",
        "A 401 carries scope with what the operation needs.",
        "MCP 2025-11-25 basic/authorization (Scope Selection Strategy)",
        'Add scope="…" with the least set that the request needs.',
        "Without it clients ask for everything that the metadata lists, or for nothing.",
        since="2025-11-25",
    ),
    Rule(
        "rs-challenge-offline",
        Level.WARNING,
        Whose.SERVER,
        "The server's challenge asks for offline_access, which is no right on this server.",
        "The challenge's scope does not hold offline_access.",
        "MCP 2026-07-28 basic/authorization (Refresh Tokens)",
        (
            "Take offline_access out of the challenge; clients ask the authorization server for "
            "it by themselves."
        ),
        "A refresh token is a matter between client and authorization server, not of the resource.",
        since="2026-07-28",
    ),
    Rule(
        "rs-challenge-error-early",
        Level.WARNING,
        Whose.SERVER,
        "The server reports an error in its challenge though no token was sent.",
        "A challenge to a request without a token has no error code.",
        "RFC 6750 §3.1",
        "Leave error and error_description out when the request carried no token.",
        "Some clients take invalid_token as a reason to throw away what they have and give up.",
    ),
    Rule(
        "rs-challenge-error-absent",
        Level.WARNING,
        Whose.SERVER,
        "The server refused a token without saying why.",
        'A refused token is answered with error="invalid_token".',
        "RFC 6750 §3",
        'Add error="invalid_token" and error_description="…" when a token was sent.',
        "Without it a client cannot tell an expired token from one that never fits.",
    ),
    Rule(
        "rs-wrong-status",
        Level.ERROR,
        Whose.SERVER,
        "The server refuses a request without a token, but not with 401.",
        "A request without a token is answered 401.",
        "MCP 2025-11-25 basic/authorization (Error Handling); RFC 9110 §15.5.2",
        "Answer 401 with a WWW-Authenticate header before any other check on the request.",
        "Clients start to sign in on 401 only; any other status is a failure to them.",
    ),
    Rule(
        "rs-redirect-slash",
        Level.INFO,
        Whose.SERVER,
        "The server redirects to the same URL with or without a slash at its end.",
        "The MCP URL that people are given answers itself.",
        "own",
        "Give people the URL that answers, or answer both.",
        "Clients that follow no redirect stop here; the others send every message twice.",
    ),
    Rule(
        "rs-login-redirect",
        Level.ERROR,
        Whose.SERVER,
        "The server sends API requests to a login page.",
        "A request without a token is answered 401, not redirected.",
        "MCP 2025-11-25 basic/authorization (Error Handling)",
        (
            "Exclude the MCP path from the login redirect of the proxy or framework and answer "
            "401 there."
        ),
        "An MCP client cannot fill in a web page; it needs the 401 to start.",
    ),
    Rule(
        "rs-200-auth-error",
        Level.ERROR,
        Whose.SERVER,
        "The server reports “not authorized” inside a successful answer.",
        "A request without a token is answered with HTTP status 401.",
        "MCP 2025-11-25 basic/authorization (Error Handling)",
        (
            "Set the HTTP status to 401 with a WWW-Authenticate header instead of a JSON-RPC "
            "error under 200."
        ),
        "Clients read the HTTP status; a JSON-RPC error does not start a sign-in.",
    ),
    Rule(
        "rs-version-masks-auth",
        Level.INFO,
        Whose.SERVER,
        "The server rejects the form of the request before it asks for a token.",
        "A request without a token is answered 401 first.",
        "MCP 2026-07-28 basic/transports/streamable-http",
        "Check authorization before headers and protocol version.",
        "A client that speaks another revision never learns that the server wants a token.",
    ),
)
