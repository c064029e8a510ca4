"""Knows who has to act on a finding, as a name for reading; judges nothing."""

from __future__ import annotations

from mcp_auth_tui.model import Finding, Session, Stage, Whose
from mcp_auth_tui.text import units

_OWN = {
    "client-bug": "mcp-auth-tui itself",
    "client-url": "you (URL)",
    "client-no-person": "you (sign-in)",
    "authz-paste": "you (sign-in)",
    "rs-not-mcp": "you (URL)",
    "net-dns": "you (URL, network)",
}


def owner(session: Session, finding: Finding) -> str:
    """Return who has to act: a server with its host, or what of the person's; empty for nobody."""
    if finding.id == "rs-endpoint-http":
        return "you (URL)"  # http was typed, whoever runs the server there
    match finding.whose:
        case Whose.SERVER | Whose.ISSUER:
            host = host_of(session, finding)
            return f"{finding.whose} ({host})" if host else str(finding.whose)
        case Whose.CLIENT:
            document = "you (client ID metadata document)"
            usual = document if finding.id.startswith("cimd-own-") else "you (settings)"
            return _OWN.get(finding.id, usual)
        case Whose.NETWORK:
            return _OWN.get(finding.id, "you (network)")
        case Whose.BETWEEN:
            return "something between (proxy, firewall)"
        case Whose.NOBODY:
            return ""


def host_of(session: Session, finding: Finding) -> str:
    """Return the host of the server that a finding is about; empty where it is about none."""
    url = {Whose.SERVER: session.url, Whose.ISSUER: _of_issuer(session, finding)}
    known = url.get(finding.whose, "")
    return units.host_of(known) if known else ""


def _of_issuer(session: Session, finding: Finding) -> str:
    """Return a URL of the authorization server that a finding is about; empty where none is known.

    What is wrong with a document is mended where the document stands: who it claims to be may be
    somebody else, and a resource may name several servers.
    """
    if finding.stage is Stage.SERVER and finding.exchange is not None:
        looked = (item.url for item in session.tried if item.exchange == finding.exchange)
        asked = (e.request.url for e in session.exchanges if e.number == finding.exchange)
        if place := next(looked, "") or next(asked, ""):
            return place
    issuers = session.resource.issuers if session.resource else ()
    return session.server.issuer if session.server else next(iter(issuers), "")
