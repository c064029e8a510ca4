"""Knows the names of faults, variants and weaknesses, the finding of each, not how they are played.

A fault ends a run. With a variant the server is merely another one than most: a run reports it and
goes on. A weakness shows to no run that goes right: only ``probe`` finds it.
"""

from collections.abc import Iterable, Mapping


class Fault:
    """One thing the practice server does otherwise on request.

    `finding` is the id (SPEC part 4) that a client's run must report; `inspected` says whether it
    shows before anybody registers or signs in. A plain class: `--help` must not pay for
    `dataclasses`.
    """

    __slots__ = ("finding", "inspected", "name", "sentence")

    def __init__(self, name: str, finding: str, sentence: str, *, inspected: bool) -> None:
        self.name = name
        self.finding = finding
        self.sentence = sentence
        self.inspected = inspected

    def __repr__(self) -> str:
        return f"Fault({self.name!r}, {self.finding!r}, inspected={self.inspected})"


# A fault or variant on each line: its name, the finding, what the server does.
_INSPECTED = """\
not-mcp rs-not-mcp the MCP URL is an ordinary web page
rate-limited net-rate-limited the MCP server answers 429 with Retry-After
no-prm prm-missing no protected resource metadata anywhere, nor a link to it
prm-html prm-html the protected resource metadata is a web page
foreign-resource prm-resource-foreign the metadata is for a resource elsewhere
no-as prm-no-as the metadata names no authorization server
hang net-timeout the protected resource metadata never arrives
oversize net-oversize the protected resource metadata is 400 KB long
no-metadata as-missing the authorization server publishes no metadata
html-metadata as-html every unknown path of it is a web page, metadata included
issuer-mismatch as-issuer-mismatch the metadata names another issuer
issuer-slash as-issuer-slash the issuer in it differs by a trailing slash
no-pkce as-pkce-absent the metadata promises no PKCE method
plain-pkce as-pkce-no-s256 the metadata promises PKCE with plain only
bad-scheme as-endpoint-scheme the authorization endpoint is a javascript: URL
http-endpoint as-endpoint-http the token endpoint is http on another host
no-registration as-no-registration there is no way to register a client
"""
_AT_SIGN_IN = """\
dcr-refused dcr-loopback-refused every registration is refused over its redirect URI
denied authz-denied access is denied whatever the person answers
wrong-state authz-state the callback carries another state than was sent
wrong-iss authz-iss-differs the callback names another issuer
missing-iss authz-iss-absent the callback lacks the iss that was promised
token-error token-error every code is refused with invalid_grant
token-type token-type-unknown the token is of the type mac
fresh-token-refused rs-fresh-token-refused the new token is answered with 401
stepup-loop rs-stepup-limit notes:write is demanded again and again
"""
_VARIANTS = """\
open rs-open the MCP server answers without any token
no-challenge rs-401-no-challenge the 401 has no WWW-Authenticate header
legacy prm-missing no protected resource metadata; the MCP server is its own authorization server
legacy-paths as-legacy-paths as legacy, and only the default paths /authorize, /token and \
/register exist
"""
_WEAKNESSES = """\
open-delete probe-no-token DELETE is served without a token
any-token probe-garbage every token is taken
unsigned-token probe-alg-none a JWT without a signature is taken
token-in-url probe-query-token a token in the URL is taken
token-in-form probe-two-methods a token in the header and one in a form are taken together
one-spelling probe-scheme-case the scheme is taken as Bearer alone
any-resource probe-audience every resource is taken for the server's own
id-token-taken probe-id-token an ID token is issued, and taken as an access token
refresh-taken probe-refresh-as-access a refresh token is taken as an access token
every-tool probe-scope every tool is run with every token
any-origin probe-origin requests of foreign pages are served
session-only probe-session a session id is enough (MCP 2025-11-25 and before)
other-document probe-locations a second copy of the resource metadata names another resource
verifier-optional probe-pkce-missing a code is redeemed without its verifier
any-verifier probe-pkce-wrong a code is redeemed with any verifier
challenge-optional probe-pkce-downgrade a code is issued without a challenge
plain-taken probe-pkce-plain the challenge method plain is taken
code-reuse probe-code-replay a code can be used again and again
code-of-anybody probe-code-client a code is redeemed by any client
any-redeemer probe-redirect-token a code is redeemed with any redirect address
any-redirect probe-redirect-unregistered the browser is sent to any address
one-port probe-loopback-port a loopback address is taken with its registered port alone
any-client probe-client-unknown the browser is sent on for clients that nobody knows
bare-errors probe-authz-errors errors come back without state and issuer
cut-state probe-state-echo the state is cut after 100 characters
repeats-taken probe-dup-unknown of repeated parameters the last one is taken
silent-consent probe-silent-consent whoever signed in before is not asked again
framed probe-authz-headers the pages can be framed and read by other sites
static-refresh probe-refresh-reuse the same refresh token comes back each time
wide-refresh probe-refresh-bind a refresh takes any client and any scope
token-by-get probe-token-method the token endpoint serves GET
soft-refusal probe-client-auth a client that fails by Basic gets 400 without a challenge
no-revocation probe-revoke nothing is revoked
any-registration probe-dcr-redirects clients are registered with any redirect address
"""


def read(table: str, *, inspected: bool) -> dict[str, Fault]:
    """Return the rows of a table by their names."""
    faults = (Fault(*line.split(maxsplit=2), inspected=inspected) for line in table.splitlines())
    return {fault.name: fault for fault in faults}


FAULTS: Mapping[str, Fault] = {
    **read(_INSPECTED, inspected=True),
    **read(_AT_SIGN_IN, inspected=False),
}
VARIANTS: Mapping[str, Fault] = read(_VARIANTS, inspected=True)
WEAKNESSES: Mapping[str, Fault] = read(_WEAKNESSES, inspected=False)


def checked(names: Iterable[str]) -> frozenset[str]:
    """Return the names as a set; raises ValueError naming those that are none of them."""
    chosen = frozenset(names)
    unknown = sorted(chosen - FAULTS.keys() - VARIANTS.keys() - WEAKNESSES.keys())
    if unknown:
        raise ValueError(f"unknown fault, variant or weakness: {', '.join(unknown)}")
    return chosen
