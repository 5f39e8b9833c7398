"""Receipts: what the ledger says, a line an arrival, in a file of its own: the database cannot be its own witness."""

from __future__ import annotations

from typing import Any

import duckdb

from outcomes import inbox, lasting
from outcomes.datafiles import DataFiles
from outcomes.errors import OutcomesError
from outcomes.frames import asked, one
from outcomes.loading import Manifest, Night, load_night
from outcomes.nightreceipts import restore_nights, told_nights, write_night_receipts
from outcomes.paths import Home
from outcomes.releasereceipts import restore_releases, write_release_receipts
from outcomes.sources.content import sha256_of

RECEIPTS = "receipts.jsonl"


def write_receipts(home: Home, con: duckdb.DuckDBPyConnection) -> None:
    """Append the ledger entries that have no receipt yet: a witness outside the database."""
    rows = receipts_of(con, after=last_arrival(home))
    if rows:
        lasting.append(home.receipts / RECEIPTS, rows)
    write_release_receipts(home, con)
    write_night_receipts(home, con)


def has_receipts(home: Home) -> bool:
    """Whether a home has anything to make a warehouse from."""
    return home.receipts.is_dir() and any(home.receipts.iterdir())


def receipts_of(con: duckdb.DuckDBPyConnection, after: int = 0) -> list[dict[str, Any]]:
    """What a store's ledger says from an arrival on, as the receipts have it."""
    rows = asked(
        con,
        f"""SELECT a.* REPLACE (received_on::VARCHAR AS received_on), n.run_id, regexp_extract(n.data_versions, 'clinics.toml:(\\S+)', 1) AS clinics, f.kind, f.column_no, f.line
        FROM arrival AS a JOIN night AS n USING (night) LEFT JOIN refusal AS f USING (arrival_no)
        WHERE arrival_no > {int(after)} ORDER BY arrival_no""",
    )
    return rows.rows(named=True)


def last_arrival(home: Home) -> int:
    """The last arrival that has a receipt; 0 where none has. A database whose own is before it has lost some."""
    last = lasting.last_line(home.receipts / RECEIPTS)
    return int(last["arrival_no"]) if last else 0


def read_receipts(home: Home) -> list[dict[str, Any]]:
    """The ledger's receipts. What a line that was cut had said, the ledger still has."""
    return lasting.read_lines(home.receipts / RECEIPTS)


def restore(home: Home, con: duckdb.DuckDBPyConnection, files: DataFiles) -> int:
    """Reload the arrivals and releases whose receipts the database does not know: it is older than they are. Returns nights redone.

    Raises OutcomesError where the archive, or what comes of it, is not what a receipt says.
    """
    highest = one(con, "SELECT max(arrival_no) FROM arrival") or 0
    is_older = last_arrival(home) > highest
    lost = [entry for entry in read_receipts(home) if entry["arrival_no"] > highest] if is_older else []
    if lost and not home.clinics.exists():
        raise OutcomesError(
            "clinics.toml is missing from the home, though its receipts tell of nights. Put it back, then run the night again."
        )
    for entry in lost:
        content = inbox.content_of(home, entry["sha256"], may_be_gone=True)
        if not content and not entry["refused_because"]:
            raise OutcomesError(
                f"The bytes of arrival {entry['arrival_no']} are not in the archive: restore that folder from a backup, and where the file was erased the warehouse too."
            )
        if content and sha256_of(content)[0] != entry["sha256"]:
            raise OutcomesError(
                f"The archived bytes of arrival {entry['arrival_no']} are not those of its receipt: restore the archive from a backup."
            )
    nights = sorted({entry["night"] for entry in lost})
    told = told_nights(home)
    for number in nights:
        entries = [entry for entry in lost if entry["night"] == number]
        manifest = Manifest(
            number,
            entries[0]["run_id"],
            entries[0]["received_on"],
            [e["sha256"] for e in entries],
            [e["bytes"] for e in entries],
            0,
            0,
            0,
            [e["sha256"] for e in entries if e.get("read_again_of")],
        )
        receipts = {e["sha256"]: e for e in entries}
        load_night(Night(home, manifest.id.as_of, manifest, files), con, manifest, None, receipts, told.get(number))
    restored = dict(con.execute("SELECT arrival_no, hash FROM arrival WHERE arrival_no > ?", [highest]).fetchall())
    for entry in lost:
        if restored.get(entry["arrival_no"]) != entry["hash"]:
            raise OutcomesError(
                f"Arrival {entry['arrival_no']} did not come back as its receipt says: restore the warehouse from a backup."
            )
    restore_nights(home, con)
    restore_releases(home, con)
    return len(nights)
