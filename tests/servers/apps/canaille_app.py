"""Canaille, an identity server with a person's account pages, with open registration."""

from __future__ import annotations

import json
import sys
import threading

from canaille import create_app
from canaille.app import models
from canaille.backends import Backend
from joserfc.jwk import RSAKey
from product import arguments
from werkzeug.serving import make_server

_PERSON = "ada"


def main() -> None:
    args = arguments()
    host = f"127.0.0.1:{args.port}"
    key = RSAKey.generate_key(2048, {"kid": "one"})
    app = create_app(
        {
            "SECRET_KEY": "a key of this peer alone",
            "SERVER_NAME": host,
            "PREFERRED_URL_SCHEME": "http",
            "CANAILLE": {
                "DATABASE": "memory",
                "LOGGING": None,
                "ENABLE_PASSWORD_COMPROMISSION_CHECK": False,
            },
            "CANAILLE_OIDC": {
                "DYNAMIC_CLIENT_REGISTRATION_OPEN": True,
                "ACTIVE_JWKS": [key.as_dict(private=True)],
                "TRUSTED_DOMAINS": [],
            },
        },
        env_file=None,
    )
    with app.app_context():
        Backend.instance.save(
            models.User(
                user_name=_PERSON,
                family_name="Lovelace",
                emails=[f"{_PERSON}@example.com"],
                password=_PERSON,
            )
        )
    server = make_server("127.0.0.1", args.port, app, threaded=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    addresses = {
        "issuer": f"http://{host}",
        # Only the client that a token is for may look it up, and the token tells no scope.
        "userinfo": f"http://{host}/oauth/userinfo",
        "scopes": ["openid"],
        "bound": False,
        "visitor": {"user": _PERSON, "password": _PERSON},
    }
    print(json.dumps(addresses), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main()
