"""Knows every scripted run of the tests, and runs of any events that there can be; tests none."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

from hypothesis import strategies as st

from mcp_auth_tui.model import Event, Secret, Session, Started
from mcp_auth_tui.recordings import codec
from tests import scripted, test_canary
from tests.tui import fakes

RUNS: Mapping[str, Callable[[], list[Event]]] = {
    "scripted": scripted.run,
    "refused": scripted.refused,
    "canary": lambda: list(test_canary.events()),
    "metadata": fakes.metadata,
    "signed in": fakes.signed_in,
    "readable": fakes.readable,
    "mismatch": fakes.mismatch,
    "asking": fakes.asking,
    "device": fakes.device,
    "hostile": fakes.hostile,
}

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-10, 10) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=6,
)
_LEAVES: Mapping[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=12)
    | st.sampled_from(["https://a.example/?code=abcdefgh12345678", "http://[::1", "a\x1b[31m\nb"]),
    bool: st.booleans(),
    int: st.integers(-2, 600),
    float: st.floats(-1e19, 1e19),
    bytes: st.binary(max_size=12) | st.sampled_from([b'{"a": [1]}', b'{"access_token":"x"}', b"["]),
    Secret: st.builds(Secret, st.text(max_size=20)),
    NoneType: st.none(),
}


def any_of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of a type of the model, as the codec understands it."""
    if hint in _LEAVES:
        return _LEAVES[hint]
    origin, parts = get_origin(hint), get_args(hint)
    if origin in (Union, UnionType):
        return st.one_of(*map(any_of, parts))
    if origin is tuple and parts[-1] is ...:
        return st.lists(any_of(parts[0]), max_size=2).map(tuple)
    if origin is tuple and parts[-1] is object:
        return _learned().map(lambda learned: learned)
    if origin is tuple:
        return st.tuples(*map(any_of, parts))
    if origin is Mapping:
        return st.dictionaries(st.text(max_size=6), _JSON, max_size=3)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return st.sampled_from(hint)
    assert is_dataclass(hint)
    hints = codec.hints(hint)
    if "value" in hints and hints["value"] is object:
        return _learned().map(lambda pair: hint(*pair))
    return st.builds(hint, **{item.name: any_of(hints[item.name]) for item in fields(hint)})


def _learned() -> st.SearchStrategy[tuple[str, Any]]:
    hints = codec.hints(Session)
    return st.sampled_from(sorted(codec.LEARNED)).flatmap(
        lambda name: st.tuples(st.just(name), any_of(hints[name]))
    )


ANY_RUN: st.SearchStrategy[list[Event]] = st.tuples(
    any_of(Started), st.lists(any_of(Event), max_size=8)
).map(lambda run: [run[0], *run[1]])


def folded(events: list[Event]) -> Session:
    session = Session()
    for event in events:
        session = session.apply(event)
    return session
