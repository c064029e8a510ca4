"""What reads octets that others wrote, each with what must hold of it whatever they are.

A target is a function of octets that raises where a promise is broken. Knows no fuzzer: the tests
play what was kept in ``corpus``, `tests.fuzz.run` makes new octets for as long as it is told.
"""

from __future__ import annotations

import asyncio
import atexit
import json as jsonlib
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from mcp_auth_tui.exports.config import EditProblem, EntryPlace, format_of
from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.inspect.formats import FORMATS
from mcp_auth_tui.loopback.connection import Connection, Incoming, Limits, Reply
from mcp_auth_tui.model import Response, Secret
from mcp_auth_tui.model.redactor import Redactor
from mcp_auth_tui.protocol import challenge, urls
from mcp_auth_tui.protocol.actions import Ask, Callback
from mcp_auth_tui.protocol.authorization.callback import read as read_callback
from mcp_auth_tui.protocol.mcp.event_stream import EventStreamParser
from mcp_auth_tui.render.document import document, dumped
from tests.exports.config.test_round_trip import ENTRY, LISTED
from tests.findings.site import OAUTH, Site, at, site, with_token
from tests.findings.whole import assert_well_formed, session_of
from tests.fuzz import event_stream, files
from tests.protocol.authorization.test_request import judged
from tests.protocol.discovery.test_resource import discovering as discovering_resource
from tests.protocol.discovery.test_server import discovering as discovering_server
from tests.protocol.script import AS, NO_STORE, NOT_FOUND, PRM, Page, made_exchange

Target = Callable[[bytes], None]
TARGETS: dict[str, Target] = {}
_JSON = ("content-type", "application/json")
_STATE = "the-state"


def target(function: Target) -> Target:
    """Put a function into the table, by its name."""
    TARGETS[function.__name__] = function
    return function


def choice(octets: bytes, among: int) -> tuple[int, bytes]:
    """Return the number that the first octet chooses, and the rest."""
    return (octets[0] % among, octets[1:]) if octets else (0, b"")


# -- what a server says


@target
def www_authenticate(octets: bytes) -> None:
    """C2: each line is a field; what keeps the grammar is read the same when written anew."""
    parsed = challenge.parse(tuple(octets.decode("latin-1").split("\n")))
    parsed.repeated()
    parsed.forbidden()
    parsed.unquoted()
    if not parsed.faults:
        again = challenge.parse(tuple(map(_field, parsed.challenges)))
        assert (again.challenges, again.faults) == (parsed.challenges, ())


def _field(item: Any) -> str:
    pairs = (f"{name}={_quoted(value)}" for name, value in item.params)
    between = "," if item.token68 is not None and item.params else ""
    return f"{item.scheme} {item.token68 or ''}{between} {', '.join(pairs)}"


def _quoted(value: str) -> str:
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _page(octets: bytes, kind: str = "application/json") -> Page:
    return Response(200, (("content-type", kind), NO_STORE), octets)


def _challenged(octets: bytes) -> Site:
    return site(challenge=octets.decode("latin-1").replace("\n", ", "))


_PLACES: Mapping[str, Callable[[bytes], Site]] = {
    "resource": lambda octets: site(answers=at(PRM, _page(octets))),
    "server": lambda octets: site(answers=at(OAUTH, _page(octets))),
    "register": lambda octets: site(answers=at(f"{AS}/register", _page(octets))),
    "token": lambda octets: site(answers=at(f"{AS}/token", _page(octets))),
    "use": lambda octets: site(answers=with_token(_page(octets))),
    "stream": lambda octets: site(answers=with_token(_page(octets, "text/event-stream"))),
    "challenge": _challenged,
    "page": lambda octets: site(answers=at(OAUTH, _page(octets, "text/html"))),
}


@target
def metadata(octets: bytes) -> None:
    """P4, A8: a document about the resource, or the server, gives findings or a stop."""
    number, rest = choice(octets, 2)
    page = _page(rest)
    script = (discovering_resource(PRM), discovering_server())[number]
    while script.action is not None:
        script.reply(_met(script.action, page))
    assert {finding.id for finding in script.findings} <= set(CATALOGUE)
    assert script.stop is not None or script.result is not None


def _met(action: Any, page: Page) -> Any:
    if isinstance(action, Ask):
        return action.question.default
    sent = action.request
    return made_exchange(sent, page if sent.url in (PRM, OAUTH) else NOT_FOUND)


@target
def answer(octets: bytes) -> None:
    """G5, K5, T1: what any place of a run answers ends in findings that can be written down."""
    number, rest = choice(octets, len(_PLACES))
    world = list(_PLACES.values())[number](rest)
    session = session_of(world)
    assert {finding.id for finding in session.findings} <= set(CATALOGUE)
    assert len(world.sent) <= 60
    assert_well_formed(session, FORMATS[len(rest) % len(FORMATS)])
    assert "test-token-1" not in dumped({**document(session), "headers": None})


@target
def sse(octets: bytes) -> None:
    """T1: however it is cut, a stream holds the events of the standard's own steps."""
    size, stream = choice(octets, 16)
    whole, cut = EventStreamParser(), EventStreamParser()
    found = [(event.name, event.data) for event in whole.feed(stream)]
    pieces = (stream[place : place + size + 1] for place in range(0, len(stream), size + 1))
    assert [(event.name, event.data) for piece in pieces for event in cut.feed(piece)] == found
    assert event_stream.events(stream) == found


# -- what a browser and a person bring


@target
def callback(octets: bytes) -> None:
    """B3-B8: a code only with our state, once, and nothing beside it."""
    number, rest = choice(octets, 2)
    query = rest.decode("latin-1")
    _judged(query, judged(query, source=("listener", "follow")[number]))


@target
def paste(octets: bytes) -> None:
    """B7, B8: the same of what is pasted; a bare code only at the second time."""
    text = octets.decode("utf-8", "surrogateescape")
    query, bare = read_callback(Callback("", "paste", text))
    first = judged("", source="paste", pasted=text)
    if not bare:
        _judged(query, first)
        return
    assert (first.stop, first.result) == (None, None)
    second = judged("", source="paste", pasted=text, doubted=query)
    assert second.returned().code == Secret(query)
    assert second.broken == ["authz-paste"]


def _judged(query: str, script: Any) -> None:
    assert script.action is None
    if script.result is not None:
        pairs = parse_qsl(query, keep_blank_values=True)
        values = {name: [value for key, value in pairs if key == name] for name, _ in pairs}
        assert values["state"] == [_STATE]
        assert values["code"] == [script.result.code.reveal()]
        assert values.get("iss", [AS]) == [AS]
        assert "error" not in values


@target
def request(octets: bytes) -> None:
    """What reaches the port of the callback is answered or closed, and is no bug of ours."""
    answered, faults = _loop().run_until_complete(_served(octets))
    assert faults == []
    assert not answered or answered.startswith(b"HTTP/1.1 ")


@cache
def _loop() -> asyncio.AbstractEventLoop:
    """Return one loop for all inputs: to make one takes longer than to serve one."""
    loop = asyncio.new_event_loop()
    atexit.register(loop.close)
    return loop


class _Writer:
    """The writing half of a connection that is kept in memory."""

    def __init__(self) -> None:
        self.sent = bytearray()
        self.transport = self

    def abort(self) -> None: ...
    def close(self) -> None: ...
    def write_eof(self) -> None: ...

    def write(self, octets: bytes) -> None:
        self.sent += octets

    def can_write_eof(self) -> bool:
        return True

    def get_extra_info(self, name: str) -> tuple[str, int]:
        return "127.0.0.1", 4321

    async def drain(self) -> None: ...
    async def wait_closed(self) -> None: ...


async def _served(octets: bytes) -> tuple[bytes, list[Exception]]:
    reader, writer, faults = asyncio.StreamReader(), _Writer(), list[Exception]()
    reader.feed_data(octets)
    reader.feed_eof()

    async def handle(incoming: Incoming) -> Reply:
        assert incoming.target == f"{incoming.path}{incoming.target[len(incoming.path) :]}"
        judged(incoming.query)
        return Reply(200, incoming.target.encode(), (("Content-Type", "text/plain"),))

    connection: Any = writer
    await Connection(reader, connection, handle, Limits(4096, 5.0), faults.append).run()
    return bytes(writer.sent), faults


@target
def address(octets: bytes) -> None:
    """Z3, Z8, A7: what a person types, and what a server names, is a URL or is refused."""
    text = octets.decode("utf-8", "replace")
    urls.join("https://a.example/b", text)
    try:
        made = urls.mcp_url(text).url
        assert urls.mcp_url(made).url == made
        assert urlsplit(made).scheme in ("http", "https")
    except ValueError:
        pass
    try:
        safe = urls.safe_url(text)
    except urls.UrlRefused:
        return
    parts = urlsplit(safe)
    assert parts.scheme == "https" or urls.is_loopback(parts.hostname or "")
    assert (parts.username, parts.fragment) == (None, "")
    assert urls.safe_url(safe) == safe
    assert urls.same_origin(safe, text)


# -- what is read from files

_PLACES_OF_ENTRIES: Mapping[str, tuple[EntryPlace, Any]] = {
    "json": (EntryPlace(("mcpServers",), "example"), ENTRY),
    "jsonc": (EntryPlace(("settings", "mcp"), "example"), ENTRY),
    "toml": (EntryPlace(("mcp_servers",), "example"), ENTRY),
    "yaml": (EntryPlace(("mcpServers",), "example", listed=True), LISTED),
}


@target
def client_config(octets: bytes) -> None:
    """A config file of another program gets an entry, loses nothing, and loses it again."""
    number, rest = choice(octets, len(_PLACES_OF_ENTRIES))
    name, (place, entry) = list(_PLACES_OF_ENTRIES.items())[number]
    form, text = format_of(name), rest.decode("utf-8", "replace")
    try:
        before = form.read(text)
        if place.value(before) is not None:
            return
        changed = form.insert(text, place, entry)
    except EditProblem:
        return
    after = form.read(changed)
    assert place.value(after) == entry
    # A number that is none equals nothing, so texts are compared.
    assert repr(place.removed(after)) == repr(place.removed(place.added(before, entry)))
    with suppress(EditProblem):  # to refuse is always safe
        without = form.read(form.remove(changed, place))
        assert repr(place.servers(without) or None) == repr(place.servers(before) or None)


TARGETS |= files.TARGETS


# -- what must not get out

_SECRET = "s3cr3t-V4lue/0123+abcdef="
_KINDS = ("application/json", "", "text/html", "text/event-stream", "text/plain; charset=x",
          "application/x-www-form-urlencoded")  # fmt: skip


@target
def mask(octets: bytes) -> None:
    """SPEC 6: a credential that is known is nowhere in what leaves, whatever surrounds it."""
    number, rest = choice(octets, len(_KINDS))
    before, _, after = rest.partition(b"\0")
    text = b"".join((before, _SECRET.encode(), after))
    redactor = Redactor(frozenset({Secret(_SECRET)}))
    decoded = text.decode("utf-8", "replace")
    told = [
        redactor.text(decoded),
        redactor.url(decoded),
        redactor.field("x", decoded),
        redactor.body(text, _KINDS[number]),
        redactor.body(text, _KINDS[number], 40),
        redactor.whole(text, _KINDS[number]) or "",
        jsonlib.dumps(redactor.json({"x": [decoded], decoded: 1})),
    ]
    for shown in told:
        assert _SECRET not in shown
        assert _SECRET[:-1] not in shown


def folder() -> Path:
    """Return where what was found is kept: a file a target, each line octets as a JSON string."""
    return Path(__file__).with_name("corpus")


def corpus(name: str) -> list[bytes]:
    """Return what was kept for a target, the oldest first."""
    path = folder() / f"{name}.jsonl"
    lines = path.read_text(encoding="ascii").splitlines() if path.exists() else ()
    return [jsonlib.loads(line).encode("latin-1") for line in lines]


def keep(name: str, kept: list[bytes]) -> None:
    """Write what is kept for a target."""
    lines = (f"{jsonlib.dumps(octets.decode('latin-1'))}\n" for octets in kept)
    (folder() / f"{name}.jsonl").write_text("".join(lines), encoding="ascii")
