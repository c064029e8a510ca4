"""Whole runs against servers that lie: whatever comes, the program ends well (SPEC 6, DESIGN 5)."""

from __future__ import annotations

import json
from typing import Any
from unicodedata import category

import pytest

from mcp_auth_tui.settings.arguments.names import REVISIONS
from tests.hostile import Hostile, hostile
from tests.runs import Finished, finished

# DESIGN 3, without usage (2) and interrupts (130), which no server can bring about.
EXITS = {0, 1, 3, 4, 5}
SPECS = ("auto", "auto", "auto", *REVISIONS)
CALLS: tuple[tuple[str, ...], ...] = (
    (),
    (),
    ("--call", "add_note", "--call-args", '{"text": "x"}'),
)
MORE: tuple[tuple[str, ...], ...] = ((), (), (), ("--refresh",), ("--strict",), ("--dpop", "on"))


async def ran(seed: int) -> tuple[Finished, Hostile]:
    async with hostile(seed) as server:
        pick = server.random
        mode = ("--plain", "--json", "--events")[seed % 3]
        words = (server.url, mode, "--browser", "follow", "--timeout", "0.3")
        words += ("--spec", pick.choice(SPECS), *pick.choice(CALLS), *pick.choice(MORE))
        server.menu.append(" ".join(words[1:]))
        return await finished(*words), server


def judged(run: Finished, server: Hostile) -> None:
    stop = run.session.stop
    assert run.code in EXITS
    if stop is None:
        assert run.code == 0
    else:
        assert (run.code, bool(stop.message), bool(stop.next)) == (stop.exit, True, True)
        assert stop.id != "client-bug", f"{stop.message} {stop.seen}"
    assert "Traceback" not in run.err
    plain(run.err, "stderr")
    plain(run.out, "stdout")
    browsed = run.session.browsed
    said = run.err.replace(browsed.url, "") if browsed else run.err
    documents = without_credentials(run)
    for secret in server.secrets:
        assert secret not in said, f"{secret!r} is on stderr"
        assert secret not in documents, f"{secret!r} is in the JSON"


def plain(text: str, where: str) -> None:
    # A blank of another width is no printable character to Python, and harmless to a terminal.
    odd = {c for c in text if c != "\n" and not c.isprintable() and category(c) != "Zs"}
    assert not odd, f"{odd!r} on {where}"


def without_credentials(run: Finished) -> str:
    """The JSON on stdout without the members that hold them, all of it checked."""
    if run.mode == "plain":
        assert not run.out or (run.out.startswith("Authorization: ") and run.out.count("\n") == 1)
        return ""
    texts = [run.out] if run.mode == "json" else run.out.splitlines()
    documents = [json.loads(text, parse_constant=_refuse) for text in texts]
    assert documents
    for document in documents:
        document.pop("headers", None)
        if document.get("event") == "browsed":
            document.pop("url")
    return json.dumps(documents)


def _refuse(word: str) -> Any:
    raise AssertionError(f"{word} is no JSON")


@pytest.mark.parametrize("seed", range(48))
async def test_a_run_against_a_lying_server_ends_well(seed: int) -> None:
    run, server = await ran(seed)
    try:
        judged(run, server)
    except AssertionError as error:
        error.add_note(f"{server.menu}")
        raise
