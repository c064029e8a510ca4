"""Knows how requests and answers are changed so that a server looks like a known provider.

The rules of OAuth are those of the front behind it; which provider, and how, is a row of data.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from mcp_auth_tui.demo import answers
from mcp_auth_tui.demo.front import AuthorizationFront
from mcp_auth_tui.demo.imitation import Imitation
from mcp_auth_tui.demo.records import DEFAULT_SCOPE, OWN, SCOPES, Entropy
from mcp_auth_tui.loopback.server import Incoming, Reply

if TYPE_CHECKING:
    from mcp_auth_tui.demo.jwt import TokenSigner

_DEFAULT = "/.default"
# The members by which a client could manage its registration: no imitated provider has them.
_MANAGED = ("registration_access_token", "registration_client_uri")
_PAGES = frozenset({"/sign-in", "/consent"})

Pairs = list[tuple[str, str]]


class _Refused(Exception):
    """An authorization request that the provider refuses: error and words."""


class ProviderFront:
    """The authorization server at an origin in the manner of a provider."""

    def __init__(
        self,
        row: Imitation,
        make: Callable[..., AuthorizationFront],
        origin: str,
        urls: tuple[str, str],
        entropy: Entropy,
    ) -> None:
        """``make`` makes the front behind it; tokens are for the first of ``urls``."""
        issuer = row.issuer_at(origin)
        signer = _signer(row, issuer, entropy)
        self.named = row.named_at(origin)
        """The issuer as the resource metadata names it."""
        self.client = row.client
        self.front = make(
            issuer,
            (*urls, OWN),
            faults=frozenset() if row.iss else frozenset({"missing-iss"}),
            mint=row.mint(entropy, signer.mint if signer else None),
            signer=signer,
        )
        self.front.admit(row.client)
        self._row = row
        self._origin = origin
        self._resource = urls[0]
        self._offline = True
        """Whether the last authorization request was one that a refresh token comes with."""
        # Where a path serves two, it is the first that counts.
        self._served = {row.paths[name]: name for name in reversed([*row.paths])}

    async def handle(self, incoming: Incoming) -> Reply:
        """Answer one request to this origin."""
        reply = await self._answer(incoming)
        return replace(reply, headers=(*reply.headers, *self._row.headers.items()))

    async def _answer(self, incoming: Incoming) -> Reply:
        if incoming.path in self._row.places:
            return answers.as_json(self._row.document(self._origin))
        if incoming.path in _PAGES:
            return await self.front.handle(incoming)
        match self._served.get(incoming.path):
            case "register":
                return await self._register(incoming)
            case "authorize":
                return await self._authorize(incoming)
            case "token":
                return await self._token(incoming)
            case str(name):
                return await self.front.handle(replace(incoming, path=f"/{name}"))
        return answers.not_found()

    async def _register(self, incoming: Incoming) -> Reply:
        if not isinstance(self._row.registration, str):
            return _refusal(self._row.registration)
        reply = await self.front.handle(replace(incoming, path="/register"))
        members = _members(reply)
        if members is None or reply.status != 201:
            return reply
        return answers.as_json({k: v for k, v in members.items() if k not in _MANAGED}, 201)

    # -- the authorization endpoint

    async def _authorize(self, incoming: Incoming) -> Reply:
        try:
            pairs = answers.pairs_of(incoming.query)
        except ValueError:
            return await self.front.handle(replace(incoming, path="/authorize"))
        given = dict(pairs)
        name, _, value = self._row.offline.partition("=")
        self._offline = not name or given.get(name) == value
        if self._row.unknown and not self.front.knows(given.get("client_id", "")):
            return _refusal(self._row.unknown)
        try:
            kept = [(k, v) for k, v in pairs if k not in ("resource", "audience", "scope")]
            query = urlencode(
                [*kept, ("resource", self._target(given)), ("scope", self._scope(given))]
            )
        except _Refused as refusal:
            # The front judges client and redirect address first: what it refuses is refused so.
            query = urlencode([(k, v) for k, v in pairs if k not in ("resource", "scope")])
            reply = await self.front.handle(replace(incoming, path="/authorize", query=query))
            if not 200 <= reply.status < 400:
                return reply
            error, words = refusal.args
            return _sent_back(given, error, words)
        return await self.front.handle(replace(incoming, path="/authorize", query=query))

    def _target(self, given: dict[str, str]) -> str:
        """Return what the token will be for; raises _Refused."""
        if "resource" in given and self._row.resource:
            raise _Refused("invalid_target", self._row.resource)
        match self._row.audience:
            case "audience":
                wanted = given.get("audience", OWN)
                if wanted not in (OWN, self._resource):
                    raise _Refused("access_denied", f"Service not found: {wanted}")
                return wanted
            case "scope":
                scopes = given.get("scope", "").split()
                if not scopes and self._row.no_scope:
                    raise _Refused("invalid_request", self._row.no_scope)
                named = [item for item in scopes if item.endswith(_DEFAULT)]
                return self._resource if f"{self._resource}{_DEFAULT}" in named else OWN
        return self._resource

    def _scope(self, given: dict[str, str]) -> str:
        """Return the practice server's own scopes for what was asked; raises _Refused."""
        asked = given.get("scope", "").split()
        if self._row.scopes and not set(asked) <= set(self._row.scopes):
            words = "The requested scope is invalid, unknown, or malformed."
            raise _Refused("invalid_scope", words)
        return " ".join(item for item in asked if item in SCOPES) or DEFAULT_SCOPE

    # -- the token endpoint

    async def _token(self, incoming: Incoming) -> Reply:
        try:
            pairs: Pairs = answers.pairs_of(incoming.body.decode("utf-8"))
        except ValueError:
            pairs = []
        # What the code is for was settled before; a refresh asks for the same again.
        kept = [(k, v) for k, v in pairs if k not in ("resource", "scope")]
        body = urlencode(kept).encode() if pairs else incoming.body
        reply = await self.front.handle(replace(incoming, path="/token", body=body))
        members = _members(reply)
        if members is None:
            return reply
        if other := self._row.errors.get(str(members.get("error"))):
            error = {name: other[name] for name in ("error", "error_description")}
            return answers.as_json({**other.get("extra", {}), **error}, other["status"])
        if "access_token" in members:
            # The names of the scopes are the provider's: they are those that were asked for.
            left_out = {"scope"} if self._offline else {"scope", "refresh_token"}
            return answers.as_json({k: v for k, v in members.items() if k not in left_out})
        return reply


def _signer(row: Imitation, issuer: str, entropy: Entropy) -> TokenSigner | None:
    if "jwks" not in row.paths:
        return None
    from mcp_auth_tui.demo.jwt import TokenSigner

    return TokenSigner(issuer, entropy, row.claims, row.dropped)


def _refusal(answer: Mapping[str, Any]) -> Reply:
    if "text" in answer:
        return answers.as_text(answer["status"], answer["text"])
    return answers.as_json(answer["json"], answer["status"])


def _sent_back(given: dict[str, str], error: str, words: str) -> Reply:
    fields = {"error": error, "error_description": words, "state": given.get("state", "")}
    return answers.redirect(f"{given.get('redirect_uri', '')}?{urlencode(fields)}")


def _members(reply: Reply) -> dict[str, Any] | None:
    """Return the JSON object of an answer; None where it is none."""
    try:
        value = json.loads(reply.body) if isinstance(reply.body, bytes) else None
    except ValueError:
        return None
    return value if isinstance(value, dict) else None
