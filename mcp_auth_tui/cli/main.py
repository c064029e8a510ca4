"""Knows argv, terminals and exit codes, and imports the one face it needs; no protocol here.

Until argv is parsed nothing but `arguments` is imported: ``--help`` must be there at once. A new
command is one function and one row in `COMMANDS`.
"""

from __future__ import annotations

import os
import sys

from mcp_auth_tui.settings import arguments

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Callable, Mapping, Sequence

    from mcp_auth_tui.desktop.stdin import Stdin
    from mcp_auth_tui.model import Secret
    from mcp_auth_tui.protocol.config import Config
    from mcp_auth_tui.settings.editable import Settings
    from mcp_auth_tui.settings.options import Options

INTERRUPTED = 130


def main(argv: Sequence[str] | None = None) -> int:
    """Run the program and return its exit code (DESIGN 3); no exception leaves it."""
    words = list(sys.argv[1:] if argv is None else argv)
    _hold_descriptors()
    try:
        command = COMMANDS.get(words[0]) if words else None
        return _flow(words) if command is None else command(words[1:])
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 0
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:
        from mcp_auth_tui.desktop.output import Talk
        from mcp_auth_tui.render.bug import described

        talk = Talk()
        for line in described(error):
            talk(line)
        return 1


def _hold_descriptors() -> None:
    """Open nothing in the place of a standard stream that is closed.

    Else the next socket or file takes its number, and is written to as if it were that stream.
    """
    for number in range(3):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _flow(words: list[str]) -> int:
    parser = arguments.flow()
    args = parser.parse_args(words)
    from mcp_auth_tui.settings.options import Usage

    try:
        _no_command(args.url)
        return _run(args, args.url, words)
    except Usage as error:
        parser.error(str(error))


def _no_command(url: str | None) -> None:
    """Raise `Usage` for a bare word that is nearly a command: as a host it would be asked."""
    from mcp_auth_tui.settings.options import Usage
    from mcp_auth_tui.text.suggest import near

    if url is None or not url.isalpha():
        return
    if url in COMMANDS:
        raise Usage(f"the command comes first, as in {arguments.PROGRAM} {url} --plain")
    if close := near(url.lower(), COMMANDS, 0.7):
        raise Usage(
            f"there is no command {url!r}: did you mean {' or '.join(close)}? For a host of that"
            f" name write https://{url}"
        )


def _demo(words: list[str]) -> int:
    parser = arguments.demo()
    args = parser.parse_args(words)
    from mcp_auth_tui.settings.options import Usage

    try:
        return _practise(args, words)
    except Usage as error:
        parser.error(str(error))


def _inspect(words: list[str]) -> int:
    from mcp_auth_tui.settings.inspect_arguments import inspect

    parser = inspect()
    args = parser.parse_args(words)
    from mcp_auth_tui.settings.options import Usage

    try:
        if args.explain is not None or args.list_checks:
            from mcp_auth_tui.inspect.reference import answer

            return answer(args)
        from mcp_auth_tui.inspect.command import inspect as run
        from mcp_auth_tui.settings.inspect_options import from_arguments

        return run(from_arguments(args))
    except Usage as error:
        parser.error(str(error))


def _help(words: list[str]) -> int:
    from mcp_auth_tui.cli.help import show

    return show(words)


COMMANDS: Mapping[str, Callable[[list[str]], int]] = {
    "demo": _demo,
    "inspect": _inspect,
    "help": _help,
}


def _practise(args: Namespace, words: list[str]) -> int:
    from contextlib import ExitStack

    from mcp_auth_tui.demo.faults import FAULTS, VARIANTS
    from mcp_auth_tui.demo.thread import running
    from mcp_auth_tui.desktop.output import Talk
    from mcp_auth_tui.settings.options import Usage, check_file
    from mcp_auth_tui.text.suggest import unknown

    known = {"fault": FAULTS, "variant": VARIANTS}
    for kind, names in known.items():
        for name in getattr(args, kind):
            if name not in names:
                right = [f"it is --{other} {name}" for other in known if name in known[other]]
                raise Usage(
                    f"{name} is no {kind}: {right[0]}" if right else unknown(kind, name, names)
                )
    check_file(args.cimd_ca, "--cimd-ca")
    with ExitStack() as stack:
        try:
            server = stack.enter_context(
                running(
                    port=args.practice_port,
                    faults=(*args.fault, *args.variant),
                    auto_approve=args.auto_approve,
                    cimd_ca=args.cimd_ca,
                    jwt=args.jwt,
                    device=args.device,
                    token_life=float(args.token_life),
                )
            )
        except OSError as error:
            place = f"port {args.practice_port} or the one after it"
            raise Usage(f"the practice server cannot take {place}: {error.strerror}") from None
        if args.serve_only:
            return _serve(server.url)
        Talk()(f"Practice server: {server.url}")
        if args.export == "curl":
            Talk()(
                "This practice server ends with this run, and the curl command needs it: for one"
                " that stays use demo --serve-only, and run mcp-auth-tui against its URL."
            )
        return _run(args, server.url, words, practises=True)


def _serve(url: str) -> int:
    """Say where the practice server is and wait until it is told to end: that is success (0)."""
    import signal
    from threading import Event

    from mcp_auth_tui.desktop.output import write_stdout

    ended = Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    write_stdout(f"{url}\n")
    ended.wait()
    return 0


def _run(args: Namespace, url: str | None, words: list[str], *, practises: bool = False) -> int:
    """Run the flow with the face that fits; raises `Usage`."""
    from dataclasses import replace

    from mcp_auth_tui.desktop import stdin as keyboard
    from mcp_auth_tui.settings.options import Usage, from_arguments

    stdin = keyboard.look()
    options = from_arguments(args)
    secret = _prompted(stdin) if args.client_secret_prompt else None
    if secret is not None:
        options = options.with_secret(secret)
    config = None
    if url is not None:
        try:
            config, notes = options.config(url)
        except ValueError as error:
            raise Usage(str(error)) from None
        options = replace(options, notes=(*options.notes, *notes))
    mode = _headless_mode(args, stdin)
    if args.inline:
        _check_inline(mode)
    if not mode:
        from mcp_auth_tui.settings.editable import Settings

        parser, practice = arguments.flow, ""
        if practises and url:
            parser, practice = arguments.demo, url
        settings = Settings(options, words, parser, secret=secret, practice=practice)
        return _screen(config, settings, url, inline=args.inline)
    if config is None:
        raise Usage("without a screen a URL is needed: name the URL of an MCP server")
    if args.step and stdin is keyboard.Stdin.NOTHING:
        raise Usage("--step needs a terminal, or a pipe, to be told when to go on")
    return _told(config, options, mode, stdin)


def _headless_mode(args: Namespace, stdin: Stdin) -> str:
    """Return ``plain``, ``json`` or ``events``, or nothing for the screen (DESIGN 3)."""
    from mcp_auth_tui.desktop.stdin import Stdin

    for mode in ("plain", "json", "events"):
        if getattr(args, mode):
            return mode
    if os.environ.get("TEXTUAL_DRIVER"):
        return ""
    screen = stdin is Stdin.TERMINAL and sys.stderr is not None and sys.stderr.isatty()
    return "" if screen and os.environ.get("TERM") != "dumb" else "plain"


def _check_inline(mode: str) -> None:
    from mcp_auth_tui.settings.options import Usage

    if os.environ.get("TEXTUAL_DRIVER"):
        raise Usage("--inline needs a terminal: this screen is shown in a browser")
    if os.name != "posix":
        raise Usage("--inline does not work on Windows: leave it out, or use --plain")
    if mode:
        raise Usage("--inline needs a terminal to draw on: leave it out, or use --plain")


def _prompted(stdin: Stdin) -> Secret:
    from getpass import getpass

    from mcp_auth_tui.desktop.stdin import Stdin
    from mcp_auth_tui.model import Secret
    from mcp_auth_tui.settings.options import Usage

    if stdin is not Stdin.TERMINAL:
        raise Usage("--client-secret-prompt needs a terminal")
    secret = getpass("Client secret: ", sys.stderr).strip()
    if not secret:
        raise Usage("no client secret was typed")
    return Secret(secret)


def _told(config: Config, options: Options, mode: str, stdin: Stdin) -> int:
    import asyncio
    from dataclasses import replace

    from mcp_auth_tui.cli.headless import Headless
    from mcp_auth_tui.desktop.stdin import Stdin
    from mcp_auth_tui.run.assembly import controller

    person = options.wait_given or stdin is not Stdin.NOTHING
    if not person:
        # Nobody would see the code: device authorization is then only used when it was asked for.
        config = replace(config, browserless=False, nobody=_nobody(options))

    async def run() -> int:
        made = controller(options, config, person=person, stepping=options.stepping)
        return await Headless(made, options, mode=mode, stdin=stdin, colour=_colour()).run()

    return asyncio.run(run())


def _nobody(options: Options) -> str:
    """Return why nobody will sign in, when nothing but a browser could bring somebody."""
    from mcp_auth_tui.desktop.browser import Browser

    missing = Browser(options.browser).missing()
    return f"nobody is at stdin, --wait was not given, and {missing}" if missing else ""


def _colour() -> bool:
    terminal = sys.stderr is not None and sys.stderr.isatty()
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _screen(config: Config | None, settings: Settings, url: str | None, *, inline: bool) -> int:
    import gc

    # Until the first frame all that is made stays (`tui.app.loaded`): to look for garbage is more
    # than a tenth of the CPU.
    gc.disable()
    from mcp_auth_tui.desktop.output import Talk, deliver
    from mcp_auth_tui.storage.preferences import gather
    from mcp_auth_tui.tui.app import run_tui

    talk = Talk()
    started = settings.options
    # Hidden by the screen while it is there, and still to be read after it.
    for line in (*started.notes, *started.marks):
        talk(f"mcp-auth-tui: {line}")
    preferences = gather(remember=started.remember, practice=settings.practice, known=started.notes)
    code, session = run_tui(
        config,
        settings,
        url=url,
        stepping=started.stepping,
        reveal=started.reveal,
        wishes=preferences,
        inline=inline,
    )
    from mcp_auth_tui.render.summary import parting

    # The reason went away with the screen: it is what the next person at this terminal asks for.
    for line in (*session.marks, *parting(session)) if session else ():
        talk(f"mcp-auth-tui: {line}")
    if again := settings.again(session.url if session else url or ""):
        talk(f"mcp-auth-tui: with the settings as changed: {again}")
    # Under textual-serve stdout is the screen's own wire.
    if session is None or os.environ.get("TEXTUAL_DRIVER"):
        return code
    options = settings.options
    from mcp_auth_tui.exports import EXPORTS, rendered

    if not (session.headers or EXPORTS[options.export].always):
        return code
    text = rendered(options.export, session, talk)
    return code if deliver(text, options.output, talk) else code or 1
