"""The crosswalk: which patient has which code, and when their first infusion was. It never leaves the clinic.

A CSV file with one line a patient: `real_id`, `code`, `first_infusion_on`. It only grows: an id keeps its code, and a
first infusion once known stays. It is readable by its owner alone, and is written whole or not at all.
"""

from __future__ import annotations

import csv
import datetime as dt
import fcntl
import io
import os
import re
import stat
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from outcomes.codes import is_code, new_code
from outcomes.errors import BusyError, OutcomesError, UsageError
from outcomes.lasting import sync

COLUMNS = ["real_id", "code", "first_infusion_on"]


@dataclass(frozen=True)
class Entry:
    """One patient of the crosswalk; `first_infusion_on` is None while it is unknown."""

    code: str
    first_infusion_on: dt.date | None


class Crosswalk:
    """The crosswalk of one clinic, in the order in which its patients came."""

    def __init__(self, clinic: str, entries: dict[str, Entry]) -> None:
        self.clinic = clinic
        self._entries = entries
        self._codes = {entry.code for entry in entries.values()}

    def __contains__(self, real_id: str) -> bool:
        return real_id in self._entries

    @property
    def real_ids(self) -> list[str]:
        """The real ids, in the order of the file."""
        return list(self._entries)

    def first_infusion_on(self, real_id: str) -> dt.date | None:
        """The day that is day 0 of a patient; None where it is not known."""
        entry = self._entries.get(real_id)
        return entry.first_infusion_on if entry else None

    def with_patients(self, patients: dict[str, dt.date | None]) -> Crosswalk:
        """The same with these patients in it, each with a code and, where it was not known, the first infusion."""
        grown, codes = dict(self._entries), set(self._codes)
        for real_id, first in patients.items():
            if real_id not in grown:
                grown[real_id] = Entry(new_code(self.clinic, codes), first)
                codes.add(grown[real_id].code)
            elif grown[real_id].first_infusion_on is None:
                grown[real_id] = replace(grown[real_id], first_infusion_on=first)
        return Crosswalk(self.clinic, grown)

    def code(self, real_id: str) -> str:
        """The code of a patient who is in it."""
        return self._entries[real_id].code

    def holds_code(self, text: str) -> bool:
        """Whether `text` is one of its codes."""
        return text in self._codes

    def text(self) -> str:
        """The file."""
        out = io.StringIO()
        # All in quotes: an id may hold a line break.
        writer = csv.writer(out, lineterminator="\n", quoting=csv.QUOTE_ALL)
        writer.writerow(COLUMNS)
        for real_id, entry in self._entries.items():
            first = entry.first_infusion_on
            writer.writerow([real_id, entry.code, first.isoformat() if first else ""])
        return out.getvalue()


def real_id_of(cell: str) -> str:
    """The id that a cell holds: without blanks at its ends, in one form of Unicode. Capitals and zeros stay as they are."""
    return unicodedata.normalize("NFC", cell).strip()


def likely_same(real_id: str) -> str:
    """Two ids of which this is equal are likely one patient's, written differently: capitals, blanks, hyphens, leading zeros."""
    plain = re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", real_id).casefold())
    return plain.lstrip("0") or plain


@contextmanager
def held(path: Path, clinic: str, *, is_new: bool) -> Iterator[Crosswalk]:
    """The crosswalk at `path`, locked for as long as the block lasts.

    Raises UsageError where it is not there and `is_new` was not said, or is there and it was; OutcomesError where others
    can read it or it is damaged; BusyError where somebody else is using it.
    """
    if path.exists() == is_new:
        raise UsageError(
            "The crosswalk is there already: leave --new-crosswalk out, so that every patient keeps their code."
            if is_new
            else "There is no crosswalk in that place. Find the one you have: with another, every patient would get a second "
            "code. Only for the first file of all, add --new-crosswalk."
        )
    try:
        if is_new:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(path.with_name(f".{path.name}.lock"), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        raise UsageError("The crosswalk's folder cannot be written to. Check the path and its permissions.") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError("Somebody else is using this crosswalk. Try again when they have ended.") from None
        # Looked at again: another run may have made it before the lock was ours.
        yield Crosswalk(clinic, {} if is_new and not path.exists() else _read(path, clinic))
    finally:
        os.close(lock)


def _read(path: Path, clinic: str) -> dict[str, Entry]:
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise UsageError("The crosswalk is not a regular file.")
        if status.st_mode & 0o077:
            raise OutcomesError(
                "Others can read or write the crosswalk. Run: chmod 600 on it, and see who has read it."
            )
        text = path.read_bytes().decode()
    except (OSError, UnicodeDecodeError):
        raise OutcomesError("The crosswalk cannot be read as UTF-8 text. Put its last backup in its place.") from None
    entries: dict[str, Entry] = {}
    codes: set[str] = set()
    line = 1
    try:
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        if next(reader) != COLUMNS:
            raise ValueError
        for real_id, code, first in reader:
            line = reader.line_num
            if is_code(code) and code.rpartition("-")[0] != clinic:
                raise OutcomesError(f"The crosswalk is of another clinic (line {line}). Each clinic has its own.")
            if (
                not is_code(code)
                or code in codes
                or real_id in entries
                or real_id_of(real_id) != real_id
                or not real_id
            ):
                raise ValueError
            codes.add(code)
            entries[real_id] = Entry(code, dt.date.fromisoformat(first) if first else None)
    except (csv.Error, StopIteration, ValueError):
        raise OutcomesError(
            f"The crosswalk is damaged at line {line} or the next one. Put its last backup in its place."
        ) from None
    return entries


def write_private(path: Path, data: bytes) -> None:
    """Write a file that its owner alone can read, whole or not at all, and make it last. Raises OutcomesError."""
    aside = path.with_name(f".{path.name}.new")
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        aside.unlink(missing_ok=True)
        # Made anew, so that its mode is ours and it is no link to elsewhere.
        with os.fdopen(os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), "wb") as handle:
            handle.write(data)
            handle.flush()
            os.fsync(handle.fileno())
        os.replace(aside, path)
        sync(path.parent)
    except OSError:
        with suppress(OSError):
            aside.unlink(missing_ok=True)
        raise OutcomesError("A file could not be written. Check the folder, its permissions and the disk.") from None
