"""A run with a certificate of the client, from its options to what other commands are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.exports import caution, export, rendered
from mcp_auth_tui.settings.client_certificate import VARIABLE
from tests.certificates import PASSPHRASE, Files
from tests.runs import finished

QUIET = ("--browser", "follow", "--token-store", "none")


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("certificates"))


async def test_a_locked_key_without_anybody_to_ask_ends_the_run_before_a_request(
    files: Files,
) -> None:
    locked = ("--client-cert", files.certificate, "--client-cert-key", files.locked)
    with running(auto_approve=True) as server:
        done = await finished(server.url, *QUIET, *locked)
        assert (done.code, done.session.exchanges) == (3, ())
        stop = done.session.stop
        assert stop is not None
        assert (stop.id, stop.seen) == (
            "client-no-person",
            f"The private key in {files.locked} is encrypted.",
        )
        opened = await finished(server.url, *QUIET, *locked, environ={VARIABLE: PASSPHRASE})
    assert opened.code == 0
    assert PASSPHRASE not in opened.out + opened.err


async def test_what_is_exported_shows_the_certificate_too(files: Files, tmp_path: Path) -> None:
    """The command of an entry, and curl; other forms say that the header alone may not do."""
    words = ("--client-cert", files.certificate, "--client-cert-key", files.key)
    with running(auto_approve=True) as server:
        done = await finished(server.url, *QUIET, *words, "--ca-file", files.trust)
    session = done.session
    assert session.network == ("--ca-file", files.trust, *words)
    curl = export("curl").render(session).splitlines()
    assert [line for line in curl if line.startswith(("cacert", "cert", "key"))] == [
        f'cacert = "{files.trust}"',
        f'cert = "{files.certificate}"',
        f'key = "{files.key}"',
    ]
    entry = rendered("claude-code", session, lambda _: None)
    assert f"--client-cert {files.certificate} --client-cert-key {files.key}" in entry
    assert "showed a client certificate" in caution(session)


async def test_without_one_nothing_of_it_is_in_an_export() -> None:
    with running(auto_approve=True) as server:
        done = await finished(server.url, *QUIET)
    assert (done.session.network, caution(done.session)) == ((), "")
    assert "cert" not in export("curl").render(done.session)
