"""Knows the files: ``python -m screenshots.make`` writes recordings, and pictures of them.

The pictures are SVG and PNG. PNG needs Chromium (playwright).
"""

from __future__ import annotations

import sys
from argparse import ArgumentParser
from hashlib import sha256
from pathlib import Path

from screenshots import playback, shots
from screenshots.png import png, source_of

HERE = Path(__file__).parent


def main() -> int:
    """Write the pictures."""
    parser = ArgumentParser(prog="python -m screenshots.make", description=__doc__)
    parser.add_argument("only", nargs="*", metavar="SUBJECT", help=", ".join(shots.SUBJECTS))
    parser.add_argument("--svg", action="store_true", help="no PNG")
    args = parser.parse_args()
    if unknown := set(args.only) - shots.SUBJECTS.keys():
        parser.error(f"there is no subject {', '.join(sorted(unknown))}")
    for run in sorted({shots.SUBJECTS[name][0] for name in args.only or shots.SUBJECTS}):
        playback.file_of(run).write_text(shots.recorded(run), encoding="ascii")
    pictures: dict[str, str] = {}
    for name in args.only or shots.SUBJECTS:
        for size in shots.SIZES:
            pictures |= shots.drawn(name, size)
    for name, drawing in pictures.items():
        (HERE / f"{name}.svg").write_text(drawing, encoding="utf-8")
    stale = {} if args.svg else {name: made for name, made in pictures.items() if _stale(name)}
    for name, drawn in png(stale).items():
        (HERE / f"{name}.png").write_bytes(drawn)
    print(f"{len(pictures)} pictures, of them drawn anew:", *stale or ["none"], sep="\n  ")
    return 0


def _stale(name: str) -> bool:
    """Return whether a PNG is missing, or was drawn from another SVG than the one that is there."""
    drawn = HERE / f"{name}.png"
    picture = sha256((HERE / f"{name}.svg").read_bytes()).hexdigest()
    return not drawn.exists() or source_of(drawn.read_bytes()) != picture


if __name__ == "__main__":
    sys.exit(main())
