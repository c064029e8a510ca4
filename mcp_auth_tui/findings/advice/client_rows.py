"""Knows sentence by sentence what the known clients do at a broken rule; `clients` says which."""

from __future__ import annotations

_ORIGIN = "the MCP server's own origin is taken for the authorization server"
_STARTS_P = "It starts a sign-in at a 401, or at a 403 with insufficient_scope, and nothing else."
_STARTS_T = "Its transport asks for a sign-in at 401 or 403 insufficient_scope only."
_NO_PRM_P = f"The document fails its model and is dropped; without another, {_ORIGIN}."
_NO_PRM_T = f"The document fails its schema; that is taken for no metadata, and {_ORIGIN}."
_NO_AS_P = "The document fails its model and is dropped, and no other place has one."
_NO_AS_T = "The document fails its schema, and the error ends the sign-in."
_JSON_T = "It reads the answer as JSON at once, and the error ends the sign-in."
_REFUSED = "An answer that is no success to the registration is raised as an error."
_NO_CODE = "An answer without a code ends the sign-in with an error."
_NO_TOKEN = "An answer that is no success to the token request is raised as an error."
_ISS = "It compares iss with the issuer letter by letter and raises an error."
_FIRST = "It uses the first entry of the list only; it stops when that is the wrong one."

ROWS: tuple[tuple[str, bool, str, bool, str], ...] = (
    ("rs-wrong-status", True, _STARTS_P, True, _STARTS_T),
    ("rs-login-redirect", True, _STARTS_P, True, _STARTS_T),
    ("rs-200-auth-error", True, _STARTS_P, True, _STARTS_T),
    ("rs-invalid-token-not-401", True, _STARTS_P, True, _STARTS_T),
    (
        "rs-403-no-challenge",
        True,
        "A 403 without insufficient_scope is handed on as the answer.",
        True,
        "A 403 without insufficient_scope is raised as an HTTP error.",
    ),
    (
        "rs-stepup-drip",
        True,
        "It signs in once for a request; the second challenge is handed on as the answer.",
        False,
        "It leaves it to the program that uses it how often to sign in again.",
    ),
    (
        "rs-fresh-token-refused",
        True,
        "The request is repeated once with the new token; a second 401 is handed on.",
        True,
        "It raises “Server returned 401 after re-authentication”.",
    ),
    (
        "rs-redirects-token",
        True,
        "It follows a redirect within the origin of the endpoint only.",
        True,
        "It follows a redirect within the origin of the endpoint only.",
    ),
    (
        "rs-not-mcp",
        True,
        "It raises “Unexpected content type”.",
        True,
        "It raises “Unexpected content type”.",
    ),
    (
        "rs-prm-url-bad",
        False,
        "It goes on to the well-known places.",
        True,
        f"It does not try the well-known places after a named one; {_ORIGIN}.",
    ),
    (
        "rs-prm-url-dead",
        False,
        "It goes on to the well-known places.",
        True,
        f"It does not try the well-known places after a named one; {_ORIGIN}.",
    ),
    (
        "prm-missing",
        False,
        f"It takes the path of 2025-03-26: {_ORIGIN}.",
        False,
        f"It takes the path of 2025-03-26: {_ORIGIN}.",
    ),
    (
        "prm-status",
        False,
        "It goes on to the next place.",
        True,
        f"It does not try the well-known places after a named one; {_ORIGIN}.",
    ),
    (
        "prm-html",
        False,
        "It goes on to the next place.",
        True,
        f"A page with status 200 ends the search; {_ORIGIN}.",
    ),
    (
        "prm-json",
        False,
        "It goes on to the next place.",
        True,
        f"A broken document with status 200 ends the search; {_ORIGIN}.",
    ),
    ("prm-resource-missing", True, _NO_PRM_P, True, _NO_PRM_T),
    (
        "prm-resource-foreign",
        True,
        "It raises “Protected resource … does not match expected …”.",
        True,
        "It raises “Protected resource … does not match expected …”.",
    ),
    (
        "prm-resource-http",
        True,
        "It compares the scheme too and raises “does not match expected”.",
        True,
        "It compares the origin, scheme included, and raises “does not match expected”.",
    ),
    (
        "prm-resource-slash",
        False,
        "It adds the slash to both before it compares.",
        True,
        "A path in the metadata that is longer than the URL's does not match; the other way round"
        " it goes on.",
    ),
    (
        "prm-resource-query",
        True,
        "It leaves the query out of the well-known address, and finds no document there; "
        f"{_ORIGIN}.",
        False,
        "It keeps the query in the well-known address.",
    ),
    ("prm-no-as", True, _NO_PRM_P, True, f"Without an entry {_ORIGIN}."),
    ("prm-as-not-issuer", True, _FIRST, True, _FIRST),
    (
        "prm-null",
        False,
        "Its model reads null as absent.",
        True,
        "Its schema allows no null in the members that it knows; that is taken for no metadata.",
    ),
    (
        "prm-dpop-required",
        True,
        "It knows no DPoP and sends Bearer tokens.",
        True,
        "It gives proofs only where the program that uses it provides a key (dpop).",
    ),
    (
        "as-missing",
        True,
        "It goes on without metadata, with /register and /authorize of the MCP server's origin.",
        True,
        "It goes on with /register, /authorize and /token of the authorization server, which few"
        " servers have.",
    ),
    ("as-html", False, "It goes on to the next place.", True, _JSON_T),
    ("as-json", False, "It goes on to the next place.", True, _JSON_T),
    ("as-issuer-missing", True, _NO_AS_P, True, _NO_AS_T),
    (
        "as-issuer-mismatch",
        True,
        "It raises “Authorization server metadata issuer mismatch”.",
        True,
        "It raises an IssuerMismatchError.",
    ),
    (
        "as-issuer-slash",
        True,
        "It compares letter by letter and raises “metadata issuer mismatch”.",
        True,
        "It raises an IssuerMismatchError when the slash is in the metadata; when it is in the MCP"
        " server's entry only, it goes on.",
    ),
    ("as-no-authorize", True, _NO_AS_P, True, _NO_AS_T),
    ("as-no-token", True, _NO_AS_P, True, _NO_AS_T),
    ("as-endpoint-scheme", True, _NO_AS_P, True, _NO_AS_T),
    (
        "as-endpoint-http",
        False,
        "It does not look at the scheme.",
        True,
        "It sends nothing to a token endpoint that is http off this machine.",
    ),
    (
        "as-endpoint-params",
        True,
        "It puts a second ? behind the endpoint's query, and the request is garbled.",
        False,
        "Its own parameters replace those of the endpoint.",
    ),
    (
        "as-response-types",
        False,
        "It does not look at the member.",
        True,
        "Its schema requires the member, and it raises “does not support response type code”.",
    ),
    (
        "as-pkce-absent",
        False,
        "It does not look at the member.",
        False,
        "It looks at the member only when it is there.",
    ),
    (
        "as-pkce-no-s256",
        False,
        "It does not look at the member.",
        True,
        "It raises “does not support code challenge method S256”.",
    ),
    (
        "as-null",
        False,
        "Its model reads null as absent in every optional member.",
        True,
        "Its schema allows no null in the members that it knows.",
    ),
    (
        "as-oidc-members",
        False,
        "It does not look at these members.",
        True,
        "Its schema requires jwks_uri, subject types and signing algorithms (not RS256).",
    ),
    (
        "as-no-registration",
        True,
        "Unless a client was given, it registers at /register of the MCP server's origin.",
        True,
        "Unless a client was given, it raises “does not support dynamic client registration”.",
    ),
    (
        "as-par-required",
        True,
        "It knows no pushed authorization requests.",
        True,
        "It knows no pushed authorization requests.",
    ),
    (
        "as-jar-required",
        True,
        "It does not sign authorization requests.",
        True,
        "It does not sign authorization requests.",
    ),
    ("dcr-no-client-id", True, "Its model requires it.", True, "Its schema requires it."),
    ("dcr-refused", True, _REFUSED, True, _REFUSED),
    ("dcr-error-shape", True, _REFUSED, True, _REFUSED),
    ("dcr-loopback-refused", True, _REFUSED, True, _REFUSED),
    ("dcr-needs-token", True, _REFUSED, True, _REFUSED),
    (
        "dcr-echo",
        False,
        "It takes absent members for what it asked for.",
        True,
        "Its schema requires redirect_uris in the answer; it goes on without the others.",
    ),
    (
        "dcr-null",
        False,
        "It reads null and empty texts as absent.",
        True,
        "Its schema allows no null in the members that it knows.",
    ),
    (
        "dcr-secret-mismatch",
        True,
        "It refuses a registration for a secret method without a secret; a secret for none does"
        " not stop it.",
        True,
        "client_secret_basic without a secret is an error at the token request; a secret for none"
        " does not stop it.",
    ),
    (
        "authz-state",
        True,
        "A callback with another state ends the sign-in.",
        False,
        "It leaves the state to the program that uses it.",
    ),
    ("authz-iss-absent", True, "It raises “missing iss parameter advertised”.", True, _ISS),
    ("authz-iss-differs", True, _ISS, True, _ISS),
    (
        "authz-resource-refused",
        True,
        "It always sends resource once there is metadata.",
        True,
        "It always sends resource once there is metadata.",
    ),
    ("authz-empty", True, _NO_CODE, True, _NO_CODE),
    ("authz-denied", True, _NO_CODE, True, _NO_CODE),
    ("authz-error", True, _NO_CODE, True, _NO_CODE),
    ("token-error", True, _NO_TOKEN, True, _NO_TOKEN),
    ("token-error-form", True, _NO_TOKEN, True, _NO_TOKEN),
    ("token-no-access", True, "Its model requires it.", True, "Its schema requires it."),
    (
        "token-no-type",
        False,
        "It takes the type for Bearer.",
        True,
        "Its schema requires token_type.",
    ),
    (
        "token-type-unknown",
        True,
        "Its model allows Bearer only.",
        False,
        "It uses a token of any type as a Bearer token.",
    ),
    (
        "token-scope-array",
        True,
        "Its model allows a text only.",
        True,
        "Its schema allows a text only.",
    ),
    (
        "token-redirect",
        True,
        "It follows a redirect within the origin that keeps the method, and no other.",
        True,
        "It follows a redirect within the origin that keeps the method, and no other.",
    ),
)
"""Finding; whether the Python SDK stops there and why; the same of the TypeScript SDK."""
