"""What a home and its machine need for the next night: one finding a check, with what to do."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import NamedTuple

import duckdb

from outcomes import inbox, lasting
from outcomes.backups import backups_in
from outcomes.errors import BusyError, OutcomesError
from outcomes.notifying import notify_of
from outcomes.pages.printing import browser
from outcomes.paths import Home, locked_versions, log_of
from outcomes.settings import settings_of, told, unknown_variables
from outcomes.storeversions import current, version_of
from schemas.clinics import read_clinics
from schemas.errors import DataFileError

OK, LOOK, WRONG = "ok", "look", "wrong"
# A version other than that of requirements.lock: of these numbers or nights may differ.
_DECIDING = ("duckdb", "polars", "pandera", "prefect")
_PYTHONS = ((3, 11), (3, 13))
_SPARE = 64 * 2**20
# Says by its exit code whether the lock of a file could be had.
_LOCK = (
    "import fcntl, sys\ntry: fcntl.flock(open(sys.argv[1]), fcntl.LOCK_EX | fcntl.LOCK_NB)\nexcept OSError: sys.exit(7)"
)
# Says by its exit code whether a flow can be imported, and whether Prefect would tell its makers of it.
_PREFECT = """
import os, sys
import flows.nightly
from prefect.settings import get_current_settings
is_off = os.environ.get("DO_NOT_TRACK", "").lower() in ("1", "true", "yes") and not get_current_settings().server.analytics_enabled
sys.exit(0 if is_off else 3)
"""


class Finding(NamedTuple):
    """One line: what was looked at, ok, look or wrong, what was found, and what to do."""

    check: str
    state: str
    found: str
    do: str = ""


def examine(home: Home) -> list[Finding]:
    """All findings, in the order in which one would put them right."""
    if not home.root.is_dir():
        return [Finding("home", WRONG, "is not there", f"mkdir -m 700 {home.root}"), *_of_machine()]
    try:
        settings_of(home)
    except OutcomesError as error:
        return [
            Finding("settings", WRONG, str(error), "correct it; nothing else of the home was looked at"),
            *_of_machine(),
        ]
    of_home: tuple[Callable[[Home], Iterator[Finding]], ...] = (_modes, _disk, _file_system, _clinics, _night, _backup, _settings)  # fmt: skip
    return [finding for check in of_home for finding in check(home)] + _of_machine()


def _modes(home: Home) -> Iterator[Finding]:
    group = bool(settings_of(home).reader_group)
    root = home.root.stat()
    if root.st_uid != os.geteuid():
        yield Finding("owner", LOOK, "the home is another user's", "run this as the user of the nights")
    shut = 0o710 if group else 0o700
    if stat.S_IMODE(root.st_mode) & ~shut & 0o777:
        yield Finding("home", WRONG, "is open to others", f"chmod {shut:o} {home.root}")
    open_ones = foreign = 0
    for folder, folders, files in os.walk(home.root):
        if Path(folder) == home.inbox:
            folders.clear()  # what waits there is still the sender's
            continue
        for name in (*folders, *files):
            status = os.lstat(os.path.join(folder, name))
            may = 0o750 if group and f"{folder}/{name}/".startswith(f"{home.published}/") else 0o700
            open_ones += not stat.S_ISLNK(status.st_mode) and bool(stat.S_IMODE(status.st_mode) & ~may & 0o077)
            foreign += status.st_uid != root.st_uid
    if open_ones:
        yield Finding("modes", LOOK, f"{open_ones:,} files or folders are open to others, though the home shuts them off", f"chmod -R go= {home.root}; the next night lets the readers in again")  # fmt: skip
    if foreign:
        yield Finding("owner", WRONG, f"{foreign:,} files or folders are not of the home's user", f"chown -R {root.st_uid} {home.root}")  # fmt: skip
    if not (open_ones or foreign):
        yield Finding(
            "modes", OK, "nothing is open to others" + (", but published/ to its reader group" if group else "")
        )


def _disk(home: Home) -> Iterator[Finding]:
    waiting = sum(entry.stat().st_size for entry in os.scandir(home.inbox) if entry.is_file(follow_symlinks=False)) if home.inbox.is_dir() else 0  # fmt: skip
    store = home.warehouse.stat().st_size if home.warehouse.exists() else 0
    # A second published copy; of what waits the held bytes, the rows and their log.
    need = store + 3 * waiting + _SPARE
    free = shutil.disk_usage(home.root).free
    said = f"{free // 2**20:,} MiB free; the next night may need {need // 2**20:,}"
    state = WRONG if free < need else LOOK if free < 3 * need else OK
    yield Finding(
        "disk", state, said, "" if state == OK else "make room, or see what goes by: outcomes prune --dry-run"
    )


def _file_system(home: Home) -> Iterator[Finding]:
    """A lock that another process sees, a rename over a file, and an fsync of file and folder; on files of its own."""
    probe = home.root / f".doctor-{os.getpid()}"
    try:
        probe.mkdir(mode=0o700)
        try:
            with inbox.locked(Home(probe)):
                held = _child("-I", "-S", "-c", _LOCK, str(probe / ".lock"))
            free = _child("-I", "-S", "-c", _LOCK, str(probe / ".lock"))
            lasting.write(probe / "one", "before")
            lasting.write(probe / "one", "after")
            is_renamed = (probe / "one").read_text() == "after" and not list(probe.glob(".one*"))
        finally:
            shutil.rmtree(probe, ignore_errors=True)
    except OSError as error:
        yield Finding("file system", WRONG, f"cannot be written to ({type(error).__name__})", "check the disk, and that the user of the nights may write")  # fmt: skip
        return
    elsewhere = "put the home on a local file system: two nights at once would not see each other"
    yield Finding("lock", OK, "one process at a time") if (held, free) == (7, 0) else Finding("lock", WRONG, "does not hold here", elsewhere)  # fmt: skip
    yield Finding("rename and fsync", OK, "work") if is_renamed else Finding("rename and fsync", WRONG, "do not work here", "put the home on a local file system")  # fmt: skip


def _clinics(home: Home) -> Iterator[Finding]:
    if not home.clinics.exists():
        yield Finding("clinics.toml", LOOK, "is not there", "the first night registers whom it sees; read it then")
        return
    try:
        clinics = read_clinics(home.clinics)
    except DataFileError as error:
        yield Finding("clinics.toml", WRONG, "; ".join(error.faults), "correct it")
        return
    open_ones = [row["clinic_id"] for row in clinics.rows if not row["confirmed"]]
    if open_ones:
        yield Finding("clinics.toml", LOOK, f"nobody has confirmed {', '.join(open_ones)}, or the drug is not said", "read each entry, say its drug, and set confirmed = true")  # fmt: skip
    else:
        yield Finding("clinics.toml", OK, f"{len(clinics.rows):,} clinics, all confirmed")


def _night(home: Home) -> Iterator[Finding]:
    run = f"outcomes nightly --home {home.root}"
    if not home.published_copy.exists():
        yield Finding("last night", LOOK, "there was none, or it published nothing", run)
        return
    try:
        with inbox.locked(home):
            left = [name for name, is_left in (("a manifest", home.manifest.exists()), ("an open log of the warehouse", log_of(home.warehouse).exists()), ("held files", any(home.held.iterdir()))) if is_left]  # fmt: skip
            lost = not home.warehouse.exists()
    except BusyError:
        yield Finding("last night", LOOK, "one is running", "look again when it has ended")
        return
    if left or lost:
        yield Finding("last night", LOOK, f"did not end: {', '.join([*left, *(['no warehouse'] if lost else [])])}", f"the next one heals it: {run}")  # fmt: skip
    else:
        yield Finding("last night", OK, "ended whole")
    try:
        with duckdb.connect(str(home.published_copy), read_only=True) as con:
            found = version_of(con)
    except duckdb.Error:
        yield Finding("store", WRONG, "the published copy cannot be opened", run)
        return
    known = current()
    if found == known:
        yield Finding("store", OK, f"version {found}")
    elif found < known:
        yield Finding(
            "store", LOOK, f"version {found}; this program's is {known}", f"the next night upgrades it: {run}"
        )
    else:
        yield Finding(
            "store", WRONG, f"version {found}; this program's is {known}", "install the later program that made it"
        )


def _backup(home: Home) -> Iterator[Finding]:
    folder = settings_of(home).backup.folder
    if not folder:
        yield Finding(
            "backup", LOOK, "no folder is set", "set folder in [backup] of outcomes.toml, and run: outcomes backup"
        )
    elif not (found := backups_in(Path(folder))):
        yield Finding("backup", LOOK, "there is none yet", f"outcomes backup --home {home.root}")
    elif os.stat(folder).st_dev == home.root.stat().st_dev:
        yield Finding("backup", LOOK, "lies on the same disk as the home", "set a folder on another one")
    else:
        yield Finding("backup", OK, f"{len(found):,} of them")


def _settings(home: Home) -> Iterator[Finding]:
    for each in told(home):
        value = (
            "set"
            if each.known.secret and each.value
            else "empty"
            if each.value == ""
            else ", ".join(each.value)
            if isinstance(each.value, tuple)
            else str(each.value)
        )
        yield Finding(f"setting {each.known.name}", OK, f"{value}, by {each.source}")
    try:
        notify_of(home)
    except OutcomesError as error:
        yield Finding("notices", LOOK, str(error), "give one, or take the section out")
    for name in unknown_variables():
        yield Finding("settings", LOOK, f"{name} in the environment is no setting", "unset it, or correct its name")


def _of_machine() -> list[Finding]:
    return [*_versions(), *_prefect(), *_chromium()]


def _versions() -> Iterator[Finding]:
    running = sys.version_info[:2]
    is_known = _PYTHONS[0] <= running <= _PYTHONS[1]
    said = ".".join(map(str, sys.version_info[:3]))
    yield Finding(
        "Python", OK if is_known else WRONG, said, "" if is_known else "install it with Python 3.11, 3.12 or 3.13"
    )
    pinned: dict[str, set[str]] = {}
    for name, wanted in re.findall(r"^([a-z0-9._-]+)==([^ \\;]+)", locked_versions().read_text("utf-8"), re.M):
        pinned.setdefault(name, set()).add(wanted)  # a package may have one for each Python
    other = []
    for name, some in pinned.items():
        try:
            installed = version(name)
        except PackageNotFoundError:
            if name in _DECIDING:
                other.append((name, "not there", some))
            continue
        if installed not in some:
            other.append((name, installed, some))
    for name, installed, some in other:
        yield Finding(f"version of {name}", WRONG if name in _DECIDING else LOOK, f"{installed}, not {' or '.join(sorted(some))}", "pip install --no-deps --require-hashes -r requirements.lock")  # fmt: skip
    if not other:
        yield Finding("versions", OK, ", ".join(f"{name} {version(name)}" for name in _DECIDING))


def _child(*words: str) -> int:
    """The exit code of another Python, at most two minutes away; what it prints is nobody's."""
    return subprocess.run([sys.executable, *words], check=False, timeout=120, capture_output=True).returncode  # noqa: S603


def _prefect() -> Iterator[Finding]:
    """In a process of its own, as a night would start it: an import that fails or hangs takes nothing with it."""
    instead = "outcomes nightly --no-prefect does the same without it"
    try:
        code = _child("-c", _PREFECT)
    except subprocess.TimeoutExpired:
        yield Finding("Prefect", WRONG, "does not start within two minutes", instead)
        return
    if code == 0:
        yield Finding("Prefect", OK, "can be imported; its telemetry is off")
    elif code == 3:
        yield Finding(
            "Prefect", WRONG, "its telemetry is on", "export DO_NOT_TRACK=1 PREFECT_SERVER_ANALYTICS_ENABLED=false"
        )
    else:
        yield Finding("Prefect", WRONG, "cannot be imported", instead)


def _chromium() -> Iterator[Finding]:
    if browser():
        yield Finding("Chromium", OK, "is there")
    else:
        yield Finding(
            "Chromium", LOOK, "is not there: no page as PDF or PNG", "install it, or print pages from a browser"
        )
