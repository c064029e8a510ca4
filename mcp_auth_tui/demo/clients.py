"""Knows the rules for clients (RFC 7591, client ID metadata documents); must not know I/O."""

import json
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from mcp_auth_tui.demo.records import (
    AUTH_METHODS,
    DEVICE_GRANT,
    SCOPES,
    Entropy,
    OAuthError,
    RegisteredClient,
)

MAX_DOCUMENT = 5 * 1024
_GRANTS = frozenset({"authorization_code", "refresh_token"})
_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
_ECHOED = ("client_name", "client_uri", "logo_uri", "tos_uri", "policy_uri")
_ECHOED_MORE = ("software_id", "software_version")
_MAX_TEXT = 2000
_MAX_REDIRECTS = 10


def register(
    metadata: object,
    entropy: Entropy,
    now: float,
    issuer: str,
    *,
    device: bool = False,
    any_redirect: bool = False,
) -> tuple[RegisteredClient, dict[str, object]]:
    """Register a client; return it and the answer of RFC 7591 section 3.2.1.

    The answer says where the registration can be read and deleted (RFC 7592 section 3); `device`:
    a client may be one of device authorization alone; `any_redirect`: so may be its addresses.
    Raises OAuthError with `invalid_redirect_uri` or `invalid_client_metadata`.
    """
    if not isinstance(metadata, dict):
        raise OAuthError("invalid_client_metadata", "the body is not a JSON object")
    grants = _grants(metadata, _GRANTS | {DEVICE_GRANT} if device else _GRANTS)
    # A device has nowhere to be redirected to (RFC 8628).
    redirects = _redirects(metadata, any_redirect) if "authorization_code" in grants else ()
    method = _one_of(metadata, "token_endpoint_auth_method", AUTH_METHODS, "client_secret_basic")
    application = _one_of(metadata, "application_type", ("native", "web"), "native")
    if application == "web":
        raise OAuthError(
            "invalid_redirect_uri", "a web client has no loopback redirect; say native"
        )
    _one_of_each(metadata, "response_types", frozenset({"code"}), ["code"])
    client_id = f"practice-{entropy.opaque('client', 9)}"
    texts = {name: _text(metadata, name) for name in (*_ECHOED, *_ECHOED_MORE) if name in metadata}
    client = RegisteredClient(
        id=client_id,
        name=texts.get("client_name", client_id),
        redirect_uris=redirects,
        auth_method=method,
        secret=None if method == "none" else entropy.opaque("secret"),
        grant_types=grants,
        registration_token=entropy.opaque("registration"),
    )
    answer: dict[str, object] = {
        "client_id": client_id,
        "client_id_issued_at": int(now),
        **(
            {"client_secret": client.secret, "client_secret_expires_at": 0} if client.secret else {}
        ),
        **texts,
        "application_type": application,
        "redirect_uris": list(redirects),
        "grant_types": list(grants),
        "response_types": ["code"] if redirects else [],
        "token_endpoint_auth_method": method,
        "scope": _scope(metadata),
        "registration_access_token": client.registration_token,
        "registration_client_uri": f"{issuer}/register/{client_id}",
    }
    return client, answer


def document_url_problem(url: str) -> str | None:
    """Say what keeps a URL from being a client ID metadata document's, or None (SPEC G2)."""
    parts = _split(url)
    if parts is None or parts.scheme != "https" or not parts.hostname:
        return "it is not an https URL"
    if parts.path in {"", "/"}:
        return "it has no path"
    if "#" in url or parts.username is not None or parts.password is not None:
        return "it has a fragment or user information"
    if {".", ".."} & set(parts.path.split("/")):
        return "its path has dot segments"
    return None


def judge_document(url: str, data: bytes) -> RegisteredClient:
    """Read a client ID metadata document; raises OAuthError saying which rule it breaks."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise unusable("it is not a JSON object")
    if document.get("client_id") != url:
        raise unusable("its client_id is not its own URL")
    if not isinstance(document.get("client_name"), str) or not document["client_name"]:
        raise unusable("it has no client_name")
    if any(name.startswith("client_secret") for name in document):
        raise unusable("it holds a client secret")
    if document.get("token_endpoint_auth_method", "none") != "none":
        raise unusable("this server supports only the method none for it")
    try:
        redirects = _redirects(document)
        grants = _grants(document)
    except OAuthError as problem:
        raise unusable(problem.description) from None
    return RegisteredClient(url, _text(document, "client_name"), redirects, grant_types=grants)


def redirect_allowed(client: RegisteredClient, uri: str) -> bool:
    """Compare as RFC 8252 section 7.3 asks: exactly, but for the port of a loopback redirect."""
    if uri in client.redirect_uris:
        return True
    wanted = _without_port(uri)
    return wanted is not None and any(wanted == _without_port(one) for one in client.redirect_uris)


def _without_port(uri: str) -> tuple[str, str, str] | None:
    parts = _split(uri)
    if parts is None or not _is_loopback(uri):
        return None
    return parts.hostname or "", parts.path, parts.query


def _redirects(metadata: Mapping[str, object], unchecked: bool = False) -> tuple[str, ...]:
    uris = metadata.get("redirect_uris")
    if not isinstance(uris, list) or not 0 < len(uris) <= _MAX_REDIRECTS:
        raise OAuthError("invalid_redirect_uri", "redirect_uris must list 1 to 10 URIs")
    if not all(isinstance(uri, str) and (unchecked or _is_loopback(uri)) for uri in uris):
        raise OAuthError(
            "invalid_redirect_uri",
            "only http redirects on 127.0.0.1, [::1] or localhost, without fragment, are accepted",
        )
    return tuple(uris)


def _is_loopback(uri: str) -> bool:
    parts = _split(uri)
    return (
        parts is not None
        and parts.scheme == "http"
        and parts.hostname in _LOOPBACK
        and parts.username is None
        and "#" not in uri
        and len(uri) <= _MAX_TEXT
        and uri.isascii()
        and uri.isprintable()
        and not {" ", '"', "<", ">", "\\"} & set(uri)
    )


def _split(uri: str) -> SplitResult | None:
    try:
        parts = urlsplit(uri)
        # A port that is no number shows only when it is read.
        _ = parts.port
    except ValueError:
        return None
    return parts


def _grants(metadata: Mapping[str, object], allowed: frozenset[str] = _GRANTS) -> tuple[str, ...]:
    grants = _one_of_each(metadata, "grant_types", allowed, ["authorization_code"])
    if not {"authorization_code", DEVICE_GRANT} & set(grants):
        raise OAuthError("invalid_client_metadata", "grant_types lacks authorization_code")
    return grants


def _scope(metadata: Mapping[str, object]) -> str:
    asked = _text(metadata, "scope").split() if "scope" in metadata else []
    return " ".join(scope for scope in SCOPES if scope in asked) or " ".join(SCOPES)


def _text(metadata: Mapping[str, object], name: str) -> str:
    value = metadata[name]
    if not isinstance(value, str) or len(value) > _MAX_TEXT:
        raise OAuthError("invalid_client_metadata", f"{name} is not a string of bearable length")
    return value


def _one_of(
    metadata: Mapping[str, object], name: str, allowed: tuple[str, ...], default: str
) -> str:
    value = metadata.get(name, default)
    if not isinstance(value, str) or value not in allowed:
        raise OAuthError("invalid_client_metadata", f"{name} must be one of {', '.join(allowed)}")
    return value


def _one_of_each(
    metadata: Mapping[str, object], name: str, allowed: frozenset[str], default: list[str]
) -> tuple[str, ...]:
    values = metadata.get(name, default)
    if not isinstance(values, list) or not all(
        isinstance(one, str) and one in allowed for one in values
    ):
        raise OAuthError(
            "invalid_client_metadata", f"{name} may hold only {', '.join(sorted(allowed))}"
        )
    return tuple(values)


def unusable(why: str) -> OAuthError:
    """Return the error for a document that cannot be used: ``why`` is the end of a sentence."""
    return OAuthError("invalid_client", f"The client's metadata document cannot be used: {why}.")
