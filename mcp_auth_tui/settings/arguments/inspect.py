"""Knows the words of ``inspect`` and their help; must not import anything but argparse."""

from __future__ import annotations

import argparse

from mcp_auth_tui.settings.arguments.names import REVISIONS, WATCH_FORMATS
from mcp_auth_tui.settings.arguments.network import IN_TOTAL, add_network, watch_option
from mcp_auth_tui.settings.arguments.parser import PROGRAM, Parser, number, parser_of

FORMATS = ("text", "json", "jsonl", "markdown", "sarif", "junit", "html", "har")
LIST_FORMATS = ("text", "markdown", "json")
THRESHOLDS = ("fatal", "error", "warning")
MOST_JOBS = 100

_INSPECT = """\
Looks at MCP servers without registering or signing in: the first contact, the metadata of the
resource and of every authorization server it names. Tells what is wrong, whose it is to mend and
how. One URL or thousands: results are written as they come.

  mcp-auth-tui inspect https://mcp.example.com/mcp
  mcp-auth-tui inspect --file urls.txt --format jsonl -o results.jsonl
  mcp-auth-tui inspect http://127.0.0.1:8000/mcp --watch
  mcp-auth-tui inspect --explain as-issuer-slash
"""
_EXITS = """\
exit codes: 0 no finding at or over the threshold; 1 there is one; 2 usage; 130 interrupted. With 0,
1 and 130 stdout (or FILE) holds a whole document of what was found, in every format; only where it
could not be written is the code 1 as well, and stderr says so. Ctrl-C ends --watch with the code of
its last round.
"""


def inspect() -> Parser:
    """Return the parser of ``inspect``."""
    parser = parser_of(f"{PROGRAM} inspect", "URL... [options]", _INSPECT, _EXITS)
    parser.add_argument(
        "urls", metavar="URL", nargs="*", help="MCP servers; https is assumed; - reads stdin"
    )
    parser.add_argument(
        "--file", metavar="FILE", help="read URLs from it, one a line (# begins a comment)"
    )
    _output(parser)
    _network(parser)
    return parser


def _output(parser: argparse.ArgumentParser) -> None:
    group = results(parser)
    watch_option(group, f"look at one URL again ({', '.join(WATCH_FORMATS)})")
    only = group.add_mutually_exclusive_group()
    only.add_argument(
        "--explain", metavar="ID", help="the rule, why it matters, how to mend it, right and wrong"
    )
    only.add_argument(
        "--list-checks", action="store_true", help=f"all rules: {', '.join(LIST_FORMATS)}"
    )


def results(parser: argparse.ArgumentParser) -> argparse._ArgumentGroup:
    """Add the options about how findings are written, and return their group."""
    group = parser.add_argument_group("results")
    group.add_argument(
        "--format", metavar="NAME", choices=FORMATS, default="text", help=", ".join(FORMATS)
    )
    group.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write them there (mode 0600), not on stdout; what FILE held is replaced; - is stdout",
    )
    group.add_argument(
        "--fail-on",
        metavar="LEVEL",
        choices=THRESHOLDS,
        default="error",
        help=f"exit with 1 at a finding this bad: {', '.join(THRESHOLDS)} (error)",
    )
    return group


def _network(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("network")
    group.add_argument(
        "--jobs",
        metavar="N",
        type=number(int, 1, MOST_JOBS),
        default=20,
        help=f"so many URLs at the same time (20, at most {MOST_JOBS})",
    )
    group.add_argument(
        "--spec",
        metavar="REVISION",
        choices=("auto", *REVISIONS),
        default="auto",
        help=f"MCP revision: auto, {', '.join(REVISIONS)} (auto)",
    )
    add_network(group, f"{IN_TOTAL}, twelve times for a URL")
