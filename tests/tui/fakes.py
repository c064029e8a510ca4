"""Scripted runs with a fixed clock, port and token: what the screens are shown with."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import replace
from typing import Any

from mcp_auth_tui.desktop.browser import OpenResult
from mcp_auth_tui.model import (
    Browsed,
    Ended,
    Entered,
    Event,
    Exchange,
    Exchanged,
    Failure,
    Field,
    Finding,
    Kind,
    Learned,
    Left,
    Level,
    Outcome,
    Question,
    Ready,
    Released,
    Request,
    Response,
    Resumed,
    Secret,
    Session,
    Stage,
    Started,
    Status,
    Timing,
    Tried,
    Waiting,
    Whose,
)
from mcp_auth_tui.model.oauth import (
    Attempt,
    AuthorizationServer,
    Challenge,
    Client,
    Contact,
    DeviceCode,
    Peer,
    Resource,
    StoredHeader,
    Token,
)
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.tokens import response
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from mcp_auth_tui.run.performer import Sent
from mcp_auth_tui.settings import editable
from mcp_auth_tui.settings.options import Options

NOW = 1_790_000_000.0
MCP = "https://mcp.example.com/mcp"
AS = "https://auth.example.com"
BACK = "http://127.0.0.1:43117/callback"
ACCESS = "at-7Kq2mXv9Lw4RzT8cYb3NdJ5hFgS6pEaU"
REFRESH = "rt-Q1w2E3r4T5y6U7i8O9p0"
STATE = "st-Zk3Jh7Qm2Xv9"
FORWARD = "ssh -L 43117:127.0.0.1:43117 you@build-box"
URL = (
    f"{AS}/authorize?response_type=code&client_id=c-3f9c21d07a&redirect_uri=http%3A%2F%2F127.0.0.1"
    f"%3A43117%2Fcallback&scope=files%3Aread&state={STATE}&code_challenge="
    "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM&code_challenge_method=S256"
    "&resource=https%3A%2F%2Fmcp.example.com%2Fmcp"
)
PRM = {
    "resource": MCP,
    "authorization_servers": [AS],
    "scopes_supported": ["files:read", "files:write"],
    "bearer_methods_supported": ["header"],
}
META = {
    "issuer": AS,
    "authorization_endpoint": f"{AS}/authorize",
    "token_endpoint": f"{AS}/token",
    "registration_endpoint": f"{AS}/register",
    "response_types_supported": ["code"],
    "code_challenge_methods_supported": ["S256"],
}
JSON = "application/json"


def config(url: str = MCP, **changes: Any) -> Config:
    return Config(url=url, **changes)


def exchange(
    number: int,
    stage: Stage,
    method: str,
    url: str,
    status: int,
    *,
    purpose: str = "",
    body: Any = None,
    headers: Iterable[tuple[str, str]] = (),
    form: tuple[Field, ...] | None = None,
    sent: Any = None,
    seconds: float = 0.041,
    media: str = JSON,
) -> Exchange:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode() if body else b""
    return Exchange(
        number=number,
        request=Request(
            stage=stage,
            purpose=purpose,
            method=method,
            url=url,
            kind=Kind.METADATA,
            headers=(Field("Accept", JSON, "JSON is asked for", "RFC 9728 §3.1"),),
            form=form,
            json=sent,
        ),
        result=Response(status, (("content-type", media), *headers), raw),
        started=NOW + number,
        seconds=seconds,
        timing=Timing(connect=0.004, wait=seconds - 0.004),
    )


def finding(
    id_: str, level: Level, message: str, stage: Stage, exchange: int | None = None, **more: Any
) -> Finding:
    return Finding(
        id=id_,
        level=level,
        message=message,
        seen=more.get("seen", ""),
        expected=more.get("expected", ""),
        whose=more.get("whose", Whose.NOBODY),
        source=more.get("source", ""),
        next=more.get("next", ""),
        stage=stage,
        exchange=exchange,
        pointer=more.get("pointer", ""),
        revision=more.get("revision", ""),
        exit=more.get("exit", 1),
    )


CONTACT = Contact(401, (Challenge("Bearer", params=(("scope", "files:read"),)),))
RESOURCE = Resource(MCP, f"{MCP[:-4]}/.well-known/oauth-protected-resource/mcp", PRM, (AS,))
SERVER = AuthorizationServer(
    AS,
    f"{AS}/.well-known/oauth-authorization-server",
    f"{AS}/authorize",
    f"{AS}/token",
    f"{AS}/register",
    META,
)
CLIENT = Client("c-3f9c21d07a", "dynamic", AS, BACK, "none", document={"client_id": "c-3f9c21d07a"})
ATTEMPT = Attempt(
    number=1,
    url=URL,
    issuer=AS,
    authorization_endpoint=f"{AS}/authorize",
    token_endpoint=f"{AS}/token",
    client_id=CLIENT.id,
    redirect_uri=BACK,
    state=Secret(STATE),
    verifier=Secret("vf-dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
    scope="files:read",
    resource=MCP,
    iss_promised=True,
    fields=(
        Field("client_id", CLIENT.id, "registered a moment ago", "RFC 7591 §3.2.1"),
        Field("scope", "files:read", "from the challenge", "Z4"),
        Field("resource", MCP, "from the resource's metadata, verbatim", "RFC 8707 §2"),
        Field("state", Secret(STATE), "new for this attempt", "RFC 6749 §10.12"),
    ),
)
TOKEN = Token(
    access=Secret(ACCESS),
    type="Bearer",
    issuer=AS,
    resource=MCP,
    client_id=CLIENT.id,
    received=NOW + 60,
    expires_in=3600.0,
    scope_asked="files:read",
    scope_granted="files:read",
    refresh=Secret(REFRESH),
)
STORED = StoredHeader("a1b2c3", AS, CLIENT.id, "files:read", NOW + 1842, verified=True)
CLAIMS = {
    "iss": AS,
    "aud": MCP,
    "client_id": CLIENT.id,
    "sub": "ada",
    "exp": int(NOW) + 3660,
    "scope": "files:read",
}


def jwt(claims: Any) -> str:
    """Return a JWT with these claims and a signature that fits nothing."""
    parts = ({"alg": "ES256", "kid": "k-1", "typ": "at+jwt"}, claims)
    coded = [urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
    return ".".join((*coded, "c2lnbmF0dXJl"))


JWT = replace(
    TOKEN,
    access=Secret(jwt(CLAIMS)),
    scope_asked="files:read files:write",
    id_token=Secret(jwt({"iss": AS, "sub": "ada", "aud": CLIENT.id, "exp": int(NOW) + 3660})),
    claims=CLAIMS,
    jose={"alg": "ES256", "kid": "k-1", "typ": "at+jwt"},
)
PEER = Peer("stateless", "2026-07-28", "practice-files", "1.4.0", ("list_files", "read_file"))


def metadata() -> list[Event]:
    probe = exchange(
        1,
        Stage.PROBE,
        "POST",
        MCP,
        401,
        purpose="first contact, without a token",
        headers=[("www-authenticate", 'Bearer scope="files:read"')],
        sent={"jsonrpc": "2.0", "id": 1, "method": "server/discover"},
    )
    return [
        Started(MCP, NOW),
        Entered(Stage.PROBE),
        Exchanged(probe),
        finding(
            "rs-no-prm-url",
            Level.WARNING,
            "The refusal does not say where the server's metadata is.",
            Stage.PROBE,
            1,
            seen='Bearer scope="files:read"',
            expected="a resource_metadata parameter",
            whose=Whose.SERVER,
            source="RFC 9728 §5.1",
            next="Add resource_metadata to the challenge.",
        ),
        Learned("contact", CONTACT),
        Left(Stage.PROBE, Status.WARNED, "401, Bearer"),
        Entered(Stage.RESOURCE),
        Exchanged(
            exchange(2, Stage.RESOURCE, "GET", str(RESOURCE.url), 200, purpose="PRM", body=PRM)
        ),
        Tried(Stage.RESOURCE, "path", str(RESOURCE.url), "used", "it answered with JSON", 2),
        Tried(Stage.RESOURCE, "root", f"{MCP[:-4]}/.well-known/oauth-protected-resource",
              "not tried", "the place before it won"),
        finding("ok-prm", Level.OK, "The resource is the URL you typed.", Stage.RESOURCE, 2),
        Learned("resource", RESOURCE),
        Left(Stage.RESOURCE, Status.DONE, "found at its path"),
        Entered(Stage.SERVER),
        Exchanged(exchange(3, Stage.SERVER, "GET", str(SERVER.url), 200, body=META)),
        Learned("server", SERVER),
        Learned("revision", "2025-11-25"),
        Left(Stage.SERVER, Status.DONE, "auth.example.com"),
    ]  # fmt: skip


def registration() -> list[Event]:
    made = exchange(
        4, Stage.REGISTER, "POST", f"{AS}/register", 201, body={"client_id": CLIENT.id},
        sent={"client_name": "mcp-auth-tui", "redirect_uris": [BACK]}, seconds=0.061,
    )  # fmt: skip
    return [
        Entered(Stage.REGISTER),
        Exchanged(made),
        Learned("client", CLIENT),
        Left(Stage.REGISTER, Status.DONE, "dynamic"),
    ]


def offered() -> list[Event]:
    """A run that waits for the sign-in though a header of an earlier run is good."""
    begun, *rest = metadata()
    return [begun, Learned("stored_header", STORED), *rest, *registration(), *browser()]


def browser(forward: str = FORWARD, *, url: str = URL) -> list[Event]:
    how = "No browser was opened: this is a session over SSH." if forward else "Opened."
    attempt = replace(ATTEMPT, url=url)
    return [
        Entered(Stage.AUTHORIZE),
        Learned("attempt", attempt),
        Ready(attempt),
        Browsed(url, how, not forward, BACK, forward),
        Waiting("the sign-in in your browser", NOW + 600),
    ]


DEVICE = DeviceCode(
    "WDJB-MJHT",
    f"{AS}/device",
    f"{AS}/device?user_code=WDJB-MJHT",
    NOW + 600,
    Secret("dc-GmRhmhcxhwAzkoEqiMEg"),
)


def device(code: DeviceCode = DEVICE) -> list[Event]:
    """A device authorization that waits for the person, once asked in vain."""
    form = (Field("grant_type", "urn:ietf:params:oauth:grant-type:device_code"),)
    pending = exchange(
        5, Stage.AUTHORIZE, "POST", f"{AS}/token", 400, form=form,
        body={"error": "authorization_pending"}, purpose="token request, device code",
    )  # fmt: skip
    return [
        *metadata(),
        *registration(),
        Entered(Stage.AUTHORIZE),
        Learned("device", code),
        Exchanged(pending),
        Waiting("the code to be typed and accepted", code.until),
    ]


def ending() -> list[Event]:
    form = (
        Field("grant_type", "authorization_code", "the code is exchanged", "RFC 6749 §4.1.3"),
        Field("code", Secret("co-Xy12Zz34Qq56"), "from the browser", "RFC 6749 §4.1.3"),
        Field("resource", MCP, "the same as before", "RFC 8707 §2.2"),
    )
    answer = {"access_token": ACCESS, "token_type": "Bearer", "refresh_token": REFRESH}
    authorization = Field("Authorization", Secret(f"Bearer {ACCESS}"), "the token", "RFC 6750")
    last = exchange(6, Stage.VERIFY, "POST", MCP, 200, body={"result": {"tools": []}})
    return [
        Resumed("the browser came back", "listener", ("code", "state")),
        Left(Stage.AUTHORIZE, Status.DONE, "signed in"),
        Entered(Stage.TOKEN),
        Exchanged(exchange(5, Stage.TOKEN, "POST", f"{AS}/token", 200, form=form, body=answer)),
        Learned("token", TOKEN),
        Left(Stage.TOKEN, Status.DONE, "Bearer, 1:00:00"),
        Entered(Stage.VERIFY),
        Exchanged(
            Exchange(
                number=6,
                request=Request(
                    Stage.VERIFY, "the first request with the token", "POST", MCP, Kind.MCP,
                    headers=(authorization,),
                ),
                result=last.result,
                started=NOW + 70,
                seconds=0.038,
            )
        ),
        Learned("token", replace(TOKEN, verified=True)),
        Learned("peer", PEER),
        Left(Stage.VERIFY, Status.DONE, "2 tools"),
        Ended(Outcome.OK, NOW + 72),
    ]  # fmt: skip


def signed_in() -> list[Event]:
    return [*metadata(), *registration(), *browser(), *ending()]


def judged(token: Token) -> list[Event]:
    """Return what a run finds about the answer that gave it a token (exchange 5)."""
    answer = {
        "access_token": token.access.reveal(),
        "token_type": token.type,
        "expires_in": token.expires_in,
        "scope": token.scope_granted,
    }
    item = exchange(5, Stage.TOKEN, "POST", f"{AS}/token", 200, body=answer)
    asker = Endpoint(Judge(config(), Stage.TOKEN), SERVER, CLIENT, None)
    steps = response.read_token(asker, item, answer, token.scope_asked, token.resource)
    return [step for step in steps if isinstance(step, Finding)]


def readable() -> list[Event]:
    """Return a run that ends with a JWT, an ID token, and fewer scopes than were asked."""
    events = [e for e in signed_in() if not (isinstance(e, Learned) and e.name == "token")]
    at = next(
        i for i, e in enumerate(events) if e == Left(Stage.TOKEN, Status.DONE, "Bearer, 1:00:00")
    )
    return [*events[:at], *judged(JWT), Learned("token", replace(JWT, verified=True)), *events[at:]]


def mismatch() -> list[Event]:
    stop = finding(
        "as-issuer-mismatch",
        Level.FATAL,
        "The document names another issuer than the address it was found by.",
        Stage.SERVER,
        3,
        seen=f"{AS}/",
        expected=AS,
        whose=Whose.ISSUER,
        source="RFC 8414 §3.3 (A5)",
        next="Make the issuer in the document equal to the one in the resource's metadata.",
        pointer="/issuer",
        revision="2026-07-28",
        exit=4,
    )
    told = metadata()[:-4]
    bad = exchange(3, Stage.SERVER, "GET", str(SERVER.url), 200, body={**META, "issuer": f"{AS}/"})
    lost = Tried(Stage.SERVER, "RFC 8414", str(SERVER.url), "lost", "issuer differs", 3)
    return [*told, Exchanged(bad), lost, stop, Ended(Outcome.REFUSED, NOW + 1, stop, 4)]


def asking(**question: Any) -> list[Event]:
    asked = Question("client_secret", "The client's secret", secret=True, **question)
    return [
        *metadata(),
        Entered(Stage.REGISTER),
        Waiting("an answer", NOW + 60, asked),
        Resumed("answered"),
        Ended(Outcome.INTERRUPTED, NOW + 9, None, 130),
    ]


HOSTILE = (
    "[/x][@click=app.quit]x[/] [bold]b \x1b[31mred\x1b]52;c;aGk=\x07 \u202egnp.exe \x9b2J \u200b|"
)


def hostile() -> list[Event]:
    """Return a run in which every text that a server can choose is hostile."""
    bad = HOSTILE
    stop = finding(
        "bad", Level.FATAL, bad, Stage.SERVER, 1, seen=bad, expected=bad, source=bad, next=bad,
        pointer=bad,
    )  # fmt: skip
    failed = Exchange(
        2,
        Request(Stage.SERVER, bad, "GET", f"https://x.example/{bad}", Kind.METADATA),
        Failure("net-tls", bad),
        NOW,
        0.1,
    )
    asked = exchange(
        1, Stage.PROBE, "POST", f"https://x.example/{bad}", 401, purpose=bad, body={bad: bad},
        headers=[("x-evil", bad), ("set-cookie", bad)], sent={bad: bad},
        form=(Field(bad, bad, bad, bad),),
    )  # fmt: skip
    text = exchange(3, Stage.SERVER, "GET", "https://x.example/", 200, body=bad.encode(), media=bad)
    token = Token(Secret(ACCESS), bad, bad, bad, bad, NOW, 60.0, bad, bad, claims={bad: bad})
    server = AuthorizationServer(bad, bad, f"https://{bad}/", bad, bad, {bad: bad})
    attempt = Attempt(
        1, bad, bad, bad, bad, bad, bad, Secret(STATE), Secret("verifier"), bad, bad, False,
        (Field(bad, bad, bad, bad),),
    )  # fmt: skip
    return [
        Started(MCP, NOW),
        Entered(Stage.PROBE),
        Exchanged(asked),
        Learned("contact", Contact(401, (Challenge(bad, params=((bad, bad),)),), refused=bad)),
        Left(Stage.PROBE, Status.DONE, bad),
        Learned("resource", Resource(bad, bad, {bad: bad}, (bad,), (bad,))),
        Learned("server", server),
        Learned("client", Client(bad, bad, bad, bad, bad, document={bad: bad})),
        Learned("attempt", attempt),
        Learned("token", token),
        Learned("peer", Peer(bad, bad, bad, bad, (bad,), bad, bad)),
        Learned("revision", bad),
        Tried(Stage.SERVER, bad, bad, "lost", bad, 1),
        Entered(Stage.SERVER),
        Exchanged(failed),
        Exchanged(text),
        finding("warn", Level.WARNING, bad, Stage.TOKEN, 3, seen=bad, next=bad),
        finding("fine", Level.OK, bad, Stage.REGISTER, 3),
        stop,
        Ended(Outcome.FAILED, NOW + 1, stop, 1),
    ]


class Settings(editable.Settings):
    """Settings with a scripted configuration."""

    def __init__(
        self,
        config_for: Callable[[str], Config] = config,
        marks: tuple[str, ...] = (),
    ) -> None:
        super().__init__(Options())
        self._config_for, self._marks = config_for, marks

    @property
    def marks(self) -> tuple[str, ...]:
        return self._marks

    def config(self, url: str) -> Config:
        return self._config_for(url)


class FakeController:
    """Replays events; waits where a person is waited for, and notes what the screen asked of it."""

    def __init__(self, events: Iterable[Event], *, stepping: bool = False) -> None:
        self.session = Session()
        self.asked: list[Any] = []
        self.closed = False
        self.opens = True
        self.sent: Sent | None = None
        self.seen: list[Exchange] = []
        self.beside: list[Event] = []
        self.recalled: Session | None = None
        self._events = list(events)
        self._stepping = stepping
        self._cancelled = False
        self._go = asyncio.Event()

    async def run(
        self, known: Session | None = None, start: Stage = Stage.PROBE
    ) -> AsyncIterator[Event]:
        self.asked.append(("run", start))
        self.known = known
        try:
            for event in self._events:
                if isinstance(event, Ready) and not self._stepping:
                    continue
                async for each in self._play(event):
                    self.seen += [each.exchange] if isinstance(each, Exchanged) else []
                    yield each
                if self._cancelled:
                    yield Ended(Outcome.INTERRUPTED, NOW + 5, None, 130)
                    return
                await asyncio.sleep(0)
        finally:
            self.closed = True

    async def _play(self, event: Event) -> AsyncIterator[Event]:
        self._go.clear()
        if self._stepping and isinstance(event, Exchanged):
            yield Ready(event.exchange.request)
            await self._go.wait()
            if self._cancelled:
                return
            self._go.clear()
            yield Released(event.exchange.request)
        yield event
        if isinstance(event, Waiting | Ready):
            await self._go.wait()
        if isinstance(event, Ready) and not self._cancelled:
            yield Released(event.request)

    async def aside(self, asked: Any, network: Any = None) -> AsyncIterator[Event]:
        self.asked.append(("aside", asked.__name__))
        asked.close()
        for event in self.beside:
            yield event

    async def recall(self) -> Session | None:
        self.asked.append(("recall",))
        return self.recalled

    def come_back(self) -> None:
        """The browser came back."""
        self._go.set()

    def paste(self, text: str) -> None:
        self.asked.append(("paste", text))
        self._go.set()

    def answer(self, text: str | None) -> None:
        self.asked.append(("answer", text))
        self._go.set()

    async def browse(self, url: str) -> OpenResult:
        self.asked.append(("browse", url))
        return OpenResult(True, "The address was handed to a test.")

    async def send_again(self, request: Request, of: int) -> AsyncIterator[Event]:
        self.asked.append(("again", of))
        number = 1 + max(item.number for item in self.seen)
        result = Response(400, (("content-type", JSON),), b'{"error": "invalid_grant"}')
        before = next(item.request for item in self.seen if item.number == of)
        yield Exchanged(
            Exchange(number, request, result, NOW, 0.02, edited=request != before, again=of)
        )

    def step(self, request: Any = None, *, unopened: bool = False) -> None:
        changed = "unopened" if unopened else request
        self.asked.append(("step",) if changed is None else ("step", changed))
        self._go.set()

    def go(self) -> None:
        self.asked.append(("go",))
        self._stepping = False
        self._go.set()

    def pause(self) -> None:
        self.asked.append(("pause",))
        self._stepping = True

    def cancel(self) -> None:
        self.asked.append(("cancel",))
        self._cancelled = True
        self._go.set()
