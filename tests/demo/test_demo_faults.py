"""Pins that each fault breaks one thing on the wire, and that nothing else is broken."""

import asyncio
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any

import httpx
import pytest
from practice_client import Practice, callback_of, practising

from mcp_auth_tui.demo.faults import FAULTS, VARIANTS, checked

Probe = Callable[[Practice], Awaitable[None]]
PROBES: dict[str, Probe] = {}


def probe(name: str) -> Callable[[Probe], Probe]:
    def keep(function: Probe) -> Probe:
        PROBES[name] = function
        return function

    return keep


async def prm(practice: Practice) -> httpx.Response:
    return await practice.http.get(f"{practice.origin}/.well-known/oauth-protected-resource/mcp")


async def metadata(practice: Practice) -> httpx.Response:
    return await practice.http.get(f"{practice.issuer}/.well-known/oauth-authorization-server")


async def document(practice: Practice) -> dict[str, Any]:
    return dict((await metadata(practice)).json())


async def callback(practice: Practice) -> dict[str, str]:
    page = await practice.signed_in(await practice.client_id())
    return await practice.decide(page, "allow")


@probe("open")
async def _(practice: Practice) -> None:
    assert (await practice.modern("server/discover")).status_code == 200
    params = {"name": "add_note", "arguments": {"text": "x"}}
    assert (await practice.modern("tools/call", params=params)).status_code == 200


@probe("no-challenge")
async def _(practice: Practice) -> None:
    answer = await practice.modern("server/discover")
    assert (answer.status_code, "www-authenticate" in answer.headers) == (401, False)
    assert (await prm(practice)).status_code == 200


@probe("not-mcp")
async def _(practice: Practice) -> None:
    for answer in (
        await practice.modern("server/discover"),
        await practice.http.get(practice.server.url),
        await practice.http.get(practice.server.sse_url),
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (
            200,
            "text/html; charset=utf-8",
        )


@probe("rate-limited")
async def _(practice: Practice) -> None:
    answer = await practice.modern("server/discover")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "1")


@probe("no-prm")
async def _(practice: Practice) -> None:
    answer = await practice.modern("server/discover")
    assert answer.headers["www-authenticate"] == 'Bearer scope="notes:read"'
    assert (await prm(practice)).status_code == 404
    well_known = f"{practice.origin}/.well-known/oauth-authorization-server"
    assert (await practice.http.get(well_known)).status_code == 404


@probe("prm-html")
async def _(practice: Practice) -> None:
    answer = await prm(practice)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")


@probe("foreign-resource")
async def _(practice: Practice) -> None:
    assert (await prm(practice)).json()["resource"] == "https://mcp.example.com/mcp"


@probe("no-as")
async def _(practice: Practice) -> None:
    assert "authorization_servers" not in (await prm(practice)).json()


@probe("hang")
async def _(practice: Practice) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await practice.http.get(
            f"{practice.origin}/.well-known/oauth-protected-resource/mcp", timeout=0.2
        )


@probe("oversize")
async def _(practice: Practice) -> None:
    answer = await prm(practice)
    assert len(answer.content) > 256 * 1024
    assert answer.json()["resource"] == practice.server.url


async def legacy_flow(practice: Practice) -> None:
    answer = await practice.modern("server/discover")
    assert answer.headers["www-authenticate"] == 'Bearer scope="notes:read"'
    assert (await prm(practice)).status_code == 404
    assert practice.issuer == practice.origin
    token = (await practice.tokens())["access_token"]
    assert (await practice.modern("server/discover", token)).status_code == 200


@probe("legacy")
async def _(practice: Practice) -> None:
    await legacy_flow(practice)
    assert (await document(practice))["issuer"] == practice.origin


@probe("legacy-paths")
async def _(practice: Practice) -> None:
    await legacy_flow(practice)
    assert (await metadata(practice)).status_code == 404


@probe("no-metadata")
async def _(practice: Practice) -> None:
    assert (await metadata(practice)).status_code == 404


@probe("html-metadata")
async def _(practice: Practice) -> None:
    for path in ("oauth-authorization-server", "openid-configuration"):
        answer = await practice.http.get(f"{practice.issuer}/.well-known/{path}")
        assert answer.status_code == 200
        assert answer.headers["content-type"] == "text/html; charset=utf-8"


@probe("issuer-mismatch")
async def _(practice: Practice) -> None:
    assert (await document(practice))["issuer"] == "https://auth.example.com"


@probe("issuer-slash")
async def _(practice: Practice) -> None:
    assert (await document(practice))["issuer"] == practice.issuer + "/"


@probe("no-pkce")
async def _(practice: Practice) -> None:
    assert "code_challenge_methods_supported" not in await document(practice)


@probe("plain-pkce")
async def _(practice: Practice) -> None:
    assert (await document(practice))["code_challenge_methods_supported"] == ["plain"]


@probe("bad-scheme")
async def _(practice: Practice) -> None:
    endpoint = (await document(practice))["authorization_endpoint"]
    assert endpoint == "javascript:alert(document.domain)"


@probe("http-endpoint")
async def _(practice: Practice) -> None:
    assert (await document(practice))["token_endpoint"] == "http://auth.example.com/token"


@probe("no-registration")
async def _(practice: Practice) -> None:
    found = await document(practice)
    assert {"registration_endpoint", "client_id_metadata_document_supported"}.isdisjoint(found)
    assert (await practice.register()).status_code == 405


@probe("dcr-refused")
async def _(practice: Practice) -> None:
    answer = await practice.register()
    assert (answer.status_code, answer.json()) == (
        400,
        {
            "error": "invalid_redirect_uri",
            "error_description": "loopback redirects are not allowed here",
        },
    )


@probe("denied")
async def _(practice: Practice) -> None:
    found = await callback(practice)
    assert (found["error"], found["state"], found["iss"]) == (
        "access_denied",
        "the-state",
        practice.issuer,
    )


@probe("wrong-state")
async def _(practice: Practice) -> None:
    found = await callback(practice)
    assert (found["state"] != "the-state", set(found)) == (True, {"code", "state", "iss"})


@probe("wrong-iss")
async def _(practice: Practice) -> None:
    found = await callback(practice)
    assert (found["iss"], found["state"]) == ("https://auth.example.com", "the-state")
    assert (await document(practice))["authorization_response_iss_parameter_supported"] is True


@probe("missing-iss")
async def _(practice: Practice) -> None:
    assert set(await callback(practice)) == {"code", "state"}
    assert (await document(practice))["authorization_response_iss_parameter_supported"] is True


@probe("token-error")
async def _(practice: Practice) -> None:
    client_id = await practice.client_id()
    answer = await practice.exchange(client_id, await practice.code(client_id))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@probe("token-type")
async def _(practice: Practice) -> None:
    assert (await practice.tokens())["token_type"] == "mac"


@probe("fresh-token-refused")
async def _(practice: Practice) -> None:
    answer = await practice.modern("server/discover", (await practice.tokens())["access_token"])
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


@probe("stepup-loop")
async def _(practice: Practice) -> None:
    token = (await practice.tokens(scope="notes:read notes:write"))["access_token"]
    answer = await practice.modern("server/discover", token)
    assert answer.status_code == 403
    assert 'error="insufficient_scope"' in answer.headers["www-authenticate"]
    assert 'scope="notes:write"' in answer.headers["www-authenticate"]


@pytest.mark.parametrize("name", [*FAULTS, *VARIANTS])
async def test_each_fault_shows_on_the_wire_and_only_when_asked_for(name: str) -> None:
    async with practising(faults={name}) as practice:
        await PROBES[name](practice)
    async with practising() as practice:
        with pytest.raises((AssertionError, httpx.HTTPError, KeyError, pytest.fail.Exception)):
            await PROBES[name](practice)


# The first request of the flow in which each fault must show; all before it must be healthy.
STAGES = ("challenge", "prm", "metadata", "registration", "callback", "token", "use")
FIRST = {
    "challenge": {"open", "no-challenge", "not-mcp", "rate-limited"}
    | {"no-prm", "legacy", "legacy-paths"},
    "prm": {"prm-html", "foreign-resource", "no-as", "hang", "oversize"},
    "metadata": {"no-metadata", "html-metadata", "issuer-mismatch", "issuer-slash"}
    | {"no-pkce", "plain-pkce", "bad-scheme", "http-endpoint", "no-registration"},
    "registration": {"dcr-refused"},
    "callback": {"denied", "wrong-state", "wrong-iss", "missing-iss"},
    "token": {"token-error", "token-type"},
    "use": {"fresh-token-refused", "stepup-loop"},
}


async def walk(practice: Practice, seen: dict[str, str]) -> None:
    """Walk the flow and write down every answer, ports taken out, until one is no answer."""

    def note(stage: str, *answers: object) -> None:
        text = repr(answers).replace(practice.origin, "RS").replace(practice.issuer, "AS")
        seen[stage] = text

    first = await practice.modern("server/discover")
    note("challenge", first.status_code, first.headers.get("www-authenticate"))
    async with asyncio.timeout(0.5):
        answer = await prm(practice)
    note("prm", answer.status_code, answer.text)
    answer = await metadata(practice)
    note("metadata", answer.status_code, answer.text)
    answer = await practice.register()
    note("registration", answer.status_code, {**answer.json(), "client_id_issued_at": 0})
    client_id = answer.json()["client_id"]
    found = callback_of(await practice.authorize(client_id))
    note("callback", found)
    answer = await practice.exchange(client_id, found["code"])
    note("token", answer.status_code, answer.json())
    answer = await practice.modern("server/discover", answer.json()["access_token"])
    note("use", answer.status_code, answer.text)


@pytest.mark.parametrize("name", [*FAULTS, *VARIANTS])
async def test_before_the_stage_of_its_fault_a_flow_is_as_healthy_as_any(name: str) -> None:
    healthy: dict[str, str] = {}
    async with practising(fixed=True, auto_approve=True) as practice:
        await walk(practice, healthy)
    assert tuple(healthy) == STAGES
    [stage] = [stage for stage in STAGES if name in FIRST[stage]]
    broken: dict[str, str] = {}
    async with practising(fixed=True, auto_approve=True, faults={name}) as practice:
        with suppress(TimeoutError, KeyError, ValueError):
            await walk(practice, broken)
    before = STAGES[: STAGES.index(stage)]
    assert {key: broken[key] for key in before} == {key: healthy[key] for key in before}
    assert broken.get(stage) != healthy[stage]


async def test_faults_combine() -> None:
    async with practising(faults={"no-challenge", "wrong-iss", "stepup-loop"}) as practice:
        await PROBES["no-challenge"](practice)
        await PROBES["wrong-iss"](practice)


async def test_an_unknown_fault_is_named() -> None:
    with pytest.raises(ValueError, match="unknown fault, variant or weakness: nonsense, other"):
        checked(["other", "hang", "nonsense"])
    with pytest.raises(ValueError, match="unknown fault, variant or weakness: nonsense"):
        async with practising(faults={"nonsense"}):
            pass


def test_every_fault_and_variant_has_a_finding_and_a_sentence() -> None:
    assert FAULTS.keys().isdisjoint(VARIANTS)
    for name, fault in (*FAULTS.items(), *VARIANTS.items()):
        assert fault.name == name
        assert fault.finding.split("-")[0] in {"rs", "prm", "as", "dcr", "authz", "token", "net"}
        assert len(fault.sentence) < 80


def test_what_inspect_can_see_is_what_shows_before_the_registration() -> None:
    before = FIRST["challenge"] | FIRST["prm"] | FIRST["metadata"]
    seen = {name for name, item in {**FAULTS, **VARIANTS}.items() if item.inspected}
    assert seen == before


def test_listing_the_faults_loads_neither_dataclasses_nor_asyncio() -> None:
    code = (
        "import sys; before = set(sys.modules); import mcp_auth_tui.demo.faults; "
        "print(*sorted({m.split('.')[0] for m in set(sys.modules) - before}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=30
    )
    assert {"asyncio", "dataclasses", "h11", "typing"}.isdisjoint(done.stdout.split())
    assert "mcp_auth_tui" in done.stdout
