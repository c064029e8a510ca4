"""The catalogue of findings against SPEC part 4, and what `finding` makes of hostile text."""

from __future__ import annotations

import importlib
import json
import pkgutil
import subprocess
import sys
import unicodedata
from collections.abc import Callable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui import findings
from mcp_auth_tui.findings import CATALOGUE, LIMIT, Rule, fatal, rules
from mcp_auth_tui.findings.rule import REPORT
from mcp_auth_tui.model import Finding, Level, Stage, Whose
from mcp_auth_tui.protocol.config import REVISIONS

# Every id of SPEC part 4, with cimd-own-* and idjag-* spelled out, by the level of its row.
SPEC_LEVELS = {
    Level.FATAL: """
        rs-not-mcp rs-stepup-limit rs-redirects-token prm-resource-missing
        prm-resource-foreign prm-resource-fragment prm-no-as as-issuer-missing
        as-issuer-mismatch as-issuer-slash as-no-authorize as-no-token as-endpoint-http
        as-endpoint-scheme as-endpoint-private as-endpoint-params as-pkce-absent
        as-pkce-no-s256 dcr-no-client-id authz-iss-absent authz-iss-differs
        token-no-access token-no-type token-type-unknown net-tls net-downgrade net-dns
        net-connect net-timeout net-rate-limited dcr-refused authz-denied authz-error
        token-error token-refresh-refused client-no-id-token authz-timeout as-changed
        client-port-busy client-no-person client-bug
    """,
    Level.ERROR: """
        rs-endpoint-http rs-401-no-challenge rs-challenge-syntax rs-challenge-dup-param
        rs-challenge-charset rs-challenge-scheme rs-prm-url-bad rs-prm-url-dead
        rs-wrong-status rs-login-redirect rs-200-auth-error rs-invalid-token-not-401
        rs-stepup-loop rs-fresh-token-refused rs-token-echo prm-missing prm-status
        prm-html prm-content-type prm-json prm-resource-http prm-internal-host
        prm-as-not-issuer prm-scope-syntax prm-alg-none prm-jwks-http prm-copies-differ
        as-missing as-misplaced as-status as-html as-content-type as-json as-issuer-form
        as-endpoint-fragment as-response-types as-password-grant as-no-code-grant
        as-jwt-auth-algs as-dpop-algs as-idjag-grant as-cc-auth dcr-status
        dcr-secret-expiry dcr-redirects-changed dcr-method-unlisted dcr-cacheable
        dcr-loopback-refused dcr-mgmt-partial cimd-own-url-form cimd-own-id-mismatch
        cimd-own-required-members cimd-own-secret cimd-own-symmetric-auth
        cimd-own-redirect-absent cimd-own-redirected cimd-own-content-type
        cimd-own-too-large authz-state authz-dup-param authz-code-and-error
        authz-token-in-url authz-post authz-redirect-altered authz-resource-refused
        token-status token-content-type token-cacheable token-scope-differs
        token-scope-array token-refresh-static token-refresh-wider token-error-form
        token-redirect token-syntax jwt-aud jwt-iss jwt-alg jwt-is-id-token dpop-cnf token-cnf
        dpop-nonce idjag-issued-type idjag-token-type idjag-typ idjag-aud idjag-resource
        idjag-client-id idjag-long-lived
    """,
    Level.WARNING: """
        rs-partial-auth rs-challenge-bare rs-challenge-no-prm rs-prm-url-foreign
        rs-challenge-no-scope rs-challenge-offline rs-challenge-error-early
        rs-challenge-error-absent rs-scope-as-401 rs-403-no-challenge rs-403-incomplete
        rs-stepup-drip prm-redirect prm-resource-parent prm-resource-slash
        prm-resource-query prm-empty-array prm-null prm-scope-offline prm-bearer-methods
        prm-as-crosscheck as-docs-differ as-endpoint-foreign as-pkce-plain as-implicit
        as-public-unsupported as-iss-not-promised as-no-registration as-no-cimd
        as-dcr-only as-oidc-members as-empty-array as-null as-par-required as-jar-required
        as-legacy-paths dcr-error-shape dcr-secret-mismatch dcr-echo dcr-null
        dcr-id-like-url authz-iss-unpromised authz-iss-error-absent authz-empty
        authz-error-form authz-instant token-expiry token-long-lived token-scope-wide
        token-refresh-unasked token-refresh-cc token-size jwt-aud-many jwt-exp
        dpop-bearer-returned dpop-algs-param net-oversize net-slow
    """,
    Level.INFO: """
        rs-open rs-prm-url-nonstandard rs-stepup-catalog rs-version-masks-auth
        prm-as-several prm-no-scopes prm-scope-broad prm-signed-unchecked
        prm-dpop-required as-no-refresh as-auth-methods-default as-scope-unknown
        dcr-needs-token token-scope-narrow jwt-typ jwt-claims jwt-pii ext-undeclared
        client-overridden
    """,
}
# Lighter than in SPEC part 4: no client of MCP uses that grant, and usual servers list it.
LIGHTER = {"as-password-grant": Level.WARNING}
# What the program tells beyond SPEC part 4.
OWN_LEVELS = {
    Level.FATAL: """
        authz-client-refused client-url net-http net-budget client-key client-grant client-assertion
        client-store
    """,
    Level.ERROR: """
        dcr-client-id-type rs-revision-refused rs-session-lost rs-sse-silent token-auth-method
        token-basic-encoding
    """,
    Level.WARNING: """
        authz-page authz-paste client-assertion-aud dcr-method-silent
        rs-sse-on-post token-no-refresh token-scope-commas
    """,
    Level.INFO: """
        client-insecure dcr-member-refused dcr-redirect-demanded dcr-refresh-refused
        dcr-scope-refused
        rs-open-metadata rs-redirect-slash rs-wants-key
    """,
}
# The probes of SPEC part 5, which gives no levels.
PROBE_LEVELS = {
    Level.ERROR: """
        probe-alg-none probe-audience probe-cimd probe-client-unknown probe-code-client
        probe-code-replay probe-dcr-redirects probe-dpop probe-garbage probe-id-token
        probe-idjag-replay probe-no-token probe-origin probe-pkce-downgrade probe-pkce-missing
        probe-pkce-plain probe-pkce-wrong probe-query-token probe-redirect-token
        probe-redirect-unregistered probe-refresh-as-access probe-refresh-bind
        probe-refresh-reuse probe-scheme-case probe-scope probe-session probe-silent-consent
        probe-state-echo probe-token-method
    """,
    Level.WARNING: """
        probe-assertion-aud probe-authz-errors probe-authz-headers probe-client-auth
        probe-dup-unknown probe-http-port probe-locations probe-loopback-port probe-resource-bad
        probe-revoke probe-two-methods
    """,
}
EXPECTED = {
    name: level
    for table in (SPEC_LEVELS, OWN_LEVELS, PROBE_LEVELS)
    for level in table
    for name in table[level].split()
} | LIGHTER
# DESIGN part 3: 4 is a refusal for safety, 5 the network, 3 a person who is missing, 2 usage.
EXITS = {
    2: "client-url",
    3: "client-no-person",
    4: """
        rs-endpoint-http rs-redirects-token prm-resource-missing prm-resource-foreign
        prm-resource-fragment prm-internal-host as-issuer-missing as-issuer-form
        as-issuer-mismatch as-issuer-slash as-pkce-absent as-pkce-no-s256 as-endpoint-http
        as-endpoint-scheme as-endpoint-private as-endpoint-fragment as-endpoint-params
        authz-iss-absent authz-iss-differs authz-iss-error-absent net-downgrade
    """,
    5: "net-tls net-dns net-connect net-timeout net-rate-limited net-oversize net-slow net-budget",
}
EXIT_OF = {name: code for code, names in EXITS.items() for name in names.split()}
WHOSE = {
    "rs": Whose.SERVER,
    "prm": Whose.SERVER,
    "as": Whose.ISSUER,
    "dcr": Whose.ISSUER,
    "authz": Whose.ISSUER,
    "token": Whose.ISSUER,
    "jwt": Whose.ISSUER,
    "dpop": Whose.ISSUER,
    "idjag": Whose.ISSUER,
    "ext": Whose.SERVER,
    "probe": Whose.ISSUER,
    "cimd": Whose.CLIENT,
    "client": Whose.CLIENT,
    "net": Whose.NETWORK,
}
WHOSE_EXCEPTIONS = {
    "as-changed": Whose.NOBODY,
    "authz-denied": Whose.NOBODY,
    "authz-timeout": Whose.NOBODY,
    "authz-paste": Whose.CLIENT,
    "dpop-algs-param": Whose.SERVER,
    "net-http": Whose.SERVER,
    "net-budget": Whose.SERVER,
    **dict.fromkeys(
        [
            "probe-alg-none",
            "probe-audience",
            "probe-dpop",
            "probe-garbage",
            "probe-http-port",
            "probe-id-token",
            "probe-locations",
            "probe-no-token",
            "probe-origin",
            "probe-query-token",
            "probe-refresh-as-access",
            "probe-scheme-case",
            "probe-scope",
            "probe-session",
            "probe-two-methods",
        ],
        Whose.SERVER,
    ),
}


def test_the_catalogue_holds_every_id_of_the_specification_with_its_level() -> None:
    assert {name: rule.level for name, rule in CATALOGUE.items()} == EXPECTED


def test_no_id_stands_in_the_catalogue_twice() -> None:
    modules = [
        importlib.import_module(f"{rules.__name__}.{found.name}")
        for found in pkgutil.iter_modules(rules.__path__)
    ]
    ids = [rule.id for module in modules for rule in module.RULES]
    assert len(modules) == 12
    assert sorted(ids) == sorted(CATALOGUE)
    assert len(CATALOGUE) == len(ids)


def test_a_run_ends_with_the_exit_code_that_fits_the_finding() -> None:
    assert {name: rule.exit for name, rule in CATALOGUE.items()} == {
        name: EXIT_OF.get(name, 1) for name in EXPECTED
    }


def test_the_prefix_of_an_id_tells_who_mends_it() -> None:
    assert {name: rule.whose for name, rule in CATALOGUE.items()} == {
        name: WHOSE_EXCEPTIONS.get(name, WHOSE[name.split("-")[0]]) for name in EXPECTED
    }


def broken(keeps: Callable[[Rule], bool]) -> list[str]:
    """Return the ids of the rules that do not keep something."""
    return [rule.id for rule in CATALOGUE.values() if not keeps(rule)]


def texts(rule: Rule) -> tuple[str, ...]:
    return (rule.headline, rule.expected, rule.next, rule.why, rule.source)


def test_every_text_is_one_short_line_of_plain_characters() -> None:
    def plain(text: str) -> bool:
        return bool(text) and text.strip() == text and text.isprintable() and "  " not in text

    assert broken(lambda rule: all(plain(t) and len(t) <= LIMIT for t in texts(rule))) == []


def test_every_sentence_ends_as_a_sentence() -> None:
    def ends(text: str) -> bool:
        return text.endswith((".", ".)")) and not text.endswith("..")

    assert broken(lambda rule: all(ends(text) for text in texts(rule)[:4])) == []
    assert broken(lambda rule: not rule.source.endswith((".", ";", ","))) == []


def test_a_headline_is_one_sentence_that_fits_on_one_line() -> None:
    def fits(rule: Rule) -> bool:
        line = rule.headline
        return len(line) <= 100 and ". " not in line and line[0].isupper()

    assert broken(fits) == []


def test_every_source_is_a_section_a_page_with_its_revision_or_our_own() -> None:
    def proper(part: str) -> bool:
        if part.startswith("MCP 20"):
            return part.split()[1] in REVISIONS and "basic/" in part
        return part == "own" or any(mark in part for mark in ("§", "MCP ", "SEP-"))

    assert broken(lambda rule: all(proper(part) for part in rule.source.split("; "))) == []


def test_revisions_of_a_rule_are_revisions_of_the_protocol() -> None:
    assert broken(lambda rule: rule.since in ("", *REVISIONS)) == []
    assert broken(lambda rule: set(rule.levels) <= set(REVISIONS)) == []


@pytest.mark.parametrize(
    ("name", "levels"),
    [
        ("rs-challenge-no-prm", (Level.INFO, Level.ERROR, Level.WARNING, Level.WARNING)),
        ("rs-challenge-no-scope", (Level.INFO, Level.INFO, Level.WARNING, Level.WARNING)),
        ("prm-scope-offline", (Level.INFO, Level.INFO, Level.INFO, Level.WARNING)),
        ("prm-missing", (Level.INFO, Level.ERROR, Level.ERROR, Level.ERROR)),
        ("as-missing", (Level.WARNING, Level.ERROR, Level.ERROR, Level.ERROR)),
        ("as-pkce-absent", (Level.WARNING, Level.WARNING, Level.FATAL, Level.FATAL)),
        ("as-legacy-paths", (Level.INFO, Level.WARNING, Level.WARNING, Level.WARNING)),
        ("as-issuer-slash", (Level.FATAL, Level.FATAL, Level.FATAL, Level.FATAL)),
    ],
)
def test_the_level_depends_on_the_revision(name: str, levels: tuple[Level, ...]) -> None:
    assert (
        tuple(findings.finding(name, Stage.SERVER, revision=r).level for r in REVISIONS) == levels
    )
    assert findings.finding(name, Stage.SERVER).level is CATALOGUE[name].level


def test_a_finding_takes_what_it_is_not_told_from_its_rule() -> None:
    rule = CATALOGUE["as-issuer-slash"]
    assert findings.finding(
        "as-issuer-slash", Stage.SERVER, seen="https://h/", exchange=4
    ) == Finding(
        id="as-issuer-slash",
        level=Level.FATAL,
        message=rule.headline,
        seen="https://h/",
        expected=rule.expected,
        whose=Whose.ISSUER,
        source=rule.source,
        next=rule.next,
        stage=Stage.SERVER,
        exchange=4,
        exit=4,
        meanwhile=REPORT,
    )


def test_a_finding_says_what_it_was_told() -> None:
    finding = findings.finding(
        "token-expiry",
        Stage.TOKEN,
        seen="soon",
        expected="A number.",
        message="It says soon.",
        next="Send 3600.",
        exchange=7,
        pointer="/expires_in",
        revision="2026-07-28",
        level=Level.ERROR,
        meanwhile="Look at the clock.",
    )
    assert finding == Finding(
        id="token-expiry",
        level=Level.ERROR,
        message="It says soon.",
        seen="soon",
        expected="A number.",
        whose=Whose.ISSUER,
        source=CATALOGUE["token-expiry"].source,
        next="Send 3600.",
        stage=Stage.TOKEN,
        exchange=7,
        pointer="/expires_in",
        revision="2026-07-28",
        exit=1,
        meanwhile="Look at the clock.",
    )


def test_a_check_that_was_passed_says_what_was_kept() -> None:
    finding = findings.ok(
        "as-issuer-mismatch", Stage.SERVER, seen="https://h", exchange=3, pointer="/i"
    )
    assert (finding.level, finding.message, finding.seen, finding.exchange, finding.pointer) == (
        Level.OK,
        CATALOGUE["as-issuer-mismatch"].expected,
        "https://h",
        3,
        "/i",
    )


def test_the_end_of_a_run_is_fatal_and_otherwise_the_same() -> None:
    warning = findings.finding("rs-open", Stage.PROBE, seen="200")
    stop = fatal(warning)
    assert stop.level is Level.FATAL
    same = [name for name in Finding.__slots__ if name not in ("level", "meanwhile")]
    assert [getattr(stop, name) for name in same] == [getattr(warning, name) for name in same]


@pytest.mark.parametrize("rule", CATALOGUE.values(), ids=list(CATALOGUE))
def test_who_only_uses_a_server_is_told_what_to_do_about_what_stops_him(rule: Rule) -> None:
    """The sentence for who mends it is another one; a client's own fault has only that."""
    stop = fatal(findings.finding(rule.id, Stage.PROBE))
    servers = rule.whose in (Whose.SERVER, Whose.ISSUER)
    assert bool(stop.meanwhile) is (servers and rule.meanwhile != "")
    assert stop.meanwhile not in stop.next or not stop.meanwhile
    assert findings.finding(rule.id, Stage.PROBE, level=Level.WARNING).meanwhile == ""


def test_only_a_rule_of_a_server_says_what_who_only_uses_it_can_do() -> None:
    servers = (Whose.SERVER, Whose.ISSUER)
    assert broken(lambda rule: rule.whose in servers or rule.meanwhile == REPORT) == []


@pytest.mark.parametrize("make", [findings.finding, findings.ok])
def test_an_unknown_id_is_a_mistake_of_ours(make: Callable[..., Finding]) -> None:
    with pytest.raises(KeyError):
        make("as-nothing", Stage.SERVER)


def test_a_long_text_is_cut_and_says_how_long_it_was() -> None:
    assert findings.finding("prm-html", Stage.RESOURCE, seen="x" * 12_345).seen == (
        "x" * LIMIT + "… (12,345 characters)"
    )
    assert findings.finding("prm-html", Stage.RESOURCE, seen="x" * LIMIT).seen == "x" * LIMIT


def test_marks_that_make_a_text_longer_do_not_break_the_limit() -> None:
    assert findings.finding("prm-html", Stage.RESOURCE, seen="\x1b" * LIMIT).seen == (
        ("\\x1b" * LIMIT)[:LIMIT] + "… (500 characters)"
    )


HOSTILE = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from("\x1b\x07\x00\x9b\x9d\u202e\u2066\u200b\ue000\ud800\x7f[]\\\n\t"),
    ),
    max_size=LIMIT + 50,
)


@given(seen=HOSTILE, expected=HOSTILE, message=HOSTILE, next_step=HOSTILE, pointer=HOSTILE)
def test_no_text_of_a_finding_can_act_on_a_terminal(
    seen: str, expected: str, message: str, next_step: str, pointer: str
) -> None:
    finding = findings.finding(
        "authz-error",
        Stage.AUTHORIZE,
        seen=seen,
        expected=expected,
        message=message,
        next=next_step,
        pointer=pointer,
    )
    for text in (finding.seen, finding.expected, finding.message, finding.next, finding.pointer):
        letters = text.replace("\n", "").replace("\t", "")
        assert {unicodedata.category(char)[0] for char in letters}.isdisjoint({"C"})
        assert {unicodedata.category(char) for char in letters}.isdisjoint({"Zl", "Zp"})
        assert len(text) <= LIMIT + len("… (1,000,000 characters)")


@given(seen=HOSTILE)
def test_what_was_seen_survives_when_it_is_harmless(seen: str) -> None:
    printable = "".join(char for char in seen if char.isascii() and char.isprintable())[:LIMIT]
    assert findings.finding("authz-error", Stage.AUTHORIZE, seen=printable).seen == printable


def test_the_catalogue_needs_the_standard_library_only() -> None:
    script = (
        "import sys, json; before = set(sys.modules); import mcp_auth_tui.findings; "
        "print(json.dumps(sorted(n for n in set(sys.modules) - before"
        " if n.split('.')[0] not in sys.stdlib_module_names)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    loaded: list[str] = json.loads(result.stdout)
    rooms = {".".join(name.split(".")[:2]) for name in loaded}
    assert rooms == {
        "mcp_auth_tui",
        "mcp_auth_tui.findings",
        "mcp_auth_tui.model",
        "mcp_auth_tui.records",
        "mcp_auth_tui.text",
    }


def test_the_catalogue_is_a_mapping_by_id() -> None:
    assert isinstance(CATALOGUE, Mapping)
    assert [rule.id for rule in CATALOGUE.values()] == list(CATALOGUE)
