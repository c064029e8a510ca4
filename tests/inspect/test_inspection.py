"""What an inspection looks at, told top to bottom by hand-fed answers."""

from __future__ import annotations

import pytest

from mcp_auth_tui.model import Failure, Level, Outcome, Response, Stage, Status
from mcp_auth_tui.render.owner import owner
from mcp_auth_tui.text.redaction import SECRET_HEADERS
from tests.inspect.world import (
    GOOD,
    ISSUER,
    JSON,
    MISSING,
    PRM,
    PRM_ROOT,
    URL,
    broken,
    challenged,
    document,
    inspected,
    metadata,
    requests,
    resource,
    server,
)

OTHER = "https://login.example.org"


def test_a_server_that_keeps_every_rule_is_asked_three_times_and_has_no_findings() -> None:
    session = inspected(GOOD)
    assert requests(session) == [f"POST {URL}", f"GET {PRM}", f"GET {metadata(ISSUER)}"]
    assert broken(session) == []
    assert [session.stages[stage].status for stage in Stage] == [
        *[Status.DONE] * 3,
        *[Status.IDLE] * 4,
    ]
    assert session.outcome is Outcome.OK


def test_no_request_of_an_inspection_carries_a_credential() -> None:
    """A9."""
    session = inspected(GOOD)
    names = {field.name.lower() for item in session.exchanges for field in item.request.headers}
    assert names & SECRET_HEADERS == set()
    assert all(item.request.form is None for item in session.exchanges)


def test_a_foreign_resource_is_fatal_and_the_authorization_server_is_still_looked_at() -> None:
    """P5: the flow refuses here."""
    foreign = resource(resource="https://other.example.com/mcp")
    lacking = server(code_challenge_methods_supported=None)
    session = inspected({**GOOD, PRM: foreign, metadata(ISSUER): lacking})
    assert broken(session, Level.FATAL) == ["prm-resource-foreign", "as-pkce-absent"]
    assert session.stages[Stage.RESOURCE].status is Status.FAILED


def test_another_issuer_is_fatal_and_the_rest_of_its_document_is_still_judged() -> None:
    """A5."""
    wrong = server("https://wrong.example.com", code_challenge_methods_supported=["plain"])
    session = inspected({**GOOD, metadata(ISSUER): wrong})
    assert broken(session, Level.FATAL) == ["as-issuer-mismatch", "as-pkce-no-s256"]


def test_what_a_document_claims_to_be_does_not_make_it_somebody_else_s_to_mend() -> None:
    """upstash/context7#2723: whoever serves the document mends it, on every face."""
    wrong = server("https://wrong.example.com", code_challenge_methods_supported=["plain"])
    session = inspected({**GOOD, metadata(ISSUER): wrong})
    told = [owner(session, item) for item in session.findings if item.level is Level.FATAL]
    assert told == ["authorization server (auth.example.com)"] * 2


def test_of_several_authorization_servers_each_has_what_it_has_to_mend() -> None:
    weak = server(OTHER, code_challenge_methods_supported=["plain"])
    session = inspected({**GOOD, PRM: resource(ISSUER, OTHER), metadata(OTHER): weak})
    owners = [owner(session, item) for item in session.findings if item.id == "as-pkce-no-s256"]
    servers = ("auth.example.com", "login.example.org")
    assert owners == [f"authorization server ({host})" for host in servers]


def test_a_page_in_place_of_the_metadata_is_one_row_for_each_exchange() -> None:
    page = Response(200, (("content-type", "text/html"),), b"<title>Log in</title>")
    places = (metadata(ISSUER), f"{ISSUER}/.well-known/openid-configuration")
    session = inspected({**GOOD, **dict.fromkeys(places, page)})
    rows = [(item.id, item.level, item.exchange) for item in session.findings if "html" in item.id]
    assert rows[1:] == [("as-html", Level.ERROR, 3), ("as-html", Level.FATAL, 4)]
    assert rows[0][:2] == ("prm-html", Level.OK)
    assert session.findings[-1].seen == (
        f"{places[1]}: a web page (HTML), not JSON: “Log in”; "
        f"{places[0]}: a web page (HTML), not JSON"
    )


def test_every_authorization_server_is_looked_at_whatever_the_one_before_was_like() -> None:
    answers = {**GOOD, PRM: resource(OTHER, ISSUER)}
    session = inspected(answers)
    assert f"GET {metadata(OTHER)}" in requests(session)
    assert requests(session)[-1] == f"GET {metadata(ISSUER)}"
    assert broken(session, Level.FATAL) == ["as-missing"]
    assert "prm-as-several" in broken(session, Level.INFO)
    assert session.server.issuer == ISSUER
    assert session.stages[Stage.SERVER].summary == "1 of 2 servers can be used"


def test_an_open_server_is_still_asked_for_its_metadata_and_owes_none() -> None:
    """T4: authorization is optional, so its absence is no fault."""
    hello = {"jsonrpc": "2.0", "id": 1, "result": {"supportedVersions": ["2026-07-28"]}}
    session = inspected({URL: document(hello)})
    assert requests(session)[-2:] == [f"GET {PRM}", f"GET {PRM_ROOT}"]
    assert broken(session, *Level) == ["rs-open"]
    assert session.outcome is Outcome.OPEN


def test_the_metadata_of_an_open_server_is_judged_when_it_is_there() -> None:
    hello = {"jsonrpc": "2.0", "id": 1, "result": {"supportedVersions": ["2026-07-28"]}}
    foreign = resource(resource="https://other.example.com/mcp")
    session = inspected({**GOOD, URL: document(hello), PRM: foreign})
    assert broken(session, Level.FATAL) == ["prm-resource-foreign"]
    assert requests(session)[-1] == f"GET {metadata(ISSUER)}"


def test_an_open_server_with_right_metadata_breaks_nothing() -> None:
    """anomalyco/opencode#36946: it can be signed in to although it did not ask."""
    hello = {"jsonrpc": "2.0", "id": 1, "result": {"supportedVersions": ["2026-07-28"]}}
    session = inspected({**GOOD, URL: document(hello)})
    told = (Level.FATAL, Level.ERROR, Level.WARNING, Level.INFO)
    assert broken(session, *told) == ["rs-open", "rs-open-metadata"]
    assert session.outcome is Outcome.OPEN


@pytest.mark.parametrize(
    "page",
    [
        Response(401, JSON, b'{"error": "unauthorized"}'),
        Response(405, JSON, b'{"errorCode": "E0000022"}'),
        Response(200, (("content-type", "text/html"),), b"<title>App</title>"),
    ],
)
def test_a_place_that_is_not_needed_fails_no_inspection(page: Response) -> None:
    """microsoft/vscode#308766."""
    issuer = f"{ISSUER}/oauth2/default"
    inserted = (
        f"{ISSUER}/.well-known/{name}/oauth2/default"
        for name in ("oauth-authorization-server", "openid-configuration")
    )
    oidc = server(
        issuer,
        jwks_uri=f"{ISSUER}/keys",
        subject_types_supported=["public"],
        id_token_signing_alg_values_supported=["RS256"],
    )
    session = inspected(
        {
            URL: challenged(PRM_ROOT),
            PRM_ROOT: resource(issuer),
            **dict.fromkeys(inserted, page),
            f"{issuer}/.well-known/openid-configuration": oidc,
        }
    )
    assert broken(session, Level.FATAL, Level.ERROR, Level.WARNING) == []
    assert session.server is not None


def test_a_web_page_is_no_mcp_server_and_nothing_more_is_demanded_of_it() -> None:
    """T3."""
    page = Response(200, (("content-type", "text/html"),), b"<!DOCTYPE html>")
    session = inspected(dict.fromkeys((URL, PRM, PRM_ROOT), page))
    assert broken(session) == ["rs-not-mcp"]


def test_a_403_without_a_token_still_leads_to_the_metadata_that_it_names() -> None:
    session = inspected({**GOOD, URL: challenged(status=403)})
    assert broken(session) == ["rs-wrong-status"]
    assert requests(session)[-2:] == [f"GET {PRM}", f"GET {metadata(ISSUER)}"]


def test_a_login_redirect_is_fatal_and_missing_metadata_is_told_too() -> None:
    login = Response(302, (("location", f"{ISSUER}/login"),))
    session = inspected({URL: login})
    assert broken(session, Level.FATAL) == ["rs-login-redirect"]
    assert "prm-missing" in broken(session, Level.ERROR)
    assert f"GET {metadata(URL.removesuffix('/mcp'))}" in requests(session)


@pytest.mark.parametrize("kind", ["net-dns", "net-connect", "net-tls", "net-timeout"])
def test_a_host_that_does_not_answer_is_left_alone(kind: str) -> None:
    session = inspected({URL: Failure(kind, "nothing")})
    assert (broken(session), requests(session)) == ([kind], [f"POST {URL}"])


def test_a_server_that_asks_to_wait_is_left_alone() -> None:
    session = inspected({**GOOD, URL: Response(429, (("retry-after", "60"), *JSON))})
    assert (broken(session), len(session.exchanges)) == (["net-rate-limited"], 1)


def test_without_metadata_anywhere_the_place_of_the_first_revision_is_looked_at() -> None:
    """L1."""
    base = URL.removesuffix("/mcp")
    answers = {URL: challenged(), metadata(base): server(base, protected_resources=None)}
    session = inspected({**answers, PRM: MISSING})
    assert requests(session)[-1] == f"GET {metadata(base)}"
    assert broken(session, Level.FATAL) == []
    assert "prm-missing" in broken(session, Level.ERROR)


def test_an_endpoint_that_is_no_web_address_ends_one_server_and_not_the_other() -> None:
    """A7."""
    bad = server(OTHER, authorization_endpoint="javascript:alert(1)")
    answers = {**GOOD, PRM: resource(OTHER, ISSUER), metadata(OTHER): bad}
    session = inspected(answers)
    assert broken(session, Level.FATAL) == ["as-endpoint-scheme"]
    assert session.server.issuer == ISSUER


def test_a_document_that_is_missed_is_looked_for_elsewhere_as_a_run_does() -> None:
    """Issue 10, kind 7: what is found is the evidence, and names the option."""
    tenant = f"{ISSUER}/tenant"
    root = f"{ISSUER}/.well-known/openid-configuration"
    session = inspected({URL: challenged(), PRM: resource(tenant), root: server(ISSUER)})
    assert root in [item.request.url for item in session.exchanges]
    assert broken(session, Level.FATAL) == ["as-misplaced"]
    [found] = [item for item in session.findings if item.id == "as-misplaced"]
    assert ISSUER in found.seen
    assert f"--issuer {ISSUER}" in found.meanwhile


def test_a_server_that_is_not_needed_for_another_can_be_used_stops_nobody() -> None:
    session = inspected({**GOOD, PRM: resource(ISSUER, OTHER)})
    assert broken(session, Level.FATAL) == []
    assert broken(session, Level.ERROR) == []
    [dead] = [item for item in session.findings if item.id == "as-missing" and item.level != "ok"]
    assert dead.level is Level.WARNING
