"""Knows the command ``clients``, which lists the clients and asks them; no row of their table."""

from __future__ import annotations

from mcp_auth_tui.settings.arguments.clients import clients as clients_parser

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from mcp_auth_tui.exports.clients import ClientProgram
    from mcp_auth_tui.exports.machine import Presence, Report


def command(words: list[str]) -> int:
    """List the clients on stdout; with ``--check`` 0 only when none that is set up fails."""
    parser = clients_parser()
    args = parser.parse_args(words)
    from mcp_auth_tui.desktop.output import Talk, deliver
    from mcp_auth_tui.exports.clients import clients
    from mcp_auth_tui.exports.machine import check, presence
    from mcp_auth_tui.protocol.urls import mcp_url

    rows: list[tuple[ClientProgram, Presence, Report | None]] = []
    talk = Talk()
    try:
        url = mcp_url(args.check).url if args.check else ""
    except ValueError as error:
        parser.error(str(error))
    for client in clients().values():
        there = presence(client)
        rows.append((client, there, check(client, there, url) if url and there else None))
    text = _document(rows) if args.json else _table(rows, asked=bool(url))
    failed = any(report and report.state == "not connected" for _, _, report in rows)
    return int(not deliver(text, None, talk, again=True) or failed)


def _table(rows: list[tuple[ClientProgram, Presence, Report | None]], *, asked: bool) -> str:
    lines = []
    for client, there, report in rows:
        if report is not None:
            lines.append(f"  {client.id:<15}{report.state:<14}{report.reason}")
        elif not asked:
            where = ", ".join([*([there.program] if there.program else []), *map(str, there.files)])
            lines.append(
                f"{'*' if there else ' '} {client.id:<15}{client.title:<24}{where}".rstrip()
            )
    if asked:
        return "".join(f"{line}\n" for line in lines) or "No client was found on this machine.\n"
    lines += ["", "* is on this machine. mcp-auth-tui install CLIENT URL writes an entry for it."]
    return "".join(f"{line}\n" for line in lines)


def _document(rows: list[tuple[ClientProgram, Presence, Report | None]]) -> str:
    import json

    def member(client: ClientProgram, there: Presence, report: Report | None) -> dict[str, Any]:
        return {
            "id": client.id,
            "title": client.title,
            "found": bool(there),
            "program": there.program or None,
            "files": [str(path) for path in there.files],
            "user": client.user or None,
            "project": client.project or None,
            "format": client.format,
            "forms": list(client.forms),
            "default": client.default,
            "catch": client.catch,
            "source": client.source,
            "seen": client.seen or None,
            "check": report and {"state": report.state, "reason": report.reason},
        }

    members = [member(*row) for row in rows]
    return json.dumps({"schema": "mcp-auth-tui/clients/1", "clients": members}, indent=2) + "\n"
