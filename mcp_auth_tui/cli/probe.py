"""Knows what ``probe`` was asked for on the command line, asks the person, and has it done."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace

    from mcp_auth_tui.inspect.formats import Form
    from mcp_auth_tui.model import Session
    from mcp_auth_tui.settings.options import Options

_QUESTION = """\
This signs in to {url} and then sends about 120 requests that it and its authorization server
should refuse, some of them with the token that you get. It registers clients of its own and asks
you to sign in up to {sign_ins} times more. Do it only to servers of your own, or where you were
asked to."""
_DESTRUCTIVE = """\
With --destructive it also uses its own codes and tokens in ways that should end their grant. A
server that ends more than that grant ends other sign-ins of yours with it."""


def command(words: list[str]) -> int:
    """Probe a server."""
    from mcp_auth_tui.settings.arguments.probe import probe

    parser = probe()
    args = parser.parse_args(words)
    from mcp_auth_tui.settings.options import Usage

    try:
        return _probe(args)
    except Usage as error:
        parser.error(str(error))


def _probe(args: Namespace) -> int:
    from dataclasses import replace

    from mcp_auth_tui.cli.flow import colours, nobody
    from mcp_auth_tui.cli.headless import Headless
    from mcp_auth_tui.desktop import pauses
    from mcp_auth_tui.desktop import stdin as keyboard
    from mcp_auth_tui.inspect.formats.probes import failed
    from mcp_auth_tui.model import Level
    from mcp_auth_tui.protocol.probes.flow import Plan
    from mcp_auth_tui.run.assembly import prober
    from mcp_auth_tui.settings.options import Usage, from_arguments

    stdin = keyboard.look()
    options = from_arguments(args)
    try:
        config, notes = options.config(args.url)
    except ValueError as error:
        raise Usage(str(error)) from None
    if not _agreed(args, config.url, typed=stdin is keyboard.Stdin.TERMINAL):
        return 1
    options = replace(options, notes=(*options.notes, *notes))
    person = options.wait_given or stdin is not keyboard.Stdin.NOTHING
    if not person:
        config = replace(config, browserless=False, nobody=nobody(options))
    plan = Plan(args.sign_ins, args.destructive, args.privileged_tool)
    form = _form(args, options)

    async def run() -> tuple[int, Session]:
        controller = prober(options, config, plan, person=person)
        face = Headless(
            controller,
            options,
            mode="plain",
            stdin=stdin,
            colour=colours(),
            result=lambda session: f"{form.head()}{form.one(session)}{form.tail(complete=True)}",
        )
        return await face.run(), face.session

    code, session = pauses.run(run())
    return code or int(failed(session, Level(args.fail_on)))


def _agreed(args: Namespace, url: str, *, typed: bool) -> bool:
    """Return whether the person wants the probes; raises `Usage` where nobody can be asked."""
    from mcp_auth_tui.desktop.output import Talk
    from mcp_auth_tui.settings.options import Usage

    if args.yes:
        return True
    if not typed:
        raise Usage("probes are only sent after a question: say --yes where nobody can answer it")
    talk = Talk()
    questions = [_QUESTION.format(url=url, sign_ins=args.sign_ins)]
    questions += [_DESTRUCTIVE] if args.destructive else []
    for question in questions:
        talk(question)
        talk("Go on? Type yes:")
        try:
            answer = input()
        except EOFError:
            answer = ""
        if answer.strip().lower() not in ("y", "yes"):
            talk("Nothing was sent.")
            return False
    return True


def _form(args: Namespace, options: Options) -> Form:
    from mcp_auth_tui.inspect.formats import Setting, form
    from mcp_auth_tui.model import Level

    setting = Setting(Level(args.fail_on), options.marks)
    if args.format != "text":
        return form(args.format, setting)
    from mcp_auth_tui.inspect.formats.probes import ProbeText

    return ProbeText(setting)
