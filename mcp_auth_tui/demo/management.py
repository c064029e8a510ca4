"""Knows how what was issued is ended or looked at (RFC 7009, 7592, 7662); issues nothing."""

import hmac

from mcp_auth_tui.demo.answers import as_error, as_json, form_of, not_found, only
from mcp_auth_tui.demo.authentication import authenticate
from mcp_auth_tui.demo.records import OAuthError, RegisteredClient, Shelf
from mcp_auth_tui.demo.tokens import Tokens
from mcp_auth_tui.loopback.server import Incoming, Reply


class Management:
    """The endpoints for tokens and registrations that exist already."""

    def __init__(self, clients: Shelf[RegisteredClient], tokens: Tokens) -> None:
        self._clients = clients
        self._tokens = tokens

    def handle(self, incoming: Incoming) -> Reply:
        """Answer ``/revoke``, ``/introspect`` or ``/register/ID``; 404 for any other path."""
        if incoming.path in ("/revoke", "/introspect"):
            return self._token(incoming) if incoming.method == "POST" else only("POST")
        client = self._clients.get(incoming.path.removeprefix("/register/"))
        if client is None or not client.registration_token:
            return not_found()
        return self._registration(incoming, client)

    def _token(self, incoming: Incoming) -> Reply:
        try:
            form = form_of(incoming)
            client = authenticate(incoming, form, self._clients)
            if "token" not in form:
                raise OAuthError("invalid_request", "token is missing")
        except OAuthError as error:
            if error.error == "invalid_client":
                # RFC 7662 section 2.1: nobody else learns what a token is worth.
                error.status = 401
            return as_error(error)
        if incoming.path == "/introspect":
            return as_json(self._tokens.introspect(client, form["token"]))
        self._tokens.revoke(client, form["token"])
        return as_json({})

    def _registration(self, incoming: Incoming, client: RegisteredClient) -> Reply:
        scheme, _, token = (incoming.header("authorization") or "").partition(" ")
        given = token.strip() if scheme.lower() == "bearer" else ""
        if not hmac.compare_digest(given.encode(), client.registration_token.encode()):
            challenge = (("WWW-Authenticate", 'Bearer error="invalid_token"'),)
            return as_json({"error": "invalid_token"}, 401, challenge)
        if incoming.method == "DELETE":
            self._clients.pop(client.id)
            self._tokens.forget(client)
            return Reply(204, headers=(("Cache-Control", "no-store"),))
        if incoming.method != "GET":
            return only("GET", "DELETE")
        return as_json(
            {
                "client_id": client.id,
                "client_name": client.name,
                "redirect_uris": list(client.redirect_uris),
                "grant_types": list(client.grant_types),
                "token_endpoint_auth_method": client.auth_method,
                "registration_access_token": client.registration_token,
                "registration_client_uri": self._place(incoming),
            }
        )

    def _place(self, incoming: Incoming) -> str:
        return f"http://{incoming.header('host')}{incoming.path}"
