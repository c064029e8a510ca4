"""A person at a browser who meets pages that nobody here wrote, also such as scripts draw.

Knows sign-in and consent pages by their fields and the words on their buttons; must not know whose
they are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from playwright.sync_api import Error, Locator, Page

MAX_STEPS = 20
SECONDS = 15.0
_LOOKS, _LOOK_MS = 50, 100
_AGREE = re.compile(
    r"^\s*(allow|authorize|accept|approve|agree|consent|grant|continue|confirm|yes|sign ?in|"
    r"log ?in|submit|next|connect|save|send|ok|i agree|get started|register)\b",
    re.I,
)
_REFUSE = re.compile(r"\b(deny|cancel|decline|reject|refuse|no|disagree|logout|log out)\b", re.I)
_BUTTONS = "button:visible, input[type=submit]:visible, a[role=button]:visible"
_FIELDS = (
    "input[type=text]:visible, input[type=email]:visible, input[type=password]:visible, "
    "input:not([type]):visible"
)
_STATE = "() => location.href + '\\n' + (document.body ? document.body.innerText : '')"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who sits at the browser."""

    user: str = "ada"
    password: str = "ada"
    fields: Mapping[str, str] = field(default_factory=dict)
    """Other fields by name, or part of it."""


def sign_in(page: Page, url: str, visitor: Visitor, redirect_uri: str) -> str:
    """Open `url`, answer its pages, and return the redirect URI with what came back.

    Raises AssertionError when the pages do not lead there.
    """
    callbacks: list[str] = []

    def note(address: str) -> None:
        if address.split("?")[0].split("#")[0] == redirect_uri:
            callbacks.append(address)

    page.on("request", lambda request: note(request.url))
    _walk(page, url, visitor, lambda: bool(callbacks), again=True)
    assert callbacks, f"no page led to {redirect_uri}; {_last(page)}"
    return callbacks[0]


def approve(page: Page, url: str, visitor: Visitor, user_code: str) -> str:
    """Open the page of a device authorization, answer what it asks, and return its last text."""
    known = Visitor(visitor.user, visitor.password, {**visitor.fields, "code": user_code})
    _walk(page, url, known, lambda: False)
    return _text(page)


def _walk(
    page: Page, url: str, visitor: Visitor, over: Callable[[], bool], *, again: bool = False
) -> None:
    _go(page, lambda: page.goto(url), over)
    for _ in range(MAX_STEPS):
        if over():
            return
        button = _ready(page, visitor, over)
        if button is None and again:
            # Pages that scripts draw come to nothing at times; who is signed in begins anew.
            again = False
            _go(page, lambda: page.goto(url), over)
            continue
        if button is None:
            return
        before = page.evaluate(_STATE)
        _go(page, button.click, over)
        if not over():
            _changed(page, before, over)


def _ready(page: Page, visitor: Visitor, over: Callable[[], bool]) -> Locator | None:
    """Fill the page in, and return the button to press as soon as there is one."""
    for _ in range(_LOOKS):
        if over():
            return None
        if not _fill(page, visitor):
            _tick(page)
        if (button := _button(page)) is not None:
            return button
        # A script may be drawing the page still.
        page.wait_for_timeout(_LOOK_MS)
    return None


def _go(page: Page, act: Callable[[], object], over: Callable[[], bool]) -> None:
    try:
        act()
        page.wait_for_load_state("load")
        page.wait_for_load_state("networkidle")
    except Error as error:
        if not over():
            raise AssertionError(f"the browser: {error.message.splitlines()[0]}") from None


def _changed(page: Page, before: str, over: Callable[[], bool]) -> None:
    """Wait until the page is another one, or what a script made of it has changed."""
    try:
        page.wait_for_function(
            f"before => ({_STATE})() !== before", arg=before, timeout=SECONDS * 1000
        )
        page.wait_for_load_state("networkidle")
    except Error as error:
        # The page may be gone: that is a change too.
        if not over() and "Timeout" in str(error):
            raise AssertionError(f"a button did nothing; {_last(page)}") from None


def _fill(page: Page, visitor: Visitor) -> bool:
    """Fill every field in; returns whether there was one."""
    filled = False
    for item in page.locator(_FIELDS).all():
        name = " ".join(
            item.get_attribute(key) or "" for key in ("name", "id", "type", "placeholder")
        ).lower()
        if not item.is_editable():
            continue
        given = next((text for part, text in visitor.fields.items() if part in name), None)
        if given is None:
            given = visitor.password if "pass" in name else visitor.user
            given = (
                f"{visitor.user}@example.com" if "mail" in name and "user" not in name else given
            )
        item.fill(given)
        filled = True
    return filled


def _tick(page: Page) -> None:
    """Tick every box of a page of consent: some let nobody go on before."""
    for box in page.locator("input[type=checkbox]:visible").all():
        if box.is_enabled() and not box.is_checked():
            box.check(force=True)
    # Those that are no form's, which scripts draw.
    for box in page.locator("button[role=checkbox][aria-checked=false]:visible").all():
        box.click()


def _button(page: Page) -> Locator | None:
    """Return the button that agrees, or the only one there is."""
    buttons = [item for item in page.locator(_BUTTONS).all() if item.is_enabled()]
    words = [f"{_said(item)}" for item in buttons]
    for item, text in zip(buttons, words, strict=True):
        if _AGREE.search(text) and not _REFUSE.search(text):
            return item
    plain = [
        item
        for item, text in zip(buttons, words, strict=True)
        if not _REFUSE.search(text) and item.get_attribute("type") == "submit"
    ]
    return plain[0] if plain else None


def _said(button: Locator) -> str:
    return (button.get_attribute("value") or "") if _is_input(button) else button.inner_text()


def _is_input(button: Locator) -> bool:
    return bool(button.evaluate("item => item.tagName === 'INPUT'"))


def _text(page: Page) -> str:
    return page.locator("body").inner_text()


def _last(page: Page) -> str:
    return f"the last was {page.url}: {' '.join(_text(page).split())[:300]}"
