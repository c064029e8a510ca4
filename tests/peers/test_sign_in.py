"""The program as a subprocess against every peer, with a real browser at the other end."""

from __future__ import annotations

import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from . import verdicts
from .conftest import HERE, Start
from .mcp_requests import call_tool, first_answer
from .program import WAIT

if TYPE_CHECKING:
    from .browser import Person

BY_HAND = ("--browser", "none", *WAIT)
BY_COMMAND = ("--browser", shlex.join([sys.executable, str(HERE / "browser.py")]), *WAIT)


@dataclass(frozen=True, slots=True)
class Peer:
    """One MCP server, and what is known of it without the program."""

    family: str
    name: str
    url: str
    issuer: str


PEERS = [("sdk", "http"), ("sdk", "sse"), ("sdk", "combined"), ("oidc", "jwt"), ("oidc", "opaque")]


def _peers(*wanted: str) -> pytest.MarkDecorator:
    chosen = [p for p in PEERS if not wanted or p[1] in wanted]
    return pytest.mark.parametrize("peer", chosen, ids=[p[1] for p in chosen], indirect=True)


@pytest.fixture
def peer(request: pytest.FixtureRequest) -> Peer:
    family, name = request.param
    addresses: dict[str, str] = request.getfixturevalue(family)
    return Peer(family, name, addresses[name], addresses["issuer"])


def _assert_accepted(peer: Peer, header: dict[str, str]) -> None:
    with httpx.Client(trust_env=False, timeout=10) as client:
        assert first_answer(client, peer.url, header) == 200
        assert first_answer(client, peer.url, {}) == 401


@_peers()
def test_a_sign_in_ends_in_a_header_that_the_server_accepts(
    peer: Peer, start: Start, person: Person
) -> None:
    program = start(peer.url, "--plain", *BY_HAND)
    landing = person.sign_in(program.authorization_url())
    assert landing.status == 200
    _assert_accepted(peer, program.result().header())


@_peers("http", "jwt")
def test_a_pasted_address_does_what_a_callback_does(
    peer: Peer, start: Start, person: Person
) -> None:
    """The person's browser is on another machine; `iss` of oidc-provider is checked too (B8)."""
    program = start(peer.url, "--plain", *BY_HAND)
    landing = person.sign_in(program.authorization_url(), reach_callback=False)
    program.paste(landing.url)
    _assert_accepted(peer, program.result().header())


@_peers("http", "opaque")
def test_a_browser_command_is_started_with_the_authorization_url(
    peer: Peer, start: Start, person: Person
) -> None:
    program = start(peer.url, "--plain", *BY_COMMAND)
    _assert_accepted(peer, program.result().header())


def _signed_in_document(peer: Peer, start: Start, person: Person, *more: str) -> dict[str, Any]:
    program = start(peer.url, "--json", *BY_HAND, *more)
    assert person.sign_in(program.authorization_url()).status == 200
    result = program.result()
    assert result.code == 0, result.err
    return result.document


@_peers()
def test_the_document_tells_the_outcome_and_blames_only_what_is_wrong(
    peer: Peer, start: Start, person: Person
) -> None:
    document = _signed_in_document(peer, start, person)
    assert (document["outcome"], document["stop"], document["url"]) == ("ok", None, peer.url)
    told = verdicts.bad(document["findings"])
    assert verdicts.unjudged(peer.name, document["findings"]) == set()
    assert verdicts.of_run(peer.name) <= told
    _assert_accepted(peer, document["headers"])


@_peers("http")
def test_a_registration_without_credentials_is_not_blamed_for_caching(
    peer: Peer, start: Start, person: Person
) -> None:
    """The SDK registers `none`, which its metadata do not list; its answer then has no secret."""
    document = _signed_in_document(peer, start, person, "--auth-method", "none")
    errors = [f["id"] for f in document["findings"] if f["level"] == "error"]
    assert errors == ["dcr-method-unlisted"]


@_peers("http", "jwt")
def test_the_revealed_refresh_token_is_good_for_a_new_token(
    peer: Peer, start: Start, person: Person
) -> None:
    program = start(peer.url, "--json", "--reveal", "--auth-method", "none", *BY_HAND)
    asked = program.authorization_url()
    person.sign_in(asked)
    (client_id,) = parse_qs(urlsplit(asked).query)["client_id"]
    form = {
        "grant_type": "refresh_token",
        "refresh_token": program.result().document["token"]["refresh"],
        "client_id": client_id,
        "resource": peer.url,
    }
    answer = httpx.post(f"{peer.issuer}/token", data=form, trust_env=False)
    assert answer.status_code == 200, answer.text
    _assert_accepted(peer, {"Authorization": f"Bearer {answer.json()['access_token']}"})


@pytest.mark.parametrize(
    ("peer", "revision"),
    [
        (("sdk", "http"), "2025-06-18"),
        (("sdk", "http"), "2025-11-25"),
        (("sdk", "http"), "2026-07-28"),
        (("oidc", "jwt"), "2025-11-25"),
        (("oidc", "jwt"), "2026-07-28"),
    ],
    ids=lambda value: value[1] if isinstance(value, tuple) else value,
    indirect=["peer"],
)
def test_a_revision_chosen_by_hand_is_the_one_that_is_spoken(
    peer: Peer, start: Start, person: Person, revision: str
) -> None:
    document = _signed_in_document(peer, start, person, "--spec", revision)
    assert document["revision"] == revision
    _assert_accepted(peer, document["headers"])


def test_a_revision_without_openid_discovery_finds_no_metadata_of_oidc_provider(
    oidc: dict[str, str], start: Start
) -> None:
    """A1: 2025-06-18 knows RFC 8414 only, and oidc-provider leaves that place to its host.

    What it serves behind its own path is told, and not used.
    """
    program = start(oidc["jwt"], "--json", "--spec", "2025-06-18", *BY_HAND)
    result = program.result()
    assert (result.code, result.document["stop"]["id"]) == (1, "as-misplaced")


@_peers("combined")
def test_the_oldest_revision_finds_the_authorization_server_at_the_servers_origin(
    peer: Peer, start: Start, person: Person
) -> None:
    """L1: the base is the origin of the MCP URL, and its RFC 8414 document comes first."""
    document = _signed_in_document(peer, start, person, "--spec", "2025-03-26")
    assert document["revision"] == "2025-03-26"
    _assert_accepted(peer, document["headers"])


@_peers("http", "jwt")
def test_declined_consent_ends_the_run_with_no_header(
    peer: Peer, start: Start, person: Person
) -> None:
    program = start(peer.url, "--json", *BY_HAND)
    person.sign_in(program.authorization_url(), consent=False)
    result = program.result()
    document = result.document
    assert (result.code, document["outcome"], document["stop"]["id"], document["headers"]) == (
        1,
        "failed",
        "authz-denied",
        {},
    )


def test_a_resource_the_authorization_server_does_not_know_is_named(
    oidc: dict[str, str], start: Start, person: Person
) -> None:
    """RFC 8707 section 2: oidc-provider answers `invalid_target` (Z3, K7)."""
    unknown = oidc["jwt"].replace("/mcp", "/unknown")
    program = start(oidc["jwt"], "--json", "--resource", unknown, *BY_HAND)
    person.sign_in(program.authorization_url())
    result = program.result()
    stop = result.document["stop"]
    assert (result.code, stop["id"]) == (1, "authz-resource-refused")
    assert unknown in f"{stop['seen']} {stop['message']}"


@pytest.mark.parametrize(
    ("family", "mine", "other"), [("sdk", "http", "sse"), ("oidc", "jwt", "opaque")]
)
def test_a_server_that_refuses_a_token_for_another_resource_fails_the_run(
    request: pytest.FixtureRequest,
    start: Start,
    person: Person,
    family: str,
    mine: str,
    other: str,
) -> None:
    """U2: both resources have one authorization server, so only the MCP server can refuse."""
    addresses: dict[str, str] = request.getfixturevalue(family)
    program = start(addresses[mine], "--json", "--resource", addresses[other], *BY_HAND)
    person.sign_in(program.authorization_url())
    result = program.result()
    stop = result.document["stop"]
    assert (result.code, stop["id"]) == (1, "rs-fresh-token-refused")
    assert addresses[other] in stop["seen"]


def test_a_tool_that_needs_more_scope_leads_to_a_second_sign_in(
    oidc: dict[str, str], start: Start, person: Person
) -> None:
    """S1: 403 insufficient_scope, the union of scopes, the same call again."""
    program = start(oidc["jwt"], "--plain", "--call", "write_note", *BY_HAND)
    for _ in range(2):
        assert person.sign_in(program.authorization_url()).status == 200
    header = program.result().header()
    with httpx.Client(trust_env=False, timeout=10) as client:
        assert call_tool(client, oidc["jwt"], header, "write_note").status_code == 200
