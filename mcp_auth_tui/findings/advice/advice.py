"""Knows what an explanation holds and who is spoken to; must not know any of them."""

from __future__ import annotations

from dataclasses import dataclass

ANY = "any server"
PYTHON = "MCP Python SDK"
TYPESCRIPT = "MCP TypeScript SDK (Express)"
FASTMCP = "FastMCP"
NGINX = "nginx"
SPRING = "Spring Security"
KEYCLOAK = "Keycloak"
ENTRA = "Microsoft Entra ID"
AUTH0 = "Auth0"
OKTA = "Okta"
COGNITO = "Amazon Cognito"
WORKOS = "WorkOS AuthKit"
GOOGLE = "Google"
OIDC_PROVIDER = "oidc-provider (Node.js)"
CADDY = "Caddy"
CLOUDFLARE = "Cloudflare"
CLIENT = "the client's side"
IDP = "the identity provider"
SPA = "single-page application"
PROXY = "behind a TLS proxy"


@dataclass(frozen=True, slots=True)
class Explanation:
    """How one rule is mended."""

    id: str
    mend: tuple[tuple[str, str], ...]
    """Server or framework, and what to do there; empty where the rule's own next step is all."""
    wrong: str
    """A sample that breaks the rule (a header, a piece of a document, an exchange), or nothing."""
    right: str
    """The same as it should be."""
