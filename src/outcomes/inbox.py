"""The inbox: finds finished files, and holds their bytes safe before anything is judged."""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
from collections.abc import Callable, Container, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from outcomes import lasting
from outcomes.errors import BusyError, UsageError
from outcomes.paths import Home
from outcomes.settings import settings_of
from outcomes.sources.content import BLOCK_BYTES, PIECE_BYTES, Content
from schemas.settings import Limits

# A batch is parsed in one go up to about this size.
BATCH_BYTES = 256 * 2**20
# A folder synced as a whole costs less than this many files synced one by one.
SYNC_ONE_BY_ONE = 16
# No link is followed, and nothing waited for where a pipe lies there by now.
_TO_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# A large file while it is copied.
_COPY = ".copy"


T = TypeVar("T")


class Place(NamedTuple):
    """A file of the inbox as it was when its bytes were read."""

    path: str
    sha256: str
    size: int
    mtime_ns: int


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


def listed(home: Home) -> list[os.DirEntry[str]]:
    """What lies in the inbox, by name."""
    return sorted(os.scandir(home.inbox), key=lambda entry: entry.name)


def look(home: Home, entries: Iterable[os.DirEntry[str]], known: Container[str]) -> Looked:
    """Hash every finished file of `entries`, and hold the bytes of those that are not `known` in `held/`."""
    found = Looked()
    largest, aside = settings_of(home).limits.file_bytes, str(home.scratch)
    # What a look that failed has left.
    shutil.rmtree(home.scratch, ignore_errors=True)
    home.scratch.mkdir(mode=0o700)
    fresh: list[str] = []
    for entry in entries:
        taken = _taken(entry.path, largest, aside) if is_finished(entry) else None
        if taken is None:
            found.left_alone += 1
            continue
        place, data = taken
        if place.sha256 not in known and place.sha256 not in found.sizes:
            if data is None:
                os.replace(f"{aside}/{_COPY}", f"{aside}/{place.sha256}")
            else:
                _write(f"{aside}/{place.sha256}", data)
            fresh.append(place.sha256)
        found.sizes[place.sha256] = place.size
        found.places.append(place)
    # Of a large file that was known, or is still growing.
    (home.scratch / _COPY).unlink(missing_ok=True)
    if fresh:
        _hold(home, fresh)
    else:
        home.scratch.rmdir()
    return found


def _taken(path: str, largest: int, aside: str) -> tuple[Place, bytes | None] | None:
    """A file of the inbox and its bytes; of a large one None, and a copy of it lies aside. None where it is to be left alone.

    It may be one of 50,000: it is opened once, and what was opened is asked what it is. Raises OSError where a copy cannot be
    written.
    """
    from hashlib import sha256  # most commands hash nothing

    try:
        handle = _asked(os.open, path, _TO_READ)
    except _UnreadableError:
        return None
    try:
        before = _asked(os.fstat, handle)
        if not stat.S_ISREG(before.st_mode) or (before.st_size > largest and not _may_have_any_size(path)):
            return None
        data = _asked(_bytes, handle, before.st_size) if before.st_size <= BLOCK_BYTES else None
        sha, size = (sha256(data).hexdigest(), len(data)) if data is not None else _copied(handle, aside)
        after = _asked(os.fstat, handle)
    except _UnreadableError:
        return None
    finally:
        os.close(handle)
    # Else it is still growing: the next night takes it.
    is_whole = size == before.st_size == after.st_size and before.st_mtime_ns == after.st_mtime_ns
    return (Place(path, sha, size, after.st_mtime_ns), data) if is_whole else None


class _UnreadableError(Exception):
    pass


def _asked(call: Callable[..., T], *given: Any) -> T:
    """What the system says of a file of the inbox. Raises _UnreadableError where it cannot: what fails to be written is another matter."""
    try:
        return call(*given)
    except OSError:
        raise _UnreadableError from None


def _copied(handle: int, aside: str) -> tuple[str, int]:
    """Copy an open file aside, so that it is never in memory whole: its SHA-256, and how many bytes it has."""
    from hashlib import sha256

    digest, size = sha256(), 0
    with open(f"{aside}/{_COPY}", "wb", buffering=0) as copy:
        while piece := _asked(os.read, handle, PIECE_BYTES):
            digest.update(piece)
            _put(copy.fileno(), piece)
            size += len(piece)
    return digest.hexdigest(), size


def _bytes(handle: int, size: int) -> bytes:
    """What an open file of so many bytes holds, and one more where it has grown. The kernel gives 2 GiB at most at once."""
    data = os.read(handle, size + 1)
    while len(data) < size and (more := os.read(handle, size + 1 - len(data))):
        data += more
    return data


def is_finished(entry: os.DirEntry[str]) -> bool:
    """Whether what lies in the inbox is a file that its sender has done with, by its kind and name."""
    return entry.is_file(follow_symlinks=False) and is_of_finished(entry.name)


def is_of_finished(name: str) -> bool:
    """Whether a file of this name is one that its sender has done with."""
    return not name.endswith(".part") and not name.startswith(".")


def left_in_hold(home: Home) -> dict[str, int]:
    """Sizes by hash of files that were held by a night that died before its manifest."""
    whole: dict[str, int] = {}
    for path in home.held.iterdir():
        # Half-written, by a version that held files one by one.
        if path.name.startswith("."):
            path.unlink()
        else:
            whole[path.name] = path.stat().st_size
    return whole


def _write(path: str, data: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        _put(handle, data)
    finally:
        os.close(handle)


def _put(handle: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(handle, left) :]


def _may_have_any_size(path: str) -> bool:
    """Whether a file over the limit is taken all the same, as it is read in blocks."""
    # It has to know what a file is: all else here does not, and is in memory sooner.
    from outcomes.sources.opening import has_any_size

    try:
        return has_any_size(Path(path))
    except OSError:
        return False


def _hold(home: Home, shas: list[str]) -> None:
    """Make the files that were written aside last, then put them into `held/`: all at once, by its name."""
    if len(shas) > SYNC_ONE_BY_ONE:
        os.sync()
    else:
        for sha in shas:
            lasting.sync(home.scratch / sha)
    lasting.sync(home.scratch)
    try:
        os.replace(home.scratch, home.held)
    except OSError:
        # It is not empty: a night that died has left files there. Or it is a link.
        aside, held = str(home.scratch), str(home.held)
        for sha in shas:
            os.replace(f"{aside}/{sha}", f"{held}/{sha}")
        lasting.sync(home.held)
        home.scratch.rmdir()
    lasting.sync(home.root)


def content_of(home: Home, sha: str, *, may_be_gone: bool = False) -> Content:
    """What is to be judged of an arrival, wherever it lies by now: its bytes, or where they lie if they are more than a block; no
    bytes where they may be gone and are."""
    for folder in (home.held, home.archive, home.refused):
        try:
            handle = os.open(f"{folder}/{sha}", os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            continue
        try:
            size = os.fstat(handle).st_size
            return _bytes(handle, size) if size <= BLOCK_BYTES else folder / sha
        finally:
            os.close(handle)
    if may_be_gone:
        return b""
    raise FileNotFoundError(f"the bytes of arrival {sha[:12]} are in neither held, archive nor refused")


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
    held, archive, refused_files = str(home.held), str(home.archive), str(home.refused)
    for place, folder, shas in (
        (held, archive, taken),
        (refused_files, archive, taken_again),
        (held, refused_files, refused),
    ):
        for sha in shas:
            # It is not there where a night that died had moved it on already.
            with suppress(FileNotFoundError):
                os.replace(f"{place}/{sha}", f"{folder}/{sha}")
    for path in (home.archive, home.refused, home.held):
        lasting.sync(path)


def clear(places: Iterable[Place]) -> None:
    """Remove these files from the inbox, unless one is no longer the file that was read."""
    for path, _, size, mtime_ns in places:
        # It is not there where somebody took it out.
        with suppress(FileNotFoundError):
            status = os.stat(path, follow_symlinks=False)
            if status.st_size == size and status.st_mtime_ns == mtime_ns:
                os.unlink(path)
