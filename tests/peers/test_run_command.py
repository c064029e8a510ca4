"""`run URL -- COMMAND` in front of programs that we did not write, at a server of the SDK."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from tests.missing import missing

from .conftest import Start
from .mcp_requests import INITIALIZE
from .program import WAIT

if TYPE_CHECKING:
    from .browser import Person

HERE = Path(__file__).parent


def test_curl_and_a_program_on_the_sdk_list_tools_and_no_process_shows_the_token(
    sdk: dict[str, str], person: Person, start: Start, tmp_path: Path
) -> None:
    if not shutil.which("curl"):
        missing("curl is not installed")
    url = sdk["http"]
    run = start(url, "--plain", "--browser", "none", *WAIT)
    person.sign_in(run.authorization_url())
    token = run.result().header()["Authorization"].removeprefix("Bearer ")

    lister = str(HERE / "tool_lister.py")
    listed = start("run", url, "--", sys.executable, lister, url).result()
    assert listed.code == 0, listed.err
    assert listed.document["tools"] == ["read_note"]
    assert lister in listed.document["arguments"]
    assert token not in listed.document["arguments"]

    fields = (
        "-H",
        "Content-Type: application/json",
        "-H",
        "Accept: application/json, text/event-stream",
    )
    words = ("curl", "-s", "-w", "\n%{http_code}", "-H", "@{headers-file}", *fields)
    asked = start("run", url, "--", *words, "-d", json.dumps(INITIALIZE), url).result()
    assert (asked.code, asked.out.rpartition("\n")[2]) == (0, "200")
    assert "serverInfo" in asked.out
