"""Runs the quick tests with the lowest version of each dependency that is allowed.

``python -m tests.lowest`` makes an environment in ``build/lowest`` and runs them in it; with
``--newest`` the newest versions, in ``build/newest``. Paths go to pytest in place of the usual.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import venv
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
QUICK = (
    *("tests/cli/test_replay.py", "tests/desktop", "tests/exports/config", "tests/keys"),
    *("tests/loopback", "tests/model", "tests/net", "tests/protocol", "tests/recordings"),
    *(
        "tests/run",
        "tests/storage",
        "tests/text",
        "tests/tui/test_app.py",
        "tests/tui/test_keymap.py",
    ),
)
"""What asks something of each dependency, and compares no pictures."""
TOOLS = (
    "pytest-xdist",
    "pyte",
    "pytest",
    "pytest-asyncio",
    "pytest-timeout",
    "hypothesis",
    "trustme",
    "jwcrypto",
    "keyring",
)
"""Of the extra `test` what these tests need; peers would raise the versions that are tried."""
_NAME = re.compile(r"[A-Za-z0-9._-]+")


def lowest(requirements: Iterable[str]) -> Iterator[str]:
    """Yield requirements with their lower bound as the one version. Raises ValueError without."""
    for requirement in requirements:
        name, bound = _NAME.match(requirement), re.search(r">=([0-9.]+)", requirement)
        if name is None or bound is None:
            raise ValueError(f"{requirement} has no lower bound")
        yield f"{name[0]}=={bound[1]}"


def requirements(*, newest: bool) -> list[str]:
    """Return what the environment gets: the dependencies, then the tools."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = project["dependencies"]
    extra = project["optional-dependencies"]["test"]
    tools = [item for item in extra if (name := _NAME.match(item)) and name[0] in TOOLS]
    return [*(own if newest else lowest(own)), *tools]


def main() -> int:
    """Install and test; return pytest's exit code."""
    parser = ArgumentParser(prog="python -m tests.lowest", description=__doc__)
    parser.add_argument("--newest", action="store_true", help="the newest versions instead")
    parser.add_argument("tests", nargs="*", help="what pytest gets")
    args = parser.parse_args()
    home = ROOT / "build" / ("newest" if args.newest else "lowest")
    venv.create(home, with_pip=True, clear=True)
    python = str(home / "bin" / "python")
    wanted = requirements(newest=args.newest)
    subprocess.run([python, "-m", "pip", "install", "-q", *wanted], check=True)
    subprocess.run(
        [python, "-m", "pip", "install", "-q", "--no-deps", "-e", "."], check=True, cwd=ROOT
    )
    subprocess.run([python, "-m", "pip", "list", "--format=freeze"], check=True)
    words = args.tests or [*QUICK, "-q", "-m", "not peers"]
    return subprocess.run([python, "-m", "pytest", *words], check=False, cwd=ROOT).returncode


if __name__ == "__main__":
    sys.exit(main())
