"""A whole practice set-up on one raw socket, whose answers a seeded menu spoils one at a time.

Knows HTTP as octets and the practice server's two handlers; must not know the program under test.
"""

from __future__ import annotations

import asyncio
import gzip
import json
import random
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from copy import deepcopy
from typing import Any, TypeVar

from mcp_auth_tui.demo.front import METADATA_PATH, AuthorizationFront
from mcp_auth_tui.demo.records import Entropy
from mcp_auth_tui.demo.resource import ResourceServer
from mcp_auth_tui.loopback.connection import Incoming, Reply

# Where a run begins, and what makes the way of 2025-03-26 of it.
KINDS: tuple[tuple[str, frozenset[str]], ...] = (
    *(("/mcp", frozenset[str]()),) * 5,
    *(("/sse", frozenset[str]()),) * 2,
    ("/mcp", frozenset({"legacy"})),
    ("/mcp", frozenset({"legacy-paths"})),
    ("/mcp", frozenset({"no-challenge"})),
)
OAUTH_PATHS = frozenset({"/authorize", "/token", "/register"})
SECRET_MEMBERS = ("access_token", "refresh_token", "client_secret", "code_verifier")
HOSTILE = (
    "\x1b]52;c;ZWNobyBwd25lZA==\x07",
    "\x1b[2J\x1b[31mred\x1b[0m",
    "\x9b31m",
    "\u202emoc.live\u2066",
    "line\r\nX-Injected: yes\r\n\r\n",
    "nul\x00del\x7f",
    "\u200b\ufeff\u2028\u2029\ud800",
    "[@click=app.quit]x[/] [/x] [bold",
    "{0} %s ${HOME} $(id) `id` ; rm -rf",
    "a" * 70_000,
    "é" * 3000,
    "",
    " ",
    "-1",
    "javascript:alert(1)",
    "file:///etc/passwd",
    "http://169.254.169.254/latest/meta-data",
    "http://[::ffff:169.254.169.254]/",
    "http://2852039166/",
    "http://[fe80::1%25lo]/x",
    "http://[::1",
    "https://user:pass@127.0.0.1/",
    "http://127.0.0.1:0/",
    "http://127.0.0.1:99999/",
    "http://127.0.0.1:x/",
    "http://127.0.0.1/\u0661\u0662",
    "http://xn--/",
    "http://" + "a" * 300 + "/",
    "https://ex\u2100mple.com/",
    "//127.0.0.1/x",
    "\\\\127.0.0.1\\x",
    "?",
    "#",
    "http://",
    "data:text/html,x",
    "%00%0d%0a%1b[31m",
)
ODD: tuple[Any, ...] = (
    None,
    True,
    False,
    0,
    -1,
    2**63,
    10**400,
    1e308,
    -0.5,
    float("nan"),
    float("inf"),
    [],
    {},
    [[]],
    [None],
    [{}],
    [1, "a", None, {"b": []}],
    {"": ""},
    {"access_token": ["x"], "state": {"code": 1}},
    ["S256"],
    ["none", None, 5],
)
CHALLENGES = (
    "Bearer",
    "",
    ",,,,",
    "Bearer " + ", ".join(f'a{n}="{n}"' for n in range(900)),
    'Bearer resource_metadata="http://169.254.169.254/x"',
    'Bearer resource_metadata="file:///etc/passwd"',
    'Bearer resource_metadata="',
    'Bearer resource_metadata=""',
    'Bearer scope="' + "s " * 5000 + '"',
    'Bearer scope="a\\"b \\\\ \x1b[31m"',
    'Bearer error="insufficient_scope", scope="x"',
    'Bearer error="invalid_token", error_description="\x9b31m\xff"',
    'Bearer error="insufficient_user_authentication", acr_values="x y", max_age="-5"',
    'Bearer error="insufficient_user_authentication", max_age="9e99"',
    "Basic realm=x, Digest qop=a, Bearer = = =",
    'DPoP algs="ES256 none \x1b"',
    'DPoP algs=""',
    "Negotiate a87421000492aa874209af8bc028==",
    "Bearer " * 3000,
    'Bearer resource_metadata="//x", resource_metadata="http://[::1", resource_metadata="?"',
    'Bearer ="x", "y", @@@, scope==',
)


STATUSES = (
    *(200, 201, 202, 204, 205, 206, 226, 299, 304, 400, 401, 402, 403, 404, 405, 406, 407, 408),
    *(409, 410, 413, 415, 418, 421, 422, 426, 429, 431, 451, 500, 501, 502, 503, 504, 599, 999),
)
QUERIES = (
    *("&code=again", "&state=x", "&iss=" + "%1b%5b31m" * 20, "&error=%0d%0a", "&iss="),
    *("&%ff=%fe", "&" * 500, "#fragment", "&error_description=%e2%80%ae", "&code", "&=&="),
    *("&x=" + "y" * 20_000, "&error=a&error_description=" + "%1b" * 600, "&error=access_denied"),
)
TYPES = (
    *("", "text/html", "text/event-stream", "application/json; charset=utf-16", "image/png"),
    *("a" * 5000, "\x9b31m/x", ";;;", "application/x-www-form-urlencoded", "text/plain"),
)


class Asked:
    """One request as it came, and which one of the run it was."""

    def __init__(self, number: int, incoming: Incoming, origin: str) -> None:
        self.number = number
        self.incoming = incoming
        self.origin = origin


Spoiler = Callable[[random.Random, Asked, "Answer", asyncio.StreamWriter], Awaitable[bool]]


class Answer:
    """A healthy answer in parts that can be spoiled."""

    def __init__(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.reason = "OK"

    def set(self, name: str, value: str) -> None:
        self.headers = [(key, old) for key, old in self.headers if key.lower() != name.lower()]
        self.headers.append((name, value))

    def head(self) -> bytes:
        lines = [f"HTTP/1.1 {self.status} {self.reason}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")

    def octets(self) -> bytes:
        if not any(name.lower() == "content-length" for name, _ in self.headers):
            self.headers.append(("Content-Length", str(len(self.body))))
        return self.head() + self.body

    def document(self) -> Any:
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            return None

    def write(self, document: Any) -> None:
        self.body = json.dumps(document).encode()


class Hostile:
    """Two origins on loopback: the MCP server and its authorization server."""

    def __init__(self, seed: int, *, spoiled: float = 0.25) -> None:
        self.random = random.Random(seed)
        self.secrets: set[str] = set()
        self.menu: list[str] = []
        self.count = 0
        self._chance = spoiled
        self._first = self.random.randrange(9)
        self._kind = self.random.choice(KINDS)
        self.url = self.issuer = ""
        self._front: AuthorizationFront
        self._resource: ResourceServer

    def open(self, origin: str, issuer: str) -> None:
        path, faults = self._kind
        issuer = origin if "legacy" in "".join(faults) else issuer
        self.url, self.issuer = f"{origin}{path}", issuer
        entropy = Entropy(fixed=False)
        self._front = AuthorizationFront(
            issuer,
            (f"{origin}/mcp", f"{origin}/sse"),
            faults=faults,
            auto_approve=True,
            cimd_ca=None,
            clock=lambda: 1_800_000_000.0,
            entropy=entropy,
        )
        self._resource = ResourceServer(
            origin, issuer, self._front.tokens.judge, faults=faults, entropy=entropy
        )

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, front: bool
    ) -> None:
        legacy = "legacy" in "".join(self._kind[1])
        with suppress(ConnectionError, asyncio.IncompleteReadError, TimeoutError):
            while (incoming := await _received(reader)) is not None:
                self._note(incoming)
                path = incoming.path
                to_front = front or path in OAUTH_PATHS or (legacy and path == METADATA_PATH)
                handle = self._front.handle if to_front else self._resource.handle
                reply = await handle(incoming)
                if incoming.path == "/sse" and not isinstance(reply.body, bytes):
                    await self._streamed(reply.body, writer)
                    break
                answer = await _collected(reply)
                if not await self._answered(Asked(self.count, incoming, self.url), answer, writer):
                    break

    async def _streamed(self, body: AsyncIterator[bytes], writer: asyncio.StreamWriter) -> None:
        """Play the old transport's stream, some of whose events are spoiled."""
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
        async for event in body:
            if self.random.random() < self._chance:
                self.menu.append("event")
                event = _spoiled_event(self.random, event)
            writer.write(event)
            await asyncio.wait_for(writer.drain(), 5)

    def _note(self, incoming: Incoming) -> None:
        from urllib.parse import parse_qs

        if "urlencoded" in (incoming.header("content-type") or ""):
            form = parse_qs(incoming.body.decode("latin-1"))
            for name in (*SECRET_MEMBERS, "code"):
                self.secrets.update(value for value in form.get(name, ()) if len(value) >= 8)

    async def _answered(self, asked: Asked, answer: Answer, writer: Any) -> bool:
        number, self.count = self.count, self.count + 1
        keep = True
        if number == self._first or (number > self._first and self.random.random() < self._chance):
            name = self.random.choice(sorted(MENU))
            self.menu.append(f"{number}:{asked.incoming.path}:{name}")
            keep = await MENU[name](self.random, asked, answer, writer)
        else:
            writer.write(answer.octets())
        self._remember(answer)
        await asyncio.wait_for(writer.drain(), 5)
        return keep

    def _remember(self, answer: Answer) -> None:
        document = answer.document()
        if isinstance(document, dict):
            for name in SECRET_MEMBERS:
                value = document.get(name)
                if isinstance(value, str) and len(value) >= 8 and value.isascii():
                    self.secrets.add(value)


Served = TypeVar("Served", bound=Hostile)


@asynccontextmanager
async def hostile(seed: int, **options: Any) -> AsyncIterator[Hostile]:
    """Serve one seeded set-up."""
    async with serving(Hostile(seed, **options)) as made:
        yield made


@asynccontextmanager
async def serving(made: Served) -> AsyncIterator[Served]:
    """Serve a set-up on two ports of loopback."""
    tasks: set[asyncio.Task[None]] = set()

    def door(front: bool) -> Callable[[asyncio.StreamReader, asyncio.StreamWriter], None]:
        async def served(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                await made.serve(reader, writer, front=front)
            finally:
                await _closed(writer)

        def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.ensure_future(served(reader, writer))
            tasks.add(task)
            task.add_done_callback(tasks.discard)

        return connected

    servers = [
        await asyncio.start_server(door(front), "127.0.0.1", 0, limit=1 << 22)
        for front in (False, True)
    ]
    ports = [server.sockets[0].getsockname()[1] for server in servers]
    made.open(*(f"http://127.0.0.1:{port}" for port in ports))
    try:
        yield made
    finally:
        for server in servers:
            server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for server in servers:
            await server.wait_closed()


async def _closed(writer: asyncio.StreamWriter) -> None:
    """Let what was written go out, but wait for nobody who does not take it."""
    writer.close()
    with suppress(ConnectionError, TimeoutError, asyncio.CancelledError):
        async with asyncio.timeout(0.5):
            await writer.wait_closed()
    writer.transport.abort()


async def _received(reader: asyncio.StreamReader) -> Incoming | None:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    first, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = first.split(" ", 2)
    pairs = (line.partition(":") for line in lines)
    headers = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
    length = int(dict(headers).get("content-length") or 0)
    body = await reader.readexactly(length)
    path, _, query = target.partition("?")
    return Incoming(method, target, path, query, headers, body, "127.0.0.1:1")


async def _collected(reply: Reply) -> Answer:
    body = reply.body
    if not isinstance(body, bytes):
        pieces = bytearray()
        stream = body
        with suppress(TimeoutError):
            async with asyncio.timeout(0.05):
                async for chunk in stream:
                    pieces += chunk
        body = bytes(pieces)
    return Answer(reply.status, list(reply.headers), body)


# -- the menu: each spoils one answer; True keeps the connection

MENU: dict[str, Spoiler] = {}


def dish(function: Spoiler) -> Spoiler:
    MENU[function.__name__.strip("_")] = function
    return function


def _places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        for key in value:
            found += _places(value[key], (*path, key))
    if isinstance(value, list):
        for index in range(len(value)):
            found += _places(value[index], (*path, index))
    return found


def _put(value: Any, path: tuple[Any, ...], new: Any) -> None:
    for key in path[:-1]:
        value = value[key]
    value[path[-1]] = new


def _spoil(rng: random.Random, answer: Answer, pool: tuple[Any, ...]) -> None:
    document = answer.document()
    if not isinstance(document, dict | list) or not _places(document):
        answer.body = json.dumps(rng.choice(pool)).encode()
        return
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        places = _places(document)
        if places:
            _put(document, rng.choice(places), deepcopy(rng.choice(pool)))
    answer.write(document)


def _spoiled_event(rng: random.Random, event: bytes) -> bytes:
    head, _, data = event.rstrip(b"\n").rpartition(b"data: ")
    if data.startswith(b"{") and rng.random() < 0.7:
        answer = Answer(200, [], data)
        _spoil(rng, answer, rng.choice((ODD, HOSTILE)))
        data = answer.body
    else:
        data = rng.choice(HOSTILE).encode("utf-8", "surrogatepass")
    return head + b"data: " + data + rng.choice((b"\n\n", b"\r\n\r\n", b"\r\r", b"\n"))


@dish
async def json_odd(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    _spoil(rng, answer, ODD)
    writer.write(answer.octets())
    return True


@dish
async def json_hostile(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    _spoil(rng, answer, HOSTILE)
    writer.write(answer.octets())
    return True


@dish
async def json_mixed(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    """Hostile text behind or before what was right."""
    document = answer.document()
    if isinstance(document, dict):
        places = _places(document)
        for _ in range(3):
            path = rng.choice(places)
            value: Any = document
            try:
                for key in path:
                    value = value[key]
            except (KeyError, IndexError, TypeError):
                continue
            if isinstance(value, str):
                extra = rng.choice(HOSTILE)
                _put(document, path, rng.choice((value + extra, extra + value, f"{value}/")))
        answer.write(document)
    writer.write(answer.octets())
    return True


@dish
async def json_gone(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    document = answer.document()
    if isinstance(document, dict) and document:
        for key in rng.sample(sorted(document), min(len(document), rng.randint(1, 3))):
            del document[key]
        answer.write(document)
    writer.write(answer.octets())
    return True


@dish
async def json_more(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    """Members that nobody asked for, which other members rely on."""
    document = answer.document()
    if isinstance(document, dict):
        names = (
            *("error", "error_description", "error_uri", "scope", "expires_in", "token_type"),
            *("id_token", "refresh_token", "client_secret", "client_secret_expires_at"),
            *("registration_client_uri", "registration_access_token", "nextCursor", "result"),
            *("require_pushed_authorization_requests", "pushed_authorization_request_endpoint"),
            *("scopes_supported", "grant_types_supported", "redirect_uris", "protocolVersion"),
            *("token_endpoint_auth_methods_supported", "dpop_signing_alg_values_supported"),
            *("dpop_bound_access_tokens_required", "device_authorization_endpoint", "iss"),
            *("client_id_metadata_document_supported", "signed_metadata", "cnf", "_meta"),
            *("token_endpoint_auth_method", "response_types", "id", "jsonrpc", "instructions"),
        )
        for _ in range(rng.randint(1, 4)):
            new = deepcopy(rng.choice((*ODD, *HOSTILE, True, True, asked.origin, "eyJh.eyJh.x")))
            target = document.get("result") if rng.random() < 0.4 else document
            (target if isinstance(target, dict) else document)[rng.choice(names)] = new
        answer.write(document)
    writer.write(answer.octets())
    return True


@dish
async def json_text(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    body = answer.body
    answer.body = rng.choice(
        (
            b"[" * 100_000,
            b'{"a":' * 2000 + b"1" + b"}" * 2000,
            body[:-1] + b',"issuer":"x","resource":"y","access_token":"zzzzzzzzzz"}',
            b'{"a":NaN,"b":Infinity,"c":-Infinity}',
            b"\xef\xbb\xbf" + body,
            body.decode("utf-8", "replace").encode("utf-16"),
            b"\xff\xfe\xfd",
            body[: len(body) // 2],
            body + body,
            b"null",
            b'"' + b"x" * 1000 + b'"',
            b"9" * 5000,
            b'{"n":' + b"9" * 5000 + b"}",
            b'{"\\ud800":"\\udfff"}',
            b" " * 300_000 + body,
            b"",
            b"<!doctype html><title>\x1b[31mSign in</title>",
            b'{"jsonrpc":"2.0","id":1,"error":{"code":NaN,"message":"\\u001b[2J"}}',
            b'{"jsonrpc":"2.0","id":1e0,"result":{"tools":[{"name":"\\u001b]0;x\\u0007"}]}}',
        )
    )
    writer.write(answer.octets())
    return True


@dish
async def json_long(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    document = answer.document()
    if isinstance(document, dict) and isinstance(document.get("result"), dict):
        count = rng.choice((10, 1000, 60_000))
        document["result"]["tools"] = [{"name": f"tool {n} \x1b[1m"} for n in range(count)]
        document["result"]["nextCursor"] = f"cursor {asked.number} {rng.random()}"
    elif isinstance(document, dict):
        document["scopes_supported"] = [f"scope{n}" for n in range(rng.choice((100, 20_000)))]
    answer.write(document)
    writer.write(answer.octets())
    return True


@dish
async def endless_cursor(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    document = answer.document()
    if isinstance(document, dict) and isinstance(document.get("result"), dict):
        document["result"]["nextCursor"] = rng.choice(("", "same", f"n{rng.random()}", "\x1b[1m"))
        answer.write(document)
    writer.write(answer.octets())
    return True


@dish
async def rpc_id(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    document = answer.document()
    if isinstance(document, dict):
        document["id"] = rng.choice((None, "1", 1.0, True, [1], {"a": 1}, -1, 10**30))
        document["jsonrpc"] = rng.choice(("2.0", "1.0", 2.0, None))
        answer.write(document)
    writer.write(answer.octets())
    return True


@dish
async def status(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    answer.status = rng.choice(STATUSES)
    if rng.random() < 0.5:
        answer.set("Retry-After", rng.choice(("0", "-1", "9" * 400, "\x9b31m", "Wed, 99 Foo")))
    if answer.status in (204, 205, 304):
        answer.body = b""
    writer.write(answer.octets())
    return True


@dish
async def challenge(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    answer.status = rng.choice((401, 401, 403, 400, 200))
    answer.set("WWW-Authenticate", rng.choice(CHALLENGES).replace("\r", "").replace("\n", ""))
    for _ in range(rng.choice((0, 0, 1, 20))):
        answer.headers.append(("WWW-Authenticate", rng.choice(CHALLENGES)))
    writer.write(answer.octets())
    return True


@dish
async def redirect(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    answer.status = rng.choice((300, 301, 302, 303, 305, 307, 308))
    places = (
        *HOSTILE,
        asked.incoming.target,
        "",
        "/",
        "..",
        "?x",
        asked.origin,
        "https://127.0.0.1",
    )
    place = rng.choice(places).replace("\r", "").replace("\n", "").replace("\x00", "")
    answer.set("Location", place[:20_000])
    writer.write(answer.octets())
    return True


@dish
async def callback(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    """Spoil the query that comes back by the browser, wherever there is a Location."""
    place = {name.lower(): value for name, value in answer.headers}.get("location", "")
    extra = rng.choice(QUERIES)
    if place:
        if rng.random() < 0.3:
            place = place.replace("code=", "cod=")
        answer.set("Location", place + extra)
    writer.write(answer.octets())
    return True


@dish
async def media_type(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    answer.set("Content-Type", rng.choice(TYPES))
    writer.write(answer.octets())
    return True


@dish
async def odd_headers(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    fields = (
        *(("Mcp-Session-Id", value) for value in ("", "\x9b31m", "x" * 5000, "a b", "é")),
        *(("Set-Cookie", value) for value in ("a=b; Domain=.com", "=;=;", "a=\x9b31m", "é=\xff")),
        *(("DPoP-Nonce", value) for value in ("", "x" * 9000, "a\tb", "\x9b")),
        *(("Content-Encoding", value) for value in ("br", "gzip", "deflate, gzip", "\x9b31m")),
        ("Connection", "upgrade"),
        ("Transfer-Encoding", "gzip"),
        ("Transfer-Encoding", "identity"),
        ("Date", "the day after"),
        ("Link", "<javascript:x>; rel=y"),
    )
    for _ in range(rng.randint(1, 3)):
        answer.headers.append(rng.choice(fields))
    if rng.random() < 0.3:
        answer.reason = rng.choice(("\x9b31m", "", "x" * 3000))
    writer.write(answer.octets())
    return True


@dish
async def header_injection(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    octets = answer.octets()
    bad = rng.choice((b"X: a\x00b", b"X: \x1b[31m", b"no colon", b" folded", b"X : y", b"\xff: 1"))
    writer.write(octets.replace(b"\r\n", b"\r\n" + bad + b"\r\n", 1))
    return True


@dish
async def garbage(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    writer.write(rng.randbytes(rng.choice((0, 1, 10, 1000, 100_000))))
    return False


@dish
async def first_line(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    writer.write(
        rng.choice(
            (
                b"HTTP/0.9 200 OK\r\n\r\n",
                b"<html>old</html>",
                b"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n",
                b"HTTP/1.1 -1 x\r\n\r\n",
                b"HTTP/1.1 2000 x\r\n\r\n",
                b"HTTP/1.1\r\n\r\n",
                b"HTTP/1.1 200 \x1b[31m\r\nContent-Length: 0\r\n\r\n",
                b"ICY 200 OK\r\n\r\n",
                b"SSH-2.0-OpenSSH_9.6\r\n",
                b"\x15\x03\x01\x00\x02\x02\x28",
                b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
                b"HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n" + answer.body,
            )
        )
    )
    return False


@dish
async def huge_head(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\n" + b"X-A: " + b"b" * rng.choice((30_000, 90_000, 500_000)))
    writer.write(b"\r\n" + b"A: b\r\n" * rng.choice((0, 5000)) + b"\r\n")
    return False


@dish
async def interim(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    line = rng.choice((b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 103 Early\r\nLink: x\r\n\r\n"))
    many = rng.choice((1, 50, 5000))
    writer.write(line * many)
    if rng.random() < 0.1:
        writer.write(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n")
    writer.write(answer.octets())
    return True


@dish
async def length_lies(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    real = len(answer.body)
    said = rng.choice((str(real + 10), str(max(real - 5, 0)), "-1", "x", "9" * 30, "1, 2", ""))
    answer.set("Content-Length", said)
    if rng.random() < 0.3:
        answer.headers.append(("Content-Length", str(real)))
    writer.write(answer.octets())
    return False


@dish
async def chunk_lies(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    answer.set("Transfer-Encoding", "chunked")
    writer.write(answer.head())
    writer.write(
        rng.choice(
            (
                b"zz\r\n" + answer.body,
                b"ffffffffffffffffffff\r\n" + answer.body,
                b"-1\r\nx\r\n0\r\n\r\n",
                b"5;" + b"x" * 60_000 + b"\r\nhello\r\n0\r\n\r\n",
                b"%x\r\n" % len(answer.body) + answer.body + b"\r\n0\r\nT: \x1b\r\n\r\n",
                b"%x\r\n" % len(answer.body) + answer.body + b"\r\n",
                b"1\r\n{\r\n" * 3000 + b"0\r\n\r\n",
            )
        )
    )
    return False


@dish
async def bomb(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    plain = answer.body + b" " * rng.choice((0, 30_000_000))
    kind = rng.choice(("gzip", "deflate", "raw", "cut", "lie"))
    answer.set("Content-Encoding", "deflate" if kind in ("deflate", "raw") else "gzip")
    if kind == "raw":
        maker = zlib.compressobj(wbits=-15)
        answer.body = maker.compress(plain) + maker.flush()
    elif kind == "lie":
        answer.body = plain[:1000]
    else:
        answer.body = zlib.compress(plain) if kind == "deflate" else gzip.compress(plain, 1)
    if kind == "cut":
        answer.body = answer.body[:-9]
    writer.write(answer.octets())
    return True


@dish
async def flood(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    """A stream that says much, without end."""
    answer.status = 200
    answer.set("Content-Type", rng.choice(("text/event-stream", "application/json")))
    answer.set("Transfer-Encoding", "chunked")
    line = rng.choice(
        (
            b": keep-alive\n\n",
            b"data: {}\n\n",
            b"data: " + b"x" * 60_000,
            b"event: endpoint\ndata: http://169.254.169.254/x\n\n",
            b"event: endpoint\ndata: /mcp\n\n",
            b'data: {"jsonrpc":"2.0","id":1,"method":"ping"}\n\n',
            b'data: {"jsonrpc":"2.0","id":true,"result":{"x":"\\u001b[2J"}}\n\n',
            b"id: \x00\nretry: 99999999999999\ndata\n\r\r\n\n",
        )
    )
    writer.write(answer.head())
    for _ in range(rng.choice((3, 200))):
        writer.write(b"%x\r\n" % len(line) + line + b"\r\n")
        await asyncio.wait_for(writer.drain(), 5)
    await asyncio.sleep(rng.choice((0, 5)))
    return False


@dish
async def drip(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    octets = answer.octets()
    for at in range(len(octets)):
        writer.write(octets[at : at + 1])
        await asyncio.wait_for(writer.drain(), 5)
        await asyncio.sleep(0.02)
    return True


@dish
async def hang(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    octets = answer.octets()
    writer.write(octets[: rng.choice((0, 0, 10, len(octets) // 2, len(octets) - 1))])
    await asyncio.sleep(5)
    return False


@dish
async def cut(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    octets = answer.octets()
    writer.write(octets[: rng.randrange(len(octets))])
    return False


@dish
async def reset(rng: random.Random, asked: Asked, answer: Answer, writer: Any) -> bool:
    writer.transport.abort()
    return False
