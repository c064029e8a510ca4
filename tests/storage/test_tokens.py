"""What is kept of tokens and clients, by several programs at once, whatever happens to the file."""

from __future__ import annotations

import json
import os
import random
import signal
import stat
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import keyring
import pytest
from hypothesis import given
from hypothesis import strategies as st
from keyring.backend import KeyringBackend

from mcp_auth_tui.model import Secret
from mcp_auth_tui.model.oauth import AuthorizationServer, Client, Token
from mcp_auth_tui.storage import keyring as own_keyring
from mcp_auth_tui.storage import token_file, token_writer
from mcp_auth_tui.storage.token_file import StoreProblem, choose, fresh, token_path
from mcp_auth_tui.storage.tokens import TokenStore

URL = "https://mcp.example.com/mcp"
ISSUER = "https://auth.example.com"
REDIRECT = "http://127.0.0.1:43117/callback"
SERVER = AuthorizationServer(
    ISSUER,
    f"{ISSUER}/.well-known/oauth-authorization-server",
    f"{ISSUER}/authorize",
    f"{ISSUER}/token",
    f"{ISSUER}/register",
    {"revocation_endpoint": f"{ISSUER}/revoke"},
)
CLIENT = Client(
    "c1",
    "dynamic",
    ISSUER,
    REDIRECT,
    "client_secret_basic",
    Secret("client-secret"),
    {"registration_client_uri": f"{ISSUER}/register/c1"},
    Secret("registration-token"),
)
TOKEN = Token(
    Secret("access-1"),
    "Bearer",
    ISSUER,
    URL,
    "c1",
    1_700_000_000.0,
    600.0,
    "a b",
    "a",
    Secret("refresh-1"),
    Secret("identity"),
)
with TemporaryDirectory() as _folder:
    TokenStore(Path(_folder) / "tokens.json", "file").keep((URL,), SERVER, CLIENT, TOKEN)
    KEPT = json.loads((Path(_folder) / "tokens.json").read_text())
SECRETS = ("client-secret", "registration-token", "access-1", "refresh-1", "identity")


class Memory(KeyringBackend):
    """A keyring that keeps a secret, and can be locked or emptied."""

    priority = 5

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], str] = {}
        self.asked = 0
        self.locked = False

    def _ask(self) -> None:
        self.asked += 1
        if self.locked:
            raise RuntimeError("the collection is locked")

    def get_password(self, service: str, username: str) -> str | None:
        self._ask()
        return self.held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        self._ask()
        self.held[service, username] = password


@pytest.fixture
def memory() -> Iterator[Memory]:
    before, backend = keyring.get_keyring(), Memory()
    keyring.set_keyring(backend)
    yield backend
    keyring.set_keyring(before)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "new" / "tokens.json"


@pytest.fixture
def store(path: Path) -> TokenStore:
    return TokenStore(path, "file")


def rotated(number: int) -> Token:
    return replace(TOKEN, access=Secret(f"access-{number}"), refresh=Secret(f"refresh-{number}"))


def test_the_place_is_the_systems_or_a_chosen_one_or_none(monkeypatch: pytest.MonkeyPatch) -> None:
    from platformdirs import user_data_dir

    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    usual = str(Path(user_data_dir("mcp-auth-tui", appauthor=False)) / "tokens.json")
    assert token_path({}) == token_path({"MCP_AUTH_TUI_TOKENS": ""}) == usual
    monkeypatch.setenv("XDG_DATA_HOME", "/data")
    usual = str(Path(user_data_dir("mcp-auth-tui", appauthor=False)) / "tokens.json")
    assert token_path({"XDG_DATA_HOME": "/data"}) == usual
    assert token_path({"MCP_AUTH_TUI_TOKENS": "/a/b"}) == "/a/b"
    assert token_path({"MCP_AUTH_TUI_TOKENS": os.devnull}) is None
    assert token_path({"TEXTUAL_DRIVER": "x:Y", "MCP_AUTH_TUI_TOKENS": "/a/b"}) is None


def test_the_tests_keep_nothing_of_the_developers() -> None:
    assert token_path() is None


def test_what_is_kept_comes_back_whole(store: TokenStore) -> None:
    stored = store.keep((URL,), SERVER, CLIENT, TOKEN)
    assert store.tokens() == (stored,)
    assert (stored.urls, stored.generation, stored.expires) == ((URL,), 1, 1_700_000_600.0)
    assert (stored.scope_asked, stored.scope_granted, stored.where) == ("a b", "a", "file")
    grant = store.open(stored.id)
    assert grant is not None
    assert grant.token == TOKEN
    assert grant.client == replace(CLIENT, stored=True)
    assert grant.previous is None
    assert stored.server == SERVER
    assert store.notes == []


def test_what_a_sign_in_found_out_or_was_allowed_is_kept_for_the_refresh(
    store: TokenStore,
) -> None:
    """Doorkeeper 5.5 takes id and secret undecoded; OpenAuth 0.4.3 leaves token_type out."""
    client = replace(CLIENT, encoded=False)
    token = replace(TOKEN, allowed=("as-pkce-absent", "token-no-type"))
    stored = store.keep((URL,), SERVER, client, token)
    grant = store.open(stored.id)
    assert grant is not None
    assert grant.token == token
    assert grant.client == replace(client, stored=True)


@pytest.mark.parametrize("allowed", [None, 5, "token-no-type", [5, None]])
def test_what_another_release_or_a_hand_wrote_of_allowed_refusals_lifts_none(
    store: TokenStore, allowed: Any
) -> None:
    stored = store.keep((URL,), SERVER, CLIENT, TOKEN)
    document = json.loads(store.path.read_text())
    document["tokens"][0]["allowed"] = allowed
    store.path.write_text(json.dumps(document))
    (read,) = store.tokens()
    assert (read.id, read.allowed) == (stored.id, ())


def test_file_and_folder_are_the_owners_alone(store: TokenStore, path: Path) -> None:
    """ST1: a private file."""
    old = os.umask(0)
    try:
        store.keep((URL,), SERVER, CLIENT, TOKEN)
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_a_keyring_holds_the_key_and_the_file_no_secret(path: Path, memory: Memory) -> None:
    """ST1: the keyring; ST2: a list needs no secret."""
    store = TokenStore(path)
    stored = store.keep((URL,), SERVER, CLIENT, TOKEN)
    assert stored.where == "keyring"
    assert store.notes == []
    assert [secret for secret in SECRETS if secret in path.read_text()] == []
    asked, again = memory.asked, TokenStore(path, "file")
    assert again.tokens() == (stored,)
    assert again.clients()[0].secret is None
    assert memory.asked == asked, "a list opens no keyring"
    grant = again.open(stored.id)
    assert grant is not None
    assert (grant.token, grant.client) == (TOKEN, replace(CLIENT, stored=True))


def test_a_sealed_token_stays_sealed_when_it_is_renewed(path: Path, memory: Memory) -> None:
    stored = TokenStore(path).keep((URL,), SERVER, CLIENT, TOKEN)
    store = TokenStore(path, "file")
    grant = store.open(stored.id)
    assert grant is not None
    assert store.renew(grant, rotated(2))
    assert "access-2" not in path.read_text()
    renewed = store.open(stored.id)
    assert renewed is not None
    assert renewed.token.access == Secret("access-2")


def test_without_a_keyring_auto_takes_the_file_and_says_so(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(own_keyring, "missing", lambda: "this system offers no keyring")
    store = TokenStore(path)
    assert store.keep((URL,), SERVER, CLIENT, TOKEN).where == "file"
    assert store.notes == [
        f"Kept in {path}, which only you can read, and not in a keyring: this system offers no "
        "keyring."
    ]
    with pytest.raises(StoreProblem) as caught:
        TokenStore(path, "keyring").keep((URL,), SERVER, CLIENT, TOKEN)
    assert str(caught.value) == "Nothing is kept: this system offers no keyring."


def test_a_locked_keyring_is_told_and_nothing_that_it_sealed_is_lost(
    path: Path, memory: Memory
) -> None:
    stored = TokenStore(path).keep((URL,), SERVER, CLIENT, TOKEN)
    before = path.read_text()
    memory.locked = True
    with pytest.raises(StoreProblem, match=r"the collection is locked.*unlock it"):
        TokenStore(path).open(stored.id)
    with pytest.raises(StoreProblem, match="the collection is locked"):
        TokenStore(path, "keyring").keep((URL,), SERVER, CLIENT, rotated(2))
    assert path.read_text() == before
    memory.locked = False
    memory.held.clear()
    with pytest.raises(StoreProblem, match="is not there any more: sign in again"):
        TokenStore(path).open(stored.id)
    TokenStore(path).keep((f"{URL}/2",), SERVER, CLIENT, replace(TOKEN, resource="other"))
    with pytest.raises(StoreProblem, match=r"another key .* sign in again"):
        TokenStore(path).open(stored.id)


def test_a_keyring_that_does_not_answer_is_given_up(
    path: Path, memory: Memory, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = TokenStore(path).keep((URL,), SERVER, CLIENT, TOKEN)
    from threading import Event

    forever = Event()
    monkeypatch.setattr(memory, "get_password", lambda *_: forever.wait(60))
    monkeypatch.setattr(own_keyring, "SECONDS", 0.05)
    with pytest.raises(StoreProblem, match=r"did not answer within 0.05 s"):
        TokenStore(path).open(stored.id)
    forever.set()


def test_a_refresh_replaces_the_generation_that_it_refreshed_alone(store: TokenStore) -> None:
    """F3: compare and swap by generation."""
    stored = store.keep((URL,), SERVER, CLIENT, TOKEN)
    grant = store.open(stored.id)
    assert grant is not None
    assert store.begin_refresh(stored)
    assert store.tokens()[0].unanswered is not None
    assert store.renew(grant, rotated(2))
    assert not store.renew(grant, rotated(3)), "somebody was quicker"
    assert not store.drop_refresh_token(stored), "of that generation alone (F3)"
    now = store.open(stored.id)
    assert now is not None
    assert (now.stored.generation, now.stored.unanswered) == (2, None)
    assert (now.token.access, now.token.refresh) == (Secret("access-2"), Secret("refresh-2"))
    assert now.previous is not None
    assert now.previous.refresh == Secret("refresh-1")
    assert store.drop_refresh_token(now.stored)
    dropped = store.open(stored.id)
    assert dropped is not None
    assert (dropped.token.refresh, dropped.previous) == (None, None)
    assert dropped.token.access == Secret("access-2")


def test_a_second_sign_in_takes_the_place_of_the_first_and_other_clients_stand_beside_it(
    store: TokenStore,
) -> None:
    """ST2: issuer, client, resource and type name a token."""
    first = store.keep((URL,), SERVER, CLIENT, TOKEN)
    again = store.keep((f"{URL}/",), SERVER, CLIENT, rotated(2))
    assert (again.id, again.generation, again.urls) == (first.id, 2, (f"{URL}/", URL))
    other = store.keep(
        (URL,), SERVER, replace(CLIENT, id="c2"), replace(TOKEN, client_id="c2", scope_granted="x")
    )
    entries = token_file.read(str(store.path))["tokens"]
    assert [item["id"] for item in choose(entries, URL)] == [other.id, first.id]
    assert [item["id"] for item in choose(entries, URL, client_id="c1")] == [first.id]
    assert [item["id"] for item in choose(entries, URL, scope="x")] == [other.id]
    assert choose(entries, URL, issuer="https://other.example") == []
    assert choose(entries, "https://other.example/mcp") == []


def test_a_client_is_found_by_issuer_and_redirect_uri(store: TokenStore) -> None:
    """G7, G9: a registration is used again, at its own issuer alone."""
    store.keep_client(CLIENT)
    stored = replace(CLIENT, stored=True)
    assert store.find_client(ISSUER, None, None, None) == stored
    assert store.find_client(ISSUER, REDIRECT, None, None) == stored
    assert store.find_client(ISSUER, None, 43117, None) == stored
    assert store.find_client(ISSUER, None, 43118, None) is None
    assert store.find_client(ISSUER, "http://localhost:1/x", None, None) is None
    assert store.find_client(ISSUER, "", None, None) is None
    assert store.find_client("https://other.example", None, None, None) is None
    narrow = replace(CLIENT, document={"scope": "a b", "client_secret_expires_at": 0})
    store.keep_client(narrow)
    assert store.find_client(ISSUER, None, None, "b") is not None
    assert store.find_client(ISSUER, None, None, "c") is None
    store.keep_client(replace(CLIENT, document={"client_secret_expires_at": 1}))
    assert store.find_client(ISSUER, None, None, None) is None, "its secret is over"
    store.forget_client(ISSUER, "c1")
    assert store.clients() == ()


def test_what_is_forgotten_is_gone_and_leaves_no_lock(store: TokenStore) -> None:
    stored = store.keep((URL,), SERVER, CLIENT, TOKEN)
    with store.refreshing(stored, 1, lambda: False) as locked:
        assert locked
    store.forget(stored.id)
    assert store.tokens() == ()
    assert store.open(stored.id) is None
    assert "access-1" not in store.path.read_text()
    assert sorted(item.name for item in store.path.parent.iterdir()) == [
        "tokens.json",
        "tokens.json.lock",
    ]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "is not what mcp-auth-tui writes"),
        ('{"schema": "mcp-auth-tui-tokens/1"', "is not what mcp-auth-tui writes"),
        ("[" * 100_000, "is not what mcp-auth-tui writes"),
        ('{"schema": "mcp-auth-tui-tokens/2", "new": 1}', "was written by another version"),
        ('{"schema": "mcp-auth-tui-tokens/1", "clients": 1, "tokens": []}', "holds entries"),
        (
            '{"schema": "mcp-auth-tui-tokens/1", "clients": [], "tokens": [{"id": "x"}]}',
            "holds entries",
        ),
    ],
)
def test_a_file_that_cannot_be_read_is_told_and_moved_aside_before_a_new_one_is_written(
    store: TokenStore, path: Path, text: str, sentence: str
) -> None:
    path.parent.mkdir(mode=0o700)
    path.write_text(text)
    with pytest.raises(StoreProblem, match=sentence):
        store.tokens()
    assert path.read_text() == text, "reading moves nothing"
    store.keep((URL,), SERVER, CLIENT, TOKEN)
    assert len(store.tokens()) == 1
    assert path.with_name("tokens.json.unreadable-1").read_text() == text
    assert store.notes == [
        f"{path} was not a token store of this version: it is now tokens.json.unreadable-1, and a "
        "new one was begun."
    ]


def test_links_and_what_others_may_change_are_not_believed(store: TokenStore, path: Path) -> None:
    store.keep((URL,), SERVER, CLIENT, TOKEN)
    moved = path.with_name("moved.json")
    path.rename(moved)
    path.symlink_to(moved)
    for use in (store.tokens, lambda: store.keep_client(CLIENT)):
        with pytest.raises(StoreProblem, match="is a symbolic link"):
            use()
    path.unlink()
    moved.rename(path)
    path.chmod(0o620)
    with pytest.raises(StoreProblem, match=f"chmod go-w {path}$"):
        store.tokens()
    path.chmod(0o600)
    path.parent.chmod(0o777)
    for use in (store.tokens, lambda: store.keep_client(CLIENT)):
        with pytest.raises(StoreProblem, match=f"chmod go-w {path.parent}$"):
            use()


def test_a_disk_that_is_full_leaves_the_old_file_whole(
    store: TokenStore, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = store.keep((URL,), SERVER, CLIENT, TOKEN)
    before = path.read_bytes()

    def full(handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(token_writer.os, "fsync", full)
    with pytest.raises(StoreProblem, match="cannot be written: No space left on device"):
        store.begin_refresh(stored)
    assert path.read_bytes() == before


def test_a_home_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    taken = tmp_path / "file"
    taken.touch()
    store = TokenStore(taken / "tokens.json", "file")
    assert store.tokens() == ()
    with pytest.raises(StoreProblem, match=r"cannot be written: (File exists|Not a directory)"):
        store.keep((URL,), SERVER, CLIENT, TOKEN)


def test_a_program_that_holds_the_file_is_named_after_a_while(
    store: TokenStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mcp_auth_tui.storage.locks import alone

    store.keep((URL,), SERVER, CLIENT, TOKEN)
    monkeypatch.setattr(token_writer, "LOCK_SECONDS", 0.05)
    with alone(store.path.with_name("tokens.json.lock"), 1), pytest.raises(StoreProblem) as caught:
        store.keep_client(CLIENT)
    assert "nothing was written. End it, and try again." in str(caught.value)


def test_a_token_is_used_until_shortly_before_its_end_and_never_by_a_clock_that_jumped() -> None:
    entry = {"received": 1000.0, "expires": 1100.0}
    assert fresh(entry, 1000) and fresh(entry, 1074.9)
    assert not fresh(entry, 1075) and not fresh(entry, 5000)
    assert not fresh(entry, 900), "the clock was set back"
    long = {"received": 1000.0, "expires": 4600.0}
    assert fresh(long, 4569.9) and not fresh(long, 4570)
    assert fresh({"received": 1000.0, "expires": None}, 9_000_000)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)


@given(
    place=st.sampled_from(["tokens", "clients", "server"]),
    name=st.sampled_from([*KEPT["tokens"][0], *KEPT["clients"][0], *KEPT["tokens"][0]["server"]]),
    value=_JSON,
)
def test_whatever_stands_in_an_entry_the_store_can_be_used_or_says_so(
    place: str, name: str, value: Any
) -> None:
    document = json.loads(json.dumps(KEPT))
    entry = document["tokens"][0]["server"] if place == "server" else document[place][0]
    entry[name] = value
    with TemporaryDirectory() as folder:
        path = Path(folder) / "tokens.json"
        path.write_text(json.dumps(document))
        store = TokenStore(path, "file")
        with suppress(StoreProblem):
            for stored in store.tokens():
                store.open(stored.id)
                fresh({"received": stored.received, "expires": stored.expires}, 0.0)
            store.find_client(ISSUER, None, None, "a")


@pytest.mark.parametrize("number", ["NaN", "1e400", "-Infinity", "1" + "0" * 400])
@pytest.mark.parametrize("name", ["received", "expires", "generation"])
def test_a_moment_that_is_none_makes_a_store_unreadable(
    name: str, number: str, tmp_path: Path
) -> None:
    """Else a list as JSON, and the life of a token, would be a bug of ours."""
    document = json.loads(json.dumps(KEPT))
    document["tokens"][0][name] = "@"
    path = tmp_path / "tokens.json"
    path.write_text(json.dumps(document).replace('"@"', number))
    with pytest.raises(StoreProblem, match="holds entries that mcp-auth-tui does not write"):
        TokenStore(path, "file").tokens()


WRITER = """
import sys
from dataclasses import replace
from pathlib import Path
from mcp_auth_tui.model import Secret
from mcp_auth_tui.storage.tokens import TokenStore
store = TokenStore(Path(sys.argv[1]), "file")
id = store.tokens()[0].id
print("go", flush=True)
while True:
    grant = store.open(id)
    number = grant.stored.generation + 1
    access, refresh = Secret(f"access-{number}"), Secret(f"refresh-{number}")
    new = replace(grant.token, access=access, refresh=refresh)
    assert store.begin_refresh(grant.stored)
    assert store.renew(grant, new)
    print(number, flush=True)
"""
KILLS = int(os.environ.get("MCP_AUTH_TUI_TEST_KILLS", "30"))


def test_a_program_that_is_killed_at_any_moment_loses_no_refresh_token(
    store: TokenStore, path: Path
) -> None:
    """What was written before a kill is there after it, whole: `KILLS` times."""
    stored = store.keep((URL,), SERVER, CLIENT, TOKEN)
    rolls, last = random.Random(7), 1
    for _ in range(KILLS):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdout.readline() == "go\n"
        time.sleep(rolls.uniform(0, 0.02))  # any moment will do: that is the test
        process.send_signal(signal.SIGKILL)
        told = [int(line) for line in process.communicate()[0].split("\n")[:-1]]
        last = max([last, *told])
        grant = store.open(stored.id)
        assert grant is not None
        number = grant.stored.generation
        assert number in (last, last + 1), "at most the one that was not told yet"
        assert grant.token.refresh == Secret(f"refresh-{number}")
        last = number
    assert {item.name for item in path.parent.iterdir()} <= {
        "tokens.json",
        "tokens.json.lock",
        "tokens.json.new",
    }


def test_the_document_is_json_with_a_schema(store: TokenStore, path: Path) -> None:
    store.keep((URL,), SERVER, CLIENT, TOKEN)
    assert json.loads(path.read_text())["schema"] == token_file.SCHEMA


def test_a_bound_token_is_kept_with_its_key_through_a_refresh_and_a_refusal(
    tmp_path: Path,
) -> None:
    """ST2: the key's thumbprint is part of the name, and the key is a secret like the token."""
    store = TokenStore(tmp_path / "data" / "tokens.json", "file")
    bound = replace(TOKEN, type="DPoP", refresh=Secret("refresh-1"))
    stored = store.keep((URL,), SERVER, CLIENT, bound, ("thumb-1", Secret("the-jwk")))
    other = store.keep((URL,), SERVER, CLIENT, bound, ("thumb-2", Secret("another")))
    assert stored.id != other.id
    assert (stored.thumbprint, store.find(bound, "thumb-1")) == ("thumb-1", stored)
    grant = store.open(stored.id)
    assert grant is not None
    assert grant.proof_key == Secret("the-jwk")
    assert store.renew(grant, replace(bound, access=Secret("access-2"), refresh=Secret("r2")))
    renewed = store.open(stored.id)
    assert renewed is not None
    assert (renewed.proof_key, renewed.stored.thumbprint) == (Secret("the-jwk"), "thumb-1")
    assert store.drop_refresh_token(renewed.stored)
    spent = store.open(stored.id)
    assert spent is not None
    assert (spent.proof_key, spent.token.refresh, spent.previous) == (
        Secret("the-jwk"),
        None,
        None,
    )
