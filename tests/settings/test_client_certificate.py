"""``--client-cert``: what is read before the run, and what is said of it."""

from __future__ import annotations

import base64
import hashlib
import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_auth_tui.settings import client_certificate
from mcp_auth_tui.settings.arguments import commands
from mcp_auth_tui.settings.arguments.inspect import inspect
from mcp_auth_tui.settings.client_certificate import VARIABLE
from mcp_auth_tui.settings.editable import Settings
from mcp_auth_tui.settings.inspect_options import from_arguments as for_inspection
from mcp_auth_tui.settings.options import Options, Usage, from_arguments
from tests.certificates import PASSPHRASE, Files
from tests.sentences import assert_sentence


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return Files(tmp_path_factory.mktemp("certificates"))


def made(*words: str, **environ: str) -> Options:
    return from_arguments(commands.flow().parse_args(["x", *words]), environ)


def test_the_run_knows_what_a_server_sees_of_the_certificate(files: Files) -> None:
    facts = made(
        "--client-cert", files.certificate, "--client-cert-key", files.key
    ).base.certificate
    der = files.leaf.public_bytes(Encoding.DER)
    digest = base64.urlsafe_b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")
    assert facts is not None
    assert (facts.thumbprint, facts.self_issued) == (digest, False)
    assert facts.subject == files.leaf.subject.rfc4514_string()
    assert facts.jwk["x5c"] == [base64.b64encode(der).decode()]
    assert set(facts.jwk) in ({"kty", "crv", "x", "y", "x5c"}, {"kty", "n", "e", "x5c"})


def test_an_authority_vouches_for_itself(files: Files, tmp_path: Path) -> None:
    both = tmp_path / "self.pem"
    both.write_bytes(files.authority.private_key_pem.bytes() + files.authority.cert_pem.bytes())
    facts = made("--client-cert", str(both)).base.certificate
    assert facts is not None
    assert facts.self_issued


def test_a_locked_key_is_left_to_the_run_unless_the_variable_opens_it(files: Files) -> None:
    words = ("--client-cert", files.certificate, "--client-cert-key", files.locked)
    locked = made(*words)
    assert locked.base.certificate_locked == f"The private key in {files.locked} is encrypted."
    assert made(*words, **{VARIABLE: PASSPHRASE}).base.certificate_locked == ""
    with pytest.raises(Usage, match=rf"does not open the key .* It came from \${VARIABLE}"):
        made(*words, **{VARIABLE: "wrong"})


def test_where_nobody_can_be_asked_the_variable_is_named(
    files: Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["x", "--client-cert", files.certificate, "--client-cert-key", files.locked]
    monkeypatch.delenv(VARIABLE, raising=False)
    with pytest.raises(Usage, match=rf"Put its passphrase into \${VARIABLE}\."):
        for_inspection(inspect().parse_args(words))
    monkeypatch.setenv(VARIABLE, PASSPHRASE)
    certificate = for_inspection(inspect().parse_args(words)).network.certificate
    assert certificate is not None
    assert certificate.key_file == files.locked


@pytest.mark.parametrize(
    ("words", "sentence", "names"),
    [
        (["--client-cert", "{certificate}"], "holds no private key: name", ("client_cert_key",)),
        (["--client-cert", "{key}"], "holds no certificate: PEM is expected", ("client_cert",)),
        (["--client-cert", "{der}"], "is no PEM file. Make one of it:", ("client_cert",)),
        (["--client-cert", "/none.pem"], "there is no file /none.pem", ("client_cert",)),
        (
            ["--client-cert", "{certificate}", "--client-cert-key", "{foreign_key}"],
            "is not the one of the certificate",
            ("client_cert",),
        ),
        (["--client-cert-key", "{key}"], "--client-cert-key needs --client-cert", None),
        (["--auth-method", "tls_client_auth"], "needs --client-cert", ("auth_method",)),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_file_and_the_next_step(
    files: Files, words: list[str], sentence: str, names: tuple[str, ...] | None
) -> None:
    typed = [
        word.format(
            **{n: getattr(files, n) for n in ("certificate", "key", "der")},
            foreign_key=files.foreign_key,
        )
        for word in words
    ]
    with pytest.raises(Usage) as caught:
        made(*typed)
    assert sentence in str(caught.value)
    assert caught.value.names == (names or ("client_cert_key", "client_cert"))


def test_a_damaged_certificate_is_told(files: Files, tmp_path: Path) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n")
    with pytest.raises(Usage, match=r"There is no certificate in|is damaged"):
        made("--client-cert", str(broken), "--client-cert-key", files.key)


def test_a_key_that_others_may_read_and_a_time_that_is_over_are_said(files: Files) -> None:
    path = Path(files.both)
    path.chmod(0o644)
    notes = made("--client-cert", files.both).notes
    path.chmod(0o600)
    assert notes == (
        f"{path} holds the certificate's private key and can be read by others (mode 0644): chmod"
        f" 600 {path}",
    )
    later = files.leaf.not_valid_after_utc + timedelta(days=1)
    assert [*client_certificate._over("cert.pem", files.leaf, later)] == [
        f"cert.pem: the certificate ended {files.leaf.not_valid_after_utc:%Y-%m-%d}; servers will"
        " not accept it now."
    ]


def test_the_command_that_does_the_same_names_the_files(files: Files) -> None:
    words = ["x", "--client-cert", files.certificate, "--client-cert-key", files.key]
    options = from_arguments(commands.flow().parse_args(words), {})
    settings = Settings(options, words, environ={})
    assert settings.command_line("x", settings.given).line == (
        f"mcp-auth-tui x --client-cert {files.certificate} --client-cert-key {files.key}"
    )


@settings(max_examples=150)
@given(st.integers(0, 2000), st.binary(max_size=3), st.integers(0, 3))
def test_a_damaged_certificate_is_used_or_refused_in_a_sentence(
    files: Files, at: int, put: bytes, gone: int
) -> None:
    der = files.leaf.public_bytes(Encoding.DER)
    at %= len(der)
    damaged = ssl.DER_cert_to_PEM_cert(der[:at] + put + der[at + gone :])
    path = files.folder / "damaged.pem"
    path.write_text(damaged)
    try:
        given_ = client_certificate.read(str(path), files.key, {})
    except client_certificate.CertificateProblem as problem:
        assert_sentence(problem)
        return
    assert given_.facts.thumbprint
