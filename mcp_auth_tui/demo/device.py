"""Knows how a device and its person are answered (RFC 8628); must not issue a token."""

from mcp_auth_tui.demo import pages, records
from mcp_auth_tui.demo.answers import as_error, as_json, form_of, only
from mcp_auth_tui.demo.authentication import authenticate
from mcp_auth_tui.demo.tokens import DEVICE_INTERVAL, DEVICE_SECONDS, Tokens
from mcp_auth_tui.loopback.server import Incoming, Reply
from mcp_auth_tui.records import dataclass

AUTHORIZATION, PAGE = "/device_authorization", "/device"


@dataclass(frozen=True, slots=True)
class DeviceAuthorization:
    """The endpoint that a device asks, and the page where a person types its code."""

    issuer: str
    resources: tuple[str, ...]
    clients: records.Shelf[records.RegisteredClient]
    tokens: Tokens
    subject: str
    """Who signs in where nobody types a name."""
    auto_approve: bool
    denies: bool

    def handle(self, incoming: Incoming) -> Reply:
        """Answer one request to `AUTHORIZATION` or `PAGE`."""
        if incoming.path == AUTHORIZATION:
            return self._start(incoming) if incoming.method == "POST" else only("POST")
        if incoming.method == "GET":
            return pages.user_code(incoming.query.removeprefix("user_code="))
        return self._answer(incoming) if incoming.method == "POST" else only("GET", "POST")

    def _start(self, incoming: Incoming) -> Reply:
        try:
            form = form_of(incoming)
            client = authenticate(incoming, form, self.clients)
            code = self._code(client, form)
        except records.OAuthError as error:
            return as_error(error)
        device = self.tokens.device(code)
        if self.auto_approve:
            self._decide(device, self.subject)
        page = f"{self.issuer}{PAGE}"
        return as_json(
            {
                "device_code": code,
                "user_code": device.user_code,
                "verification_uri": page,
                "verification_uri_complete": f"{page}?user_code={device.user_code}",
                "expires_in": DEVICE_SECONDS,
                "interval": DEVICE_INTERVAL,
            }
        )

    def _code(self, client: records.RegisteredClient, form: dict[str, str]) -> str:
        if records.DEVICE_GRANT not in client.grant_types:
            raise records.OAuthError(
                "unauthorized_client", "this client did not register that grant"
            )
        scopes = frozenset(form.get("scope", records.DEFAULT_SCOPE).split())
        if not scopes <= records.SCOPES.keys():
            raise records.OAuthError("invalid_scope", f"only {' and '.join(records.SCOPES)} exist")
        resource = form.get("resource", self.resources[0])
        if resource not in self.resources:
            raise records.OAuthError("invalid_target", "the resource is not one this server serves")
        return self.tokens.start_device(client, resource, scopes)

    def _answer(self, incoming: Incoming) -> Reply:
        if (incoming.header("origin") or self.issuer) != self.issuer:
            return pages.problem(403, "This form came from another site.", "Start over.")
        try:
            form = form_of(incoming)
        except records.OAuthError as error:
            return pages.problem(400, error.description, "Start over.")
        device = self.tokens.device_of(form.get("user_code", ""))
        if device is None:
            return pages.user_code(form.get("user_code", ""), wrong=True)
        if "decision" not in form:
            return pages.device_consent(
                device.user_code,
                [(name, records.SCOPES[name]) for name in sorted(device.scopes)],
                client_name=device.client.name,
                client_id=device.client.id,
                resource=device.resource,
            )
        allowed = form["decision"] == "allow"
        self._decide(device, form.get("name", "").strip() or self.subject if allowed else None)
        return pages.device_end(allowed=allowed)

    def _decide(self, device: records.DeviceGrant, subject: str | None) -> None:
        device.subject = subject
        device.denied = subject is None or self.denies
