"""Knows the authorization server's paths, forms and cookies; must not know the rules behind."""

import asyncio
import hmac
import json
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mcp_auth_tui.demo import answers, authorization, pages
from mcp_auth_tui.demo import device as device_codes
from mcp_auth_tui.demo.authentication import authenticate
from mcp_auth_tui.demo.clients import document_url_problem, judge_document, register
from mcp_auth_tui.demo.device import DeviceAuthorization
from mcp_auth_tui.demo.fetch import fetch_document
from mcp_auth_tui.demo.management import Management
from mcp_auth_tui.demo.metadata import server_metadata
from mcp_auth_tui.demo.records import SCOPES, Entropy, OAuthError, RegisteredClient, Shelf
from mcp_auth_tui.demo.tokens import TOKEN_SECONDS, Mint, Tokens
from mcp_auth_tui.demo.weaknesses import as_form
from mcp_auth_tui.loopback.server import Incoming, Reply
from mcp_auth_tui.records import dataclass

if TYPE_CHECKING:
    from mcp_auth_tui.demo.jwt import TokenSigner

METADATA_PATH = "/.well-known/oauth-authorization-server"
_PENDING_SECONDS = 600
_SUBJECT = "Robin"
_MAX_NAME = 60


@dataclass(slots=True)
class _Pending:
    """An authorization request on its way through the pages, tied to one browser by a cookie."""

    request: authorization.AuthorizationRequest
    browser: str
    token: str
    expires: float
    subject: str | None = None


class AuthorizationFront:
    """The authorization server; `resources` are what it issues tokens for, the default first."""

    def __init__(
        self,
        issuer: str,
        resources: tuple[str, ...],
        *,
        faults: frozenset[str],
        auto_approve: bool,
        cimd_ca: str | None,
        clock: Callable[[], float],
        entropy: Entropy,
        signer: "TokenSigner | None" = None,
        mint: Mint | None = None,
        device: bool = False,
        token_life: float = TOKEN_SECONDS,
    ) -> None:
        self.issuer = issuer
        self._signer = signer
        mint = mint or (signer.mint if signer else None)
        self.tokens = Tokens(clock, entropy, faults, token_life, mint)
        self._resources = resources
        self._faults = faults
        self._auto_approve = auto_approve
        self._cimd_ca = cimd_ca
        self._clock = clock
        self._entropy = entropy
        self._cookie = f"practice_{urlsplit(issuer).port}"
        self._clients: Shelf[RegisteredClient] = Shelf()
        self._management = Management(self._clients, self.tokens)
        self._devices: DeviceAuthorization | None = None
        if device:
            self._devices = DeviceAuthorization(
                issuer,
                resources,
                self._clients,
                self.tokens,
                _SUBJECT,
                auto_approve=auto_approve,
                denies="denied" in faults,
            )
        self._pending: Shelf[_Pending] = Shelf(64)
        self._browsers: Shelf[bool] = Shelf(64)
        self._signed_in: Shelf[bool] = Shelf(64)
        """The browsers in which somebody has allowed something."""

    def admit(self, client: RegisteredClient) -> None:
        """Know a client that registered nowhere."""
        self._clients.put(client.id, client)

    def knows(self, client_id: str) -> bool:
        """Return whether a client is registered."""
        return self._clients.get(client_id) is not None

    async def handle(self, incoming: Incoming) -> Reply:
        """Answer one request to this origin."""
        match incoming.method, incoming.path:
            case "GET", path if path == METADATA_PATH:
                return self._metadata()
            case "GET", "/authorize":
                return await self._authorize(incoming)
            case "GET", "/consent":
                return self._consent_page(incoming)
            case "POST", "/sign-in" | "/consent":
                return self._step(incoming)
            case "POST", "/token":
                return self._token(incoming)
            case "GET", "/token" if "token-by-get" in self._faults:
                return self._token(as_form(incoming))
            case "POST", "/register" if "no-registration" not in self._faults:
                return self._register(incoming)
            case _, "/revoke" | "/introspect":
                return self._management.handle(incoming)
            case _, path if path.startswith("/register/"):
                return self._management.handle(incoming)
            case _, device_codes.AUTHORIZATION | device_codes.PAGE if self._devices is not None:
                return self._devices.handle(incoming)
            case "GET", "/jwks" if self._signer is not None:
                return answers.as_json(self._signer.jwks)
            case _, "/authorize" | "/consent" | "/sign-in" | "/token" | "/register":
                return answers.only("GET" if incoming.path == "/authorize" else "POST")
        return pages.ordinary() if "html-metadata" in self._faults else answers.not_found()

    def _metadata(self) -> Reply:
        if "html-metadata" in self._faults:
            return pages.ordinary()
        if {"no-metadata", "legacy-paths"} & self._faults:
            return answers.not_found()
        return answers.as_json(
            server_metadata(
                self.issuer,
                self._resources,
                self._faults,
                jwt=self._signer is not None,
                device=self._devices is not None,
            )
        )

    def _register(self, incoming: Incoming) -> Reply:
        if "dcr-refused" in self._faults:
            refusal = OAuthError("invalid_redirect_uri", "loopback redirects are not allowed here")
            return answers.as_error(refusal)
        try:
            metadata = json.loads(incoming.body)
        except (ValueError, RecursionError):
            return answers.as_error(OAuthError("invalid_client_metadata", "the body is not JSON"))
        try:
            offered = self._devices is not None
            client, answer = register(
                metadata,
                self._entropy,
                self._clock(),
                self.issuer,
                device=offered,
                any_redirect="any-registration" in self._faults,
            )
        except OAuthError as error:
            return answers.as_error(error)
        self._clients.put(client.id, client)
        return answers.as_json(answer, 201, (("Pragma", "no-cache"),))

    # -- the authorization endpoint and its pages

    async def _authorize(self, incoming: Incoming) -> Reply:
        try:
            parameters = answers.pairs_of(incoming.query)
            client = await self._client(authorization.client_id_of(parameters), parameters)
            request = authorization.judge_request(parameters, client, self._resources, self._faults)
        except ValueError:
            return pages.problem(400, "The request has too many parameters.", "Send fewer.")
        except authorization.Unredirectable as error:
            return pages.problem(400, error.reason, error.hint)
        except authorization.Redirected as error:
            answer = {"error": error.error, "error_description": error.description}
            return answers.redirect(
                authorization.location(error, answer, self.issuer, self._faults)
            )
        if self._auto_approve or self._remembered(incoming):
            return self._finish(request, _SUBJECT)
        browser = self._browser_of(incoming) or self._entropy.opaque("browser")
        self._browsers.put(browser, True)
        transaction, token = self._entropy.opaque("transaction"), self._entropy.opaque("csrf")
        expires = self._clock() + _PENDING_SECONDS
        self._pending.put(transaction, _Pending(request, browser, token, expires))
        page = pages.sign_in(transaction, token, client.name)
        cookie = f"{self._cookie}={browser}; Path=/; HttpOnly; SameSite=Lax"
        headers = page.headers
        if "framed" in self._faults:
            open_to_all = ("Access-Control-Allow-Origin", "*")
            kept = (item for item in headers if item[0] not in pages.GUARDS)
            headers = (*kept, open_to_all)
        return Reply(page.status, page.body, (*headers, ("Set-Cookie", cookie)))

    def _remembered(self, incoming: Incoming) -> bool:
        """Whether a browser is sent on without a page, whatever client it comes for."""
        known = self._browser_of(incoming)
        return "silent-consent" in self._faults and bool(known and self._signed_in.get(known))

    async def _client(
        self, client_id: str, parameters: authorization.Parameters
    ) -> RegisteredClient:
        if not client_id.startswith("https://"):
            client = self._clients.get(client_id)
            if client is None and "any-client" in self._faults:
                return RegisteredClient(client_id, client_id, (dict(parameters)["redirect_uri"],))
            if client is None:
                raise authorization.Unredirectable(
                    "This server does not know the client_id.",
                    "Register the client here first; registrations end with the practice server.",
                )
            return client
        problem = document_url_problem(client_id)
        if problem is not None:
            raise authorization.Unredirectable(
                f"The client_id cannot be a metadata document's URL: {problem}.",
                "Use an https URL with a path.",
            )
        try:
            data = await asyncio.to_thread(fetch_document, client_id, self._cimd_ca)
            client = judge_document(client_id, data)
        except OAuthError as error:
            raise authorization.Unredirectable(
                error.description, "Serve the document over https as plain JSON of at most 5 KB."
            ) from None
        self._clients.put(client.id, client)
        return client

    def _consent_page(self, incoming: Incoming) -> Reply:
        # The page's own redirect writes the query, so anything but one plain value is not ours.
        transaction = incoming.query.removeprefix("transaction=")
        pending = self._pending_of(incoming, transaction)
        if pending is None or pending.subject is None:
            return _stale()
        request = pending.request
        return pages.consent(
            [(name, SCOPES[name]) for name in sorted(request.scopes)],
            request.redirect_uri,
            transaction=transaction,
            token=pending.token,
            subject=pending.subject,
            client_name=request.client.name,
            client_id=request.client.id,
            resource=request.resource,
        )

    def _step(self, incoming: Incoming) -> Reply:
        origin = "/".join(self.issuer.split("/")[:3])
        if (incoming.header("origin") or origin) != origin:
            return pages.problem(403, "This form came from another site.", "Start over.")
        try:
            form = answers.form_of(incoming)
        except OAuthError as error:
            return pages.problem(400, error.description, "Start over.")
        transaction = form.get("transaction", "")
        pending = self._pending_of(incoming, transaction)
        if pending is None or not hmac.compare_digest(
            form.get("token", "").encode(), pending.token.encode()
        ):
            return _stale()
        if incoming.path == "/sign-in":
            pending.subject = form.get("name", "").strip()[:_MAX_NAME] or _SUBJECT
            return answers.redirect(f"/consent?transaction={transaction}")
        if pending.subject is None:
            return _stale()
        self._pending.pop(transaction)
        allowed = form.get("decision") == "allow"
        if allowed:
            self._signed_in.put(pending.browser, True)
        return self._finish(pending.request, pending.subject if allowed else None)

    def _pending_of(self, incoming: Incoming, transaction: str) -> _Pending | None:
        pending = self._pending.get(transaction)
        if pending is None or pending.expires <= self._clock():
            return None
        return pending if self._browser_of(incoming) == pending.browser else None

    def _browser_of(self, incoming: Incoming) -> str | None:
        try:
            jar = SimpleCookie(incoming.header("cookie") or "")
        except CookieError:
            return None
        morsel = jar.get(self._cookie)
        known = morsel is not None and self._browsers.get(morsel.value)
        return morsel.value if morsel is not None and known else None

    def _finish(self, request: authorization.AuthorizationRequest, subject: str | None) -> Reply:
        """Send the browser back with a code, or with a denial when `subject` is None."""
        if subject is None or "denied" in self._faults:
            answer = {"error": "access_denied", "error_description": "the person said no"}
        else:
            answer = {"code": self.tokens.issue_code(request, subject)}
        return answers.redirect(authorization.location(request, answer, self.issuer, self._faults))

    # -- the token endpoint

    def _token(self, incoming: Incoming) -> Reply:
        try:
            form = answers.form_of(incoming)
            client = authenticate(incoming, form, self._clients)
            return answers.as_json(self.tokens.answer(client, form), 200, (("Pragma", "no-cache"),))
        except OAuthError as error:
            if "soft-refusal" in self._faults:
                error.status = 400
            return answers.as_error(error)


def _stale() -> Reply:
    return pages.problem(
        400,
        "This page is out of date, or belongs to another browser.",
        "Go back to the program and start the sign-in again.",
    )
