"""Knows how the token endpoint is asked: authentication, proof, and errors (K1-K7, D2).

What a successful answer is worth is judged in `token`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from typing import Any, NoReturn

from mcp_auth_tui.model import (
    Exchange,
    Failure,
    Field,
    Kind,
    Level,
    Question,
    Request,
    Secret,
)
from mcp_auth_tui.model.oauth import AuthorizationServer, Client
from mcp_auth_tui.protocol import error_answer
from mcp_auth_tui.protocol.actions import Ask, Protocol, Sign, SignedJwt
from mcp_auth_tui.protocol.checks import token
from mcp_auth_tui.protocol.discovery.guesses import guessed_wrong
from mcp_auth_tui.protocol.excerpt import excerpt
from mcp_auth_tui.protocol.judge import Judge
from mcp_auth_tui.protocol.strict_json import loads
from mcp_auth_tui.protocol.tokens.authentication import (
    alternatives,
    authenticate,
    refuses_client,
    refuses_other,
    way_of,
)
from mcp_auth_tui.protocol.tokens.dpop import Dpop, send_with_proof
from mcp_auth_tui.protocol.tokens.ends import Others, TokenRequest, stop
from mcp_auth_tui.protocol.tokens.remedies import not_there
from mcp_auth_tui.records import dataclass

ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_OBJECT = "The answer is a JSON object with the content type application/json."
_AS_JSON = (
    "Send access_token and token_type as members of a JSON object, with Content-Type:"
    " application/json."
)
_IN_JSON = (
    'Answer {"error": "…", "error_description": "…"} as JSON, with status 400 (401 for a failed'
    " client login)."
)
_READ = {
    "client_secret_basic": "Read the Authorization header (Basic), or take client_secret_basic out"
    " of the metadata and of the registration.",
    "client_secret_post": "Read client_id and client_secret in the body, or take client_secret_post"
    " out of the metadata and of the registration.",
    "none": "Name in the registration's answer the token_endpoint_auth_method that is wanted.",
}
_LIFETIME = 60.0
_PASSPHRASES = 3


@dataclass(slots=True)
class Endpoint:
    """One authorization server's endpoints as one client speaks to them."""

    judge: Judge
    server: AuthorizationServer
    client: Client
    """Who asks; in the way of authentication that worked, once one was refused."""
    dpop: Dpop | None = None
    refused_ways: list[str] = field(default_factory=list)
    """What became of the other ways of authentication that were tried."""
    known_by: str = ""
    """The other method in which the code was refused, and not the client."""

    def ask(
        self, form: tuple[Field, ...], purpose: str, url: str = "", *, patient: bool = False
    ) -> Protocol[tuple[Exchange, Mapping[str, Any] | None]]:
        """Post a form with exactly one way of authentication (K1, K2), and a proof (D2).

        Returns the exchange and the JSON object of the answer, or None when it is none. Raises
        `FlowStop` when there is no answer (unless ``patient``: None then), a redirect (K6) or a
        demand to wait. Where the client is refused, the ways that are left are tried once each.
        """

        def post() -> Protocol[tuple[Exchange, Mapping[str, Any] | None]]:
            return (yield from self._post(form, purpose, url, patient))

        exchange, answer = yield from post()
        if self.judge.config.auth_method is None and refuses_client(exchange, answer):
            exchange, answer = yield from self._otherwise(exchange, answer, post)
        missing = not_there(self.judge.config, exchange, "token_endpoint")
        if missing is None and (seen := token.no_error_member(exchange, answer)):
            yield from self.judge.note(
                "token-error-form", seen=seen, next=_IN_JSON, exchange=exchange
            )
        return exchange, answer

    def _post(
        self, form: tuple[Field, ...], purpose: str, url: str, patient: bool
    ) -> Protocol[tuple[Exchange, Mapping[str, Any] | None]]:
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
        return exchange, self._object(exchange)

    def _otherwise(
        self,
        refusal: Exchange,
        answer: Mapping[str, Any] | None,
        post: Callable[[], Protocol[tuple[Exchange, Mapping[str, Any] | None]]],
    ) -> Protocol[tuple[Exchange, Mapping[str, Any] | None]]:
        """Ask again in the other ways of authentication; where none works, the refusal stands."""
        first = self.client
        for client in alternatives(first, self.server, error_answer.read(refusal).words):
            self.client = client
            exchange, found = yield from post()
            error = (found or {}).get("error")
            # A code may be spent by the attempt before: its refusal proves nothing.
            refused = refuses_client(exchange, found) or error == "invalid_grant"
            if not refused and (0 < exchange.status < 500 or refuses_other(found)):
                yield from self._switched(first, refusal)
                return exchange, found
            if error == "invalid_grant" and client.auth_method != first.auth_method:
                self.known_by = client.auth_method
            self.refused_ways.append(f"{way_of(client)}: {error or f'HTTP {exchange.status}'}")
        self.client = first
        return refusal, answer

    def _switched(self, first: Client, refusal: Exchange) -> Protocol[None]:
        """Tell which way was refused and which was taken."""
        raw = first.auth_method == self.client.auth_method
        silent = first.how == "dynamic" and first.auth_method == "none"
        option = f"--auth-method {self.client.auth_method}"
        yield from self.judge.note(
            "token-basic-encoding" if raw else "token-auth-method",
            seen=error_answer.seen(
                f"{way_of(first)}: HTTP {refusal.status}; {way_of(self.client)}: accepted", refusal
            ),
            next="" if raw else f"{_READ[first.auth_method]} Until then: {option}.",
            exchange=refusal,
            level=Level.WARNING if silent else None,
        )

    def answer(
        self, form: tuple[Field, ...], purpose: str, url: str = "", *, sent: str = ""
    ) -> Protocol[tuple[Exchange, Mapping[str, Any]]]:
        """Ask and insist on a successful JSON answer; ``sent`` is added to what an error tells."""
        exchange, found = yield from self.ask(form, purpose, url)
        if found is None and exchange.status < 300:
            found = yield from self.other_form(exchange)
        elif found is None:
            self.refused(exchange, {}, sent)
        if found.get("error") is not None or exchange.status >= 400:
            yield from self.judge.tell(token.refusal(exchange, found), exchange)
            self.refused(exchange, found, sent)
        yield from self.judge.tell(token.form(exchange), exchange)
        return exchange, found

    def _object(self, exchange: Exchange) -> Mapping[str, Any] | None:
        if (failure := exchange.failure) is not None:
            self.judge.lost(exchange, failure)
        guessed_wrong(self.judge, self.server, exchange)
        response = exchange.response
        if 300 <= exchange.status < 400:
            place = (response.header("location") if response else "") or "nowhere"
            seen = f"HTTP {exchange.status} to {place}"
            missing = not_there(self.judge.config, exchange, "token_endpoint")
            self.judge.stop(
                "token-redirect",
                seen=seen,
                meanwhile=missing.meanwhile if missing else "",
                exchange=exchange,
                whose=missing.whose if missing else None,
            )
        self.judge.busy(exchange)
        try:
            value = loads(response.text if response else "", duplicates=True)
        except ValueError:
            return None
        return value if isinstance(value, dict) else None

    def refused(
        self, exchange: Exchange, answer: Mapping[str, Any], sent: str = "", id: str = "token-error"
    ) -> NoReturn:
        """End the run with what the server said (RFC 6749 §5.2) and what was sent (SPEC 3)."""
        asked = TokenRequest(exchange, answer or form_encoded(exchange), sent)
        stop(self.judge, self.client, asked, Others(tuple(self.refused_ways), self.known_by), id)

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
        elif said := excerpt(exchange):
            seen += f"; {said}"
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


def form_encoded(exchange: Exchange) -> dict[str, str]:
    """Return the fields of an answer that is form-encoded where JSON is due; else empty."""
    return error_answer.form_fields(exchange.response.text if exchange.response else "")
