"""Knows the command ``sessions``: what is stored, told, refreshed and ended; must not know how."""

from __future__ import annotations

import sys

from mcp_auth_tui.settings.arguments.network import network_options
from mcp_auth_tui.settings.arguments.parser import PROGRAM, parser_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Mapping
    from typing import Any

    from mcp_auth_tui.net.settings import NetworkSettings
    from mcp_auth_tui.settings.arguments.parser import Parser
    from mcp_auth_tui.storage.other_tools import ForeignGrant
    from mcp_auth_tui.storage.token_entries import StoredToken
    from mcp_auth_tui.storage.tokens import TokenStore

ACTIONS = ("list", "show", "refresh", "introspect", "revoke", "forget", "import")
_ABOUT = """\
Looks at, refreshes and ends the tokens and registrations that runs have kept.

  mcp-auth-tui sessions                   list them; no keyring is opened
  mcp-auth-tui sessions show URL          all that is known of one, its secrets masked
  mcp-auth-tui sessions refresh URL       refresh it now, and say what rotated
  mcp-auth-tui sessions introspect URL    what the authorization server says of it (RFC 7662)
  mcp-auth-tui sessions revoke URL        end it on the server (RFC 7009), delete the registration
                                          (RFC 7592) if nothing else needs it, and forget both
  mcp-auth-tui sessions forget URL        forget it here; what the server has stays there
  mcp-auth-tui sessions import            list what other programs keep: mcp-remote, MCP Inspector,
                                          mcporter, mcpc, FastMCP; their files are only read
  mcp-auth-tui sessions import URL        take theirs for one server over (--from TOOL chooses)
"""
_EXITS = """\
exit codes: 0 done; 1 something could not be done, or is still on the server; 2 usage; 3 nothing
like it is stored, or sign in first; 5 network; 130 interrupted.
"""
_NOTHING = 3


def command(words: list[str]) -> int:
    """Do one thing with what is stored."""
    parser = sessions_parser()
    args = parser.parse_args(words)
    from mcp_auth_tui.settings.options import Usage, network
    from mcp_auth_tui.storage.token_file import StoreProblem

    if args.action == "import":
        return _import(args, parser)
    if args.action == "list":
        if args.url or args.all:
            parser.error("list takes no URL: it lists everything")
    elif bool(args.url) == args.all:
        parser.error(f"{args.action} needs a URL, or --all")
    try:
        return _Sessions(args, network(args)).act()
    except Usage as error:
        parser.error(str(error))
    except StoreProblem as problem:
        return _say(str(problem), 1)


def sessions_parser() -> Parser:
    """Return the parser of ``sessions``."""
    parser = parser_of(f"{PROGRAM} sessions", "[ACTION] [URL] [options]", _ABOUT, _EXITS)
    parser.add_argument(
        "action", metavar="ACTION", nargs="?", choices=ACTIONS, default="list", help="as above"
    )
    parser.add_argument("url", metavar="URL", nargs="?", help="the MCP server; https is assumed")
    parser.add_argument("--all", action="store_true", help="everything that is stored")
    parser.add_argument("--json", action="store_true", help="list, show, introspect: as JSON")
    parser.add_argument("--from", dest="tool", metavar="TOOL", help="import: of this program alone")
    group = parser.add_argument_group("which, where several are stored for the server")
    group.add_argument("--client-id", metavar="ID", help="those of this client")
    group.add_argument("--issuer", metavar="URL", help="those of this authorization server")
    group.add_argument("--scope", metavar="SCOPES", help="those that were granted these")
    network_options(parser)
    return parser


def _import(args: Namespace, parser: Parser) -> int:
    """List what other programs keep, or take what is for one server over."""
    from mcp_auth_tui.protocol.urls import mcp_url
    from mcp_auth_tui.storage.other_tools import TOOLS, about, find

    if args.tool not in (None, *TOOLS):
        parser.error(f"--from: one of {', '.join(TOOLS)}")
    try:
        url = mcp_url(args.url).url if args.url else ""
    except ValueError as error:
        parser.error(str(error))
    found: list[ForeignGrant] = []
    for item in find(tool=args.tool):
        if isinstance(item, str):
            _say(item)
        else:
            found.append(item)
    if url:
        return _adopt(args, url, [item for item in found if about(item, url)])
    if not found:
        return _say("No other program keeps anything that is known here.", _NOTHING)
    from mcp_auth_tui.desktop.output import deliver
    from mcp_auth_tui.render.stored import foreign
    from mcp_auth_tui.text.terminal import harmless

    lines = [line for item in found for line in foreign(item)]
    text = "".join(f"{harmless(line)}\n" for line in lines)
    return int(not deliver(text, None, lambda line: None, again=True))


def _adopt(args: Namespace, url: str, found: list[ForeignGrant]) -> int:
    from mcp_auth_tui.run.adoption import AdoptionProblem, adopt
    from mcp_auth_tui.run.stored import open_store
    from mcp_auth_tui.settings.options import network
    from mcp_auth_tui.storage.token_file import StoreProblem
    from mcp_auth_tui.text.terminal import one_line

    store, notes = open_store(None)
    for note in notes:
        _say(note)
    if store is None:
        return _say("Nothing is kept here: the token store is turned off.", 1)
    if not found:
        return _say(f"No other program keeps anything for {url}.", _NOTHING)
    code = 0
    for item in found:
        try:
            stored = adopt(store, item, url, network(args))
        except AdoptionProblem as problem:
            code = max(code, _say(f"{item.tool}, {item.path}: {one_line(str(problem))}", 1))
            continue
        except StoreProblem as problem:
            return _say(str(problem), 1)
        rotates = " A refresh may end the copy of that program." if stored.refreshable else ""
        _say(
            f"What {item.tool} keeps for {url} (client {one_line(stored.client_id)}) is stored here"
            f" as well: sessions show, refresh or revoke {url}.{rotates}"
        )
    for note in store.notes:
        _say(note)
    return code


def _say(sentence: str, code: int = 0) -> int:
    from mcp_auth_tui.text.terminal import harmless

    if sys.stderr is not None:
        sys.stderr.write(f"{PROGRAM}: {harmless(sentence)}\n")
    return code


class _Sessions:
    """The store as one command sees it."""

    def __init__(self, args: Namespace, settings: NetworkSettings) -> None:
        from pathlib import Path

        from mcp_auth_tui.storage.token_file import token_path
        from mcp_auth_tui.storage.tokens import TokenStore

        self._args = args
        self._settings = settings
        path = token_path()
        self._store: TokenStore | None = None if path is None else TokenStore(Path(path), "file")

    def act(self) -> int:
        """Do what was asked for and return the exit code."""
        store, args = self._store, self._args
        if store is None:
            return _say("Nothing is kept: MCP_AUTH_TUI_TOKENS says so.", _NOTHING)
        if args.action == "list":
            return self._list(store)
        chosen = self._chosen(store)
        if not chosen and not (args.all and store.clients()):
            return _say(f"Nothing is stored{f' for {args.url}' if args.url else ''}.", _NOTHING)
        actions = {
            "show": self._show,
            "refresh": self._refresh,
            "introspect": self._introspect,
            "revoke": self._revoke,
            "forget": self._forget,
        }
        code = actions[args.action](store, chosen)
        for note in store.notes:
            _say(note)
        return code

    def _chosen(self, store: TokenStore) -> tuple[StoredToken, ...]:
        from mcp_auth_tui.protocol.urls import mcp_url
        from mcp_auth_tui.settings.options import Usage

        args, url = self._args, None
        if args.url is not None:
            try:
                url = mcp_url(args.url).url
            except ValueError as error:
                raise Usage(str(error)) from None
        wanted = set((args.scope or "").split())
        return tuple(
            stored
            for stored in store.tokens()
            if (url is None or url in stored.urls or url == stored.resource)
            and args.client_id in (None, stored.client_id)
            and args.issuer in (None, stored.issuer)
            and wanted <= set((stored.scope_granted or "").split())
        )

    def _print(self, lines: list[str]) -> int:
        from mcp_auth_tui.desktop.output import deliver
        from mcp_auth_tui.text.terminal import harmless

        text = "".join(f"{harmless(line)}\n" for line in lines)
        return int(not deliver(text, None, lambda line: None, again=True))

    def _print_json(self, value: Mapping[str, Any]) -> int:
        from mcp_auth_tui.render.document import dumped

        return self._print([dumped(value, indent=2)])

    def _list(self, store: TokenStore) -> int:
        from mcp_auth_tui.render import stored as lines

        tokens, clients = store.tokens(), store.clients()
        if self._args.json:
            return self._print_json(lines.document(tokens, clients))
        if not tokens and not clients:
            return _say("Nothing is stored.")
        return self._print([*lines.listing(tokens, clients)])

    def _show(self, store: TokenStore, chosen: tuple[StoredToken, ...]) -> int:
        from mcp_auth_tui.render import stored as lines

        if self._args.json:
            return self._print_json(lines.document(chosen, ()))
        shown: list[str] = []
        for stored in chosen:
            grant = store.open(stored.id)
            if grant is not None:
                shown += lines.details(grant.stored, grant.token, grant.client)
        return self._print(shown)

    def _refresh(self, store: TokenStore, chosen: tuple[StoredToken, ...]) -> int:
        from mcp_auth_tui.render import stored as lines
        from mcp_auth_tui.run.renewal import RenewalProblem, renew

        code = 0
        for stored in chosen:
            before = store.open(stored.id)
            try:
                renewal = renew(store, stored.id, lambda: self._settings, force=True)
            except RenewalProblem as problem:
                code = max(code, problem.exit)
                _say(f"{lines.name(stored)}: {problem}")
                continue
            for note in renewal.notes:
                code = max(code, 1)
                _say(f"{lines.name(stored)}: {note}")
            if before is not None and not renewal.notes:
                self._print([*lines.rotation(before.token, renewal.grant.token, stored)])
                self._print([*lines.warnings(renewal.findings)])
        return code

    def _introspect(self, store: TokenStore, chosen: tuple[StoredToken, ...]) -> int:
        from mcp_auth_tui.render import stored as lines
        from mcp_auth_tui.run.sign_out import introspect

        code, documents = 0, []
        for stored in chosen:
            grant = store.open(stored.id)
            if grant is None:
                continue
            answer, reason = introspect(grant, self._settings)
            if answer is None:
                code = _say(f"{lines.name(stored)}: {reason}.", 1)
            elif self._args.json:
                documents.append({"id": stored.id, "url": stored.urls[0], "answer": dict(answer)})
            else:
                self._print([*lines.introspection(stored, answer)])
        if self._args.json:
            code = self._print_json({"schema": lines.SCHEMA, "introspection": documents}) or code
        return code

    def _revoke(self, store: TokenStore, chosen: tuple[StoredToken, ...]) -> int:
        from mcp_auth_tui.run.sign_out import SignOut, delete_clients, revoke

        outcome = SignOut()
        for stored in chosen:
            outcome += revoke(store, stored, self._settings)
        clients = store.clients()
        if not self._args.all:
            ended = {(stored.issuer, stored.client_id) for stored in chosen}
            clients = tuple(one for one in clients if (one.issuer, one.id) in ended)
        outcome += delete_clients(store, clients, self._settings)
        self._print([f"ended: {sentence}" for sentence in outcome.ended])
        for sentence in outcome.remaining:
            _say(f"still on the server: {sentence}.")
        tokens = [one for one in store.tokens() if one.id in {stored.id for stored in chosen}]
        names = {(one.issuer, one.id) for one in clients}
        # A registration that another server's token needs is meant to stay.
        names -= {(one.issuer, one.client_id) for one in store.tokens() if one not in tokens}
        left = [*tokens, *(one for one in store.clients() if (one.issuer, one.id) in names)]
        if outcome.remaining and left:
            _say(f"{len(left)} of the entries stay stored: try again, or use sessions forget.")
        return int(bool(outcome.remaining))

    def _forget(self, store: TokenStore, chosen: tuple[StoredToken, ...]) -> int:
        from mcp_auth_tui.render import stored as lines

        for stored in chosen:
            store.forget(stored.id)
            _say(f"{lines.name(stored)} is forgotten; on the server it stays until it ends.")
        used = {(stored.issuer, stored.client_id) for stored in store.tokens()}
        gone = {(stored.issuer, stored.client_id) for stored in chosen}
        for client in store.clients():
            key = (client.issuer, client.id)
            if key not in used and (self._args.all or key in gone):
                store.forget_client(*key)
                if client.how == "dynamic":
                    _say(f"The registration {client.id} stays at {client.issuer}.")
        return 0
