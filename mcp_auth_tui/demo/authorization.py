"""Knows how an authorization request is judged and answered (RFC 6749 4.1, 7636, 8707, 9207).

Must not know HTTP, pages or clocks: parameters in, values or one of two errors out.
"""

import re
from urllib.parse import urlencode, urlsplit, urlunsplit

from mcp_auth_tui.demo.clients import redirect_allowed
from mcp_auth_tui.demo.metadata import ELSEWHERE
from mcp_auth_tui.demo.records import DEFAULT_SCOPE, SCOPES, RegisteredClient
from mcp_auth_tui.records import dataclass

Parameters = list[tuple[str, str]]

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_ONCE = ("response_type", "state", "scope", "code_challenge", "code_challenge_method", "resource")


class Unredirectable(Exception):
    """The request must end on a page of ours: where it would redirect to cannot be trusted."""

    def __init__(self, reason: str, hint: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


class Redirected(Exception):
    """The request is refused by a redirect (RFC 6749 section 4.1.2.1)."""

    def __init__(self, redirect_uri: str, state: str | None, error: str, description: str) -> None:
        super().__init__(f"{error}: {description}")
        self.redirect_uri = redirect_uri
        self.state = state
        self.error = error
        self.description = description


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that may be put before a person."""

    client: RegisteredClient
    redirect_uri: str
    state: str | None
    scopes: frozenset[str]
    resource: str
    challenge: str


def client_id_of(parameters: Parameters) -> str:
    """Return the one client_id; raises Unredirectable when there is none or more than one."""
    return _required_once(parameters, "client_id")


def judge_request(
    parameters: Parameters,
    client: RegisteredClient,
    resources: tuple[str, ...],
    faults: frozenset[str] = frozenset(),
) -> AuthorizationRequest:
    """Judge a request of a known client; `resources` are those it may name, the default first.

    Raises Unredirectable while the redirect URI is not established, Redirected afterwards.
    """
    redirect_uri = _required_once(parameters, "redirect_uri")
    exact = "one-port" not in faults or redirect_uri in client.redirect_uris
    allowed = redirect_allowed(client, redirect_uri) and exact
    if not allowed and "any-redirect" not in faults:
        raise Unredirectable(
            "The redirect URI is not one that this client registered.",
            "Register the client with exactly the address that it sends; only the port of a "
            "loopback address may differ.",
        )
    values = dict(parameters)
    state = values.get("state")

    def refuse(error: str, description: str) -> Redirected:
        return Redirected(redirect_uri, state, error, description)

    names = [name for name, _ in parameters]
    repeated = any(names.count(name) > 1 for name in _ONCE if name != "resource")
    if repeated and "repeats-taken" not in faults:
        raise refuse("invalid_request", "a parameter is repeated")
    problem = _response_problem(values, faults)
    if problem is not None:
        raise refuse(*problem)
    asked = [value for name, value in parameters if name == "resource"]
    if "any-resource" in faults:
        asked = []
    if len(asked) > 1 or not set(asked) <= set(resources):
        raise refuse("invalid_target", "the resource is not one this server issues tokens for")
    scopes = frozenset((values.get("scope") or DEFAULT_SCOPE).split())
    if "repeats-taken" in faults:
        scopes &= SCOPES.keys()
    if not scopes <= SCOPES.keys():
        raise refuse("invalid_scope", f"only {' and '.join(SCOPES)} exist")
    resource = asked[0] if asked else resources[0]
    challenge = values.get("code_challenge", "")
    return AuthorizationRequest(client, redirect_uri, state, scopes, resource, challenge)


def location(
    request: AuthorizationRequest | Redirected,
    answer: dict[str, str],
    issuer: str,
    faults: frozenset[str],
) -> str:
    """Build the address that carries an answer back, with state and issuer (RFC 9207)."""
    fields = dict(answer)
    if "bare-errors" in faults and "error" in fields:
        return _with_query(request.redirect_uri, fields)
    if request.state is not None:
        fields["state"] = request.state[:100] if "cut-state" in faults else request.state
        if "wrong-state" in faults:
            fields["state"] = request.state[::-1] + "x"
    if "missing-iss" not in faults:
        fields["iss"] = ELSEWHERE if "wrong-iss" in faults else issuer
    return _with_query(request.redirect_uri, fields)


def _with_query(address: str, fields: dict[str, str]) -> str:
    parts = urlsplit(address)
    query = "&".join(filter(None, (parts.query, urlencode(fields))))
    return urlunsplit(parts._replace(query=query))


def _response_problem(values: dict[str, str], faults: frozenset[str]) -> tuple[str, str] | None:
    if not values.get("response_type"):
        return "invalid_request", "response_type is missing"
    if values["response_type"] != "code":
        return "unsupported_response_type", "only code is supported"
    if not values.get("code_challenge"):
        if "challenge-optional" in faults:
            return None
        return "invalid_request", "code_challenge is missing: PKCE is required"
    if values.get("code_challenge_method") == "plain" and "plain-taken" in faults:
        return None
    if values.get("code_challenge_method") != "S256":
        return "invalid_request", "code_challenge_method must be S256"
    if not _CHALLENGE.fullmatch(values["code_challenge"]):
        return "invalid_request", "code_challenge is not 43 base64url characters"
    return None


def _required_once(parameters: Parameters, name: str) -> str:
    found = [value for key, value in parameters if key == name]
    if len(found) != 1 or not found[0]:
        many = "more than once" if len(found) > 1 else "not at all"
        raise Unredirectable(
            f"The request names its {name} {many}.",
            f"An authorization request needs exactly one {name}.",
        )
    return found[0]
