"""The ledger: an entry for each reading of a file, each with the hash of the one before."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import duckdb
import polars as pl

from outcomes.checking import Judged
from outcomes.frames import given
from outcomes.lasting import on_one_line

if TYPE_CHECKING:
    from outcomes.store import File, NightId

NO_HASH = "0" * 64
_AS_STORED = {
    "arrival_no": pl.Int32, "sha256": pl.String, "read_again_of": pl.Int32, "night": pl.Int32, "received_on": pl.String, "feed": pl.String,
    "format": pl.String, "profile": pl.String, "bytes": pl.Int64, "refused_because": pl.String, "rows_read": pl.Int32, "rows_accepted": pl.Int32,
    "rows_duplicate": pl.Int32, "rows_quarantined": pl.Int32, "rows_blank": pl.Int32, "rows_noted": pl.Int32, "rows_digest": pl.String,
    "previous_hash": pl.String, "hash": pl.String,
}  # fmt: skip
# Number and hash of the last entry.
LAST_ENTRY = "SELECT arrival_no, hash FROM arrival ORDER BY arrival_no DESC LIMIT 1"
ENTRY = tuple(_AS_STORED)[:-1]
# Part of an entry's hash only where they say something: entries of an earlier version have none of them.
_UNSAID = {"read_again_of": None, "profile": "", "rows_blank": 0}


def write_entries(
    con: duckdb.DuckDBPyConnection,
    night: NightId,
    first: int,
    files: Sequence[File],
    judged: Judged,
    fates: dict[int, tuple[int, int, int]],
    digests: dict[int, int],
) -> None:
    """Append one entry a file, each with the hash of the one before.

    fates: accepted, duplicate and contradicted rows by file. digests: sum over the stored rows by arrival_no.
    """
    noted = dict(judged.notes.group_by("file").agg(pl.col("cells").sum()).iter_rows())
    set_aside = dict(judged.reasons.group_by("file").agg(pl.col("line").n_unique()).iter_rows())
    with given(con, "files", pl.DataFrame({"sha256": [file.sha256 for file in files]})):
        again = dict(
            con.execute(
                "SELECT sha256, min(arrival_no) FROM arrival SEMI JOIN files USING (sha256) GROUP BY sha256"
            ).fetchall()
        )
    received_on = night.as_of.isoformat()
    previous = (con.execute("SELECT arg_max(hash, arrival_no) FROM arrival").fetchone() or (None,))[0] or NO_HASH
    entries = []
    for number, file in enumerate(files):
        taken, duplicate, contradicted = fates.get(number, (0, 0, 0))
        refusal = judged.refused.get(number)
        entry = (
            first + number, file.sha256, again.get(file.sha256), night.night, received_on, judged.feeds[number],
            judged.formats[number], judged.profiles[number], file.size, refusal.reason_code if refusal else None, judged.rows_read[number],
            taken, duplicate, contradicted + set_aside.get(number, 0), judged.blank[number], noted.get(number, 0),
            str(digests.get(first + number, 0)), previous,
        )  # fmt: skip
        previous = entry_hash(dict(zip(ENTRY, entry, strict=True)))
        entries.append((*entry, previous))
    with given(con, "entries", pl.DataFrame(entries, _AS_STORED, orient="row")):
        con.execute("INSERT INTO arrival BY NAME FROM entries")
    refusals = [(first + n, e.reason_code, e.kind, e.column_no, e.line) for n, e in sorted(judged.refused.items())]
    if refusals:
        con.executemany("INSERT INTO refusal VALUES (?, ?, ?, ?, ?)", refusals)


def entry_hash(entry: dict[str, Any]) -> str:
    """SHA-256 of a ledger entry, its predecessor's hash included."""
    said = {key: entry[key] for key in ENTRY if key not in _UNSAID or entry.get(key, _UNSAID[key]) != _UNSAID[key]}
    return hashlib.sha256(on_one_line(said).encode()).hexdigest()
