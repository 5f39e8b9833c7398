"""Opens a file: tells its format by what it holds, never by its name, and takes it out of one packing."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from outcomes.errors import FileRefusedError
from outcomes.sources.content import Content, head_of, whole
from outcomes.sources.csv import read_csv
from outcomes.sources.json import holds_resources, is_lines, read_json
from outcomes.sources.looks import looks_like, looks_like_inside
from outcomes.sources.packed import GZIP, ZIP, Zip, unpacked
from outcomes.sources.sheet import Sheet

_PARQUET, _ARROW = b"PAR1", (b"ARROW1", b"\xff\xff\xff\xff")
# An open brace or bracket begins no header of CSV.
_JSON = re.compile(rb"(?:\xef\xbb\xbf)?\s*[{\[]")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
# So much of a large file tells what it is.
_HEAD = 65536
_TYPES, _WORKBOOK = "[content_types].xml", "xl/workbook.xml"


@dataclass(frozen=True)
class Opened:
    """The plain bytes of a file, and its format as the ledger names it.

    format: csv, xlsx, json, ndjson, parquet, arrow, fhir or fhir.ndjson; with .gz or .zip behind it where it came packed. content: where
    the bytes lie, for CSV that need not be held whole.
    """

    format: str
    content: Content

    @property
    def is_csv(self) -> bool:
        """Whether it is text that read_csv() reads, not read_sheet()."""
        return _plain(self.format) == "csv"

    @property
    def data(self) -> bytes:
        """All its bytes."""
        return whole(self.content)


def opened(content: Content) -> Opened:
    """The format and the plain bytes of a file. Raises FileRefusedError with `kind` where it is none that is taken."""
    if not isinstance(content, bytes) and _is_csv(head_of(content, _HEAD)):
        return Opened("csv", content)
    data = whole(content)
    if data.startswith(GZIP):
        return _inside(unpacked(data), ".gz")
    if data.startswith(ZIP):
        archive = Zip(data)
        if _is_excel(archive):
            return Opened("xlsx", data)
        return _inside(archive.only(), ".zip")
    return Opened(_plain_format(data), data)


def _is_csv(head: bytes) -> bool:
    """Whether the first bytes of a large file say that it is CSV; where they do not, all of it is asked."""
    try:
        return not head.startswith((GZIP, *ZIP)) and not head.isspace() and _plain_format(head) == "csv"
    except FileRefusedError:
        return False


def has_any_size(path: Path) -> bool:
    """Whether a file is CSV with the columns of a contract, as it is read in blocks: it takes no more memory if it is larger."""
    head = head_of(path, _HEAD)
    try:
        if head.startswith(_UTF_16) or not _is_csv(head):
            return False
        text = read_csv(head[: head.rfind(b"\n") + 1])
        return text.header is not None and not text.surplus
    except FileRefusedError:
        return False


def read_sheet(format: str, data: bytes) -> Sheet:
    """The cells of the plain bytes of a file of any format but CSV. Raises FileRefusedError."""
    match _plain(format):
        case "parquet" | "arrow" as plain:
            from outcomes.sources.parquet import read_typed

            return read_typed(data, is_parquet=plain == "parquet")
        case "xlsx":
            from outcomes.sources.excel import read_excel

            return read_excel(data)
        case "fhir" | "fhir.ndjson":
            from outcomes.sources.fhir import read_fhir

            return read_fhir(data)
        case plain:
            return read_json(data, by_line=plain == "ndjson")


def _plain(format: str) -> str:
    return format.removesuffix(".gz").removesuffix(".zip")


def _inside(data: bytes, packing: str) -> Opened:
    if data.startswith(GZIP) or (data.startswith(ZIP) and not _is_excel(Zip(data))):
        raise FileRefusedError("unknown_format", kind="archive inside an archive")
    return Opened(("xlsx" if data.startswith(ZIP) else _plain_format(data)) + packing, data)


def _plain_format(data: bytes) -> str:
    if data.startswith(_PARQUET):
        return "parquet"
    if data.startswith(_ARROW):
        return "arrow"
    if kind := looks_like(data):
        raise FileRefusedError("unknown_format", kind=kind)
    start = data[:64]
    if start.startswith(_UTF_16) and start.decode("utf-16", "ignore").lstrip()[:1] in ("{", "["):
        raise FileRefusedError("not_utf8")
    if not _JSON.match(data):
        return "csv"
    by_line = is_lines(data)
    if holds_resources(data, by_line=by_line):
        return "fhir.ndjson" if by_line and b"\n" in data.strip() else "fhir"
    return "ndjson" if by_line else "json"


def _is_excel(archive: Zip) -> bool:
    """Whether a zip is an Excel workbook. Raises FileRefusedError where it is what another program writes."""
    names = {name.lower(): name for name in archive.files}
    # No more of either than there must be: both are short.
    types = archive.read(names[_TYPES]).decode("utf-8", "replace") if _TYPES in names else ""
    mimetype = archive.read(names["mimetype"]) if "mimetype" in names else b""
    if kind := looks_like_inside(set(names), types, mimetype):
        raise FileRefusedError("unknown_format", kind=kind)
    return bool(types) and _WORKBOOK in names
