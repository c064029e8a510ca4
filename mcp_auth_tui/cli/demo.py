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
    imitated = _provider(args)
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
                    provider=args.provider or "",
                )
            )
        except OSError as error:
            place = f"port {args.practice_port} or the one after it"
            raise Usage(f"the practice server cannot take {place}: {error.strerror}") from None
        if imitated:
            Talk()(imitated)
        if args.serve_only:
            return _serve(server.url)
        Talk()(f"Practice server: {server.url}")
        if args.export == "curl":
            Talk()(
                "This practice server ends with this run, and the curl command needs it: for one"
                " that stays use demo --serve-only, and run mcp-auth-tui against its URL."
            )
        return run(args, server.url, words, practises=True)


def _provider(args: Namespace) -> str:
    """Return what to say of the provider that is imitated; empty where none is. Raises `Usage`."""
    from mcp_auth_tui.demo.providers import CLIENT, PROVIDERS, SECRET
    from mcp_auth_tui.settings.options import Usage
    from mcp_auth_tui.text.suggest import unknown

    if not args.provider:
        return ""
    if args.provider not in PROVIDERS:
        raise Usage(unknown("provider", args.provider, PROVIDERS))
    if others := [
        f"--{name}" for name in ("fault", "variant", "jwt", "device") if vars(args)[name]
    ]:
        raise Usage(f"--provider and {others[0]} exclude each other")
    name = PROVIDERS[args.provider].sentence.partition(":")[0]
    return (
        f"It imitates {name}, with a client that was made in its console: --client-id {CLIENT},"
        f" and where clients have a secret there, {SECRET}."
    )


def _serve(url: str) -> int:
    """Say where the practice server is and wait until it is told to end: that is success (0)."""
    import signal
    from threading import Event

    from mcp_auth_tui.desktop.output import write_stdout
    from mcp_auth_tui.desktop.signals import ending

    ended = Event()
    for number in ending("SIGINT", "SIGTERM", "SIGHUP"):
        signal.signal(number, lambda *_: ended.set())
    write_stdout(f"{url}\n")
    ended.wait()
    return 0
