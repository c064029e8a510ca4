"""django-oidc-provider: OpenID metadata alone, and clients that are made by hand."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import django_app
from django.urls import URLPattern, URLResolver, include, path
from product import arguments

_SECRET = "a secret of two servers"
_REDIRECT = "http://127.0.0.1:48124/callback"
# Ours, and that of the SDK's client.
_REDIRECTS = f"{_REDIRECT}\nhttp://127.0.0.1:48123/callback"
_LOGIN = """<form method="post">{% csrf_token %}{{ form.as_p }}<input type="hidden" name="next"
value="{{ next }}"><button type="submit">Log in</button></form>"""


def _urls() -> list[URLPattern | URLResolver]:
    from django.contrib.auth.views import LoginView

    return [
        path("accounts/login/", LoginView.as_view(template_name="login.html")),
        path("", include("oidc_provider.urls", namespace="oidc_provider")),
    ]


def _add_client(name: str, secret: str, scope: str) -> None:
    from oidc_provider.models import Client, ResponseType

    client = Client.objects.create(
        name=name,
        client_id=name,
        client_secret=secret,
        client_type="confidential" if secret else "public",
        _redirect_uris=_REDIRECTS,
        _scope=scope,
    )
    client.response_types.add(ResponseType.objects.get(value="code"))


def main() -> None:
    args = arguments()
    origin = f"http://127.0.0.1:{args.port}"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "login.html").write_text(_LOGIN)
        django_app.configure(
            Path(folder),
            _urls,
            ["oidc_provider"],
            SITE_URL=origin,
            OIDC_INTROSPECTION_VALIDATE_AUDIENCE_SCOPE=False,
            OIDC_INTROSPECTION_RESPONSE_SCOPE_ENABLE=True,
        )
        from django.core.management import call_command

        call_command("creatersakey", stdout=sys.stderr)
        _add_client("notes-app", _SECRET, "")
        _add_client("resource-server", _SECRET, "token_introspection")
        secret = Path(folder) / "secret"
        secret.write_text(_SECRET)
        client = ["--client-id", "notes-app", "--client-secret-file", str(secret)]
        django_app.serve(
            args.port,
            {
                "issuer": origin,
                "introspection": f"{origin}/introspect",
                "client": ["resource-server", _SECRET],
                "scopes": ["openid"],
                "bound": False,
                # It promises no PKCE, though it does it.
                "options": [*client, "--redirect-uri", _REDIRECT, "--allow", "as-pkce-absent"],
                "registered": {
                    "client_id": "notes-app",
                    "client_secret": _SECRET,
                    "token_endpoint_auth_method": "client_secret_basic",
                },
            },
        )


if __name__ == "__main__":
    main()
