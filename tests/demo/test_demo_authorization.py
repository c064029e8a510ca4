"""Pins the authorization server of the practice server, request by request."""

import json
import re
from typing import Any

import httpx
import pytest
from practice_client import (
    NATIVE,
    REDIRECT,
    Clock,
    Practice,
    callback_of,
    hidden,
    practising,
)

METHODS = ["none", "client_secret_basic", "client_secret_post"]


async def test_the_metadata_promises_everything_a_client_may_hope_for() -> None:
    async with practising() as practice:
        answer = await practice.http.get(
            f"{practice.issuer}/.well-known/oauth-authorization-server"
        )
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "issuer": practice.issuer,
        "authorization_endpoint": f"{practice.issuer}/authorize",
        "token_endpoint": f"{practice.issuer}/token",
        "registration_endpoint": f"{practice.issuer}/register",
        "scopes_supported": ["notes:read", "notes:write"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": METHODS,
        "revocation_endpoint": f"{practice.issuer}/revoke",
        "revocation_endpoint_auth_methods_supported": METHODS,
        "introspection_endpoint": f"{practice.issuer}/introspect",
        "introspection_endpoint_auth_methods_supported": METHODS,
        "code_challenge_methods_supported": ["S256"],
        "authorization_response_iss_parameter_supported": True,
        "client_id_metadata_document_supported": True,
        "protected_resources": [practice.server.url, practice.server.sse_url],
    }


async def test_a_registration_is_answered_with_what_was_registered_g5() -> None:
    """G5: the answer, not the wish, says what the client is."""
    async with practising(fixed=True, clock=Clock()) as practice:
        answer = await practice.register()
    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    assert answer.json() == {
        **NATIVE,
        "client_id": answer.json()["client_id"],
        "client_id_issued_at": 1_800_000_000,
        "scope": "notes:read notes:write",
        "registration_access_token": answer.json()["registration_access_token"],
        "registration_client_uri": f"{practice.issuer}/register/{answer.json()['client_id']}",
    }


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
async def test_a_confidential_client_gets_a_secret_that_never_expires(method: str) -> None:
    async with practising() as practice:
        answer = (await practice.register(token_endpoint_auth_method=method)).json()
    assert answer["token_endpoint_auth_method"] == method
    assert answer["client_secret"]
    assert answer["client_secret_expires_at"] == 0


@pytest.mark.parametrize(
    "uris",
    [
        ["http://127.0.0.1/callback"],
        ["http://[::1]:8000/callback"],
        ["http://localhost:8000/callback"],
        ["http://127.0.0.1:1/a", "http://[::1]:2/b"],
    ],
)
async def test_every_loopback_redirect_may_be_registered_g8(uris: list[str]) -> None:
    """G8: loopback redirects, IP literals and localhost."""
    async with practising() as practice:
        answer = await practice.register(redirect_uris=uris)
    assert (answer.status_code, answer.json()["redirect_uris"]) == (201, uris)


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"redirect_uris": ["http://example.com/callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["https://example.com/callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["myapp://callback"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://127.0.0.1/c#f"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://127.0.0.1@evil.example/c"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://127.0.0.1:port/c"]}, "invalid_redirect_uri"),
        ({"redirect_uris": ["http://127.0.0.1/c\r\nx"]}, "invalid_redirect_uri"),
        ({"redirect_uris": []}, "invalid_redirect_uri"),
        ({"redirect_uris": "http://127.0.0.1/c"}, "invalid_redirect_uri"),
        ({"redirect_uris": [1]}, "invalid_redirect_uri"),
        ({"application_type": "web"}, "invalid_redirect_uri"),
        ({"application_type": "other"}, "invalid_client_metadata"),
        ({"token_endpoint_auth_method": "private_key_jwt"}, "invalid_client_metadata"),
        ({"grant_types": ["implicit"]}, "invalid_client_metadata"),
        ({"grant_types": ["refresh_token"]}, "invalid_client_metadata"),
        ({"response_types": ["token"]}, "invalid_client_metadata"),
        ({"client_name": 7}, "invalid_client_metadata"),
        ({"client_name": "x" * 2001}, "invalid_client_metadata"),
    ],
)
async def test_a_registration_that_cannot_be_is_refused_with_its_error_g6(
    changes: dict[str, Any], error: str
) -> None:
    """G6: refusals carry an error and a description (RFC 7591 section 3.2.2)."""
    async with practising() as practice:
        answer = await practice.register(**changes)
    assert (answer.status_code, answer.json()["error"]) == (400, error)
    assert answer.json()["error_description"]


@pytest.mark.parametrize("body", [b"not json", b"[]", b"[" * 60_000, b'"x"'])
async def test_a_registration_that_is_no_object_is_refused(body: bytes) -> None:
    async with practising() as practice:
        answer = await practice.http.post(f"{practice.issuer}/register", content=body)
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_client_metadata")


async def test_a_client_without_the_refresh_grant_gets_no_refresh_token() -> None:
    async with practising() as practice:
        client_id = (await practice.register(grant_types=["authorization_code"])).json()[
            "client_id"
        ]
        answer = await practice.exchange(client_id, await practice.code(client_id))
    assert set(answer.json()) == {"access_token", "token_type", "expires_in", "scope"}


async def test_a_person_signs_in_allows_and_the_code_comes_back_with_state_and_iss_b4() -> None:
    """B4: iss is promised and sent."""
    async with practising() as practice:
        client_id = await practice.client_id()
        page = await practice.signed_in(client_id, scope="notes:read notes:write")
        for shown in (
            "Ada",
            "Hand &lt;b&gt;made&lt;/b&gt;",
            client_id,
            practice.server.url,
            "notes:read",
            "notes:write",
            REDIRECT,
        ):
            assert shown in page.text
        callback = await practice.decide(page, "allow")
    assert callback == {"code": callback["code"], "state": "the-state", "iss": practice.issuer}


async def test_denying_is_an_error_redirect_with_state_and_iss() -> None:
    async with practising() as practice:
        page = await practice.signed_in(await practice.client_id())
        callback = await practice.decide(page, "deny")
    assert callback == {
        "error": "access_denied",
        "error_description": "the person said no",
        "state": "the-state",
        "iss": practice.issuer,
    }


async def test_auto_approval_redirects_without_pages() -> None:
    async with practising(auto_approve=True) as practice:
        callback = callback_of(await practice.authorize(await practice.client_id()))
    assert set(callback) == {"code", "state", "iss"}


async def test_the_pages_forbid_everything_but_their_own_style_and_way_back() -> None:
    async with practising() as practice:
        client_id = await practice.client_id()
        first = await practice.authorize(client_id)
        second = await practice.signed_in(client_id)
    base = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
    )
    assert first.headers["content-security-policy"] == base + "form-action 'self'"
    assert second.headers["content-security-policy"] == (
        base + "form-action 'self' http://127.0.0.1:43117"
    )
    for page in (first, second):
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-content-type-options"] == "nosniff"
        assert "<script" not in page.text


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "practice-unknown"},
        {"client_id": None},
        {"client_id": ""},
        {"redirect_uri": None},
        {"redirect_uri": "http://127.0.0.1:43117/other"},
        {"redirect_uri": "http://127.0.0.1:43117/callback?x=1"},
        {"redirect_uri": "http://localhost:43117/callback"},
        {"redirect_uri": "https://evil.example/callback"},
        {"redirect_uri": "<script>alert(1)</script>"},
    ],
)
async def test_a_bad_client_or_redirect_is_told_on_a_page_and_never_redirected(
    changes: dict[str, str | None],
) -> None:
    """RFC 6749 section 4.1.2.1: no redirect to an address that is not established."""
    async with practising() as practice:
        answer = await practice.authorize(await practice.client_id(), **changes)
    assert answer.status_code == 400
    assert "location" not in answer.headers
    assert "This request cannot go on" in answer.text
    assert "alert(1)" not in answer.text


async def test_the_port_of_a_loopback_redirect_may_differ_from_the_registered_one() -> None:
    """RFC 8252 section 7.3."""
    async with practising() as practice:
        answer = await practice.authorize(
            await practice.client_id(), redirect_uri="http://127.0.0.1:50000/callback"
        )
    assert "Sign in" in answer.text


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": None}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"resource": "https://mcp.example.com/mcp"}, "invalid_target"),
        ({"scope": "notes:read admin"}, "invalid_scope"),
    ],
)
async def test_any_other_fault_of_the_request_is_redirected_with_its_error(
    changes: dict[str, str | None], error: str
) -> None:
    async with practising() as practice:
        callback = callback_of(await practice.authorize(await practice.client_id(), **changes))
    assert callback == {
        "error": error,
        "error_description": callback["error_description"],
        "state": "the-state",
        "iss": practice.issuer,
    }


async def test_a_repeated_parameter_is_refused() -> None:
    async with practising() as practice:
        request = practice.request(await practice.client_id())
        url = f"{practice.issuer}/authorize?{httpx.QueryParams(request)}&state=other"
        assert callback_of(await practice.http.get(url))["error"] == "invalid_request"


async def test_a_request_without_resource_is_for_the_mcp_server() -> None:
    async with practising() as practice:
        client_id = await practice.client_id()
        code = await practice.code(client_id, resource=None)
        token = (await practice.exchange(client_id, code, resource=None)).json()["access_token"]
        assert (await practice.modern("server/discover", token)).status_code == 200


class TestForms:
    """The two POST forms: bound to one browser, one page and one use."""

    async def test_a_form_without_its_token_goes_nowhere(self) -> None:
        async with practising() as practice:
            page = await practice.signed_in(await practice.client_id())
            form = hidden(page) | {"decision": "allow", "token": "guessed"}
            answer = await practice.http.post(f"{practice.issuer}/consent", data=form)
        assert (answer.status_code, "out of date" in answer.text) == (400, True)

    async def test_another_browser_cannot_answer(self) -> None:
        async with practising() as practice:
            page = await practice.signed_in(await practice.client_id())
            practice.http.cookies.clear()
            form = hidden(page) | {"decision": "allow"}
            answer = await practice.http.post(f"{practice.issuer}/consent", data=form)
        assert answer.status_code == 400

    async def test_a_form_posted_from_another_site_is_refused(self) -> None:
        async with practising() as practice:
            page = await practice.signed_in(await practice.client_id())
            answer = await practice.http.post(
                f"{practice.issuer}/consent",
                data=hidden(page) | {"decision": "allow"},
                headers={"origin": "https://evil.example"},
            )
        assert answer.status_code == 403

    async def test_a_decision_counts_once(self) -> None:
        async with practising() as practice:
            page = await practice.signed_in(await practice.client_id())
            await practice.decide(page, "allow")
            form = hidden(page) | {"decision": "allow"}
            again = await practice.http.post(f"{practice.issuer}/consent", data=form)
        assert again.status_code == 400

    async def test_consent_cannot_come_before_the_sign_in(self) -> None:
        async with practising() as practice:
            page = await practice.authorize(await practice.client_id())
            form = hidden(page) | {"decision": "allow"}
            answer = await practice.http.post(f"{practice.issuer}/consent", data=form)
        assert answer.status_code == 400

    async def test_two_tabs_of_one_browser_do_not_disturb_each_other(self) -> None:
        async with practising() as practice:
            client_id = await practice.client_id()
            one = await practice.signed_in(client_id, state="one")
            two = await practice.signed_in(client_id, state="two")
            states = [(await practice.decide(page, "allow"))["state"] for page in (one, two)]
        assert states == ["one", "two"]

    async def test_a_page_expires_after_ten_minutes(self) -> None:
        clock = Clock()
        async with practising(clock=clock) as practice:
            page = await practice.signed_in(await practice.client_id())
            clock.now += 601
            form = hidden(page) | {"decision": "allow"}
            answer = await practice.http.post(f"{practice.issuer}/consent", data=form)
        assert answer.status_code == 400


async def error_of(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["cache-control"] == "no-store"
    return answer.status_code, answer.json()["error"]


class TestTokens:
    """The token endpoint."""

    async def test_a_code_becomes_an_hour_of_access_and_a_refresh_token_k5(self) -> None:
        """K5."""
        async with practising() as practice:
            client_id = await practice.client_id()
            answer = await practice.exchange(client_id, await practice.code(client_id))
        body = answer.json()
        assert answer.headers["cache-control"] == "no-store"
        assert body == {
            "access_token": body["access_token"],
            "token_type": "Bearer",
            "expires_in": 3600,
            "scope": "notes:read",
            "refresh_token": body["refresh_token"],
        }

    async def test_a_code_works_once_and_its_second_use_ends_its_tokens(self) -> None:
        """RFC 6749 section 4.1.2."""
        async with practising() as practice:
            client_id = await practice.client_id()
            code = await practice.code(client_id)
            tokens = (await practice.exchange(client_id, code)).json()
            assert await error_of(await practice.exchange(client_id, code)) == (
                400,
                "invalid_grant",
            )
            used = await practice.modern("server/discover", tokens["access_token"])
            refreshed = await practice.refresh(client_id, tokens["refresh_token"])
        assert used.status_code == 401
        assert await error_of(refreshed) == (400, "invalid_grant")

    async def test_a_code_lives_sixty_seconds(self) -> None:
        clock = Clock()
        async with practising(clock=clock) as practice:
            client_id = await practice.client_id()
            code = await practice.code(client_id)
            clock.now += 60
            assert await error_of(await practice.exchange(client_id, code)) == (
                400,
                "invalid_grant",
            )

    async def test_a_token_lives_an_hour(self) -> None:
        clock = Clock()
        async with practising(clock=clock) as practice:
            token = (await practice.tokens())["access_token"]
            clock.now += 3599
            assert (await practice.modern("server/discover", token)).status_code == 200
            clock.now += 1
            assert (await practice.modern("server/discover", token)).status_code == 401

    @pytest.mark.parametrize(
        ("changes", "error"),
        [
            ({"code_verifier": None}, "invalid_grant"),
            ({"code_verifier": "another-verifier-that-is-long-enough-for-this"}, "invalid_grant"),
            ({"redirect_uri": "http://127.0.0.1:1/callback"}, "invalid_grant"),
            ({"code": "unknown"}, "invalid_grant"),
            ({"code": None}, "invalid_grant"),
            ({"resource": "https://mcp.example.com/mcp"}, "invalid_target"),
            ({"grant_type": None}, "invalid_request"),
            ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"client_id": "practice-unknown"}, "invalid_client"),
            ({"client_id": None}, "invalid_client"),
        ],
    )
    async def test_a_wrong_exchange_is_refused_with_its_error(
        self, changes: dict[str, str | None], error: str
    ) -> None:
        async with practising() as practice:
            client_id = await practice.client_id()
            code = await practice.code(client_id)
            form = {"code": code, "client_id": client_id} | changes
            answer = await practice.exchange(**form)  # type: ignore[arg-type]
        assert await error_of(answer) == (400, error)

    async def test_a_code_of_another_client_is_refused(self) -> None:
        async with practising() as practice:
            code = await practice.code(await practice.client_id())
            answer = await practice.exchange(await practice.client_id(), code)
        assert await error_of(answer) == (400, "invalid_grant")

    async def test_a_repeated_parameter_or_another_media_type_is_refused(self) -> None:
        async with practising() as practice:
            url = f"{practice.issuer}/token"
            kind = {"content-type": "application/x-www-form-urlencoded"}
            twice = await practice.http.post(url, content=b"code=a&code=b", headers=kind)
            as_json = await practice.http.post(url, json={"code": "a"})
        assert await error_of(twice) == (400, "invalid_request")
        assert await error_of(as_json) == (400, "invalid_request")

    async def test_a_client_must_authenticate_as_it_registered_k2(self) -> None:
        """K2: exactly one method, the registered one."""
        async with practising() as practice:
            basic = (
                await practice.register(token_endpoint_auth_method="client_secret_basic")
            ).json()
            post = (await practice.register(token_endpoint_auth_method="client_secret_post")).json()
            basic_id, basic_auth = basic["client_id"], (basic["client_id"], basic["client_secret"])
            post_id, post_secret = post["client_id"], {"client_secret": post["client_secret"]}

            async def tried(client_id: str, auth: Any = None, **more: str) -> tuple[int, str]:
                code = await practice.code(client_id)
                answer = await practice.exchange(client_id, code, auth, **more)
                if answer.status_code == 401:
                    assert answer.headers["www-authenticate"] == 'Basic realm="practice"'
                return answer.status_code, answer.json().get("error", "fine")

            assert await tried(basic_id, basic_auth) == (200, "fine")
            assert await tried(basic_id, (basic_id, "wrong")) == (401, "invalid_client")
            assert await tried(basic_id) == (400, "invalid_client")
            assert await tried(post_id, **post_secret) == (200, "fine")
            assert await tried(post_id, client_secret="wrong") == (400, "invalid_client")
            assert await tried(post_id, (post_id, post["client_secret"])) == (401, "invalid_client")
            both = await tried(basic_id, basic_auth, client_secret=basic["client_secret"])
            assert both == (400, "invalid_request")
            public = await practice.client_id()
            assert await tried(public, client_secret="x") == (400, "invalid_client")

    async def test_basic_credentials_are_form_decoded_k3(self) -> None:
        """K3: id and secret are form-encoded before they are joined."""
        async with practising() as practice:
            client = (
                await practice.register(token_endpoint_auth_method="client_secret_basic")
            ).json()
            code = await practice.code(client["client_id"])
            encoded = client["client_id"].replace("-", "%2D")
            auth = (encoded, client["client_secret"])
            answer = await practice.exchange(None, code, auth)
        assert answer.status_code == 200

    async def test_a_refresh_replaces_both_tokens_f2(self) -> None:
        """F2: rotation."""
        async with practising() as practice:
            first = await practice.tokens()
            second = await practice.refresh(
                first["client_id"], first["refresh_token"], resource=practice.server.url
            )
            body = second.json()
            assert (second.status_code, set(body)) == (200, set(first) - {"client_id"})
            assert body["access_token"] != first["access_token"]
            assert body["refresh_token"] != first["refresh_token"]
            assert body["scope"] == "notes:read"
            used = await practice.modern("server/discover", body["access_token"])
        assert used.status_code == 200

    async def test_a_refresh_token_used_twice_ends_the_grant(self) -> None:
        """RFC 9700 section 4.14.2."""
        async with practising() as practice:
            first = await practice.tokens()
            second = (await practice.refresh(first["client_id"], first["refresh_token"])).json()
            reused = await practice.refresh(first["client_id"], first["refresh_token"])
            assert await error_of(reused) == (400, "invalid_grant")
            newest = await practice.refresh(first["client_id"], second["refresh_token"])
            assert await error_of(newest) == (400, "invalid_grant")
            used = await practice.modern("server/discover", second["access_token"])
        assert used.status_code == 401

    async def test_a_refresh_may_narrow_but_never_widen(self) -> None:
        async with practising() as practice:
            wide = await practice.tokens(scope="notes:read notes:write")
            narrow = await practice.refresh(
                wide["client_id"], wide["refresh_token"], scope="notes:read"
            )
            assert narrow.json()["scope"] == "notes:read"
            least = await practice.tokens()
            wider = await practice.refresh(
                least["client_id"], least["refresh_token"], scope="notes:write"
            )
            assert await error_of(wider) == (400, "invalid_scope")

    async def test_a_refresh_for_another_resource_or_client_is_refused(self) -> None:
        async with practising() as practice:
            own = await practice.tokens()
            elsewhere = await practice.refresh(
                own["client_id"], own["refresh_token"], resource=practice.server.sse_url
            )
            assert await error_of(elsewhere) == (400, "invalid_target")
            stolen = await practice.refresh(await practice.client_id(), own["refresh_token"])
            assert await error_of(stolen) == (400, "invalid_grant")


async def test_paths_and_methods_that_do_not_exist_are_told_apart() -> None:
    async with practising() as practice:
        nothing = await practice.http.get(f"{practice.issuer}/nothing")
        openid = await practice.http.get(f"{practice.issuer}/.well-known/openid-configuration")
        by_get = await practice.http.get(f"{practice.issuer}/token")
    assert (nothing.status_code, openid.status_code) == (404, 404)
    assert (by_get.status_code, by_get.headers["allow"]) == (405, "POST")


@pytest.mark.parametrize("host", ["evil.example", "localhost", "127.0.0.1", "127.0.0.1:1"])
async def test_a_foreign_host_gets_nothing_from_either_origin(host: str) -> None:
    """DNS rebinding (SPEC 6)."""
    async with practising() as practice:
        for url in (practice.server.url, f"{practice.issuer}/authorize"):
            answer = await practice.http.get(url, headers={"host": host})
            assert answer.status_code == 421


async def test_fixed_makes_every_id_code_token_and_date_the_same() -> None:
    async def run(practice: Practice) -> str:
        tokens = await practice.tokens()
        answer = await practice.initialize(tokens["access_token"])
        kept = (answer.headers["mcp-session-id"], answer.headers["date"])
        return re.sub(r"127\.0\.0\.1:\d+", "host", json.dumps([tokens, kept]))

    seen = []
    for _ in range(2):
        async with practising(fixed=True, clock=Clock()) as practice:
            seen.append(await run(practice))
    async with practising() as practice:
        other = await run(practice)
    assert seen[0] == seen[1] != other
