"""Where things are: the data files that ship, and the folders of a run's home."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path


def data_folder() -> Path:
    """The data files that ship: inside an installed package, else at the top of a checkout."""
    installed = Path(__file__).parent / "data"
    return installed if installed.is_dir() else Path(__file__).parents[2] / "data"


def locked_versions() -> Path:
    """requirements.lock: the versions that the product is tried with."""
    installed = Path(__file__).parent / "requirements.lock"
    return installed if installed.is_file() else Path(__file__).parents[2] / "requirements.lock"


def log_of(store: Path) -> Path:
    """The write-ahead log that DuckDB keeps beside a store until it is closed whole."""
    return store.with_name(store.name + ".wal")


@dataclass(frozen=True)
class Home:
    """The folders of one run's home. Everything is private (umask 077) but what is published."""

    root: Path

    @property
    def inbox(self) -> Path:
        return self.root / "inbox"

    @cached_property
    def held(self) -> Path:
        return self.root / "held"

    @cached_property
    def archive(self) -> Path:
        return self.root / "archive"

    @cached_property
    def refused(self) -> Path:
        return self.root / "refused"

    @property
    def requeue(self) -> Path:
        return self.root / "requeue"

    @property
    def receipts(self) -> Path:
        return self.root / "receipts"

    @property
    def sent(self) -> Path:
        return self.receipts / "sent"

    @property
    def published(self) -> Path:
        return self.root / "published"

    @property
    def warehouse(self) -> Path:
        return self.root / "warehouse.duckdb"

    @property
    def published_copy(self) -> Path:
        return self.published / "outcomes.duckdb"

    @property
    def exports(self) -> Path:
        return self.published / "exports"

    @property
    def reports(self) -> Path:
        return self.published / "reports"

    @property
    def review(self) -> Path:
        return self.root / "review"

    @property
    def pages_made(self) -> Path:
        return self.root / "pages.json"

    @property
    def summary(self) -> Path:
        return self.published / "summary.json"

    @property
    def clinics(self) -> Path:
        return self.root / "clinics.toml"

    @property
    def settings(self) -> Path:
        return self.root / "outcomes.toml"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def backup(self) -> Path:
        return self.root / "backup"

    @property
    def floor(self) -> Path:
        return self.backup / "floor.duckdb"

    @property
    def lock(self) -> Path:
        return self.root / ".lock"

    @property
    def manifest(self) -> Path:
        return self.root / "manifest.json"

    @property
    def scratch(self) -> Path:
        return self.root / ".scratch"

    @property
    def prefect(self) -> Path:
        return self.root / ".prefect"

    def make(self) -> None:
        """Make the folders that are missing."""
        self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        for folder in (self.inbox, self.held, self.archive, self.refused, self.receipts, self.published):
            folder.mkdir(mode=0o700, exist_ok=True)
