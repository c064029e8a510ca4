"""Knows how what extensions of OAuth add is mended (idjag-*, ext-*); judges nothing."""

from __future__ import annotations

from collections.abc import Mapping

from mcp_auth_tui.fixes import values
from mcp_auth_tui.fixes.answer import Fix, blank
from mcp_auth_tui.fixes.jwt import titled
from mcp_auth_tui.fixes.served import Row, Served

_TYPE = "urn:ietf:params:oauth:token-type:id-jag"
_PROFILES = "authorization_grant_profiles_supported"
_PROFILE = "urn:ietf:params:oauth:grant-profile:id-jag"


def _declared(served: Served) -> Fix:
    return served.at_metadata(
        lambda answer: answer.put(
            **{_PROFILES: values.with_items(answer.at(f"/{_PROFILES}"), _PROFILE)}
        )
    )


FIXES: Mapping[str, Row] = {
    "idjag-issued-type": lambda served: served.answer.put(issued_token_type=_TYPE),
    "idjag-token-type": lambda served: served.answer.put(token_type="N_A"),
    "idjag-typ": lambda served: titled(served.token, typ="oauth-id-jag+jwt"),
    "idjag-aud": lambda served: served.token.claim(aud=served.expected),
    "idjag-resource": lambda served: served.token.claim(resource=served.expected),
    "idjag-client-id": lambda served: served.token.claim(client_id=served.expected),
    "idjag-long-lived": lambda served: served.token.claim(
        exp=blank("some minutes after iat, in seconds since 1970: a number")
    ),
    "ext-undeclared": _declared,
}
