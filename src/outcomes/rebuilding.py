"""The whole warehouse made again from the archive and the receipts, beside the one there is, and held against it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from outcomes import inbox, lasting, witnessing
from outcomes.datafiles import put_data_files
from outcomes.deriving import derive
from outcomes.digests import store_digest, store_digests
from outcomes.errors import OutcomesError, UsageError
from outcomes.healing import heal
from outcomes.laying import lay_again
from outcomes.loading import data_files, put_clinics
from outcomes.migrating import stand_on_floor, upgrade
from outcomes.nightreceipts import told_nights
from outcomes.paths import Home, log_of
from outcomes.publishedcopy import Config, hardened, limited, publish_copy
from outcomes.receipts import has_receipts
from outcomes.recomputing import clear_scratch
from outcomes.standing import standing_of
from outcomes.store import warehouse


@dataclass(frozen=True)
class Rebuilt:
    """What came of a rebuild: digests of the store that was there (None: there was none) and of the one made again.

    differing: each table that is not the same, with its rows there and made again. in_place: whether it was put in place.
    """

    before: str | None
    digest: str
    differing: dict[str, tuple[int, int]]
    in_place: bool

    @property
    def equal(self) -> bool:
        """Whether nothing differs."""
        return not self.differing


def rebuild(home: Home, *, check: bool) -> Rebuilt:
    """Make the warehouse again, and put it in place where it equals the one there is, or where there is none.

    `check` compares only. Raises OutcomesError where the last night is not whole or another program's, or where the archive
    is not what the receipts say; UsageError where nothing ever arrived; BusyError during a night.
    """
    if not has_receipts(home):
        raise UsageError(f"{home.root} has no receipts to make a warehouse from. Is it a home? Give another --home.")
    os.umask(0o077)
    with inbox.locked(home):
        before = None
        if home.warehouse.exists():
            standing = standing_of(home)
            if standing.unfinished:
                raise OutcomesError(standing.unfinished)
            before = digests_of(home.warehouse, limited(home))
        elif home.manifest.exists():
            raise OutcomesError(f"A night is unfinished. Finish it first: outcomes nightly --home {home.root}")
        with made_again(home) as path:
            after = digests_of(path, limited(home))
            differing = differing_tables(before, after) if before is not None else {}
            in_place = not (check or differing)
            if in_place:
                _put_in_place(home, path)
        return Rebuilt(None if before is None else store_digest(before), store_digest(after), differing, in_place)


@contextmanager
def made_again(home: Home) -> Iterator[Path]:
    """A new warehouse, from the archive and the receipts alone; of a home that has a floor, from there on. It lies in the home,
    private, and is gone behind the block.

    Nothing else of the home is changed. Raises OutcomesError where an arrival does not come back as its receipt says.
    """
    clear_scratch(home)
    beside, files = Home(home.scratch / "home"), data_files(home)
    try:
        home.scratch.mkdir(mode=0o700)
        beside.root.mkdir(mode=0o700)
        beside.archive.symlink_to(home.archive.absolute(), target_is_directory=True)
        shutil.copytree(home.receipts, beside.receipts, ignore=shutil.ignore_patterns("sent"))
        beside.make()
        beside.clinics.write_text(_last_clinics(home), "utf-8")
        if home.settings.exists():
            shutil.copyfile(home.settings, beside.settings)
        if home.floor.exists():
            # Erased files, and rows of 0.1.0, are in no archive as they are stored.
            beside.backup.mkdir(mode=0o700)
            shutil.copyfile(home.floor, beside.floor)
            stand_on_floor(beside)
            upgrade(beside)
        with warehouse(beside.warehouse) as con:
            lay_again(con)
            witnessing.restore(beside, con)
            heal(beside, con, files)
            put_clinics(beside, con)
            put_data_files(con, files)
            derive(con, whole=True)
        yield beside.warehouse
    finally:
        clear_scratch(home)


def digests_of(path: Path, limits: Config | None = None) -> dict[str, str]:
    """The digest of each table of a closed store, within the `limits` of its home."""
    with hardened(path, limits) as con:
        return store_digests(con)


def differing_tables(one_store: dict[str, str], other: dict[str, str]) -> dict[str, tuple[int, int]]:
    """Each table whose digest is not the same in two stores, with how many rows it has in each."""
    return {
        name: (_rows(one_store.get(name)), _rows(other.get(name)))
        for name in sorted({*one_store, *other})
        if one_store.get(name) != other.get(name)
    }


def _last_clinics(home: Home) -> str:
    """clinics.toml as the last night had it, by the copy that it left; nothing of a night that had none."""
    told = told_nights(home)
    digest = re.findall(r"clinics\.toml:(\S+)", told[max(told)]["data_versions"])[0] if told else "none"
    path = home.receipts / f"clinics-{digest}.toml"
    if digest != "none" and not path.exists():
        raise OutcomesError(f"{path.name} is missing from the receipts: restore the folder receipts from a backup.")
    return path.read_text("utf-8") if digest != "none" else ""


def _rows(digest: str | None) -> int:
    return int(digest.partition(":")[0]) if digest else 0


def _put_in_place(home: Home, path: Path) -> None:
    """By rename: whoever opens the warehouse finds one or the other, whole."""
    # A log of a warehouse that is gone would be taken for one of this.
    log_of(home.warehouse).unlink(missing_ok=True)
    # Pages that were made of the other are not taken for pages of this.
    home.pages_made.unlink(missing_ok=True)
    lasting.put(path, home.warehouse)
    publish_copy(home)
