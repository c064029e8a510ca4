"""Pins how the practice server ends what it issued (RFC 7009, 7592, 7662, 8628, 9068)."""

from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet
from practice_client import NATIVE, Clock, Practice, practising

from mcp_auth_tui.demo.tokens import DEVICE_GRANT

DEVICE = {
    "client_name": "A device",
    "grant_types": [DEVICE_GRANT, "refresh_token"],
    "response_types": [],
    "token_endpoint_auth_method": "none",
}


async def post(practice: Practice, path: str, **form: str) -> httpx.Response:
    return await practice.http.post(f"{practice.issuer}{path}", data=form)


async def works(practice: Practice, token: str) -> bool:
    return (await practice.modern("server/discover", token)).status_code == 200


async def test_a_revoked_access_token_is_refused_and_its_grant_lives_on() -> None:
    async with practising() as practice:
        tokens = await practice.tokens()
        id, access = tokens["client_id"], tokens["access_token"]
        assert await works(practice, access)
        answer = await post(practice, "/revoke", client_id=id, token=access)
        assert (answer.status_code, await works(practice, access)) == (200, False)
        assert (await practice.refresh(id, tokens["refresh_token"])).status_code == 200


async def test_a_revoked_refresh_token_ends_every_token_of_its_grant() -> None:
    async with practising() as practice:
        tokens = await practice.tokens()
        id, refresh = tokens["client_id"], tokens["refresh_token"]
        answer = await post(practice, "/revoke", client_id=id, token=refresh)
        assert (answer.status_code, await works(practice, tokens["access_token"])) == (200, False)
        assert (await practice.refresh(id, refresh)).json()["error"] == "invalid_grant"


async def test_nobody_revokes_or_looks_at_what_belongs_to_another_client() -> None:
    """RFC 7009 section 2.1; an unknown token is 200 as well."""
    async with practising() as practice:
        access, other = (await practice.tokens())["access_token"], await practice.client_id()
        answers = [
            await post(practice, "/revoke", client_id=other, token=token)
            for token in (access, "nonsense")
        ]
        seen = await post(practice, "/introspect", client_id=other, token=access)
        assert [answer.status_code for answer in answers] == [200, 200]
        assert (seen.json(), await works(practice, access)) == ({"active": False}, True)


@pytest.mark.parametrize("path", ["/revoke", "/introspect"])
async def test_who_names_no_client_is_turned_away(path: str) -> None:
    """RFC 7662 section 2.1."""
    async with practising() as practice:
        nobody = await post(practice, path, token="x")
        nothing = await post(practice, path, client_id=await practice.client_id())
        looked = await practice.http.get(f"{practice.issuer}{path}")
    assert (nobody.status_code, nobody.json()["error"]) == (401, "invalid_client")
    assert (nothing.status_code, nothing.json()["error"]) == (400, "invalid_request")
    assert (looked.status_code, looked.headers["allow"]) == (405, "POST")


async def test_introspection_tells_what_a_token_is_worth() -> None:
    async with practising(clock=Clock()) as practice:
        tokens = await practice.tokens(scope="notes:read notes:write")
        id = tokens["client_id"]
        access = await post(practice, "/introspect", client_id=id, token=tokens["access_token"])
        refresh = await post(practice, "/introspect", client_id=id, token=tokens["refresh_token"])
    assert access.json() == {
        "active": True,
        "scope": "notes:read notes:write",
        "client_id": id,
        "username": "Ada",
        "token_type": "Bearer",
        "exp": 1_800_003_600,
        "iat": 1_800_000_000,
        "sub": "Ada",
        "aud": practice.server.url,
    }
    assert refresh.json() == {"active": True, "client_id": id}


async def test_a_token_lives_as_long_as_was_asked() -> None:
    clock = Clock()
    async with practising(clock=clock, token_life=30.0) as practice:
        tokens = await practice.tokens()
        id, access = tokens["client_id"], tokens["access_token"]
        assert (tokens["expires_in"], await works(practice, access)) == (30, True)
        clock.now += 31
        seen = await post(practice, "/introspect", client_id=id, token=access)
        assert (seen.json(), await works(practice, access)) == ({"active": False}, False)
        fresh = (await practice.refresh(id, tokens["refresh_token"])).json()["access_token"]
        assert await works(practice, fresh)


async def test_a_registration_is_read_and_deleted_with_its_own_token_alone() -> None:
    """RFC 7592: what was issued to a deleted client ends with it."""
    async with practising() as practice:
        tokens = await practice.tokens()
        made = (await practice.register()).json()
        place = made["registration_client_uri"]
        own = {"Authorization": f"Bearer {made['registration_access_token']}"}
        refused = [
            await practice.http.request(method, place, headers=headers)
            for method in ("GET", "DELETE")
            for headers in ({}, {"Authorization": f"Bearer {tokens['access_token']}"})
        ]
        assert {answer.status_code for answer in refused} == {401}
        read = (await practice.http.get(place, headers=own)).json()
        assert {key: read[key] for key in ("client_id", "registration_client_uri")} == {
            "client_id": made["client_id"],
            "registration_client_uri": place,
        }
        assert (await practice.http.put(place, headers=own, json={})).status_code == 405
        code = await practice.code(made["client_id"])
        access = (await practice.exchange(made["client_id"], code)).json()["access_token"]
        assert (await practice.http.delete(place, headers=own)).status_code == 204
        assert (await practice.http.get(place, headers=own)).status_code == 404
        assert not await works(practice, access)
        gone = await practice.refresh(made["client_id"], "x")
        assert gone.json()["error"] == "invalid_client"
        assert await works(practice, tokens["access_token"])


async def test_a_jwt_says_what_it_is_for_and_its_key_is_published() -> None:
    """RFC 9068."""
    async with practising(jwt=True, clock=Clock()) as practice:
        metadata = f"{practice.issuer}/.well-known/oauth-authorization-server"
        place = (await practice.http.get(metadata)).json()["jwks_uri"]
        tokens = await practice.tokens()
        keys = KeySet.import_key_set((await practice.http.get(place)).json())
        token = jwt.decode(tokens["access_token"], keys, algorithms=["ES256"])
        assert await works(practice, tokens["access_token"])
        forged = tokens["access_token"][:-4] + "AAAA"
        assert not await works(practice, forged)
    assert "d" not in keys.as_dict(private=False)["keys"][0]
    assert (token.header["typ"], token.claims) == (
        "at+jwt",
        {
            "iss": practice.issuer,
            "sub": "Ada",
            "aud": practice.server.url,
            "client_id": tokens["client_id"],
            "scope": "notes:read",
            "iat": 1_800_000_000,
            "exp": 1_800_003_600,
            "jti": token.claims["jti"],
        },
    )


async def test_without_jwt_there_is_no_key() -> None:
    async with practising() as practice:
        assert (await practice.http.get(f"{practice.issuer}/jwks")).status_code == 404
        assert (await practice.http.get(f"{practice.issuer}/device")).status_code == 404
        refused = await practice.register(**DEVICE)
    assert refused.json()["error"] == "invalid_client_metadata"


async def started(practice: Practice, **form: str) -> dict[str, Any]:
    made = (await practice.http.post(f"{practice.issuer}/register", json=DEVICE)).json()
    answer = await post(practice, "/device_authorization", client_id=made["client_id"], **form)
    assert answer.status_code == 200, answer.text
    return {**answer.json(), "client_id": made["client_id"]}


async def polled(practice: Practice, device: dict[str, Any]) -> dict[str, Any]:
    answer = await post(
        practice,
        "/token",
        grant_type=DEVICE_GRANT,
        client_id=device["client_id"],
        device_code=device["device_code"],
    )
    return dict(answer.json())


@pytest.mark.parametrize("decision", ["allow", "deny"])
async def test_a_device_gets_its_token_when_the_person_allows_it(decision: str) -> None:
    """RFC 8628 sections 3.2 to 3.5."""
    clock = Clock()
    async with practising(device=True, clock=clock) as practice:
        device = await started(practice, scope="notes:write", resource=practice.server.url)
        assert (await polled(practice, device))["error"] == "authorization_pending"
        assert (await polled(practice, device))["error"] == "slow_down"
        clock.now += device["interval"]
        assert (await polled(practice, device))["error"] == "authorization_pending"
        page = await practice.http.get(device["verification_uri_complete"])
        assert f'value="{device["user_code"]}"' in page.text
        typed = device["user_code"].lower().replace("-", " ")
        shown = await post(practice, "/device", user_code=typed)
        assert "<code>notes:write</code>" in shown.text
        form = {"user_code": device["user_code"], "name": "Ada", "decision": decision}
        assert (await post(practice, "/device", **form)).status_code == 200
        clock.now += device["interval"]
        answer = await polled(practice, device)
        if decision == "deny":
            assert answer["error"] == "access_denied"
            return
        assert await works(practice, answer["access_token"])
        clock.now += device["interval"]
        assert (await polled(practice, device))["error"] == "invalid_grant"


async def test_a_user_code_that_is_wrong_or_too_old_is_said() -> None:
    clock = Clock()
    async with practising(device=True, clock=clock) as practice:
        device = await started(practice)
        wrong = await post(practice, "/device", user_code="<b>")
        clock.now += device["expires_in"]
        late = await post(practice, "/device", user_code=device["user_code"])
        assert (await polled(practice, device))["error"] == "expired_token"
    assert [answer.status_code for answer in (wrong, late)] == [400, 400]
    assert "<b>" not in wrong.text


async def test_a_device_request_is_judged_like_any_other() -> None:
    async with practising(device=True, auto_approve=True) as practice:
        made = (await practice.http.post(f"{practice.issuer}/register", json=DEVICE)).json()
        browser = (await practice.register()).json()
        asked = [
            await post(practice, "/device_authorization", **form)
            for form in (
                {"client_id": "nobody"},
                {"client_id": browser["client_id"]},
                {"client_id": made["client_id"], "scope": "everything"},
                {"client_id": made["client_id"], "resource": "https://elsewhere.example"},
            )
        ]
        foreign = await practice.http.post(
            f"{practice.issuer}/device", data={}, headers={"Origin": "https://evil.example"}
        )
        device = await started(practice)
        assert await works(practice, (await polled(practice, device))["access_token"])
    assert [answer.json()["error"] for answer in asked] == [
        "invalid_client",
        "unauthorized_client",
        "invalid_scope",
        "invalid_target",
    ]
    assert foreign.status_code == 403
    assert browser["redirect_uris"] == NATIVE["redirect_uris"]
