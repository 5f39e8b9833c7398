"""Whether a home is whole: its last night done to its end, by this program and with these data files."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

from outcomes.frames import one
from outcomes.laying import sql_digest
from outcomes.loading import data_files
from outcomes.paths import Home, log_of
from outcomes.publishedcopy import hardened, limited


@dataclass(frozen=True)
class Standing:
    """unfinished: what is not whole, in a sentence that says what to do; None where all is.

    is_halted: a night, or a command, was stopped midway. night, sha256: of the night that a manifest tells of, and its files.
    is_other_sql, is_other_data: the last night was by another program's SQL, or with other data files.
    """

    unfinished: str | None = None
    is_halted: bool = False
    is_other_sql: bool = False
    is_other_data: bool = False
    night: int | None = None
    sha256: frozenset[str] = field(default_factory=frozenset)


def standing_of(home: Home) -> Standing:
    """How a home stands, whose warehouse is there. The lock must be held. Raises duckdb.Error where it cannot be opened."""
    run = f"Run a night, and then try again: outcomes nightly --home {home.root}"
    if home.manifest.exists():
        left = json.loads(home.manifest.read_text("utf-8"))
        return Standing(
            f"A night is unfinished. {run}", is_halted=True, night=left["night"], sha256=frozenset(left["sha256"])
        )
    if log_of(home.warehouse).exists():
        return Standing(f"The warehouse was not closed whole. {run}", is_halted=True)
    with hardened(home.warehouse, limited(home)) as con:
        laid = one(con, "SELECT sql_digest FROM laid")
        versions = one(con, "SELECT arg_max(data_versions, night) FROM night")
        derived = one(con, "SELECT count(*) FROM derived")
    if versions is None:
        return Standing(f"There was no night yet. {run}", is_halted=True)
    if not derived:
        return Standing(f"Courses and rates are not derived. {run}", is_halted=True)
    is_other_sql, is_other_data = laid != sql_digest(), not versions.startswith(f"{data_files(home).versions} ")
    what = " and ".join(
        word for word, is_other in (("another program", is_other_sql), ("other data files", is_other_data)) if is_other
    )
    said = f"Since the last night there {'is' if is_other_sql else 'are'} {what}. {run}" if what else None
    return Standing(said, is_other_sql=is_other_sql, is_other_data=is_other_data)
