"""A night's files into the warehouse: which clinics may send, batch by batch, and the night itself."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import duckdb
import polars as pl

from outcomes import inbox, lasting
from outcomes.checking import Judged, judge
from outcomes.datafiles import DataFiles, clinics_of, put_data_files, read_data_files
from outcomes.errors import FileRefusedError, OutcomesError
from outcomes.frames import keep_equal, one
from outcomes.nightreceipts import put_night
from outcomes.paths import Home, data_folder
from outcomes.sources.content import Content
from outcomes.store import File, NightId, load
from outcomes.summary import Summary
from outcomes.versions import lock_digest, program_digest, program_version
from outcomes.witnessing import BENCHMARKS, lines
from schemas.clinics import Clinics, clinics_text, read_clinics
from schemas.errors import DataFileError

Progress = Callable[[str, int, int], None]
# Judges batches of files elsewhere than in this process: what became of each batch, in their order.
Judging = Callable[[Home, list[list[File]], Clinics | None], Generator[Judged]]


@dataclass(frozen=True)
class Manifest:
    """What a night is: its id and the hashes it takes, written before anything is stored.

    sha256: files to read again first, those that came in the same night together, then the new ones. requeued: those to
    read again.
    """

    night: int
    run_id: str
    as_of: str
    sha256: list[str]
    sizes: list[int]
    files_known: int
    known_refused: int
    left_alone: int
    requeued: list[str] = field(default_factory=list)

    @property
    def id(self) -> NightId:
        """Number, run and as-of date."""
        return NightId(self.night, self.run_id, dt.date.fromisoformat(self.as_of))


@dataclass
class Night:
    """A night under way in a home: what each of its steps leaves to the next.

    last: number of the night before, and last_as_of its date. ledger_head: hash of the ledger's last entry. known: every file of the ledger before
    this night, and why it is refused; none where nothing waits. held: sizes by hash of files that an earlier
    night held and did not take. healed: how many nights had to be done again before it. ended: number of the one that was killed and
    is done to its end before it. upgraded_from: the store's version
    before this night, where that was an older one. counts: what the step under way counted, for its log. judging: where its
    files are judged, None: in this process.
    """

    home: Home
    as_of: dt.date
    manifest: Manifest | None = None
    files: DataFiles | None = None
    last: int = 0
    last_as_of: dt.date | None = None
    ledger_head: str = ""
    known: dict[str, str | None] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)
    found: inbox.Looked = field(default_factory=inbox.Looked)
    healed: int = 0
    ended: int | None = None
    upgraded_from: int | None = None
    registered: list[str] = field(default_factory=list)
    nothing_new: bool = False
    summary: Summary | None = None
    counts: dict[str, int] = field(default_factory=dict)
    judging: Judging | None = None

    @property
    def run(self) -> dict[str, Any] | None:
        """Which run it is, for its log; None before it has a manifest."""
        return {key: getattr(self.manifest, key) for key in ("run_id", "night", "as_of")} if self.manifest else None


def data_files(home: Home) -> DataFiles:
    """The data files that ship, with the benchmarks that a home has added or retired. Raises OutcomesError."""
    try:
        return read_data_files(data_folder(), lines(home, BENCHMARKS))
    except DataFileError as error:
        raise OutcomesError(f"The data files break their contract: {'; '.join(error.faults)}") from None


def batches(files: Iterable[File], size: int = inbox.BATCH_BYTES) -> Iterator[list[File]]:
    """Whole files, together up to about `size` bytes."""
    batch: list[File] = []
    held = 0
    for file in files:
        if batch and held + file.size > size:
            yield batch
            batch, held = [], 0
        batch.append(file)
        held += file.size
    if batch:
        yield batch


def load_night(
    night: Night,
    con: duckdb.DuckDBPyConnection,
    manifest: Manifest,
    progress: Progress | None,
    receipts: dict[str, dict[str, Any]] | None = None,
    told: dict[str, Any] | None = None,
) -> None:
    """Store the night's files that the ledger does not have, and the night itself.

    With `receipts` (by hash) a lost night is done again as it was: with its clinics, and with its refusals even where the
    bytes were destroyed since; `told` is its own receipt, None for one of an earlier version, which left none.
    """
    home, files = night.home, night.files or data_files(night.home)
    clinics = put_clinics(home, con)
    if receipts:
        clinics = _clinics_then(home, next(iter(receipts.values())))
    put_data_files(con, files)
    stored = {sha for (sha,) in con.execute("SELECT sha256 FROM arrival WHERE night = ?", [manifest.night]).fetchall()}
    left = [File(sha, size) for sha, size in zip(manifest.sha256, manifest.sizes, strict=True) if sha not in stored]
    first_nights = (
        dict(con.execute("SELECT sha256, min(night) FROM arrival GROUP BY sha256").fetchall()) if left else {}
    )
    done = 0
    # What came in one night is settled together, also where it is read again in another.
    for came, together in groupby(left, lambda file: first_nights.get(file.sha256, manifest.night)):
        files_left = list(together)
        end = done + len(files_left)
        of_night = list(batches(files_left))
        # What came of a healed night's files is in its receipts: they are judged by those, here.
        elsewhere = None if receipts else night.judging
        with closing(
            elsewhere(home, of_night, clinics) if elsewhere else _judged_here(home, of_night, clinics, receipts)
        ) as all_judged:
            for batch, judged in zip(of_night, all_judged, strict=True):
                if receipts:
                    _as_refused_then(judged, [receipts[file.sha256] for file in batch])
                if clinics is None:
                    _register(con, judged)
                done += len(batch)
                load(con, manifest.id, batch, judged, more=done < end, came=came)
                if progress:
                    progress("store", done, len(left))
    if clinics is None:
        night.registered = [row[0] for row in con.execute("SELECT clinic_id FROM clinic ORDER BY clinic_id").fetchall()]
        if night.registered and not home.clinics.exists():
            lasting.write(home.clinics, clinics_text(night.registered))
    if not one(con, "SELECT count(*) FROM night WHERE night = ?", [manifest.night]):
        taken, refused, again = con.execute(
            """SELECT count(*) FILTER (read_again_of IS NULL AND refused_because IS NULL),
                count(*) FILTER (read_again_of IS NULL AND refused_because IS NOT NULL), count(read_again_of)
            FROM arrival WHERE night = ?""",
            [manifest.night],
        ).fetchone() or (0, 0, 0)
        clinics_digest = next(iter(receipts.values()))["clinics"] if receipts else _keep_clinics(home)
        found = {
            "night": manifest.night, "run_id": manifest.run_id, "as_of": manifest.as_of, "program_version": program_version(),
            "program_digest": program_digest(), "lock_digest": lock_digest(),
            "data_versions": f"{files.versions} clinics.toml:{clinics_digest}",
            "files_taken": taken, "files_refused": refused, "files_known": manifest.files_known, "files_read_again": again,
        }  # fmt: skip
        put_night(con, told or found)
        # What its batches said to each other holds values, of rows set aside too, and was for this night alone.
        con.execute("DELETE FROM contested")


def _judged_here(
    home: Home, of_night: list[list[File]], clinics: Clinics | None, receipts: dict[str, dict[str, Any]] | None
) -> Generator[Judged]:
    for batch in of_night:
        yield judge((_content(home, file.sha256, receipts) for file in batch), clinics)


def _content(home: Home, sha: str, receipts: dict[str, dict[str, Any]] | None) -> Content:
    """The bytes of an arrival; none of one whose receipt says that it was refused: it was not read then."""
    return b"" if receipts and receipts[sha]["refused_because"] else inbox.content_of(home, sha)


def put_clinics(home: Home, con: duckdb.DuckDBPyConnection) -> Clinics | None:
    """The clinics that may send, by clinics.toml; None on a first night without one: then all that are seen may."""
    clinics = clinics_of(home)
    if clinics is None:
        is_healing_the_first = not one(con, "SELECT count(*) FROM night")
        if one(con, "SELECT count(*) FROM patient") and not is_healing_the_first:
            raise OutcomesError(
                "clinics.toml is missing from the home, though rows of clinics are stored. Put it back, then run the night again."
            )
        return None
    lost = [
        row[0]
        for row in con.execute("SELECT DISTINCT clinic_id FROM patient ORDER BY 1").fetchall()
        if row[0] not in clinics.known
    ]
    if lost:
        raise OutcomesError(
            f"clinics.toml no longer lists {', '.join(lost)}, of which rows are stored. Put the entry back, then run the night again."
        )
    cadences = {"clinic_id": list(clinics.cadences), "sends_every_days": list(clinics.cadences.values())}
    keep_equal(con, "clinic", pl.DataFrame(clinics.rows, infer_schema_length=None))
    keep_equal(
        con, "clinic_cadence", pl.DataFrame(cadences, schema={"clinic_id": pl.String, "sends_every_days": pl.Int32})
    )
    return clinics


def _keep_clinics(home: Home) -> str:
    """The head of the SHA-256 of clinics.toml; a copy goes beside the receipts, so that a lost night can be done again."""
    if not home.clinics.exists():
        return "none"
    text = home.clinics.read_text("utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()[:12]
    copy = home.receipts / f"clinics-{digest}.toml"
    if not copy.exists():
        lasting.write(copy, text)
    return digest


def _clinics_then(home: Home, receipt: dict[str, Any]) -> Clinics:
    copy = home.receipts / f"clinics-{receipt['clinics']}.toml"
    return read_clinics(copy if copy.exists() else home.clinics)


def _as_refused_then(judged: Judged, receipts: list[dict[str, Any]]) -> None:
    for file, receipt in enumerate(receipts):
        if receipt["refused_because"]:
            judged.formats[file] = receipt["format"]
            judged.feeds[file] = receipt["feed"]
            judged.profiles[file] = receipt.get("profile", "")
            judged.refused[file] = FileRefusedError(
                receipt["refused_because"], column_no=receipt["column_no"], line=receipt["line"], kind=receipt["kind"]
            )


def _register(con: duckdb.DuckDBPyConnection, judged: Judged) -> None:
    of_block = (rows["clinic_id"].unique() for good in judged.good.values() for rows in good.frames(["clinic_id"]))
    seen = {clinic_id for clinics in of_block for clinic_id in clinics}
    for clinic_id in sorted(seen):
        if not one(con, "SELECT count(*) FROM clinic WHERE clinic_id = ?", [clinic_id]):
            con.execute("INSERT INTO clinic VALUES (?, '', 'ketamine_iv', false, false, false)", [clinic_id])
