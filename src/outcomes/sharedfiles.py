"""The files of an edition: three tables in three formats, a README and a manifest, as bytes that depend on the store only."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
from pathlib import Path

import duckdb
import polars as pl

from outcomes import lasting
from outcomes.errors import UsageError
from outcomes.frames import asked
from outcomes.summary import rows_of

# File name -> the view of the store that it is.
VIEWS = {"rates": "shared_rate", "comparisons": "shared_comparison", "attrition": "shared_attrition"}
MANIFEST = "manifest.json"
README = """\
Edition {edition:03}, as of {as_of}. Everything in it is provisional.

rates         response, remission and harm: one row for each measure and clinic; clinic '*' is all clinics together
comparisons   the same rates beside published ones; differences in points
attrition     courses by class, and by status where the class has several: why a course is not in a rate
manifest.json versions of the definitions, the head of the ledger, and the SHA-256 of each file

Each table is there as CSV, Parquet and JSON, with the same rows. Rates, limits and coverage are in percent: whole below
200 patients, one decimal from there on, half up. Courses are counted, not patients. There is no control group: a rate
above a published one does not say that the treatment worked.

Four things are never the same, and a column that ends in "state" says which one a block of columns is:

value           the numbers are there; 0 is a number
missing         nobody has a score, so that there is no rate
suppressed      held back, for the reasons below
not assessable  nobody is due yet, or nothing is compared, or the verdict is withheld (withheld_because says why)

What is held back

- No count of 1 to 10 is shown, and none follows from other cells, from totals, from rates, or from an earlier edition.
- A rate is held back with its counts, interval and difference where its numerator, or the rest of its denominator, is 1
  to 10; and where it is 0, since 0 of 11 and 11 of 11 tell everyone's outcome.
- The clinics not shown in a table, taken together, keep the same rules, so that '*' less the clinics shown tells none of
  them. So do any two tables side by side, and all of them together.
- "edition" and "as_of" say since when a row has stood. A row that stays as an earlier edition had it has not changed, or
  has changed by less than may be told.

What this does not protect against

- Somebody who knows some patients' outcomes can take them away from a count: a count of 11 less one's own is 10.
- A held-back count can be narrowed down (it is at least 0, and at most what its sum leaves), but not worked out.
- Somebody who has the store, or numbers of these clinics from elsewhere.
- A patient who is known to be among those of a clinic shares in what its rates say of everyone there.
"""


def write_files(con: duckdb.DuckDBPyConnection, edition: int, folder: Path) -> None:
    """Write the last edition to `folder`, whole or not at all. Raises UsageError where another one lies there."""
    if folder.exists() and not _is_edition(folder, edition):
        raise UsageError(f"{folder} is there already and is not this edition. Give another --name or --to.")
    aside = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(aside, ignore_errors=True)
    aside.mkdir(mode=0o700, parents=True)
    for name, data in edition_files(con, edition).items():
        (aside / name).write_bytes(data)
        lasting.sync(aside / name)
    lasting.sync(aside)
    shutil.rmtree(folder, ignore_errors=True)
    os.replace(aside, folder)
    lasting.sync(folder.parent)


def edition_files(con: duckdb.DuckDBPyConnection, edition: int) -> dict[str, bytes]:
    """The files of the last edition, by name."""
    (about,) = rows_of(con, "SELECT * FROM shared_edition WHERE edition = $edition", {"edition": edition})
    files = {
        f"{name}.{form}": data
        for name, view in VIEWS.items()
        for form, data in formats(asked(con, f"FROM {view}")).items()
    }
    files["README.txt"] = README.format(**about).encode()
    manifest = {
        **{key: str(value) if key == "as_of" else value for key, value in about.items()},
        "measures": dict(con.execute("SELECT measure_id, version FROM measure ORDER BY position").fetchall()),
        "sha256": {name: hashlib.sha256(data).hexdigest() for name, data in sorted(files.items())},
    }
    files[MANIFEST] = (json.dumps(manifest, indent=1) + "\n").encode()
    return files


def formats(frame: pl.DataFrame) -> dict[str, bytes]:
    """The same rows as CSV (an empty field for what is not there), Parquet and JSON (null)."""
    # Words of the store's enums are plain text outside.
    plain = frame.with_columns(pl.col(pl.Categorical, pl.Enum).cast(pl.String))
    parquet = io.BytesIO()
    plain.write_parquet(parquet)
    rows = [json.dumps(row, default=str) for row in plain.iter_rows(named=True)]
    return {
        "csv": plain.write_csv().encode(),
        "parquet": parquet.getvalue(),
        "json": ("[\n" + ",\n".join(rows) + "\n]\n").encode(),
    }


def _is_edition(folder: Path, edition: int) -> bool:
    try:
        return bool(json.loads((folder / MANIFEST).read_text("utf-8"))["edition"] == edition)
    except (OSError, ValueError, KeyError, TypeError):
        return False
