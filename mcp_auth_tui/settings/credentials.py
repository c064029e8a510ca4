"""Knows the credentials that options name, and reads them once; must not know what they are for.

Only read when an option names one: a run without them never opens the user's config file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from mcp_auth_tui.model import Secret

IDP_VARIABLE = "MCP_AUTH_IDP_CLIENT_SECRET"
OPTIONS = {
    "client_key": "the client's private key",
    "assertion": "the workload's assertion",
    "subject_token": "the identity provider's token",
    "idp_client_secret": "the client secret at the identity provider",
}


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
    notes: tuple[str, ...] = ()


def read(args: Any, environ: Mapping[str, str] = os.environ) -> Credentials:
    """Read what the parsed arguments name; raises `CredentialProblem`."""
    named = {name: getattr(args, name) for name in OPTIONS if getattr(args, name)}
    if not named:
        return Credentials(idp_client_secret=_from_environment(args, environ))
    from mcp_auth_tui.storage import secret_sources, user_config

    notes: list[str] = []
    found: dict[str, secret_sources.Found] = {}
    name = next(iter(named))
    try:
        config = user_config.read(environ)
        notes += config.notes
        for name, source in named.items():
            found[name] = secret_sources.read(
                source,
                what=OPTIONS[name],
                commands=config.commands,
                environ=environ,
                config=str(config.path),
            )
    except (secret_sources.SourceProblem, user_config.ConfigProblem) as problem:
        raise CredentialProblem(str(problem), name) from None
    notes += [item.note for item in found.values() if item.note]
    secrets = {name: item.secret for name, item in found.items()}
    key = found.get("client_key")
    return Credentials(
        secrets.get("client_key"),
        key.origin if key else "",
        secrets.get("assertion"),
        secrets.get("subject_token"),
        secrets.get("idp_client_secret") or _from_environment(args, environ),
        tuple(notes),
    )


def _from_environment(args: Any, environ: Mapping[str, str]) -> Secret | None:
    value = environ.get(IDP_VARIABLE, "") if args.idp_client_id else ""
    return Secret(value) if value else None
