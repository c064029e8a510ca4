"""Knows the words of ``install``, ``uninstall`` and ``clients``; imports argparse only."""

from __future__ import annotations

from mcp_auth_tui.settings.arguments.names import CLIENT_EXPORTS
from mcp_auth_tui.settings.arguments.network import header_option, network_options
from mcp_auth_tui.settings.arguments.parser import PROGRAM, Parser, parser_of

_FORMS = ("helper", "variable", "inline")
_CLIENTS = f"the clients: {', '.join(CLIENT_EXPORTS)}."
_INSTALL = f"""\
Shows what it will change in the config file of an MCP client, asks, and writes one entry for this
server there; all other bytes of the file stay as they are. What the file held is kept beside it.

{_CLIENTS}
"""
_UNINSTALL = """\
Takes the entry of a server out of the config file of an MCP client again, after showing the change.
A file that nobody has changed since becomes what it was before install, byte for byte.
"""
_EXITS = """\
exit codes: 0 the file is as it was asked for; 1 it is left as it was, for the reason on stderr;
2 usage; 3 nobody is there to say yes (see --yes); 130 interrupted.
"""
_LIST = """\
Lists the MCP clients that --export and install write for, and which of them are on this machine.
With --check each of them that has a command for it is asked whether it is connected to the URL.
"""


def install() -> Parser:
    """Return the parser of ``install``."""
    parser = _of_file("install", _INSTALL)
    parser.add_argument(
        "--form",
        metavar="FORM",
        choices=_FORMS,
        help="helper (a command that the client runs), variable (of its environment) or inline (the"
        " token itself); each client has a default: mcp-auth-tui help clients",
    )
    parser.add_argument(
        "--variable", metavar="NAME", default="MCP_TOKEN", help="the variable's name (MCP_TOKEN)"
    )
    parser.add_argument(
        "--token",
        metavar="SOURCE",
        help="for inline: file:PATH, env:NAME, keyring:SERVICE/USER (what a sign-in has kept)",
    )
    group = parser.add_argument_group("which token, where several are stored for the server")
    group.add_argument("--client-id", metavar="ID", help="that of this client")
    group.add_argument("--issuer", metavar="URL", help="that of this authorization server")
    group.add_argument("--scope", metavar="SCOPES", help="that which was granted these")
    header_option(parser, "sent by the client too (helper form)")
    network_options(parser)
    parser.add_argument(
        "--replace", action="store_true", help="put it in the place of an entry of the same name"
    )
    return parser


def uninstall() -> Parser:
    """Return the parser of ``uninstall``."""
    return _of_file("uninstall", _UNINSTALL)


def clients() -> Parser:
    """Return the parser of ``clients``."""
    parser = parser_of(f"{PROGRAM} clients", "[--json] [--check URL]", _LIST, _EXITS)
    parser.add_argument("--json", action="store_true", help="one JSON document on stdout")
    parser.add_argument(
        "--check", metavar="URL", help="ask each client that is found whether it is connected to it"
    )
    return parser


def _of_file(name: str, description: str) -> Parser:
    parser = parser_of(f"{PROGRAM} {name}", "CLIENT URL [options]", description, _EXITS)
    parser.add_argument("client", metavar="CLIENT", help="its name; mcp-auth-tui clients lists all")
    parser.add_argument("url", metavar="URL", help="the MCP server; https is assumed")
    parser.add_argument(
        "--name", metavar="NAME", help="what the client calls the server (its host)"
    )
    parser.add_argument(
        "--project", action="store_true", help="the file of the project in this folder"
    )
    parser.add_argument("--file", metavar="FILE", help="this file, wherever it is")
    parser.add_argument("--dry-run", action="store_true", help="show the change on stdout, no more")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    return parser
