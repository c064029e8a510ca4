"""Against the practice server: the option that an end names is typed, and so on, to a header."""

from __future__ import annotations

import pytest

from mcp_auth_tui.demo.faults import FAULTS
from mcp_auth_tui.demo.thread import running
from tests.runs import finished

# Fault to what is typed, a step after the other: each step as the end before it names it.
BY_HAND = (
    *("--authorization-endpoint", "{issuer}/authorize"),
    *("--token-endpoint", "{issuer}/token"),
    *("--registration-endpoint", "{issuer}/register"),
)
THROUGH: dict[str, tuple[tuple[str, ...], ...]] = {
    "no-prm": (("--issuer", "{issuer}"),),
    "prm-html": (("--issuer", "{issuer}"),),
    "foreign-resource": (("--allow", "prm-resource-foreign"), ("--no-resource",)),
    "no-as": (("--issuer", "{issuer}"),),
    "hang": (("--issuer", "{issuer}"),),
    "oversize": (("--issuer", "{issuer}"),),
    "no-metadata": (BY_HAND,),
    "html-metadata": (BY_HAND,),
    "issuer-slash": (("--issuer", "{issuer}/"), ("--allow", "authz-iss-differs")),
    "issuer-mismatch": (("--allow", "as-issuer-mismatch"), ("--allow", "authz-iss-differs")),
    "no-pkce": (("--allow", "as-pkce-absent"),),
    "plain-pkce": (("--allow", "as-pkce-no-s256"),),
    "bad-scheme": (BY_HAND[:2],),
    "http-endpoint": (BY_HAND[2:4],),
    "wrong-iss": (("--allow", "authz-iss-differs"),),
    "missing-iss": (("--allow", "authz-iss-absent"),),
    "token-type": (("--allow", "token-type-unknown"),),
}
# What no option mends.
CLOSED = {
    *("not-mcp", "rate-limited", "no-registration", "dcr-refused", "denied", "wrong-state"),
    *("token-error", "fresh-token-refused", "stepup-loop"),
}


@pytest.mark.parametrize("fault", THROUGH)
async def test_what_an_end_names_leads_to_a_header(fault: str) -> None:
    words = ["--browser", "follow", "--token-store", "none", "--timeout", "0.3"]
    with running(auto_approve=True, faults=(fault,)) as server:
        done = await finished(server.url, *words)
        for step in THROUGH[fault]:
            typed = [word.format(issuer=server.issuer) for word in step]
            stop = done.session.stop
            assert stop is not None
            told = f"{stop.next} {stop.meanwhile}"
            # What the person alone knows is named by its option, all else as it is to be typed.
            known = typed[0] in ("--allow", "--no-resource")
            assert (" ".join(typed) if known else typed[0]) in told, told
            words += typed
            done = await finished(server.url, *words)
    assert done.code == 0
    assert done.session.headers


def test_every_fault_is_in_the_table_or_has_no_way_through() -> None:
    assert {*THROUGH} | CLOSED == {*FAULTS}
    assert not {*THROUGH} & CLOSED
