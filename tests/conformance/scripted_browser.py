"""A `--browser` command that comes back as a given server would make a browser come back.

    scripted_browser.py HOW CA URL

Knows the authorization URL and HTTP; must not know the program. CA is a file of certificates to
trust, or "-".
"""

from __future__ import annotations

import ssl
import sys
from collections.abc import Iterator
from contextlib import suppress
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, HTTPSHandler, ProxyHandler, Request, build_opener


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: object, **__: object) -> None:
        return None


def visits(how: str, landing: str) -> Iterator[Request]:
    """What the browser asks the program's listener, in order."""
    address, _, query = landing.partition("?")
    wrong = f"{address}?code=stolen&state=not-yours"
    match how:
        case "post":
            yield Request(address, data=query.encode(), method="POST")
        case "post-then-get":
            yield Request(address, data=query.encode(), method="POST")
            yield Request(landing)
        case "fragment":
            # What stands after the mark is never sent.
            yield Request(landing.partition("#")[0])
        case "wrong-then-right":
            yield Request(wrong)
            yield Request(landing)
        case "wrong":
            yield Request(wrong)
        case "twice":
            yield Request(landing)
            yield Request(landing)
        case "elsewhere":
            yield Request(address.replace("/callback", "/other") + f"?{query}")
            yield Request(landing)
        case _:
            yield Request(landing)


def main(how: str, ca: str, url: str) -> int:
    trusted = ssl.create_default_context(cafile=None if ca == "-" else ca)
    opener = build_opener(ProxyHandler({}), _Stay(), HTTPSHandler(context=trusted))
    try:
        opener.open(url, timeout=20)
    except HTTPError as answer:
        landing = answer.headers["Location"]
    assert urlsplit(landing).hostname == "127.0.0.1"
    for request in visits(how, landing):
        with suppress(HTTPError):
            opener.open(request, timeout=20).read()
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
