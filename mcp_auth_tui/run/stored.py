"""Knows what of a run is kept in the token store, and what a run asks of it; must not know a face.

The store is opened when it is first needed, in a thread: it may ask a keyring. What goes wrong is
a sentence, and never ends a run.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from mcp_auth_tui.model import Ended, Event, Learned, Secret, Session, Stage
from mcp_auth_tui.text.units import duration

if TYPE_CHECKING:
    from mcp_auth_tui.model.oauth import Client
    from mcp_auth_tui.protocol.actions import RecallClient
    from mcp_auth_tui.storage.token_entries import StoredToken
    from mcp_auth_tui.storage.tokens import TokenStore

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


def offer(url: str, environ: Mapping[str, str] = os.environ, now: float | None = None) -> str:
    """Return a sentence about a stored header for a server that is still good; empty for none."""
    from mcp_auth_tui.storage import token_file

    now = time.time() if now is None else now
    try:
        path = token_file.token_path(environ)
        tokens = token_file.read(path)["tokens"] if path is not None else []
    except token_file.StoreProblem:
        return ""  # told when something is to be kept
    for entry in token_file.choose(tokens, url):
        expires = entry.get("expires")
        if token_file.fresh(entry, now) and entry.get("verified"):
            lasting = "" if expires is None else f" for {duration(expires - now)}"
            how = f"mcp-auth-tui headers {url} prints it"
            return f"A header of an earlier run is good{lasting}: {how}."
    return ""


class RunStore:
    """The token store as one run uses it; `keep` is told every event."""

    def __init__(self, url: str, kind: str | None, environ: Mapping[str, str] = os.environ) -> None:
        """Take the MCP URL as it was typed; ``kind`` None leaves the choice to the config file."""
        self._url = url
        self._kind = kind
        self._environ = environ
        self._store: TokenStore | None = None
        self._opened = False
        self._access: Secret | None = None
        self._unverified: StoredToken | None = None
        self._remarks: list[str] = []
        self._remarked = 0

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
        if token.type.lower() == "dpop":
            self._remark("This token is not kept: it is bound to a key that ends with this run.")
            return
        before, self._unverified = self._unverified, None
        urls = tuple(dict.fromkeys(url for url in (self._url, session.url) if url))
        self._unverified = stored = store.keep(urls, server, client, token)
        if before is not None and before.id != stored.id:
            store.forget(before.id)  # of an issuer that the server has left, or refused

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

    def _tried(self, work: Callable[[TokenStore], T]) -> T | None:
        from mcp_auth_tui.storage.token_file import StoreProblem

        if not self._opened:
            self._opened = True
            self._store, notes = open_store(self._kind, self._environ)
            for note in notes:
                self._remark(note)
        store = self._store
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
