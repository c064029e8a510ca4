"""How the body of an unexpected answer is quoted: in one harmless line, without a credential."""

from __future__ import annotations

import json as jsonlib
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Failure, Field, Kind, Request, Secret, Stage
from mcp_auth_tui.protocol.excerpt import excerpt
from mcp_auth_tui.text.redaction import SECRET_NAMES
from mcp_auth_tui.text.terminal import one_line
from tests.protocol.script import Page, json, made_exchange, raw

HTML = ("content-type", "text/html; charset=utf-8")
PLAIN = ("content-type", "text/plain")
FORM = ("content-type", "application/x-www-form-urlencoded")
JWT = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl"


def said(page: Page) -> str:
    sent = (Field("code", Secret("the-code-of-this-run")),)
    request = Request(Stage.TOKEN, "a request", "POST", "https://a.example/", Kind.TOKEN, form=sent)
    return excerpt(made_exchange(request, page))


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        ("<h1>Invalid redirect_uri</h1>", "a web page, “Invalid redirect_uri”"),
        (
            "<!doctype html><head><title>Error &amp; more</title><style>h1 {}</style></head>"
            "<body><script>if (a < b) {}</script>\n<h1>Error\n code:</h1><p>501</p></body>",
            "a web page, “Error & more: Error code: 501”",
        ),
        ("<title>No</title><h1>No entry</h1>", "a web page, “No entry”"),
        ("<TITLE>\n</TITLE><SCRIPT>x()</SCRIPT><p>1 < 2", "a web page, “1 < 2”"),
        ("<!-- hidden --><p>seen<!-- no end", "a web page, “seen”"),
        ("<script>x", "a web page"),
        ("<title>Only a title</title>", "a web page, “Only a title”"),
    ],
)
def test_of_a_page_its_title_and_its_words_are_quoted(body: str, shown: str) -> None:
    assert said(raw(500, body, HTML)) == shown


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        (raw(500, "boom\n  at line 3", PLAIN), "“boom at line 3”"),
        (raw(500, "no label"), "“no label”"),
        (json(500, {"message": "down"}), '“{ "message": "down" }”'),
        (raw(200, "error=no&a=b", FORM), "“error=no&a=b”"),
        (raw(404, "<html><b>no label, but a page"), "a web page, “no label, but a page”"),
        (
            raw(500, "Failed with code: invalid_request", PLAIN),
            "“Failed with code: invalid_request”",
        ),
        (raw(500, "a" * 300, PLAIN), f"“{'a' * 199}…”"),
        (raw(500, "\x1b[2J\u202e", PLAIN), "“\\x1b[2J\\u{202e}”"),
        (raw(500, b"\x89PNG\r\n\x00\x01"), ""),
        (raw(500, " \n "), ""),
        (Failure("net-connect", "refused"), ""),
    ],
)
def test_of_anything_else_the_beginning_is_quoted(page: Page, shown: str) -> None:
    assert said(page) == shown


@pytest.mark.parametrize(
    "body",
    [
        "no such code: the-code-of-this-run",
        "access_token: s3cr3t-v4lue",
        "password = 'correct horse'".replace(" horse", "-horse"),
        f"your token is {JWT}",
        f"<p>got <b>{JWT}</b></p>",
        "<p>session Zm9vYmFyYmF6cXV4MTIzNDU2Nzg5 ended</p>",
    ],
)
def test_what_may_be_a_credential_is_masked(body: str) -> None:
    shown = said(raw(400, body, HTML if "<" in body else PLAIN))
    assert "chars #" in shown
    for secret in ("the-code-of", "s3cr3t", "correct", JWT[20:34], "Zm9vYmFy"):
        assert secret not in shown


NAME = st.sampled_from(sorted(SECRET_NAMES))
SECRET = st.text("GHJKLQXZ0123456789", min_size=8, max_size=60).map("q7".__add__)


@given(NAME, SECRET, st.sampled_from(["json", "form", "plain", "html", "cut"]))
def test_no_named_credential_is_quoted_in_any_form(name: str, secret: str, form: str) -> None:
    page = {
        "json": json(500, {"a": [{name: secret}]}),
        "form": raw(500, urlencode({"a": "b", name: secret}), FORM),
        "plain": raw(500, f"oops {name}={secret} oops", PLAIN),
        "html": raw(500, f"<p>oops {name}: {secret}</p>", HTML),
        "cut": raw(500, jsonlib.dumps({name: secret, "b": 1})[:-4], PLAIN),
    }[form]
    shown = said(page)
    assert "chars #" in shown
    assert secret not in shown


@given(
    st.binary(max_size=400) | st.text("<>/!-title script&;\"'=\x1b\n", max_size=80).map(str.encode)
)
def test_no_body_makes_more_than_one_short_harmless_line(body: bytes) -> None:
    for kind in (HTML, PLAIN):
        shown = said(raw(500, body, kind))
        assert len(shown) <= 220
        assert shown == one_line(shown, None)
        assert shown.isprintable()


def test_a_hostile_page_takes_no_time() -> None:
    """64 KB are read, in one pass."""
    for part in (b"<script>", b"<title>", b"<!--", b"<", b"</style", b"a1", b"code="):
        said(raw(500, part * 20_000, HTML))
