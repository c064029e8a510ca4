"""Knows the pages a browser sees when it comes back; static, so nothing of a request is in them.

SPEC B2: no reflected input, no store, no referrer, no source of anything but the one style.
"""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass
from functools import cache
from hashlib import sha256

_STYLE = """
:root{color-scheme:light dark}
body{margin:0;min-height:100vh;display:grid;place-items:center;
font:17px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;
background:#f6f5f2;color:#1d1d1f}
main{max-width:30rem;margin:1.5rem;padding:2rem 2.25rem;background:#fff;border-radius:14px;
border-top:6px solid #8a8f98;box-shadow:0 1px 3px #0002,0 8px 30px #0001}
main.good{border-color:#2e9e5b}main.bad{border-color:#c9453b}main.wait{border-color:#c98a1b}
h1{font-size:1.3rem;margin:0 0 .6rem}p{margin:.5rem 0 0}small{opacity:.65}
@media(prefers-color-scheme:dark){body{background:#16171a;color:#e8e8ea}
main{background:#202226;box-shadow:none}}
"""
_POLICY = (
    "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class _Page:
    status: int
    tone: str
    title: str
    lines: tuple[str, ...]


_PAGES = {
    "done": _Page(
        200,
        "good",
        "Signed in",
        ("mcp-auth-tui has its token.", "You can close this tab and go back to the terminal."),
    ),
    "failed": _Page(
        400,
        "bad",
        "The sign-in did not work out",
        (
            "mcp-auth-tui received the answer but could not go on with it.",
            "The terminal says what was wrong and what to do next. You can close this tab.",
        ),
    ),
    "working": _Page(
        202,
        "wait",
        "Still working",
        (
            "The answer was received, and the token request takes longer than usual.",
            "Look at the terminal for the result. You can close this tab.",
        ),
    ),
    "ignored": _Page(
        400,
        "wait",
        "This is not the answer that is waited for",
        (
            "It does not belong to the sign-in that is open now, so it was ignored.",
            "That sign-in still waits: finish it in its own tab, or look at the terminal.",
        ),
    ),
    "already": _Page(
        409,
        "wait",
        "Already received",
        (
            "The answer of this sign-in was received before; this one was not used.",
            "Look at the terminal for the result. You can close this tab.",
        ),
    ),
    "empty": _Page(
        400,
        "bad",
        "The answer is missing",
        (
            "The authorization server sent you back without an answer in the address.",
            "If the address bar shows something after a # sign, copy the whole address and paste "
            "it into the terminal.",
        ),
    ),
    "post": _Page(
        405,
        "bad",
        "The answer came in the wrong way",
        (
            "The authorization server sent it as a POST (a 307 redirect or form_post). It has to "
            "redirect with 302 or 303, so that the browser asks with GET.",
            "The terminal still waits.",
        ),
    ),
    "unknown": _Page(
        404, "", "Nothing here", ("This address only takes the answer of a sign-in.",)
    ),
    "foreign": _Page(
        421, "", "Wrong host", ("This address answers only under the name it was opened for.",)
    ),
    "method": _Page(405, "", "Not possible", ("This address is only read.",)),
}


@cache
def page(name: str) -> tuple[int, bytes, tuple[tuple[str, str], ...]]:
    """Return status, body and header fields of a page; KeyError for a name that is none."""
    made = _PAGES[name]
    lines = "".join(f"<p>{line}</p>" for line in made.lines)
    body = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<title>{made.title} · mcp-auth-tui</title><style>{_STYLE}</style></head>"
        f'<body><main class="{made.tone}"><h1>{made.title}</h1>{lines}'
        "<p><small>mcp-auth-tui</small></p></main></body></html>\n"
    ).encode()
    digest = b64encode(sha256(_STYLE.encode()).digest()).decode("ascii")
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
        ("Content-Security-Policy", _POLICY.format(digest)),
        ("X-Content-Type-Options", "nosniff"),
        *((("Allow", "GET"),) if made.status == 405 else ()),
    )
    return made.status, body, headers
