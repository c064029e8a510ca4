"""``--header``, ``--registration-token``, ``--client-name``: who gets what a person adds."""

from __future__ import annotations

import pytest

from mcp_auth_tui.model import Request, Secret, Whose
from tests.findings.site import Site, site
from tests.protocol.script import AS, MCP, Page, World, body_of, header, json, raw

TENANT = {"headers": (("X-Tenant", Secret("blue-tenant")),)}


@pytest.mark.parametrize("era", ["initialize", "stateless"])
def test_a_header_goes_to_the_mcp_server_with_every_request_and_to_nobody_else(era: str) -> None:
    world = World(era=era)
    script = world.run(**TENANT)
    assert script.returned() == "ok"
    carried = {(item.url == MCP, header(item, "X-Tenant")) for item in world.sent}
    assert carried == {(True, "blue-tenant"), (False, None)}


def test_the_initial_access_token_goes_to_the_registration_alone() -> None:
    """RFC 7591 section 3."""
    world = World()
    world.run(registration_token=Secret("initial-1"), client_name="Ann's laptop").returned()
    [registration] = [item for item in world.sent if item.url == f"{AS}/register"]
    assert header(registration, "Authorization") == "Bearer initial-1"
    assert body_of(registration)["client_name"] == "Ann's laptop"
    others = [header(item, "Authorization") for item in world.sent if item is not registration]
    assert "Bearer initial-1" not in others


# --- servers of reports, whose refusals name what a person adds ---------------------------------


def without(name: str, page: Page) -> Site:
    """A server behind a gateway that wants a header field of its own from everybody."""

    def answer(request: Request) -> Page | None:
        return page if request.url == MCP and header(request, name) is None else None

    return site(answers=answer)


@pytest.mark.parametrize(
    ("name", "page"),
    [
        # docker/docker-agent#3229, docker/docker-agent#3148
        ("X-Grafana-URL", json(400, {"error": "Missing required header: X-Grafana-URL"})),
        # docker/sbx-releases#576
        ("X-Api-Key", json(403, {"message": "Missing header X-Api-Key"})),
        ("Ocp-Apim-Subscription-Key", raw(403, "Ocp-Apim-Subscription-Key is required")),
        ("x-tenant-id", json(400, {"detail": "header 'x-tenant-id' not set"})),
        ("X-Tenant", json(404, {"error": "no tenant: send X-Tenant"})),
    ],
)
def test_a_header_field_that_a_server_misses_is_the_person_s_to_send(name: str, page: Page) -> None:
    stop = without(name, page).run().stopped()
    assert (stop.id, stop.whose) == ("net-http", Whose.CLIENT)
    assert stop.message == f"The server wants the header field {name}."
    assert f"--header '{name}: VALUE'" in stop.next
    given = {"headers": ((name, Secret("a-value")),)}
    assert without(name, page).run(**given).returned() == "ok"


@pytest.mark.parametrize(
    "page",
    [
        json(403, {"error": "Missing required header"}),
        json(403, {"error": "Missing Mcp-Session-Id"}),
        json(403, {"error": "no, x-request-id: 17"}),
        raw(403, "max-age is required"),
    ],
)
def test_no_field_is_guessed(page: Page) -> None:
    world = site(answers=lambda r: page if r.url == MCP else None)
    told = world.run().stopped()
    assert "--header" not in f"{told.next} {told.meanwhile}"


def test_a_field_that_was_sent_is_not_asked_for_again() -> None:
    page = json(403, {"error": "X-Api-Key is required"})
    world = site(answers=lambda r: page if r.url == MCP else None)
    stop = world.run(headers=(("x-api-key", Secret("wrong")),)).stopped()
    assert (stop.id, stop.whose) == ("rs-wrong-status", Whose.SERVER)


def test_a_server_of_keys_says_in_which_field_it_wants_them() -> None:
    def answer(request: Request) -> Page | None:
        return json(401, {"error": "x-api-key header is required"}) if request.url == MCP else None

    stop = site(challenge="", pages={}, documents={}, base="https://mcp.example", answers=answer)
    stop.answers = lambda r: answer(r) or (raw(404) if r.url.endswith("/register") else None)
    finding = stop.run().stopped()
    assert finding.id == "prm-missing"
    assert "--header 'x-api-key: VALUE'" in finding.meanwhile


GATED = [
    # elgorro/aiquila#457
    json(401, {"error": "invalid_token", "error_description": "Initial access token required"}),
    json(401, {"error": "Unauthorized"}),
    json(403, {"message": "a bearer token is needed"}),
]


@pytest.mark.parametrize("page", GATED)
def test_a_registration_that_is_gated_names_the_token_for_it(page: Page) -> None:
    def make() -> Site:
        def answer(request: Request) -> Page | None:
            opened = header(request, "Authorization") == "Bearer initial-1"
            return None if opened or request.url != f"{AS}/register" else page

        return site(answers=answer)

    stop = make().run().stopped()
    assert (stop.id, stop.whose) == ("dcr-needs-token", Whose.ISSUER)
    assert "--registration-token SOURCE" in stop.next
    assert make().run(registration_token=Secret("initial-1")).returned() == "ok"
    wrong = make().run(registration_token=Secret("other")).stopped()
    assert (wrong.whose, wrong.message) == (
        Whose.CLIENT,
        "The server does not take the initial access token.",
    )
