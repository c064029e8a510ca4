"""What was refused and lifted by hand (A10) is gone on with as far as it can be, never further."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.model import Stage
from mcp_auth_tui.protocol import flow, inspection
from mcp_auth_tui.protocol.config import Config
from mcp_auth_tui.protocol.discovery import server
from tests.protocol.discovery.test_resource import JSON
from tests.protocol.script import (
    AS,
    NOT_FOUND,
    OAUTH,
    OIDC,
    PRM,
    Script,
    World,
    json,
    judge,
    metadata,
    played,
    prm,
)

EVERYTHING = frozenset(CATALOGUE)
ODD = st.sampled_from(
    [
        None, True, 5, [], {}, "", " ", "null", "//x", "a b", "https://", "http://[", "https://x:99",
        "https://x:99999", "https://u@as.example", "https://as.example/#x", "javascript:alert(1)",
        "https://as.example:0/", "https://é.example/", "https://as.example/\x00", "http://127.1/",
        "https://as.example/?a=b", "https://AS.example", "http://as.example", "https://%/", "/a",
    ]
)  # fmt: skip
VALUE = ODD | JSON | st.lists(ODD, max_size=3)
MEMBERS = [
    "issuer", "authorization_endpoint", "token_endpoint", "registration_endpoint", "jwks_uri",
    "scopes_supported", "code_challenge_methods_supported", "grant_types_supported",
    "response_types_supported", "token_endpoint_auth_methods_supported", "protected_resources",
    "pushed_authorization_request_endpoint", "require_pushed_authorization_requests",
]  # fmt: skip


class Beyond(Exception):
    """The small world does not know what it was asked for: the run went on with an odd value."""


@pytest.mark.parametrize("value", [None, 5, ["x"], {}, "", "null", "http://[", "https://x:99999"])
@pytest.mark.parametrize("looking", [False, True], ids=["--allow", "inspect"])
def test_an_issuer_that_is_none_is_told_and_the_one_that_was_asked_for_stays_A5(
    value: Any, looking: bool
) -> None:
    at = judge(Stage.SERVER, allow=EVERYTHING)
    if looking:
        at = inspection.Surveyor(at.config, Stage.SERVER)
    script = Script(server.discover_server(at, AS))
    script.gets((OAUTH, json(200, metadata(value))), (OIDC, NOT_FOUND))
    assert script.returned().issuer == AS
    assert {"as-issuer-missing", "as-issuer-mismatch"} & set(script.broken)


@given(
    st.dictionaries(st.sampled_from(MEMBERS), VALUE, max_size=4),
    st.dictionaries(
        st.sampled_from(["resource", "authorization_servers", "scopes_supported"]),
        VALUE,
        max_size=2,
    ),
    st.dictionaries(
        st.sampled_from(
            ["client_id", "redirect_uris", "client_secret", "token_endpoint_auth_method"]
        ),
        VALUE,
        max_size=2,
    ),
)
@settings(max_examples=300, deadline=None)
def test_no_value_that_was_lifted_is_a_fault_of_ours(
    members: dict[str, Any], resource: dict[str, Any], registered: dict[str, Any]
) -> None:
    world = World(
        pages={PRM: json(200, prm(**resource))},
        documents={OAUTH: metadata(**members)},
        registers=registered,
    )

    def perform(action: Any) -> Any:
        try:
            return world.perform(action)
        except (AssertionError, ValueError):
            raise Beyond from None

    for generator in (
        inspection.run(Config(url=world.url)),
        flow.run(Config(url=world.url, allow=EVERYTHING)),
    ):
        with suppress(Beyond):
            played(generator, perform)
