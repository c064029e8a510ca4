"""``mcp-auth-tui inspect`` as it is typed: what stdout, stderr, files and the exit code say."""

from __future__ import annotations

import io
import json
import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from mcp_auth_tui.cli.main import main
from mcp_auth_tui.demo.faults import FAULTS, VARIANTS
from mcp_auth_tui.demo.providers import PROVIDERS
from mcp_auth_tui.demo.thread import running
from mcp_auth_tui.findings import CATALOGUE
from mcp_auth_tui.inspect.progress import Progress
from mcp_auth_tui.settings.arguments.inspect import inspect as parser
from mcp_auth_tui.settings.inspect_options import InspectOptions, from_arguments
from mcp_auth_tui.settings.options import Usage

# "legacy-paths" is "legacy" and then some: the missing resource metadata, the cause, is told first.
SEEN = {name: item.finding for name, item in {**FAULTS, **VARIANTS}.items() if item.inspected} | {
    "legacy-paths": "prm-missing"
}
THRESHOLD = {"no-registration": "warning"}
"""A person can bring a client of their own, so that this one is a warning (SPEC 4)."""


def options(*words: str, stdin: bytes = b"") -> InspectOptions:
    return from_arguments(parser().parse_args(words), {}, io.BytesIO(stdin))


@pytest.mark.parametrize("name", SEEN)
def test_each_fault_that_shows_without_signing_in_is_told_first(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(faults=[name]) as practice:
        words = ["--timeout", "1", "--fail-on", THRESHOLD.get(name, "error")]
        code = main(["inspect", practice.url, *words])
    told = capsys.readouterr().out.splitlines()
    assert told[2].endswith(f"[{SEEN[name]}]")
    # That a server asks for no authorization is nothing to mend.
    assert code == (0 if name == "open" else 1)


LATER = [name for name, fault in FAULTS.items() if not fault.inspected]


@pytest.mark.parametrize("name", LATER)
def test_a_fault_that_shows_only_after_a_registration_is_no_reason_to_blame_anything_else(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of these a run tells (tests/test_cli.py); all that can be inspected is as it should be."""
    with running(faults=[name]) as practice:
        assert main(["inspect", practice.url, "--fail-on", "warning"]) == 0
    head, told = capsys.readouterr().out.splitlines()[:2]
    assert (head[0], told.split(";")[0]) == ("✓", "  nothing that stops a client was found")


@pytest.mark.parametrize("name", [n for n, item in PROVIDERS.items() if item.inspected])
def test_a_provider_that_shows_without_signing_in_is_told_with_its_way_through(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(provider=name) as practice:
        assert main(["inspect", practice.url, "--fail-on", "warning"]) == 1
    told = capsys.readouterr().out
    title = PROVIDERS[name].sentence.partition(":")[0]
    at = told.index(f"[{PROVIDERS[name].finding}]")
    assert told.index(f"looks like: {title}: ", at) < told.index("way through: ", at)


@pytest.mark.parametrize("name", ["issuer-slash", "no-prm", "not-mcp"])
@pytest.mark.parametrize(
    ("form", "before"),
    [("markdown", "(`"), ("sarif", '"ruleId": "'), ("junit", ' name="'), ("html", "<code>")],
)
def test_the_cause_comes_first_in_every_form_that_is_read_from_the_top(
    form: str, before: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with running(faults=[name]) as practice:
        assert main(["inspect", practice.url, "--format", form]) == 1
    told = capsys.readouterr().out.replace('":"', '": "')
    places = {id: told.find(f"{before}{id}") for id in CATALOGUE}
    first = min((at, id) for id, at in places.items() if at >= 0)
    assert first[1] == FAULTS[name].finding


def test_the_practice_server_without_faults_has_nothing_to_mend(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with running() as practice:
        assert main(["inspect", practice.url, "--fail-on", "warning"]) == 0
        told = capsys.readouterr()
    head, rules = told.out.rstrip("\n").split("; rules: ")
    assert head == f"✓ {practice.url}\n  nothing that stops a client was found"
    checked, kept = rules.removesuffix(" kept").split(" checked, ")
    assert checked == kept and int(kept) > 30
    assert told.err == ""


def test_paths_that_nothing_names_and_nobody_tried_are_no_praise(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with running(faults=["legacy-paths"]) as practice:
        assert main(["inspect", practice.url]) == 1
    told = capsys.readouterr().out.splitlines()[1]
    assert told.startswith("  no metadata: whether the default paths of 2025-03-26 work was not")


def test_the_threshold_decides_what_fails(capsys: pytest.CaptureFixture[str]) -> None:
    with running(faults=["no-registration"]) as warned, running(faults=["no-challenge"]) as erring:
        codes = [
            [main(["inspect", server.url, "--fail-on", level]) for level in ("warning", "error")]
            for server in (warned, erring)
        ]
        assert main(["inspect", erring.url, "--fail-on", "fatal"]) == 0
    assert codes == [[1, 0], [1, 1]]
    capsys.readouterr()


def test_many_urls_come_from_arguments_a_file_and_stdin_each_once() -> None:
    made = options("a.example", "-", "b.example", stdin=b"\n# list\nc.example\n a.example \n")
    assert made.urls == ("a.example", "b.example", "c.example")


def test_a_single_dash_as_file_is_stdout(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert options("https://a.example", "-o", "-").output is None
    assert main(["inspect", "--list-checks", "-o", "-"]) == 0
    assert "authz-state" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []


def test_a_comment_in_a_list_may_follow_a_url_after_a_blank() -> None:
    listed = b"https://a.example/mcp  # slash\n\t# all\nhttps://b.example/mcp#part\n#c\n"
    assert options("-", stdin=listed).urls == (
        "https://a.example/mcp",
        "https://b.example/mcp#part",
    )


def test_a_list_may_begin_with_a_mark_and_end_its_lines_in_any_way(tmp_path: Path) -> None:
    places = tmp_path / "urls.txt"
    places.write_bytes(b"\xef\xbb\xbfhttps://a.example/mcp\r\nhttps://b.example/mcp\n")
    made = options("--file", str(places), "--jobs", "7")
    assert made.urls == ("https://a.example/mcp", "https://b.example/mcp")
    assert made.jobs == 2


@pytest.mark.parametrize(
    ("words", "stdin", "said"),
    [
        ((), b"", "name the URL"),
        (("-",), b"# nothing\n", "name the URL"),
        (("ftp://a.example",), b"", "http and https only"),
        (("--file", "/nowhere/urls.txt"), b"", "cannot read"),
        (("-",), b"\xff\xfe", "UTF-8"),
        (("a.example", "-o", "/nowhere/x"), b"", "there is no folder"),
        (("a.example", "--proxy", "gopher://x"), b"", "not usable"),
        (("a.example", "--ca-file", "/nowhere.pem"), b"", "there is no file"),
    ],
)
def test_what_cannot_be_meant_is_usage(words: tuple[str, ...], stdin: bytes, said: str) -> None:
    with pytest.raises(Usage, match=said):
        options(*words, stdin=stdin)


@pytest.mark.parametrize("words", [["--jobs", "0"], ["--jobs", "101"], ["--format", "csv"]])
def test_wrong_values_are_usage(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["inspect", "a.example", *words]) == 2
    assert "mcp-auth-tui" in capsys.readouterr().err


def test_a_line_of_a_list_that_is_no_url_is_a_result_and_ends_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with running() as practice:
        places = tmp_path / "urls.txt"
        places.write_text(f"ftp://a.example\x1b[31m\n{practice.url}\n", encoding="utf-8")
        assert main(["inspect", "--file", str(places), "--format", "jsonl"]) == 1
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    stops = {item["url"]: item["stop"] and item["stop"]["id"] for item in told}
    assert stops == {"ftp://a.example\\x1b[31m": "client-url", practice.url: None}


def test_results_go_to_a_file_of_mode_0600_and_progress_to_stderr(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.json"
    with running() as practice:
        words = ["inspect", practice.url, practice.sse_url, "--format", "json", "-o", str(target)]
        main(words)
    told = capsys.readouterr()
    assert told.out == ""
    assert "2 of 2 URLs inspected" in told.err
    assert len(json.loads(target.read_text(encoding="utf-8"))) == 2
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("wish", ["a url", "--list-checks"])
def test_a_reader_that_has_seen_enough_is_told_nothing(wish: str) -> None:
    with running() as practice:
        wanted = practice.url if wish == "a url" else wish
        words = [sys.executable, "-m", "mcp_auth_tui", "inspect", wanted]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None and process.stderr is not None
            process.stdout.close()
            said = process.stderr.read().decode()
            assert process.wait(30) == 1
    assert said == ""


@pytest.mark.skipif(os.name != "posix", reason="signals are sent")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_run_writes_what_it_has_and_ends_with_130(number: int) -> None:
    with running() as practice, running(faults=["hang"]) as slow:
        words = [sys.executable, "-m", "mcp_auth_tui", "inspect", practice.url, slow.url]
        words += ["--format", "json"]
        with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            head = process.stdout.read(200)
            process.send_signal(number)
            rest = process.stdout.read()
            assert process.wait(30) == 130
    assert [item["url"] for item in json.loads(head + rest)] == [practice.url]


def test_progress_is_one_line_on_a_terminal_and_seldom_elsewhere() -> None:
    now, wrote = [0.0], list[str]()

    def told(terminal: bool) -> str:
        wrote.clear()
        now[0] = 0.0
        progress = Progress(3, terminal=terminal, write=wrote.append, now=lambda: now[0])
        for failed in (False, True, False):
            now[0] += 6
            progress.add(failed=failed)
        progress.clear()
        progress.end()
        return "".join(wrote)

    clear = "\r\x1b[K"
    assert told(True) == (
        f"{clear}1 of 3 URLs inspected, 0 failed{clear}2 of 3 URLs inspected, 1 failed"
        f"{clear}3 of 3 URLs inspected, 1 failed{clear}3 of 3 URLs inspected, 1 failed in 18.0 s\n"
    )
    assert told(False) == (
        "2 of 3 URLs inspected, 1 failed\n3 of 3 URLs inspected, 1 failed in 18.0 s\n"
    )


def test_the_report_of_a_flow_that_failed_is_an_export(tmp_path: Path) -> None:
    target = tmp_path / "report.md"
    with running(faults=["issuer-slash"]) as practice:
        words = [practice.url, "--plain", "--export", "report", "-o", str(target)]
        assert main(words) == 4
    made = target.read_text(encoding="utf-8")
    assert made.startswith(f"# MCP authorization report: `{practice.url}`\n")
    assert "`as-issuer-slash`" in made
