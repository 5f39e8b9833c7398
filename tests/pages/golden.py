"""What a page says, as text to keep and to compare: `python -m tests.pages.golden FOLDER` is no command of the product.

Line for line what is read on the page, in its order: a line a heading, paragraph or row of a table, and what each chart is
titled, says and labels. The first line is the digest of the whole page, byte for byte, so that a change that is not read is
seen too. What differs from one version of the program or of the data files to the next is named and not said.
"""

from __future__ import annotations

import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path

FOLDER = Path(__file__).parent / "golden"
# Tables that are the same on every page: their rows are counted, and read on one page only.
SAME = ("Refused: why each is not compared", "Context: other treatments and programmes", "Claims, and what the evidence says", "Definitions and versions")  # fmt: skip
_BLOCKS = {
    "h1",
    "h2",
    "h3",
    "p",
    "li",
    "tr",
    "summary",
    "caption",
    "title",
    "desc",
    "text",
    "section",
    "figure",
    "meta",
}


def without_versions(page: str) -> str:
    """A page with the versions of program and data, the digest of its style and the head of the ledger left out."""
    page = re.sub(r"Program [^<]*?clinics\.toml:[0-9a-f]+", "Program VERSIONS", page)
    page = re.sub(r"'sha256-[^']*'", "'STYLE'", page)
    return re.sub(r"(hash chain: <code>)[0-9a-f]+", r"\1HEAD", page)


class _Reader(HTMLParser):
    """The lines of a page."""

    def __init__(self, *, is_whole: bool) -> None:
        super().__init__()
        self.is_whole = is_whole
        self.lines: list[str] = []
        self.left_out = 0
        self.passing = ""
        self.tag = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in ("td", "th"):
            self.lines[-1] += " | " if self.lines[-1] else ""
        elif tag in _BLOCKS:
            self._end()
        self.tag = tag
        if tag == "style":
            self.passing = "style"

    def handle_endtag(self, tag: str) -> None:
        if tag == "tr" and self.left_out:
            self.left_out += 1
        if tag == self.passing:
            self.passing = ""
        if tag == "table" and self.left_out:
            self.lines.append(f"({self.left_out - 1} rows)")
            self.left_out = 0
        if tag in _BLOCKS:
            self._end()

    def handle_data(self, data: str) -> None:
        words = " ".join(data.split())
        if self.passing or self.left_out or not words:
            return
        if not self.lines:
            self.lines.append("")
        space = " " if self.lines[-1] and data[0].isspace() else ""
        self.lines[-1] += space + words + (" " if data[-1].isspace() else "")
        if self.tag == "summary" and words in SAME and not self.is_whole:
            self.left_out = 1

    def _end(self) -> None:
        if not self.left_out and (not self.lines or self.lines[-1]):
            self.lines.append("")


def said(page: str, *, is_whole: bool) -> str:
    """What is kept of a page."""
    plain = without_versions(page)
    reader = _Reader(is_whole=is_whole)
    reader.feed(plain)
    lines = [re.sub(r" +", " ", line).strip() for line in reader.lines]
    digest = hashlib.sha256(plain.encode()).hexdigest()
    return "\n".join([f"sha256 {digest}", *(line for line in lines if line), ""])
