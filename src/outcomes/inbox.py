"""The inbox: finds finished files, and holds their bytes safe before anything is judged."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path
from typing import Any

from outcomes.errors import BusyError, UsageError
from outcomes.paths import Home
from outcomes.settings import settings_of
from outcomes.sources.content import BLOCK_BYTES, PIECE_BYTES, Content
from schemas.settings import Limits

# A batch is parsed in one go up to about this size.
BATCH_BYTES = 256 * 2**20
# A folder synced as a whole costs less than this many files synced one by one.
SYNC_ONE_BY_ONE = 16
# A large file while it is copied: what begins with a dot is removed where a night died.
_COPY = ".copy"
# So much of the end of a file of lines is read for its last one.
_TAIL = 65536


@dataclass(frozen=True)
class Place:
    """A file of the inbox as it was when its bytes were read."""

    path: str
    sha256: str
    size: int
    mtime_ns: int

    def is_unchanged(self) -> bool:
        """Whether it is still the file that was read."""
        try:
            status = os.stat(self.path, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return (status.st_size, status.st_mtime_ns) == (self.size, self.mtime_ns)


@dataclass
class Looked:
    """What a look at the inbox found, the size of each by hash, and how many entries were left alone."""

    places: list[Place] = field(default_factory=list)
    sizes: dict[str, int] = field(default_factory=dict)
    left_alone: int = 0


@contextmanager
def locked(home: Home) -> Iterator[None]:
    """The one lock of a home, on a file of its own. Raises BusyError at once if another night holds it."""
    with home.lock.open("a") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise BusyError("Another night is running in this home. Try again when it has ended.") from None
        yield


def look(home: Home, known: set[str]) -> Looked:
    """Hash every finished file of the inbox, and hold the bytes of the new ones in `held/`."""
    found = Looked()
    largest = settings_of(home).limits.file_bytes
    fresh: list[str] = []
    for entry in sorted(os.scandir(home.inbox), key=lambda entry: entry.name):
        status = entry.stat(follow_symlinks=False)
        if not is_finished(entry) or (status.st_size > largest and not _may_have_any_size(entry.path)):
            found.left_alone += 1
            continue
        if status.st_size > BLOCK_BYTES:
            place = copied(entry.path, home.held / _COPY)
            if place is None:
                found.left_alone += 1
                continue
            if place.sha256 in known or place.sha256 in found.sizes:
                (home.held / _COPY).unlink()
            else:
                os.replace(home.held / _COPY, home.held / f".{place.sha256}")
                fresh.append(place.sha256)
            found.sizes[place.sha256] = place.size
            found.places.append(place)
            continue
        try:
            data = Path(entry.path).read_bytes()
            after = os.stat(entry.path)
        except OSError:
            found.left_alone += 1
            continue
        if (after.st_size, after.st_mtime_ns) != (status.st_size, status.st_mtime_ns) or len(data) != after.st_size:
            found.left_alone += 1  # still growing: the next night takes it
            continue
        sha = hashlib.sha256(data).hexdigest()
        if sha not in known and sha not in found.sizes:
            _hold(home, sha, data)
            fresh.append(sha)
        found.sizes[sha] = len(data)
        found.places.append(Place(entry.path, sha, after.st_size, after.st_mtime_ns))
    _settle(home.held, fresh)
    return found


def is_finished(entry: os.DirEntry[str]) -> bool:
    """Whether what lies in the inbox is a file that its sender has done with, by its kind and name."""
    return entry.is_file(follow_symlinks=False) and not entry.name.endswith(".part") and not entry.name.startswith(".")


def left_in_hold(home: Home) -> dict[str, int]:
    """Sizes by hash of files that were held by a night that died before its manifest. Half-written ones are removed."""
    whole: dict[str, int] = {}
    for path in home.held.iterdir():
        if path.name.startswith("."):
            path.unlink()
        else:
            whole[path.name] = path.stat().st_size
    return whole


def _hold(home: Home, sha: str, data: bytes) -> None:
    with open(f"{home.held}/.{sha}", "wb") as handle:
        handle.write(data)


def copied(path: str, aside: Path) -> Place | None:
    """Hash a file of the inbox while it is copied aside, so that it is never in memory whole.

    None where it is to be left alone: then nothing lies aside. Raises OSError where the copy cannot be written.
    """
    digest, size = hashlib.sha256(), 0
    try:
        with _source(path) as source, open(aside, "wb", buffering=0) as copy:
            before = os.fstat(source.fileno())
            while piece := _piece(source):
                digest.update(piece)
                left = memoryview(piece)
                while left:
                    left = left[copy.write(left) :]
                size += len(piece)
            after = os.fstat(source.fileno())
        if before.st_size == size == after.st_size and before.st_mtime_ns == after.st_mtime_ns:
            return Place(path, digest.hexdigest(), size, after.st_mtime_ns)
    except _UnreadableError:
        pass
    # It cannot be read, or is still growing: the next night takes it.
    aside.unlink(missing_ok=True)
    return None


class _UnreadableError(Exception):
    pass


def _source(path: str) -> FileIO:
    try:
        return FileIO(path)
    except OSError:
        raise _UnreadableError from None


def _piece(source: FileIO) -> bytes:
    try:
        return source.read(PIECE_BYTES)
    except OSError:
        raise _UnreadableError from None


def _may_have_any_size(path: str) -> bool:
    """Whether a file over the limit is taken all the same, as it is read in blocks."""
    # It has to know what a file is: all else here does not, and is in memory sooner.
    from outcomes.sources.opening import has_any_size

    try:
        return has_any_size(Path(path))
    except OSError:
        return False


def _settle(folder: Path, aside: list[str]) -> None:
    """Make written-aside files last, then give them their names."""
    if len(aside) > SYNC_ONE_BY_ONE:
        os.sync()
    else:
        for sha in aside:
            sync(folder / f".{sha}")
    for sha in aside:
        os.replace(f"{folder}/.{sha}", f"{folder}/{sha}")
    if aside:
        sync(folder)


def sync(path: Path) -> None:
    """fsync a file or a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_lasting(path: Path, text: str) -> None:
    """Write a small file whole or not at all, and make it last."""
    aside = path.with_name(f".{path.name}.new")
    aside.write_text(text, "utf-8")
    put_lasting(aside, path)


def put_lasting(aside: Path, path: Path) -> None:
    """Put a file that was made aside in place of another, whole, and make both it and its name last."""
    sync(aside)
    os.replace(aside, path)
    sync(path.parent)


def append_lasting(path: Path, lines: Iterable[dict[str, Any]]) -> None:
    """Append JSON lines and make them last."""
    with path.open("a", encoding="utf-8") as handle:
        handle.writelines(json.dumps(line, separators=(",", ":")) + "\n" for line in lines)
        handle.flush()
        os.fsync(handle.fileno())


def append_new(path: Path, number: str, lines: Iterable[dict[str, Any]]) -> None:
    """Append the JSON lines whose `number` is above the highest that the file has, and make them last."""
    have = max((line[number] for line in read_lines(path)), default=0)
    if new := [line for line in lines if line[number] > have]:
        append_lasting(path, new)


def read_lines(path: Path) -> list[dict[str, Any]]:
    """The JSON lines of a file, none where it is not there. A line cut while it was written is taken out."""
    if not path.exists():
        return []
    whole = path.read_bytes().decode()
    if whole and not whole.endswith("\n"):
        whole = whole[: whole.rfind("\n") + 1]
        write_lasting(path, whole)
    return [json.loads(line) for line in whole.splitlines()]


def last_line(path: Path) -> dict[str, Any] | None:
    """The last of the JSON lines of a file, without reading years of them; None where it has none."""
    if not path.exists():
        return None
    with path.open("rb") as handle:
        handle.seek(max(0, path.stat().st_size - _TAIL))
        tail = handle.read()
    if not tail.endswith(b"\n") or tail.count(b"\n") < 2:
        return next(reversed(read_lines(path)), None)
    found: dict[str, Any] = json.loads(tail.splitlines()[-1])
    return found


def bytes_of(home: Home, sha: str, *, may_be_gone: bool = False) -> bytes:
    """The bytes of an arrival, wherever it lies by now; none where they may be gone and are."""
    for folder in (home.held, home.archive, home.refused):
        try:
            with open(f"{folder}/{sha}", "rb", buffering=0) as handle:
                return handle.read()
        except FileNotFoundError:
            continue
    if may_be_gone:
        return b""
    raise FileNotFoundError(f"the bytes of arrival {sha[:12]} are in neither held, archive nor refused")


def content_of(home: Home, sha: str) -> Content:
    """What is to be judged of an arrival: its bytes, or where they lie if they are more than a block."""
    for folder in (home.held, home.archive, home.refused):
        try:
            with open(f"{folder}/{sha}", "rb", buffering=0) as handle:
                return handle.read() if os.fstat(handle.fileno()).st_size <= BLOCK_BYTES else folder / sha
        except FileNotFoundError:
            continue
    return bytes_of(home, sha)


def content_given(path: Path, limits: Limits = Limits()) -> Content:  # noqa: B008 (it is frozen)
    """What a command is to judge of a file: its bytes, or where they lie if they are more than a block. Raises UsageError as bytes_given()."""
    try:
        if path.is_file() and path.stat().st_size > BLOCK_BYTES and _may_have_any_size(str(path)):
            return path
    except OSError:
        raise UsageError("A file cannot be read. Check its permissions.") from None
    return bytes_given(path, limits)


def bytes_given(path: Path, limits: Limits = Limits()) -> bytes:  # noqa: B008 (it is frozen)
    """The bytes of a file that a command is given. Raises UsageError, which does not name it."""
    try:
        if not path.is_file():
            raise UsageError("A file is not there or is not a regular file. Check the path.")
        if path.stat().st_size > limits.file_bytes:
            raise UsageError(f"A file is larger than a file may be ({limits.file_megabytes:,} MiB). Split it.")
        return path.read_bytes()
    except OSError:
        raise UsageError("A file cannot be read. Check its permissions.") from None


def put_away(home: Home, taken: Iterable[str], refused: Iterable[str], taken_again: Iterable[str] = ()) -> None:
    """Move held files on: those taken to the archive, the others to `refused/`; and those taken that had been refused."""
    for place, folder, shas in (
        (home.held, home.archive, taken),
        (home.refused, home.archive, taken_again),
        (home.held, home.refused, refused),
    ):
        for sha in shas:
            # It is not there where a night that died had moved it on already.
            with suppress(FileNotFoundError):
                os.replace(f"{place}/{sha}", f"{folder}/{sha}")
    for folder in (home.archive, home.refused, home.held):
        sync(folder)
