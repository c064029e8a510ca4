"""Why no fix can be shown: the findings that no other answer of a server would mend."""

from __future__ import annotations

from mcp_auth_tui.findings import CATALOGUE

_RIGHT = "nothing is wrong: it is told because a person may want to know"
_DOES = "it is about what the server does with a request, which no answer of it can show"
_BROWSER = "it came through the browser: it holds a code, and is not kept"
_ASKED = "it is about the URL or the settings of who runs the program"
_DECISION = "the refusal itself has to be taken back, and what comes instead is not known"
_GRANT = "the answer tells truly what was granted: it is the grant that has to change"
_NETWORK = "no answer came, or not by this server's doing"
_OURS = "it is about this program, its settings or its person"
_PROBE = "it is about what the server lets pass, which no answer of it can show"

_BY_REASON = {
    _RIGHT: "rs-open rs-open-metadata prm-as-several prm-dpop-required prm-signed-unchecked"
    " as-endpoint-foreign as-changed token-scope-narrow token-no-refresh",
    _DOES: "rs-wants-key rs-partial-auth rs-stepup-loop rs-stepup-limit rs-fresh-token-refused"
    " rs-session-lost rs-sse-silent rs-redirects-token rs-not-mcp token-basic-encoding token-size",
    _ASKED: "rs-endpoint-http rs-redirect-slash cimd-own-url-form",
    _DECISION: "dcr-scope-refused dcr-refresh-refused dcr-member-refused dcr-redirect-demanded"
    " dcr-loopback-refused dcr-needs-token dcr-refused token-error token-refresh-refused",
    _GRANT: "token-scope-wide token-refresh-wider",
    _BROWSER: "authz-state authz-iss-absent authz-iss-differs authz-iss-error-absent"
    " authz-dup-param authz-code-and-error authz-empty authz-token-in-url authz-post"
    " authz-redirect-altered authz-error-form authz-resource-refused authz-instant authz-denied"
    " authz-client-refused authz-page authz-error authz-timeout authz-paste",
}
_BY_PREFIX = {"net-": _NETWORK, "client-": _OURS, "probe-": _PROBE}
PROBE_WITH_FIX = "probe-authz-headers"

WITHOUT = {
    **{
        id: reason
        for prefix, reason in _BY_PREFIX.items()
        for id in CATALOGUE
        if id.startswith(prefix) and id != PROBE_WITH_FIX
    },
    **{id: reason for reason, ids in _BY_REASON.items() for id in ids.split()},
}
"""Finding to the reason."""
ELSEWHERE = frozenset({_NETWORK, _OURS, _PROBE, _BROWSER, _ASKED})
"""Reasons of findings that speak of no document and no header at all."""
