"""The grammar of WWW-Authenticate (C1-C3, C6; RFC 9110 §11.6.1)."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.model.oauth import Challenge, Contact
from mcp_auth_tui.protocol.challenge import parse

URL = "https://mcp.example/.well-known/oauth-protected-resource"


def bearer(*params: tuple[str, str], scheme: str = "Bearer") -> Challenge:
    return Challenge(scheme, None, params)


@pytest.mark.parametrize(
    ("fields", "challenges"),
    [
        ((), ()),
        (("",), ()),
        (("Bearer",), (bearer(),)),
        ((f'Bearer resource_metadata="{URL}"',), (bearer(("resource_metadata", URL)),)),
        (('bEaReR ReAlM="x"',), (bearer(("realm", "x"), scheme="bEaReR"),)),
        (('Bearer a="x, y=z", b="q\\"\\\\"',), (bearer(("a", "x, y=z"), ("b", 'q"\\')),)),
        (('Bearer a = "x" , b\t=\ty',), (bearer(("a", "x"), ("b", "y")),)),
        (("Bearer ,, a=b,,",), (bearer(("a", "b")),)),
        (('Bearer a=""',), (bearer(("a", "")),)),
        (
            ('Basic realm="x", Bearer scope="a b", error="c"',),
            (bearer(("realm", "x"), scheme="Basic"), bearer(("scope", "a b"), ("error", "c"))),
        ),
        (
            ("Negotiate, Bearer a=b",),
            (bearer(scheme="Negotiate"), bearer(("a", "b"))),
        ),
        (
            ("Negotiate YWJj==, Bearer a=b",),
            (Challenge("Negotiate", "YWJj=="), bearer(("a", "b"))),
        ),
        (("Basic a=1", "Bearer b=2"), (bearer(("a", "1"), scheme="Basic"), bearer(("b", "2")))),
        (("Bearer a=1, A=2",), (bearer(("a", "1"), ("a", "2")),)),
    ],
)
def test_well_formed_fields_are_read_whole(
    fields: tuple[str, ...], challenges: tuple[Challenge, ...]
) -> None:
    """C1, C2: repeated fields, several challenges in one, quoting, blanks, any case of names."""
    parsed = parse(fields)
    assert parsed.challenges == challenges
    assert parsed.faults == ()


@pytest.mark.parametrize("scheme", ["Bearer", "DPoP", "Whatever"])
def test_parameters_are_taken_from_any_scheme(scheme: str) -> None:
    """C3: the DPoP scenario of the suite sends only a DPoP challenge."""
    parsed = parse((f'Basic realm="x", {scheme} resource_metadata="{URL}", scope="a"',))
    contact = Contact(401, parsed.challenges)
    assert (contact.param("resource_metadata"), contact.param("scope")) == (URL, "a")


def test_all_values_of_a_repeated_parameter_are_kept_in_order_C6() -> None:
    parsed = parse(('Bearer resource_metadata="a", resource_metadata="b"', 'DPoP scope="s"'))
    contact = Contact(401, parsed.challenges)
    assert contact.params("resource_metadata") == ("a", "b")
    assert parsed.repeated() == (("Bearer", "resource_metadata"),)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (f"Bearer resource_metadata={URL}", URL),
        (f'Bearer error="x" resource_metadata="{URL}"', URL),
        (f'Bearer resource_metadata="{URL}', URL),
        (f'resource_metadata="{URL}"', URL),
        (f'"?, Bearer resource_metadata="{URL}"', URL),
    ],
)
def test_what_breaks_the_grammar_is_named_and_read_as_well_as_can_be(
    field: str, value: str
) -> None:
    parsed = parse((field,))
    assert Contact(401, parsed.challenges).param("resource_metadata") == value
    assert len(parsed.faults) >= 1


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ('scope="a b:c"', ()),
        ('scope="a  b"', ("scope",)),
        ('scope=""', ("scope",)),
        ('scope="é"', ("scope",)),
        ('error="a\\"b"', ("error",)),
        ('error_description="A sentence."', ()),
        ('error_description="\x1b[31m"', ("error_description",)),
    ],
)
def test_forbidden_characters_are_named(params: str, names: tuple[str, ...]) -> None:
    assert parse((f"Bearer {params}",)).forbidden() == names


@given(st.lists(st.text(max_size=80) | st.text('Bearer =",\\\t ab', max_size=40), max_size=3))
def test_parsing_never_raises_and_always_ends(fields: list[str]) -> None:
    """C2."""
    parsed = parse(tuple(fields))
    assert all(isinstance(item, Challenge) for item in parsed.challenges)
    parsed.repeated()
    parsed.forbidden()


TOKEN = st.text("abcXYZ019!#$%&'*+-.^_`|~", min_size=1, max_size=8)
VALUE = st.text(st.characters(codec="ascii", min_codepoint=0x20, max_codepoint=0x7E), max_size=20)
PARAM = st.tuples(TOKEN.map(str.lower), VALUE)
BLANKS = st.sampled_from(["", " ", "\t", "  "])


@st.composite
def written(draw: Any) -> tuple[tuple[str, ...], tuple[Challenge, ...]]:
    """Challenges, and one of the ways to write them."""
    challenges = draw(
        st.lists(
            st.builds(
                Challenge, TOKEN, st.none(), st.lists(PARAM, min_size=1, max_size=3).map(tuple)
            ),
            min_size=1,
            max_size=3,
        )
    )
    parts = []
    for item in challenges:
        params = []
        for name, value in item.params:
            plain = draw(st.booleans()) and value and set(value) <= set("abcXYZ019-._")
            quoted = value.replace("\\", "\\\\").replace('"', '\\"')
            params.append(
                f"{name}{draw(BLANKS)}={draw(BLANKS)}" + (value if plain else f'"{quoted}"')
            )
        parts.append(f"{item.scheme} " + f"{draw(BLANKS)},{draw(BLANKS)}".join(params))
    fields = (", ".join(parts),) if draw(st.booleans()) else tuple(parts)
    return fields, tuple(challenges)


@given(written())
def test_well_formed_challenges_come_back_as_they_were_written(
    case: tuple[tuple[str, ...], tuple[Challenge, ...]],
) -> None:
    """C2: whatever the quoting and the blanks."""
    fields, challenges = case
    assert parse(fields).challenges == challenges
    assert parse(fields).faults == ()
