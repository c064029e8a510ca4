"""Knows the options of the flow, a group a topic; imports argparse only."""

from __future__ import annotations

import argparse

from mcp_auth_tui.settings.arguments.names import (
    AUTH_METHODS,
    CLIENT_EXPORTS,
    CODE_EXPORTS,
    EXPORTS,
    GRANTS,
    REVISIONS,
    TOKEN_STORES,
)
from mcp_auth_tui.settings.arguments.network import flow_network, header_option, watch_option
from mcp_auth_tui.settings.arguments.parser import number

FACE, PRACTICE = "face", "practice server"
"""The groups of options that are spent once the program has started; all others are of a run."""


def flow_options(parser: argparse.ArgumentParser, *, port: bool = True) -> None:
    """Add every option of the flow; without ``port`` where that is an option of another meaning."""
    _face(parser)
    run_options(parser, port=port)


def run_options(parser: argparse.ArgumentParser, *, port: bool = True) -> None:
    """Add the options of a run that say nothing of its face and its output."""
    _client(parser)
    _request(parser, port=port)
    _grants(parser)
    flow_network(parser)
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
    watch_option(group, "in place of a run look at the server")
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
    group.add_argument(
        "--keep-alive",
        action="store_true",
        help="on the screen: refresh the header shortly before it ends, again and again",
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
    group.add_argument(
        "--record",
        metavar="FILE",
        help="write all that happens there, masked, for mcp-auth-tui replay FILE (mode 0600)",
    )
    group.add_argument(
        "--reveal", action="store_true", help="show secrets in the JSON's token and the recording"
    )


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
    header_option(group, "sent to the MCP server too, and to no other")
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
    for name, what in (
        ("authorization", "where a person signs in"),
        ("token", "where the token is asked for"),
        ("registration", "where a client is registered"),
    ):
        group.add_argument(
            f"--{name}-endpoint",
            metavar="URL",
            help=f"{what}, given by hand in the place of the metadata's (marked)",
        )
    group.add_argument(
        "--id-token",
        action="store_true",
        help="give the MCP server the ID token, not the access token (marked)",
    )


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


def _json_object(text: str) -> dict[str, object]:
    import json

    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict):
        raise argparse.ArgumentTypeError(f"{text!r} is not a JSON object")
    return value
