"""Knows how the finer points of resource metadata are mended (prm-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.advice.advice import (
    ANY,
    CADDY,
    ENTRA,
    FASTMCP,
    PYTHON,
    TYPESCRIPT,
    Explanation,
)

_SCOPES = (
    (PYTHON, "required_scopes of AuthSettings become scopes_supported."),
    (TYPESCRIPT, 'mcpAuthMetadataRouter({ …, scopesSupported: ["notes:read"] })'),
    (FASTMCP, "required_scopes of the token verifier become scopes_supported."),
)

ALL: tuple[Explanation, ...] = (
    Explanation(
        "prm-resource-fragment",
        ((ANY, "Cut the URL at the # before it is published."),),
        '"resource": "https://mcp.example.com/mcp#main"',
        '"resource": "https://mcp.example.com/mcp"',
    ),
    Explanation(
        "prm-resource-query",
        ((ANY, "Give tenants paths of their own: /acme/mcp instead of /mcp?tenant=acme."),),
        '"resource": "https://mcp.example.com/mcp?tenant=acme"',
        '"resource": "https://mcp.example.com/acme/mcp"',
    ),
    Explanation(
        "prm-as-several",
        ((ANY, "Put the one that most people use first: many clients look at no other."),),
        '"authorization_servers": ["https://old.example.com", "https://auth.example.com"]',
        '"authorization_servers": ["https://auth.example.com"]',
    ),
    Explanation(
        "prm-empty-array",
        ((ANY, "Drop empty lists when the document is written; in Go: omitempty."),),
        '"scopes_supported": []',
        "(the member is not there)",
    ),
    Explanation(
        "prm-null",
        (
            ("pydantic", "model_dump(exclude_none=True)"),
            ("Jackson", "@JsonInclude(JsonInclude.Include.NON_NULL)"),
            ("System.Text.Json", "DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull"),
        ),
        '"jwks_uri": null',
        "(the member is not there)",
    ),
    Explanation(
        "prm-no-scopes",
        _SCOPES,
        '{"resource": "…", "authorization_servers": ["…"]}',
        '"scopes_supported": ["notes:read"]',
    ),
    Explanation(
        "prm-scope-broad",
        (
            *_SCOPES,
            (
                ENTRA,
                "RESOURCE/.default stands for all permissions that the application was given: list"
                " the single ones instead.",
            ),
        ),
        '"scopes_supported": ["*", "full-access"]',
        '"scopes_supported": ["notes:read"]',
    ),
    Explanation(
        "prm-scope-offline",
        ((ANY, "offline_access belongs in the authorization server's scopes_supported."),),
        '"scopes_supported": ["notes:read", "offline_access"]',
        '"scopes_supported": ["notes:read"]',
    ),
    Explanation(
        "prm-bearer-methods",
        ((ANY, "Take tokens from the Authorization header only; a URL ends up in logs."),),
        '"bearer_methods_supported": ["query"]',
        '"bearer_methods_supported": ["header"]',
    ),
    Explanation(
        "prm-alg-none",
        ((ANY, "A list that is made from all algorithms of a library often holds none."),),
        '"resource_signing_alg_values_supported": ["RS256", "none"]',
        '"resource_signing_alg_values_supported": ["RS256"]',
    ),
    Explanation(
        "prm-jwks-http",
        ((ANY, "Make the URL from the configured public address, not from the request."),),
        '"jwks_uri": "http://mcp.example.com/jwks"',
        '"jwks_uri": "https://mcp.example.com/jwks"',
    ),
    Explanation(
        "prm-signed-unchecked",
        ((ANY, "Keep the plain members right as well: hardly a client checks the signature."),),
        '"signed_metadata": "eyJ…" beside members that say something else',
        '"signed_metadata": "eyJ…" with the same members beside it',
    ),
    Explanation(
        "prm-copies-differ",
        (
            (
                CADDY,
                "handle /.well-known/oauth-protected-resource* { reverse_proxy APP } sends both"
                " places to the application that knows the document.",
            ),
            (ANY, "Look for a copy of an old deployment, or for one that a proxy answers."),
        ),
        '/…/mcp: "authorization_servers": ["https://auth.example.com"]\n'
        '/…: "authorization_servers": ["https://old.example.com"]',
        "the same at both places, or a 404 at one",
    ),
    Explanation(
        "prm-dpop-required",
        (
            (
                ANY,
                "Demand DPoP only where every client can do it: neither MCP SDK does so by itself.",
            ),
        ),
        '"dpop_bound_access_tokens_required": true and clients that send Bearer',
        '"dpop_bound_access_tokens_required": true and clients that send DPoP',
    ),
)
