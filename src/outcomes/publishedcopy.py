"""The published copy: put in place whole, and opened as an auditor does, with nothing else of the machine in reach."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path

import duckdb

from outcomes import lasting
from outcomes.errors import OutcomesError, UsageError
from outcomes.paths import Home, log_of
from outcomes.readers import let_in
from outcomes.settings import settings_of
from outcomes.storeversions import refuse_newer, version_of
from outcomes.summary import Row, rows_of

Config = dict[str, str | bool | int | float | list[str]]

HARDENED: Config = {
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "lock_configuration": "true",
}

# A file may be named by this many characters of its SHA-256.
SHORTEST_HEAD = 6


def publish_copy(home: Home) -> None:
    """Put a copy of the closed warehouse in place of the published one, by rename: readers see one or the other, whole.

    Raises OutcomesError where a write-ahead log beside the warehouse says that it was not closed.
    """
    if log_of(home.warehouse).exists():
        raise OutcomesError("The warehouse was not closed whole, so it was not published. Run the night again.")
    aside = home.published / ".outcomes.duckdb.new"
    shutil.copyfile(home.warehouse, aside)
    let_in(home)
    lasting.put(aside, home.published_copy)


@contextmanager
def opened(home: Home, more: Config | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """The last published copy of a home, hardened, with `more` settings. Raises UsageError where no night has published one."""
    if not home.published_copy.exists():
        raise UsageError(
            f"{home.root} has no published copy yet. Put files into {home.inbox} and run: outcomes nightly --home {home.root}"
        )
    with hardened(home.published_copy, limited(home) | (more or {})) as con:
        yield con


def limited(home: Home) -> Config:
    """The memory that DuckDB may have, where the settings of a home say it."""
    memory = settings_of(home).limits.memory
    return {"memory_limit": memory} if memory else {}


@contextmanager
def hardened(path: Path, more: Config | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """A closed store, to read, with nothing else of the machine in reach. Raises OutcomesError where a later program laid it."""
    # Locked below: no configuration can say what set_up() does.
    config = HARDENED | (more or {}) | {"lock_configuration": "false"}
    with duckdb.connect(str(path), read_only=True, config=config) as con:
        set_up(con)
        con.execute("SET lock_configuration = true")
        refuse_newer(version_of(con))
        yield con


def set_up(con: duckdb.DuckDBPyConnection) -> None:
    """What every connection needs that is asked anything: no bar, and each answer made whole before it is handed over.

    DuckDB prints the bar into what a command prints, once a query has taken two seconds. An answer is else handed over while
    it is made, a megabyte at a time; where it is of two parts (UNION ALL, as course_status and trace_score are), a second part
    can fill that before DuckDB 1.5 hands over anything, and it waits for ever.
    """
    con.execute("SET enable_progress_bar = false")
    con.execute("SET streaming_buffer_size = '1TB'")


def known(con: duckdb.DuckDBPyConnection, what: str, name: str | None) -> str | None:
    """`name`, if there is such a clinic or measure. Raises UsageError naming the nearest one."""
    query = "SELECT clinic_id FROM clinic_group" if what == "clinic" else "SELECT measure_id FROM measure"
    names = [row[0] for row in con.execute(query).fetchall()]
    if name is None or name in names:
        return name
    names = sorted(set(names) - {"*"})  # "*" is all clinics in a key of the store; a person says `all`
    near = get_close_matches(name, names, n=1)
    more = " ..." if len(names) > 8 else ""
    raise UsageError(
        f"There is no {what} {name}."
        + (f" Did you mean {near[0]}?" if near else f" There are: {', '.join(names[:8])}{more}")
    )


def file_of(con: duckdb.DuckDBPyConnection, head: str) -> str:
    """The SHA-256 of the one file that begins with `head`. Raises UsageError where there is none, or several."""
    found = con.execute(
        "SELECT DISTINCT sha256 FROM arrival WHERE starts_with(sha256, ?) LIMIT 2", [head.lower()]
    ).fetchall()
    if len(found) != 1 or len(head) < SHORTEST_HEAD:
        # Said first: a head that is too short may well be that of one file.
        words = (
            "is too short"
            if len(head) < SHORTEST_HEAD
            else "is that of several files"
            if found
            else "is that of no file"
        )
        raise UsageError(
            f"The SHA-256 {words}. Give its first {SHORTEST_HEAD} characters or more, as the night printed them."
        )
    return str(found[0][0])


def quarantined(
    con: duckdb.DuckDBPyConnection, reason: str | None, head: str | None, night: int | None = None
) -> list[Row]:
    """Every reason of every row set aside; of one reason, of the file whose SHA-256 begins with `head`, or of a night's files.

    Raises UsageError where there is no such reason, file or night: nothing set aside is another answer.
    """
    if night is not None and con.execute("SELECT count(*) FROM night WHERE night = ?", [night]).fetchone() == (0,):
        raise UsageError(f"There was no night {night}.")
    known_reason = con.execute("SELECT count(*) FROM reason WHERE reason_code = ?", [reason]).fetchone()
    if reason is not None and known_reason == (0,):
        raise UsageError(
            f'There is no reason {reason}. The reasons are listed by: outcomes sql "SELECT reason_code, sentence FROM reason"'
        )
    arrival = None if head is None else file_of(con, head)
    return rows_of(
        con,
        """SELECT a.night, a.sha256[:12] AS sha256, a.feed, s.line, s.column_name, s.reason_code, s.found_at, r.sentence
        FROM set_aside AS s JOIN arrival AS a USING (arrival_no) LEFT JOIN reason AS r USING (reason_code)
        WHERE ($reason IS NULL OR s.reason_code = $reason) AND ($arrival IS NULL OR a.sha256 = $arrival)
            AND ($night IS NULL OR a.night = $night)
        ORDER BY s.arrival_no, s.line, s.column_name, s.reason_code""",
        {"reason": reason, "arrival": arrival, "night": night},
    )


def explained(con: duckdb.DuckDBPyConnection, measure: str, clinic: str | None) -> tuple[Row, list[Row]]:
    """A measure's words and parameters, and its courses by status."""
    known(con, "measure", measure)
    (words,) = rows_of(
        con,
        """SELECT m.* EXCLUDE (position) REPLACE (coalesce(c.signed_by || ', last on ' || c.signed_on, m.checked_by) AS checked_by)
        FROM measure AS m JOIN definition_check AS c ON c.kind = 'measure' AND c.id = m.measure_id WHERE measure_id = $measure""",
        {"measure": measure},
    )
    rows = rows_of(
        con,
        """SELECT clinic_id, e.status, any_value(e.class) AS class, count(*) AS courses, any_value(r.sentence) AS sentence
        FROM course_status AS e LEFT JOIN reason AS r ON r.reason_code = e.status AND r.about = 'status'
        WHERE measure_id = $measure AND ($clinic IS NULL OR clinic_id = $clinic)
        GROUP BY clinic_id, e.status ORDER BY clinic_id, courses DESC, e.status""",
        {"measure": measure, "clinic": known(con, "clinic", clinic)},
    )
    return words, rows
