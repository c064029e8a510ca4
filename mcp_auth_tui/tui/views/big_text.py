"""Knows how a short code is written large in half blocks; must not know what it is for."""

from __future__ import annotations

_FONT = """
A .###. #...# ##### #...# #...#
B ####. #...# ####. #...# ####.
C .#### #.... #.... #.... .####
D ####. #...# #...# #...# ####.
E ##### #.... ####. #.... #####
F ##### #.... ####. #.... #....
G .#### #.... #..## #...# .####
H #...# #...# ##### #...# #...#
I ##### ..#.. ..#.. ..#.. #####
J ..### ...#. ...#. #..#. .##..
K #..## #.#.. ##... #.#.. #..##
L #.... #.... #.... #.... #####
M #...# ##.## #.#.# #...# #...#
N #...# ##..# #.#.# #..## #...#
O .###. #...# #...# #...# .###.
P ####. #...# ####. #.... #....
Q .###. #...# #.#.# #..#. .##.#
R ####. #...# ####. #..#. #...#
S .#### #.... .###. ....# ####.
T ##### ..#.. ..#.. ..#.. ..#..
U #...# #...# #...# #...# .###.
V #...# #...# .#.#. .#.#. ..#..
W #...# #...# #.#.# ##.## #...#
X #...# .#.#. ..#.. .#.#. #...#
Y #...# .#.#. ..#.. ..#.. ..#..
Z ##### ...#. ..#.. .#... #####
0 .###. #..## #.#.# ##..# .###.
1 ..#.. .##.. ..#.. ..#.. .###.
2 ####. ....# .###. #.... #####
3 ####. ....# .###. ....# ####.
4 #..#. #..#. ##### ...#. ...#.
5 ##### #.... ####. ....# ####.
6 .###. #.... ####. #...# .###.
7 ##### ....# ...#. ..#.. ..#..
8 .###. #...# .###. #...# .###.
9 .###. #...# .#### ....# .###.
- ..... ..... .###. ..... .....
"""
_GLYPHS = {
    line[0]: (*line[2:].split(), ".....") for line in _FONT.strip().splitlines()
}  # the sixth row is empty, for two rows make one line
_BLOCKS = {"##": "█", "#.": "▀", ".#": "▄", "..": " "}


def large(code: str, width: int) -> tuple[str, ...]:
    """Return a code as three lines of at most ``width`` cells; none when that cannot be.

    Letters are not made capital ones: a code may tell them apart (RFC 8628 §6.1).
    """
    if not code or any(letter not in _GLYPHS for letter in code) or len(code) * 6 - 1 > width:
        return ()
    made = []
    for row in (0, 2, 4):
        pairs = (zip(_GLYPHS[each][row], _GLYPHS[each][row + 1], strict=True) for each in code)
        made.append(" ".join("".join(_BLOCKS[a + b] for a, b in glyph) for glyph in pairs))
    return tuple(made)
