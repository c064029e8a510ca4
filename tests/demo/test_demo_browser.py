"""Pins the pages in a real browser, whose rules for form-action no other client applies."""

import shutil
from urllib.parse import urlencode

import pytest
from practice_client import practising, query_of

from mcp_auth_tui.loopback.server import Incoming, Loopback, Reply

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
]

pytestmark = [
    pytest.mark.peers,
    pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on this machine"),
]


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost"])
@pytest.mark.parametrize("decision", ["Allow", "Deny"])
async def test_a_person_with_a_real_browser_comes_back_to_the_client(
    host: str, decision: str
) -> None:
    playwright = pytest.importorskip("playwright.async_api")
    seen: list[str] = []

    async def callback(incoming: Incoming) -> Reply:
        seen.append(incoming.target)
        return Reply(200, b"back")

    try:
        listener = await Loopback.bind(callback, host)
    except OSError:
        pytest.skip(f"this machine has no {host}")
    literal = f"[{host}]" if ":" in host else host
    redirect = f"http://{literal}:{listener.port}/callback"
    complaints: list[str] = []
    async with practising() as practice, playwright.async_playwright() as engine:
        client = (await practice.register(redirect_uris=[redirect])).json()["client_id"]
        request = practice.request(client, redirect_uri=redirect)
        browser = await engine.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        try:
            page = await browser.new_page()
            page.set_default_timeout(10_000)
            page.on("console", lambda message: complaints.append(message.text))
            await page.goto(f"{practice.issuer}/authorize?{urlencode(request)}")
            await page.get_by_label("Your name").fill("Ada")
            await page.keyboard.press("Enter")
            await page.get_by_role("button", name=decision).click()
            await page.wait_for_url(redirect + "**")
        finally:
            await browser.close()
            await listener.aclose()
        query = query_of(seen[0])
        wanted = {"state", "iss"} | (
            {"code"} if decision == "Allow" else {"error", "error_description"}
        )
        assert (set(query), query["iss"]) == (wanted, [practice.issuer])
    assert complaints == []
