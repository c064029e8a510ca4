"""Every weakness of the practice server is found by its probe, and none where there is none."""

from __future__ import annotations

import pytest

from mcp_auth_tui.demo.faults import WEAKNESSES
from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.model import Level, Outcome
from mcp_auth_tui.protocol.probes import suite

from .runs import failed, practice, probed, probed_by_person, result

# Weaknesses that do not hide one another are probed in one run.
TOGETHER = (
    """
    open-delete unsigned-token token-in-url token-in-form id-token-taken refresh-taken every-tool
    any-origin other-document plain-taken code-reuse code-of-anybody any-redeemer verifier-optional
    any-client bare-errors cut-state repeats-taken token-by-get soft-refusal no-revocation
    any-registration one-port
    """,
    "any-token challenge-optional static-refresh any-redirect",
    "one-spelling any-resource any-verifier wide-refresh",
)
ALSO = {
    "any-resource": {"probe-resource-bad"},
    "any-verifier": {"probe-pkce-missing"},
    "any-token": {
        "probe-alg-none",
        "probe-audience",
        "probe-id-token",
        "probe-refresh-as-access",
        "probe-revoke",
        "probe-scope",
        "probe-session",
    },
}
"""What else a weakness lets pass."""
UNSEEN = {
    "probe-assertion-aud": "its clients prove themselves with secrets alone",
    "probe-cimd": "its documents would have to be served with TLS",
    "probe-dpop": "it binds no tokens",
    "probe-http-port": "it has no TLS",
    "probe-idjag-replay": "it knows no such grant",
}
"""Probes that the practice server cannot show; test_by_hand.py has their servers."""
_WORDS = ("--destructive", "--privileged-tool", "add_note")


def test_there_is_a_weakness_for_each_probe_that_can_be_shown() -> None:
    shown = {weakness.finding for weakness in WEAKNESSES.values()}.union(*ALSO.values())
    assert shown | set(UNSEEN) == set(suite.IDS)
    assert set(suite.IDS) == {id for id in CATALOGUE if id.startswith("probe-")}
    listed = [name for group in TOGETHER for name in group.split()]
    alone = {"framed", "silent-consent", "session-only"}
    assert sorted([*listed, *alone]) == sorted(WEAKNESSES)


async def test_the_practice_server_refuses_all_that_it_should() -> None:
    async with practice(auto_approve=True) as server:
        session = await probed(server.url, *_WORDS)
    assert failed(session) == {}
    assert (session.outcome, session.exit, session.headers) == (Outcome.PROBED, 0, {})
    assert [item.id for item in session.findings if item.id in suite.IDS] == list(suite.IDS)
    undecided = {
        item.id for item in session.findings if item.id in suite.IDS and item.level is Level.INFO
    }
    assert undecided == {*UNSEEN, "probe-authz-headers", "probe-id-token", "probe-session"} | {
        "probe-silent-consent"
    }


@pytest.mark.parametrize("group", TOGETHER)
async def test_each_weakness_is_found_by_its_probe(group: str) -> None:
    names = group.split()
    async with practice(*names, auto_approve=True) as server:
        session = await probed(server.url, *_WORDS)
    expected = {WEAKNESSES[name].finding for name in names}
    allowed = expected.union(*(ALSO.get(name, set()) for name in names))
    found = set(failed(session))
    assert expected <= found <= allowed


async def test_a_session_that_is_enough_is_found_where_there_are_sessions() -> None:
    async with practice("session-only", auto_approve=True) as server:
        session = await probed(server.url, "--spec", "2025-11-25")
    assert set(failed(session)) == {"probe-session"}
    async with practice(auto_approve=True) as server:
        session = await probed(server.url, "--spec", "2025-11-25")
    assert result(session, "probe-session").level is Level.OK


async def test_pages_that_can_be_framed_are_found_where_there_are_pages() -> None:
    async with practice("framed") as server:
        session = await probed_by_person(server.url, "--sign-ins", "0")
    assert set(failed(session)) == {"probe-authz-headers"}


async def test_pages_that_cannot_be_framed_pass() -> None:
    async with practice() as server:
        session = await probed_by_person(server.url, "--sign-ins", "0")
    assert failed(session) == {}
    assert result(session, "probe-authz-headers").level is Level.OK


async def test_a_new_client_that_nobody_was_asked_about_is_found() -> None:
    async with practice("silent-consent") as server:
        session = await probed_by_person(server.url, "--sign-ins", "20")
    assert set(failed(session)) == {"probe-silent-consent"}


async def test_what_was_made_for_the_probes_is_gone_after_them() -> None:
    async with practice(auto_approve=True) as server:
        session = await probed(server.url)
    assert session.remarks == ()
    registered = [
        item
        for item in session.exchanges
        if item.request.url.endswith("/register") and item.status == 201
    ]
    deleted = [item for item in session.exchanges if item.request.method == "DELETE"]
    gone = [item for item in deleted if "/register/" in item.request.url and item.status == 204]
    assert len(gone) == len(registered) >= 4


async def test_nothing_that_ends_a_grant_is_tried_unasked() -> None:
    async with practice(auto_approve=True) as server:
        session = await probed(server.url)
    for id in ("probe-code-replay", "probe-idjag-replay"):
        assert result(session, id).seen == "not tried: it ends a grant (--destructive)"
    assert "not tried (--destructive)" in result(session, "probe-refresh-reuse").seen or (
        result(session, "probe-refresh-reuse").level is Level.OK
    )
    assert not any("once more" in item.request.purpose for item in session.exchanges)


async def test_where_the_sign_in_fails_the_rest_is_probed_and_the_run_ends_as_it_failed() -> None:
    async with practice("denied", "open-delete", auto_approve=True) as server:
        session = await probed(server.url)
    assert session.stop is not None
    assert session.stop.id == "authz-denied"
    assert set(failed(session)) == {"probe-no-token"}
    assert result(session, "probe-query-token").level is Level.OK
    assert result(session, "probe-scheme-case").level is Level.INFO


async def test_an_open_server_is_not_probed() -> None:
    async with practice("open") as server:
        session = await probed(server.url)
    assert session.outcome is Outcome.OPEN
    assert not any(item.id in suite.IDS for item in session.findings)
