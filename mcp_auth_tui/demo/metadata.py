"""Knows both metadata documents and how a fault bends them; must not know HTTP or requests."""

from mcp_auth_tui.demo.records import AUTH_METHODS, DEVICE_GRANT, SCOPES

Document = dict[str, object]

ELSEWHERE = "https://auth.example.com"
OVERSIZE_BYTES = 400_000


def resource_metadata(resource: str, issuer: str, faults: frozenset[str]) -> Document:
    """Build the protected resource metadata (RFC 9728 section 2)."""
    document: Document = {
        "resource": resource,
        "resource_name": "Practice notes",
        "authorization_servers": [issuer],
        "scopes_supported": list(SCOPES),
        "bearer_methods_supported": ["header"],
    }
    if "foreign-resource" in faults:
        document["resource"] = "https://mcp.example.com/mcp"
    if "no-as" in faults:
        del document["authorization_servers"]
    if "oversize" in faults:
        document["resource_documentation"] = "https://example.com/" + "a" * OVERSIZE_BYTES
    return document


def server_metadata(
    issuer: str,
    resources: tuple[str, ...],
    faults: frozenset[str],
    *,
    jwt: bool = False,
    device: bool = False,
) -> Document:
    """Build the authorization server metadata (RFC 8414 section 2, RFC 9728 section 4)."""
    document: Document = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "registration_endpoint": f"{issuer}/register",
        "revocation_endpoint": f"{issuer}/revoke",
        "introspection_endpoint": f"{issuer}/introspect",
        "scopes_supported": list(SCOPES),
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "revocation_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "introspection_endpoint_auth_methods_supported": list(AUTH_METHODS),
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
        "protected_resources": list(resources),
    }
    if jwt:
        document["jwks_uri"] = f"{issuer}/jwks"
    if device:
        document["device_authorization_endpoint"] = f"{issuer}/device_authorization"
        document["grant_types_supported"] = ["authorization_code", "refresh_token", DEVICE_GRANT]
    _bend_identity(document, issuer, faults)
    if "no-pkce" in faults:
        del document["code_challenge_methods_supported"]
    if "plain-pkce" in faults:
        document["code_challenge_methods_supported"] = ["plain"]
    if "no-registration" in faults:
        del document["registration_endpoint"]
        del document["client_id_metadata_document_supported"]
    return document


def _bend_identity(document: Document, issuer: str, faults: frozenset[str]) -> None:
    if "issuer-mismatch" in faults:
        document["issuer"] = ELSEWHERE
    if "issuer-slash" in faults:
        document["issuer"] = issuer + "/"
    if "bad-scheme" in faults:
        document["authorization_endpoint"] = "javascript:alert(document.domain)"
    if "http-endpoint" in faults:
        document["token_endpoint"] = "http://auth.example.com/token"
