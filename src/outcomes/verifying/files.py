"""The bytes of every arrival against their hashes, and what lies there against the ledger."""

from __future__ import annotations

import os
import re
from pathlib import Path

import duckdb

from outcomes.destroying import STANDING
from outcomes.frames import one
from outcomes.paths import Home
from outcomes.sources.content import sha256_of
from outcomes.standing import Standing
from outcomes.summary import rows_of
from outcomes.verifying.checks import Check, checked, counted

_FILES = """
    SELECT a.sha256, min(a.arrival_no) AS arrival_no, bool_or(a.refused_because IS NULL) AS is_taken,
        bool_or(d.arrival_no IS NOT NULL) AS is_destroyed
    FROM arrival AS a LEFT JOIN destroyed AS d USING (arrival_no)
    GROUP BY a.sha256 ORDER BY arrival_no
"""


def archive(home: Home, con: duckdb.DuckDBPyConnection, standing: Standing) -> Check:
    """Each file of the ledger where it belongs, with the bytes of its hash; and no other file there.

    A file that was destroyed or erased has left a tombstone, and must be gone from everywhere; of one of the archive no row
    may stand. While a night is unfinished, its files may lie in any of the first three folders.
    """
    there = {folder: _names(folder) for folder in (home.archive, home.refused, home.held, home.requeue)}
    faults, known, size = [], set(standing.sha256), 0
    for file in rows_of(con, _FILES):
        sha, what = file["sha256"], f"arrival {file['arrival_no']} ({file['sha256'][:12]})"
        known.add(sha)
        place = home.archive if file["is_taken"] else home.refused
        if sha in standing.sha256:
            place = next((folder for folder in there if sha in there[folder]), place)
        elif file["is_taken"] and sha in there[home.refused]:
            faults.append(f"{what} was taken and lies in refused/ too")
        if file["is_destroyed"]:
            faults += [f"{what} is said to be destroyed and is still in {folder.name}/" for folder in there if sha in there[folder]]  # fmt: skip
            if file["is_taken"] and (standing_rows := one(con, STANDING, [sha, sha])):
                faults.append(f"{what} was erased, and {counted(standing_rows, 'row')} of it still count")
        elif sha not in there[place]:
            faults.append(f"{what} is missing from {place.name}/")
        else:
            digest, bytes_read = sha256_of(place / sha)
            size += bytes_read
            if digest != sha:
                faults.append(f"{what}: other bytes than its hash says, in {place.name}/")
    for folder in (home.archive, home.refused):
        strange = there[folder] - known
        faults += [f"{name[:12]} in {folder.name}/ is in no ledger entry" for name in sorted(strange) if re.fullmatch(r"[0-9a-f]{64}", name)]  # fmt: skip
        if others := [name for name in strange if not re.fullmatch(r"[0-9a-f]{64}", name)]:
            faults.append(f"{counted(len(others), 'file')} in {folder.name}/ not named by a SHA-256")
    return checked("archive", f"{counted(len(known), 'file')}, {size:,} bytes", faults)


def _names(folder: Path) -> set[str]:
    return set(os.listdir(folder)) if folder.is_dir() else set()
