"""The pictures in the repository show the screens as they are now."""

from __future__ import annotations

from hashlib import sha256

import pytest

from screenshots import make

MENDING = "the picture is stale: python -m screenshots.make"


@pytest.mark.parametrize("name", make.SCREENS)
def test_a_picture_is_what_the_program_shows_now(name: str) -> None:
    kept = (make.HERE / f"{name}.svg").read_text(encoding="utf-8")
    # Not compared in the assert: a difference of two such files takes minutes to explain.
    same = make.svg(name) == kept
    assert same, MENDING


@pytest.mark.parametrize("name", make.SCREENS)
def test_a_png_was_drawn_from_its_svg(name: str) -> None:
    picture = (make.HERE / f"{name}.svg").read_bytes()
    drawn = (make.HERE / f"{name}.png").read_bytes()
    assert make.source_of(drawn) == sha256(picture).hexdigest(), MENDING


def test_every_picture_is_one_of_the_screens() -> None:
    kept = {path.stem for path in make.HERE.iterdir() if path.suffix in (".svg", ".png")}
    assert kept == set(make.SCREENS)


def test_a_picture_loads_nothing_from_elsewhere() -> None:
    for path in make.HERE.glob("*.svg"):
        assert "url(http" not in path.read_text(encoding="utf-8").replace('"', "")


def test_a_png_tells_its_size_and_source_as_any_reader_expects() -> None:
    """The chunk that is put in leaves the file a sound PNG: every chunk's checksum is right."""
    import zlib

    for path in make.HERE.glob("*.png"):
        octets, at, names = path.read_bytes(), 8, []
        while at < len(octets):
            length = int.from_bytes(octets[at : at + 4])
            body = octets[at + 4 : at + 8 + length]
            assert zlib.crc32(body) == int.from_bytes(octets[at + 8 + length : at + 12 + length])
            names.append(body[:4])
            at += 12 + length
        assert names[:2] == [b"IHDR", b"tEXt"]
        assert names[-1] == b"IEND"


def test_a_picture_that_changed_is_noticed() -> None:
    """The fixed values reach the screen: another fault makes another picture."""
    from dataclasses import replace

    screen = replace(make.SCREENS["mismatch"], faults=("issuer-slash",))
    assert make.picture(screen) != make.svg("mismatch")
