"""Which folder may import what, and what is never loaded too early (the contracts: pyproject)."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

import mcp_auth_tui
from mcp_auth_tui.exports import EXPORTS as RENDERED
from mcp_auth_tui.exports import export
from mcp_auth_tui.protocol.certificate import METHODS as BY_CERTIFICATE
from mcp_auth_tui.protocol.config import GRANTS as KNOWN_GRANTS
from mcp_auth_tui.protocol.config import REVISIONS as KNOWN
from mcp_auth_tui.protocol.tokens.authentication import METHODS
from mcp_auth_tui.run import ahead
from mcp_auth_tui.settings.arguments.names import (
    AUTH_METHODS,
    EXPORTS,
    GRANTS,
    REPORTS,
    REVISIONS,
    TOKEN_STORES,
)
from mcp_auth_tui.storage.token_file import KINDS

PACKAGE = Path(mcp_auth_tui.__file__).parent
ROOT = PACKAGE.parent
CORE = ("model", "text", "findings", "protocol", "records")


def loaded(code: str) -> set[str]:
    """The modules that a fresh interpreter holds after ``code``, its output thrown away."""
    script = f"import sys\nout, sys.stdout, sys.stderr = sys.stdout, None, None\n{code}\n"
    script += "out.write(' '.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    return set(done.stdout.split())


def command(*words: str) -> set[str]:
    script = "import io; sys.stdout = sys.stderr = io.StringIO()\n"
    return loaded(f"{script}from mcp_auth_tui.cli.main import main\nmain({list(words)!r})")


def imports(path: Path) -> set[str]:
    """The absolute names of all modules that a file imports, wherever in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            module = node.module or ""
            found.update(f"{module}.{alias.name}" for alias in node.names)
    return found


def importers(name: str) -> set[str]:
    """The folders right under the package that import a library."""
    return {
        path.relative_to(PACKAGE).parts[0].removesuffix(".py")
        for path in PACKAGE.rglob("*.py")
        if any(found.partition(".")[0] == name for found in imports(path))
    }


def test_the_import_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_package_holds_folders_alone() -> None:
    modules = {path.name for path in PACKAGE.glob("*.py")}
    assert modules == {"__init__.py", "__main__.py"}
    folders = [path for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert [path.name for path in folders if not (path / "__init__.py").exists()] == []


def core_files() -> list[Path]:
    return [path for folder in CORE for path in (PACKAGE / folder).rglob("*.py")]


@pytest.mark.parametrize("path", core_files(), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_the_core_imports_the_standard_library_and_itself_alone(path: Path) -> None:
    """Imports inside functions count too."""
    own = tuple(f"mcp_auth_tui.{room}" for room in CORE)
    assert [
        name
        for name in imports(path)
        if not f"{name}.".startswith(tuple(f"{room}." for room in own))
        and name.partition(".")[0] not in sys.stdlib_module_names
    ] == []


def test_only_the_screen_imports_textual() -> None:
    assert importers("textual") | importers("rich") <= {"tui"}


def test_data_classes_are_made_where_it_costs_little() -> None:
    """Those of the standard library compile six methods each when their module is loaded."""
    makers = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        if "dataclasses.dataclass" in imports(path)
    }
    assert makers == {"records/__init__.py"}  # for type checkers


def test_only_the_network_imports_an_http_client() -> None:
    assert importers("httpx") | importers("httpcore") == {"net"}


@pytest.mark.parametrize("room", CORE)
def test_the_core_loads_the_standard_library_and_itself_alone(room: str) -> None:
    before = loaded("")
    after = loaded(
        "import importlib, pkgutil\n"
        f"room = importlib.import_module('mcp_auth_tui.{room}')\n"
        "for found in pkgutil.walk_packages(getattr(room, '__path__', []), room.__name__ + '.'):\n"
        "    importlib.import_module(found.name)\n"
    )
    allowed = {f"mcp_auth_tui.{name}" for name in CORE} | {"mcp_auth_tui"}
    own = {name for name in after - before if name.partition(".")[0] == "mcp_auth_tui"}
    assert {".".join(name.split(".")[:2]) for name in own} <= allowed
    others = {name.partition(".")[0] for name in after - before - own}
    assert others <= sys.stdlib_module_names
    assert "asyncio" not in others


@pytest.mark.parametrize(
    "words",
    [("--help",), ("--version",), ("--wrong",), ("demo", "--help"), ("inspect", "--help")],
)
def test_help_and_usage_load_neither_faces_nor_network_nor_dataclasses(
    words: tuple[str, ...],
) -> None:
    heavy = {"httpx", "httpcore", "textual", "rich", "dataclasses", "asyncio", "json", "typing"}
    assert command(*words) & (heavy | {"locale", "textwrap"}) == set()


@pytest.mark.parametrize("words", [("help",), ("help", "ssh"), ("help", "--help")])
def test_the_topics_of_the_help_load_neither_faces_nor_network(words: tuple[str, ...]) -> None:
    heavy = {"httpx", "httpcore", "textual", "rich", "dataclasses", "asyncio", "json"}
    assert command(*words) & heavy == set()


@pytest.mark.parametrize("mode", ["--plain", "--json", "--events"])
def test_a_run_without_a_screen_never_loads_textual(mode: str) -> None:
    modules = command("http://127.0.0.1:1/mcp", mode, "--timeout", "2")
    assert "mcp_auth_tui.cli.headless" in modules
    assert modules & {"textual", "rich", "mcp_auth_tui.tui", "mcp_auth_tui.tui.app"} == set()
    assert "mcp_auth_tui.net.network" in modules


def test_the_first_request_of_a_run_needs_no_later_stage() -> None:
    """What comes behind the challenge is loaded while it is waited for (`run.ahead`)."""
    modules = command("http://127.0.0.1:1/mcp", "--plain", "--timeout", "2")
    # That nobody answers is a finding, whose rule is loaded with it.
    later = {f"mcp_auth_tui.{name}" for name in ahead.NAMES if not name.startswith("findings.")}
    assert modules & later == set()
    assert "mcp_auth_tui.protocol.flow" in modules


def test_the_first_request_of_a_run_needs_neither_exports_nor_a_calendar() -> None:
    modules = loaded(
        "import mcp_auth_tui.cli.headless, mcp_auth_tui.run.assembly, mcp_auth_tui.protocol.flow"
    )
    assert not {name for name in modules if name.startswith("mcp_auth_tui.exports")}
    assert modules & {"datetime", "anyio", "httpcore"} == set()


def test_a_request_without_a_proxy_loads_neither_httpcore_nor_anyio() -> None:
    modules = command("http://127.0.0.1:1/mcp", "--plain", "--timeout", "2")
    assert "httpx" in modules
    assert modules & {"httpcore", "anyio", "sniffio"} == set()


def test_no_rule_is_loaded_before_it_is_asked_for() -> None:
    modules = loaded("import mcp_auth_tui.run.assembly, mcp_auth_tui.protocol.flow")
    assert "mcp_auth_tui.findings" in modules
    assert not {name for name in modules if name.startswith("mcp_auth_tui.findings.rules.")}


@pytest.mark.parametrize("name", ahead.NAMES)
def test_what_is_loaded_ahead_is_there_to_be_loaded(name: str) -> None:
    assert find_spec(f"mcp_auth_tui.{name}") is not None


def test_what_is_loaded_ahead_is_what_a_run_that_succeeds_loads() -> None:
    """A name that no such run needs would be loaded for nothing."""
    script = "import asyncio, io; sys.stdout = sys.stderr = io.StringIO()\n"
    words = ("demo", "--plain", "--auto-approve", "--browser", "follow")
    script += "from mcp_auth_tui.run import ahead\nahead.NAMES = ()\n"
    script += f"from mcp_auth_tui.cli.main import main\nmain({list(words)!r})"
    kept = {"mcp_auth_tui.storage.preferences", "mcp_auth_tui.storage.tokens"}  # not by the demo
    assert {f"mcp_auth_tui.{name}" for name in ahead.NAMES} - loaded(script) == kept


def test_an_inspection_never_loads_textual_nor_what_only_a_sign_in_needs() -> None:
    modules = command("inspect", "http://127.0.0.1:1/mcp", "--timeout", "2")
    assert "mcp_auth_tui.inspect.command" in modules
    unwanted = {
        "textual",
        "rich",
        "mcp_auth_tui.run.controller",
        "mcp_auth_tui.loopback.callback",
        "joserfc",
    }
    assert modules & unwanted == set()


def test_the_words_of_the_help_are_those_of_the_program() -> None:
    assert REVISIONS == KNOWN
    assert tuple(RENDERED) == EXPORTS
    assert tuple(name for name in EXPORTS if export(name).always) == REPORTS
    assert {*AUTH_METHODS} == {*METHODS, *BY_CERTIFICATE, "private_key_jwt"}
    assert KNOWN_GRANTS == GRANTS
    assert KINDS == TOKEN_STORES


def test_a_happy_run_loads_no_table_of_known_providers_and_no_rule_of_other_runs() -> None:
    modules = command(
        *("demo", "--plain", "--browser", "follow", "--auto-approve", "--no-remember")
    )
    assert "mcp_auth_tui.protocol.flow" in modules
    assert not {name for name in modules if name.startswith("mcp_auth_tui.protocol.quirks.")}
    rules = {
        f"mcp_auth_tui.findings.rules.{name}" for name in ("jwt", "extensions", "run", "probe")
    }
    assert modules & rules == set()
