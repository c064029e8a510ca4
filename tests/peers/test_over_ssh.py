"""Over a real sshd on loopback: the program there, the browser here, the address pasted back."""

from __future__ import annotations

import getpass
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Thread, Timer
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.missing import missing

from .conftest import HERE
from .mcp_requests import first_answer
from .program import environment
from .terminal import Terminal

if TYPE_CHECKING:
    from .browser import Person

ROOT = HERE.parent.parent
SECONDS = 20.0
ALSO = "/usr/sbin:/usr/local/sbin:/sbin"
SETTINGS = """\
ListenAddress 127.0.0.1
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PidFile {folder}/pid
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
PermitUserEnvironment no
"""


@dataclass(frozen=True, slots=True)
class Far:
    """A machine that is reached by ssh only: this one."""

    port: int
    folder: Path

    def ssh(self, command: str, *options: str) -> list[str]:
        """The words that run a shell command over there."""
        ours = {
            "IdentityFile": f"{self.folder}/user",
            "IdentitiesOnly": "yes",
            "StrictHostKeyChecking": "no",
            "UserKnownHostsFile": f"{self.folder}/known",
            "LogLevel": "ERROR",
            "ControlPath": "none",
        }
        words = [word for name, value in ours.items() for word in ("-o", f"{name}={value}")]
        to = f"{getpass.getuser()}@127.0.0.1"
        return [_program("ssh"), "-F", "none", *words, *options, "-p", str(self.port), to, command]


def _program(name: str) -> str:
    path = shutil.which(name) or shutil.which(name, path=ALSO)
    if path is None:
        missing(f"there is no {name}: openssh-server and openssh-client have it")
    return path


def _key(path: Path) -> None:
    words = [_program("ssh-keygen"), "-q", "-t", "ed25519", "-N", "", "-C", "test", "-f", str(path)]
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL, timeout=SECONDS)


@pytest.fixture(scope="module")
def far(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Far]:
    """An sshd of the current user on a free port of loopback, with keys that end with the test."""
    sshd = _program("sshd")
    folder = tmp_path_factory.mktemp("sshd")
    for name in ("host", "user"):
        _key(folder / name)
    shutil.copy(folder / "user.pub", folder / "authorized")
    (folder / "authorized").chmod(0o600)
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    (folder / "config").write_text(SETTINGS.format(port=port, folder=folder))
    with _serving(sshd, folder, port):
        yield Far(port, folder)


@contextmanager
def _serving(sshd: str, folder: Path, port: int) -> Iterator[None]:
    if os.geteuid() == 0:
        Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)  # its own, as its package makes it
    with _said([sshd, "-D", "-e", "-f", str(folder / "config")], f"listening on .* port {port}"):
        yield


@contextmanager
def _said(words: Sequence[str], pattern: str) -> Iterator[None]:
    """Run a program that says when it is ready, and go on when it has; what it says later is lost.

    Raises AssertionError with what it said when that is something else.
    """
    process = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    assert process.stdin
    assert process.stdout
    limit, rest = Timer(SECONDS, process.kill), Thread(target=process.stdout.read)
    limit.start()
    told = b""
    try:
        while not re.search(pattern.encode(), told):
            line = process.stdout.readline()
            assert line, f"{words[0]} is not ready: {told.decode(errors='replace')}"
            told += line
        limit.cancel()
        rest.start()
        yield
    finally:
        limit.cancel()
        process.terminate()
        process.wait(SECONDS)
        if rest.is_alive():
            rest.join(SECONDS)
        process.stdin.close()
        process.stdout.close()


def _command(home: Path, *arguments: str) -> str:
    """The program as a shell command with an environment of its own but for what ssh sets."""
    given = environment(home)
    names = ("HOME", "PATH", "PYTHONWARNINGS", *(n for n in given if n.startswith("XDG_")))
    sets = [f"{name}={given[name]}" for name in names if name in given]
    sets += ["TERM=xterm-256color", "LANG=C.UTF-8", "COLORTERM="]
    words = [sys.executable, "-m", "mcp_auth_tui", *arguments]
    return f"cd {shlex.quote(str(ROOT))} && exec env {shlex.join([*sets, *words])}"


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def _accepted(url: str, header: str) -> int | None:
    name, value = header.strip().split(": ", 1)
    with httpx.Client(trust_env=False, timeout=10) as client:
        return first_answer(client, url, {name: value})


def test_an_address_shown_over_ssh_and_one_pasted_back_are_a_sign_in(
    far: Far, sdk: dict[str, str], person: Person, tmp_path: Path
) -> None:
    home, out = tmp_path / "home", tmp_path / "header"
    home.mkdir()
    command = _command(home, sdk["http"], "--wait", "60", "-o", str(out))
    words = far.ssh(command, "-t")
    with Terminal(tmp_path, (120, 36), words=words) as terminal:
        terminal.until("this is an SSH session")
        # The line for the person's own machine names the port of this sshd, which is not 22.
        terminal.until_matches(rf"ssh -L (\d+):127\.0\.0\.1:\1 -p {far.port} \S+@\S+")
        terminal.until("jump host")
        terminal.press("c")
        url = terminal.clipboard()
        terminal.press("p")
        terminal.until("leave the field")
        terminal.paste(person.sign_in(url, reach_callback=False).url)
        terminal.press("\r")
        terminal.until_matches(r"(?m)^╭─ 5 Headers ─+ ✓ done")
        terminal.press("q")
        assert terminal.end()[0] == 0
    assert _accepted(sdk["http"], out.read_text()) == 200


def test_the_forward_line_as_it_is_shown_brings_the_browser_back(
    far: Far, sdk: dict[str, str], person: Person, tmp_path: Path
) -> None:
    """The shown ports, taken as they are: a second ssh carries the callback."""
    home, out = tmp_path / "home", tmp_path / "header"
    home.mkdir()
    port = _free_port()
    arguments = [sdk["http"], "--wait", "60", "--port", str(port), "-o", str(out)]
    with Terminal(tmp_path, (120, 36), words=far.ssh(_command(home, *arguments), "-t")) as terminal:
        terminal.until("jump host")
        (spec,) = set(re.findall(r"ssh -L (\S+) ", terminal.text))
        assert spec == f"{port}:127.0.0.1:{port}"
        terminal.press("c")
        url = terminal.clipboard()
        # Both ends are this machine: the near end of the tunnel is another port of it.
        near = _free_port()
        # ssh listens at its near end before it runs the command.
        through = ("-L", f"{near}:127.0.0.1:{port}", "-o", "ExitOnForwardFailure=yes")
        with _said(far.ssh("echo there; exec cat", *through), "there"):
            landing = person.sign_in(url, reach_callback=False).url
            with httpx.Client(trust_env=False, timeout=10) as client:
                came = client.get(
                    landing.replace(f":{port}/", f":{near}/"),
                    headers={"Host": f"127.0.0.1:{port}"},
                )
            assert came.status_code == 200
            terminal.until_matches(r"(?m)^╭─ 5 Headers ─+ ✓ done")
        terminal.press("q")
        assert terminal.end()[0] == 0
    assert _accepted(sdk["http"], out.read_text()) == 200
