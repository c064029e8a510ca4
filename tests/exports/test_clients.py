"""The table of clients: every row is whole, and every export is read back by its own parser."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import tomllib
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from mcp_auth_tui.exports import export, for_clients, rendered
from mcp_auth_tui.exports.clients import FORMS, ClientProgram, clients, snippets
from mcp_auth_tui.exports.clients import entry as entries
from mcp_auth_tui.exports.clients.entry import Server, document, entry, helper, name_of
from mcp_auth_tui.exports.clients.render import written
from mcp_auth_tui.exports.config import EntryPlace, format_of
from mcp_auth_tui.model import Session
from mcp_auth_tui.settings.arguments.names import CLIENT_EXPORTS, CODE_EXPORTS
from tests.missing import missing
from tests.scripted import URL, Secrets, folded, refused, run

SECRET = Secrets().access
DONE = folded(run())
GOLDEN = Path(__file__).with_name("clients.golden.txt")
PAIRS = [(client, form) for client in clients().values() for form in client.forms]
SERVER = Server(URL, name_of(URL), SECRET)


@pytest.fixture(autouse=True)
def _program(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(entries, "program", lambda: ["/opt/my tools/mcp-auth-tui"])
    monkeypatch.setattr(entries, "headers_file", lambda name: Path("/home/me/headers") / name)
    for name in entries._FOLDERS:
        monkeypatch.delenv(name, raising=False)


def parsed(text: str, form: str) -> Any:
    if form == "toml":
        return tomllib.loads(text)
    return yaml.safe_load(text) if form == "yaml" else json.loads(text)


def test_the_help_names_the_clients_and_the_pieces_of_code_that_there_are() -> None:
    assert tuple(clients()) == CLIENT_EXPORTS
    assert tuple(snippets()) == CODE_EXPORTS
    assert tuple(for_clients()) == (*CLIENT_EXPORTS, *CODE_EXPORTS)


@pytest.mark.parametrize("client", clients().values(), ids=lambda client: client.id)
def test_a_row_says_where_how_why_and_whence(client: ClientProgram) -> None:
    assert [form for form in FORMS if form in client.forms] == list(client.forms)
    assert client.default in client.forms
    assert client.format in ("json", "jsonc", "toml", "yaml")
    assert client.source.startswith("https://")
    assert client.why.endswith(".")
    assert client.catch.endswith(".")
    assert not client.user or client.user.startswith("~/")
    assert not client.project.startswith(("/", "~"))
    assert bool(client.check) == bool(client.connected)
    assert len(client.inside) == 1


@pytest.mark.parametrize(("client", "form"), PAIRS, ids=lambda value: getattr(value, "id", value))
def test_an_entry_is_read_back_by_the_parser_of_its_format(
    client: ClientProgram, form: str
) -> None:
    value = document(client, form, SERVER)
    text = written(client, value)
    assert parsed(text, client.format) == value
    place = EntryPlace(client.inside, SERVER.name, client.listed)
    assert place.value(format_of(client.format).read(text)) == entry(client, form, SERVER)
    assert URL in text
    assert (SECRET in text) == (form == "inline")


def test_the_entries_are_those_that_were_reviewed() -> None:
    """`python -m tests.exports.test_clients` writes them anew, to be read by eye."""
    assert golden() == GOLDEN.read_text(encoding="utf-8")


def golden() -> str:
    texts = []
    for client, form in PAIRS:
        mark = " (default)" if form == client.default else ""
        text = written(client, document(client, form, SERVER))
        texts.append(f"=== {client.id}, {form}{mark}\n{text.replace(SECRET, 'TOKEN')}")
    for name in CODE_EXPORTS:
        texts.append(f"=== {name}\n{export(name).render(DONE).replace(SECRET, 'TOKEN')}")
    return "\n".join(texts)


@pytest.mark.parametrize("name", CODE_EXPORTS)
def test_a_piece_of_code_is_read_back_by_the_parser_of_its_language(
    name: str, tmp_path: Path
) -> None:
    session = replace(DONE, url="https://h/mcp?a=\"b\"&c='$(touch owned)'")
    text = export(name).render(session)
    path = tmp_path / f"example.{export(name).suffix}"
    path.write_text(text, encoding="utf-8")
    match export(name).suffix:
        case "py":
            assert session.url in [
                node.value for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Constant)
            ]
        case "json":
            assert json.loads(text)["values"][0]["value"] == session.url
        case "mjs":
            node = shutil.which("node") or missing("there is no node here")
            subprocess.run([node, "--check", path], check=True, timeout=30)
        case "sh":
            subprocess.run(["bash", "-n", path], check=True, timeout=30)
        case _:
            assert f"  mcp_url: {session.url}\n" in text


@pytest.mark.parametrize("name", [*CLIENT_EXPORTS, *CODE_EXPORTS])
def test_nothing_comes_of_a_run_without_headers(name: str) -> None:
    assert export(name).render(folded(refused())) == ""
    assert export(name).render(Session()) == ""


@pytest.mark.parametrize("name", CODE_EXPORTS)
def test_code_holds_the_token_only_where_it_says_so(name: str) -> None:
    assert (SECRET in export(name).render(DONE)) == snippets()[name].secret


@pytest.mark.parametrize("client", clients().values(), ids=lambda client: client.id)
def test_an_export_says_what_the_entry_needs_and_when_a_token_in_it_ends(
    client: ClientProgram,
) -> None:
    said: list[str] = []
    text = rendered(client.id, DONE, said.append)
    told = " ".join(said)
    assert ("The token is written there, and ends at" in told) == (SECRET in text)
    assert ("The entry holds no token" in told) == (SECRET not in text)
    assert (f"mcp-auth-tui install {client.id} {URL}" in told) == bool(
        client.user or client.project
    )
    assert "@" not in text.replace("@URL@", "").replace("mcp-remote@", "")


def test_with_a_token_bound_to_a_key_it_says_that_no_form_works() -> None:
    assert DONE.token is not None
    session = replace(DONE, token=replace(DONE.token, type="DPoP"))
    said: list[str] = []
    rendered("claude-code", session, said.append)
    assert said[1] == (
        "With Claude Code none of helper, variable, inline can work: it sends the same header with"
        " each request, and makes no proofs."
    )


def test_a_marked_run_says_so_where_the_format_has_comments() -> None:
    marked = replace(DONE, lifted=("the refusal x is lifted (--allow)",))
    for name, sign in (("codex", "#"), ("goose", "#"), ("gemini", "//"), ("fetch", "//")):
        line = f"{sign} marked run: the refusal x is lifted (--allow)\n"
        assert export(name).render(marked) == line + export(name).render(DONE)
    assert export("claude-code").render(marked) == export("claude-code").render(DONE)


def test_a_form_that_a_client_does_not_take_is_refused_with_the_others_and_why() -> None:
    with pytest.raises(ValueError, match=r"takes no helper form, only inline\. It doc"):
        entry(clients()["zed"], "helper", SERVER)


def test_the_helper_takes_along_where_tokens_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """A client may start it with few variables."""
    monkeypatch.setenv("XDG_DATA_HOME", "/my data")
    assert helper(URL, "json") == (
        "/usr/bin/env 'XDG_DATA_HOME=/my data' '/opt/my tools/mcp-auth-tui' headers"
        f" {URL} --format json"
    )


def test_the_helper_is_split_by_a_shell_into_the_words_that_were_meant() -> None:
    script = f"printf '%s\\n' {helper('https://h/mcp?a=$b&c=d', 'json')}"
    lines = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout
    assert lines.splitlines() == [
        "/opt/my tools/mcp-auth-tui",
        "headers",
        "https://h/mcp?a=$b&c=d",
        "--format",
        "json",
    ]


@pytest.mark.parametrize(
    ("url", "name"),
    [
        ("https://mcp.example.com/mcp", "example-com"),
        ("http://127.0.0.1:8931/mcp", "mcp-127-0-0-1-8931"),
        ("http://[::1]:1/", "mcp-1-1"),
        ("https://bücher.example/", "b-cher-example"),
        ("nonsense", "server"),
        ("https://[x", "server"),
    ],
)
def test_a_server_is_called_by_its_host(url: str, name: str) -> None:
    assert name_of(url) == name


if __name__ == "__main__":
    entries.program = lambda: ["/opt/my tools/mcp-auth-tui"]
    entries.headers_file = lambda name: Path("/home/me/headers") / name
    GOLDEN.write_text(golden(), encoding="utf-8")
