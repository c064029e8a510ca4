"""What has to be true of every refusal; knows no test."""

from __future__ import annotations


def assert_sentence(problem: BaseException, begin: str = "", end: str = ".") -> None:
    """It says something, on harmless lines, that begins and ends so."""
    text = str(problem)
    assert text.startswith(begin) and text.endswith(end), text
    assert text.replace("\n", "").isprintable(), ascii(text)
