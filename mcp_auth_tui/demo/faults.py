"""Knows the faults' names and the finding each must lead to; must not know how they are played."""

from collections.abc import Iterable, Mapping
from types import MappingProxyType


class Fault:
    """One thing the practice server breaks on request.

    `finding` is the id (SPEC part 4) that a client's run must report; `stops` says whether the run
    can go no further because of it. A plain class: `--help` must not pay for `dataclasses`.
    """

    __slots__ = ("finding", "name", "sentence", "stops")

    def __init__(self, name: str, finding: str, sentence: str, *, stops: bool = True) -> None:
        self.name = name
        self.finding = finding
        self.sentence = sentence
        self.stops = stops

    def __repr__(self) -> str:
        return f"Fault({self.name!r}, {self.finding!r}, stops={self.stops})"


_ALL = (
    # first contact
    Fault("open", "rs-open", "the MCP server answers without any token", stops=False),
    Fault(
        "no-challenge", "rs-401-no-challenge", "the 401 has no WWW-Authenticate header", stops=False
    ),
    Fault("not-mcp", "rs-not-mcp", "the MCP URL is an ordinary web page"),
    Fault("rate-limited", "net-rate-limited", "the MCP server answers 429 with Retry-After"),
    # protected resource metadata
    Fault("no-prm", "prm-missing", "no protected resource metadata anywhere, nor a link to it"),
    Fault("prm-html", "prm-html", "the protected resource metadata is a web page"),
    Fault("foreign-resource", "prm-resource-foreign", "the metadata is for a resource elsewhere"),
    Fault("no-as", "prm-no-as", "the metadata names no authorization server"),
    Fault("hang", "net-timeout", "the protected resource metadata never arrives"),
    Fault("oversize", "net-oversize", "the protected resource metadata is 400 KB long"),
    # the way of 2025-03-26
    Fault(
        "legacy",
        "prm-missing",
        "no protected resource metadata; the MCP server is its own authorization server",
        stops=False,
    ),
    Fault(
        "legacy-paths",
        "as-legacy-paths",
        "as legacy, and only the default paths /authorize, /token and /register exist",
        stops=False,
    ),
    # authorization server metadata
    Fault("no-metadata", "as-missing", "the authorization server publishes no metadata"),
    Fault("html-metadata", "as-html", "every unknown path of it is a web page, metadata included"),
    Fault("issuer-mismatch", "as-issuer-mismatch", "the metadata names another issuer"),
    Fault("issuer-slash", "as-issuer-slash", "the issuer in it differs by a trailing slash"),
    Fault("no-pkce", "as-pkce-absent", "the metadata promises no PKCE method"),
    Fault("plain-pkce", "as-pkce-no-s256", "the metadata promises PKCE with plain only"),
    Fault("bad-scheme", "as-endpoint-scheme", "the authorization endpoint is a javascript: URL"),
    Fault("http-endpoint", "as-endpoint-http", "the token endpoint is http on another host"),
    # registration
    Fault("no-registration", "as-no-registration", "there is no way to register a client"),
    Fault(
        "dcr-refused",
        "dcr-loopback-refused",
        "every registration is refused over its redirect URI",
    ),
    # authorization response
    Fault("denied", "authz-denied", "access is denied whatever the person answers"),
    Fault("wrong-state", "authz-state", "the callback carries another state than was sent"),
    Fault("wrong-iss", "authz-iss-differs", "the callback names another issuer"),
    Fault("missing-iss", "authz-iss-absent", "the callback lacks the iss that was promised"),
    # token
    Fault("token-error", "token-error", "every code is refused with invalid_grant"),
    Fault("token-type", "token-type-unknown", "the token is of the type mac"),
    # use
    Fault("fresh-token-refused", "rs-fresh-token-refused", "the new token is answered with 401"),
    Fault("stepup-loop", "rs-stepup-limit", "notes:write is demanded again and again"),
)

FAULTS: Mapping[str, Fault] = MappingProxyType({fault.name: fault for fault in _ALL})


def checked(names: Iterable[str]) -> frozenset[str]:
    """Return the names as a set; raises ValueError naming those that are no fault."""
    chosen = frozenset(names)
    unknown = sorted(chosen - FAULTS.keys())
    if unknown:
        raise ValueError(f"unknown fault: {', '.join(unknown)}")
    return chosen
