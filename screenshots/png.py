"""Knows how an SVG becomes a small PNG with Chromium (playwright), and what a PNG was drawn from.

A screen has few colours, so that a palette shows it as well as full colour in a third of the bytes.
"""

from __future__ import annotations

import base64
import re
import shutil
import struct
import zlib
from hashlib import sha256
from math import ceil
from typing import Any

_CHROMIUM = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
_KEY = b"Source\0"
_MAGIC = b"\x89PNG\r\n\x1a\n"
# Keeps the commonest colours that differ enough from each other to be told apart; every other pixel
# (the rims of letters) gets the nearest of them.
_REDUCE = """
async png => {
  const image = new Image();
  image.src = "data:image/png;base64," + png;
  await image.decode();
  const canvas = new OffscreenCanvas(image.width, image.height);
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0);
  const octets = context.getImageData(0, 0, image.width, image.height).data;
  const pixels = new Uint32Array(octets.buffer);
  const count = new Map();
  for (const pixel of pixels) count.set(pixel, (count.get(pixel) || 0) + 1);
  const far = (a, b) => [0, 8, 16, 24].reduce(
    (sum, bits) => sum + (((a >>> bits) & 255) - ((b >>> bits) & 255)) ** 2, 0);
  const kept = [];
  for (const [pixel] of [...count].sort((a, b) => b[1] - a[1] || a[0] - b[0]))
    if (kept.length < 128 && kept.every(other => far(pixel, other) > 250)) kept.push(pixel);
  const place = new Map(kept.map((pixel, index) => [pixel, index]));
  for (const pixel of count.keys()) if (!place.has(pixel)) {
    let best = 0;
    for (let index = 1; index < kept.length; index++)
      if (far(pixel, kept[index]) < far(pixel, kept[best])) best = index;
    place.set(pixel, best);
  }
  const text = bytes => {
    let all = "";
    for (let at = 0; at < bytes.length; at += 8192)
      all += String.fromCharCode(...bytes.subarray(at, at + 8192));
    return btoa(all);
  };
  return {
    width: image.width, height: image.height,
    palette: text(new Uint8Array(Uint32Array.from(kept).buffer)),
    pixels: text(Uint8Array.from(pixels, pixel => place.get(pixel))),
  };
}
"""


def png(pictures: dict[str, str]) -> dict[str, bytes]:
    """Return SVG texts as Chromium draws them; each PNG holds the hash of its SVG."""
    from playwright.sync_api import sync_playwright

    installed = (shutil.which(name) for name in ("chromium", "chromium-browser"))
    drawn = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=next(filter(None, installed), None), args=_CHROMIUM
        )
        page = browser.new_page()
        for name, drawing in pictures.items():
            width, height = size_of(drawing)
            page.set_viewport_size({"width": width, "height": height})
            page.set_content(f"<style>body{{margin:0}}svg{{width:{width}px}}</style>{drawing}")
            full = page.screenshot(omit_background=True)
            reduced = page.evaluate(_REDUCE, base64.b64encode(full).decode())
            drawn[name] = _written(reduced, drawing)
        browser.close()
    return drawn


def size_of(drawing: str) -> tuple[int, int]:
    """Return width and height of an SVG in pixels."""
    found = re.search(r'viewBox="0 0 ([\d.]+) ([\d.]+)"', drawing)
    if found is None:
        raise ValueError("an SVG without a viewBox")
    return ceil(float(found[1])), ceil(float(found[2]))


def source_of(drawn: bytes) -> str:
    """Return the hash of the SVG that a PNG was drawn from, or nothing."""
    head = len(_MAGIC) + 25
    data = drawn[head + 8 : head + 8 + int.from_bytes(drawn[head : head + 4])]
    return data.removeprefix(_KEY).decode() if data.startswith(_KEY) else ""


def _written(reduced: dict[str, Any], drawing: str) -> bytes:
    """Return a PNG with a palette; a tEXt chunk notes which SVG it was drawn from."""
    width, height = reduced["width"], reduced["height"]
    colours = base64.b64decode(reduced["palette"])
    pixels = base64.b64decode(reduced["pixels"])
    rows = (b"\0" + pixels[at : at + width] for at in range(0, len(pixels), width))
    rgb = b"".join(colours[at : at + 3] for at in range(0, len(colours), 4))
    return _MAGIC + b"".join(
        (
            _chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 3, 0, 0, 0)),
            _chunk(b"tEXt", _KEY + sha256(drawing.encode()).hexdigest().encode()),
            _chunk(b"PLTE", rgb),
            _chunk(b"tRNS", colours[3::4]),
            _chunk(b"IDAT", zlib.compress(b"".join(rows), 9)),
            _chunk(b"IEND", b""),
        )
    )


def _chunk(kind: bytes, data: bytes) -> bytes:
    whole = kind + data
    return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))
