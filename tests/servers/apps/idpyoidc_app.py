"""idpyoidc's OpenID provider behind Flask, as in its example: registration, DPoP, PAR."""

from __future__ import annotations

import json
import os
import sys
import tempfile
import threading
from pathlib import Path
from typing import Any

from flask import Flask, Response, make_response, redirect, request
from idpyoidc.message.oidc import AuthorizationRequest
from idpyoidc.server import Server
from idpyoidc.server.configure import OPConfiguration
from idpyoidc.server.exception import ClientAuthenticationError, FailedAuthentication
from product import arguments
from werkzeug.serving import make_server

_PERSON = "ada"
_SECRET = "a secret of two servers"
_REDIRECT = "http://127.0.0.1:48124/callback"
_REDIRECT_OF_SDK = "http://127.0.0.1:48123/callback"
_METHODS = ["client_secret_post", "client_secret_basic", "client_secret_jwt", "private_key_jwt"]
_LOGIN = """<!doctype html><title>Please login</title><h1>{{ page_header }}</h1>
<form action="{{ action }}" method="post"><input type="hidden" name="token" value="{{ token }}">
<input name="username" required><input type="password" name="password" required>
<input type="submit" value="{{ submit_btn }}"></form>"""
_KINDS = ("code", "refresh")
_OIDC, _OAUTH = "idpyoidc.server.oidc", "idpyoidc.server.oauth2"


def _endpoint(path: str, name: str, **kwargs: Any) -> dict[str, Any]:
    return {"path": path, "class": name, "kwargs": kwargs}


def _configuration(origin: str, folder: str) -> dict[str, Any]:
    keys = [{"type": "RSA", "use": ["sig"]}, {"type": "EC", "crv": "P-256", "use": ["sig"]}]
    cookies = [{"type": "OCT", "use": [use], "kid": use} for use in ("enc", "sig")]
    tokens = [{"type": "oct", "bytes": "24", "use": ["enc"], "kid": kid} for kid in _KINDS]
    token = "idpyoidc.server.token"
    return {
        "issuer": origin,
        "entity_id": origin,
        "key_conf": {"key_defs": keys, "uri_path": "jwks"},
        "httpc_params": {"verify": False, "timeout": 4},
        "template_dir": folder,
        "preference": {
            "grant_types_supported": ["authorization_code", "refresh_token"],
            "subject_types_supported": ["public"],
            "scopes_supported": ["openid", "profile", "offline_access"],
        },
        "cookie_handler": {
            "class": "idpyoidc.server.cookie_handler.CookieHandler",
            "kwargs": {
                "keys": {
                    "private_path": f"{folder}/cookies.json",
                    "key_defs": cookies,
                    "read_only": False,
                },
                "name": {"session": "op", "register": "op_rp", "session_management": "sman"},
            },
        },
        "authentication": {
            "user": {
                "acr": "urn:oasis:names:tc:SAML:2.0:ac:classes:InternetProtocolPassword",
                "class": "idpyoidc.server.user_authn.user.UserPassJinja2",
                "kwargs": {
                    "verify_endpoint": "/verify/user",
                    "template": "login.html",
                    "db": {
                        "class": "idpyoidc.server.util.JSONDictDB",
                        "kwargs": {"filename": f"{folder}/passwd.json"},
                    },
                    "page_header": "Testing log in",
                    "submit_btn": "Get me in!",
                },
            }
        },
        "endpoint": {
            "provider_info": _endpoint(
                ".well-known/openid-configuration",
                f"{_OIDC}.provider_config.ProviderConfiguration",
                client_authn_method=None,
            ),
            "registration": _endpoint(
                "registration",
                f"{_OIDC}.registration.Registration",
                client_authn_method=None,
                client_secret_expiration_time=432000,
            ),
            "introspection": _endpoint(
                "introspection",
                f"{_OAUTH}.introspection.Introspection",
                client_authn_method=_METHODS,
            ),
            "revocation": _endpoint(
                "revocation",
                f"{_OAUTH}.token_revocation.TokenRevocation",
                client_authn_method=_METHODS,
            ),
            "pushed_authorization": _endpoint(
                "par",
                f"{_OAUTH}.pushed_authorization.PushedAuthorization",
                client_authn_method=_METHODS,
            ),
            "authorization": _endpoint(
                "authorization",
                f"{_OIDC}.authorization.Authorization",
                client_authn_method=None,
                response_types_supported=["code"],
                response_modes_supported=["query", "fragment", "form_post"],
            ),
            "token": _endpoint("token", f"{_OIDC}.token.Token", client_authn_method=_METHODS),
            "userinfo": _endpoint(
                "userinfo", f"{_OIDC}.userinfo.UserInfo", claim_types_supported=["normal"]
            ),
        },
        "add_on": {
            "pkce": {
                "function": f"{_OAUTH}.add_on.pkce.add_support",
                "kwargs": {"essential": True, "code_challenge_method": "S256"},
            },
            "dpop": {
                "function": f"{_OAUTH}.add_on.dpop.add_support",
                "kwargs": {"dpop_signing_alg_values_supported": ["RS256", "ES256"]},
            },
        },
        "token_handler_args": {
            "jwks_def": {"private_path": f"{folder}/tokens.json", "key_defs": tokens},
            "code": {"kwargs": {"lifetime": 600}},
            "token": {
                "class": f"{token}.jwt_token.JWTToken",
                "kwargs": {"lifetime": 3600, "add_claims_by_scope": True},
            },
            "refresh": {"kwargs": {"lifetime": 86400}},
            "id_token": {"class": f"{token}.id_token.IDToken", "kwargs": {}},
        },
        "userinfo": {
            "class": "idpyoidc.server.user_info.UserInfo",
            "kwargs": {"db": {_PERSON: {"sub": _PERSON, "name": "Ada"}}},
        },
    }


app = Flask(__name__)
_server: Server


def _answer(endpoint: Any, arguments: Any, args: dict[str, Any]) -> Any:
    """Send what the library answers, as its example does."""
    if "redirect_location" in args:
        return redirect(args["redirect_location"])
    if "http_response" in args:
        return make_response(args["http_response"], 200)
    info = endpoint.do_response(request=arguments, **args)
    where = info.get("response_placement", endpoint.response_placement)
    if where == "url":
        answer = redirect(info["response"])
    else:
        usual = 400 if args.get("error") else 200
        answer = make_response(info["response"], info.get("response_code", usual))
    for name, value in info["http_headers"]:
        answer.headers[name] = value
    for cookie in info.get("cookie", []):
        # Its cookies are for https alone, and there is none here.
        answer.set_cookie(cookie["name"], cookie["value"], path="/", samesite="Lax")
    return answer


def _refusal(error: str, why: Exception, status: int) -> Response:
    text = json.dumps({"error": error, "error_description": str(why)})
    return Response(text, status, content_type="application/json")


def _served(name: str) -> Any:
    endpoint = _server.get_endpoint(name)
    if request.method == "GET":
        given: Any = request.args.to_dict()
    else:
        given = request.get_data(as_text=True) if request.is_json else request.form.to_dict()
    seen = {
        "headers": {
            key.lower(): value
            for key, value in request.headers.items()
            if key.lower() not in ("cookie", "user-agent")
        },
        "method": request.method,
        "url": request.url,
        "cookie": [{"name": key, "value": value} for key, value in request.cookies.items()],
    }
    try:
        parsed = endpoint.parse_request(given, http_info=seen)
        if "error" in parsed:
            return Response(parsed.to_json(), 400, content_type="application/json")
        args = endpoint.process_request(parsed, http_info=seen)
    except ClientAuthenticationError as error:
        return _refusal("unauthorized_client", error, 401)
    except Exception as error:  # as its example does
        return _refusal("invalid_request", error, 400)
    return _answer(endpoint, parsed, args)


@app.get("/jwks")
def jwks() -> Any:
    return _server.keyjar.export_jwks()


@app.get("/.well-known/openid-configuration")
def metadata() -> Any:
    return _served("provider_config")


@app.route("/<name>", methods=["GET", "POST"])
def endpoint(name: str) -> Any:
    names = {"par": "pushed_authorization", "revocation": "token_revocation"}
    name = names.get(name, name)
    return _served(name) if _server.get_endpoint(name) else ("not here", 404)


@app.post("/verify/user")
def verify() -> Any:
    method = _server.context.authn_broker.get_method_by_id("user")
    try:
        person = method.verify(**request.form.to_dict())
    except FailedAuthentication:
        return "Authentication failed", 403
    known = method.unpack_token(request.form["token"])
    wish = AuthorizationRequest().from_urlencoded(known["query"])
    authorization = _server.get_endpoint("authorization")
    session = authorization.create_session(
        wish, person, known["authn_class_ref"], known["iat"], method
    )
    args = authorization.authz_part2(request=wish, session_id=session)
    if "error" in args:
        return Response(args.to_json(), 400, content_type="application/json")
    return _answer(authorization, wish, args)


def main() -> None:
    global _server
    args = arguments()
    origin = f"http://127.0.0.1:{args.port}"
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("login.html").write_text(_LOGIN)
        Path("passwd.json").write_text(json.dumps({_PERSON: _PERSON}))
        _server = Server(
            OPConfiguration(conf=_configuration(origin, folder), base_path=folder), cwd=folder
        )
        for name in ("notes-app", "resource-server"):
            # Its registration fails for every client that brings no keys.
            _server.context.cdb[name] = {
                "client_secret": _SECRET,
                "client_salt": "salt",
                "redirect_uris": [(_REDIRECT, None), (_REDIRECT_OF_SDK, None)],
                "token_endpoint_auth_method": "client_secret_basic",
                "response_types_supported": ["code"],
                "allowed_scopes": ["openid", "profile", "offline_access"],
            }
            _server.keyjar.add_symmetric(name, _SECRET)
        secret = Path(folder) / "secret"
        secret.write_text(_SECRET)
        listener = make_server("127.0.0.1", args.port, app, threaded=True)
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        addresses = {
            "issuer": origin,
            "jwks": f"{origin}/jwks",
            "scopes": ["openid"],
            "bound": False,
            "options": [
                *("--client-id", "notes-app", "--client-secret-file", str(secret)),
                *("--redirect-uri", _REDIRECT),
            ],
            "registered": {
                "client_id": "notes-app",
                "client_secret": _SECRET,
                "token_endpoint_auth_method": "client_secret_basic",
            },
        }
        print(json.dumps(addresses), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
