"""Knows the names of faults and variants and the finding of each, and not how they are played.

A fault ends a run. With a variant the server is merely another one than most: a run reports it and
goes on.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType


class Fault:
    """One thing the practice server does otherwise on request.

    `finding` is the id (SPEC part 4) that a client's run must report; `inspected` says whether it
    shows before anybody registers or signs in. A plain class: `--help` must not pay for
    `dataclasses`.
    """

    __slots__ = ("finding", "inspected", "name", "sentence")

    def __init__(self, name: str, finding: str, sentence: str, *, inspected: bool = True) -> None:
        self.name = name
        self.finding = finding
        self.sentence = sentence
        self.inspected = inspected

    def __repr__(self) -> str:
        return f"Fault({self.name!r}, {self.finding!r}, inspected={self.inspected})"


_FAULTS = (
    # first contact
    Fault("not-mcp", "rs-not-mcp", "the MCP URL is an ordinary web page"),
    Fault("rate-limited", "net-rate-limited", "the MCP server answers 429 with Retry-After"),
    # protected resource metadata
    Fault("no-prm", "prm-missing", "no protected resource metadata anywhere, nor a link to it"),
    Fault("prm-html", "prm-html", "the protected resource metadata is a web page"),
    Fault("foreign-resource", "prm-resource-foreign", "the metadata is for a resource elsewhere"),
    Fault("no-as", "prm-no-as", "the metadata names no authorization server"),
    Fault("hang", "net-timeout", "the protected resource metadata never arrives"),
    Fault("oversize", "net-oversize", "the protected resource metadata is 400 KB long"),
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
        inspected=False,
    ),
    # authorization response
    Fault(
        "denied",
        "authz-denied",
        "access is denied whatever the person answers",
        inspected=False,
    ),
    Fault(
        "wrong-state",
        "authz-state",
        "the callback carries another state than was sent",
        inspected=False,
    ),
    Fault("wrong-iss", "authz-iss-differs", "the callback names another issuer", inspected=False),
    Fault(
        "missing-iss",
        "authz-iss-absent",
        "the callback lacks the iss that was promised",
        inspected=False,
    ),
    # token
    Fault(
        "token-error", "token-error", "every code is refused with invalid_grant", inspected=False
    ),
    Fault("token-type", "token-type-unknown", "the token is of the type mac", inspected=False),
    # use
    Fault(
        "fresh-token-refused",
        "rs-fresh-token-refused",
        "the new token is answered with 401",
        inspected=False,
    ),
    Fault(
        "stepup-loop",
        "rs-stepup-limit",
        "notes:write is demanded again and again",
        inspected=False,
    ),
)
_VARIANTS = (
    Fault("open", "rs-open", "the MCP server answers without any token"),
    Fault("no-challenge", "rs-401-no-challenge", "the 401 has no WWW-Authenticate header"),
    Fault(
        "legacy",
        "prm-missing",
        "no protected resource metadata; the MCP server is its own authorization server",
    ),
    Fault(
        "legacy-paths",
        "as-legacy-paths",
        "as legacy, and only the default paths /authorize, /token and /register exist",
    ),
)

FAULTS: Mapping[str, Fault] = MappingProxyType({fault.name: fault for fault in _FAULTS})
VARIANTS: Mapping[str, Fault] = MappingProxyType({fault.name: fault for fault in _VARIANTS})


def checked(names: Iterable[str]) -> frozenset[str]:
    """Return the names as a set; raises ValueError naming those that are no fault or variant."""
    chosen = frozenset(names)
    unknown = sorted(chosen - FAULTS.keys() - VARIANTS.keys())
    if unknown:
        raise ValueError(f"unknown fault or variant: {', '.join(unknown)}")
    return chosen
