"""The warehouse: opens it, and puts a judged batch in, in one transaction of whole files."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb
import polars as pl

from outcomes.checking import Judged
from outcomes.frames import at_once, given, one
from outcomes.kept import KEPT
from outcomes.lasting import sync
from outcomes.laying import lay, sql_digest
from outcomes.ledger import write_entries
from outcomes.paths import Home, log_of
from outcomes.publishedcopy import Config, limited, set_up
from outcomes.rereading import earlier_readings, reinstate, take_back
from outcomes.settings import settings_of
from outcomes.settling import Contest, keep_events, keyed, put_in, settled_rows
from outcomes.storeversions import refuse_other, version_of

CONFIG: Config = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
ONE_THREAD = CONFIG | {"threads": 1}
# Bytes. Deriving five million scores, of which all are derived so many at a time, takes 700 million.
LEAST_MEMORY = 900_000_000
# The bytes of a store in which nothing is yet, by the digest of the SQL that it was laid by.
_LAID: dict[str, bytes] = {}


def config_of(home: Home) -> Config:
    """How the warehouse of a home is opened: threads and memory as its settings have them.

    One thread unless told: what is stored comes in one stream, and deriving burns a third more CPU on two threads than on
    one, for tables of a million rows are few row groups.
    """
    return CONFIG | {"threads": settings_of(home).limits.threads} | limited(home)


@dataclass(frozen=True)
class NightId:
    """Which night it is: its number, its run and its as-of date, as its manifest has them."""

    night: int
    run_id: str
    as_of: dt.date


@dataclass(frozen=True)
class File:
    """One file of a night: the SHA-256 of its bytes, and how many there are."""

    sha256: str
    size: int


def beside(path: Path) -> Path:
    """Where a store is made that will be put in the place of `path`; nothing lies there."""
    new = path.with_name(path.name + ".new")
    for left in (new, log_of(new)):
        left.unlink(missing_ok=True)
    return new


@contextmanager
def warehouse(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """The warehouse, open for writing; it is made first if it is not there. Closed and checkpointed behind the block.

    Raises OutcomesError where it is of another version than this program's.
    """
    config = config_of(Home(path.parent))
    if not path.exists():
        # Under another name first: a disk that fills up while a database is made leaves a file that never opens.
        new = beside(path)
        make_store(new)
        os.replace(new, path)
    con = duckdb.connect(str(path), config=config)
    try:
        refuse_other(version_of(con))
        if "memory_limit" not in config:
            _bound(con, path)
        con.execute("SET preserve_insertion_order = true")
        set_up(con)
        yield con
        con.execute("CHECKPOINT")
    finally:
        con.close()


def _bound(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Have DuckDB keep to twice what the warehouse has on disk, LEAST_MEMORY at least: its own limit is four fifths of
    the machine, and up to that it keeps whatever it has read."""
    bound = max(LEAST_MEMORY, 2 * path.stat().st_size)
    number, unit = str(one(con, "SELECT current_setting('memory_limit')")).split()
    if bound < float(number) * 1024 ** ("bytes", "KiB", "MiB", "GiB", "TiB").index(unit):
        con.execute(f"SET memory_limit = '{bound}B'")


def reading(home: Home) -> duckdb.DuckDBPyConnection:
    """The warehouse of a home, closed by whoever writes it, to read; with the threads and memory of its settings."""
    con = duckdb.connect(str(home.warehouse), read_only=True, config=config_of(home))
    set_up(con)
    return con


def make_store(path: Path) -> None:
    """A new store with everything it has before a row is in it.

    The first of a process is laid, the others are copies of its file: laying costs 0.6 CPU seconds, and a release makes
    up to four stores.
    """
    digest = sql_digest()
    if digest in _LAID:
        path.write_bytes(_LAID[digest])
        sync(path)
        return
    with duckdb.connect(str(path), config=ONE_THREAD) as con:
        lay(con)
    _LAID[digest] = path.read_bytes()


def load(
    con: duckdb.DuckDBPyConnection,
    night: NightId,
    files: Sequence[File],
    judged: Judged,
    *,
    more: bool,
    came: int | None = None,
) -> None:
    """Store a judged batch, all of it or nothing, with a ledger entry for each of `files` in their order.

    `more` says that the night has further batches: they may contest what this one says. `came` is the night in which the
    files came, where that is an earlier one: they are read again.
    """
    with at_once(con):
        _load(con, night, files, judged, more, night.night if came is None else came)


def _load(
    con: duckdb.DuckDBPyConnection, night: NightId, files: Sequence[File], judged: Judged, more: bool, came: int
) -> None:
    first = (one(con, "SELECT max(arrival_no) FROM arrival") or 0) + 1
    reasons = [judged.reasons.with_columns(pl.col("file") + first).rename({"file": "arrival_no"})]
    fates: dict[int, tuple[int, int, int]] = {}
    digests: dict[int, int] = {}
    chains = earlier_readings(con, files) if came < night.night else {}
    taken = [(file, sha) for file, sha in chains.items() if file not in judged.refused]
    for kept in KEPT:
        good = judged.good.get(kept.feed)
        rows = keyed(con, kept, first, good) if good is not None else None
        before = None
        if chains:
            before = take_back(con, kept, night.night, first, taken, rows.frames() if rows else ())
        if rows is not None:
            settled = settled_rows(con, kept, Contest(night.night, came, more), first, rows, before)
            ids = put_in(con, kept, first, rows, settled, digests)
            keep_events(con, kept, night.night, first, settled, ids)
            reasons.append(settled.reasons)
            fates |= settled.fates
        if before is not None:
            reinstate(con, kept, night.night, first, before)
    for table, frame in {
        "quarantine": pl.concat(reasons),
        "note": judged.notes.with_columns(pl.col("file") + first).rename({"file": "arrival_no"}),
        "rule_count": judged.rules.with_columns(
            night=night.night, first_arrival_no=first, last_arrival_no=first + len(files) - 1
        ),
    }.items():
        if frame.height:
            with given(con, "rows", frame):
                con.execute(f"INSERT INTO {table} BY NAME FROM rows")
    write_entries(con, night, first, files, judged, fates, digests)
