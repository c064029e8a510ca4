"""Pins keys and signatures: what is read, what is refused, and that nothing private gets out."""

from __future__ import annotations

import base64
import itertools
import json
import subprocess
import sys
import traceback
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa, x25519
from hypothesis import given, settings
from hypothesis import strategies as st
from jwcrypto import jwk as other_jwk
from jwcrypto import jwt as other_jwt

from mcp_auth_tui.keys.jose import KeyProblem, Keys, Signed, Verified, verify_jwt
from mcp_auth_tui.model import Secret

NOW = 1_800_000_000
EC = ec.generate_private_key(ec.SECP256R1())
RSA = rsa.generate_private_key(65537, 2048)
ED = ed25519.Ed25519PrivateKey.generate()
PLAIN = ser.NoEncryption()
PASSPHRASE = "correct horse battery"
LOCKED = ser.BestAvailableEncryption(PASSPHRASE.encode())
PKCS8, TRADITIONAL = ser.PrivateFormat.PKCS8, ser.PrivateFormat.TraditionalOpenSSL


def pem(key: Any, form: ser.PrivateFormat = PKCS8, lock: Any = PLAIN) -> str:
    return key.private_bytes(ser.Encoding.PEM, form, lock).decode()


def public_pem(key: Any) -> str:
    made = key.public_key().public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo)
    return made.decode()


def private_jwk(key: Any, **more: Any) -> dict[str, Any]:
    made = json.loads(other_jwk.JWK.from_pem(pem(key).encode()).export_private())
    made.pop("kid", None)
    return {**made, **more}


def keys() -> Keys:
    return Keys(clock=lambda: NOW + 0.9, entropy=lambda count: b"\x01" * count)


def loaded(material: str, passphrase: str | None = None) -> Keys:
    made = keys()
    made.load("it", Secret(material), Secret(passphrase) if passphrase else None, "/home/me/k.pem")
    return made


def problem(material: str, passphrase: str | None = None) -> KeyProblem:
    with pytest.raises(KeyProblem) as caught:
        loaded(material, passphrase)
    return caught.value


def decoded(part: str) -> dict[str, Any]:
    found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    assert isinstance(found, dict)
    return found


def encoded(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def key_set(*signed: Signed, **more: Any) -> dict[str, Any]:
    return {"keys": [{**item.public, **more} for item in signed]}


# --- reading keys


@pytest.mark.parametrize(
    ("material", "algorithms"),
    [
        (pem(EC), ("ES256",)),
        (pem(EC, TRADITIONAL), ("ES256",)),
        (pem(ec.generate_private_key(ec.SECP384R1())), ("ES384",)),
        (pem(ec.generate_private_key(ec.SECP521R1())), ("ES512",)),
        (pem(RSA), ("RS256", "PS256", "PS384", "PS512", "RS384", "RS512")),
        (pem(RSA, TRADITIONAL), ("RS256", "PS256", "PS384", "PS512", "RS384", "RS512")),
        (pem(ED), ("EdDSA", "Ed25519")),
        (pem(ed448.Ed448PrivateKey.generate()), ("EdDSA", "Ed448")),
        (json.dumps(private_jwk(EC)), ("ES256",)),
        (json.dumps(private_jwk(RSA)), ("RS256", "PS256", "PS384", "PS512", "RS384", "RS512")),
        (json.dumps(private_jwk(RSA, alg="PS256", use="sig")), ("PS256",)),
        (json.dumps(private_jwk(ED, key_ops=["sign"])), ("EdDSA", "Ed25519")),
        (json.dumps({"keys": [{"kty": "EC"}, private_jwk(EC)]}), ("ES256",)),
        ("\n  " + public_pem(EC) + pem(EC) + "\n", ("ES256",)),
    ],
    ids=map(str, itertools.count(1)),
)
def test_a_key_is_read_in_every_usual_form(material: str, algorithms: tuple[str, ...]) -> None:
    """K4"""
    made = loaded(material)
    assert made.has("it")
    assert made.algorithms("it") == algorithms
    for alg in algorithms:
        signed = made.sign("it", {}, {"sub": "me"}, alg=alg)
        assert verify_jwt(signed.jwt.reveal(), key_set(signed)).ok


def test_every_form_of_a_key_has_the_same_thumbprint() -> None:
    forms = [pem(EC), pem(EC, TRADITIONAL), pem(EC, lock=LOCKED), json.dumps(private_jwk(EC))]
    prints = {loaded(form, PASSPHRASE).thumbprint("it") for form in forms}
    assert prints == {other_jwk.JWK.from_pem(pem(EC).encode()).thumbprint()}


def test_a_key_file_made_by_openssl_with_its_parameters_in_front_is_read() -> None:
    parameters = "-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n"
    assert loaded(parameters + pem(EC, TRADITIONAL)).algorithms("it") == ("ES256",)


@pytest.mark.parametrize("form", [PKCS8, TRADITIONAL])
def test_an_encrypted_key_asks_for_its_passphrase_and_opens_with_it(
    form: ser.PrivateFormat,
) -> None:
    material = pem(RSA, form, LOCKED)
    asked = problem(material)
    assert str(asked) == "/home/me/k.pem is encrypted: its passphrase is needed."
    assert asked.passphrase_needed
    assert loaded(material, PASSPHRASE).has("it")


def test_a_wrong_passphrase_is_said_and_may_be_typed_again() -> None:
    asked = problem(pem(EC, lock=LOCKED), "wrong")
    assert "the passphrase is wrong, or the file is damaged" in str(asked)
    assert asked.passphrase_needed


def test_a_passphrase_for_a_key_that_needs_none_does_no_harm() -> None:
    assert loaded(pem(EC), "not needed").has("it")


REFUSED = {
    "only the public half": public_pem(EC),
    "public JWK": json.dumps({k: v for k, v in private_jwk(EC).items() if k != "d"}),
    "several private keys": pem(EC) + pem(RSA),
    "2 private keys among 2 keys": json.dumps({"keys": [private_jwk(EC), private_jwk(ED)]}),
    "0 private keys among 0 keys": json.dumps({"keys": "none"}),
    "shared key": json.dumps({"kty": "oct", "k": "c2VjcmV0LXNlY3JldC1zZWNyZXQ"}),
    "(kty)": json.dumps({"kty": ["EC"], "d": "x"}),
    "(use)": json.dumps(private_jwk(EC, use="enc")),
    "(key_ops)": json.dumps(private_jwk(EC, key_ops=["verify"])),
    "another algorithm": json.dumps(private_jwk(EC, alg="RS256")),
    "another algorithm (alg)": json.dumps(private_jwk(EC, alg={"a": 1})),
    "secp256k1": pem(ec.generate_private_key(ec.SECP256K1())),
    "1,024 bits": pem(rsa.generate_private_key(65537, 1024)),
    "cannot sign a JWT": pem(x25519.X25519PrivateKey.generate()),
    "kind of key that cannot sign": pem(dsa.generate_private_key(2048)),
    "OpenSSH": pem(EC, ser.PrivateFormat.OpenSSH),
    "damaged": pem(EC).replace("\nM", "\nX", 1),
    "without a whole private key": pem(EC)[:80],
    "begins like JSON": "{ nothing",
    "begins like JSON, but": "{" * 20_000,
    "without kty or keys": "{}",
    "do not make a key": json.dumps(private_jwk(EC, x=private_jwk(EC)["y"])),
    "do not make": json.dumps(private_jwk(RSA, n="A" * 60_000)),
    "does not belong": json.dumps(
        private_jwk(ED, x=private_jwk(ed25519.Ed25519PrivateKey.generate())["x"])
    ),
    "no key that is known here": "hunter2",
    "far more than a key": "x" * 70_000,
}


@pytest.mark.parametrize(("words", "material"), REFUSED.items(), ids=REFUSED)
def test_what_cannot_sign_is_refused_with_a_sentence_that_names_the_file(
    words: str, material: str
) -> None:
    refused = problem(material)
    assert str(refused).startswith("/home/me/k.pem ")
    assert words in str(refused)
    assert not refused.passphrase_needed


def test_a_control_character_in_the_origin_does_not_reach_the_terminal() -> None:
    with pytest.raises(KeyProblem, match=r"^\\x1b\[31m is no key"):
        keys().load("it", Secret("x"), None, "\x1b[31m")


# --- nothing private gets out


def assert_nothing_of(secret: str, shown: str) -> None:
    """No run of 12 characters of the secret stands in what is shown."""
    pieces = {secret[i : i + 12] for i in range(0, len(secret) - 12, 6)}
    assert {piece for piece in pieces if piece in shown} == set()


@pytest.mark.parametrize("material", REFUSED.values(), ids=REFUSED)
def test_a_traceback_of_a_refusal_with_all_its_variables_holds_no_key(material: str) -> None:
    refused = problem(material)
    assert refused.__cause__ is None
    assert refused.__context__ is None
    frames = [
        f
        for f in traceback.walk_tb(refused.__traceback__)
        if "tests" not in f[0].f_code.co_filename
    ]
    assert {frame.f_code.co_name for frame, _ in frames} == {"load", "parsed"}
    shown = "".join(traceback.StackSummary.extract(frames, capture_locals=True).format())
    body = "".join(line for line in material.splitlines() if "-----" not in line)
    assert_nothing_of(body, shown + str(refused) + repr(refused))


def test_neither_keys_nor_what_they_sign_show_the_key_or_the_token() -> None:
    made = loaded(json.dumps(private_jwk(EC)))
    signed = made.sign("it", {}, {"sub": "me"}, alg="ES256", jwk_header=True)
    shown = repr(made) + str(made) + repr(signed) + repr(vars(made)) + json.dumps(signed.public)
    assert repr(made) == "Keys(it)"
    assert_nothing_of(private_jwk(EC)["d"], shown)
    assert_nothing_of(signed.jwt.reveal(), shown)


# --- signing


def test_a_signed_jwt_is_as_its_caller_wants_it_and_as_another_library_reads_it() -> None:
    """K4"""
    made = loaded(pem(EC))
    header = {"typ": "client-authentication+jwt"}
    claims = {"iss": "me", "sub": "me", "aud": "https://as.example"}
    signed = made.sign("it", header, claims, alg="ES256", lifetime=60.7)
    public = other_jwk.JWK.from_pem(public_pem(EC).encode())
    read = other_jwt.JWT(jwt=signed.jwt.reveal(), key=public, algs=["ES256"], check_claims={})
    assert json.loads(read.header) == {"typ": "client-authentication+jwt", "alg": "ES256"}
    assert json.loads(read.claims) == {
        **claims,
        "iat": NOW,
        "exp": NOW + 60,
        "jti": "AQEBAQEBAQEBAQEBAQEBAQ",
    }
    assert (signed.alg, signed.thumbprint) == ("ES256", public.thumbprint())


@pytest.mark.parametrize("alg", ["ES256", "ES384", "RS256", "PS256", "EdDSA"])
def test_a_key_made_for_the_run_signs_so_that_another_library_agrees(alg: str) -> None:
    """D1"""
    made = keys()
    made.generate("dpop", alg)
    assert made.algorithms("dpop") == (alg,)
    signed = made.sign("dpop", {"typ": "dpop+jwt"}, {"htm": "POST"}, alg=alg, jwk_header=True)
    header = decoded(signed.jwt.reveal().split(".")[0])
    assert header == {"typ": "dpop+jwt", "jwk": dict(signed.public), "alg": alg}
    public = other_jwk.JWK(**header["jwk"])
    assert public.thumbprint() == made.thumbprint("dpop") == signed.thumbprint
    assert not public.has_private
    other_jwt.JWT(jwt=signed.jwt.reveal(), key=public, algs=[alg], check_claims={})


def test_every_proof_has_a_jti_of_its_own() -> None:
    """D1"""
    made = Keys(clock=lambda: NOW)
    made.generate("dpop")
    jwts = [made.sign("dpop", {}, {}, alg="ES256").jwt.reveal() for _ in range(20)]
    assert len({decoded(jwt.split(".")[1])["jti"] for jwt in jwts}) == 20


def test_a_claim_that_was_set_by_hand_is_signed_as_it_stands() -> None:
    signed = loaded(pem(EC)).sign(
        "it", {}, {"iat": 1, "jti": "x", "exp": 2}, alg="ES256", lifetime=9
    )
    assert decoded(signed.jwt.reveal().split(".")[1]) == {"iat": 1, "jti": "x", "exp": 2}


def test_the_id_of_a_jwk_goes_into_the_header_unless_the_key_itself_does() -> None:
    made = loaded(json.dumps(private_jwk(EC, kid="key-1")))
    plain = made.sign("it", {}, {}, alg="ES256").jwt.reveal()
    whole = made.sign("it", {}, {}, alg="ES256", jwk_header=True).jwt.reveal()
    assert decoded(plain.split(".")[0]) == {"kid": "key-1", "alg": "ES256"}
    assert sorted(decoded(whole.split(".")[0])) == ["alg", "jwk"]


@pytest.mark.parametrize("alg", ["none", "HS256", "RS256", "ES384", "", "\x1b[2J"])
def test_a_key_never_signs_with_an_algorithm_that_is_not_its_own(alg: str) -> None:
    with pytest.raises(
        KeyProblem, match=r"^/home/me/k.pem cannot sign with .*it can do ES256"
    ) as it:
        loaded(pem(EC)).sign("it", {}, {}, alg=alg)
    assert "\x1b" not in str(it.value)


@pytest.mark.parametrize("alg", ["none", "HS256", "RSA", ""])
def test_no_key_is_made_for_an_algorithm_that_is_none(alg: str) -> None:
    with pytest.raises(KeyProblem, match="no key can be made for"):
        keys().generate("it", alg)


def test_a_key_that_was_never_loaded_is_named() -> None:
    for use in (keys().thumbprint, keys().algorithms):
        with pytest.raises(KeyProblem, match="there is no key named 'it'"):
            use("it")
    assert not keys().has("it")


# --- checking a token


def token(made: Keys, header: dict[str, Any] | None = None, alg: str = "ES256") -> Signed:
    return made.sign("it", {"typ": "at+jwt", **(header or {})}, {"sub": "me"}, alg=alg)


def test_a_token_signed_by_a_key_of_the_set_is_good() -> None:
    mine, other = loaded(pem(EC)), keys()
    other.generate("it", "RS256")
    signed = token(mine, {"kid": "b"})
    found = verify_jwt(
        signed.jwt.reveal(),
        {"keys": [{**token(other, alg="RS256").public, "kid": "a"}, {**signed.public, "kid": "b"}]},
    )
    assert found == Verified(True, "a key of the key set signed it with ES256.", "b", "ES256")


def test_a_token_that_another_library_signed_is_good() -> None:
    key = other_jwk.JWK.from_pem(pem(RSA).encode())
    made = other_jwt.JWT(header={"alg": "PS512"}, claims={"sub": "me"})
    made.make_signed_token(key)
    published = {"keys": [json.loads(key.export_public())]}
    assert verify_jwt(made.serialize(), published).ok


def swapped(jwt: str, **header: Any) -> str:
    first, rest = jwt.split(".", 1)
    return f"{encoded({**decoded(first), **header})}.{rest}"


SIGNED = token(loaded(pem(EC)))
JWT = SIGNED.jwt.reveal()
GOOD_SET = key_set(SIGNED)
STRANGER = token(loaded(pem(ec.generate_private_key(ec.SECP256R1()))))


@pytest.mark.parametrize(
    ("jwt", "jwks", "why"),
    [
        (swapped(JWT, alg="none"), GOOD_SET, "only an asymmetric signature proves anything"),
        (swapped(JWT, alg="none").rsplit(".", 1)[0] + ".", GOOD_SET, "only an asymmetric"),
        (swapped(JWT, alg="HS256"), GOOD_SET, "only an asymmetric signature proves anything"),
        (swapped(JWT, alg=["ES256"]), GOOD_SET, "only an asymmetric signature proves anything"),
        (swapped(JWT, alg=None), GOOD_SET, "only an asymmetric signature proves anything"),
        (swapped(JWT, crit=["exp"]), GOOD_SET, "crit or b64"),
        (swapped(JWT, b64=False), GOOD_SET, "crit or b64"),
        (swapped(JWT, typ="x"), GOOD_SET, "the signature does not fit (1 key"),
        (swapped(JWT, kid="gone"), GOOD_SET, "the signature does not fit (1 key"),
        # navikt/mock-oauth2-server#947: the key set is made for another path than the token is
        (
            swapped(JWT, kid="ditto"),
            key_set(SIGNED, kid="ditto/.well-known/oauth-authorization-server"),
            "no usable public key for ES256 and kid ditto. It has: ditto/.well-known/oauth",
        ),
        # surrealdb/surrealmcp#60: the key set of another server
        (swapped(JWT, kid="a"), {"keys": [{"kty": "EC", "kid": "b"}]}, "kid a. It has: b."),
        # PrefectHQ/fastmcp#4850: signed with the client's secret where no key was chosen
        (swapped(JWT, alg="HS256", kid="a"), GOOD_SET, "alg is 'HS256': only an asymmetric"),
        (swapped(JWT, alg="RS256"), GOOD_SET, "no usable public key for RS256"),
        (JWT, key_set(STRANGER), "the signature does not fit"),
        (JWT, key_set(SIGNED, use="enc"), "no usable public key"),
        (JWT, key_set(SIGNED, alg="ES384"), "no usable public key"),
        (JWT, {"keys": [{"kty": "oct", "k": "AAAA"}]}, "no usable public key"),
        (JWT, {"keys": [{"kty": "EC", "crv": "P-256", "x": "!", "y": 1}]}, "no usable public key"),
        (JWT, {}, "no usable public key"),
        (JWT, {"keys": {"a": 1}}, "no usable public key"),
        ("a.b", GOOD_SET, "three parts"),
        ("ä.b.c", GOOD_SET, "three parts"),
        (f"{encoded([1])}.b.c", GOOD_SET, "not a JSON object"),
        ("!!!.b.c", GOOD_SET, "not a JSON object"),
        ("x" * 200_000, GOOD_SET, "at most 131,072"),
    ],
    ids=map(str, itertools.count(1)),
)
def test_a_token_that_is_not_properly_signed_is_not_good(
    jwt: str, jwks: dict[str, Any], why: str
) -> None:
    found = verify_jwt(jwt, jwks)
    assert not found.ok
    assert why in found.why


def test_a_key_without_an_id_may_have_signed_what_names_one() -> None:
    """boylesoftware/tomcat-oidcauth#20: ``{"keys":[{"kty":"RSA","e":"AQAB","use":"sig",…}]}``."""
    signed = token(loaded(pem(EC)), {"kid": "x5t-of-the-certificate"})
    assert verify_jwt(signed.jwt.reveal(), key_set(signed, kid=None)).ok
    assert not verify_jwt(signed.jwt.reveal(), key_set(STRANGER, kid=None)).ok


def test_a_shared_secret_made_of_the_public_key_does_not_sign() -> None:
    """The oldest trick: HS256 keyed with the published key."""
    secret = other_jwk.JWK(kty="oct", k=encoded("x").rstrip("=") + "A" * 40)
    made = other_jwt.JWT(header={"alg": "HS256"}, claims={})
    made.make_signed_token(secret)
    assert not verify_jwt(made.serialize(), {"keys": [json.loads(secret.export())]}).ok


def test_a_key_set_that_publishes_a_private_key_still_only_checks() -> None:
    assert verify_jwt(JWT, {"keys": [private_jwk(EC)]}).ok


def test_a_header_with_a_certificate_chain_is_not_too_long() -> None:
    signed = token(loaded(pem(EC)), {"x5c": ["A" * 4000]})
    assert verify_jwt(signed.jwt.reveal(), key_set(signed)).ok


def test_what_is_shown_of_a_hostile_header_is_harmless() -> None:
    found = verify_jwt(swapped(JWT, kid="\x1b]0;x\x07", alg="\x1b[2J"), GOOD_SET)
    assert "\x1b" not in f"{found.why}{found.kid}{found.alg}"


# --- hostile input

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
MEMBERS = ("kty", "crv", "x", "y", "d", "n", "e", "p", "q", "dp", "dq", "qi", "alg", "use", "kid")
BROKEN_JWK = st.builds(
    lambda base, changes, gone: {k: v for k, v in {**base, **changes}.items() if k not in gone},
    st.sampled_from([private_jwk(EC), private_jwk(RSA), private_jwk(ED)]),
    st.dictionaries(st.sampled_from(MEMBERS), JSON, max_size=3),
    st.sets(st.sampled_from(MEMBERS), max_size=2),
)


def cut(value: str, at: int, put: str) -> str:
    at %= len(value)
    return value[:at] + put + value[at + len(put) :]


BROKEN_PEM = st.builds(
    cut,
    st.sampled_from([pem(EC), pem(RSA, TRADITIONAL), pem(ED), pem(EC, lock=LOCKED)]),
    st.integers(0, 5000),
    st.text(st.characters(exclude_categories=["Cs"]), max_size=6),
)


def only_a_key_problem(act: Callable[[], object]) -> None:
    refused: KeyProblem | None = None
    try:
        act()
    except KeyProblem as problem:
        refused = problem
    if refused is not None:
        assert refused.__context__ is None
        assert str(refused).startswith("/home/me/k.pem ")


def der(tag: int, body: bytes) -> bytes:
    count = len(body).to_bytes(3, "big")
    return bytes([tag, 0x83]) + count + body


def huge_rsa_pem(bits: int) -> str:
    """An RSA key of numbers so long that checking how they fit together takes minutes."""
    long, half = (b"\x01" + b"\xff" * (size // 8) for size in (bits, bits // 2))
    numbers = (b"\0", long, b"\1\0\1", long, half, half, half, half, half)
    body = base64.encodebytes(der(0x30, b"".join(der(2, number) for number in numbers)))
    name = "RSA PRIVATE KEY"
    return f"-----BEGIN {name}-----\n{body.decode()}-----END {name}-----\n"


@pytest.mark.timeout(20)
@pytest.mark.parametrize("bits", [40_000, 80_000])
def test_numbers_of_an_absurd_size_cost_no_time(bits: int) -> None:
    long = base64.urlsafe_b64encode(b"\x01" + b"\xff" * (bits // 8)).decode().rstrip("=")
    number = {"kty": "RSA", "n": long, "e": "AQAB"}
    assert "do not make a key" in str(problem(json.dumps({**number, "d": long})))
    assert "damaged" in str(problem(huge_rsa_pem(bits)))
    assert not verify_jwt(swapped(JWT, alg="RS256"), {"keys": [{**number, "e": long}] * 50}).ok


@settings(max_examples=200, deadline=None)
@given(st.text() | st.binary().map(lambda b: b.decode("latin-1")) | BROKEN_PEM)
def test_any_text_is_a_key_or_a_sentence(material: str) -> None:
    only_a_key_problem(lambda: loaded(material, PASSPHRASE))


@settings(max_examples=300, deadline=None)
@given(BROKEN_JWK | JSON)
def test_any_json_is_a_key_that_works_or_a_sentence(member: Any) -> None:
    def use() -> None:
        made = loaded(json.dumps(member))
        signed = made.sign("it", {}, {}, alg=made.algorithms("it")[0])
        assert verify_jwt(signed.jwt.reveal(), key_set(signed)).ok

    only_a_key_problem(use)


@settings(max_examples=300, deadline=None)
@given(
    st.text() | st.builds(lambda a, b: f"{encoded(a)}.{encoded(b)}.AAAA", JSON, JSON),
    JSON | st.builds(lambda keys: {"keys": keys}, st.lists(BROKEN_JWK | JSON, max_size=3)),
)
def test_no_token_and_no_key_set_raises_anything(jwt: str, jwks: Any) -> None:
    assert not verify_jwt(jwt, jwks).ok


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(JWT) - 1), st.sampled_from("AZaz09-_.=\n"))
def test_a_token_with_one_changed_character_is_not_good(at: int, put: str) -> None:
    changed = JWT[:at] + put + JWT[at + 1 :]
    same = [decoded_or_none(part) for part in changed.split(".")] == [
        decoded_or_none(part) for part in JWT.split(".")
    ]
    assert verify_jwt(changed, GOOD_SET).ok <= (changed == JWT or same)


def decoded_or_none(part: str) -> bytes | None:
    try:
        return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
    except ValueError:
        return None


@settings(max_examples=60, deadline=None)
@given(BROKEN_JWK)
def test_a_broken_public_key_in_a_set_raises_nothing(member: dict[str, Any]) -> None:
    for alg, jwt in itertools.product(("ES256", "RS256", "EdDSA"), (JWT, swapped(JWT, kid=1))):
        verify_jwt(swapped(jwt, alg=alg), {"keys": [member]})


def test_importing_the_module_loads_no_cryptography() -> None:
    code = (
        "import sys, mcp_auth_tui.keys.jose;"
        "print([m for m in sys.modules if m.split('.')[0] in ('joserfc', 'cryptography')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "[]\n"
