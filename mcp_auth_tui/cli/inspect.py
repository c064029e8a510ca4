"""Knows what ``inspect`` was asked for on the command line, and who does it; no check of it."""

from __future__ import annotations


def command(words: list[str]) -> int:
    """Inspect URLs, or tell of the checks."""
    from mcp_auth_tui.settings.arguments.inspect import inspect

    parser = inspect()
    args = parser.parse_args(words)
    from mcp_auth_tui.settings.options import Usage

    try:
        if args.explain is not None or args.list_checks:
            from mcp_auth_tui.inspect.reference import answer

            return answer(args)
        from mcp_auth_tui.settings.inspect_options import from_arguments

        options = from_arguments(args)
        if options.watch:
            from mcp_auth_tui.inspect.watch import run

            return run(options)
        from mcp_auth_tui.inspect.command import inspect as once

        return once(options)
    except Usage as error:
        parser.error(str(error))
