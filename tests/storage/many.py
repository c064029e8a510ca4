"""Many processes call `headers` on an expired token at once; one refreshes, all get its answer.

By hand, on a machine that has nothing else to do: ``python -m tests.storage.many [PROCESSES]
[ROUNDS]``. The tests run the same with fewer (tests/cli/test_headers.py).
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.storage.tokens import TokenStore
from tests.runs import finished

PROCESSES, ROUNDS = 200, 1


def main(words: list[str]) -> int:
    """Run the rounds, print one line for each, and return 0 when all held."""
    processes, rounds = (
        int(word) for word in (*words, *map(str, (PROCESSES, ROUNDS)[len(words) :]))
    )
    with TemporaryDirectory() as folder, running(auto_approve=True) as server:
        path = Path(folder, "data", "tokens.json")
        os.environ["MCP_AUTH_TUI_TOKENS"] = str(path)
        asyncio.run(finished(server.url, "--browser", "follow", "--token-store", "file"))
        good = [one_round(server.url, path, processes, number) for number in range(1, rounds + 1)]
    return int(not all(good))


def one_round(url: str, path: Path, processes: int, number: int) -> bool:
    """Let the token end, start so many processes, and tell what they printed."""
    document = json.loads(path.read_text())
    document["tokens"][0] |= {"received": 0.0, "expires": 1.0}
    path.write_text(json.dumps(document))
    before = TokenStore(path).tokens()[0].generation
    words = [sys.executable, "-m", "mcp_auth_tui", "headers", url, "--format", "token"]
    began = time.monotonic()
    started = [
        subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(processes)
    ]
    ended = [(*process.communicate(), process.returncode) for process in started]
    answers = [(out.strip(), code) for out, _, code in ended]
    (stored,) = TokenStore(path).tokens()
    grant = TokenStore(path).open(stored.id)
    assert grant is not None
    wanted = (grant.token.access.reveal(), 0)
    right, refreshes = answers.count(wanted), stored.generation - before
    seconds = time.monotonic() - began
    print(f"round {number}: {right} of {processes} right, {refreshes} refresh, {seconds:.1f} s")
    for err, code in sorted(
        {(err, code) for out, err, code in ended if (out.strip(), code) != wanted}
    ):
        print(f"  exit {code}: {err.strip()}")
    return right == processes and refreshes == 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
