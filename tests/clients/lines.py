"""Knows programs that speak JSON-RPC in lines, and one that serves HTTP; no configuration."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Timer
from typing import Any
from urllib.request import ProxyHandler, build_opener

_MCP = {"protocolVersion": "2025-06-18", "capabilities": {}}
_WHO = {"clientInfo": {"name": "test", "version": "1"}}


def tools_by_lines(
    talk: str, command: Sequence[str], folder: Path, environ: Mapping[str, str], seconds: float
) -> str:
    """Return what a program answers to a list of tools, as JSON; what there is after the time."""
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=dict(environ),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    limit = Timer(seconds, process.kill)
    limit.start()
    try:
        with suppress(BrokenPipeError):
            if talk == "codex":
                _ask(process, 1, "initialize", _WHO)
                _send(process, {"method": "initialized"})
                return json.dumps(_ask(process, 2, "mcpServerStatus/list", {}))
            _ask(process, 1, "initialize", {**_MCP, **_WHO})
            _send(process, {"jsonrpc": "2.0", "method": "notifications/initialized"})
            return json.dumps(_ask(process, 2, "tools/list", {}))
        return ""
    finally:
        limit.cancel()
        process.kill()
        process.communicate()


def _send(process: subprocess.Popen[str], message: Mapping[str, Any]) -> None:
    assert process.stdin
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def _ask(process: subprocess.Popen[str], number: int, method: str, params: Any) -> Any:
    assert process.stdout
    _send(process, {"jsonrpc": "2.0", "id": number, "method": method, "params": params})
    for line in process.stdout:
        with suppress(ValueError):
            message = json.loads(line)
            if message.get("id") == number:
                return message
    return None


def tools_by_http(
    url: str, command: Sequence[str], folder: Path, environ: Mapping[str, str], seconds: float
) -> str:
    """Return what a program that serves answers under a URL once it names a connected server."""
    process = subprocess.Popen(
        command, cwd=folder, env=dict(environ), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    opener, answer = build_opener(ProxyHandler({})), ""
    end = time.monotonic() + seconds
    try:
        while time.monotonic() < end and process.poll() is None:
            with suppress(OSError), opener.open(url, timeout=5) as response:
                answer = response.read().decode()
                if '"status":"connected"' in answer:
                    return answer
            time.sleep(0.1)  # it says nothing when it is ready
        return answer
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(5)
        process.kill()
        process.wait()
