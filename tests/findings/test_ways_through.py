"""Where an option leads to a header with the very server that ended a run, the end names it.

Every option that may help is tried with every site of the table that ends a run, in memory.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from mcp_auth_tui.model import Finding, Outcome, Secret, Whose
from mcp_auth_tui.protocol.config import REVISIONS
from tests.findings.case import Case, Run
from tests.findings.site import Site
from tests.findings.test_cases import FLOWS
from tests.protocol.script import AS, MCP, Script

HAND = {
    "authorization_endpoint": f"{AS}/authorize",
    "token_endpoint": f"{AS}/token",
    "registration_endpoint": f"{AS}/register",
}
# Options that get through at a site for a reason that holds nowhere else.
CHANCE = {
    ("rs-stepup-loop", "--scope"): "the site gives in at the second refusal, whatever was asked",
}
Settings = dict[str, Any]


def options(stop: Finding, issuers: tuple[str, ...]) -> Iterator[tuple[str, Settings]]:
    """Yield what a person may type, as the words that name it and the settings that it makes."""
    for revision in REVISIONS:
        yield "--spec", {"spec": revision}
    yield "--force", {"force": True}
    for method in ("none", "client_secret_basic", "client_secret_post"):
        yield "--auth-method", {"auth_method": method}
    yield "--no-resource", {"send_resource": False, "resource": None}
    yield "--resource", {"resource": MCP}
    for scope in ("", "mcp:basic"):
        yield "--scope", {"scope": scope}
    yield "--allow", {"allow": frozenset({stop.id})}
    for issuer in issuers:
        yield "--issuer", {"issuer": issuer}
        # What the issuer's own answers are refused for then is lifted as it says itself.
        yield "--issuer", {"issuer": issuer, "allow": frozenset({"authz-iss-differs"})}
    for name, url in HAND.items():
        yield f"--{name.replace('_', '-')}", {name: url}
    yield "--token-endpoint", HAND
    yield "--token-endpoint", {**HAND, "issuer": AS}
    yield "--register", {"register": True, "client_id": None, "client_metadata_url": None}
    yield "--client-id", {"client_id": "me", "client_secret": Secret("a-secret")}
    for dpop in ("on", "off"):
        yield "--dpop", {"dpop": dpop}
    yield "--call", {"call": "echo"}
    yield "--refresh", {"refresh": False}
    for grant in ("authorization_code", "device_code"):
        yield "--grant", {"grant": grant}


def issuers_of(world: Site) -> tuple[str, ...]:
    """Every issuer that an answer of the site names, and its true one."""
    named: list[Any] = []
    for exchange in world.crossed:
        try:
            document = json.loads(exchange.response.text if exchange.response else "")
        except ValueError:
            continue
        if isinstance(document, dict):
            listed = document.get("authorization_servers")
            named += [document.get("issuer"), *(listed if isinstance(listed, list) else [listed])]
    return tuple(dict.fromkeys([*(item for item in named if isinstance(item, str) and item), AS]))


def visited(row: Case, **changes: Any) -> tuple[Script | None, Site]:
    """Run against the site of a row; None where the site itself was asked what it does not know."""
    assert isinstance(row.broken, Run)
    world = row.broken.site()
    try:
        return world.run(**{**row.broken.settings, **changes}), world
    except (AssertionError, IndexError, KeyError):
        return None, world


def ends() -> list[tuple[Case, Finding, tuple[str, ...]]]:
    """The rows of which the run ends, how it does, and the issuers that the site names."""
    found = []
    for row in FLOWS:
        script, world = visited(row)
        if script is not None and script.stop is not None:
            found.append((row, script.stop, issuers_of(world)))
    return found


ENDS = ends()


@pytest.mark.parametrize(("row", "stop", "issuers"), ENDS, ids=[row.id for row, _, _ in ENDS])
def test_an_end_names_an_option_that_gets_through(
    row: Case, stop: Finding, issuers: tuple[str, ...]
) -> None:
    assert isinstance(row.broken, Run)
    given = row.broken.settings
    through = set()
    for words, settings in options(stop, issuers):
        if all(given.get(name) == value for name, value in settings.items()):
            continue
        if words == "--refresh" and not given.get("refresh"):
            continue
        script, _ = visited(row, **settings)
        if script is not None and script.stop is None and script.result is Outcome.OK:
            through.add(words)
    through -= {words for id, words in CHANCE if id == row.id}
    # What a person does with an own server's finding is its next step; `meanwhile` is for others.
    served = stop.whose in (Whose.SERVER, Whose.ISSUER)
    told = (stop.meanwhile if served else "") or stop.next
    named = [words for words in through if re.search(rf"{words}(?![\w-])", told)]
    assert named or not through, f"{sorted(through)} would do; told is: {told}"


def test_the_table_is_not_empty_and_no_chance_is_left_over() -> None:
    assert len(ENDS) > 60
    assert {id for id, _ in CHANCE} <= {row.id for row, _, _ in ENDS}
