"""Mutual TLS: what a server that demands a certificate is shown, and what is told if it fails."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mcp_auth_tui.loopback.server import Reply
from mcp_auth_tui.model import Failure, Response, Secret
from mcp_auth_tui.net.client_certificate import ClientCertificate
from mcp_auth_tui.net.network import Network
from mcp_auth_tui.net.settings import NetworkSettings
from tests.certificates import PASSPHRASE, Files
from tests.net.servers import get, site


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("certificates"))


async def asked(files: Files, certificate: ClientCertificate | None) -> Response | Failure:
    settings = NetworkSettings(ca_file=files.trust, certificate=certificate)
    network = Network("https://localhost/", settings, environ={})
    async with site(
        Reply(200, b"{}"), ssl=files.demanding("localhost"), host="localhost"
    ) as server:
        result, _ = await network.send(get(server.url))
        await network.aclose()
    return result


async def test_a_server_that_demands_a_certificate_is_shown_the_one_that_was_given(
    files: Files,
) -> None:
    assert isinstance(await asked(files, ClientCertificate(files.both)), Response)
    divided = ClientCertificate(files.certificate, files.key)
    assert isinstance(await asked(files, divided), Response)
    locked = ClientCertificate(files.certificate, files.locked, Secret(PASSPHRASE))
    assert isinstance(await asked(files, locked), Response)


def refuses(context: ssl.SSLContext) -> Iterator[int]:
    """Serve one connection as OpenSSL's own servers do: the alert is sent, and then nothing."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            with (
                connection,
                context.wrap_socket(
                    connection, server_side=True, do_handshake_on_connect=False
                ) as secure,
            ):
                with pytest.raises(ssl.SSLError):
                    secure.do_handshake()
                plain = socket.socket(fileno=secure.detach())
            with plain:
                plain.shutdown(socket.SHUT_WR)
                plain.settimeout(10)
                while plain.recv(4096):
                    pass

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


@pytest.mark.parametrize(
    ("version", "message"),
    [
        (ssl.TLSVersion.TLSv1_3, "it demands a client certificate."),
        (ssl.TLSVersion.TLSv1_2, "the two sides have no TLS settings in common."),
    ],
)
async def test_without_one_the_demand_and_the_option_are_told(
    files: Files, version: ssl.TLSVersion, message: str
) -> None:
    """TLS 1.3 tells it after the handshake, TLS 1.2 within it and in other words."""
    failure = await refusal(files, version, None)
    assert (failure.kind, failure.message.partition(": ")[2]) == ("net-tls", message)
    assert "--client-cert FILE" in failure.next


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
async def test_a_certificate_of_an_unknown_authority_is_told(
    files: Files, tmp_path: Path, version: ssl.TLSVersion
) -> None:
    failure = await refusal(files, version, ClientCertificate(Files(tmp_path).both))
    assert failure.kind == "net-tls"
    assert failure.message.endswith(
        "it does not know the authority that issued the client certificate."
    )


async def refusal(
    files: Files, version: ssl.TLSVersion, certificate: ClientCertificate | None
) -> Failure:
    context = files.demanding("localhost")
    context.maximum_version = version
    settings = NetworkSettings(ca_file=files.trust, certificate=certificate)
    network = Network("https://localhost/", settings, environ={})
    with contextmanager(refuses)(context) as port:
        result, _ = await network.send(get(f"https://localhost:{port}/"))
        await network.aclose()
    assert isinstance(result, Failure)
    return result


async def test_a_locked_key_ends_the_request_with_words_and_asks_no_terminal(files: Files) -> None:
    failure = await asked(files, ClientCertificate(files.certificate, files.locked))
    assert failure == Failure("net-tls", f"The private key in {files.locked} is encrypted.")


def test_a_passphrase_is_kept_only_where_it_opens_the_key(files: Files) -> None:
    certificate = ClientCertificate(files.certificate, files.locked)
    for wrong in ("wrong", "x" * 2000):
        failure = certificate.unlock(Secret(wrong))
        assert failure is not None
        assert (failure.kind, certificate.passphrase) == ("passphrase", None)
        assert wrong not in failure.message
    assert certificate.unlock(Secret(PASSPHRASE)) is None
    assert certificate.unlock(None) is None
    assert PASSPHRASE not in repr(certificate)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("foreign_key", "is not the one of the certificate"),
        ("certificate", "or no private key in"),
        ("der", "or no private key in"),
    ],
)
def test_a_key_that_is_none_of_the_certificates_is_told(files: Files, key: str, told: str) -> None:
    failure = ClientCertificate(files.certificate, getattr(files, key)).unlock(None)
    assert failure is not None
    assert failure.kind == "client-certificate"
    assert told in failure.message


def test_another_command_is_told_the_same_network_without_what_is_secret(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(files.both).parent)
    settings = NetworkSettings(
        ca_file="ca.pem",
        certificate=ClientCertificate("cert.pem", "key.pem", Secret(PASSPHRASE)),
        proxy="http://ada:secret@proxy.example",
        insecure=True,
    )
    folder = Path(files.both).parent
    assert settings.words == (
        *("--ca-file", str(folder / "ca.pem"), "--client-cert", str(folder / "cert.pem")),
        *("--client-cert-key", str(folder / "key.pem"), "--insecure"),
    )
    assert NetworkSettings(proxy="http://proxy.example").words == (
        "--proxy",
        "http://proxy.example",
    )
