"""Knows the names that a value may be, where there is a list of them; must not import anything.

``--help`` is answered from them, so the few that live elsewhere (revisions, exports) are spelled
again; a test keeps them equal.
"""

from __future__ import annotations

REVISIONS = ("2025-03-26", "2025-06-18", "2025-11-25", "2026-07-28")
REPORTS = ("report", "report-html", "har")
"""Exports that tell of the run."""
EXPORTS = ("headers", "token", "curl", "env", "json", *REPORTS)
CLIENT_EXPORTS = (
    *("claude-code", "claude-desktop", "codex", "gemini", "qwen", "opencode", "droid", "copilot"),
    *("vscode", "cursor", "windsurf", "zed", "cline", "roo-code", "continue", "goose", "kiro"),
    *("amp", "crush", "lm-studio", "jetbrains-ai", "mcpc", "mcporter", "inspector", "mcp-remote"),
    *("mcp-hub", "fastmcp"),
)
CODE_EXPORTS = (
    *("python-sdk", "python-sdk-1", "typescript-sdk", "fastmcp-python", "httpx", "requests"),
    *("fetch", "langchain", "openai-agents", "pydantic-ai", "mcp-use", "httpie", "postman"),
    *("bruno", "github-actions"),
)
AUTH_METHODS = (
    "none",
    "client_secret_basic",
    "client_secret_post",
    "private_key_jwt",
    "tls_client_auth",
    "self_signed_tls_client_auth",
)
TOKEN_STORES = ("auto", "keyring", "file", "none")
GRANTS = (
    "auto",
    "authorization_code",
    "client_credentials",
    "jwt-bearer",
    "id-jag",
    "device_code",
)
WATCH_FORMATS = ("text", "jsonl")
"""The formats that come a round at a time."""
