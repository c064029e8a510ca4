"""Knows the words of the command line and their help; imports argparse and the topics' names only.

``--help`` is answered from here alone, so the few names that live elsewhere (revisions, exports)
are spelled again; a test keeps them equal.
"""

from __future__ import annotations

import argparse
import os
import sys

from mcp_auth_tui.help import TOPICS

TYPE_CHECKING = False  # `typing` itself would cost a tenth of the time that --help may take
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import NoReturn

PROGRAM = "mcp-auth-tui"
REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
EXPORTS = ("headers", "token", "curl", "env", "json", "report", "report-html")
CLIENT_EXPORTS = (
    *("claude-code", "claude-desktop", "codex", "gemini", "qwen", "opencode", "droid", "copilot"),
    *("vscode", "cursor", "windsurf", "zed", "cline", "roo-code", "continue", "goose", "kiro"),
    *("amp", "crush", "lm-studio", "jetbrains-ai", "mcpc", "mcporter", "inspector", "mcp-remote"),
    *("mcp-hub", "fastmcp"),
)
CODE_EXPORTS = (
    *("python-sdk", "python-sdk-1", "typescript-sdk", "fastmcp-python", "httpx", "requests"),
    *("fetch", "langchain", "openai-agents", "pydantic-ai", "mcp-use", "httpie", "postman"),
    *("bruno", "github-actions"),
)
AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post", "private_key_jwt")
TOKEN_STORES = ("auto", "keyring", "file", "none")
_FEW = 12
"""So many choices are all named when a word is none of them."""
FACE, PRACTICE = "face", "practice server"
"""The groups of options that are spent once the program has started; all others are of a run."""
GRANTS = (
    "auto",
    "authorization_code",
    "client_credentials",
    "jwt-bearer",
    "id-jag",
    "device_code",
)


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
  mcp-auth-tui headers URL         the headers again, refreshed; no browser; see headers --help
  mcp-auth-tui run URL -- COMMAND  a command with the token in $MCP_TOKEN; see run --help
  mcp-auth-tui sessions            what is stored: list, refresh, revoke; see sessions --help
  mcp-auth-tui install CLIENT URL  put them into the file of an MCP client; see install --help
  mcp-auth-tui uninstall CLIENT URL                             take them out of it again
  mcp-auth-tui clients             which clients there are, and which are on this machine
  mcp-auth-tui demo                the same against a practice server; see mcp-auth-tui demo --help
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


# RFC 9110 §5.6.2: what the name of a header field is made of.
_TOKEN = frozenset("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
_OWN_HEADERS = frozenset(
    ("accept", "authorization", "connection", "content-length", "content-type", "dpop", "host")
)


class Parser(argparse.ArgumentParser):
    """A parser that says what is wrong in one sentence and ends with exit code 2."""

    def error(self, message: str) -> NoReturn:
        """Say it on stderr and end."""
        end = "" if message.endswith(("?", "!", ".")) else "."
        if sys.stderr is not None:
            sys.stderr.write(f"{PROGRAM}: {message}{end} See {self.prog} --help.\n")
        raise SystemExit(2)

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Say which of many choices are near, and not all of them."""
        choices = [*(action.choices or ())]
        if len(choices) <= _FEW or value in choices:
            super()._check_value(action, value)
            return
        from mcp_auth_tui.text.suggest import near

        close = near(str(value), choices)
        hint = (
            f"did you mean {' or '.join(close)}?" if close else f"there are {len(choices)} others"
        )
        raise argparse.ArgumentError(action, f"invalid choice: {value!r}: {hint}")

    def options(self) -> list[tuple[str, argparse.Action]]:
        """Return every option but help and version, each with its group's title, as in the help."""
        return [
            (group.title or "", action)
            for group in self._action_groups
            for action in group._group_actions
            if action.option_strings and action.dest not in ("help", "version")
        ]


class _Help(argparse.RawDescriptionHelpFormatter):
    """Asks the terminal's width itself: argparse would load compression libraries for it."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=26, width=min(_columns(), 100))


def _columns() -> int:
    try:
        return int(os.environ.get("COLUMNS", "")) or 80
    except ValueError:
        pass
    try:
        return max(os.get_terminal_size(1).columns, 40)
    except OSError:
        return 80


def flow() -> Parser:
    """Return the parser of the flow, the command that needs no name."""
    parser = parser_of(PROGRAM, "[URL] [options]", _FLOW, f"{_EXPORTED}\n{_EXITS}")
    parser.add_argument("url", metavar="URL", nargs="?", help="the MCP server; https is assumed")
    _flow_options(parser)
    return parser


def demo() -> Parser:
    """Return the parser of ``demo``."""
    from mcp_auth_tui.demo.faults import FAULTS, VARIANTS

    lines = [
        "faults, each with the finding that ends a run; + shows to inspect, without a sign-in:"
    ]
    lines += [
        f"  {name:<22} {fault.finding}{' +' if fault.inspected else ''}"
        for name, fault in FAULTS.items()
    ]
    lines += ["variants, each with the finding that a run reports before it goes on:"]
    lines += [f"  {name:<22} {variant.finding} +" for name, variant in VARIANTS.items()]
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
        "--cimd-ca", metavar="FILE", help="CA for fetching client metadata documents"
    )
    _flow_options(parser, port=False)
    parser.set_defaults(url=None, port=None)
    return parser


def parser_of(prog: str, usage: str, description: str, epilog: str) -> Parser:
    """Return the parser of a command, with what they all have."""
    parser = Parser(
        prog=prog,
        usage=f"{prog} {usage}",
        description=description,
        epilog=epilog,
        formatter_class=_Help,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {_version()}")
    return parser


def _version() -> str:
    from mcp_auth_tui import __version__

    return __version__


def _flow_options(parser: argparse.ArgumentParser, *, port: bool = True) -> None:
    _face(parser)
    _client(parser)
    _request(parser, port=port)
    _grants(parser)
    _network(parser)
    _judgement(parser)


def _face(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(FACE)
    only = group.add_mutually_exclusive_group()
    only.add_argument("--plain", action="store_true", help="lines on stderr, headers on stdout")
    only.add_argument("--json", action="store_true", help="one JSON document on stdout at the end")
    only.add_argument("--events", action="store_true", help="JSON lines on stdout as they happen")
    only.add_argument(
        "--inline", action="store_true", help="draw the screen below the prompt (not on Windows)"
    )
    group.add_argument("--step", action="store_true", help="stop before each request")
    group.add_argument(
        "--no-remember",
        action="store_true",
        help="keep neither theme nor servers between runs",
    )
    group.add_argument(
        "--token-store",
        metavar="WHERE",
        choices=TOKEN_STORES,
        help="keep tokens and clients in keyring, file or none (auto: a keyring, else a file)",
    )
    group.add_argument(
        "--fresh", action="store_true", help="use nothing that is stored: register and sign in anew"
    )
    group = parser.add_argument_group("output")
    group.add_argument(
        "--export",
        metavar="NAME",
        choices=(*EXPORTS, *CLIENT_EXPORTS, *CODE_EXPORTS),
        help=f"what stdout or the file gets: {', '.join(EXPORTS)} (headers)",
    )
    group.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write it there (mode 0600), not on stdout; what FILE held is replaced; - is stdout",
    )
    group.add_argument("--reveal", action="store_true", help="show secrets in the JSON's token")


def _client(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("client")
    group.add_argument("--client-id", metavar="ID", help="a client registered beforehand")
    group.add_argument(
        "--client-secret-file", metavar="FILE", help="the client's secret: the first line of a file"
    )
    group.add_argument(
        "--client-secret-prompt", action="store_true", help="ask for the client's secret"
    )
    group.add_argument(
        "--client-metadata-url", metavar="URL", help="a client ID metadata document of yours"
    )
    group.add_argument(
        "--client-name", metavar="NAME", help="what a registration calls this client"
    )
    group.add_argument(
        "--registration-token",
        metavar="SOURCE",
        help="an initial access token for the registration endpoint",
    )
    group.add_argument("--register", action="store_true", help="register dynamically in any case")
    group.add_argument(
        "--auth-method",
        metavar="METHOD",
        choices=AUTH_METHODS,
        help=f"at the token endpoint: {', '.join(AUTH_METHODS)}",
    )


def _request(parser: argparse.ArgumentParser, *, port: bool) -> None:
    group = parser.add_argument_group("request")
    group.add_argument("--scope", metavar="SCOPES", help="ask for these (blank between them)")
    group.add_argument("--resource", metavar="URI", help="the resource parameter")
    group.add_argument(
        "--no-resource", action="store_true", help="leave the resource parameter out"
    )
    group.add_argument(
        "--param",
        metavar="KEY=VALUE",
        type=_pair,
        action="append",
        default=[],
        help="add to the authorization request; repeatable",
    )
    group.add_argument(
        "--header",
        metavar="HEADER",
        type=_header,
        action="append",
        default=[],
        help="'NAME: VALUE', sent to the MCP server too, and to no other; VALUE may be a SOURCE,"
        " as env:NAME; repeatable",
    )
    group.add_argument("--redirect-uri", metavar="URI", help="where the browser comes back to")
    if port:
        group.add_argument(
            "--port",
            metavar="N",
            type=number(int, 1, 65535),
            help="port of the callback listener (any free one)",
        )
    group.add_argument(
        "--spec",
        metavar="REVISION",
        choices=("auto", *REVISIONS),
        default="auto",
        help=f"MCP revision: auto, {', '.join(REVISIONS)} (auto)",
    )
    group.add_argument("--issuer", metavar="URL", help="the authorization server, chosen by hand")


def _grants(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group(
        "other grants",
        "SOURCE is file:PATH, env:NAME, keyring:SERVICE/USER, or command:NAME (a command of your"
        " own config file).",
    )
    group.add_argument(
        "--grant",
        metavar="GRANT",
        choices=GRANTS,
        default="auto",
        help=f"{', '.join(GRANTS)} (auto: by what is given and what the server lists)",
    )
    group.add_argument("--client-key", metavar="SOURCE", help="private key, PEM or JWK")
    group.add_argument("--assertion", metavar="SOURCE", help="a workload's JWT (jwt-bearer)")
    group.add_argument(
        "--subject-token", metavar="SOURCE", help="your ID token or SAML assertion (id-jag)"
    )
    group.add_argument(
        "--subject-token-type", metavar="URN", help="type of the subject token (an ID token)"
    )
    group.add_argument("--idp-issuer", metavar="URL", help="the identity provider (id-jag)")
    group.add_argument(
        "--idp-token-endpoint", metavar="URL", help="token endpoint of the identity provider"
    )
    group.add_argument("--idp-client-id", metavar="ID", help="the client at the identity provider")
    group.add_argument(
        "--idp-client-secret", metavar="SOURCE", help="that client's secret, if it has one"
    )
    group.add_argument(
        "--dpop",
        metavar="WHEN",
        choices=("auto", "on", "off"),
        default="auto",
        help="proof of possession: auto (where the server demands it), on, off",
    )
    group.add_argument(
        "--check-signatures",
        action="store_true",
        help="check the signatures of JWTs with the issuer's keys",
    )
    group.add_argument(
        "--refresh", action="store_true", help="refresh once after verifying, and verify again"
    )


def _network(parser: argparse.ArgumentParser) -> None:
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


def _judgement(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("judgement")
    group.add_argument("--call", metavar="TOOL", help="call this tool after verifying")
    group.add_argument(
        "--call-args",
        metavar="JSON",
        type=_json_object,
        help="arguments of that call, a JSON object",
    )
    group.add_argument("--strict", action="store_true", help="stop at any error")
    group.add_argument(
        "--allow",
        metavar="ID",
        action="append",
        default=[],
        help="lift the refusal of this finding (marked); repeatable",
    )
    group.add_argument(
        "--force", action="store_true", help="run the flow though the server did not ask"
    )


def _pair(text: str) -> tuple[str, str]:
    name, sep, value = text.partition("=")
    if not name or not sep:
        raise argparse.ArgumentTypeError(f"{text!r} is not KEY=VALUE")
    return name, value


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


def _json_object(text: str) -> dict[str, object]:
    import json

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object")
    return value


def number(kind: Callable[[str], float], least: float, most: float) -> Callable[[str], float]:
    """Return how a number of some kind is read, from a least to a most."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = least - 1
        if not least <= value <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from {least} to {most:g}")
        return value

    return parse
