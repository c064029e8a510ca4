"""Knows the pages a browser sees when it comes back; static, so nothing of a request is in them.

Their words stand in `pages.json` (status, tone, title, paragraphs), their look in `page.html`.
SPEC B2: no reflected input, no store, no referrer, no source of anything but the one style.
"""

from __future__ import annotations

import json
from base64 import b64encode
from functools import cache
from hashlib import sha256
from pathlib import Path
from string import Template

_POLICY = (
    "default-src 'none'; style-src 'sha256-{}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@cache
def page(name: str) -> tuple[int, bytes, tuple[tuple[str, str], ...]]:
    """Return status, body and header fields of a page; KeyError for a name that is none."""
    template = _read("page.html")
    status, tone, title, *paragraphs = json.loads(_read("pages.json"))[name]
    lines = "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)
    body = Template(template).substitute(title=title, tone=tone, lines=lines).encode()
    style = template.partition("<style>")[2].partition("</style>")[0]
    digest = b64encode(sha256(style.encode()).digest()).decode("ascii")
    headers = (
        ("Content-Type", "text/html; charset=utf-8"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("Referrer-Policy", "no-referrer"),
        ("Content-Security-Policy", _POLICY.format(digest)),
        ("X-Content-Type-Options", "nosniff"),
        *((("Allow", "GET"),) if status == 405 else ()),
    )
    return status, body, headers


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
