"""Knows what was served in a run and what the run knows of it; must not know any rule."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from mcp_auth_tui.fixes.answer import Answer, Change, Fix, Members, NoFix
from mcp_auth_tui.model import Exchange, Finding, Response, Session
from mcp_auth_tui.protocol.jwt import read_jwt
from mcp_auth_tui.protocol.strict_json import DuplicateKey, loads
from mcp_auth_tui.protocol.urls import join, well_known
from mcp_auth_tui.records import dataclass

LIMIT = 100_000
"""Octets of a document; no metadata is longer, and nobody reads the difference of two such."""
_HOPS = 5


@dataclass(frozen=True, slots=True)
class Breach:
    """What was served where a rule was broken."""

    session: Session
    finding: Finding

    @property
    def url(self) -> str:
        """The MCP URL of the run."""
        return self.session.url

    @property
    def exchange(self) -> Exchange:
        """The exchange that the finding is about; raises `NoFix` where the run does not hold it."""
        number = self.finding.exchange
        found = next((item for item in self.session.exchanges if item.number == number), None)
        if number is None or found is None:
            raise NoFix("The answer that it is about is not part of this run.")
        return found

    def got(self, url: str | None) -> Exchange | None:
        """Return the last exchange that fetched a document from a place."""
        items = reversed(self.session.exchanges)
        return next((e for e in items if (e.request.method, e.request.url) == ("GET", url)), None)

    @property
    def head(self) -> Answer:
        """Status and header fields of the answer; its body is no matter of the fix."""
        return head_of(self.exchange)

    @property
    def answer(self) -> Answer:
        """The answer with its document; raises `NoFix` where the body is none."""
        return answer_of(self.exchange)

    @property
    def token(self) -> Answer:
        """The answer with its document and the token in it; raises `NoFix` for an opaque one."""
        answer = self.answer
        value = answer.at("/access_token")
        jose, claims = read_jwt(value) if isinstance(value, str) else (None, None)
        if jose is None or claims is None:
            raise NoFix("The token is opaque, so what is in it cannot be shown.")
        return replace(answer, jose=jose, claims=claims)

    @property
    def expected(self) -> str:
        """The exact value that the check expected."""
        return self.finding.expected

    @property
    def sent(self) -> Members:
        """The JSON that was sent in the request."""
        return self.exchange.request.json or {}

    def change(self, after: Answer) -> Change:
        """Return the change of the answer that the finding is about."""
        return change_of(self.exchange, after)

    def at_metadata(self, edit: Callable[[Answer], Answer]) -> Fix:
        """Return the change of the metadata of the authorization server that is in use."""
        server = self.session.server
        exchange = self.got(server.url) if server is not None else None
        if exchange is None:
            raise NoFix("The metadata of the authorization server was not fetched in this run.")
        return Fix((change_of(exchange, edit(answer_of(exchange))),))

    def serving(self, url: str, document: Members, *notes: str) -> Change:
        """Return the change by which a place serves a document."""
        exchange = self.got(url)
        if exchange is None:
            fresh = Answer(200, (), document).header("content-type", "application/json")
            return Change("GET", url, None, fresh.note(*notes))
        return change_of(exchange, head_of(exchange).as_document(document).note(*notes))

    @property
    def place(self) -> str:
        """Where the metadata of the resource is, or belongs."""
        return well_known(self.url, "oauth-protected-resource", with_query=True)

    def target_document(self) -> Members:
        """Return the document that a redirect led to; raises `NoFix` where it led to none."""
        exchange: Exchange | None = self.exchange
        for _ in range(_HOPS):
            target = exchange.response.header("location") if exchange and exchange.response else ""
            if exchange is None or not target:
                break
            exchange = self.got(join(exchange.request.url, target))
        if exchange is None or exchange.status != 200:
            raise NoFix("Where it leads gave no document, so what belongs here is not known.")
        return answer_of(exchange).document or {}


Row = Callable[[Breach], Answer | Fix]


def head_of(exchange: Exchange) -> Answer:
    """Return status and header fields of an answer; raises `NoFix` where there was none."""
    response = _response(exchange)
    return Answer(response.status, response.headers)


def answer_of(exchange: Exchange) -> Answer:
    """Return an answer with its document; raises `NoFix` where the body is no JSON object."""
    return replace(head_of(exchange), document=_document(_response(exchange)))


def change_of(exchange: Exchange, after: Answer) -> Change:
    """Return the change of an answer, with as much of it as the fix is about."""
    before = head_of(exchange)
    if after.document is not None:
        with suppress(NoFix):  # what stood there is no document, and one takes its place
            before = replace(before, document=_document(_response(exchange)))
    if after.claims is not None:
        value = before.at("/access_token")
        jose, claims = read_jwt(value) if isinstance(value, str) else (None, None)
        before = replace(before, jose=jose, claims=claims)
    request = exchange.request
    return Change(
        request.method,
        request.url,
        before,
        after,
        exchange.number,
        request.kind,
    )


def _response(exchange: Exchange) -> Response:
    if exchange.response is None:
        raise NoFix("There was no answer.")
    return exchange.response


def _document(response: Response) -> dict[str, Any]:
    if response.truncated or len(response.body) > LIMIT:
        raise NoFix(f"The body is longer than {LIMIT:,} octets, or was cut off.")
    try:
        value = loads(response.body.decode("utf-8"))
    except UnicodeDecodeError:
        raise NoFix("The body is not UTF-8.") from None
    except DuplicateKey as error:
        raise NoFix(f"In the body {error}: which is meant only its owner knows.") from None
    except ValueError as error:
        raise NoFix(f"The body cannot be corrected, for it is no JSON: {error}.") from None
    if not isinstance(value, dict):
        raise NoFix("The body is JSON, but no object: what its members should be is not known.")
    return value
