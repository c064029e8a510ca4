"""What a person gives by hand: endpoints, a certificate, the ID token as bearer, one port."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest

from mcp_auth_tui.model import Failure, Level, Secret, Stage
from mcp_auth_tui.model.oauth import CertificateFacts, Client
from mcp_auth_tui.protocol import actions
from mcp_auth_tui.protocol.actions import Unlock
from tests.findings.cases_token import answered
from tests.findings.site import at, jwt, site
from tests.protocol.script import (
    AS,
    MCP,
    OAUTH,
    PRM,
    REDIRECT,
    World,
    body_of,
    form_of,
    header,
    json,
    metadata,
    prm,
    raw,
)

OTHER = "https://hand.example"
HAND = {
    "authorization_endpoint": f"{OTHER}/authorize",
    "token_endpoint": f"{OTHER}/token",
    "registration_endpoint": f"{OTHER}/register",
}
CERTIFICATE = CertificateFacts("thumb", "CN=ada", False, {"kty": "EC", "x5c": ["MIIB"]})
ITSELF = CertificateFacts("thumb", "CN=ada", True, {"kty": "EC", "x5c": ["MIIB"]})
BOTH_WAYS = ["tls_client_auth", "self_signed_tls_client_auth"]


# -- endpoints


def test_an_endpoint_given_by_hand_goes_before_the_metadatas_and_is_told() -> None:
    world = World(base=OTHER)
    script = world.run(**HAND)
    assert script.returned() == "ok"
    told = [item.seen for item in script.findings if item.id == "client-overridden"]
    assert told == [f"--{name.replace('_', '-')} {url}" for name, url in HAND.items()]
    assert [item for item in world.asked if AS in item] == [f"GET {OAUTH}"]


@pytest.mark.parametrize(
    "pages",
    [
        {PRM: json(200, prm())},
        {PRM: json(200, prm()), OAUTH: raw(200, "<html>", ("content-type", "text/html"))},
        {PRM: json(200, prm(authorization_servers=...))},
        {PRM: raw(200, "<html>", ("content-type", "text/html"))},
        {},
    ],
)
def test_with_endpoints_by_hand_no_metadata_is_needed(pages: dict[str, Any]) -> None:
    world = World(base=OTHER, pages=pages, documents={})
    world.callback = lambda asked: urlencode({"code": "code-1", "state": asked["state"]})
    script = world.run(**HAND)
    assert script.returned() == "ok"
    server = script.learned("server")[-1]
    assert (server.by_hand, server.guessed, server.token_endpoint) == (
        True,
        False,
        HAND["token_endpoint"],
    )
    assert "as-missing" not in [item.id for item in script.findings if item.level is Level.ERROR]


def test_an_iss_that_differs_from_our_guess_names_the_option_for_it() -> None:
    stop = World(base=OTHER, pages={}, documents={}).run(**HAND).stop
    assert stop is not None
    assert stop.id == "authz-iss-differs"
    assert f"--issuer {AS}" in stop.meanwhile
    assert World(base=OTHER, pages={}, documents={}).run(**HAND, issuer=AS).returned() == "ok"


def test_a_token_endpoint_alone_is_enough_where_no_browser_is_part_of_the_grant() -> None:
    world = site(documents={}, answers=at(f"{OTHER}/token", answered()))
    world.tokens["test-token-1"] = "mcp:basic"
    script = world.run(
        token_endpoint=f"{OTHER}/token",
        grant="client_credentials",
        client_id="me",
        client_secret=Secret("s"),
    )
    assert script.returned() == "ok"
    lacking = World(documents={}).run(token_endpoint=f"{OTHER}/token")
    assert lacking.stop is not None
    assert lacking.stop.id == "as-missing"


# -- a certificate


def test_with_a_certificate_its_endpoints_and_its_way_of_authentication_are_used() -> None:
    """RFC 8705 sections 2 and 5: every endpoint but the browser's."""
    aliases = {"token_endpoint": f"{OTHER}/token", "registration_endpoint": f"{OTHER}/register"}
    document = metadata(
        token_endpoint_auth_methods_supported=["none", *BOTH_WAYS],
        tls_client_certificate_bound_access_tokens=True,
        mtls_endpoint_aliases={**aliases, "authorization_endpoint": f"{OTHER}/authorize"},
    )
    world = site(documents={OAUTH: document}, answers=at(f"{OTHER}/token", answered()))
    world.tokens["test-token-1"] = "mcp:basic"
    script = world.run(certificate=CERTIFICATE)
    assert script.returned() == "ok"
    assert [item for item in world.asked if OTHER in item] == [
        f"POST {OTHER}/register",
        f"POST {OTHER}/token",
    ]
    [registration] = [item for item in world.sent if item.url == f"{OTHER}/register"]
    asked = body_of(registration)
    assert asked["token_endpoint_auth_method"] == "tls_client_auth"
    assert asked["tls_client_auth_subject_dn"] == "CN=ada"
    assert asked["tls_client_certificate_bound_access_tokens"] is True
    [token] = [item for item in world.sent if item.url == f"{OTHER}/token"]
    assert dict(form_of(token))["client_id"] == "registered-1"
    assert header(token, "Authorization") is None
    assert script.learned("client")[-1].auth_method == "tls_client_auth"


def test_a_certificate_that_vouches_for_itself_is_registered_whole() -> None:
    """RFC 8705 section 2.2.2."""
    document = metadata(token_endpoint_auth_methods_supported=BOTH_WAYS)
    world = World(documents={OAUTH: document})
    assert world.run(certificate=ITSELF).returned() == "ok"
    [asked] = [body_of(item) for item in world.sent if item.url == f"{AS}/register"]
    assert asked["token_endpoint_auth_method"] == "self_signed_tls_client_auth"
    assert asked["jwks"] == {"keys": [{"kty": "EC", "x5c": ["MIIB"]}]}


@pytest.mark.parametrize(
    ("settings", "method"),
    [
        ({}, "none"),
        ({"certificate": CERTIFICATE}, "tls_client_auth"),
        ({"certificate": ITSELF}, "self_signed_tls_client_auth"),
        ({"certificate": CERTIFICATE, "client_secret": Secret("s")}, "client_secret_basic"),
        ({"certificate": CERTIFICATE, "auth_method": "none"}, "none"),
    ],
)
def test_a_clients_own_secret_goes_before_a_certificate(
    settings: dict[str, Any], method: str
) -> None:
    listed = ["client_secret_basic", *BOTH_WAYS, "none"]
    world = World(documents={OAUTH: metadata(token_endpoint_auth_methods_supported=listed)})
    script = world.run(client_id="me", **settings)
    assert script.learned("client")[0].auth_method == method


def test_aliases_are_nothing_to_a_client_without_a_certificate() -> None:
    document = metadata(mtls_endpoint_aliases={"token_endpoint": f"{OTHER}/token"})
    world = World(documents={OAUTH: document})
    assert world.run().returned() == "ok"
    assert not [item for item in world.asked if OTHER in item]


def test_an_alias_is_judged_like_any_endpoint_and_named_by_its_place() -> None:
    document = metadata(mtls_endpoint_aliases={"token_endpoint": "javascript:alert(1)"})
    stop = World(documents={OAUTH: document}).run(certificate=CERTIFICATE).stop
    assert stop is not None
    assert (stop.id, stop.pointer) == (
        "as-endpoint-scheme",
        "/mtls_endpoint_aliases/token_endpoint",
    )


@pytest.mark.parametrize(
    ("cnf", "promised", "settings", "told"),
    [
        ({"x5t#S256": "thumb"}, True, {"certificate": CERTIFICATE}, "kept"),
        ({"x5t#S256": "other"}, False, {"certificate": CERTIFICATE}, "broken"),
        (..., True, {"certificate": CERTIFICATE}, "broken"),
        (..., False, {"certificate": CERTIFICATE}, "nothing"),
        ({"x5t#S256": "other"}, True, {}, "broken"),
        ({"jkt": "thumb"}, True, {}, "nothing"),
    ],
)
def test_what_a_token_is_bound_to_is_told(
    cnf: Any, promised: bool, settings: dict[str, Any], told: str
) -> None:
    """RFC 8705 section 3.1."""
    document = metadata(tls_client_certificate_bound_access_tokens=promised)
    world = site(documents={OAUTH: document}, issues={"access_token": jwt(cnf=cnf)})
    script = world.run(**settings)
    levels = [item.level for item in script.findings if item.id == "token-cnf"]
    assert levels == {"kept": [Level.OK], "broken": [Level.ERROR], "nothing": []}[told]


class Locked(World):
    """A world whose certificate opens with one passphrase, and a person who types."""

    def __init__(self, *typed: str | None) -> None:
        super().__init__()
        self.typed = list(typed)

    def perform(self, action: Any) -> Any:
        match action:
            case Unlock(passphrase):
                right = passphrase is not None and passphrase.reveal() == "right"
                return None if right else Failure("passphrase", "The private key is encrypted.")
            case actions.Ask(question) if question.id == "passphrase":
                assert question.secret
                return self.typed.pop(0)
        return super().perform(action)


@pytest.mark.parametrize(
    ("typed", "end"),
    [
        (["right"], "ok"),
        (["wrong", "right"], "ok"),
        (["wrong"] * 3, "client-key"),
        ([None], "client-no-person"),
    ],
)
def test_a_locked_key_is_opened_before_anything_is_sent(typed: list[str | None], end: str) -> None:
    world = Locked(*typed)
    script = world.run(certificate=CERTIFICATE, certificate_locked="The key is encrypted.")
    assert (script.stop.id if script.stop else script.returned()) == end
    assert bool(world.sent) is (end == "ok")


# -- the ID token as bearer


def test_the_id_token_is_what_the_mcp_server_is_given() -> None:
    identity = jwt({"typ": "JWT"}, exp=3000.0)
    world = World(issues={"id_token": identity, "token_type": "bearer"})
    world.tokens[identity] = "mcp:basic"
    script = world.run(id_token=True)
    assert script.returned() == "ok"
    token = script.learned("token")[-1]
    assert (token.bearer.reveal(), token.access.reveal()) == (identity, "test-token-2")
    given = {header(item, "Authorization") for item in world.sent if item.url == MCP}
    assert given == {None, f"Bearer {identity}"}
    assert world.authorizations[0]["scope"] == "mcp:basic openid"


def test_without_an_id_token_the_run_ends_with_the_scope_to_ask_for() -> None:
    stop = World().run(id_token=True, scope="mcp:basic").stop
    assert stop is not None
    assert (stop.id, stop.stage) == ("client-no-id-token", Stage.TOKEN)
    assert stop.seen == "no id_token; scope asked for: mcp:basic"
    assert "openid" in stop.next


def test_a_refresh_without_an_id_token_loses_nothing_of_what_it_brought() -> None:
    """OIDC Core section 12.2: the refresh token that came is good, and the old ID token stays."""
    identity = jwt({"typ": "JWT"}, exp=9000.0)
    refreshed = json(200, {"access_token": "a-2", "token_type": "Bearer", "refresh_token": "r-2"})
    world = site(
        issues={"id_token": identity, "refresh_token": "r-1"},
        answers=at(f"{AS}/token", refreshed, "refresh_token"),
    )
    world.tokens[identity] = "mcp:basic"
    script = world.run(id_token=True, refresh=True)
    assert script.returned() == "ok"
    token = script.learned("token")[-1]
    assert (token.bearer.reveal(), token.refresh.reveal()) == (identity, "r-2")
    levels = [item.level for item in script.findings if item.id == "client-no-id-token"]
    assert levels == [Level.WARNING]


# -- one port for a client made by hand


class Remembering(World):
    """A world with a store that knows where one client comes back to."""

    def __init__(self, known: str | None) -> None:
        super().__init__()
        self.known = known
        self.asked_for: list[actions.RecallClient] = []

    def perform(self, action: Any) -> Any:
        if isinstance(action, actions.RecallClient):
            self.asked_for.append(action)
            if self.known is None or action.client_id is None:
                return None
            return Client(action.client_id, "pre-registered", AS, self.known, "none", fixed=True)
        if isinstance(action, actions.Bind) and action.redirect_uri == "http://127.0.0.1:9/busy":
            return Failure("client-port-busy", "Nothing can listen on port 9.")
        return super().perform(action)


MINE: dict[str, Any] = {"client_id": "me", "recall_clients": True}


def test_a_client_made_by_hand_comes_back_to_where_it_came_back_before() -> None:
    world = Remembering("http://127.0.0.1:8123/callback")
    assert world.run(**MINE).returned() == "ok"
    assert world.authorizations[0]["redirect_uri"] == "http://127.0.0.1:8123/callback"
    assert [(item.issuer, item.client_id) for item in world.asked_for] == [(AS, "me")]


def test_a_port_that_is_typed_goes_before_the_one_that_is_remembered() -> None:
    world = Remembering("http://127.0.0.1:8123/callback")
    script = world.run(**MINE, port=4321)
    assert world.authorizations[0]["redirect_uri"] == REDIRECT
    assert world.asked_for == []
    assert script.learned("client")[0].fixed


def test_any_port_will_do_where_none_was_ever_chosen() -> None:
    world = Remembering(None)
    script = world.run(**MINE)
    assert world.authorizations[0]["redirect_uri"] == REDIRECT
    assert not script.learned("client")[0].fixed


def test_a_remembered_port_that_is_taken_ends_the_run_with_what_to_do() -> None:
    stop = Remembering("http://127.0.0.1:9/busy").run(**MINE).stop
    assert stop is not None
    assert stop.id == "client-port-busy"
    assert stop.seen == (
        "Nothing can listen on port 9. An earlier run of this client came back there."
    )
