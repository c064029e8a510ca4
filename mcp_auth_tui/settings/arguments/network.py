"""Knows the options about how requests go out, for every command; imports argparse only."""

from __future__ import annotations

import argparse

from mcp_auth_tui.settings.arguments.parser import number

IN_TOTAL = "three times as long in total"


def flow_network(parser: argparse.ArgumentParser) -> None:
    """Add the options of the browser and the network for a run."""
    group = parser.add_argument_group("browser and network")
    group.add_argument(
        "--browser",
        metavar="HOW",
        default="auto",
        type=_filled,
        help="auto, none, follow (request the URL over HTTP, read the redirect), or a command",
    )
    group.add_argument(
        "--wait",
        metavar="S",
        type=number(float, 0.1, 86400),
        help="seconds for the person (600); given, it also says that somebody will come",
    )
    add_network(group)


def network_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the network for commands that send a request or two."""
    add_network(parser.add_argument_group("network"), marked="")


def add_network(
    group: argparse._ArgumentGroup, limit: str = IN_TOTAL, marked: str = " (marked)"
) -> None:
    """Add to a group what `options.network` reads: the one list of it.

    ``limit`` is how long all may take, ``marked`` what becomes of a result without TLS checks.
    """
    group.add_argument("--ca-file", metavar="FILE", help="trust these certificates as well")
    group.add_argument(
        "--client-cert",
        metavar="FILE",
        help="your certificate (PEM), shown to every server that asks for one (mutual TLS)",
    )
    group.add_argument(
        "--client-cert-key", metavar="FILE", help="its private key, where FILE does not hold it"
    )
    group.add_argument("--proxy", metavar="URL", help="use this proxy, not the environment's")
    group.add_argument(
        "--timeout",
        metavar="S",
        type=number(float, 0.1, 3600),
        default=10.0,
        help=f"seconds for one request (10); {limit}",
    )
    group.add_argument("--insecure", action="store_true", help=f"check no TLS certificate{marked}")


WATCH_LEAST, WATCH_USUAL, WATCH_MOST = 1, 5, 86400
"""Seconds between two rounds of ``--watch``."""


def watch_option(group: argparse._ActionsContainer, what: str) -> None:
    """Add ``--watch``; ``what`` says what is done again."""
    group.add_argument(
        "--watch",
        metavar="S",
        nargs="?",
        type=_rounds,
        const=float(WATCH_USUAL),
        help=f"{what} every S seconds ({WATCH_USUAL}; {WATCH_LEAST} or more) and at enter, and "
        "tell what changed; registers nothing, signs in nowhere",
    )


def _rounds(text: str) -> float:
    try:
        return number(float, WATCH_LEAST, WATCH_MOST)(text)
    except argparse.ArgumentTypeError as error:
        if text[:1].isdigit() or text[:1] in "-.":
            raise
        said = f"{error}; write --watch behind the URL, or --watch={WATCH_USUAL}"
        raise argparse.ArgumentTypeError(said) from None


# RFC 9110 §5.6.2: what the name of a header field is made of.
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_OWN_HEADERS = frozenset(
    ("accept", "authorization", "connection", "content-length", "content-type", "dpop", "host")
)


def header_option(group: argparse._ActionsContainer, what: str) -> None:
    """Add ``--header``; ``what`` says what becomes of it."""
    group.add_argument(
        "--header",
        metavar="HEADER",
        type=_header,
        action="append",
        default=[],
        help=f"'NAME: VALUE', {what}; VALUE may be a SOURCE, as env:NAME; repeatable",
    )


def _header(text: str) -> tuple[str, str]:
    name, sep, value = (part.strip() for part in text.partition(":"))
    if not sep or not value or not name or set(name) - _TOKEN:
        raise argparse.ArgumentTypeError(f"{name or text!r} is not 'NAME: VALUE'")
    if name.lower() in _OWN_HEADERS or name.lower().startswith("mcp-"):
        raise argparse.ArgumentTypeError(f"{name} is made by this program itself")
    return name, value


def _filled(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a browser cannot be named by nothing; see none")
    return text
