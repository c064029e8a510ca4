"""fastmcp, the framework that most servers in Python are made with, without a browser between."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from . import verdicts
from .conftest import Start
from .mcp_requests import first_answer

FOLLOW = ("--plain", "--browser", "follow")


@pytest.mark.parametrize("peer", ["memory", "proxy", "mounted"])
def test_a_run_without_a_person_ends_in_a_header_that_the_server_accepts(
    peer: str, start: Start, fastmcp: dict[str, str]
) -> None:
    header = start(fastmcp[peer], *FOLLOW).result().header()
    # What is mounted is typed without the slash to which its server redirects.
    url = f"{fastmcp[peer]}/" if peer == "mounted" else fastmcp[peer]
    with httpx.Client(trust_env=False, timeout=10) as client:
        assert first_answer(client, url, header) == 200
        assert first_answer(client, url, {}) == 401


@pytest.mark.parametrize("peer", ["memory", "proxy", "mounted"])
def test_all_that_a_run_tells_was_found_to_be_true(
    peer: str, start: Start, fastmcp: dict[str, str]
) -> None:
    document: dict[str, Any] = (
        start(fastmcp[peer], "--json", "--browser", "follow").result().document
    )
    assert document["outcome"] == "ok"
    assert verdicts.unjudged(peer, document["findings"]) == set()
    assert verdicts.of_run(peer) <= verdicts.bad(document["findings"])


def test_a_redirect_by_a_slash_is_told_and_gone_along_with(
    start: Start, fastmcp: dict[str, str]
) -> None:
    typed = fastmcp["mounted"]
    document = start(typed, "--json", "--browser", "follow").result().document
    assert document["url"] == f"{typed}/"
    told = [item for item in document["findings"] if item["id"] == "rs-redirect-slash"]
    assert [(item["level"], item["seen"]) for item in told] == [("info", f"HTTP 307 to {typed}/")]
    assert [item["url"] for item in document["exchanges"]].count(typed) == 1
