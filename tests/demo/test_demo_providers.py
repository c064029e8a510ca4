"""Pins how known providers are imitated: a plain run's end, the advice, and the header with it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from practice_client import CHALLENGE, REDIRECT

from mcp_auth_tui.demo.imitation import imitation
from mcp_auth_tui.demo.providers import CLIENT, PROVIDERS, SECRET
from mcp_auth_tui.demo.server import PracticeServer
from mcp_auth_tui.help import text
from mcp_auth_tui.model.oauth import Token
from mcp_auth_tui.protocol.quirks.recognition import recognise
from mcp_auth_tui.protocol.quirks.table import providers
from mcp_auth_tui.settings.options import SECRET_VARIABLE
from tests import providers as imitated
from tests.runs import Finished, finished

GOES_ON = {"supabase", "workers-oauth-provider"}
"""Those with which a plain run reaches a header."""


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_plain_run_ends_with_the_providers_finding_and_says_what_it_is(name: str) -> None:
    first = imitated.journey(name).runs[0]
    finding = PROVIDERS[name].finding
    if name in GOES_ON:
        assert first.code == 0
        told = next(item for item in first.document["findings"] if item["id"] == finding)
    else:
        told = first.document["stop"]
        assert first.code != 0 and told["id"] == finding
    provider = told["provider"]
    assert provider["id"] == name
    assert provider["name"] == PROVIDERS[name].sentence.partition(":")[0]
    assert provider["reason"] and provider["means"] and provider["source"]


@pytest.mark.parametrize("name", PROVIDERS)
def test_with_what_the_run_advises_there_is_a_header_that_the_server_takes(name: str) -> None:
    found = imitated.journey(name)
    *_, last = found.runs
    assert last.code == 0 and last.document["outcome"] == "ok"
    assert set(last.document["headers"]) == {"Authorization"}
    # One piece of advice is enough, and what it leaves open is told to be left open.
    assert len(found.runs) == (1 if name in GOES_ON else 2)
    for advice in found.advice:
        assert set(advice["blanks"]) == set(advice["options"]) & {"ID"}


@pytest.mark.parametrize("name", PROVIDERS)
def test_on_the_way_nothing_is_wrong_that_is_not_known_of_the_provider(name: str) -> None:
    for run in imitated.journey(name).runs:
        for item in run.document["findings"]:
            if item["level"] in ("fatal", "error"):
                assert item["provider"] is not None, item["id"]


@pytest.mark.parametrize("name", PROVIDERS)
def test_the_row_of_the_help_is_what_happens(name: str) -> None:
    prose = " ".join(text("providers").split())
    assert imitated.line(name) in prose


def test_at_least_twelve_providers_are_imitated_and_each_is_a_row_of_the_table() -> None:
    assert len(PROVIDERS) >= 12
    assert set(PROVIDERS) <= set(providers())


# Half of the advice, and what each provider says to that: words, stop, what it sees, the next step.
HALF: list[tuple[str, tuple[str, ...], bool, str, str, tuple[str, ...]]] = [
    (
        "entra",
        ("--allow", "as-pkce-absent", "--client-id", CLIENT),
        False,
        "authz-resource-refused",
        "AADSTS9010010",
        ("--no-resource", "--scope", "RESOURCE/.default offline_access"),
    ),
    (
        "entra",
        ("--allow", "as-pkce-absent", "--client-id", CLIENT, "--no-resource", "--scope", ""),
        False,
        "authz-error",
        "AADSTS900144",
        ("--scope", "RESOURCE/.default offline_access"),
    ),
    (
        "auth0",
        ("--param", "audience=urn:unknown"),
        False,
        "authz-denied",
        "Service not found",
        ("--param", "audience=IDENTIFIER"),
    ),
    (
        "google",
        ("--issuer", "NAMED", "--client-id", CLIENT),
        False,
        "token-error",
        "client_secret is missing",
        ("--client-secret-prompt",),
    ),
    (
        "github",
        ("--client-id", CLIENT),
        False,
        "token-error",
        "incorrect_client_credentials",
        ("--client-secret-prompt",),
    ),
    (
        "hubspot",
        ("--client-id", CLIENT, "--auth-method", "client_secret_basic"),
        True,
        "token-error",
        "client secret",
        ("--auth-method", "client_secret_post"),
    ),
    (
        "supabase",
        ("--client-id", "forgotten"),
        False,
        "authz-error",
        "Unrecognized client_id",
        ("--register", "--fresh"),
    ),
    (
        "workers-oauth-provider",
        ("--client-id", "forgotten"),
        False,
        "authz-error",
        "Invalid client",
        ("--register", "--fresh"),
    ),
    (
        "slack",
        ("--client-id", "wrong"),
        False,
        "authz-error",
        "Invalid client_id",
        ("--redirect-uri", "URI"),
    ),
    (
        "gitlab",
        ("--scope", "mcp api"),
        False,
        "authz-error",
        "invalid_scope",
        ("--scope", "mcp"),
    ),
]


async def half(name: str, words: tuple[str, ...], secret: bool) -> tuple[Finished, str]:
    server = await PracticeServer.start(provider=name, auto_approve=True)
    environ = {SECRET_VARIABLE: SECRET} if secret else {}
    words = tuple(server.issuer if word == "NAMED" else word for word in words)
    try:
        run = await finished(server.url, *imitated.PLAIN, *words, environ=environ)
    finally:
        await server.aclose()
    return run, server.url


@pytest.mark.parametrize(
    ("name", "words", "secret", "id", "seen", "options"),
    HALF,
    ids=[f"{name}-{seen.replace(' ', '-')}" for name, *_, seen, _ in HALF],
)
def test_who_takes_half_of_the_advice_is_told_the_other_half(
    name: str, words: tuple[str, ...], secret: bool, id: str, seen: str, options: tuple[str, ...]
) -> None:
    run, url = asyncio.run(half(name, words, secret))
    stop = run.document["stop"]
    assert stop["id"] == id and seen in stop["seen"]
    advised = [word.replace(url, "RESOURCE") for word in stop["provider"]["options"]]
    assert tuple(advised) == options


def issued(name: str, run: int = -1) -> Token:
    token = imitated.journey(name).runs[run].session.token
    assert token is not None
    return token


def test_tokens_have_the_shape_that_the_provider_gives_them() -> None:
    header, *rest = issued("auth0", 0).access.reveal().split(".")
    assert (header[:4], len(rest), rest[0]) == ("eyJh", 4, "")  # encrypted, without a key in it
    assert issued("auth0").claims is not None
    for name, start in (("google", "ya29."), ("github", "gho_"), ("hydra", "ory_at_")):
        assert issued(name).access.reveal().startswith(start)
        assert issued(name).claims is None
    expected: dict[str, dict[str, Any]] = {
        "entra": {"aud": "99999999-8888-7777-6666-555555555555", "ver": "2.0", "scope": None},
        "okta": {"aud": "api://default", "cid": CLIENT, "scp": ["notes:read"]},
        "keycloak": {"aud": "account", "azp": CLIENT},
        "cognito": {"aud": None, "client_id": CLIENT, "token_use": "access"},
        "authentik": {"aud": CLIENT},
        "supabase": {"aud": "authenticated", "role": "authenticated"},
    }
    for name, members in expected.items():
        claims = issued(name).claims or {}
        assert {member: claims.get(member) for member in members} == members


def test_google_gives_a_refresh_token_to_who_asks_for_access_offline() -> None:
    words = ("--issuer", "NAMED", "--client-id", CLIENT, "--refresh")
    run, _ = asyncio.run(half("google", words, secret=True))
    missing = next(i for i in run.document["findings"] if i["id"] == "token-no-refresh")
    advised = missing["provider"]["options"]
    assert advised == ["--param", "access_type=offline", "--param", "prompt=consent"]
    again, _ = asyncio.run(half("google", (*words, *advised), secret=True))
    assert again.document["token"]["refresh"] is not None
    assert "token-no-refresh" not in {item["id"] for item in again.document["findings"]}


# -- what goes over the wire, without the program


async def ask(name: str, *queries: Mapping[str, str]) -> tuple[list[httpx.Response], str]:
    """Ask the authorization endpoint; return the answers and the issuer."""
    server = await PracticeServer.start(provider=name, auto_approve=True)
    usual = {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": REDIRECT,
        "state": "s",
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    origin = "/".join(server.issuer.split("/")[:3])
    place = f"{origin}{imitation(name).paths['authorize']}"
    try:
        async with httpx.AsyncClient() as http:
            found = [await http.get(place, params={**usual, **query}) for query in queries]
    finally:
        await server.aclose()
    return found, server.issuer


@pytest.mark.parametrize("name", PROVIDERS)
def test_a_refusal_goes_nowhere_but_to_a_redirect_address_of_the_client(name: str) -> None:
    """Else the practice server would be an open redirector (RFC 9700 §4.11)."""
    wrong = {"resource": "urn:x", "audience": "urn:x", "scope": "wrong"}
    elsewhere = {"redirect_uri": "https://evil.example/"}
    queries = (elsewhere, {**elsewhere, **wrong}, {"client_id": "unknown", **wrong})
    for asked in asyncio.run(ask(name, *queries))[0]:
        assert asked.status_code in (400, 422) and "location" not in asked.headers


@pytest.mark.parametrize("name", PROVIDERS)
def test_an_answer_names_the_issuer_only_where_the_provider_does(name: str) -> None:
    good = {"entra": {"scope": "RESOURCE/.default"}, "gitlab": {"scope": "mcp"}}.get(name, {})
    (asked,), issuer = asyncio.run(ask(name, good))
    assert asked.status_code == 303
    fields = parse_qs(urlsplit(asked.headers["location"]).query)
    assert fields.get("iss", []) == ([issuer] if imitation(name).iss else [])
    assert fields["state"] == ["s"] and "code" in fields


async def signed_in_by_pages(name: str) -> httpx.Response:
    server = await PracticeServer.start(provider=name)
    origin = "/".join(server.issuer.split("/")[:3])
    place = f"{origin}{imitation(name).paths['authorize']}"
    query = {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": REDIRECT,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
    }
    try:
        async with httpx.AsyncClient(headers={"Origin": origin}) as http:
            page = await http.get(place, params=query)
            for path, more in (("/sign-in", {"name": "Ada"}), ("/consent", {"decision": "allow"})):
                form = dict(re.findall(r'name="(transaction|token)" value="([^"]+)"', page.text))
                page = await http.post(f"{origin}{path}", data={**form, **more})
                if path == "/sign-in":
                    page = await http.get(f"{origin}{page.headers['location']}")
    finally:
        await server.aclose()
    return page


@pytest.mark.parametrize("name", ["keycloak", "github", "atlassian"])
def test_a_person_signs_in_on_its_pages_whatever_path_the_issuer_has(name: str) -> None:
    page = asyncio.run(signed_in_by_pages(name))
    assert page.status_code == 303
    assert page.headers["location"].startswith(f"{REDIRECT}?code=")


async def documents(name: str) -> tuple[dict[str, Any], dict[str, int]]:
    server = await PracticeServer.start(provider=name)
    origin = "/".join(server.issuer.split("/")[:3])
    places = sorted(imitation(name).places)
    ours = ("/authorize", "/token", "/register", "/.well-known/oauth-authorization-server")
    try:
        async with httpx.AsyncClient() as http:
            answers = [await http.get(f"{origin}{place}") for place in places]
            codes = {path: (await http.get(f"{origin}{path}")).status_code for path in ours}
    finally:
        await server.aclose()
    assert {answer.status_code for answer in answers} == {200}
    first, *rest = [dict(json.loads(answer.text)) for answer in answers]
    assert all(other == first for other in rest)
    assert first["issuer"] == server.issuer
    served = {*imitation(name).paths.values(), *places}
    assert {path for path, code in codes.items() if code != 404} == served & set(ours)
    return first, codes


@pytest.mark.parametrize("name", PROVIDERS)
def test_only_the_providers_own_paths_are_served(name: str) -> None:
    document, _ = asyncio.run(documents(name))
    row = imitation(name)
    assert {urlsplit(document[f"{n}_endpoint"]).path for n in ("authorization", "token")} == {
        row.paths["authorize"],
        row.paths["token"],
    }
    assert ("registration_endpoint" in document) is ("register" in row.paths)
    assert not set(row.without) & set(document)


@pytest.mark.parametrize("fault", ["", "issuer-slash", "no-registration", "dcr-refused", "denied"])
def test_the_practice_server_itself_is_no_provider(fault: str) -> None:
    async def run() -> Finished:
        faults = [fault] if fault else []
        server = await PracticeServer.start(faults=faults, auto_approve=True)
        try:
            return await finished(server.url, *imitated.PLAIN)
        finally:
            await server.aclose()

    done = asyncio.run(run())
    assert {item["provider"] for item in done.document["findings"]} == {None}
    assert recognise(done.session) is None


def test_an_unknown_provider_is_no_server() -> None:
    with pytest.raises(KeyError):
        asyncio.run(documents("nobody"))
