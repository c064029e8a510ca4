"""Knows how the first stage is marked and summed up; must not know those behind it."""

from __future__ import annotations

from mcp_auth_tui.model import Learned, Stage
from mcp_auth_tui.model.oauth import Contact, Peer
from mcp_auth_tui.protocol.actions import Protocol
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.mcp.first_contact import first_contact
from mcp_auth_tui.protocol.staging import staged


def probe(judge: Judge) -> Protocol[tuple[Contact, Peer | None]]:
    """Speak to the server without a token."""

    def body() -> Protocol[tuple[Contact, Peer | None]]:
        contact, peer = yield from first_contact(judge)
        if contact.url:
            yield Learned("url", contact.url)
        yield Learned("contact", contact)
        return contact, peer

    def summary(result: tuple[Contact, Peer | None]) -> str:
        contact, peer = result
        if peer is not None:
            return "open: it asks for no authorization"
        schemes = ", ".join(dict.fromkeys(item.scheme for item in contact.challenges))
        return f"{contact.status} {schemes or 'without a challenge'}"

    return (yield from staged(Stage.PROBE, body(), summary))
