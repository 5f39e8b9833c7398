"""Reading a file again: somebody asks for it, the next night takes it up.

A request is an empty file in `requeue/`, named by the SHA-256 of the file that it is about: it can be made while a night
runs, and twice is once. The night moves it into its manifest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence

import duckdb

from outcomes import lasting
from outcomes.errors import UsageError
from outcomes.paths import Home
from outcomes.publishedcopy import file_of
from outcomes.store import File

_OF_REASON = """
    SELECT DISTINCT l.sha256
    FROM last_reading AS l
    JOIN arrival AS a USING (arrival_no)
    WHERE (a.refused_because = $reason OR l.sha256 IN (SELECT b.sha256 FROM set_aside JOIN arrival AS b USING (arrival_no) WHERE reason_code = $reason))
        AND l.first_arrival_no NOT IN (SELECT arrival_no FROM destroyed)
    ORDER BY l.sha256
"""
# A contradiction is one among the files that came in one night: where one is read again, the others' sides must be heard.
_TOGETHER = """
    WITH requested AS (SELECT * FROM last_reading WHERE sha256 IN (SELECT unnest($shas)))
    SELECT l.sha256, a.bytes
    FROM last_reading AS l
    JOIN arrival AS a USING (arrival_no)
    WHERE l.sha256 IN (SELECT sha256 FROM requested)
        OR (l.first_arrival_no NOT IN (SELECT d.arrival_no FROM destroyed AS d)
            AND l.came_in_night IN (SELECT came_in_night FROM requested)
            AND l.arrival_no IN (SELECT arrival_no FROM quarantine WHERE reason_code = 'contradiction'))
    ORDER BY l.came_in_night, l.sha256
"""


def files_to_read_again(
    home: Home, con: duckdb.DuckDBPyConnection, heads: Sequence[str], reason: str | None
) -> list[str]:
    """The SHA-256 of the files that `heads` begin, and of those with rows set aside, or refused, for a reason.

    Raises UsageError where one is not known, its bytes are gone, or there is none.
    """  # fmt: skip
    found = dict.fromkeys(file_of(con, head) for head in heads)
    for sha in found:
        if con.execute("SELECT 1 FROM destroyed JOIN arrival USING (arrival_no) WHERE sha256 = ?", [sha]).fetchone():
            raise UsageError(f"The bytes of {sha[:12]} were destroyed. Have the clinic send a new export.")
        if not _is_here(home, sha):
            raise UsageError(f"The bytes of {sha[:12]} are not in {home.archive}. Restore the archive from a backup.")
    if reason is not None:
        codes = {code for (code,) in con.execute("SELECT reason_code FROM reason WHERE about IN ('cell', 'row', 'file')").fetchall()}  # fmt: skip
        if reason not in codes:
            raise UsageError(f"There is no reason {reason} for which a row or a file is set aside. They are listed by: outcomes quarantine --home {home.root}")  # fmt: skip
        found |= dict.fromkeys(sha for (sha,) in con.execute(_OF_REASON, {"reason": reason}).fetchall() if _is_here(home, sha))  # fmt: skip
    if not found:
        raise UsageError("There is nothing to read again: no file has rows set aside for that reason.")
    return list(found)


def request(home: Home, shas: Iterable[str]) -> None:
    """Ask the next night to read these files again."""
    home.requeue.mkdir(mode=0o700, exist_ok=True)
    for sha in shas:
        (home.requeue / sha).touch(mode=0o600)
    lasting.sync(home.requeue)


def is_requested(home: Home) -> bool:
    """Whether somebody asks for files to be read again."""
    return home.requeue.is_dir() and any(home.requeue.iterdir())


def requested(home: Home, con: duckdb.DuckDBPyConnection) -> list[File]:
    """The files to read again, those that came in the same night together; requests about others are dropped."""
    asked_for = {name for name in os.listdir(home.requeue) if re.fullmatch(r"[0-9a-f]{64}", name)}
    files = [
        File(*row)
        for row in con.execute(_TOGETHER, {"shas": sorted(sha for sha in asked_for if _is_here(home, sha))}).fetchall()
    ]
    drop(home, asked_for - {file.sha256 for file in files})
    return files


def drop(home: Home, shas: Iterable[str]) -> None:
    """Requests that are taken up, or that cannot be."""
    for sha in shas:
        (home.requeue / sha).unlink(missing_ok=True)


def drop_left(home: Home, con: duckdb.DuckDBPyConnection, night: int, shas: Iterable[str]) -> None:
    """Requests that a killed night had taken up and not yet dropped. One about a file that it has read already is newer."""
    read = {sha for (sha,) in con.execute("SELECT sha256 FROM arrival WHERE night = ?", [night]).fetchall()}
    drop(home, set(shas) - read)


def _is_here(home: Home, sha: str) -> bool:
    return any((folder / sha).exists() for folder in (home.archive, home.refused))
