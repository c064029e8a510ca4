"""Knows what a server can do at each place of a run, by name; must not know the program under test.

A name is a place and a behaviour: ``token: resets``. What a run should come to with it stands in
``outcomes.toml`` (see `tests.lab.run`).
"""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from mcp_auth_tui.demo.front import METADATA_PATH
from mcp_auth_tui.loopback.connection import Incoming
from tests.hostile import Answer, Asked, Hostile

Writer = asyncio.StreamWriter
Play = Callable[[Asked, Answer, Writer], Awaitable[bool]]
"""Answers one request; whether the connection goes on."""
EVIL = "\x1b[31m\x1b]52;c;ZXZpbA==\x07\x9b2J\u202e\u200b[@click=app.quit]x[/]"
MUCH = 100 * 1024 * 1024
_PRM = "oauth-protected-resource"


def _is_use(incoming: Incoming) -> bool:
    return incoming.path == "/mcp" and incoming.header("authorization") is not None


PLACES: dict[str, Callable[[Incoming], bool]] = {
    "contact": lambda incoming: incoming.path == "/mcp" and not _is_use(incoming),
    "resource": lambda incoming: _PRM in incoming.path,
    "issuer": lambda incoming: incoming.path == METADATA_PATH,
    "register": lambda incoming: incoming.path == "/register",
    "authorize": lambda incoming: incoming.path == "/authorize",
    "token": lambda incoming: incoming.path == "/token",
    "use": _is_use,
}
DOCUMENTS = ("resource", "issuer", "register", "token", "use")
"""The places where a JSON object is due."""


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What a server does at one place."""

    name: str
    place: str
    play: Play

    @property
    def slow(self) -> bool:
        """Whether only a time-out ends it."""
        return any(word in self.name for word in ("hangs", "drips", "without end"))


# -- on the wire, at any place


async def _hangs(asked: Asked, answer: Answer, writer: Writer) -> bool:
    await asyncio.sleep(30)
    return False


async def _hangs_in_the_head(asked: Asked, answer: Answer, writer: Writer) -> bool:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
    await writer.drain()
    await asyncio.sleep(30)
    return False


async def _hangs_in_the_body(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.body += b" "
    octets = answer.octets()
    writer.write(octets[:-1])
    await writer.drain()
    await asyncio.sleep(30)
    return False


async def _drips(asked: Asked, answer: Answer, writer: Writer) -> bool:
    for octet in answer.octets() + b" " * 5000:
        writer.write(bytes([octet]))
        await writer.drain()
        await asyncio.sleep(0.05)
    return False


async def _resets(asked: Asked, answer: Answer, writer: Writer) -> bool:
    writer.transport.abort()
    return False


async def _resets_in_the_body(asked: Asked, answer: Answer, writer: Writer) -> bool:
    octets = answer.octets()
    writer.write(octets[: len(octets) - len(answer.body) // 2 - 1])
    await writer.drain()
    writer.transport.abort()
    return False


async def _closes(asked: Asked, answer: Answer, writer: Writer) -> bool:
    return False


async def _answers_garbage(asked: Asked, answer: Answer, writer: Writer) -> bool:
    writer.write(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20)
    return False


async def _endless_body(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.set("Transfer-Encoding", "chunked")
    writer.write(answer.head())
    piece = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    for _ in range(MUCH // 65536):
        writer.write(piece)
        await writer.drain()
    return False


async def _gzip_bomb(asked: Asked, answer: Answer, writer: Writer) -> bool:
    maker = zlib.compressobj(9, wbits=31)
    piece = b" " * (1024 * 1024)
    answer.body = b"".join(maker.compress(piece) for _ in range(100)) + maker.flush()
    answer.set("Content-Encoding", "gzip")
    writer.write(answer.octets())
    return True


async def _gzip_that_is_none(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.set("Content-Encoding", "gzip")
    writer.write(answer.octets())
    return True


async def _unasked_gzip(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.body = gzip.compress(answer.body)
    answer.set("Content-Encoding", "gzip")
    writer.write(answer.octets())
    return True


async def _ten_thousand_headers(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.headers += [(f"X-{number}", "x") for number in range(10_000)]
    writer.write(answer.octets())
    return True


async def _a_header_of_a_megabyte(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.headers.append(("X-Long", "x" * 1_000_000))
    writer.write(answer.octets())
    return True


async def _a_reason_of_100_kb(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.reason = "x" * 100_000
    writer.write(answer.octets())
    return True


async def _length_too_large(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.set("Content-Length", str(len(answer.body) + 1000))
    writer.write(answer.octets())
    return False


async def _length_too_small(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.set("Content-Length", str(len(answer.body) // 2))
    writer.write(answer.octets())
    return False


async def _two_lengths(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.headers += [("Content-Length", "5"), ("Content-Length", str(len(answer.body)))]
    writer.write(answer.octets())
    return False


async def _chunked_nonsense(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.set("Transfer-Encoding", "chunked")
    writer.write(answer.head() + b"zz\r\nhello\r\n-1\r\n\r\n")
    return False


async def _flood_of_1xx(asked: Asked, answer: Answer, writer: Writer) -> bool:
    writer.write(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" * 2000)
    writer.write(answer.octets())
    return True


async def _a_folded_header(asked: Asked, answer: Answer, writer: Writer) -> bool:
    octets = answer.octets()
    writer.write(octets.replace(b"\r\n", b"\r\nX-A: b\r\n c\r\n", 1))
    return True


async def _a_header_with_a_null(asked: Asked, answer: Answer, writer: Writer) -> bool:
    octets = answer.octets()
    writer.write(octets.replace(b"\r\n", b"\r\nX-A: b\x00c\r\n", 1))
    return True


async def _controls_in_headers(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.reason = "\x9b31m"
    answer.headers += [("X-Evil", "\x9b31m\x9d0;x\x9c"), ("Server", "\x9b2J")]
    writer.write(answer.octets())
    return True


async def _status_999(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.status = 999
    writer.write(answer.octets())
    return True


async def _asks_to_wait(asked: Asked, answer: Answer, writer: Writer) -> bool:
    answer.status = 429
    answer.set("Retry-After", "99999999999999999999")
    writer.write(answer.octets())
    return True


async def _fails_with_500(asked: Asked, answer: Answer, writer: Writer) -> bool:
    _replace(answer, 500, "text/plain", b"boom " + EVIL.encode())
    writer.write(answer.octets())
    return True


async def _web_page(asked: Asked, answer: Answer, writer: Writer) -> bool:
    page = f"<!doctype html><title>Sign in {EVIL}</title><h1>Hello</h1>"
    _replace(answer, 200, "text/html", page.encode("utf-8", "surrogatepass"))
    writer.write(answer.octets())
    return True


async def _says_nothing(asked: Asked, answer: Answer, writer: Writer) -> bool:
    _replace(answer, 200, "application/json", b"")
    writer.write(answer.octets())
    return True


async def _redirects_in_a_circle(asked: Asked, answer: Answer, writer: Writer) -> bool:
    _redirect(answer, asked.incoming.target)
    writer.write(answer.octets())
    return True


async def _redirects_to_the_metadata_service(asked: Asked, answer: Answer, writer: Writer) -> bool:
    _redirect(answer, "http://169.254.169.254/latest/meta-data")
    writer.write(answer.octets())
    return True


async def _redirects_to_a_script(asked: Asked, answer: Answer, writer: Writer) -> bool:
    _redirect(answer, "javascript:alert(1)")
    writer.write(answer.octets())
    return True


WIRE: tuple[Play, ...] = (
    _hangs,
    _hangs_in_the_head,
    _hangs_in_the_body,
    _drips,
    _resets,
    _resets_in_the_body,
    _closes,
    _answers_garbage,
    _endless_body,
    _gzip_bomb,
    _gzip_that_is_none,
    _unasked_gzip,
    _ten_thousand_headers,
    _a_header_of_a_megabyte,
    _a_reason_of_100_kb,
    _length_too_large,
    _length_too_small,
    _two_lengths,
    _chunked_nonsense,
    _flood_of_1xx,
    _a_folded_header,
    _a_header_with_a_null,
    _controls_in_headers,
    _status_999,
    _asks_to_wait,
    _fails_with_500,
    _web_page,
    _says_nothing,
    _redirects_in_a_circle,
    _redirects_to_the_metadata_service,
    _redirects_to_a_script,
)


def _replace(answer: Answer, status: int, media: str, body: bytes) -> None:
    answer.status, answer.body, answer.headers = status, body, [("Content-Type", media)]


def _redirect(answer: Answer, place: str) -> None:
    _replace(answer, 302, "text/plain", b"")
    answer.headers.append(("Location", place))


# -- in a document


def _text(make: Callable[[bytes], bytes]) -> Play:
    async def play(asked: Asked, answer: Answer, writer: Writer) -> bool:
        if answer.document() is not None:
            answer.body = make(answer.body)
            answer.headers = [h for h in answer.headers if h[0].lower() != "content-length"]
        writer.write(answer.octets())
        return True

    return play


def _hostile_strings(body: bytes) -> bytes:
    def spoiled(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: spoiled(item) for key, item in value.items()} | {EVIL: EVIL}
        return [*map(spoiled, value), EVIL] if isinstance(value, list) else value

    return json.dumps(spoiled(json.loads(body))).encode()


def _numbers(number: str) -> Callable[[bytes], bytes]:
    def make(body: bytes) -> bytes:
        document = json.loads(body)
        text = json.dumps(dict.fromkeys(document, "@"))
        return text.replace('"@"', number).encode()

    return make


TEXTS: dict[str, Callable[[bytes], bytes]] = {
    "nested 500 deep": lambda body: b'{"a":' * 500 + b"1" + b"}" * 500,
    "nested 100,000 deep": lambda body: b"[" * 100_000,
    "every member twice": lambda body: body[:-1] + b"," + body.lstrip()[1:],
    "NaN and Infinity": lambda body: body[:-1] + b',"x":NaN,"y":-Infinity}',
    "a byte order mark": lambda body: b"\xef\xbb\xbf" + body,
    "UTF-16": lambda body: body.decode().encode("utf-16"),
    "octets that are no UTF-8": lambda body: body[:-1] + b',"x":"\xff\xfe"}',
    "lone surrogates": lambda body: body[:-1] + b',"x":"\\ud800","\\udfff":"y"}',
    "controls in every string": _hostile_strings,
    "numbers in place of all": _numbers("-1"),
    "numbers of 5000 digits": _numbers("9" * 5000),
    "null in place of all": _numbers("null"),
    "objects in place of all": _numbers('{"a":[]}'),
    "an array": lambda body: b"[" + body + b"]",
    "a string": lambda body: b'"text"',
    "half of it": lambda body: body[: len(body) // 2],
    "twice in a row": lambda body: body + body,
    "3 MB of it": lambda body: body[:-1] + b',"x":"' + b"y" * 3_000_000 + b'"}',
    "100,000 members": lambda body: (
        body[:-1] + b"," + b",".join(b'"m%d":1' % n for n in range(100_000)) + b"}"
    ),
}


# -- of one place alone


def _members(**changes: Any) -> Play:
    """Change members of the document; a callable is given the request."""

    async def play(asked: Asked, answer: Answer, writer: Writer) -> bool:
        document = answer.document()
        if isinstance(document, dict):
            for name, value in changes.items():
                document[name] = value(asked) if callable(value) else value
            answer.write(document)
        writer.write(answer.octets())
        return True

    return play


def _challenge(value: str) -> Play:
    async def play(asked: Asked, answer: Answer, writer: Writer) -> bool:
        answer.set("WWW-Authenticate", value)
        writer.write(answer.octets())
        return True

    return play


def _callback(change: Callable[[str], str]) -> Play:
    """Change the address to which the browser is sent back."""

    async def play(asked: Asked, answer: Answer, writer: Writer) -> bool:
        place = dict(answer.headers).get("Location", "")
        answer.set("Location", change(place))
        writer.write(answer.octets())
        return True

    return play


def _host(host: str) -> Callable[[str], str]:
    return lambda place: urlunsplit(urlsplit(place)._replace(netloc=host))


def _path(path: str) -> Callable[[str], str]:
    return lambda place: urlunsplit(urlsplit(place)._replace(path=path))


def _alternating(asked: Asked, answer: Answer) -> None:
    status = 401 if asked.number % 2 else 403
    error = "invalid_token" if status == 401 else "insufficient_scope"
    answer.status = status
    answer.set("WWW-Authenticate", f'Bearer error="{error}", scope="s{asked.number}"')


async def _ping_pong(asked: Asked, answer: Answer, writer: Writer) -> bool:
    _alternating(asked, answer)
    writer.write(answer.octets())
    return True


async def _endless_pages(asked: Asked, answer: Answer, writer: Writer) -> bool:
    document = answer.document()
    if isinstance(document, dict) and "tools" in (document.get("result") or {}):
        document["result"]["nextCursor"] = f"cursor {asked.number}"
        answer.write(document)
    writer.write(answer.octets())
    return True


async def _endless_events(asked: Asked, answer: Answer, writer: Writer) -> bool:
    _replace(answer, 200, "text/event-stream", b"")
    writer.write(answer.head())
    for _ in range(20_000):
        writer.write(b'data: {"jsonrpc":"2.0","method":"ping"}\n\n')
        await writer.drain()
        await asyncio.sleep(0.001)
    return False


async def _another_id(asked: Asked, answer: Answer, writer: Writer) -> bool:
    document = answer.document()
    if isinstance(document, dict):
        answer.write({**document, "id": 4711})
    writer.write(answer.octets())
    return True


PRIVATE = (
    *("http://169.254.169.254/x", "http://127.1/x", "http://0x7f.1/x", "http://2130706433/x"),
    *("http://0177.0.0.1/x", "http://[::ffff:169.254.169.254]/x", "http://[fe80::1]/x"),
    *("http://[64:ff9b::a9fe:a9fe]/x", "http://[2002:a9fe:a9fe::1]/x", "http://10.0.0.1/x"),
    *("file:///etc/passwd", "gopher://127.0.0.1/x", "//169.254.169.254/x"),
)
_ALONE: dict[str, dict[str, Play]] = {
    "contact": {
        "a challenge of 100 KB": _challenge('Bearer scope="' + "s " * 50_000 + '"'),
        "a challenge that never ends its quotes": _challenge('Bearer resource_metadata="'),
        "900 parameters": _challenge("Bearer " + ", ".join(f'a{n}="{n}"' for n in range(900))),
        "controls in the challenge": _challenge('Bearer error_description="\x9b31m"'),
        **{
            f"metadata at {url}": _challenge(f'Bearer resource_metadata="{url}"') for url in PRIVATE
        },
        "metadata at itself": _challenge('Bearer resource_metadata="/mcp"'),
    },
    "resource": {
        "an issuer that is null": _members(authorization_servers=[None]),
        "an issuer that is a number": _members(authorization_servers=[5]),
        "an issuer that is a list": _members(authorization_servers=[["x"]]),
        "four thousand issuers": _members(
            authorization_servers=[f"http://127.0.0.1:1/{n}" for n in range(4_000)]
        ),
        "an issuer of another scheme": _members(authorization_servers=["javascript:alert(1)"]),
        "an issuer that looks like another": _members(
            authorization_servers=["https://\u0430pple.example"]
        ),
        "another resource": _members(resource="https://other.example/mcp"),
        "100,000 scopes": _members(scopes_supported=[f"s{n}" for n in range(100_000)]),
        **{f"an issuer at {url}": _members(authorization_servers=[url]) for url in PRIVATE},
    },
    "issuer": {
        "an authorization endpoint that is a command": _members(
            authorization_endpoint="https://x.example/$(touch /tmp/x)`id`"
        ),
        "an authorization endpoint that begins with a dash": _members(
            authorization_endpoint="--new-window=x"
        ),
        "a token endpoint elsewhere": _members(token_endpoint="https://127.0.0.1:1/token"),
        "a token endpoint on the callback": _members(token_endpoint="http://127.0.0.1:1/callback"),
        "an endpoint with parameters": _members(
            authorization_endpoint=lambda asked: (
                f"{asked.origin.rsplit('/', 1)[0]}/authorize?client_id=evil&state=x"
            )
        ),
        "no PKCE": _members(code_challenge_methods_supported=[]),
        "endpoints that are numbers": _members(authorization_endpoint=1, token_endpoint=2),
        "an endpoint of 60 KB": _members(token_endpoint="https://127.0.0.1:1/" + "y" * 60_000),
        **{f"a token endpoint at {url}": _members(token_endpoint=url) for url in PRIVATE},
    },
    "register": {
        "a client id with controls": _members(client_id="\x1b[31mid"),
        "a client id of 60 KB": _members(client_id="x" * 60_000),
        "a client id that is an object": _members(client_id={"a": 1}),
        "a client id with a line end": _members(client_id="a\r\nX-Evil: b"),
        "a secret with a line end": _members(
            client_secret="a\r\nb", token_endpoint_auth_method="client_secret_post"
        ),
        "a management address inside": _members(
            registration_client_uri="http://169.254.169.254/x", registration_access_token="t"
        ),
    },
    "authorize": {
        "another state": _callback(lambda place: place.replace("state=", "state=x")),
        "no state": _callback(lambda place: place.replace("state=", "stat=")),
        "two states": _callback(lambda place: f"{place}&state=x"),
        "two codes": _callback(lambda place: f"{place}&code=x"),
        "code and error": _callback(lambda place: f"{place}&error=access_denied"),
        "another issuer": _callback(
            lambda place: place.replace("iss=", "iss=https://evil.example/")
        ),
        "another host": _callback(_host("evil.example")),
        "another path": _callback(_path("/other")),
        "a fragment": _callback(lambda place: place.replace("?", "#")),
        "a query of 20 KB": _callback(lambda place: f"{place}&x={'y' * 20_000}"),
        "an error with controls": _callback(
            lambda place: place.replace("code=", "error=%1b%5b31m&error_description=%9b31m&x=")
        ),
        "a token in the address": _callback(lambda place: f"{place}&access_token=secret-in-url"),
    },
    "token": {
        "a token with a line end": _members(access_token="a\r\nX-Evil: b"),
        "a token with controls": _members(access_token="\x1b[31mtoken"),
        "a token of 60 KB": _members(access_token="x" * 60_000),
        "a token that is an object": _members(access_token={"a": 1}),
        "a token type of evil": _members(token_type=EVIL),
        "no token type": _members(token_type=None),
        "an expiry of ages": _members(expires_in=10**400),
        "an expiry in the past": _members(expires_in=-5),
        "an expiry that is text": _members(expires_in="soon"),
        "a scope of 100 KB": _members(scope="s " * 50_000),
        "a scope that is a list": _members(scope=["a", "b"]),
        "an id token of evil": _members(id_token=EVIL),
    },
    "use": {
        "401 and 403 in turn": _ping_pong,
        "pages without end": _endless_pages,
        "events without end": _endless_events,
        "an answer to another request": _another_id,
        "60,000 tools": _members(
            result={"tools": [{"name": f"tool {n} \x1b[1m"} for n in range(60_000)]}
        ),
        "the token in the answer": _members(
            result=lambda asked: {"x": asked.incoming.header("authorization")}
        ),
    },
}


def behaviours() -> dict[str, Behaviour]:
    """Return every behaviour by its name."""
    found = [
        Behaviour(f"{place}: {play.__name__.strip('_').replace('_', ' ')}", place, play)
        for place in PLACES
        for play in WIRE
    ]
    found += [
        Behaviour(f"{place}: {name}", place, _text(make))
        for place in DOCUMENTS
        for name, make in TEXTS.items()
    ]
    found += [
        Behaviour(f"{place}: {name}", place, play)
        for place, plays in _ALONE.items()
        for name, play in plays.items()
    ]
    return {item.name: item for item in found}


class Lab(Hostile):
    """Two origins on loopback that are whole but for one behaviour at its place."""

    def __init__(self, behaviour: Behaviour | None) -> None:
        super().__init__(0)
        self._kind = ("/mcp", frozenset())
        self._behaviour = behaviour
        self.played = 0
        """How often the behaviour was met."""

    async def _answered(self, asked: Asked, answer: Answer, writer: Any) -> bool:
        self.count += 1
        behaviour = self._behaviour
        if behaviour is None or not PLACES[behaviour.place](asked.incoming):
            writer.write(answer.octets())
            self._remember(answer)
            await writer.drain()
            return True
        self.played += 1
        self._remember(answer)
        keep = await behaviour.play(asked, answer, writer)
        await writer.drain()
        return keep
