"""What the fuzzer kept is played in every run of the tests; `tests.fuzz.run` looks for more."""

from __future__ import annotations

import pytest

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
