"""Knows codes, access and refresh tokens and their lives (RFC 6749, 7636, 8707; OAuth 2.1).

Must not know HTTP; client authentication is done before a request comes here.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping

from mcp_auth_tui.demo.authorization import AuthorizationRequest
from mcp_auth_tui.demo.records import (
    Access,
    Client,
    Code,
    Entropy,
    Grant,
    OAuthError,
    Refresh,
    Shelf,
    covered,
)

CODE_SECONDS = 60
TOKEN_SECONDS = 3600


class Tokens:
    """The token endpoint's memory; times come from `clock` (seconds since the epoch)."""

    def __init__(
        self, clock: Callable[[], float], entropy: Entropy, faults: frozenset[str]
    ) -> None:
        self._clock = clock
        self._entropy = entropy
        self._faults = faults
        self._codes: Shelf[Code] = Shelf()
        self._access: Shelf[Access] = Shelf()
        self._refresh: Shelf[Refresh] = Shelf()

    def issue_code(self, request: AuthorizationRequest, subject: str) -> str:
        """Return a code for what `subject` has just allowed, good for 60 seconds."""
        grant = Grant(subject, request.client.id, request.resource, request.scopes)
        code = self._entropy.opaque("code")
        expires = self._clock() + CODE_SECONDS
        self._codes.put(code, Code(grant, request.redirect_uri, request.challenge, expires))
        return code

    def answer(self, client: Client, form: Mapping[str, str]) -> dict[str, object]:
        """Return the token response (RFC 6749 section 5.1); raises OAuthError (section 5.2)."""
        grant_type = form.get("grant_type", "")
        if grant_type == "authorization_code":
            return self._from_code(client, form)
        if grant_type == "refresh_token":
            return self._from_refresh(client, form)
        if not grant_type:
            raise OAuthError("invalid_request", "grant_type is missing")
        raise OAuthError("unsupported_grant_type", "authorization_code and refresh_token exist")

    def judge(self, token: str, resource: str) -> Access | None:
        """Return what a token allows at `resource`, or None when it allows nothing there."""
        access = self._access.get(token)
        if access is None or access.grant.revoked or access.expires <= self._clock():
            return None
        return access if access.grant.resource == resource else None

    def _from_code(self, client: Client, form: Mapping[str, str]) -> dict[str, object]:
        code = self._codes.get(form.get("code"))
        if code is None or code.grant.client_id != client.id or "token-error" in self._faults:
            raise OAuthError("invalid_grant", "this code is unknown here")
        if code.used:
            # Whoever comes second may be the thief, or the first was: RFC 6749 section 4.1.2.
            code.grant.revoked = True
            raise OAuthError("invalid_grant", "this code was used before; its tokens are revoked")
        code.used = True
        if code.expires <= self._clock():
            raise OAuthError("invalid_grant", f"this code is older than {CODE_SECONDS} seconds")
        if form.get("redirect_uri", code.redirect_uri) != code.redirect_uri:
            raise OAuthError("invalid_grant", "redirect_uri differs from the authorization request")
        if not _verifies(form.get("code_verifier", ""), code.challenge):
            raise OAuthError("invalid_grant", "code_verifier does not match the code_challenge")
        _check_resource(form, code.grant)
        return self._issue(client, code.grant, code.grant.scopes)

    def _from_refresh(self, client: Client, form: Mapping[str, str]) -> dict[str, object]:
        refresh = self._refresh.get(form.get("refresh_token"))
        if refresh is None or refresh.grant.client_id != client.id or refresh.grant.revoked:
            raise OAuthError("invalid_grant", "this refresh token is unknown, or was revoked")
        if refresh.used:
            # Rotation with reuse detection: RFC 9700 section 4.14.2.
            refresh.grant.revoked = True
            raise OAuthError(
                "invalid_grant", "this refresh token was used before; its grant is revoked"
            )
        _check_resource(form, refresh.grant)
        scopes = frozenset(form.get("scope", "").split()) or refresh.grant.scopes
        if not scopes <= covered(refresh.grant.scopes):
            raise OAuthError("invalid_scope", "a refresh cannot widen what was granted")
        refresh.used = True
        return self._issue(client, refresh.grant, scopes)

    def _issue(self, client: Client, grant: Grant, scopes: frozenset[str]) -> dict[str, object]:
        token = self._entropy.opaque("access")
        self._access.put(token, Access(grant, scopes, self._clock() + TOKEN_SECONDS))
        answer: dict[str, object] = {
            "access_token": token,
            "token_type": "mac" if "token-type" in self._faults else "Bearer",
            "expires_in": TOKEN_SECONDS,
            "scope": " ".join(sorted(scopes)),
        }
        if "refresh_token" in client.grant_types:
            answer["refresh_token"] = self._entropy.opaque("refresh")
            self._refresh.put(str(answer["refresh_token"]), Refresh(grant))
        return answer


def _check_resource(form: Mapping[str, str], grant: Grant) -> None:
    if form.get("resource", grant.resource) != grant.resource:
        raise OAuthError("invalid_target", "the grant is for another resource")


def _verifies(verifier: str, challenge: str) -> bool:
    digest = hashlib.sha256(verifier.encode("utf-8", "replace")).digest()
    own = base64.urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")
    return hmac.compare_digest(own, challenge)
