"""How the token endpoint is asked: assertions by key, proofs, errors and clocks (K4, K7, D2)."""

from __future__ import annotations

from email.utils import formatdate
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Failure, Field, Kind, Request, Secret, Stage
from mcp_auth_tui.protocol.actions import Ask, Sign, SignedJwt
from mcp_auth_tui.protocol.tokens.dpop import Dpop
from mcp_auth_tui.protocol.tokens.endpoint import ASSERTION, Endpoint, form_encoded
from mcp_auth_tui.protocol.tokens.remedies import REMEDIES
from tests.protocol.script import (
    AS,
    MCP,
    NO_STORE,
    Page,
    Script,
    client,
    form_of,
    header,
    headers_of,
    json,
    judge,
    made_exchange,
    raw,
    server,
)

TOKEN = f"{AS}/token"
ALGS = "token_endpoint_auth_signing_alg_values_supported"
FORM = (Field("grant_type", "any"),)
GOOD = {"access_token": "at", "token_type": "Bearer", "expires_in": 60}
SIGNED = SignedJwt(Secret("signed-assertion"), "ES256", "thumb")
LOCKED = Failure("passphrase", "the key is encrypted: its passphrase is needed.")


def asking(dpop: Dpop | None = None, listed: Any = ..., **client_: Any) -> Script:
    asker = Endpoint(judge(Stage.TOKEN), server(**{ALGS: listed}), client(**client_), dpop)
    return Script(asker.answer(FORM, "token request", sent="resource: x"))


def by_key(listed: Any = ..., dpop: Dpop | None = None) -> Script:
    return asking(dpop, listed, auth_method="private_key_jwt")


def test_a_client_proves_itself_by_an_assertion_for_the_issuer_alone_K4() -> None:
    """K4: iss = sub = client_id, aud = the issuer and nothing else, a minute at most, a typ."""
    script = by_key(["RS256", "ES256"])
    asked: Sign = script.wants(Sign)
    assert asked == Sign(
        "client",
        {"typ": "client-authentication+jwt"},
        {"iss": "client-1", "sub": "client-1", "aud": AS},
        ("RS256", "ES256"),
        lifetime=60.0,
    )
    script.reply(SIGNED)
    sent = script.sends("POST", TOKEN, json(200, GOOD, NO_STORE))
    assert form_of(sent) == [
        ("grant_type", "any"),
        ("client_id", "client-1"),
        ("client_assertion_type", ASSERTION),
        ("client_assertion", "signed-assertion"),
    ]
    assert header(sent, "Authorization") is None
    assert isinstance(sent.form[-1].value, Secret) if sent.form else False
    assert script.returned()[1] == GOOD


def test_every_request_has_an_assertion_of_its_own_K4() -> None:
    """K4: whoever signs adds a fresh jti, so each request asks for a signature."""
    asker = Endpoint(judge(Stage.TOKEN), server(), client(auth_method="private_key_jwt"))
    for number in (1, 2):
        script = Script(asker.ask(FORM, "token request"))
        script.wants(Sign)
        script.reply(SignedJwt(Secret(f"assertion-{number}"), "ES256", "thumb"))
        sent = script.sends("POST", TOKEN, json(200, GOOD))
        assert dict(form_of(sent))["client_assertion"] == f"assertion-{number}"


def test_a_locked_key_is_asked_for_its_passphrase_K4() -> None:
    script = by_key()
    script.wants(Sign)
    script.reply(LOCKED)
    question = script.wants(Ask).question
    assert (question.id, question.secret, question.default, question.detail) == (
        "passphrase",
        True,
        None,
        LOCKED.message,
    )
    script.reply("correct horse")
    assert script.wants(Sign).passphrase == Secret("correct horse")
    script.reply(SIGNED)
    script.sends("POST", TOKEN, json(200, GOOD, NO_STORE))
    assert script.returned()[1] == GOOD


def test_a_locked_key_and_nobody_to_ask_ends_with_exit_code_three_K4() -> None:
    script = by_key()
    script.wants(Sign)
    script.reply(LOCKED)
    script.wants(Ask)
    script.reply(None)
    assert (script.stopped().id, script.stopped().exit) == ("client-no-person", 3)


def test_a_passphrase_that_is_wrong_three_times_ends_the_run_K4() -> None:
    script = by_key()
    for _ in range(3):
        script.wants(Sign)
        script.reply(LOCKED)
        script.wants(Ask)
        script.reply("wrong")
    assert (script.stopped().id, script.stopped().seen) == (
        "client-key",
        "the passphrase was wrong three times",
    )


def test_a_key_that_cannot_be_read_ends_the_run_before_anything_is_sent_K4() -> None:
    script = by_key()
    script.wants(Sign)
    script.reply(Failure("client-key", "the key is no PEM and no JWK."))
    assert (script.stopped().id, script.stopped().seen, script.stopped().exit) == (
        "client-key",
        "the key is no PEM and no JWK.",
        1,
    )


def test_a_token_request_carries_a_proof_beside_the_assertion_D2() -> None:
    script = by_key(dpop=Dpop(True, ("ES256",)))
    assert script.wants(Sign).key == "client"
    script.reply(SIGNED)
    asked: Sign = script.wants(Sign)
    assert (asked.key, asked.claims) == ("dpop", {"htm": "POST", "htu": TOKEN})
    script.reply(SignedJwt(Secret("proof"), "ES256", "thumb"))
    sent = script.sends("POST", TOKEN, json(200, GOOD, NO_STORE))
    assert [value for name, value in headers_of(sent) if name == "DPoP"] == ["proof"]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"error": "invalid_grant"}, "HTTP 400: invalid_grant"),
        ({"error": "e", "error_description": "why"}, "HTTP 400: e: why"),
        ({"error": "e", "error_uri": "https://x.example/"}, "HTTP 400: e: https://x.example/"),
        ({"error": 7}, 'HTTP 400: “{ "error": 7 }”'),
        ({"message": "no"}, "HTTP 400: “no”"),
    ],
)
def test_an_error_is_told_with_what_was_sent_K7(answer: Any, said: str) -> None:
    script = asking()
    script.sends("POST", TOKEN, json(400, answer))
    named = isinstance(answer.get("error"), str)
    stop = script.stopped()
    assert (stop.id, script.broken) == ("token-error", [] if named else ["token-error-form"])
    assert stop.seen == f"{said} (authentication: none; resource: x)"


IN_FORM = ("content-type", "application/x-www-form-urlencoded; charset=utf-8")
GITHUB = "error=bad_verification_code&error_description=The+code+is+incorrect+or+expired."


@pytest.mark.parametrize("headers", [(IN_FORM,), ()])
@pytest.mark.parametrize(("status", "also"), [(200, ["token-status"]), (400, []), (401, [])])
def test_an_error_in_a_form_is_read_and_its_form_is_told_K7(
    status: int, also: list[str], headers: tuple[tuple[str, str], ...]
) -> None:
    """The body is what is wrong: another label alone would mend nothing."""
    script = asking()
    script.sends("POST", TOKEN, raw(status, GITHUB, *headers))
    stop = script.stopped()
    assert (stop.id, script.broken) == ("token-error", ["token-error-form", *also])
    assert stop.seen == (
        f"HTTP {status}: bad_verification_code: The code is incorrect or expired."
        " (authentication: none; resource: x)"
    )
    form = next(item for item in script.findings if item.id == "token-error-form")
    assert form.seen == f"HTTP {status}, form-encoded"
    assert form.next.startswith('Answer {"error": "…", "error_description": "…"} as JSON')


def test_a_token_in_a_form_is_named_without_showing_it_K5() -> None:
    script = asking()
    script.sends(
        "POST", TOKEN, raw(200, "access_token=gho_16C7e4&token_type=bearer&scope=", IN_FORM)
    )
    stop = script.stopped()
    assert (stop.id, stop.message) == ("token-content-type", "The token answer is form-encoded.")
    assert stop.seen == (
        "HTTP 200; no JSON object (application/x-www-form-urlencoded);"
        " form fields access_token, token_type"
    )
    assert "JSON object" in stop.next


@pytest.mark.parametrize(
    ("page", "seen"),
    [
        (raw(500, ""), "HTTP 500"),
        (raw(502, "upstream is down\nbye"), "HTTP 502: “upstream is down bye”"),
        (
            raw(500, "<title>Oops</title><h1>Oops</h1>", ("content-type", "text/html")),
            "HTTP 500: a web page, “Oops”",
        ),
        (json(500, {"message": "x"}), "HTTP 500: “x”"),
        (json(500, [1]), "HTTP 500: “[ 1 ]”"),
    ],
)
def test_a_server_that_failed_is_sent_to_its_log_with_what_it_said(page: Page, seen: str) -> None:
    script = asking()
    script.sends("POST", TOKEN, page)
    stop = script.stopped()
    assert (stop.id, stop.seen, script.broken) == (
        "token-error",
        f"{seen} (authentication: none; resource: x)",
        [],
    )
    assert stop.message == f"The authorization server failed: HTTP {seen[5:8]}."
    assert stop.next == "Look in the authorization server's log for what failed at that time."


def test_an_answer_that_is_no_object_is_quoted_and_not_blamed_for_its_label_K5() -> None:
    script = asking()
    script.sends("POST", TOKEN, raw(200, "<p>hello", ("content-type", "application/json")))
    stop = script.stopped()
    assert (stop.id, stop.message) == (
        "token-content-type",
        "The token answer is no JSON object.",
    )
    assert stop.seen == "HTTP 200; no JSON object (application/json); a web page, “hello”"


@given(st.text(max_size=60) | st.text("error=access_token&%+ ", max_size=40))
def test_no_body_is_taken_for_a_form_without_the_names_of_one(body: str) -> None:
    request = Request(Stage.TOKEN, "a request", "POST", TOKEN, Kind.TOKEN)
    found = form_encoded(made_exchange(request, raw(200, body)))
    assert not found or {"error", "access_token"} & set(found)


@pytest.mark.parametrize("error", REMEDIES)
def test_each_error_has_its_way_on_K7(error: str) -> None:
    script = asking()
    script.sends("POST", TOKEN, json(400, {"error": error}))
    stop = script.stopped()
    assert (stop.next, stop.meanwhile) == REMEDIES[error]


@pytest.mark.parametrize(
    ("ahead", "said"),
    [
        (3600, "this machine's clock is 3,600 s ahead of the server's"),
        (-90, "this machine's clock is 90 s behind the server's"),
        (59, ""),
        (-59, ""),
    ],
)
def test_a_clock_that_is_off_is_told_with_an_error(ahead: int, said: str) -> None:
    """The Date of the answer against the time here; a minute may be the network's."""
    script = asking()
    # The answer comes half a second after second 1001 (tests/protocol/script.py).
    date = ("date", formatdate(1001 - ahead, usegmt=True))
    script.sends("POST", TOKEN, json(400, {"error": "invalid_client"}, date))
    seen = script.stopped().seen
    assert said in seen
    assert ("clock" in seen) is bool(said)


@pytest.mark.parametrize("date", ["", "yesterday", "Tue, 99 Nov 9999 99:99:99 GMT", "0" * 400])
def test_a_date_that_is_none_says_nothing_about_clocks(date: str) -> None:
    script = asking()
    script.sends("POST", TOKEN, json(400, {"error": "invalid_client"}, ("date", date)))
    assert "clock" not in script.stopped().seen


@pytest.mark.parametrize(
    ("page", "id"),
    [
        (raw(200, "<p>hello"), "token-content-type"),
        (raw(400, "<p>no"), "token-error"),
        (raw(500, ""), "token-error"),
        (json(200, ["access_token"]), "token-content-type"),
        (json(200, {"error": "invalid_grant"}), "token-error"),
        (raw(301, "", ("location", "https://x.example/")), "token-redirect"),
        (raw(308, ""), "token-redirect"),
        (raw(429, "", ("retry-after", "3")), "net-rate-limited"),
        (Failure("net-timeout", "no answer within 10 s"), "net-timeout"),
    ],
)
def test_every_answer_that_is_no_token_ends_the_run_K5(page: Page, id: str) -> None:
    """K5, K6: no redirect is followed and nothing is asked twice."""
    script = asking()
    script.sends("POST", TOKEN, page)
    assert script.stopped().id == id


def test_a_token_type_that_is_not_for_here_is_never_used() -> None:
    """U2: whatever the grant; the rest of the rule is in `test_token`."""
    from mcp_auth_tui.protocol.tokens import response

    asker = Endpoint(judge(Stage.TOKEN), server(), client())
    for kind in ("mac", "N_A", "DPoP", "Bearer,Bearer"):
        script = Script(asker.answer(FORM, "token request"))
        script.sends("POST", TOKEN, json(200, {**GOOD, "token_type": kind}, NO_STORE))
        exchange, answer = script.returned()
        judged = Script(response.read_token(asker, exchange, answer, None, MCP))
        assert (judged.stopped().id, judged.stopped().seen) == ("token-type-unknown", kind)
