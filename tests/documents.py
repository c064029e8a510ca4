"""Knows which parts of the README and of the help come from the program; must not know the prose.

``python -m tests.documents --write`` rewrites them; with ``--conformance``, ``--bench`` and
``--octets`` the measurements as well.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING

from mcp_auth_tui.help import TOPICS, title

if TYPE_CHECKING:
    from mcp_auth_tui.exports.clients import ClientProgram
    from tests.bench.run import Row
    from tests.conformance.run import Verdict

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
HELP = ROOT / "mcp_auth_tui" / "help"
DOCUMENTS = (README, *(HELP / f"{topic}.md" for topic in TOPICS))
HELP_WIDTH = 72
"""The longest line of prose in the help: it is printed as it stands, on the smallest terminals."""
COMMAND_SECONDS = 60
_FOLLOW = ("--browser", "follow", "--auto-approve")
_DEMO = ("demo", "--plain", *_FOLLOW)
FIRST_KEYS = (
    *("panel_1", "step", "run", "sign_in", "paste", "copy", "export", "findings", "exchanges"),
    *("settings", "secrets", "help", "palette", "quit"),
)
"""The actions whose keys a newcomer needs."""

JSON_MEMBERS = {
    "schema": "`mcp-auth-tui/1`",
    "program": "`name` and `version`",
    "url": "the MCP URL; where the server redirects to the same with or without a slash, that one",
    "revision": "the MCP revision that the server speaks, or null",
    "outcome": "`ok`, `open`, `failed`, `refused`, `waiting`, `interrupted`, or `probed` (`probe`)",
    "exit": "the exit code",
    "verdict": "one sentence: what is true at the end, and who has to act",
    "stage": "the stage that stopped, else the last one reached",
    "stop": "the finding that ended the run, or null",
    "marks": "sentences: what you lifted by hand",
    "headers": "name to value, as they are",
    "stages": "each `name`, `status`, `summary`, `seconds` (on the wire)",
    "findings": (
        "each `id`, `level` (`fatal`, `error`, `warning`, `info`, `ok`), `message`, `seen`, "
        "`expected`, `whose`, `source`, `next` (for who mends it), `meanwhile` (for who only uses "
        "the server), `stage`, `exchange` (a number or null), `pointer`, `revision`, and "
        "`provider`: null, or where the finding is a known provider's way `id`, `name`, "
        "`reason` (why it is thought to be that one), `means`, `options` (words "
        "to run again with), `blanks` (those that you fill in), `console` (where a client is "
        "made), `source`; and `fix`: what mends it, or null where no answer has to change"
    ),
    "tried": "where documents were looked for, and why each place won or lost",
    "resource": "what the protected resource metadata says, or null",
    "authorization_server": "what the authorization server's metadata says, or null",
    "client": "the client of this run, or null",
    "authorization": "the request in the browser, or null",
    "token": "what was issued, or null; claims are read, not verified",
    "signatures": "with `--check-signatures`, each JWT that was issued: `what`, `ok` (null where it"
    " could not be checked), `why`, `exchange`",
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
    "released": "it goes out, as it was or as a person changed it",
    "browsed": "the sign-in address, whole",
    "waiting": "a person is waited for, and until when",
    "resumed": "the wait is over",
    "remark": "a sentence for a person that says nothing about a server: what was kept, and where",
    "ended": "the last one: outcome, exit code, verdict and the headers",
}


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table whose columns stand below each other."""
    lines = [head, *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    lines.insert(1, ["-" * width for width in widths])
    return "\n".join(f"| {' | '.join(map(str.ljust, line, widths))} |" for line in lines)


def items(sentences: Iterable[str], *, indent: int = 0) -> str:
    """Return a Markdown list whose lines are as short as those of the help; no code is broken."""
    margin = " " * indent
    lines = (
        fill(
            f"{margin}- {_CODE.sub(lambda span: span[0].replace(' ', _NO_BREAK), sentence)}",
            HELP_WIDTH,
            subsequent_indent=f"{margin}  ",
            break_long_words=False,
            break_on_hyphens=False,
        )
        for sentence in sentences
    )
    return "\n".join(lines).replace(_NO_BREAK, " ")


def options(words: Iterable[str]) -> str:
    """Return options as code, each with its value."""
    line = " ".join(f'"{word}"' if " " in word else word for word in words)
    return " ".join(f"`--{option.strip()}`" for option in line.split("--") if option)


_CODE, _NO_BREAK = re.compile(r"`[^`]*`"), "\u00a0"


def _spelled(keys: str) -> str:
    return ", ".join(f"`{key}`" for key in keys.split(", "))


def _keys() -> str:
    from mcp_auth_tui.tui.actions import MOVES, PANEL_KEYS
    from mcp_auth_tui.tui.keymap import USUAL

    names = {
        key.name: f"`{min(PANEL_KEYS)}` … `{max(PANEL_KEYS)}`"
        if key.name in PANEL_KEYS
        else f"`{key.name}`"
        for key in USUAL.keys
        if key.name not in PANEL_KEYS or key.shown
    }
    actions = [
        f"{_spelled(key.shown) if key.shown else 'no key'}: {key.help} ({names[key.name]})"
        for key in USUAL.keys
        if key.name in names
    ]
    return items([*actions, *(f"{_spelled(keys)}: {meaning}" for keys, meaning in MOVES)])


def _topics() -> str:
    rows = [(f"[{topic}](mcp_auth_tui/help/{topic}.md)", title(topic)) for topic in TOPICS]
    return table(("topic", "what it is about"), rows)


def _first_keys() -> str:
    from mcp_auth_tui.tui.keymap import USUAL

    keys = [key for key in USUAL.keys if key.name in FIRST_KEYS]
    return table(("key", "what it does"), [(_spelled(key.shown), key.help) for key in keys])


def _exits() -> str:
    from mcp_auth_tui.render.plain import MEANINGS

    rows = [(str(code), meaning) for code, meaning in MEANINGS.items()]
    return table(("exit code", "meaning"), rows)


def _exports() -> str:
    from mcp_auth_tui.exports import EXPORTS

    return items(f"`{export.name}`: {export.sentence}" for export in EXPORTS.values())


def _clients() -> str:
    from mcp_auth_tui.exports.clients import clients

    def sentences(client: ClientProgram) -> str:
        forms = sorted(client.forms, key=lambda form: form != client.default)
        files = [path for path in (client.user, client.project) if 0 < len(path) < HELP_WIDTH - 4]
        where = f" {_spelled(', '.join(files))}." if files else ""
        version = client.seen or "(from its documentation)"
        told = f"{client.why} {client.catch}".replace("@NAME@", "NAME")
        return f"`{client.id}`: {client.title} {version}; {', '.join(forms)}.{where} {told}"

    return items(map(sentences, clients().values()))


def _snippets() -> str:
    from mcp_auth_tui.exports.clients import snippets

    return items(
        f"`{piece.id}`: {piece.title} {piece.seen}. {piece.catch}" for piece in snippets().values()
    )


def _settings() -> str:
    from mcp_auth_tui.storage.preferences import KNOWN

    return items(f"`{name}`, {value}: {does}" for name, (_, value, does) in KNOWN.items())


def _practice(kind: str) -> str:
    from mcp_auth_tui.demo.faults import FAULTS, VARIANTS
    from mcp_auth_tui.demo.providers import PROVIDERS

    faults = {"faults": FAULTS, "variants": VARIANTS, "providers": PROVIDERS}[kind]
    return items(
        f"`{fault.name}`: {fault.sentence} (`{fault.finding}`, "
        f"{'at once' if fault.inspected else 'in a run'})"
        for fault in faults.values()
    )


def _weaknesses() -> str:
    from mcp_auth_tui.demo.faults import WEAKNESSES

    return items(
        f"`{weakness.name}`: {weakness.sentence} (`{weakness.finding}`)"
        for weakness in WEAKNESSES.values()
    )


def _probes() -> str:
    from mcp_auth_tui.findings import CATALOGUE
    from mcp_auth_tui.protocol.probes import suite

    return items(f"`{id}`: {CATALOGUE[id].expected}" for id in suite.IDS)


def _known_providers() -> str:
    from mcp_auth_tui.protocol.quirks.table import Provider, providers

    def row(provider: Provider) -> Iterator[str]:
        yield f"- {provider.name}"
        by_option: dict[tuple[str, ...], set[str]] = {}
        for way in provider.ways:
            by_option.setdefault(way.take, set()).update(way.findings)
        for take, found in sorted(by_option.items(), key=lambda item: not item[0]):
            through = options(take) or "explained, no option helps"
            ids = ", ".join(f"`{id}`" for id in sorted(found))
            yield items([f"{ids}: {through}"], indent=2)

    rows = sorted(providers().values(), key=lambda item: item.name.lower())
    return "\n".join(line for provider in rows for line in row(provider))


def _imitations() -> str:
    from mcp_auth_tui.demo.providers import PROVIDERS
    from tests.providers import line

    return items(map(line, PROVIDERS))


def _members(members: Mapping[str, str]) -> str:
    return items(f"`{name}`: {meaning}" for name, meaning in members.items())


def console(*words: str, stderr: bool = False, extract: tuple[str, int] | None = None) -> str:
    """Run the program and return the command with its output as a block of Markdown.

    ``extract`` is how the first of the lines to be shown begins, and how many they are; the others
    are left out, with a sign that they were there.
    """
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("MCP_", "SSH_"))}
    process = subprocess.run(
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
    redirection = "" if stderr else " 2>/dev/null"
    output = process.stdout
    if extract is not None:
        beginning, count = extract
        lines = output[output.index(beginning) :].splitlines(keepends=True)
        output = f"[…]\n{''.join(lines[:count])}[…]\n"
    session = f"$ mcp-auth-tui {' '.join(words)}{redirection}\n{output}"
    session += f"$ echo $?\n{process.returncode}\n" if process.returncode else ""
    return f"```console\n{session}```"


PARTS: dict[str, Callable[[], str]] = {
    "first-keys": _first_keys,
    "topics": _topics,
    "keys": _keys,
    "exits": _exits,
    "exports": _exports,
    "clients": _clients,
    "snippets": _snippets,
    "settings": _settings,
    "faults": lambda: _practice("faults"),
    "variants": lambda: _practice("variants"),
    "weaknesses": _weaknesses,
    "probes": _probes,
    "providers": lambda: _practice("providers"),
    "known-providers": _known_providers,
    "imitations": _imitations,
    "json": lambda: _members(JSON_MEMBERS),
    "events": lambda: _members(EVENTS),
}
EXAMPLES: dict[str, Callable[[], str]] = {
    "example-header": lambda: console(*_DEMO),
    "example-fault": lambda: console(
        *_DEMO, "--fault", "issuer-mismatch", stderr=True, extract=("  ✗ fatal", 7)
    ),
    "example-env": lambda: console(*_DEMO, "--export", "env"),
    "example-story": lambda: console(*_DEMO, stderr=True),
}
MEASURED = ("conformance", "bench", "octets")
"""The parts that are written on demand alone."""

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


def comparable(text: str) -> str:
    """Return an output without what differs between two runs."""
    for pattern, word in _OWN:
        text = pattern.sub(word, text)
    return text


def _markers(name: str) -> re.Pattern[str]:
    return re.compile(rf"(<!-- {name}:begin -->\n)(.*?)(<!-- {name}:end -->)", re.DOTALL)


def home(name: str) -> Path:
    """Return the document that a part stands in; raises ValueError unless it is just one."""
    homes = [path for path in DOCUMENTS if _markers(name).search(path.read_text(encoding="utf-8"))]
    if len(homes) != 1:
        raise ValueError(f"the part {name} stands in {len(homes)} documents, not in one")
    return homes[0]


def part(name: str) -> str:
    """Return what stands between the markers of a part; raises ValueError as `home`."""
    match = _markers(name).search(home(name).read_text(encoding="utf-8"))
    assert match is not None
    return match[2].strip()


def replace(name: str, content: str) -> None:
    """Write another content between the markers of a part."""
    path = home(name)
    text = path.read_text(encoding="utf-8")
    text = _markers(name).sub(lambda match: f"{match[1]}\n{content}\n\n{match[3]}", text)
    path.write_text(text, encoding="utf-8")


def write() -> None:
    """Rewrite the parts; an example stays as it is while it says the same."""
    for name, content in PARTS.items():
        replace(name, content())
    for name, output in EXAMPLES.items():
        content = output()
        if comparable(content) != comparable(part(name)):
            replace(name, content)


def conformance(verdicts: Sequence[Verdict]) -> str:
    """Return the sum of some runs of the suite, and a list of the checks passed on each wire."""
    from tests.conformance.run import summary

    wires: dict[str, list[str]] = {}
    for verdict in verdicts:
        wires.setdefault(verdict.pair.scenario, []).append(f"{verdict.pair.wire} {verdict.checks}")
    scenarios = items(f"{name}: {', '.join(counts)}" for name, counts in wires.items())
    return f"{summary(verdicts)}\n\n{scenarios}"


def _conformance() -> str:
    """Run the whole suite; raises RuntimeError unless all is passed."""
    from tests.conformance import run
    from tests.conformance.scenarios import PAIRS

    verdicts = run.run_all(PAIRS, lambda verdict: print(verdict, flush=True))
    if not all(verdict.ok for verdict in verdicts):
        raise RuntimeError("not all of the suite was passed: the help stays as it is")
    return conformance(verdicts)


def bench(rows: Iterable[Row]) -> str:
    """Return a list of measurements."""
    names = ("theirs", "ratio", "target")
    figures = []
    for row in rows:
        figure, ours, *others, _ = row.cells
        comparison = "".join(
            f"; {name} {cell}" for name, cell in zip(names, others, strict=True) if cell
        )
        figures.append(f"{figure}: {ours}{comparison}")
    return items(figures)


def _bench() -> str:
    """Measure; raises RuntimeError when a target is missed."""
    from tests.bench import run

    rows = [*run.flows(15), *run.pauses(), *run.screens(15), *run.helps(30)]
    if any(row.held is False for row in rows):
        raise RuntimeError(f"a target is missed: the help stays as it is\n{run.table(rows)}")
    return bench(rows)


def _octets() -> str:
    from tests.bench import octets_bench

    return bench(octets_bench.rows())


def main() -> int:
    """Rewrite the parts."""
    parser = ArgumentParser(prog="python -m tests.documents", description=__doc__)
    parser.add_argument("--write", action="store_true", required=True)
    parser.add_argument("--conformance", action="store_true", help="run the suite for its list")
    parser.add_argument("--bench", action="store_true", help="measure, on a calm machine")
    parser.add_argument("--octets", action="store_true", help="count what keys write")
    args = parser.parse_args()
    write()
    if args.conformance:
        replace("conformance", _conformance())
    if args.bench:
        replace("bench", _bench())
    if args.octets:
        replace("octets", _octets())
    return 0


if __name__ == "__main__":
    sys.exit(main())
