"""Knows codes and tokens and their lives (RFC 6749, 7009, 7636, 7662, 8628, 8707; OAuth 2.1).

Must not know HTTP; client authentication is done before a request comes here.
"""

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping

from mcp_auth_tui.demo.authorization import AuthorizationRequest
from mcp_auth_tui.demo.records import (
    DEVICE_GRANT,
    Access,
    Code,
    DeviceGrant,
    Entropy,
    Grant,
    OAuthError,
    Refresh,
    RegisteredClient,
    Shelf,
    covered,
)

CODE_SECONDS = 60
TOKEN_SECONDS = 3600.0
DEVICE_SECONDS = 600
DEVICE_INTERVAL = 2
# Letters that are not mistaken for one another, and make no word (RFC 8628 section 6.1).
_USER_CODE = "BCDFGHJKLMNPQRSTVWXZ"

ID_TOKEN = "practice-id-token-"

Mint = Callable[[Access], str]
"""Makes the access token for what it stands for."""


class Tokens:
    """The token endpoint's memory; times come from `clock` (seconds since the epoch).

    `life` is that of an access token in seconds; `mint` makes one, opaque when it is None.
    """

    def __init__(
        self,
        clock: Callable[[], float],
        entropy: Entropy,
        faults: frozenset[str],
        life: float = TOKEN_SECONDS,
        mint: Mint | None = None,
    ) -> None:
        self._clock = clock
        self._entropy = entropy
        self._faults = faults
        self._life = life
        self._mint = mint or (lambda access: entropy.opaque("access"))
        self._codes: Shelf[Code] = Shelf()
        self._devices: Shelf[DeviceGrant] = Shelf(64)
        self._access: Shelf[Access] = Shelf()
        self._refresh: Shelf[Refresh] = Shelf()

    def issue_code(self, request: AuthorizationRequest, subject: str) -> str:
        """Return a code for what `subject` has just allowed, good for 60 seconds."""
        grant = Grant(subject, request.client.id, request.resource, request.scopes)
        code = self._entropy.opaque("code")
        expires = self._clock() + CODE_SECONDS
        self._codes.put(code, Code(grant, request.redirect_uri, request.challenge, expires))
        return code

    def answer(self, client: RegisteredClient, form: Mapping[str, str]) -> dict[str, object]:
        """Return the token response (RFC 6749 section 5.1); raises OAuthError (section 5.2)."""
        grant_type = form.get("grant_type", "")
        if grant_type == "authorization_code":
            return self._from_code(client, form)
        if grant_type == "refresh_token":
            return self._from_refresh(client, form)
        if grant_type == DEVICE_GRANT and DEVICE_GRANT in client.grant_types:
            return self._from_device(client, form)
        if not grant_type:
            raise OAuthError("invalid_request", "grant_type is missing")
        raise OAuthError("unsupported_grant_type", "authorization_code and refresh_token exist")

    def judge(self, token: str, resource: str) -> Access | None:
        """Return what a token allows at `resource`, or None when it allows nothing there."""
        access = self._access.get(token)
        if access is None or access.grant.revoked or access.expires <= self._clock():
            return None
        return access if access.grant.resource == resource else None

    def is_refresh(self, token: str) -> bool:
        """Return whether a token is a refresh token that was issued here."""
        return self._refresh.get(token) is not None

    def revoke(self, client: RegisteredClient, token: str) -> None:
        """End a token of this client, and with a refresh token its whole grant (RFC 7009 §2.1).

        A token that is unknown, or another client's, is none of its business: nothing happens.
        """
        if "no-revocation" in self._faults:
            return
        access = self._access.get(token)
        if access is not None and access.grant.client_id == client.id:
            self._access.pop(token)
        refresh = self._refresh.get(token)
        if refresh is not None and refresh.grant.client_id == client.id:
            refresh.grant.revoked = True

    def forget(self, client: RegisteredClient) -> None:
        """End every grant of a client whose registration is deleted (RFC 7592 section 2.3)."""
        grants = [
            *(code.grant for code in self._codes.values()),
            *(access.grant for access in self._access.values()),
            *(refresh.grant for refresh in self._refresh.values()),
        ]
        for grant in grants:
            if grant.client_id == client.id:
                grant.revoked = True

    def introspect(self, client: RegisteredClient, token: str) -> dict[str, object]:
        """Say what a token of this client is worth (RFC 7662 section 2.2)."""
        access, refresh = self._access.get(token), self._refresh.get(token)
        grant = access.grant if access else refresh.grant if refresh else None
        if grant is None or grant.client_id != client.id or grant.revoked:
            return {"active": False}
        if access is None:
            return {"active": not (refresh and refresh.used), "client_id": client.id}
        if access.expires <= self._clock():
            return {"active": False}
        return {
            "active": True,
            "scope": " ".join(sorted(access.scopes)),
            "client_id": client.id,
            "username": grant.subject,
            "token_type": "Bearer",
            "exp": int(access.expires),
            "iat": int(access.issued),
            "sub": grant.subject,
            "aud": grant.resource,
        }

    # -- device authorization

    def start_device(self, client: RegisteredClient, resource: str, scopes: frozenset[str]) -> str:
        """Return a device code for a user code of its own, good for ten minutes."""
        code = self._entropy.opaque("device")
        seed = self._entropy.opaque("user code").encode()
        letters = "".join(_USER_CODE[octet % len(_USER_CODE)] for octet in seed[:8])
        user_code = f"{letters[:4]}-{letters[4:]}"
        expires = self._clock() + DEVICE_SECONDS
        self._devices.put(code, DeviceGrant(user_code, client, resource, scopes, expires))
        return code

    def device(self, code: str) -> DeviceGrant:
        """Return what a device code of `start_device` stands for."""
        found = self._devices.get(code)
        assert found is not None, "it was put there a moment ago"
        return found

    def device_of(self, user_code: str) -> DeviceGrant | None:
        """Find what a person types, however it is spelled, while it still waits."""
        letters = "".join(char for char in user_code.upper() if char.isalpha())
        for device in self._devices.values():
            waits = device.subject is None and not device.denied
            if device.user_code.replace("-", "") == letters and waits:
                return device if device.expires > self._clock() else None
        return None

    def _from_device(self, client: RegisteredClient, form: Mapping[str, str]) -> dict[str, object]:
        code = form.get("device_code", "")
        device = self._devices.get(code)
        if device is None or device.client.id != client.id:
            raise OAuthError("invalid_grant", "this device code is unknown here")
        now = self._clock()
        if device.expires <= now:
            raise OAuthError("expired_token", "nobody typed the user code in time")
        if device.denied:
            raise OAuthError("access_denied", "the person said no")
        early, device.polled = now - device.polled < DEVICE_INTERVAL, now
        if device.subject is None:
            if early:
                raise OAuthError("slow_down", f"ask once in {DEVICE_INTERVAL} seconds")
            raise OAuthError("authorization_pending", "nobody has typed the user code yet")
        grant = Grant(device.subject, client.id, device.resource, device.scopes)
        _check_resource(form, grant)
        self._devices.pop(code)
        return self._issue(client, grant, grant.scopes)

    # -- the grants of a browser

    def _from_code(self, client: RegisteredClient, form: Mapping[str, str]) -> dict[str, object]:
        code = self._codes.get(form.get("code"))
        if code is None or "token-error" in self._faults:
            raise OAuthError("invalid_grant", "this code is unknown here")
        if code.grant.client_id != client.id and "code-of-anybody" not in self._faults:
            raise OAuthError("invalid_grant", "this code is unknown here")
        if code.used and "code-reuse" not in self._faults:
            # Whoever comes second may be the thief, or the first was: RFC 6749 section 4.1.2.
            code.grant.revoked = True
            raise OAuthError("invalid_grant", "this code was used before; its tokens are revoked")
        code.used = True
        if code.expires <= self._clock():
            raise OAuthError("invalid_grant", f"this code is older than {CODE_SECONDS} seconds")
        other = form.get("redirect_uri", code.redirect_uri) != code.redirect_uri
        if other and "any-redeemer" not in self._faults:
            raise OAuthError("invalid_grant", "redirect_uri differs from the authorization request")
        if not self._verified(form.get("code_verifier", ""), code.challenge):
            raise OAuthError("invalid_grant", "code_verifier does not match the code_challenge")
        self._check_resource(form, code.grant)
        return self._issue(client, code.grant, code.grant.scopes)

    def _verified(self, verifier: str, challenge: str) -> bool:
        if not challenge or "any-verifier" in self._faults:
            return True
        if not verifier and "verifier-optional" in self._faults:
            return True
        return _verifies(verifier, challenge)

    def _check_resource(self, form: Mapping[str, str], grant: Grant) -> None:
        if "any-resource" not in self._faults:
            _check_resource(form, grant)

    def _from_refresh(self, client: RegisteredClient, form: Mapping[str, str]) -> dict[str, object]:
        refresh = self._refresh.get(form.get("refresh_token"))
        wide = "wide-refresh" in self._faults
        if refresh is None or refresh.grant.revoked:
            raise OAuthError("invalid_grant", "this refresh token is unknown, or was revoked")
        if refresh.grant.client_id != client.id and not wide:
            raise OAuthError("invalid_grant", "this refresh token is unknown, or was revoked")
        if refresh.used:
            # Rotation with reuse detection: RFC 9700 section 4.14.2.
            refresh.grant.revoked = True
            raise OAuthError(
                "invalid_grant", "this refresh token was used before; its grant is revoked"
            )
        self._check_resource(form, refresh.grant)
        scopes = frozenset(form.get("scope", "").split()) or refresh.grant.scopes
        if not scopes <= covered(refresh.grant.scopes) and not wide:
            raise OAuthError("invalid_scope", "a refresh cannot widen what was granted")
        if "static-refresh" in self._faults:
            return {
                **self._issue(client, refresh.grant, scopes),
                "refresh_token": form["refresh_token"],
            }
        refresh.used = True
        return self._issue(client, refresh.grant, scopes)

    def _issue(
        self, client: RegisteredClient, grant: Grant, scopes: frozenset[str]
    ) -> dict[str, object]:
        now = self._clock()
        access = Access(grant, scopes, now, now + self._life)
        token = self._mint(access)
        self._access.put(token, access)
        answer: dict[str, object] = {
            "access_token": token,
            "token_type": "mac" if "token-type" in self._faults else "Bearer",
            "expires_in": int(self._life),
            "scope": " ".join(sorted(scopes)),
        }
        if "id-token-taken" in self._faults:
            answer["id_token"] = f"{ID_TOKEN}{self._entropy.opaque('id')}"
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
