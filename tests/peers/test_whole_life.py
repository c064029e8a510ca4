"""A token's whole life at servers that we did not write: kept, refreshed after its end, and ended.

Each command is a process of its own, as on another day.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from tests.missing import missing

from .conftest import Start
from .mcp_requests import first_answer
from .program import WAIT

if TYPE_CHECKING:
    from .browser import Person

LOOKS, PAUSE = 150, 0.1
SignIn = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Server:
    """Where it is, and how somebody signs in there."""

    url: str
    sign_in: SignIn


@pytest.fixture
def brief_oidc(grants: dict[str, str], person: Person) -> Server:
    """oidc-provider; its pages take any name."""
    return Server(grants["brief"], lambda url: person.sign_in(url) and None)


@pytest.fixture
def brief_django(person: Person, tmp_path: Path) -> Iterator[Server]:
    """django-oauth-toolkit; its page wants a password too."""
    if not find_spec("oauth2_provider"):
        missing("not installed in this environment: django-oauth-toolkit")
    from tests.servers import walk
    from tests.servers.rows import SERVERS
    from tests.servers.run import standing

    (row,) = (row for row in SERVERS if row.name == "django-oauth-toolkit")
    with standing(row, None, tmp_path, "--life", "4") as place:

        def sign_in(url: str) -> None:
            (back,) = parse_qs(urlsplit(url).query)["redirect_uri"]
            person.visit(lambda page: walk.sign_in(page, url, place.visitor, back))

        yield Server(place.url, sign_in)


def _stored(home: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """The one client and the one token that are kept."""
    document = json.loads((home / "DATA" / "mcp-auth-tui" / "tokens.json").read_text())
    (client,), (token,) = document["clients"], document["tokens"]
    return client, token


def _until(true: Callable[[], bool]) -> None:
    """Wait for what the server's own clock brings."""
    for _ in range(LOOKS):
        if true():
            return
        threading.Event().wait(PAUSE)
    raise AssertionError(f"nothing changed in {LOOKS * PAUSE:.0f} s")


@pytest.mark.parametrize("name", ["brief_oidc", "brief_django"])
def test_a_token_is_kept_refreshed_after_its_end_and_ended(
    name: str, request: pytest.FixtureRequest, start: Start, tmp_path: Path
) -> None:
    server: Server = request.getfixturevalue(name)
    url, home = server.url, tmp_path / "home"
    run = start(url, "--plain", "--browser", "none", *WAIT)
    server.sign_in(run.authorization_url())
    first = run.result().header()
    client, token = _stored(home)
    management = {"Authorization": f"Bearer {client['secrets']['registration_token']}"}
    place = client["document"]["registration_client_uri"]
    with httpx.Client(trust_env=False, timeout=10) as http:
        assert http.get(place, headers=management).status_code == 200
        _until(lambda: first_answer(http, url, first) == 401)
        # After its end, with no browser and nobody there.
        again = start("headers", url).result().header()
        assert again != first
        assert first_answer(http, url, again) == 200
        rotated = _stored(home)[1]["secrets"]["refresh"]
        assert rotated != token["secrets"]["refresh"]
        ended = start("sessions", "revoke", "--all").result()
        assert (ended.code, ended.err) == (0, "")
        assert [line.split(": ")[0] for line in ended.out.splitlines()] == ["ended"] * 3
        assert first_answer(http, url, again) == 401
        form = {"grant_type": "refresh_token", "refresh_token": rotated}
        form |= {"client_id": client["client_id"], "resource": url}
        assert http.post(token["server"]["token_endpoint"], data=form).status_code in (400, 401)
        # 401 is how a server says that neither the client nor its token is there (RFC 7592 §2.2).
        assert http.get(place, headers=management).status_code in (401, 403, 404)
    assert start("headers", url).result().code == 3
    assert start("sessions").result().err.endswith("Nothing is stored.\n")
