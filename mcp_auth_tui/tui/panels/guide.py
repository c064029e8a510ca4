"""Knows what each panel is about, in words for a newcomer to OAuth; knows no session, no widget."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Guide:
    """What a person reads about one panel."""

    what: str
    rules: str
    wrong: tuple[str, ...]


GUIDES: tuple[Guide, ...] = (
    Guide(
        what=(
            "Asks the MCP server without a token, reads its refusal, and follows it to two "
            "documents: what the server says about itself (which authorization servers it trusts) "
            "and what that authorization server offers (its endpoints, and what it supports)."
        ),
        rules="RFC 9110 §11 and RFC 6750 §3 (the challenge), RFC 9728 (protected resource "
        "metadata), RFC 8414 and OpenID Connect Discovery (authorization server metadata)",
        wrong=(
            "The server answers 401 without saying where its metadata is, or the document is at "
            "another path than RFC 9728 builds (the table of places tried shows which).",
            "The document names another resource than the URL you typed, often http for https "
            "behind a proxy, or another path.",
            "The issuer in the document differs from the address it was found by, often by one "
            "slash at the end.",
            "A web page comes back with 200 instead of JSON: a single-page application answers "
            "every path.",
        ),
    ),
    Guide(
        what=(
            "Makes this program known to the authorization server: with a client that you bring, "
            "with a document that describes the client, or by registering a new one on the spot."
        ),
        rules="RFC 7591 (dynamic registration), OAuth Client ID Metadata Documents, RFC 8252 §7.3 "
        "(the loopback address that the browser comes back to)",
        wrong=(
            "The server offers no registration: bring a client with --client-id ({settings} opens "
            "the settings).",
            "It refuses the address to come back to: some want localhost, some a fixed --port.",
            "It issues a secret though none was asked for, and then wants it at the token "
            "endpoint.",
        ),
    ),
    Guide(
        what=(
            "Opens the authorization server's page in your browser. You sign in and agree there; "
            "the browser then comes back to this program with a code that is good for one "
            "exchange. Without a browser here, open the address anywhere, and paste the address "
            "that the browser ended on ({paste}) - a page that cannot be loaded is fine. With "
            "device authorization you type a code on any device instead."
        ),
        rules="RFC 6749 §4.1 (authorization code), RFC 7636 (PKCE), RFC 8707 (resource), "
        "RFC 9207 (who answered), RFC 8252 (native apps), RFC 8628 (device authorization)",
        wrong=(
            "The browser shows an error page and never comes back: usually an address to come back "
            "to, or a client, that the authorization server does not know.",
            "It runs on another machine than this program: use the ssh -L line, or paste.",
            "Pasted the address of the sign-in page: it is the one after signing in that counts, "
            "beginning with the address to come back to.",
        ),
    ),
    Guide(
        what=(
            "Exchanges the code for an access token, once, and checks what came: its type and "
            "lifetime, the scopes granted beside those asked for, and, where the token can be "
            "read, for whom it was issued."
        ),
        rules="RFC 6749 §4.1.3 and §5, RFC 7636 §4.5, RFC 8707 §2, RFC 9068 (tokens that are JWTs)",
        wrong=(
            "invalid_grant: the code was spent, is too old, or the address to come back to differs "
            "from the one before.",
            "invalid_client: the secret or the way to present it is not what was registered.",
            "invalid_target: the authorization server does not know this resource.",
        ),
    ),
    Guide(
        what=(
            "Uses the header against the MCP server, in whatever way that server speaks, and shows "
            "who answered. The header is what you came for: {copy} copies it, {export} exports it "
            "in other forms, and it is printed when you quit."
        ),
        rules="RFC 6750 §2.1 (the header), the MCP transports, RFC 6750 §3.1 (refusals)",
        wrong=(
            "401 although the token is fresh: the server checks another audience or issuer than "
            "the authorization server writes.",
            "403 and insufficient_scope: the token is good, but not for this; a step-up asks for "
            "more.",
        ),
    ),
)
