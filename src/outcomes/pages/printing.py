"""A page as PDF and a chart as PNG, by a Chromium that is installed. Nothing of either leaves the machine."""

from __future__ import annotations

import os
import re
import shutil
import struct
import subprocess
import tempfile
import zlib
from math import ceil
from pathlib import Path

from outcomes.errors import OutcomesError, UsageError

# By name, and where it lies on a Mac.
_NAMES = (
    "chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome", "/Applications/Chromium.app/Contents/MacOS/Chromium",
)  # fmt: skip
_SECONDS = 120
_BAR = 300


def browser() -> str | None:
    """The Chromium of this machine, if it has one."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


def printed(html: str, to: Path) -> None:
    """Print a page to a PDF file. Raises UsageError where no Chromium is installed."""
    _run(html, "page.html", to, ["--no-pdf-header-footer", "--print-to-pdf={}"])


def pictured(svg: str, to: Path) -> None:
    """Draw a chart into a PNG file, twice its size in pixels. Raises UsageError where no Chromium is installed."""
    width, height = (ceil(float(side)) for side in re.findall(r' width="([0-9.]+)" height="([0-9.]+)"', svg)[0])
    # A window is higher than what it shows, by a bar that differs from version to version: what is below is cut off.
    size = f"--window-size={width},{height + _BAR}"
    _run(svg, "chart.svg", to, ["--screenshot={}", size, "--force-device-scale-factor=2", "--hide-scrollbars"])
    to.write_bytes(_top(to.read_bytes(), 2 * height))


def _top(png: bytes, rows: int) -> bytes:
    """The first rows of a PNG as Chromium writes it (8 bits, not interlaced): a row is packed by itself and those above it."""
    width, _, depth, colours = struct.unpack(">IIBB", png[16:26])
    packed, at = b"", 8
    while at < len(png):
        (length,) = struct.unpack(">I", png[at : at + 4])
        if png[at + 4 : at + 8] == b"IDAT":
            packed += png[at + 8 : at + 8 + length]
        at += 12 + length
    wide = 1 + width * depth // 8 * {2: 3, 6: 4}[colours]
    parts = (b"IHDR", png[16:20] + struct.pack(">I", rows) + png[24:29]), (b"IDAT", zlib.compress(zlib.decompress(packed)[: rows * wide], 9)), (b"IEND", b"")  # fmt: skip
    return png[:8] + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in parts
    )


def _run(text: str, name: str, to: Path, options: list[str]) -> None:
    found = browser()
    if found is None:
        raise UsageError(
            "No Chromium is installed here. Give an --out that ends in .html, and print it from a browser."
        )
    with tempfile.TemporaryDirectory() as folder:
        source, made = Path(folder) / name, Path(folder) / f"made{to.suffix}"
        source.write_text(text, "utf-8")
        command = [found, "--headless=new", "--disable-gpu", "--no-first-run", f"--user-data-dir={folder}/browser"]
        # Chromium refuses to run in its own sandbox as root; what it opens is our own page, without a script.
        command += ["--no-sandbox"] if os.geteuid() == 0 else []
        command += [option.format(made) for option in options]
        try:
            subprocess.run([*command, source.as_uri()], check=True, capture_output=True, timeout=_SECONDS)  # noqa: S603
            shutil.copyfile(made, to)
        except (subprocess.SubprocessError, OSError):
            raise OutcomesError("Chromium could not make the file. Give an --out that ends in .html instead.") from None
