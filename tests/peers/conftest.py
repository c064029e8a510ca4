"""Peers and the browser, started once for the whole run.

Knows where node, its modules and Chromium may be, and says which of them is missing; with
MCP_AUTH_TUI_REQUIRE_PEERS=1 a missing part fails instead of being skipped.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.missing import missing

from .processes import serving
from .program import Program

if TYPE_CHECKING:
    from .browser import Person

HERE = Path(__file__).parent
Start = Callable[..., Program]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("peers")


def _need_modules(*names: str) -> None:
    if absent := [name for name in names if not find_spec(name)]:
        missing(f"not installed in this environment: {', '.join(absent)}")


@pytest.fixture(scope="session")
def person() -> Iterator[Person]:
    """Somebody at a browser."""
    _need_modules("playwright")
    from .browser import Person, chromium_path

    executable = chromium_path()
    if not executable:
        missing("there is no chromium on the path, and $CHROMIUM is not set")
    somebody = Person(executable)
    yield somebody
    somebody.close()


@pytest.fixture(scope="session")
def sdk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Addresses of the MCP Python SDK's servers: issuer, http, sse, combined."""
    _need_modules("mcp", "uvicorn")
    log = tmp_path_factory.mktemp("sdk") / "stderr"
    with serving([sys.executable, "sdk_server.py"], HERE, log) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def fastmcp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Addresses of fastmcp's servers: memory, proxy, mounted."""
    _need_modules("fastmcp", "uvicorn")
    log = tmp_path_factory.mktemp("fastmcp") / "stderr"
    command = [sys.executable, "-m", "tests.peers.fastmcp_server"]
    with serving(command, HERE.parent.parent, log) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def oidc(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """Addresses of oidc-provider and the TypeScript SDK's servers: issuer, jwt, opaque."""
    with _node_serving("server.mjs", tmp_path_factory.mktemp("oidc")) as addresses:
        yield addresses


@pytest.fixture(scope="session")
def grants(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """oidc-provider with more than the plain code flow: see `node/grants.mjs`.

    For each realm its MCP URL by the realm's name, and its issuer; the credentials of its clients.
    """
    with _node_serving("grants.mjs", tmp_path_factory.mktemp("grants")) as addresses:
        yield addresses


@contextmanager
def _node_serving(script: str, folder: Path) -> Iterator[dict[str, str]]:
    node = shutil.which("node")
    if not node:
        missing("there is no node on the path")
    default = HERE / "node" / "node_modules"
    modules = Path(os.environ.get("MCP_AUTH_TUI_NODE_MODULES") or default).absolute()
    if not (modules / "oidc-provider").is_dir():
        missing(f"{modules} is not filled: npm install --no-package-lock in tests/peers/node")
    # Node looks for modules beside the script and above it, so all goes to one place.
    for source in (HERE / "node").glob("*.mjs"):
        shutil.copy(source, folder)
    (folder / "node_modules").symlink_to(modules)
    with serving([node, script], folder, folder / "stderr") as addresses:
        yield addresses


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts the program with an empty home; whatever still runs afterwards is ended."""
    home = tmp_path / "home"
    home.mkdir()
    running: list[Program] = []

    def begin(*arguments: str, **environ: str) -> Program:
        running.append(Program(home, *arguments, **environ))
        return running[-1]

    yield begin
    for program in running:
        program.kill()
