"""Knows the pages a person sees; must not know tokens, sockets or what an answer leads to.

Their HTML stands in `templates`: no script, no outside file; light and dark; usable by keyboard
alone. Every value is escaped.
"""

from collections.abc import Iterable, Mapping
from functools import cache
from html import escape
from pathlib import Path
from string import Template
from urllib.parse import urlsplit

from mcp_auth_tui.loopback.server import Reply
from mcp_auth_tui.text.terminal import one_line

_LONGEST = 120
_POLICY = (
    "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)

GUARDS = ("Content-Security-Policy",)
"""The header fields that keep other sites from framing a page."""


def sign_in(transaction: str, token: str, client_name: str) -> Reply:
    """Build the page that asks for any name."""
    values = {"transaction": transaction, "token": token, "client_name": client_name}
    return _page("sign_in", "Sign in", values)


def consent(scopes: Iterable[tuple[str, str]], redirect_uri: str, **values: str) -> Reply:
    """Build the page that says who asks for what and where the answer goes.

    ``values``: transaction, token, subject, client_name, client_id, resource.
    """
    values["redirect_uri"] = redirect_uri
    return _page("consent", "Allow access?", values, scopes, to=_source(redirect_uri))


def user_code(typed: str, *, wrong: bool = False) -> Reply:
    """Build the page that asks for the code of a device; ``wrong``: nobody waits with this one."""
    name, status = ("wrong_code", 400) if wrong else ("user_code", 200)
    title = "A device wants to sign in"
    return _page(name, title, {"typed": typed}, status=status, longest=20)


def device_consent(code: str, scopes: Iterable[tuple[str, str]], **values: str) -> Reply:
    """Build the page that says which device asks for what, and takes any name.

    ``values``: client_name, client_id, resource.
    """
    return _page("device_consent", "Allow access?", {"code": code, **values}, scopes)


def device_end(*, allowed: bool) -> Reply:
    """Build the page that sends the person back to the device."""
    title = "The device is signed in" if allowed else "The device was turned away"
    return _page("device_end", title, {"heading": title})


def problem(status: int, reason: str, hint: str) -> Reply:
    """Build the page for a request that is answered here and nowhere else."""
    values = {"reason": reason, "hint": hint}
    return _page("problem", "This request cannot go on", values, status=status, longest=300)


def ordinary() -> Reply:
    """Build a web page that is plainly no API: what a fault serves instead of a document."""
    return _page("ordinary", "Welcome", {})


def _page(
    name: str,
    title: str,
    values: Mapping[str, str],
    scopes: Iterable[tuple[str, str]] = (),
    *,
    status: int = 200,
    longest: int = _LONGEST,
    to: str = "",
) -> Reply:
    safe = {key: escape(one_line(value, longest)) for key, value in values.items()}
    safe["scopes"] = "".join(
        f"<li><code>{escape(scope)}</code><br><small>{escape(meaning)}</small></li>"
        for scope, meaning in scopes
    )
    body = _template(name).substitute(safe)
    text = _template("page").substitute(title=title, body=body) + "\n"
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Cache-Control", "no-store"),
        ("Content-Security-Policy", _POLICY + to),
        ("Referrer-Policy", "same-origin"),
        ("X-Content-Type-Options", "nosniff"),
    )
    return Reply(status, text.encode(), headers)


@cache
def _template(name: str) -> Template:
    path = Path(__file__).with_name("templates") / f"{name}.html"
    return Template(path.read_text(encoding="utf-8").removesuffix("\n"))


def _source(uri: str) -> str:
    """Return the CSP source for where a form's answer redirects: Chromium judges that hop too."""
    parts = urlsplit(uri)
    # A CSP host-source has no way to write an IPv6 literal, so there only the scheme is left.
    return " http:" if ":" in (parts.hostname or "") else f" {parts.scheme}://{parts.netloc}"
