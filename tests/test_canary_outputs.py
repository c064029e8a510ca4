"""A secret under each of many names in every answer of broken servers, and in what is kept.

Searched for, as in `tests.test_canary`, is what the program makes of a run beside its faces: fixes,
verdicts, watches, lists of what is stored, entries of clients, and our own bugs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from mcp_auth_tui.exports import machine
from mcp_auth_tui.exports.clients import clients
from mcp_auth_tui.exports.install import install, uninstall
from mcp_auth_tui.fixes import has_fix
from mcp_auth_tui.inspect.board import Board
from mcp_auth_tui.inspect.formats import FORMATS, Setting, form
from mcp_auth_tui.inspect.rounds import Rounds
from mcp_auth_tui.inspect.watch import JsonLines, Lines, status
from mcp_auth_tui.model import Exchange, Level, Response, Secret, Session
from mcp_auth_tui.protocol import flow
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.render import bug, stored
from mcp_auth_tui.render.document import document, dumped
from mcp_auth_tui.render.fix import fix_members, fix_text, to_person, to_public
from mcp_auth_tui.render.safe import Safe
from mcp_auth_tui.render.verdict import verdict
from mcp_auth_tui.storage.other_tools import ForeignGrant
from mcp_auth_tui.storage.tokens import TokenStore
from mcp_auth_tui.tui.views import fix as fix_view
from mcp_auth_tui.tui.views import verdict as verdict_view
from mcp_auth_tui.tui.views import watch as watch_view
from tests.findings.case import Run
from tests.findings.site import Site, jwt
from tests.findings.test_cases import FLOWS
from tests.findings.whole import session_of
from tests.protocol.script import Script, played
from tests.storage.test_tokens import CLIENT, SERVER, TOKEN, URL
from tests.test_canary import LOOK, NAMES, canary, leaks, told

_NUMBERS = count()


@dataclass
class Planted:
    """A site that puts secrets into each of its answers: under a name, and as an echo of it."""

    site: Site

    @property
    def url(self) -> str:
        return self.site.url

    @property
    def crossed(self) -> list[Exchange]:
        return self.site.crossed

    def run(self, **settings: Any) -> Script:
        config = Config(**{"url": self.url, **settings})
        return played(flow.run(config, None), self._perform)

    def _perform(self, action: Any) -> Any:
        reply = self.site.perform(action)
        if isinstance(reply, Exchange) and isinstance(reply.result, Response):
            reply = replace(reply, result=_planted(reply.result))
            self.crossed[-1] = reply
        return reply


def _planted(served: Response) -> Response:
    at = next(_NUMBERS) % len(NAMES)
    name, other = NAMES[at], NAMES[(at + 7) % len(NAMES)]
    headers = [*served.headers, (name.lower(), canary(at, "header"))]
    body = served.body
    try:
        members = json.loads(body)
    except ValueError:
        return replace(served, headers=tuple(headers))
    if isinstance(members, dict):
        planted = {name: canary(at, "member"), "echo": canary(at, "member"), "in": [
            {other: canary((at + 7) % len(NAMES), "inner")}, f"{name}={canary(at, 'text')}",
        ]}  # fmt: skip
        body = json.dumps({**members, "vendor": planted}).encode()
    return replace(served, headers=tuple(headers), body=body)


def visited(run: Run) -> Session:
    """Visit a broken site that plants secrets."""
    world: Any = Planted(run.site())
    return session_of(world, **run.settings)


def of_fixes(session: Session) -> Iterator[tuple[str, str]]:
    """Yield how each finding of a run is mended, as it is told to the person and to everybody."""
    doors = {"person": to_person(session.redactor()), "public": to_public(Safe(session))}
    for finding in session.findings:
        if finding.level is Level.OK or not has_fix(finding):
            continue
        for name, door in doors.items():
            text = fix_text(session, finding, door)
            assert text is not None
            copies = (part.copy for part in text.parts)
            yield f"{finding.id} to {name}", "\n".join((*text.lines, *text.paragraph, *copies))
            page = fix_view.fix_page(session, finding, text, LOOK)
            yield f"{finding.id} on the screen", "\n".join(line.plain for line in page)
            yield f"{finding.id} as JSON", dumped({"fix": fix_members(session, finding, door)})


def of_rounds(session: Session) -> Iterator[tuple[str, str]]:
    """Yield how a watch tells of a run that brought its findings, and of one that has none."""
    rounds, board = Rounds(), Board()
    for each in (replace(session, findings=()), session):
        found = rounds.add(each)
        board.add(found)
        yield "status line", status(found)
        yield "state", watch_view.state(found, 5.0).plain
        yield "round in lines", Lines(Setting(), details=True).round(found)
        yield "round as JSON", JsonLines().round(found)
    yield "board", told(watch_view.line(session, entry) for entry in board.open)


def of_faces(session: Session) -> Iterator[tuple[str, str]]:
    yield "verdict", f"{verdict(session)}"
    yield "verdict line", verdict_view.verdict_line(session, LOOK).plain
    yield "json", dumped(document(session))
    for name in FORMATS:
        yield f"inspect {name}", form(name, Setting()).one(session)


def test_no_fix_watch_or_verdict_of_a_broken_server_tells_a_secret_of_its_answers() -> None:
    found: dict[str, list[str]] = {}
    texts = 0
    for number, row in enumerate(FLOWS):
        session = visited(row.broken)
        parts = [*of_fixes(session), *of_rounds(session)]
        parts += of_faces(session) if number % 8 == 0 else []  # all of all takes too long
        for name, text in parts:
            texts += 1
            if hidden := leaks(text):
                found[f"{row.id}: {name}"] = hidden
    assert found == {}
    assert texts > 1500


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> TokenStore:
    store = TokenStore(tmp_path_factory.mktemp("store") / "tokens.json", "file")
    claims = {name: canary(at, "claim") for at, name in enumerate(NAMES)}
    secrets = [Secret(canary(at, "kept")) for at in range(4)]
    token = replace(TOKEN, access=Secret(jwt(**claims)), refresh=secrets[1], id_token=secrets[2])
    endpoint = f"{SERVER.issuer}/revoke?client_secret={canary(5, 'place')}"
    server = replace(SERVER, document={"revocation_endpoint": endpoint})
    store.keep((URL,), server, replace(CLIENT, secret=secrets[3]), token)
    return store


def of_store(store: TokenStore) -> Iterator[tuple[str, str]]:
    """Yield all that ``sessions`` prints."""
    tokens, clients_ = store.tokens(), store.clients()
    yield "list", "\n".join(stored.listing(tokens, clients_))
    yield "list as JSON", dumped(stored.document(tokens, clients_))
    (one,) = tokens
    grant = store.open(one.id)
    assert grant is not None
    yield "show", "\n".join(stored.details(one, grant.token, grant.client))
    answer = {"active": True, **{name: canary(at, "answer") for at, name in enumerate(NAMES)}}
    yield "introspect", "\n".join(stored.introspection(one, answer))
    after = replace(grant.token, access=Secret(canary(6, "new")), refresh=Secret(canary(7, "new")))
    yield "refresh", "\n".join(stored.rotation(grant.token, after, one))
    foreign = ForeignGrant(
        "mcpc", Path("x"), URL, client={"client_id": "c", "client_secret": canary(8, "foreign")},
        access=Secret(canary(9, "foreign")), refresh=Secret(canary(10, "foreign")),
    )  # fmt: skip
    yield "import", "\n".join(stored.foreign(foreign)) + repr(foreign.access)


def test_nothing_that_is_told_of_what_is_stored_holds_a_secret(kept: TokenStore) -> None:
    assert {name: leaks(text) for name, text in of_store(kept) if leaks(text)} == {}


@pytest.mark.parametrize("client", clients().values(), ids=lambda client: client.id)
def test_what_is_shown_of_an_installation_holds_neither_our_token_nor_those_of_others(
    client: Any, tmp_path: Path
) -> None:
    from mcp_auth_tui.exports.clients.entry import Server, entry

    path, token = tmp_path / "config", canary(1, "token")
    others: Mapping[str, Any] = {
        name: {"env": {name: canary(at, "other")}, "name": name, "headers": {
            "Authorization": f"Bearer {canary(at, 'bearer')}"}, "url": URL}
        for at, name in enumerate(NAMES)
    }  # fmt: skip
    servers = [*others.values()] if client.listed else dict(others)
    if client.format != "toml":
        path.write_text(json.dumps({client.inside[0]: servers}, indent=2))
    said: list[str] = []
    for shape in client.forms:
        server = Server("https://new.example/mcp", "new", token if shape == "inline" else "")
        change = install(
            path, client, "new", entry(client, shape, server), secret=server.token, replace=True
        )
        assert change is not None
        said.append(change.diff)
        change.carry_out(said.append)
        gone = uninstall(path, client, "new", "https://new.example/mcp")
        if gone is not None:
            said.append(gone.diff)
    line = f"new: https://new.example/mcp Authorization: Bearer {token} - failed"
    said.append(machine._read(client, line, "new").reason)
    assert leaks("\n".join(said)) == []


def test_a_bug_of_ours_is_told_without_the_secrets_that_are_known_or_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv(bug.DEBUG, "1")
    known = canary(1, "known")
    session = Session(secrets=frozenset({Secret(known)}))
    try:
        raise ValueError(f"cannot use {known} with access_token={canary(2, 'named')}")
    except ValueError as error:
        lines = bug.described(error, session)
        stop = bug.stop(error, session)
    assert any("test_canary_outputs" in line for line in lines)
    assert leaks("\n".join((*lines, stop.seen, stop.message))) == []
