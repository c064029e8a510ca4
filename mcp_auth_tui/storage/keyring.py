"""Knows how secrets are sealed by a key in the system's keyring; must not know what they are.

Keyrings limit what an entry holds (Windows: 2,560 octets, less than many a token), and nothing
changes two entries at once. So the keyring holds one key, and the file what is sealed with it: both
old or both new.
"""

from __future__ import annotations

import json
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from threading import Thread
from typing import Any

from mcp_auth_tui.text import terminal

SERVICE, USER = "mcp-auth-tui", "token store"
SECONDS = 15.0
"""So long a keyring may take to answer: one that is locked waits for a person."""
_KEY_OCTETS, _NONCE_OCTETS = 32, 12


class KeyringProblem(Exception):
    """The keyring cannot be used; the message is a sentence with the reason and the next step."""


def missing() -> str:
    """Return why there is no keyring that keeps a secret; empty when there is one."""
    try:
        import keyring
    except ImportError:
        return "the package keyring is not installed (pip install 'mcp-auth-tui[keyring]')"
    try:
        backend = _within(keyring.get_keyring)
        # What only pretends, or writes plain files, has a priority under 1.
        usable = float(backend.priority) >= 1
    except Exception as error:
        return f"the system's keyring does not answer ({_reason(error)})"
    return "" if usable else "this system offers no keyring"


class Sealer:
    """Seals and opens what is stored, with a key that is fetched once, when it is first needed."""

    def __init__(self) -> None:
        self._key: bytes | None = None

    def seal(self, secrets: Mapping[str, str], name: str) -> str:
        """Return secrets in a form that nobody reads without the keyring, bound to ``name``.

        Raises `KeyringProblem`.
        """
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        nonce = os.urandom(_NONCE_OCTETS)
        plain = json.dumps(dict(secrets)).encode()
        sealed = AESGCM(self._fetched(create=True)).encrypt(nonce, plain, name.encode())
        return b64encode(nonce + sealed).decode("ascii")

    def open(self, sealed: str, name: str) -> dict[str, str]:
        """Return the secrets again; raises `KeyringProblem`."""
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM

        key = self._fetched(create=False)
        try:
            octets = b64decode(sealed, validate=True)
            plain = AESGCM(key).decrypt(
                octets[:_NONCE_OCTETS], octets[_NONCE_OCTETS:], name.encode()
            )
        except (InvalidTag, ValueError):
            raise KeyringProblem(
                "the keyring holds another key than the one that this was sealed with: sign in "
                "again."
            ) from None
        found: dict[str, str] = json.loads(plain)
        return found

    def _fetched(self, *, create: bool) -> bytes:
        if self._key is None:
            self._key = self._fetch(create=create)
        return self._key

    def _fetch(self, *, create: bool) -> bytes:
        try:
            import keyring

            text: str | None = _within(lambda: keyring.get_password(SERVICE, USER))
            if text is None and create:
                made = b64encode(os.urandom(_KEY_OCTETS)).decode("ascii")
                _within(lambda: keyring.set_password(SERVICE, USER, made))
                text = _within(lambda: keyring.get_password(SERVICE, USER))
            key = b64decode(text or "", validate=True)
        except Exception as error:  # a backend raises what it likes: D-Bus, Keychain, its own
            raise KeyringProblem(
                f"the system's keyring cannot be used ({_reason(error)}): unlock it, or choose "
                "--token-store file."
            ) from None
        if len(key) != _KEY_OCTETS:
            raise KeyringProblem(
                f"the keyring's entry {SERVICE}, user {USER}, is not there any more: sign in again."
            )
        return key


def _reason(error: Exception) -> str:
    return terminal.one_line(str(error) or type(error).__name__)


def _within(ask: Callable[[], Any]) -> Any:
    """Ask the keyring, and give up when nobody unlocks it; raises what asking raised."""
    answers: list[Any] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            answers.append(ask())
        except BaseException as error:
            errors.append(error)

    thread = Thread(target=run, name="keyring", daemon=True)
    thread.start()
    thread.join(SECONDS)
    if thread.is_alive():
        raise TimeoutError(f"it did not answer within {SECONDS:g} s")
    if errors:
        raise errors[0]
    return answers[0]
