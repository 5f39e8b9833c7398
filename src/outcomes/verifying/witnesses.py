"""The receipts against the database, both ways: what one tells of and the other does not, and what they say otherwise."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import duckdb

from outcomes import witnessing
from outcomes.destroying import DESTROYED
from outcomes.destroying import RECEIPT as DESTROYED_RECEIPT
from outcomes.exporting import SHARED_TABLES
from outcomes.exporting import WITNESS as SHARED
from outcomes.frames import one
from outcomes.ledger import NO_HASH
from outcomes.merging import IDENTITY
from outcomes.merging import RECEIPT as IDENTITY_RECEIPT
from outcomes.nightreceipts import DIGESTED, LOGS, NIGHTS, line_hash, said_of_nights, stored_digests
from outcomes.paths import Home
from outcomes.receipts import RECEIPTS, receipts_of
from outcomes.reviewing import ACKNOWLEDGEMENTS
from outcomes.reviewing import RECEIPT as ACKNOWLEDGEMENT_RECEIPT
from outcomes.standing import Standing
from outcomes.summary import Row, rows_of
from outcomes.verifying.checks import NOT_CHECKED, Check, checked, counted, some

Look = Callable[[Home, duckdb.DuckDBPyConnection, Standing], Check]

CUT = "its last line is cut"
# A patient whom a split made has the pseudonym of the one that was split, with the number of the change.
_MADE = """
    SELECT DISTINCT -p.patient_no FROM patient AS p
    LEFT JOIN identity_change AS c ON c.change_no = -p.patient_no AND c.kind = 'split'
    LEFT JOIN patient AS f ON f.patient_no = c.from_no
    WHERE p.patient_no < 0 AND (p.clinic_id, p.patient_id) IS DISTINCT FROM (f.clinic_id, f.patient_id || '/' || c.change_no)
"""


def lines_of(path: Path) -> tuple[list[Row], list[str]]:
    """The JSON lines of a file, read and nothing mended; and what is wrong with it."""
    if not path.exists():
        return [], []
    whole = path.read_bytes()
    faults = [] if not whole or whole.endswith(b"\n") else [f"{path.name}: {CUT}"]
    lines = []
    for number, line in enumerate(whole.splitlines(keepends=True), 1):
        if not line.endswith(b"\n"):
            continue
        try:
            said = json.loads(line)
            assert isinstance(said, dict)
            lines.append(said)
        except (ValueError, AssertionError):
            faults.append(f"{path.name}: line {number} is damaged")
    return lines, faults


def compared(stored: dict[int, Any], told: dict[int, Any], what: str, file: str) -> list[str]:
    """What of numbered entries a database and its receipts do not both say. Of a line only its own keys count."""
    last, last_told = max(stored, default=0), max(told, default=0)
    faults = []
    if lost := sorted(number for number in told if number > last):
        faults.append(f"the database is older than its receipts: {what} {some(lost)} of {file}; the next night puts it back")  # fmt: skip
    if cut := sorted(number for number in stored if number > last_told):
        faults.append(f"{what} {some(cut)} not in {file}: it was cut, or a command was stopped midway")
    if gone := sorted(number for number in told if number <= last and number not in stored):
        faults.append(f"{what} {some(gone)} of {file} not in the database")
    if more := sorted(number for number in stored if number <= last_told and number not in told):
        faults.append(f"{what} {some(more)} not in {file}")
    for number in sorted(stored.keys() & told.keys()):
        here, there = stored[number], told[number]
        if other := [key for key in there if key not in here or here[key] != there[key]]:
            faults.append(f"{what} {number}: {some(other)} not as in {file}")
    return faults


def _but_unwritten(
    stored: dict[int, Any], told: dict[int, Any], faults: list[str], standing: Standing
) -> tuple[dict[int, Any], list[str]]:
    """Without what an unfinished night has stored and has not written down yet, or cut off in the middle of a line."""
    if standing.night is None:
        return stored, faults
    written = {number: row for number, row in stored.items() if number in told or row.get("night") != standing.night}
    return written, [fault for fault in faults if not fault.endswith(CUT)]


def receipts(home: Home, con: duckdb.DuckDBPyConnection, standing: Standing) -> Check:
    """The ledger and receipts.jsonl."""
    lines, faults = lines_of(home.receipts / RECEIPTS)
    stored = {row["arrival_no"]: row for row in _plain(receipts_of(con))}
    told = {line["arrival_no"]: line for line in lines}
    if len(told) < len(lines):
        faults.append(f"{RECEIPTS} tells of an arrival twice")
    stored, faults = _but_unwritten(stored, told, faults, standing)
    return checked("receipts", counted(len(lines), "receipt"), faults + compared(stored, told, "arrival", RECEIPTS))


def nights(home: Home, con: duckdb.DuckDBPyConnection, standing: Standing) -> Check:
    """Each night and its receipt, the chain of those, and the digest of each stored table as the last night left it."""
    lines, faults = lines_of(home.receipts / NIGHTS)
    stored = {row["night"]: row for row in said_of_nights(con)}
    if not lines and stored and not any(row["program_digest"] for row in stored.values()):
        return Check("nights", counted(len(stored), "night"), NOT_CHECKED, "nights of an earlier version have left no receipt")  # fmt: skip
    previous = NO_HASH
    for line in lines:
        if line["previous_hash"] != previous or line_hash(line) != line["hash"]:
            faults.append(f"{NIGHTS}: the chain breaks at night {line['night']}")
            break
        previous = line["hash"]
    about = ("stored", "sql_digest", "previous_hash", "hash")
    told = {line["night"]: {key: line[key] for key in line if key not in about} for line in lines}
    stored, faults = _but_unwritten(stored, told, faults, standing)
    faults += compared(stored, told, "night", NIGHTS)
    last = next((line for line in lines if stored and line["night"] == max(stored)), None)
    if last and not standing.is_halted:
        if last["sql_digest"] != one(con, "SELECT sql_digest FROM laid"):
            faults.append("the store was laid by other SQL than its last night says")
        elif last["stored"]:
            now = stored_digests(con)
            other = [name for name, digest in last["stored"].items() if now.get(name) != digest]
            faults += [f"{name} is not as night {last['night']} left it" for name in other]
    faults += [f"patient made by split {change} is not as the split made it" for (change,) in con.execute(_MADE).fetchall()]  # fmt: skip
    return checked("nights", f"{counted(len(lines), 'receipt')} of nights, {len(DIGESTED)} stored tables", faults)


def versions(con: duckdb.DuckDBPyConnection) -> Check:
    """Each night says by which program, lock file and data files it was made, from the first one that could on."""
    nights = rows_of(con, "SELECT night, program_version, program_digest, lock_digest, data_versions FROM night ORDER BY night")  # fmt: skip
    since = next((place for place, row in enumerate(nights) if row["program_digest"]), len(nights))
    silent = [row["night"] for row in nights[since:] if not all(row.values())]
    silent += [row["night"] for row in nights[:since] if not (row["program_version"] and row["data_versions"])]
    last = nights[-1] if nights else None
    said = f"program {last['program_version']} ({last['program_digest'] or 'no digest'}), lock file {last['lock_digest'] or 'not recorded'}" if last else "no night"  # fmt: skip
    return checked("versions", said, [f"night {some(silent)} does not say what made it"] if silent else [])


def _numbered(name: str, file: str, key: str, query: str, what: str, unsaid: Row | None = None) -> Look:
    """The check of a witness that has one line an entry, by a query that gives the entries."""
    return _lined(name, file, key, lambda con: _plain(rows_of(con, query)), what, unsaid)


def _lined(
    name: str,
    file: str,
    key: str,
    entries: Callable[[duckdb.DuckDBPyConnection], list[Row]],
    what: str,
    unsaid: Row | None = None,
) -> Look:
    """The check of a witness that has one line an entry. unsaid: what a line says that leaves it out."""

    def check(home: Home, con: duckdb.DuckDBPyConnection, standing: Standing) -> Check:
        lines, faults = lines_of(home.receipts / file)
        told = {line[key]: (unsaid or {}) | line for line in lines}
        stored = {row[key]: row for row in entries(con)}
        stored, faults = _but_unwritten(stored, told, faults, standing)
        return checked(name, counted(len(lines), "receipt"), faults + compared(stored, told, what, file))

    return check


def _shared(home: Home, con: duckdb.DuckDBPyConnection, _: Standing) -> Check:
    """What each edition told, line by line of shared.jsonl."""
    lines, faults = lines_of(home.receipts / SHARED)

    def edition(rows: dict[str, Iterable[Row]]) -> Row:
        return {table: sorted(json.dumps(row, sort_keys=True) for row in _plain(rows[table])) for table in SHARED_TABLES}  # fmt: skip

    told = {line["shared_edition"][0]["edition"]: edition(line) for line in lines}
    found: dict[int, dict[str, list[Row]]] = {}
    for table in SHARED_TABLES:
        for row in rows_of(con, f"SELECT * FROM {table}"):
            found.setdefault(row["edition"], {name: [] for name in SHARED_TABLES})[table].append(row)
    stored = {number: edition(dict(rows)) for number, rows in found.items()}
    return checked("editions", counted(len(lines), "receipt"), faults + compared(stored, told, "edition", SHARED))


def _recorded(kept: witnessing.Witnessed) -> Look:
    return _lined(kept.table.replace("_", " "), kept.file, kept.number, lambda con: witnessing.rows(con, kept), "entry")


# Witnesses of what people said or shared between nights: each has a line, which is its check's name.
SPOKEN: dict[str, Look] = {
    **{table.replace("_", " "): _numbered(table.replace("_", " "), file, "entry", f"SELECT * FROM {table} ORDER BY entry", "entry") for table, file in LOGS.items()},
    "acknowledgements": _numbered("acknowledgements", ACKNOWLEDGEMENTS, "acknowledgement_no", ACKNOWLEDGEMENT_RECEIPT, "entry"),
    "identity": _numbered("identity", IDENTITY, "change_no", IDENTITY_RECEIPT.format(at="main"), "change"),
    "destroyed": _numbered("destroyed", DESTROYED, "destroyed_no", DESTROYED_RECEIPT, "entry", {"reason_code": None}),
    "editions": _shared,
    **{kept.table.replace("_", " "): _recorded(kept) for kept in witnessing.ALL},
}  # fmt: skip


def _plain(rows: Iterable[Row]) -> list[Row]:
    """Rows as JSON has them: dates as text."""
    said: list[Row] = json.loads(json.dumps(list(rows), default=str))
    return said
