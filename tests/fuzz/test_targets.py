"""What the fuzzer kept is played in every run of the tests; `tests.fuzz.run` looks for more."""

from __future__ import annotations

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fuzz.run import LONGEST, MOST
from tests.fuzz.targets import TARGETS, corpus, folder


def test_every_target_has_a_corpus_and_no_corpus_lost_its_target() -> None:
    assert sorted(path.stem for path in folder().iterdir()) == sorted(TARGETS)
    for name in TARGETS:
        kept = corpus(name)
        assert 0 < len(kept) == len(set(kept)) < 2 * MOST
        assert max(map(len, kept)) <= LONGEST


@pytest.mark.parametrize("name", TARGETS)
def test_what_was_found_once_keeps_its_promise_now(name: str) -> None:
    for octets in corpus(name):
        TARGETS[name](octets)


@cache
def near(name: str) -> st.SearchStrategy[bytes]:
    """What was kept, with a part of it taken out and something else put in its place."""
    kept = st.sampled_from(corpus(name))
    put = st.binary(max_size=12) | kept.map(lambda octets: octets[:80])

    def spliced(octets: bytes, at: int, gone: int, new: bytes) -> bytes:
        at %= len(octets) + 1
        return (octets[:at] + new + octets[at + gone :])[:LONGEST]

    return st.builds(spliced, kept, st.integers(0, LONGEST), st.integers(0, 20), put)


@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=30)
@given(st.data())
def test_what_is_near_to_it_keeps_it_too(name: str, data: st.DataObject) -> None:
    """Each parser of something foreign in every run of the tests, where Atheris is missing too."""
    TARGETS[name](data.draw(near(name)))
