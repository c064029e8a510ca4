"""Knows the credentials that options name, and reads them once; must not know what they are for.

Only read when an option names one: a run without them never opens the user's config file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from mcp_auth_tui.model import Secret
from mcp_auth_tui.records import dataclass

if TYPE_CHECKING:
    from mcp_auth_tui.storage.secret_sources import Found

IDP_VARIABLE = "MCP_AUTH_IDP_CLIENT_SECRET"
OPTIONS = {
    "client_key": "the client's private key",
    "assertion": "the workload's assertion",
    "subject_token": "the identity provider's token",
    "idp_client_secret": "the client secret at the identity provider",
    "registration_token": "the initial access token",
}


SOURCES = ("env:", "file:", "keyring:", "command:")


class CredentialProblem(Exception):
    """A credential cannot be read; the message is a sentence, ``name`` the option it is about."""

    def __init__(self, message: str, name: str) -> None:
        super().__init__(message)
        self.name = name


@dataclass(frozen=True, slots=True)
class Credentials:
    """What the options named."""

    client_key: Secret | None = None
    key_origin: str = ""
    assertion: Secret | None = None
    subject_token: Secret | None = None
    idp_client_secret: Secret | None = None
    registration_token: Secret | None = None
    headers: tuple[tuple[str, Secret], ...] = ()
    notes: tuple[str, ...] = ()


def read(args: Any, environ: Mapping[str, str] = os.environ) -> Credentials:
    """Read what the parsed arguments name; raises `CredentialProblem`."""
    named = {name: getattr(args, name) for name in OPTIONS if getattr(args, name)}
    sources = [(name, source, OPTIONS[name]) for name, source in named.items()]
    found, notes = _read_all(sources, environ) if sources else ([], ())
    secrets = dict(zip(named, found, strict=False))
    key = secrets.get("client_key")
    values = {name: item.secret for name, item in secrets.items()}
    return Credentials(
        values.get("client_key"),
        key.origin if key else "",
        values.get("assertion"),
        values.get("subject_token"),
        values.get("idp_client_secret") or _from_environment(args, environ),
        values.get("registration_token"),
        given_headers(args.header, environ),
        notes,
    )


def given_headers(
    given: list[tuple[str, str]], environ: Mapping[str, str] = os.environ
) -> tuple[tuple[str, Secret], ...]:
    """Return header fields, read where a value names a source; raises `CredentialProblem`."""
    headers = [(name, value) for name, value in given if value.startswith(SOURCES)]
    sources = [("header", source, f"the header {name}") for name, source in headers]
    found = iter(_read_all(sources, environ)[0] if sources else [])
    return tuple(
        (name, _header(name, next(found).secret if (name, value) in headers else Secret(value)))
        for name, value in given
    )


def _read_all(
    sources: list[tuple[str, str, str]], environ: Mapping[str, str]
) -> tuple[list[Found], tuple[str, ...]]:
    """Read every source (option, where, what it is called), and what there is to say of them."""
    from mcp_auth_tui.storage import secret_sources, user_config

    found: list[Found] = []
    name = sources[0][0]
    try:
        config = user_config.read(environ)
        for option, source, what in sources:
            name = option
            found.append(
                secret_sources.read(
                    source,
                    what=what,
                    commands=config.commands,
                    environ=environ,
                    config=str(config.path),
                )
            )
    except (secret_sources.SourceProblem, user_config.ConfigProblem) as problem:
        raise CredentialProblem(str(problem), name) from None
    return found, (*config.notes, *(item.note for item in found if item.note))


def _header(name: str, value: Secret) -> Secret:
    """Return what may stand in a header field (RFC 9110 §5.5)."""
    text = value.reveal()
    if not text.isascii() or not text.isprintable():
        told = f"the value of the header {name} holds characters that no header can carry"
        raise CredentialProblem(told, "header")
    return value


def _from_environment(args: Any, environ: Mapping[str, str]) -> Secret | None:
    value = environ.get(IDP_VARIABLE, "") if args.idp_client_id else ""
    return Secret(value) if value else None
