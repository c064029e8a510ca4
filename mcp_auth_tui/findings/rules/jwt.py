"""Knows the rules for access tokens that can be read (SPEC 4, jwt-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.rule import Rule
from mcp_auth_tui.model import Level, Whose

RULES: tuple[Rule, ...] = (
    Rule(
        "jwt-aud",
        Level.ERROR,
        Whose.ISSUER,
        "The token is not made out for this server.",
        "aud of the token holds the resource that was asked for.",
        (
            "RFC 9068 §3; RFC 9068 §4; MCP 2025-11-25 basic/authorization (Token Audience "
            "Binding and Validation)"
        ),
        "Use the resource parameter of the request for aud, spelled the same.",
        "The server must refuse it, or accept tokens that were meant for others.",
    ),
    Rule(
        "jwt-aud-many",
        Level.WARNING,
        Whose.ISSUER,
        "The token is made out for several servers that have nothing to do with each other.",
        "aud names this resource only.",
        "RFC 9700 §2.3; RFC 9068 §3",
        "Issue one token for each resource.",
        "Any of these servers could use the token at the others.",
    ),
    Rule(
        "jwt-iss",
        Level.ERROR,
        Whose.ISSUER,
        "The token was issued by another server than the one that was asked.",
        "iss of the token is the issuer.",
        (
            "RFC 9068 §2.2; RFC 9068 §4; MCP 2025-11-25 basic/authorization (Access Token "
            "Privilege Restriction)"
        ),
        "Issue an own token; do not pass on the token of an identity provider.",
        "A passed-on token was never meant for this server and lets others use it elsewhere.",
    ),
    Rule(
        "jwt-alg",
        Level.ERROR,
        Whose.ISSUER,
        "The token's signature does not show who made it.",
        "alg is an asymmetric signature algorithm.",
        "RFC 9068 §2.1",
        "Sign tokens with RS256, ES256 or the like, never with none.",
        "Anybody could make such a token; with a shared key every holder of it could.",
    ),
    Rule(
        "jwt-typ",
        Level.INFO,
        Whose.ISSUER,
        "The token does not say that it is an access token.",
        "typ in the token's header is at+jwt.",
        "RFC 9068 §2.1",
        "Set typ to at+jwt.",
        "Servers can then tell it from an ID token.",
    ),
    Rule(
        "jwt-claims",
        Level.INFO,
        Whose.ISSUER,
        "The token lacks claims that the profile for access tokens requires.",
        "The token has exp, sub, client_id, iat and jti.",
        "RFC 9068 §2.2",
        "Add the missing claims.",
        "Servers that check the profile refuse the token.",
    ),
    Rule(
        "jwt-exp",
        Level.WARNING,
        Whose.ISSUER,
        "The times inside the token do not fit.",
        "exp fits expires_in, and iat is not in the future.",
        "RFC 9068 §2.2",
        "Set exp from the same lifetime as expires_in and check the clock of the server.",
        "A token can be refused although it seems good, or the reverse.",
    ),
    Rule(
        "jwt-is-id-token",
        Level.ERROR,
        Whose.ISSUER,
        "The access token is really an ID token.",
        "The access token is made for the server, not for the client.",
        "RFC 9068 §4; OpenID Connect Core 1.0 §2",
        "Return the access token in access_token; ID tokens belong in id_token.",
        "An ID token tells the client who signed in; it gives no right at a server.",
    ),
    Rule(
        "jwt-pii",
        Level.INFO,
        Whose.ISSUER,
        "The token shows personal data to everyone who holds it.",
        "The token holds no more about the person than the server needs.",
        "RFC 9068 §6",
        "Leave names and mail addresses out, or encrypt the token.",
        "Access tokens pass through many hands and logs.",
    ),
)
