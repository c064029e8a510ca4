"""Knows the names of the providers that can be imitated, and the finding that a run meets there.

A plain run ends there, but where the sentence says that it goes on. How a provider is played stands
in `imitations.toml`.
"""

from collections.abc import Mapping

from mcp_auth_tui.demo.faults import Fault, read

CLIENT, SECRET = "practice-client", "practice-secret"
"""The client that was made in the console of each, and its secret where clients have one there."""

# A provider on each line: its name, the finding, what it does otherwise.
_AT_ONCE = """\
entra as-pkce-absent Microsoft Entra ID: an OpenID document that is silent about PKCE, no \
registration, resource inside of the scope only
google as-issuer-slash Google: an issuer that is named with a slash more, no registration, clients \
with a secret
github as-no-registration GitHub: no registration, clients with a secret, errors with status 200
cognito as-pkce-absent Amazon Cognito: an OpenID document that is silent about PKCE, no \
registration, tokens without aud
slack as-no-registration Slack: no registration, endpoints with names of their own
salesforce as-issuer-mismatch Salesforce: metadata at the API that names the login host, silent \
about PKCE, no registration
atlassian as-issuer-mismatch Atlassian: an issuer whose path is dropped
hubspot as-no-registration HubSpot: no registration, and the secret in the body alone
authentik as-no-registration authentik: no registration, aud is the client
workos as-no-registration WorkOS AuthKit: registration is switched off
"""
_IN_A_RUN = """\
auth0 rs-fresh-token-refused Auth0: without audience, a token that is encrypted for itself
okta dcr-refused Okta: registration with an API token alone, a fixed audience
keycloak dcr-refused Keycloak: a policy against hosts that it does not trust, resource passed \
over
hydra rs-fresh-token-refused Ory Hydra: resource passed over, audience in its place
figma dcr-refused Figma: registration for the clients of its catalog alone, with a bare 403
gitlab authz-error GitLab: the scope mcp alone for clients that registered themselves
workers-oauth-provider as-pkce-plain Cloudflare's workers-oauth-provider: forgets clients; the run \
goes on
supabase jwt-aud Supabase: an aud of its own; the run goes on
"""

PROVIDERS: Mapping[str, Fault] = {
    **read(_AT_ONCE, inspected=True),
    **read(_IN_A_RUN, inspected=False),
}
