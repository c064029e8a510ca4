"""The authorization request (SPEC 2.7) and how its answer is judged (SPEC 2.8)."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Failure, Level, Secret, Stage, Whose
from mcp_auth_tui.model.oauth import Attempt, AuthorizationCode
from mcp_auth_tui.protocol import actions
from mcp_auth_tui.protocol.actions import Callback
from mcp_auth_tui.protocol.authorization import request
from mcp_auth_tui.protocol.authorization.callback import authorize, judge_callback, read
from mcp_auth_tui.protocol.authorization.request import challenge_of, url_of
from mcp_auth_tui.protocol.authorization.scope import Scope, choose_scope
from tests.protocol.script import (
    AS,
    MCP,
    REDIRECT,
    Script,
    attempt,
    client,
    judge,
    only,
    played,
    queries,
    resource,
    server,
    token,
)

AT = Stage.AUTHORIZE
OURS = "state=the-state"


def preparing(octets: bytes, made: Any, scope: Scope, **settings: Any) -> Script:
    """Prepare an attempt, all entropy being these octets and the time 2000."""
    protected = settings.pop("protected", resource())

    def perform(action: Any) -> Any:
        if isinstance(action, actions.Now):
            return 2000.0
        assert isinstance(action, actions.RandomOctets)
        assert action.octets >= 32
        return octets

    at = judge(AT, **settings)
    return played(request.prepare(at, made, client(), protected, scope, 1), perform)


def prepared(octets: bytes = bytes(range(32)), *, endpoint: str = "", **settings: Any) -> Attempt:
    made = server(**({"authorization_endpoint": endpoint} if endpoint else {}))
    result: Attempt = preparing(octets, made, Scope("a b", "test"), **settings).returned()
    return result


def judged(query: str, *, source: str = "listener", pasted: str = "", **changes: Any) -> Script:
    callback = Callback(query, source, pasted, changes.pop("method", "GET"))
    settings, doubted = changes.pop("settings", {}), changes.pop("doubted", "")
    at = judge(AT, **settings)
    return Script(judge_callback(at, attempt(**changes), callback, doubted))


# --- the request ---------------------------------------------------------------------------------


def test_the_request_has_exactly_these_parameters() -> None:
    """Z1, Z3: the whole authorization URL."""
    made = prepared()
    verifier = made.verifier.reveal()
    assert queries(made.url) == {
        "response_type": ["code"],
        "client_id": ["client-1"],
        "redirect_uri": [REDIRECT],
        "state": [made.state.reveal()],
        "code_challenge": [challenge_of(verifier)],
        "code_challenge_method": ["S256"],
        "resource": [MCP],
        "scope": ["a b"],
    }
    assert made.url.startswith(f"{AS}/authorize?response_type=code&client_id=client-1&")


def test_the_challenge_is_that_of_the_example_in_rfc_7636_Z1() -> None:
    """RFC 7636 appendix B."""
    assert (
        challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")
        == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
    )


@given(st.binary(min_size=32, max_size=32))
def test_the_verifier_is_43_unreserved_characters_of_32_octets(octets: bytes) -> None:
    """Z1, Z2: verifier and state carry all the entropy they were given."""
    made = prepared(octets)
    for secret in (made.verifier, made.state):
        assert re.fullmatch(r"[A-Za-z0-9\-._~]{43}", secret.reveal())


def test_a_query_of_the_endpoint_is_kept_Z7() -> None:
    url = prepared(endpoint=f"{AS}/authorize?tenant=a%20b").url
    assert url.startswith(f"{AS}/authorize?tenant=a%20b&response_type=code&")


def test_blanks_in_values_are_percent_encoded() -> None:
    from mcp_auth_tui.model import Field

    assert url_of(f"{AS}/a?", [Field("scope", "a b+c")]) == f"{AS}/a?scope=a%20b%2Bc"


def test_the_resource_can_be_left_out_L4() -> None:
    made = prepared(send_resource=False)
    assert "resource" not in queries(made.url)
    assert made.resource is None


def test_the_resource_is_sent_as_the_metadata_spells_it() -> None:
    """Z3, P7: no slash is added, no case is changed, nothing is decoded."""
    odd = "https://MCP.example:443/%7euser"
    made = preparing(
        bytes(32), server(), Scope(None, ""), protected=resource(identifier=odd)
    ).returned()
    assert made.resource == odd
    assert f"resource={quote(odd, safe='')}" in made.url
    assert "scope=" not in made.url


def test_extra_parameters_replace_ours_and_mark_the_run() -> None:
    params = (("prompt", "login"), ("state", "mine"))
    script = preparing(bytes(32), server(), Scope(None, ""), params=params)
    made = script.returned()
    assert queries(made.url)["prompt"] == ["login"]
    assert queries(made.url)["state"] == ["mine"]
    assert made.state == Secret("mine")
    assert script.broken == ["client-overridden"]


# --- scope ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "challenged", "listed", "before", "chosen"),
    [
        ("t", "c", ("p",), frozenset(), "t"),
        ("", "c", ("p",), frozenset(), None),
        (None, "c d", ("p",), frozenset(), "c d"),
        (None, None, ("p", "q"), frozenset(), "p q"),
        (None, "", ("p", "q"), frozenset(), "p q"),
        (None, None, (), frozenset(), None),
        (None, "c", ("p",), frozenset({"b", "a"}), "a b c"),
        ("t", "c", ("p",), frozenset({"t"}), "c t"),
    ],
)
def test_the_scope_by_its_rules(
    typed: str | None,
    challenged: str | None,
    listed: tuple[str, ...],
    before: frozenset[str],
    chosen: str | None,
) -> None:
    """Z4, C4, S1: typed, challenge, all of the metadata, none; a step-up asks for the union."""
    scope = choose_scope(
        judge(AT, scope=typed), challenged, resource(scopes=listed), server(), before
    )
    assert scope.value == chosen


@pytest.mark.parametrize(
    ("spec", "listed", "chosen"),
    [
        ("2026-07-28", ["offline_access"], "a offline_access"),
        ("2026-07-28", ["a"], "a"),
        ("2026-07-28", None, "a"),
        ("2026-07-28", "offline_access", "a"),
        ("2025-11-25", ["offline_access"], "a"),
    ],
)
def test_offline_access_is_added_only_if_the_server_lists_it_Z5(
    spec: str, listed: Any, chosen: str
) -> None:
    made = choose_scope(
        judge(AT, spec=spec), "a", resource(), server(scopes_supported=listed), frozenset()
    )
    assert made.value == chosen


# --- the answer ----------------------------------------------------------------------------------


def test_a_good_answer_gives_the_code_for_this_attempt() -> None:
    script = judged(f"code=abc%2Fd&{OURS}&iss={quote(AS, safe='')}&unknown=1")
    assert script.returned() == AuthorizationCode(attempt(), Secret("abc/d"))
    assert script.broken == []


@pytest.mark.parametrize(
    "query",
    [
        "code=x",
        "code=x&state=",
        "code=x&state=other",
        f"code=x&{OURS}&state=other",
        f"code=x&{OURS}&{OURS}",
        "error=access_denied&state=other",
        "code=x&state=THE-STATE",
        "code=x&state=the-state%20",
    ],
)
def test_an_answer_without_our_state_is_ignored(query: str) -> None:
    """B3, Z2: the state is looked at first, and a wrong one ends nothing."""
    script = judged(query)
    assert script.returned() is None
    assert script.broken == ["authz-state"]


def test_an_answer_with_no_parameter_may_be_a_fragment_that_was_kept_back() -> None:
    """B3, B7: a browser sends nothing of what stands after a `#`; the wait goes on."""
    script = judged("")
    assert script.returned() is None
    assert script.broken == ["authz-empty"]


def test_an_ignored_answer_shows_names_and_no_values() -> None:
    """B3, B6: what is not ours is neither obeyed nor shown."""
    script = judged("code=secret&state=other&error_description=call+me")
    (finding,) = script.findings
    assert finding.seen == "1 × state, not ours; parameters: code, state, error_description"


def test_the_wait_goes_on_after_a_stray_request_B3() -> None:
    script = Script(authorize(judge(AT), server(), client(), attempt()))
    script.wants(actions.Browse)
    script.reply(attempt())
    for query in ("state=other&code=x", "error=access_denied"):
        script.wants(actions.Await)
        script.reply(Callback(query, "listener"))
        assert script.wants(actions.Answer).page == "ignored"
        script.reply(None)
    script.reply(Callback(f"code=x&{OURS}&iss={AS}", "listener"))
    assert script.returned().code == Secret("x")


def test_the_answer_is_judged_by_the_attempt_as_performed() -> None:
    """Z6: a state that was edited before the browser opened is the one that counts."""
    script = Script(authorize(judge(AT), server(), client(), attempt()))
    script.reply(attempt(state=Secret("edited")))
    script.reply(Callback(f"code=x&state=edited&iss={AS}", "listener"))
    assert script.returned().attempt.state == Secret("edited")


def test_nobody_came_back() -> None:
    script = Script(authorize(judge(AT), server(), client(), attempt()))
    script.reply(attempt())
    script.reply(Failure("authz-timeout", "no answer in 600 s"))
    assert (script.stopped().id, script.stopped().whose) == ("authz-timeout", Whose.NOBODY)


def test_a_wait_that_nobody_can_keep_is_the_choice_of_who_gave_it() -> None:
    script = Script(authorize(judge(AT, wait=5.0), server(), client(), attempt()))
    script.reply(attempt())
    script.reply(Failure("authz-timeout", "no answer in 5 s"))
    stop = script.stopped()
    assert (stop.id, stop.whose) == ("authz-timeout", Whose.CLIENT)
    assert "--wait" in stop.next


IFS = [
    pytest.param(True, AS, None, id="promised, present"),
    pytest.param(True, None, "authz-iss-absent", id="promised, absent"),
    pytest.param(False, AS, None, id="not promised, present"),
    pytest.param(False, None, None, id="neither"),
    *(
        pytest.param(promised, iss, "authz-iss-differs", id=f"{promised} {iss}")
        for promised in (True, False)
        for iss in (
            "",
            "https://evil.example",
            f"{AS}/",
            "https://AS.example",
            f"{AS}:443",
            "HTTPS://as.example",
            "https://as%2Eexample",
            f"{AS} ",
        )
    ),
]


@pytest.mark.parametrize("kind", ["code=c", "error=access_denied&error_description=SECRET"])
@pytest.mark.parametrize(("promised", "iss", "stops"), IFS)
def test_the_table_of_iss(promised: bool, iss: str | None, stops: str | None, kind: str) -> None:
    """B4, B5, B6: compared as it is; after a wrong one no error is shown or obeyed.

    After a missing one it is shown, as not verified, and not obeyed.
    """
    named = "" if iss is None else f"&iss={quote(iss, safe='')}"
    script = judged(f"{kind}&{OURS}{named}", iss_promised=promised)
    if stops is None and kind == "code=c":
        assert script.returned().code == Secret("c")
        return
    stop = script.stopped()
    assert (stop.id, stop.exit) == ((stops, 4) if stops else ("authz-denied", 1))
    if stops == "authz-iss-differs":
        assert "SECRET" not in repr(stop)
        assert "access_denied" not in repr(stop)
    elif stops is not None and kind != "code=c":
        assert stop.seen == "no iss; not verified, it carried error=access_denied: SECRET"


def test_iss_is_form_decoded_before_it_is_compared_B5() -> None:
    assert judged(f"code=c&{OURS}&iss=https%3A%2F%2Fas.example").returned().code == Secret("c")


@pytest.mark.parametrize(
    ("query", "stops"),
    [
        (f"code=a&code=b&{OURS}&iss={AS}", "authz-dup-param"),
        (f"code=a&code=a&{OURS}&iss={AS}", "authz-dup-param"),
        (f"code=a&{OURS}&iss={AS}&iss={AS}", "authz-dup-param"),
        (f"error=a&error=b&{OURS}&iss={AS}", "authz-dup-param"),
        (f"code=a&error=b&{OURS}&iss={AS}", "authz-code-and-error"),
        (f"code=&{OURS}&iss={AS}", "authz-empty"),
        (f"{OURS}&iss={AS}", "authz-empty"),
        (f"access_token=t&{OURS}&iss={AS}", "authz-token-in-url"),
    ],
)
def test_answers_that_break_the_form_are_refused_B7(query: str, stops: str) -> None:
    assert judged(query).stopped().id == stops


def test_unknown_parameters_are_ignored_even_twice_B7() -> None:
    assert judged(f"x=1&x=2&session_state=s&code=c&{OURS}&iss={AS}").returned() is not None


@pytest.mark.parametrize(
    ("error", "id", "told"),
    [
        ("access_denied", "authz-denied", "access_denied: no"),
        ("invalid_target", "authz-resource-refused", f"resource sent: {MCP}"),
        ("invalid_scope", "authz-error", "scope sent: a b"),
        ("server_error", "authz-error", "server_error: no"),
    ],
)
def test_an_error_of_the_server_is_told_with_what_was_sent(error: str, id: str, told: str) -> None:
    stop = judged(f"error={error}&error_description=no&{OURS}&iss={AS}").stopped()
    assert stop.id == id
    assert told in stop.seen


def test_a_refusal_where_no_scope_was_asked_for_says_that() -> None:
    """As oidc-provider answers when there is nothing to grant."""
    query = f"error=access_denied&{OURS}&iss={AS}"
    assert judged(query).stopped().next.startswith("Sign in again and accept")
    stop = judged(query, scope=None).stopped()
    assert stop.seen == "access_denied (no scope was asked for)"
    assert "--scope" in stop.next


def test_a_post_to_the_callback_is_ignored() -> None:
    script = judged(f"code=c&{OURS}&iss={AS}", method="POST")
    assert script.returned() is None
    assert script.broken == ["authz-post"]


# --- pastes --------------------------------------------------------------------------------------

GOOD = urlencode({"code": "a/b+c", "state": "the-state", "iss": AS})


def pasted(text: str, **changes: Any) -> Script:
    return judged(text.partition("?")[2] or text, source="paste", pasted=text, **changes)


@pytest.mark.parametrize(
    "text",
    [
        f"{REDIRECT}?{GOOD}",
        f"  <{REDIRECT}?{GOOD}>\n",
        f'"{REDIRECT}?{GOOD}"',
        f"{REDIRECT}?{GOOD[:20]}\n  {GOOD[20:]}",
        f"http://[::1]:4321/callback?{GOOD}",
        f"localhost:4321/callback?{GOOD}",
        f"{REDIRECT}#{GOOD}",
        f"{REDIRECT}?{GOOD}#ignored",
        f"?{GOOD}",
        GOOD,
        f"code=a%2Fb%2Bc&state=the-state&iss={AS}",
    ],
)
def test_a_paste_in_any_form_goes_through_the_same_checks_B8(text: str) -> None:
    """A whole address (wrapped, quoted, IPv6), or the bare query."""
    assert pasted(text).returned() == AuthorizationCode(attempt(), Secret("a/b+c"))


@pytest.mark.parametrize("form", [f"{REDIRECT}?{{}}", "{}", "http://[::1]:1/callback?{}"])
@pytest.mark.parametrize(
    ("query", "stops"),
    [
        (f"code=c&{OURS}", "authz-iss-absent"),
        (f"code=c&{OURS}&iss=https%3A%2F%2Fevil.example", "authz-iss-differs"),
        (f"code=c&code=d&{OURS}&iss={quote(AS, safe='')}", "authz-dup-param"),
        (f"error=access_denied&{OURS}&iss={quote(AS, safe='')}", "authz-denied"),
    ],
)
def test_a_paste_is_refused_for_the_same_reasons_B8(form: str, query: str, stops: str) -> None:
    assert pasted(form.format(query)).stopped().id == stops


def test_a_paste_with_another_state_is_ignored_B8() -> None:
    script = pasted(f"{REDIRECT}?code=c&state=other&iss={AS}")
    assert script.returned() is None
    assert script.broken == []
    (finding,) = script.slips
    assert finding.id == "authz-state"
    assert "answers another sign-in than the one that is open now" in finding.message
    assert finding.next.startswith("Open the address that is shown now")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f"{AS}/authorize?response_type=code&state=the-state", "is the sign-in address itself"),
        (f"{AS}/login", "is a page of the authorization server"),
        (f" {AS}/\nlogin?next=x", "is a page of the authorization server"),
        ("https://elsewhere.example/login", "is an address that holds no code"),
        ("http://[", "is an address that holds no code"),
        (f"{REDIRECT}", "is an address that holds no code"),
        (f"<html><a href='{REDIRECT}?code=x&state=y'>", "is the source of a page"),
        ("x" * 1_000_000, "has 1,000,000 characters"),
        ("hello", "is neither an address nor a code"),
        ("", "is neither an address nor a code"),
        ("a=b", "is neither an address nor a code"),
    ],
)
def test_rubbish_that_was_pasted_is_told_and_ends_nothing_B8(text: str, told: str) -> None:
    script = pasted(text)
    assert script.returned() is None
    assert script.findings == []
    (finding,) = script.slips
    assert (finding.id, finding.level) == ("authz-paste", Level.WARNING)
    assert told in finding.seen
    assert finding.message.startswith(f"What was pasted {told}")


def test_a_bare_code_is_taken_at_the_second_paste_with_a_warning_B8() -> None:
    """What is in a clipboard may be a password: one paste sends nothing anywhere."""
    first = pasted(" abcdef0123456789 ")
    assert first.returned() is None
    assert first.broken == []
    assert "paste it once more" in only(first.slips).message
    other = pasted("abcdef0123456789", doubted="hunter22")
    assert other.returned() is None
    again = pasted("abcdef0123456789", doubted="abcdef0123456789")
    assert again.returned().code == Secret("abcdef0123456789")
    assert again.broken == ["authz-paste"]


def test_the_wait_remembers_the_last_paste_only_B8() -> None:
    pastes = iter(["hunter22", "abcdef0123456789", "hunter22", "hunter22"])

    def perform(action: Any) -> Any:
        match action:
            case actions.Browse(asked, _):
                return asked
            case actions.Await():
                return Callback("", "paste", next(pastes))
        return None

    script = played(authorize(judge(AT), server(), client(), attempt()), perform)
    assert script.returned().code == Secret("hunter22")
    assert [item.id for item in script.slips] == ["authz-paste"] * 3
    assert script.broken == ["authz-paste"]
    assert next(pastes, None) is None


HOSTILE = st.one_of(
    st.text(max_size=200),
    st.text(alphabet="[]:/?#=&%@ \t\n℀\ud800a1", max_size=60),
    st.builds(
        "{}://{}".format, st.sampled_from(["http", "https", "x"]), st.text("[]℀:@?#=&%a\ud800")
    ),
    st.builds(f"{REDIRECT}?{{}}".format, st.text(max_size=60)),
    st.builds(f"{{}}&{OURS}".format, st.text(max_size=60)),
)


@given(HOSTILE, st.sampled_from(["paste", "listener", "follow"]))
def test_no_paste_and_no_callback_crashes_the_judge_B7(text: str, source: str) -> None:
    """Either a grant, or ignored, or a stop with a finding."""
    script = judged(text, source=source, pasted=text)
    assert script.action is None
    assert script.stop is not None or script.result is None or script.result.code.reveal()


@given(HOSTILE)
def test_a_paste_of_an_address_without_our_state_is_never_a_grant_B8(text: str) -> None:
    assert pasted(text).result is None or "the-state" in text
    callback = Callback("", "paste", text)
    script = pasted(text, doubted=read(callback)[0])
    if script.result is not None and "the-state" not in text:
        # Then it is a bare code, and that was told.
        assert script.broken == ["authz-paste"]
        assert not set(script.result.code.reveal()) & set("=")


def test_fifty_strangers_end_the_wait() -> None:
    def perform(action: Any) -> Any:
        match action:
            case actions.Browse(asked, _):
                return asked
            case actions.Await():
                return Callback("code=x&state=other", "listener")
        return None

    script = played(authorize(judge(AT), server(), client(), attempt()), perform)
    assert script.stopped().id == "authz-state"


def test_a_token_for_tests_is_masked() -> None:
    assert "access-token-1" not in repr(token())
