"""Authlib's Flask server as its documentation sets it up: registration, devices, revocation."""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from typing import Any

from authlib.integrations.flask_oauth2 import AuthorizationServer
from authlib.integrations.sqla_oauth2 import (
    OAuth2AuthorizationCodeMixin,
    OAuth2ClientMixin,
    OAuth2TokenMixin,
    create_query_client_func,
    create_revocation_endpoint,
    create_save_token_func,
)
from authlib.oauth2 import OAuth2Error, rfc9207
from authlib.oauth2.rfc6749 import grants
from authlib.oauth2.rfc7591 import ClientRegistrationEndpoint
from authlib.oauth2.rfc7636 import CodeChallenge
from authlib.oauth2.rfc7662 import IntrospectionEndpoint
from authlib.oauth2.rfc8628 import (
    DeviceAuthorizationEndpoint,
    DeviceCodeGrant,
    DeviceCredentialDict,
)
from flask import Flask, jsonify, render_template_string, request
from flask_sqlalchemy import SQLAlchemy
from product import arguments
from werkzeug.serving import make_server

_PERSON = "ada"
_SECRET = "a secret of two servers"
_DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
_METHODS = ["client_secret_basic", "client_secret_post", "none"]
_FORM = """<form method="post"><input name="username"><input type="password" name="password">
{% if code is defined %}<input name="user_code" value="{{ code }}">{% endif %}
<button name="confirm" value="yes">Allow</button>
<button name="confirm" value="">Deny</button></form>
"""

db = SQLAlchemy()


class User(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    username = db.Column(db.String(40), unique=True)

    def get_user_id(self) -> int:
        return self.id


class Client(db.Model, OAuth2ClientMixin):
    id = db.Column(db.Integer, primary_key=True)


class Code(db.Model, OAuth2AuthorizationCodeMixin):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer)


class Token(db.Model, OAuth2TokenMixin):
    id = db.Column(db.Integer, primary_key=True)
    user_id = db.Column(db.Integer)


class CodeGrant(grants.AuthorizationCodeGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS

    def save_authorization_code(self, code: str, request: Any) -> None:
        data = request.payload.data
        db.session.add(
            Code(
                code=code,
                client_id=request.client.client_id,
                redirect_uri=request.payload.redirect_uri,
                scope=request.scope,
                user_id=request.user.id,
                code_challenge=data.get("code_challenge"),
                code_challenge_method=data.get("code_challenge_method"),
            )
        )
        db.session.commit()

    def query_authorization_code(self, code: str, client: Client) -> Code | None:
        found = Code.query.filter_by(code=code, client_id=client.client_id).first()
        return found if found and not found.is_expired() else None

    def delete_authorization_code(self, authorization_code: Code) -> None:
        db.session.delete(authorization_code)
        db.session.commit()

    def authenticate_user(self, authorization_code: Code) -> User:
        return db.session.get(User, authorization_code.user_id)


class RefreshGrant(grants.RefreshTokenGrant):
    TOKEN_ENDPOINT_AUTH_METHODS = _METHODS
    INCLUDE_NEW_REFRESH_TOKEN = True

    def authenticate_refresh_token(self, refresh_token: str) -> Token | None:
        token = Token.query.filter_by(refresh_token=refresh_token).first()
        return None if token is None or token.is_revoked() else token

    def authenticate_user(self, refresh_token: Token) -> User:
        return db.session.get(User, refresh_token.user_id)

    def revoke_old_credential(self, refresh_token: Token) -> None:
        now = int(time.time())
        refresh_token.access_token_revoked_at = refresh_token.refresh_token_revoked_at = now
        db.session.commit()


class Registration(ClientRegistrationEndpoint):
    def authenticate_token(self, request: Any) -> str:
        return "anybody"

    def get_server_metadata(self) -> dict[str, Any]:
        return _metadata()

    def save_client(self, client_info: Any, client_metadata: Any, request: Any) -> Client:
        client = Client(**client_info)
        client.set_client_metadata(client_metadata)
        db.session.add(client)
        db.session.commit()
        return client


class Introspection(IntrospectionEndpoint):
    def query_token(self, token_string: str, token_type_hint: str | None) -> Token | None:
        return Token.query.filter_by(access_token=token_string).first()

    def introspect_token(self, token: Token) -> dict[str, Any]:
        return {
            "active": not token.is_revoked() and not token.is_expired(),
            "client_id": token.client_id,
            "token_type": token.token_type,
            "scope": token.get_scope(),
            "exp": token.issued_at + token.expires_in,
            "iat": token.issued_at,
        }

    def check_permission(self, token: Token, client: Client, request: Any) -> bool:
        return client.client_id in ("resource-server", token.client_id)


_devices: dict[str, DeviceCredentialDict] = {}
_answers: dict[str, bool] = {}


class Devices(DeviceAuthorizationEndpoint):
    CLIENT_AUTH_METHODS = _METHODS

    def get_verification_uri(self) -> str:
        return f"{_origin}/activate"

    def save_device_credential(self, client_id: str, scope: str, data: dict[str, Any]) -> None:
        more = {"client_id": client_id, "scope": scope, "expires_at": time.time() + 600}
        _devices[data["device_code"]] = DeviceCredentialDict({**data, **more})


class DeviceGrant(DeviceCodeGrant):
    def query_device_credential(self, device_code: str) -> DeviceCredentialDict | None:
        return _devices.get(device_code)

    def query_user_grant(self, user_code: str) -> tuple[User, bool] | None:
        answer = _answers.get(user_code)
        return None if answer is None else (User.query.first(), answer)

    def should_slow_down(self, credential: DeviceCredentialDict) -> bool:
        return False


class Issuer(rfc9207.IssuerParameter):
    def get_issuer(self) -> str:
        return _origin


app = Flask(__name__)
_origin = ""
server = AuthorizationServer()


def _metadata() -> dict[str, Any]:
    return {
        "issuer": _origin,
        "authorization_endpoint": f"{_origin}/oauth/authorize",
        "token_endpoint": f"{_origin}/oauth/token",
        "registration_endpoint": f"{_origin}/oauth/register",
        "introspection_endpoint": f"{_origin}/oauth/introspect",
        "revocation_endpoint": f"{_origin}/oauth/revoke",
        "device_authorization_endpoint": f"{_origin}/oauth/device",
        "response_types_supported": ["code"],
        "grant_types_supported": [
            "authorization_code",
            "refresh_token",
            "client_credentials",
            _DEVICE,
        ],
        "token_endpoint_auth_methods_supported": _METHODS,
        "code_challenge_methods_supported": ["S256"],
        "scopes_supported": ["notes"],
        "authorization_response_iss_parameter_supported": True,
    }


def _person() -> User | None:
    if request.form.get("password") != _PERSON:
        return None
    return User.query.filter_by(username=request.form.get("username")).first()


@app.get("/.well-known/oauth-authorization-server")
def metadata() -> Any:
    return jsonify(_metadata())


@app.route("/oauth/authorize", methods=["GET", "POST"])
def authorize() -> Any:
    person = _person()
    try:
        grant = server.get_consent_grant(end_user=person)
    except OAuth2Error as error:
        return server.handle_error_response(request, error)
    if person is None:
        return render_template_string(_FORM)
    agreed = person if request.form["confirm"] else None
    return server.create_authorization_response(grant=grant, grant_user=agreed)


@app.route("/activate", methods=["GET", "POST"])
def activate() -> Any:
    person = _person()
    if person is None:
        return render_template_string(_FORM, code=request.args.get("user_code", ""))
    _answers[request.form["user_code"]] = bool(request.form["confirm"])
    return "That was all."


@app.post("/oauth/token")
def token() -> Any:
    return server.create_token_response()


@app.post("/oauth/<name>")
def endpoint(name: str) -> Any:
    names = {
        "register": "client_registration",
        "introspect": "introspection",
        "revoke": "revocation",
        "device": "device_authorization",
    }
    return server.create_endpoint_response(names[name])


def _set_up(folder: str) -> None:
    app.config.update(
        SECRET_KEY="a key of this peer alone",
        SQLALCHEMY_DATABASE_URI=f"sqlite:///{folder}/db.sqlite3",
        OAUTH2_REFRESH_TOKEN_GENERATOR=True,
        OAUTH2_SCOPES_SUPPORTED=["notes"],
        OAUTH2_TOKEN_EXPIRES_IN={"authorization_code": 3600, _DEVICE: 3600},
    )
    db.init_app(app)
    server.init_app(
        app,
        query_client=create_query_client_func(db.session, Client),
        save_token=create_save_token_func(db.session, Token),
    )
    server.register_grant(CodeGrant, [CodeChallenge(required=True)])
    for grant in (RefreshGrant, grants.ClientCredentialsGrant, DeviceGrant):
        server.register_grant(grant)
    revocation = create_revocation_endpoint(db.session, Token)
    revocation.CLIENT_AUTH_METHODS = _METHODS
    Introspection.CLIENT_AUTH_METHODS = _METHODS
    for served in (Registration, Introspection, Devices, revocation):
        server.register_endpoint(served)
    server.register_extension(Issuer())
    with app.app_context():
        db.create_all()
        resource = Client(client_id="resource-server", client_secret=_SECRET)
        resource.set_client_metadata(
            {
                "token_endpoint_auth_method": "client_secret_basic",
                "grant_types": ["client_credentials"],
                "scope": "notes",
            }
        )
        db.session.add_all([User(username=_PERSON), resource])
        db.session.commit()


def main() -> None:
    global _origin
    args = arguments()
    _origin = f"http://127.0.0.1:{args.port}"
    with tempfile.TemporaryDirectory() as folder:
        _set_up(folder)
        listener = make_server("127.0.0.1", args.port, app, threaded=True)
        threading.Thread(target=listener.serve_forever, daemon=True).start()
        addresses = {
            "issuer": _origin,
            "introspection": f"{_origin}/oauth/introspect",
            "client": ["resource-server", _SECRET],
            "bound": False,
            "device": True,
        }
        print(json.dumps(addresses), flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
