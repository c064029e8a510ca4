"""A clean MCP server with its authorization server, in memory, that one mutation breaks."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from json import dumps
from typing import Any

from mcp_auth_tui.model import Exchange, Failure, Request, Secret
from mcp_auth_tui.protocol import actions
from mcp_auth_tui.protocol.actions import Callback, SignedJwt
from tests.protocol.script import (
    AS,
    MCP,
    NO_STORE,
    PRM,
    Page,
    World,
    body_of,
    challenged,
    form_of,
    header,
    json,
    made_exchange,
    metadata,
    prm,
    raw,
)

CIMD = "https://client.example/client.json"
IDP = "https://idp.example/token"
THUMB = "thumbprint-of-the-key"
# What `Site` says at the first `Now`, and how long each one takes.
EPOCH = 1000.0


def jwt(header: Mapping[str, Any] | None = None, **claims: Any) -> str:
    """Return a JWT whose signature nobody checks; a member given as ``...`` is left out."""
    parts = (
        {"alg": "ES256", "typ": "at+jwt", **(header or {})},
        {
            "iss": AS,
            "aud": MCP,
            "exp": EPOCH + 3610,
            "iat": EPOCH,
            "sub": "person-1",
            "client_id": "registered-1",
            "jti": "1",
            **claims,
        },
    )
    return ".".join((*(_encoded(part) for part in parts), "c2lnbmF0dXJl"))


def _encoded(part: Mapping[str, Any]) -> str:
    kept = {key: value for key, value in part.items() if value is not ...}
    return urlsafe_b64encode(dumps(kept).encode()).rstrip(b"=").decode()


def site(
    resource: Mapping[str, Any] | None = None,
    server: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Site:
    """Return a clean site but for members of its two documents, and fields of `Site`."""
    members: dict[str, Any] = {
        "pages": {PRM: json(200, prm(**(resource or {})))},
        "documents": {OAUTH: metadata(**(server or {}))},
        **changes,
    }
    return Site(**members)


OAUTH = f"{AS}/.well-known/oauth-authorization-server"


@dataclass
class Site(World):
    """A world with every grant, proofs, pushed requests and a document of the client's own."""

    answers: Callable[[Request], Page | None] = lambda _: None
    """Answers a request before anything else does."""
    forbidden: str = (
        'Bearer error="insufficient_scope", scope="{}", resource_metadata="' + PRM + '"'
    )
    scheme: str = "Bearer"
    arrivals: list[Any] = field(default_factory=list)
    """What `Await` brings before the true callback."""
    pause: float = 5.0
    """Seconds between one look at the clock and the next."""
    bound: Any = None
    """What binding the listener brings in place of the redirect URI."""
    signature: Any = None
    """What signing brings in place of a JWT."""
    turn: Any = None
    """What beginning a refresh brings: None lets it be sent."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.pushed: dict[str, dict[str, str]] = {}
        self.crossed: list[Exchange] = []

    def perform(self, action: Any) -> Any:
        reply = self._performed(action)
        if isinstance(reply, Exchange):
            self.crossed.append(reply)
        return reply

    def _performed(self, action: Any) -> Any:
        match action:
            case actions.Sign():
                self.performed.append(action)
                return self.signature or SignedJwt(Secret("a.b.c"), "ES256", THUMB)
            case actions.Open(request):
                self.sent.append(request)
                return made_exchange(request, self.answers(request) or raw(405), len(self.sent))
            case actions.Sleep():
                return None
            case actions.BeginRefresh():
                return self.turn
            case actions.Bind() if self.bound is not None:
                return self.bound
            case actions.Now():
                self.clock += self.pause
                return self.clock
            case actions.Await() if self.arrivals:
                arrival = self.arrivals.pop(0)
                return arrival(self.authorizations[-1]) if callable(arrival) else arrival
        return super().perform(action)

    def _signed_in(self, url: str) -> None:
        endpoint, _, query = url.partition("?")
        for uri, form in self.pushed.items():
            if uri.rpartition(":")[2] in query:
                self.authorizations.append(form)
                return
        super()._signed_in(f"{self.base}/authorize?{query}" if "authorize" in endpoint else url)

    def _answer(self, request: Request) -> Page:
        if (page := self.answers(request)) is not None:
            return page
        if request.url == f"{AS}/par":
            self.pushed["urn:pushed:1"] = dict(form_of(request))
            return json(201, {"request_uri": "urn:pushed:1", "expires_in": 60}, NO_STORE)
        if request.url.endswith("/register"):
            members = {**body_of(request), "client_id": "registered-1", **self.registers}
            return json(201, {k: v for k, v in members.items() if v is not ...}, NO_STORE)
        return super()._answer(request)

    def _token(self, request: Request) -> Page:
        form = dict(form_of(request))
        scope = form.get("scope", "")
        if form["grant_type"] == "authorization_code":
            scope = self.authorizations[-1].get("scope", "")
        members = {
            "access_token": f"test-token-{len(self.tokens) + 1}",
            "token_type": self.scheme,
            "expires_in": 3600,
            **self.issues,
        }
        answer = {key: value for key, value in members.items() if value is not ...}
        self.tokens[str(answer.get("access_token"))] = scope
        return json(200, answer, NO_STORE)

    def _refused(self, request: Request, method: str) -> Page | None:
        needed = self.protected.get(method, self.protected.get("*"))
        if needed is None:
            return None
        given = (header(request, "Authorization") or "").partition(" ")[2]
        if given not in self.tokens:
            return challenged(401, self.challenge)
        if not set(needed.split()) <= set(self.tokens[given].split()):
            return challenged(403, self.forbidden.format(needed))
        return None


def with_token(page: Page) -> Callable[[Request], Page | None]:
    """Return what answers each request that carries a token."""
    return lambda request: page if header(request, "Authorization") else None


def at(url: str, page: Page, grant: str = "") -> Callable[[Request], Page | None]:
    """Return what answers each request to one URL (with one grant type, when it is named)."""

    def answer(request: Request) -> Page | None:
        form = dict(form_of(request))
        right = not grant or form.get("grant_type") == grant
        return page if request.url == url and right else None

    return answer


def callback(**changes: Any) -> Callable[[dict[str, str]], str]:
    """Return what makes the callback's query; a parameter given as ``...`` is left out."""
    from urllib.parse import urlencode

    def query(asked: dict[str, str]) -> str:
        pairs = {"code": "code-1", "state": asked["state"], "iss": AS, **changes}
        return urlencode({key: value for key, value in pairs.items() if value is not ...})

    return query


def stray(query: str = "code=x&state=other", **changes: Any) -> Callback:
    """Return a callback that is not ours."""
    return Callback(query, "listener", **changes)


LATE = Failure("authz-timeout", "nobody came back")
