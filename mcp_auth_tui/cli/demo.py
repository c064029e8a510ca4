"""Knows how the practice server is started and asked from the command line; no fault of it."""

from __future__ import annotations

from mcp_auth_tui.settings.arguments import commands

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace


def command(words: list[str]) -> int:
    """Run the flow against the practice server, or serve it alone."""
    parser = commands.demo()
    args = parser.parse_args(words)
    from mcp_auth_tui.settings.options import Usage

    try:
        return _practise(args, words)
    except Usage as error:
        parser.error(str(error))


def _practise(args: Namespace, words: list[str]) -> int:
    from contextlib import ExitStack

    from mcp_auth_tui.cli.flow import run
    from mcp_auth_tui.demo.faults import FAULTS, VARIANTS, WEAKNESSES
    from mcp_auth_tui.demo.thread import running
    from mcp_auth_tui.desktop.output import Talk
    from mcp_auth_tui.settings.options import Usage, check_file
    from mcp_auth_tui.text.suggest import unknown

    known = {"fault": FAULTS, "variant": VARIANTS, "weakness": WEAKNESSES}
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
                    faults=(*args.fault, *args.variant, *args.weakness),
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
        return run(args, server.url, words, practises=True)


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
