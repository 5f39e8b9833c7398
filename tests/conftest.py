"""Stores and homes that several tests only read, made once a session; a test that changes one copies it first."""

from __future__ import annotations

import copy
import datetime as dt
import gc
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from outcomes import loading, nights
from outcomes.datafiles import DataFiles
from outcomes.laying import TABLES, lay
from outcomes.nights import run_night
from outcomes.pages.writing import write_pages
from outcomes.paths import Home
from outcomes.sample import make_sample
from outcomes.summary import Summary

FIRST, LATER = "first", "later"


def pytest_configure(config: pytest.Config) -> None:
    """What Hypothesis keeps for itself lies outside the tree, and goes with the run."""
    folder = tempfile.mkdtemp(prefix="outcomes-hypothesis-")
    set_hypothesis_home_dir(folder)
    config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """While tests are imported nothing is looked through for garbage: next to none of it is any, and it takes each worker
    two and a half seconds."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


@dataclass(frozen=True)
class Made:
    """A made-up sample and what must be found in it."""

    root: Path
    truth: dict[str, Any]

    def as_of(self, night: str) -> dt.date:
        """The date of its night `first` or `later`."""
        return dt.date.fromisoformat(self.truth[night]["as_of"])

    def folder(self, night: str) -> Path:
        """The files that arrive for a night."""
        return self.root / self.truth[night]["folder"]

    def hashes(self, night: str) -> dict[str, str]:
        """File name -> SHA-256."""
        return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in self.folder(night).iterdir()}

    def send(self, night: str, home: Home) -> None:
        """Put a night's files into the inbox, and clinics.toml where there is none."""
        home.inbox.mkdir(parents=True, exist_ok=True)
        for path in sorted(self.folder(night).iterdir()):
            shutil.copyfile(path, home.inbox / path.name)
        if not home.clinics.exists():
            shutil.copyfile(self.root / "clinics.toml", home.clinics)

    def run(self, night: str, home: Home) -> Summary:
        """Send a night's files and run that night."""
        self.send(night, home)
        return run_night(home, self.as_of(night))


def made(root: Path, clinics: int, courses: int, seed: int, **more: Any) -> Made:
    """A new sample under `root`."""
    make_sample(root, clinics=clinics, courses=courses, seed=seed, **more)
    return Made(root, json.loads((root / "truth.json").read_text("utf-8"))["nights"])


def copied(home: Home, to: Path) -> Home:
    """A copy of a home, links and times as they are."""
    shutil.copytree(home.root, to, symlinks=True)
    return Home(to)


def differing(one: Path, other: Path) -> dict[str, int]:
    """Derived table -> rows that only one of two stores has; empty where all are equal."""
    with duckdb.connect() as con:
        con.execute(f"ATTACH '{one}' AS one (READ_ONLY)")
        con.execute(f"ATTACH '{other}' AS other (READ_ONLY)")
        found = {}
        for name in sorted(TABLES):
            a, b = f"one.main.{name}", f"other.main.{name}"
            # Most are equal, and the sum of the hashes of all rows says so in a tenth of the time.
            rows, hashes = (f"(SELECT {what} FROM {{}} AS t)" for what in ("count(*)", "sum(hash(t)::HUGEINT)"))
            query = " AND ".join(f"{of.format(a)} IS NOT DISTINCT FROM {of.format(b)}" for of in (rows, hashes))
            if con.execute(f"SELECT {query}").fetchone() == (True,):
                continue
            query = f"SELECT count(*) FROM ((FROM {a} EXCEPT ALL FROM {b}) UNION ALL (FROM {b} EXCEPT ALL FROM {a}))"
            (differ,) = con.execute(query).fetchone() or (0,)
            if differ:
                found[name] = differ
    return found


def answers(path: Path, *queries: str) -> list[list[tuple[Any, ...]]]:
    """The rows of each query on a store, which is opened once, to read: that costs more than most queries."""
    with duckdb.connect(str(path), read_only=True) as con:
        return [con.execute(query).fetchall() for query in queries]


def stored(path: Path, query: str) -> list[tuple[Any, ...]]:
    """The rows of a query on a store, opened to read."""
    return answers(path, query)[0]


@pytest.fixture(autouse=True)
def _same_umask() -> Iterator[None]:
    """A night sets the umask of its process."""
    before = os.umask(0o022)
    os.umask(before)
    yield
    os.umask(before)


@pytest.fixture(scope="session", autouse=True)
def _data_files_read_once() -> Iterator[None]:
    """Nights of one process read the same data files: they are checked once, and again wherever a byte or a change differs.

    Checking them is a twentieth of what a small night costs. What they give is copied for each night.
    """
    real = loading.read_data_files
    said: dict[tuple[Any, ...], DataFiles] = {}

    def read(folder: Path, changes: Sequence[dict[str, Any]] = ()) -> DataFiles:
        files = tuple((path.name, path.read_bytes()) for path in sorted(folder.iterdir()) if path.is_file())
        key = (files, json.dumps(list(changes), default=repr))
        if key not in said:
            said[key] = real(folder, changes)
        return copy.deepcopy(said[key])

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(loading, "read_data_files", read)
        yield


@contextmanager
def _pages_made_by(write: Callable[[Home], None]) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(nights, "write_pages", write)
        yield


@pytest.fixture
def no_pages() -> Iterator[None]:
    """For a test of many small nights that looks at no page: making them is a fifth of what such a night costs.

    The homes that tests of several modules share have their pages, and so have those of tests/test_nights.py.
    """
    with _pages_made_by(lambda home: None):
        yield


@pytest.fixture(scope="module")
def no_pages_here() -> Iterator[None]:
    """The same for a whole module, the nights of its fixtures too."""
    with _pages_made_by(lambda home: None):
        yield


@pytest.fixture(scope="session")
def macros() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty store in memory: to call macros, never to write to."""
    with duckdb.connect() as con:
        lay(con)
        yield con


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """Three clinics, one of them on Parquet, with bad rows and bad files."""
    return made(tmp_path_factory.mktemp("sample") / "s", 3, 60, 2)


@pytest.fixture(scope="session")
def after_first(sample: Made, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after the sample's first night: to read or to copy."""
    home = Home(tmp_path_factory.mktemp("first") / "home")
    with _pages_made_by(write_pages):
        sample.run(FIRST, home)
    return home


@pytest.fixture(scope="session")
def after_later(sample: Made, after_first: Home, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home after both nights, none of them disturbed: to read or to copy."""
    home = copied(after_first, tmp_path_factory.mktemp("later") / "home")
    with _pages_made_by(write_pages):
        sample.run(LATER, home)
    return home
