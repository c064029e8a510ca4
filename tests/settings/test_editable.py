"""What the next run is made with: derived from the command line's parser, checked by its checks."""

from __future__ import annotations

import shlex
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model import Secret
from mcp_auth_tui.settings.arguments import commands
from mcp_auth_tui.settings.arguments.parser import Parser
from mcp_auth_tui.settings.editable import PROMPT, Settings, Values, shown
from mcp_auth_tui.settings.options import SECRET_VARIABLE, Usage, from_arguments


def settings(*words: str, **environ: str) -> Settings:
    options = from_arguments(commands.flow().parse_args(words), environ)
    return Settings(options, words, environ=environ)


def line(made: Settings, url: str, values: Values | None = None) -> str:
    return made.command_line(url, made.given if values is None else values).line


def test_every_option_of_a_run_is_a_field_with_its_help_and_none_of_the_face_is() -> None:
    fields = {field.name: field for field in settings().fields}
    spent = {"plain", "json", "events", "inline", "step", "no_remember", "token_store", "fresh"}
    spent |= {"keep_alive", "watch"}
    every = {action.dest for _, action in commands.flow().options()}
    assert set(fields) == every - spent
    for _, action in commands.flow().options():
        if action.dest in fields:
            field = fields[action.dest]
            assert (field.flag, field.help) == (action.option_strings[-1], action.help)
            assert field.choices == tuple(action.choices or ())
    assert fields["timeout"].usual == "10"
    assert (fields["param"].repeats, fields["param"].usual) == (True, "")
    assert (fields["strict"].is_flag, fields["scope"].is_flag) == (True, False)


def test_a_new_option_becomes_a_field_without_another_line() -> None:
    def more() -> Parser:
        parser = commands.flow()
        group = parser.add_argument_group("new things")
        group.add_argument("--new", metavar="N", choices=("a", "b"), default="a", help="new")
        return parser

    made = Settings(from_arguments(more().parse_args([])), ["--new", "b"], more)
    new = made.fields[-1]
    assert (new.group, new.name, new.choices, new.usual) == ("new things", "new", ("a", "b"), "a")
    assert made.started == {"new": ("b",)}
    with pytest.raises(Usage, match="invalid choice: 'c'") as caught:
        made.check({"new": ("c",)})
    assert caught.value.names == ("new",)


def test_what_the_command_line_gave_is_kept_as_it_was_typed() -> None:
    words = ["x", "--port", "08080", "--param", "a=b=c", "--param=d=", "--strict", "-o", "/tmp/f"]
    assert settings(*words).started == {
        "port": ("08080",),
        "param": ("a=b=c", "d="),
        "strict": ("",),
        "output": ("/tmp/f",),
    }


@pytest.mark.parametrize(
    ("values", "sentence", "names"),
    [
        ({"port": ("0",)}, "'0' is not a number from 1 to 65535", ("port",)),
        ({"output": ("/none/f",)}, "--output: there is no folder /none", ("output",)),
        ({"param": ("a=b", "c")}, "'c' is not KEY=VALUE", ("param",)),
        ({"ca_file": ("/none",)}, "--ca-file: there is no file /none", ("ca_file",)),
        ({"proxy": ("ftp://p",)}, "The proxy ftp://p is not usable", ("proxy",)),
        ({"allow": ("as-issuer-slsh",)}, "there is no finding 'as-issuer-slsh'", ("allow",)),
        ({"call_args": ("{}",)}, "--call-args needs --call", ("call_args", "call")),
        (
            {"register": ("",), "client_id": ("c",)},
            "--register and --client-id exclude each other",
            ("register", "client_id"),
        ),
        (
            {"client_id": ("c",), "client_secret_file": ("/none",)},
            "cannot read /none: No such file",
            ("client_secret_file",),
        ),
        ({"client_key": ("env:NONE",)}, "the environment variable NONE", ("client_key",)),
        ({"client_id": ("c",), PROMPT: ("",)}, "no client secret was typed", (PROMPT,)),
    ],
)
def test_a_wrong_value_is_refused_by_the_command_lines_own_sentence_and_named(
    values: Values, sentence: str, names: tuple[str, ...]
) -> None:
    made = settings()
    with pytest.raises(Usage) as caught:
        made.check(values)
    assert str(caught.value).startswith(sentence)
    assert caught.value.names == names
    assert made.given == {}


@given(
    st.sampled_from([field.name for field in settings().fields if not field.is_flag]),
    st.sampled_from(["x" * 300, "é" * 300, "a\0b", "\ud800", "/", "{", "[::1", "0" * 5000])
    | st.text(),
)
def test_whatever_is_typed_into_a_field_makes_a_run_or_is_told_in_a_sentence(
    name: str, value: str
) -> None:
    for also in ({}, {"client_id": ("x",)}, {"call": ("x",)}):
        with suppress(Usage):
            settings().check({**also, name: (value,)})


def test_values_that_were_taken_make_the_next_run() -> None:
    made = settings("https://x", "--scope", "a")
    values = {"scope": ("a b",), "timeout": ("3",), "insecure": ("",)}
    options = made.check(values)
    assert made.options.base.scope == "a"
    assert made.take(values, None, options) == ()
    assert made.config("https://mcp.example.com").scope == "a b"
    assert (made.options.network.timeout, made.given) == (3.0, values)
    assert made.marks == ("TLS certificates are NOT checked (--insecure)",)


def test_new_notes_are_handed_back_once() -> None:
    made = settings()
    values = {"proxy": ("http://127.0.0.1:3128",)}
    told = "Requests go through the proxy http://127.0.0.1:3128."
    assert made.take(values, None, made.check(values)) == (told,)
    assert made.take(values, None, made.check(values)) == ()


def test_a_typed_secret_is_used_and_never_in_the_command() -> None:
    made = settings(**{SECRET_VARIABLE: "other"})
    values = {"client_id": ("c",), PROMPT: ("",)}
    secret = Secret("typed-by-hand")
    options = made.check(values, secret)
    assert options.base.client_secret == secret
    made.take(values, secret, options)
    told = made.command_line("https://x", made.given)
    assert told.line == "mcp-auth-tui https://x --client-id c --client-secret-prompt"
    assert told.hints == (
        f"the client secret is asked for; ${SECRET_VARIABLE} can hold it instead",
    )


def test_a_secret_of_the_environment_is_named_by_its_variable() -> None:
    made = settings("--client-id", "c", **{SECRET_VARIABLE: "from-environment"})
    told = made.command_line("https://x", made.given)
    assert told.hints == (f"the client secret is the one in ${SECRET_VARIABLE}",)
    assert "from-environment" not in told.line


def test_only_what_was_changed_since_the_start_is_told_again() -> None:
    made = settings("--scope", "a")
    assert made.again("https://x") == ""
    values = {"scope": ("a",), "strict": ("",)}
    made.take(values, None, made.check(values))
    assert made.again("https://x") == "mcp-auth-tui https://x --scope a --strict"
    made.take(made.started, None, made.check(made.started))
    assert made.again("https://x") == ""


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("proxy", "http://me:pw@host:3128", "http://…@host:3128"),
        ("proxy", "me:p@w@host", "…@host"),
        ("proxy", "http://host:3128", "http://host:3128"),
        ("param", "client_secret=s3cr3t", "client_secret=…"),
        ("param", "audience=x", "audience=x"),
        ("header", "X-Key: s3cr3t", "X-Key: …"),
        ("header", "X-Key:env:KEY", "X-Key: env:KEY"),
        ("scope", "client_secret=x", "client_secret=x"),
    ],
)
def test_what_is_secret_in_a_value_is_not_shown(name: str, value: str, told: str) -> None:
    assert shown(name, value) == told


def test_the_command_says_what_it_leaves_out() -> None:
    made = settings("--proxy", "http://me:pw@h:1")
    told = made.command_line("https://x", made.given)
    assert told.line == "mcp-auth-tui https://x --proxy 'http://…@h:1'"
    assert told.hints == ("--proxy holds a secret: … stands for it",)


def test_a_practice_run_is_repeated_by_demo_and_another_url_by_the_flow() -> None:
    words = ["--fault", "no-pkce", "--port", "8123", "--scope", "-x y"]
    args = commands.demo().parse_args([*words[:-2], "--scope=-x y"])
    home = "http://127.0.0.1:8123/mcp"
    words = [*words[:-2], "--scope=-x y"]
    made = Settings(from_arguments(args, {}), words, commands.demo, practice=home, environ={})
    assert line(made, home) == "mcp-auth-tui demo --port 8123 --fault no-pkce '--scope=-x y'"
    assert line(made, "https://x") == "mcp-auth-tui https://x '--scope=-x y'"
    assert "fault" not in {field.name for field in made.fields}


def test_a_command_that_prints_a_secret_is_started_once_for_as_long_as_it_is_named(
    tmp_path: Path,
) -> None:
    counted = tmp_path / "count"
    program = tmp_path / "print.py"
    program.write_text(
        f"import pathlib; p = pathlib.Path({str(counted)!r})\n"
        "p.write_text(p.read_text() + 'x' if p.exists() else 'x'); print('the-assertion')\n"
    )
    config = tmp_path / "config.toml"
    config.write_text(f"[commands]\nmine = [{sys.executable!r}, {str(program)!r}]\n")
    config.chmod(0o600)
    made = Settings(
        from_arguments(commands.flow().parse_args([]), {}),
        environ={"MCP_AUTH_TUI_CONFIG": str(config)},
    )
    values = {"assertion": ("command:mine",)}
    assert made.check(values).base.assertion == Secret("the-assertion")
    made.check({**values, "scope": ("a",)})
    assert counted.read_text() == "x"
    made.read_again()
    made.check(values)
    assert counted.read_text() == "xx"


TYPED = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"), max_size=20)


@given(
    scope=TYPED, client=TYPED, params=st.lists(st.tuples(st.sampled_from("abc"), TYPED), max_size=3)
)
def test_the_command_gives_the_same_options_again(
    scope: str, client: str, params: list[tuple[str, str]]
) -> None:
    values: dict[str, tuple[str, ...]] = {"scope": (scope,), "client_id": (client,)}
    values |= {"param": tuple(f"{key}={value}" for key, value in params)} if params else {}
    made = settings()
    words = shlex.split(line(made, "https://x", values))
    assert words[:2] == ["mcp-auth-tui", "https://x"]
    again = settings(*words[1:])
    assert again.options == made.check(values)
    assert again.started == values


@pytest.mark.parametrize(
    ("words", "pairs", "line_of"),
    [
        ((), [("param", "audience=a")], "--param audience=a"),
        (("--param", "audience=b", "--param", "x=1"), [("param", "audience=a")],
         "--param x=1 --param audience=a"),
        (("--allow", "jwt-aud"), [("allow", "as-pkce-absent"), ("allow", "jwt-aud")],
         "--allow as-pkce-absent --allow jwt-aud"),
        (("--scope", "a"), [("scope", "b c"), ("no_resource", "")], "--scope 'b c' --no-resource"),
        (("--no-resource",), [("resource", "https://x.example")], "--resource https://x.example"),
        (("--client-id", "c", "--client-secret-file", "s"), [("register", "")], "--register"),
    ],
)  # fmt: skip
def test_options_that_are_added_take_the_place_of_what_they_exclude(
    words: tuple[str, ...], pairs: list[tuple[str, str]], line_of: str, tmp_path: Path
) -> None:
    secret = tmp_path / "secret"
    secret.write_text("typed", encoding="utf-8")
    made = settings(*(str(secret) if word == "s" else word for word in words))
    added = made.with_options(pairs)
    assert line(made, "URL", added) == f"mcp-auth-tui URL {line_of}"
    made.check(added)
