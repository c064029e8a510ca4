"""Knows how each real client is installed and asked for its tools; must not know what it is told.

What stands between braces in a command is put in by `world.World`: ``{url}``, ``{name}`` (of the
entry), ``{file}`` (the config file), ``{text}`` (a file with the export), ``{headers}`` (a file
with header lines), ``{folder}`` (an empty one), ``{home}``, ``{port}`` (a free one) and ``{model}``
(the URL of a stand-in for a model).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

TOOL = "whoami"
"""A tool of the practice server."""


@dataclass(frozen=True, slots=True)
class Package:
    """Where a client comes from."""

    kind: str
    """``npm``, ``pypi``, or ``test`` for what the test extra of this project has."""
    name: str
    version: str
    folder: str = ""
    """``clients``: it is installed with the tests (`node/package.json`)."""
    newer: bool = False
    """Whether it needs a Node newer than 20: that of the conformance suite is used."""
    native: str = ""
    """Where its program for Linux is, in node_modules: no install script puts it in its place."""


@dataclass(frozen=True, slots=True)
class Row:
    """One client with one form of an entry, or one piece of code."""

    export: str
    form: str
    """A form of an entry, or ``code``."""
    package: Package
    commands: tuple[str, ...]
    """The last one's output counts; those before it have to end well."""
    says: str = TOOL
    """What it says when it is connected (a regular expression)."""
    talk: str = ""
    """``mcp`` or ``codex``: the command speaks JSON lines, see `lines.py`; ``hub``: it serves;
    ``model``: what it offers to a model counts, see `model.py`."""
    file: str = ""
    """A config file in the folder, for a client that has none of its own."""
    before: Mapping[str, str] = field(default_factory=dict)
    """Files that are there before the entry comes, from the home folder."""
    environ: Mapping[str, str] = field(default_factory=dict)
    small: bool = False
    """Whether it is run among the tests."""

    @property
    def id(self) -> str:
        """Its name in the table."""
        return f"{self.export}-{self.form}"


def _entries(
    export: str, forms: str, package: Package, *commands: str, **more: object
) -> list[Row]:
    return [Row(export, form, package, commands, **more) for form in forms.split()]  # type: ignore[arg-type]  # names of fields


def _code(export: str, package: Package, command: str = "python {text}", **more: object) -> Row:
    return Row(export, "code", package, (command,), **more)  # type: ignore[arg-type]  # names of fields


_TRUST = (
    '{"hasCompletedOnboarding": true, "projects": {"{folder}": {"hasTrustDialogAccepted": true}}}'
)
_SDK = Package("test", "mcp", "2.3.0")
_HTTP = Package("test", "httpx", "0.28.1")
_FASTMCP = Package("test", "fastmcp", "4.2.3")
_NODE = "clients"
"""The folder of `node/package.json`."""

ROWS: tuple[Row, ...] = (
    *_entries(
        "claude-code",
        "helper variable inline",
        Package(
            "npm",
            "@anthropic-ai/claude-code",
            "2.1.332",
            native="@anthropic-ai/claude-code-linux-x64",
        ),
        "claude mcp list",
        says="{name}: .*Connected",
        before={".claude.json": _TRUST},
    ),
    *_entries(
        "codex",
        "helper variable inline",
        Package("npm", "@openai/codex", "0.171.0"),
        "codex app-server",
        talk="codex",
    ),
    *_entries(
        "gemini",
        "variable inline",
        Package("npm", "@google/gemini-cli", "0.61.0"),
        "gemini mcp list",
        says="{name}: .* - Connected",
        environ={"GEMINI_CLI_TRUST_WORKSPACE": "true", "GEMINI_TELEMETRY_ENABLED": "false"},
    ),
    *_entries(
        "qwen",
        "variable inline",
        Package("npm", "@qwen-code/qwen-code", "0.24.4"),
        "qwen mcp list",
        says="{name}: .* - Connected",
    ),
    *_entries(
        "opencode",
        "variable inline",
        Package("npm", "opencode-ai", "1.18.33", native="opencode-linux-x64/bin"),
        "opencode mcp list",
        says="✓ {name}.*connected",
        environ={"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"},
    ),
    *_entries(
        "droid",
        "variable inline",
        Package("npm", "droid", "0.215.0"),
        "droid mcp list",
        says="{name} .*connected",
    ),
    *_entries(
        "mcpc",
        "variable inline",
        Package("npm", "@apify/mcpc", "0.2.6", _NODE),
        "mcpc connect {file}:{name} @test",
        "mcpc @test tools-list --json",
        file="mcp.json",
        small=True,
    ),
    *_entries(
        "mcporter",
        "variable inline",
        Package("npm", "mcporter", "0.12.3", _NODE, newer=True),
        "mcporter list {name} --json",
        before={".mcporter/mcporter.json": '{\n  "imports": []\n}\n'},
        small=True,
    ),
    *_entries(
        "inspector",
        "inline",
        Package("npm", "@modelcontextprotocol/inspector", "2.12.0", _NODE, newer=True),
        "mcp-inspector --cli --config {file} --server {name} --method tools/list",
        file="mcp.json",
        small=True,
    ),
    *_entries(
        "mcp-remote",
        "variable",
        Package("npm", "mcp-remote", "0.15.1", _NODE),
        "mcp-remote {url} --header-file {headers}",
        talk="mcp",
        file="mcp.json",
        small=True,
    ),
    *_entries(
        "mcp-hub",
        "helper variable inline",
        Package("npm", "mcp-hub", "4.2.1", _NODE),
        "mcp-hub --port {port} --config {file}",
        talk="hub",
        file="servers.json",
        small=True,
    ),
    *_entries(
        "fastmcp", "inline", _FASTMCP, "fastmcp list {file} --json", file="mcp.json", small=True
    ),
    *_entries(
        "copilot",
        "variable inline",
        Package("npm", "@github/copilot", "1.0.102"),
        "copilot -p hi --no-auto-update",
        talk="model",
        environ={
            "COPILOT_OFFLINE": "true",
            "COPILOT_PROVIDER_BASE_URL": "{model}",
            "COPILOT_PROVIDER_TYPE": "openai",
            "COPILOT_MODEL": "fake",
            "COPILOT_AUTO_UPDATE": "false",
        },
    ),
    *_entries(
        "cline",
        "inline",
        Package("npm", "cline", "3.0.65"),
        "cline auth -p openai -k none -m fake -b {model}",
        "cline --json 'hi there'",
        talk="model",
        environ={"CLINE_TELEMETRY_DISABLED": "1"},
    ),
    *_entries(
        "continue",
        "variable inline",
        Package("npm", "@continuedev/cli", "1.5.47"),
        "cn -p hi --config {home}/.continue/config.yaml",
        talk="model",
        before={
            ".continue/config.yaml": "name: test\nversion: 1.0.0\nschema: v1\nmodels:\n"
            "  - name: fake\n    provider: openai\n    model: fake\n    apiBase: {model}\n"
            "    apiKey: none\n    capabilities: [tool_use]\n"
        },
    ),
    _code("python-sdk", _SDK, small=True),
    _code("fastmcp-python", _FASTMCP, small=True),
    _code("httpx", _HTTP, says=r"\b200 ", small=True),
    _code("python-sdk-1", Package("pypi", "mcp", "1.30.0")),
    _code("requests", Package("pypi", "requests", "2.32.5"), says=r"\b200 "),
    _code("langchain", Package("pypi", "langchain-mcp-adapters", "0.3.2")),
    _code("openai-agents", Package("pypi", "openai-agents", "0.24.0")),
    _code("pydantic-ai", Package("pypi", "pydantic-ai-slim[mcp]", "2.68.0")),
    _code("mcp-use", Package("pypi", "mcp-use", "1.7.1")),
    _code(
        "typescript-sdk",
        Package("npm", "@modelcontextprotocol/client", "2.4.0", _NODE),
        "node {text}",
        small=True,
    ),
    _code("fetch", Package("npm", "node", "", _NODE), "node {text}", says=r"\b200 ", small=True),
    _code("httpie", Package("pypi", "httpie", "3.2.4"), "bash {text}", says=r"\b200\b"),
)
