"""Grants without a browser (SPEC 2.11): client credentials, workload identity, ID-JAG."""

from __future__ import annotations

import json as jsonlib
from base64 import urlsafe_b64encode
from typing import Any

import pytest

from mcp_auth_tui.model import Secret, Stage, Whose
from mcp_auth_tui.protocol import grant_types
from mcp_auth_tui.protocol.actions import FlowStop, Now, Sign, SignedJwt
from mcp_auth_tui.protocol.tokens import grants, response
from mcp_auth_tui.protocol.tokens.dpop import Dpop
from mcp_auth_tui.protocol.tokens.endpoint import Endpoint
from tests.protocol.script import (
    AS,
    MCP,
    NO_STORE,
    Script,
    client,
    form_of,
    header,
    json,
    judge,
    server,
)
from tests.protocol.script import token as made_token

TOKEN, IDP = f"{AS}/token", "https://idp.example/oauth/token"
GOOD = {"access_token": "at", "token_type": "Bearer", "expires_in": 60}
DEVICE = grant_types.DEVICE


def jwt(head: Any = None, **claims: Any) -> str:
    parts = ({"alg": "ES256", **(head or {})}, claims)
    coded = (urlsafe_b64encode(jsonlib.dumps(part).encode()).decode().rstrip("=") for part in parts)
    return ".".join((*coded, "c2ln"))


def asker(
    dpop: Dpop | None = None, listed: Any = (), made: Any = None, **settings: Any
) -> Endpoint:
    return Endpoint(judge(Stage.TOKEN, **settings), server(**dict(listed)), made or client(), dpop)


# Which grant


@pytest.mark.parametrize(
    ("listed", "settings", "grant"),
    [
        (None, {}, "authorization_code"),
        (["client_credentials"], {}, "authorization_code"),
        (["client_credentials"], {"client_id": "c"}, "authorization_code"),
        (
            ["client_credentials"],
            {"client_id": "c", "client_secret": Secret("s")},
            "client_credentials",
        ),
        (["client_credentials"], {"client_id": "c", "client_key": True}, "client_credentials"),
        (
            ["client_credentials", "authorization_code"],
            {"client_id": "c", "client_secret": Secret("s")},
            "authorization_code",
        ),
        (None, {"assertion": Secret("a")}, "jwt-bearer"),
        (None, {"subject_token": Secret("a"), "assertion": Secret("a")}, "id-jag"),
        (["authorization_code", DEVICE], {"browserless": True}, "device_code"),
        (["authorization_code", DEVICE], {}, "authorization_code"),
        (["authorization_code"], {"browserless": True}, "authorization_code"),
        (
            ["authorization_code", DEVICE],
            {"browserless": True, "follow": True},
            "authorization_code",
        ),
        (None, {"grant": "client_credentials"}, "client_credentials"),
    ],
)
def test_the_grant_follows_from_what_was_given_and_what_is_listed(
    listed: Any, settings: Any, grant: str
) -> None:
    """X1, CC1, WI1, EM1: an option decides before anything else."""
    made = server(
        grant_types_supported=listed if listed is not None else ...,
        device_authorization_endpoint=f"{AS}/device",
    )
    assert grant_types.choose_grant(judge(**settings).config, made) == grant


@pytest.mark.parametrize(
    "grant", [name for name in grant_types.WIRE if name != "authorization_code"]
)
def test_a_grant_that_is_not_listed_is_refused_before_anything_is_sent(grant: str) -> None:
    """CC1, WI1, EM2, X1: a clear finding instead of the server's refusal later."""
    made = server(grant_types_supported=["authorization_code"])
    with pytest.raises(FlowStop) as stopped:
        grants.check_offered(judge(Stage.SERVER), made, grant)
    finding = stopped.value.finding
    assert (finding.id, finding.seen, finding.expected, finding.exit) == (
        "client-grant",
        "grant_types_supported: authorization_code",
        grant_types.WIRE[grant],
        1,
    )
    assert "--grant" in finding.next


@pytest.mark.parametrize("grant", grant_types.WIRE)
@pytest.mark.parametrize("listed", [..., "grant", ["x"]])
def test_a_grant_is_tried_when_it_is_listed_or_no_list_is_given(grant: str, listed: Any) -> None:
    wire = grant_types.WIRE[grant]
    named = [wire] if listed == ["x"] else listed
    grants.check_offered(judge(Stage.SERVER), server(grant_types_supported=named), grant)


def test_the_code_flow_is_tried_although_it_is_not_listed() -> None:
    """As-no-code-grant tells it; a list that forgets it is a common mistake."""
    grants.check_offered(judge(), server(grant_types_supported=[]), "authorization_code")


# Client credentials


def test_client_credentials_ask_for_this_resource_and_scope_CC1() -> None:
    """CC1, Z3: no redirect, no code, no person."""
    made = client(auth_method="client_secret_basic", secret=Secret("s"))
    script = Script(grants.client_credentials(asker(made=made), MCP, "a b", "why"))
    sent = script.sends("POST", TOKEN, json(200, GOOD, NO_STORE))
    assert form_of(sent) == [
        ("grant_type", "client_credentials"),
        ("resource", MCP),
        ("scope", "a b"),
    ]
    assert (header(sent, "Authorization") or "").startswith("Basic ")
    assert script.returned()[1] == GOOD


def test_client_credentials_leave_out_what_nobody_named_CC1() -> None:
    script = Script(grants.client_credentials(asker(), None, None, ""))
    sent = script.sends("POST", TOKEN, json(200, GOOD, NO_STORE))
    assert form_of(sent) == [("grant_type", "client_credentials"), ("client_id", "client-1")]


def test_a_refresh_token_for_client_credentials_is_told_CC1() -> None:
    script = Script(grants.client_credentials(asker(), MCP, None, ""))
    script.sends("POST", TOKEN, json(200, {**GOOD, "refresh_token": "rt"}, NO_STORE))
    assert script.returned()
    assert script.broken == ["token-refresh-cc"]


# Workload identity


def workload(assertion: str, *, answer: Any = GOOD, status: int = 200) -> Script:
    settings = {"assertion": Secret(assertion)}
    script = Script(grants.jwt_bearer(asker(**settings), MCP, "a", "why"))
    if isinstance(script.action, Now):
        script.reply(2000.0)
    if script.action is not None:
        sent = script.sends("POST", TOKEN, json(status, answer, NO_STORE))
        assert form_of(sent)[:2] == [
            ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
            ("assertion", assertion),
        ]
        assert form_of(sent)[2:] == [("resource", MCP), ("scope", "a"), ("client_id", "client-1")]
    return script


@pytest.mark.parametrize("audience", [AS, TOKEN, [AS], ["other", TOKEN]])
def test_a_workloads_own_jwt_is_traded_for_a_token_WI1(audience: Any) -> None:
    """WI1, SPEC 7 item 7: issuer and token endpoint are both good audiences."""
    script = workload(jwt(aud=audience, exp=2600))
    assert script.returned()[1] == GOOD
    assert script.broken == []


def test_an_expired_assertion_is_never_sent_WI2() -> None:
    """WI2: and it is said by how much, for a clock may be off."""
    script = workload(jwt(aud=AS, exp=1400))
    stop = script.stopped()
    assert (stop.id, stop.seen, stop.exit) == (
        "client-assertion",
        "expired 600 s ago (exp 1400)",
        1,
    )
    assert "clock" in stop.next


@pytest.mark.parametrize("exp", [1971, 1999.5, 2000, 9e9, None, "soon"])
def test_an_assertion_is_sent_unless_it_has_surely_expired_WI2(exp: Any) -> None:
    claims = {} if exp is None else {"exp": exp}
    assert workload(jwt(aud=AS, **claims)).returned()[1] == GOOD


@pytest.mark.parametrize("assertion", ["", "opaque", "a.b", "a.b.c"])
def test_an_assertion_that_is_no_jwt_is_never_sent_WI2(assertion: str) -> None:
    assert workload(assertion).stopped().id == "client-assertion"


def test_an_assertion_for_another_audience_is_told_and_tried_once_WI2() -> None:
    script = workload(jwt(aud="https://other.example", exp=2600))
    assert (script.broken, script.returned()[1]) == (["client-assertion-aud"], GOOD)


@pytest.mark.parametrize("error", ["invalid_grant", "invalid_scope", "unauthorized_client"])
def test_a_refused_assertion_is_the_end_of_it_WI2(error: str) -> None:
    """WI2: no second request, no other grant."""
    script = workload(jwt(aud=AS, exp=2600), answer={"error": error}, status=400)
    assert script.stopped().id == "token-error"


def test_without_an_assertion_it_is_said_which_option_is_missing_WI1() -> None:
    stop = Script(grants.jwt_bearer(asker(), MCP, None, "")).stopped()
    assert (stop.id, stop.next) == ("client-grant", "Give one: --assertion.")


# Enterprise-managed authorization

ID_JAG = "urn:ietf:params:oauth:token-type:id-jag"
PROFILES = "authorization_grant_profiles_supported"
JAG = jwt(
    {"typ": "oauth-id-jag+jwt"},
    aud=AS,
    resource=MCP,
    client_id="client-1",
    iss="https://idp.example",
)
VOUCHED = {"issued_token_type": ID_JAG, "access_token": JAG, "token_type": "N_A", "expires_in": 60}
PERSON: dict[str, Any] = {
    "subject_token": Secret("id-token-of-ada"),
    "idp_token_endpoint": IDP,
    "idp_client_id": "me-at-idp",
    "idp_issuer": "https://idp.example",
}


def managed(vouched: Any = VOUCHED, *, listed: Any = (), answer: Any = GOOD, **more: Any) -> Script:
    script = Script(grants.id_jag(asker(None, listed, **{**PERSON, **more}), MCP, "a", "why"))
    if script.action is not None:
        script.sends("POST", IDP, json(200, vouched, NO_STORE))
    if script.action is not None:
        script.sends("POST", TOKEN, json(200, answer, NO_STORE))
    return script


def test_an_id_token_becomes_an_id_jag_and_that_a_token_EM1() -> None:
    """EM1, EM2: both requests in full; the second is the ordinary client's own."""
    script = Script(grants.id_jag(asker(**PERSON), MCP, "a", "why"))
    first = script.sends("POST", IDP, json(200, VOUCHED, NO_STORE))
    assert form_of(first) == [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("requested_token_type", ID_JAG),
        ("audience", AS),
        ("subject_token", "id-token-of-ada"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ("resource", MCP),
        ("scope", "a"),
        ("client_id", "me-at-idp"),
    ]
    second = script.sends("POST", TOKEN, json(200, GOOD, NO_STORE))
    assert form_of(second) == [
        ("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"),
        ("assertion", JAG),
        ("resource", MCP),
        ("scope", "a"),
        ("client_id", "client-1"),
    ]
    assert script.returned()[1] == GOOD
    assert script.broken == []


def test_neither_token_of_the_person_can_be_shown_by_accident_EM3() -> None:
    """EM3: subject token, ID-JAG and the secret at the provider are all masked."""
    script = Script(
        grants.id_jag(asker(**PERSON, idp_client_secret=Secret("idp-secret")), MCP, None, "")
    )
    first = script.sends("POST", IDP, json(200, VOUCHED, NO_STORE))
    second = script.sends("POST", TOKEN, json(200, GOOD, NO_STORE))
    shown = f"{first!r} {second!r} {script.notes!r}"
    assert [part for part in ("id-token-of-ada", JAG, "idp-secret") if part in shown] == []


@pytest.mark.parametrize("name", ["idp_token_endpoint", "idp_client_id"])
def test_what_the_provider_needs_is_named_when_it_is_missing_EM1(name: str) -> None:
    stop = managed(**{name: None}).stopped()
    assert (stop.id, stop.seen) == ("client-grant", f"missing: --{name.replace('_', '-')}")


def test_a_providers_address_must_be_fit_to_get_a_secret_EM1() -> None:
    assert managed(idp_token_endpoint="http://idp.example/token").stopped().id == "client-grant"


@pytest.mark.parametrize(
    "issued", [None, "urn:ietf:params:oauth:token-type:access_token", 7, [ID_JAG]]
)
def test_another_kind_of_token_from_the_provider_is_not_passed_on_EM2(issued: Any) -> None:
    assert managed({**VOUCHED, "issued_token_type": issued}).stopped().id == "idjag-issued-type"


def test_an_answer_without_a_token_is_not_passed_on_EM2() -> None:
    assert managed({**VOUCHED, "access_token": ""}).stopped().id == "token-no-access"


@pytest.mark.parametrize(
    ("members", "head", "claims", "broken"),
    [
        ({"token_type": "Bearer"}, {}, {}, ["idjag-token-type"]),
        ({"token_type": None}, {}, {}, ["idjag-token-type"]),
        ({"token_type": "n_a"}, {}, {}, []),
        ({}, {"typ": "JWT"}, {}, ["idjag-typ"]),
        ({}, {}, {"aud": "https://other.example"}, ["idjag-aud"]),
        ({}, {}, {"aud": [AS, "https://other.example"]}, []),
        ({}, {}, {"resource": "https://other.example/mcp"}, ["idjag-resource"]),
        ({}, {}, {"client_id": "me-at-idp"}, ["idjag-client-id"]),
    ],
)
def test_what_is_wrong_with_an_id_jag_is_told_before_it_is_passed_on_EM2(
    members: Any, head: Any, claims: Any, broken: list[str]
) -> None:
    good = {"aud": AS, "resource": MCP, "client_id": "client-1"}
    jag = jwt({"typ": "oauth-id-jag+jwt", **head}, **{**good, **claims})
    script = managed({**VOUCHED, "access_token": jag, **members})
    assert script.returned()[1] == GOOD
    assert script.broken == broken


def test_an_opaque_id_jag_is_passed_on_as_it_is_EM2() -> None:
    script = managed({**VOUCHED, "access_token": "opaque"})
    assert (script.returned()[1], script.broken) == (GOOD, [])


@pytest.mark.parametrize(
    ("listed", "broken"),
    [
        ({}, []),
        ({PROFILES: ["urn:ietf:params:oauth:grant-profile:id-jag"]}, []),
        ({PROFILES: ["another"]}, ["ext-undeclared"]),
    ],
)
def test_the_profile_is_looked_for_in_the_metadata_EM3(listed: Any, broken: list[str]) -> None:
    script = managed(listed=listed)
    assert (script.returned()[1], script.broken) == (GOOD, broken)


def test_a_refresh_token_for_an_id_jag_is_told_EM3() -> None:
    assert managed(answer={**GOOD, "refresh_token": "rt"}).broken == ["token-refresh-cc"]


# Refresh


def refreshing(
    dpop: Dpop | None = None, made: Any = None, held: Any = None, answer: Any = None
) -> Script:
    old = held or made_token(refresh=Secret("rt-1"), scope_asked="a b", scope_granted="a")
    script = Script(response.refresh(asker(dpop, made=made), old))
    if script.action is None:
        return script
    if isinstance(script.action, Sign):
        script.reply(SignedJwt(Secret("proof"), "ES256", "thumb"))
    sent = script.sends(
        "POST", TOKEN, json(200, answer or {**GOOD, "refresh_token": "rt-2"}, NO_STORE)
    )
    assert form_of(sent) == [
        ("grant_type", "refresh_token"),
        ("refresh_token", "rt-1"),
        ("resource", MCP),
        ("client_id", "client-1"),
    ]
    return script


def test_a_refresh_repeats_client_and_resource_and_names_no_scope_F2() -> None:
    """F2: a scope left out cannot be wider than what was granted; the new token replaces."""
    made = refreshing().returned()
    assert (made.access, made.refresh, made.scope_asked, made.scope_granted) == (
        Secret("at"),
        Secret("rt-2"),
        "a b",
        "a",
    )


def test_a_refresh_token_that_is_kept_stays_good_and_is_told_for_a_public_client_F2() -> None:
    script = refreshing(answer=GOOD)
    assert script.returned().refresh == Secret("rt-1")
    assert script.broken == ["token-refresh-static"]


def test_a_bound_refresh_token_need_not_be_changed_F2() -> None:
    """F2, D2: the key binds it."""
    script = refreshing(Dpop(True, ()), answer={**GOOD, "token_type": "DPoP"})
    assert (script.returned().type, script.broken) == ("DPoP", [])


def test_no_refresh_token_is_expected_F1() -> None:
    """F1: its absence is said in plain words, and nothing is sent."""
    stop = refreshing(held=made_token()).stopped()
    assert (stop.id, stop.seen) == ("token-refresh-refused", "there is no refresh token")


def test_a_refresh_token_is_never_shown_F1() -> None:
    script = refreshing()
    assert [part for part in ("rt-1", "rt-2") if part in repr((script.notes, script.result))] == []


def test_a_refused_refresh_says_to_sign_in_again_F2() -> None:
    script = Script(response.refresh(asker(), made_token(refresh=Secret("rt-1"))))
    script.sends("POST", TOKEN, json(400, {"error": "invalid_grant"}))
    stop = script.stopped()
    assert (stop.id, stop.exit) == ("token-refresh-refused", 1)
    assert (stop.whose, stop.next.partition(":")[0]) == (Whose.NOBODY, "Sign in again")


def test_a_bearer_token_for_a_proof_is_discarded_where_binding_is_demanded_D4() -> None:
    """D4: and only told where it is not."""
    answer = {**GOOD, "token_type": "Bearer"}
    for required in (True, False):
        at = asker(Dpop(required, (), thumbprint="thumb"))
        script = Script(at.answer((), "token request"))
        script.wants(Sign)
        script.reply(SignedJwt(Secret("proof"), "ES256", "thumb"))
        script.sends("POST", TOKEN, json(200, answer, NO_STORE))
        exchange, found = script.returned()
        judged = Script(response.read_token(at, exchange, found, None, MCP))
        if required:
            assert judged.stopped().id == "dpop-bearer-returned"
        else:
            assert judged.broken == ["dpop-bearer-returned"]
            assert judged.returned().type == "Bearer"


@pytest.mark.parametrize(
    ("confirmation", "broken"),
    [({"jkt": "thumb"}, []), ({"jkt": "another"}, ["dpop-cnf"]), (None, ["dpop-cnf"])],
)
def test_a_token_for_a_proof_is_bound_to_the_key_that_signed_it_D4(
    confirmation: Any, broken: list[str]
) -> None:
    at = asker(Dpop(True, ()))
    access = jwt(**({"cnf": confirmation} if confirmation else {}))
    script = Script(at.answer((), "token request"))
    script.wants(Sign)
    script.reply(SignedJwt(Secret("proof"), "ES256", "thumb"))
    script.sends(
        "POST", TOKEN, json(200, {**GOOD, "access_token": access, "token_type": "DPoP"}, NO_STORE)
    )
    exchange, found = script.returned()
    judged = Script(response.read_token(at, exchange, found, None, MCP))
    told = [id for id in judged.broken if not id.startswith("jwt-")]
    assert (judged.returned().type, told) == ("DPoP", broken)
