"""Pseudonyms that a clinic issued twice: two joined to one patient, or one split in two. Append-only, and undoable.

Nothing that is stored is rewritten. A change is a row of identity_change, in force from the next night on, and a line of
identity.jsonl outside the database. Neither that line nor a message holds a pseudonym: patients go by their number.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb

from outcomes import lasting
from outcomes.errors import OutcomesError, UsageError
from outcomes.frames import at_once, one
from outcomes.paths import Home
from outcomes.publishedcopy import SHORTEST_HEAD
from outcomes.recomputing import first_row
from outcomes.signing import last_night, refuse_other_program, signed
from outcomes.summary import Row, rows_of

IDENTITY = "identity.jsonl"
# No day of a score is further from another than this.
LONGEST = 4050
_NEEDED = ("clinic_id", "from", "into", "day_offset")
_COLUMNS = {*_NEEDED, "arrival", "from_day"}

RECEIPT = """
    SELECT c.change_no, c.kind, c.clinic_id, c.from_no, c.into_no, c.day_offset, a.sha256, c.from_day, c.undoes, c.made_by, c.night
    FROM {at}.identity_change AS c LEFT JOIN {at}.arrival AS a USING (arrival_no)
    ORDER BY c.change_no
"""
_LISTED = """
    SELECT c.change_no, c.kind, c.clinic_id, f.patient_id AS from_id, i.patient_id AS into_id, c.day_offset, a.sha256[:12] AS sha256,
        c.from_day, c.undoes, c.made_by, c.night, u.change_no AS undone_by,
        c.night < (SELECT max(night) FROM night) AS is_in_force
    FROM identity_change AS c
    LEFT JOIN patient AS f ON f.patient_no = c.from_no
    LEFT JOIN patient AS i ON i.patient_no = c.into_no
    LEFT JOIN arrival AS a USING (arrival_no)
    LEFT JOIN identity_change AS u ON u.undoes = c.change_no
    ORDER BY c.change_no
"""
# What is not undone, in force already or from the next night on.
_STANDING = "(FROM identity_change WHERE kind <> 'undo' AND change_no NOT IN (SELECT undoes FROM identity_change WHERE undoes IS NOT NULL))"


@dataclass(frozen=True)
class Wanted:
    """A join, or with an arrival or a day a split, as somebody asks for it. `place` says where, for messages."""

    clinic: str
    from_id: str
    into_id: str | None
    day_offset: int
    arrival: str | None = None
    from_day: int | None = None
    place: str = "on the command line"

    @property
    def is_split(self) -> bool:
        return self.arrival is not None or self.from_day is not None


# Appends to a store, given who signs and the last night; returns the numbers of what it appended.
Record = Callable[[duckdb.DuckDBPyConnection, str, int], list[int]]


@dataclass(frozen=True)
class Done:
    """What was recorded, and what the next night will make of it: stored scores that count for another patient or day,
    that count once where they were sent twice, and that are set aside because they contradict."""

    numbers: list[int]
    moved: int
    duplicate: int
    contradicting: int


def read_pairs(text: str) -> list[Wanted]:
    """The lines of a CSV file with clinic_id, from, into, day_offset, and for splits arrival or from_day.

    Raises UsageError that names a line and a column, never what they hold.
    """
    reader = csv.DictReader(io.StringIO(text.removeprefix("\ufeff")), strict=True)
    try:
        head = set(reader.fieldnames or ())
        if not set(_NEEDED) <= head <= _COLUMNS:
            raise UsageError(
                f"The pairs need a header of {', '.join(_NEEDED)}; for splits arrival or from_day too, and no more."
            )
        wanted = [_of_line(row, f"in line {reader.line_num} of the pairs") for row in reader]
    except csv.Error:
        raise UsageError(f"The pairs are not CSV after line {reader.line_num}.") from None
    if not wanted:
        raise UsageError("The pairs hold no line under their header.")
    return wanted


def _of_line(row: dict[str, str | None], place: str) -> Wanted:
    if None in row or None in row.values():
        raise UsageError(f"The number of fields {place} is not that of the header.")
    said = {name: (value or "").strip() for name, value in row.items()}
    return Wanted(
        said["clinic_id"], said["from"], said["into"] or None, _whole(said["day_offset"], "day_offset", place),
        said.get("arrival") or None, _whole(said["from_day"], "from_day", place) if said.get("from_day") else None, place,
    )  # fmt: skip


def _whole(text: str, column: str, place: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,4}", text):
        raise UsageError(f"The {column} {place} is not a whole number of days.")
    return int(text)


def change(home: Home, wanted: Sequence[Wanted], by: str) -> Done:
    """Record joins and splits, all of them or none.

    Raises UsageError where one cannot be, BusyError during a night.
    """
    return _recorded(home, by, lambda con, name, night: [_record(con, each, name, night) for each in wanted])


def undo(home: Home, number: int, by: str) -> Done:
    """Record that a join or split counts no more. Raises UsageError where it cannot be undone, BusyError during a night."""
    return _recorded(home, by, lambda con, name, night: [_record_undo(con, number, name, night)])


def changes(con: duckdb.DuckDBPyConnection) -> list[Row]:
    """Every change with its pseudonyms, in order."""
    return rows_of(con, _LISTED)


def restore_identity(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    """Put back the changes that the receipts tell of and the database, being older, does not; and give each a receipt.

    Raises OutcomesError where the patients of a change are not in the store.
    """
    have = one(con, "SELECT max(change_no) FROM identity_change") or 0
    for receipt in lasting.read_lines(home.receipts / IDENTITY):
        if receipt["change_no"] <= have:
            continue
        number = receipt["change_no"]
        if receipt["kind"] == "split" and receipt["into_no"] == -number:
            _make_patient(con, receipt["from_no"], number)
        named = [receipt[key] for key in ("from_no", "into_no") if receipt[key] is not None]
        # A file that was read again since has later arrivals too.
        arrival_no = one(con, "SELECT min(arrival_no) FROM arrival WHERE sha256 = ?", [receipt["sha256"]])
        known = one(con, "SELECT count(*) FROM patient WHERE list_contains(?::INTEGER[], patient_no)", [named])
        if known < len(named) or (receipt["sha256"] and arrival_no is None):
            raise OutcomesError(
                f"Change {number} of pseudonyms names what the warehouse does not have: restore the warehouse from a backup."
            )
        con.execute(
            """INSERT INTO identity_change VALUES ($change_no, $kind, $clinic_id, $from_no, $into_no, $day_offset, $arrival_no,
                $from_day, $undoes, $made_by, $night)""",
            {key: value for key, value in receipt.items() if key != "sha256"} | {"arrival_no": arrival_no},
        )
    _write_receipts(home, con)


def is_identity_as_in_receipts(home: Home, con: duckdb.DuckDBPyConnection) -> bool:
    """Whether the changes of the attached `warehouse` are those of the receipts."""
    return rows_of(con, RECEIPT.format(at="warehouse.main")) == lasting.read_lines(home.receipts / IDENTITY)


def _write_receipts(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    lasting.append_new(home.receipts / IDENTITY, "change_no", rows_of(con, RECEIPT.format(at="main")))


def _recorded(home: Home, by: str, record: Record) -> Done:
    """What `record` appends, first tried and then kept, with its receipts."""
    with signed(home, by) as (con, name):
        refuse_other_program(con)
        night, _ = last_night(home, con)
        con.execute("BEGIN")
        try:
            record(con, name, night)
            moved, duplicate, contradicting = _as_the_next_night(con, night)
        finally:
            con.execute("ROLLBACK")
        with at_once(con):
            numbers = record(con, name, night)
        _write_receipts(home, con)
    return Done(numbers, moved, duplicate, contradicting)


def _record(con: duckdb.DuckDBPyConnection, wanted: Wanted, name: str, night: int) -> int:
    """Append one join or split. Returns its number."""
    number = _next_number(con)
    from_no = _patient_no(con, wanted, "from")
    if wanted.is_split:
        arrival_no = _arrival_no(con, wanted)
        _refuse_split(con, wanted, from_no, arrival_no)
        into_no = _patient_no(con, wanted, "into") if wanted.into_id else _make_patient(con, from_no, number)
    else:
        arrival_no, into_no = None, _patient_no(con, wanted, "into")
        _refuse_join(con, wanted, from_no, into_no)
    if from_no == into_no:
        raise UsageError(f"From and into {wanted.place} are the same pseudonym.")
    if abs(wanted.day_offset) > LONGEST:
        raise UsageError(f"The day offset {wanted.place} is over {LONGEST:,} days.")
    con.execute(
        "INSERT INTO identity_change VALUES (?, ?, ?, ?, ?, ?, ?, ?, NULL, ?, ?)",
        [number, "split" if wanted.is_split else "join", wanted.clinic, from_no, into_no, wanted.day_offset, arrival_no,
         wanted.from_day, name, night],
    )  # fmt: skip
    return number


def _record_undo(con: duckdb.DuckDBPyConnection, number: int, name: str, night: int) -> int:
    """Append that a join or split counts no more. Returns the number of that."""
    row = first_row(con, "SELECT * FROM identity_change WHERE change_no = ?", [number])
    if row is None or row["kind"] == "undo":
        raise UsageError(f"No join or split has the number {number}. They are listed by: outcomes merge-id --list")
    if not one(con, f"SELECT count(*) FROM {_STANDING} WHERE change_no = ?", [number]):
        raise UsageError(f"Change {number} is undone already.")
    needs = f"SELECT min(change_no) FROM {_STANDING} WHERE change_no <> ? AND ? IN (from_no, into_no)"
    if row["into_no"] < 0 and (other := one(con, needs, [number, -number])):
        raise UsageError(f"Change {other} is about the patient that split {number} made: undo change {other} first.")
    next_no = _next_number(con)
    con.execute(
        "INSERT INTO identity_change VALUES (?, 'undo', ?, NULL, NULL, NULL, NULL, NULL, ?, ?, ?)",
        [next_no, row["clinic_id"], number, name, night],
    )
    return next_no


def _next_number(con: duckdb.DuckDBPyConnection) -> int:
    return (one(con, "SELECT max(change_no) FROM identity_change") or 0) + 1


def _patient_no(con: duckdb.DuckDBPyConnection, wanted: Wanted, side: str) -> int:
    """The number of a pseudonym that is stored, or that a split has made which stands."""
    pseudonym = wanted.from_id if side == "from" else wanted.into_id
    number = one(
        con,
        f"""SELECT patient_no FROM patient WHERE clinic_id = ? AND patient_id = ?
        AND (patient_no > 0 OR -patient_no IN (SELECT change_no FROM {_STANDING}))""",
        [wanted.clinic, pseudonym],
    )
    if number is None:
        raise UsageError(
            f"The pseudonym given with {side} {wanted.place} is not stored for that clinic. Nothing was recorded."
        )
    return int(number)


def _arrival_no(con: duckdb.DuckDBPyConnection, wanted: Wanted) -> int | None:
    if wanted.arrival is None:
        return None
    found = con.execute(
        "SELECT min(arrival_no), count(*) FROM arrival WHERE starts_with(sha256, lower(?)) GROUP BY sha256",
        [wanted.arrival],
    ).fetchall()
    if len(wanted.arrival) < SHORTEST_HEAD or len(found) != 1:
        raise UsageError(
            f"The arrival {wanted.place} is not one that the ledger has: give the first 12 of its SHA-256, as outcomes quarantine shows it."
        )
    arrival_no, readings = found[0]
    if readings > 1:
        # Its rows lie with one reading or another, and a split takes those of one.
        raise UsageError(
            f"The file of the arrival {wanted.place} was read more than once: say which rows are the other patient's by a day, with --from-day."
        )
    return int(arrival_no)


def _make_patient(con: duckdb.DuckDBPyConnection, from_no: int, number: int) -> int:
    """A patient for the rows that a split takes. No clinic can send its pseudonym: there is a slash in it."""
    con.execute(
        "INSERT INTO patient SELECT ?, clinic_id, patient_id || '/' || ? FROM patient WHERE patient_no = ?",
        [-number, str(number), from_no],
    )
    return -number


def _refuse_join(con: duckdb.DuckDBPyConnection, wanted: Wanted, from_no: int, into_no: int) -> None:
    if wanted.day_offset < 0:
        raise UsageError(
            f"The day offset {wanted.place} is below 0: join the pseudonym that began later into the one that began first."
        )
    joined = dict(con.execute(f"SELECT from_no, into_no FROM {_STANDING} WHERE kind = 'join'").fetchall())
    if from_no in joined:
        number = one(con, f"SELECT change_no FROM {_STANDING} WHERE kind = 'join' AND from_no = ?", [from_no])
        raise UsageError(
            f"The pseudonym given with from {wanted.place} is joined already, by change {number}: undo that first."
        )
    end = into_no
    while end in joined:
        end = joined[end]
    if end == from_no and into_no != from_no:
        raise UsageError(f"The join {wanted.place} would close a circle: into is joined into from already.")


def _refuse_split(con: duckdb.DuckDBPyConnection, wanted: Wanted, from_no: int, arrival_no: int | None) -> None:
    if from_no < 0:
        raise UsageError(
            f"The pseudonym to split {wanted.place} was itself made by a split: split the one that the clinic sent."
        )
    taken = con.execute(
        f"""SELECT count(*) FROM (
            SELECT arrival_no, patient_no, days_since_first_infusion AS day FROM score
            UNION ALL SELECT arrival_no, patient_no, NULL FROM patient_row
        ) AS r
        WHERE patient_no = $from_no AND ($arrival_no IS NULL OR arrival_no = $arrival_no) AND ($from_day IS NULL OR day >= $from_day)
            AND NOT EXISTS (FROM {_STANDING} AS c WHERE c.kind = 'split' AND c.from_no = r.patient_no
                AND (c.arrival_no IS NULL OR c.arrival_no = r.arrival_no) AND (c.from_day IS NULL OR c.from_day <= r.day))""",
        {"from_no": from_no, "arrival_no": arrival_no, "from_day": wanted.from_day},
    ).fetchone()
    if taken == (0,):
        raise UsageError(f"The split {wanted.place} takes no stored row that no other split has taken.")


def _as_the_next_night(con: duckdb.DuckDBPyConnection, night: int) -> tuple[int, int, int]:
    """Stored scores moved, counted once, and set aside, as the next night will have them. To be rolled back.

    Raises UsageError where a day would leave what a day may be.
    """
    out = "SELECT count(*) FROM moved_score WHERE reason_code = 'merged_day_out_of_range'"
    before = one(con, out)
    con.execute("INSERT INTO night SELECT * REPLACE (night + 1 AS night) FROM night WHERE night = ?", [night])
    too_far = f"SELECT count(*) FROM recomputed.pseudonym_place WHERE abs(day_offset) > {LONGEST}"
    if not one(con, too_far):
        for table in ("pseudonym_place", "moved_score"):
            con.execute(f"TRUNCATE main.{table}")
            con.execute(f"INSERT INTO main.{table} FROM recomputed.{table}")
    if one(con, too_far) or one(con, out) > before:
        raise UsageError(
            "With this day offset a day would be outside -400 to 3650, or an infusion before day 0: say where day 0 of the one lies on the other's scale."
        )
    said = con.execute(
        """SELECT count(*) FILTER ((m.patient_no, m.day) <> (s.patient_no, s.days_since_first_infusion)),
            count(*) FILTER (m.reason_code = 'merged_duplicate'), count(*) FILTER (m.reason_code = 'merged_rows_contradict')
        FROM moved_score AS m JOIN score AS s USING (score_id)"""
    ).fetchone()
    return said or (0, 0, 0)
