"""The JSON that scripts read."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui import findings
from mcp_auth_tui.model import (
    Browsed,
    Ended,
    Event,
    Learned,
    Ready,
    Request,
    Secret,
    Session,
    Slip,
    Stage,
)
from mcp_auth_tui.render import document as report
from tests.scripted import (
    ERROR,
    START,
    URL,
    Secrets,
    folded,
    refused,
    run,
    token_request,
)

MEMBERS = [
    "schema",
    "program",
    "url",
    "revision",
    "outcome",
    "exit",
    "verdict",
    "stage",
    "stop",
    "marks",
    "stages",
    "findings",
    "tried",
    "resource",
    "authorization_server",
    "client",
    "signatures",
    "authorization",
    "server",
    "exchanges",
    "timings",
    "headers",
    "token",
]
SECRET = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._~+/-", min_size=16, max_size=48)


def secrets(draw: st.DrawFn) -> Secrets:
    return Secrets(*(f"{number}Q{draw(SECRET)}" for number in range(6)))


ANY_SECRETS = st.composite(secrets)()


def lines(events: list[Event]) -> list[str]:
    session, made = Session(), []
    for event in events:
        session = session.apply(event)
        made.append(report.dumped(report.event(event, session)))
    return made


def test_the_document_has_every_promised_member() -> None:
    document = json.loads(report.dumped(report.document(folded(run()))))
    assert list(document) == MEMBERS
    assert document["schema"] == "mcp-auth-tui/1"
    assert document["url"] == URL
    assert (document["outcome"], document["exit"], document["stage"]) == ("ok", 0, "verify")
    assert document["stop"] is None
    assert document["headers"] == {"Authorization": f"Bearer {Secrets().access}"}
    assert document["revision"] == "2026-07-28"
    assert document["server"] == {
        "era": "stateless",
        "revision": "2026-07-28",
        "name": "practice",
        "version": "1.2.3",
        "tools": ["echo", "add"],
        "instructions": "",
        "called": "",
    }
    assert document["timings"] == {
        "started": START,
        "ended": START + 10,
        "seconds": 10.0,
        "network": 0.164,
    }


def test_a_run_that_was_stopped_tells_the_finding_and_where() -> None:
    document = report.document(folded(refused()), marks=("lifted",))
    finding = {
        "id": "as-issuer-mismatch",
        "level": "fatal",
        "message": "The issuer differs.",
        "seen": "https://evil.example",
        "expected": "https://auth.example.com",
        "whose": "authorization server",
        "source": "RFC 8414 §3.3",
        "next": "Publish the issuer as it is named.",
        "meanwhile": "Report it.",
        "stage": "server",
        "exchange": 2,
        "pointer": "/issuer",
        "revision": "2025-11-25",
        "provider": None,
        "fix": {
            "why": "The answer that it is about is not part of this run.",
            "changes": [],
            "blanks": [],
            "notes": [],
        },
    }
    assert document["stop"] == finding
    assert document["findings"] == [finding]
    assert (document["outcome"], document["exit"], document["stage"]) == ("refused", 4, "server")
    assert (document["headers"], document["token"]) == ({}, None)
    assert document["marks"] == ["lifted"]


def test_a_session_without_any_event_is_a_document_too() -> None:
    document = report.document(Session())
    assert list(document) == MEMBERS
    assert (document["outcome"], document["stage"], document["headers"]) == (None, None, {})


@given(ANY_SECRETS)
def test_no_secret_stands_outside_headers(known: Secrets) -> None:
    """SPEC 6: secrets in logs and reports; DESIGN 3: they are in headers alone."""
    session = folded(run(known))
    document = report.document(session)
    assert document.pop("headers") == {"Authorization": f"Bearer {known.access}"}
    written = report.dumped(document)
    assert [secret for secret in known.all if secret in written] == []


@given(ANY_SECRETS)
def test_reveal_shows_the_tokens_and_nothing_more(known: Secrets) -> None:
    document = report.document(folded(run(known)), reveal=True)
    token = document.pop("token")
    assert (token.pop("access"), token.pop("refresh")) == (known.access, known.refresh)
    del document["headers"]
    written = report.dumped({**document, "rest": token})
    assert [secret for secret in known.all if secret in written] == []


@given(ANY_SECRETS)
def test_no_event_line_holds_a_secret_but_the_last_and_the_url_to_open(known: Secrets) -> None:
    events = run(known)
    for event, line in zip(events, lines(events), strict=True):
        found = [secret for secret in known.all if secret in line]
        if isinstance(event, Ended):
            assert found == [known.access]
        elif isinstance(event, Browsed):
            assert found == [known.state]
        else:
            assert found == []


def test_a_wrong_paste_is_an_event_and_no_finding() -> None:
    wrong = findings.finding("authz-paste", Stage.AUTHORIZE, seen="no code")
    session = folded([*run()[:-1], Slip(wrong)])
    assert session.slip == wrong
    assert "authz-paste" not in [item["id"] for item in report.document(session)["findings"]]
    line = report.event(Slip(wrong), session)
    assert (line["event"], line["id"], line["next"]) == ("slip", "authz-paste", wrong.next)


def test_every_event_is_one_line_with_its_schema_and_name() -> None:
    made = [json.loads(line) for line in lines(run())]
    assert {line["schema"] for line in made} == {"mcp-auth-tui/1"}
    assert [line["event"] for line in made] == [type(event).__name__.lower() for event in run()]
    assert made[-1]["headers"] == {"Authorization": f"Bearer {Secrets().access}"}
    assert made[-1]["exit"] == 0


def test_a_refused_run_ends_without_headers() -> None:
    ended = json.loads(lines(refused())[-1])
    assert (ended["headers"], ended["exit"], ended["stop"]["id"]) == ({}, 4, ERROR.id)


def test_a_request_that_waits_for_its_step_is_masked() -> None:
    request = token_request(Secrets()).exchange.request
    event = Ready(request)
    made = report.event(event, Session().apply(event))
    assert (made["action"], made["method"], made["url"]) == ("send", "POST", request.url)
    assert [name for name, _ in made["request"]["form"]] == [
        "grant_type",
        "code",
        "code_verifier",
        "client_secret",
    ]
    assert not any(secret in report.dumped(made) for secret in Secrets().all)


def test_no_control_character_leaves_as_itself() -> None:
    """SPEC 6: terminal escape injection, headless output too."""
    hostile = "\x1b]52;c;eA==\x07\x7f\x9b31m\u202e\ud800 [/x]"
    finding = replace(ERROR, seen=hostile, message=hostile)
    written = report.dumped(report.document(folded([*run(), finding])), indent=2)
    assert written.isascii()
    assert {char for char in written if not char.isprintable()} == {"\n"}
    assert json.loads(written)["findings"][-1]["seen"] == hostile


def test_a_number_that_json_lacks_becomes_text() -> None:
    assert report.document(folded(run()))["token"]["claims"]["odd"] == "nan"


def test_a_long_body_is_cut_and_says_so() -> None:
    happened = token_request(Secrets())
    result = replace(happened.exchange.result, body=b"x" * 50_000, headers=())
    long = replace(happened, exchange=replace(happened.exchange, result=result))
    response = report.event(long, Session().apply(long))["response"]
    assert (len(response["body"]), response["octets"]) == (report.BODY_LIMIT, 50_000)
    assert response["truncated"] is True


def test_json_members_named_like_credentials_are_masked_before_they_are_known() -> None:
    request = Request(
        **{
            **{
                name: getattr(token_request(Secrets()).exchange.request, name)
                for name in ("stage", "purpose", "method", "url", "kind")
            },
            "json": {"client_secret": "never-seen-before", "kept": "yes"},
        }
    )
    event = Ready(request)
    made = report.event(event, Session())
    assert made["request"]["json"]["kept"] == "yes"
    assert "never-seen-before" not in report.dumped(made)


def test_a_learned_token_is_masked() -> None:
    token = folded(run()).token
    event = Learned("token", token)
    made = report.event(event, Session().apply(event))
    assert made["value"]["access"] == str(Secret(Secrets().access))
