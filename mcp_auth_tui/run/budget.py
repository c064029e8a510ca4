"""Knows how much one run may take of this machine and of the servers; must not know what it does.

Each limit is told in its own words: none of them is a fault of the program (SPEC 6).
"""

from __future__ import annotations

from mcp_auth_tui.model import Exchange
from mcp_auth_tui.text.units import count, duration, size

REQUESTS = 60
OCTETS = 32 * 1_000_000
"""Of all answers together: they are held until the end, to be looked at."""
_LEAST = 60.0


class Budget:
    """What one run has left, of requests, octets and seconds on the network.

    Seconds grow with the number of requests and with ``timeout``, the limit of one (``--timeout``):
    a run of 60 has 5 minutes. Whoever is waited for, a person or a clock, spends none.
    """

    def __init__(
        self, requests: int = REQUESTS, octets: int = OCTETS, timeout: float = 10.0
    ) -> None:
        self._requests = requests
        self._octets = octets
        self._seconds = max(requests * timeout / 2, _LEAST)
        self._sent = 0
        self._received = 0
        self._spent = 0.0

    def spend(self, exchange: Exchange) -> None:
        """Count one exchange."""
        self._sent += 1
        self._spent += exchange.seconds
        if exchange.response is not None:
            fields = exchange.response.headers
            self._received += len(exchange.response.body)
            self._received += sum(len(name) + len(value) for name, value in fields)

    def read(self, seconds: float, octets: int) -> None:
        """Count what came of a stream that is kept open, and how long it was waited for."""
        self._spent += seconds
        self._received += octets

    def allow_one(self) -> None:
        """Allow one request more: it was waited for, so nothing goes round in circles."""
        self._requests += 1

    def excess(self) -> tuple[str, str] | None:
        """Return what was used up as a sentence, and what to do; None while there is some left."""
        if self._sent >= self._requests:
            told = count(self._sent, "request")
            return (
                f"The run was ended after {told}, its limit: it goes round in circles.",
                "Look in the list of exchanges for what repeats, and why it is answered so.",
            )
        if self._received >= self._octets:
            return (
                f"The run was ended after {size(self._received)} of answers: its limit is"
                f" {size(self._octets)}.",
                "Look in the list of exchanges for answers that are larger than they have to be.",
            )
        if self._spent >= self._seconds:
            return (
                f"The run was ended after {duration(self._spent)} on the network: its limit is"
                f" {duration(self._seconds)}.",
                "Look in the list of exchanges for what is slow; --timeout S allows more.",
            )
        return None
