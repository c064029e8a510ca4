"""Probes a practice server in this process, with a browser that is no program."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager
from typing import Any

import httpx

from mcp_auth_tui.demo.server import PracticeServer
from mcp_auth_tui.model import Browsed, Finding, Level, Session
from mcp_auth_tui.protocol.probes.flow import Plan
from mcp_auth_tui.run.assembly import prober
from mcp_auth_tui.settings.arguments.probe import probe
from mcp_auth_tui.settings.options import from_arguments

SECONDS = 30.0


async def probed(url: str, *words: str) -> Session:
    """Probe a server as the command line would with ``--browser follow``."""
    return await _probed(url, None, "--browser", "follow", *words)


async def probed_by_person(url: str, *words: str) -> Session:
    """Probe a server, and sign in at each address that would be opened, in one browser."""
    async with httpx.AsyncClient(trust_env=False, timeout=5) as browser:
        return await _probed(url, browser, "--browser", "none", "--wait", "20", *words)


async def _probed(url: str, browser: httpx.AsyncClient | None, *words: str) -> Session:
    args = probe().parse_args([url, "--yes", *words])
    options = from_arguments(args, {})
    config, _ = options.config(url)
    plan = Plan(args.sign_ins, args.destructive, args.privileged_tool)
    controller = prober(options, config, plan, person=browser is not None)
    people: list[asyncio.Task[None]] = []
    async with asyncio.timeout(SECONDS), aclosing(controller.run()) as events:
        async for event in events:
            if isinstance(event, Browsed) and browser is not None:
                people.append(asyncio.create_task(sign_in(browser, event.url)))
    await asyncio.gather(*people)
    return controller.session


async def sign_in(browser: httpx.AsyncClient, url: str) -> None:
    """Answer every page on the way to the callback, as a person in a hurry does."""
    page = await browser.get(url, follow_redirects=True)
    while form := dict(re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)):
        action = re.search(r'<form[^>]* action="([^"]*)"', page.text)
        assert action, page.text
        data = {**form, "name": "Robin", "decision": "allow"}
        place = str(page.url.join(action[1]))
        origin = f"{page.url.scheme}://{page.url.netloc.decode()}"
        page = await browser.post(
            place, data=data, headers={"Origin": origin}, follow_redirects=True
        )


@asynccontextmanager
async def practice(*weaknesses: str, **options: Any) -> AsyncIterator[PracticeServer]:
    """A practice server with weaknesses."""
    server = await PracticeServer.start(faults=weaknesses, **options)
    try:
        yield server
    finally:
        await server.aclose()


def result(session: Session, id: str) -> Finding:
    """The one result of a probe."""
    found = [item for item in session.findings if item.id == id]
    assert len(found) == 1, f"{id}: {found}"
    return found[0]


def failed(session: Session) -> dict[str, str]:
    """The probes that failed, with what was seen."""
    results = [item for item in session.findings if item.id.startswith("probe-")]
    return {item.id: item.seen for item in results if item.level.rank <= Level.WARNING.rank}
