"""Knows an MCP server of the HTTP+SSE transport of 2024-11-05, in memory; tests nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from mcp_auth_tui.model import Failure, Request, Response
from mcp_auth_tui.protocol import actions
from tests.findings.site import Site
from tests.protocol.script import HELLO, TOOLS, Page, body_of, made_exchange, raw, result

SSE = ("content-type", "text/event-stream")
ENDPOINT = b"event: endpoint\r\ndata: /messages/?session_id=abc\r\n\r\n"
PING = b": ping\r\n\r\n"
MESSAGES = "https://mcp.example/messages/?session_id=abc"


@dataclass
class Sse(Site):
    """A server of the old transport: what its stream says, and how POST to its URL is answered."""

    first: tuple[bytes, ...] = (ENDPOINT,)
    post: Page = field(default_factory=lambda: raw(405))
    answering: bool = True
    wrong_ids: bool = False
    step: float = 5.0
    """Seconds between two octets of a stream that says nothing."""
    drips: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.stream: list[bytes] = []

    def _performed(self, action: Any) -> Any:
        match action:
            case actions.Open(request):
                self.sent.append(request)
                self.stream = list(self.first)
                refused = self._refused(request, "GET")
                page = refused or raw(200, b"", SSE)
                return made_exchange(request, page, len(self.sent))
            case actions.Read(_, within):
                if self.stream:
                    return self.stream.pop(0)
                if not self.drips:
                    self.clock += within
                    return Failure("net-slow", f"mcp.example sent nothing more for {within:g} s.")
                self.clock += self.step
                return PING
            case actions.Close():
                return None
        return super()._performed(action)

    def _mcp(self, request: Request) -> Page:
        return self._refused(request, str(body_of(request)["method"])) or self.post

    def _answer(self, request: Request) -> Page:
        if request.url != MESSAGES:
            return super()._answer(request)
        method, id = body_of(request)["method"], body_of(request).get("id")
        results = {"initialize": {**HELLO, "protocolVersion": "2024-11-05"}, "tools/list": TOOLS}
        if self.answering and method in results:
            answer = result(request, results[method])
            assert isinstance(answer, Response)
            body = (
                answer.body.replace(f'"id": {id}'.encode(), b'"id": 99')
                if self.wrong_ids
                else (answer.body)
            )
            self.stream.append(b"event: message\r\ndata: " + body + b"\r\n\r\n")
        return raw(202)
