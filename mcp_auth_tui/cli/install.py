"""Knows ``install`` and ``uninstall``: who is asked, and what is said; no format of any file."""

from __future__ import annotations

from mcp_auth_tui.settings.arguments import clients

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable
    from pathlib import Path

    from mcp_auth_tui.exports.clients import ClientProgram
    from mcp_auth_tui.exports.install import Change
    from mcp_auth_tui.exports.installation import Installation
    from mcp_auth_tui.settings.arguments.parser import Parser

NOBODY = 3


def install(words: list[str]) -> int:
    """Put an entry into a client's config file."""
    return _run(clients.install(), words, _installed)


def uninstall(words: list[str]) -> int:
    """Take an entry out of a client's config file."""
    return _run(clients.uninstall(), words, _removed)


def _run(
    parser: Parser,
    words: list[str],
    change_of: Callable[[Installation, Namespace], Change | None],
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
        plan = _plan(client, args)
        change = change_of(plan, args)
        if change is None:
            talk(f"{plan.path} is as it was asked for already: nothing is changed.")
            return 0
        return _carry_out(change, args, plan, talk)
    except Usage as error:
        parser.error(str(error))
    except InstallProblem as problem:
        talk(f"mcp-auth-tui: {problem}")
        return 1


def _path(client: ClientProgram, args: Namespace) -> Path:
    """Return the file that is meant; raises `Usage`."""
    from pathlib import Path

    from mcp_auth_tui.exports.installation import config_file
    from mcp_auth_tui.settings.options import Usage

    if args.file:
        return Path(args.file).absolute()
    path = config_file(client, project=args.project)
    if path is None:
        other = (
            f", only {client.project} (--project)" if client.project and not args.project else ""
        )
        whose = "for a project" if args.project else "of its own for a person"
        raise Usage(f"{client.title} has no file {whose}{other}: name one with --file FILE")
    return path


def _installed(plan: Installation, args: Namespace) -> Change | None:
    from mcp_auth_tui.settings.options import Usage

    try:
        return plan.change(replace=args.replace)
    except ValueError as error:
        raise Usage(str(error)) from None


def _removed(plan: Installation, args: Namespace) -> Change | None:
    return plan.removal()


def _plan(client: ClientProgram, args: Namespace) -> Installation:
    from dataclasses import replace

    from mcp_auth_tui.exports.clients.entry import Server
    from mcp_auth_tui.exports.installation import Installation

    path = _path(client, args)
    form, token = client.default, ""
    options: tuple[str, ...] = ()
    if hasattr(args, "form"):
        from mcp_auth_tui.settings.helper import helper_options
        from mcp_auth_tui.settings.options import network

        form = args.form or form
        options = (*helper_options(args), *network(args).words)
        token = _token(args, options) if form == "inline" else ""
    server = Server(args.url, args.name, token, options=options)
    if hasattr(args, "variable"):
        server = replace(server, variable=args.variable)
    return Installation(client, server, form, path, args.project)


def _token(args: Namespace, options: tuple[str, ...]) -> str:
    """Return the token from where the command line says, else the one that a sign-in has kept."""
    from mcp_auth_tui.exports.install import InstallProblem
    from mcp_auth_tui.storage.secret_sources import SourceProblem, read

    if not args.token:
        return _kept_token(args, options)
    try:
        return read(args.token, what="the access token", commands={}).secret.reveal()
    except SourceProblem as problem:
        raise InstallProblem(str(problem)) from None


def _kept_token(args: Namespace, options: tuple[str, ...]) -> str:
    from mcp_auth_tui.cli.headers import NoToken, headers_parser, obtain
    from mcp_auth_tui.exports.install import InstallProblem

    parser = headers_parser()
    try:
        return obtain(parser.parse_args([args.url, *options]), parser)
    except NoToken as problem:
        raise InstallProblem(f"{problem} Or name a token with --token SOURCE.") from None


def _expiry(args: Namespace) -> float | None:
    """Return when a token that is in the file now ends, in seconds since the epoch, if known."""
    from mcp_auth_tui.storage import token_file

    path = token_file.token_path()
    stored = token_file.read(path)["tokens"] if path is not None and not args.token else []
    expiries = [
        entry.get("expires")
        for entry in token_file.choose(
            stored, args.url, issuer=args.issuer, client_id=args.client_id, scope=args.scope
        )
    ]
    return expiries[0] if expiries else None


def _carry_out(
    change: Change, args: Namespace, plan: Installation, talk: Callable[[str], None]
) -> int:
    import time

    from mcp_auth_tui.desktop.output import write_stdout

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
    if hasattr(args, "form"):
        expires = _expiry(args) if plan.form == "inline" else None
        for sentence in plan.advice(expires, time.time()):
            talk(sentence)
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
