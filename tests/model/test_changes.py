"""What differs between what two runs found, whatever the numbers of their exchanges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui import findings
from mcp_auth_tui.model import (
    Exchange,
    Failure,
    Finding,
    Kind,
    Left,
    Level,
    Request,
    Response,
    Session,
    Stage,
    Status,
    changes,
)
from mcp_auth_tui.model.changes import Changes, Snapshot, compare, merged, snapshot

ORIGIN = "https://mcp.example.com"
MCP, PRM = f"{ORIGIN}/mcp", f"{ORIGIN}/.well-known/oauth-protected-resource/mcp"


def exchange(number: int, url: str = PRM, status: int = 200, purpose: str = "metadata") -> Exchange:
    request = Request(Stage.RESOURCE, purpose, "GET", url, Kind.METADATA)
    result = Response(status) if status else Failure("net-connect", "refused")
    return Exchange(number, request, result, 0.0, 0.1)


def finding(
    id: str = "prm-resource-foreign", number: int | None = 1, seen: str = "x", **more: object
) -> Finding:
    made = findings.finding(id, Stage.RESOURCE, seen=seen, exchange=number)
    return replace(made, **more)  # type: ignore[arg-type]  # any field of a finding


def run(
    exchanges: Sequence[Exchange] = (), *found: Finding, ended: Status = Status.DONE
) -> Snapshot:
    session = replace(Session(), exchanges=tuple(exchanges), findings=found)
    return snapshot(session.apply(Left(Stage.RESOURCE, ended)))


places = st.sampled_from([MCP, PRM, f"{PRM}?a=1", f"{ORIGIN}/token"])
exchanges = st.lists(
    st.tuples(places, st.sampled_from([0, 200, 401, 404, 500]), st.sampled_from(["a", "b"])),
    max_size=5,
).map(
    lambda rows: [exchange(number, *row) for number, row in enumerate(rows, start=1)],
)
found = st.lists(
    st.builds(
        finding,
        st.sampled_from(["prm-resource-foreign", "prm-html", "as-missing"]),
        st.none() | st.integers(1, 6),
        st.sampled_from(["x", "y", "after 12 ms", "after 15 ms"]),
        pointer=st.sampled_from(["", "/resource"]),
        level=st.sampled_from(list(Level)),
    ),
    max_size=8,
)
runs = st.builds(
    lambda sent, told, ended: run(sent, *told, ended=ended),
    exchanges,
    found,
    st.sampled_from([Status.DONE, Status.FAILED]),
)


@given(runs)
def test_a_run_compared_with_itself_changes_nothing(one: Snapshot) -> None:
    changes = compare(one, one)
    assert not changes
    assert (changes.gone, changes.new) == ((), ())
    assert changes.same == tuple((item.finding, item.finding) for item in one.found)
    assert merged(one, one) == one


@given(runs, runs)
def test_with_the_sides_swapped_gone_and_new_swap(one: Snapshot, other: Snapshot) -> None:
    there, back = compare(one, other), compare(other, one)
    assert (there.gone, there.new) == (back.new, back.gone)
    assert {(a.id, b.seen) for a, b in there.altered} == {(b.id, a.seen) for a, b in back.altered}
    assert len(there.same) == len(back.same)


@given(runs, runs)
def test_every_finding_of_both_runs_is_counted_once(one: Snapshot, other: Snapshot) -> None:
    changes = compare(one, other)
    old = [*changes.gone, *(pair[0] for pair in changes.same)]
    now = [*changes.new, *(pair[1] for pair in changes.same)]
    assert len(old) == len(one.found) and all(item.finding in old for item in one.found)
    assert len(now) == len(other.found) and all(item.finding in now for item in other.found)
    assert len(changes.mended) + len(changes.unchecked) == len(changes.gone)


@given(runs, runs)
def test_what_was_not_looked_at_is_no_news_when_it_is_looked_at_again(
    one: Snapshot, other: Snapshot
) -> None:
    kept = merged(one, other)
    assert set(compare(one, other).unchecked) <= {item.finding for item in kept.found}
    assert not compare(one, other).unchecked or len(kept.found) > len(other.found)


def test_the_number_of_an_exchange_and_what_passes_by_are_no_change() -> None:
    one = run([exchange(1, f"{PRM}?state=1")], finding(seen="No answer after 12 ms."))
    two = run(
        [exchange(1, MCP), exchange(2, f"{PRM}?state=2")],
        finding(number=2, seen="No answer after 3.2 s."),
    )
    assert compare(one, two) == Changes(
        same=(
            (
                finding(seen="No answer after 12 ms."),
                finding(number=2, seen="No answer after 3.2 s."),
            ),
        )
    )
    assert not compare(one, two)


def test_another_purpose_url_or_pointer_is_another_place() -> None:
    one = run([exchange(1)], finding())
    for other in (
        run([exchange(1, MCP)], finding()),
        run([exchange(1, purpose="other")], finding()),
        run([exchange(1)], finding(pointer="/resource")),
    ):
        assert compare(one, other).new == tuple(item.finding for item in other.found)


def test_another_value_that_is_wrong_too_is_told_as_altered() -> None:
    old, now = finding(seen="https://a.example"), finding(seen="https://b.example")
    changes = compare(run([exchange(1)], old), run([exchange(1)], now))
    assert (changes.altered, changes.gone, changes.new) == (((old, now),), (), ())


def test_of_two_findings_at_one_place_the_one_that_is_mended_is_gone() -> None:
    first, second = finding(seen="first"), finding(seen="second")
    changes = compare(run([exchange(1)], first, second), run([exchange(1)], second))
    assert (changes.gone, changes.altered) == ((first,), ())


def test_checks_that_were_kept_are_nothing_to_compare() -> None:
    assert run([exchange(1)], finding(level=Level.OK)).found == ()


def test_a_server_that_is_away_mends_nothing_and_comes_back_without_news() -> None:
    up = run([exchange(1, MCP, 401), exchange(2)], finding(number=2))
    refused = finding("net-connect", 1)
    away = run([exchange(1, MCP, 0)], refused, ended=Status.FAILED)
    changes = compare(up, away)
    assert (changes.mended, changes.unchecked) == ((), (finding(number=2),))
    back = compare(merged(up, away), up)
    assert (back.mended, back.new) == ((refused,), ())


def test_an_answer_of_a_broken_server_mends_nothing() -> None:
    up = run([exchange(1, MCP, 401)], finding())
    broken = run([exchange(1, MCP, 502)], finding("rs-not-mcp"), ended=Status.FAILED)
    assert compare(up, broken).unchecked == (finding(),)


def test_a_stage_that_went_another_way_to_its_end_leaves_nothing_open() -> None:
    """As when the metadata names another authorization server than before."""
    before = run([exchange(1, f"{ORIGIN}/old")], finding())
    assert compare(before, run([exchange(1, f"{ORIGIN}/new")])).mended == (finding(),)


def test_what_a_new_fatal_finding_hides_is_not_mended() -> None:
    warned = finding("prm-html", level=Level.WARNING)
    fatal = finding(level=Level.FATAL)
    before = run([exchange(1)], warned)
    after = run([exchange(1)], fatal, ended=Status.FAILED)
    assert compare(before, after).unchecked == (warned,)
    both = run([exchange(1)], fatal, warned)
    assert compare(both, after).mended == (warned,)


def test_what_is_about_no_request_is_gone_once_its_stage_came_to_its_end() -> None:
    before = run([], finding(number=None))
    assert compare(before, run([], ended=Status.DONE)).mended == (finding(number=None),)
    assert compare(before, run([], ended=Status.FAILED)).unchecked == (finding(number=None),)


def test_of_thousands_that_break_one_rule_each_is_looked_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A server that sends another such list each time must not hold the screen for a minute."""
    looks = []
    tell = changes._told

    def told(item: Finding) -> tuple[Level, str]:
        looks.append(item)
        return tell(item)

    monkeypatch.setattr(changes, "_told", told)
    one = run([exchange(1)], *(finding(seen=f"a {n}") for n in range(3000)))
    other = run([exchange(1)], *(finding(seen=f"b {n}") for n in range(3000)))
    assert len(compare(one, other).same) == 3000
    assert len(looks) == 6000
