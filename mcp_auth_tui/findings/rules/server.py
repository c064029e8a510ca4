"""Knows the rules for an issuer and its endpoints (SPEC 4, as-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.rule import BY_ENDPOINTS, REPORT, Rule
from mcp_auth_tui.model import Level, Whose

RULES: tuple[Rule, ...] = (
    Rule(
        "as-missing",
        Level.ERROR,
        Whose.ISSUER,
        "The authorization server publishes no metadata where this revision looks for it.",
        "Metadata exists at a required well-known place of the issuer.",
        "MCP 2025-06-18 basic/authorization (Overview); RFC 8414 §3",
        (
            "Serve the document at {origin}/.well-known/oauth-authorization-server{path of the "
            "issuer}."
        ),
        "Without it a client knows neither where to sign in nor where to get a token.",
        since="2025-06-18",
        levels={"2025-03-26": Level.WARNING},
        meanwhile=BY_ENDPOINTS,
    ),
    Rule(
        "as-misplaced",
        Level.ERROR,
        Whose.ISSUER,
        "The authorization server's metadata is at a place where clients do not look.",
        "The document is at the place that is derived from the issuer.",
        "RFC 8414 §3.1",
        (
            "Put /.well-known/oauth-authorization-server between host and path of the issuer, "
            "not after it and not at the root."
        ),
        "Standard clients do not find it there and report that it is missing.",
    ),
    Rule(
        "as-status",
        Level.ERROR,
        Whose.ISSUER,
        "The place of the authorization server's metadata answers with an error.",
        "The metadata is answered 200 to everybody.",
        "RFC 8414 §3.2",
        "Let the well-known path through login, bot protection and rate limits.",
        "A client asks for it before it has any credential.",
    ),
    Rule(
        "as-html",
        Level.ERROR,
        Whose.ISSUER,
        "The place of the authorization server's metadata answers with a web page.",
        "The metadata is a JSON document.",
        "RFC 8414 §3.2",
        "Route the well-known path to the document before the catch-all of the web application.",
        "A page instead of “not found” hides that the document is missing.",
        meanwhile=BY_ENDPOINTS,
    ),
    Rule(
        "as-content-type",
        Level.ERROR,
        Whose.ISSUER,
        "The authorization server's metadata is not labelled as JSON.",
        "The metadata has the content type application/json.",
        "RFC 8414 §3.2",
        "Send Content-Type: application/json.",
        "Strict clients refuse a document of another type.",
    ),
    Rule(
        "as-json",
        Level.ERROR,
        Whose.ISSUER,
        "The authorization server's metadata is not a proper JSON object.",
        "The metadata is one JSON object in UTF-8 with unique member names.",
        "RFC 8414 §3.2; RFC 8259 §4; RFC 8259 §8.1",
        "Run the document through a JSON checker and remove what it reports.",
        "Clients differ in what they make of a broken document, and most give up.",
        meanwhile=BY_ENDPOINTS,
    ),
    Rule(
        "as-issuer-missing",
        Level.FATAL,
        Whose.ISSUER,
        "The authorization server's metadata does not name its issuer.",
        "The metadata has an issuer member.",
        "RFC 8414 §2; RFC 8414 §3.3",
        'Add "issuer" with exactly the string that the MCP server lists in authorization_servers.',
        "Without it nobody can tell whose document this is, and a forged one would pass.",
        exit=4,
    ),
    Rule(
        "as-issuer-form",
        Level.ERROR,
        Whose.ISSUER,
        "The issuer is not a plain https address.",
        "issuer is an https URL without query and fragment.",
        "RFC 8414 §2",
        (
            "Use https and remove ? and # with what follows, in the metadata and in "
            "authorization_servers."
        ),
        "Clients derive addresses from the issuer and compare it letter by letter.",
        exit=4,
    ),
    Rule(
        "as-issuer-mismatch",
        Level.FATAL,
        Whose.ISSUER,
        "The authorization server's metadata names another issuer than the one that was asked for.",
        "issuer is identical to the entry of authorization_servers.",
        "RFC 8414 §3.3; MCP 2026-07-28 basic/authorization/authorization-server-discovery",
        (
            "Make issuer here and the entry of authorization_servers in the MCP server's metadata "
            "the same string: scheme, host, port, path and tenant."
        ),
        "The comparison is what keeps an attacker from passing off a document as somebody else's.",
        exit=4,
    ),
    Rule(
        "as-issuer-slash",
        Level.FATAL,
        Whose.ISSUER,
        "The issuer that was asked for and the one named differ by a slash at the end.",
        "issuer is identical to the entry of authorization_servers.",
        "RFC 8414 §3.3; MCP 2026-07-28 basic/authorization/authorization-server-discovery",
        (
            "Make both the same, slash for slash: issuer in this metadata or, where it cannot be "
            "changed, the entry of authorization_servers in the MCP server's metadata."
        ),
        (
            "Strings are compared as they are. Frameworks that add a slash to URLs are the "
            "usual cause."
        ),
        exit=4,
    ),
    Rule(
        "as-docs-differ",
        Level.WARNING,
        Whose.ISSUER,
        "The authorization server's two metadata documents disagree.",
        "The OAuth and the OpenID document say the same.",
        "own",
        "Serve both documents from one source.",
        "What a client may do would depend on which document it reads first.",
    ),
    Rule(
        "as-no-authorize",
        Level.FATAL,
        Whose.ISSUER,
        "The authorization server does not say where to sign in.",
        "The metadata has an authorization_endpoint.",
        "RFC 8414 §2",
        "Add authorization_endpoint to the metadata.",
        "Without it the browser cannot be sent anywhere.",
        meanwhile=f"If you know it, give it by hand: --authorization-endpoint URL. {REPORT}",
    ),
    Rule(
        "as-no-token",
        Level.FATAL,
        Whose.ISSUER,
        "The authorization server does not say where to get a token.",
        "The metadata has a token_endpoint.",
        "RFC 8414 §2",
        "Add token_endpoint to the metadata.",
        "Without it the code from the browser cannot be exchanged.",
        meanwhile=f"If you know it, give it by hand: --token-endpoint URL. {REPORT}",
    ),
    Rule(
        "as-endpoint-http",
        Level.FATAL,
        Whose.ISSUER,
        "An endpoint of the authorization server is plain http.",
        "Every endpoint is https (http only on this machine).",
        "MCP 2025-11-25 basic/authorization (Communication Security); OAuth 2.1 §1.5",
        (
            "Publish https addresses; behind a TLS proxy forward the scheme or configure the "
            "public URL."
        ),
        "Passwords, codes and tokens would travel unencrypted.",
        exit=4,
    ),
    Rule(
        "as-endpoint-scheme",
        Level.FATAL,
        Whose.ISSUER,
        "An endpoint of the authorization server is not a web address.",
        "Every endpoint is an absolute https URL.",
        "MCP security best practices (OAuth Authorization URL Validation); OAuth 2.1 §3.1",
        "Replace it by an https URL.",
        "Addresses such as javascript:, data: or file: are an attack on whoever opens them.",
        exit=4,
        meanwhile=f"If you did not expect this, trust neither server. {REPORT}",
    ),
    Rule(
        "as-endpoint-private",
        Level.FATAL,
        Whose.ISSUER,
        "A public authorization server names an endpoint inside a private network.",
        "The endpoints of a public issuer have public addresses.",
        "MCP security best practices (Server-Side Request Forgery)",
        "Publish public host names; for a test network lift this with --allow as-endpoint-private.",
        "Asking there would let a foreign document reach into the network of the client.",
        exit=4,
    ),
    Rule(
        "as-endpoint-fragment",
        Level.ERROR,
        Whose.ISSUER,
        "An endpoint of the authorization server has a fragment (#…).",
        "Endpoints have no fragment.",
        "RFC 6749 §3.1; RFC 6749 §3.2",
        "Remove the # and what follows it.",
        "Parameters added to such an address would not reach the server.",
        exit=4,
    ),
    Rule(
        "as-endpoint-params",
        Level.FATAL,
        Whose.ISSUER,
        "The sign-in address already carries parameters that the client must set.",
        "authorization_endpoint holds no OAuth parameters.",
        "OAuth 2.1 §3.1; own",
        "Remove client_id, redirect_uri, state and the like from authorization_endpoint.",
        "A doubled parameter can make the server use another client or send the code elsewhere.",
        exit=4,
        meanwhile=f"Give it by hand without them: --authorization-endpoint URL. {REPORT}",
    ),
    Rule(
        "as-endpoint-foreign",
        Level.WARNING,
        Whose.ISSUER,
        "An endpoint is on another site than the issuer.",
        "Token and registration endpoint are on the site of the issuer.",
        "RFC 9700 §4.4",
        "Check that both sites belong to the same operator before you sign in.",
        "In a mix-up attack the page is real, and the token endpoint is the attacker's.",
    ),
    Rule(
        "as-legacy-paths",
        Level.WARNING,
        Whose.ISSUER,
        "The server works only through the default paths of 2025-03-26.",
        "The server publishes metadata.",
        "MCP 2025-03-26 basic/authorization (Fallbacks for Servers without Metadata Discovery)",
        "Publish protected resource metadata and authorization server metadata.",
        "Newer clients do not try /authorize, /token and /register on their own.",
        levels={"2025-03-26": Level.INFO},
    ),
    Rule(
        "as-changed",
        Level.FATAL,
        Whose.NOBODY,
        "The MCP server now names another authorization server than before.",
        "The authorization server is the one that the stored credentials belong to.",
        "MCP 2026-07-28 basic/authorization/client-registration (Authorization Server Binding)",
        "Confirm the change with the operator; then register and sign in at the new server.",
        "Credentials of one authorization server must not be shown to another.",
    ),
)
