"""Knows the rules for what comes back from the browser (SPEC 4, authz-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.rule import REPORT, Rule
from mcp_auth_tui.model import Level, Whose

RULES: tuple[Rule, ...] = (
    Rule(
        "authz-state",
        Level.ERROR,
        Whose.ISSUER,
        "The answer's state is missing or not the one that was sent.",
        "state comes back exactly as it was sent.",
        "RFC 6749 §4.1.2",
        "Return state in every answer exactly as it came.",
        "An answer that is not ours may have been planted by somebody else, so it is ignored.",
        meanwhile=f"Finish the sign-in that is open now, or start over once. {REPORT}",
    ),
    Rule(
        "authz-iss-absent",
        Level.FATAL,
        Whose.ISSUER,
        "The answer does not say which server it comes from, although that was promised.",
        "iss is in every authorization response once it was promised.",
        "RFC 9207 §2.4; MCP 2026-07-28 basic/authorization (Authorization Response Validation)",
        (
            "Send iss in every authorization response, errors too; or take "
            "authorization_response_iss_parameter_supported out of the metadata."
        ),
        (
            "A missing iss may be an answer that was mixed in from another server, so the code "
            "is not used."
        ),
        exit=4,
        meanwhile=f"Start over once. {REPORT}",
    ),
    Rule(
        "authz-iss-differs",
        Level.FATAL,
        Whose.ISSUER,
        "The answer comes from another authorization server than the one that was asked.",
        "iss is identical to the issuer that was asked.",
        "RFC 9207 §2.4; MCP 2026-07-28 basic/authorization (Authorization Response Validation)",
        (
            "Put your own issuer into iss; a front server must not pass on the answers of the "
            "identity provider behind it."
        ),
        "Using the code could hand it to an attacker's server.",
        exit=4,
        meanwhile=f"Start over once. {REPORT}",
    ),
    Rule(
        "authz-iss-unpromised",
        Level.WARNING,
        Whose.ISSUER,
        "The answer names its server although the metadata does not promise it.",
        "A server that sends iss says so in its metadata.",
        "RFC 9207 §2.3",
        "Set authorization_response_iss_parameter_supported to true.",
        "Clients can only rely on iss, and refuse answers without it, if it is promised.",
    ),
    Rule(
        "authz-iss-error-absent",
        Level.WARNING,
        Whose.ISSUER,
        "The error answer does not say which server it comes from.",
        "iss is in error responses too.",
        "RFC 9207 §2",
        "Add iss to error responses.",
        "Without it an error can be planted by somebody else.",
        exit=4,
    ),
    Rule(
        "authz-dup-param",
        Level.ERROR,
        Whose.ISSUER,
        "The answer gives the same parameter twice.",
        "Every parameter occurs once.",
        "OAuth 2.1 §3.1; OAuth 2.1 §4.1.2",
        "Send every parameter once; look for a redirect address that already carries one.",
        "It cannot be known which value is meant, so neither is used.",
    ),
    Rule(
        "authz-code-and-error",
        Level.ERROR,
        Whose.ISSUER,
        "The answer holds a code and an error at once.",
        "The answer holds either code or error.",
        "OAuth 2.1 §4.1.2; OAuth 2.1 §4.1.2.1",
        "Send only one of the two.",
        "Success and failure cannot both be true.",
    ),
    Rule(
        "authz-empty",
        Level.WARNING,
        Whose.ISSUER,
        "The answer holds neither a code nor an error.",
        "The answer holds code or error in its query.",
        "RFC 6749 §4.1.2",
        (
            "Look at the address in the browser; if code stands after a #, set response_mode to "
            "query at the server."
        ),
        "What stands after a # never reaches the program.",
    ),
    Rule(
        "authz-token-in-url",
        Level.ERROR,
        Whose.ISSUER,
        "The answer carries an access token in its address.",
        "No token is in an authorization response.",
        "RFC 9700 §2.1.2",
        "Switch the implicit flow off and answer with a code.",
        "Addresses end up in history and logs, and the token with them.",
    ),
    Rule(
        "authz-post",
        Level.ERROR,
        Whose.ISSUER,
        "The browser was sent back with a POST.",
        "The answer is a GET request with a query.",
        "RFC 9700 §4.12; OAuth 2.1 §4.1.2",
        "Redirect with 302 or 303, not 307, and use the response mode query.",
        "A 307 after a login form would repeat the form, with the password, to the client.",
    ),
    Rule(
        "authz-redirect-altered",
        Level.ERROR,
        Whose.ISSUER,
        "The browser was sent to another redirect address than the one that was registered.",
        "The answer arrives at the registered path and query.",
        "OAuth 2.1 §2.3; RFC 9700 §2.1",
        "Redirect to the address exactly as it was sent and only add parameters.",
        "Redirect addresses are compared letter by letter to keep codes from going elsewhere.",
    ),
    Rule(
        "authz-error-form",
        Level.WARNING,
        Whose.ISSUER,
        "The error of the answer is not one that the standard knows, or has forbidden characters.",
        "error is a registered code in printable ASCII.",
        "RFC 6749 §4.1.2.1",
        "Use a registered error code and put details into error_description.",
        "Clients decide by the code what to tell the person.",
    ),
    Rule(
        "authz-resource-refused",
        Level.ERROR,
        Whose.ISSUER,
        "The authorization server does not accept the resource parameter.",
        "The server accepts the MCP server's resource.",
        "MCP 2025-06-18 basic/authorization (Resource Parameter Implementation); RFC 8707 §2",
        (
            "Add the MCP URL as a resource of the server; to see what happens without it, use "
            "--no-resource."
        ),
        "Without resource the token may be good for other servers too.",
        since="2025-06-18",
        meanwhile="See with --no-resource whether it works without.",
    ),
    Rule(
        "authz-instant",
        Level.WARNING,
        Whose.ISSUER,
        "The sign-in came back at once, without asking anybody.",
        "A new client is shown to the person before it gets access.",
        "MCP security best practices (Confused Deputy Problem)",
        "Show a consent page for every new client, even if the person is signed in.",
        "Another program could get a token unnoticed in the same way.",
    ),
    Rule(
        "authz-denied",
        Level.FATAL,
        Whose.NOBODY,
        "The sign-in was declined.",
        "The person and the server agree to the access.",
        "RFC 6749 §4.1.2.1",
        "Sign in again and accept, ask for fewer scopes with --scope, or use an account that may.",
        "Either you pressed “cancel” or the authorization server did not allow it.",
    ),
    Rule(
        "authz-client-refused",
        Level.FATAL,
        Whose.ISSUER,
        "The authorization server does not accept this client or its redirect address.",
        "The authorization endpoint knows the client and its redirect address.",
        "RFC 6749 §4.1.2.1; RFC 9700 §2.1",
        "Compare client id and redirect address with what is registered.",
        "A server that does not know them says so on a page and may not redirect: no browser was "
        "needed to see it.",
        meanwhile=(
            f"Use another client with --client-id, or let one be registered: --register. {REPORT}"
        ),
    ),
    Rule(
        "authz-page",
        Level.WARNING,
        Whose.ISSUER,
        "The authorization endpoint answered with something else than a sign-in.",
        "The authorization endpoint leads to a sign-in or redirects.",
        "RFC 6749 §4.1.1",
        "Open the address in a browser and read what stands there.",
        "It was asked once before the browser opens; a browser may get further.",
    ),
    Rule(
        "authz-error",
        Level.FATAL,
        Whose.ISSUER,
        "The authorization server ended the sign-in with an error.",
        "The sign-in ends with a code.",
        "RFC 6749 §4.1.2.1",
        "Read the server's reason; it often names a scope, a resource or a redirect address.",
        "The server told this through the browser instead of giving a code.",
    ),
    Rule(
        "authz-timeout",
        Level.FATAL,
        Whose.NOBODY,
        "No answer came back from the browser in time.",
        "The browser comes back to the redirect address.",
        "own",
        (
            "Look at the browser: an error page there often means an unknown client id or "
            "redirect address. Then try again, with --wait for more time."
        ),
        "Servers show these errors in the browser and send nothing back, for safety.",
    ),
    Rule(
        "authz-paste",
        Level.WARNING,
        Whose.CLIENT,
        "What was pasted is not the address that the browser ended on.",
        "The paste is the whole address with code and state.",
        "own",
        (
            "Copy the whole address from the browser's address bar after the sign-in and paste "
            "it again."
        ),
        "The answer is in the query of that address, also when the page itself could not be shown.",
    ),
)
