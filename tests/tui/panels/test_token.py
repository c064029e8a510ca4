"""The token card: what was asked beside what came, counted down, checked and refreshed."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from mcp_auth_tui.model import Exchanged, Learned, Level, Secret, Session, Stage, Started
from mcp_auth_tui.model.aside import SignatureCheck
from mcp_auth_tui.protocol.tokens.signatures import ACCESS, IDENTITY
from mcp_auth_tui.tui.actions import LETTERS
from mcp_auth_tui.tui.panels import token as card
from mcp_auth_tui.tui.views.content import LEVEL, Look, stack
from tests.tui import fakes
from tests.tui.conftest import app_of, settled, sign_in

SIZES = [(80, 24), (120, 36), (60, 20)]
IDS = ["80x24", "120x36", "60x20"]
GOOD = (
    SignatureCheck(ACCESS, True, "a key of the key set signed it with ES256.", 7),
    SignatureCheck(IDENTITY, False, "the signature does not fit (1 key of the key set tried).", 7),
)


def told(session: Session, now: float = fakes.NOW + 60, width: int = 76) -> list[str]:
    return stack(card.page(session, Look(width, False, now, letters=LETTERS))).plain.splitlines()


def holding(token: Any, **more: Any) -> Session:
    session = Session(url=fakes.MCP, server=fakes.SERVER, token=token)
    return replace(session, findings=tuple(fakes.judged(token)), **more)


def claiming(claims: Any) -> Session:
    """Return a session with a token that says these claims."""
    return holding(replace(fakes.JWT, access=Secret(fakes.jwt(claims)), claims=claims))


def test_a_session_without_a_token_has_no_card() -> None:
    assert card.page(Session(), Look()) == []
    assert card.documents(Session()) == []


@pytest.mark.parametrize(
    ("passed", "shown"),
    [
        (0.0, "lifetime         ██████████████████████████████ 1:00:00 of 1:00:00"),
        (1800.0, "lifetime         ███████████████░░░░░░░░░░░░░░░ 30:00 of 1:00:00"),
        (3599.0, "lifetime         █░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ 1.0 s of 1:00:00"),
        (3601.0, "lifetime         ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░ expired"),
    ],
)
def test_the_bar_counts_the_lifetime_down(passed: float, shown: str) -> None:
    assert shown in told(holding(fakes.TOKEN), fakes.NOW + 60 + passed)


def test_a_token_without_a_lifetime_says_so() -> None:
    shown = told(holding(replace(fakes.TOKEN, expires_in=None)))
    assert "lifetime         not said: nobody knows when it ends" in shown


def test_an_opaque_token_is_named_as_such_and_nothing_is_claimed_about_its_inside() -> None:
    shown = "\n".join(told(holding(fakes.TOKEN)))
    assert "reading          opaque: only its issuer can read it" in shown
    assert shown.count("· cannot be read: the token is opaque") == 2
    assert "signature" not in shown


def test_asked_and_granted_stand_one_below_the_other_with_a_mark() -> None:
    assert told(holding(fakes.JWT))[6:14] == [
        "scope asked      files:read files:write",
        "  granted        i files:read; not granted: files:write",
        "resource         https://mcp.example.com/mcp",
        "  its aud        ✓ https://mcp.example.com/mcp",
        "issuer           https://auth.example.com",
        "  its iss        ✓ https://auth.example.com",
        "client           c-3f9c21d07a",
        "  its client     · c-3f9c21d07a",
    ]


def test_another_audience_or_issuer_is_marked_as_wrong() -> None:
    """jwt-aud, jwt-iss: the card shows both values."""
    claims = {**fakes.CLAIMS, "aud": ["https://other.example"], "iss": f"{fakes.AS}/"}
    shown = told(claiming(claims))
    assert "  its aud        ✗ https://other.example" in shown
    assert "  its iss        ✗ https://auth.example.com/" in shown
    shown = told(claiming({"sub": "ada"}))
    assert "  its aud        ✗ no aud" in shown
    assert "  its iss        i no iss" in shown  # jwt-claims


def test_an_audience_that_differs_by_a_slash_is_marked_as_its_finding_says() -> None:
    """jwt-aud: prm-resource-slash tells of the slash, so the audience is kept."""
    session = claiming({**fakes.CLAIMS, "aud": f"{fakes.MCP}/"})
    levels = {item.id: item.level for item in session.findings}
    assert levels["jwt-aud"] is Level.OK
    assert f"  its aud        ✓ {fakes.MCP}/" in told(session)


@pytest.mark.parametrize("level", Level)
def test_the_card_has_the_mark_of_the_finding_whatever_the_values_are(level: Level) -> None:
    named = {"its aud": "jwt-aud", "its iss": "jwt-iss", "granted": "token-scope-narrow"}
    found = [fakes.finding(id_, level, "", Stage.TOKEN, 5) for id_ in named.values()]
    shown = told(replace(holding(fakes.JWT), findings=tuple(found)))
    marks = {line[:17].strip(): line[17] for line in shown if line[:17].strip() in named}
    assert marks == dict.fromkeys(named, LEVEL[level][0])


def test_what_was_not_judged_in_this_run_has_no_mark_of_its_own() -> None:
    """A token that is kept from the run before brings no findings along."""
    shown = told(replace(holding(fakes.JWT), findings=()))
    assert shown[7:14:2] == [
        "  granted        · files:read",
        f"  its aud        · {fakes.MCP}",
        f"  its iss        · {fakes.AS}",
        f"  its client     · {fakes.CLIENT.id}",
    ]


def test_the_newest_token_is_marked_by_its_own_findings() -> None:
    first = fakes.finding("jwt-aud", Level.ERROR, "", Stage.TOKEN, 5)
    second = fakes.finding("jwt-aud", Level.OK, "", Stage.TOKEN, 9)
    shown = told(replace(holding(fakes.JWT), findings=(first, second)))
    assert f"  its aud        ✓ {fakes.MCP}" in shown


def test_a_signature_is_called_good_only_after_it_was_checked() -> None:
    before = holding(fakes.JWT)
    assert "signature        · not checked: K fetches the issuer's keys and checks it" in told(
        before
    )
    assert [title for title, _ in card.documents(before)] == [
        "JOSE header (not verified)",
        "Claims (not verified)",
        "ID token: JOSE header",
        "ID token: claims (not verified)",
    ]
    after = replace(before, checked=GOOD)
    assert "signature        ✓ a key of the key set signed it with ES256." in told(after)
    assert any("✗ the signature does not fit" in line for line in told(after))
    assert [title for title, _ in card.documents(after)][1::2] == [
        "Claims (signature verified)",
        "ID token: claims (not verified)",
    ]
    none = replace(before, checked=(SignatureCheck(ACCESS, None, "the key set: HTTP 404", 7),))
    assert "signature        ! not checked: the key set: HTTP 404" in told(none)


def test_a_refresh_shows_what_rotated_by_fingerprints_and_forgets_the_check() -> None:
    """F1, F2."""
    held = replace(holding(fakes.JWT), checked=GOOD)
    started = held.apply(Started(fakes.MCP, fakes.NOW, (("token", held.token),), ()))
    new = replace(fakes.JWT, access=Secret("at-new-1234567890"))
    session = started.apply(Learned("token", new))
    assert session.checked == ()
    shown = told(session)
    at = shown.index("Refreshed")
    assert shown[at + 1].endswith(": rotated")
    assert "→" in shown[at + 1]
    assert shown[at + 2].endswith(": the same as before")
    verified = session.apply(Learned("token", replace(new, verified=True)))
    assert told(verified)[at:] == shown[at:]


def test_the_id_token_stands_apart_and_is_said_to_be_for_this_program() -> None:
    shown = told(holding(fakes.JWT))
    at = shown.index("ID token")
    assert "says who signed in, to this program alone" in "\n".join(shown[at:])
    assert "sub              ada" in shown[at:]
    assert "expires          2026-09-21 15:14:20 UTC" in shown[at:]


def test_no_credential_stands_on_the_card() -> None:
    """SPEC 6."""
    session = holding(fakes.JWT, previous=fakes.TOKEN)
    shown = "\n".join(told(session))
    for secret in (fakes.JWT.access, fakes.JWT.refresh, fakes.JWT.id_token, fakes.TOKEN.access):
        assert secret is not None
        assert secret.reveal() not in shown


async def test_a_key_press_checks_the_signatures_beside_the_run() -> None:
    app = app_of(fakes.readable())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        keys = fakes.exchange(7, Stage.TOKEN, "GET", f"{fakes.AS}/keys", 200, body={"keys": []})
        app.fakes[-1].beside = [Exchanged(keys), Learned("checked", GOOD)]
        await pilot.press("K")
        await settled(pilot, lambda: app.driver.session.checked == GOOD)
        assert app.fakes[-1].asked[-1] == ("aside", "check")
        assert app.main.panel == 3
        detail = str(app.query_one("#detail-text", Static).content.plain)
        assert "✓ a key of the key set signed it with ES256." in " ".join(detail.split())
        assert [item.number for item in app.driver.session.exchanges] == [1, 2, 3, 4, 5, 6, 7]


async def test_an_opaque_token_says_why_there_is_no_signature_to_check() -> None:
    app = app_of(fakes.signed_in())
    async with app.run_test() as pilot:
        await sign_in(pilot)
        await pilot.press("K")
        await settled(pilot)
        assert [note.message for note in app._notifications] == [
            "The token is opaque: only its issuer can read it, and it shows no signature."
        ]


@pytest.mark.parametrize("size", SIZES, ids=IDS)
def test_the_card_of_a_checked_jwt(snap_compare: Any, size: tuple[int, int]) -> None:
    async def shown(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await sign_in(pilot)
        app.driver.clock = lambda: fakes.NOW + 2400
        app.main.now = app.driver.clock()
        app.fakes[-1].beside = [Learned("checked", GOOD)]
        await pilot.press("K")
        await settled(pilot, lambda: app.driver.session.checked == GOOD)

    assert snap_compare(app_of(fakes.readable()), terminal_size=size, run_before=shown)


def test_the_card_of_an_opaque_token(snap_compare: Any) -> None:
    async def shown(pilot: Pilot[Any]) -> None:
        app: Any = pilot.app
        await sign_in(pilot)
        app.driver.clock = lambda: fakes.NOW + 3500
        app.main.now = app.driver.clock()
        await pilot.press("4")
        await settled(pilot, lambda: app.main.panel == 3)

    assert snap_compare(app_of(fakes.signed_in()), terminal_size=(80, 24), run_before=shown)
