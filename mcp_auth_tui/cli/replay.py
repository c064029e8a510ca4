"""Knows the command ``replay``: a recorded run is shown again; must not know how one is written."""

from __future__ import annotations

from mcp_auth_tui.settings.arguments.names import REPORTS
from mcp_auth_tui.settings.arguments.parser import PROGRAM, parser_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from pathlib import Path

    from mcp_auth_tui.recordings.reader import Recording
    from mcp_auth_tui.settings.arguments.parser import Parser

_ABOUT = """\
Shows a run again that --record FILE, or S on the screen, has written, with every page of the screen
and every form that tells of a run. Nothing is sent, whoever wrote the file.

  mcp-auth-tui replay run.jsonl
  mcp-auth-tui replay run.jsonl --plain
  mcp-auth-tui replay run.jsonl --export report -o report.md
"""
_EXITS = """\
exit codes: 0 it was shown; 1 it is damaged, and was shown as far as it goes; 2 it is no recording
that this version can show, or wrong usage. The exit code of the run itself is in --json.
"""


def replay_parser() -> Parser:
    """Return the parser of ``replay``."""
    parser = parser_of(f"{PROGRAM} replay", "FILE [options]", _ABOUT, _EXITS)
    parser.add_argument("file", metavar="FILE", help="a recording")
    only = parser.add_mutually_exclusive_group()
    only.add_argument("--plain", action="store_true", help="tell it in lines on stderr")
    only.add_argument("--json", action="store_true", help="one JSON document on stdout")
    only.add_argument(
        "--export", metavar="NAME", choices=REPORTS, help=f"on stdout: {', '.join(REPORTS)}"
    )
    only.add_argument(
        "--inline", action="store_true", help="draw the screen below the prompt (not on Windows)"
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write it there (mode 0600), not on stdout; what FILE held is replaced; - is stdout",
    )
    return parser


def command(words: list[str]) -> int:
    """Show a recording."""
    parser = replay_parser()
    args = parser.parse_args(words)
    from pathlib import Path

    from mcp_auth_tui.recordings.reader import NoRecording, read
    from mcp_auth_tui.settings.options import Usage, target

    try:
        return _show(args, read(Path(args.file)), target(args.output))
    except (NoRecording, Usage) as problem:
        parser.error(str(problem))


def _show(args: Namespace, recording: Recording, output: Path | None) -> int:
    from mcp_auth_tui.cli.flow import check_inline, headless_mode
    from mcp_auth_tui.desktop.output import Talk, deliver
    from mcp_auth_tui.desktop.stdin import look

    args.events = False
    mode = "export" if args.export else headless_mode(args, look())
    if args.inline:
        check_inline(mode)
    code = 1 if recording.fault else 0
    if not mode:
        _screen(recording, inline=args.inline)
        return code
    talk = Talk()
    if mode == "plain":
        _tell(recording, talk)
        return code
    for mark in recording.marks:
        talk(f"mcp-auth-tui: {mark}")
    return code if deliver(_text(recording, args.export), output, talk) else 1


def _text(recording: Recording, export: str | None) -> str:
    if export:
        from mcp_auth_tui.exports import EXPORTS

        return EXPORTS[export].render(recording.session)
    from mcp_auth_tui.render.document import document, dumped

    return f"{dumped(document(recording.session, marks=recording.marks), indent=2)}\n"


def _tell(recording: Recording, talk: object) -> None:
    from mcp_auth_tui.cli.flow import colours
    from mcp_auth_tui.model import Session
    from mcp_auth_tui.render.plain import Plain

    assert callable(talk)
    plain = Plain(
        talk,
        colour=colours(),
        notes=recording.marks,
        destination="nowhere: this is a recording",
        now=lambda: float("inf"),  # what was waited for is over
    )
    session = Session()
    for event in recording.events:
        session = session.apply(event)
        plain.show(event, session)
    if recording.fault:
        plain.say(recording.fault)


def _screen(recording: Recording, *, inline: bool) -> None:
    from mcp_auth_tui.settings.editable import Settings
    from mcp_auth_tui.settings.options import Options
    from mcp_auth_tui.storage.preferences import gather
    from mcp_auth_tui.tui.sitting import run_tui

    run_tui(
        None,
        Settings(Options()),
        url=recording.session.url,
        inline=inline,
        preferences=gather(remember=True, practice="", known=()),
        recording=recording,
    )
