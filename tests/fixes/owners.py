"""What the owner of each broken server fills in, and does beside the fix."""

from __future__ import annotations

from collections.abc import Mapping

from mcp_auth_tui.model import Request
from tests.findings.case import STATELESS, Run
from tests.findings.cases_resource import needing, refusing
from tests.findings.site import Site, callback, site
from tests.fixes.mended import Owner
from tests.protocol.script import (
    AS,
    MCP,
    Page,
    body_of,
    error,
    header,
    raw,
)

_BASE = "https://mcp.example"
_NEW_TOKEN = "token-of-good-form"
_METHODS = {"<none, where clients need no secret>": "none"}
_PROMISES = {
    "<true, if the server fetches and reads a client_id that is a URL>": True,
    "<true, if each answer of the sign-in has iss>": True,
}
_SIGN_IN = {"<https URL where people sign in>": f"{AS}/authorize"}
_TOKENS = {"<https URL where tokens are issued>": f"{AS}/token"}
_ISSUER = {"<issuer URL of your authorization server>": AS}
_HOST = "<public host>"
_NEEDED = "<the scopes that this request needs>"
_BASIC = {_NEEDED: "mcp:basic"}


def unasked(page: Page, method: str = "") -> Run:
    """A request without a token (for one method, when it is named) is answered so."""

    def answer(request: Request) -> Page | None:
        asked = request.url == MCP and not header(request, "Authorization")
        right = not method or body_of(request).get("method") == method
        return page if asked and right else None

    return Run(lambda: site(answers=answer))


def masking() -> Run:
    """The form of a request comes before the token, where there is none."""

    def answer(request: Request) -> Page | None:
        asked = body_of(request).get("method") == "server/discover"
        bare = not header(request, "Authorization")
        return error(request, 400, -32021, "capability missing") if asked and bare else None

    return Run(lambda: site(answers=answer))


def unauthorized() -> Run:
    """A request without a token gets 200, and its error in the body."""

    def answer(request: Request) -> Page | None:
        asked = body_of(request).get("method") == "server/discover"
        bare = not header(request, "Authorization")
        return error(request, 200, -32001, "Unauthorized") if asked and bare else None

    return Run(lambda: site(answers=answer))


def dripping() -> Run:
    """A call needs two scopes, and is told of one at a time."""

    def make() -> Site:
        def answer(request: Request) -> Page | None:
            token = (header(request, "Authorization") or "").partition(" ")[2]
            if token not in made.tokens or body_of(request).get("method") != "tools/list":
                return None
            held = made.tokens[token].split()
            lacking = [scope for scope in ("mcp:more", "mcp:most") if scope not in held]
            return needing(lacking[0]) if lacking else None

        made = site(answers=answer, era="stateless")
        return made

    return Run(make, dict(STATELESS))


def knows_token(world: Site) -> None:
    world.tokens[_NEW_TOKEN] = "mcp:basic"


def serves_token_elsewhere(world: Site) -> None:
    before = world.answers

    def answer(request: Request) -> Page | None:
        return world._token(request) if request.url == f"{AS}/token2" else before(request)

    world.answers = answer


def names_itself(issuer: str) -> Owner:
    def does(world: Site) -> None:
        world.callback = callback(iss=issuer)

    return Owner(does=does)


OWNERS: Mapping[str, Owner] = {
    "as-endpoint-private": Owner({_HOST: "as.example"}),
    "as-endpoint-scheme": Owner({"<https URL of this endpoint>": f"{AS}/authorize"}),
    "as-iss-not-promised": names_itself(AS),
    "as-jwt-auth-algs": Owner({"<algorithms that the server verifies, such as ES256>": "ES256"}),
    "as-legacy-paths": Owner({**_METHODS, **_PROMISES}, names_itself(_BASE).does),
    "as-missing": Owner(
        {
            **_SIGN_IN,
            **_TOKENS,
            "<https URL where clients are registered>": f"{AS}/register",
            **_METHODS,
            **_PROMISES,
        }
    ),
    "as-no-authorize": Owner(_SIGN_IN),
    "as-no-token": Owner(_TOKENS),
    "as-oidc-members": Owner({"<https URL of the keys>": f"{AS}/jwks"}),
    "cimd-own-redirected": Owner({"<the name that people are shown>": "mcp-auth-tui"}),
    "cimd-own-required-members": Owner({"<the name that people are shown>": "mcp-auth-tui"}),
    "dcr-error-shape": Owner(
        {"<invalid_redirect_uri or invalid_client_metadata>": "invalid_client_metadata"}
    ),
    "dcr-id-like-url": Owner({"<an id that does not begin with https://>": "client-7"}),
    "dcr-no-client-id": Owner({"<an id for this client, as a string>": "client-7"}),
    "dcr-secret-expiry": Owner({"<0 if it never expires, else seconds since 1970: a number>": 0}),
    "idjag-long-lived": Owner({"<some minutes after iat, in seconds since 1970: a number>": 1300}),
    "jwt-alg": Owner({"<ES256 or another asymmetric algorithm>": "ES256"}),
    "jwt-claims": Owner({"<an id of the token>": "token-1"}),
    "prm-internal-host": Owner({_HOST: "mcp.example"}),
    "prm-missing": Owner(_ISSUER),
    "prm-no-as": Owner(_ISSUER),
    "prm-resource-query": Owner(broken=Run(lambda: site({"resource": f"{MCP}?x=1"}))),
    "prm-scope-broad": Owner({"<the few scopes that basic use needs>": "mcp:basic"}),
    "rs-200-auth-error": Owner(_BASIC, broken=unauthorized()),
    "rs-403-no-challenge": Owner({_NEEDED: "mcp:more"}, broken=Run(refusing(raw(403)))),
    "rs-login-redirect": Owner(
        _BASIC, broken=unasked(raw(302, b"", ("location", "https://mcp.example/login")))
    ),
    "rs-stepup-catalog": Owner({"<the least scopes that this request needs>": "mcp:more"}),
    "rs-stepup-drip": Owner(broken=dripping()),
    "rs-version-masks-auth": Owner(broken=masking()),
    "rs-wrong-status": Owner(_BASIC, broken=unasked(raw(403))),
    "token-error-form": Owner(
        {"<invalid_grant or another code of RFC 6749 section 5.2>": "invalid_grant"}
    ),
    "token-expiry": Owner({"<seconds that it lasts: a number>": 3600}),
    "token-long-lived": Owner({"<at most 86400 seconds: a number>": 3600}),
    "token-no-access": Owner({"<the token>": _NEW_TOKEN}, knows_token),
    "token-redirect": Owner(does=serves_token_elsewhere),
    "token-refresh-static": Owner({"<a new one at each use>": "r-3"}),
    # It is told openly then that other scopes were granted than asked for.
    "token-scope-differs": Owner(uncovers=frozenset({"token-scope-narrow", "token-scope-wide"})),
    "token-syntax": Owner(
        {"<a token of letters, digits and - . _ ~ + / =>": _NEW_TOKEN}, knows_token
    ),
}
"""By the id of the finding; whose owner has nothing to fill in or to do is not here."""
