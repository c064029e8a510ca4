"""A request as a command or code: each is run for real, and gets the answer that the run got."""

from __future__ import annotations

import asyncio
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.exports.requests import REQUEST_FORMS, httpie, httpx
from mcp_auth_tui.model import Exchange, Field, Request, Secret, Session
from tests import scripted
from tests.runs import finished

BIN = Path(sys.executable).parent
TELLS_STATUS = {
    "curl": lambda text: text.replace("curl ", "curl --silent --include ", 1),
    "httpie": lambda text: text.replace("http ", f"{shlex.quote(str(BIN / 'http'))} -p hb ", 1),
    "httpx": str,
}
EXPECTED = {
    "protected resource metadata": "200",
    "dynamic client registration": "201",
    "server/discover, no token": "401",
    "server/discover, with the token": "200",
    # The code is spent: the server has read every field to be able to say so. It is the last, for a
    # code that comes again ends its token (OAuth 2.1 §4.1.3).
    "token request": "400",
}


@pytest.fixture(scope="module")
def run() -> Iterator[Session]:
    with running(auto_approve=True) as server:
        words = (server.url, "--browser", "follow", "--token-store", "none")
        yield asyncio.run(finished(*words)).session


def filled(text: str, session: Session, exchange: Exchange) -> str:
    """What a person makes of it, who puts the credentials in."""
    assert session.token is not None
    assert session.token.access.reveal() not in text
    for item in (*exchange.request.headers, *(exchange.request.form or ())):
        if isinstance(item.value, Secret):
            text = text.replace(f"<{item.name.lower()}>", item.raw.removeprefix("Bearer "))
    assert "<" not in text.replace("<class", "")
    return text


@pytest.mark.parametrize("name", REQUEST_FORMS)
@pytest.mark.parametrize("purpose", EXPECTED)
def test_it_is_understood_as_it_was_in_the_run(name: str, purpose: str, run: Session) -> None:
    exchange = next(item for item in run.exchanges if item.request.purpose == purpose)
    text = filled(REQUEST_FORMS[name].render(run, exchange.request), run, exchange)
    program = [sys.executable, "-c"] if name == "httpx" else ["bash", "-c"]
    done = subprocess.run(
        [*program, TELLS_STATUS[name](text)],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    first = done.stdout.partition("\n")[0].split()
    assert EXPECTED[purpose] in first[:2], done.stdout + done.stderr
    if purpose == "token request":
        assert "invalid_grant" in done.stdout


def test_fields_that_begin_like_an_item_of_httpie_stay_what_they_are() -> None:
    request = replace(
        scripted.probe().exchange.request,
        headers=(Field("X-A", "@/etc/passwd"), Field("X-B", ""), Field("X-C", "=x")),
        json=None,
        form=(Field("a", "@/etc/passwd"), Field("a", "1 2"), Field("code", Secret("x" * 20))),
    )
    assert httpie(Session(), request) == (
        "http \\\n"
        "  --ignore-stdin \\\n"
        "  --raw 'a=%40%2Fetc%2Fpasswd&a=1+2&code=<code>' \\\n"
        "  POST \\\n"
        "  https://mcp.example.com/mcp \\\n"
        "  'X-A:\\@/etc/passwd' \\\n"
        "  'X-B;' \\\n"
        "  'X-C:\\=x' \\\n"
        "  Content-Type:application/x-www-form-urlencoded\n"
    )
    assert "data={'a': ['@/etc/passwd', '1 2'], 'code': '<code>'}" in httpx(Session(), request)


def test_a_header_that_is_there_twice_is_sent_twice() -> None:
    request: Request = replace(
        scripted.probe().exchange.request, headers=(Field("X-A", "1"), Field("x-a", "2"))
    )
    assert "headers=[('X-A', '1'), ('x-a', '2')]" in httpx(Session(), request)
