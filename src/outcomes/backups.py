"""Backups of a home, made while a night may be running, and a new home made from one.

A backup is a folder backup-N: `home/` with the files, `manifest.json` with the SHA-256 of each. What goes first can be made
good by what goes later: the published copy, which is always whole, stands for the warehouse; receipts may be newer than it,
and the next night stores what they tell of again; the bytes they tell of are looked for last, where a night moves them to.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import BinaryIO

from outcomes import inbox, lasting, logs
from outcomes.destroying import DESTROYED
from outcomes.errors import BusyError, OutcomesError, UsageError
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.receipts import RECEIPTS

MANIFEST = "manifest.json"
_NAME = "backup-"
_CHUNK = 2**20
# So often it is tried to see the small files as they were at one moment; a night changes them in a few.
_TRIES = 50


@dataclass
class Made:
    """A backup: where, how many files and bytes, how many of them are links to the one before, and what is wrong in the home."""

    folder: Path
    files: dict[str, str] = field(default_factory=dict)
    bytes: int = 0
    linked: int = 0
    damaged: int = 0
    missing: int = 0


def backup(home: Home, to: Path) -> Made:
    """Write the next backup of a home to a folder, whole or not at all. It takes no lock of the home.

    Raises UsageError where there is no home, BusyError where another backup is being written there.
    """
    if not home.receipts.is_dir():
        raise UsageError(f"{home.root} has had no night yet, so there is nothing to keep.")
    os.umask(0o077)
    to.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _alone(to):
        before = _last(to)
        number = _number(before) + 1 if before else 1
        aside = to / f".{_NAME}{number:06}.new"
        shutil.rmtree(aside, ignore_errors=True)
        made = Made(to / f"{_NAME}{number:06}")
        _fill(home, aside / "home", made, before)
        said = {"files": made.files, "bytes": made.bytes}
        with _new(aside / MANIFEST) as handle:
            handle.write((json.dumps(said, indent=0) + "\n").encode())
        os.sync()
        os.replace(aside, made.folder)
        lasting.sync(to)
    logs.write(home, "info", "backup_made", files=len(made.files), bytes=made.bytes, linked=made.linked, damaged=made.damaged, missing=made.missing)  # fmt: skip
    return made


def restore(source: Path, home: Home) -> int:
    """Make a new home from a backup, or from the last one of a folder of them; returns how many files it has.

    Every file is held to the manifest first. Raises UsageError where that is no backup or the home is not empty, OutcomesError
    where a file is not as it was written, or a later program made the store: then there is no home.
    """
    os.umask(0o077)
    folder = source if (source / MANIFEST).exists() else _last(source)
    if folder is None:
        raise UsageError(f"{source} is no backup, and no folder of backups.")
    if home.root.exists() and (not home.root.is_dir() or any(home.root.iterdir())):
        raise UsageError(f"{home.root} is not empty. Give with --home a folder that is not there yet.")
    try:
        files: dict[str, str] = json.loads((folder / MANIFEST).read_text("utf-8"))["files"]
    except (OSError, ValueError, KeyError, TypeError):
        raise OutcomesError("The manifest of the backup cannot be read. Take another backup.") from None
    new = Home(home.root.with_name(f".{home.root.name}.restoring"))
    shutil.rmtree(new.root, ignore_errors=True)
    new.make()
    wrong = [name for name, sha in sorted(files.items()) if not _is_put(folder / "home", new.root, name, sha)]
    if wrong:
        shutil.rmtree(new.root)
        raise OutcomesError(f"{len(wrong):,} of {len(files):,} files of the backup are not those of its manifest. Nothing was restored: take another backup.")  # fmt: skip
    try:
        if new.warehouse.exists():
            shutil.copyfile(new.warehouse, new.published_copy)
            with opened(new):
                pass
    except BaseException:
        # All of the patients would lie there, under a name that nobody looks for.
        shutil.rmtree(new.root, ignore_errors=True)
        raise
    os.sync()
    os.replace(new.root, home.root)
    lasting.sync(home.root.parent)
    logs.write(home, "info", "restored", files=len(files))
    return len(files)


def _fill(home: Home, to: Path, made: Made, before: Path | None) -> None:
    for path in sorted(Path(entry.path) for entry in os.scandir(home.inbox) if inbox.is_finished(entry)):
        # By its hash: what it is called may tell who somebody is, and does not tell what it is.
        _take(path, to, made, "inbox", is_steady=True)
    _take_small(home, to, made)
    told, needed = _told(to)
    found = set()
    for folder in (home.held, home.refused, home.archive):
        for path in sorted(folder.iterdir()):
            sha, name = path.name, f"{folder.name}/{path.name}"
            if sha.startswith(".") or (folder != home.held and sha not in told):
                continue  # half-written, or of a night that began after the small files were looked at
            if before is not None and _is_linked(before / "home" / name, to / name):
                made.files[name] = sha
                made.bytes += (to / name).stat().st_size
                made.linked += 1
            elif (written := _take(path, to, made, name)) is None:
                continue  # moved on by a night: it is looked for where it went
            else:
                made.damaged += written != sha
            found.add(sha)
    made.missing = len(needed - found)
    for folder in (home.reports, home.exports, home.review):
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            _take(path, to, made, path.relative_to(home.root).as_posix())
    _take(home.pages_made, to, made, home.pages_made.name)


def _take_small(home: Home, to: Path, made: Made) -> None:
    """Receipts, settings, manifest and the stores, all as they were at one moment: a night changes them in a few."""
    for _ in range(_TRIES):
        seen = _seen(home)
        of_moment = Made(made.folder)
        with ExitStack() as stack:
            # Opened in the moment and read behind it: a night puts another in its place, and changes none.
            large = {name: stack.enter_context(path.open("rb")) for name, path in _large(home).items() if path.exists()}
            for path in _small(home):
                _take(path, to, of_moment, path.relative_to(home.root).as_posix())
            if _seen(home) == seen:
                for name, handle in large.items():
                    _write(handle, to, of_moment, name)
                made.files |= of_moment.files
                made.bytes += of_moment.bytes
                return
        for name in of_moment.files:
            (to / name).unlink()
    raise OutcomesError("The home changes all the time. Take the backup again when the night has ended.")


def _large(home: Home) -> dict[str, Path]:
    return {"warehouse.duckdb": home.published_copy, "backup/floor.duckdb": home.floor}


def _small(home: Home) -> list[Path]:
    single = (home.clinics, home.settings, home.manifest, home.summary)
    folders = (home.receipts, home.requeue)
    listed = [path for folder in folders if folder.is_dir() for path in folder.iterdir() if path.is_file()]
    return sorted(path for path in (*single, *listed) if path.is_file() and not path.name.startswith("."))


def _seen(home: Home) -> dict[Path, tuple[int, int, int]]:
    """What tells whether a file was changed: which it is, its size, and when it was written."""
    found = {}
    for path in (*_small(home), *_large(home).values()):
        with suppress(FileNotFoundError):
            status = path.stat()
            found[path] = (status.st_ino, status.st_size, status.st_mtime_ns)
    return found


def _told(to: Path) -> tuple[set[str], set[str]]:
    """The files that the receipts or a manifest of a backup tell of; and those that must be there: taken, and not erased."""
    kept = Home(to)
    receipts = lasting.read_lines(kept.receipts / RECEIPTS)
    waiting = set(json.loads(kept.manifest.read_text("utf-8"))["sha256"]) if kept.manifest.exists() else set()
    taken = {receipt["sha256"] for receipt in receipts if receipt["refused_because"] is None}
    gone = {receipt["sha256"] for receipt in lasting.read_lines(kept.receipts / DESTROYED)}
    return {receipt["sha256"] for receipt in receipts} | waiting, (taken | waiting) - gone


def _take(path: Path, to: Path, made: Made, name: str, *, is_steady: bool = False) -> str | None:
    """Copy a file; its SHA-256, None where it is not there any more. `is_steady`: under its hash, and not while it is written."""
    try:
        with path.open("rb") as handle:
            before = os.fstat(handle.fileno())
            sha = _write(handle, to, made, f"{name}/.part" if is_steady else name)
            after = os.fstat(handle.fileno())
    except FileNotFoundError:
        return None
    if is_steady:
        made.files.pop(f"{name}/.part")
        if (before.st_size, before.st_mtime_ns) == (after.st_size, after.st_mtime_ns):
            os.replace(to / name / ".part", to / name / sha)
            made.files[f"{name}/{sha}"] = sha
        else:
            (to / name / ".part").unlink()
    return sha


def _write(source: BinaryIO, to: Path, made: Made, name: str) -> str:
    """Copy an open file under a name of the backup; the SHA-256 of what was written."""
    (to / name).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with _new(to / name) as handle:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            handle.write(chunk)
            made.bytes += len(chunk)
    made.files[name] = digest.hexdigest()
    return made.files[name]


def _new(path: Path) -> BinaryIO:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")


def _is_linked(earlier: Path, to: Path) -> bool:
    """Whether a file that never changes could be linked to that of an earlier backup."""
    to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.link(earlier, to)
    except OSError:  # not there, or a file system without links
        return False
    return True


def _is_put(source: Path, to: Path, name: str, sha: str) -> bool:
    """Copy a file of a backup to the new home; whether it is that of the manifest."""
    if PurePosixPath(name).is_absolute() or ".." in PurePosixPath(name).parts:
        return False
    try:
        with (source / name).open("rb") as handle:
            return _write(handle, to, Made(to), name) == sha
    except OSError:
        return False


@contextmanager
def _alone(to: Path) -> Iterator[None]:
    try:
        with inbox.locked(Home(to)):
            yield
    except BusyError:
        raise BusyError("Another backup is being written to this folder. Try again when it has ended.") from None


def backups_in(to: Path) -> list[Path]:
    """The backups of a folder of them, in their order. What a person has put there under another name is none."""
    found = [path for path in to.glob(f"{_NAME}*") if re.fullmatch(r"[0-9]{6,}", path.name.removeprefix(_NAME))]
    return sorted((path for path in found if (path / MANIFEST).exists()), key=_number)


def _number(path: Path) -> int:
    return int(path.name.removeprefix(_NAME))


def _last(to: Path) -> Path | None:
    """The last backup of a folder of them."""
    return next(reversed(backups_in(to)), None)
