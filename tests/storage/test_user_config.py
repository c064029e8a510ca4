"""Pins where the user's config file is, what it may say, and who must not be able to write it."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mcp_auth_tui.storage.user_config import ConfigProblem, UserConfig, config_path, read

posix = pytest.mark.skipif(os.name != "posix", reason="permissions of POSIX")


def written(folder: Path, content: str | bytes, mode: int = 0o600) -> Path:
    path = folder / "config.toml"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return path


def config(path: Path) -> UserConfig:
    return read({"MCP_AUTH_TUI_CONFIG": str(path)})


def problem(path: Path) -> str:
    with pytest.raises(ConfigProblem) as caught:
        config(path)
    return str(caught.value)


def test_the_commands_are_lists_and_the_other_tables_are_kept(tmp_path: Path) -> None:
    path = written(
        tmp_path,
        '[commands]\nkey = ["pass", "show", "mcp key"]\n[keys]\nquit = "q"\n'
        "[settings]\nwait = 60\n",
    )
    assert config(path) == UserConfig(
        path,
        commands={"key": ["pass", "show", "mcp key"]},
        keys={"quit": "q"},
        settings={"wait": 60},
    )


def test_an_empty_file_is_an_empty_config(tmp_path: Path) -> None:
    path = written(tmp_path, "")
    assert config(path) == UserConfig(path)


def test_the_file_is_where_the_system_keeps_such_files(monkeypatch: pytest.MonkeyPatch) -> None:
    expected = platformdirs.user_config_path("mcp-auth-tui", appauthor=False) / "config.toml"
    assert config_path({}) == config_path({"MCP_AUTH_TUI_CONFIG": ""}) == expected
    assert config_path({"MCP_AUTH_TUI_CONFIG": "/a/b"}) == Path("/a/b")


def test_a_config_file_that_was_never_written_is_empty(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(platformdirs, "user_config_path", lambda *_, **__: tmp_path / "none")
    assert read({}) == UserConfig(tmp_path / "none" / "config.toml")


def test_a_config_file_that_was_named_must_be_there(tmp_path: Path) -> None:
    sentence = problem(tmp_path / "none.toml")
    assert f"there is no file {tmp_path / 'none.toml'}" in sentence
    assert "(MCP_AUTH_TUI_CONFIG names it.)" in sentence
    assert "is a directory, not a file" in problem(tmp_path)


def test_the_null_device_means_no_config() -> None:
    assert config(Path(os.devnull)) == UserConfig(Path(os.devnull))


@posix
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_a_file_that_others_can_write_is_not_read(tmp_path: Path, mode: int) -> None:
    path = written(tmp_path, "this is not even TOML", mode)
    assert problem(path) == (
        f"{path} can be changed by others (mode 0{mode:o}), and it may name programs to run: it "
        f"was not read. Make it yours alone: chmod go-w {path}"
    )


@posix
def test_a_file_in_a_folder_that_others_can_write_is_not_read(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    path = written(folder, "")
    folder.chmod(0o777)
    assert f"Make it yours alone: chmod go-w {folder}" in problem(path)
    folder.chmod(0o1777)
    assert config(path) == UserConfig(path)


@posix
def test_a_link_is_judged_by_the_folder_that_it_leads_to(tmp_path: Path) -> None:
    folder = tmp_path / "open"
    folder.mkdir()
    written(folder, "")
    (tmp_path / "link").symlink_to(folder / "config.toml")
    assert config(tmp_path / "link") == UserConfig(tmp_path / "link")
    folder.chmod(0o777)
    assert f"{folder} can be changed by others" in problem(tmp_path / "link")


@posix
def test_a_link_is_judged_by_the_folder_that_it_stands_in_too(tmp_path: Path) -> None:
    """Who can replace it can have any file of this user read, one out of a project too."""
    (folder := tmp_path / "open").mkdir()
    target = written(tmp_path, "")
    (tmp_path / "first").symlink_to(folder / "second")
    (folder / "second").symlink_to(target)
    assert config(tmp_path / "first") == UserConfig(tmp_path / "first")
    folder.chmod(0o777)
    assert f"{folder} can be changed by others" in problem(tmp_path / "first")


@posix
def test_a_folder_that_others_can_rename_is_not_believed_either(tmp_path: Path) -> None:
    """They can put another folder of this user's in its place."""
    (folder := tmp_path / "open" / "mine").mkdir(parents=True)
    path = written(folder, "")
    folder.parent.chmod(0o775)
    assert config(path) == UserConfig(path)
    folder.parent.chmod(0o777)
    assert f"Make it yours alone: chmod go-w {folder.parent}" in problem(path)
    folder.parent.chmod(0o1777)
    assert config(path) == UserConfig(path)


@posix
def test_a_file_of_another_user_is_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, "")
    uid = path.stat().st_uid
    if uid == 0:
        os.chown(path, 12345, -1)
    else:
        monkeypatch.setattr(os, "getuid", lambda: uid + 1)
    assert "can be changed by others" in problem(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("[commands\n", "is not TOML:"),
        (b"\xff\xfe", "is not UTF-8 text"),
        ("commands = 3", "commands is a number or a date, not a table"),
        ('keys = "x"', "keys is a string, not a table. Begin it with a line [keys]."),
        ('[commands]\nkey = "pass show"', "commands.key is a string, not a list of strings"),
        ('[commands]\nkey = ["pass", 1]', "commands.key is a list, not a list of strings"),
        ("[commands.key]\na = 1", "commands.key is a table, not a list of strings"),
        ("[commands]\nkey = true", "commands.key is a boolean, not a list of strings"),
        ("[commands]\nkey = []", "commands.key names no program"),
        ('[commands]\nkey = [" "]', "commands.key names no program"),
        ('[commands]\nkey = ["a\\u0000b"]', "commands.key names no program"),
        ('[commands]\n"\\u001b[2J" = 1', "commands.\\x1b[2J is a number"),
        ("#" * 70_000, "octets, and the config file at most 65,536"),
        ("x = " + "[" * 30_000, ""),
    ],
)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    path = written(tmp_path, content)
    sentence = problem(path)
    assert sentence.startswith(str(path))
    assert words in sentence
    assert "\x1b" not in sentence


def test_a_table_that_nobody_knows_is_said_and_left_alone(tmp_path: Path) -> None:
    path = written(tmp_path, "[command]\na = 1\n")
    assert config(path) == UserConfig(
        path,
        notes=(
            f"{path}: there is no setting 'command' at the top; known are [commands], [keys], "
            "[settings]. It was not used.",
        ),
    )


@settings(max_examples=150, deadline=None)
@given(
    content=st.binary(max_size=200)
    | st.text(st.sampled_from('[]commandskey="\n.{},1 #\x1b'), max_size=60).map(str.encode)
)
def test_any_content_is_a_config_or_a_sentence(
    tmp_path_factory: pytest.TempPathFactory, content: bytes
) -> None:
    path = written(tmp_path_factory.getbasetemp(), content)
    try:
        commands = config(path).commands
    except ConfigProblem as refused:
        sentence = str(refused)
    else:
        sentence = str(path)
        assert all(isinstance(word, str) for argv in commands.values() for word in argv)
    assert sentence.startswith(str(path))
