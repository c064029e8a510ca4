"""django-allauth's identity provider, with open registration, as its documentation sets it up."""

from __future__ import annotations

import tempfile
from pathlib import Path

import django_app
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.urls import URLPattern, URLResolver, include, path
from product import arguments

_SECRET = "a secret of two servers"


def _urls() -> list[URLPattern | URLResolver]:
    return [
        path("accounts/", include("allauth.account.urls")),
        path("", include("allauth.idp.urls")),
    ]


def _key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    return key.private_bytes(encoding, form, serialization.NoEncryption()).decode()


def _serve(port: int, folder: Path) -> None:
    origin = f"http://127.0.0.1:{port}"
    django_app.configure(
        folder,
        _urls,
        ["allauth", "allauth.account", "allauth.idp.oidc"],
        MIDDLEWARE=["allauth.account.middleware.AccountMiddleware"],
        AUTHENTICATION_BACKENDS=["allauth.account.auth_backends.AuthenticationBackend"],
        ACCOUNT_EMAIL_VERIFICATION="none",
        IDP_OIDC_PRIVATE_KEY=_key(),
        IDP_OIDC_DCR_ENABLED=True,
        IDP_OIDC_DCR_REQUIRES_INITIAL_ACCESS_TOKEN=False,
        IDP_OIDC_CIMD_ENABLED=True,
        IDP_OIDC_INTROSPECTION_ENABLED=True,
        IDP_OIDC_INTROSPECTION_CROSS_CLIENT_ALLOWED=True,
    )
    from allauth.idp.oidc.models import Client

    client = Client(id="resource-server", name="resource server", type="confidential")
    client.set_secret(_SECRET)
    client.set_grant_types(["client_credentials"])
    client.save()
    django_app.serve(
        port,
        {
            "issuer": origin,
            "introspection": f"{origin}/identity/o/api/introspect",
            "client": ["resource-server", _SECRET],
            "scopes": ["openid"],
            "bound": False,
            "device": True,
        },
    )


def main() -> None:
    args = arguments()
    with tempfile.TemporaryDirectory() as folder:
        _serve(args.port, Path(folder))


if __name__ == "__main__":
    main()
