"""Homes to measure nights in: made, copied, filled, and looked at afterwards."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from measuring import Run, script

AS_OF = "2026-01-31"
# A night whose every measure is derived again for every patient: of other clinics than the last one's.
CADENCE = "sends_every_days = 7\n"


def home_with(folder: Path, clinics: Path, files: Iterable[Path]) -> Path:
    """A new home in whose inbox the files lie."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "inbox").mkdir(parents=True)
    shutil.copyfile(clinics, folder / "clinics.toml")
    send(folder, files)
    return folder


def send(home: Path, files: Iterable[Path]) -> None:
    """Files into the inbox: hard links, as if they had been renamed into it, at the time that they have."""
    for path in files:
        os.link(path, home / "inbox" / path.name)


def copied(home: Path, to: Path) -> Path:
    """A copy of a home. What is never written again, but put in place anew, is shared with the other."""
    shutil.rmtree(to, ignore_errors=True)
    alone = ("warehouse.duckdb", ".jsonl", ".lock")

    def copy(source: str, target: str) -> None:
        if source.endswith(alone):
            shutil.copyfile(source, target)
        else:
            os.link(source, target)

    shutil.copytree(home, to, copy_function=copy)
    return to


def night(home: Path, rows: int | None, *warm: Path) -> Run:
    """A night, each of its rows accepted: none refused, set aside or held to be another's. `rows` None: nothing is new."""
    run = script("night", home, AS_OF, *warm)
    files, of = run.said["files"], run.said["rows"]
    if files["refused"] or of["read"] != (rows or 0) or of["accepted"] != of["read"]:
        raise SystemExit(f"not the rows that were sent: {files} {of}")
    return run


def clinics_changed(home: Path) -> None:
    """One clinic's entry is another; the file is put in place anew."""
    path = home / "clinics.toml"
    text = path.read_text("utf-8")
    path.unlink()
    path.write_text(text + CADENCE, "utf-8")
