"""Knows the certificate that this side shows in TLS, and its key; must not know to whom or why.

The key stays in its file: OpenSSL reads it there, and nothing here holds it.
"""

from __future__ import annotations

import ssl
from dataclasses import field

from mcp_auth_tui.model import Failure, Secret
from mcp_auth_tui.records import dataclass


class _Locked(Exception):
    """The key is encrypted, and there is no passphrase for it."""


@dataclass(slots=True)
class ClientCertificate:
    """A certificate (PEM, the chain behind it) and its private key, for all networks of a run."""

    file: str
    key_file: str | None = None
    """Where the key is, if not in ``file``."""
    passphrase: Secret | None = field(default=None, repr=False)
    """What opens the key; it may come later (`unlock`)."""

    def load_into(self, context: ssl.SSLContext) -> Failure | None:
        """Let a context show the certificate; a `Failure` says why it cannot.

        Its kind is ``passphrase`` where another passphrase could help, else ``client-certificate``.
        """
        asked: list[bool] = []

        def opened() -> str:
            # Without this OpenSSL would ask on the terminal by itself.
            asked.append(True)
            if self.passphrase is None:
                raise _Locked
            return self.passphrase.reveal()

        where = self.key_file or self.file
        try:
            context.load_cert_chain(self.file, self.key_file, opened)
        except _Locked:
            return Failure("passphrase", f"The private key in {where} is encrypted.")
        except (OSError, ValueError) as error:
            if asked:  # ValueError: one of over 1,024 octets
                return Failure("passphrase", f"The passphrase does not open the key in {where}.")
            return self._fault(error, where)
        return None

    def unlock(self, passphrase: Secret | None) -> Failure | None:
        """Try the key, with a passphrase if one is given, and keep what opens it."""
        before = self.passphrase
        self.passphrase = passphrase or before
        failure = self.load_into(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT))
        if failure is not None:
            self.passphrase = before
        return failure

    def _fault(self, error: OSError | ValueError, where: str) -> Failure:
        if getattr(error, "reason", "") == "KEY_VALUES_MISMATCH":
            told = f"The private key in {where} is not the one of the certificate in {self.file}."
        elif isinstance(error, ssl.SSLError):
            told = f"There is no certificate in {self.file}, or no private key in {where} (PEM)."
        else:
            reason = getattr(error, "strerror", "") or str(error)
            told = (
                f"The certificate in {self.file} cannot be read with its key in {where}: {reason}."
            )
        return Failure("client-certificate", told)
