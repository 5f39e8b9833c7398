"""The data files that ship (measures, benchmarks, claims, the CUSUM's rule), each under its contract, put into the store."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from outcomes.errors import OutcomesError
from outcomes.frames import keep_equal
from outcomes.paths import Home
from schemas.benchmarks import read_benchmarks, read_claims
from schemas.clinics import Clinics, read_clinics
from schemas.cookbook import read_cookbook
from schemas.cusum import read_cusum
from schemas.errors import DataFileError
from schemas.glossary import WORDS
from schemas.measures import read_measures
from schemas.ownbenchmarks import judged_cells, two_primaries
from schemas.reasons import REASONS

# What a home has added and retired, as the versions of a night name it.
OWN_FILE = "receipts/benchmarks.jsonl"


@dataclass(frozen=True)
class DataFiles:
    """What the data files say, checked. `versions` names each file by the head of its SHA-256."""

    rules: dict[str, Any]
    measures: list[dict[str, Any]]
    benchmarks: pl.DataFrame
    claims: pl.DataFrame
    cusum: dict[str, Any]
    versions: str


def read_data_files(folder: Path, changes: Sequence[dict[str, Any]] = ()) -> DataFiles:
    """All data files of `folder`, with the benchmarks that a home has added and retired, in the order of its changes.

    Raises DataFileError naming file, row and key.
    """
    rules, measures = read_measures(folder / "measures.toml")
    measure_ids = {row["measure_id"] for row in measures}
    benchmarks = _with_changes(read_benchmarks(folder / "benchmarks.csv", measure_ids), changes, measure_ids)
    claims = read_claims(folder / "claims.csv")
    good = {row["measure_id"] for row in measures if row["higher_is_better"]}
    cusum = read_cusum(folder / "cusum.toml", good)
    names = ("measures.toml", "benchmarks.csv", "claims.csv", "cusum.toml")
    digests = (hashlib.sha256((folder / name).read_bytes()).hexdigest()[:12] for name in names)
    versions = [f"{n}:{d}" for n, d in zip(names, digests, strict=True)]
    if changes:
        digest = hashlib.sha256(json.dumps(list(changes), default=str).encode()).hexdigest()[:12]
        versions.append(f"{OWN_FILE}:{digest}")
    return DataFiles(rules, measures, benchmarks, claims, cusum, " ".join(versions))


def _with_changes(shipped: pl.DataFrame, changes: Sequence[dict[str, Any]], measure_ids: set[str]) -> pl.DataFrame:
    """The benchmarks of a home: those that ship, then its own as last added, each with when and why it was retired."""
    own: dict[str, dict[str, str | None]] = {}
    retired: dict[str, dict[str, Any]] = {}
    for change in changes:
        name = change["benchmark_id"]
        if change["kind"] == "retire":
            retired[name] = change
        else:
            own[name] = json.loads(change["cells"])
            retired.pop(name, None)
    # A measure that is no more stops nothing that is retired.
    known = measure_ids | {row["measure_id"] or "" for name, row in own.items() if name in retired}
    together = pl.concat([shipped, judged_cells(own.values(), Path(OWN_FILE), known)]) if own else shipped
    if faults := two_primaries(together.filter(~pl.col("benchmark_id").is_in(list(retired)))):
        raise DataFileError(faults)
    said = [retired.get(name, {}) for name in together["benchmark_id"]]
    days = [row.get("retired_on") for row in said]
    return together.with_columns(
        retired_on=pl.Series(days, dtype=pl.String).str.to_date("%Y-%m-%d"),
        retired_because=pl.Series([row.get("because") for row in said], dtype=pl.String),
    )


def clinics_of(home: Home) -> Clinics | None:
    """The clinics of a home's clinics.toml; None where it has none. Raises OutcomesError that names the entry and the key."""
    if not home.clinics.exists():
        return None
    try:
        return read_clinics(home.clinics)
    except DataFileError as error:
        raise OutcomesError("; ".join(error.faults)) from None


def put_data_files(con: duckdb.DuckDBPyConnection, files: DataFiles) -> None:
    """Make the store's copies of the data files equal to `files`, and those of the reasons, the words and the ready questions."""
    reasons = pl.DataFrame([{"reason_code": r.code, "about": r.about, "sentence": r.sentence} for r in REASONS])
    tables = {
        "rules": pl.DataFrame([files.rules]),
        "measure": pl.DataFrame(files.measures, infer_schema_length=None),
        "benchmark": _numbered(files.benchmarks)
        .rename({"window": "time_window"})
        .with_columns(is_primary=pl.col("primary") == "yes")
        .drop("primary"),
        "claim": _numbered(files.claims),
        "cusum_rule": pl.DataFrame([files.cusum]),
        "reason": reasons,
        "glossary": pl.DataFrame(
            [{"position": n, "word": w, "meaning": m} for n, (w, m) in enumerate(WORDS.items(), 1)]
        ),
        "cookbook": pl.DataFrame(
            [recipe._asdict() | {"is_auditors": recipe.is_auditors} for recipe in read_cookbook()]
        ),
    }
    for table, frame in tables.items():
        keep_equal(con, table, frame)


def _numbered(frame: pl.DataFrame) -> pl.DataFrame:
    return frame.with_row_index("position", offset=1)
