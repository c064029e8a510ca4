"""Knows how one program at a time refreshes a stored token, and what it writes down (F3).

It sends nothing: who sends says what became of it.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from mcp_auth_tui.protocol.strict_json import loads

if TYPE_CHECKING:
    from mcp_auth_tui.model import Exchange
    from mcp_auth_tui.model.oauth import Token
    from mcp_auth_tui.storage.token_entries import StoredToken
    from mcp_auth_tui.storage.tokens import StoredGrant, TokenStore

PATIENCE_SECONDS = 60.0
"""So long another program may be refreshing the same token; a request takes half as long."""
_SPENT = ("invalid_grant", "invalid_client", "unauthorized_client")


class RefreshTurn:
    """The turn of one program to refresh a stored token, for as long as the block lasts.

    ``stored`` is what that program knows of the token. The methods may raise `StoreProblem`.
    """

    def __init__(
        self, store: TokenStore, stored: StoredToken, idle: Callable[[], bool] = lambda: False
    ) -> None:
        """Take the token; ``idle`` says that nobody wants the turn any more."""
        self._store = store
        self._stored = stored
        self._idle = idle
        self._held = ExitStack()
        self.grant: StoredGrant | None = None
        """The token as it is stored once the turn has come; None when it is not there."""
        self.locked = False
        """Whether the turn has come; else another program has had it for too long."""
        self.usable = True
        """Whether the refresh token may be of use again; not once the server refused it."""

    def __enter__(self) -> RefreshTurn:
        seen = _Watch(self._store, self._stored)
        lock = self._store.refreshing(
            self._stored, PATIENCE_SECONDS, lambda: self._idle() or seen.replaced()
        )
        self.locked = self._held.enter_context(lock)
        try:
            self.grant = self._store.open(self._stored.id)
        except BaseException:
            self._held.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Give the turn back."""
        self._held.close()

    @property
    def late(self) -> bool:
        """Whether another program was quicker: `grant` is its answer, or its end of the token."""
        return self.grant is None or self.grant.stored.generation != self._stored.generation

    def begin(self) -> bool:
        """Write down that a refresh is sent; False when the token is another one after all."""
        return self._store.begin_refresh(self._stored)

    def keep(self, token: Token) -> bool:
        """Keep the answer; False when another one was kept meanwhile, which stays."""
        return self.grant is not None and self._store.renew(self.grant, token)

    def refuse(self, exchange: Exchange | None) -> str:
        """Write down what became of a refresh that brought nothing; returns the OAuth error.

        ``exchange`` None: it was never sent. Where no answer came, that stays written down: the
        server may have given the next refresh token away.
        """
        if exchange is None:
            self._store.end_refresh(self._stored)
            return ""
        if exchange.response is None:
            return ""
        code = error_of(exchange)
        if code in _SPENT:
            self.usable = False
            self._store.drop_refresh_token(self._stored)
        else:
            self._store.end_refresh(self._stored)
        return code


def error_of(exchange: Exchange) -> str:
    """Return the OAuth error of a token endpoint's answer; empty where it names none."""
    try:
        answer = loads(exchange.response.text if exchange.response else "")
    except ValueError:
        return ""
    code = answer.get("error") if isinstance(answer, dict) else None
    return code if isinstance(code, str) else ""


class _Watch:
    """Says whether a token was replaced; reads the store only when its file is another one."""

    def __init__(self, store: TokenStore, stored: StoredToken) -> None:
        self._store = store
        self._stored = stored
        self._seen: tuple[int, int] | None = None

    def replaced(self) -> bool:
        try:
            facts = self._store.path.stat()
        except OSError:
            return True
        seen = (facts.st_ino, facts.st_mtime_ns)
        if seen == self._seen:
            return False
        self._seen = seen
        now = next((item for item in self._store.tokens() if item.id == self._stored.id), None)
        return now is None or now.generation != self._stored.generation
