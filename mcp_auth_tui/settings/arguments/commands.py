"""Knows the words of the flow and of ``demo``, and their help; imports argparse and names only."""

from __future__ import annotations

from mcp_auth_tui.help import TOPICS
from mcp_auth_tui.settings.arguments.groups import PRACTICE, flow_options
from mcp_auth_tui.settings.arguments.names import CLIENT_EXPORTS, CODE_EXPORTS
from mcp_auth_tui.settings.arguments.parser import PROGRAM, Parser, number, parser_of


def _lines(names: tuple[str, ...]) -> str:
    """Return names in lines of six."""
    rows = (names[start : start + 6] for start in range(0, len(names), 6))
    return "\n".join(f"  {' '.join(row)}" for row in rows)


_FLOW = f"""\
From the URL of a remote MCP server to a working Authorization header, and exactly why when it
does not work. On a terminal it shows a screen; elsewhere (or with --plain) it tells the story on
stderr. The headers, and nothing else, go to stdout.

  mcp-auth-tui https://mcp.example.com/mcp
  mcp-auth-tui inspect URL...      what is wrong, told without signing in; see inspect --help
  mcp-auth-tui probe URL           what the server should refuse, tried; see probe --help
  mcp-auth-tui headers URL         the headers again, refreshed; no browser; see headers --help
  mcp-auth-tui run URL -- COMMAND  a command with the token in $MCP_TOKEN; see run --help
  mcp-auth-tui sessions            what is stored: list, refresh, revoke; see sessions --help
  mcp-auth-tui install CLIENT URL  put them into the file of an MCP client; see install --help
  mcp-auth-tui uninstall CLIENT URL                             take them out of it again
  mcp-auth-tui clients             which clients there are, and which are on this machine
  mcp-auth-tui replay FILE         a run again that --record FILE wrote; see replay --help
  mcp-auth-tui demo                the same against a practice server; see mcp-auth-tui demo --help
  mcp-auth-tui completion SHELL    what bash, zsh or fish completes its words with
  mcp-auth-tui help TOPIC          more to read about one of these:
      {" ".join(TOPICS)}
"""
_EXITS = """\
exit codes: 0 headers obtained and accepted, or the server asks for none; 1 the flow failed;
2 usage; 3 a person is needed and there is none; 4 refused for safety; 5 network; 130 interrupted.
While it waits, paste the address that your browser ended on (or, twice, the code alone). Ctrl-C
once ends the run in order (JSON and headers obtained so far are still written), twice at once.
The client secret comes from $MCP_AUTH_CLIENT_SECRET, a file or a prompt, never from an argument.
"""
_EXPORTED = f"""\
--export also takes what is for an MCP client, or for code (mcp-auth-tui help clients):
{_lines(CLIENT_EXPORTS)}
{_lines(CODE_EXPORTS)}
"""
_DEMO = """\
Starts a practice server (an MCP server and its authorization server) on loopback and runs the flow
against it: any name signs in. Takes all options of the flow. With --serve-only it only serves: its
MCP URL stands alone on the first line of stdout, and Ctrl-C ends it with exit code 0.
"""


def flow() -> Parser:
    """Return the parser of the flow, the command that needs no name."""
    parser = parser_of(PROGRAM, "[URL] [options]", _FLOW, f"{_EXPORTED}\n{_EXITS}")
    parser.add_argument("url", metavar="URL", nargs="?", help="the MCP server; https is assumed")
    flow_options(parser)
    return parser


def demo() -> Parser:
    """Return the parser of ``demo``."""
    from mcp_auth_tui.demo.faults import FAULTS, VARIANTS, WEAKNESSES
    from mcp_auth_tui.demo.providers import CLIENT, PROVIDERS, SECRET

    lines = [
        "faults, each with the finding that ends a run; + shows to inspect, without a sign-in:"
    ]
    lines += [
        f"  {name:<22} {fault.finding}{' +' if fault.inspected else ''}"
        for name, fault in FAULTS.items()
    ]
    lines += ["variants, each with the finding that a run reports before it goes on:"]
    lines += [f"  {name:<22} {variant.finding} +" for name, variant in VARIANTS.items()]
    lines += ["weaknesses, each with the probe that finds it (see probe --help):"]
    lines += [f"  {name:<22} {weakness.finding}" for name, weakness in WEAKNESSES.items()]
    lines += [
        "providers, each with the finding that a plain run meets; the client that was made in",
        f"their console is {CLIENT}, its secret (where clients have one) {SECRET}:",
    ]
    lines += [
        f"  {name:<22} {provider.finding}{' +' if provider.inspected else ''}"
        for name, provider in PROVIDERS.items()
    ]
    parser = parser_of(f"{PROGRAM} demo", "[options]", _DEMO, "\n".join([*lines, "", _EXITS]))
    group = parser.add_argument_group(PRACTICE)
    group.add_argument("--serve-only", action="store_true", help="serve until Ctrl-C, no flow")
    group.add_argument(
        "--port",
        dest="practice_port",
        metavar="N",
        type=number(int, 0, 65535),
        default=0,
        help="port of the practice server; its authorization server takes the next one (any free"
        " ones). The callback's own: --redirect-uri",
    )
    group.add_argument(
        "--auto-approve", action="store_true", help="redirect at once, without sign-in pages"
    )
    group.add_argument(
        "--jwt", action="store_true", help="issue JWT access tokens, and publish their key"
    )
    group.add_argument(
        "--device", action="store_true", help="offer device authorization (a code to type) as well"
    )
    group.add_argument(
        "--token-life",
        metavar="S",
        type=number(int, 1, 86_400),
        default=3600,
        help="seconds that an access token lives (3600)",
    )
    group.add_argument(
        "--fault", action="append", default=[], metavar="NAME", help="break one thing; repeatable"
    )
    group.add_argument(
        "--variant",
        action="append",
        default=[],
        metavar="NAME",
        help="be another kind of server; repeatable",
    )
    group.add_argument(
        "--weakness",
        action="append",
        default=[],
        metavar="NAME",
        help="let something pass that should be refused; repeatable",
    )
    group.add_argument(
        "--provider", metavar="NAME", help="behave as a known provider does; not with the above"
    )
    group.add_argument(
        "--cimd-ca", metavar="FILE", help="CA for fetching client metadata documents"
    )
    flow_options(parser, port=False)
    parser.set_defaults(url=None, port=None)
    return parser
