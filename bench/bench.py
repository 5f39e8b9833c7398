"""The table of speeds: each row as a ratio to the floor it is held to, measured in the same run.

`bench.py [ROWS]` (default: 10,000,000; a run of 1,000,000 takes some minutes). Floors and what is held to them are run in
turn, so that a drifting machine drifts for both; each in a process of its own. Medians of three where a run is short, else
one. Prints the table and appends it, with versions and machine, to results.jsonl.
"""

from __future__ import annotations

import json
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import limits
import machine
from homes import AS_OF, clinics_changed, copied, home_with, night, send
from inputs import CLINICS, FEW_ROWS, sizes
from measuring import HERE, OUTCOMES, Run, measured, script

RESULTS = HERE / "results.jsonl"
# What a run of more rows costs is not measured three times.
SHORT = 2_000_000


def main(rows: int) -> None:
    """Measure, print, append."""
    before = machine.load()
    with tempfile.TemporaryDirectory() as scratch:
        bench = Bench(Path(scratch), rows)
        found = bench.measure()
    line = {
        **machine.described(before), "rows": rows, "clinics": CLINICS, **bench.made,
        "table": limits.rows(found, rows), "steps": limits.steps(found, rows),
    }  # fmt: skip
    _print(line)
    with RESULTS.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(line) + "\n")


def _print(line: dict[str, Any]) -> None:
    from outcomes.documents.speed import HEADS, missed, speed_rows, speed_words
    from outcomes.tables import table

    print(f"{speed_words(line)}\n\n{table(speed_rows(line), HEADS)}\n")
    print(f"NOT met: {len(missed(line))}" if missed(line) else "All that was promised is met.")


class Bench:
    """The measurements, in a folder that is thrown away."""

    def __init__(self, folder: Path, rows: int) -> None:
        self._folder, self._rows = folder, rows
        self._in = folder / "in"
        said("making the files")
        self.made: dict[str, Any] = script("inputs", self._in, rows).said
        self._clinics, self._warm = self._in / "clinics.toml", self._in / "warm.csv"

    def measure(self) -> dict[str, Any]:
        """Runs by name; those of a load by its rows too."""
        big, tenth, million = sizes(self._rows)
        found: dict[str, Any] = {"loads": {}}
        for size in sorted({big, tenth, million}):
            found["loads"][size] = self._loads(size)
            if size not in (big, million):
                shutil.rmtree(self._home(size))
        found |= self._many(million) | self._first_step(million)
        if million != big:
            shutil.rmtree(self._home(million))
        return found | self._nights(big) | self._readers(big) | self._prefect()

    def _home(self, size: int) -> Path:
        return self._folder / f"home-{size}"

    def _loads(self, size: int) -> dict[str, list[Run]]:
        """A, S and a first load, in turn. The home of the last one stays."""
        source, database = self._in / f"rows-{size}.csv", self._folder / "floor.duckdb"
        found: dict[str, list[Run]] = {"A": [], "S": [], "load": []}
        for _ in range(times(size)):
            said(f"first load of {size:,} rows")
            found["A"].append(script("floors", "A", source, database))
            database.unlink()
            found["S"].append(script("floors", "S", source))
            found["load"].append(night(home_with(self._home(size), self._clinics, [source]), size))
        return found

    def _many(self, million: int) -> dict[str, Any]:
        """The same rows in many files, then nights that bring these files again, and one that brings nothing."""
        files = sorted((self._in / "many").iterdir())
        said(f"{million:,} rows in {len(files):,} files")
        home = home_with(self._folder / "many", self._clinics, files)
        found: dict[str, Any] = {"many": [night(home, million)], "files": len(files), "list": [], "idle": []}
        database = self._folder / "known.duckdb"
        script("floors", "list", self._in / "many", database)
        for _ in range(3):
            said("night with nothing new")
            found["list"].append(script("floors", "list", self._in / "many", database))
            send(home, files)
            found["idle"].append(night(home, None, self._warm))
        found["empty"] = [night(home, None, self._warm)]
        shutil.rmtree(home)
        return found

    def _first_step(self, million: int) -> dict[str, Any]:
        """A night on a million rows as a command runs it: with all that it imports."""
        files = sorted((self._in / "night-million").iterdir())
        found = []
        for _ in range(3):
            said(f"night on {million:,} rows")
            home = copied(self._home(million), self._folder / "again")
            send(home, files)
            found.append(night(home, self._sent("night-million")))
        return {"night on a million": found}

    def _nights(self, big: int) -> dict[str, Any]:
        """D, the night on many rows and on few, and a refresh of everything, in turn."""
        files, rows = sorted((self._in / "night").iterdir()), self._sent("night")
        few = home_with(self._folder / "few", self._clinics, [self._in / "few.csv"])
        night(few, FEW_ROWS)
        found: dict[str, Any] = {"D": [], "night": [], "night on few": [], "refresh": []}
        again = self._folder / "again"
        for _ in range(times(big)):
            said(f"nights on {big:,} rows")
            found["D"].append(script("floors", "D", copied(self._home(big), again)))
            for name, history in (("night", self._home(big)), ("night on few", few)):
                send(copied(history, again), files)
                found[name].append(night(again, rows, self._warm))
            clinics_changed(copied(self._home(big), again))
            found["refresh"].append(night(again, None, self._warm))
        shutil.rmtree(again)
        return found

    def _readers(self, big: int) -> dict[str, Any]:
        """What a reader waits for, and publishing."""
        said("rates and publishing")
        home = self._home(big)
        found: dict[str, Any] = {"import": [], "rates": []}
        for _ in range(5):
            found["import"].append(measured([sys.executable, "-c", "import duckdb"]))
            found["rates"].append(measured([OUTCOMES, "rates", "--home", home]))
        return found | {"publish": script("publish", home, 5).said}

    def _prefect(self) -> dict[str, Any]:
        said("Prefect's share")
        files = sorted((self._in / "night").iterdir())
        homes = []
        for number in range(6):
            homes.append(copied(self._folder / "few", self._folder / f"prefect-{number}"))
            send(homes[-1], files)
        return {"prefect": script("prefects", self._folder / "prefect", AS_OF, *homes).said}

    def _sent(self, name: str) -> int:
        """Rows of the files of a folder."""
        return sum(path.read_bytes().count(b"\n") - 1 for path in (self._in / name).iterdir())


def times(size: int) -> int:
    """How often something of that many rows is measured."""
    return 3 if size <= SHORT else 1


def said(what: str) -> None:
    """What is being measured, for whoever waits."""
    print(f"... {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000_000)
