"""How a person came to this machine, in made-up folders for /proc and with a made-up tmux."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from mcp_auth_tui.desktop.browser import Browser
from mcp_auth_tui.desktop.ssh import Way, way

CAME = "192.0.2.7 50000 198.51.100.5 2222"
OLD = "192.0.2.7 40000 203.0.113.9 22"


def process(root: Path, pid: int, parent: int, *environ: str, comm: str = "bash") -> None:
    folder = root / f"proc/{pid}"
    folder.mkdir(parents=True)
    (folder / "environ").write_bytes("\0".join(environ).encode())
    (folder / "status").write_text(f"Name:\t{comm}\nPPid:\t{parent}\n")
    (folder / "comm").write_text(f"{comm}\n")


def tmux(folder: Path, said: str, code: int = 0) -> dict[str, str]:
    """Put a tmux on a path of its own that says this, and return the environment inside it."""
    program = folder / "tmux"
    program.write_text(
        "#!/bin/sh\n"
        f'[ "$1 $2" = "show-environment SSH_CONNECTION" ] || exit 9\necho "{said}"\nexit {code}\n'
    )
    program.chmod(0o755)
    return {"PATH": str(folder), "TMUX": "/tmp/tmux,1,0", "SUDO_USER": "ann"}


def test_nobody_came_by_ssh(tmp_path: Path) -> None:
    assert way({"SUDO_USER": "ann"}, tmp_path) == Way(user="ann")
    assert way({"SUDO_USER": "ann"}, tmp_path).note == ""


def test_the_environment_says_how_one_came_and_a_jump_host_is_hinted_at(tmp_path: Path) -> None:
    found = way({"SSH_CONNECTION": CAME, "SUDO_USER": "ann"}, tmp_path)
    assert found == Way(True, "198.51.100.5", "2222", "ann")
    told = "Use the name you connected with, and its -J if there was a jump host."
    assert found.note == told
    assert way({"SSH_TTY": "/dev/pts/1", "SUDO_USER": "ann"}, tmp_path).over_ssh
    assert way({"SSH_CONNECTION": "a b", "SUDO_USER": "x"}, tmp_path).server == ""


def test_under_sudo_it_is_read_from_the_processes_above(tmp_path: Path) -> None:
    process(tmp_path, os.getppid(), 4242, "HOME=/root")
    process(tmp_path, 4242, 4000, "HOME=/home/ann", f"SSH_CONNECTION={CAME}")
    found = way({"SUDO_USER": "ann"}, tmp_path)
    assert found == Way(True, "198.51.100.5", "2222", "ann")
    line = Browser("auto", {"SUDO_USER": "ann"}, "linux", tmp_path).ssh_forward(4711)
    assert line.startswith("ssh -L 4711:127.0.0.1:4711 -p 2222 ann@")


def test_processes_that_cannot_be_read_or_go_in_circles_end_the_search(tmp_path: Path) -> None:
    assert way({"SUDO_USER": "ann"}, tmp_path) == Way(user="ann")
    process(tmp_path, os.getppid(), os.getppid())
    assert way({"SUDO_USER": "ann"}, tmp_path) == Way(user="ann")


def test_what_the_person_took_away_himself_is_not_read_from_above(tmp_path: Path) -> None:
    process(tmp_path, os.getppid(), 1, f"SSH_CONNECTION={CAME}")
    assert not way({}, tmp_path).over_ssh
    (tmp_path / "proc/self").mkdir()
    (tmp_path / "proc/self/loginuid").write_text(str(os.getuid()))
    assert not way({}, tmp_path).over_ssh


def test_under_su_and_doas_it_is_read_from_the_processes_above_too(tmp_path: Path) -> None:
    process(tmp_path, os.getppid(), 1, f"SSH_CONNECTION={CAME}")
    assert way({"DOAS_USER": "ann"}, tmp_path) == Way(True, "198.51.100.5", "2222", "ann")
    (tmp_path / "proc/self").mkdir()
    # su leaves no variable, but the system knows who signed in.
    (tmp_path / "proc/self/loginuid").write_text(str(os.getuid() + 1))
    assert way({}, tmp_path).server == "198.51.100.5"


@pytest.mark.skipif(os.name != "posix", reason="tmux is POSIX")
def test_tmux_knows_the_client_that_attached_last(tmp_path: Path) -> None:
    environ = {**tmux(tmp_path, f"SSH_CONNECTION={CAME}"), "SSH_CONNECTION": OLD}
    assert way(environ, tmp_path).server == "198.51.100.5"
    came_home = {**tmux(tmp_path, "-SSH_CONNECTION"), "SSH_CONNECTION": OLD}
    assert way(came_home, tmp_path) == Way(user="ann")


@pytest.mark.skipif(os.name != "posix", reason="tmux is POSIX")
def test_a_tmux_that_does_not_say_leaves_what_the_environment_says(tmp_path: Path) -> None:
    silent = {**tmux(tmp_path, "unknown variable", 1), "SSH_CONNECTION": OLD}
    assert way(silent, tmp_path).server == "203.0.113.9"
    gone = {**silent, "PATH": str(tmp_path / "nowhere")}
    assert way(gone, tmp_path).server == "203.0.113.9"


def test_the_name_is_that_of_who_signed_in_not_of_who_su_made(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/loginuid").write_text("0")
    assert way({}, tmp_path).user == "root"
    (tmp_path / "proc/self/loginuid").write_text("4294967295")
    import getpass

    assert way({}, tmp_path).user == getpass.getuser()


@pytest.mark.parametrize("mark", [".dockerenv", "run/.containerenv"])
def test_in_a_container_without_an_ssh_server_there_is_no_line_and_a_reason(
    tmp_path: Path, mark: str
) -> None:
    (tmp_path / mark).parent.mkdir(exist_ok=True)
    (tmp_path / mark).touch()
    environ = {"SSH_CONNECTION": CAME, "SUDO_USER": "ann"}
    browser = Browser("auto", environ, "linux", tmp_path)
    assert browser.ssh_forward(1) == ""
    assert browser.forward_note().startswith("This is a container:")
    process(tmp_path, 7, 1, comm="sshd")
    assert Browser("auto", environ, "linux", tmp_path).ssh_forward(1) != ""


@pytest.mark.parametrize(
    "environ", [{"container": "podman"}, {"KUBERNETES_SERVICE_HOST": "10.0.0.1"}]
)
def test_a_container_is_known_by_its_variables_too_and_needs_no_ssh_to_be_told(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    browser = Browser("auto", environ, "linux", tmp_path)
    assert (browser.ssh_forward(1), browser.forward_note()[:21]) == ("", "This is a container: ")
    ours = {**environ, "DISTROBOX_ENTER_PATH": "/usr/bin/distrobox-enter"}
    assert Browser("auto", ours, "linux", tmp_path).forward_note() == ""
    (tmp_path / "run").mkdir()
    (tmp_path / "run/.toolboxenv").touch()
    assert Browser("auto", environ, "linux", tmp_path).forward_note() == ""
