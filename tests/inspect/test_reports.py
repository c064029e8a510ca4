"""The report for a server's owner: what happened, and nothing that must not be published."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import pytest

from mcp_auth_tui.exports import EXPORTS, rendered
from mcp_auth_tui.findings.advice import client_notes
from mcp_auth_tui.model import Field, Kind, Request, Response, Session, Stage
from mcp_auth_tui.text.redaction import masked
from tests.scripted import ERROR, URL, Secrets, exchange, folded, refused, run

SECRETS = Secrets()
NAMES = ("report", "report-html")
ADDRESS = "ada@example.com"


def written(name: str, session: Session) -> str:
    return rendered(name, session, lambda _: None)


@pytest.mark.parametrize("name", NAMES)
def test_no_credential_of_a_whole_run_is_in_the_report(name: str) -> None:
    """SPEC 6."""
    output = written(name, folded(run()))
    for secret in SECRETS.all:
        assert secret not in output
    assert "session-1" not in output


@pytest.mark.parametrize("name", NAMES)
def test_a_mask_tells_the_same_secret_again_by_its_hash(name: str) -> None:
    other = Secrets(access="access-ZZZZZZZZZZZZZZZZ")
    one, two = written(name, folded(run())), written(name, folded(run(other)))
    assert f"Bearer {SECRETS.access}" not in one
    assert masked(f"Bearer {SECRETS.access}") in one
    assert masked(f"Bearer {other.access}") in two
    assert masked(f"Bearer {SECRETS.access}") not in two


@pytest.mark.parametrize("name", NAMES)
def test_a_run_that_failed_has_a_report_with_its_finding_and_its_exchanges(name: str) -> None:
    output = written(name, folded(refused()))
    for part in (ERROR.id, ERROR.seen, ERROR.expected, ERROR.next, "authorization server", URL):
        assert part in output
    for part in ("Summary", "Sequence", "Findings", "Exchanges"):
        assert f"{part}" in output


@pytest.mark.parametrize("name", NAMES)
def test_the_sequence_tells_of_the_browser_too(name: str) -> None:
    lines = written(name, folded(run())).splitlines()
    at = lines.index("   the person is sent to auth.example.com")
    assert lines[at - 1].endswith("(first contact)")


@pytest.mark.parametrize("name", NAMES)
def test_what_a_person_did_to_a_run_is_told_to_who_reads_its_report(name: str) -> None:
    done = folded(run())
    first, second, *rest = done.exchanges
    sent = replace(first, number=90, again=1)
    marked = replace(
        done,
        lifted=("TLS certificates are NOT checked (--insecure)",),
        exchanges=(first, replace(second, edited=True), *rest, sent),
    )
    output = written(name, marked)
    assert (
        "TLS certificates are NOT checked (--insecure); exchange 2 was edited by hand; "
        "exchange 90 sends exchange 1 again"
    ) in output
    lines = output.replace("</pre>", "").splitlines()
    assert next(line for line in lines if line.startswith("2. ")).endswith(", edited by hand)")
    assert next(line for line in lines if line.startswith("90. ")).endswith(
        ", exchange 1 sent again)"
    )
    assert "Marked run" not in written(name, done)


@pytest.mark.parametrize("name", EXPORTS)
def test_before_a_run_there_is_nothing_to_export(name: str) -> None:
    assert written(name, Session()) == ""


@pytest.mark.parametrize("name", NAMES)
def test_what_a_server_tells_about_a_person_is_left_out(name: str) -> None:
    """Claims, user data of a token answer, and what MCP carries are nobody else's business."""
    token = Request(Stage.TOKEN, "the code for a token", "POST", "https://a.example/t", Kind.TOKEN)
    body = f'{{"access_token": "abcdefgh", "token_type": "Bearer", "user": "{ADDRESS}"}}'
    call = Request(Stage.VERIFY, "tools/call", "POST", URL, Kind.MCP)
    login = Request(
        Stage.AUTHORIZE,
        "device",
        "POST",
        "https://a.example/d",
        Kind.TOKEN,
        form=(Field("login_hint", ADDRESS),),
    )
    ours = [
        exchange(1, token, Response(200, (), body.encode())),
        exchange(2, call, Response(200, (), f'{{"result": "{ADDRESS}"}}'.encode())),
        exchange(3, login, Response(400, (), b"{}")),
    ]
    output = written(name, folded([*refused(), *ours]))
    assert ADDRESS not in output
    assert "token_type" in output


@pytest.mark.parametrize("name", NAMES)
def test_a_key_in_the_query_of_the_url_is_masked_wherever_it_stands(name: str) -> None:
    key = "k3yk3yk3yk3y"
    session = replace(folded(refused()), url=f"{URL}?api_key={key}&v=1")
    asked = Request(Stage.PROBE, "first contact", "POST", session.url, Kind.MCP)
    session = session.apply(exchange(2, asked, Response(404, (), session.url.encode())))
    output = written(name, session)
    assert key not in output
    assert f"api_key={masked(key)}" in output


@pytest.mark.parametrize("name", NAMES)
def test_the_report_says_which_known_clients_would_stop_and_why(name: str) -> None:
    session = folded(refused())
    output = written(name, session)
    assert session.stop is not None
    notes = client_notes(session.stop.id)
    assert notes
    for note in notes:
        assert f"{note.client} {note.version}" in output
        assert escape(note.why) in output if name == "report-html" else note.why in output
    assert "Which clients would stop here" in output
