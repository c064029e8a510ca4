"""Knows how a run is put together from what was asked for; must not know who watches it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from mcp_auth_tui.desktop.browser import Browser
from mcp_auth_tui.keys.signer import Signer
from mcp_auth_tui.model import Secret, Session, Stage
from mcp_auth_tui.net.network import Network
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.run.budget import Budget
from mcp_auth_tui.run.controller import Controller
from mcp_auth_tui.run.stored import RunStore
from mcp_auth_tui.settings.options import Options

if TYPE_CHECKING:
    from mcp_auth_tui.model.aside import LocationCheck, SignatureCheck
    from mcp_auth_tui.model.oauth import AuthorizationServer, Token
    from mcp_auth_tui.protocol.probes.flow import Plan


def controller(
    options: Options,
    config: Config,
    *,
    person: bool,
    stepping: bool = False,
    proof_key: Secret | None = None,
) -> Controller:
    """Return a run against the URL of ``config``, which goes step by step if ``stepping``.

    ``person``: somebody can sign in or answer. ``proof_key`` is the DPoP key of the run before.
    """

    store = _store(options, config)
    signer = Signer(options.client_key, options.key_origin, proof_key)
    if store is not None:
        store.signer = signer
    kept = store is not None
    config = replace(config, recall_clients=kept and not options.fresh, keep_tokens=kept)

    def network() -> Network:
        return Network(config.url, options.network, allow_private=config.allow_private)

    return Controller(
        config,
        network,
        Browser(options.browser),
        person=person,
        stepping=stepping,
        sign=signer,
        marks=options.marks,
        network_words=options.network.words,
        needs=options.needs,
        store=store,
        budget=lambda: Budget(timeout=options.network.timeout),
    )


def prober(options: Options, config: Config, plan: Plan, *, person: bool) -> Controller:
    """Return a run that tries what the server should refuse; nothing of it is kept."""
    from functools import partial

    from mcp_auth_tui.protocol.probes.flow import REQUESTS, run

    def network() -> Network:
        return Network(config.url, options.network, allow_private=config.allow_private)

    return Controller(
        config,
        network,
        Browser(options.browser),
        person=person,
        sign=Signer(options.client_key, options.key_origin),
        marks=options.marks,
        flow=partial(run, plan),
        budget=lambda: Budget(REQUESTS, timeout=options.network.timeout),
    )


def scan(config: Config, session: Session) -> Protocol[tuple[LocationCheck, ...]]:
    """Ask every place where people put metadata and that a run has not asked (see `misplaced`)."""
    from mcp_auth_tui.protocol.discovery import misplaced

    return misplaced.scan(Judge(config, Stage.RESOURCE, session.revision), session)


def check_signatures(
    config: Config, revision: str, server: AuthorizationServer, token: Token
) -> Protocol[tuple[SignatureCheck, ...]]:
    """Fetch the issuer's keys and check the signatures of what it issued (see `signatures`)."""
    from mcp_auth_tui.protocol.tokens import signatures

    return signatures.check(Judge(config, Stage.TOKEN, revision), server, token)


def refresh(config: Config, session: Session) -> Protocol[None]:
    """Refresh the token of a run that is over (see `renewal.renew_beside`)."""
    from mcp_auth_tui.protocol.tokens import renewal

    return renewal.renew_beside(Judge(config, Stage.TOKEN, session.revision), session)


def _store(options: Options, config: Config) -> RunStore | None:
    """Return what keeps a run's tokens; None where they end with the program or are not wanted."""
    if options.token_store == "none" or config.url == options.practice:
        return None
    return RunStore(
        config, options.token_store, offers=not options.fresh, key_source=options.key_source
    )
