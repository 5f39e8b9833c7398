"""`outcomes check`: what a night would do with files, from their bytes alone. Nothing is stored."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from outcomes.checking import judge
from outcomes.datafiles import clinics_of
from outcomes.inbox import BATCH_BYTES, content_given, is_of_finished
from outcomes.paths import Home
from outcomes.sentreceipts import of_judged
from outcomes.settings import settings_of
from outcomes.sources.content import sha256_of
from outcomes.tables import ProgressBar, place
from schemas.settings import Limits

Row = dict[str, Any]
CHECK_COLUMNS = {
    "file": "file", "sha256": "sha256", "feed": "feed", "format": "format", "refused_because": "refused", "place": "where", "rows_read": "rows read", "good": "good",
    "quarantined": "quarantined", "in_words": "what would be accepted",
}  # fmt: skip
LEFT = "its name ends in .part or begins with a dot, so a night leaves it in the inbox until it is renamed"


def check_files(paths: Sequence[Path], home: Home | None, progress: ProgressBar) -> tuple[list[Row], list[Row]]:
    """One row a file, in the order given, and the receipt of each.

    With a home, its clinics.toml says which clinics are known. Files are numbered, not named: a name can identify.
    """
    clinics = clinics_of(home) if home else None
    limits = settings_of(home).limits if home else Limits()
    receipts: list[Row] = []
    for start, batch in _batches(paths):
        contents = [content_given(path, limits) for path in batch]
        judged = judge(contents, clinics)
        told = [sha256_of(content) for content in contents]
        receipts += of_judged(judged, [sha for sha, _ in told], [size for _, size in told])
        progress("check", start + len(batch), len(paths))
    rows = [
        _row(number, path, receipt) for number, (path, receipt) in enumerate(zip(paths, receipts, strict=True), start=1)
    ]
    return rows, receipts


def _row(number: int, path: Path, receipt: Row) -> Row:
    refused, rows = receipt["refused"] or {}, receipt["rows"]
    return {
        "file": number, "sha256": receipt["sha256"][:12], "feed": receipt["feed"], "format": receipt["format"],
        "refused_because": refused.get("reason_code"), "place": place(refused["column_no"], refused["line"], refused["kind"]) if refused else None,
        "rows_read": rows["read"], "good": rows["good"], "quarantined": rows["quarantined"], "in_words": refused.get("sentence"),
        "left_because": None if is_of_finished(path.name) else LEFT,
    }  # fmt: skip


def _batches(paths: Sequence[Path]) -> list[tuple[int, list[Path]]]:
    out: list[tuple[int, list[Path]]] = []
    size = 0
    for number, path in enumerate(paths):
        each = path.stat().st_size if path.is_file() else 0
        if not out or size + each > BATCH_BYTES:
            out.append((number, []))
            size = 0
        out[-1][1].append(path)
        size += each
    return out
