"""The command line: what is refused before anything is sent, and whole runs of the program."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from mcp_auth_tui.cli import flow
from mcp_auth_tui.cli.main import COMMANDS, main
from mcp_auth_tui.demo.faults import FAULTS, VARIANTS
from mcp_auth_tui.demo.providers import PROVIDERS
from mcp_auth_tui.model import Secret
from mcp_auth_tui.render.verdict import verdict
from mcp_auth_tui.settings.arguments import commands
from mcp_auth_tui.settings.arguments.names import REVISIONS
from mcp_auth_tui.settings.options import SECRET_VARIABLE, Options, Usage, from_arguments
from tests.peers.program import Program, environment
from tests.scripted import folded, refused

SECONDS = 30
FOLLOW = ("--browser", "follow", "--auto-approve")


def options(*words: str, **environ: str) -> Options:
    return from_arguments(commands.flow().parse_args(words), environ)


def ran(
    home: Path, *words: str, program: Sequence[str] = (), **more: Any
) -> subprocess.CompletedProcess[str]:
    """Run the program, or another command line that runs it, to its end."""
    usual = {
        "stdin": subprocess.DEVNULL,
        "stdout": subprocess.PIPE,
        "stderr": subprocess.PIPE,
    }
    return subprocess.run(
        program or [sys.executable, "-m", "mcp_auth_tui", *words],
        env=environment(home),
        text=True,
        timeout=SECONDS,
        check=False,
        **{**usual, **more},
    )


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "without a screen a URL is needed: name the URL of an MCP server."),
        (["--plain", "--json", "x"], "argument --json: not allowed with argument --plain."),
        (["x", "y"], "unrecognized arguments: y."),
        (["x", "--plai"], "unrecognized arguments: --plai."),
        (["x", "--param", "=v"], "argument --param: '=v' is not KEY=VALUE."),
        (["x", "--header", "X-A"], "argument --header: 'X-A' is not 'NAME: VALUE'."),
        (["x", "--header", "a b: c"], "argument --header: 'a b' is not 'NAME: VALUE'."),
        (["x", "--header", "X-A: "], "argument --header: 'X-A' is not 'NAME: VALUE'."),
        (["x", "--header", "DPoP: x"], "argument --header: DPoP is made by this program itself."),
        (["x", "--header", "X-A: \n"], "argument --header: 'X-A' is not 'NAME: VALUE'."),
        (["x", "--header", "X-A: é"], "the value of the header X-A holds characters that no he"),
        (
            ["x", "--header", "X-A: env:NO_SUCH"],
            "the environment variable NO_SUCH is not set: the header X-A was expected in it.",
        ),
        (["x", "--port", "0"], "argument --port: '0' is not a number from 1 to 65535."),
        (["x", "--wait", "nan"], "argument --wait: 'nan' is not a number from 0.1 to 86400."),
        (["x", "--call-args", "[]", "--call", "t"], "argument --call-args: '[]' is not a JSON"),
        (["x", "--call-args", "{}"], "--call-args needs --call."),
        (["x", "--resource", "r", "--no-resource"], "--resource and --no-resource exclude each"),
        (["x", "--redirect-uri", "r", "--port", "1"], "--redirect-uri and --port exclude each"),
        (["x", "--json", "--export", "curl"], "--json and --export exclude each other."),
        (["x", "--events", "--export", "curl"], "--events fills stdout: name a file"),
        (["x", "--client-secret-file", "/none"], "--client-secret-file needs --client-id."),
        (["x", "--client-secret-prompt", "--client-id", "c"], "--client-secret-prompt needs a t"),
        (["x", "--ca-file", "/none"], "--ca-file: there is no file /none."),
        (["x", "--proxy", "ftp://p"], "The proxy ftp://p is not usable"),
        (["x", "-o", "/"], "--output: / is not a file."),
        (["x", "-o", "/none/file"], "--output: there is no folder /none."),
        (["ftp://x"], "ftp:// is no MCP URL"),
        (["https://u:p@x"], "The URL carries a user name or password"),
        (["x", "--step"], "--step needs a terminal, or a pipe, to be told when to go on."),
        (["x", "--export", "xml"], "argument --export: invalid choice: 'xml'"),
        (["x", "--browser", " "], "argument --browser: a browser cannot be named by nothing"),
        (["demo", "--fault", "no-pkc"], "there is no fault 'no-pkc': did you mean no-pkce"),
        (["demo", "--fault", "open"], "open is no fault: it is --variant open."),
        (["demo", "--variant", "hang"], "hang is no variant: it is --fault hang."),
        (["demo", "--variant", "opn"], "there is no variant 'opn': did you mean open"),
        (["demo", "--cimd-ca", "/none"], "--cimd-ca: there is no file /none."),
        (["demo", "URL"], "unrecognized arguments: URL."),
        (["ispect"], "there is no command 'ispect': did you mean inspect? For a host of that name"),
        (["ispect", "--plain"], "there is no command 'ispect': did you mean inspect?"),
        (["Demo"], "there is no command 'Demo': did you mean demo?"),
        (["--plain", "demo"], "the command comes first, as in mcp-auth-tui demo --plain."),
    ],
)
def test_wrong_usage_is_one_sentence_and_exit_code_2(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with nothing_on_stdin():
        assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"mcp-auth-tui: {sentence}")
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    "word", ["ispect.example", "https://ispect", "localhost", "mcp", "ispect/"]
)
def test_what_may_be_an_address_is_never_taken_for_a_command(word: str) -> None:
    flow._no_command(word, COMMANDS)


@contextmanager
def nothing_on_stdin() -> Iterator[None]:
    """Standard input, the descriptor itself, at its end."""
    kept, nothing = os.dup(0), os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    try:
        yield
    finally:
        os.dup2(kept, 0)
        os.close(kept)
        os.close(nothing)


def test_an_unknown_finding_cannot_be_allowed_and_near_ones_are_named() -> None:
    with pytest.raises(Usage, match="there is no finding 'as-issuer-slsh': did you mean as-issuer"):
        options("x", "--allow", "as-issuer-slsh")
    assert options("x", "--allow", "as-issuer-slash").base.allow == {"as-issuer-slash"}


def test_help_and_version_end_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    shown = capsys.readouterr().out
    assert [name for name in COMMANDS if f"mcp-auth-tui {name}" not in shown] == []
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == "mcp-auth-tui 0.1.0\n"


def test_the_help_says_whose_port_it_is_and_what_stdout_holds_after_a_failure(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["demo", "--help"]) == 0
    demo = " ".join(capsys.readouterr().out.split())
    assert "port of the practice server; its authorization server takes the next one" in demo
    assert main(["inspect", "--help"]) == 0
    inspect = " ".join(capsys.readouterr().out.split())
    assert "With 0, 1 and 130 stdout (or FILE) holds a whole document of what was found" in inspect


def test_the_help_of_demo_lists_every_fault_variant_and_provider_with_its_finding(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["demo", "--help"]) == 0
    lines = {tuple(line.split()) for line in capsys.readouterr().out.splitlines()}
    for name, item in {**FAULTS, **VARIANTS, **PROVIDERS}.items():
        assert (name, item.finding, *(["+"] if item.inspected else [])) in lines


def test_the_secret_comes_from_the_environment_or_a_file(tmp_path: Path) -> None:
    """SPEC 6: secrets from prompt, file or environment, not argv."""
    (tmp_path / "secret").write_text("from-file\nsecond line\n")
    known = {SECRET_VARIABLE: "from-environment"}
    assert options("x", "--client-id", "c", **known).base.client_secret == Secret(
        "from-environment"
    )
    file = ("--client-secret-file", str(tmp_path / "secret"))
    assert options("x", "--client-id", "c", *file, **known).base.client_secret == Secret(
        "from-file"
    )
    unused = options("x", **known)
    assert unused.base.client_secret is None
    assert unused.notes == (f"{SECRET_VARIABLE} is set but not used: there is no --client-id.",)
    (tmp_path / "secret").write_text("\n")
    with pytest.raises(Usage, match="there is no secret in the first line"):
        options("x", "--client-id", "c", *file)


def test_a_single_dash_as_file_is_stdout() -> None:
    assert options("x", "-o", "-").output is None
    with pytest.raises(Usage, match="--events fills stdout: name a file"):
        options("x", "--events", "--export", "curl", "-o", "-")


def test_no_option_takes_a_secret_on_the_command_line() -> None:
    for parser in (commands.flow(), commands.demo()):
        flags = set(parser._option_string_actions)
        assert not {"--client-secret", "--token", "--password"} & flags


def test_all_words_reach_the_settings() -> None:
    made = options(
        *("x", "--spec", "2025-06-18", "--client-id", "c", "--auth-method", "none"),
        *("--scope", "a b", "--resource", "r", "--param", "k=v=w", "--param", "l=", "--port", "7"),
        *("--issuer", "i", "--browser", "follow", "--timeout", "2", "--wait", "5", "--insecure"),
        *("--call", "t", "--call-args", '{"a": 1}', "--strict", "--reveal", "--force"),
    )
    config, notes = made.config("mcp.example.com/mcp")
    assert config.url == "https://mcp.example.com/mcp"
    assert notes == ("No scheme was given: https:// is assumed.",)
    assert (config.spec, config.client_id, config.auth_method) == ("2025-06-18", "c", "none")
    assert (config.scope, config.resource, config.issuer) == ("a b", "r", "i")
    assert (config.params, config.port) == ((("k", "v=w"), ("l", "")), 7)
    assert (config.follow, config.wait, config.call, config.call_args) == (True, 5, "t", {"a": 1})
    assert (config.strict, config.force, made.reveal, made.wait_given) == (True,) * 4
    assert (made.network.timeout, made.network.total, made.network.insecure) == (2, 6, True)
    assert made.marks == (
        "TLS certificates are NOT checked (--insecure)",
        "the issuer was chosen by hand (--issuer)",
        "the flow is run even if the server does not ask for it (--force)",
    )


def test_the_face_follows_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """DESIGN 3: the screen on a terminal, plain lines elsewhere or when TERM is dumb."""
    from mcp_auth_tui.desktop.stdin import Stdin

    def face(*words: str, stdin: Stdin = Stdin.TERMINAL) -> str:
        return flow.headless_mode(commands.flow().parse_args(words), stdin)

    monkeypatch.delenv("TEXTUAL_DRIVER", raising=False)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert (face(), face("--plain"), face("--json"), face("--events")) == (
        *("", "plain", "json"),
        "events",
    )
    assert (face(stdin=Stdin.PIPE), face(stdin=Stdin.NOTHING)) == ("plain", "plain")
    monkeypatch.setenv("TERM", "dumb")
    assert face() == "plain"
    monkeypatch.setenv("TEXTUAL_DRIVER", "some.module:Driver")
    assert (face(stdin=Stdin.NOTHING), face("--plain")) == ("", "plain")


def test_our_own_bug_is_a_sentence_with_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """DESIGN 5.7."""
    monkeypatch.setattr(flow, "run", lambda *_: 1 // 0)
    monkeypatch.delenv("MCP_AUTH_TUI_DEBUG", raising=False)
    assert main(["x"]) == 1
    said = capsys.readouterr().err
    assert "This is a bug in mcp-auth-tui 0.1.0, not in the server: ZeroDivisionError" in said
    assert "Traceback" not in said
    monkeypatch.setenv("MCP_AUTH_TUI_DEBUG", "1")
    assert main(["x"]) == 1
    assert "Traceback (most recent call last):" in capsys.readouterr().err


@pytest.mark.parametrize("spec", ["auto", *REVISIONS])
def test_the_demo_gives_a_verified_header_in_every_revision(spec: str, tmp_path: Path) -> None:
    done = ran(tmp_path, "demo", "--plain", *FOLLOW, "--spec", spec)
    assert (done.returncode, done.stdout.count("\n")) == (0, 1), done.stderr
    assert done.stdout.startswith("Authorization: Bearer ")
    assert done.stdout.split()[-1] not in done.stderr


def practised(tmp_path: Path, *words: str) -> tuple[dict[str, Any], set[str]]:
    """Run against the practice server; return the document and the ids of what was found."""
    done = ran(tmp_path, "demo", "--json", "--timeout", "2", *FOLLOW, *words)
    document: dict[str, Any] = json.loads(done.stdout)
    assert document["exit"] == done.returncode, done.stderr
    return document, {item["id"] for item in document["findings"] if item["level"] != "ok"}


@pytest.mark.parametrize("name", FAULTS)
def test_each_fault_of_the_demo_ends_the_run_with_its_finding(name: str, tmp_path: Path) -> None:
    document, ids = practised(tmp_path, "--fault", name)
    assert FAULTS[name].finding in ids
    assert document["exit"] != 0
    assert document["stop"] is not None


@pytest.mark.parametrize("name", VARIANTS)
def test_each_variant_of_the_demo_is_reported_and_is_no_obstacle(name: str, tmp_path: Path) -> None:
    document, ids = practised(tmp_path, "--variant", name)
    assert VARIANTS[name].finding in ids
    assert (document["exit"], document["stop"]) == (0, None)


def test_a_provider_of_the_demo_is_named_with_its_client_and_then_recognised(
    tmp_path: Path,
) -> None:
    done = ran(tmp_path, "demo", "--plain", *FOLLOW, "--provider", "slack")
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        "It imitates Slack, with a client that was made in its console: --client-id" in done.stderr
    )
    assert "It looks like Slack (its metadata has " in done.stderr
    assert "Make a client at api.slack.com/apps, with" in done.stderr
    assert "Run it with --client-id ID\n" in done.stderr


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("auth",), "there is no provider 'auth': did you mean auth0 or authentik?"),
        (("slack", "--jwt"), "--provider and --jwt exclude each other."),
        (("slack", "--fault", "denied"), "--provider and --fault exclude each other."),
    ],
)
def test_a_provider_that_cannot_be_meant_is_wrong_usage(
    words: tuple[str, ...], why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["demo", "--provider", *words]) == 2
    assert why in capsys.readouterr().err


def test_an_open_server_leaves_stdout_empty(tmp_path: Path) -> None:
    done = ran(tmp_path, "demo", "--plain", *FOLLOW, "--variant", "open")
    assert (done.returncode, done.stdout) == (0, "")
    assert "the server asks for no authorization" in done.stderr


@pytest.mark.parametrize(
    ("browser", "why"),
    [
        ("none", "no browser is opened (--browser none)"),
        ("nosuchcmd --new", "there is no program nosuchcmd (--browser)"),
    ],
)
def test_nobody_to_sign_in_is_exit_code_3_before_anything_is_registered(
    browser: str, why: str, tmp_path: Path
) -> None:
    done = ran(tmp_path, "demo", "--json", "--browser", browser)
    document = json.loads(done.stdout)
    assert done.returncode == 3
    assert "dynamic client registration" not in json.dumps(document["exchanges"])
    assert document["exchanges"]
    stop = document["stop"]
    assert stop["id"] == "client-no-person"
    assert stop["seen"] == f"nobody is at stdin, --wait was not given, and {why}"


def test_what_stopped_a_run_is_still_there_when_the_screen_is_gone(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from mcp_auth_tui.tui import sitting

    session = folded(refused())
    assert session.stop is not None
    monkeypatch.setenv("TEXTUAL_DRIVER", "any")
    monkeypatch.setattr(
        sitting, "run_tui", lambda *_, **__: sitting.Sitting(session.exit, session, session)
    )
    assert main(["https://mcp.example.com/mcp"]) == session.exit
    said = capsys.readouterr().err.splitlines()
    stop = session.stop
    assert f"mcp-auth-tui: {stop.id}: {verdict(session).sentence}" in said
    assert f"mcp-auth-tui: Next: {stop.next}" in said


def test_a_demo_that_exports_curl_says_that_its_server_does_not_stay(tmp_path: Path) -> None:
    done = ran(tmp_path, "demo", "--plain", *FOLLOW, "--export", "curl")
    assert done.returncode == 0
    assert "for one that stays use demo --serve-only" in done.stderr


def test_a_pipe_that_ends_without_an_answer_is_exit_code_3(tmp_path: Path) -> None:
    words = ("demo", "--plain", "--browser", "none")
    done = ran(tmp_path, *words, stdin=None, input="rubbish\n")
    assert (done.returncode, done.stdout) == (3, "")


def test_an_address_pasted_into_a_pipe_brings_the_header(tmp_path: Path) -> None:
    """B8: a pasted callback URL goes the way of any callback."""
    import urllib.request

    class Stop(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    opener = urllib.request.build_opener(Stop, urllib.request.ProxyHandler({}))
    run = Program(tmp_path, "demo", "--plain", "--browser", "none", "--auto-approve")
    try:
        url = run.authorization_url()
        with pytest.raises(urllib.request.HTTPError) as redirect:
            opener.open(url, timeout=SECONDS)
        landed = redirect.value.headers["location"]
        redirect.value.close()
        run.paste("rubbish")
        run.paste(landed)
        result = run.result()
    finally:
        run.kill()
    assert result.header()
    assert landed not in result.err


def test_a_pipe_that_never_ends_holds_nothing_up(tmp_path: Path) -> None:
    run = Program(tmp_path, "demo", "--plain", *FOLLOW)
    try:
        assert run.result().header()
    finally:
        run.kill()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("mode", ["--plain", "--json"])
@pytest.mark.parametrize("away", ["2>&-", "2>/dev/full"])
def test_a_story_that_nobody_can_read_costs_no_header(mode: str, away: str, tmp_path: Path) -> None:
    words = [sys.executable, "-m", "mcp_auth_tui", "demo", mode, *FOLLOW]
    done = ran(tmp_path, program=["sh", "-c", f'exec "$@" {away}', "sh", *words])
    assert (done.returncode, done.stderr) == (0, "")
    assert "Bearer " in done.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("mode", ["--plain", "--json", "--events"])
def test_a_full_disk_behind_stdout_is_a_failure_and_no_interrupt(mode: str, tmp_path: Path) -> None:
    with Path("/dev/full").open("wb") as full:
        words = [sys.executable, "-m", "mcp_auth_tui", "demo", mode, *FOLLOW]
        done = ran(tmp_path, program=words, stdout=full)
    assert done.returncode == 1
    assert "No space left on device" in done.stderr
    assert "interrupted" not in done.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
@pytest.mark.parametrize("words", [("--help",), ("--version",), ("help", "ssh")])
@pytest.mark.parametrize(
    ("away", "why"), [(">/dev/full", "No space left on device"), (">&-", "stdout is closed")]
)
def test_a_help_that_does_not_arrive_is_told_and_is_a_failure(
    words: tuple[str, ...], away: str, why: str, tmp_path: Path
) -> None:
    argv = [sys.executable, "-m", "mcp_auth_tui", *words]
    done = ran(tmp_path, program=["sh", "-c", f'exec "$@" {away}', "sh", *argv])
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"stdout takes nothing more ({why}): the result is lost.\n"


@pytest.mark.parametrize("words", [("inspect", "--list-checks"), ("help", "ssh"), ("--help",)])
def test_what_an_old_locale_cannot_write_is_a_question_mark(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    argv = [sys.executable, "-m", "mcp_auth_tui", *words]
    done = ran(tmp_path, program=["env", "PYTHONIOENCODING=ascii", *argv])
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.isascii()


@pytest.mark.skipif(os.name != "posix", reason="signals are sent")
@pytest.mark.parametrize("when", ["before", "after"])
def test_an_interrupt_around_the_command_line_is_no_traceback(when: str, tmp_path: Path) -> None:
    interrupt = "os.kill(os.getpid(), signal.SIGINT)"
    (tmp_path / "interrupted.py").write_text(
        "import atexit, builtins, os, signal\n"
        "from mcp_auth_tui.__main__ import run\n"
        "imports = builtins.__import__\n"
        "def watched(name, *others, **more):\n"
        f"    if {when == 'before'} and name == 'mcp_auth_tui.cli.main':\n"
        f"        {interrupt}\n"
        "    return imports(name, *others, **more)\n"
        "builtins.__import__ = watched\n"
        f"atexit.register(lambda: {interrupt})\n"
        "raise SystemExit(run())\n"
    )
    words = [sys.executable, str(tmp_path / "interrupted.py"), "--version"]
    done = ran(tmp_path, program=words)
    assert (done.returncode, done.stderr) == (130, "")
    assert bool(done.stdout) is (when == "after")


def test_a_reader_that_goes_away_is_no_traceback(tmp_path: Path) -> None:
    for mode in ("--plain", "--events"):
        away, stdout = os.pipe()
        os.close(away)
        done = subprocess.run(
            [sys.executable, "-m", "mcp_auth_tui", "demo", mode, *FOLLOW],
            env=environment(tmp_path),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            timeout=SECONDS,
            check=False,
        )
        os.close(stdout)
        assert done.returncode in (1, 130), done.stderr
        assert "Traceback" not in done.stderr
        assert "This is a bug" not in done.stderr


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_wait_and_the_json_is_still_there(
    number: signal.Signals, tmp_path: Path
) -> None:
    run = Program(tmp_path, "demo", "--json", "--browser", "none", "--wait", "60")
    try:
        run.authorization_url()
        run._process.send_signal(number)
        result = run.result()
    finally:
        run.kill()
    assert result.code == 130
    assert (result.document["outcome"], result.document["stage"]) == ("interrupted", "authorize")
    assert "Interrupted" in result.err


def test_the_export_is_what_was_asked_for_and_curl_is_let_in(tmp_path: Path) -> None:
    """Issue 2: curl with the exported header gets 200 from the server."""
    server = subprocess.Popen(
        [sys.executable, "-m", "mcp_auth_tui", "demo", "--serve-only", "--auto-approve"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        script = tmp_path / "go.sh"
        words = ("--plain", "--browser", "follow", "--export", "curl", "-o", str(script))
        done = ran(tmp_path, url, *words)
        assert (done.returncode, done.stdout) == (0, "")
        assert script.stat().st_mode & 0o777 == 0o600
        answer = subprocess.run(
            ["bash", script], capture_output=True, text=True, timeout=SECONDS, check=True
        )
        assert "result" in json.loads(answer.stdout)
    finally:
        server.send_signal(signal.SIGINT)
        assert server.wait(SECONDS) == 0
        if server.stdout:
            server.stdout.close()


def test_on_a_terminal_a_line_can_be_pasted_and_ctrl_c_ends_it(tmp_path: Path) -> None:
    said = Terminal(tmp_path, "demo", "--plain", "--browser", "none", "--auto-approve")
    said.until("press Enter.")
    said.type("rubbish\n")
    said.until("authz-paste")
    said.type("\x03")
    said.until("Result: interrupted, exit code 130")
    assert said.code() == 130


def test_a_stepped_run_goes_on_with_enter_and_to_the_end_with_r(tmp_path: Path) -> None:
    said = Terminal(tmp_path, "demo", "--plain", "--step", *FOLLOW)
    said.until("q ends the run.")
    said.type("\n")
    said.until("protected-resource/mcp")
    said.type("r\n")
    said.until("Result: ok, exit code 0")
    assert said.code() == 0


class Terminal:
    """The program on a pseudo terminal, plain."""

    def __init__(self, home: Path, *words: str) -> None:
        self._said = ""
        self._process, self._master = pty.fork()
        if self._process == 0:  # the child, which becomes the program
            command = [sys.executable, "-m", "mcp_auth_tui", *words]
            os.execve(sys.executable, command, {**environment(home), "TERM": "dumb"})

    def until(self, words: str) -> None:
        end = time.monotonic() + SECONDS
        while words not in self._said:
            assert time.monotonic() < end, self._said
            try:
                chunk = os.read(self._master, 4096)
            except OSError:
                chunk = b""
            assert chunk, f"the program ended before {words!r}:\n{self._said}"
            self._said += chunk.decode("utf-8", "replace")

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def code(self) -> int:
        try:
            while os.read(self._master, 4096):
                continue
        except OSError:
            pass
        _, status = os.waitpid(self._process, 0)
        os.close(self._master)
        return os.waitstatus_to_exitcode(status)
