"""Knows what differs between what two runs found; must not know how that is told.

The number of an exchange means nothing in another run. A finding is the same there when it has the
same id at the same place: the purpose and the URL of its request, without the query, which holds
values made for one run alone, and the header field or JSON pointer.
"""

from __future__ import annotations

import re
from collections import defaultdict, deque
from collections.abc import Iterable

from mcp_auth_tui.model.events import Finding
from mcp_auth_tui.model.http import Exchange
from mcp_auth_tui.model.session import Session
from mcp_auth_tui.model.vocabulary import Level, Stage, Status
from mcp_auth_tui.records import dataclass
from mcp_auth_tui.text.patterns import pattern

Place = tuple[str, str]
"""The purpose of a request, and its URL without query and fragment."""
_ENDED = (Status.DONE, Status.WARNED)
_BROKEN = 500
"""The status from which on an answer tells nothing of what the server has to say (RFC 9110)."""
# What differs from run to run though nothing was changed: times, and words made at random.
_PASSING = pattern(
    r"\b\d+(?:[.,]\d+)? ?(?:ms|s|min|h)\b|\b\d{1,2}:\d\d(?::\d\d)?\b"
    r"|\b(?=\w*\d)(?=\w*[A-Za-z])[\w-]{16,}",
    re.ASCII,
)


@dataclass(frozen=True, slots=True)
class Found:
    """A finding with the place that it is about; None where it is about no request."""

    finding: Finding
    place: Place | None = None
    answered: bool = False
    """Whether the server had answered there, with what could be judged."""

    @property
    def identity(self) -> tuple[str, Place | None, str]:
        """What is equal in two runs that find the same."""
        return self.finding.id, self.place, self.finding.pointer


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a run found and where it looked: all that another run is compared with."""

    found: tuple[Found, ...] = ()
    """Without the checks that were kept."""
    asked: frozenset[Place] = frozenset()
    answered: frozenset[Place] = frozenset()
    """Where an answer came that can be judged."""
    ended: frozenset[Stage] = frozenset()
    """The stages that came to their end."""

    def looked(self, item: Found, hidden: frozenset[Place | None]) -> bool:
        """Return whether this run would have found it again, were it still so."""
        if item.finding.stage in self.ended:
            return True  # also where it went another way, as to another authorization server
        if item.place is None:
            return False
        if item.answered:
            return item.place in self.answered and item.place not in hidden
        return item.place in self.asked


@dataclass(frozen=True, slots=True)
class Changes:
    """What became of the findings of a run in a later one."""

    gone: tuple[Finding, ...] = ()
    """Not found again; among them are those that were not looked for."""
    new: tuple[Finding, ...] = ()
    same: tuple[tuple[Finding, Finding], ...] = ()
    """Found in both: as it was, and as it is."""
    unchecked: tuple[Finding, ...] = ()
    """Those of ``gone`` that the later run did not get to: nobody knows whether they are mended."""

    @property
    def mended(self) -> tuple[Finding, ...]:
        """What was looked for and is gone."""
        unchecked = frozenset(self.unchecked)
        return tuple(item for item in self.gone if item not in unchecked)

    @property
    def altered(self) -> tuple[tuple[Finding, Finding], ...]:
        """What is still wrong, but otherwise: another value was seen, or it weighs differently."""
        return tuple((old, now) for old, now in self.same if _told(old) != _told(now))

    def __bool__(self) -> bool:
        """Whether anything that was looked at differs."""
        return bool(self.mended or self.new or self.altered)


def snapshot(session: Session) -> Snapshot:
    """Return what a run found and where it looked."""
    exchanges = {item.number: item for item in session.exchanges}
    found = []
    for finding in session.findings:
        if finding.level is not Level.OK:
            exchange = exchanges.get(finding.exchange or 0)
            judged = exchange is not None and _judged(exchange)
            found.append(Found(finding, place_of(exchange), judged))
    sent = [item for item in session.exchanges if not item.again]
    return Snapshot(
        tuple(found),
        frozenset(_places(sent)),
        frozenset(_places(item for item in sent if _judged(item))),
        frozenset(stage for stage, state in session.stages.items() if state.status in _ENDED),
    )


def place_of(exchange: Exchange | None) -> Place | None:
    """Return the place that a request went to."""
    if exchange is None:
        return None
    url = exchange.request.url
    return exchange.request.purpose, re.split(r"[?#]", url, maxsplit=1)[0]


def compare(before: Snapshot, after: Snapshot) -> Changes:
    """Return what became of the findings of a run in a later one; pure.

    Compared with itself a run changes nothing; with the sides swapped, ``gone`` and ``new`` swap.
    """
    old, now = _grouped(before), _grouped(after)
    pairs: list[tuple[Found, Found]] = []
    for identity in old.keys() & now.keys():
        pairs += _paired(old[identity], now[identity])
    matched = {id(item) for pair in pairs for item in pair}
    gone = [item for item in before.found if id(item) not in matched]
    new = [item for item in after.found if id(item) not in matched]
    # What is fatal ends the look at a document: what stood there before was not reached.
    hidden = frozenset(item.place for item in new if item.finding.level is Level.FATAL)
    order = {id(item): number for number, item in enumerate(after.found)}
    pairs.sort(key=lambda pair: order[id(pair[1])])
    return Changes(
        tuple(item.finding for item in gone),
        tuple(item.finding for item in new),
        tuple((one.finding, other.finding) for one, other in pairs),
        tuple(item.finding for item in gone if not after.looked(item, hidden)),
    )


def merged(before: Snapshot, after: Snapshot) -> Snapshot:
    """Return the later snapshot with what it did not get to: that is taken to be as it was.

    So a server that is away for a moment comes back to what was known, not to a flood of news.
    """
    unchecked = frozenset(compare(before, after).unchecked)
    carried = tuple(item for item in before.found if item.finding in unchecked)
    return Snapshot((*after.found, *carried), after.asked, after.answered, after.ended)


def _grouped(run: Snapshot) -> dict[object, list[Found]]:
    groups: dict[object, list[Found]] = defaultdict(list)
    for item in run.found:
        groups[item.identity].append(item)
    return groups


def _paired(old: list[Found], now: list[Found]) -> Iterable[tuple[Found, Found]]:
    """Pair what has one identity: first what tells the same, then the rest in order.

    A server may send thousands of entries that break one rule, so each is looked at once.
    """
    alike: dict[object, deque[Found]] = defaultdict(deque)
    for item in now:
        alike[_told(item.finding)].append(item)
    rest = []
    for one in old:
        if others := alike[_told(one.finding)]:
            yield one, others.popleft()
        else:
            rest.append(one)
    left = {id(item) for others in alike.values() for item in others}
    yield from zip(rest, (item for item in now if id(item) in left), strict=False)


def _told(finding: Finding) -> tuple[Level, str]:
    """Return what of a finding counts as another state of it; what ends a run is an error."""
    level = Level.ERROR if finding.level is Level.FATAL else finding.level
    return level, _PASSING.sub("…", finding.seen or finding.message)


def _judged(exchange: Exchange) -> bool:
    return 0 < exchange.status < _BROKEN


def _places(exchanges: Iterable[Exchange]) -> Iterable[Place]:
    return [place for item in exchanges if (place := place_of(item)) is not None]
