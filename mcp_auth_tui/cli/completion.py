"""Knows the command ``completion``: a shell's script out of the parsers; no shell's own language.

The script holds every word: a shell that completes starts no program.
"""

from __future__ import annotations

import re

from mcp_auth_tui.settings.arguments.parser import PROGRAM, parser_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Callable, Mapping

    from mcp_auth_tui.settings.arguments.parser import Parser

SHELLS = ("bash", "zsh", "fish")
_ABOUT = """\
Prints what a shell needs to complete the commands, options and values of this program. Try it in
the shell that you are in; for every later one write it to the file that this shell reads:

  bash  eval "$(mcp-auth-tui completion bash)"
        mcp-auth-tui completion bash > ~/.local/share/bash-completion/completions/mcp-auth-tui
  zsh   eval "$(mcp-auth-tui completion zsh)"
        mcp-auth-tui completion zsh > a folder of $fpath, as _mcp-auth-tui
  fish  mcp-auth-tui completion fish | source
        mcp-auth-tui completion fish > ~/.config/fish/completions/mcp-auth-tui.fish
"""


def completion_parser() -> Parser:
    """Return the parser of ``completion``."""
    parser = parser_of(f"{PROGRAM} completion", "SHELL", _ABOUT, "")
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))
    return parser


def command(words: list[str]) -> int:
    """Print the script for a shell on stdout."""
    shell = completion_parser().parse_args(words).shell
    import shtab

    from mcp_auth_tui.desktop.output import Talk, deliver

    text = shtab.complete(whole_parser(), shell=shell)
    return int(not deliver(f"{text.rstrip()}\n", None, Talk(), again=True))


def parsers() -> Mapping[str, Callable[[], Parser]]:
    """Return what makes the parser of each command but the flow, which needs no name."""
    from mcp_auth_tui.cli.headers import headers_parser
    from mcp_auth_tui.cli.help import help_parser
    from mcp_auth_tui.cli.replay import replay_parser
    from mcp_auth_tui.cli.run import run_parser
    from mcp_auth_tui.cli.sessions import sessions_parser
    from mcp_auth_tui.settings.arguments import clients, commands
    from mcp_auth_tui.settings.arguments.inspect import inspect
    from mcp_auth_tui.settings.arguments.probe import probe

    return {
        "demo": commands.demo,
        "inspect": inspect,
        "probe": probe,
        "replay": replay_parser,
        "headers": headers_parser,
        "sessions": sessions_parser,
        "run": run_parser,
        "install": clients.install,
        "uninstall": clients.uninstall,
        "clients": clients.clients,
        "completion": completion_parser,
        "help": help_parser,
    }


def whole_parser() -> Parser:
    """Return one parser for all commands: the flow's, with the others as its sub-commands.

    It is there to be read and not to parse, for no parser takes a URL beside sub-commands.
    """
    from mcp_auth_tui.settings.arguments.groups import flow_options

    root = parser_of(PROGRAM, "", "", "")
    flow_options(root)
    named = root.add_subparsers()
    for name, make in parsers().items():
        parser = make()
        about = " ".join(re.split(r"\.|:|\n\n", parser.description or "")[0].split())
        named.add_parser(name, help=about, parents=[parser], add_help=False)
    for parser in (root, *named.choices.values()):
        for action in parser._actions:
            _complete(action)
    return root


def _complete(action: Action) -> None:
    """Give an action the values that its parser leaves to a later check."""
    import shtab

    from mcp_auth_tui.demo.faults import FAULTS, VARIANTS, WEAKNESSES
    from mcp_auth_tui.findings import CATALOGUE
    from mcp_auth_tui.help import TOPICS
    from mcp_auth_tui.settings.arguments.names import CLIENT_EXPORTS

    values = {
        "allow": CATALOGUE,
        "explain": CATALOGUE,
        "fault": FAULTS,
        "variant": VARIANTS,
        "weakness": WEAKNESSES,
        "client": CLIENT_EXPORTS,
        "topic": TOPICS,
    }
    if action.dest in values and action.choices is None:
        action.choices = [*values[action.dest]]
    elif action.metavar == "FILE":
        vars(action)["complete"] = shtab.FILE
