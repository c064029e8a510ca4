"""django-oauth-toolkit as its documentation sets it up for MCP: at the root, open registration."""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import django_app
from django.urls import URLPattern, URLResolver, include, path

_LOGIN = """<form method="post">{% csrf_token %}{{ form.as_p }}<input type="hidden" name="next"
value="{{ next }}"><button type="submit">Log in</button></form>"""


def _urls() -> list[URLPattern | URLResolver]:
    from django.contrib.auth.views import LoginView

    return [
        path("accounts/login/", LoginView.as_view(template_name="login.html")),
        path("", include("oauth2_provider.urls", namespace="oauth2_provider")),
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--resource", required=True)
    parser.add_argument("--life", type=int, default=36000, help="of an access token, in seconds")
    args = parser.parse_args()
    origin = f"http://127.0.0.1:{args.port}"
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "login.html").write_text(_LOGIN)
        django_app.configure(
            Path(folder),
            _urls,
            ["oauth2_provider"],
            OAUTH2_PROVIDER={
                "SCOPES": {"notes": "Read your notes", "introspection": "Look tokens up"},
                "DEFAULT_SCOPES": ["notes"],
                "ACCESS_TOKEN_EXPIRE_SECONDS": args.life,
                "DCR_ENABLED": True,
                "DCR_REGISTRATION_PERMISSION_CLASSES": (
                    "oauth2_provider.dcr.AllowAllDCRPermission",
                ),
                "ALLOWED_SCHEMES": ["https", "http"],
                "OAUTH_DEVICE_VERIFICATION_URI": f"{origin}/device/",
                "OAUTH_DEVICE_VERIFICATION_URI_COMPLETE": lambda code: (
                    f"{origin}/device/?user_code={code}"
                ),
            },
        )
        from oauth2_provider.models import get_application_model

        secret = "a secret of two servers"
        get_application_model().objects.create(
            name="resource server",
            client_id="resource-server",
            client_secret=secret,
            client_type="confidential",
            authorization_grant_type="client-credentials",
        )
        django_app.serve(
            args.port,
            {
                "issuer": origin,
                "introspection": f"{origin}/introspect/",
                "client": ["resource-server", secret],
                "device": True,
            },
        )


if __name__ == "__main__":
    main()
