"""Proof of possession (SPEC 2.11, D1-D4; RFC 9449); keys and signatures stay outside."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from hashlib import sha256
from typing import Any

import pytest

from mcp_auth_tui.model import Failure, Field, Kind, Request, Secret, Stage
from mcp_auth_tui.model.oauth import Challenge, Contact
from mcp_auth_tui.protocol.actions import Send, Sign, SignedJwt
from mcp_auth_tui.protocol.tokens import dpop
from mcp_auth_tui.protocol.tokens.dpop import Dpop
from tests.findings.site import THUMB, site
from tests.protocol.script import (
    AS,
    MCP,
    Script,
    contact,
    headers_of,
    json,
    judge,
    prm,
    raw,
    resource,
    server,
    token,
)

GOOD = raw(200, "{}")
DEMANDED = 'DPoP error="use_dpop_nonce"'


def post(url: str = MCP) -> Request:
    return Request(
        Stage.VERIFY, "test", "POST", url, Kind.MCP, (Field("Accept", "x"),), idempotent=True
    )


def nonce(value: str, *more: tuple[str, str]) -> tuple[tuple[str, str], ...]:
    return (("dpop-nonce", value), *more)


def proves(script: Script, number: int = 1) -> Sign:
    """Expect a proof to be signed, sign it, and return what was signed."""
    asked: Sign = script.wants(Sign)
    script.reply(SignedJwt(Secret(f"proof-{number}"), "ES256", "thumb"))
    return asked


def sending(given: Dpop | None, *, token: Any = None, url: str = MCP) -> Script:
    return Script(dpop.send_with_proof(judge(Stage.VERIFY), given, post(url), token=token))


def test_a_proof_names_method_and_place_and_the_token_it_is_for_D1() -> None:
    """D1: no query, no fragment in htu; `ath` is the hash of the access token."""
    script = sending(Dpop(True, ("ES256",)), token=token(), url=f"{MCP}?tenant=1")
    asked = proves(script)
    ath = str(asked.claims["ath"])
    assert (asked.key, asked.header, asked.jwk_header, asked.algorithms, asked.lifetime) == (
        "dpop",
        {"typ": "dpop+jwt"},
        True,
        ("ES256",),
        None,
    )
    assert dict(asked.claims) == {"htm": "POST", "htu": MCP, "ath": ath}
    assert urlsafe_b64decode(ath + "=") == sha256(b"access-token-1").digest()
    sent = script.sends("POST", f"{MCP}?tenant=1", GOOD)
    assert headers_of(sent) == [("Accept", "x"), ("DPoP", "proof-1")]
    # The same proof would be a replay.
    assert not sent.idempotent
    assert script.returned().status == 200


def test_the_htu_of_a_bare_origin_has_a_path_D1() -> None:
    asked = proves(sending(Dpop(True, ()), url="https://mcp.example"))
    assert asked.claims["htu"] == "https://mcp.example/"


def test_without_a_token_there_is_no_hash_of_one_D1() -> None:
    assert "ath" not in proves(sending(Dpop(True, ()))).claims


def test_a_run_without_proofs_signs_nothing() -> None:
    script = sending(None)
    assert headers_of(script.wants(Send).request) == [("Accept", "x")]


AT_TOKEN = json(400, {"error": "use_dpop_nonce"}, *nonce("n1"))
AT_RESOURCE = raw(401, b"", *nonce("n1"), ("www-authenticate", DEMANDED))


@pytest.mark.parametrize(
    ("kind", "demand", "broken"),
    [
        (Kind.TOKEN, AT_TOKEN, []),
        (Kind.MCP, AT_RESOURCE, []),
        (Kind.TOKEN, AT_RESOURCE, ["dpop-nonce"]),
        (Kind.MCP, AT_TOKEN, ["dpop-nonce"]),
    ],
    ids=["token endpoint", "resource", "401 at the token endpoint", "400 at the resource"],
)
def test_a_nonce_that_is_demanded_is_answered_once_with_a_new_proof_D3(
    kind: Kind, demand: Any, broken: list[str]
) -> None:
    """D3: the second proof is signed anew, and carries the nonce; a wrong status is only told."""
    request = Request(Stage.TOKEN, "test", "POST", MCP, kind)
    script = Script(dpop.send_with_proof(judge(Stage.TOKEN), Dpop(True, ()), request))
    assert "nonce" not in proves(script, 1).claims
    assert ("DPoP", "proof-1") in headers_of(script.sends("POST", MCP, demand))
    assert proves(script, 2).claims["nonce"] == "n1"
    assert ("DPoP", "proof-2") in headers_of(script.sends("POST", MCP, GOOD))
    assert script.returned().status == 200
    assert script.broken == broken


def test_a_server_that_refuses_the_nonce_it_gave_ends_the_run_D3() -> None:
    """D3: retried once, however often a nonce is demanded."""
    script = sending(Dpop(True, ()))
    for number in (1, 2):
        proves(script, number)
        script.sends("POST", MCP, raw(401, b"", *nonce("n"), ("www-authenticate", DEMANDED)))
    stop = script.stopped()
    assert (stop.id, stop.exit) == ("dpop-nonce", 1)
    assert "every proof" in stop.message
    assert stop.next != ""


@pytest.mark.parametrize(
    "given",
    [(), (("dpop-nonce", "a"), ("dpop-nonce", "b")), (("dpop-nonce", 'bad"one'),)],
    ids=["none", "two", "forbidden characters"],
)
def test_a_demand_without_one_good_nonce_is_not_answered_D3(given: Any) -> None:
    script = sending(Dpop(True, ()))
    proves(script)
    script.sends("POST", MCP, raw(401, b"", *given, ("www-authenticate", DEMANDED)))
    assert script.returned().status == 401
    assert script.broken == ["dpop-nonce"]


def test_each_server_has_its_own_nonce_and_a_good_answer_may_bring_the_next_D3() -> None:
    """D3: never shared between servers (RFC 9449 section 9)."""
    given = Dpop(True, ())
    for url, fresh in ((MCP, "mcp-1"), (f"{AS}/token", "as-1"), (MCP, "mcp-2")):
        script = sending(given, url=url)
        proves(script)
        script.sends("POST", url, raw(200, "{}", *nonce(fresh)))
    assert given.nonces == {"https://mcp.example": "mcp-2", AS: "as-1"}
    assert proves(sending(given, url=f"{AS}/token")).claims["nonce"] == "as-1"
    assert proves(sending(given)).claims["nonce"] == "mcp-2"


def test_a_key_that_cannot_sign_ends_the_run() -> None:
    script = sending(Dpop(True, ("XY9",)))
    script.wants(Sign)
    script.reply(Failure("client-key", "no key can be made for 'XY9'."))
    assert (script.stopped().id, script.stopped().seen) == (
        "client-key",
        "no key can be made for 'XY9'.",
    )


# Whether proofs are given, and with which algorithms (D4)

ALGS = "dpop_signing_alg_values_supported"
REQUIRED = resource(document=prm(dpop_bound_access_tokens_required=True))


def wanted(
    given: Any = REQUIRED,
    listed: Any = ("ES256",),
    refused: Contact | None = None,
    **settings: Any,
) -> Script:
    members = {} if listed is None else {ALGS: list(listed)}
    made = server(**members)
    at = judge(Stage.SERVER, **settings)
    return Script(_as_protocol(at, given, made, refused or contact(("realm", "x"))))


def _as_protocol(*arguments: Any) -> Any:
    yield from ()
    return dpop.choose_dpop(*arguments)


@pytest.mark.parametrize(
    ("given", "refused", "setting", "required"),
    [
        (REQUIRED, None, "auto", True),
        (resource(), Contact(401, (Challenge("DPoP"),)), "auto", True),
        (resource(), Contact(401, (Challenge("Bearer"), Challenge("DPoP"))), "auto", None),
        (resource(), None, "auto", None),
        (resource(), None, "on", False),
        (REQUIRED, None, "on", True),
        (REQUIRED, None, "off", None),
    ],
)
def test_proofs_are_given_where_they_are_demanded_or_asked_for_D4(
    given: Any, refused: Any, setting: str, required: bool | None
) -> None:
    made = wanted(given, refused=refused, dpop=setting).returned()
    assert (made and made.required) == required


def test_symmetric_algorithms_alone_are_refused_D4() -> None:
    """D4: whoever knew the key could forge the proofs."""
    stop = wanted(listed=("HS256", "none")).stopped()
    assert (stop.id, stop.seen, stop.exit) == ("as-dpop-algs", "HS256, none", 1)


def test_a_symmetric_algorithm_among_others_is_left_out_D4() -> None:
    """D4: it is told with the document (as-dpop-algs, tests/findings)."""
    script = wanted(listed=("HS256", "PS256", "none", "ES256"))
    assert script.returned().algorithms == ("PS256", "ES256")


def test_an_absent_list_leaves_the_choice_to_us_D4() -> None:
    demanded, asked = wanted(listed=None), wanted(resource(), listed=None, dpop="on")
    assert (demanded.returned().algorithms, asked.returned().algorithms) == ((), ())


def test_an_empty_list_is_refused_D4() -> None:
    assert wanted(listed=()).stopped().seen == "an empty list"


def test_the_algorithm_is_one_that_both_servers_list_D4() -> None:
    """D4: AS, resource metadata and the challenge's `algs`, each if it says anything."""
    named = prm(dpop_bound_access_tokens_required=True, **{ALGS: ["EdDSA", "ES256", "RS256"]})
    refused = Contact(401, (Challenge("DPoP", None, (("algs", "RS256 ES256 HS256"),)),))
    made = wanted(resource(document=named), ("PS256", "RS256", "ES256"), refused).returned()
    assert made.algorithms == ("RS256", "ES256")
    only_here = wanted(resource(document=named), None, refused).returned()
    assert only_here.algorithms == ("ES256", "RS256")


def test_two_servers_without_a_common_algorithm_are_refused_D4() -> None:
    named = prm(dpop_bound_access_tokens_required=True, **{ALGS: ["EdDSA"]})
    stop = wanted(resource(document=named)).stopped()
    assert (stop.id, stop.seen) == (
        "as-dpop-algs",
        "the authorization server: ES256; the resource: EdDSA",
    )


@pytest.mark.parametrize(
    ("claims", "bound"),
    [
        (None, None),
        ({}, None),
        ({"cnf": "x"}, None),
        ({"cnf": {"jkt": 1}}, None),
        ({"cnf": {"jkt": "t"}}, "t"),
    ],
)
def test_what_a_token_is_bound_to_is_read_from_its_claims(claims: Any, bound: Any) -> None:
    assert dpop.thumbprint_in(claims) == bound


@pytest.mark.parametrize("pushed", [False, True])
def test_the_code_is_bound_to_the_key_of_the_proofs(pushed: bool) -> None:
    """RFC 9449 section 10: in the authorization request, or where it is pushed."""
    par = {
        "require_pushed_authorization_requests": True,
        "pushed_authorization_request_endpoint": f"{AS}/par",
    }
    world = site(server=par if pushed else None, scheme="DPoP")
    assert world.run(dpop="on").returned() == "ok"
    assert world.authorizations[0]["dpop_jkt"] == THUMB


@pytest.mark.parametrize("when", ["auto", "off"])
def test_without_proofs_a_code_is_bound_to_no_key(when: str) -> None:
    world = site()
    assert world.run(dpop=when).returned() == "ok"
    assert "dpop_jkt" not in world.authorizations[0]


def test_a_key_that_cannot_sign_ends_the_run_before_the_browser() -> None:
    world = site(signature=Failure("client-key", "The key is broken."))
    stop = world.run(dpop="on").stop
    assert stop is not None
    assert (stop.id, stop.stage) == ("client-key", Stage.AUTHORIZE)
    assert world.authorizations == []
