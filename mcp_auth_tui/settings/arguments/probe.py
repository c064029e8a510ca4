"""Knows the words of ``probe`` and their help; must not import anything but argparse."""

from __future__ import annotations

import argparse

from mcp_auth_tui.settings.arguments.commands import flow
from mcp_auth_tui.settings.arguments.groups import run_options
from mcp_auth_tui.settings.arguments.inspect import results
from mcp_auth_tui.settings.arguments.parser import PROGRAM, Parser, number, parser_of

_PROBE = """\
Signs in to an MCP server and then tries what it and its authorization server should refuse: bad
tokens, codes used wrongly, addresses that were not registered, and more. One result a probe: pass,
fail or not decided, with the exchanges that show it, the rule and the next step.

Only for servers of your own, or where you were asked to. It registers a client of its own, asks
before it begins, sends the token to its own server alone, and ends and deletes what it can.

  mcp-auth-tui probe https://mcp.example.com/mcp
  mcp-auth-tui probe https://mcp.example.com/mcp --yes --destructive --browser follow
"""
_EXITS = """\
exit codes: 0 no probe failed at or over the threshold; 1 one did, or the sign-in failed; 2 usage;
3 a person is needed and there is none; 4 refused for safety; 5 network; 130 interrupted. stdout
(or FILE) gets the results, stderr the story.
"""


def probe() -> Parser:
    """Return the parser of ``probe``."""
    parser = parser_of(f"{PROGRAM} probe", "URL [options]", _PROBE, _EXITS)
    parser.add_argument("url", metavar="URL", help="the MCP server; https is assumed")
    group = parser.add_argument_group("probes")
    group.add_argument("--yes", action="store_true", help="do not ask before the probes begin")
    group.add_argument(
        "--destructive",
        action="store_true",
        help="also use codes and tokens of the probes in ways that should end their grant",
    )
    group.add_argument(
        "--sign-ins",
        metavar="N",
        type=number(int, 0, 50),
        default=10,
        help="the most times that you are asked to sign in again (10)",
    )
    group.add_argument(
        "--privileged-tool",
        metavar="TOOL",
        default="",
        help="a tool that needs more than the least scope, to be called with the least",
    )
    results(parser)
    run_options(parser)
    own = {action.dest for action in parser._actions}
    # What a run is asked besides is as where nothing was said of it, and nothing is kept.
    others = {key: value for key, value in vars(_defaults()).items() if key not in own}
    parser.set_defaults(
        **{**others, "plain": True, "no_remember": True, "token_store": "none", "fresh": True}
    )
    return parser


def _defaults() -> argparse.Namespace:
    return flow().parse_args([])
