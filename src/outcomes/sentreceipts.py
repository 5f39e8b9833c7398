"""Receipts that a clinic can be sent: what became of a file, as a value, as JSON and as text. No patient, value or name in it.

A receipt made of what a check found (`of_judged`) and one made of the store (`of_store`) are built by the same lines, so
that both say the same of the same file. What only the store can know is null in the first.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from outcomes import lasting
from outcomes.checking import Judged
from outcomes.errors import UsageError
from outcomes.frames import asked
from outcomes.paths import Home
from outcomes.tables import place
from schemas.reasons import SENTENCES

Row = dict[str, Any]

# Stretches of lines written out in a text; JSON has all of them.
SHOWN = 12
_OF_A_DATE = "In place of a date, days since the first infusion are sent; where a clinic may send dates, whoever runs the night says so by limited_data_set in clinics.toml."
_BETWEEN = f"\n{'-' * 72}\n\n"
_ARRIVALS = """
    SELECT a.arrival_no, a.sha256, n.night, n.as_of::VARCHAR AS as_of, f.night AS read_again_of_night, a.feed, a.format, a.profile, a.bytes,
        a.refused_because, r.kind, r.column_no, r.line, a.rows_read, a.rows_accepted, a.rows_duplicate, a.rows_quarantined, a.rows_blank, a.hash AS ledger_hash
    FROM arrival AS a
    JOIN night AS n USING (night)
    LEFT JOIN refusal AS r USING (arrival_no)
    LEFT JOIN arrival AS f ON f.arrival_no = a.read_again_of
    WHERE {which}
    ORDER BY a.arrival_no
"""
_OF = "JOIN arrival AS a USING (arrival_no) WHERE {which}"
# What of an arrival's rows is said line by line, each as file, code, column_name and line.
_REASONS = "SELECT DISTINCT arrival_no AS file, reason_code AS code, column_name, line FROM quarantine " + _OF
_ASIDE_LATER = f"SELECT DISTINCT arrival_no AS file, reason_code AS code, column_name, line FROM set_aside {_OF} AND found_at = 'course'"
_CORRECTIONS = f"""
    SELECT DISTINCT arrival_no AS file, reason_code AS code, NULL::VARCHAR AS column_name, by_line AS line
    FROM (
        SELECT by_arrival_no AS arrival_no, reason_code, by_line FROM score_event WHERE NOT current
        UNION ALL SELECT by_arrival_no, reason_code, by_line FROM patient_row_event WHERE NOT current
    )
    {_OF} AND reason_code IN ('corrected', 'retracted', 'read_again')
"""
_NOTES = f"SELECT arrival_no AS file, column_name, note_code, cells FROM note {_OF}"


def of_judged(judged: Judged, shas: Sequence[str], sizes: Sequence[int]) -> list[Row]:
    """A receipt for each file of a batch that was judged and not stored."""
    aside = dict(judged.reasons.group_by("file").agg(pl.col("line").n_unique()).iter_rows())
    files = []
    for file, (sha, size) in enumerate(zip(shas, sizes, strict=True)):
        refusal = judged.refused.get(file)
        files.append(
            {
                "arrival_no": file, "sha256": sha, "night": None, "as_of": None, "read_again_of_night": None, "feed": judged.feeds[file],
                "format": judged.formats[file], "profile": judged.profiles[file], "bytes": size,
                "refused_because": refusal.reason_code if refusal else None, "kind": refusal.kind if refusal else None,
                "column_no": refusal.column_no if refusal else None, "line": refusal.line if refusal else None,
                "rows_read": judged.rows_read[file], "rows_accepted": None, "rows_duplicate": None,
                "rows_quarantined": aside.get(file, 0), "rows_blank": judged.blank[file], "ledger_hash": None,
            }
        )  # fmt: skip
    reasons = judged.reasons.rename({"reason_code": "code"}).unique()
    return list(_built(files, reasons, None, None, judged.notes))


def of_store(con: duckdb.DuckDBPyConnection, *, night: int | None = None, sha: str | None = None) -> list[Row]:
    """A receipt for each arrival of a night, or for each reading of a file, in the order of the ledger."""
    which = _of_night(night) if night is not None else f"a.sha256 = '{_hexadecimal(sha)}'"
    return list(_of_arrivals(con, which))


def _of_arrivals(con: duckdb.DuckDBPyConnection, which: str) -> Iterator[Row]:
    """The same one by one: 50,000 of them are not kept."""
    files = asked(con, _ARRIVALS.format(which=which))
    if files.height:
        yield from _built(
            files.iter_rows(named=True),
            asked(con, _REASONS.format(which=which)),
            asked(con, _CORRECTIONS.format(which=which)),
            asked(con, _ASIDE_LATER.format(which=which)),
            asked(con, _NOTES.format(which=which)),
        )


def _of_night(night: int) -> str:
    return f"a.night = {int(night)}"


def _hexadecimal(sha: str | None) -> str:
    return f"{int(sha or '', 16):064x}"


def _built(
    files: Iterable[Row], reasons: pl.DataFrame, corrections: pl.DataFrame | None, warnings: pl.DataFrame | None, notes: pl.DataFrame
) -> Iterator[Row]:  # fmt: skip
    """The one shape of a receipt. `files` are numbered by arrival_no, which the column `file` of the frames means."""
    said, corrected, warned = (_by_line(frame) for frame in (reasons, corrections, warnings))
    noted: dict[int, list[Row]] = {}
    for row in notes.sort("file", "note_code", "column_name").iter_rows(named=True):
        note = {"note_code": row["note_code"], "column_name": row["column_name"], "cells": row["cells"]}
        noted.setdefault(row["file"], []).append(note | {"sentence": SENTENCES[row["note_code"]]})
    for file in files:
        number, refused_because, rows_read = file["arrival_no"], file["refused_because"], file["rows_read"]
        yield {
            "sha256": file["sha256"], "night": file["night"], "as_of": file["as_of"], "read_again_of_night": file["read_again_of_night"],
            "feed": file["feed"], "format": file["format"], "profile": file["profile"], "bytes": file["bytes"], "ledger_hash": file["ledger_hash"],
            "fate": "refused" if refused_because else "taken",
            "refused": {
                "reason_code": refused_because, "kind": file["kind"], "column_no": file["column_no"], "line": file["line"],
                "sentence": SENTENCES[refused_because],
            } if refused_because else None,
            "rows": {
                "read": rows_read, "good": rows_read - file["rows_quarantined"] - file["rows_blank"],
                "accepted": file["rows_accepted"], "duplicate": file["rows_duplicate"], "quarantined": file["rows_quarantined"],
                "blank": file["rows_blank"],
            },
            "reasons": said.get(number, []),
            "notes": noted.get(number, []),
            "corrections": None if corrections is None else corrected.get(number, []),
            "warnings": None if warnings is None else warned.get(number, []),
        }  # fmt: skip


def _by_line(frame: pl.DataFrame | None) -> dict[int, list[Row]]:
    """file -> each code and column with how many rows, its lines as [first, last] of each stretch, and its sentence."""
    if frame is None or frame.is_empty():
        return {}
    of = ["file", "code", "column_name"]
    stretches = (
        frame.sort(*of, "line")
        .with_columns(stretch=pl.col("line").cast(pl.Int64) - pl.int_range(pl.len()).over(of))
        .group_by(*of, "stretch", maintain_order=True)
        .agg(first=pl.col("line").min(), last=pl.col("line").max(), rows=pl.len())
        .group_by(*of, maintain_order=True)
        .agg(pl.col("rows").sum(), lines=pl.concat_list("first", "last"))
    )
    found: dict[int, list[Row]] = {}
    for file, code, column, rows, lines in stretches.sort("file", "rows", "code", "column_name", descending=[False, True, False, False]).iter_rows():  # fmt: skip
        row = {"reason_code": code, "column_name": column, "rows": rows, "lines": lines, "sentence": SENTENCES[code]}
        found.setdefault(file, []).append(row)
    return found


def as_text(receipt: Row) -> str:
    """A receipt for a person at the clinic."""
    when = f"Night {receipt['night']}, as of {receipt['as_of']}" if receipt["night"] else "Checked, not stored"
    if receipt["read_again_of_night"]:
        when += f": read again, it came in night {receipt['read_again_of_night']}"
    by = f", read by {receipt['profile']}" if receipt["profile"] else ""
    parts = [
        f"Receipt for the file with the SHA-256\n{receipt['sha256']}",
        f"{when}.\nFormat {receipt['format']}{by}; feed {receipt['feed']}; {receipt['bytes']:,} bytes.",
        _fate_words(receipt),
    ]
    parts += _listed("Set aside, not counted", receipt["reasons"])
    parts += _listed("Stored, but against the patient's other rows, so not counted", receipt["warnings"])
    parts += _listed("Rows that change what was sent before", receipt["corrections"])
    if receipt["notes"]:
        lines = [
            f"  {note['cells']:,} {'cell' if note['cells'] == 1 else 'cells'} of {note['column_name']}: {note['sentence']}."
            for note in receipt["notes"]
        ]
        parts.append("\n".join(["Read with a note:", *lines]))
    codes = {row["reason_code"] for row in receipt["reasons"]}
    if "unknown_clinic" in codes:
        parts.append(
            "A row of a clinic that is not registered need not be sent again: its file is read again by whoever registers it."
        )
    if codes - {"unknown_clinic"}:
        parts.append("Correct the rows that are set aside and send them again; the other rows need not be sent again.")
    if receipt["ledger_hash"]:
        parts.append(
            f"Keep this receipt. Hash of the file's entry in the ledger, in which those of all files before it are:\n{receipt['ledger_hash']}"
        )
    return "\n\n".join(parts) + "\n"


def _fate_words(receipt: Row) -> str:
    if refused := receipt["refused"]:
        where = place(refused["column_no"], refused["line"], refused["kind"])
        of_date = f" {_OF_A_DATE}" if (refused["reason_code"], refused["kind"]) == ("identifier", "date") else ""
        return (
            f"Refused: {refused['reason_code']}{f' ({where})' if where else ''}.\n{_sentence(refused['sentence'])}{of_date}\n"
            "Nothing of the file was stored. Correct it and send it again."
        )
    rows = receipt["rows"]
    blank = f" + {rows['blank']:,} blank" if rows["blank"] else ""
    if rows["accepted"] is None:
        return f"Would be taken. Rows: {rows['read']:,} read = {rows['good']:,} good + {rows['quarantined']:,} quarantined{blank}."
    return (
        f"Taken. Rows: {rows['read']:,} read = {rows['accepted']:,} accepted + {rows['duplicate']:,} duplicate + "
        f"{rows['quarantined']:,} quarantined{blank}."
    )


def _listed(title: str, rows: list[Row] | None) -> list[str]:
    if not rows:
        return []
    lines = []
    for row in rows:
        column = f", column {row['column_name']}" if row["column_name"] else ""
        lines.append(f"  {row['reason_code']}{column}: {row['rows']:,} {'row' if row['rows'] == 1 else 'rows'}, {_lines(row)}")  # fmt: skip
        lines.append(f"    {_sentence(row['sentence'])}")
    return ["\n".join([f"{title}:", *lines])]


def _lines(row: Row) -> str:
    shown = row["lines"][:SHOWN]
    words = ", ".join(str(first) if first == last else f"{first}-{last}" for first, last in shown)
    left = row["rows"] - sum(last - first + 1 for first, last in shown)
    return f"{'line' if row['rows'] == 1 else 'lines'} {words}" + (f" and {left:,} more" if left else "")


def _sentence(words: str) -> str:
    return words[0].upper() + words[1:] + "."


def as_json(receipt: Row) -> str:
    """A receipt on one line."""
    return lasting.on_one_line(receipt)


def write_sent(home: Home, con: duckdb.DuckDBPyConnection, *, night: int) -> None:
    """The night's receipts, in two files: JSON lines, and texts one below the other. They can be made again from the store."""
    receipts = _of_arrivals(con, _of_night(night))
    first = next(receipts, None)
    if first is None:
        return
    home.sent.mkdir(mode=0o700, exist_ok=True)
    # Not made to last: 50,000 files of a night must not cost an fsync each.
    path = home.sent / f"night-{night}"
    with (
        path.with_suffix(".jsonl").open("w", encoding="utf-8") as lines,
        path.with_suffix(".txt").open("w", encoding="utf-8") as texts,
    ):
        lines.write(as_json(first) + "\n")
        texts.write(as_text(first))
        for receipt in receipts:
            lines.write(as_json(receipt) + "\n")
            texts.write(_BETWEEN + as_text(receipt))


def write_one_by_one(receipts: Iterable[Row], folder: Path) -> int:
    """Each receipt as SHA-256.txt and SHA-256.json in a folder, ready to be sent; returns how many.

    Raises UsageError where the folder holds other things.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise UsageError(f"{folder} is not empty. Give an empty folder, or one that is not there yet.")
    done = 0
    for receipt in receipts:
        (folder / f"{receipt['sha256']}.txt").write_text(as_text(receipt), "utf-8")
        (folder / f"{receipt['sha256']}.json").write_text(json.dumps(receipt, indent=1) + "\n", "utf-8")
        done += 1
    return done
