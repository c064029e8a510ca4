"""Knows how the MCP server is weak on request; what its authorization server does is elsewhere.

The weak server lets what should be refused pass as if it had come with the token that it has taken
last: the server behind stays as it is.
"""

import base64
import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs

from mcp_auth_tui.demo import answers
from mcp_auth_tui.demo.metadata import ELSEWHERE, resource_metadata
from mcp_auth_tui.demo.tokens import ID_TOKEN
from mcp_auth_tui.loopback.server import Handler, Incoming, Reply

_ROOT = "/.well-known/oauth-protected-resource"
_FORM = "application/x-www-form-urlencoded"


class WeakResource:
    """What stands before the MCP server; `refresh` says whether a token is a refresh token."""

    def __init__(
        self, handler: Handler, weaknesses: frozenset[str], refresh: Callable[[str], bool]
    ) -> None:
        self._handler = handler
        self._weaknesses = weaknesses
        self._refresh = refresh
        self._good = ""

    async def handle(self, incoming: Incoming) -> Reply:
        """Answer one request."""
        weak = self._weaknesses
        if incoming.path == _ROOT and "other-document" in weak:
            own = f"http://{incoming.header('host')}/mcp"
            return answers.as_json(resource_metadata(own, ELSEWHERE, frozenset()))
        given = incoming.header("authorization") or ""
        if incoming.method == "DELETE" and not given and "open-delete" in weak:
            return Reply(204)
        kind = (incoming.header("content-type") or "").partition(";")[0]
        if kind == _FORM and given and "token-in-form" in weak:
            return answers.as_json({"jsonrpc": "2.0", "id": None, "result": {}})
        weakened = self._weakened(incoming, given)
        reply = await self._handler(weakened)
        if reply.status == 200 and given and weakened.header("authorization") == given:
            self._good = given
        if reply.status == 403 and b"tools/call" in incoming.body and "every-tool" in weak:
            return answers.as_json(_done(incoming))
        return reply

    def _weakened(self, incoming: Incoming, given: str) -> Incoming:
        if "any-origin" in self._weaknesses:
            incoming = _without(incoming, "origin")
        scheme, _, token = given.partition(" ")
        if "one-spelling" in self._weaknesses and scheme != "Bearer":
            return _without(incoming, "authorization")
        if self._good and self._admits(incoming, token):
            return _with(incoming, "authorization", self._good)
        asked = parse_qs(incoming.query).get("access_token", [""])[0]
        if asked and not given and "token-in-url" in self._weaknesses:
            return _with(incoming, "authorization", f"Bearer {asked}")
        return incoming

    def _admits(self, incoming: Incoming, token: str) -> bool:
        weak = self._weaknesses
        session = incoming.header("mcp-session-id")
        return any(
            (
                "any-token" in weak and bool(token),
                "unsigned-token" in weak and _unsigned(token),
                "id-token-taken" in weak and token.startswith(ID_TOKEN),
                "refresh-taken" in weak and self._refresh(token),
                "session-only" in weak and bool(session) and not token,
            )
        )


def as_form(incoming: Incoming) -> Incoming:
    """Return a request that carries its query as if it were a form that was posted."""
    posted = replace(incoming, method="POST", body=incoming.query.encode())
    return _with(posted, "content-type", _FORM)


def _unsigned(token: str) -> bool:
    head = token.partition(".")[0]
    try:
        header = json.loads(base64.urlsafe_b64decode(head + "=" * (-len(head) % 4)))
    except ValueError:
        return False
    return isinstance(header, dict) and str(header.get("alg")).lower() == "none"


def _done(incoming: Incoming) -> dict[str, object]:
    id = json.loads(incoming.body).get("id")
    return {"jsonrpc": "2.0", "id": id, "result": {"content": []}}


def _without(incoming: Incoming, name: str) -> Incoming:
    kept = tuple(item for item in incoming.headers if item[0].lower() != name)
    return replace(incoming, headers=kept)


def _with(incoming: Incoming, name: str, value: str) -> Incoming:
    other = _without(incoming, name)
    return replace(other, headers=(*other.headers, (name, value)))
