"""Feeds protocol generators: by hand from top to bottom, or by a small world kept in memory."""

from __future__ import annotations

import hashlib
import json as jsonlib
from base64 import urlsafe_b64encode
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlencode

from mcp_auth_tui.model import (
    Entered,
    Exchange,
    Failure,
    Finding,
    Learned,
    Left,
    Level,
    Request,
    Response,
    Resumed,
    Secret,
    Slip,
    Stage,
    Tried,
    Waiting,
)
from mcp_auth_tui.model.oauth import (
    Attempt,
    AuthorizationServer,
    Challenge,
    Client,
    Contact,
    Resource,
    Token,
)
from mcp_auth_tui.protocol import actions, flow
from mcp_auth_tui.protocol.actions import FlowStop
from mcp_auth_tui.protocol.authorization.pages import LOOK_AHEAD
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.judge import Judge

NOTES = (Finding, Slip, Learned, Tried, Entered, Left, Waiting, Resumed)

MCP = "https://mcp.example/mcp"
AS = "https://as.example"
PRM = "https://mcp.example/.well-known/oauth-protected-resource/mcp"
PRM_ROOT = "https://mcp.example/.well-known/oauth-protected-resource"
OAUTH = "https://as.example/.well-known/oauth-authorization-server"
OIDC = "https://as.example/.well-known/openid-configuration"
REDIRECT = "http://127.0.0.1:4321/callback"

Page = Response | Failure


def judge(stage: Stage = Stage.PROBE, *, revision: str = "", **settings: Any) -> Judge:
    return Judge(Config(**{"url": MCP, **settings}), stage, revision)


def json(status: int, body: Any, *headers: tuple[str, str], kind: str = "application/json") -> Page:
    return Response(status, (("content-type", kind), *headers), jsonlib.dumps(body).encode())


def raw(status: int, body: str | bytes = b"", *headers: tuple[str, str]) -> Page:
    return Response(status, headers, body.encode() if isinstance(body, str) else body)


def challenged(status: int, *fields: str) -> Page:
    return raw(status, b"", *(("www-authenticate", value) for value in fields))


NOT_FOUND = raw(404, "nothing here")


def prm(**members: Any) -> dict[str, Any]:
    document = {
        "resource": MCP,
        "authorization_servers": [AS],
        "scopes_supported": ["mcp:basic"],
        **members,
    }
    return {key: value for key, value in document.items() if value is not ...}


def metadata(issuer: str = AS, **members: Any) -> dict[str, Any]:
    document = {
        "issuer": issuer,
        "authorization_endpoint": f"{AS}/authorize",
        "token_endpoint": f"{AS}/token",
        "registration_endpoint": f"{AS}/register",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "client_id_metadata_document_supported": True,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "token_endpoint_auth_methods_supported": ["none", "client_secret_basic"],
        **members,
    }
    return {key: value for key, value in document.items() if value is not ...}


def metadata_at(issuer: str, **members: Any) -> dict[str, Any]:
    """The metadata of another server, whose endpoints are at its own origin."""
    places = {"authorization": "authorize", "token": "token", "registration": "register"}
    endpoints = {f"{name}_endpoint": f"{issuer}/{path}" for name, path in places.items()}
    return metadata(issuer, **endpoints, **members)


def server(issuer: str = AS, **members: Any) -> AuthorizationServer:
    document = metadata(issuer, **members)
    return AuthorizationServer(
        issuer,
        OAUTH,
        document.get("authorization_endpoint", ""),
        document.get("token_endpoint", ""),
        document.get("registration_endpoint"),
        document,
    )


def resource(**changes: Any) -> Resource:
    return Resource(**{"identifier": MCP, "url": PRM, "issuers": (AS,), **changes})


def contact(*params: tuple[str, str], status: int = 401) -> Contact:
    return Contact(status, (Challenge("Bearer", None, params),) if params else ())


def client(**changes: Any) -> Client:
    made = {
        "id": "client-1",
        "how": "dynamic",
        "issuer": AS,
        "redirect_uri": REDIRECT,
        "auth_method": "none",
    }
    return Client(**{**made, **changes})


def attempt(**changes: Any) -> Attempt:
    made = {
        "number": 1,
        "url": f"{AS}/authorize?x",
        "issuer": AS,
        "authorization_endpoint": f"{AS}/authorize",
        "token_endpoint": f"{AS}/token",
        "client_id": "client-1",
        "redirect_uri": REDIRECT,
        "state": Secret("the-state"),
        "verifier": Secret("v" * 43),
        "scope": "a b",
        "resource": MCP,
        "iss_promised": True,
    }
    return Attempt(**{**made, **changes})


def token(**changes: Any) -> Token:
    made = {
        "access": Secret("access-token-1"),
        "type": "Bearer",
        "issuer": AS,
        "resource": MCP,
        "client_id": "client-1",
        "received": 1000.0,
    }
    return Token(**{**made, **changes})


def made_exchange(request: Request, result: Page, number: int = 1) -> Exchange:
    return Exchange(number, request, result, 1000.0 + number, 0.5)


@dataclass
class Told:
    """What a generator told along the way."""

    notes: list[Any] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        return [note for note in self.notes if isinstance(note, Finding)]

    @property
    def broken(self) -> list[str]:
        """The ids of the rules that were found broken, in order."""
        return [finding.id for finding in self.findings if finding.level is not Level.OK]

    @property
    def slips(self) -> list[Finding]:
        """What was wrong with what a person pasted."""
        return [note.finding for note in self.notes if isinstance(note, Slip)]

    @property
    def kept(self) -> list[str]:
        return [finding.id for finding in self.findings if finding.level is Level.OK]

    @property
    def tried(self) -> list[tuple[str, str]]:
        return [(note.url, note.verdict) for note in self.notes if isinstance(note, Tried)]

    def learned(self, name: str) -> list[Any]:
        return [n.value for n in self.notes if isinstance(n, Learned) and n.name == name]


class Script(Told):
    """A conversation written top to bottom: the action that is expected, then its reply."""

    def __init__(self, generator: Any) -> None:
        super().__init__()
        self._generator = generator
        self._numbers = 0
        self.result: Any = None
        self.stop: Finding | None = None
        self.action: Any = None
        self._go(None)

    def _go(self, reply: Any) -> None:
        self.action = None
        try:
            item = self._generator.send(reply)
            while isinstance(item, NOTES):
                self.notes.append(item)
                item = self._generator.send(None)
            self.action = item
        except StopIteration as done:
            self.result = done.value
        except FlowStop as stop:
            self.stop = stop.finding

    def wants(self, kind: type[Any]) -> Any:
        """Return the pending action, which must be of this kind."""
        assert isinstance(self.action, kind), (self.action, self.stop, self.result)
        return self.action

    def reply(self, value: Any) -> None:
        self._go(value)

    def sends(self, method: str, url: str, answer: Page) -> Request:
        """Expect a request to this place, answer it, and return what was sent."""
        request: Request = self.wants(actions.Send).request
        assert (request.method, request.url) == (method, url)
        self._numbers += 1
        self.reply(made_exchange(request, answer, self._numbers))
        return request

    def gets(self, *places: tuple[str, Page]) -> None:
        """Expect these GET requests in this order and answer them."""
        for url, answer in places:
            self.sends("GET", url, answer)

    def returned(self) -> Any:
        assert self.action is None, self.action
        assert self.stop is None, self.stop
        return self.result

    def stopped(self) -> Finding:
        assert self.action is None, self.action
        assert self.stop is not None, self.result
        return self.stop


def played(generator: Any, perform: Callable[[Any], Any]) -> Script:
    """Run a generator to its end, every action answered by a function."""
    script = Script(generator)
    while script.action is not None:
        script.reply(perform(script.action))
    return script


def body_of(request: Request) -> dict[str, Any]:
    return dict(request.json or {})


def form_of(request: Request) -> list[tuple[str, str]]:
    return [(item.name, item.raw) for item in request.form or ()]


def headers_of(request: Request) -> list[tuple[str, str]]:
    return [(item.name, item.raw) for item in request.headers]


def header(request: Request, name: str) -> str | None:
    return next((v for k, v in headers_of(request) if k.lower() == name.lower()), None)


def s256(verifier: str) -> str:
    """The challenge of RFC 7636 §4.2, made here a second time on purpose."""
    return urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def result(request: Request, value: Mapping[str, Any], *headers: tuple[str, str]) -> Page:
    return json(200, {"jsonrpc": "2.0", "id": body_of(request)["id"], "result": value}, *headers)


def error(request: Request, status: int, code: int, message: str, data: Any = None) -> Page:
    told = {"code": code, "message": message, **({"data": data} if data is not None else {})}
    return json(status, {"jsonrpc": "2.0", "id": body_of(request).get("id"), "error": told})


HELLO = {
    "protocolVersion": "2025-11-25",
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "world", "version": "1"},
}
DISCOVERED = {
    "supportedVersions": ["2026-07-28"],
    "capabilities": {"tools": {}},
    "serverInfo": {"name": "world", "version": "1"},
}
TOOLS = {"tools": [{"name": "test-tool", "inputSchema": {"type": "object"}}]}


@dataclass
class World:
    """An MCP server and its authorization server in memory; it is strict about what it gets."""

    era: str = "initialize"
    url: str = MCP
    pages: dict[str, Page] = field(default_factory=lambda: {PRM: json(200, prm())})
    """What a GET gives; any other place is 404."""
    documents: dict[str, Any] = field(default_factory=lambda: {OAUTH: metadata()})
    challenge: str = f'Bearer resource_metadata="{PRM}", scope="mcp:basic"'
    protected: Mapping[str, str] = field(default_factory=lambda: {"*": ""})
    """Method (``*``: any) to the scope it needs, empty: any token will do."""
    base: str = AS
    """Where authorize, token and register are."""
    callback: Callable[[dict[str, str]], str] | None = None
    """Makes the query of the callback; None: code, state and iss."""
    issues: Mapping[str, Any] = field(default_factory=dict)
    """Members that replace those of the token answer."""
    registers: Mapping[str, Any] = field(default_factory=dict)
    answer: str = "yes"

    def __post_init__(self) -> None:
        self.pages.update({url: json(200, page) for url, page in self.documents.items()})
        self.sent: list[Request] = []
        self.authorizations: list[dict[str, str]] = []
        self.tokens: dict[str, str] = {}
        self.performed: list[Any] = []
        self._octets = 0
        self.clock = 2000.0

    def run(self, known: Any = None, start: Stage = Stage.PROBE, **settings: Any) -> Script:
        config = Config(**{"url": self.url, **settings})
        return played(flow.run(config, known and known.known, start), self.perform)

    @property
    def asked(self) -> list[str]:
        """What was requested, in order: method and URL (the query of a page left out)."""
        return [f"{item.method} {item.url.partition('?')[0]}" for item in self.sent]

    def asked_at(self, *stages: Stage) -> list[str]:
        return [f"{item.method} {item.url}" for item in self.sent if item.stage in stages]

    @property
    def methods(self) -> list[str]:
        return [str(body_of(item)["method"]) for item in self.sent if item.url == self.url]

    def perform(self, action: Any) -> Any:
        self.performed.append(action)
        match action:
            case actions.Send(request):
                self.sent.append(request)
                return made_exchange(request, self._answer(request), len(self.sent))
            case actions.Bind(redirect_uri, _):
                return redirect_uri or REDIRECT
            case actions.RandomOctets(octets):
                self._octets += 1
                return hashlib.sha256(str(self._octets).encode()).digest()[:octets]
            case actions.Browse(asked, _):
                self._signed_in(asked.url)
                return asked
            case actions.Await():
                return actions.Callback(self._redirected(self.authorizations[-1]), "listener")
            case actions.Ask(question):
                return self.answer if question.id == "step_up" else question.default
            case actions.Answer() | actions.BeginRefresh():
                return None
            case actions.Now():
                self.clock += 5.0
                return self.clock
        raise AssertionError(f"nobody asked for {action}")

    def _signed_in(self, url: str) -> None:
        endpoint, _, query = url.partition("?")
        assert endpoint == f"{self.base}/authorize"
        pairs = parse_qsl(query, keep_blank_values=True, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs)
        self.authorizations.append(dict(pairs))

    def _redirected(self, asked: dict[str, str]) -> str:
        if self.callback is not None:
            return self.callback(asked)
        code = f"code-{len(self.authorizations)}"
        return urlencode({"code": code, "state": asked["state"], "iss": AS})

    def _answer(self, request: Request) -> Page:
        if request.url == self.url:
            return self._mcp(request)
        if request.url == f"{self.base}/token":
            return self._token(request)
        if request.url == f"{self.base}/register":
            made = {**body_of(request), "client_id": "registered-1", **self.registers}
            return json(201, {k: v for k, v in made.items() if v is not ...}, NO_STORE)
        if request.purpose == LOOK_AHEAD:
            return self.pages.get(f"{self.base}/authorize", raw(200, "<title>Sign in</title>"))
        if request.url.startswith(f"{self.base}/authorize?"):
            self._signed_in(request.url)
            asked = self.authorizations[-1]
            place = f"{asked['redirect_uri']}?{self._redirected(asked)}"
            return raw(302, b"", ("location", place))
        return self.pages.get(request.url, NOT_FOUND)

    def _token(self, request: Request) -> Page:
        form = dict(form_of(request))
        asked = self.authorizations[-1]
        assert s256(form["code_verifier"]) == asked["code_challenge"]
        assert form["redirect_uri"] == asked["redirect_uri"]
        assert form.get("resource") == asked.get("resource")
        access = f"test-token-{len(self.tokens) + 1}"
        self.tokens[access] = asked.get("scope", "")
        answer = {"access_token": access, "token_type": "Bearer", "expires_in": 3600}
        return json(200, {**answer, **self.issues}, NO_STORE)

    def _mcp(self, request: Request) -> Page:
        method = "DELETE" if request.method == "DELETE" else str(body_of(request)["method"])
        if (refusal := self._refused(request, method)) is not None:
            return refusal
        if method == "DELETE" or method.startswith("notifications/"):
            return raw(202)
        if self.era == "stateless":
            version = header(request, "MCP-Protocol-Version")
            meta = body_of(request)["params"].get("_meta", {})
            if version != "2026-07-28" or not meta:
                return error(request, 400, -32022, "no", {"supported": ["2026-07-28"]})
            results: dict[str, Any] = {"server/discover": DISCOVERED}
        else:
            if method == "server/discover":
                return error(request, 400, -32000, "Unsupported protocol version")
            wanted = body_of(request).get("params", {}).get("protocolVersion", "2025-11-25")
            results = {"initialize": {**HELLO, "protocolVersion": wanted}}
        results |= {"tools/list": TOOLS, "tools/call": {"content": []}}
        if method not in results:
            return error(request, 404, -32601, "no such method")
        return result(request, results[method])

    def _refused(self, request: Request, method: str) -> Page | None:
        needed = self.protected.get(method, self.protected.get("*"))
        if needed is None:
            return None
        given = (header(request, "Authorization") or "").removeprefix("Bearer ")
        if given not in self.tokens:
            return challenged(401, self.challenge)
        if not set(needed.split()) <= set(self.tokens[given].split()):
            return challenged(
                403,
                f'Bearer error="insufficient_scope", scope="{needed}", resource_metadata="{PRM}"',
            )
        return None


NO_STORE = ("cache-control", "no-store")


def queries(url: str) -> dict[str, list[str]]:
    return parse_qs(url.partition("?")[2], keep_blank_values=True)


def only(items: Iterable[Any]) -> Any:
    """Return the one item there is."""
    (item,) = items
    return item
