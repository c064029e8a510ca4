"""Knows the command ``help``, which lists the topics or prints one; must not know what they say."""

from __future__ import annotations

from mcp_auth_tui import help as topics
from mcp_auth_tui.settings.arguments.parser import PROGRAM, parser_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from mcp_auth_tui.settings.arguments.parser import Parser


def command(words: list[str]) -> int:
    """Print a topic, or without one their list, and return the exit code.

    Ends with exit code 2 (SystemExit) for a topic that there is not.
    """
    parser = help_parser()
    topic = parser.parse_args(words).topic
    if topic is not None and topic not in topics.TOPICS:
        from mcp_auth_tui.text.suggest import unknown

        parser.error(unknown("topic", topic, topics.TOPICS))
    from mcp_auth_tui.desktop.output import Talk, deliver

    text = _listing() if topic is None else topics.text(topic)
    return int(not deliver(text, None, Talk(), again=True))


def help_parser() -> Parser:
    """Return the parser of ``help``."""
    parser = parser_of(f"{PROGRAM} help", "[TOPIC]", _listing(), "")
    parser.add_argument("topic", metavar="TOPIC", nargs="?", help="what to read about")
    return parser


def _listing() -> str:
    rows = [f"  {name:<13}{topics.title(name)}\n" for name in topics.TOPICS]
    return "".join((f"{PROGRAM} help TOPIC prints one of these topics:\n\n", *rows))
