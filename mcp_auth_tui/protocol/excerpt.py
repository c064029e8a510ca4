"""Knows how the body of an unexpected answer is quoted in a line; must not know what was expected.

A page or a stack trace often names the cause, and it is server text that nobody has read yet: what
may be a credential is masked, rather too much than too little.
"""

from __future__ import annotations

import re

from mcp_auth_tui.model import Exchange, Response
from mcp_auth_tui.text import redaction, terminal
from mcp_auth_tui.text.patterns import pattern

_LONGEST = 200
_READ = 64 * 1024
_TITLE = pattern(r"<title[^<>]*>([^<]*)", re.IGNORECASE)
_TAG = pattern(r"<(!--|/?[a-z][a-z0-9]*)", re.IGNORECASE)
# Elements whose content nobody sees; each ends at its own end tag.
_UNSEEN = frozenset({"script", "style", "noscript", "template", "svg", "title"})
_WEB_PAGE = frozenset({"text/html", "application/xhtml+xml"})
_LOOK = pattern(rb"\s*<(!doctype html|html|head|title|body|h[1-6]|p|div|center)\b", re.IGNORECASE)


def is_page(response: Response) -> bool:
    """Return whether an answer is a web page, by its label or by its look."""
    return response.media_type in _WEB_PAGE or _LOOK.match(response.body[:1024]) is not None


def excerpt(exchange: Exchange) -> str:
    """Return what the body of an answer says, as ``a web page, “…”``; empty where it says nothing.

    One line of at most 200 characters of the body, harmless, with what may be a credential masked:
    of a page its title and then its text, of anything else its beginning.
    """
    response, quoted = exchange.response, quote(exchange)
    page = response is not None and _speaks(response) and is_page(response)
    return ", ".join(part for part in ("a web page" if page else "", quoted) if part)


def quote(exchange: Exchange) -> str:
    """Return the quotation alone, as ``“…”``: where it is told already that it is a web page."""
    response = exchange.response
    if response is None or not _speaks(response):
        return ""
    body = response.body[:_READ].decode("utf-8", "replace")
    text = (
        page_text(body) if is_page(response) else redaction.redact_body(body, response.media_type)
    )
    text = clean(text, exchange)
    return f"“{text}”" if text else ""


def clean(text: str, exchange: Exchange) -> str:
    """Return server text as one harmless line of at most 200 characters, credentials masked."""
    text = " ".join(text[:_READ].split())
    text = redaction.redact(text, (secret.reveal() for secret in exchange.request.secrets))
    text = terminal.one_line(redaction.redact_prose(text), None)
    return f"{text[: _LONGEST - 1].rstrip()}…" if len(text) > _LONGEST else text


def _speaks(response: Response) -> bool:
    return bool(response.body.strip()) and b"\0" not in response.body[:_READ]


def page_text(page: str) -> str:
    """Return the title of a web page and the words that a person sees on it."""
    from html import unescape  # the names of 2,000 characters, for pages only

    match = _TITLE.search(page)
    title = " ".join(unescape(match[1]).split()) if match else ""
    body = " ".join(unescape(_visible(page)).split())
    if not title or body.startswith(title):
        return body
    return f"{title}: {body}" if body else title


def _visible(page: str) -> str:
    """Return the text between the tags, in one pass; a tag that has no end ends the text."""
    parts, at = list[str](), 0
    while (start := page.find("<", at)) >= 0:
        parts.append(page[at:start])
        tag = _TAG.match(page, start)
        name = tag[1].lower() if tag else ""
        if name == "!--":
            end, skip = page.find("-->", start), 3
        elif name in _UNSEEN:
            closing = re.compile(f"</{name}", re.IGNORECASE).search(page, start)
            end, skip = page.find(">", closing.start()) if closing else -1, 1
        elif not name and not page.startswith("<!", start):
            parts.append("<")  # no tag: a lone sign
            end, skip = start, 1
        else:
            end, skip = page.find(">", start), 1
        if end < 0:
            return " ".join(parts)
        at = end + skip
    return " ".join((*parts, page[at:]))
