"""Nights for tests: files into a home's inbox, the night itself, and what the published copy then says."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import duckdb

from outcomes.nights import run_night
from outcomes.paths import Home

AS_OF = dt.date(2026, 1, 31)


def night(home: Home, files: dict[str, bytes], as_of: dt.date = AS_OF) -> None:
    """One night with these files, by name."""
    home.make()
    for name, data in files.items():
        (home.inbox / name).write_bytes(data)
    run_night(home, as_of)


def asked(home: Home, query: str) -> list[tuple[Any, ...]]:
    """Rows of the published copy."""
    with duckdb.connect(str(home.published_copy), read_only=True) as con:
        return con.execute(query).fetchall()


def written(folder: Path) -> list[Path]:
    """Every file under a folder."""
    return sorted(path for path in folder.rglob("*") if path.is_file())
