"""`outcomes check`: what a night would do with files, from their bytes alone. Nothing is stored."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import polars as pl

from outcomes.checking import judge
from outcomes.errors import OutcomesError, UsageError
from outcomes.inbox import BATCH_BYTES, MAXIMUM_FILE
from outcomes.paths import Home
from outcomes.tables import ProgressBar, place
from schemas.clinics import Clinics, read_clinics
from schemas.errors import DataFileError
from schemas.reasons import SENTENCES

Row = dict[str, Any]
CHECK_COLUMNS = {
    "file": "file", "sha256": "sha256", "feed": "feed", "format": "format", "refused_because": "refused", "place": "where", "rows_read": "rows read", "good": "good",
    "quarantined": "quarantined", "in_words": "what would be accepted",
}  # fmt: skip
# Lines shown on a terminal for one file; all of them are in the CSV and JSON forms of `outcomes quarantine`.
LINES_SHOWN = 50


def check_files(paths: Sequence[Path], home: Home | None, progress: ProgressBar) -> tuple[list[Row], list[Row]]:
    """One row a file, in the order given, and one per reason of each row that would be set aside.

    With a home, its clinics.toml says which clinics are known. Files are numbered, not named: a name can identify.
    """
    clinics = _clinics(home)
    rows: list[Row] = []
    lines: list[Row] = []
    for start, batch in _batches(paths):
        contents = [bytes_of(path) for path in batch]
        judged = judge(contents, clinics)
        for offset, content in enumerate(contents):
            refusal = judged.refused.get(offset)
            reasons = judged.reasons.filter(pl.col("file") == offset)
            bad = reasons["line"].n_unique() if reasons.height else 0
            rows.append(
                {
                    "file": start + offset + 1, "sha256": hashlib.sha256(content).hexdigest()[:12], "feed": judged.feeds[offset], "format": judged.formats[offset],
                    "refused_because": refusal.reason_code if refusal else None, "place": place(refusal.column_no, refusal.line, refusal.kind) if refusal else None,
                    "rows_read": judged.rows_read[offset], "good": judged.rows_read[offset] - bad, "quarantined": bad,
                    "in_words": SENTENCES[refusal.reason_code] if refusal else None,
                }
            )  # fmt: skip
            shown = reasons.head(LINES_SHOWN).iter_rows(named=True)
            lines += [
                {**reason, "file": start + offset + 1, "sentence": SENTENCES[reason["reason_code"]]} for reason in shown
            ]
        progress("check", start + len(batch), len(paths))
    return rows, lines


def _clinics(home: Home | None) -> Clinics | None:
    if home is None or not home.clinics.exists():
        return None
    try:
        return read_clinics(home.clinics)
    except DataFileError as error:
        raise OutcomesError("; ".join(error.faults)) from None


def bytes_of(path: Path) -> bytes:
    """The bytes of a file that a command is given. Raises UsageError, which does not name it."""
    try:
        if not path.is_file():
            raise UsageError("One of the files is not there or is not a regular file. Check the paths.")
        if path.stat().st_size > MAXIMUM_FILE:
            raise UsageError("One of the files is larger than a file may be (2 GiB). Split it.")
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
