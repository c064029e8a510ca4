"""A person at a browser: headless Chromium that signs in, consents or declines.

Knows sign-in pages by their form fields only, and the redirect URI by the authorization URL; must
not know which server showed the page. Run as a program it is a `--browser` command: it signs in at
the URL given as its only argument.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import (
    Browser,
    BrowserContext,
    Error,
    Locator,
    Page,
    Route,
    sync_playwright,
)

T = TypeVar("T")

PERSON = "ada"
MAX_PAGES = 5
SECONDS = 20.0
_QUIET = (
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-gpu",
)


@dataclass(frozen=True, slots=True)
class Landing:
    """Where the browser ended: the whole callback URL, and the page's text if one was shown."""

    url: str
    status: int | None
    text: str | None

    @property
    def parameters(self) -> dict[str, str]:
        return {k: v[0] for k, v in parse_qs(urlsplit(self.url).query).items()}


def chromium_path() -> str | None:
    """The Chromium to start: `$CHROMIUM`, else the one on the path."""
    return os.environ.get("CHROMIUM") or shutil.which("chromium")


class Person:
    """One Chromium, with fresh cookies for every sign-in.

    Playwright's blocking interface leaves an event loop in the thread that uses it, which would
    break every asyncio test after it: so it has a thread of its own.
    """

    def __init__(self, executable: str) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="browser")
        self._playwright, self._browser = self._do(lambda: self._start(executable))

    @staticmethod
    def _start(executable: str) -> tuple[Any, Browser]:
        playwright = sync_playwright().start()
        return playwright, playwright.chromium.launch(executable_path=executable, args=_QUIET)

    def _do(self, work: Callable[[], T]) -> T:
        return self._thread.submit(work).result(4 * SECONDS)

    def close(self) -> None:
        self._do(self._browser.close)
        self._do(self._playwright.stop)
        self._thread.shutdown()

    def sign_in(
        self, url: str, *, consent: bool = True, reach_callback: bool = True, redirect_uri: str = ""
    ) -> Landing:
        """Opens the authorization `url`, answers its pages, and returns where that ended.

        `redirect_uri` is for a request that was pushed: its `url` does not tell. Without
        `reach_callback` the last redirect meets a closed door, as it does when the browser is on
        another machine than the program: only the address is left, for pasting.

        Raises AssertionError when the pages do not lead to the redirect URI of `url`.
        """
        return self._do(lambda: self._sign_in(url, consent, reach_callback, redirect_uri))

    def approve(self, url: str, *, consent: bool = True) -> str:
        """Opens the page of a device authorization, answers what it asks, and returns its end.

        `url` carries the user code already. Raises AssertionError when no page says that it is
        over.
        """
        return self._do(lambda: self._approve(url, consent))

    def visit(self, work: Callable[[Page], T]) -> T:
        """Does something with an empty page of a browser whose clipboard may be read."""
        return self._do(lambda: self._visited(work))

    def _visited(self, work: Callable[[Page], T]) -> T:
        context = self._browser.new_context()
        context.set_default_timeout(SECONDS * 1000)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        context.route("**/*", _near)
        try:
            return work(context.new_page())
        finally:
            context.close()

    def _approve(self, url: str, consent: bool) -> str:
        context = self._browser.new_context()
        context.set_default_timeout(SECONDS * 1000)
        try:
            return _answer_device(context.new_page(), url, consent)
        finally:
            context.close()

    def _sign_in(self, url: str, consent: bool, reach_callback: bool, redirect_uri: str) -> Landing:
        if not redirect_uri:
            (redirect_uri,) = parse_qs(urlsplit(url).query)["redirect_uri"]
        context = self._browser.new_context()
        context.set_default_timeout(SECONDS * 1000)
        try:
            return _walk(context, url, redirect_uri, consent, reach_callback)
        finally:
            context.close()


def _near(route: Route) -> None:
    """Lets nothing leave this machine: a page may want fonts from elsewhere."""
    near = urlsplit(route.request.url).hostname in ("localhost", "127.0.0.1")
    route.continue_() if near else route.abort()


def _walk(
    context: BrowserContext, url: str, redirect_uri: str, consent: bool, reach_callback: bool
) -> Landing:
    page = context.new_page()
    callbacks: list[str] = []
    page.on("request", lambda r: _note(callbacks, r.url, redirect_uri))
    if not reach_callback:
        _close_door(context, page, redirect_uri)
    _move(page, callbacks, lambda: page.goto(url))
    for _ in range(MAX_PAGES):
        if callbacks:
            break
        button = _answer(page, consent)
        _move(page, callbacks, button.click)
    assert callbacks, f"no page led to {redirect_uri}; the last was {page.url}: {_text(page)}"
    if not reach_callback:
        return Landing(callbacks[0], None, None)
    status = page.evaluate("performance.getEntriesByType('navigation')[0].responseStatus")
    return Landing(callbacks[0], status, _text(page))


def _answer_device(page: Page, url: str, consent: bool) -> str:
    page.goto(url)
    # The page with the code in it sends itself; what has a button then asks a person.
    for _ in range(MAX_PAGES):
        page.wait_for_function("!document.querySelector('form#op\\\\.deviceInputForm')")
        text = _text(page)
        if not page.locator("button[type=submit]").count():
            return text
        abort = page.locator("button[name=abort]")
        button = abort if not consent and abort.count() else _answer(page, True)
        with page.expect_navigation(wait_until="load"):
            button.click()
        if button is abort:
            return _text(page)
    raise AssertionError(f"no page says that it is over; the last was {page.url}: {_text(page)}")


def _note(callbacks: list[str], url: str, redirect_uri: str) -> None:
    if url.split("?")[0] == redirect_uri:
        callbacks.append(url)


def _close_door(context: BrowserContext, page: Page, redirect_uri: str) -> None:
    # Playwright's own routes never see the later hops of a redirect; Chromium's protocol does.
    protocol = context.new_cdp_session(page)
    pattern = {"urlPattern": f"{redirect_uri}*"}

    def refuse(event: dict[str, Any]) -> None:
        answer = {"requestId": event["requestId"], "errorReason": "ConnectionRefused"}
        protocol.send("Fetch.failRequest", answer)

    protocol.on("Fetch.requestPaused", refuse)
    protocol.send("Fetch.enable", {"patterns": [pattern]})


def _move(page: Page, callbacks: list[str], act: Callable[[], object]) -> None:
    """Does `act`, which leaves the page, and waits until the next page stands (or none can)."""
    try:
        with page.expect_navigation(wait_until="load"):
            act()
    except Error:
        if not callbacks:
            raise


def _answer(page: Page, consent: bool) -> Locator:
    """Fills in whatever form there is; returns the button or link that carries the answer."""
    if not consent:
        decline = page.get_by_text("Deny").or_(page.get_by_text("Cancel"))
        return decline.first
    for field in page.locator("input[type=text], input[type=password]").all():
        field.fill(PERSON)
    return page.locator("button[type=submit]").first


def _text(page: Page) -> str:
    return page.locator("body").inner_text()


def main(url: str) -> int:
    """Signs in at `url` with a Chromium of its own."""
    executable = chromium_path()
    assert executable, "there is no Chromium"
    person = Person(executable)
    try:
        person.sign_in(url)
    finally:
        person.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
