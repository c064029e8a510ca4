"""Runs every imitated provider plainly, and again with what that run advises, until it is through.

``python -m tests.providers`` prints the table that stands in the help. What is taken is taken from
the program's own JSON; only what a person fills in comes from here: the client that was made in the
provider's console, and its secret.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import cache
from typing import Any

from mcp_auth_tui.demo.providers import CLIENT, PROVIDERS, SECRET
from mcp_auth_tui.demo.server import PracticeServer
from mcp_auth_tui.settings.options import SECRET_VARIABLE
from tests.documents import options
from tests.runs import Finished, finished

PLAIN = ("--json", "--browser", "follow", "--token-store", "none")
PROMPT = "--client-secret-prompt"
FILLED = {"ID": CLIENT}
ROUNDS = 3


@dataclass(frozen=True)
class Journey:
    """The runs against one provider, the plain one first."""

    name: str
    url: str
    runs: tuple[Finished, ...]

    @property
    def advice(self) -> tuple[dict[str, Any], ...]:
        """What each run but the last said about the provider where it stopped."""
        return tuple(run.document["stop"]["provider"] for run in self.runs[:-1])

    @property
    def options(self) -> tuple[str, ...]:
        """All options that were advised, as they were told, with the MCP URL as RESOURCE."""
        words = (word for advice in self.advice for word in advice["options"])
        issuer = self.runs[0].document["stop"]["seen"] if self.advice else ""
        return tuple(
            word.replace(self.url, "RESOURCE").replace(issuer or "\0", "NAMED") for word in words
        )


@cache
def journey(name: str) -> Journey:
    """Run against one provider until it is through, or nothing more is advised."""
    return asyncio.run(_journey(name))


async def _journey(name: str) -> Journey:
    server = await PracticeServer.start(provider=name, auto_approve=True)
    runs: list[Finished] = []
    words: list[str] = []
    environ: dict[str, str] = {}
    try:
        while len(runs) < ROUNDS:
            runs.append(await finished(server.url, *PLAIN, *words, environ=environ))
            stop = runs[-1].document["stop"]
            if stop is None or not (options := (stop["provider"] or {}).get("options")):
                break
            if PROMPT in options:
                environ[SECRET_VARIABLE] = SECRET  # what answers the prompt
            words += [FILLED.get(word, word) for word in options if word != PROMPT]
    finally:
        await server.aclose()
    return Journey(name, server.url, tuple(runs))


def ending(run: Finished) -> str:
    """Return in a few words how a run ended."""
    stop = run.document["stop"]
    return f"`{stop['id']}`" if stop else "a header" if run.document["headers"] else "no header"


def line(name: str) -> str:
    """Return the row of one provider in the help."""
    found = journey(name)
    title = PROVIDERS[name].sentence.partition(":")[0]
    plain, *rest = map(ending, found.runs)
    if not rest:
        return f"`{name}` ({title}): {plain}, with `{PROVIDERS[name].finding}` on the way"
    steps = "".join(f", then {step}" for step in rest[:-1])
    return f"`{name}` ({title}): {plain}{steps}; with {options(found.options)}: {rest[-1]}"


if __name__ == "__main__":
    for known in PROVIDERS:
        print(line(known))
