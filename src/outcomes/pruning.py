"""What a home need not keep: logs put aside, receipts to send that can be made again, stores from before upgrades, leavings.

Never the archive, the ledger's receipts, a release or an edition. One file of the archive goes by outcomes.destroying alone.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable
from pathlib import Path

from outcomes import inbox, logs
from outcomes.errors import UsageError
from outcomes.paths import Home
from outcomes.settings import settings_of
from outcomes.summary import Row


def prune(home: Home, *, dry_run: bool) -> list[Row]:
    """What went, or with `dry_run` would go: one row a kind, with what is kept of it. Raises BusyError during a night."""
    if not home.receipts.is_dir():
        raise UsageError(f"{home.root} has had no night yet, so there is nothing to prune.")
    with inbox.locked(home):
        rows = []
        for what, kept, paths in _kinds(home):
            rows.append({"what": what, "kept": kept, "files": len(paths), "bytes": sum(map(_bytes, paths))})
            for path in [] if dry_run else paths:
                shutil.rmtree(path) if path.is_dir() else path.unlink()
    if not dry_run:
        logs.write(
            home, "info", "pruned", files=sum(row["files"] for row in rows), bytes=sum(row["bytes"] for row in rows)
        )
    return rows


def _kinds(home: Home) -> Iterable[tuple[str, str, list[Path]]]:
    keep = settings_of(home)
    yield (
        "logs",
        f"the last {keep.logs.files:,} put aside",
        _older(home.logs, r"outcomes\.(\d+)\.jsonl", newest=False, keep=keep.logs.files),
    )
    yield (
        "receipts to send",
        f"those of {keep.prune.sent_nights:,} nights",
        _of_nights(home.sent, keep.prune.sent_nights),
    )
    yield (
        "stores from before upgrades",
        f"the last {keep.prune.upgrade_copies:,}",
        _older(
            home.backup, r"warehouse-version-(\d+)-night-(\d+)\.duckdb", newest=True, keep=keep.prune.upgrade_copies
        ),
    )
    # A night that was killed heals by itself; what it had put aside may be the warehouse to be.
    left = [] if home.manifest.exists() else _left(home)
    yield "left by a run that died", "nothing", left


def _older(folder: Path, pattern: str, *, newest: bool, keep: int) -> list[Path]:
    """Files of a folder behind the first `keep`, in the order of the numbers in their names; from the greatest on if `newest`."""
    found = [(tuple(map(int, match.groups())), path) for path, match in _matching(folder, pattern)]
    return [path for _, path in sorted(found, reverse=newest)[keep:]]


def _of_nights(folder: Path, keep: int) -> list[Path]:
    """Files of nights that are not among the last `keep`."""
    found = [(int(match[1]), path) for path, match in _matching(folder, r"night-(\d+)\.(?:txt|jsonl)")]
    last = max((night for night, _ in found), default=0)
    return [path for night, path in sorted(found) if night <= last - keep]


def _matching(folder: Path, pattern: str) -> list[tuple[Path, re.Match[str]]]:
    if not folder.is_dir():
        return []
    return [(path, match) for path in folder.iterdir() if (match := re.fullmatch(pattern, path.name))]


def _left(home: Home) -> list[Path]:
    folders = (home.published, home.exports, home.receipts, home.root, home.backup)
    found = [path for folder in folders if folder.is_dir() for path in folder.glob(".*.new")]
    return sorted(
        [*found, *home.root.glob("warehouse.duckdb.new*"), *([home.scratch] if home.scratch.exists() else [])]
    )


def _bytes(path: Path) -> int:
    return sum(_bytes(inner) for inner in path.iterdir()) if path.is_dir() else path.stat().st_size
