"""What the official suite never looks at: our own scenarios, in a table of the same form.

    python -m tests.conformance.own [PART OF A NAME]... [--verbose]

Runs each scenario of `own_scenarios` with the real program against a `play` of its own, and judges
the run by its row; must not know what a scenario is about.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import trustme

from tests.conformance.own_scenarios import FOLLOW, SCENARIOS, Own
from tests.conformance.play import Play, playing
from tests.peers.program import environment

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
SECONDS = 30.0
JOBS = (os.cpu_count() or 2) + 1


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a scenario went."""

    own: Own
    faults: tuple[str, ...]
    said: str
    seconds: float
    exit: int
    stop: str

    @property
    def ok(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        ended = f"exit {self.exit}" + (f", {self.stop}" if self.stop else "")
        lines = [f"{'ok  ' if self.ok else 'FAIL'} {self.own}: {ended}, {self.seconds:.1f} s"]
        return "\n".join([*lines, *(f"       {fault}" for fault in self.faults)])


def run_all(owns: Iterable[Own], done: Callable[[Verdict], object]) -> list[Verdict]:
    """Run scenarios in parallel, in their order; ``done`` is called with each."""
    verdicts = []
    with tempfile.TemporaryDirectory(prefix="own-") as name, ThreadPoolExecutor(JOBS) as pool:
        folder = Path(name)
        ca = trustme.CA()
        ca.cert_pem.write_to_path(folder / "ca.pem")
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        ca.issue_cert("127.0.0.1").configure_cert(tls)
        numbered = list(enumerate(owns))
        for verdict in pool.map(lambda item: run_one(item[1], folder, item[0], tls), numbered):
            done(verdict)
            verdicts.append(verdict)
    return verdicts


def run_one(own: Own, folder: Path, number: int, tls: ssl.SSLContext) -> Verdict:
    """Run one scenario with an empty home, and judge the run."""
    home = folder / f"home-{number}"
    home.mkdir()
    play = Play()
    play.tokens |= {"open"} if own.name == "an open server" else set()
    own.change(play)
    began = time.monotonic()
    with playing(play, tls=tls if own.tls else None) as served:
        ran = _ran(own, served, home, str(folder / "ca.pem"))
    document = _document(ran.stdout)
    stop = (document.get("stop") or {}).get("id", "")
    faults = tuple(faults_of(own, ran.returncode, document, play))
    return Verdict(own, faults, ran.stderr, time.monotonic() - began, ran.returncode, stop)


def _ran(own: Own, play: Play, home: Path, ca: str) -> subprocess.CompletedProcess[str]:
    trusted = own.tls == "trusted"
    script = [
        sys.executable,
        str(HERE / "scripted_browser.py"),
        own.browser,
        ca if trusted else "-",
    ]
    browser = FOLLOW if own.browser == FOLLOW else shlex.join(script)
    # `--json` tells the same story on stderr as `--plain` does.
    command = [
        *(sys.executable, "-m", "mcp_auth_tui", play.resource, "--json"),
        *("--spec", "2025-11-25", "--browser", browser, *own.options),
        *(("--ca-file", ca) if trusted else ()),
    ]
    return subprocess.run(
        command,
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        env={**environment(home), "PYTHONPATH": str(ROOT)},
        check=False,
    )


def _document(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def faults_of(own: Own, code: int, document: dict[str, Any], play: Play) -> Iterable[str]:
    """Say everything that is not as the row wants it."""
    stop = document.get("stop") or {}
    if code != own.exit:
        yield f"the exit code is {code}, not {own.exit}"
    if stop.get("id", "") != own.stop:
        yield f"ended by {stop.get('id') or 'nothing'} ({stop.get('message')}), not {own.stop}"
    found = {item["id"] for item in document.get("findings", []) if item["level"] != "ok"}
    if lacking := set(own.told) - found:
        yield f"not told: {', '.join(sorted(lacking))}; told: {', '.join(sorted(found))}"
    words = " ".join(str(value) for value in stop.values())
    yield from (
        f"the stop does not say {part!r}: {words}" for part in own.said if part not in words
    )
    if own.stop and not stop.get("next"):
        yield "the stop names no next step"
    asked = play.asked.count("GET /authorize"), play.asked.count("POST /token")
    if own.asks is not None and asked != own.asks:
        yield f"asked for authorization and token {asked} times, not {own.asks}"
    wanted = own.exit == 0 if own.headers is None else own.headers
    if bool(document.get("headers")) is not wanted:
        yield "headers are left" if not wanted else "no headers are left"


def table(verdicts: Sequence[Verdict]) -> str:
    """Return the summary as a Markdown table: scenarios passed, by what they are about."""
    groups = list(dict.fromkeys(verdict.own.group for verdict in verdicts))
    lines = ["| what | scenarios | passed |", "|---|---|---|"]
    for group in groups:
        its = [verdict for verdict in verdicts if verdict.own.group == group]
        lines.append(f"| {group} | {len(its)} | {sum(verdict.ok for verdict in its)} |")
    passed = sum(verdict.ok for verdict in verdicts)
    return "\n".join([*lines, "", f"{passed} of {len(verdicts)} passed (our own scenarios)"])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="parts of names: run the scenarios that have one")
    parser.add_argument("--verbose", action="store_true", help="show what failing runs said")
    args = parser.parse_args()
    chosen = [o for o in SCENARIOS if not args.only or any(part in str(o) for part in args.only)]
    began = time.monotonic()

    def done(verdict: Verdict) -> None:
        print(verdict, flush=True)
        if args.verbose and not verdict.ok:
            print(verdict.said, flush=True)

    verdicts = run_all(chosen, done)
    print(f"\n{table(verdicts)} in {time.monotonic() - began:.0f} s")
    return 0 if verdicts and all(verdict.ok for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
