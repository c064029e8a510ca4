"""Knows how to stand in for a model on loopback: it says "ok", and keeps the tools it was offered.

For clients that connect to their MCP servers when they have something to say to a model only.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

_CHUNK = {"id": "x", "object": "chat.completion.chunk", "created": 1, "model": "fake"}
_ANSWER = {
    **_CHUNK,
    "object": "chat.completion",
    "choices": [
        {
            "index": 0,
            "message": {"role": "assistant", "content": "ok"},
            "finish_reason": "stop",
        }
    ],
    "usage": {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2},
}


class StandInModel(ThreadingHTTPServer):
    """An OpenAI-compatible server; `offered` are the names of all tools so far."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.offered: list[str] = []

    @property
    def url(self) -> str:
        """The base URL that clients are given."""
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: StandInModel

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        self._answer({"object": "list", "data": [{"id": "fake", "object": "model"}]})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get("content-length") or 0)) or b"{}")
        tools = [(tool.get("function") or tool).get("name") for tool in body.get("tools") or ()]
        self.server.offered += [name for name in tools if name]
        if not body.get("stream"):
            self._answer(_ANSWER)
            return
        choices: list[dict[str, Any]] = [
            {"index": 0, "delta": {"role": "assistant", "content": "ok"}, "finish_reason": None},
            {"index": 0, "delta": {}, "finish_reason": "stop"},
        ]
        chunks = [json.dumps({**_CHUNK, "choices": [choice]}) for choice in choices]
        text = "".join(f"data: {chunk}\n\n" for chunk in (*chunks, "[DONE]"))
        self._send(text.encode(), "text/event-stream")

    def _answer(self, value: object) -> None:
        self._send(json.dumps(value).encode(), "application/json")

    def _send(self, octets: bytes, media_type: str) -> None:
        self.send_response(200)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(octets)))
        self.end_headers()
        self.wfile.write(octets)


@contextmanager
def standing_in() -> Iterator[StandInModel]:
    """Serve for as long as the block lasts."""
    with StandInModel() as model:
        thread = Thread(target=model.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield model
        finally:
            model.shutdown()
            thread.join()
