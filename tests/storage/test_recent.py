"""Pins what is kept between runs, where, for whose eyes, and that nothing breaks the file."""

from __future__ import annotations

import json
import os
import stat
import string
import subprocess
import sys
from pathlib import Path
from typing import Any

import platformdirs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.storage import recent as state
from mcp_auth_tui.storage.recent import (
    SCHEMA,
    State,
    StateProblem,
    change,
    kept_form,
    read,
    state_path,
)

posix = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")
A, B = "https://a.example/mcp", "https://b.example/mcp"


def written(folder: Path, content: Any, mode: int = 0o600) -> Path:
    path = folder / "state.json"
    path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
    path.chmod(mode)
    return path


def problem(path: Path) -> str:
    with pytest.raises(StateProblem) as caught:
        read(path)
    return str(caught.value)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.json"
    made = change(path, lambda kept: kept.wearing("nord").used(A).used(B))
    assert made == State("nord", (B, A))
    assert read(path) == (made, ())
    assert json.loads(path.read_text()) == {"schema": SCHEMA, "theme": "nord", "recent": [B, A]}


@posix
def test_only_its_owner_can_read_it_whatever_the_umask(tmp_path: Path) -> None:
    path = tmp_path / "new" / "below" / "state.json"
    old = os.umask(0)
    try:
        change(path, lambda kept: kept.used(A))
    finally:
        os.umask(old)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    for folder in (path.parent, path.parent.parent):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert [item.name for item in path.parent.iterdir()] == ["state.json"]


def test_a_file_that_was_never_written_is_empty_and_reading_makes_no_folder(tmp_path: Path) -> None:
    assert read(tmp_path / "none" / "state.json") == (State(), ())
    assert list(tmp_path.iterdir()) == []


def test_when_nothing_is_left_to_keep_the_file_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    change(path, lambda kept: kept.used(A).used(B))
    change(path, lambda kept: kept.forgotten(B))
    assert read(path)[0] == State("", (A,))
    change(path, lambda kept: kept.without_servers())
    assert not path.exists()


def test_the_newest_server_is_first_once_and_the_oldest_goes() -> None:
    kept = State()
    for number in range(state.MOST + 5):
        kept = kept.used(f"https://host-{number}.example/mcp")
    assert len(kept.recent) == state.MOST
    assert kept.recent[0] == f"https://host-{state.MOST + 4}.example/mcp"
    again = kept.used(kept.recent[7])
    assert again.recent == (kept.recent[7], *kept.recent[:7], *kept.recent[8:])


@pytest.mark.parametrize(
    ("url", "kept"),
    [
        ("https://mcp.example.com/mcp", "https://mcp.example.com/mcp"),
        ("mcp.example.com/mcp#x?y", "https://mcp.example.com/mcp"),
        ("HTTPS://MCP.example.com:8443/A/b", "https://mcp.example.com:8443/A/b"),
        ("https://mcp.example.com/mcp?api_key=hunter2", "https://mcp.example.com/mcp?"),
        ("https://mcp.example.com/mcp?", "https://mcp.example.com/mcp?"),
        ("http://127.0.0.1:9000/[@click=app.quit]x[/]", "http://127.0.0.1:9000/[@click=app.quit]x[/]"),
        ("https://mcp.example.com/api/v1/my-own-workspace-name/mcp", "https://mcp.example.com/api/v1/my-own-workspace-name/mcp"),
        # May be keys.
        ("https://mcp.example.com/s/Zk3Jh7Qm2Xv9Lw4RzT8c/mcp", ""),
        ("https://mcp.example.com/123e4567-e89b-12d3-a456-426614174000", ""),
        # The program takes none of these.
        ("https://ada:hunter2@mcp.example.com/mcp", ""),
        ("ftp://mcp.example.com/mcp", ""),
        ("https://mcp.example.com/\x1b[2J", ""),
        ("", ""),
        ("https://mcp.example.com/" + "x" * 1000, ""),
    ],
)  # fmt: skip
def test_of_a_url_neither_query_nor_fragment_is_kept_and_nothing_that_may_be_a_key(
    url: str, kept: str
) -> None:
    assert kept_form(url) == kept
    assert State().used(url).recent == ((kept,) if kept else ())


def test_where_it_is_and_what_keeps_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = platformdirs.user_state_path("mcp-auth-tui", appauthor=False) / "state.json"
    assert state_path({}) == state_path({"MCP_AUTH_TUI_STATE": ""}) == usual
    assert state_path({"MCP_AUTH_TUI_STATE": "/a/b"}) == Path("/a/b")
    assert state_path({"MCP_AUTH_TUI_STATE": os.devnull}) is None
    assert state_path({"TEXTUAL_DRIVER": "x:Y", "MCP_AUTH_TUI_STATE": "/a/b"}) is None


def test_no_test_reaches_what_the_developer_keeps() -> None:
    assert state_path() is None


@pytest.mark.parametrize(
    "content",
    [
        b"{", b"\xff\xfe", b"null", b"[]", b'"x"', b"[" * 60_000, b"{}", b"\x1b[2J",
        {"schema": 1}, {"theme": "nord"}, {"schema": "my-own/1", "recent": []},
        b"[settings]\ntheme = 'nord'\n",
    ],
)  # fmt: skip
def test_a_file_of_somebody_else_is_neither_used_nor_changed(tmp_path: Path, content: Any) -> None:
    path = written(tmp_path, content)
    before = path.read_bytes()
    told = f"{path} is not what mcp-auth-tui keeps between runs (JSON with the schema {SCHEMA})"
    assert problem(path).startswith(told)
    with pytest.raises(StateProblem):
        change(path, lambda kept: kept.used(A))
    assert path.read_bytes() == before


def test_a_file_of_a_later_version_is_left_alone(tmp_path: Path) -> None:
    path = written(tmp_path, {"schema": "mcp-auth-tui-state/2\x1b[2J", "theme": "nord"})
    assert problem(path) == (
        f"{path} was written by another version of mcp-auth-tui (mcp-auth-tui-state/2\\x1b[2J): "
        "it is neither used nor changed."
    )


def test_a_file_of_ten_megabytes_is_not_read(tmp_path: Path) -> None:
    path = written(tmp_path, b" " * 10_000_000)
    assert "has 10,000,000 octets, and what is kept between runs at most 65,536" in problem(path)


def test_an_empty_file_is_an_empty_state(tmp_path: Path) -> None:
    path = written(tmp_path, b"")
    assert read(path) == (State(), ())
    assert change(path, lambda kept: kept.used(A)) == State("", (A,))


def test_what_is_wrong_inside_is_left_out_and_told(tmp_path: Path) -> None:
    recent = [A, 7, "javascript:alert(1)", f"{A}?key=x", "https://x.example/[\u202e]", B, A, None]
    path = written(tmp_path, {"schema": SCHEMA, "theme": "no[rd", "recent": recent})
    assert read(path) == (
        State("", (A, B)),
        (
            f"{path}: its theme is no name and not all of its recent servers are URLs that would "
            "be kept; that was left out.",
        ),
    )
    for wrong in ({"theme": 7}, {"theme": ["nord"]}, {"recent": "x"}, {"recent": {A: 1}}):
        kept, notes = read(written(tmp_path, {"schema": SCHEMA, **wrong}))
        assert (kept, len(notes)) == (State(), 1)


@posix
def test_a_link_is_read_but_never_replaced(tmp_path: Path) -> None:
    real = written(tmp_path, {"schema": SCHEMA, "theme": "nord"})
    link = tmp_path / "link.json"
    link.symlink_to(real)
    before = real.read_bytes()
    assert read(link)[0] == State("nord")
    with pytest.raises(StateProblem) as caught:
        change(link, lambda kept: kept.used(A))
    assert str(caught.value) == (
        f"What is kept between runs cannot be kept in {link}: {link} is a symbolic link: name the "
        "file itself."
    )
    assert real.read_bytes() == before
    real.unlink()
    assert "there is no file" in problem(link)


@posix
def test_what_others_can_change_is_not_used(tmp_path: Path) -> None:
    path = written(tmp_path, {"schema": SCHEMA, "recent": [A]}, 0o666)
    assert problem(path) == (
        f"{path} can be changed by others (mode 0666), so what is kept in state.json was not used. "
        f"Make it yours alone: chmod go-w {path}"
    )
    path.chmod(0o600)
    tmp_path.chmod(0o777)
    assert f"chmod go-w {tmp_path}" in problem(path)
    tmp_path.chmod(0o700)
    assert read(path)[0] == State("", (A,))


@posix
@pytest.mark.parametrize("kind", ["folder", "pipe", "under a file"])
def test_what_is_no_file_is_a_sentence(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "state.json"
    if kind == "folder":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    else:
        (tmp_path / "file").write_text("")
        path = tmp_path / "file" / "state.json"
        assert read(path) == (State(), ())
    with pytest.raises(StateProblem) as caught:
        change(path, lambda kept: kept.used(A))
    assert str(path) in str(caught.value)


@posix
def test_a_folder_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.json"

    def full(*args: Any, **more: Any) -> Any:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tempfile.mkstemp", full)
    with pytest.raises(StateProblem) as caught:
        change(path, lambda kept: kept.used(A))
    assert str(caught.value) == (
        f"What is kept between runs cannot be kept in {path}: No space left on device."
    )


_MANY = """
import sys
from pathlib import Path
from mcp_auth_tui.storage.recent import change, read
path = Path(sys.argv[1])
for number in range(5):
    change(path, lambda kept: kept.used(f"https://host-{sys.argv[2]}-{number}.example/mcp"))
    assert read(path)[1] == ()
"""


@posix
def test_programs_that_keep_at_the_same_time_lose_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    words = (sys.executable, "-c", _MANY, str(path))
    running = [subprocess.Popen([*words, str(number)]) for number in range(4)]
    assert [process.wait(60) for process in running] == [0] * 4
    expected = {f"https://host-{n}-{m}.example/mcp" for n in range(4) for m in range(5)}
    assert set(read(path)[0].recent) == expected
    assert [item.name for item in tmp_path.iterdir()] == ["state.json"]


@posix
def test_a_lock_that_is_never_let_go_is_not_waited_for_without_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    monkeypatch.setattr(state, "LOCK_SECONDS", 0.05)
    held = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        path = tmp_path / "state.json"
        assert change(path, lambda kept: kept.used(A)) == State("", (A,))
    finally:
        os.close(held)
    assert read(path)[0] == State("", (A,))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.sampled_from([A, B]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=6), inner),
    max_leaves=8,
)


@given(
    content=st.binary(max_size=200)
    | st.fixed_dictionaries(
        {"schema": st.just(SCHEMA)}, optional={"theme": _JSON, "recent": _JSON, "more": _JSON}
    ).map(lambda made: json.dumps(made).encode())
)
def test_any_content_is_a_state_that_could_have_been_kept_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = written(tmp_path_factory.getbasetemp(), content)
    try:
        kept, notes = read(path)
    except StateProblem as refused:
        kept, notes = State(), (str(refused),)
    assert all(note.startswith(str(path)) and note.isprintable() for note in notes)
    assert all(kept_form(url) == url for url in kept.recent)
    assert kept == State(kept.theme, kept.recent[: state.MOST])
    assert len(notes) <= 1


@given(url=st.text(string.printable, max_size=60).map(lambda tail: f"https://h.example/{tail}"))
def test_what_is_kept_of_a_url_is_kept_whole_the_next_time_and_holds_no_query(url: str) -> None:
    kept = kept_form(url)
    assert not kept or kept_form(kept) == kept
    assert kept.partition("?")[2] == ""
    assert "#" not in kept
