"""Knows the page of stored tokens and what can be done with one; must not know a store's form."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from mcp_auth_tui.render import stored as lines
from mcp_auth_tui.storage.token_file import StoreProblem
from mcp_auth_tui.tui.screens.page import Page
from mcp_auth_tui.tui.views import content
from mcp_auth_tui.tui.widgets.hints import BACK, Hints

if TYPE_CHECKING:
    from mcp_auth_tui.net.settings import NetworkSettings
    from mcp_auth_tui.storage.token_entries import StoredToken
    from mcp_auth_tui.storage.tokens import TokenStore

_VERBS = (
    ("enter", "shows it", "screen.show"),
    ("r", "refreshes", "screen.refresh"),
    ("i", "introspects", "screen.introspect"),
    ("x", "revokes", "screen.revoke"),
    ("d", "forgets", "screen.forget"),
    BACK,
)
_NOTHING = (
    "Nothing is stored on this machine. A run keeps its token here, unless --token-store none is"
    " given."
)


class SessionsScreen(Page[None]):
    """Every stored token on a line; below it what is known of one, or what became of a verb."""

    BINDINGS = [  # noqa: RUF012
        Binding("escape,q", "dismiss(None)", "Back"),
        Binding("r", "refresh", "Refresh"),
        Binding("i", "introspect", "Introspect"),
        Binding("x", "revoke", "Revoke"),
        Binding("d", "forget", "Forget"),
    ]
    ON_PAGE: ClassVar = {"sessions": "screen.dismiss(None)"}

    def __init__(self, store: TokenStore | None, settings: NetworkSettings) -> None:
        super().__init__()
        self._store = store
        self._settings = settings
        self._tokens: tuple[StoredToken, ...] = ()

    def compose(self) -> ComposeResult:
        """The list, and what is told of the chosen one."""
        listed = OptionList(id="stored", markup=False)
        listed.border_title = "Stored tokens"
        yield listed
        with VerticalScroll(id="finding-scroll"):
            yield Static(id="stored-told", markup=False)
        yield Hints(*_VERBS)

    def on_mount(self) -> None:
        """Read the store; no keyring is opened for a list."""
        super().on_mount()
        self._look()

    def fill(self, options: OptionList, width: int) -> None:
        """Draw the list, ``width`` in cells."""
        at = options.highlighted
        options.clear_options()
        for item in self._tokens:
            head = content.words(lines.name(item), "bold", None)
            life = content.words(f"  {lines.life(item)}; in the {item.where}", content.DIM)
            rows = (head.truncate(width, ellipsis=True), life.truncate(width, ellipsis=True))
            options.add_option(Option(content.stack(rows), id=item.id))
        if self._tokens:
            options.highlighted = min(at or 0, len(self._tokens) - 1)

    def _look(self) -> None:
        problem = ""
        try:
            self._tokens = self._store.tokens() if self._store is not None else ()
        except StoreProblem as error:
            self._tokens, problem = (), str(error)
        if problem or not self._tokens:
            self._tell([problem or _NOTHING])
        self.watch_session()

    @property
    def _chosen(self) -> StoredToken | None:
        at = self.query_one("#stored", OptionList).highlighted
        return self._tokens[at] if at is not None and at < len(self._tokens) else None

    def _tell(self, told: list[str]) -> None:
        width = max(self.size.width - 6, 20)
        folded = [Content(line) for item in told for line in content.fold(item, width)]
        self.query_one("#stored-told", Static).update(content.stack(folded))

    @on(OptionList.OptionSelected)
    def _selected(self) -> None:
        self.action_show()

    # -- verbs

    def action_show(self) -> None:
        """Show all that is known of it, its secrets masked."""
        self._do(self._shown)

    def action_refresh(self) -> None:
        """Refresh it now, and say what rotated."""
        self._do(self._refreshed)

    def action_introspect(self) -> None:
        """Ask the authorization server what it is worth."""
        self._do(self._introspected)

    def action_revoke(self) -> None:
        """End it on the server, when the person says so."""
        self._ask("End it on the server, and forget it here?", "revoke it", self._revoked)

    def action_forget(self) -> None:
        """Forget it here, when the person says so."""
        self._ask("Forget it here? On the server it stays until it ends.", "forget it", self._gone)

    def _ask(
        self, question: str, yes: str, work: Callable[[TokenStore, StoredToken], Iterator[str]]
    ) -> None:
        if (chosen := self._chosen) is None:
            return
        from mcp_auth_tui.tui.screens.confirm import Confirm

        def answered(agreed: bool | None) -> None:
            if agreed:
                self._do(work)

        page = Confirm(f"{lines.name(chosen)}: {question}", yes, "keep it")
        self.app.push_screen(page, answered)

    def _do(self, work: Callable[[TokenStore, StoredToken], Iterator[str]]) -> None:
        store, chosen = self._store, self._chosen
        if store is not None and chosen is not None:
            self.run_worker(self._done(partial(work, store, chosen)), exclusive=True)

    async def _done(self, work: Callable[[], Iterator[str]]) -> None:
        """Do something with the store and the server in a thread, and tell what came of it."""
        from mcp_auth_tui.run.renewal import RenewalProblem

        self._tell(["One moment: the server is asked."])
        try:
            told = await asyncio.to_thread(lambda: list(work()))
        except (StoreProblem, RenewalProblem) as problem:
            told = [str(problem)]
        self._look()
        self._tell(told)

    def _shown(self, store: TokenStore, chosen: StoredToken) -> Iterator[str]:
        grant = store.open(chosen.id)
        if grant is not None:
            yield from lines.details(grant.stored, grant.token, grant.client)

    def _refreshed(self, store: TokenStore, chosen: StoredToken) -> Iterator[str]:
        from mcp_auth_tui.run.renewal import renew

        before = store.open(chosen.id)
        renewal = renew(store, chosen.id, lambda: self._settings, force=True)
        yield from renewal.notes
        if before is not None and not renewal.notes:
            yield from lines.rotation(before.token, renewal.grant.token, chosen)
            yield from lines.warnings(renewal.findings)

    def _introspected(self, store: TokenStore, chosen: StoredToken) -> Iterator[str]:
        from mcp_auth_tui.run.sign_out import introspect

        grant = store.open(chosen.id)
        if grant is None:
            return
        answer, reason = introspect(grant, self._settings)
        if answer is None:
            yield f"{lines.name(chosen)}: {reason}."
        else:
            yield from lines.introspection(chosen, answer)

    def _revoked(self, store: TokenStore, chosen: StoredToken) -> Iterator[str]:
        from mcp_auth_tui.run.sign_out import delete_clients, revoke

        outcome = revoke(store, chosen, self._settings)
        mine = (chosen.issuer, chosen.client_id)
        clients = [item for item in store.clients() if (item.issuer, item.id) == mine]
        outcome += delete_clients(store, clients, self._settings)
        yield from (f"ended: {sentence}" for sentence in outcome.ended)
        yield from (f"still on the server: {sentence}" for sentence in outcome.remaining)

    def _gone(self, store: TokenStore, chosen: StoredToken) -> Iterator[str]:
        store.forget(chosen.id)
        yield f"{lines.name(chosen)} is forgotten; on the server it stays until it ends."
