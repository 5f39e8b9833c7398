"""A night's files of scores into SQLite, and the rates of the clinics: what a careful analyst writes with pandas and pandera.

    python load.py INBOX CLINICS.toml MEASURES.toml AS-OF OUT.sqlite

Good rows go into `score`, the others into `quarantine` by line and reason; `endpoint` has a status for each course and
measure, `rate` the counts with their intervals. The database is made anew each time, from all the files of the inbox.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import hashlib
import io
import re
import sqlite3
import sys
import tomllib
from pathlib import Path
from typing import Any

import contract
import measures
import numpy as np
import pandas as pd

TABLES = """
CREATE TABLE file (file TEXT PRIMARY KEY, sha256 TEXT NOT NULL, received_on TEXT NOT NULL, fate TEXT NOT NULL,
    rows_read INTEGER NOT NULL, accepted INTEGER NOT NULL, duplicate INTEGER NOT NULL, quarantined INTEGER NOT NULL);
CREATE TABLE quarantine (file TEXT NOT NULL, line INTEGER NOT NULL, column_name TEXT, reason_code TEXT NOT NULL);
CREATE TABLE score (file TEXT NOT NULL, line INTEGER NOT NULL, stands INTEGER NOT NULL, {columns},
    items_answered INTEGER NOT NULL, phq9_total INTEGER CHECK (phq9_total BETWEEN 0 AND 27));
"""
INDEXES = """
CREATE INDEX score_of_patient ON score (clinic_id, patient_id, days_since_first_infusion);
CREATE INDEX quarantine_place ON quarantine (file, line);
"""


def normalised(name: str) -> str:
    """A heading in the contract's way: lower case, blanks and hyphens as underscores."""
    return re.sub(r"[ \-]+", "_", name.strip().strip('"').strip().lower())


def read_text(data: bytes) -> tuple[pd.DataFrame, np.ndarray, list[int]]:
    """Cells of a CSV file as categoricals, the line of each row, and the lines with a field too many or too few."""
    lines = data.decode("utf-8-sig").replace("\r\n", "\n").split("\n")
    names = [normalised(name) for name in lines[0].split(",")]
    fields = np.array([line.count(",") + 1 for line in lines], np.int32)
    blank = np.array([not line or line.isspace() for line in lines])
    fields[0], blank[0] = 0, True
    good = (fields == len(names)) & ~blank
    ragged = np.flatnonzero((fields != len(names)) & ~blank) + 1
    body = "\n".join([line for line, is_good in zip(lines, good, strict=True) if is_good])
    texts = pd.read_csv(
        io.StringIO(body), header=None, names=names, dtype=str, keep_default_na=False, na_values=[""],
        quoting=csv.QUOTE_NONE, skip_blank_lines=False,
    )  # fmt: skip
    # Not dtype="category" above: that makes numbers of the categories, and +2 would be 2.
    return texts.astype("category"), np.flatnonzero(good) + 1, ragged.tolist()


def read_file(path: Path, data: bytes) -> tuple[pd.DataFrame, np.ndarray, list[int]]:
    """The cells of a CSV file, of one packed with gzip, or of a Parquet file. Raises ValueError for other columns."""
    if path.suffix == ".parquet":
        typed = pd.read_parquet(io.BytesIO(data), dtype_backend="numpy_nullable")
        texts = pd.DataFrame({name: typed[name].astype("string").astype("category") for name in typed})
        lines, ragged = np.arange(1, len(texts) + 1), list[int]()
    else:
        texts, lines, ragged = read_text(gzip.decompress(data) if path.suffix == ".gz" else data)
    if set(texts) - set(contract.READ) or set(contract.REQUIRED) - set(texts):
        raise ValueError(f"{path.name}: not the columns of the contract")
    return texts, lines, ragged


def settled(rows: pd.DataFrame) -> pd.DataFrame:
    """What becomes of each row: fate (accepted, duplicate, contradiction), stands, and is_retracted.

    Rows of one clinic, patient, day, timepoint and infusion number are about one form. The same values again are a
    duplicate. Of other values that side counts which has the later extract_day, or else a mark (corrected, retracted)
    that the others do not have; where nothing orders them, none counts.
    """
    out = pd.DataFrame({"fate": "accepted", "stands": rows["status"].ne("entered_in_error").fillna(True), "is_retracted": ~rows["status"].ne("entered_in_error").fillna(True)}, index=rows.index)  # fmt: skip
    key = ["patient", "days_since_first_infusion", "timepoint", "infusion_number"]
    repeated = rows.duplicated(key, keep=False)
    if not repeated.any():
        return out
    several = rows[repeated].copy()
    values = [name for name in contract.READ if name not in (*key, "clinic_id", "patient_id", "status", "extract_day")]
    is_error = several["status"] == "entered_in_error"
    several["key"] = several.groupby(key, dropna=False, observed=True).ngroup()
    several["said"] = several.groupby(values, dropna=False, observed=True).ngroup().where(~is_error, -1)
    several["mark"] = np.select([is_error, several["status"].isin(["amended", "corrected"])], [2, 1], 0)
    sides = several.groupby(["key", "said"]).agg(mark=("mark", "max"), day=("extract_day", "max")).reset_index()
    pairs = sides.merge(sides, on="key", suffixes=("", "_2")).query("said != said_2")
    by_day = pairs["day"].notna() & pairs["day_2"].notna() & pairs["day"].ne(pairs["day_2"]).fillna(False)
    after = pairs["day"].gt(pairs["day_2"]).fillna(False).where(by_day, pairs["mark"] > pairs["mark_2"]).astype(bool)
    beaten = pd.MultiIndex.from_frame(pairs.loc[~after, ["key", "said"]])
    winners = sides[~pd.MultiIndex.from_frame(sides[["key", "said"]]).isin(beaten)].set_index("key")["said"]
    winner = several["key"].map(winners)
    again = several.duplicated(["key", "said"])
    fate = np.select([winner.isna(), again], ["contradiction", "duplicate"], "accepted")
    out.loc[several.index, "fate"] = fate
    out.loc[several.index, "stands"] = (fate == "accepted") & (several["said"] == winner) & ~is_error
    out.loc[several.index, "is_retracted"] = is_error | (winner == -1)
    return out


def objects(column: pd.Series) -> list[Any]:
    """Plain Python values for SQLite, None for missing ones."""
    return column.astype(object).where(column.notna(), None).tolist()


def main(inbox: Path, clinics_file: Path, measures_file: Path, as_of: dt.date, out: Path) -> None:
    """The night."""
    clinics = tomllib.loads(clinics_file.read_text("utf-8"))["clinics"]
    rules = tomllib.loads(measures_file.read_text("utf-8"))
    seen: set[str] = set()
    files, found, wrong = [], [], []
    for path in sorted(inbox.iterdir()):
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        if digest in seen:
            files.append((path.name, digest, "known", 0))
            continue
        seen.add(digest)
        texts, lines, ragged = read_file(path, data)
        files.append((path.name, digest, "taken", len(texts) + len(ragged)))
        rows, reasons = contract.checked(texts, list(clinics))
        reasons = reasons.assign(file=path.name, line=lines[reasons["row"].astype(int)])
        wrong += [
            reasons,
            pd.DataFrame({"file": path.name, "line": ragged, "column_name": None, "reason_code": "field_count"}),
        ]
        good = rows.assign(file=path.name, line=lines).drop(index=reasons["row"].astype(int).unique())
        found.append(good.assign(clinic_id=good["clinic_id"].astype(str), patient_id=good["patient_id"].astype(str)))
    rows = pd.concat(found, ignore_index=True)
    rows["recall_period"] = rows["recall_period"].fillna("two_weeks")
    rows["status"] = rows["status"].fillna("final")
    whole, none = rows["items_answered"] == 9, rows["items_answered"] == 0
    rows["phq9_total"] = rows["items_sum"].astype("Int16").where(whole, rows["total"].where(none))
    rows["patient"] = rows.groupby(["clinic_id", "patient_id"], sort=False).ngroup()
    rows = rows.join(settled(rows))
    contradicted = rows[rows["fate"] == "contradiction"]
    wrong.append(contradicted[["file", "line"]].assign(column_name=None, reason_code="contradiction"))
    quarantine = pd.concat(wrong, ignore_index=True)
    stored = rows[rows["fate"] == "accepted"]
    endpoints, rates = measures.rates(rows, stored, clinics, rules)

    out.unlink(missing_ok=True)
    con = sqlite3.connect(out)
    kinds = {"text": "TEXT", "Float64": "REAL"}
    named = [
        f"{name} {'TEXT' if isinstance(dtype, list) else kinds.get(dtype, 'INTEGER')}"
        for name, (_, _, dtype) in contract.READ.items()
    ]
    con.executescript(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;" + TABLES.format(columns=", ".join(named))
    )
    columns = ["file", "line", "stands", *contract.READ, "items_answered", "phq9_total"]
    with con:
        con.executemany(
            f"INSERT INTO score VALUES ({', '.join('?' * len(columns))})",
            zip(*(objects(stored[name]) for name in columns), strict=True),
        )
        con.executemany(
            "INSERT INTO quarantine VALUES (?, ?, ?, ?)",
            zip(*(objects(quarantine[name]) for name in ("file", "line", "column_name", "reason_code")), strict=True),
        )
        fates = rows.groupby(["file", "fate"]).size()
        for name, digest, fate, read in files:
            accepted, duplicate = (int(fates.get((name, one), 0)) for one in ("accepted", "duplicate"))
            con.execute(
                "INSERT INTO file VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (name, digest, as_of.isoformat(), fate, read, accepted, duplicate, read - accepted - duplicate),
            )
        endpoints.to_sql("endpoint", con, index=False)
        rates.to_sql("rate", con, index=False)
        con.executescript(INDEXES)
    con.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3]), dt.date.fromisoformat(sys.argv[4]), Path(sys.argv[5]))
