"""Wire text made harmless, secrets masked, durations and sizes (SPEC 6)."""

from __future__ import annotations

import json
import shlex
import unicodedata
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.exports.curl import quoted
from mcp_auth_tui.text import redaction, units
from mcp_auth_tui.text.redaction import SECRET_NAMES, masked, redact, redact_body
from mcp_auth_tui.text.terminal import harmless, one_line

HOSTILE = "\x1b[31m\x1b]52;c;eA==\x07\x9b2J\u202e\u200b\ue000\ud800\x00\r\x7f\u2028"
FORBIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


def controls(value: str) -> set[str]:
    return {char for char in value if unicodedata.category(char) in FORBIDDEN}


@given(st.text(st.characters()) | st.text(HOSTILE + "ab\n\t"))
def test_no_control_gets_through(value: str) -> None:
    """C0 but newline and tab, DEL, C1, bidi, zero-width, private use, lone surrogates."""
    assert controls(harmless(value)) <= {"\n", "\t"}
    assert controls(one_line(value)) == set()
    assert "\n" not in one_line(value)
    harmless(value).encode()


@given(st.text(st.characters(exclude_categories=["C", "Zl", "Zp"])))
def test_plain_text_is_left_alone(value: str) -> None:
    assert harmless(value) == value


def test_what_was_there_is_shown_as_a_mark() -> None:
    assert harmless("a\x1b[2J\x9b\u202eb\ud800") == "a\\x1b[2J\\x9b\\u{202e}b\\u{d800}"


def test_long_text_is_cut_and_says_so() -> None:
    assert harmless("a" * 1500, 3) == "aaa… (1,500 characters)"
    assert one_line("a\nb\tc") == "a⏎b c"


# --- secrets -------------------------------------------------------------------------------------

SECRET = st.text("GHIJKLMNOPQRSTUVWXYZ-._~", min_size=6, max_size=30)


def test_a_mask_tells_length_and_a_fingerprint_only() -> None:
    assert masked("hunter2") == "‹7 chars #f52fbd›"
    assert masked("\ud800") == masked("\ud800")


@given(st.lists(SECRET, min_size=1, max_size=4), st.lists(st.text(max_size=9), max_size=4))
def test_every_known_secret_is_hidden(secrets: list[str], around: list[str]) -> None:
    """Also one that is part of another."""
    value = "".join(a + b for a, b in zip([*around, "", "", "", ""], secrets, strict=False))
    shown = redact(value, secrets)
    assert not any(secret in shown for secret in secrets)


@pytest.mark.parametrize("secret", ["a/b+c d=e", "half \ud800 of a pair"])
def test_a_known_secret_is_hidden_in_its_encoded_forms_too(secret: str) -> None:
    """Whatever it is made of."""
    for encode in (quote, quote_plus):
        encoded = encode(secret, safe="", errors="replace")
        assert redact(f"x{secret}y{encoded}z", [secret]) == f"x{masked(secret)}y{masked(secret)}z"


VISIBLE = st.text(st.characters(min_codepoint=0x21, max_codepoint=0x7E), min_size=6)


@given(VISIBLE)
def test_a_known_secret_is_hidden_however_it_is_written_into_something(secret: str) -> None:
    """A token may hold quotes: servers say it back, and an export is shown before it is saved."""
    for form in (
        json.dumps({"echo": secret}),
        json.dumps([secret]).replace("/", "\\/"),
        escape(secret),
        escape(secret, quote=False),
        escape(secret).replace("&#x27;", "&#39;"),
        shlex.quote(f"Authorization: Bearer {secret}"),
        quoted(f"Authorization: Bearer {secret}"),
    ):
        assert masked(secret) in redact(form, [secret])


NAME = st.sampled_from(sorted(SECRET_NAMES)).flatmap(
    lambda name: st.sampled_from([name, name.upper(), name.title()])
)


@given(NAME, SECRET, st.sampled_from(["application/json", "", "text/plain"]))
def test_json_members_that_hold_credentials_are_masked(name: str, secret: str, kind: str) -> None:
    for body in (
        {name: secret},
        {"a": [{"b": {name: secret}}]},
        [{name: secret}],
        {name: [secret]},
    ):
        assert secret not in redact_body(json.dumps(body), kind)


@given(NAME, SECRET)
def test_credentials_in_broken_json_are_masked_too(name: str, secret: str) -> None:
    """A body that was cut off, or holds rubbish at its end."""
    whole = json.dumps({"x": 1, name: secret, "z": "…"}, indent=1)
    for body in (whole[:-1], whole + "}", whole.replace("1,", "1,,"), whole[: whole.rindex('"z"')]):
        assert secret not in redact_body(body, "application/json")
    cut = json.dumps({name: secret})[:-3]
    assert secret[:-1] not in redact_body(cut, "application/json")


@given(NAME, SECRET)
def test_credentials_in_an_event_stream_are_masked(name: str, secret: str) -> None:
    body = f"event: message\ndata: {json.dumps({name: secret})}\n\n"
    assert secret not in redact_body(body, "text/event-stream")
    assert redact_body(body, "text/event-stream").startswith("event: message\ndata: ")


@given(NAME, st.text("GHIJé漢+/= ", min_size=6, max_size=20))
def test_credentials_in_forms_queries_and_fragments_are_masked(name: str, secret: str) -> None:
    encoded = quote(secret, safe="", errors="replace")
    pairs = f"a=b&{name}={encoded}&c"
    kind = "application/x-www-form-urlencoded; charset=utf-8"
    shown = (
        redact_body(pairs, kind),
        redaction.redact_query(pairs),
        redaction.redact_url(f"https://h.example/p?{pairs}"),
        redaction.redact_url(f"https://h.example/p#{pairs}"),
    )
    assert not any(f"={encoded}&" in item for item in shown)
    assert all("a=b&" in item and "&c" in item for item in shown)


@pytest.mark.parametrize("kind", ["", "text/plain", "text/html", "application/octet-stream"])
def test_credentials_of_a_form_that_is_not_called_one_are_masked(kind: str) -> None:
    """Servers answer the token in a form without saying so; the transcript goes into reports."""
    body = "access_token=gho_16C7e42F292c69&scope=repo&token_type=bearer"
    told = f"access_token={masked('gho_16C7e42F292c69')}&scope=repo&token_type=bearer"
    assert redact_body(body, kind) == told


@pytest.mark.parametrize("kind", ["application/json", "text/html"])
@pytest.mark.parametrize(
    "form",
    [
        '{"accessToken": "%s"}', '{"data": {"token": "%s"}}', '{"accessToken": "%s"',
        "<pre>access_token: %s</pre>", "{'access_token': '%s'}", "token = %s",
    ],
)  # fmt: skip
def test_a_token_in_a_form_that_is_not_the_standards_is_masked(form: str, kind: str) -> None:
    """The run stops there, and what is sent to the server's owner is its transcript."""
    assert masked("gho_16C7e42F292c69") in redact_body(form % "gho_16C7e42F292c69", kind)
    assert redact_body("Invalid token: expired, state: unknown", kind).endswith("state: unknown")


def test_an_encoded_name_hides_its_value_too() -> None:
    assert "hunter2" not in redaction.redact_query("%63ode=hunter2")
    assert "hunter2" not in redaction.redact_query("client%5Fsecret=hunter2")


def test_what_is_no_credential_is_left_alone() -> None:
    assert redact_body('{"error":{"code":-32000}}', "application/json") == json.dumps(
        {"error": {"code": -32000}}, indent=2
    )
    assert redact_body("hello", "text/plain") == "hello"
    assert redaction.redact_url("https://h.example/p?a=b#c") == "https://h.example/p?a=b#c"
    assert redact("short", ["short"]) == "short"


@given(st.text(max_size=60), st.sampled_from(["json", "x-www-form-urlencoded", "event-stream"]))
def test_redaction_never_raises(body: str, kind: str) -> None:
    redact_body(body, kind)
    redaction.redact_url(body)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.text(max_size=4) | st.sampled_from(["code", "token"]), inner)
    ),
)


@given(JSON, st.integers(0, 80))
def test_the_beginning_of_json_is_that_of_all_of_it(value: Any, limit: int) -> None:
    body = json.dumps([value])
    begun = redact_body(body, "application/json", limit)
    assert begun[:limit] == redact_body(body, "application/json")[:limit]


@given(JSON)
def test_a_copy_that_shares_what_has_no_secret_says_the_same(value: Any) -> None:
    before = json.dumps(value)
    assert redaction.redact_json(value, share=True) == redaction.redact_json(value)
    assert json.dumps(value) == before


def test_of_a_long_list_no_more_is_copied_than_is_shown() -> None:
    many = [{"name": f"tool {number}"} for number in range(60_000)]
    assert len(redaction.redact_json(many, room=1000)) < 100
    assert redaction.redact_json(many, share=True)[-1] is many[-1]


@given(st.dictionaries(st.text(max_size=5), SECRET))
def test_a_form_keeps_its_names(values: dict[str, str]) -> None:
    shown = redaction.redact_query(urlencode(values, errors="replace"))
    assert shown.count("=") == len(values)


# --- reading -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0, "0 ms"), (0.0414, "41 ms"), (1.84, "1.8 s"), (125, "2:05"), (3600, "1:00:00")],
)
def test_durations(seconds: float, shown: str) -> None:
    assert units.duration(seconds) == shown


@pytest.mark.parametrize(
    ("octets", "shown"), [(0, "0 B"), (312, "312 B"), (4100, "4.1 KB"), (2_500_000, "2.5 MB")]
)
def test_sizes(octets: int, shown: str) -> None:
    assert units.size(octets) == shown


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://u:p@h.example:8/x", "h.example:8"),
        ("http://[::1]:4/x", "[::1]:4"),
        ("https://[", "https://["),
        ("nothing", "nothing"),
    ],
)
def test_hosts_for_headlines(url: str, host: str) -> None:
    assert units.host_of(url) == host


@pytest.mark.parametrize(("number", "shown"), [(0, "0 tools"), (1, "1 tool"), (2, "2 tools")])
def test_counts(number: int, shown: Any) -> None:
    assert units.count(number, "tool") == shown


@given(st.floats(-1e20, 1e20) | st.integers(-(10**20), 10**20))
def test_any_moment_and_any_duration_can_be_read(seconds: float) -> None:
    for shown in (units.duration(seconds), units.date(seconds), units.time_of_day(seconds)):
        assert shown.isprintable()


@given(st.text(max_size=80))
def test_what_is_learned_from_a_text_is_a_word_of_it(text: str) -> None:
    for found in redaction.credentials_in(text):
        assert len(found) >= 8
        assert found in text or "\\" in text or "%" in text
