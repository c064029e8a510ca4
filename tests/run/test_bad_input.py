"""What a person or a server gets wrong: a clear sentence, the right exit code, and nothing lost.

The list is issue 2's "Bad input"; exit codes are those of DESIGN part 3.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from mcp_auth_tui.demo.front import AuthorizationFront
from mcp_auth_tui.demo.records import Entropy
from mcp_auth_tui.demo.resource import ResourceServer
from mcp_auth_tui.demo.server import PracticeServer
from mcp_auth_tui.loopback.connection import Incoming, Reply
from mcp_auth_tui.loopback.server import Loopback
from mcp_auth_tui.settings.arguments.names import REVISIONS
from tests.net.servers import site
from tests.peers.program import environment
from tests.runs import Finished, finished

SECONDS = 30
FOLLOW = ("--browser", "follow")
NONE = ("--browser", "none", "--wait", "30")
JSON = (("Content-Type", "application/json"),)
PAGE = Reply(200, b"<!doctype html><title>Welcome</title>", (("Content-Type", "text/html"),))


@asynccontextmanager
async def practising(**options: Any) -> AsyncIterator[PracticeServer]:
    server = await PracticeServer.start(**{"auto_approve": True, **options})
    try:
        yield server
    finally:
        await server.aclose()


def stopped(run: Finished, id: str, code: int, sentence: str) -> None:
    """The run was ended by this finding, and says so everywhere in the same words."""
    stop = run.document["stop"]
    assert stop["id"] == id, run.err
    assert (run.code, run.document["exit"], stop["level"]) == (code, code, "fatal")
    assert sentence in stop["message"]
    assert stop["next"]
    assert f"\n  {id}: " in run.err
    assert f"exit code {code}" in run.err


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("ftp://host/mcp", "ftp:// is no MCP URL: this program speaks http and https only"),
        ("mailto:someone", "mailto: is no MCP URL: this program speaks http and https only"),
        ("javascript:alert(1)", "javascript: is no MCP URL"),
        ("file:///etc/passwd", "file:// is no MCP URL"),
        ("https://me:secret@host/mcp", "The URL carries a user name or password: take it out"),
        ("me@host", "The URL carries a user name or password: take it out"),
        ("https:/host", "After http: or https: there must be two slashes"),
        ("https://", "This is not a URL: there is no host in it."),
        ("http://host:99999/", "This is not a URL: Port out of range"),
        ("http://a b/", "The URL holds a character that no URL may hold"),
        ("", "No URL was given"),
    ],
)
def test_what_is_no_mcp_url_is_one_sentence_and_exit_code_2(
    url: str, sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    from mcp_auth_tui.cli.main import main

    assert main([url, "--json"]) == 2
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith(f"mcp-auth-tui: {sentence}")
    assert "secret" not in err


async def test_what_was_made_of_a_url_is_said() -> None:
    async with practising(faults={"open"}) as server:
        run = await finished(f"{server.url.removeprefix('http://')}#top", "--plain")
    assert run.code == 0, run.err
    assert "Note: No scheme was given: http:// is assumed." in run.err
    assert "Note: The fragment (from # on) was dropped: servers never see it." in run.err


# -- the network


async def test_a_name_without_address_is_said_with_exit_code_5() -> None:
    run = await finished("no-such-host.invalid", "--json")
    assert "Note: No scheme was given: https:// is assumed." in run.err
    stopped(run, "net-dns", 5, "The name no-such-host.invalid could not be resolved")


async def test_a_closed_port_is_said_with_exit_code_5() -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
        run = await finished(f"http://127.0.0.1:{port}/mcp", "--json")
    stopped(run, "net-connect", 5, f"127.0.0.1 port {port} refused the connection")


def _context(ca: trustme.CA, *names: str, **dates: Any) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(*names, **dates).configure_cert(context)
    return context


def _self_signed(folder: Path) -> tuple[ssl.SSLContext, str]:
    from datetime import timedelta

    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "localhost")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), False)
        .sign(key, hashes.SHA256())
    )
    pem, private = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    file = folder / "self.pem"
    octets = key.private_bytes(pem, private, serialization.NoEncryption())
    file.write_bytes(octets + made.public_bytes(pem))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    return context, str(file)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        ("expired", "its certificate has expired"),
        ("self-signed", "its certificate is self-signed"),
        ("other host", "its certificate is for another host name"),
        ("unknown CA", "its certificate was issued by a CA that this machine does not trust"),
        ("plain", "it does not speak TLS on this port (plain HTTP?)"),
    ],
)
async def test_a_tls_fault_is_said_with_exit_code_5(
    fault: str, sentence: str, tmp_path: Path
) -> None:
    ca = trustme.CA()
    ca_file = tmp_path / "ca.pem"
    ca.cert_pem.write_to_path(ca_file)
    old = {"not_before": datetime(2020, 1, 1, tzinfo=UTC), "not_after": datetime(2021, 1, 1)}
    context = {
        "expired": lambda: _context(ca, "localhost", **old),
        "self-signed": lambda: _self_signed(tmp_path)[0],
        "other host": lambda: _context(ca, "mcp.example.com"),
        "unknown CA": lambda: _context(trustme.CA(), "localhost"),
        "plain": lambda: None,
    }[fault]()
    async with site(PAGE, ssl=context, host="localhost") as server:
        url = f"https{server.url.removeprefix('https').removeprefix('http')}/mcp"
        run = await finished(url, "--json", "--ca-file", str(ca_file))
    assert server.asked == []
    stopped(run, "net-tls", 5, sentence)


async def test_an_answer_that_never_comes_names_its_limit() -> None:
    async def talk(incoming: Incoming) -> Reply:
        await asyncio.Event().wait()
        raise AssertionError

    server = await Loopback.bind(talk)
    run = await finished(f"http://127.0.0.1:{server.port}/mcp", "--json", "--timeout", "0.2")
    await server.aclose()
    stopped(run, "net-timeout", 5, "did not answer within 0.2 s")


# -- what answers is something else


async def test_a_web_page_is_no_mcp_server() -> None:
    async with site(PAGE) as server:
        run = await finished(f"{server.url}/", "--json")
    stopped(run, "rs-not-mcp", 1, "This URL does not answer as an MCP server.")
    assert "web page" in run.document["stop"]["seen"]


async def test_a_server_that_asks_for_nothing_is_open_and_stdout_empty() -> None:
    async with practising(faults={"open"}) as server:
        run = await finished(server.url, "--plain", *FOLLOW)
        told = await finished(server.url, "--json", *FOLLOW)
    assert (run.code, run.out) == (0, "")
    assert "Result: open, exit code 0: the server asks for no authorization" in run.err
    assert (told.code, told.document["outcome"], told.document["headers"]) == (0, "open", {})
    assert (told.document["stop"], told.document["token"]) == (None, None)


# -- the callback


async def test_a_busy_port_is_said_before_anything_is_registered() -> None:
    """B1: bound before registration."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        async with practising() as server:
            run = await finished(server.url, "--json", *FOLLOW, "--port", port)
    stopped(run, "client-port-busy", 1, "is taken by another program.")
    assert f"Nothing can listen on port {port}" in run.document["stop"]["seen"]
    assert not [item for item in run.document["exchanges"] if item["method"] == "POST"][1:]


class Child:
    """The program as a process of its own, told by its pipes and signals."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.err = ""

    async def until(self, words: str) -> str:
        """Read stderr up to the line that holds these words, and return the line."""
        assert self.process.stderr
        async with asyncio.timeout(SECONDS):
            while line := (await self.process.stderr.readline()).decode():
                self.err += line
                if words in line:
                    return line.strip()
        raise AssertionError(f"{words!r} was not said:\n{self.err}")

    async def address(self) -> str:
        """Where to sign in."""
        return await self.until("response_type=code")

    def type(self, line: str) -> None:
        assert self.process.stdin
        self.process.stdin.write(f"{line}\n".encode())

    def interrupt(self) -> None:
        self.process.send_signal(signal.SIGINT)

    async def end(self) -> tuple[int, str]:
        """Wait for the end; exit code and stdout."""
        async with asyncio.timeout(SECONDS):
            out, err = await self.process.communicate()
        self.err += err.decode()
        assert self.process.returncode is not None
        return self.process.returncode, out.decode()


@asynccontextmanager
async def started(home: Path, *words: str) -> AsyncIterator[Child]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "mcp_auth_tui", *words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(home),
        limit=1 << 20,
    )
    try:
        yield Child(process)
    finally:
        with suppress(ProcessLookupError):
            process.kill()
        # Reads what is left, so that the pipes are closed with the process.
        await process.communicate()


async def visit(url: str) -> tuple[int, str, str]:
    """Request a loopback URL as a browser would; status, Location and body."""
    from urllib.parse import urlsplit

    parts = urlsplit(url)
    reader, writer = await asyncio.open_connection(parts.hostname, parts.port)
    head = f"GET {parts.path}?{parts.query} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
    writer.write(f"{head}Connection: close\r\n\r\n".encode())
    async with asyncio.timeout(SECONDS):
        answer = (await reader.read()).decode("utf-8", "replace")
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    place = next((x[10:] for x in head.split("\r\n") if x.lower().startswith("location: ")), "")
    return int(head.split(" ")[1]), place, body


async def test_a_callback_with_a_wrong_state_is_ignored_and_the_right_one_still_counts(
    tmp_path: Path,
) -> None:
    """B3: a stray request must not cancel a sign-in."""
    async with practising() as server, started(tmp_path, server.url, "--json", *NONE) as run:
        _, place, _ = await visit(await run.address())
        stray = place.replace("state=", "state=not-")
        status, _, page = await visit(stray)
        assert status == 400
        assert "not-" not in page
        status, _, page = await visit(place)
        code, out = await run.end()
    assert (status, code) == (200, 0), run.err
    ids = [item["id"] for item in json.loads(out)["findings"] if item["level"] != "ok"]
    assert ids.count("authz-state") == 1
    assert json.loads(out)["headers"]["Authorization"].startswith("Bearer ")


async def test_of_two_callbacks_one_counts_and_the_other_is_told_so(tmp_path: Path) -> None:
    """B1: one accepted response; K6: a code is never sent twice."""
    async with practising() as server, started(tmp_path, server.url, "--json", *NONE) as run:
        _, place, _ = await visit(await run.address())
        pages = await asyncio.gather(*(visit(place) for _ in range(3)))
        code, out = await run.end()
    assert code == 0, run.err
    document = json.loads(out)
    tokens = [item for item in document["exchanges"] if item["stage"] == "token"]
    assert len(tokens) == 1
    assert sum(status == 200 for status, _, _ in pages) == 1


async def test_rubbish_that_is_pasted_changes_nothing(tmp_path: Path) -> None:
    """B8."""
    rubbish = (
        *("rubbish", "\x1b[31mred\x1b[0m", "http://127.0.0.1/?", "?=&=", "é" * 3000, "code"),
        *("https://example.com/?code=x&state=y", "error=access_denied", "\x00\x00", "[/x]"),
    )
    async with practising() as server, started(tmp_path, server.url, "--plain", *NONE) as run:
        _, place, _ = await visit(await run.address())
        for line in rubbish:
            run.type(line)
        run.type(place)
        code, out = await run.end()
    assert (code, out.startswith("Authorization: Bearer ")) == (0, True), run.err
    assert not {char for char in run.err if not char.isprintable()} - {"\n"}


# -- Ctrl-C

GATES: dict[str, Callable[[Incoming], bool]] = {
    "probe": lambda asked: asked.path == "/mcp",
    "resource": lambda asked: "oauth-protected-resource" in asked.path,
    "server": lambda asked: "oauth-authorization-server" in asked.path,
    "register": lambda asked: asked.path == "/register",
    "authorize": lambda asked: asked.path == "/authorize",
    "token": lambda asked: asked.path == "/token",
    "verify": lambda asked: asked.path == "/mcp" and bool(asked.header("authorization")),
    "verify, later": lambda asked: b'"tools/list"' in asked.body,
}


@asynccontextmanager
async def serving(
    gate: Callable[[Incoming], bool] = lambda asked: False, context: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, asyncio.Event]]:
    """A practice server that never answers what the gate holds back; over TLS with a context."""
    held = asyncio.Event()
    handlers: dict[str, Callable[[Incoming], Awaitable[Reply]]] = {}

    def door(name: str) -> Callable[[Incoming], Awaitable[Reply]]:
        async def handle(incoming: Incoming) -> Reply:
            if gate(incoming):
                held.set()
                await asyncio.Event().wait()
            return await handlers[name](incoming)

        return handle

    sides = [await Loopback.bind(door(name), ssl=context) for name in ("resource", "front")]
    scheme = "https" if context else "http"
    origin, issuer = (f"{scheme}://127.0.0.1:{side.port}" for side in sides)
    entropy, none = Entropy(fixed=False), frozenset[str]()
    front = AuthorizationFront(
        issuer,
        (f"{origin}/mcp",),
        faults=none,
        auto_approve=True,
        cimd_ca=None,
        clock=lambda: 1_800_000_000.0,
        entropy=entropy,
    )
    resource = ResourceServer(origin, issuer, front.tokens.judge, faults=none, entropy=entropy)
    handlers |= {"resource": resource.handle, "front": front.handle}
    try:
        yield f"{origin}/mcp", held
    finally:
        for side in sides:
            await side.aclose()


async def interrupted(
    home: Path, gate: Callable[[Incoming], bool], mode: str
) -> tuple[int, str, Child]:
    """Press Ctrl-C while a request hangs; exit code, stdout and the run."""
    async with serving(gate) as (url, held), started(home, url, mode, *FOLLOW) as run:
        await asyncio.wait_for(held.wait(), SECONDS)
        run.interrupt()
        code, out = await run.end()
    return code, out, run


@pytest.mark.parametrize("stage", GATES)
async def test_ctrl_c_ends_a_request_that_hangs_and_loses_nothing(
    stage: str, tmp_path: Path
) -> None:
    code, out, run = await interrupted(tmp_path, GATES[stage], "--json")
    document = json.loads(out)
    name = stage.partition(",")[0]
    assert (code, document["exit"], document["outcome"]) == (130, 130, "interrupted")
    assert (document["stage"], document["stop"]) == (name, None)
    assert "Interrupted: ending in order. Once more quits at once." in run.err
    assert "Result: interrupted, exit code 130" in run.err
    assert "Traceback" not in run.err
    obtained = name == "verify"
    assert bool(document["headers"]) is obtained
    assert (document["token"] is not None) is obtained
    assert (document["client"] is not None) is (name in ("authorize", "token", "verify"))


@pytest.mark.parametrize("mode", ["--plain", "--events"])
async def test_a_token_obtained_before_ctrl_c_is_still_on_stdout(mode: str, tmp_path: Path) -> None:
    code, out, run = await interrupted(tmp_path, GATES["verify"], mode)
    assert code == 130
    if mode == "--events":
        out = "Authorization: " + json.loads(out.splitlines()[-1])["headers"]["Authorization"]
    assert out.startswith("Authorization: Bearer ")
    assert out.split()[-1] not in run.err


async def test_ctrl_c_while_waiting_for_the_browser_keeps_what_was_registered(
    tmp_path: Path,
) -> None:
    async with practising() as server, started(tmp_path, server.url, "--json", *NONE) as run:
        await run.until("Waiting for the sign-in in the browser")
        run.interrupt()
        code, out = await run.end()
    document = json.loads(out)
    assert (code, document["outcome"], document["stage"]) == (130, "interrupted", "authorize")
    assert document["client"]["how"] == "dynamic"
    assert document["headers"] == {}


async def test_a_second_ctrl_c_quits_at_once(tmp_path: Path) -> None:
    async with practising() as server, started(tmp_path, server.url, "--plain", *NONE) as run:
        await run.until("Waiting for the sign-in in the browser")
        run.interrupt()
        run.interrupt()
        code, out = await run.end()
    assert (code, out) == (130, "")


async def test_ctrl_c_while_the_result_is_written_does_not_cut_it_off(tmp_path: Path) -> None:
    """The document is longer than a pipe holds, so that the program is caught in the middle."""
    tools = json.dumps([{"name": f"tool {number}"} for number in range(9000)])
    body = f'{{"jsonrpc":"2.0","id":%d,"result":{{"tools":{tools},"capabilities":{{"tools":{{}}}}'

    def reply(asked: Incoming) -> Reply:
        document = json.loads(asked.body)
        extra = ',"supportedVersions":["2026-07-28"],"serverInfo":{"name":"x","version":"1"}}}'
        return Reply(200, f"{body % document['id']}{extra}".encode(), JSON)

    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as pipe:
        async with site(reply) as server:
            words = ("-m", "mcp_auth_tui", server.url, "--json")
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, *words),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writing,
                stderr=asyncio.subprocess.DEVNULL,
                env=environment(tmp_path),
            )
            os.close(writing)
            begun = await asyncio.wait_for(asyncio.to_thread(pipe.read, 1), SECONDS)
            process.send_signal(signal.SIGINT)
            out = begun + await asyncio.wait_for(asyncio.to_thread(pipe.read), SECONDS)
            await asyncio.wait_for(process.wait(), SECONDS)
    assert len(out) > 1 << 17
    assert json.loads(out)["outcome"] == "open"


# -- the file for the result


async def test_each_export_reaches_a_file_for_its_owner_alone(tmp_path: Path) -> None:
    async with practising() as server:
        for name in ("headers", "token", "curl", "env", "json"):
            file = tmp_path / name
            words = ("--plain", *FOLLOW, "--export", name, "-o", str(file))
            run = await finished(server.url, *words)
            assert (run.code, run.out, file.stat().st_mode & 0o777) == (0, "", 0o600), run.err
            token = run.session.token.access.reveal()
            assert file.read_text().count(token) == (2 if name == "env" else 1)
            assert token not in run.err


@pytest.mark.parametrize("spec", ["auto", *REVISIONS])
async def test_in_every_revision_curl_and_a_sourced_env_file_are_let_in(
    spec: str, tmp_path: Path
) -> None:
    """Issue 2: curl with the exported header gets 200; the token is in no argument list."""
    script, env = tmp_path / "go.sh", tmp_path / "vars"
    async with practising() as server:
        for name, file in (("curl", script), ("env", env)):
            words = ("--plain", *FOLLOW, "--spec", spec, "--export", name, "-o", str(file))
            run = await finished(server.url, *words)
            assert run.code == 0, run.err
        # curl reports its own status and, by `ps`, what anybody could read of it.
        spy = tmp_path / "curl"
        spy.write_text(
            '#!/bin/sh\ntr "\\0" "\\n" < /proc/$$/cmdline > "$SPIED"\n'
            f'exec {_curl()} "$@" --output /dev/null --write-out "%{{http_code}}"\n'
        )
        spy.chmod(0o700)
        known = {**os.environ, "PATH": f"{tmp_path}:{os.environ['PATH']}", "no_proxy": "*"}
        spied = tmp_path / "argv"
        assert await _shell(f"bash {script}", {**known, "SPIED": str(spied)}) == "200"
        line = f'. {env}; printf "%s" "$MCP_URL|$MCP_TOKEN|$MCP_AUTHORIZATION"'
        url, token, header = (await _shell(line, known)).split("|")
    assert (url, header) == (server.url, f"Bearer {token}")
    assert "--config" in spied.read_text()
    assert token not in spied.read_text()
    assert run.session.token.access.reveal() == token


def _curl() -> str:
    from shutil import which

    found = which("curl")
    if found is None:
        pytest.skip("there is no curl here")
    return found


async def _shell(line: str, environ: dict[str, str]) -> str:
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", line, stdout=asyncio.subprocess.PIPE, env=environ
    )
    async with asyncio.timeout(SECONDS):
        out, _ = await process.communicate()
    return out.decode()


# -- several at once, and https


async def test_programs_that_run_at_once_never_collide(tmp_path: Path) -> None:
    async with practising() as server:

        async def one(number: int) -> str:
            home = tmp_path / str(number)
            home.mkdir()
            async with started(home, server.url, "--plain", *FOLLOW) as run:
                code, out = await run.end()
            assert code == 0, run.err
            return out

        headers = await asyncio.gather(*(one(number) for number in range(8)))
    assert len(set(headers)) == 8
    assert all(header.startswith("Authorization: Bearer ") for header in headers)


async def test_a_ca_file_makes_an_https_set_up_work_and_insecure_marks_the_run(
    tmp_path: Path,
) -> None:
    ca = trustme.CA()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    async with serving(context=_context(ca, "127.0.0.1")) as (url, _):
        known = await finished(url, "--json", *FOLLOW, "--ca-file", str(tmp_path / "ca.pem"))
        unknown = await finished(url, "--json", *FOLLOW)
        unchecked = await finished(url, "--json", *FOLLOW, "--insecure")
    assert (known.code, known.document["marks"]) == (0, []), known.err
    stopped(unknown, "net-tls", 5, "issued by a CA that this machine does not trust")
    mark = "TLS certificates are NOT checked (--insecure)"
    assert (unchecked.code, unchecked.document["marks"]) == (0, [mark]), unchecked.err
    assert unchecked.err.count(f"! MARKED RUN: {mark}") == 2


class Proxy:
    """A proxy that opens tunnels, forwards absolute requests, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.credentials: set[str] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
            await self._serve(reader, writer)
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        method, target, _ = head.split(" ", 2)
        self.asked.append(f"{method} {target}")
        lines = head.lower().split("\r\n")
        self.credentials.update(x for x in lines if x.startswith("proxy-authorization"))
        place = target if method == "CONNECT" else target.split("/")[2]
        host, _, port = place.rpartition(":")
        there, back = await asyncio.open_connection(host, int(port))
        if method == "CONNECT":
            writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        else:
            # One request a connection, so that the next one is seen as well.
            rest = head.partition("\r\n")[2]
            path = target.split(place, 1)[1]
            back.write(f"{method} {path} HTTP/1.1\r\nConnection: close\r\n{rest}".encode("latin-1"))
        await asyncio.gather(_copied(reader, back), _copied(there, writer))


async def _copied(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while piece := await reader.read(65536):
            writer.write(piece)
            await writer.drain()
    writer.close()


@pytest.mark.parametrize("tls", [True, False], ids=["tunnel", "forwarded"])
async def test_a_proxy_carries_the_whole_flow_and_is_named_without_its_password(
    tls: bool, tmp_path: Path
) -> None:
    """SPEC 6: proxies are shown; their credentials are secrets."""
    ca, proxy = trustme.CA(), Proxy()
    ca.cert_pem.write_to_path(tmp_path / "ca.pem")
    server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    words = (
        "--ca-file",
        str(tmp_path / "ca.pem"),
        "--proxy",
        f"http://me:hushhush@127.0.0.1:{port}",
    )
    async with server, serving(context=_context(ca, "127.0.0.1") if tls else None) as (url, _):
        run = await finished(url, "--json", *FOLLOW, *words)
        server.close()
    assert run.code == 0, run.err
    assert f"Note: Requests go through the proxy http://127.0.0.1:{port}." in run.err
    assert "hushhush" not in run.err + run.out
    methods = {item.split(" ")[0] for item in proxy.asked}
    assert methods == ({"CONNECT"} if tls else {"GET", "POST"})
    assert len(proxy.credentials) == 1


@pytest.mark.parametrize("what", ["link", "folder", "closed folder", "no folder"])
async def test_what_cannot_hold_the_result_is_refused_before_anything_is_sent(
    what: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mcp_auth_tui.cli.main import main

    target = tmp_path / "target"
    target.write_text("kept")
    link, closed = tmp_path / "link", tmp_path / "closed"
    link.symlink_to(target)
    closed.mkdir(0o500)
    place, sentence = {
        "link": (link, "is a symbolic link"),
        "folder": (tmp_path, "is not a file"),
        "closed folder": (closed / "file", "cannot be written to"),
        "no folder": (tmp_path / "none" / "file", "there is no folder"),
    }[what]
    if what == "closed folder" and os.access(closed, os.W_OK):
        pytest.skip("whoever runs this may write anywhere")
    assert main(["http://127.0.0.1:1/", "--plain", "-o", str(place)]) == 2
    out, err = capsys.readouterr()
    assert (out, target.read_text()) == ("", "kept")
    assert sentence in err
