"""An entry goes into a config file and out again, and every other byte stays as it was."""

from __future__ import annotations

import json
import tomllib
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from mcp_auth_tui.exports.config import EditProblem, EntryPlace, format_of

ENTRY = {
    "type": "http",
    "url": "https://mcp.example.com/mcp",
    "headers": {"Authorization": "Bearer ${MCP_TOKEN}"},
    "tools": ["*"],
    "enabled": True,
}
LISTED = {"name": "example", **ENTRY}
JSON = EntryPlace(("mcpServers",), "example")
DEEP = EntryPlace(("settings", "mcp"), "example")
TOML = EntryPlace(("mcp_servers",), "example")
YAML_LIST = EntryPlace(("mcpServers",), "example", listed=True)
YAML_MAP = EntryPlace(("extensions",), "example")

WORDS = st.text("abcXYZ09 _-/.:#{}[],'äß€😀", max_size=12)
NAMES = st.lists(
    st.text("abcxyz09-_.", min_size=1, max_size=8).filter(lambda name: name != "example"),
    unique=True,
    max_size=4,
)


@st.composite
def jsonc(draw: Any, *, comments: bool) -> str:
    """A file as people and their editors leave it, with `mcpServers` or without."""
    unit, end = (
        draw(st.sampled_from(["  ", "    ", "\t", " "])),
        draw(st.sampled_from(["\n", "\r\n"])),
    )
    remarks = ["", " // note", " /* a, } b */", f"{end}{unit}// a line of its own: {{"]

    def remark() -> str:
        return draw(st.sampled_from(remarks)) if comments else ""

    def member(name: str, value: str) -> str:
        colon = draw(st.sampled_from([":", ": ", " : "]))
        return f"{json.dumps(name)}{colon}{value}"

    def block(members: list[str], depth: int) -> str:
        if draw(st.booleans()) and not comments:
            return "{" + draw(st.sampled_from(["", " "])) + ",".join(members) + "}"
        lines = []
        for number, text in enumerate(members):
            last = number + 1 == len(members)
            comma = "," if not last or (comments and draw(st.booleans())) else ""
            lines.append(f"{unit * depth}{text}{comma}{remark()}{end}")
        return f"{{{remark()}{end}{''.join(lines)}{unit * (depth - 1)}}}"

    servers = [member(name, json.dumps({"url": draw(WORDS)})) for name in draw(NAMES)]
    members = [member(name, json.dumps(draw(WORDS))) for name in draw(NAMES)]
    if draw(st.booleans()):
        place = draw(st.integers(0, len(members)))
        members.insert(place, member("mcpServers", block(servers, 2)))
    bom = draw(st.sampled_from(["", "\ufeff"]))
    return bom + block(members, 1) + draw(st.sampled_from(["", end, end * 2]))


@st.composite
def toml(draw: Any) -> str:
    end = draw(st.sampled_from(["\n", "\r\n"]))
    lines = ['model = "m"  # note', "", 'text = """', "[mcp_servers.example]", '"""']
    for name in draw(NAMES):
        lines += ["", "# about it", f"[mcp_servers.{json.dumps(name)}]", "url = 'https://h'"]
        lines += draw(st.sampled_from([[], ["[[other]]", "x = [", "  1, # [a]", "]"]]))
    return (
        draw(st.sampled_from(["", "\ufeff"]))
        + end.join(lines)
        + draw(st.sampled_from(["", end, end * 3]))
    )


@st.composite
def yaml_text(draw: Any, place: EntryPlace) -> str:
    end, indent = draw(st.sampled_from(["\n", "\r\n"])), draw(st.sampled_from(["  ", "    "]))
    lines = ["# my file", "name: mine   # note", "", "text: |", "  mcpServers:", "    - name: x"]
    names = draw(NAMES)
    if names:
        lines += ["", f"{place.inside[0]}:"]
    for name in names:
        head = f"{indent}- name: " if place.listed else indent
        lines += [f"{head}{json.dumps(name)}" + ("" if place.listed else ":")]
        inner = f"{indent}  " if place.listed else indent * 2
        lines += [f"{inner}url: https://h  # note", f"{inner}words: [a, 'b']"]
        lines += draw(
            st.sampled_from([[], [f"{inner}more: |", f"{inner}  two", f"{inner}  lines"]])
        )
    rest = draw(st.sampled_from([[], ["", "# the rest", "rest: {a: 1}"]]))
    # A text of several lines at the very end would get the line end that it lacks.
    closing = draw(st.sampled_from(["", end])) if rest else end
    return draw(st.sampled_from(["", "\ufeff"])) + end.join([*lines, *rest]) + closing


def check(name: str, text: str, place: EntryPlace, entry: Any) -> None:
    """The entry is there, nothing else changed, and taking it out gives back the text."""
    form = format_of(name)
    changed = form.insert(text, place, entry)
    assert place.value(form.read(changed)) == entry
    assert place.removed(form.read(changed)) == place.removed(place.added(form.read(text), entry))
    before, after = iter(changed), text
    assert all(sign in before for sign in after), "a character of the file is gone"
    without = form.remove(changed, place)
    if place.servers(form.read(text)):
        assert without == text
    else:
        assert not place.servers(form.read(without))


@given(jsonc(comments=False))
def test_json_keeps_every_other_byte(text: str) -> None:
    check("json", text, JSON, ENTRY)


@given(jsonc(comments=True))
def test_json_with_comments_keeps_every_other_byte(text: str) -> None:
    check("jsonc", text, JSON, ENTRY)


@given(toml())
def test_toml_keeps_every_other_byte(text: str) -> None:
    check("toml", text, TOML, ENTRY)
    form = format_of("toml")
    assert form.remove(form.insert(text, TOML, ENTRY), TOML) == text


@given(yaml_text(YAML_LIST))
def test_a_yaml_list_keeps_every_other_byte(text: str) -> None:
    check("yaml", text, YAML_LIST, LISTED)


@given(yaml_text(YAML_MAP))
def test_a_yaml_mapping_keeps_every_other_byte(text: str) -> None:
    check("yaml", text, YAML_MAP, ENTRY)


@pytest.mark.parametrize("text", ["", "\ufeff", " \n"])
@pytest.mark.parametrize("name", ["json", "jsonc", "toml", "yaml"])
def test_an_empty_file_gets_the_entry_alone(name: str, text: str) -> None:
    form = format_of(name)
    assert form.read(form.insert(text, DEEP if name == "json" else JSON, ENTRY)) == (
        {"settings": {"mcp": {"example": ENTRY}}}
        if name == "json"
        else {"mcpServers": {"example": ENTRY}}
    )


@pytest.mark.parametrize(
    ("text", "changed"),
    [
        (['{"a": 1}'], ['{"a": 1, "mcpServers": {"example": {"x": 1}}}']),
        (
            ["{", '\t"mcpServers": {', '\t\t"b": {}, // b', "\t},", "}", ""],
            [
                *("{", '\t"mcpServers": {', '\t\t"b": {}, // b'),
                *('\t\t"example": {', '\t\t\t"x": 1', "\t\t},", "\t},", "}", ""),
            ],
        ),
        (
            ["{", '  "mcpServers": {', '    "b": {} /* b */', "    // end", "  }", "}"],
            [
                *("{", '  "mcpServers": {', '    "b": {}, /* b */', "    // end"),
                *('    "example": {', '      "x": 1', "    }", "  }", "}"),
            ],
        ),
        (
            ["{\r", '    "mcpServers": {}\r', "}"],
            [
                *("{\r", '    "mcpServers": {\r', '        "example": {\r'),
                *('            "x": 1\r', "        }\r", "    }\r", "}"),
            ],
        ),
    ],
)
def test_an_entry_is_written_as_its_neighbours_are(text: list[str], changed: list[str]) -> None:
    assert format_of("jsonc").insert("\n".join(text), JSON, {"x": 1}).split("\n") == changed


def test_a_comment_without_a_line_end_does_not_swallow_the_entry() -> None:
    changed = format_of("jsonc").insert("// mine", JSON, ENTRY)
    assert changed.startswith("// mine\n{\n")
    assert format_of("jsonc").read(changed) == {"mcpServers": {"example": ENTRY}}


def test_an_entry_in_the_middle_is_taken_out_with_its_comma_alone() -> None:
    text = '{"mcpServers": {\n  "a": 1, // a\n  "example": {}, // mine\n  "b": 2\n}}'
    assert format_of("jsonc").remove(text, JSON) == (
        '{"mcpServers": {\n  "a": 1, // a // mine\n  "b": 2\n}}'
    )


def test_a_table_in_the_middle_leaves_the_comment_of_the_next_one() -> None:
    text = "a = 1\n\n[mcp_servers.example]\nx = 1\n[mcp_servers.example.env]\ny = 2\n\n# b\n[b]\n"
    assert format_of("toml").remove(text, TOML) == "a = 1\n\n\n# b\n[b]\n"


@pytest.mark.parametrize(
    ("name", "text", "message", "at"),
    [
        ("json", '{"a": 1,}', "nothing follows the comma before it", "}"),
        ("json", '{"a": 1 // b\n}', "a comma or a closing brace was expected", "//"),
        ("json", '{"a" 1}', "a colon was expected", "1"),
        ("json", "{'a': 1}", "a name in double quotes was expected", "'a'"),
        ("json", '{"a": tru}', "a value was expected", "tru"),
        ("json", "{} {", "the end of the file was expected", "{"),
        ("jsonc", '{"mcpServers": {"b": 1}, "mcpServers": {}}', "stands there twice", None),
        ("jsonc", '{"mcpServers": []}', "'mcpServers' is a list, and an object is expected", None),
        ("json", "[1]", "an object was expected around 'mcpServers', not a list", None),
        ("json", "[" * 500, "more than 200 objects are inside each other", None),
        ("toml", "a = \n", "invalid value", None),
        ("toml", "mcpServers = {a = {}}\n", "without touching more than this entry", None),
        ("yaml", "a: [1\nb: 2\n", "expected ',' or ']'", None),
        ("yaml", "- a\n", "a mapping was expected", None),
        ("yaml", "a: &x 1\n---\nb: 2\n", "expected a single document", None),
        ("yaml", "mcpServers: {}\nmcpServers:\n  a: {}\n", "stands there twice", None),
        ("yaml", "null\n", "a mapping was expected", "null"),
        *(
            (name, before + "9" * 5000 + after, "exceeds the limit (4300 digits)", None)
            for name, before, after in (("json", '{"a":', "}"), ("toml", "a=", ""))
        ),
        ("yaml", "a: " + "9" * 5000, "Exceeds the limit (4300 digits)", None),
        ("toml", "a=" + "[" * 3000, "it is nested too deeply", None),
    ],
)
def test_a_file_that_cannot_be_changed_safely_is_refused_with_the_place(
    name: str, text: str, message: str, at: str | None
) -> None:
    with pytest.raises(EditProblem) as caught:
        format_of(name).insert(text, JSON, ENTRY)
    assert message in str(caught.value)
    if at is not None:
        assert caught.value.offset is not None
        assert text[caught.value.offset :].startswith(at)


@given(st.text(max_size=60))
def test_what_is_no_json_is_never_read_as_such(text: str) -> None:
    form = format_of("json")
    try:
        value = form.read(text)
    except EditProblem:
        return
    assert value == (json.loads(text.strip("\ufeff \t\r\n")) if value is not None else None)


JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
)


@given(JSON_VALUES)
def test_json_of_the_standard_library_is_read_alike(value: Any) -> None:
    assert format_of("jsonc").read(json.dumps(value, indent=1)) == value


@given(st.text(max_size=30))
def test_any_text_in_an_entry_comes_back_from_each_parser(value: str) -> None:
    entry = {"url": value.encode("utf-8", "replace").decode()}
    form = format_of("toml")
    assert tomllib.loads(form.insert("", TOML, entry))["mcp_servers"]["example"] == entry
    assert yaml.safe_load(format_of("yaml").insert("", YAML_MAP, entry)) == {
        "extensions": {"example": entry}
    }
    assert json.loads(format_of("json").insert("", JSON, entry))["mcpServers"]["example"] == entry
