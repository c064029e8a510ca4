"""Knows ``install`` and ``uninstall``: who is asked, and what is said; no format of any file."""

from __future__ import annotations

from mcp_auth_tui.settings.arguments import clients

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from pathlib import Path

    from mcp_auth_tui.exports.clients import ClientProgram
    from mcp_auth_tui.exports.clients.entry import Server
    from mcp_auth_tui.exports.install import Change
    from mcp_auth_tui.settings.arguments.parser import Parser

NOBODY = 3


def install(words: list[str]) -> int:
    """Put an entry into a client's config file."""
    return _run(clients.install(), words, _installation)


def uninstall(words: list[str]) -> int:
    """Take an entry out of a client's config file."""
    return _run(clients.uninstall(), words, _removal)


def _run(
    parser: Parser,
    words: list[str],
    plan: Callable[[ClientProgram, Namespace, Path], Change | None],
) -> int:
    args = parser.parse_args(words)
    from mcp_auth_tui.desktop.output import Talk
    from mcp_auth_tui.exports.clients import clients
    from mcp_auth_tui.exports.clients.entry import name_of
    from mcp_auth_tui.exports.install import InstallProblem
    from mcp_auth_tui.protocol.urls import mcp_url
    from mcp_auth_tui.settings.options import Usage
    from mcp_auth_tui.text.suggest import unknown

    talk = Talk()
    try:
        client = clients().get(args.client)
        if client is None:
            raise Usage(unknown("client", args.client, clients()))
        try:
            args.url = mcp_url(args.url).url
        except ValueError as error:
            raise Usage(str(error)) from None
        args.name = args.name or name_of(args.url)
        path = _path(client, args)
        change = plan(client, args, path)
        if change is None:
            talk(f"{path} is as it was asked for already: nothing is changed.")
            return 0
        return _carry_out(change, args, client, talk)
    except Usage as error:
        parser.error(str(error))
    except InstallProblem as problem:
        talk(f"mcp-auth-tui: {problem}")
        return 1


def _path(client: ClientProgram, args: Namespace) -> Path:
    """Return the file that is meant; raises `Usage`."""
    from pathlib import Path

    from mcp_auth_tui.settings.options import Usage

    if args.file:
        return Path(args.file).absolute()
    path = client.user_file
    if args.project:
        path = Path.cwd() / client.project if client.project else None
    if path is None:
        other = (
            f", only {client.project} (--project)" if client.project and not args.project else ""
        )
        whose = "for a project" if args.project else "of its own for a person"
        raise Usage(f"{client.title} has no file {whose}{other}: name one with --file FILE")
    return path


def _installation(client: ClientProgram, args: Namespace, path: Path) -> Change | None:
    from mcp_auth_tui.exports.clients.entry import entry
    from mcp_auth_tui.exports.install import install
    from mcp_auth_tui.settings.options import Usage

    args.form = args.form or client.default
    token = _token(args) if args.form == "inline" else ""
    try:
        value = entry(client, args.form, _server(args, token))
    except ValueError as error:
        raise Usage(str(error)) from None
    return install(path, client, args.name, value, secret=token, replace=args.replace)


def _server(args: Namespace, token: str = "") -> Server:
    from mcp_auth_tui.exports.clients.entry import Server

    return Server(args.url, args.name, token, args.variable, _which(args))


def _removal(client: ClientProgram, args: Namespace, path: Path) -> Change | None:
    from mcp_auth_tui.exports.install import uninstall

    return uninstall(path, client, args.name, args.url)


def _token(args: Namespace) -> str:
    """Return the token from where the command line says, else the one that a sign-in has kept."""
    from mcp_auth_tui.exports.install import InstallProblem
    from mcp_auth_tui.storage.secret_sources import SourceProblem, read

    if not args.token:
        return _kept_token(args)
    try:
        return read(args.token, what="the access token", commands={}).secret.reveal()
    except SourceProblem as problem:
        raise InstallProblem(str(problem)) from None


def _which(args: Namespace) -> tuple[str, ...]:
    """Return the options of ``headers``: which of several stored tokens, and by which network."""
    from mcp_auth_tui.settings.options import network

    options = {"--client-id": args.client_id, "--issuer": args.issuer, "--scope": args.scope}
    chosen = (
        word for name, value in options.items() if value is not None for word in (name, value)
    )
    return (*chosen, *network(args).words)


def _kept_token(args: Namespace) -> str:
    from mcp_auth_tui.cli.headers import NoToken, headers_parser, obtain
    from mcp_auth_tui.exports.install import InstallProblem

    parser = headers_parser()
    try:
        return obtain(parser.parse_args([args.url, *_which(args)]), parser)
    except NoToken as problem:
        raise InstallProblem(f"{problem} Or name a token with --token SOURCE.") from None


def _expiry(args: Namespace) -> str:
    """Return when a token that is in the file now ends, as a sentence."""
    import time

    from mcp_auth_tui.exports.clients.render import ends
    from mcp_auth_tui.storage import token_file

    path = token_file.token_path()
    stored = token_file.read(path)["tokens"] if path is not None and not args.token else []
    expiries = [
        entry.get("expires")
        for entry in token_file.choose(
            stored, args.url, issuer=args.issuer, client_id=args.client_id, scope=args.scope
        )
    ]
    return ends(expiries[0] if expiries else None, time.time())


def _carry_out(
    change: Change, args: Namespace, client: ClientProgram, talk: Callable[[str], None]
) -> int:
    from mcp_auth_tui.desktop.output import write_stdout
    from mcp_auth_tui.exports.clients import filled
    from mcp_auth_tui.exports.clients.render import need

    if args.dry_run:
        write_stdout(change.diff)
        return 0
    for line in change.diff.splitlines():
        talk(line)
    if not args.yes:
        answer = _asked(change.path, talk)
        if answer != 0:
            return answer
    change.carry_out(talk)
    if form := getattr(args, "form", None):
        talk(need(client, form, _server(args)))
        if change.secret:
            talk(_expiry(args))
        if change.secret and args.project:
            talk("The token is in a file of a project: keep it out of the repository.")
        talk(filled(client.catch, {"NAME": args.name}))
    return 0


def _asked(path: Path, talk: Callable[[str], None]) -> int:
    """Return 0 when the person agrees, else the exit code."""
    import sys

    from mcp_auth_tui.desktop.stdin import Stdin, look

    if look() is Stdin.NOTHING:
        talk("Nobody is at stdin to say yes: nothing is changed. To go on all the same: --yes")
        return NOBODY
    talk(f"Write this to {path}? [y/N]")
    if sys.stdin.readline().strip().lower() in ("y", "yes"):
        return 0
    talk("Nothing is changed.")
    return 1
