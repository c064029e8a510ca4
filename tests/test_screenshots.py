"""The pictures in the repository show the screens as they are now."""

from __future__ import annotations

import re
import zlib
from dataclasses import replace
from hashlib import sha256

import pytest

from screenshots import make, playback, shots
from screenshots.png import source_of

MENDING = "the picture is stale: python -m screenshots.make"
MOST = 3_000_000
"""Octets that all pictures may take: each change of a screen adds them to the history."""
README = make.HERE.parent / "README.md"


@pytest.mark.parametrize("size", shots.SIZES)
@pytest.mark.parametrize("subject", shots.SUBJECTS)
def test_a_picture_is_what_the_program_shows_now(subject: str, size: str) -> None:
    now = shots.drawn(subject, size)
    kept = {name: (make.HERE / f"{name}.svg").read_text(encoding="utf-8") for name in now}
    # Not compared in the assert: a difference of two such files takes minutes to explain.
    stale = [name for name in now if now[name] != kept[name]]
    assert stale == [], MENDING


@pytest.mark.parametrize("name", shots.RUNS)
def test_a_recording_is_what_the_program_records_now(name: str) -> None:
    same = shots.recorded(name) == playback.file_of(name).read_text(encoding="ascii")
    assert same is True, MENDING


def test_a_recording_that_is_played_shows_what_the_run_itself_showed() -> None:
    run, subject = shots.SUBJECTS["metadata"]
    live = shots.live(replace(subject, faults=shots.RUNS[run].faults), shots.SIZES["80x24"])
    same = live == shots.pictures(playback.read(run), subject, shots.SIZES["80x24"])
    assert same is True


@pytest.mark.parametrize("name", shots.NAMES)
def test_a_png_was_drawn_from_its_svg(name: str) -> None:
    picture = (make.HERE / f"{name}.svg").read_bytes()
    drawn = (make.HERE / f"{name}.png").read_bytes()
    assert source_of(drawn) == sha256(picture).hexdigest(), MENDING


def test_every_picture_is_one_of_the_screens_and_all_are_small_enough() -> None:
    kept = [path for path in make.HERE.iterdir() if path.suffix in (".svg", ".png")]
    wanted = {f"{name}{suffix}" for name in shots.NAMES for suffix in (".svg", ".png")}
    assert {path.name for path in kept} == wanted
    assert {path.stem for path in playback.FOLDER.iterdir()} == set(shots.RUNS)
    assert sum(path.stat().st_size for path in kept) < MOST


def test_the_readme_shows_every_subject_dark_and_light() -> None:
    shown = re.findall(r'"screenshots/([^"]+)\.png"', README.read_text(encoding="utf-8"))
    assert set(shown) <= set(shots.NAMES)
    assert {name.partition("-")[0] for name in shown} == set(shots.SUBJECTS)
    dark = {name.removesuffix("-dark") for name in shown if name.endswith("-dark")}
    assert dark == {name.removesuffix("-light") for name in shown if name.endswith("-light")}


def test_a_picture_loads_nothing_from_elsewhere() -> None:
    for path in make.HERE.glob("*.svg"):
        assert "url(http" not in path.read_text(encoding="utf-8").replace('"', "")


def test_a_png_tells_its_size_and_source_as_any_reader_expects() -> None:
    """The chunk that is put in leaves the file a sound PNG: every chunk's checksum is right."""
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
    _, subject = shots.SUBJECTS["metadata"]
    changed = shots.live(replace(subject, faults=("issuer-slash",)), shots.SIZES["80x24"])
    for theme, drawing in changed.items():
        kept = (make.HERE / f"metadata-80x24-{theme}.svg").read_text(encoding="utf-8")
        assert (drawing != kept) is True
    assert (changed["dark"] != changed["light"]) is True
