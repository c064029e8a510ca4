"""The same requests in the same order from bare sockets; judges nothing, knows nothing of ours.

``python bare_client.py URL legacy|auto``: the least that a program in this language takes from its
start to a verified header. A connection for each origin, one request after the other.
"""

from __future__ import annotations

import json
import os
import socket
import sys
from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any, BinaryIO
from urllib.parse import parse_qs, urlencode, urlsplit

BACK = "http://127.0.0.1:9/callback"
_JSON = {"Content-Type": "application/json", "Accept": "application/json, text/event-stream"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
_INFO = {"name": "bare", "version": "1"}
_META = "io.modelcontextprotocol/"

Answer = tuple[int, dict[str, str], bytes]


class Wire:
    """Sends requests, over one connection for each origin."""

    def __init__(self) -> None:
        self._ends: dict[str, tuple[socket.socket, BinaryIO]] = {}

    def send(self, method: str, url: str, fields: dict[str, str], body: bytes = b"") -> Answer:
        """Return status, header fields by their names in lower case, and body."""
        place = urlsplit(url)
        if place.netloc not in self._ends:
            end = socket.create_connection((place.hostname or "", place.port or 80))
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._ends[place.netloc] = (end, end.makefile("rb"))
        end, stream = self._ends[place.netloc]
        target = place.path + (f"?{place.query}" if place.query else "")
        lines = [f"{method} {target} HTTP/1.1", f"Host: {place.netloc}"]
        lines += [f"{name}: {value}" for name, value in fields.items()]
        lines += [f"Content-Length: {len(body)}"] if body else []
        end.sendall("\r\n".join([*lines, "", ""]).encode() + body)
        status = int(stream.readline().split()[1])
        received: dict[str, str] = {}
        while line := stream.readline().strip().decode():
            name, _, value = line.partition(":")
            received[name.lower()] = value.strip()
        return status, received, stream.read(int(received.get("content-length", 0)))

    def get(self, url: str) -> Any:
        """Return a JSON document."""
        return json.loads(self.send("GET", url, {"Accept": "application/json"})[2])

    def ask(self, url: str, mode: str, **fields: str) -> Answer:
        """Send the first request of MCP, of the ``initialize`` era or of the one after it."""
        if mode == "legacy":
            method, version = "initialize", "2025-11-25"
            params = {"protocolVersion": version, "capabilities": {}, "clientInfo": _INFO}
        else:
            method, version = "server/discover", "2026-07-28"
            meta = {"protocolVersion": version, "clientCapabilities": {}, "clientInfo": _INFO}
            params = {"_meta": {f"{_META}{name}": value for name, value in meta.items()}}
            fields |= {"MCP-Protocol-Version": version, "Mcp-Method": method}
        message = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        return self.send("POST", url, {**_JSON, **fields}, json.dumps(message).encode())


def random() -> str:
    """Return 32 random octets."""
    return urlsafe_b64encode(os.urandom(32)).decode().rstrip("=")


def sign_in(url: str, mode: str) -> str:
    """Return the access token with which the server answered."""
    wire = Wire()
    challenge = wire.ask(url, mode)[1]["www-authenticate"]
    resource = wire.get(challenge.partition('resource_metadata="')[2].partition('"')[0])
    issuer = resource["authorization_servers"][0].rstrip("/")
    server = wire.get(f"{issuer}/.well-known/oauth-authorization-server")
    client: dict[str, Any] = {
        "client_name": "bare",
        "redirect_uris": [BACK],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }
    body = json.dumps(client).encode()
    client = json.loads(wire.send("POST", server["registration_endpoint"], _JSON, body)[2])
    verifier = random()
    digest = urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
    asked = {
        "response_type": "code",
        "client_id": client["client_id"],
        "redirect_uri": BACK,
        "state": random(),
        "code_challenge": digest,
        "code_challenge_method": "S256",
        "resource": resource["resource"],
    }
    # A browser of its own, as both other sides have one.
    browser = f"{server['authorization_endpoint']}?{urlencode(asked)}"
    back = Wire().send("GET", browser, {})[1]["location"]
    traded = {
        "grant_type": "authorization_code",
        "code": parse_qs(urlsplit(back).query)["code"][0],
        "redirect_uri": BACK,
        "code_verifier": verifier,
        "resource": resource["resource"],
        "client_id": client["client_id"],
    }
    body = urlencode(traded).encode()
    token = json.loads(wire.send("POST", server["token_endpoint"], _FORM, body)[2])["access_token"]
    status, _, body = wire.ask(url, mode, Authorization=f"Bearer {token}")
    if status != 200 or b'"result"' not in body:
        raise RuntimeError(f"{status}: {body!r}")
    return str(token)


if __name__ == "__main__":
    print(f"Authorization: Bearer {sign_in(*sys.argv[1:3])}")
