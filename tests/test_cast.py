"""The recording in the repository shows a whole run as it is now, and nothing that is secret."""

from __future__ import annotations

import json
import re
import socket
import subprocess
import sys
from dataclasses import dataclass
from difflib import unified_diff
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyte
import pytest

from screenshots import cast

MENDING = "the recording is stale: python -m screenshots.cast"
CONTROLS = re.compile(r"\x1b\[[0-9;?]*[HJhlm]|\x1b\]8;[^;\x1b]*;[^\x1b]*\x1b\\")
"""All that a recording may say to a terminal: places, colours, links, its two screens."""


@dataclass(frozen=True)
class Film:
    """A recording, the address of its sign-in, the access token and all secrets of its run."""

    text: str
    address: str
    access: str
    secrets: frozenset[str]


def film() -> None:
    """Print a recording that is made now, as the members of a `Film`."""
    text, session = cast.recorded()
    assert session.browsed is not None
    assert session.token is not None
    secrets = [secret.reveal() for secret in session.secrets]
    print(json.dumps([text, session.browsed.url, session.token.access.reveal(), secrets]))


@pytest.fixture(scope="module")
def now() -> Film:
    """Made in a process of its own, as by hand: nothing that other tests left behind is in it."""
    words = [sys.executable, "-c", "from tests.test_cast import film; film()"]
    folder = cast.FILE.parent.parent
    done = subprocess.run(words, cwd=folder, check=True, stdout=subprocess.PIPE, text=True)
    text, address, access, secrets = json.loads(done.stdout)
    return Film(text, address, access, frozenset(secrets))


def kept() -> tuple[dict[str, Any], list[list[Any]]]:
    """Return the header and the events of the recording in the repository."""
    header, *events = (json.loads(line) for line in cast.FILE.read_text("utf-8").splitlines())
    return header, events


def chapters() -> dict[str, str]:
    """Return what stands on the terminal at the end of each chapter."""
    screen = pyte.Screen(cast.WIDTH, cast.HEIGHT)
    stream = pyte.Stream(screen)
    shown, name = {}, ""
    for _, code, what in kept()[1]:
        if what == cast.LEAVE:
            break
        if code == "m":
            name = what
        else:
            stream.feed(what)
        shown[name] = "\n".join(screen.display)
    return shown


def test_the_recording_is_what_the_program_shows_now(now: Film) -> None:
    before = cast.FILE.read_text(encoding="utf-8").splitlines()
    changes = list(unified_diff(before, now.text.splitlines(), "kept", "now", n=0, lineterm=""))
    assert changes == [], MENDING + "\n" + "\n".join(change[:400] for change in changes[:8])


def test_the_recording_is_an_asciicast_of_version_2() -> None:
    """docs.asciinema.org/manual/asciicast/v2: header, then [time, code, data] in order of time."""
    header, events = kept()
    assert (header["version"], header["width"], header["height"]) == (2, 80, 24)
    assert header["title"].startswith("mcp-auth-tui: ")
    assert header["env"] == {"SHELL": "/bin/sh", "TERM": "xterm-256color"}
    assert all(len(event) == 3 and isinstance(event[2], str) for event in events)
    assert {code for _, code, _ in events} == {"o", "m"}
    times = [time for time, _, _ in events]
    assert times == sorted(times)
    assert times[0] == 0.0
    assert times[-1] == header["duration"] < 60


def test_a_terminal_that_plays_the_recording_ends_on_the_headers_masked() -> None:
    shown = chapters()
    *_, last = shown.values()
    assert "5 Headers  ✓ done" in last
    assert re.search(r"Authorization: ‹\d+ chars #[0-9a-f]{6}›", last)
    assert "c copy headers" in last.splitlines()[-1]


def test_each_chapter_of_the_recording_shows_what_its_name_says() -> None:
    shown = chapters()
    there = {
        "Metadata: what": "3 GET",
        "Registration": "Makes this program known to the",
        "Browser": "ssh -L 43117:127.0.0.1:43117 you@build-box",
        "Token: the": "5 POST",
        "Headers: the": "7 POST",
        "Token: what": "lifetime",
        "Places": "/.well-known/oauth-protected-resource/mcp",
        "Ladder": "├── POST /token authorization_code",
        "Headers: ready": "practice-notes",
    }
    names = [name for name in shown if name]
    assert len(names) == len(there)
    for name, (start, wanted) in zip(names, there.items(), strict=True):
        assert name.startswith(start)
        assert wanted in shown[name]


def test_the_recording_holds_no_secret_of_its_run(now: Film) -> None:
    """The state is in the address that is shown to be opened, and worth nothing afterwards."""
    (state,) = parse_qs(urlsplit(now.address).query)["state"]
    secrets = now.secrets - {state}
    # Access and refresh token, the header, the code, its verifier, the registration's own token.
    assert len(secrets) == 6
    assert now.access in secrets
    assert [secret[:4] for secret in secrets if secret in now.text] == []


def test_the_recording_says_nothing_of_the_machine_it_was_made_on() -> None:
    text = cast.FILE.read_text(encoding="utf-8")
    for word in (str(Path.home()), str(cast.FILE.parent), socket.gethostname(), "/tmp"):
        assert word not in text


def test_the_recording_tells_a_terminal_nothing_but_text_places_colours_and_links() -> None:
    for _, code, what in kept()[1]:
        left = CONTROLS.sub("", what) if code == "o" else what
        assert [char for char in left if not char.isprintable() and char not in "\r\n"] == []
