"""Probes of what the practice server cannot show, against servers of a few lines."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from mcp_auth_tui.model import Exchange, Failure, Level, Request, Response, Secret, Stage
from mcp_auth_tui.model.oauth import AuthorizationServer, Client, Contact, Resource, Token
from mcp_auth_tui.protocol import actions
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.probes import access, dpop, registration, tokens
from mcp_auth_tui.protocol.probes.target import Target, Unable
from mcp_auth_tui.protocol.probes.trial import Trial, untried, verdict
from mcp_auth_tui.protocol.tokens.dpop import KEY, Dpop

MCP, AS = "https://mcp.example/mcp", "https://as.example"
NOW = 1_700_000_000.0
Server = Callable[[Request], Response | Failure]
JSON = (("content-type", "application/json"),)


def answer(status: int, body: Any = None, *headers: tuple[str, str]) -> Response:
    return Response(status, (*JSON, *headers), json.dumps(body or {}).encode())


def mcp(request: Request) -> Response:
    """A result to whatever was asked."""
    id = (request.json or {}).get("id")
    return answer(200, {"jsonrpc": "2.0", "id": id, "result": {}})


def target(**changes: Any) -> Target:
    """A target with everything in hand."""
    config = Config(url=MCP, **changes.pop("settings", {}))
    token = Token(Secret("good-token"), "Bearer", AS, MCP, "client", NOW)
    made = Target(
        Judge(config, Stage.VERIFY, "2025-11-25"),
        Contact(401, era="initialize", revision="2025-11-25", refused="initialize"),
        Resource(MCP, f"{MCP}/prm", issuers=(AS,)),
        AuthorizationServer(AS, AS, f"{AS}/authorize", f"{AS}/token", f"{AS}/register"),
        Client("client", "dynamic", AS, "http://127.0.0.1:4000/callback", "none"),
        token,
        sign_ins=5,
    )
    return replace(made, **changes)


def tried(probe: Any, server: Server) -> tuple[Trial, ...]:
    """Drive a probe with one server for everything."""
    reply: Any = None
    number = 0
    while True:
        try:
            action = probe.send(reply)
        except StopIteration as done:
            return tuple(done.value)
        reply = None
        match action:
            case actions.Send() | actions.Open():
                number += 1
                got = server(action.request)
                reply = Exchange(number, action.request, got, NOW, 0.01)
            case actions.RandomOctets():
                reply = bytes(action.octets)
            case actions.Now():
                reply = NOW
            case actions.Sign():
                claims = json.dumps({"key": action.key, **action.claims})
                reply = actions.SignedJwt(Secret(claims), "ES256", "thumb")


def kept(trials: tuple[Trial, ...]) -> dict[str, bool | None]:
    return {trial.what: trial.kept for trial in trials}


# -- plain http


def test_a_plain_port_that_answers_is_found() -> None:
    trials = tried(access.http_port(target()), lambda request: answer(401))
    assert kept(trials) == {"http://mcp.example": False, "http://as.example": False}


@pytest.mark.parametrize(
    "reply",
    [
        Failure("net-connect", "Connection refused."),
        answer(301, None, ("location", MCP)),
        answer(404),
        answer(426),
    ],
)
def test_a_plain_port_that_is_closed_or_leads_to_https_passes(reply: Response | Failure) -> None:
    urls: list[str] = []

    def server(request: Request) -> Response | Failure:
        urls.append(request.url)
        assert not request.secrets
        return reply

    trials = tried(access.http_port(target()), server)
    assert set(kept(trials).values()) == {True}
    assert urls == ["http://mcp.example/mcp", "http://as.example/authorize"]


def test_a_server_without_tls_has_no_plain_twin() -> None:
    local = target(settings={}, server=None)
    local.judge = Judge(Config(url="http://127.0.0.1:1/mcp"), Stage.VERIFY)
    with pytest.raises(Unable, match="no secure one"):
        tried(access.http_port(local), mcp)


# -- proofs of possession


def bound() -> Target:
    token = Token(Secret("bound-token"), "DPoP", AS, MCP, "client", NOW)
    return target(token=token, dpop=Dpop(True, ("ES256",)))


def test_a_server_that_never_looks_at_the_proof_fails_every_way() -> None:
    trials = tried(dpop.proofs(bound()), mcp)
    assert set(kept(trials).values()) == {False}
    assert len(trials) == 9


def test_a_server_that_verifies_every_claim_passes() -> None:
    used: set[str] = set()

    def server(request: Request) -> Response | Failure:
        headers = {item.name: item.raw for item in request.headers}
        scheme = headers["Authorization"].partition(" ")[0]
        if scheme != "DPoP" or "DPoP" not in headers:
            return answer(401)
        claims = json.loads(headers["DPoP"])
        right = (
            claims["key"] == KEY
            and claims["htm"] == request.method
            and claims["htu"] == MCP
            and claims["ath"] == dpop.token_hash("bound-token")
            and abs(claims.get("iat", NOW) - NOW) < 60
        )
        fresh = headers["DPoP"] not in used
        used.add(headers["DPoP"])
        return mcp(request) if right and fresh else answer(401)

    trials = tried(dpop.proofs(bound()), server)
    assert set(kept(trials).values()) == {True}


def test_a_bearer_token_has_no_proof_to_get_wrong() -> None:
    with pytest.raises(Unable, match="bound to no key"):
        tried(dpop.proofs(target()), mcp)


# -- client metadata documents

_DOCUMENTS = {"client_id_metadata_document_supported": True}


def cimd(document: dict[str, Any] = _DOCUMENTS) -> Target:
    server = AuthorizationServer(AS, AS, f"{AS}/authorize", f"{AS}/token", document=document)
    url = "https://app.example/client.json"
    return target(server=server, settings={"client_metadata_url": url})


def test_a_server_that_takes_any_document_is_found() -> None:
    def server(request: Request) -> Response:
        sent = {name: values[0] for name, values in parse_qs(urlsplit(request.url).query).items()}
        place = f"{sent['redirect_uri']}?code=c&state={sent['state']}"
        return answer(302, None, ("location", place))

    trials = tried(registration.metadata_document(cimd()), server)
    assert set(kept(trials).values()) == {False}


def test_a_server_that_compares_the_document_passes() -> None:
    trials = tried(registration.metadata_document(cimd()), lambda request: answer(400))
    assert set(kept(trials).values()) == {True}


def test_a_server_without_such_documents_is_left_alone() -> None:
    with pytest.raises(Unable, match="takes no client ID metadata documents"):
        tried(registration.metadata_document(cimd({})), mcp)


# -- assertions


def keyed() -> Target:
    return target(client=Client("client", "pre-registered", AS, "", "private_key_jwt"))


def test_an_assertion_for_the_token_endpoint_that_is_refused_passes() -> None:
    refusal = answer(401, {"error": "invalid_client"})
    (trial,) = tried(tokens.assertion_aud(keyed()), lambda request: refusal)
    assert trial.kept is True


def test_an_assertion_for_the_token_endpoint_that_is_taken_proves_nothing() -> None:
    taken = answer(400, {"error": "invalid_grant"})
    (trial,) = tried(tokens.assertion_aud(keyed()), lambda request: taken)
    assert trial.kept is None


# -- identity assertions


def idjag() -> Target:
    settings = {
        "grant": "id-jag",
        "subject_token": Secret("subject"),
        "idp_token_endpoint": "https://idp.example/token",
        "idp_client_id": "at-idp",
    }
    return target(settings=settings)


def _of_idp() -> Response:
    kind = "urn:ietf:params:oauth:token-type:id-jag"
    body = {"access_token": "jag", "issued_token_type": kind, "token_type": "N_A"}
    return answer(200, body)


@pytest.mark.parametrize("remembers", [True, False])
def test_an_assertion_that_is_used_twice(remembers: bool) -> None:
    uses: list[str] = []

    def server(request: Request) -> Response:
        if request.url.startswith("https://idp.example/"):
            return _of_idp()
        uses.append(next(item.raw for item in request.form or () if item.name == "assertion"))
        if remembers and len(uses) > 1:
            return answer(400, {"error": "invalid_grant"})
        return answer(200, {"access_token": "token", "token_type": "Bearer"})

    (trial,) = tried(tokens.idjag_replay(idjag()), server)
    assert trial.kept is remembers
    assert uses == ["jag", "jag"]


# -- servers that are busy, broken, or gone


def test_a_server_that_asks_to_wait_is_waited_for_once() -> None:
    replies = iter([answer(429, None, ("retry-after", "2")), answer(401), answer(401)])
    trials = tried(access.query_token(target()), lambda request: next(replies))
    assert set(kept(trials).values()) == {True}


def test_a_server_that_goes_on_asking_to_wait_is_left_alone() -> None:
    busy = target()
    for _ in range(3):
        with pytest.raises(Unable, match="asked to wait"):
            tried(access.garbage(busy), lambda request: answer(429))
    with pytest.raises(Unable, match="again and again"):
        tried(access.garbage(busy), lambda request: pytest.fail("it was asked once more"))


def test_a_failure_behind_an_unread_body_is_no_verdict() -> None:
    replies = iter([answer(501), answer(401), answer(501), answer(401)])
    trials = tried(access.query_token(target()), lambda request: next(replies))
    assert set(kept(trials).values()) == {True}


def test_a_server_that_is_gone_decides_nothing() -> None:
    gone = Failure("net-connect", "Connection refused.")
    trials = tried(access.query_token(target()), lambda request: gone)
    assert set(kept(trials).values()) == {None}


@pytest.mark.parametrize(
    ("trials", "level"),
    [
        ((Trial("a", True, "HTTP 401", 1), Trial("b", None, "HTTP 500", 2)), Level.OK),
        ((Trial("a", True, "HTTP 401", 1), Trial("b", False, "HTTP 200", 2)), Level.ERROR),
        ((Trial("a", False, "HTTP 500", 1, Level.WARNING),), Level.WARNING),
        ((Trial("a", None, "no answer", 1),), Level.INFO),
        (untried("nobody signed in"), Level.INFO),
    ],
)
def test_one_broken_rule_fails_and_one_proof_is_needed_to_pass(
    trials: tuple[Trial, ...], level: Level
) -> None:
    assert verdict("probe-garbage", Stage.VERIFY, "2025-11-25", trials).level is level
