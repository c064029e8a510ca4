"""Knows how DPoP and MCP extensions are mended (dpop-*, idjag-*, ext-*); judges nothing."""

from __future__ import annotations

from mcp_auth_tui.findings.advice.advice import ANY, IDP, KEYCLOAK, OIDC_PROVIDER, Explanation

_JAG = "urn:ietf:params:oauth:token-type:id-jag"
_AS = "https://auth.example.com"
_MCP = "https://mcp.example.com/mcp"

ALL: tuple[Explanation, ...] = (
    Explanation(
        "dpop-bearer-returned",
        (
            (
                KEYCLOAK,
                "The client's settings: Require DPoP bound tokens; a feature of newer versions.",
            ),
            (OIDC_PROVIDER, "features.dPoP.enabled: true"),
        ),
        'POST /token with DPoP: …\n"token_type": "Bearer"',
        'POST /token with DPoP: …\n"token_type": "DPoP"',
    ),
    Explanation(
        "dpop-cnf",
        ((ANY, "jkt is the SHA-256 thumbprint of the proof's jwk (RFC 7638), base64url."),),
        '(the token has no "cnf")',
        '"cnf": {"jkt": "0ZcOCORZ…"}',
    ),
    Explanation(
        "dpop-nonce",
        ((ANY, "A proxy must let DPoP-Nonce through, in both directions of an error."),),
        '401 Unauthorized\n{"error": "use_dpop_nonce"}',
        '400 Bad Request\nDPoP-Nonce: eyJ7S…\n\n{"error": "use_dpop_nonce"}',
    ),
    Explanation(
        "dpop-algs-param",
        (),
        'WWW-Authenticate: DPoP resource_metadata="…"',
        'WWW-Authenticate: DPoP algs="ES256 PS256", resource_metadata="…"',
    ),
    Explanation(
        "idjag-issued-type",
        (),
        '"issued_token_type": "urn:ietf:params:oauth:token-type:access_token"',
        f'"issued_token_type": "{_JAG}"',
    ),
    Explanation(
        "idjag-token-type",
        (),
        '"token_type": "Bearer"',
        '"token_type": "N_A"',
    ),
    Explanation(
        "idjag-typ",
        (),
        '{"alg": "ES256", "typ": "JWT"}',
        '{"alg": "ES256", "typ": "oauth-id-jag+jwt"}',
    ),
    Explanation(
        "idjag-aud",
        (
            (
                IDP,
                "audience of the exchange is the issuer of the MCP server's authorization server.",
            ),
        ),
        f'audience={_AS}\n"aud": "https://idp.example.net"',
        f'audience={_AS}\n"aud": "{_AS}"',
    ),
    Explanation(
        "idjag-resource",
        (),
        f'resource={_MCP}\n"resource": "https://other.example.com/mcp"',
        f'resource={_MCP}\n"resource": "{_MCP}"',
    ),
    Explanation(
        "idjag-client-id",
        ((IDP, "The client has one id at the provider and another at the authorization server."),),
        '"client_id": "id-at-the-identity-provider"',
        '"client_id": "id-at-the-authorization-server"',
    ),
    Explanation(
        "idjag-long-lived",
        (),
        '"iat": 1790000000, "exp": 1790086400',
        '"iat": 1790000000, "exp": 1790000300',
    ),
    Explanation(
        "ext-undeclared",
        ((ANY, "In 2026-07-28 the capabilities of server/discover say so, before in initialize."),),
        '"capabilities": {}',
        '"capabilities": {"extensions":'
        ' {"io.modelcontextprotocol/enterprise-managed-authorization": {}}}',
    ),
)
