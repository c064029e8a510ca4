"""Every requirement that the program claims to keep is named by a test (DESIGN 7)."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
REQUIREMENTS = tomllib.loads((TESTS / "requirements.toml").read_text(encoding="utf-8"))
_NUMBERED = re.compile(r"[A-Z]{1,2}[1-9][0-9]?")
_RANGE = re.compile(r"\b([A-Z]{1,2})([1-9][0-9]?)-([1-9][0-9]?)\b")
_IN_NAME = re.compile(r"(?<![A-Za-z0-9])[A-Z]{1,2}[1-9][0-9]?(?![A-Za-z0-9])")

Test = ast.FunctionDef | ast.AsyncFunctionDef


def ids_in(text: str) -> set[str]:
    """Return the requirement ids that a text names, ``B3-5`` as each of them."""
    ranges = {
        f"{letters}{number}"
        for letters, first, last in _RANGE.findall(text)
        for number in range(int(first), int(last) + 1)
    }
    words = set(_IN_NAME.findall(text.replace("_", " ")))
    return (words | ranges) & REQUIREMENTS.keys()


def functions_in(tree: ast.Module) -> Iterator[tuple[Test, str]]:
    """Yield every test function of a module with the docstring of the class that it stands in."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name.startswith("Test"):
            outer = ast.get_docstring(node) or ""
            yield from ((child, outer) for child in node.body if _is_test(child))
        elif _is_test(node):
            yield node, ""


def _is_test(node: ast.stmt) -> bool:
    return isinstance(node, Test) and node.name.startswith("test_")


def named_by(source: str) -> dict[str, set[str]]:
    """Return the ids that the tests of a module name, each with the names of those tests."""
    named: dict[str, set[str]] = {}
    for test, outer in functions_in(ast.parse(source)):
        text = f"{test.name} {ast.get_docstring(test) or ''} {outer}"
        for name in ids_in(text):
            named.setdefault(name, set()).add(test.name)
    return named


@pytest.fixture(scope="module")
def named() -> set[str]:
    sources = [path.read_text(encoding="utf-8") for path in sorted(TESTS.rglob("test_*.py"))]
    return {name for source in sources for name in named_by(source)}


def test_every_requirement_that_is_claimed_is_named_by_a_test(named: set[str]) -> None:
    unnamed = [name for name in REQUIREMENTS if name not in named]
    later = [name for name in unnamed if not REQUIREMENTS[name]["now"]]
    print("no test names", ", ".join(unnamed) or "none", "- of these later:", ", ".join(later))
    missing = {name: REQUIREMENTS[name]["rule"] for name in unnamed if name not in later}
    assert missing == {}


def test_every_requirement_has_a_rule_a_source_and_says_whether_it_holds_now() -> None:
    wrong = {
        name: row
        for name, row in REQUIREMENTS.items()
        if set(row) != {"rule", "source", "now"}
        or not _NUMBERED.fullmatch(name)
        or not row["rule"].endswith(".")
        or not row["source"]
        or not isinstance(row["now"], bool)
    }
    assert wrong == {}
    assert len(REQUIREMENTS) == 94


def test_ids_are_found_as_whole_words_only() -> None:
    source = '''
def test_an_issuer_is_compared_as_it_is_A5():
    """Rules B3-5 and K1, not ST12, XA7 or A70."""

async def test_waiting():
    pass

def helper_A1():
    """A2"""

def test_comments_do_not_count():
    # A3
    assert "A4"

class TestPaste:
    """B8"""

    def test_it_is_judged(self):
        "Z2"
'''
    assert named_by(source) == {
        "A5": {"test_an_issuer_is_compared_as_it_is_A5"},
        "B3": {"test_an_issuer_is_compared_as_it_is_A5"},
        "B4": {"test_an_issuer_is_compared_as_it_is_A5"},
        "B5": {"test_an_issuer_is_compared_as_it_is_A5"},
        "K1": {"test_an_issuer_is_compared_as_it_is_A5"},
        "B8": {"test_it_is_judged"},
        "Z2": {"test_it_is_judged"},
    }
