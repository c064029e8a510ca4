"""Knows how what extensions of OAuth add is mended (idjag-*, ext-*); judges nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mcp_auth_tui.fixes import values
from mcp_auth_tui.fixes.answer import Fix, blank
from mcp_auth_tui.fixes.breach import Breach, Row
from mcp_auth_tui.fixes.jwt import with_header

_TYPE = "urn:ietf:params:oauth:token-type:id-jag"
_PROFILES = "authorization_grant_profiles_supported"
_PROFILE = "urn:ietf:params:oauth:grant-profile:id-jag"


def _declare(breach: Breach) -> Fix:
    return breach.at_metadata(
        lambda answer: answer.put(
            **{_PROFILES: values.with_items(answer.at(f"/{_PROFILES}"), _PROFILE)}
        )
    )


FIXES: Mapping[str, Row] = {
    "idjag-issued-type": lambda breach: breach.answer.put(issued_token_type=_TYPE),
    "idjag-token-type": lambda breach: breach.answer.put(token_type="N_A"),
    "idjag-typ": lambda breach: with_header(breach.token, typ="oauth-id-jag+jwt"),
    "idjag-aud": lambda breach: breach.token.claim(aud=breach.expected),
    "idjag-resource": lambda breach: breach.token.claim(resource=breach.expected),
    "idjag-client-id": lambda breach: breach.token.claim(client_id=breach.expected),
    "idjag-long-lived": lambda breach: breach.token.claim(
        exp=blank("some minutes after iat, in seconds since 1970: a number")
    ),
    "ext-undeclared": _declare,
}
