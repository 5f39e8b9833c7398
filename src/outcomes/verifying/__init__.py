"""Verify: whether a home still says what it once said; one line a check, and nothing of it is changed.

What is compared are witnesses that are kept apart: archive, receipts, warehouse, published copy, and the program's own
SQL and data files. No line has a value, a patient or a file's name in it: arrivals go by number, files by SHA-256.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import duckdb

from outcomes import inbox
from outcomes.digests import store_digest, store_digests
from outcomes.errors import OutcomesError
from outcomes.frames import one
from outcomes.paths import Home
from outcomes.publishedcopy import hardened, limited
from outcomes.receipts import has_receipts
from outcomes.signing import no_night
from outcomes.standing import Standing, standing_of
from outcomes.storeversions import current, version_of
from outcomes.verifying import derivations, files, floors, locked, objects, published, rows, witnesses
from outcomes.verifying.checks import DIFFERS, NOT_CHECKED, OK, Check

Step = Callable[[], Check]


@dataclass(frozen=True)
class Verified:
    """Every check; the digest of the warehouse and the head of its ledger, empty where it cannot be opened.

    unfinished: why something could not be checked, and what to do; None where all was.
    """

    checks: list[Check]
    digest: str
    head: str
    unfinished: str | None

    @property
    def differs(self) -> bool:
        """Whether any check found a difference."""
        return any(check.result == DIFFERS for check in self.checks)


def verify(home: Home, *, from_archive: bool = False) -> Verified:
    """Every check of a home. `from_archive` also reads the whole archive again, and compares all that comes of it.

    Raises UsageError where there was no night, BusyError during one.
    """
    if not (home.warehouse.exists() or has_receipts(home)):
        raise no_night(home)
    os.umask(0o077)
    with inbox.locked(home):
        try:
            standing = standing_of(home) if home.warehouse.exists() else None
        except (duckdb.Error, ValueError, KeyError) as error:
            return _without(f"it cannot be opened ({type(error).__name__}): put it back from a backup, or move it away and run outcomes rebuild")  # fmt: skip
        if standing is None:
            return _without("it is not there: outcomes rebuild, or the next night, makes it again from the archive")
        return _verified(home, standing, from_archive)


def _without(why: str) -> Verified:
    return Verified([Check("warehouse", "warehouse.duckdb", DIFFERS, why)], "", "", None)


def _verified(home: Home, standing: Standing, from_archive: bool) -> Verified:
    digests: dict[str, str] = {}
    with hardened(home.warehouse, limited(home)) as con, objects.laid_anew(home) as laid:
        if (version := version_of(con)) < current():
            # Its tables are others than those that are asked below.
            why = f"it is of an earlier program. Run a night, which upgrades it: outcomes nightly --home {home.root}"
            return Verified([Check("warehouse", f"a store of version {version}", NOT_CHECKED, why)], "", "", f"The store cannot be checked: {why}")  # fmt: skip
        checks = [
            _done("warehouse", partial(_warehouse, con, standing, digests)),
            _done("archive", partial(files.archive, home, con, standing)),
            _done("ledger", partial(rows.ledger, con)),
            _done("receipts", partial(witnesses.receipts, home, con, standing)),
            _done("nights", partial(witnesses.nights, home, con, standing)),
            _done("versions", partial(witnesses.versions, con)),
            *(_done(name, partial(check, home, con, standing)) for name, check in witnesses.SPOKEN.items()),
            _done("floor", partial(floors.floor, home, con)),
            _done("rows", partial(rows.stored, con)),
            _done("counts", partial(rows.counts, con)),
            _whole("derived", standing.is_halted, standing, partial(derivations.derived, con, digests)),
            _whole("program", standing.is_halted or standing.is_other_sql, standing, partial(objects.program, con, laid)),
            _whole("data files", standing.is_halted or standing.is_other_data, standing, partial(objects.data, home, con, laid)),
        ]  # fmt: skip
        head = str(_quietly(partial(one, con, "SELECT arg_max(hash, arrival_no) FROM arrival")) or "")
    checks += [
        _whole("releases", standing.is_halted, standing, partial(locked.releases, home)),
        _whole("published copy", standing.is_halted, standing, partial(published.copy, home)),
        _whole("reports", standing.is_halted, standing, partial(published.reports, home)),
    ]
    if from_archive:
        checks.append(_whole("read again", standing.unfinished is not None, standing, partial(locked.read_again, home, digests)))  # fmt: skip
    return Verified(checks, store_digest(digests) if digests else "", head, standing.unfinished)


def _warehouse(con: duckdb.DuckDBPyConnection, standing: Standing, digests: dict[str, str]) -> Check:
    digests |= store_digests(con)
    said = f"{len(digests)} tables, digest {store_digest(digests)[:16]}"
    return Check("warehouse", said, NOT_CHECKED if standing.unfinished else OK, standing.unfinished or "")


def _whole(name: str, is_left_out: bool, standing: Standing, step: Step) -> Check:
    """A check that needs the last night whole, or of this program."""
    return Check(name, "", NOT_CHECKED, (standing.unfinished or "").partition(".")[0]) if is_left_out else _done(name, step)  # fmt: skip


def _done(name: str, step: Step) -> Check:
    """A check; what cannot be read is a difference, and the words of others, which can hold a cell, stay inside."""
    try:
        return step()
    except OutcomesError as error:
        return Check(name, "", DIFFERS, str(error))
    except (duckdb.Error, OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        return Check(name, "", DIFFERS, f"could not be read ({type(error).__name__})")


def _quietly(step: Callable[[], object]) -> object:
    try:
        return step()
    except duckdb.Error:
        return None
