"""Knows how the token endpoint is asked: authentication, proof, and errors (K1-K7, D2).

What a successful answer is worth is judged in `token`.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any, NoReturn
from urllib.parse import quote_plus

from mcp_auth_tui.model import Exchange, Failure, Field, Kind, Question, Request, Secret
from mcp_auth_tui.model.oauth import AuthorizationServer, Client
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Ask, Protocol, Sign, SignedJwt
from mcp_auth_tui.protocol.checks import token
from mcp_auth_tui.protocol.excerpt import excerpt
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.strict_json import loads
from mcp_auth_tui.protocol.tokens.dpop import Dpop, send_with_proof
from mcp_auth_tui.protocol.tokens.remedies import FAILED, in_the_way, remedy

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_LIFETIME = 60.0
_PASSPHRASES = 3
_OFF = 60.0


@dataclass(slots=True)
class Endpoint:
    """One authorization server's endpoints as one client speaks to them."""

    judge: Judge
    server: AuthorizationServer
    client: Client
    dpop: Dpop | None = None

    def ask(
        self, form: tuple[Field, ...], purpose: str, url: str = "", *, patient: bool = False
    ) -> Protocol[tuple[Exchange, Mapping[str, Any] | None]]:
        """Post a form with exactly one way of authentication (K1, K2), and a proof (D2).

        Returns the exchange and the JSON object of the answer, or None when it is none. Raises
        `FlowStop` when there is no answer (unless ``patient``: None then), a redirect (K6) or a
        demand to wait.
        """
        headers, identity = yield from self._identity()
        request = Request(
            self.judge.stage,
            purpose,
            "POST",
            url or self.server.token_endpoint,
            Kind.TOKEN,
            (
                Field("Accept", "application/json", "the answer is JSON", "RFC 6749 §5.1"),
                Field(
                    "Content-Type", "application/x-www-form-urlencoded", "a form", "RFC 6749 §4.1.3"
                ),
                *headers,
            ),
            form=(*form, *identity),
        )
        exchange = yield from send_with_proof(self.judge, self.dpop, request)
        if patient and exchange.failure is not None:
            return exchange, None
        answer = self._object(exchange)
        if seen := token.no_error_member(exchange, answer):
            yield from self.judge.note(
                "token-error-form", seen=seen, next=_IN_JSON, exchange=exchange
            )
        return exchange, answer

    def answer(
        self, form: tuple[Field, ...], purpose: str, *, sent: str = ""
    ) -> Protocol[tuple[Exchange, Mapping[str, Any]]]:
        """Ask and insist on a successful JSON answer; ``sent`` is added to what an error tells."""
        exchange, answer = yield from self.ask(form, purpose)
        if answer is None and exchange.status < 300:
            answer = yield from self.other_form(exchange)
        elif answer is None:
            self.refused(exchange, {}, sent)
        if answer.get("error") is not None or exchange.status >= 400:
            yield from self.judge.tell(token.refusal(exchange, answer), exchange)
            self.refused(exchange, answer, sent)
        yield from self.judge.tell(token.form(exchange), exchange)
        return exchange, answer

    def _object(self, exchange: Exchange) -> Mapping[str, Any] | None:
        if (failure := exchange.failure) is not None:
            self.judge.lost(exchange, failure)
        response = exchange.response
        if 300 <= exchange.status < 400:
            place = (response.header("location") if response else "") or "nowhere"
            seen = f"HTTP {exchange.status} to {place}"
            self.judge.stop("token-redirect", seen=seen, exchange=exchange)
        self.judge.busy(exchange)
        try:
            value = loads(response.text if response else "", duplicates=True)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def refused(
        self, exchange: Exchange, answer: Mapping[str, Any], sent: str = "", id: str = "token-error"
    ) -> NoReturn:
        """End the run with what the server said (RFC 6749 §5.2) and what was sent (SPEC 3).

        Words in another form than the standard's are read too; whoever stands before the server
        and answered in its place is named.
        """
        answer = answer or form_encoded(exchange)
        error, words = answer.get("error"), error_answer.read(exchange)
        members = [answer.get(name) for name in ("error", "error_description", "error_uri")]
        texts = [text for text in members if isinstance(text, str) and text]
        seen = f"HTTP {exchange.status}: {': '.join(texts)}"
        if not isinstance(error, str):
            seen = error_answer.seen(f"HTTP {exchange.status}", exchange)
        detail = [f"authentication: {self.client.auth_method}", sent, clock_off(exchange)]
        message, next, meanwhile = "", "", ""
        if words.blocked:
            message, next = in_the_way(words, exchange)
        elif exchange.status >= 500 and not isinstance(error, str):
            message, next = f"The authorization server failed: HTTP {exchange.status}.", FAILED
        elif id != "token-refresh-refused":
            next, meanwhile = remedy(exchange, error, words)
        self.judge.stop(
            id,
            seen=f"{seen} ({'; '.join(part for part in detail if part)})",
            message=message,
            next=next,
            meanwhile=meanwhile,
            exchange=exchange,
            pointer="/error" if isinstance(error, str) else "",
        )

    def other_form(self, exchange: Exchange) -> Protocol[Mapping[str, Any]]:
        """Read a successful answer that is form-encoded, if that was allowed; raises `FlowStop`."""
        fields = form_encoded(exchange)
        if fields.get("error") is None:
            yield from self._no_object(exchange, fields)
        return fields

    def _no_object(self, exchange: Exchange, fields: Mapping[str, str]) -> Protocol[None]:
        """Refuse a successful answer that is no JSON object (RFC 6749 §5.1).

        One whose form holds the token is whole, and ``--allow`` lets it be read.
        """
        kind = exchange.response.media_type if exchange.response else ""
        seen = f"HTTP {exchange.status}; no JSON object ({kind or 'no content type'})"
        if fields:
            seen += f"; form fields {', '.join(sorted(fields))}"
        elif words := excerpt(exchange):
            seen += f"; {words}"
        message = f"The token answer is {'form-encoded' if fields else 'no JSON object'}."
        if "access_token" not in fields:
            self.judge.stop(
                "token-content-type",
                seen=seen,
                expected=_OBJECT,
                message=message,
                next=_AS_JSON,
                exchange=exchange,
            )
        yield from self.judge.refuse(
            "token-content-type",
            seen=seen,
            expected=_OBJECT,
            message=message,
            next=_AS_JSON,
            exchange=exchange,
            exit=1,
        )

    def _identity(self) -> Protocol[tuple[tuple[Field, ...], tuple[Field, ...]]]:
        if self.client.auth_method == "private_key_jwt":
            return (), (yield from self._asserted())
        return authenticate(self.client)

    def _asserted(self) -> Protocol[tuple[Field, ...]]:
        """Prove who we are with a key (K4): ``aud`` is the issuer alone (RFC 7523bis)."""
        client, passphrase = self.client, None
        listed = self.server.list("token_endpoint_auth_signing_alg_values_supported") or ()
        claims = {"iss": client.id, "sub": client.id, "aud": self.server.issuer}
        for _ in range(_PASSPHRASES):
            signed: SignedJwt | Failure = yield Sign(
                "client",
                {"typ": "client-authentication+jwt"},
                claims,
                listed,
                lifetime=_LIFETIME,
                passphrase=passphrase,
            )
            if isinstance(signed, SignedJwt):
                source = "RFC 7523 §3"
                return (
                    Field("client_id", client.id, "names the client", "RFC 6749 §3.2.1"),
                    Field("client_assertion_type", ASSERTION, "private_key_jwt", source),
                    Field("client_assertion", signed.jwt, f"signed with {signed.alg}", source),
                )
            if signed.kind != "passphrase":
                self.judge.stop(signed.kind, seen=signed.message)
            question = Question("passphrase", "Passphrase", signed.message, secret=True)
            typed: str | None = yield Ask(question)
            if typed is None:
                self.judge.stop("client-no-person", seen=signed.message)
            passphrase = Secret(typed)
        self.judge.stop("client-key", seen="the passphrase was wrong three times")


def authenticate(client: Client) -> tuple[tuple[Field, ...], tuple[Field, ...]]:
    """Return the headers and the form fields of exactly one authentication method (K2, K3)."""
    id = Field("client_id", client.id, "names the client", "RFC 6749 §3.2.1")
    secret = client.secret.reveal() if client.secret else ""
    if client.auth_method == "client_secret_basic" and client.secret:
        # Both parts are form-encoded before they are joined (RFC 6749 §2.3.1).
        pair = f"{quote_plus(client.id)}:{quote_plus(secret)}"
        value = Secret(f"Basic {b64encode(pair.encode('ascii')).decode('ascii')}")
        return (Field("Authorization", value, "client_secret_basic", "RFC 6749 §2.3.1"),), ()
    if client.auth_method == "client_secret_post" and client.secret:
        field = Field("client_secret", client.secret, "client_secret_post", "RFC 6749 §2.3.1")
        return (), (id, field)
    return (), ((id,) if client.id else ())


_OBJECT = "The answer is a JSON object with the content type application/json."
_AS_JSON = (
    "Send access_token and token_type as members of a JSON object, with Content-Type:"
    " application/json."
)
_IN_JSON = (
    'Answer {"error": "…", "error_description": "…"} as JSON, with status 400 (401 for a failed'
    " client login)."
)


def form_encoded(exchange: Exchange) -> dict[str, str]:
    """Return the fields of an answer that is form-encoded where JSON is due; else empty."""
    return error_answer.form_fields(exchange.response.text if exchange.response else "")


def clock_off(exchange: Exchange) -> str | None:
    """Say by how much our clock and the server's ``Date`` differ when it is over a minute."""
    response = exchange.response
    date = response.header("date") if response else None
    if not date:
        return None
    try:
        theirs = parsedate_to_datetime(date).timestamp()
    except (ValueError, OverflowError):
        return None
    off = exchange.started + exchange.seconds - theirs
    if abs(off) < _OFF:
        return None
    side = "ahead of" if off > 0 else "behind"
    return f"this machine's clock is {abs(off):,.0f} s {side} the server's"
