"""What a person may change about a request, and what becomes of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Field, Kind, Request, Secret, Stage
from mcp_auth_tui.protocol.authorization.request import challenge_of
from mcp_auth_tui.tui.views import request_form
from tests.sentences import assert_sentence
from tests.tui import fakes

FORM = Request(
    Stage.TOKEN,
    "token request",
    "POST",
    f"{fakes.AS}/token",
    Kind.TOKEN,
    headers=(Field("Accept", "application/json", "why", "RFC"),),
    form=(
        Field("grant_type", "authorization_code", "the code is exchanged", "RFC 6749 §4.1.3"),
        Field("code", Secret("the-code"), "from the browser"),
    ),
)
JSON = Request(
    Stage.REGISTER,
    "registration",
    "POST",
    f"{fakes.AS}/register",
    Kind.METADATA,
    json={"client_name": "x", "redirect_uris": [fakes.BACK], "n": 1},
    reasons=(Field("client_name", "x", "so that a person knows it", "RFC 7591"),),
)


def changed(request_: Any, name: str, **changes: Any) -> Any:
    rows = [replace(r, **changes) if r.name == name else r for r in request_form.rows_of(request_)]
    return request_form.applied(request_, request_form.followed(tuple(rows)))


@pytest.mark.parametrize("request_", [FORM, JSON, fakes.ATTEMPT])
def test_what_is_not_changed_stays_the_same(request_: Any) -> None:
    assert request_form.applied(request_, request_form.rows_of(request_)) is request_


def test_a_row_keeps_reason_and_source_and_knows_a_secret() -> None:
    rows = {row.name: row for row in request_form.rows_of(FORM)}
    assert (rows["grant_type"].reason, rows["grant_type"].source) == (
        "the code is exchanged",
        "RFC 6749 §4.1.3",
    )
    assert (rows["code"].secret, rows["code"].value) == (True, "the-code")
    members = {row.name: row for row in request_form.rows_of(JSON)}
    assert members["client_name"].reason == "so that a person knows it"


def test_a_changed_field_is_sent_so_and_says_that_a_person_did_it() -> None:
    made = changed(FORM, "code", value="another")
    assert made.form == (FORM.form[0], Field("code", Secret("another"), request_form.BY_HAND))  # type: ignore[index]
    assert made.headers == FORM.headers


def test_a_field_is_left_out_and_another_one_added() -> None:
    rows = [replace(r, dropped=r.name == "code") for r in request_form.rows_of(FORM)]
    rows.append(request_form.added("form", "audience = https://x.example/"))
    made = request_form.applied(FORM, tuple(rows))
    assert isinstance(made, Request)
    assert made.form == (
        FORM.form[0],  # type: ignore[index]
        Field("audience", "https://x.example/", "added by hand"),
    )


def test_headers_method_and_address_can_be_changed() -> None:
    rows = [*request_form.rows_of(FORM), request_form.added("header", "X-Test: a:b")]
    rows = [replace(r, value="put") if r.name == "method" else r for r in rows]
    rows = [replace(r, value="https://y.example/t") if r.name == "url" else r for r in rows]
    made = request_form.applied(FORM, tuple(rows))
    assert isinstance(made, Request)
    assert (made.method, made.url) == ("PUT", "https://y.example/t")
    assert made.headers[-1] == Field("X-Test", "a:b", "added by hand")


def test_members_of_a_json_body_keep_their_types() -> None:
    made = changed(JSON, "redirect_uris", value='["http://localhost/"]')
    assert made.json == {"client_name": "x", "redirect_uris": ["http://localhost/"], "n": 1}
    assert changed(JSON, "client_name", value="[1]").json["client_name"] == "[1]"
    assert made.reasons == JSON.reasons
    # What it does as edited is not known.
    asking = replace(JSON, idempotent=True)
    assert not changed(asking, "client_name", value="y").idempotent
    rows = (*request_form.rows_of(JSON), request_form.added("member", "tls = true"))
    added = request_form.applied(JSON, rows)
    assert isinstance(added, Request)
    assert added.json is not None
    assert added.json["tls"] is True


def test_what_cannot_be_sent_is_said() -> None:
    row = next(r for r in request_form.rows_of(JSON) if r.name == "n")
    with pytest.raises(ValueError, match="n is not a string: write it as JSON"):
        request_form.valued(row, "{")
    with pytest.raises(ValueError, match="Type a name"):
        request_form.added("form", "nothing")
    for url in ("file:///etc/passwd", "https://", "http://[x"):
        with pytest.raises(ValueError, match="is not an http or https address"):
            changed(FORM, "url", value=url)


def test_the_answer_is_judged_by_the_edited_authorization_request() -> None:
    """Z6."""
    made = changed(fakes.ATTEMPT, "scope", value="files:write")
    assert made.scope == "files:write"
    assert "scope=files%3Awrite" in made.url
    assert changed(fakes.ATTEMPT, "state", value="mine").state == Secret("mine")
    assert changed(fakes.ATTEMPT, "resource", dropped=True).resource is None
    assert "resource=" not in changed(fakes.ATTEMPT, "resource", dropped=True).url


def test_the_challenge_follows_the_method_until_it_is_changed_itself() -> None:
    """Z1; RFC 7636 §4.2."""
    verifier = "v" * 43
    fields = (
        Field("code_challenge", challenge_of(verifier), "PKCE"),
        Field("code_challenge_method", "S256", "PKCE"),
    )
    attempt = replace(fakes.ATTEMPT, fields=fields, verifier=Secret(verifier))
    plain = changed(attempt, "code_challenge_method", value="plain")
    assert [field.raw for field in plain.fields] == [verifier, "plain"]
    none = changed(attempt, "code_challenge_method", dropped=True)
    assert [field.raw for field in none.fields] == [verifier]
    own = changed(attempt, "code_challenge", value="mine")
    assert [field.raw for field in own.fields] == ["mine", "S256"]


def test_a_pushed_request_is_changed_by_what_the_address_carries() -> None:
    """RFC 9126 §4."""
    url = f"{fakes.AS}/authorize?client_id=c&request_uri=urn%3Ax"
    attempt = replace(fakes.ATTEMPT, url=url)
    names = [r.name for r in request_form.rows_of(attempt) if r.part == "parameter"]
    assert names == ["client_id", "request_uri"]
    made = changed(attempt, "client_id", value="d")
    assert made.url == f"{fakes.AS}/authorize?client_id=d&request_uri=urn%3Ax"
    assert made.fields == fakes.ATTEMPT.fields


@pytest.mark.parametrize(
    ("request_", "told"),
    [
        (FORM, "spends the authorization code a second time"),
        (replace(FORM, form=(Field("grant_type", "refresh_token"),)), "RFC 9700"),
        (replace(FORM, form=None, kind=Kind.PAGE), "for one use"),
        (replace(FORM, form=(), headers=(Field("DPoP", "x.y.z"),)), "proof was used"),
        (JSON, ""),
    ],
)
def test_what_a_second_sending_spends_is_said(request_: Request, told: str) -> None:
    found = request_form.spends(request_)
    assert told in found
    assert bool(found) is bool(told)


def test_a_credential_that_would_go_to_another_place_is_warned_of() -> None:
    """DESIGN 5, rule 3."""
    away = replace(FORM, url="https://evil.example/token")
    assert "evil.example" in request_form.strays(FORM, away)
    assert request_form.strays(FORM, replace(FORM, url=f"{fakes.AS}/other")) == ""
    assert request_form.strays(JSON, replace(JSON, url="https://evil.example/")) == ""


@given(st.sampled_from(["header", "form", "member", "parameter"]), st.text(max_size=24))
def test_whatever_is_added_makes_a_request_or_is_told_in_a_sentence(part: str, typed: str) -> None:
    request_: Any = {"form": FORM, "parameter": fakes.ATTEMPT}.get(part, JSON)
    try:
        row = request_form.added(part, typed)
        changed_ = request_form.applied(request_, (*request_form.rows_of(request_), row))
    except ValueError as problem:
        assert_sentence(problem)
        return
    assert changed_ != request_


@given(st.sampled_from([FORM, JSON, fakes.ATTEMPT]), st.integers(0, 20), st.text(max_size=24))
def test_whatever_a_value_is_changed_to_makes_a_request_or_is_told_in_a_sentence(
    request_: Any, at: int, typed: str
) -> None:
    rows = list(request_form.rows_of(request_))
    at %= len(rows)
    try:
        rows[at] = request_form.valued(rows[at], typed)
        made = request_form.applied(request_, request_form.followed(tuple(rows)))
    except ValueError as problem:
        assert_sentence(problem)
        return
    assert (made == request_) or rows[at].changed
