"""What is read from files that another program, or nobody, wrote: targets of `tests.fuzz`."""

from __future__ import annotations

import json as jsonlib
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from mcp_auth_tui.exports import EXPORTS, rendered
from mcp_auth_tui.model import Session
from mcp_auth_tui.recordings import reader
from mcp_auth_tui.recordings.recorder import recording as recorded
from mcp_auth_tui.render import stored
from mcp_auth_tui.render.document import document, dumped
from mcp_auth_tui.render.plain import Plain
from mcp_auth_tui.settings.arguments.names import REPORTS
from mcp_auth_tui.storage import preferences, recent, token_file, user_config
from mcp_auth_tui.storage.token_file import StoreProblem
from mcp_auth_tui.storage.tokens import TokenStore
from mcp_auth_tui.text.terminal import harmless
from tests.run.test_hostile import plain
from tests.storage.test_tokens import CLIENT, ISSUER, SERVER, TOKEN, URL

_FOLDER = TemporaryDirectory(prefix="fuzz-")


def _written(name: str, octets: bytes) -> Path:
    path = Path(_FOLDER.name) / name
    path.write_bytes(octets)
    path.chmod(0o600)
    return path


def _printed(lines: Iterable[str]) -> str:
    """Return lines as `cli.sessions` prints them."""
    text = "\n".join(map(harmless, lines))
    plain(text.replace("\t", " "), "the list")
    return text


def recording(octets: bytes) -> None:
    """What can be read of a recording can be told, exported, and recorded again as it is."""
    try:
        found = reader.read(_written("run.jsonl", octets))
    except reader.NoRecording as problem:
        plain(str(problem), "the refusal")
        return
    lines: list[str] = []
    teller, session = Plain(lines.append, notes=found.marks), Session()
    for event in found.events:
        session = session.apply(event)
        teller.show(event, session)
    plain("\n".join(lines), "the lines")
    jsonlib.loads(dumped(document(found.session, marks=found.marks)))
    rendered(REPORTS[len(octets) % len(REPORTS)], found.session, lambda _: None).encode()
    text = recorded(found.events, found.session, reveal=True)
    again = reader.read(_written("again.jsonl", text.encode()))
    assert (again.fault, repr(again.session)) == ("", repr(found.session))


def token_store(octets: bytes) -> None:
    """A store can be used whole, or says why not, and then takes a new token all the same."""
    path = _written("tokens.json", octets)
    store = TokenStore(path, "file")
    with suppress(StoreProblem):
        tokens, clients = store.tokens(), store.clients()
        _printed(stored.listing(tokens, clients))
        jsonlib.loads(_printed([dumped(stored.document(tokens, clients))]))
        for entry in token_file.read(str(path))["tokens"]:
            token_file.fresh(entry, 1000.0)
        for one in tokens:
            grant = store.open(one.id)
            assert grant is not None
            _printed(stored.details(one, grant.token, grant.client))
        store.find_client(ISSUER, None, None, "a b")
    kept = store.keep((URL,), SERVER, CLIENT, TOKEN)
    again = store.open(kept.id)
    assert again is not None and again.token == TOKEN
    for beside in path.parent.glob("tokens.json*"):
        beside.unlink()


def state(octets: bytes) -> None:
    """What was kept between runs is read, and harmless, or refused in a sentence."""
    path = _written("state.json", octets)
    try:
        found, notes = recent.read(path)
    except recent.StateProblem as problem:
        plain(str(problem), "the refusal")
        return
    plain("\n".join((found.theme, *found.recent, *notes)), "what was kept")
    assert all(recent.kept_form(url) == url for url in found.recent)
    assert recent.change(path, lambda old: old.used(URL)).recent[0] == URL


def config(octets: bytes) -> None:
    """The config file is read, or refused in a sentence."""
    path = _written("config.toml", octets)
    try:
        found = user_config.read({user_config.VARIABLE: str(path)})
    except user_config.ConfigProblem as problem:
        plain(str(problem), "the refusal")
        return
    _, notes = preferences.read_settings(found.settings, path)
    plain("\n".join((*found.notes, *notes)), "the notes")
    assert all(argv and argv[0].strip() for argv in found.commands.values())


TARGETS: dict[str, Callable[[bytes], None]] = {
    item.__name__: item for item in (recording, token_store, state, config)
}
assert set(REPORTS) <= set(EXPORTS)
