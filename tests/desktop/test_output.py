"""How a result reaches a file or stdout."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcp_auth_tui.desktop import output
from mcp_auth_tui.desktop.output import Talk, check_target, deliver, write_file


def test_a_file_is_readable_by_its_owner_alone_whatever_the_mask_and_the_old_file_say(
    tmp_path: Path,
) -> None:
    """ST1: 0600, atomic write."""
    path = tmp_path / "headers"
    path.write_text("old")
    path.chmod(0o644)
    before = os.umask(0)
    try:
        write_file(path, "new ✓\n")
    finally:
        os.umask(before)
    assert path.read_bytes() == "new ✓\n".encode()
    assert path.stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == [path]


def test_whoever_has_the_old_file_open_keeps_it_whole(tmp_path: Path) -> None:
    path = tmp_path / "headers"
    path.write_text("old")
    with path.open() as reader:
        write_file(path, "new")
        assert (reader.read(), path.read_text()) == ("old", "new")


def test_a_write_that_fails_leaves_the_old_file_and_nothing_beside_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "headers"
    path.write_text("old")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        write_file(path, "new")
    assert [item.read_text() for item in tmp_path.iterdir()] == ["old"]


def test_a_symbolic_link_is_neither_followed_nor_replaced(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("old")
    link.symlink_to(target)
    with pytest.raises(ValueError, match="is a symbolic link: name the file itself"):
        write_file(link, "new")
    assert (target.read_text(), link.is_symlink()) == ("old", True)


@pytest.mark.parametrize("path", ["/dev/null", "/", "/dev/stdout"])
def test_what_is_no_file_is_refused(path: str) -> None:
    with pytest.raises(ValueError, match=r"is not a file|is a symbolic link"):
        check_target(Path(path))


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="there is no folder"):
        check_target(tmp_path / "gone" / "file")


def test_a_path_that_cannot_be_one_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot write"):
        check_target(tmp_path / ("x" * 5000))


@pytest.mark.skipif(not Path("/proc/self").is_dir(), reason="there is no /proc")
def test_a_folder_that_takes_no_files_is_said_before_anything_is_done() -> None:
    with pytest.raises(ValueError, match=r"no file can be made in /proc: [A-Z]"):
        check_target(Path("/proc/file"))


def test_looking_whether_a_file_could_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    check_target(tmp_path / "file")
    assert list(tmp_path.iterdir()) == []


def test_what_was_meant_for_a_file_never_goes_to_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device", "/tmp/.file.x7")

    monkeypatch.setattr(output.os, "fsync", full)
    said: list[str] = []
    path = tmp_path / "file"
    assert not deliver("Authorization: Bearer s3cret\n", path, said.append)
    assert (capsys.readouterr().out, list(tmp_path.iterdir())) == ("", [])
    assert said == [
        f"{path} was not written: No space left on device.",
        "The result is not put on stdout instead, which may be a log: run again.",
    ]


def test_nothing_to_write_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    said: list[str] = []
    assert deliver("", tmp_path / "file", said.append)
    assert deliver("", None, said.append)
    assert (list(tmp_path.iterdir()), said, capsys.readouterr().out) == ([], [], "")


def test_a_closed_stdout_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output.sys, "stdout", None)
    said: list[str] = []
    assert not deliver("text\n", None, said.append)
    assert said == ["stdout takes nothing more (stdout is closed): the result is lost."]


def test_talk_without_stderr_is_silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(output.sys, "stderr", None)
    Talk()("nobody hears this")


def test_talk_goes_on_silently_when_nobody_listens_any_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    away, end = os.pipe()
    os.close(away)
    with os.fdopen(end, "w") as stderr:
        monkeypatch.setattr(output.sys, "stderr", stderr)
        talk = Talk()
        talk("one")
        talk("two")
        monkeypatch.undo()


def test_who_leaves_at_once_leaves_no_half_of_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second wish of a person may come in the middle of the writing."""
    seen: list[tuple[int, list[str]]] = []

    def end(code: int) -> None:
        seen.append((code, [item.name for item in tmp_path.iterdir()]))
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", end)
    monkeypatch.setattr(os, "fsync", lambda number: output.leave(130))
    with pytest.raises(SystemExit):
        output.write_file(tmp_path / "out", "whole")
    assert seen == [(130, [])]
