"""How the rules that only a scan of unusual places sees are broken and kept (SPEC 5)."""

from __future__ import annotations

from collections.abc import Callable

from mcp_auth_tui.model import Session, Stage
from tests.findings.case import Case
from tests.protocol.discovery.test_misplaced import scanned, tried, usual
from tests.protocol.script import (
    AS,
    NOT_FOUND,
    OIDC,
    PRM,
    PRM_ROOT,
    Page,
    Script,
    json,
    metadata,
    prm,
    resource,
)

ISSUER = f"{AS}/tenant"
RIGHT = f"{AS}/.well-known/oauth-authorization-server/tenant"
APPENDED = f"{ISSUER}/.well-known/oauth-authorization-server"


def scan_of(pages: dict[str, Page]) -> Callable[[], Script]:
    """A run that went well, and what a scan finds besides."""
    return lambda: scanned(usual(), pages)


def tenant(verdict: str, page: Page) -> Session:
    """An issuer with a path, whose document is or is not where clients look."""
    named = prm(authorization_servers=[ISSUER])
    return tried(
        (Stage.RESOURCE, PRM, "used", json(200, named)),
        (Stage.SERVER, RIGHT, verdict, page),
        resource=resource(document=named, issuers=(ISSUER,)),
    )


CASES: tuple[Case, ...] = (
    Case(
        "prm-copies-differ",
        scan_of({PRM_ROOT: json(200, prm(authorization_servers=[f"{AS}/other"]))}),
        kept=scan_of({PRM_ROOT: json(200, prm())}),
    ),
    Case(
        "as-docs-differ",
        scan_of({OIDC: json(200, metadata(token_endpoint=f"{AS}/token2"))}),
        kept=scan_of({OIDC: json(200, metadata())}),
    ),
    Case(
        "as-misplaced",
        lambda: scanned(tenant("lost", NOT_FOUND), {APPENDED: json(200, metadata(ISSUER))}),
        kept=lambda: scanned(
            tenant("used", json(200, metadata(ISSUER))), {APPENDED: json(200, metadata(ISSUER))}
        ),
    ),
)
