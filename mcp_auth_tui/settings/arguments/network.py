"""Knows the options about how requests go out, for every command; imports argparse only."""

from __future__ import annotations

import argparse

from mcp_auth_tui.settings.arguments.parser import number


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
    group.add_argument("--ca-file", metavar="FILE", help="trust these certificates as well")
    group.add_argument("--proxy", metavar="URL", help="use this proxy, not the environment's")
    group.add_argument(
        "--timeout",
        metavar="S",
        type=number(float, 0.1, 3600),
        default=10.0,
        help="seconds for one request (10); three times as long in total",
    )
    group.add_argument(
        "--wait",
        metavar="S",
        type=number(float, 0.1, 86400),
        help="seconds for the person (600); given, it also says that somebody will come",
    )
    group.add_argument("--insecure", action="store_true", help="check no TLS certificate (marked)")


def network_options(parser: argparse.ArgumentParser) -> None:
    """Add the options of the network for commands that send a request or two."""
    group = parser.add_argument_group("network")
    group.add_argument("--ca-file", metavar="FILE", help="trust these certificates as well")
    group.add_argument("--proxy", metavar="URL", help="use this proxy, not the environment's")
    group.add_argument(
        "--timeout",
        metavar="S",
        type=number(float, 0.1, 3600),
        default=10.0,
        help="seconds for one request (10); three times as long in total",
    )
    group.add_argument("--insecure", action="store_true", help="check no TLS certificate")


def _filled(text: str) -> str:
    if not text.strip():
        raise argparse.ArgumentTypeError("a browser cannot be named by nothing; see none")
    return text
