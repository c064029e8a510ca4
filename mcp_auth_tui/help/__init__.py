"""Knows the topics of the help, a Markdown file each beside it; must not know who reads them."""

from __future__ import annotations

import re

TOPICS = (
    "ssh",
    "keys",
    "scripts",
    "sessions",
    "json",
    "exports",
    "recordings",
    "clients",
    "inspect",
    "probe",
    "findings",
    "providers",
    "grants",
    "settings",
    "demo",
    "privacy",
    "conformance",
    "speed",
)
"""Their names, in the order in which they are listed."""


def title(topic: str) -> str:
    """Return the heading of a topic, which says in one line what it is about."""
    return text(topic).partition("\n")[0].removeprefix("# ")


def text(topic: str) -> str:
    """Return the Markdown of one of `TOPICS`, without the comments that mark generated parts."""
    from pathlib import Path  # not with the module: --help names the topics, and reads none

    markdown = Path(__file__).with_name(f"{topic}.md").read_text(encoding="utf-8")
    return re.sub(r"^<!-- .* -->\n+", "", markdown, flags=re.MULTILINE).rstrip() + "\n"
