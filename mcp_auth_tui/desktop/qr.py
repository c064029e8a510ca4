"""Knows how an address becomes a QR code of half blocks; must not know what it is for.

segno is imported when a code is first drawn.
"""

from __future__ import annotations

_BORDER = 2
_BLOCKS = {(True, True): "█", (True, False): "▀", (False, True): "▄", (False, False): " "}


def lines(address: str, width: int, height: int) -> tuple[str, ...]:
    """Return the QR code as lines of text, light on dark; none when it does not fit.

    ``width`` and ``height`` are in characters. The quiet zone is two modules, not the four of
    ISO/IEC 18004, so that a code fits an 80×24 terminal more often.
    """
    import segno

    try:
        code = segno.make(address, error="l", micro=False)
    except segno.DataOverflowError:
        return ()
    # Light modules are drawn, so that on a dark terminal the code has its usual colours.
    rows = [[not module for module in row] for row in code.matrix_iter(border=_BORDER)]
    if len(rows[0]) > width or (len(rows) + 1) // 2 > height:
        return ()
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return tuple(
        "".join(_BLOCKS[a, b] for a, b in zip(top, low, strict=True)) for top, low in pairs
    )
