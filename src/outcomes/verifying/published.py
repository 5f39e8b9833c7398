"""The published copy against the warehouse, and what stands beside it against the copy."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb

from outcomes.digests import store_digests
from outcomes.frames import one
from outcomes.paths import Home
from outcomes.publishedcopy import Config, hardened, limited, opened
from outcomes.rebuilding import differing_tables
from outcomes.sources.content import sha256_of
from outcomes.summary import rows_of, summarise
from outcomes.verifying.checks import Check, checked, counted, some
from outcomes.verifying.objects import described, differing_objects
from outcomes.versions import program_digest


def copy(home: Home) -> Check:
    """The same bytes; else the same macros, views, comments and rows of everything."""
    if not home.published_copy.exists():
        return checked("published copy", "published/outcomes.duckdb", ["it is not there: the next night makes it"])
    if sha256_of(home.published_copy) == sha256_of(home.warehouse):
        return checked("published copy", "the same bytes as the warehouse", [])
    (objects, rows), (their_objects, their_rows) = (
        _all_of(home.warehouse, limited(home)),
        _all_of(home.published_copy, limited(home)),
    )
    faults = [f"{name} is not as in the warehouse" for name in differing_objects(objects, their_objects)]
    faults += [
        f"{table}: {here:,} rows in the warehouse and {there:,} in the copy, not the same ones"
        for table, (here, there) in differing_tables(rows, their_rows).items()
    ]
    return checked("published copy", f"{counted(len(objects), 'object')}, {counted(len(rows), 'table')}", faults)


def reports(home: Home) -> Check:
    """summary.json is what a night says of this published copy; each page says that it was made of its last night, and of its ledger."""
    faults = []
    with opened(home) as con:
        (night,) = rows_of(con, "SELECT * FROM night ORDER BY night DESC LIMIT 1")
        head = str(one(con, "SELECT arg_max(hash, arrival_no) FROM arrival"))
        clinics = {row[0] for row in con.execute("SELECT clinic_id FROM clinic").fetchall()}
        if not home.summary.exists():
            faults.append("summary.json is missing")
        else:
            faults += damage_of_summary(home, con, night["program_digest"] == program_digest())
    through = f"Data through night {night['night']}, as of {night['as_of']}."
    pages = [*home.reports.glob("*.html"), *home.review.glob("*.html")]
    other = [path for path in pages if through not in path.read_text("utf-8")]
    # A page is named for its clinic; any other name is not said.
    known = {"index"} | clinics | {f"clinic-{clinic}" for clinic in clinics}

    def named(paths: list[Path]) -> str:
        return some(sorted(path.stem if path.stem in known else "another file" for path in paths))

    if other:
        faults.append(f"{named(other)}: made of another night than the published copy")
    # A review list, which is not shared, says nothing of the ledger.
    forked = [
        path
        for path in pages
        if path not in other and path.parent == home.reports and head not in path.read_text("utf-8")
    ]
    if forked:
        faults.append(f"{named(forked)}: made of another ledger than the published copy")
    return checked("reports", f"summary.json, {counted(len(pages), 'page')}", faults)


def damage_of_summary(home: Home, con: duckdb.DuckDBPyConnection, is_same_program: bool) -> list[str]:
    """What summary.json says otherwise than the published copy, in words."""
    said = json.loads(home.summary.read_text("utf-8"))
    files = said["files"]
    found = summarise(
        con, registered=said["registered"], healed=said["nights_healed"], ended=(said.get("ended") or {}).get("night"), upgraded_from=said.get("store_upgraded_from"), left_alone=files["left_alone"], known_refused=files["known_refused"]
    )  # fmt: skip
    expected = json.loads(json.dumps(found.as_dict()))
    # Another version of the program may say more or less of the same night.
    keys = {*said, *expected} if is_same_program else {"night", "run_id", "as_of"}
    if one(con, "SELECT count(*) FROM signature WHERE night >= ?", [found.night]):
        # Signed since that night: the copy says so at once, and what the night said of who had checked what is no fault.
        keys -= {"unchecked"}
        for told in (said, expected):
            for row in (*told["rates"], *told["comparisons"]):
                row.pop("is_signed", None)
    other = sorted(key for key in keys if said.get(key) != expected.get(key))
    return [f"summary.json: {some(other)} not as in the published copy"] if other else []


def _all_of(path: Path, limits: Config) -> tuple[dict[str, list[str]], dict[str, str]]:
    with hardened(path, limits) as con:
        return described(con), store_digests(con, exact=True)
