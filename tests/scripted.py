"""Knows one whole run as a list of events, with known secrets in it; must not test anything."""

from __future__ import annotations

from dataclasses import dataclass, replace

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
    Request,
    Response,
    Resumed,
    Secret,
    Session,
    Stage,
    Started,
    Status,
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
    Peer,
    Resource,
    Token,
)

URL = "https://mcp.example.com/mcp"
ISSUER = "https://auth.example.com"
REDIRECT = "http://127.0.0.1:43117/callback"
START = 1_700_000_000.0


@dataclass(frozen=True)
class Secrets:
    access: str = "access-AAAAAAAAAAAAAAAA"
    refresh: str = "refresh-BBBBBBBBBBBBBBBB"
    client: str = "client-secret-CCCCCCCCCC"
    state: str = "state-DDDDDDDDDDDDDDDDDD"
    verifier: str = "verifier-EEEEEEEEEEEEEEE"
    code: str = "code-FFFFFFFFFFFFFFFFFFF"

    @property
    def all(self) -> tuple[str, ...]:
        return (self.access, self.refresh, self.client, self.state, self.verifier, self.code)


ERROR = Finding(
    id="as-issuer-mismatch",
    level=Level.FATAL,
    message="The issuer differs.",
    seen="https://evil.example",
    expected=ISSUER,
    whose=Whose.ISSUER,
    source="RFC 8414 §3.3",
    next="Publish the issuer as it is named.",
    meanwhile="Report it.",
    stage=Stage.SERVER,
    exchange=2,
    pointer="/issuer",
    revision="2025-11-25",
    exit=4,
)
KEPT = replace(ERROR, id="as-pkce-absent", level=Level.OK, message="S256 is promised.", exit=1)


def exchange(
    number: int, request: Request, result: Response | Failure, *, seconds: float = 0.041
) -> Exchanged:
    return Exchanged(Exchange(number, request, result, START + number, seconds))


def probe(number: int = 1) -> Exchanged:
    request = Request(
        Stage.PROBE,
        "first contact",
        "POST",
        URL,
        Kind.MCP,
        (
            Field("Accept", "application/json, text/event-stream"),
            Field("Content-Type", "application/json"),
            Field("MCP-Protocol-Version", "2026-07-28"),
        ),
        json={"jsonrpc": "2.0", "id": 1, "method": "server/discover"},
    )
    return exchange(number, request, Response(401, (("www-authenticate", "Bearer"),)))


def token_request(secrets: Secrets) -> Exchanged:
    form = (
        Field("grant_type", "authorization_code"),
        Field("code", Secret(secrets.code)),
        Field("code_verifier", Secret(secrets.verifier)),
        Field("client_secret", Secret(secrets.client)),
    )
    request = Request(
        Stage.TOKEN, "the code for a token", "POST", f"{ISSUER}/token", Kind.TOKEN, form=form
    )
    body = (
        f'{{"access_token": "{secrets.access}", "refresh_token": "{secrets.refresh}",'
        ' "token_type": "Bearer"}'
    )
    headers = (("content-type", "application/json"), ("set-cookie", f"sid={secrets.access}"))
    return exchange(3, request, Response(200, headers, body.encode()))


def followed(secrets: Secrets) -> Exchanged:
    location = f"{REDIRECT}?code={secrets.code}&state={secrets.state}"
    request = Request(Stage.AUTHORIZE, "the sign-in page", "GET", attempt(secrets).url, Kind.PAGE)
    return exchange(2, request, Response(302, (("location", location),)))


def verify(secrets: Secrets, status: int = 200) -> Exchanged:
    request = Request(
        Stage.VERIFY,
        "the header is tried",
        "POST",
        URL,
        Kind.MCP,
        (
            Field("Accept", "application/json, text/event-stream"),
            Field("Content-Type", "application/json"),
            Field("MCP-Protocol-Version", "2026-07-28"),
            Field("Mcp-Session-Id", "session-1"),
            Field("Authorization", Secret(f"Bearer {secrets.access}")),
        ),
        json={"jsonrpc": "2.0", "id": 2, "method": "server/discover"},
    )
    return exchange(4, request, Response(status, (), f"echo {secrets.access}".encode()))


def attempt(secrets: Secrets) -> Attempt:
    url = f"{ISSUER}/authorize?response_type=code&client_id=c1&state={secrets.state}"
    return Attempt(
        number=1,
        url=url,
        issuer=ISSUER,
        authorization_endpoint=f"{ISSUER}/authorize",
        token_endpoint=f"{ISSUER}/token",
        client_id="c1",
        redirect_uri=REDIRECT,
        state=Secret(secrets.state),
        verifier=Secret(secrets.verifier),
        scope="files:read",
        resource=URL,
        iss_promised=True,
        fields=(Field("state", Secret(secrets.state), "ties the answer to us"),),
    )


def token(secrets: Secrets) -> Token:
    return Token(
        access=Secret(secrets.access),
        type="Bearer",
        issuer=ISSUER,
        resource=URL,
        client_id="c1",
        received=START + 5,
        expires_in=600.0,
        scope_asked="files:read",
        scope_granted="files:read",
        refresh=Secret(secrets.refresh),
        claims={"sub": "ada", "aud": URL, "echo": secrets.refresh, "odd": float("nan")},
    )


def run(secrets: Secrets | None = None) -> list[Event]:
    """A run that ends well, through every kind of event."""
    s = secrets or Secrets()
    server = AuthorizationServer(ISSUER, f"{ISSUER}/.well-known/x", f"{ISSUER}/authorize")
    client = Client("c1", "dynamic", ISSUER, REDIRECT, "none", Secret(s.client))
    forward = "ssh -L 43117:127.0.0.1:43117 you@box"
    return [
        Started(URL, START),
        Entered(Stage.PROBE),
        probe(),
        Learned("contact", Contact(401, (Challenge("Bearer"),))),
        Left(Stage.PROBE, Status.DONE, "401, Bearer"),
        Entered(Stage.RESOURCE),
        Tried(Stage.RESOURCE, "protected resource metadata", f"{URL}/x", "used", "200"),
        Learned("resource", Resource(URL, f"{URL}/x", {}, (ISSUER,), ("files:read",))),
        Left(Stage.RESOURCE, Status.DONE),
        Entered(Stage.SERVER),
        Learned("server", server),
        KEPT,
        Left(Stage.SERVER, Status.DONE),
        Entered(Stage.REGISTER),
        Learned("client", client),
        Left(Stage.REGISTER, Status.DONE),
        Entered(Stage.AUTHORIZE),
        Learned("attempt", attempt(s)),
        Browsed(attempt(s).url, "No browser was opened.", False, REDIRECT, forward),
        Waiting("the sign-in", START + 600),
        followed(s),
        Resumed(f"pasted: {REDIRECT}?code={s.code}"),
        Left(Stage.AUTHORIZE, Status.DONE),
        Entered(Stage.TOKEN),
        token_request(s),
        Learned("token", token(s)),
        Left(Stage.TOKEN, Status.DONE),
        Entered(Stage.VERIFY),
        verify(s),
        Learned("revision", "2026-07-28"),
        Learned("peer", Peer("stateless", "2026-07-28", "practice", "1.2.3", ("echo", "add"))),
        Left(Stage.VERIFY, Status.DONE, "practice 1.2.3"),
        Ended(Outcome.OK, START + 10),
    ]


def refused() -> list[Event]:
    """A run that is refused for safety at the authorization server's metadata."""
    return [
        Started(URL, START),
        Entered(Stage.PROBE),
        probe(),
        Left(Stage.PROBE, Status.DONE),
        Entered(Stage.SERVER),
        ERROR,
        Ended(Outcome.REFUSED, START + 1, ERROR, 4),
    ]


def folded(events: list[Event]) -> Session:
    session = Session()
    for event in events:
        session = session.apply(event)
    return session
