"""Our own scenarios: what each changes in the servers, and how the program must end in it.

A new scenario is one row. Knows outcomes by exit code and finding only; must not run anything.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from email.utils import formatdate
from typing import Any

from tests.conformance.play import AS_PATH, PRM_PATH, Play, page, redirect, told

FOLLOW = "follow"

Change = Callable[[Play], Any]


@dataclass(frozen=True, slots=True)
class Own:
    """One scenario and how the program must end in it."""

    group: str
    name: str
    change: Change = lambda _: None
    """What the servers do differently."""
    exit: int = 0
    stop: str = ""
    """The finding that ends the run; empty: none."""
    told: tuple[str, ...] = ()
    """Findings that must be among those of the run."""
    said: tuple[str, ...] = ()
    """Words that the stop must hold somewhere."""
    asks: tuple[int, int] | None = None
    """How many requests must reach authorization and token endpoint."""
    options: tuple[str, ...] = ()
    browser: str = FOLLOW
    """``follow``, or a way of `scripted_browser`."""
    headers: bool | None = None
    """Whether the run must leave headers; None: if it ends well."""
    tls: str = ""
    """``trusted``: https with a private CA that the program is told; ``unknown``: it is not."""

    def __str__(self) -> str:
        return f"{self.group}: {self.name}"


def on(where: str, reply: Any) -> Change:
    """At this place the answer is this one (or what a function of the play makes of a request)."""

    def change(play: Play) -> None:
        if callable(reply):
            play.on[where] = lambda incoming: reply(play, incoming)
        else:
            play.on[where] = lambda _: reply

    return change


def members(**changes: Any) -> Change:
    """Attributes of the play are these."""

    def change(play: Play) -> None:
        for name, value in changes.items():
            setattr(play, name, value)

    return change


def both(*changes: Change) -> Change:
    def change(play: Play) -> None:
        for one in changes:
            one(play)

    return change


def error(status: int, code: str, **more: str) -> Change:
    """The token endpoint answers this error."""
    return on("POST /token", told(status, {"error": code, **more}))


def authorization_error(code: str, **more: str) -> Change:
    return members(callback={"code": None, "error": code, **more})


def registration_error(status: int, body: Any) -> Change:
    return on("POST /register", told(status, body))


def twice(parameter: str) -> Change:
    """The redirect carries a parameter two times."""
    return on(
        "GET /authorize",
        lambda play, incoming: redirect(f"{play.landing(incoming)}&{parameter}=again"),
    )


def moved(path: str) -> Callable[[Play, Any], Any]:
    """A redirect to the same server."""
    return lambda _play, incoming: redirect(f"{path}?{incoming.query}".rstrip("?"), 307)


def form_post(play: Play, incoming: Any) -> Any:
    return page(f'<form method="post" action="{play.landing(incoming).partition("?")[0]}">')


def moving_metadata(where: str, elsewhere: Change) -> Change:
    """The document is served through a redirect on the same server."""
    return both(on(f"GET {where}", moved("/moved")), elsewhere)


def prm_at(path: str) -> Change:
    def change(play: Play) -> None:
        play.on[f"GET {path}"] = play.show_prm

    return change


def metadata_at(path: str) -> Change:
    def change(play: Play) -> None:
        play.on[f"GET {path}"] = play.show_metadata

    return change


def several(play: Play) -> None:
    """Two authorization servers, of which the first is the play's own."""
    play.on[f"GET {PRM_PATH}"] = lambda _: told(
        200,
        {
            "resource": play.resource,
            "authorization_servers": [play.issuer, f"{play.issuer}/second"],
            "scopes_supported": ["read"],
        },
    )


def second_alone_works(play: Play) -> None:
    several(play)
    play.on[f"GET {AS_PATH}"] = lambda _: told(500, {})
    second = f"{AS_PATH}/second"
    play.on[f"GET {second}"] = lambda incoming: told(
        200, {**json.loads(play.show_metadata(incoming).body), "issuer": f"{play.issuer}/second"}
    )


def off(seconds: float) -> str:
    """A Date that many seconds before now."""
    return formatdate(time.time() - seconds, usegmt=True)


REFRESH = ("--refresh",)
SHORT = ("--wait", "3")

_STATE = (
    Own("state", "right", asks=(1, 1)),
    Own("state", "missing", members(callback={"state": None}), 1, "authz-state", asks=(1, 0)),
    Own("state", "wrong", members(callback={"state": "other"}), 1, "authz-state", asks=(1, 0)),
    Own("state", "empty", members(callback={"state": ""}), 1, "authz-state", asks=(1, 0)),
    Own("state", "repeated", twice("state"), 1, "authz-state", asks=(1, 0)),
    Own(
        "state",
        "wrong, then right in a browser",
        told=("authz-state",),
        browser="wrong-then-right",
        asks=(1, 1),
    ),
    Own(
        "state",
        "wrong in a browser, and nothing after it",
        exit=1,
        stop="authz-timeout",
        told=("authz-state",),
        browser="wrong",
        options=SHORT,
        asks=(1, 0),
    ),
    Own("state", "the same answer twice in a browser", browser="twice", asks=(1, 1)),
    Own("state", "an answer at another path first", browser="elsewhere", asks=(1, 1)),
)
_CALLBACK = (
    Own("callback", "code twice", twice("code"), 4, "authz-dup-param", asks=(1, 0)),
    Own("callback", "iss twice", twice("iss"), 4, "authz-dup-param", asks=(1, 0)),
    Own(
        "callback",
        "code and error",
        members(callback={"error": "access_denied"}),
        1,
        "authz-code-and-error",
    ),
    Own("callback", "neither code nor error", members(callback={"code": None}), 1, "authz-empty"),
    Own("callback", "an empty code", members(callback={"code": ""}), 1, "authz-empty"),
    Own(
        "callback",
        "a token in it",
        members(callback={"code": None, "access_token": "at"}),
        1,
        "authz-token-in-url",
    ),
    Own(
        "callback",
        "form post, nobody there",
        on("GET /authorize", form_post),
        3,
        "client-no-person",
    ),
    Own(
        "callback",
        "form post in a browser",
        exit=1,
        stop="authz-timeout",
        told=("authz-post",),
        browser="post",
        options=SHORT,
        asks=(1, 0),
    ),
    Own(
        "callback",
        "form post, then a redirect",
        told=("authz-post",),
        browser="post-then-get",
        asks=(1, 1),
    ),
    Own(
        "callback",
        "fragment",
        on("GET /authorize", lambda play, incoming: redirect(play.landing(incoming, "#"))),
        1,
        "authz-empty",
        asks=(1, 0),
    ),
    Own(
        "callback",
        "fragment in a browser",
        on("GET /authorize", lambda play, incoming: redirect(play.landing(incoming, "#"))),
        1,
        "authz-timeout",
        told=("authz-empty",),
        browser="fragment",
        options=SHORT,
        asks=(1, 0),
    ),
)
_PKCE = (
    Own(
        "PKCE",
        "not in the metadata",
        members(metadata={"code_challenge_methods_supported": None}),
        4,
        "as-pkce-absent",
        asks=(0, 0),
    ),
    Own(
        "PKCE",
        "an empty list",
        members(metadata={"code_challenge_methods_supported": []}),
        4,
        "as-pkce-absent",
    ),
    Own(
        "PKCE",
        "plain only",
        members(metadata={"code_challenge_methods_supported": ["plain"]}),
        4,
        "as-pkce-no-s256",
    ),
    Own(
        "PKCE",
        "not in the metadata, lifted by hand",
        members(metadata={"code_challenge_methods_supported": None}),
        told=("client-overridden",),
        options=("--allow", "as-pkce-absent"),
        asks=(1, 1),
    ),
)
_REFRESH = (
    Own("refresh", "with rotation", options=REFRESH, asks=(1, 2)),
    Own(
        "refresh",
        "without rotation",
        members(rotates=False),
        told=("token-refresh-static",),
        options=REFRESH,
        asks=(1, 2),
    ),
    Own(
        "refresh",
        "without a refresh token",
        members(token={"refresh_token": None}),
        told=("token-no-refresh",),
        headers=True,
        options=REFRESH,
        asks=(1, 1),
    ),
    Own(
        "refresh",
        "invalid_grant",
        members(token={"refresh_token": "another"}),
        1,
        "token-refresh-refused",
        said=("invalid_grant", "Sign in again"),
        headers=True,
        options=REFRESH,
        asks=(1, 2),
    ),
    Own(
        "refresh",
        "wider than granted",
        on(
            "POST /token",
            lambda play, incoming: _wider(play, incoming),
        ),
        told=("token-refresh-wider",),
        options=REFRESH,
    ),
)


def _wider(play: Play, incoming: Any) -> Any:
    play.token = {"scope": "read write admin"} if play.forms else {}
    return play.grant(incoming)


_AUTHORIZATION = (
    Own(
        "authorization error",
        "access_denied",
        authorization_error("access_denied"),
        1,
        "authz-denied",
    ),
    *(
        Own("authorization error", code, authorization_error(code), 1, "authz-error", said=(code,))
        for code in (
            "invalid_request",
            "unauthorized_client",
            "unsupported_response_type",
            "invalid_scope",
            "server_error",
            "temporarily_unavailable",
            "login_required",
        )
    ),
    Own(
        "authorization error",
        "invalid_target",
        authorization_error("invalid_target"),
        1,
        "authz-resource-refused",
        said=("--no-resource",),
    ),
    Own(
        "authorization error",
        "with the iss of another server",
        authorization_error("access_denied", iss="https://other.example"),
        4,
        "authz-iss-differs",
    ),
    Own("authorization error", "a page", on("GET /authorize", told(400, {})), 1, "authz-error"),
    Own(
        "authorization error",
        "a server error",
        on("GET /authorize", told(500, {})),
        1,
        "authz-error",
    ),
)
_TOKEN = (
    *(
        Own("token error", code, error(400, code), 1, "token-error", said=(code,), asks=(1, 1))
        for code in (
            "invalid_request",
            "invalid_grant",
            "unauthorized_client",
            "unsupported_grant_type",
            "invalid_scope",
            "invalid_target",
        )
    ),
    Own("token error", "invalid_client", error(401, "invalid_client"), 1, "token-error"),
    Own("token error", "with 200", error(200, "invalid_grant"), 1, "token-error", asks=(1, 1)),
    Own("token error", "not JSON", on("POST /token", page("<p>no")), 1, "token-content-type"),
    Own("token error", "a server error", on("POST /token", told(500, [])), 1, "token-error"),
    Own(
        "token error",
        "429",
        on("POST /token", told(429, {}, retry_after="7")),
        5,
        "net-rate-limited",
        said=("7",),
        asks=(1, 1),
    ),
    Own(
        "token error",
        "a clock that is off",
        on("POST /token", lambda _p, _i: told(400, {"error": "invalid_grant"}, date=off(900))),
        1,
        "token-error",
        said=("clock is 9", "ahead of the server's"),
    ),
    Own(
        "token answer",
        "another type",
        members(token={"token_type": "mac"}),
        1,
        "token-type-unknown",
    ),
    Own("token answer", "no type", members(token={"token_type": None}), 1, "token-no-type"),
    Own("token answer", "no token", members(token={"access_token": None}), 1, "token-no-access"),
    Own("token answer", "a line break", members(token={"access_token": "a\nb"}), 1, "token-syntax"),
    Own(
        "token answer",
        "DPoP without a proof",
        members(token={"token_type": "DPoP"}),
        1,
        "token-type-unknown",
    ),
)
_REGISTRATION = (
    *(
        Own(
            "registration error",
            code,
            registration_error(400, {"error": code, "error_description": "because"}),
            1,
            stop,
            said=(code, "because"),
            asks=(0, 0),
        )
        for code, stop in (
            ("invalid_redirect_uri", "dcr-loopback-refused"),
            ("invalid_client_metadata", "dcr-refused"),
            ("invalid_software_statement", "dcr-refused"),
            ("unapproved_software_statement", "dcr-refused"),
        )
    ),
    Own(
        "registration error", "a token is needed", registration_error(401, {}), 1, "dcr-needs-token"
    ),
    Own("registration error", "not JSON", on("POST /register", page()), 1, "dcr-no-client-id"),
    Own("registration error", "no client id", registration_error(201, {}), 1, "dcr-no-client-id"),
    Own("registration error", "a server error", registration_error(500, {}), 1, "dcr-refused"),
    Own("registration error", "429", registration_error(429, {}), 5, "net-rate-limited"),
    Own(
        "registration",
        "nobody can register",
        members(metadata={"registration_endpoint": None}),
        1,
        "as-no-registration",
    ),
)
_SERVERS = (
    Own("several servers", "the first is taken", several, told=("prm-as-several",), asks=(1, 1)),
    Own("several servers", "the first is broken", second_alone_works, 1, "as-missing"),
    Own("several servers", "none", members(prm={"authorization_servers": []}), 1, "prm-no-as"),
    Own(
        "several servers",
        "one is no issuer",
        members(prm={"authorization_servers": ["http://as.example/x?y"]}),
        1,
        "prm-as-not-issuer",
    ),
)
_REDIRECTS = (
    Own(
        "redirect",
        "resource metadata, same server",
        moving_metadata(PRM_PATH, prm_at("/moved")),
        told=("prm-redirect",),
        asks=(1, 1),
    ),
    Own(
        "redirect",
        "server metadata, same server",
        moving_metadata(AS_PATH, metadata_at("/moved")),
        told=("as-status",),
        asks=(1, 1),
    ),
    Own(
        "redirect",
        "metadata in circles",
        on(f"GET {AS_PATH}", moved(AS_PATH)),
        1,
        "as-missing",
        asks=(0, 0),
    ),
    Own(
        "redirect",
        "registration",
        both(
            on("POST /register", moved("/moved")), on("POST /moved", told(201, {"client_id": "c"}))
        ),
        1,
        "dcr-refused",
        asks=(0, 0),
    ),
    Own(
        "redirect",
        "sign-in page, then the callback",
        both(
            on("GET /authorize", moved("/step")),
            on("GET /step", lambda play, incoming: redirect(play.landing(incoming))),
        ),
        asks=(1, 1),
    ),
    Own(
        "redirect",
        "sign-in page to another scheme",
        on("GET /authorize", redirect("file:///etc/passwd")),
        4,
        "as-endpoint-scheme",
    ),
    Own(
        "redirect",
        "sign-in page in circles",
        on("GET /authorize", moved("/authorize")),
        1,
        "authz-error",
    ),
    Own(
        "redirect",
        "token endpoint",
        both(on("POST /token", moved("/moved")), on("POST /moved", told(200, {}))),
        1,
        "token-redirect",
        asks=(1, 1),
    ),
    Own("redirect", "MCP endpoint", on("POST /mcp", moved("/other")), 1, "rs-login-redirect"),
    Own(
        "redirect",
        "MCP endpoint with the token, to another host",
        on("POST /mcp", lambda play, incoming: _away(play, incoming)),
        4,
        "rs-redirects-token",
        asks=(1, 1),
    ),
)


def _away(play: Play, incoming: Any) -> Any:
    given = incoming.header("authorization")
    return redirect("http://localhost:9/mcp", 307) if given else play.serve(incoming)


_TLS = (
    Own("https", "a private CA", tls="trusted", asks=(1, 1)),
    Own("https", "a private CA and a browser", tls="trusted", browser="right", asks=(1, 1)),
    Own("https", "a CA that nobody knows", tls="unknown", exit=5, stop="net-tls", asks=(0, 0)),
    Own(
        "https",
        "not checked by hand",
        tls="unknown",
        told=("client-insecure",),
        options=("--insecure",),
        asks=(1, 1),
    ),
    Own(
        "https",
        "metadata that redirects to http",
        on(f"GET {AS_PATH}", lambda play, _: redirect(f"http{play.issuer[5:]}/x")),
        4,
        "net-downgrade",
        tls="trusted",
    ),
    Own(
        "https",
        "a token endpoint that is http",
        members(metadata={"token_endpoint": "http://as.example/token"}),
        4,
        "as-endpoint-http",
        tls="trusted",
    ),
)
_USE = (
    Own(
        "token use",
        "a fresh token is refused, by a server whose clock is off",
        on("POST /mcp", lambda play, _: _refused_late(play)),
        1,
        "rs-fresh-token-refused",
        said=("clock is 7",),
        headers=True,
        asks=(1, 1),
    ),
    Own(
        "token use",
        "a grant that the server does not list",
        exit=1,
        stop="client-grant",
        said=("grant_types_supported: authorization_code",),
        options=("--grant", "client_credentials", "--client-id", "me"),
        asks=(0, 0),
    ),
    Own(
        "token use",
        "the code flow where it is not listed",
        members(metadata={"grant_types_supported": ["refresh_token"]}),
        told=("as-no-code-grant",),
        asks=(1, 1),
    ),
    Own(
        "token use",
        "DPoP with symmetric algorithms",
        members(metadata={"dpop_signing_alg_values_supported": ["HS256"]}),
        1,
        "as-dpop-algs",
        options=("--dpop", "on"),
        asks=(0, 0),
    ),
    Own(
        "token use",
        "DPoP and a nonce that is never right",
        both(
            members(metadata={"dpop_signing_alg_values_supported": ["ES256"]}),
            on("POST /token", told(400, {"error": "use_dpop_nonce"}, dpop_nonce="n")),
        ),
        1,
        "dpop-nonce",
        options=("--dpop", "on"),
        asks=(1, 2),
    ),
    Own(
        "token use",
        "a Bearer token for a proof",
        members(metadata={"dpop_signing_alg_values_supported": ["ES256"]}),
        told=("dpop-bearer-returned",),
        options=("--dpop", "on"),
        asks=(1, 1),
    ),
    Own(
        "token use",
        "an open server",
        on("POST /mcp", lambda play, i: _open(play, i)),
        told=("rs-open",),
        headers=False,
        asks=(0, 0),
    ),
)


def _refused_late(play: Play) -> Any:
    reply = play.challenge(error="invalid_token") if play.tokens else play.challenge()
    return replace(reply, headers=(*reply.headers, ("Date", off(7000))))


def _open(play: Play, incoming: Any) -> Any:
    return play.serve(replace(incoming, headers=(("authorization", "Bearer open"),)))


SCENARIOS = (
    *_STATE,
    *_CALLBACK,
    *_PKCE,
    *_REFRESH,
    *_AUTHORIZATION,
    *_TOKEN,
    *_REGISTRATION,
    *_SERVERS,
    *_REDIRECTS,
    *_TLS,
    *_USE,
)
