"""Knows what the practice server remembers and for how long; must not know HTTP or any rule."""

import base64
import hashlib
import secrets
from collections import OrderedDict
from dataclasses import field
from typing import Generic, TypeVar

from mcp_auth_tui.records import dataclass

Value = TypeVar("Value")

SCOPES: dict[str, str] = {
    "notes:read": "read your practice notes",
    "notes:write": "read your practice notes and add new ones",
}
DEFAULT_SCOPE = "notes:read"
AUTH_METHODS = ("none", "client_secret_basic", "client_secret_post")
OWN = "https://practice.example/userinfo"
"""What a token is for that is for the imitated provider itself, which no MCP server takes."""
DEVICE_GRANT = "urn:ietf:params:oauth:grant-type:device_code"


def covered(granted: frozenset[str]) -> frozenset[str]:
    """Return the granted scopes and those they imply (MCP 2026-07-28, scope hierarchies)."""
    return granted | {"notes:read"} if "notes:write" in granted else granted


class OAuthError(Exception):
    """An error answer of RFC 6749 section 5.2, RFC 7591 section 3.2.2 or RFC 8707 section 2."""

    def __init__(self, error: str, description: str, status: int = 400) -> None:
        super().__init__(f"{error}: {description}")
        self.error = error
        self.description = description
        self.status = status


class Entropy:
    """Source of opaque strings: random, or with `fixed` the same in every run (screenshots)."""

    def __init__(self, *, fixed: bool = False) -> None:
        self._fixed = fixed
        self._counts: dict[str, int] = {}

    def opaque(self, label: str, octets: int = 24) -> str:
        """Return a fresh URL-safe string; `label` keeps the fixed sequences apart."""
        if not self._fixed:
            return secrets.token_urlsafe(octets)
        count = self._counts[label] = self._counts.get(label, 0) + 1
        digest = hashlib.sha256(f"practice {label} {count}".encode()).digest()[:octets]
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


class Shelf(Generic[Value]):
    """A dictionary that forgets its oldest entry rather than grow past `limit`."""

    def __init__(self, limit: int = 512) -> None:
        self._limit = limit
        self._items: OrderedDict[str, Value] = OrderedDict()

    def put(self, key: str, value: Value) -> None:
        """Keep a value, as the newest."""
        self._items[key] = value
        self._items.move_to_end(key)
        while len(self._items) > self._limit:
            self._items.popitem(last=False)

    def get(self, key: str | None) -> Value | None:
        """Return the value, or None when it was never kept or is forgotten."""
        return None if key is None else self._items.get(key)

    def pop(self, key: str) -> Value | None:
        """Return the value and forget it."""
        return self._items.pop(key, None)

    def values(self) -> tuple[Value, ...]:
        """Return all that is kept, the oldest first."""
        return tuple(self._items.values())


@dataclass(frozen=True, slots=True)
class RegisteredClient:
    """A registered client, or one that its metadata document describes."""

    id: str
    name: str
    redirect_uris: tuple[str, ...]
    auth_method: str = "none"
    secret: str | None = field(default=None, repr=False)
    grant_types: tuple[str, ...] = ("authorization_code", "refresh_token")
    registration_token: str = field(default="", repr=False)
    """Reads and deletes the registration (RFC 7592); empty for a client that was not made here."""


@dataclass(slots=True)
class Grant:
    """What a person allowed once; every token of it dies with it."""

    subject: str
    client_id: str
    resource: str
    scopes: frozenset[str]
    revoked: bool = False


@dataclass(slots=True)
class Code:
    """An authorization code: usable once, until `expires` (seconds since the epoch)."""

    grant: Grant
    redirect_uri: str
    challenge: str
    expires: float
    used: bool = False


@dataclass(frozen=True, slots=True)
class Access:
    """What an access token stands for; times in seconds since the epoch."""

    grant: Grant
    scopes: frozenset[str]
    issued: float
    expires: float


@dataclass(slots=True)
class DeviceGrant:
    """A device authorization (RFC 8628): a person types its user code, the device polls."""

    user_code: str
    client: RegisteredClient
    resource: str
    scopes: frozenset[str]
    expires: float
    polled: float = 0.0
    """When the device asked last."""
    subject: str | None = None
    """Who allowed it; None while nobody did."""
    denied: bool = False


@dataclass(slots=True)
class Refresh:
    """A refresh token: the next use replaces it, a second use ends the grant."""

    grant: Grant
    used: bool = False
