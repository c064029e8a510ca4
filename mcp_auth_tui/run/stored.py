"""Knows what of a run is kept in the token store, and what a run asks of it; must not know a face.

The store is opened when it is first needed, in a thread: it may ask a keyring. What goes wrong is
a sentence, and never ends a run.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mcp_auth_tui.model import Ended, Event, Failure, Learned, Secret, Session, Stage
from mcp_auth_tui.model.oauth import StoredHeader

if TYPE_CHECKING:
    from mcp_auth_tui.keys.signer import ProofKey, Signer
    from mcp_auth_tui.model.oauth import Client, Token
    from mcp_auth_tui.protocol.actions import RecallClient
    from mcp_auth_tui.protocol.config import Config
    from mcp_auth_tui.run.turn import RefreshTurn
    from mcp_auth_tui.storage.token_entries import StoredToken
    from mcp_auth_tui.storage.tokens import StoredGrant, TokenStore

T = TypeVar("T")


def open_store(
    kind: str | None, environ: Mapping[str, str] = os.environ
) -> tuple[TokenStore | None, tuple[str, ...]]:
    """Return the store that was chosen, in the config file if not by ``kind``; None for none.

    Also returns sentences about what could not be used. Loads the storage; raises nothing.
    """
    from mcp_auth_tui.storage.preferences import token_store
    from mcp_auth_tui.storage.token_file import token_path
    from mcp_auth_tui.storage.tokens import TokenStore

    path = token_path(environ)
    if path is None:
        return None, ()
    chosen, notes = token_store(kind, environ)
    return (None if chosen == "none" else TokenStore(Path(path), chosen)), notes


class RunStore:
    """The token store as one run uses it; `keep` is told every event, `settle` that it is over."""

    def __init__(
        self,
        config: Config,
        kind: str | None,
        environ: Mapping[str, str] = os.environ,
        *,
        offers: bool = True,
        key_source: str | None = None,
    ) -> None:
        """Take what the run was made with; ``kind`` None leaves the choice to the config file.

        ``offers``: headers of earlier runs are looked for. ``key_source``: where the client's
        private key can be read again, for a later refresh; the key itself is never kept.
        """
        self._key_source = key_source
        self.look: Callable[[], Session] = Session
        """Returns the run as it is now; whoever drives it says how."""
        self.signer: Signer | None = None
        """Holds the key that tokens of the run are bound to (DPoP)."""
        self._config = config
        self._kind = kind
        self._environ = environ
        self._offers = offers
        self._store: TokenStore | None = None
        self._opened = False
        self._access: Secret | None = None
        self._unverified: StoredToken | None = None
        self._turn: RefreshTurn | None = None
        self._before = 0
        """How many exchanges there were when the turn came."""
        self._over = False
        self._remarks: list[str] = []
        self._remarked = 0

    async def offer(self, now: float) -> StoredHeader | None:
        """Return a header of an earlier run that is still good; no keyring is opened for it."""
        return await asyncio.to_thread(self._offer, now) if self._offers else None

    async def recall(self, session: Session, now: float) -> Session | None:
        """Return a session with the stored header that it names in place of a sign-in.

        None when it is not good any more.
        """

        def work(store: TokenStore) -> StoredGrant | None:
            offered = session.stored_header
            return store.open(offered.id) if offered is not None else None

        grant = await asyncio.to_thread(self._tried, work)
        ends = grant.stored.expires if grant is not None else None
        if grant is None or grant.client is None or (ends is not None and ends <= now):
            return None
        if grant.proof_key is not None and self.signer is not None:
            self.signer.adopt(grant.proof_key)
        held, server = session.server, grant.stored.server
        return replace(
            session,
            server=held if held is not None and held.issuer == server.issuer else server,
            client=grant.client,
            token=grant.token,
            attempt=None,
            grant=None,
        )

    async def keep(self, event: Event, session: Session) -> tuple[str, ...]:
        """Keep what an event brought before the run goes on; returns sentences for the person.

        ``session`` is the one after the event. A token is written before it is used, so that a
        refresh token that replaced another is never lost (F3).
        """
        work = self._work(event, session)
        if work is not None:
            await asyncio.to_thread(self._tried, work)
        said, self._remarked = self._remarks[self._remarked :], len(self._remarks)
        return tuple(said)

    async def find_client(self, wanted: RecallClient) -> Client | None:
        """Return a client that an earlier run registered (`actions.RecallClient`)."""
        issuer, redirect_uri, id = wanted.issuer, wanted.redirect_uri, wanted.client_id

        def work(store: TokenStore) -> Client | None:
            if id is not None:
                return self._known(store.find_redirect(issuer, id))
            return store.find_client(issuer, redirect_uri, wanted.port, wanted.scope)

        return await asyncio.to_thread(self._tried, work)

    async def drop_client(self, client: Client) -> None:
        """Forget a client that its server does not know any more, and what it was given."""

        def work(store: TokenStore) -> None:
            for stored in store.tokens():
                if (stored.issuer, stored.client_id) == (client.issuer, client.id):
                    store.forget(stored.id)
            store.forget_client(client.issuer, client.id)

        await asyncio.to_thread(self._tried, work)

    async def begin_refresh(self, token: Token) -> Token | Failure | None:
        """Take the turn to refresh a token (`actions.BeginRefresh`); `settle` gives it back."""
        self._before, self._over = len(self.look().exchanges), False
        return await asyncio.to_thread(self._begin, token)

    async def settle(self) -> None:
        """Write down what became of a refresh that brought nothing, and give the turn back."""
        self._over, session = True, self.look()
        turn, self._turn = self._turn, None
        if turn is None:
            return
        sent = [item for item in session.exchanges[self._before :] if not item.again]
        stopped = session.stop is not None
        if sent or stopped:  # else it was cut short, and nobody knows what the server did
            last = sent[-1] if sent else None
            await asyncio.to_thread(self._tried, lambda store: turn.refuse(last))
        turn.close()

    # -- work in a thread

    def _offer(self, now: float) -> StoredHeader | None:
        from mcp_auth_tui.storage import token_file

        config = self._config
        try:
            path = token_file.token_path(self._environ)
            tokens = token_file.read(path)["tokens"] if path is not None else []
        except token_file.StoreProblem:
            return None  # told when something is to be kept
        chosen = token_file.choose(
            tokens,
            config.url,
            issuer=config.issuer,
            client_id=config.client_id,
            scope=config.scope,
        )
        entry = next((item for item in chosen if token_file.fresh(item, now)), None)
        if entry is None:
            return None
        return StoredHeader(
            entry["id"],
            entry["issuer"],
            entry["client_id"],
            entry.get("scope_granted"),
            entry.get("expires"),
            entry.get("verified") is True,
        )

    def _begin(self, token: Token) -> Token | Failure | None:
        from mcp_auth_tui.run.turn import PATIENCE_SECONDS, RefreshTurn
        from mcp_auth_tui.storage.token_file import StoreProblem

        store = self._opened_store()
        if store is None:
            return None
        turn = None
        try:
            stored = self._find(store, token)
            if stored is None:
                return None
            turn = RefreshTurn(store, stored, lambda: self._over).__enter__()
            held = turn.grant
            if held is not None and held.token.access != token.access:
                return held.token  # another program was quicker, now or long ago
            if held is None or self._over:
                return None
            if not turn.locked:
                return Failure(
                    "client-store",
                    f"another program has been refreshing this token for {PATIENCE_SECONDS:g} s",
                )
            if turn.begin():
                self._turn, turn = turn, None
            return None
        except StoreProblem as problem:
            return Failure("client-store", str(problem))
        finally:
            if turn is not None:
                turn.close()

    def _work(self, event: Event, session: Session) -> Callable[[TokenStore], None] | None:
        client, server, token = session.client, session.server, session.token
        match event:
            case Learned(name="client") if client is not None and client.id and not client.stored:
                return lambda store: self._keep_client(store, client)
            case Learned(name="token") if client is not None and server and token:
                if token.access == self._access:
                    return self._verify if token.verified else None
                self._access = token.access
                return lambda store: self._keep_token(store, session)
            case Ended(stop=stop) if stop and stop.stage is Stage.VERIFY and stop.exit == 1:
                return self._forget_unverified
        return None

    def _known(self, client: Client | None) -> Client | None:
        """Say that the redirect URI of an earlier run is used again."""
        if client is not None:
            self._remark(
                f"The redirect URI is that of an earlier run of this client, {client.redirect_uri}:"
                " --port or --redirect-uri changes it."
            )
        return client

    def _keep_client(self, store: TokenStore, client: Client) -> None:
        store.keep_client(client)
        if client.fixed and client.how == "pre-registered":
            self._remark(
                f"Later runs with --client-id {client.id} come back to {client.redirect_uri} too."
            )

    def _keep_token(self, store: TokenStore, session: Session) -> None:
        client, server, token = session.client, session.server, session.token
        assert client and server and token
        key = self._key(token)
        if key is None and token.type.lower() == "dpop":
            self._remark("This token is not kept: it is bound to a key that ends with this run.")
            return
        turn, self._turn = self._turn, None
        if turn is not None:
            try:
                turn.keep(token)
            finally:
                turn.close()
            return
        known = self._find(store, token)
        grant = store.open(known.id) if known is not None else None
        if grant is not None and grant.token.access == token.access:
            if token.verified and not grant.stored.verified:
                store.verify(grant.stored)
            return  # taken over from the store, or from a run before
        before, self._unverified = self._unverified, None
        urls = tuple(dict.fromkeys(url for url in (self._config.url, session.url) if url))
        bound = (key.thumbprint, key.jwk) if key is not None else None
        self._unverified = stored = store.keep(urls, server, client, token, bound)
        if client.auth_method == "private_key_jwt" and self._key_source is not None:
            store.note_key_source(client, self._key_source)
        if before is not None and before.id != stored.id:
            store.forget(before.id)  # of an issuer that the server has left, or refused

    def _key(self, token: Token) -> ProofKey | None:
        """Return the key that a token is bound to, if it is."""
        bound = token.type.lower() == "dpop" and self.signer is not None
        return self.signer.proof_key if bound and self.signer is not None else None

    def _find(self, store: TokenStore, token: Token) -> StoredToken | None:
        key = self._key(token)
        return store.find(token, key.thumbprint if key is not None else "")

    def _verify(self, store: TokenStore) -> None:
        stored, self._unverified = self._unverified, None
        if stored is not None:
            store.verify(stored)

    def _forget_unverified(self, store: TokenStore) -> None:
        """Forget a token that the MCP server refused, as soon as it was issued."""
        if self._unverified is not None:
            store.forget(self._unverified.id)

    def _remark(self, sentence: str) -> None:
        if sentence not in self._remarks:
            self._remarks.append(sentence)

    def _opened_store(self) -> TokenStore | None:
        if not self._opened:
            self._opened = True
            self._store, notes = open_store(self._kind, self._environ)
            for note in notes:
                self._remark(note)
        return self._store

    def _tried(self, work: Callable[[TokenStore], T]) -> T | None:
        from mcp_auth_tui.storage.token_file import StoreProblem

        store = self._opened_store()
        if store is None:
            return None
        try:
            return work(store)
        except StoreProblem as problem:
            self._remark(str(problem))
            return None
        finally:
            for note in store.notes:
                self._remark(note)
