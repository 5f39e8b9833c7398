"""A store object by object: macros, views, types, columns and comments against what this program lays, and its data files."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from outcomes.datafiles import put_data_files
from outcomes.digests import table_digest
from outcomes.frames import one
from outcomes.loading import data_files
from outcomes.paths import Home
from outcomes.publishedcopy import hardened
from outcomes.store import config_of, make_store
from outcomes.summary import Row, rows_of
from outcomes.verifying.checks import Check, checked, counted, some
from outcomes.versions import program_digest
from schemas.clinics import read_clinics

# Kind -> every object of it with what makes it what it is. Constraints are left out: a store of an earlier version keeps its own.
_OBJECTS = {
    "macro": "SELECT schema_name || '.' || function_name, (function_type, parameters, parameter_types, macro_definition, comment)::VARCHAR FROM duckdb_functions() WHERE NOT internal AND database_name = current_database()",
    "view": "SELECT schema_name || '.' || view_name, (sql, comment)::VARCHAR FROM duckdb_views() WHERE NOT internal AND database_name = current_database()",
    "table": "SELECT schema_name || '.' || table_name, coalesce(comment, '') FROM duckdb_tables() WHERE NOT internal AND database_name = current_database()",
    "column": "SELECT schema_name || '.' || table_name || '.' || column_name, (data_type, is_nullable, comment)::VARCHAR FROM duckdb_columns() WHERE NOT internal AND database_name = current_database()",
    "type": "SELECT schema_name || '.' || type_name, (labels, comment)::VARCHAR FROM duckdb_types() WHERE NOT internal AND database_name = current_database()",
    "index": "SELECT schema_name || '.' || index_name, coalesce(sql, '') FROM duckdb_indexes() WHERE database_name = current_database()",
    "sequence": "SELECT schema_name || '.' || sequence_name, '' FROM duckdb_sequences() WHERE database_name = current_database()",
}  # fmt: skip
# Table that holds a data file: its key. The last three come of the program itself.
_DATA = {
    "rules": "version", "measure": "measure_id", "benchmark": "benchmark_id", "claim": "claim_id", "cusum_rule": "measure_id",
    "reason": "reason_code || '/' || about", "glossary": "word", "cookbook": "number",
}  # fmt: skip

_OF_PROGRAM = ("reason", "glossary", "cookbook")

# A set to DuckDB: each time that it writes a view, the names may change places.
_EXCLUDED = re.compile(r"EXCLUDE \(([^()]*)\)")


def described(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Each object of a store, by kind and name (macros may share one), with what makes it what it is."""
    found: dict[str, list[str]] = {}
    for kind, query in _OBJECTS.items():
        for name, text in con.execute(query).fetchall():
            found.setdefault(f"{kind} {name.removeprefix('main.')}", []).append(_EXCLUDED.sub(_in_order, text))
    return {name: sorted(texts) for name, texts in found.items()}


def _in_order(found: re.Match[str]) -> str:
    return f"EXCLUDE ({', '.join(sorted(found[1].split(', ')))})"


def differing_objects(one_store: dict[str, list[str]], other: dict[str, list[str]]) -> list[str]:
    """The objects of which two stores have not the same; of a view that differs not its columns too."""
    kinds = list(_OBJECTS)
    found = {name for name in {*one_store, *other} if one_store.get(name) != other.get(name)}
    own = {name for name in found if f"view {name.removeprefix('column ').rpartition('.')[0]}" not in found}
    return sorted(own, key=lambda name: (kinds.index(name.partition(" ")[0]), name))


def program(con: duckdb.DuckDBPyConnection, laid: duckdb.DuckDBPyConnection) -> Check:
    """Every macro, view, type, table, column and comment is what this program lays."""
    expected = described(laid)
    faults = [f"{name} is not as the program has it" for name in differing_objects(described(con), expected)]
    if table_digest(con, "store_version") != table_digest(laid, "store_version"):
        faults.append("store_version is not the program's")
    return checked("program", counted(len(expected), "object") + ", SQL and comments", faults)


def data(home: Home, con: duckdb.DuckDBPyConnection, laid: duckdb.DuckDBPyConnection) -> Check:
    """Measures, benchmarks, claims and rules are those of the data files of the recorded version, clinics those of its copy."""
    night = one(con, "SELECT arg_max(n, n.night) FROM night AS n")
    faults = []
    for table, key in _DATA.items():
        if table in _OF_PROGRAM and night["program_digest"] != program_digest():
            continue
        if table_digest(con, table) != table_digest(laid, table):
            here, there = (_by_key(side, table, key) for side in (con, laid))
            other = sorted(str(name) for name in {*here, *there} if here.get(name) != there.get(name))
            faults.append(f"{table}: {some(other)}")
    (digest,) = re.findall(r"clinics\.toml:(\S+)", night["data_versions"])
    faults += _clinics(con, home.receipts / f"clinics-{digest}.toml", digest)
    return checked("data files", night["data_versions"], faults)


def _clinics(con: duckdb.DuckDBPyConnection, path: Path, digest: str) -> list[str]:
    """The faults of the table of clinics against the copy of clinics.toml that the last night kept."""
    if digest == "none":
        return []
    if not path.exists() or hashlib.sha256(path.read_bytes()).hexdigest()[: len(digest)] != digest:
        return [f"{path.name} in receipts/ is missing or is not what its name says"]
    told = read_clinics(path)
    expected = {row["clinic_id"]: row | {"every": told.cadences.get(row["clinic_id"])} for row in told.rows}
    cadences = dict(con.execute("FROM clinic_cadence").fetchall())
    found = {
        row["clinic_id"]: row | {"every": cadences.get(row["clinic_id"])}
        for row in rows_of(con, "SELECT * FROM clinic")
    }
    return [f"clinic: {some(other)}"] if (other := sorted(name for name in {*found, *expected} if found.get(name) != expected.get(name))) else []  # fmt: skip


def _by_key(con: duckdb.DuckDBPyConnection, table: str, key: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows_of(con, f"SELECT {key} AS id, t AS said FROM {table} AS t ORDER BY ALL"):
        found.setdefault(row["id"], []).append(row["said"])
    return found


@contextmanager
def laid_anew(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """A store as this program lays it, with its data files and no row of a clinic. It is gone behind the block.

    Closed and opened again: DuckDB says a macro in other words once it has written it.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "laid.duckdb"
        make_store(path)
        with duckdb.connect(str(path), config=config_of(home)) as con:
            put_data_files(con, data_files(home))
        with hardened(path) as con:
            yield con
