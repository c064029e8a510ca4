"""Knows the command ``headers``, which prints what the token store has; must ask nobody anything.

Other programs start it in front of every connection, so for a token that is still good it loads
argparse, JSON and the file, and nothing else.
"""

from __future__ import annotations

import sys
import time

from mcp_auth_tui.settings.arguments.network import header_option, network_options
from mcp_auth_tui.settings.arguments.parser import PROGRAM, parser_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from typing import Any

    from mcp_auth_tui.net.settings import NetworkSettings
    from mcp_auth_tui.settings.arguments.parser import Parser

FORMATS = ("headers", "json", "token", "sh", "curl")
SIGN_IN = 3
_ABOUT = """\
Prints the headers for an MCP server from a token that an earlier run has kept, and refreshes it
when it is about to end. It never opens a browser and never asks: where a person is needed it says
which command signs in, and ends with exit code 3.

  mcp-auth-tui headers https://mcp.example.com/mcp
  mcp-auth-tui headers URL --format json       one JSON object, as header helpers of clients want it
  mcp-auth-tui headers URL --format curl | curl -K - URL       the token is no argument of curl
  eval "$(mcp-auth-tui headers URL --format sh)"               sets MCP_URL, MCP_TOKEN, …
"""
_EXITS = """\
exit codes: 0 headers printed; 1 the server did not refresh, or the store cannot be used; 2 usage,
or several tokens are stored and none is chosen; 3 sign in first; 5 network; 130 interrupted.
"""


class NoToken(Exception):
    """There is no token to print; the message says why, ``code`` is the exit code."""

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def command(words: list[str]) -> int:
    """Print the headers for one MCP server."""
    parser = headers_parser()
    args = parser.parse_args(words)
    try:
        path, entry = _chosen(args, parser)
        if entry["type"].lower() == "dpop":
            return _print(args, _proved(args, path, entry["id"]))
        return _print(args, _formatted(args, _access(args, parser, path, entry)))
    except NoToken as problem:
        return tell(str(problem), problem.code)


def obtain(args: Namespace, parser: Parser) -> str:
    """Return the access token that is meant, refreshed if it is about to end.

    ``args`` are those of `choice_options` and of the network. Raises `NoToken`, and SystemExit (2)
    for a URL that is none.
    """
    path, entry = _chosen(args, parser)
    if entry["type"].lower() == "dpop":
        raise NoToken(
            "the token is bound to a key (DPoP): each request needs a proof of its own, so it "
            f"works in no variable and no entry; {PROGRAM} headers prints one (--method, --url)",
            1,
        )
    return _access(args, parser, path, entry)


def _chosen(args: Namespace, parser: Parser) -> tuple[str, dict[str, Any]]:
    """Return the store's path and the entry that is meant; raises as `obtain`."""
    from mcp_auth_tui.storage import token_file

    path = token_file.token_path()
    try:
        tokens = token_file.read(path)["tokens"] if path is not None else []
        entries = _entries(tokens, args)
        if not entries:
            raise _sign_in(args, f"no token for {args.url} is stored{_wishes(args)}")
        if len(entries) > 1:
            raise NoToken(_choices(args.url, entries), 2)
        return str(path), entries[0]
    except token_file.StoreProblem as problem:
        raise NoToken(str(problem), 1) from None
    except ValueError as error:  # of a URL that is none
        parser.error(str(error))


def _access(args: Namespace, parser: Parser, path: str, entry: dict[str, Any]) -> str:
    from mcp_auth_tui.storage import token_file

    secrets = entry["secrets"]
    try:
        if isinstance(secrets, str) or not token_file.fresh(entry, time.time()):
            access = _renewed(args, path, entry["id"])
        else:
            access = secrets[entry.get("bearer", "access")]
    except token_file.StoreProblem as problem:
        raise NoToken(str(problem), 1) from None
    except ValueError as error:  # of a URL that is none
        parser.error(str(error))
    if not (access.isascii() and access.isprintable()) or " " in access or not access:
        raise _sign_in(args, "what is stored cannot stand in a header")
    return access


def _proved(args: Namespace, path: str, id: str) -> str:
    """Return a bound token and its proof in the form that was asked for; raises `NoToken`."""
    if args.format in ("token", "sh"):
        raise NoToken(
            f"the token is bound to a key (DPoP), and the form {args.format} has no place for the "
            "proof that each request needs: choose headers, json or curl",
            2,
        )
    from mcp_auth_tui.cli import proof
    from mcp_auth_tui.keys.jose import KeyProblem
    from mcp_auth_tui.run.renewal import RenewalProblem, SignInNeeded
    from mcp_auth_tui.settings.options import Usage
    from mcp_auth_tui.storage.token_file import StoreProblem

    try:
        headers, notes = proof.headers(args, path, id)
    except SignInNeeded as problem:
        raise _sign_in(args, str(problem).rstrip("."), path, id) from None
    except RenewalProblem as problem:
        raise NoToken(str(problem), problem.exit) from None
    except (KeyProblem, StoreProblem) as problem:
        raise NoToken(str(problem), 1) from None
    except (Usage, ValueError) as error:
        raise NoToken(str(error), 2) from None
    for note in notes:
        tell(note, 0)
    return _lines(args.format, {**headers, **_others(args)})


def headers_parser() -> Parser:
    """Return the parser of ``headers``."""
    parser = parser_of(f"{PROGRAM} headers", "URL [options]", _ABOUT, _EXITS)
    choice_options(parser)
    header_option(parser, "printed beside the token's own")
    parser.add_argument(
        "--format", metavar="NAME", choices=FORMATS, default="headers", help=", ".join(FORMATS)
    )
    parser.add_argument(
        "-o", "--output", metavar="FILE", help="write it there (mode 0600), not on stdout"
    )
    group = parser.add_argument_group("a token that is bound to a key (DPoP)")
    group.add_argument(
        "--method", metavar="METHOD", default="POST", help="of the request to prove (POST)"
    )
    group.add_argument(
        "--url", dest="proof_url", metavar="URL", help="of that request (the MCP server's)"
    )
    group.add_argument("--nonce", metavar="NONCE", help="what the server's DPoP-Nonce said last")
    network_options(parser)
    return parser


def choice_options(parser: Parser) -> None:
    """Add the URL, and what chooses among several tokens for it."""
    parser.add_argument("url", metavar="URL", help="the MCP server; https is assumed")
    group = parser.add_argument_group("which, where several are stored for the server")
    group.add_argument("--client-id", metavar="ID", help="the token of this client")
    group.add_argument("--issuer", metavar="URL", help="the token of this authorization server")
    group.add_argument("--scope", metavar="SCOPES", help="the token that was granted these")


def _entries(tokens: list[dict[str, Any]], args: Namespace) -> list[dict[str, Any]]:
    """Return what may be meant; raises ValueError for a URL that is none."""
    from mcp_auth_tui.storage.token_file import choose

    which = {"issuer": args.issuer, "client_id": args.client_id, "scope": args.scope}
    for url in (args.url, f"https://{args.url}"):
        if entries := choose(tokens, url, **which):
            return entries
    from mcp_auth_tui.protocol.urls import mcp_url  # it costs more than all of the above

    args.url = mcp_url(args.url).url
    return choose(tokens, args.url, **which)


def _wishes(args: Namespace) -> str:
    given = [("client", args.client_id), ("issuer", args.issuer), ("scope", args.scope)]
    words = ", ".join(f"{name} {value}" for name, value in given if value is not None)
    return f" ({words})" if words else ""


def _choices(url: str, entries: list[dict[str, Any]]) -> str:
    from mcp_auth_tui.text.terminal import one_line

    rows = [
        f"\n  --client-id {one_line(entry['client_id'])} --issuer {one_line(entry['issuer'])}"
        f"   granted: {one_line(str(entry.get('scope_granted') or 'not said'))}"
        for entry in entries
    ]
    return f"several tokens for {url} are stored; choose one with these options:{''.join(rows)}"


def _print(args: Namespace, text: str) -> int:
    """Print headers in the form that was asked for, and return the exit code."""
    if args.output not in (None, "-"):
        return _written(args, text)
    try:
        sys.stdout.write(text)
        sys.stdout.flush()
    except (OSError, AttributeError):
        from mcp_auth_tui.desktop.output import abandon

        abandon(1)
        return 1
    return 0


def _others(args: Namespace) -> dict[str, str]:
    """Return the headers that were given beside the token's own; raises `NoToken`."""
    if not args.header:
        return {}
    from mcp_auth_tui.settings.credentials import CredentialProblem, given_headers

    try:
        return {name: value.reveal() for name, value in given_headers(args.header)}
    except CredentialProblem as problem:
        raise NoToken(str(problem), 2) from None


def _formatted(args: Namespace, access: str) -> str:
    value = f"Bearer {access}"
    if args.format == "token":
        return f"{access}\n"
    if args.format == "sh":
        from shlex import quote

        names = {"MCP_URL": args.url, "MCP_TOKEN": access, "MCP_AUTHORIZATION": value}
        return "".join(f"export {key}={quote(item)}\n" for key, item in names.items())
    return _lines(args.format, {"Authorization": value, **_others(args)})


def _lines(name: str, headers: dict[str, str]) -> str:
    if name == "json":
        import json

        return json.dumps(headers) + "\n"
    lines = [f"{key}: {item}" for key, item in headers.items()]
    if name == "curl":
        escaped = [line.replace("\\", "\\\\").replace('"', '\\"') for line in lines]
        return "".join(f'header = "{line}"\n' for line in escaped)
    return "".join(f"{line}\n" for line in lines)


def _written(args: Namespace, text: str) -> int:
    from pathlib import Path

    from mcp_auth_tui.desktop.output import reason, write_file

    try:
        write_file(Path(args.output), text)
    except (OSError, ValueError) as error:
        return tell(f"{args.output} was not written: {reason(error)}", 1)
    return 0


def _renewed(args: Namespace, path: str, id: str) -> str:
    """Return a token that is sealed or about to end, refreshed if need be; raises `NoToken`."""
    from pathlib import Path

    from mcp_auth_tui.run.renewal import RenewalProblem, SignInNeeded, renew
    from mcp_auth_tui.storage.tokens import TokenStore

    store = TokenStore(Path(path), "file")
    try:
        renewal = renew(store, id, lambda: _network(args))
    except SignInNeeded as problem:
        raise _sign_in(args, str(problem).rstrip("."), path, id) from None
    except RenewalProblem as problem:
        raise NoToken(str(problem), problem.exit) from None
    for note in (*renewal.notes, *store.notes):
        tell(note, 0)
    return renewal.grant.token.bearer.reveal()


def _network(args: Namespace) -> NetworkSettings:
    """Return how a refresh is sent; raises `NoToken`."""
    from mcp_auth_tui.settings.options import Usage, network

    try:
        return network(args)
    except Usage as error:
        raise NoToken(str(error), 2) from None


def _sign_in(args: Namespace, reason: str, path: str | None = None, id: str = "") -> NoToken:
    """Return why there is no token, with the command that gets one.

    ``id`` is the entry at ``path`` of one that can be used no more.
    """
    from shlex import join

    from mcp_auth_tui.cli import sign_in_again
    from mcp_auth_tui.storage import token_file

    try:
        document = None if path is None else token_file.read(path)
    except token_file.StoreProblem:
        document = None
    words = [PROGRAM, *sign_in_again.words(args, document, id)]
    return NoToken(f"{reason}. Sign in: {join(words)}", SIGN_IN)


def tell(sentence: str, code: int) -> int:
    """Say a sentence on stderr and return the exit code."""
    if sys.stderr is not None:
        whole = code == SIGN_IN or "\n" in sentence or sentence.endswith((".", "?", "!"))
        end = "" if whole else "."
        sys.stderr.write(f"{PROGRAM}: {sentence}{end}\n")
    return code
