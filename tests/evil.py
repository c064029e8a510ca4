"""A whole practice set-up that puts escape sequences into every text that a server may choose.

Its answers stay whole, so that a run goes on to the end, or to the one answer that ends it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from queue import Queue
from threading import Thread
from typing import Any
from urllib.parse import quote

from tests.hostile import Answer, Asked, Hostile, serving

EVIL = (
    "\x1b[31m\x1b[2J\x1b]52;c;ZXZpbA==\x07\x1b]8;;http://evil.example/\x1b\\x\x1b]0;evil\x07"
    "\x1bP1$r\x1b\\\x9b31m\x9d0;evil\x9c\x90\x85\r\b\x7f\x00\u202egnp\u2066\u200b\u2028\ue000\ufeff"
    "[@click=app.quit]x[/] [/y] [bold"
)
# What a header field or a reason phrase can carry: the C1 controls are octets of their own there.
LATIN = "\x9b31m\x9d0;evil\x9c\x9d52;c;ZXZpbA==\x9c\x90\x85 [@click=app.quit]x[/] [/y] [bold"
STOPS = ("", "page", "metadata", "redirect", "register", "callback", "token", "refusal")
"""Where the run ends: nowhere, or at the answer that is an error, a page or a redirect."""


class Evil(Hostile):
    """Two origins on loopback, all of whose words are hostile."""

    def __init__(self, stop: str = "") -> None:
        super().__init__(0)
        self._kind = ("/mcp", frozenset())
        self._stop = stop

    async def _answered(self, asked: Asked, answer: Answer, writer: Any) -> bool:
        self.count += 1
        if not self._stopped(asked, answer):
            document = answer.document()
            if isinstance(document, dict):
                answer.write(_spoiled(document))
            elif "event-stream" in dict(answer.headers).get("Content-Type", ""):
                answer.body = _spoiled_stream(answer.body)
        answer.reason = LATIN
        answer.headers += [("X-Evil", LATIN), ("Server", LATIN), ("Set-Cookie", f"a={LATIN}")]
        for index, (name, value) in enumerate(answer.headers):
            if name.lower() == "www-authenticate":
                more = f'realm="{LATIN}", error_description="{LATIN}", x="{LATIN}"'
                answer.headers[index] = (name, f"{value}, {more}")
            elif name.lower() == "content-type":
                answer.headers[index] = (name, f"{value}; x={LATIN}")
        writer.write(answer.octets())
        await writer.drain()
        return True

    def _stopped(self, asked: Asked, answer: Answer) -> bool:
        """Make the answer that ends the run of what was right."""
        path = asked.incoming.path
        wrong = {"error": EVIL, "error_description": EVIL, "error_uri": EVIL, EVIL: EVIL}
        match self._stop:
            case "page" if "protected-resource" in path:
                _replace(answer, 500, "text/html", f"<title>{EVIL}</title>{EVIL}".encode())
            case "metadata" if "authorization-server" in path or "openid" in path:
                document = {"issuer": EVIL, "authorization_endpoint": EVIL, EVIL: EVIL}
                _replace(answer, 200, "application/json", json.dumps(document).encode())
            case "redirect" if "protected-resource" in path:
                _replace(answer, 302, "text/plain", b"")
                answer.headers.append(("Location", f"https://evil.example/{LATIN}"))
            case "register" if path == "/register":
                _replace(answer, 400, "application/json", json.dumps(wrong).encode())
            case "callback" if path == "/authorize":
                place = dict(answer.headers)["Location"]
                error = "".join(f"&{name}={quote(EVIL)}" for name in wrong if name != EVIL)
                back, _, query = place.partition("?")
                kept = "&".join(part for part in query.split("&") if not part.startswith("code="))
                answer.set("Location", f"{back}?{kept}{error}")
            case "token" if path == "/token":
                _replace(answer, 400, "application/json", json.dumps(wrong).encode())
            case "refusal" if asked.incoming.header("authorization"):
                told = {"jsonrpc": "2.0", "id": 1, "error": {"code": -32000, "message": EVIL}}
                _replace(answer, 403, "application/json", json.dumps(told).encode())
                answer.headers.append(("WWW-Authenticate", f'Bearer error="{LATIN}"'))
            case _:
                return False
        return True


def _replace(answer: Answer, status: int, media: str, body: bytes) -> None:
    answer.status, answer.body = status, body
    answer.headers = [("Content-Type", media)]


# Members whose text a server may choose freely, in whichever document they stand.
_FREE = (
    *("resource_name", "resource_documentation", "resource_policy_uri", "resource_tos_uri"),
    *("service_documentation", "op_policy_uri", "op_tos_uri", "client_name", "client_uri"),
    *("logo_uri", "instructions", "title", "description", "websiteUrl", "software_id"),
)
_LISTS = ("scopes_supported", "ui_locales_supported", "contacts", "acr_values_supported")


def _spoiled(document: dict[str, Any]) -> dict[str, Any]:
    """Return a document with hostile members beside those that matter, and inside its lists."""
    made = {**document, EVIL: EVIL, "x": {EVIL: [EVIL, {EVIL: EVIL}]}}
    made |= dict.fromkeys(_FREE, EVIL)
    for name in _LISTS:
        made[name] = [*document.get(name, ()), EVIL]
    with suppress(KeyError, TypeError):
        made["scope"] = f"{document['scope']} {EVIL}"
    result = document.get("result")
    if isinstance(result, dict):
        tools = [{"name": EVIL, "title": EVIL, "description": EVIL, "inputSchema": {EVIL: EVIL}}]
        info = {"name": EVIL, "version": EVIL, "title": EVIL}
        made["result"] = {**result, EVIL: EVIL, "instructions": EVIL, "_meta": {EVIL: EVIL}}
        if "tools" in result:
            made["result"]["tools"] = [*result["tools"], *tools]
        if "serverInfo" in result:
            made["result"]["serverInfo"] = info
    return made


def _spoiled_stream(body: bytes) -> bytes:
    """Return an event stream whose data are spoiled, with hostile names and comments between."""
    lines = []
    for line in body.decode().splitlines():
        if line.startswith("data: {"):
            line = f"data: {json.dumps(_spoiled(json.loads(line[6:])))}"
        lines.append(line)
    evil = EVIL.replace("\r", "").encode("utf-8", "surrogatepass")
    return b": " + evil + b"\n" + "\n".join(lines).encode() + b"\n\n"


@contextmanager
def evil(stop: str = "") -> Iterator[str]:
    """Serve one in a thread of its own; gives the MCP URL."""
    made: Queue[tuple[str, asyncio.AbstractEventLoop, asyncio.Event]] = Queue()

    async def served() -> None:
        over = asyncio.Event()
        async with serving(Evil(stop)) as server:
            made.put((server.url, asyncio.get_running_loop(), over))
            await over.wait()

    thread = Thread(target=asyncio.run, args=(served(),))
    thread.start()
    url, loop, over = made.get(timeout=20)
    try:
        yield url
    finally:
        loop.call_soon_threadsafe(over.set)
        thread.join(20)
