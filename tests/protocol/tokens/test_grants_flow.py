"""The whole flow by other grants than the code's, with proofs, refresh and a moved server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from mcp_auth_tui.model import Learned, Left, Level, Outcome, Request, Secret, Stage, Status
from mcp_auth_tui.protocol import actions
from mcp_auth_tui.protocol.actions import Sign, SignedJwt
from tests.protocol.script import (
    AS,
    MCP,
    NO_STORE,
    OAUTH,
    PRM,
    Page,
    World,
    body_of,
    challenged,
    form_of,
    header,
    headers_of,
    json,
    metadata,
    metadata_at,
    only,
    prm,
    raw,
)
from tests.protocol.tokens.test_grants import JAG, PERSON, VOUCHED, jwt

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
NEW = "https://new.example"
NEW_OAUTH = f"{NEW}/.well-known/oauth-authorization-server"


def listing(*grants: str, **members: Any) -> dict[str, Any]:
    return metadata(grant_types_supported=list(grants), **members)


@dataclass
class Machine(World):
    """A world whose token endpoint takes any grant; it signs and sleeps too."""

    scheme: str = "Bearer"
    polls: int = 0
    """How often a device is told to wait."""
    refuses: Callable[[Request], Page | None] = lambda _: None
    """Answers a request in place of the MCP server."""
    signed: list[Sign] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    forms: list[dict[str, str]] = field(default_factory=list)

    def perform(self, action: Any) -> Any:
        match action:
            case actions.Sign():
                self.signed.append(action)
                return SignedJwt(Secret(f"jwt-{len(self.signed)}"), "ES256", "thumb")
            case actions.Sleep(seconds):
                self.slept.append(seconds)
                return None
        return super().perform(action)

    def _answer(self, request: Request) -> Page:
        if request.url == self.url and (page := self.refuses(request)) is not None:
            return page
        if request.url == str(PERSON["idp_token_endpoint"]):
            return json(200, VOUCHED, NO_STORE)
        if request.url == f"{AS}/device":
            return json(
                200,
                {
                    "device_code": "dc",
                    "user_code": "AB-CD",
                    "verification_uri": f"{AS}/go",
                    "expires_in": 600,
                    "interval": 1,
                },
                NO_STORE,
            )
        if request.url == f"{NEW}/register":
            return json(201, {"client_id": "registered-2"}, NO_STORE)
        if request.url in (f"{AS}/token", f"{NEW}/token"):
            return self._any_token(request)
        return super()._answer(request)

    def _any_token(self, request: Request) -> Page:
        form = dict(form_of(request))
        self.forms.append(form)
        if form["grant_type"] == DEVICE and self.polls:
            self.polls -= 1
            return json(400, {"error": "authorization_pending"})
        access = f"test-token-{len(self.tokens) + 1}"
        self.tokens[access] = form.get("scope", "mcp:basic")
        told = {"access_token": access, "token_type": self.scheme, "expires_in": 3600}
        return json(200, {**told, **self.issues}, NO_STORE)

    def _signed_in(self, url: str) -> None:
        self.base = NEW if url.startswith(NEW) else AS
        super()._signed_in(url)
        self.base = AS

    def _refused(self, request: Request, method: str) -> Page | None:
        given = header(request, "Authorization") or ""
        scheme, _, access = given.partition(" ")
        if access and scheme != self.scheme:
            return challenged(401, f'{self.scheme} error="invalid_token"')
        if access not in self.tokens:
            return challenged(401, self.challenge)
        return None


def paths(world: World) -> list[str]:
    return [item.partition("https://")[2] for item in world.asked]


MACHINE = {"client_id": "me", "client_secret": Secret("s"), "spec": "2025-11-25"}


def test_client_credentials_need_neither_browser_nor_endpoint_nor_listener_CC1() -> None:
    """CC1, A8: a server for machines alone has no authorization endpoint and promises no PKCE."""
    lean = listing(
        "client_credentials",
        authorization_endpoint=...,
        response_types_supported=[],
        code_challenge_methods_supported=...,
        registration_endpoint=...,
        authorization_response_iss_parameter_supported=...,
    )
    world = Machine(documents={OAUTH: lean})
    ran = world.run(**MACHINE)
    assert ran.returned() is Outcome.OK
    assert paths(world)[:4] == [
        "mcp.example/mcp",
        "mcp.example/.well-known/oauth-protected-resource/mcp",
        "as.example/.well-known/oauth-authorization-server",
        "as.example/token",
    ]
    assert world.forms == [
        {"grant_type": "client_credentials", "resource": MCP, "scope": "mcp:basic"}
    ]
    needless = (actions.Bind, actions.Browse, actions.Await, actions.Ask)
    assert [item for item in world.performed if isinstance(item, needless)] == []
    skipped = [
        note for note in ran.notes if isinstance(note, Left) and note.status is Status.SKIPPED
    ]
    assert [note.stage for note in skipped] == [Stage.AUTHORIZE]
    assert [item.id for item in ran.findings if item.level.rank <= Level.ERROR.rank] == []


def test_the_code_flow_still_needs_its_endpoint_A8() -> None:
    world = Machine(documents={OAUTH: listing("client_credentials", authorization_endpoint=...)})
    assert world.run(spec="2025-11-25").stopped().id == "as-no-authorize"


def test_client_credentials_without_a_client_are_not_registered_for_CC1() -> None:
    """CC1: never by dynamic registration."""
    world = Machine(documents={OAUTH: listing("client_credentials")})
    stop = world.run(grant="client_credentials", spec="2025-11-25").stopped()
    assert (stop.id, stop.stage) == ("client-grant", Stage.REGISTER)
    assert "--client-id" in stop.next
    assert world.forms == []


@pytest.mark.parametrize("grant", ["client_credentials", "jwt-bearer", "id-jag", "device_code"])
def test_a_grant_that_is_not_listed_ends_the_run_before_a_client_is_sought(grant: str) -> None:
    """X1, CC1, WI1, EM2: nothing reaches registration or token endpoint."""
    world = Machine(documents={OAUTH: listing("authorization_code")})
    settings = {**MACHINE, **PERSON, "assertion": Secret(jwt(aud=AS))}
    stop = world.run(grant=grant, **settings).stopped()
    assert (stop.id, stop.stage, stop.exit) == ("client-grant", Stage.SERVER, 1)
    assert [item for item in world.asked if item.startswith(f"POST {AS}")] == []


def test_the_code_flow_goes_on_where_its_grant_is_not_listed() -> None:
    world = World(documents={OAUTH: listing("client_credentials")})
    ran = world.run(spec="2025-11-25")
    assert ran.returned() is Outcome.OK
    assert "as-no-code-grant" in ran.broken


def test_a_workload_goes_from_the_metadata_straight_to_its_token_WI1() -> None:
    """WI1: no registration, and a client id is optional."""
    world = Machine(documents={OAUTH: listing(JWT_BEARER)})
    workload = jwt(aud=AS, exp=9e9)
    assert world.run(assertion=Secret(workload), spec="2025-11-25").returned() is Outcome.OK
    assert world.forms == [
        {"grant_type": JWT_BEARER, "assertion": workload, "resource": MCP, "scope": "mcp:basic"}
    ]
    assert f"POST {AS}/register" not in world.asked


def test_an_id_jag_is_made_anew_instead_of_refreshing_EM3() -> None:
    """EM3: both legs again, even where a refresh token came."""
    world = Machine(
        documents={OAUTH: listing(JWT_BEARER)},
        issues={"refresh_token": "rt"},
    )
    ran = world.run(refresh=True, **{**MACHINE, **PERSON})
    assert ran.returned() is Outcome.OK
    assert [form["grant_type"] for form in world.forms] == [JWT_BEARER, JWT_BEARER]
    assert [form["assertion"] for form in world.forms] == [JAG, JAG]
    assert [made.access.reveal() for made in ran.learned("token")][-1] == "test-token-2"
    assert not [item for item in world.asked if "authorize" in item]


def test_a_device_is_registered_for_its_grant_without_a_redirect_uri_X1() -> None:
    """X1: G4's members, but for this grant."""
    offered = listing("authorization_code", DEVICE, device_authorization_endpoint=f"{AS}/device")
    world = Machine(documents={OAUTH: offered}, polls=2)
    ran = world.run(browserless=True, spec="2025-11-25")
    assert ran.returned() is Outcome.OK
    asked = body_of(only(item for item in world.sent if item.url == f"{AS}/register"))
    assert asked["grant_types"] == [DEVICE, "refresh_token"]
    assert "redirect_uris" not in asked
    assert world.slept == [1, 1, 1]
    assert [form["device_code"] for form in world.forms] == ["dc", "dc", "dc"]


# Proofs on the way

DPOP_DOCUMENTS = {OAUTH: listing("client_credentials", dpop_signing_alg_values_supported=["ES256"])}
DPOP_PAGES = {PRM: json(200, prm(dpop_bound_access_tokens_required=True))}


def test_every_request_with_the_token_has_a_proof_of_its_own_D2() -> None:
    """D2, U1: the token request, and each MCP request, notifications and DELETE included."""
    world = Machine(documents=DPOP_DOCUMENTS, pages=dict(DPOP_PAGES), scheme="DPoP")
    assert world.run(call="test-tool", **MACHINE).returned() is Outcome.OK
    used = [item for item in world.sent if header(item, "Authorization") == "DPoP test-token-1"]
    assert len(used) >= 4
    proofs = [value for item in world.sent for name, value in headers_of(item) if name == "DPoP"]
    assert len(proofs) == len(set(proofs)) == len(used) + 1
    assert {item.claims["htu"] for item in world.signed} == {MCP, f"{AS}/token"}
    assert [("ath" in item.claims) for item in world.signed] == [False] + [True] * len(used)
    before = [item for item in world.sent if item.url == MCP and item not in used]
    assert [header(item, "DPoP") for item in before] == [None] * len(before)


def test_a_refresh_carries_a_proof_by_the_same_key_D2() -> None:
    """D2, F2: then the new token is verified as the first was."""
    documents = {OAUTH: metadata(dpop_signing_alg_values_supported=["ES256"])}
    world = Machine(
        documents=documents,
        pages=dict(DPOP_PAGES),
        scheme="DPoP",
        issues={"refresh_token": "rt"},
    )
    ran = world.run(refresh=True, spec="2025-11-25")
    assert ran.returned() is Outcome.OK
    assert [form["grant_type"] for form in world.forms] == ["authorization_code", "refresh_token"]
    assert {item.key for item in world.signed} == {"dpop"}
    assert "token-refresh-static" not in ran.broken
    last = only(
        item
        for item in world.sent
        if header(item, "Authorization") == "DPoP test-token-2"
        and body_of(item)["method"] == "tools/list"
    )
    assert header(last, "DPoP") is not None


def test_a_server_that_wants_a_new_nonce_for_ever_ends_the_run_D3() -> None:
    """D3: two requests at most, and no new sign-in for it."""

    def never(request: Request) -> Page | None:
        if header(request, "DPoP") is None:
            return None
        return raw(
            401, b"", ("dpop-nonce", "n"), ("www-authenticate", 'DPoP error="use_dpop_nonce"')
        )

    world = Machine(documents=DPOP_DOCUMENTS, pages=dict(DPOP_PAGES), scheme="DPoP", refuses=never)
    stop = world.run(**MACHINE).stopped()
    assert (stop.id, stop.stage) == ("dpop-nonce", Stage.VERIFY)
    assert len([item for item in world.sent if header(item, "DPoP") and item.url == MCP]) == 2
    assert len(world.forms) == 1


# Refresh


def test_a_refreshed_token_is_verified_and_is_the_one_that_is_kept_F2() -> None:
    world = Machine(issues={"refresh_token": "rt-1"})
    ran = world.run(refresh=True, spec="2025-11-25")
    assert ran.returned() is Outcome.OK
    assert world.forms[1] == {
        "grant_type": "refresh_token",
        "refresh_token": "rt-1",
        "resource": MCP,
        "client_id": "registered-1",
    }
    last = ran.learned("token")[-1]
    assert (last.access, last.verified) == (Secret("test-token-2"), True)
    assert "token-refresh-static" in ran.broken


def test_a_run_does_not_need_a_refresh_token_F1() -> None:
    """F1: only who asks to refresh is told that there is none, and keeps the header."""
    assert "token-no-refresh" not in Machine().run(spec="2025-11-25").broken
    ran = Machine().run(refresh=True, spec="2025-11-25")
    assert ran.returned() is Outcome.OK
    told = only(item for item in ran.findings if item.id == "token-no-refresh")
    assert (told.level, told.seen) == (
        Level.WARNING,
        "no refresh_token; scope asked for: mcp:basic",
    )


# A challenge for a better sign-in

STRONGER = 'Bearer error="insufficient_user_authentication", acr_values="gold silver", max_age="5"'


def test_a_challenge_for_a_better_sign_in_is_passed_on_C7() -> None:
    """C7: acr_values and max_age as they came, with the scopes had before."""

    def until_second(request: Request) -> Page | None:
        weak = header(request, "Authorization") == "Bearer test-token-1"
        return challenged(401, STRONGER) if weak else None

    world = Machine(refuses=until_second)
    assert world.run(spec="2025-11-25").returned() is Outcome.OK
    first, second = world.authorizations
    assert {key: first.get(key) for key in ("acr_values", "max_age")} == {
        "acr_values": None,
        "max_age": None,
    }
    assert (second["acr_values"], second["max_age"], second["scope"]) == (
        "gold silver",
        "5",
        "mcp:basic",
    )
    assert world.asked.count(f"GET {PRM}") == 1


def test_the_first_challenge_may_want_a_better_sign_in_too_C7() -> None:
    world = Machine(challenge=f'Bearer resource_metadata="{PRM}", acr_values="gold"')
    assert world.run(spec="2025-11-25").returned() is Outcome.OK
    assert only(world.authorizations)["acr_values"] == "gold"


def test_a_sign_in_that_is_never_good_enough_ends_after_three_C7() -> None:
    """C7, S2: however often the server says so."""

    def always(request: Request) -> Page | None:
        return challenged(401, STRONGER) if header(request, "Authorization") else None

    world = Machine(refuses=always)
    stop = world.run(spec="2025-11-25").stopped()
    assert (stop.id, stop.seen, stop.exit) == (
        "rs-stepup-limit",
        "3 authorizations; insufficient_user_authentication",
        1,
    )
    assert len(world.authorizations) == 3


# A resource that moves to another authorization server


def moving(**settings: Any) -> tuple[Machine, Any]:
    """After its first token the resource names another authorization server."""
    world = Machine(
        documents={
            OAUTH: metadata(client_id_metadata_document_supported=True),
            NEW_OAUTH: metadata_at(
                NEW,
                authorization_response_iss_parameter_supported=...,
                client_id_metadata_document_supported=True,
            ),
        },
        callback=lambda asked: (
            f"code=c-1&state={asked['state']}"
            + ("" if "registered-2" in str(asked) or moved else f"&iss={AS}")
        ),
    )
    moved: list[str] = []

    def refuses(request: Request) -> Page | None:
        if header(request, "Authorization") == "Bearer test-token-1":
            moved.append("once")
            world.pages[PRM] = json(200, prm(authorization_servers=[NEW]))
            return challenged(401, f'Bearer error="invalid_token", resource_metadata="{PRM}"')
        return None

    world.refuses = refuses
    return world, world.run(spec="2025-11-25", **settings)


def test_a_moved_resource_leads_to_a_new_client_and_nothing_of_the_old_M1() -> None:
    """M1: the resource metadata first; neither client, scope nor token of the old server again."""
    world, ran = moving()
    assert ran.returned() is Outcome.OK
    assert "as-changed" in ran.broken
    asked = world.asked
    assert asked.index(f"POST {NEW}/register") > len(asked) - 1 - asked[::-1].index(f"GET {PRM}")
    later = [item for item in world.sent if item.url.startswith(NEW)]
    assert [item.url for item in later if "registered-1" in repr(item)] == []
    assert [form["client_id"] for form in world.forms] == ["registered-1", "registered-2"]
    assert world.authorizations[-1]["client_id"] == "registered-2"
    assert [made.issuer for made in ran.learned("token")][-1] == NEW
    assert [note.name for note in ran.notes if isinstance(note, Learned)].count("client") == 2


def test_a_client_made_by_hand_is_not_taken_to_another_server_M1() -> None:
    """M1: an error that names both, and no silent attempt."""
    world, ran = moving(client_id="by-hand")
    stop = ran.stopped()
    assert (stop.id, stop.seen) == (
        "as-changed",
        f"before: {AS}; now: {NEW}; the client by-hand belongs to the old one",
    )
    assert [item.url for item in world.sent if item.url.startswith(NEW)] == []


def test_a_client_that_is_a_document_may_go_along_M1() -> None:
    """M1: the id is the address of the document, which belongs to nobody."""
    own = "https://client.example/metadata.json"
    world, ran = moving(client_metadata_url=own)
    assert ran.returned() is Outcome.OK
    assert [form["client_id"] for form in world.forms] == [own, own]
