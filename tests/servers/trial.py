"""One authorization server, end to end: what the program does with it and what it tells of it.

Knows the program by its command line alone, a server by its addresses, and the steps that a person
takes: inspect, sign in, come back after the token's end, look the token up, end it, sign in from a
device. Must not know which server it is.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx

from tests.peers.browser import Person
from tests.peers.mcp_requests import first_answer
from tests.peers.program import WAIT, Program, Result, environment
from tests.servers import sdk_client, walk

LIFE = 10_000_000.0
"""Seconds by which a stored token is aged: more than any of these servers gives."""
BAD = ("fatal", "error", "warning")


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding at warning or above, as the program told it."""

    id: str
    level: str
    whose: str
    message: str
    seen: str


@dataclass(slots=True)
class Trial:
    """What came of each step, in words that can be compared; and every bad finding."""

    steps: dict[str, str] = field(default_factory=dict)
    findings: dict[str, dict[str, Finding]] = field(default_factory=dict)
    """By step, then by id."""
    said: dict[str, str] = field(default_factory=dict)
    """What the program or the browser said where a step did not go well."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a server is and how it is used."""

    url: str
    options: tuple[str, ...] = ()
    """Of every run: a client that was registered beforehand, scopes."""
    client: dict[str, str] | None = None
    """The same client, for the SDK."""
    visitor: walk.Visitor = field(default_factory=walk.Visitor)
    device: bool = False


class Trier:
    """Takes the steps, with one browser and one home folder."""

    def __init__(self, place: Place, person: Person, home: Path) -> None:
        self._place = place
        self._person = person
        self._home = home
        self._header: dict[str, str] = {}
        self.trial = Trial()

    def take(self) -> Trial:
        """Take every step that there is something for."""
        self._step("inspect", self._inspect)
        self._step("run", self._run)
        if self._header:
            self._step("refresh", self._refresh)
            self._step("introspect", lambda: self._sessions("introspect"))
            self._step("revoke", self._revoke)
        if self._place.device:
            self._step("device", self._device)
        self._step("sdk", self._sdk)
        return self.trial

    def _step(self, name: str, act: Callable[[], str]) -> None:
        try:
            self.trial.steps[name] = act()
        except AssertionError as error:
            self.trial.steps[name] = "failed"
            self.trial.said[name] = str(error)

    def _inspect(self) -> str:
        result = self._command("inspect", self._place.url, "--format", "jsonl")
        self._keep("inspect", json.loads(result.out)["findings"])
        return str(result.code)

    def _run(self) -> str:
        options = ("--json", "--browser", "none", *WAIT, *self._place.options)
        program = Program(self._home, self._place.url, *options)
        try:
            try:
                self._sign_in(program.authorization_url())
            except AssertionError as error:
                self.trial.said["run"] = str(error)
            result = program.result()
        finally:
            program.kill()
        document = result.document
        self._keep("run", document["findings"])
        self._header = dict(document["headers"])
        if result.code:
            stop = document["stop"] or {}
            self.trial.said["run"] = f"{stop.get('id')}: {stop.get('message')}"
            return f"{result.code} {stop.get('id')}"
        return f"0 {self._answer()}"

    def _answer(self) -> str:
        """Return what the MCP server answers with the header, and without."""
        with httpx.Client(trust_env=False, timeout=10) as client:
            given = first_answer(client, self._place.url, self._header)
            return f"{given}/{first_answer(client, self._place.url, {})}"

    def _refresh(self) -> str:
        """Ask for the headers again as if the token had ended."""
        path = self._home / "DATA" / "mcp-auth-tui" / "tokens.json"
        document = json.loads(path.read_text())
        for entry in document["tokens"]:
            entry["received"] -= LIFE
            if entry.get("expires") is not None:
                entry["expires"] -= LIFE
        path.write_text(json.dumps(document))
        result = self._command("headers", self._place.url, "--format", "json")
        if result.code:
            self.trial.said["refresh"] = result.err
            return str(result.code)
        before, self._header = self._header, json.loads(result.out)
        same = "same" if before == self._header else "new"
        return f"0 {same} {self._answer()}"

    def _sessions(self, action: str) -> str:
        result = self._command("sessions", action, self._place.url)
        self.trial.said[action] = f"{result.out}{result.err}".strip()
        return str(result.code)

    def _revoke(self) -> str:
        """End the token and the client on the server; then ask whether it is over."""
        code = self._sessions("revoke")
        return f"{code} {self._answer()}"

    def _device(self) -> str:
        options = ("--events", "--grant", "device_code", *WAIT, *self._place.options)
        program = Program(self._home, self._place.url, *options)
        try:
            try:
                device = program.learned("device")
                place = device.get("complete") or device["verification"]
                visitor, code = self._place.visitor, device["user_code"]
                self._person.visit(lambda page: walk.approve(page, place, visitor, code))
            except AssertionError as error:
                self.trial.said["device"] = str(error)
            result = program.result()
        finally:
            program.kill()
        events = [json.loads(line) for line in result.out.splitlines()]
        self._keep("device", [event for event in events if event.get("event") == "finding"])
        ended = events[-1]
        if result.code:
            stop = ended.get("stop") or {}
            self.trial.said["device"] = f"{stop.get('id')}: {stop.get('message')}"
            return f"{result.code} {stop.get('id')}"
        return "0"

    def _sdk(self) -> str:
        reason = sdk_client.gets_through(self._place.url, self._place.client, self._sign_in)
        if reason:
            self.trial.said["sdk"] = reason
        return "no" if reason else "yes"

    def _sign_in(self, url: str) -> str:
        (redirect_uri,) = parse_qs(urlsplit(url).query)["redirect_uri"]
        visitor = self._place.visitor
        return self._person.visit(lambda page: walk.sign_in(page, url, visitor, redirect_uri))

    def _command(self, *words: str) -> Result:
        process = subprocess.run(
            [sys.executable, "-m", "mcp_auth_tui", *words],
            env=dict(environment(self._home)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Result(process.returncode, process.stdout, process.stderr)

    def _keep(self, step: str, findings: Iterable[dict[str, Any]]) -> None:
        self.trial.findings[step] = {
            item["id"]: Finding(
                item["id"], item["level"], item["whose"], item["message"], item["seen"]
            )
            for item in findings
            if item["level"] in BAD
        }
