"""Fuzzes what reads octets that others wrote, guided by what they make the program do.

``python -m tests.fuzz.run --seconds N [TARGET…]`` runs each target (all without one) for so long,
beginning with what ``corpus`` holds. What breaks a promise is put into the corpus, which the tests
play, and printed; ``--write`` also keeps what reached something new, as few and short as can be.
It needs Atheris: ``pip install -e '.[test,fuzz]'``.
"""

from __future__ import annotations

import re
import subprocess
import sys
from argparse import ArgumentParser, Namespace
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

LONGEST = 4096
"""Octets of one input."""
WAIT = 20
"""Seconds for one input: less than anything that may be read takes on a busy machine."""
MEGABYTES = 2048
MOST = 120
"""Inputs that are kept of a target."""
_DONE = re.compile(r"^#(\d+)\s+DONE\s+cov: (\d+)", re.MULTILINE)


def parser() -> ArgumentParser:
    """Return the parser of the command line."""
    made = ArgumentParser(prog="python -m tests.fuzz.run", description=__doc__)
    made.add_argument("targets", nargs="*", metavar="TARGET")
    made.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    made.add_argument("--write", action="store_true", help="keep what reached something new")
    return made


def main(words: list[str]) -> int:
    """Run what was asked for; 1 when something was found."""
    if words[:1] == ["--inside"]:
        inside(words[1], words[2:])
    args = parser().parse_args(words)
    if find_spec("atheris") is None:
        sys.stderr.write("Atheris is missing: pip install -e '.[test,fuzz]' (Linux alone).\n")
        return 2
    from tests.fuzz.targets import TARGETS

    chosen = args.targets or list(TARGETS)
    if unknown := [name for name in chosen if name not in TARGETS]:
        sys.stderr.write(f"No target is called {unknown[0]}: {', '.join(TARGETS)}.\n")
        return 2
    return max(fuzzed(name, args) for name in chosen)


def fuzzed(name: str, args: Namespace) -> int:
    """Fuzz one target in a process of its own, and print a line."""
    from tests.fuzz.targets import corpus, keep

    kept = corpus(name)
    with TemporaryDirectory() as place:
        known, new, faults = (Path(place) / part for part in ("known", "new", "faults"))
        for folder in (known, new, faults):
            folder.mkdir()
        for number, octets in enumerate(kept):
            (known / f"{number:04}").write_bytes(octets)
        limits = (f"-max_total_time={args.seconds}", f"-max_len={LONGEST}", f"-timeout={WAIT}")
        place_of = (f"-rss_limit_mb={MEGABYTES}", f"-artifact_prefix={faults}/")
        done = _inside(name, *limits, *place_of, "-print_final_stats=1", str(new), str(known))
        found = [path.read_bytes() for path in sorted(faults.iterdir())]
        if args.write and not found:
            merged = Path(place) / "merged"
            merged.mkdir()
            _inside(name, "-merge=1", f"-max_len={LONGEST}", str(merged), str(known), str(new))
            fewest = [path.read_bytes() for path in merged.iterdir()]
            assert fewest, f"nothing was left of the corpus of {name}"
            keep(name, sorted(fewest, key=lambda octets: (len(octets), octets))[:MOST])
    if found:
        keep(name, [*kept, *(octets for octets in found if octets not in kept)])
    runs = _DONE.search(done.stderr)
    told = f"{int(runs[1]):>10,} runs, {runs[2]} edges" if runs else f"exit {done.returncode}"
    sys.stdout.write(f"{name:18} {told}{'' if done.returncode == 0 else '  FAULT'}\n")
    if done.returncode:
        sys.stdout.write(f"{_fault(done)}\n{''.join(f'  {octets!r}' for octets in found)}\n")
    sys.stdout.flush()
    return int(done.returncode != 0)


def _inside(name: str, *options: str) -> subprocess.CompletedProcess[str]:
    command = (sys.executable, "-m", "tests.fuzz.run", "--inside", name, *options)
    return subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)


def _fault(done: subprocess.CompletedProcess[str]) -> str:
    """Return the traceback of what was found, or the end of what was told."""
    text = done.stdout + done.stderr
    at = text.find(" === Uncaught Python exception")
    lines = text[max(at, 0) :].splitlines()
    return "\n".join(line for line in lines if not line.startswith(("INFO:", "#")))[-4000:]


def inside(name: str, options: list[str]) -> None:
    """Be the fuzzer: what is loaded from here on tells which ways it takes. Never returns."""
    import atheris

    with atheris.instrument_imports(include=["mcp_auth_tui"]):
        from tests.fuzz.targets import TARGETS, corpus

        for octets in corpus(name):  # what is imported on the way is told of too
            with suppress(Exception):  # the fuzzer plays them once more, and tells
                TARGETS[name](octets)
    # libFuzzer starts itself again to compare inputs, by what it believes to be its command line.
    atheris.Setup([f"{sys.executable} -m tests.fuzz.run --inside {name}", *options], TARGETS[name])
    atheris.Fuzz()
    raise SystemExit(0)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
