"""Knows which parts of README.md are made from the program, and how; must not know the prose.

``python -m tests.documents --write`` rewrites them; with ``--conformance`` and ``--bench`` the
measured tables as well.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
COMMAND_SECONDS = 60
_FOLLOW = ("--browser", "follow", "--auto-approve")
_DEMO = ("demo", "--plain", *_FOLLOW)

JSON_MEMBERS = {
    "schema": "`mcp-auth-tui/1`",
    "program": "`name` and `version`",
    "url": "the MCP URL; where the server redirects to the same with or without a slash, that one",
    "revision": "the MCP revision that the server speaks, or null",
    "outcome": "`ok`, `open`, `failed`, `refused`, `waiting` or `interrupted`",
    "exit": "the exit code",
    "stage": "the stage that stopped, else the last one reached",
    "stop": "the finding that ended the run, or null",
    "marks": "sentences: what you lifted by hand",
    "headers": "name to value, as they are",
    "stages": "each `name`, `status`, `summary`, `seconds` (on the wire)",
    "findings": (
        "each `id`, `level` (`fatal`, `error`, `warning`, `info`, `ok`), `message`, `seen`, "
        "`expected`, `whose`, `source`, `next` (for who mends it), `meanwhile` (for who only uses "
        "the server), `stage`, `exchange` (a number or null), `pointer`, `revision`"
    ),
    "tried": "where documents were looked for, and why each place won or lost",
    "resource": "what the protected resource metadata says, or null",
    "authorization_server": "what the authorization server's metadata says, or null",
    "client": "the client of this run, or null",
    "authorization": "the request in the browser, or null",
    "token": "what was issued, or null; claims are read, not verified",
    "server": "what the MCP server said when the headers were tried, or null",
    "exchanges": (
        "each request and its answer; header fields are pairs, bodies are text of at most 20 000 "
        "characters"
    ),
    "timings": "`started` and `ended` (seconds since 1970), `seconds` in all, `network` of them",
}
EVENTS = {
    "started": "a run begins",
    "entered": "a stage begins",
    "left": "a stage ends, with its status",
    "exchanged": "a request was answered, or failed",
    "tried": "a place where a document was looked for, and what became of it",
    "finding": (
        "a check, passed or not; a fatal one takes the place of one with the same `id`, `exchange` "
        "and `pointer` before it"
    ),
    "slip": "what a person pasted is no answer; it is not among the findings",
    "learned": "something is known now: the client, the token (masked), …",
    "ready": "a request is about to be sent (with `--step`)",
    "browsed": "the sign-in address, whole",
    "waiting": "a person is waited for, and until when",
    "resumed": "the wait is over",
    "ended": "the last one: outcome, exit code and the headers",
}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )


def _keys() -> str:
    from mcp_auth_tui.tui.actions import MOVES, PANEL_KEYS
    from mcp_auth_tui.tui.keymap import USUAL

    listed = [key for key in USUAL.keys if key.name not in PANEL_KEYS or key.shown]
    panels = f"`{min(PANEL_KEYS)}` … `{max(PANEL_KEYS)}`"
    rows = [
        (key.shown, key.help, panels if key.name in PANEL_KEYS else f"`{key.name}`")
        for key in listed
    ] + [(shown, said, "") for shown, said in MOVES]
    return table(
        ("key", "what it does", "action"),
        [
            (", ".join(f"`{k}`" for k in shown.split(", ") if k), said, name)
            for shown, said, name in rows
        ],
    )


def _exits() -> str:
    from mcp_auth_tui.render.plain import MEANINGS

    return table(("exit code", "meaning"), [(str(code), said) for code, said in MEANINGS.items()])


def _exports() -> str:
    from mcp_auth_tui.exports import EXPORTS

    return table(("name", "what it is"), [(f"`{e.name}`", e.sentence) for e in EXPORTS.values()])


def _settings() -> str:
    from mcp_auth_tui.storage.preferences import KNOWN

    rows = [(f"`{name}`", written, does) for name, (_, written, does) in KNOWN.items()]
    return table(("setting", "value", "what it does"), rows)


def _practice(kind: str) -> str:
    from mcp_auth_tui.demo.faults import FAULTS, VARIANTS

    chosen, head = {
        "faults": (FAULTS, ("name", "what is broken", "finding", "shows")),
        "variants": (VARIANTS, ("name", "what is another way", "finding", "shows")),
    }[kind]
    rows = [
        (f"`{f.name}`", f.sentence, f"`{f.finding}`", "at once" if f.inspected else "in a run")
        for f in chosen.values()
    ]
    return table(head, rows)


def _members(members: Mapping[str, str]) -> str:
    return "\n".join(f"- `{name}`: {said}" for name, said in members.items())


def shown(*words: str, stderr: bool = False) -> str:
    """Run the program and return the command with its output as a block of Markdown."""
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MCP_", "SSH_"))}
    ran = subprocess.run(
        [sys.executable, "-m", "mcp_auth_tui", *words],
        cwd=ROOT,
        env={**environment, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT if stderr else subprocess.DEVNULL,
        encoding="utf-8",
        timeout=COMMAND_SECONDS,
        check=False,
    )
    dropped = "" if stderr else " 2>/dev/null"
    told = f"$ mcp-auth-tui {' '.join(words)}{dropped}\n{ran.stdout}"
    told += f"$ echo $?\n{ran.returncode}\n" if ran.returncode else ""
    return f"```console\n{told}```"


PARTS: dict[str, Callable[[], str]] = {
    "keys": _keys,
    "exits": _exits,
    "exports": _exports,
    "settings": _settings,
    "faults": lambda: _practice("faults"),
    "variants": lambda: _practice("variants"),
    "json": lambda: _members(JSON_MEMBERS),
    "events": lambda: _members(EVENTS),
}
EXAMPLES: dict[str, Callable[[], str]] = {
    "example-header": lambda: shown(*_DEMO),
    "example-fault": lambda: shown(*_DEMO, "--fault", "issuer-mismatch", stderr=True),
    "example-env": lambda: shown(*_DEMO, "--export", "env"),
    "example-story": lambda: shown(*_DEMO, stderr=True),
}

_OWN = (
    # What is another one in every run: ports, times, ids and secrets.
    (re.compile(r"(127\.0\.0\.1(?::|%3A))\d+"), r"\1PORT"),
    (re.compile(r"\b\d+(?:\.\d+)? (?:ms|s)\b(?! in )"), "TIME"),
    (re.compile(r"\b\d+(?:\.\d+)? (?:ms|s) in "), "TIME in "),
    (re.compile(r"practice-[\w-]{12}"), "practice-ID"),
    (re.compile(r"chars #[0-9a-f]+"), "chars #HASH"),
    (re.compile(r"(code_challenge=)[\w-]{43}"), r"\1HASH"),
    (re.compile(r"(Bearer |MCP_TOKEN=)[\w-]{32}(?![\w-])"), r"\1TOKEN"),
)


def settled(text: str) -> str:
    """Return an output without what differs between two runs."""
    for pattern, word in _OWN:
        text = pattern.sub(word, text)
    return text


def part(text: str, name: str) -> str:
    """Return what stands between the markers of a part; raises ValueError without them."""
    found = _markers(name).search(text)
    if found is None:
        raise ValueError(f"README.md has no part {name}")
    return found[2].strip()


def replaced(text: str, name: str, made: str) -> str:
    """Return the text with another content between the markers of a part."""
    part(text, name)
    return _markers(name).sub(lambda found: f"{found[1]}\n\n{made}\n\n{found[3]}", text)


def _markers(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}:begin -->)(.*?)(<!-- {name}:end -->)", re.DOTALL)


def write(others: Mapping[str, str] | None = None) -> None:
    """Rewrite the parts in README.md; an example stays as it is while it says the same."""
    text = README.read_text(encoding="utf-8")
    for name, make in PARTS.items():
        text = replaced(text, name, make())
    for name, make in EXAMPLES.items():
        made = make()
        if settled(made) != settled(part(text, name)):
            text = replaced(text, name, made)
    for name, made in (others or {}).items():
        text = replaced(text, name, made)
    README.write_text(text, encoding="utf-8")


def _conformance() -> str:
    """Run the whole suite and return its table; raises RuntimeError unless all is passed."""
    from tests.conformance import run
    from tests.conformance.scenarios import PAIRS

    verdicts = run.run_all(PAIRS, lambda verdict: print(verdict, flush=True))
    if not all(verdict.ok for verdict in verdicts):
        raise RuntimeError("not all of the suite was passed: README.md stays as it is")
    return folded(run.table(verdicts))


def folded(told: str) -> str:
    """Return the table with its last line, the sum, before it, and the rest folded away."""
    rows, _, summed = told.rpartition("\n\n")
    fold = "<details>\n<summary>Every scenario on every wire</summary>"
    return f"{summed}\n\n{fold}\n\n{rows}\n\n</details>"


def _bench() -> str:
    """Measure and return the table; raises RuntimeError when a target is missed."""
    from tests.bench import run

    rows = [*run.flows(15), *run.pauses(), *run.screens(15), *run.helps(30)]
    if any(row.held is False for row in rows):
        raise RuntimeError(f"a target is missed: README.md stays as it is\n{run.table(rows)}")
    return run.table(rows)


def main() -> int:
    """Rewrite the parts."""
    parser = ArgumentParser(prog="python -m tests.documents", description=__doc__)
    parser.add_argument("--write", action="store_true", required=True)
    parser.add_argument("--conformance", action="store_true", help="run the suite for its table")
    parser.add_argument("--bench", action="store_true", help="measure, on a calm machine")
    args = parser.parse_args()
    others = {"conformance": _conformance()} if args.conformance else {}
    write({**others, "bench": _bench()} if args.bench else others)
    return 0


if __name__ == "__main__":
    sys.exit(main())
