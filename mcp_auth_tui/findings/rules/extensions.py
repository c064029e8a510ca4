"""Knows the rules of DPoP and MCP extensions (dpop-*, idjag-*, ext-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.rule import Rule
from mcp_auth_tui.model import Level, Whose

RULES: tuple[Rule, ...] = (
    Rule(
        "dpop-bearer-returned",
        Level.WARNING,
        Whose.ISSUER,
        "A proof of the key was sent, but the token is not bound to it.",
        "token_type is DPoP when a proof was sent.",
        "RFC 9449 §5",
        "Support DPoP at the token endpoint, and return token_type DPoP.",
        "Whoever steals the token can use it without the key.",
    ),
    Rule(
        "dpop-cnf",
        Level.ERROR,
        Whose.ISSUER,
        "The token is not bound to the key that was proved.",
        "cnf.jkt of the token is the thumbprint of the key.",
        "RFC 9449 §6; RFC 9449 §6.1",
        "Put the thumbprint of the proof's key into cnf.jkt.",
        "The server cannot check that the sender holds the key.",
    ),
    Rule(
        "dpop-nonce",
        Level.ERROR,
        Whose.ISSUER,
        "A nonce was demanded, but not given properly.",
        (
            "use_dpop_nonce comes with exactly one DPoP-Nonce, as 400 at the token endpoint and "
            "401 at the server."
        ),
        "RFC 9449 §8; RFC 9449 §9",
        "Send one DPoP-Nonce header with the error and use the right status.",
        "Without the nonce the client cannot repeat the request.",
    ),
    Rule(
        "dpop-algs-param",
        Level.WARNING,
        Whose.SERVER,
        "The server's DPoP challenge does not list the algorithms.",
        "A DPoP challenge carries algs.",
        "RFC 9449 §7.1",
        'Add algs="ES256 …" to the challenge.',
        "The client has to guess with which algorithm to sign.",
    ),
    Rule(
        "idjag-issued-type",
        Level.ERROR,
        Whose.ISSUER,
        "The identity provider issued another kind of token than an ID-JAG.",
        "issued_token_type is urn:ietf:params:oauth:token-type:id-jag.",
        "MCP extension enterprise-managed-authorization §4",
        "Return the requested token type, or an error.",
        "The authorization server of the MCP server accepts nothing else.",
    ),
    Rule(
        "idjag-token-type",
        Level.ERROR,
        Whose.ISSUER,
        "The ID-JAG is said to be usable as an access token.",
        "token_type is N_A.",
        "MCP extension enterprise-managed-authorization §4",
        "Return token_type N_A.",
        "An ID-JAG is only to be exchanged, never to be sent to a server.",
    ),
    Rule(
        "idjag-typ",
        Level.ERROR,
        Whose.ISSUER,
        "The ID-JAG does not say that it is one.",
        "typ in its header is oauth-id-jag+jwt.",
        (
            "MCP extension enterprise-managed-authorization §4; MCP extension "
            "enterprise-managed-authorization §5"
        ),
        "Set typ to oauth-id-jag+jwt.",
        "Otherwise another kind of token could be passed off as one.",
    ),
    Rule(
        "idjag-aud",
        Level.ERROR,
        Whose.ISSUER,
        "The ID-JAG is made out for another authorization server.",
        "aud is the issuer of the MCP server's authorization server.",
        (
            "MCP extension enterprise-managed-authorization §4; MCP extension "
            "enterprise-managed-authorization §5"
        ),
        "Use the audience of the request for aud.",
        "Only the named authorization server may accept it.",
    ),
    Rule(
        "idjag-resource",
        Level.ERROR,
        Whose.ISSUER,
        "The ID-JAG is made out for another MCP server.",
        "resource is the resource of the MCP server.",
        (
            "MCP extension enterprise-managed-authorization §4; MCP extension "
            "enterprise-managed-authorization §5"
        ),
        "Use the resource of the request.",
        "The access token would be good for another server.",
    ),
    Rule(
        "idjag-client-id",
        Level.ERROR,
        Whose.ISSUER,
        "The ID-JAG is made out for another client.",
        "client_id is the client's id at the MCP server's authorization server.",
        (
            "MCP extension enterprise-managed-authorization §4; MCP extension "
            "enterprise-managed-authorization §5"
        ),
        "Register which client id belongs to the client at that authorization server.",
        "The authorization server must refuse an ID-JAG of another client.",
    ),
    Rule(
        "idjag-long-lived",
        Level.ERROR,
        Whose.ISSUER,
        "The ID-JAG lasts too long.",
        "An ID-JAG lasts minutes.",
        "MCP extension enterprise-managed-authorization §7",
        "Shorten its lifetime to a few minutes.",
        "It is used once, right away; a longer life only helps a thief.",
    ),
    Rule(
        "ext-undeclared",
        Level.INFO,
        Whose.SERVER,
        "An extension is used that the server does not declare.",
        "Extensions in use are declared by both sides.",
        "MCP extensions overview",
        "Declare the extension among the server's capabilities.",
        "Clients offer an extension only to servers that declare it.",
    ),
)
