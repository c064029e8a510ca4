"""What a run leaves on this machine, searched for the secrets of the run.

Arguments and environment of the program and of the browser that it starts, what it writes to the
terminal, its title, and every file but those that are there to hold credentials.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest

from tests.faults.program import Started
from tests.faults.server import holding
from tests.test_canary import views

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="it looks into /proc")
_TITLE = re.compile(r"\x1b\][0-2];|\x1bk")
_BROWSER = """\
#!{python}
import os, sys, urllib.request
with open({path!r}, "a") as file:
    print(sys.argv[1:], sorted(os.environ.items()), file=file)
urllib.request.urlopen(sys.argv[-1]).read()
"""


def browser(folder: Path) -> tuple[Path, Path]:
    """Write a program that goes where it is sent, and notes what it was started with."""
    script, notes = folder / "browser", folder / "started"
    script.write_text(_BROWSER.format(python=sys.executable, path=str(notes)))
    script.chmod(0o700)
    return script, notes


@pytest.mark.parametrize("face", ["plain", "json", "events", "screen"])
def test_a_run_leaves_no_secret_but_where_it_was_asked_to(face: str, tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    for folder in (home, elsewhere):
        folder.mkdir()
    script, notes = browser(elsewhere)
    with holding("use") as held:
        words = (held.url, "--browser", str(script), "--token-store", "file")
        words += ("--record", str(home / "run.jsonl"), "-o", str(home / "out"))
        program = Started(home, face, words)
        try:
            if face == "screen":
                program.until(lambda: "opens it" in program.err, "the address")
                program.press(b"\r")
            program.until(held.met.is_set, "the token's use")
            started = Path(f"/proc/{program.process.pid}/cmdline").read_text()
            environ = Path(f"/proc/{program.process.pid}/environ").read_text()
            held.go()
            if face == "screen":
                record = home / "run.jsonl"
                program.until(lambda: '"ended"' in record.read_text(), "the end")
                program.press(b"q")
            assert program.end() == 0
        finally:
            program.kill()
        secrets = {secret for secret in held.secrets if len(secret) >= 8}
    assert len(secrets) >= 4
    files = {path.name: path.read_text() for path in home.rglob("*") if path.is_file()}
    for name in ("tokens.json", "out"):
        assert any(token in files.pop(name) for token in held.tokens), f"no token in {name}"
    *lines, last = program.out.splitlines() or [""]
    if face == "events":  # the header is what they end with
        last = json.dumps({**json.loads(last), "headers": {}})
    told = {
        **files,
        "stdout": "\n".join((*lines, last)),
        "terminal": program.err,
        "arguments": started,
        "environment": environ,
        "browser": notes.read_text(),
    }
    assert set(files) <= {"run.jsonl", "state.json", "state.json.lock", "tokens.json.lock"}
    assert _TITLE.search(program.err) is None
    found = {(name, secret) for name, text in told.items() for secret in secrets
             for view in views(text) if secret in view}  # fmt: skip
    assert found == set()
