"""Pins where a secret can come from, what is refused, and that sentences hold no secret."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import keyring
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keyring.backend import KeyringBackend
from keyring.errors import KeyringLocked

from mcp_auth_tui.model import Secret
from mcp_auth_tui.storage.private_files import FileProblem, read_small
from mcp_auth_tui.storage.secret_sources import Found, SourceProblem, read

WHAT = "the client's key"
VALUE = "s3cret-value-that-nobody-may-see"
posix = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


def found(source: str, commands: dict[str, Sequence[str]] | None = None, **environ: str) -> Found:
    path = {"PATH": os.environ["PATH"]}
    return read(source, what=WHAT, commands=commands or {}, environ={**path, **environ})


def problem(source: str, commands: dict[str, Sequence[str]] | None = None, **environ: str) -> str:
    with pytest.raises(SourceProblem) as caught:
        found(source, commands, **environ)
    assert caught.value.__cause__ is None
    assert VALUE not in str(caught.value)
    return str(caught.value)


def secret_file(folder: Path, content: bytes = VALUE.encode(), mode: int = 0o600) -> Path:
    path = folder / "key.pem"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


# --- files


@pytest.mark.parametrize("prefix", ["file:", ""])
def test_a_file_gives_its_text_without_the_white_space_around_it(
    tmp_path: Path, prefix: str
) -> None:
    path = secret_file(tmp_path, b"\xef\xbb\xbf " + VALUE.encode() + b"\r\n")
    assert found(f"{prefix}{path}") == Found(Secret(VALUE), str(path))


def test_a_bare_path_may_have_a_colon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("C:key").write_text(VALUE)
    Path("C:key").chmod(0o600)
    assert found("C:key").secret == Secret(VALUE)


def test_a_tilde_means_the_home_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    path = secret_file(tmp_path)
    assert found("file:~/key.pem").origin == str(path)
    assert "nobody has that home folder" in problem("file:~nobody-has-this-name/key.pem")


@posix
@pytest.mark.parametrize("mode", [0o640, 0o604, 0o644])
def test_a_file_that_others_can_read_is_used_and_said(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path, mode=mode)
    assert found(str(path)) == Found(
        Secret(VALUE),
        str(path),
        f"{path} holds the client's key and can be read by others (mode 0{mode:o}): "
        f"chmod 600 {path}",
    )


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "no.pem"
    assert problem(f"file:{path}") == (
        f"there is no file {path}: the client's key was looked for in it. Check the path."
    )


def test_a_directory_is_refused(tmp_path: Path) -> None:
    assert f"{tmp_path} is a directory, not a file" in problem(str(tmp_path))


@posix
@pytest.mark.timeout(20)
def test_a_pipe_a_device_and_a_socket_are_refused_and_never_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "is a pipe, not a file" in problem(str(tmp_path / "pipe"))
    assert "is a device, not a file" in problem("/dev/zero")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(tmp_path / "s"))
        assert f"{tmp_path / 's'} cannot be read" in problem(str(tmp_path / "s"))


@posix
@pytest.mark.skipif(os.name != "posix" or os.getuid() == 0, reason="root may read everything")
def test_a_file_of_somebody_else_is_named(tmp_path: Path) -> None:
    assert "cannot be read by you" in problem(str(secret_file(tmp_path, mode=0o000)))


def test_a_file_that_is_too_large_is_refused_by_its_size(tmp_path: Path) -> None:
    assert found(str(secret_file(tmp_path, b"x" * 65_536))).secret == Secret("x" * 65_536)
    path = secret_file(tmp_path, b"x" * 65_537)
    assert f"{path} has 65,537 octets, and the client's key at most 65,536" in problem(str(path))


@pytest.mark.parametrize(
    ("content", "words"), [(b" \n", "gave nothing"), (b"\x30\x82\xff", "not UTF-8 text")]
)
def test_a_file_without_text_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    assert words in problem(str(secret_file(tmp_path, content)))


def test_a_name_that_no_file_can_have_is_a_sentence() -> None:
    assert "no file can have this name" in problem("a\0b")


def test_what_was_read_does_not_show_in_a_repr(tmp_path: Path) -> None:
    opened = read_small(secret_file(tmp_path), what=WHAT)
    assert repr(opened) == f"SmallFile({len(VALUE)} octets)"
    assert VALUE not in repr(found(str(tmp_path / "key.pem")))


def test_a_smaller_limit_holds(tmp_path: Path) -> None:
    with pytest.raises(FileProblem, match="at most 5"):
        read_small(secret_file(tmp_path), what=WHAT, limit=5)


# --- environment


def test_a_variable_gives_its_value() -> None:
    assert found("env:MY_KEY", MY_KEY=f" {VALUE}\n") == Found(Secret(VALUE), "$MY_KEY")


def test_a_variable_that_is_missing_or_empty_is_named() -> None:
    assert "variable MY_KEY is not set" in problem("env:MY_KEY")
    assert "variable MY_KEY is empty" in problem("env:MY_KEY", MY_KEY=" ")


# --- keyring


class Backend(KeyringBackend):
    """A keyring in memory."""

    priority = 1  # type: ignore[assignment]

    def __init__(self) -> None:
        super().__init__()
        self.locked = False

    def get_password(self, service: str, username: str) -> str | None:
        if self.locked:
            raise KeyringLocked("locked\x1b[2J")
        held = {("https://mcp.example/mcp", "me"): VALUE, ("empty", "me"): " "}
        return held.get((service, username))

    def set_password(self, service: str, username: str, password: str) -> None:
        raise NotImplementedError  # the base class wants it; a secret is only read


@pytest.fixture
def backend(monkeypatch: pytest.MonkeyPatch) -> Backend:
    made = Backend()
    monkeypatch.setattr(keyring, "get_password", made.get_password)
    return made


def test_a_keyring_entry_gives_its_password(backend: Backend) -> None:
    assert found("keyring:https://mcp.example/mcp/me") == Found(
        Secret(VALUE), "the keyring entry https://mcp.example/mcp, user me"
    )


def test_a_keyring_without_the_entry_or_locked_is_a_sentence(backend: Backend) -> None:
    assert "the keyring entry other, user me is not there" in problem("keyring:other/me")
    assert "the keyring entry empty, user me is not there" in problem("keyring:empty/me")
    backend.locked = True
    assert "cannot be read (locked\\x1b[2J)" in problem("keyring:other/me")


@pytest.mark.parametrize("entry", ["service", "/user", "service/"])
def test_a_keyring_entry_needs_both_names(entry: str) -> None:
    assert problem(f"keyring:{entry}") == f"keyring:{entry} is not keyring:SERVICE/USER."


def test_without_the_keyring_package_its_installation_is_the_next_step(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "keyring", None)
    assert "pip install 'mcp-auth-tui[keyring]'" in problem("keyring:a/b")


# --- commands


def test_a_command_of_the_config_file_gives_what_it_prints() -> None:
    commands = {"key": python(f"print({VALUE!r})")}
    assert found("command:key", commands) == Found(Secret(VALUE), "the command key")


def test_no_shell_reads_a_command(tmp_path: Path) -> None:
    made = tmp_path / "made"
    words = [*python("import sys; print(sys.argv[1])"), f"$(touch {made}); `touch {made}`"]
    assert found("command:key", {"key": words}).secret == Secret(words[-1])
    assert not made.exists()


@pytest.fixture
def endless_stdin() -> Iterator[None]:
    """A standard input that somebody holds open and says nothing on."""
    kept, (reading, writing) = os.dup(0), os.pipe()
    os.dup2(reading, 0)
    yield
    os.dup2(kept, 0)
    for handle in (kept, reading, writing):
        os.close(handle)


@pytest.mark.timeout(30)
def test_a_command_sees_the_environment_and_an_ended_stdin(endless_stdin: None) -> None:
    code = "import os, sys; print(os.environ['MARK'] + repr(sys.stdin.read()))"
    assert found("command:key", {"key": python(code)}, MARK="m").secret == Secret("m''")


@posix
def test_a_command_has_no_terminal_to_write_on() -> None:
    code = "import os; print(os.getsid(0) == os.getpid())"
    assert found("command:key", {"key": python(code)}).secret == Secret("True")


def test_only_commands_of_the_config_file_are_run(tmp_path: Path) -> None:
    sentence = problem(f"command:touch {tmp_path}/made", {"key": ["x"], "other": ["y"]})
    assert "in [commands] of the user-level config file (there: key, other)" in sentence
    assert not (tmp_path / "made").exists()
    assert "(there: none)" in problem("command:key")


def test_a_command_that_is_not_there_is_named() -> None:
    sentence = problem("command:key", {"key": ["/nowhere/at-all"]})
    assert "the command key (/nowhere/at-all) cannot be started: No such file" in sentence
    assert "cannot be started" in problem("command:key", {"key": ["a\0b"]})


def test_a_command_that_fails_is_told_by_its_code_and_its_last_words_without_secrets() -> None:
    token = (
        "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJtZSIsImlhdCI6MTgwMDAwMDAwMH0.c2lnbmF0dXJlLXNpZ25hdHVyZQ"
    )
    code = (
        "import sys; print('pass-word-1');"
        f"print('first', file=sys.stderr); print('\\x1b[31mno pass-word-1 {VALUE} {token}', "
        "file=sys.stderr); sys.exit(7)"
    )
    sentence = problem("command:key", {"key": python(code)})
    assert "the command key ended with exit code 7: the client's key was expected" in sentence
    assert "It said: \\x1b[31mno ‹11 chars" in sentence
    for hidden in ("pass-word-1", token, *token.split("."), "first", "\x1b"):
        assert hidden not in sentence


def test_a_command_that_fails_in_silence_is_told_too() -> None:
    assert problem("command:key", {"key": python("raise SystemExit(3)")}).endswith(
        "ended with exit code 3: the client's key was expected on its stdout. It said nothing on "
        "stderr."
    )


def test_a_command_that_prints_nothing_gave_nothing() -> None:
    assert "the command key gave nothing" in problem("command:key", {"key": python("")})


@pytest.mark.timeout(30)
def test_a_command_that_never_stops_printing_is_cut_off() -> None:
    code = "import sys\nwhile True: sys.stdout.write('x' * 4096)"
    sentence = problem("command:key", {"key": python(code)})
    assert "exit code" in sentence or "more than 65,536 octets" in sentence


def test_a_command_that_prints_too_much_and_ends_well_is_refused() -> None:
    code = "import os; os.write(1, b'x' * 65537)"
    assert problem("command:key", {"key": python(code)}) == (
        "the command key printed more than 65,536 octets: not the client's key."
    )


@posix
@pytest.mark.timeout(30)
def test_a_command_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    mark = tmp_path / "pid"
    code = (
        "import subprocess, sys, time;"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
        f"open({str(mark)!r}, 'w').write(str(child.pid)); time.sleep(60)"
    )
    began = time.monotonic()
    with pytest.raises(SourceProblem, match=r"did not end within 3 s\. It gets no terminal"):
        read("command:key", what=WHAT, commands={"key": python(code)}, seconds=3)
    assert time.monotonic() - began < 20
    assert_ended(int(mark.read_text()))


def assert_ended(pid: int) -> None:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    assert state.stdout.strip()[:1] in ("", "Z")


# --- the word itself


@pytest.mark.parametrize("source", ["", " ", "-"])
def test_standard_input_is_no_source(source: str) -> None:
    assert "standard input belongs to whoever signs in" in problem(source)


@pytest.mark.parametrize("source", ["file:", "env:", "keyring: ", "command:"])
def test_a_kind_without_a_name_is_no_source(source: str) -> None:
    assert "names nothing to read the client's key from. Use one of file:PATH" in problem(source)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=40), st.sampled_from(["", "file:", "env:", "command:"]))
def test_any_word_is_a_source_or_a_sentence(word: str, kind: str) -> None:
    try:
        read(kind + word, what=WHAT, commands={}, environ={})
    except SourceProblem as refused:
        sentence = str(refused)
    else:
        sentence = WHAT
    assert WHAT in sentence
