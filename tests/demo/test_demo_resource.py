"""Pins the MCP side of the practice server in both eras and on the oldest transport."""

import asyncio
import json
from typing import Any

import httpx
import pytest
from practice_client import BOTH, META, Clock, Practice, events_of, practising

from mcp_auth_tui import __version__

SERVER = {"name": "practice-notes", "title": "Practice notes", "version": __version__}
TOOLS = ["add_note", "list_notes", "whoami"]
LEGACY_VERSIONS = ["2025-03-26", "2025-06-18", "2025-11-25"]


def challenge(practice: Practice, path: str = "/mcp", error: str = "", scope: str = "") -> str:
    metadata = f"{practice.origin}/.well-known/oauth-protected-resource{path}"
    return f'Bearer {error}resource_metadata="{metadata}", scope="{scope or "notes:read"}"'


async def test_a_request_without_token_is_challenged_whatever_it_is_c1() -> None:
    """C1: authorization is judged before anything else."""
    async with practising() as practice:
        answers = [
            await practice.modern("server/discover"),
            await practice.http.post(practice.server.url, content=b"rubbish"),
            await practice.http.get(practice.server.url),
            await practice.http.delete(practice.server.url),
            await practice.modern("x", headers={"authorization": "Basic YTpi"}),
            await practice.http.post(practice.server.url + "?access_token=x"),
        ]
    for answer in answers:
        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == challenge(practice)


async def test_a_token_that_is_refused_is_told_so() -> None:
    async with practising() as practice:
        answer = await practice.modern("server/discover", "unknown")
    why = "the token is unknown, expired, revoked or for another resource"
    error = f'error="invalid_token", error_description="{why}", '
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == challenge(practice, error=error)
    assert answer.json() == {"error": "invalid_token", "error_description": why}


@pytest.mark.parametrize("path", ["/mcp", "/sse"])
async def test_each_resource_has_its_own_metadata_p2(path: str) -> None:
    """P2: the well-known place derived from the resource."""
    async with practising() as practice:
        base = f"{practice.origin}/.well-known/oauth-protected-resource"
        answer = await practice.http.get(base + path)
        others = [await practice.http.get(base + other) for other in ("", "/", "/other", "x")]
    assert [other.status_code for other in others] == [404] * 4
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "resource": practice.origin + path,
        "resource_name": "Practice notes",
        "authorization_servers": [practice.issuer],
        "scopes_supported": ["notes:read", "notes:write"],
        "bearer_methods_supported": ["header"],
    }


async def test_a_token_for_one_resource_is_refused_at_the_other_u2() -> None:
    """U2, seen from the server: audience."""
    async with practising() as practice:
        token = (await practice.tokens(resource=practice.server.sse_url))["access_token"]
        assert (await practice.modern("server/discover", token)).status_code == 401


async def test_a_foreign_origin_is_refused() -> None:
    async with practising() as practice:
        token = (await practice.tokens())["access_token"]
        foreign = await practice.modern(
            "server/discover", token, headers={"origin": "https://evil.example"}
        )
        own = await practice.modern("server/discover", token, headers={"origin": practice.origin})
    assert (foreign.status_code, own.status_code) == (403, 200)


class TestModern:
    """2026-07-28: every request stands alone."""

    async def test_discover_says_who_is_there(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            answer = await practice.modern("server/discover", token)
        assert (answer.status_code, "mcp-session-id" in answer.headers) == (200, False)
        assert answer.headers["content-type"] == "application/json"
        assert answer.json() == {
            "jsonrpc": "2.0",
            "id": 1,
            "result": {
                "resultType": "complete",
                "supportedVersions": ["2026-07-28"],
                "capabilities": {"tools": {}},
                "instructions": "A practice server: its notes last as long as it runs.",
                "ttlMs": 60_000,
                "cacheScope": "public",
                "_meta": {"io.modelcontextprotocol/serverInfo": SERVER},
            },
        }

    async def test_the_tools_are_listed_in_order(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            result = (await practice.modern("tools/list", token)).json()["result"]
        assert [tool["name"] for tool in result["tools"]] == TOOLS
        assert (result["resultType"], result["ttlMs"]) == ("complete", 60_000)

    @pytest.mark.parametrize(
        ("changes", "status", "code"),
        [
            ({"headers": {"mcp-protocol-version": None}}, 400, -32020),
            ({"headers": {"mcp-protocol-version": "2025-11-25"}}, 400, -32020),
            ({"headers": {"mcp-method": None}}, 400, -32020),
            ({"headers": {"mcp-method": "tools/list"}}, 400, -32020),
            ({"meta": {}}, 400, -32602),
            ({"meta": {k: META[k] for k in META if not k.endswith("Capabilities")}}, 400, -32602),
            ({"meta": {k: META[k] for k in META if not k.endswith("Version")}}, 400, -32602),
        ],
    )
    async def test_headers_and_meta_must_be_there_and_agree_t2(
        self, changes: dict[str, Any], status: int, code: int
    ) -> None:
        """T2."""
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            answer = await practice.modern("server/discover", token, **changes)
        assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
        assert answer.json()["id"] == 1

    async def test_an_unknown_version_is_answered_with_those_that_are_known_t3(self) -> None:
        """T3."""
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            key = "io.modelcontextprotocol/protocolVersion"
            headers = {"mcp-protocol-version": "2099-01-01"}
            asked = [
                await practice.modern(
                    "server/discover", token, headers=headers, meta=META | {key: "2099-01-01"}
                ),
                await practice.modern("server/discover", token, headers=headers, meta={}),
            ]
        for answer in asked:
            assert (answer.status_code, answer.json()) == (
                400,
                {
                    "jsonrpc": "2.0",
                    "id": 1,
                    "error": {
                        "code": -32022,
                        "message": "Unsupported protocol version",
                        "data": {"supported": ["2026-07-28"], "requested": "2099-01-01"},
                    },
                },
            )

    async def test_an_unknown_method_is_404_with_a_json_rpc_error_t3(self) -> None:
        """T3."""
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            for method in ("initialize", "ping", "resources/list"):
                answer = await practice.modern(method, token)
                assert (answer.status_code, answer.json()["error"]["code"]) == (404, -32601)

    async def test_a_tool_call_names_the_tool_in_a_header_which_may_be_base64(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]

            async def called(name_header: str | None) -> int:
                answer = await practice.modern(
                    "tools/call",
                    token,
                    params={"name": "list_notes"},
                    headers={"mcp-name": name_header},
                )
                return int(answer.json().get("error", {}).get("code", 0))

            assert await called("list_notes") == 0
            assert await called("=?base64?bGlzdF9ub3Rlcw==?=") == 0
            assert await called("=?base64?%%%?=") == -32020
            assert await called("add_note") == -32020
            assert await called(None) == -32020

    async def test_an_older_revision_wins_over_a_header_of_today(self) -> None:
        """mcp-remote 0.15 sends Mcp-Method beside MCP-Protocol-Version 2025-11-25."""
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            session = (await practice.initialize(token)).headers["mcp-session-id"]
            body = {"jsonrpc": "2.0", "id": 7, "method": "tools/list", "params": {}}
            for version in ("2025-11-25", None):
                headers = {
                    "accept": "application/json, text/event-stream",
                    "authorization": f"Bearer {token}",
                    "mcp-session-id": session,
                    "mcp-method": "tools/list",
                    **({"mcp-protocol-version": version} if version else {}),
                }
                answer = await practice.http.post(practice.server.url, json=body, headers=headers)
                assert (answer.status_code, len(events_of(answer.text))) == (200, 1)

    async def test_a_repeated_header_is_refused(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            headers = [
                ("authorization", f"Bearer {token}"),
                ("mcp-protocol-version", "2026-07-28"),
                ("mcp-method", "tools/list"),
                ("mcp-method", "tools/list"),
            ]
            body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": META}}
            answer = await practice.http.post(practice.server.url, json=body, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32020)

    async def test_a_notification_is_accepted_without_an_answer(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            answer = await practice.http.post(
                practice.server.url,
                json={"jsonrpc": "2.0", "method": "notifications/x", "params": {"_meta": META}},
                headers={
                    "authorization": f"Bearer {token}",
                    "mcp-protocol-version": "2026-07-28",
                },
            )
        assert (answer.status_code, answer.content) == (202, b"")


class TestTools:
    """What the tools do, and the scope that one of them needs."""

    async def call(
        self, practice: Practice, token: str, name: str, **arguments: object
    ) -> httpx.Response:
        params = {"name": name, "arguments": arguments}
        return await practice.modern("tools/call", token, params=params)

    async def test_notes_are_added_and_listed(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens(scope="notes:read notes:write"))["access_token"]
            added = await self.call(practice, token, "add_note", text="Feed the cat")
            listed = await self.call(practice, token, "list_notes")
        assert added.json()["result"]["content"][0]["text"] == "Noted; there are 4 notes now."
        assert listed.json()["result"]["content"][0]["text"] == (
            "1. Buy bread\n2. Water the plants\n3. Call Ada about the boat\n4. Feed the cat"
        )

    async def test_a_note_that_is_no_text_is_an_error_of_the_tool(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens(scope="notes:write"))["access_token"]
            for wrong in ({}, {"text": 1}, {"text": ""}, {"text": "x" * 501}):
                answer = await self.call(practice, token, "add_note", **wrong)
                assert answer.json()["result"]["isError"] is True

    async def test_whoami_names_person_client_and_scopes(self) -> None:
        async with practising() as practice:
            tokens = await practice.tokens(scope="notes:write")
            answer = await self.call(practice, tokens["access_token"], "whoami")
        assert answer.json()["result"]["content"][0]["text"] == (
            f"Ada, through {tokens['client_id']}, with notes:read notes:write"
        )

    async def test_adding_without_the_scope_asks_for_it_and_the_new_token_may_s1(self) -> None:
        """S1: step-up."""
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            refused = await self.call(practice, token, "add_note", text="x")
            error = 'error="insufficient_scope", error_description="this needs notes:write", '
            assert refused.status_code == 403
            assert refused.headers["www-authenticate"] == challenge(
                practice, error=error, scope="notes:write"
            )
            for scope in ("notes:write", "notes:read notes:write"):
                more = (await practice.tokens(scope=scope))["access_token"]
                assert (await self.call(practice, more, "add_note", text="x")).status_code == 200

    async def test_an_unknown_tool_is_an_error_of_the_parameters(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            answer = await self.call(practice, token, "rm")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32602)


class TestLegacy:
    """2025-03-26 to 2025-11-25: initialize, then a session."""

    @pytest.mark.parametrize("version", LEGACY_VERSIONS)
    async def test_a_whole_session_t1(self, version: str) -> None:
        """T1: initialize as JSON, the notification, tools/list as an event stream, DELETE."""
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            opened = await practice.initialize(token, version)
            assert opened.headers["content-type"] == "application/json"
            assert opened.json() == {
                "jsonrpc": "2.0",
                "id": 7,
                "result": {
                    "protocolVersion": version,
                    "capabilities": {"tools": {}},
                    "serverInfo": SERVER,
                    "instructions": "A practice server: its notes last as long as it runs.",
                },
            }
            session = opened.headers["mcp-session-id"]
            noted = await practice.legacy(
                "notifications/initialized", token, session, version=version, notification=True
            )
            assert (noted.status_code, noted.content) == (202, b"")
            listed = await practice.legacy("tools/list", token, session, version=version)
            assert listed.headers["content-type"] == "text/event-stream"
            [message] = events_of(listed.text)
            assert [tool["name"] for tool in message["result"]["tools"]] == TOOLS
            called = await practice.legacy(
                "tools/call", token, session, params={"name": "list_notes"}, version=version
            )
            assert called.json()["result"]["isError"] is False
            pong = await practice.legacy("ping", token, session)
            assert pong.json() == {"jsonrpc": "2.0", "id": 7, "result": {}}
            headers = {"authorization": f"Bearer {token}", "mcp-session-id": session}
            ended = await practice.http.delete(practice.server.url, headers=headers)
            again = await practice.http.delete(practice.server.url, headers=headers)
            assert (ended.status_code, again.status_code) == (204, 404)
            late = await practice.legacy("ping", token, session)
            assert late.status_code == 404

    @pytest.mark.parametrize("version", ["2024-11-05", "2026-07-28", "1999-01-01"])
    async def test_a_version_that_is_not_of_this_era_gets_the_newest_that_is(
        self, version: str
    ) -> None:
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            answer = await practice.initialize(token, version)
        assert answer.json()["result"]["protocolVersion"] == "2025-11-25"

    async def test_without_a_session_nothing_but_initialize_is_served(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            without = await practice.legacy("tools/list", token)
            unknown = await practice.legacy("tools/list", token, "unknown")
        assert (without.status_code, unknown.status_code) == (400, 404)

    async def test_a_session_belongs_to_the_person_who_opened_it(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            session = (await practice.initialize(token)).headers["mcp-session-id"]
            newer = (await practice.tokens(scope="notes:write"))["access_token"]
            assert (await practice.legacy("ping", newer, session)).status_code == 200
            practice.person = "Grace"
            other = (await practice.tokens())["access_token"]
            assert (await practice.legacy("ping", other, session)).status_code == 404

    async def test_an_unknown_version_in_the_header_is_refused(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            session = (await practice.initialize(token)).headers["mcp-session-id"]
            answer = await practice.legacy("ping", token, session, version="2024-01-01")
        assert (answer.status_code, answer.json()["error"]["code"]) == (400, -32022)

    async def test_errors_of_methods_and_tools_travel_with_200(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            session = (await practice.initialize(token)).headers["mcp-session-id"]
            method = await practice.legacy("resources/list", token, session)
            tool = await practice.legacy("tools/call", token, session, params={"name": "rm"})
        assert (method.status_code, method.json()["error"]["code"]) == (200, -32601)
        assert (tool.status_code, tool.json()["error"]["code"]) == (200, -32602)

    async def test_there_is_no_get_stream(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens())["access_token"]
            answer = await practice.http.get(
                practice.server.url, headers={"authorization": f"Bearer {token}"}
            )
        assert (answer.status_code, answer.headers["allow"]) == (405, "POST, DELETE")


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"rubbish", -32700),
        (b"[" * 60_000, -32700),
        (b"[]", -32600),
        (b'{"jsonrpc":"1.0","id":1,"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":null,"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":true,"method":"x"}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":1}', -32600),
        (b'{"jsonrpc":"2.0","id":1,"method":"x","params":[]}', -32600),
    ],
)
async def test_a_body_that_is_no_single_message_is_refused(body: bytes, code: int) -> None:
    async with practising() as practice:
        token = (await practice.tokens())["access_token"]
        answer = await practice.http.post(
            practice.server.url,
            content=body,
            headers={"authorization": f"Bearer {token}", "content-type": "application/json"},
        )
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"content-type": "text/plain"}, 415),
        ({"accept": "application/json"}, 406),
        ({"accept": "text/event-stream"}, 406),
        ({"accept": "*/*"}, 200),
    ],
)
async def test_media_types_must_fit(headers: dict[str, str], status: int) -> None:
    async with practising() as practice:
        token = (await practice.tokens())["access_token"]
        answer = await practice.modern("server/discover", token, headers={**headers})
    assert answer.status_code == status


class Stream:
    """An open event stream, read event by event."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.aiter_lines()

    async def event(self) -> tuple[str, str]:
        async with asyncio.timeout(5):
            fields = {}
            while line := await anext(self._lines):
                name, _, value = line.partition(": ")
                fields[name] = value
        return fields["event"], fields["data"]


class TestOldest:
    """The HTTP+SSE transport of 2024-11-05."""

    async def test_a_whole_conversation_t3(self) -> None:
        """T3: GET gives the endpoint, POST goes there, answers come on the stream."""
        async with practising() as practice:
            token = (await practice.tokens(resource=practice.server.sse_url))["access_token"]
            headers = {"authorization": f"Bearer {token}"}
            async with practice.http.stream(
                "GET", practice.server.sse_url, headers=headers | {"accept": "text/event-stream"}
            ) as response:
                assert response.headers["content-type"] == "text/event-stream"
                stream = Stream(response)
                kind, endpoint = await stream.event()
                assert (kind, endpoint.startswith("/messages?session_id=")) == ("endpoint", True)
                url = practice.origin + endpoint

                async def said(method: str, request: bool = True, **params: object) -> Any:
                    body = {"jsonrpc": "2.0", "method": method, "params": params}
                    posted = await practice.http.post(
                        url, json=body | ({"id": method} if request else {}), headers=headers
                    )
                    assert posted.status_code == 202
                    return json.loads((await stream.event())[1]) if request else None

                opened = await said("initialize", protocolVersion="2024-11-05")
                assert opened["result"]["protocolVersion"] == "2024-11-05"
                assert opened["result"]["serverInfo"] == SERVER
                await said("notifications/initialized", request=False)
                listed = await said("tools/list")
                assert [tool["name"] for tool in listed["result"]["tools"]] == TOOLS
                assert (await said("nonsense"))["error"]["code"] == -32601
                refused = await practice.http.post(
                    url,
                    json={
                        "jsonrpc": "2.0",
                        "id": 9,
                        "method": "tools/call",
                        "params": {"name": "add_note", "arguments": {"text": "x"}},
                    },
                    headers=headers,
                )
                assert refused.status_code == 403
                assert "oauth-protected-resource/sse" in refused.headers["www-authenticate"]

    async def test_every_part_of_it_wants_the_token_u1(self) -> None:
        """U1."""
        async with practising() as practice:
            for answer in (
                await practice.http.get(practice.server.sse_url),
                await practice.http.post(practice.server.sse_url),
                await practice.http.post(f"{practice.origin}/messages?session_id=x"),
            ):
                assert answer.status_code == 401
                assert answer.headers["www-authenticate"] == challenge(practice, "/sse")

    async def test_a_post_to_the_stream_is_405_so_that_a_client_tries_get_t3(self) -> None:
        """T3."""
        async with practising() as practice:
            token = (await practice.tokens(resource=practice.server.sse_url))["access_token"]
            answer = await practice.http.post(
                practice.server.sse_url, json={}, headers={"authorization": f"Bearer {token}"}
            )
        assert (answer.status_code, answer.headers["allow"]) == (405, "GET")

    async def test_a_message_for_a_stream_that_does_not_exist_is_404(self) -> None:
        async with practising() as practice:
            token = (await practice.tokens(resource=practice.server.sse_url))["access_token"]
            answer = await practice.http.post(
                f"{practice.origin}/messages?session_id=x",
                json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
                headers={"authorization": f"Bearer {token}"},
            )
        assert answer.status_code == 404


async def test_answers_carry_the_servers_own_date() -> None:
    async with practising(clock=Clock()) as practice:
        answer = await practice.http.get(practice.server.url, headers={"accept": BOTH})
    assert answer.headers.get_list("date") == ["Fri, 15 Jan 2027 08:00:00 GMT"]
