"""The practice server in a process of its own, counting what reaches it; must not answer itself.

Prints one JSON line with its URLs. For each line on standard input it prints what was counted
since the line before (`Count` as JSON), and it ends when its standard input ends.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from argparse import ArgumentParser
from dataclasses import asdict, dataclass, field
from typing import Any

from mcp_auth_tui.demo import server
from mcp_auth_tui.loopback import connection as http1
from mcp_auth_tui.loopback.connection import Connection
from mcp_auth_tui.loopback.server import Handler, Incoming, Loopback, Reply


@dataclass(slots=True)
class Asked:
    """One request; times are of the monotonic clock, which all processes share."""

    origin: int
    peer: str
    method: str
    target: str
    authorized: bool
    body: str
    came: float
    answered: float = 0.0
    status: int = 0


@dataclass(slots=True)
class Count:
    """What came: requests in order, and each accepted connection by its peer."""

    requests: list[Asked] = field(default_factory=list)
    accepted: list[tuple[int, str, float]] = field(default_factory=list)


COUNT = Count()


class Counting(Loopback):
    """A loopback server that notes connections and requests; origins count from 0."""

    origins = 0
    delay = 0.0
    """What each answer takes on its way (seconds)."""

    def __init__(self, host: str, port: int) -> None:
        super().__init__(host, port)
        self.number = Counting.origins
        Counting.origins += 1

    @classmethod
    async def bind(cls, handler: Handler, *args: Any, **options: Any) -> Loopback:
        number = Counting.origins

        async def counted(incoming: Incoming) -> Reply:
            asked = Asked(
                number,
                incoming.peer,
                incoming.method,
                incoming.target,
                incoming.header("authorization") is not None,
                incoming.body.decode("utf-8", "replace"),
                time.monotonic(),
            )
            COUNT.requests.append(asked)
            await asyncio.sleep(Counting.delay)
            reply = await handler(incoming)
            asked.status, asked.answered = reply.status, time.monotonic()
            return reply

        return await super().bind(counted, *args, **options)

    def _connected(self, connection: Connection) -> None:
        host, port = connection._writer.get_extra_info("peername")
        COUNT.accepted.append((self.number, f"{host}:{port}", time.monotonic()))
        super()._connected(connection)


async def main(faults: list[str], idle: float | None, delay: float) -> None:
    """Serve until standard input ends; `idle` (seconds) is how long an idle connection is kept."""
    Counting.delay = delay
    if idle is not None:
        http1.IDLE_SECONDS = idle
    setattr(server, "Loopback", Counting)  # noqa: B010, since mypy knows it as a class
    practice = await server.PracticeServer.start(faults=faults, auto_approve=True)
    print(json.dumps({"url": practice.url, "issuer": practice.issuer}), flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        print(json.dumps(asdict(COUNT)), flush=True)
        COUNT.requests.clear()
        COUNT.accepted.clear()
    await practice.aclose()


if __name__ == "__main__":
    parser = ArgumentParser()
    parser.add_argument("faults", nargs="*")
    parser.add_argument("--idle", type=float)
    parser.add_argument("--delay", type=float, default=0.0)
    given = parser.parse_args()
    asyncio.run(main(given.faults, given.idle, given.delay))
