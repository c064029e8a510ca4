"""JupyterHub's own OAuth provider, asked by a service: neither metadata nor refresh."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from product import arguments, wait

_PERSON = "ada"
_SECRET = "a secret of two servers"
_CLIENT = "service-notes"
_REDIRECT = "http://127.0.0.1:48124/callback"
_CONFIG = """
from jupyterhub.proxy import Proxy


class NoProxy(Proxy):
    should_start = False

    async def add_route(self, routespec, target, data):
        pass

    async def delete_route(self, routespec):
        pass

    async def get_all_routes(self):
        return {{}}


c.JupyterHub.proxy_class = NoProxy
c.JupyterHub.hub_bind_url = "{origin}"
c.JupyterHub.bind_url = "{origin}"
c.JupyterHub.db_url = "sqlite:///{folder}/hub.sqlite"
c.JupyterHub.cookie_secret_file = "{folder}/cookie_secret"
c.JupyterHub.authenticator_class = "dummy"
c.DummyAuthenticator.password = "{person}"
c.Authenticator.allow_all = True
c.JupyterHub.services = [
    {{
        "name": "notes",
        "api_token": "{secret}",
        "oauth_client_id": "{client}",
        "oauth_redirect_uri": "{redirect}",
        "oauth_client_allowed_scopes": ["read:users:name!user"],
    }}
]
c.JupyterHub.load_roles = [
    {{
        "name": "user",
        "scopes": ["self", "access:services"],
    }}
]
"""


def main() -> None:
    args = arguments()
    origin = f"http://127.0.0.1:{args.port}"
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.py"
        values = {"person": _PERSON, "secret": _SECRET, "client": _CLIENT, "redirect": _REDIRECT}
        config.write_text(_CONFIG.format(origin=origin, folder=folder, **values))
        secret = Path(folder) / "secret"
        secret.write_text(_SECRET)
        server = subprocess.Popen(
            [sys.executable, "-m", "jupyterhub", "-f", str(config)],
            cwd=folder,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"},
            stdout=sys.stderr,
            start_new_session=True,
        )
        try:
            hub = f"{origin}/hub/api"
            wait(server, hub)
            addresses = {
                "issuer": origin,
                "userinfo": f"{hub}/user",
                "scopes": [],
                "bound": False,
                "options": [
                    *("--client-id", _CLIENT, "--client-secret-file", str(secret)),
                    *("--authorization-endpoint", f"{hub}/oauth2/authorize"),
                    *("--token-endpoint", f"{hub}/oauth2/token"),
                    *("--redirect-uri", _REDIRECT),
                ],
                "registered": {
                    "client_id": _CLIENT,
                    "client_secret": _SECRET,
                    "token_endpoint_auth_method": "client_secret_post",
                },
            }
            print(json.dumps(addresses), flush=True)
            sys.stdin.read()
        finally:
            os.killpg(server.pid, signal.SIGTERM)
            server.wait()


if __name__ == "__main__":
    main()
