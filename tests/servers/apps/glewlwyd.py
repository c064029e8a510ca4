"""Glewlwyd from Debian, an OpenID provider in C, set up through its administration interface."""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any

from product import arguments, running

_SHARE = Path("/usr/share/glewlwyd")
_DATABASE = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
_CONFIG = Path("/etc/glewlwyd/glewlwyd.conf")
_PERSON = "ada"
_PASSWORD = "ada's password"
_SECONDS = 15.0
_ON = (
    "allow-non-oidc",
    "auth-type-client-enabled",
    "auth-type-code-enabled",
    "auth-type-code-revoke-replayed",
    "auth-type-device-enabled",
    "auth-type-refresh-enabled",
    "introspection-revocation-allow-target-client",
    "introspection-revocation-allowed",
    "jwks-show",
    "oauth-as-iss-id",
    "oauth-dpop-allowed",
    "oauth-par-allowed",
    "pkce-allowed",
    "refresh-token-rolling",
    "register-client-allowed",
    "register-client-management-allowed",
    "resource-allowed",
)


def _plugin(issuer: str, resource: str) -> dict[str, Any]:
    key = ["openssl", "genpkey", "-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"]
    pem = subprocess.run(key, check=True, capture_output=True, text=True).stdout
    public = subprocess.run(
        ["openssl", "pkey", "-pubout"], input=pem, check=True, capture_output=True, text=True
    ).stdout
    return {
        **dict.fromkeys(_ON, True),
        "iss": issuer,
        "jwt-type": "rsa",
        "jwt-key-size": "256",
        "key": pem,
        "cert": public,
        "subject-type": "public",
        "allowed-scope": ["openid", "notes"],
        "access-token-duration": 3600,
        "refresh-token-duration": 1209600,
        "code-duration": 60,
        "refresh-token-one-use": "always",
        "pkce-method-plain-allowed": False,
        "device-authorization-expiration": 600,
        "device-authorization-interval": 5,
        "introspection-revocation-auth-scope": [],
        "register-client-auth-scope": [],
        "register-client-credentials-scope": [],
        "resource-scope": {"notes": [resource], "openid": [resource]},
        "resource-scope-and-client-property": False,
        "oauth-dpop-iat-duration": 60,
        "oauth-par-duration": 90,
        "oauth-par-request_uri-prefix": "urn:ietf:params:oauth:request_uri:",
        "scope": [{"name": "notes", "refresh-token-rolling": True}],
    }


class _Administrator:
    """Signs in with a cookie, as the pages of the administration do."""

    def __init__(self, origin: str) -> None:
        self._origin = origin
        cookies = urllib.request.HTTPCookieProcessor(CookieJar())
        self._opener = urllib.request.build_opener(cookies, urllib.request.ProxyHandler({}))

    def post(self, path: str, body: dict[str, Any]) -> None:
        request = urllib.request.Request(
            f"{self._origin}/api/{path}",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        try:
            self._opener.open(request, timeout=_SECONDS).close()
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{path}: HTTP {error.code} {error.read().decode()}") from None


def _set_up(origin: str, issuer: str, resource: str) -> None:
    admin = _Administrator(origin)
    admin.post("auth/", {"username": "admin", "password": "password"})
    scope = {"password_required": True, "password_max_age": 0, "scheme": {}}
    admin.post("scope/", {"name": "notes", "display_name": "Your notes", **scope})
    plugin = {"module": "oidc", "name": "oidc", "display_name": "OIDC", "order_rank": 0}
    admin.post("mod/plugin/", {**plugin, "parameters": _plugin(issuer, resource)})
    person = {"username": _PERSON, "password": _PASSWORD, "name": "Ada", "enabled": True}
    admin.post("user/", {**person, "scope": ["notes", "openid", "g_profile"]})


@contextmanager
def _running(port: int, folder: Path) -> Iterator[str]:
    origin = f"http://127.0.0.1:{port}"
    database, files = folder / "glewlwyd.db", folder / "webapp"
    shutil.copytree(_SHARE / "webapp", files, ignore=shutil.ignore_patterns("config.json"))
    shutil.copy(_SHARE / "templates" / "config.json", files / "config.json")
    with sqlite3.connect(database) as connection:
        connection.executescript(_DATABASE.read_text())
    own = {
        "port": str(port),
        "external_url": f'"{origin}/"',
        "bind_address": '"127.0.0.1"',
        "static_files_path": f'"{files}/"',
        "log_mode": '"file"',
        "log_file": f'"{folder / "glewlwyd.log"}"',
    }
    text = _CONFIG.read_text()
    for name, value in own.items():
        text = re.sub(rf"(?m)^ *#? ?{name} *=.*$", f"{name}={value}", text)
    text = re.sub(r"@include.*", f'database = {{ type = "sqlite3"; path = "{database}"; }};', text)
    config = folder / "glewlwyd.conf"
    config.write_text(text)
    with running(["glewlwyd", f"--config-file={config}"], folder, f"{origin}/config"):
        yield origin


def main() -> None:
    args = arguments()
    with (
        tempfile.TemporaryDirectory() as folder,
        _running(args.port, Path(folder)) as origin,
    ):
        issuer = f"{origin}/api/oidc"
        _set_up(origin, issuer, args.resource)
        addresses = {
            "issuer": issuer,
            # Only the client that a token was issued to may look it up.
            "jwks": f"{issuer}/jwks",
            "device": True,
            "visitor": {"user": _PERSON, "password": _PASSWORD},
        }
        print(json.dumps(addresses), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
