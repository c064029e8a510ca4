"""The screen in a browser: textual-serve in front, its websocket in place of a browser's."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import shlex
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pyte
import pytest

aiohttp = pytest.importorskip("aiohttp", reason="textual-serve is not installed")
pytest.importorskip("textual_serve", reason="textual-serve is not installed")

ROOT = Path(__file__).parents[2]
SECONDS = 40.0
SIZE = (100, 36)
# It takes a socket that listens already, so that nobody has to try until it does.
SERVE = """
import socket, sys
from aiohttp import web
from textual_serve.server import Server
run, here = web.run_app, socket.socket(fileno=int(sys.argv[3]))
web.run_app = lambda app, host, port, **more: run(app, sock=here, **more)
Server(sys.argv[1], port=int(sys.argv[2])).serve()
"""


class Page:
    """What a browser sees: the terminal's picture, and the messages beside it."""

    def __init__(self, wire: Any) -> None:
        self._wire = wire
        self._screen = pyte.Screen(*SIZE)
        self._stream = pyte.ByteStream(self._screen)
        self.raw = b""
        self.messages: list[list[Any]] = []

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self._screen.display)

    async def until(self, there: Callable[[], object], what: str) -> None:
        """Take in what comes until something is so."""
        try:
            async with asyncio.timeout(SECONDS):
                while not there():
                    came = await self._wire.receive()
                    if came.type is aiohttp.WSMsgType.BINARY:
                        self.raw += came.data
                        self._stream.feed(came.data)
                    elif came.type is aiohttp.WSMsgType.TEXT:
                        self.messages.append(json.loads(came.data))
                    else:
                        raise AssertionError(f"it ended before {what}:\n{self.text}")
        except TimeoutError:
            raise AssertionError(f"never {what}:\n{self.text}\n{self.messages}") from None

    async def shows(self, words: str) -> None:
        await self.until(lambda: words in self.text, words)

    async def press(self, keys: str) -> None:
        await self._wire.send_json(["stdin", keys])

    def said(self, kind: str) -> list[Any]:
        return [message for message in self.messages if message[0] == kind]


@contextmanager
def serving(home: Path) -> Iterator[int]:
    """Serve the practice run as textual-serve does; gives the port, which takes calls already."""
    listening = socket.create_server(("127.0.0.1", 0))
    port = int(listening.getsockname()[1])
    words = [sys.executable, "-m", "mcp_auth_tui", "demo", "--auto-approve", "--wait", "60"]
    unwanted = ("TEXTUAL_DRIVER", "NO_COLOR", "TMUX", "SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY")
    environ = {k: v for k, v in os.environ.items() if k not in unwanted}
    environ |= {"HOME": str(home), "XDG_CONFIG_HOME": str(home), "PYTHONPATH": str(ROOT)}
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, shlex.join(words), str(port), str(listening.fileno())],
        pass_fds=[listening.fileno()],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        env=environ, cwd=home,
    )  # fmt: skip
    listening.close()
    try:
        yield port
    finally:
        process.terminate()
        process.wait(SECONDS)


@asynccontextmanager
async def served(home: Path) -> AsyncIterator[tuple[str, Page]]:
    """Serve it, and come as a browser."""
    with serving(home) as port:
        base = f"http://localhost:{port}"
        async with aiohttp.ClientSession(trust_env=False) as browser:
            async with asyncio.timeout(SECONDS):
                wire = await browser.ws_connect(f"{base}/ws?width={SIZE[0]}&height={SIZE[1]}")
            try:
                yield base, Page(wire)
            finally:
                await wire.close()


async def test_in_a_browser_copy_open_and_save_reach_the_browser_and_the_callback_is_explained(
    tmp_path: Path,
) -> None:
    async with served(tmp_path) as (base, page):
        await page.shows("paste its address")
        assert "your browser shows this screen" in page.text
        await page.press("c")
        pattern = re.compile(rb"\x1b\]52;c;([A-Za-z0-9+/=]+)\x07")
        await page.until(lambda: pattern.search(page.raw), "copied")
        copied = pattern.findall(page.raw)[-1]
        url = base64.b64decode(copied).decode()
        await page.press("o")
        await page.until(lambda: page.said("open_url"), "opened")
        assert page.said("open_url")[0][1] == {"url": url, "new_tab": True}
        async with httpx.AsyncClient(trust_env=False, follow_redirects=True) as person:
            visit = asyncio.ensure_future(person.get(url, timeout=SECONDS))
            await page.shows("c copies it, e exports it")
            assert (await visit).status_code == 200
        await page.press("\x1a")
        await page.shows("no shell waits under it")
        await page.press("q")
        await page.shows("neither copied nor saved")
        await page.press("n")
        await page.until(lambda: "neither copied" not in page.text, "stayed")
        await page.press("e")
        await page.shows("enter or c copies")
        await page.press("s")
        await page.shows("mcp-headers.txt")
        await page.press("\r")
        await page.until(lambda: page.said("deliver_file_start"), "delivered")
        key = page.said("deliver_file_start")[0][1]
        async with aiohttp.ClientSession(trust_env=False) as browser:
            download = asyncio.ensure_future(_text(browser, f"{base}/download/{key}"))
            await page.until(download.done, "downloaded")
            saved, disposition = download.result()
        assert re.fullmatch(r"Authorization: Bearer \S+\n", saved)
        assert "mcp-headers.txt" in disposition
        # Nothing is left on the disk of the machine that serves.
        assert not list(tmp_path.rglob("mcp-headers*"))


async def _text(browser: Any, url: str) -> tuple[str, str]:
    async with browser.get(url) as response:
        return await response.text(), response.headers["Content-Disposition"]
