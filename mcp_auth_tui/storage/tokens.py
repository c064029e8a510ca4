"""Knows how tokens and clients are kept between runs and by several at once; asks no network.

SPEC ST1-ST3, F3, G7, G9. What replaces a token names the generation that it replaces; another
program that was quicker wins. Nothing is said here: `TokenStore.notes` is for the face to say.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

from mcp_auth_tui.model import Secret
from mcp_auth_tui.model.oauth import AuthorizationServer, Client, Token
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.storage import keyring, token_entries
from mcp_auth_tui.storage.keyring import KeyringProblem, Sealer
from mcp_auth_tui.storage.token_entries import Entry, Secrets, StoredToken
from mcp_auth_tui.storage.token_file import StoreProblem
from mcp_auth_tui.storage.token_writer import TokenWriter

_PROOF_KEY = "proof_key"


@dataclass(frozen=True, slots=True)
class StoredGrant:
    """A stored token with all that it takes to use, refresh and end it."""

    stored: StoredToken
    token: Token
    client: Client | None
    """None when the client's entry is gone."""
    previous: Token | None = None
    """The same with the refresh token of the generation before, if that was another one."""
    proof_key: Secret | None = None
    """The private key (JWK) that it is bound to (DPoP)."""
    key_source: str | None = None
    """Where the client's own private key is read (`secret_sources`); it is not kept here."""


class TokenStore:
    """The tokens and clients of one file; every method may raise `StoreProblem`."""

    def __init__(self, path: Path, kind: str = "auto", *, sealer: Sealer | None = None) -> None:
        """Take the place of the file and one of `KINDS` but ``none``; nothing is read yet."""
        self._file = TokenWriter(path)
        self._kind = kind
        self._sealer = sealer or Sealer()

    @property
    def path(self) -> Path:
        """The file."""
        return self._file.path

    @property
    def notes(self) -> list[str]:
        """Sentences about what was not as it should be, the oldest first."""
        return self._file.notes

    def tokens(self) -> tuple[StoredToken, ...]:
        """Return what is known of every token; no keyring is asked."""
        return tuple(token_entries.stored_token(entry) for entry in self._file.read()["tokens"])

    def clients(self) -> tuple[Client, ...]:
        """Return every client without its secrets; no keyring is asked."""
        return tuple(token_entries.client_of(entry, {}) for entry in self._file.read()["clients"])

    def open(self, id: str) -> StoredGrant | None:
        """Return a token with its secrets, or None when it is not there."""
        document = self._file.read()
        entry = _by_id(document["tokens"], id)
        if entry is None:
            return None
        stored, secrets = token_entries.stored_token(entry), self._secrets(entry, id)
        client = _by_client(document["clients"], stored.issuer, stored.client_id)
        token = token_entries.token_of(stored, secrets)
        previous = secrets.get("previous")
        return StoredGrant(
            stored,
            token,
            self._client(client),
            token_entries.token_of(stored, {**secrets, "refresh": previous}) if previous else None,
            Secret(secrets[_PROOF_KEY]) if _PROOF_KEY in secrets else None,
            _text((client or {}).get("key_source")),
        )

    def find(self, token: Token, thumbprint: str = "") -> StoredToken | None:
        """Return the entry that a token belongs to, be it of this generation or of another one."""
        entry = _by_id(self._file.read()["tokens"], token_entries.token_id(token, thumbprint))
        return None if entry is None else token_entries.stored_token(entry)

    def find_client(
        self, issuer: str, redirect_uri: str | None, port: int | None, scope: str | None
    ) -> Client | None:
        """Return a client that was registered dynamically and serves such a run (G7, G9)."""
        for entry in reversed(self._file.read()["clients"]):
            known = entry.get("issuer") == issuer and entry.get("how") == "dynamic"
            if known and token_entries.usable(entry, redirect_uri, port, scope):
                ends = (entry.get("document") or {}).get("client_secret_expires_at")
                if not isinstance(ends, int | float) or ends == 0 or ends > time.time():
                    return self._client(entry)
        return None

    def find_redirect(self, issuer: str, client_id: str) -> Client | None:
        """Return a client made by hand whose redirect URI was chosen by hand, without secrets."""
        for client in self.clients():
            if (client.issuer, client.id) == (issuer, client_id) and client.fixed:
                return client if client.how == "pre-registered" else None
        return None

    def open_client(self, issuer: str, client_id: str) -> Client | None:
        """Return a client with its secrets, or None when it is not there."""
        return self._client(_by_client(self._file.read()["clients"], issuer, client_id))

    def keep_client(self, client: Client) -> None:
        """Keep a client, in the place of what was known of it."""

        def change(clients: list[Entry], tokens: list[Entry]) -> None:
            _put_client(clients, self._client_entry(client))

        self._file.change(change)

    def note_key_source(self, client: Client, source: str) -> None:
        """Write down where a client's private key is read for a refresh."""

        def change(clients: list[Entry], tokens: list[Entry]) -> None:
            entry = _by_client(clients, client.issuer, client.id)
            if entry is not None:
                clients[clients.index(entry)] = {**entry, "key_source": source}

        self._file.change(change)

    def keep(
        self,
        urls: tuple[str, ...],
        server: AuthorizationServer,
        client: Client,
        token: Token,
        proof_key: tuple[str, Secret] | None = None,
    ) -> StoredToken:
        """Keep a token that a sign-in brought, with its client, and return what is known of it.

        ``urls`` are the MCP URLs that it is for: the one that was given, and the one it led to.
        ``proof_key``: thumbprint and private JWK of the key that it is bound to (DPoP).
        """
        thumbprint = proof_key[0] if proof_key is not None else ""
        kept: list[StoredToken] = []

        def change(clients: list[Entry], tokens: list[Entry]) -> None:
            if not client.stored:  # else its redirect URI may be that of this run alone
                _put_client(clients, self._client_entry(client))
            id = token_entries.token_id(token, thumbprint)
            old = _by_id(tokens, id)
            entry, secrets = token_entries.token_entry(urls, server, token, old, thumbprint)
            if proof_key is not None:
                secrets[_PROOF_KEY] = proof_key[1].reveal()
            entry["secrets"] = self._pack(secrets, id)
            tokens[:] = [entry, *(item for item in tokens if item["id"] != id)]
            kept.append(token_entries.stored_token(entry))

        self._file.change(change)
        return kept[0]

    def begin_refresh(self, stored: StoredToken) -> bool:
        """Write down that a refresh is sent; False when the token is another one meanwhile.

        A store that cannot be written says so before the server gives a new refresh token away.
        """
        return self._alter(stored, lambda entry: {**entry, "unanswered": time.time()})

    def end_refresh(self, stored: StoredToken) -> bool:
        """Write down that the server answered, and gave nothing new."""
        return self._alter(stored, lambda entry: {**entry, "unanswered": None})

    def renew(self, grant: StoredGrant, token: Token) -> bool:
        """Put the answer of a refresh in the place of what it refreshed (F2, F3).

        False when that is not there any more: then somebody else's answer stays.
        """
        stored, old = grant.stored, grant.token.refresh

        def altered(entry: Entry) -> Entry:
            new, secrets = token_entries.token_entry(
                (), stored.server, token, entry, stored.thumbprint
            )
            if grant.proof_key is not None:
                secrets[_PROOF_KEY] = grant.proof_key.reveal()
            if old is not None and token.refresh not in (None, old):
                secrets["previous"] = old.reveal()
            sealed = isinstance(entry["secrets"], str)
            new |= {"id": stored.id, "verified": stored.verified}
            return {**new, "secrets": self._packed(secrets, stored.id, sealed=sealed)}

        return self._alter(stored, altered)

    def verify(self, stored: StoredToken) -> bool:
        """Write down that the MCP server accepted the token."""
        return self._alter(stored, lambda entry: {**entry, "verified": True})

    def drop_refresh_token(self, stored: StoredToken) -> bool:
        """Forget a refresh token that the server refused: of that generation alone (F3)."""

        def altered(entry: Entry) -> Entry:
            spent = ("refresh", "previous")
            held = self._secrets(entry, stored.id)
            secrets = {name: value for name, value in held.items() if name not in spent}
            sealed = isinstance(entry["secrets"], str)
            packed = self._packed(secrets, stored.id, sealed=sealed)
            return {**entry, "refreshable": False, "unanswered": None, "secrets": packed}

        return self._alter(stored, altered)

    def forget(self, id: str) -> None:
        """Forget a token, whatever its generation."""

        def change(clients: list[Entry], tokens: list[Entry]) -> None:
            tokens[:] = [item for item in tokens if item["id"] != id]

        self._file.change(change)
        self._file.remove_lock(id)

    def forget_client(self, issuer: str, client_id: str) -> None:
        """Forget a client."""

        def change(clients: list[Entry], tokens: list[Entry]) -> None:
            gone = _by_client(clients, issuer, client_id)
            clients[:] = [item for item in clients if item is not gone]

        self._file.change(change)

    def refreshing(
        self, stored: StoredToken, seconds: float, enough: Callable[[], bool]
    ) -> AbstractContextManager[bool]:
        """Let one program at a time refresh this token; the block learns whether it is this one."""
        return self._file.alone(stored.id, seconds, enough)

    # -- entries

    def _client(self, entry: Entry | None) -> Client | None:
        if entry is None:
            return None
        name = token_entries.client_name(entry["issuer"], entry["client_id"])
        return token_entries.client_of(entry, self._secrets(entry, name))

    def _client_entry(self, client: Client) -> Entry:
        entry, secrets = token_entries.client_entry(client)
        name = token_entries.client_name(client.issuer, client.id)
        return {**entry, "secrets": self._pack(secrets, name) if secrets else {}}

    def _secrets(self, entry: Entry, name: str) -> Secrets:
        packed = entry["secrets"]
        if isinstance(packed, str):
            try:
                return self._sealer.open(packed, name)
            except KeyringProblem as problem:
                raise StoreProblem(f"The token store cannot be opened: {problem}") from None
        return {str(key): str(value) for key, value in packed.items()}

    def _pack(self, secrets: Secrets, name: str) -> Secrets | str:
        """Return secrets as this store keeps new ones: sealed, or open where that is the choice."""
        if self._kind == "file":
            return secrets
        reason = keyring.missing()
        if not reason:
            try:
                return self._sealer.seal(secrets, name)
            except KeyringProblem as problem:
                reason = str(problem).rstrip(".")
        if self._kind == "keyring":
            raise StoreProblem(f"Nothing is kept: {reason}.")
        self._file.note(
            f"Kept in {self.path}, which only you can read, and not in a keyring: {reason}."
        )
        self._kind = "file"
        return secrets

    def _packed(self, secrets: Secrets, name: str, *, sealed: bool) -> Secrets | str:
        try:
            return self._sealer.seal(secrets, name) if sealed else secrets
        except KeyringProblem as problem:
            raise StoreProblem(f"The token store cannot be written: {problem}") from None

    def _alter(self, stored: StoredToken, alter: Callable[[Entry], Entry]) -> bool:
        """Change an entry if it still is of the generation that is known here."""
        done: list[bool] = []

        def change(clients: list[Entry], tokens: list[Entry]) -> None:
            entry = _by_id(tokens, stored.id)
            if entry is not None and entry["generation"] == stored.generation:
                tokens[tokens.index(entry)] = alter(entry)
                done.append(True)

        self._file.change(change)
        return bool(done)


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _by_id(tokens: list[Entry], id: str) -> Entry | None:
    return next((entry for entry in tokens if entry["id"] == id), None)


def _by_client(clients: list[Entry], issuer: str, client_id: str) -> Entry | None:
    return next(
        (
            entry
            for entry in clients
            if (entry.get("issuer"), entry.get("client_id")) == (issuer, client_id)
        ),
        None,
    )


def _put_client(clients: list[Entry], entry: Entry) -> None:
    old = _by_client(clients, entry["issuer"], entry["client_id"])
    if old is not None and old.get("redirect_uri") == entry["redirect_uri"]:
        # What was chosen once is not chosen anew by the run that goes by it.
        entry = {**entry, "fixed": entry["fixed"] or old.get("fixed") is True}
    clients[:] = [*(item for item in clients if item is not old), entry]
