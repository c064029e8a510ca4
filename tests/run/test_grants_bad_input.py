"""Bad input for the grants without a browser: a finding, a next step and the right exit code.

Keys, assertions and device codes as files and servers may have them; the rest of issue 3's list is
in `tests/conformance/own.py` (clocks, nonces, token types, grants that are not listed).
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from joserfc import jwt
from joserfc.jwk import ECKey, OctKey

from mcp_auth_tui.protocol.grant_types import DEVICE, JWT_BEARER
from mcp_auth_tui.settings.options import Usage
from tests.conformance.play import Play, playing, told
from tests.peers.terminal import Terminal
from tests.runs import Finished, finished

ALGS = "token_endpoint_auth_signing_alg_values_supported"
EC = ec.generate_private_key(ec.SECP256R1())
PASSPHRASE = "correct horse"


def pem(key: Any = EC, passphrase: str = "") -> bytes:
    lock = BestAvailableEncryption(passphrase.encode()) if passphrase else NoEncryption()
    octets: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, lock)
    return octets


@pytest.fixture
def play() -> Iterator[Play]:
    """Servers for machines: every grant, and a client that proves itself by a key."""
    made = Play(
        metadata={
            "grant_types_supported": ["client_credentials", JWT_BEARER, DEVICE],
            "token_endpoint_auth_methods_supported": ["none", "private_key_jwt"],
            ALGS: ["ES256"],
        },
        token={"refresh_token": None},
    )
    with playing(made) as served:
        yield served


Keep = Callable[[str, bytes], str]


@pytest.fixture
def keep(tmp_path: Path) -> Keep:
    """Keeps a secret in a private file, and returns how an option names it."""

    def work(name: str, content: bytes) -> str:
        file = tmp_path / name
        file.touch(mode=0o600)
        file.write_bytes(content)
        return f"file:{file}"

    return work


async def by_key(play: Play, source: str, *more: str) -> Finished:
    options = ("--client-id", "me", "--client-key", source, "--spec", "2025-11-25", *more)
    return await finished(play.resource, "--json", *options)


def stopped(run: Finished, id: str, code: int, *parts: str) -> None:
    stop = run.document["stop"]
    assert (stop["id"], run.code) == (id, code), run.err
    assert stop["next"]
    words = " ".join(map(str, stop.values()))
    assert [part for part in parts if part not in words] == []


async def test_a_good_key_is_the_measure_of_the_bad_ones_K4(play: Play, keep: Keep) -> None:
    run = await by_key(play, keep("key.pem", pem()))
    assert run.code == 0, run.err
    form = play.forms[-1]
    claims = jwt.decode(form["client_assertion"], ECKey.import_key(pem()), algorithms=["ES256"])
    assert claims.header["typ"] == "client-authentication+jwt"
    assert {name: claims.claims[name] for name in ("iss", "sub", "aud")} == {
        "iss": "me",
        "sub": "me",
        "aud": play.issuer,
    }
    assert 0 < claims.claims["exp"] - claims.claims["iat"] <= 60


UNUSABLE = {
    "garbage": (b"not a key\n", "client-key"),
    "half a file": (pem()[:60], "client-key"),
    "a public key": (
        EC.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
        "client-key",
    ),
    "a shared key": (json.dumps(OctKey.generate_key(256).as_dict()).encode(), "client-key"),
    "another algorithm": (pem(ec.generate_private_key(ec.SECP384R1())), "client-key"),
    "another kind": (pem(rsa.generate_private_key(65537, 2048)), "client-key"),
}


@pytest.mark.parametrize("name", UNUSABLE)
async def test_a_key_that_cannot_be_used_ends_the_run_before_anything_is_sent_K4(
    play: Play, keep: Keep, name: str
) -> None:
    content, id = UNUSABLE[name]
    run = await by_key(play, keep("bad.pem", content))
    stopped(run, id, 1)
    assert play.forms == []


async def test_a_key_of_another_algorithm_says_both_sides_K4(play: Play, keep: Keep) -> None:
    run = await by_key(play, keep("p384.pem", pem(ec.generate_private_key(ec.SECP384R1()))))
    stopped(run, "client-key", 1, "ES384", "ES256")


async def test_a_key_file_that_is_not_there_is_a_matter_of_usage(
    play: Play, tmp_path: Path
) -> None:
    with pytest.raises(Usage, match=r"nowhere\.pem"):
        await by_key(play, f"file:{tmp_path / 'nowhere.pem'}")
    assert play.asked == []


async def test_a_locked_key_without_a_terminal_ends_with_exit_code_three_K4(
    play: Play, keep: Keep
) -> None:
    run = await by_key(play, keep("locked.pem", pem(EC, PASSPHRASE)))
    stopped(run, "client-no-person", 3, "passphrase")
    assert play.forms == []


def on_a_terminal(play: Play, folder: Path, source: str) -> Terminal:
    options = ("--plain", "--client-id", "me", "--client-key", source, "--spec", "2025-11-25")
    return Terminal(folder, (100, 50), play.resource, *options)


def test_a_locked_key_is_opened_by_what_is_typed_on_a_terminal_K4(
    play: Play, keep: Keep, tmp_path: Path
) -> None:
    with on_a_terminal(play, tmp_path, keep("locked.pem", pem(EC, PASSPHRASE))) as terminal:
        terminal.until("? Passphrase")
        terminal.press(f"{PASSPHRASE}\n")
        code, out = terminal.end()
        assert PASSPHRASE not in terminal.text
    assert (code, out) == (0, "Authorization: Bearer access-1\n")


def test_three_wrong_passphrases_end_the_run_K4(play: Play, keep: Keep, tmp_path: Path) -> None:
    with on_a_terminal(play, tmp_path, keep("locked.pem", pem(EC, PASSPHRASE))) as terminal:
        for number in range(1, 4):
            terminal.until_matches(rf"(?s)(\? Passphrase.*){{{number}}}")
            terminal.press("wrong\n")
        assert terminal.end() == (1, "")
        assert "client-key" in terminal.text
    assert play.forms == []


# Assertions of workloads


def workload(play: Play, **claims: Any) -> bytes:
    usual = {"iss": "https://ci.example", "aud": play.issuer, "exp": int(time.time()) + 300}
    return jwt.encode({"alg": "ES256"}, {**usual, **claims}, ECKey.import_key(pem())).encode()


async def asserted(play: Play, source: str) -> Finished:
    return await finished(play.resource, "--json", "--assertion", source, "--spec", "2025-11-25")


async def test_a_good_assertion_brings_a_token_WI1(play: Play, keep: Keep) -> None:
    run = await asserted(play, keep("good.jwt", workload(play)))
    assert run.code == 0, run.err
    assert [form["grant_type"] for form in play.forms] == [JWT_BEARER]


async def test_an_expired_assertion_is_never_sent_WI2(play: Play, keep: Keep) -> None:
    late = workload(play, exp=int(time.time()) - 4000)
    run = await asserted(play, keep("old.jwt", late))
    stopped(run, "client-assertion", 1, "expired 4,00", "clock")
    assert play.forms == []


@pytest.mark.parametrize("content", [b"hello", b"a.b.c", b"e30.e30.x"])
async def test_what_is_no_assertion_is_never_sent_WI2(
    play: Play, keep: Keep, content: bytes
) -> None:
    stopped(await asserted(play, keep("no.jwt", content)), "client-assertion", 1)
    assert play.forms == []


async def test_a_refused_assertion_is_not_tried_again_nor_another_grant_WI2(
    play: Play, keep: Keep
) -> None:
    play.on["POST /token"] = lambda _: told(400, {"error": "invalid_grant"})
    run = await asserted(play, keep("good.jwt", workload(play)))
    stopped(run, "token-error", 1, "invalid_grant")
    assert play.asked.count("POST /token") == 1
    assert "GET /authorize" not in play.asked


# Device codes

CODE = {
    "device_code": "dc-1",
    "user_code": "WDJB-MJHT",
    "verification_uri": "https://as.example/device",
    "expires_in": 600,
    "interval": 0,
}


def answering(play: Play, *errors: str, **members: Any) -> None:
    """The device endpoint gives a code; the token endpoint these errors in turn, then a token."""
    left = list(errors)
    play.metadata["device_authorization_endpoint"] = f"{play.issuer}/device"
    play.on["POST /device"] = lambda _: told(200, {**CODE, **members})
    play.on["POST /token"] = lambda incoming: (
        told(400, {"error": left.pop(0)}) if left else play.grant(incoming)
    )


async def device(play: Play, *more: str) -> Finished:
    options = ("--grant", "device_code", "--spec", "2025-11-25", *more)
    return await finished(play.resource, "--json", *options)


async def test_a_code_that_is_typed_brings_a_token_X1(play: Play) -> None:
    answering(play, "authorization_pending", "authorization_pending")
    run = await device(play)
    assert run.code == 0, run.err


@pytest.mark.parametrize(
    ("error", "id", "part"),
    [
        ("expired_token", "authz-timeout", "WDJB-MJHT expired"),
        ("access_denied", "authz-denied", "access_denied"),
        ("invalid_grant", "token-error", "invalid_grant"),
    ],
)
async def test_a_code_that_comes_to_nothing_ends_the_run_X1(
    play: Play, error: str, id: str, part: str
) -> None:
    answering(play, "authorization_pending", error)
    stopped(await device(play), id, 1, part)


async def test_a_code_that_nobody_types_ends_with_the_wait_X1(play: Play) -> None:
    answering(play, *["authorization_pending"] * 9, interval=1)
    run = await device(play, "--wait", "1.2")
    stopped(run, "authz-timeout", 1, "Run again")
    assert play.asked.count("POST /token") in (1, 2)


async def test_a_server_without_device_authorization_says_so_X1(play: Play) -> None:
    stopped(await device(play), "client-grant", 1, "device_authorization_endpoint")
    assert play.forms == []
