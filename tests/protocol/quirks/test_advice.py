"""Pins what a finding is told to be at a known provider, and which options are named for it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.findings import CATALOGUE, finding
from mcp_auth_tui.model import Finding, Level, Session, Stage
from mcp_auth_tui.model.http import Field, Secret
from mcp_auth_tui.model.oauth import Attempt, AuthorizationServer, Resource
from mcp_auth_tui.protocol import actions
from mcp_auth_tui.protocol.quirks import FINDINGS, known_way
from mcp_auth_tui.protocol.quirks.advice import KnownWay, OptionWord
from mcp_auth_tui.protocol.quirks.table import providers
from mcp_auth_tui.protocol.registration.client import register
from mcp_auth_tui.settings.arguments import commands
from mcp_auth_tui.settings.options import from_arguments
from tests.protocol.script import REDIRECT, client, judge, metadata_at, server

MCP = "https://mcp.example/mcp"
AUTH0 = "https://tenant.auth0.com/"
REFUSED = finding("rs-fresh-token-refused", Stage.VERIFY, seen="HTTP 401")


def session(issuer: str = AUTH0, resource: str = MCP, **changes: Any) -> Session:
    members = {
        "url": MCP,
        "resource": Resource(resource, f"{MCP}/prm", issuers=(issuer,)),
        "server": AuthorizationServer(issuer, f"{MCP}/doc", document=metadata_at(issuer)),
        **changes,
    }
    return Session(**members)


def attempt(*fields: Field) -> Attempt:
    secret = Secret("secret-secret")
    return Attempt(
        1, MCP, AUTH0, MCP, MCP, "client-1", MCP, secret, secret, None, None, False, fields
    )


def way(found: Session, told: Finding) -> KnownWay:
    known = known_way(found, told)
    assert known is not None
    return known


def test_a_finding_is_told_to_be_the_providers_known_way() -> None:
    assert way(session(), REFUSED) == KnownWay(
        provider="auth0",
        name="Auth0",
        reason="the host of the issuer ends in .auth0.com",
        means="Without an audience it issues a token for itself that nobody else can read (opaque,"
        " or encrypted in five parts). It takes resource in its place only with the resource"
        " parameter compatibility profile.",
        options=(OptionWord("--param", f"audience={MCP}"),),
        console="",
        source="modelcontextprotocol/inspector#566; microsoft/vscode#274226",
    )


def test_it_is_told_with_its_guess_first_and_the_command_to_run_again_with() -> None:
    labels = dict(way(session(), REFUSED).details)
    assert labels["looks like"] == "Auth0: the host of the issuer ends in .auth0.com"
    assert labels["way through"] == f"Run it with --param audience={MCP}"


def test_where_a_client_has_to_be_made_the_place_is_told() -> None:
    told = way(session(), finding("as-no-registration", Stage.SERVER))
    assert told.options[0] == OptionWord("--client-id", "ID", "ID")
    assert told.through == (
        "Make a client at manage.auth0.com: Applications, Create Application, Native."
        f" Run it with --client-id ID --param audience={MCP}"
    )


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (session("https://as.example"), REFUSED),
        (session(), finding("net-timeout", Stage.SERVER)),
        (session(), replace(REFUSED, level=Level.OK)),
        (session(), finding("authz-error", Stage.AUTHORIZE, seen="access_denied: no")),
    ],
    ids=["an unknown server", "another finding", "a rule that was kept", "other words"],
)
def test_what_is_not_known_is_not_told(found: Session, told: Finding) -> None:
    assert known_way(found, told) is None


def test_what_the_run_was_made_with_is_not_advised_again() -> None:
    typed = Field("audience", MCP, "as asked by --param")
    assert way(session(attempt=attempt(typed)), REFUSED).options == ()
    other = Field("audience", "urn:other", "as asked by --param")
    assert way(session(attempt=attempt(other)), REFUSED).through != ""
    entra = session(
        "https://login.microsoftonline.com/x/v2.0",
        client=client(how="pre-registered"),
        lifted=(
            "the refusal as-pkce-absent is lifted (--allow)",
            "the resource parameter is left out (--no-resource)",
        ),
    )
    told = way(entra, finding("as-no-registration", Stage.SERVER))
    assert told.options == (OptionWord("--scope", f"{MCP}/.default offline_access"),)
    assert told.console == ""


def test_the_marks_of_a_run_are_understood_as_the_options_that_it_was_made_with() -> None:
    words = ("--no-resource", "--allow", "as-pkce-absent", "--issuer", AUTH0, "--id-token")
    marks = from_arguments(commands.flow().parse_args([MCP, *words]), {}).marks
    entra = session("https://login.microsoftonline.com/x/v2.0", lifted=marks)
    told = way(entra, finding("as-no-registration", Stage.SERVER))
    assert [option.flag for option in told.options] == ["--client-id", "--scope"]
    slash = finding("as-issuer-slash", Stage.SERVER, seen=AUTH0, expected=AUTH0.rstrip("/"))
    assert way(session(), slash).command == f"--issuer {AUTH0}"
    assert way(session(lifted=marks), slash).options == ()
    cognito = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_AbCdEfGhI"
    assert way(session(cognito, lifted=marks), REFUSED).command == "--scope openid"


@pytest.mark.parametrize(
    ("seen", "expected", "known"),
    [
        ("https://auth.atlassian.com", "https://auth.atlassian.com/x", True),
        ("https://cf.mcp.atlassian.com", "https://mcp.atlassian.com/", True),
        ("https://bank.example", "https://auth.atlassian.com/x", False),
        ("https://auth.atlassian.com", "https://evil.example/x", False),
        ("javascript:alert(1)", "https://auth.atlassian.com/x", False),
        ("", "", False),
    ],
)
def test_an_issuer_elsewhere_is_never_the_known_way_of_a_provider(
    seen: str, expected: str, known: bool
) -> None:
    """Else a server that looks like one would have a person lift the guard against mix-up."""
    told = finding("as-issuer-mismatch", Stage.SERVER, seen=seen, expected=expected)
    found = known_way(session("https://auth.atlassian.com/x"), told)
    assert (found is not None) is known
    assert found is None or found.command == "--allow as-issuer-mismatch"


HOSTILE = [
    'urn:x"; rm -rf ~; "',
    "https://x.example/$(id)",
    "https://x.example/`id`",
    "https://x.example/'&calc&'",
    "https://x.example/\n--allow\nnet-downgrade",
    "https://x.example/ --allow as-pkce-absent",
    "--allow",
    "https://x.example/%PATH%",
    "https://x.example/!!",
    "https://x.example/" + "a" * 500,
    "",
]


@pytest.mark.parametrize("resource", HOSTILE)
def test_a_hostile_resource_never_gets_into_a_command_to_copy(resource: str) -> None:
    told = way(session(resource=resource), REFUSED)
    assert told.options == (OptionWord("--param", "audience=RESOURCE", "RESOURCE"),)
    assert told.command == "--param audience=RESOURCE"


@given(st.text(max_size=80), st.text(max_size=80))
def test_a_command_is_read_by_a_shell_as_the_words_that_it_is(resource: str, issuer: str) -> None:
    slash = finding("as-issuer-slash", Stage.SERVER, seen=issuer, expected=AUTH0)
    for told in (REFUSED, slash):
        if known := known_way(session(resource=resource), told):
            words = [word for option in known.options for word in option.words]
            assert shlex.split(known.command) == words
            assert not set(known.command) & set("$`\\;|&<>(){}!%\n'")


def test_every_way_of_the_table_names_findings_and_options_that_there_are() -> None:
    parser = commands.flow()
    actions = {flag: action for _, action in parser.options() for flag in action.option_strings}
    for row in providers().values():
        assert row.source and row.ways, row.id
        for item in row.ways:
            assert item.findings <= CATALOGUE.keys(), row.id
            assert item.means.endswith((".", ")")) and item.source, row.id
            parser.parse_args(["https://mcp.example", *item.take])
            for word in item.take:
                assert not word.startswith("--") or word in actions, (row.id, word)
            refused = [b for a, b in zip(item.take, item.take[1:], strict=False) if a == "--allow"]
            assert set(refused) <= CATALOGUE.keys(), row.id
        if any("--client-id" in item.take for item in row.ways):
            assert row.console, row.id


def test_only_the_findings_that_the_table_speaks_of_have_it_read() -> None:
    spoken_of = {id for row in providers().values() for way in row.ways for id in way.findings}
    assert spoken_of == FINDINGS


def test_the_guard_against_mix_up_is_lifted_only_between_hosts_of_one_provider() -> None:
    for row in providers().values():
        for item in row.ways:
            if "as-issuer-mismatch" in item.take or "NAMED" in item.take:
                assert item.here, row.id


def test_who_is_asked_for_a_client_is_told_where_the_provider_makes_one() -> None:
    closed = server(AUTH0, registration_endpoint=...)
    asked = next(register(judge(Stage.REGISTER), closed, REDIRECT))
    assert isinstance(asked, actions.Ask)
    assert asked.question.detail.endswith(
        "It looks like Auth0 (the host of the issuer ends in .auth0.com): Make a client"
        " at manage.auth0.com: Applications, Create Application, Native."
    )
