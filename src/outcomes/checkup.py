"""`outcomes check`: what a night would do with files, from their bytes alone. Nothing is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from outcomes.checking import judge
from outcomes.errors import OutcomesError, UsageError
from outcomes.inbox import BATCH_BYTES
from outcomes.paths import Home
from outcomes.sentreceipts import of_judged
from outcomes.settings import settings_of
from outcomes.tables import ProgressBar, place
from schemas.clinics import Clinics, read_clinics
from schemas.errors import DataFileError
from schemas.settings import Limits

Row = dict[str, Any]
CHECK_COLUMNS = {
    "file": "file", "sha256": "sha256", "feed": "feed", "format": "format", "refused_because": "refused", "place": "where", "rows_read": "rows read", "good": "good",
    "quarantined": "quarantined", "in_words": "what would be accepted",
}  # fmt: skip


def check_files(paths: Sequence[Path], home: Home | None, progress: ProgressBar) -> tuple[list[Row], list[Row]]:
    """One row a file, in the order given, and the receipt of each.

    With a home, its clinics.toml says which clinics are known. Files are numbered, not named: a name can identify.
    """
    clinics = _clinics(home)
    limits = settings_of(home).limits if home else Limits()
    receipts: list[Row] = []
    for start, batch in _batches(paths):
        contents = [bytes_of(path, limits) for path in batch]
        judged = judge(contents, clinics)
        hashes = [hashlib.sha256(content).hexdigest() for content in contents]
        receipts += of_judged(judged, hashes, [len(content) for content in contents])
        progress("check", start + len(batch), len(paths))
    return [_row(number, receipt) for number, receipt in enumerate(receipts, start=1)], receipts


def _row(number: int, receipt: Row) -> Row:
    refused, rows = receipt["refused"] or {}, receipt["rows"]
    return {
        "file": number, "sha256": receipt["sha256"][:12], "feed": receipt["feed"], "format": receipt["format"],
        "refused_because": refused.get("reason_code"), "place": place(refused["column_no"], refused["line"], refused["kind"]) if refused else None,
        "rows_read": rows["read"], "good": rows["good"], "quarantined": rows["quarantined"], "in_words": refused.get("sentence"),
    }  # fmt: skip


def _clinics(home: Home | None) -> Clinics | None:
    if home is None or not home.clinics.exists():
        return None
    try:
        return read_clinics(home.clinics)
    except DataFileError as error:
        raise OutcomesError("; ".join(error.faults)) from None


def bytes_of(path: Path, limits: Limits = Limits()) -> bytes:  # noqa: B008 (it is frozen)
    """The bytes of a file that a command is given. Raises UsageError, which does not name it."""
    try:
        if not path.is_file():
            raise UsageError("One of the files is not there or is not a regular file. Check the paths.")
        if path.stat().st_size > limits.file_bytes:
            raise UsageError(
                f"One of the files is larger than a file may be ({limits.file_megabytes:,} MiB). Split it."
            )
        return path.read_bytes()
    except OSError:
        raise UsageError("One of the files cannot be read. Check its permissions.") from None


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
