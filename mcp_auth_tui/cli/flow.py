"""Knows which face a run has, from argv and the terminals, and starts it; no protocol here."""

from __future__ import annotations

import os
import sys

from mcp_auth_tui.settings.arguments import commands as parsers
from mcp_auth_tui.settings.arguments.parser import PROGRAM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable

    from mcp_auth_tui.desktop.stdin import Stdin
    from mcp_auth_tui.model import Secret
    from mcp_auth_tui.protocol.config import Config
    from mcp_auth_tui.settings.editable import Settings
    from mcp_auth_tui.settings.options import Options


def command(words: list[str], commands: Iterable[str]) -> int:
    """Run the flow; ``commands`` are the words that a URL may have been mistaken for."""
    parser = parsers.flow()
    args = parser.parse_args(words)
    from mcp_auth_tui.settings.options import Usage

    try:
        _no_command(args.url, commands)
        return run(args, args.url, words)
    except Usage as error:
        parser.error(str(error))


def _no_command(url: str | None, commands: Iterable[str]) -> None:
    """Raise `Usage` for a bare word that is nearly a command: as a host it would be asked."""
    from mcp_auth_tui.settings.options import Usage
    from mcp_auth_tui.text.suggest import near

    if url is None or not url.isalpha():
        return
    if url in commands:
        raise Usage(f"the command comes first, as in {PROGRAM} {url} --plain")
    if close := near(url.lower(), commands, 0.7):
        raise Usage(
            f"there is no command {url!r}: did you mean {' or '.join(close)}? For a host of that"
            f" name write https://{url}"
        )


def run(args: Namespace, url: str | None, words: list[str], *, practises: bool = False) -> int:
    """Run the flow with the face that fits; raises `Usage`."""
    from dataclasses import replace

    from mcp_auth_tui.desktop import stdin as keyboard
    from mcp_auth_tui.settings.options import Usage, from_arguments

    stdin = keyboard.look()
    options = from_arguments(args)
    if practises and url:
        options = replace(options, practice=url)
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
    mode = headless_mode(args, stdin)
    if args.inline:
        check_inline(mode)
    if mode and args.keep_alive:
        raise Usage("--keep-alive needs the screen; a script gets fresh headers from headers URL")
    if args.watch:
        _check_watch(args, url, mode)
    if not mode:
        from mcp_auth_tui.settings.editable import Settings

        parser, practice = parsers.flow, ""
        if practises and url:
            parser, practice = parsers.demo, url
        settings = Settings(options, words, parser, secret=secret, practice=practice)
        face = {"inline": args.inline, "keep_alive": args.keep_alive, "watch": args.watch or 0.0}
        return _screen(config, settings, url, **face)
    if config is None:
        raise Usage("without a screen a URL is needed: name the URL of an MCP server")
    if args.step and stdin is keyboard.Stdin.NOTHING:
        raise Usage("--step needs a terminal, or a pipe, to be told when to go on")
    if args.watch:
        from mcp_auth_tui.inspect.watch import run as watch
        from mcp_auth_tui.settings.inspect_options import of_run

        form = "jsonl" if mode == "events" else "text"
        return watch(of_run(options, config, form, args.watch))
    return _told(config, options, mode, stdin)


def _check_watch(args: Namespace, url: str | None, mode: str) -> None:
    """Raise `Usage` for what has no meaning where nobody signs in."""
    from mcp_auth_tui.settings.options import Usage

    if url is None:
        raise Usage("--watch needs the URL of an MCP server")
    if mode == "json":
        raise Usage("--json is one document at the end; --watch tells its rounds with --events")
    for name in ("step", "keep_alive", "export", "output", "record"):
        if getattr(args, name):
            flag = name.replace("_", "-")
            raise Usage(f"--watch signs in nowhere and has no header: leave --{flag} out")


def headless_mode(args: Namespace, stdin: Stdin) -> str:
    """Return ``plain``, ``json`` or ``events``, or nothing for the screen (DESIGN 3)."""
    from mcp_auth_tui.desktop.stdin import Stdin

    for mode in ("plain", "json", "events"):
        if getattr(args, mode):
            return mode
    if os.environ.get("TEXTUAL_DRIVER"):
        return ""
    screen = stdin is Stdin.TERMINAL and sys.stderr is not None and sys.stderr.isatty()
    return "" if screen and os.environ.get("TERM") != "dumb" else "plain"


def check_inline(mode: str) -> None:
    """Raise `Usage` where the screen cannot be drawn below the prompt."""
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
    from dataclasses import replace

    from mcp_auth_tui.cli.headless import Headless
    from mcp_auth_tui.desktop import pauses
    from mcp_auth_tui.desktop.stdin import Stdin
    from mcp_auth_tui.run.assembly import controller

    person = options.wait_given or stdin is not Stdin.NOTHING
    if not person:
        # Nobody would see the code: device authorization is then only used when it was asked for.
        config = replace(config, browserless=False, nobody=nobody(options))

    async def run() -> int:
        made = controller(options, config, person=person, stepping=options.stepping)
        return await Headless(made, options, mode=mode, stdin=stdin, colour=colours()).run()

    return pauses.run(run())


def nobody(options: Options) -> str:
    """Return why nobody will sign in, when nothing but a browser could bring somebody."""
    from mcp_auth_tui.desktop.browser import Browser

    missing = Browser(options.browser).missing()
    return f"nobody is at stdin, --wait was not given, and {missing}" if missing else ""


def colours() -> bool:
    """Return whether stderr shows colours."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    return terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _screen(
    config: Config | None,
    settings: Settings,
    url: str | None,
    *,
    inline: bool,
    keep_alive: bool,
    watch: float,
) -> int:
    from mcp_auth_tui.desktop.output import Talk, deliver
    from mcp_auth_tui.storage.preferences import gather
    from mcp_auth_tui.tui.sitting import run_tui

    talk = Talk()
    started = settings.options
    # Hidden by the screen while it is there, and still to be read after it.
    for line in (*started.notes, *started.marks):
        talk(f"mcp-auth-tui: {line}")
    preferences = gather(remember=started.remember, practice=settings.practice, known=started.notes)
    sitting = run_tui(
        config,
        settings,
        url=url,
        stepping=started.stepping,
        reveal=started.reveal,
        preferences=preferences,
        inline=inline,
        keep_alive=keep_alive,
        watch=watch,
    )
    from mcp_auth_tui.render.summary import kept, parting

    code, session, given = sitting.code, sitting.session, sitting.given
    # The reason went away with the screen: it is what the next person at this terminal asks for.
    for line in (
        (*session.marks, *session.remarks, *parting(session), *kept(session, given))
        if session
        else ()
    ):
        talk(f"mcp-auth-tui: {line}")
    if again := settings.again(session.url if session else url or ""):
        talk(f"mcp-auth-tui: with the settings as changed: {again}")
    # Under textual-serve stdout is the screen's own wire.
    if session is None or given is None or os.environ.get("TEXTUAL_DRIVER"):
        return code
    options = settings.options
    from mcp_auth_tui.exports import export, rendered

    always = export(options.export).always
    if not (given.headers or always):
        return code
    text = rendered(options.export, session if always else given, talk)
    return code if deliver(text, options.output, talk) else code or 1
