"""Knows the MCP server's paths, its judgement of tokens and both transports; no OAuth endpoint."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import KW_ONLY, field

from mcp_auth_tui.demo import pages, rpc
from mcp_auth_tui.demo.answers import Headers, as_json, as_text, not_found, only
from mcp_auth_tui.demo.eras import check_legacy_version, check_modern, is_modern
from mcp_auth_tui.demo.metadata import resource_metadata
from mcp_auth_tui.demo.records import DEFAULT_SCOPE, Access, Entropy, Grant, Shelf, covered
from mcp_auth_tui.loopback.server import Incoming, Reply
from mcp_auth_tui.records import dataclass

PRM_PREFIX = "/.well-known/oauth-protected-resource"
_NO_PRM = frozenset({"no-prm", "legacy", "legacy-paths"})
_ANYBODY = Access(
    Grant("anybody", "no client", "", frozenset()), frozenset({"notes:write"}), 0.0, 0.0
)
_QUEUE = 16
_STREAM_HEADERS = (
    ("Content-Type", "text/event-stream"),
    ("Cache-Control", "no-store"),
    ("X-Accel-Buffering", "no"),
)


class _Unauthorized(Exception):
    """The request stops at its token; the reply is the challenge."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(reply.status)
        self.reply = reply


@dataclass(frozen=True, slots=True)
class _Session:
    """A session of the initialize era; `outbox` is there for the old HTTP+SSE transport alone."""

    subject: str
    outbox: asyncio.Queue[rpc.Message] | None = None


@dataclass(frozen=True, slots=True)
class ResourceServer:
    """The MCP server at `origin`, with `/mcp` and, for the oldest transport, `/sse`."""

    origin: str
    issuer: str
    judge: Callable[[str, str], Access | None]
    _: KW_ONLY
    faults: frozenset[str]
    entropy: Entropy
    _notes: rpc.Notes = field(default_factory=rpc.Notes)
    _sessions: Shelf[_Session] = field(default_factory=lambda: Shelf(64))

    async def handle(self, incoming: Incoming) -> Reply:
        """Answer one request to this origin."""
        path = incoming.path
        if path.startswith(PRM_PREFIX):
            return await self._metadata(incoming)
        endpoints: dict[str, tuple[str, Callable[[Incoming, Access], Awaitable[Reply]]]] = {
            "/mcp": ("/mcp", self._mcp),
            "/sse": ("/sse", self._sse),
            "/messages": ("/sse", self._messages),
        }
        if path not in endpoints:
            return not_found()
        if (incoming.header("origin") or self.origin) != self.origin:
            return as_text(403, "This Origin is not served.")
        if "not-mcp" in self.faults:
            return pages.ordinary()
        if "rate-limited" in self.faults:
            return as_text(429, "Too many requests.", (("Retry-After", "1"),))
        resource, serve = endpoints[path]
        try:
            return await serve(incoming, self._authorized(incoming, resource))
        except _Unauthorized as refusal:
            return refusal.reply

    async def _metadata(self, incoming: Incoming) -> Reply:
        resource = incoming.path.removeprefix(PRM_PREFIX)
        if resource not in {"/mcp", "/sse"} or _NO_PRM & self.faults:
            return not_found()
        if incoming.method not in {"GET", "HEAD"}:
            return only("GET")
        if "hang" in self.faults:
            await asyncio.Event().wait()
        if "prm-html" in self.faults:
            return pages.ordinary()
        return as_json(resource_metadata(self.origin + resource, self.issuer, self.faults))

    # -- tokens

    def _authorized(self, incoming: Incoming, resource: str) -> Access:
        """Return what the token allows; raises _Unauthorized with a 401 or 403."""
        if "open" in self.faults:
            return _ANYBODY
        scheme, _, token = (incoming.header("authorization") or "").partition(" ")
        if scheme.lower() != "bearer":
            raise self._challenge(resource, 401, DEFAULT_SCOPE)
        access = self.judge(token.strip(), self.origin + resource)
        if access is None or "fresh-token-refused" in self.faults:
            why = "the token is unknown, expired, revoked or for another resource"
            raise self._challenge(resource, 401, DEFAULT_SCOPE, ("invalid_token", why))
        if "stepup-loop" in self.faults:
            raise self._insufficient(resource, "notes:write")
        return access

    def _allowed(self, message: rpc.Message, access: Access, resource: str) -> rpc.Caller:
        """Judge the scope that a tool needs; raises _Unauthorized with a 403."""
        scopes = covered(access.scopes)
        if message["method"] == "tools/call":
            tool = rpc.params_of(message).get("name")
            needed = rpc.NEEDED_SCOPE.get(tool) if isinstance(tool, str) else None
            if needed is not None and needed not in scopes:
                raise self._insufficient(resource, needed)
        return rpc.Caller(access.grant.subject, access.grant.client_id, tuple(sorted(scopes)))

    def _insufficient(self, resource: str, scope: str) -> _Unauthorized:
        why = f"this needs {scope}"
        return self._challenge(resource, 403, scope, ("insufficient_scope", why))

    def _challenge(
        self, resource: str, status: int, scope: str, error: tuple[str, str] | None = None
    ) -> _Unauthorized:
        """Build a challenge (RFC 6750 section 3, RFC 9728 section 5.1)."""
        parameters: list[str] = []
        if error is not None:
            parameters += [f'error="{error[0]}"', f'error_description="{error[1]}"']
        if not _NO_PRM & self.faults:
            parameters.append(f'resource_metadata="{self.origin}{PRM_PREFIX}{resource}"')
        parameters.append(f'scope="{scope}"')
        headers: Headers = (("WWW-Authenticate", "Bearer " + ", ".join(parameters)),)
        if "no-challenge" in self.faults:
            headers = ()
        body: dict[str, str] = {"error": "unauthorized", "error_description": "a token is needed"}
        if error is not None:
            body = {"error": error[0], "error_description": error[1]}
        return _Unauthorized(as_json(body, status, headers))

    # -- Streamable HTTP

    async def _mcp(self, incoming: Incoming, access: Access) -> Reply:
        if incoming.method == "DELETE":
            return self._end_session(incoming, access)
        if incoming.method != "POST":
            return only("POST", "DELETE")
        message: rpc.Message | None = None
        try:
            _check_media(incoming)
            message = rpc.read_message(incoming.body)
            caller = self._allowed(message, access, "/mcp")
            if is_modern(incoming, message):
                check_modern(incoming, message)
                if "id" not in message:
                    return Reply(202)
                return as_json(rpc.answer_modern(message, self._notes, caller))
            return self._in_session(incoming, message, caller)
        except rpc.RpcError as error:
            return as_json(rpc.as_error(error, message), error.status)

    def _in_session(self, incoming: Incoming, message: rpc.Message, caller: rpc.Caller) -> Reply:
        if message["method"] == "initialize" and "id" in message:
            _, answer = rpc.answer_initialize(message, rpc.LEGACY)
            session_id = self.entropy.opaque("session")
            self._sessions.put(session_id, _Session(caller.subject))
            return as_json(answer, headers=(("Mcp-Session-Id", session_id),))
        check_legacy_version(incoming)
        problem = self._session_problem(incoming, caller.subject)
        if problem is not None:
            return problem
        if "id" not in message:
            return Reply(202)
        try:
            answer = rpc.answer_legacy(message, self._notes, caller)
        except rpc.RpcError as error:
            # Before 2026-07-28 an error of the method itself is no error of HTTP.
            return as_json(rpc.as_error(error, message))
        if message["method"] == "tools/list":
            return Reply(200, _one_event(answer), _STREAM_HEADERS)
        return as_json(answer)

    def _end_session(self, incoming: Incoming, access: Access) -> Reply:
        problem = self._session_problem(incoming, access.grant.subject)
        if problem is None:
            self._sessions.pop(incoming.header("mcp-session-id") or "")
        return problem or Reply(204)

    def _session_problem(self, incoming: Incoming, subject: str) -> Reply | None:
        session_id = incoming.header("mcp-session-id")
        if session_id is None:
            return as_text(400, "Mcp-Session-Id is missing: initialize first.")
        session = self._sessions.get(session_id)
        if session is None or session.outbox is not None or session.subject != subject:
            return as_text(404, "This session does not exist, or has ended.")
        return None

    # -- the HTTP+SSE transport of 2024-11-05

    async def _sse(self, incoming: Incoming, access: Access) -> Reply:
        if incoming.method != "GET":
            return only("GET")
        session_id = self.entropy.opaque("session")
        outbox: asyncio.Queue[rpc.Message] = asyncio.Queue(_QUEUE)
        self._sessions.put(session_id, _Session(access.grant.subject, outbox))
        return Reply(200, self._events(session_id, outbox), _STREAM_HEADERS)

    async def _events(
        self, session_id: str, outbox: asyncio.Queue[rpc.Message]
    ) -> AsyncIterator[bytes]:
        try:
            yield f"event: endpoint\ndata: /messages?session_id={session_id}\n\n".encode()
            while True:
                yield _event(await outbox.get())
        finally:
            self._sessions.pop(session_id)

    async def _messages(self, incoming: Incoming, access: Access) -> Reply:
        if incoming.method != "POST":
            return only("POST")
        session = self._sessions.get(incoming.query.removeprefix("session_id="))
        if session is None or session.outbox is None or session.subject != access.grant.subject:
            return as_text(404, "This session does not exist, or has ended.")
        try:
            message = rpc.read_message(incoming.body)
        except rpc.RpcError as error:
            return as_json(rpc.as_error(error), error.status)
        caller = self._allowed(message, access, "/sse")
        if "id" in message:
            try:
                session.outbox.put_nowait(self._answer_oldest(message, caller))
            except asyncio.QueueFull:
                return as_text(429, "Read the stream first.", (("Retry-After", "1"),))
        return as_text(202, "Accepted")

    def _answer_oldest(self, message: rpc.Message, caller: rpc.Caller) -> rpc.Message:
        try:
            if message["method"] == "initialize":
                return rpc.answer_initialize(message, (rpc.OLDEST,))[1]
            return rpc.answer_legacy(message, self._notes, caller)
        except rpc.RpcError as error:
            return rpc.as_error(error, message)


def _check_media(incoming: Incoming) -> None:
    kind = (incoming.header("content-type") or "").split(";")[0].strip().lower()
    if kind != "application/json":
        raise rpc.RpcError(rpc.INVALID_REQUEST, "Content-Type must be application/json", 415)
    accepted = (incoming.header("accept") or "*/*").lower()
    both = "application/json" in accepted and "text/event-stream" in accepted
    if not both and "*/*" not in accepted:
        raise rpc.RpcError(
            rpc.INVALID_REQUEST, "Accept must list application/json and text/event-stream", 406
        )


def _event(message: rpc.Message) -> bytes:
    return f"event: message\ndata: {json.dumps(message, ensure_ascii=False)}\n\n".encode()


async def _one_event(message: rpc.Message) -> AsyncIterator[bytes]:
    yield b": practice\n\n"
    yield _event(message)
