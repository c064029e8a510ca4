"""Our rules and the MCP Python SDK's, over generated inputs; where they differ, a row says why.

Each property runs over inputs that no row of `DIFFERENCES` is about, and there both must agree.
Each row is asserted from both sides, so that a change of the SDK is noticed too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mcp_auth_tui.model import Secret, Stage
from mcp_auth_tui.model.oauth import Contact
from mcp_auth_tui.protocol import challenge
from mcp_auth_tui.protocol.actions import Callback
from mcp_auth_tui.protocol.authorization import callback
from mcp_auth_tui.protocol.authorization.scope import choose_scope
from mcp_auth_tui.protocol.discovery import resource, resource_document, server
from mcp_auth_tui.protocol.registration.client import document_url_faults
from mcp_auth_tui.protocol.urls import mcp_url
from tests.protocol.script import AS, OAUTH, Script, attempt, json, judge, metadata
from tests.protocol.script import resource as made_resource
from tests.protocol.script import server as made_server

httpx2 = pytest.importorskip("httpx2")
auth = pytest.importorskip("mcp.shared.auth")
utils = pytest.importorskip("mcp.client.auth.utils")
sdk_urls = pytest.importorskip("mcp.shared.auth_utils")
OAuthFlowError = pytest.importorskip("mcp.client.auth").OAuthFlowError


# Ours and theirs, side by side, in the same terms


def our_prm_places(url: str, *named: str) -> list[str]:
    return [place.url for place in resource.places(url, named)]


def sdk_prm_places(url: str, *named: str) -> list[str]:
    found = utils.build_protected_resource_metadata_discovery_urls(named[0] if named else None, url)
    return [str(item) for item in found]


def our_as_places(issuer: str) -> list[str]:
    return list(server.places(issuer))


def sdk_as_places(issuer: str) -> list[str]:
    found = utils.build_oauth_authorization_server_metadata_discovery_urls(issuer, "https://x/")
    return [str(item) for item in found]


def our_header(name: str, *fields: str) -> str | None:
    parsed = challenge.parse(fields)
    return Contact(401, parsed.challenges).param(name)


def sdk_header(name: str, *fields: str) -> str | None:
    response = httpx2.Response(401, headers=[("WWW-Authenticate", field) for field in fields])
    if name == "scope":
        return str_or_none(utils.extract_scope_from_www_auth(response))
    if name == "resource_metadata":
        return str_or_none(utils.extract_resource_metadata_from_www_auth(response))
    return str_or_none(utils.extract_field_from_www_auth(response, name))


def str_or_none(value: Any) -> str | None:
    assert value is None or isinstance(value, str)
    return value


def our_scope(
    challenged: str | None, prm: Any, listed: Any, spec: str = "2026-07-28"
) -> str | None:
    made = made_server(scopes_supported=... if listed is None else list(listed))
    known = made_resource(scopes=tuple(prm or ()))
    at = judge(Stage.AUTHORIZE, spec=spec)
    return choose_scope(at, challenged, known, made).value


def sdk_scope(
    challenged: str | None, prm: Any, listed: Any, spec: str = "2026-07-28"
) -> str | None:
    document = {"resource": "https://mcp.example/mcp", "authorization_servers": [AS]}
    known = auth.ProtectedResourceMetadata(**document, scopes_supported=prm)
    made = sdk_metadata(AS, scopes_supported=listed)
    grants = ["authorization_code", "refresh_token"]
    return str_or_none(utils.get_client_metadata_scopes(challenged, known, made, grants))


def sdk_metadata(issuer: str, **members: Any) -> Any:
    endpoints = {"authorization_endpoint": f"{AS}/authorize", "token_endpoint": f"{AS}/token"}
    return auth.OAuthMetadata(issuer=issuer, **endpoints, **members)


def our_issuer(asked: str, named: str) -> bool:
    """Whether a document that names this issuer is used for that one."""
    script = Script(server.discover_server(judge(Stage.SERVER), asked))
    for url in server.places(asked):
        if script.action is not None:
            script.sends("GET", url, json(200, metadata(named)))
    return script.stop is None


def sdk_issuer(asked: str, named: str) -> bool:
    return not raises(lambda: utils.validate_metadata_issuer(sdk_metadata(named), asked))


def our_iss(promised: bool, iss: str | None) -> bool:
    """Whether a callback with this `iss` is accepted, from an issuer `AS`."""
    query = "code=a-code&state=the-state" + ("" if iss is None else f"&iss={iss}")
    made = attempt(iss_promised=promised, state=Secret("the-state"))
    return Script(callback.judge_callback(judge(), made, Callback(query, "listener"))).stop is None


def sdk_iss(promised: bool, iss: str | None) -> bool:
    made = sdk_metadata(AS, authorization_response_iss_parameter_supported=promised)
    return not raises(lambda: utils.validate_authorization_response_iss(iss, made))


def raises(work: Callable[[], object]) -> bool:
    try:
        work()
    except OAuthFlowError:
        return True
    return False


def our_fit(url: str, named: str) -> bool:
    """Whether metadata with this `resource` may be used for the MCP URL."""
    return resource_document.compare(named, url) != "foreign"


def sdk_fit(url: str, named: str) -> bool:
    return bool(sdk_urls.check_resource_allowed(url, named))


def our_canonical(url: str) -> str:
    return mcp_url(url).url


def sdk_canonical(url: str) -> str:
    return str(sdk_urls.resource_url_from_server_url(url))


def our_document_url(url: str) -> bool:
    return not document_url_faults(url)


def sdk_document_url(url: str) -> bool:
    return bool(utils.is_valid_client_metadata_url(url))


# The table of differences


@dataclass(frozen=True)
class Difference:
    """One place where we differ on purpose."""

    what: str
    ours: Callable[..., Any]
    theirs: Callable[..., Any]
    given: tuple[Any, ...]
    we: Any
    they: Any
    why: str
    rule: str
    """The SPEC id that says so."""


MCP = "https://h.example"
PRM = f"{MCP}/.well-known/oauth-protected-resource"
OAS, OIC = "/.well-known/oauth-authorization-server", "/.well-known/openid-configuration"

DIFFERENCES = (
    Difference(
        "the slash at the end of the MCP URL",
        *(our_prm_places, sdk_prm_places, (f"{MCP}/mcp/",)),
        [f"{PRM}/mcp", f"{PRM}/mcp/", PRM],
        [f"{PRM}/mcp/", PRM],
        "RFC 9728 §3.1 removes a terminating slash; servers differ over which, so both are asked",
        "P2",
    ),
    Difference(
        "the query of the MCP URL",
        *(our_prm_places, sdk_prm_places, (f"{MCP}/mcp?tenant=1",)),
        [f"{PRM}/mcp?tenant=1", PRM],
        [f"{PRM}/mcp", PRM],
        "RFC 9728 §3.1 keeps the query: it may choose the resource",
        "P2",
    ),
    Difference(
        "parameters of a path segment",
        *(our_prm_places, sdk_prm_places, (f"{MCP}/mcp;v=1",)),
        [f"{PRM}/mcp;v=1", PRM],
        [f"{PRM}/mcp", PRM],
        "they belong to the path (RFC 3986 §3.3)",
        "P7",
    ),
    Difference(
        "dot segments",
        *(our_prm_places, sdk_prm_places, (f"{MCP}/a/../mcp",)),
        [f"{PRM}/a/../mcp", PRM],
        [f"{PRM}/mcp", PRM],
        "identifiers are not normalised",
        "P7",
    ),
    Difference(
        "a place of the challenge that is a well-known one",
        *(our_prm_places, sdk_prm_places, (f"{MCP}/mcp", f"{PRM}/mcp")),
        [f"{PRM}/mcp", PRM],
        [f"{PRM}/mcp", f"{PRM}/mcp", PRM],
        "a place that stands in the order twice is asked once",
        "P2",
    ),
    Difference(
        "several places in the challenges",
        *(our_prm_places, sdk_prm_places, (f"{MCP}/mcp", f"{MCP}/1", f"{MCP}/2")),
        [f"{MCP}/1", f"{MCP}/2", f"{PRM}/mcp", PRM],
        [f"{MCP}/1", f"{PRM}/mcp", PRM],
        "every value of a repeated parameter is kept and tried in order",
        "C6",
    ),
    Difference(
        "two slashes at the end of an issuer",
        *(our_as_places, sdk_as_places, (f"{MCP}/t//",)),
        [f"{MCP}{OAS}/t/", f"{MCP}{OIC}/t/", f"{MCP}/t/{OIC}"],
        [f"{MCP}{OAS}/t", f"{MCP}{OIC}/t", f"{MCP}/t{OIC}"],
        "one terminating slash goes, the rest is the issuer's name",
        "A4",
    ),
    Difference(
        "capital letters in an issuer's host",
        *(our_as_places, sdk_as_places, ("https://H.Example/T",)),
        [f"{MCP}{OAS}/T", f"{MCP}{OIC}/T", f"{MCP}/T{OIC}"],
        [f"https://H.Example{OAS}/T", f"https://H.Example{OIC}/T", f"https://H.Example/T{OIC}"],
        "only the address that is asked is lower-cased; the issuer is compared as it came",
        "A5",
    ),
    Difference(
        "blanks around the equals sign",
        *(our_header, sdk_header, ("scope", 'Bearer scope = "a"')),
        *("a", None, "the grammar allows them (RFC 9110 §11.2)", "C2"),
    ),
    Difference(
        "capital letters in a parameter's name",
        *(our_header, sdk_header, ("scope", 'Bearer Scope="a"')),
        *("a", None, "names are compared without case", "C2"),
    ),
    Difference(
        "an escaped quote in a value",
        *(our_header, sdk_header, ("error_description", r'Bearer error_description="a \"b\""')),
        *('a "b"', "a \\", "quoted pairs are read (RFC 9110 §5.6.4)", "C2"),
    ),
    Difference(
        "a parameter in the text of another",
        *(our_header, sdk_header, ("scope", 'Bearer realm="use scope=x", scope="a"')),
        *("a", 'x"', "what stands in quotes is a value, not a parameter", "C2"),
    ),
    Difference(
        "a parameter whose name ends like another's",
        *(our_header, sdk_header, ("scope", 'Bearer x_scope="b", scope="a"')),
        *("a", "b", "names are compared whole", "C2"),
    ),
    Difference(
        "an empty value",
        *(our_header, sdk_header, ("scope", 'Bearer scope="", error="e"')),
        *("", '""', "an empty quoted string is an empty value", "C2"),
    ),
    Difference(
        "an empty scope in the challenge",
        *(our_scope, sdk_scope, ("", ["a"], None)),
        *("a", "", "an empty scope names nothing: the next source counts", "Z4"),
    ),
    Difference(
        "an empty list of scopes",
        *(our_scope, sdk_scope, (None, [], None)),
        *(None, "", "nothing to ask for: the parameter is left out", "Z4"),
    ),
    Difference(
        "scopes of the authorization server",
        *(our_scope, sdk_scope, (None, None, ["a", "b"])),
        *(None, "a b", "MCP names challenge and resource metadata only", "Z4"),
    ),
    Difference(
        "offline_access before 2026-07-28",
        *(our_scope, sdk_scope, ("a", None, ["offline_access"], "2025-11-25")),
        *("a", "a offline_access", "earlier revisions do not know the rule", "Z5"),
    ),
    Difference(
        "characters that no scope may hold",
        *(our_scope, sdk_scope, ('a b"c', None, None)),
        *("a", 'a b"c', "what is sent back is checked first (RFC 6749 §3.3)", "C6"),
    ),
    Difference(
        "the default port",
        *(our_fit, sdk_fit, (f"{MCP}/mcp", f"{MCP}:443/mcp")),
        *(True, False, "the same origin (RFC 6454 §4); told as a deviation", "P5"),
    ),
    Difference(
        "capital letters in the issuer that a document names",
        *(our_issuer, sdk_issuer, (AS, "https://AS.example")),
        *(False, True, "the strings are compared as they came, and never as URLs", "A5"),
    ),
    Difference(
        "a user name in a client id that is a URL",
        *(our_document_url, sdk_document_url, ("https://u@h.example/doc",)),
        *(False, True, "a client id that is a URL carries no user information", "G2"),
    ),
    Difference(
        "a fragment in a client id that is a URL",
        *(our_document_url, sdk_document_url, ("https://h.example/doc#x",)),
        *(False, True, "nor a fragment", "G2"),
    ),
    Difference(
        "dot segments in a client id that is a URL",
        *(our_document_url, sdk_document_url, ("https://h.example/a/%2e%2E/doc",)),
        *(False, True, "nor dot segments, escaped or not", "G2"),
    ),
)


@pytest.mark.parametrize("row", DIFFERENCES, ids=lambda row: row.what)
def test_where_we_differ_both_sides_do_what_the_table_says(row: Difference) -> None:
    assert row.we != row.they
    assert (row.ours(*row.given), row.theirs(*row.given)) == (row.we, row.they), row.why


# Where we agree

HOSTS = st.sampled_from(["h.example", "a.b.example", "127.0.0.1", "[::1]", "localhost"])
PORTS = st.sampled_from(["", ":8080", ":8443", ":1"])
# No dot segments, no `;`, no empty segments: the table is about those.
SEGMENTS = st.text("abzAZ019-_~.%20", min_size=1, max_size=6).filter(
    lambda text: text.strip(".") != "" and "%" not in text
)
ORIGINS = st.builds(lambda host, port: f"https://{host}{port}", HOSTS, PORTS)
PATHS = st.lists(SEGMENTS, max_size=3).map(lambda parts: "".join(f"/{part}" for part in parts))
URLS = st.builds(str.__add__, ORIGINS, PATHS)


@given(URLS, st.none() | URLS)
def test_resource_metadata_is_looked_for_in_the_same_places(url: str, named: str | None) -> None:
    """P2"""
    assume(named is None or named not in sdk_prm_places(url))
    told = () if named is None else (named,)
    assert our_prm_places(url, *told) == sdk_prm_places(url, *told)


@given(URLS, st.sampled_from(["", "/"]))
def test_server_metadata_is_looked_for_in_the_same_places(issuer: str, slash: str) -> None:
    """A2, A3, A4: also with one slash at the end."""
    assert our_as_places(issuer + slash) == sdk_as_places(issuer + slash)


@given(URLS)
def test_without_resource_metadata_there_is_the_same_one_place_L1(url: str) -> None:
    script = Script(server.legacy_server(judge(url=url)))
    (place,) = utils.build_oauth_authorization_server_metadata_discovery_urls(None, url)
    assert script.action.request.url == place


PARAMETERS = ("realm", "error", "error_description", "resource_metadata", "scope")
# Quoted values without `=` and quotes; the table has one of each.
VALUES = st.text(st.characters(codec="ascii", min_codepoint=32, max_codepoint=126), min_size=1)
QUOTED = VALUES.filter(lambda text: not set(text) & set('\\"='))
TOKENS = st.text("abc019-._~:", min_size=1)
PAIRS = st.dictionaries(
    st.sampled_from(PARAMETERS), QUOTED.map(lambda text: f'"{text}"') | TOKENS, min_size=1
)


@given(st.sampled_from(["Bearer", "DPoP", "bearer"]), PAIRS, st.sampled_from(PARAMETERS))
def test_a_challenge_says_the_same_to_both(scheme: str, pairs: dict[str, str], name: str) -> None:
    """C1, C2, C3"""
    field = f"{scheme} " + ", ".join(f"{key}={value}" for key, value in pairs.items())
    if scheme == "Bearer" and len(pairs) > 1:
        field = f'Basic realm="b", {field}'
        assume(name != "realm")
    assert our_header(name, field) == sdk_header(name, field)


SCOPES = st.lists(st.text("abc:/.!", min_size=1, max_size=4), min_size=1, max_size=3, unique=True)


@given(st.none() | SCOPES, st.none() | SCOPES, st.booleans(), st.booleans())
def test_the_same_scope_is_asked_for(
    challenged: Any, prm: Any, offline: bool, already: bool
) -> None:
    """Z4, Z5: under 2026-07-28; an authorization server that lists other scopes is in the table."""
    told = None if challenged is None else " ".join(challenged) + " offline_access" * already
    assume(told is not None or prm is not None)
    listed = ["offline_access"] if offline else None
    assert our_scope(told, prm, listed) == sdk_scope(told, prm, listed)


@given(SCOPES, SCOPES)
def test_more_scope_means_the_same_union_S1(before: list[str], challenged: list[str]) -> None:
    """S1: the order is ours, for it has no meaning (RFC 6749 §3.3)."""
    told = " ".join(challenged)
    at, known = judge(Stage.AUTHORIZE), made_resource()
    ours = choose_scope(at, told, known, made_server(), frozenset(before), again=True)
    theirs = utils.union_scopes(" ".join(before), told)
    assert sorted((ours.value or "").split()) == sorted(theirs.split())


ISSUERS = st.sampled_from(
    [
        AS,
        f"{AS}/",
        f"{AS}/t",
        f"{AS}/t/",
        f"{AS}/T",
        f"{AS}:8443",
        f"{AS}/%74",
    ]
)


@given(ISSUERS, ISSUERS)
def test_a_document_of_another_issuer_is_refused_by_both_A5(asked: str, named: str) -> None:
    """A5: also where only a slash at the end differs."""
    assert our_issuer(asked, named) == sdk_issuer(asked, named)


@given(st.booleans(), st.none() | ISSUERS)
def test_the_same_answers_name_the_right_issuer_B4(promised: bool, iss: str | None) -> None:
    """B4, B5"""
    assert our_iss(promised, iss) == sdk_iss(promised, iss)


@given(URLS, URLS)
def test_the_same_resources_fit_an_mcp_url_P5(url: str, named: str) -> None:
    assert our_fit(url, named) == sdk_fit(url, named)


@given(URLS, st.integers(0, 3), st.sampled_from(["", "/"]))
def test_a_parent_of_the_mcp_url_fits_for_both_P5(url: str, up: int, slash: str) -> None:
    parent = url
    for _ in range(up):
        head, _, _ = parent.rpartition("/")
        parent = parent if head.endswith("/") else head
    assert our_fit(url, parent + slash) is sdk_fit(url, parent + slash) is True


@given(URLS, st.sampled_from(["", "/", "?q=1", "#frag", "/#frag"]), st.booleans())
def test_an_mcp_url_has_the_same_canonical_form_Z3(url: str, more: str, capital: bool) -> None:
    """Z3: scheme and host in lower case, path as it is, no fragment."""
    host = url.partition("://")[2].partition("/")[0]
    typed = url.replace(f"https://{host}", f"HTTPS://{host.upper()}") if capital else url
    assert our_canonical(typed + more) == sdk_canonical(typed + more)


@given(URLS)
def test_the_same_urls_may_be_a_client_id_G2(url: str) -> None:
    assert our_document_url(url) == sdk_document_url(url)


def test_the_yardstick_is_asked_where_its_own_places_are() -> None:
    """That the two sides above really are two."""
    assert OAUTH in our_as_places(AS)
    assert OAUTH in sdk_as_places(AS)
