"""The product beside what people use today: the same files, the same rules, and the same answers, or it stops.

    python bench/peers/run.py [--rows 100000] [--runs 3] [--large 1000000] [--environments .peers]

Each run takes the bare load of floor A, a night of ours, the script with pandas, pandera and SQLite, and the dbt project in
turn, so that a drifting machine drifts for all; medians are shown, of whole processes. One JSON line, with versions and
machine, goes to bench/peers/results.jsonl, and into docs/peers.md.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import math
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import duckdb
from environments import HERE, ROOT, environment, versions

# What measures a process, and the floors, are the other benches' too.
sys.path.insert(0, str(HERE.parent))
import answers
import machine
import measuring
import shown
from sample import Sample

MEASURES = ROOT / "data" / "measures.toml"
OUTCOMES = Path(sys.executable).with_name("outcomes")
AS_OF = "2026-01-31"
# What is kept and shown; a run of fewer rows only says that the answers are the same.
ROWS, RUNS, LARGE = 100_000, 3, 1_000_000
# Of each peer, the packages whose versions are told.
PACKAGES = {
    "pandas_sqlite": ["pandas", "pandera", "pyarrow"],
    "dbt_duckdb": ["dbt-core", "dbt-duckdb", "duckdb"],
    "ccbhc": ["ccbhc-measurements", "pandas"],
}
# With so many, gzip, Parquet, other orders of columns and a spreadsheet's headings are among the files.
CLINICS = 5
Usage = tuple[float, float, float]


def measured(command: list[str], **more: str) -> Usage:
    """CPU seconds, wall seconds and peak MiB of a whole process."""
    return measuring.measured(command, more)[:3]


class Bench:
    """One sample, and each of them run over it. Every run begins with nothing there."""

    def __init__(self, sample: Sample, pythons: dict[str, Path]) -> None:
        self.sample, self.pythons = sample, pythons
        self.home, self.folder = sample.folder / "home", sample.folder
        self.sqlite, self.dbt = self.folder / "peer.sqlite", self.folder / "peer.duckdb"
        self.nights: dict[str, Callable[[], Usage]] = {
            "outcomes": self.ours,
            "pandas + pandera + SQLite": self.pandas_sqlite,
            "dbt-duckdb": self.dbt_duckdb,
        }

    @property
    def published(self) -> Path:
        """The product's published copy."""
        return self.home / "published" / "outcomes.duckdb"

    def floor(self) -> Usage:
        """The bare load of the clean file."""
        target = self.folder / "floor.duckdb"
        return measured([sys.executable, str(HERE.parent / "floors.py"), "A", str(self.sample.clean), str(target)])

    def ours(self) -> Usage:
        """A first night."""
        shutil.rmtree(self.home, ignore_errors=True)
        shutil.copytree(self.sample.inbox, self.home / "inbox")
        shutil.copyfile(self.sample.clinics, self.home / "clinics.toml")
        return measured([str(OUTCOMES), "nightly", "--no-prefect", "--as-of", AS_OF, "--home", str(self.home)])

    def pandas_sqlite(self) -> Usage:
        """The script."""
        script = HERE / "pandas_sqlite" / "load.py"
        given = [self.sample.inbox, self.sample.clinics, MEASURES, AS_OF, self.sqlite]
        return measured([str(self.pythons["pandas_sqlite"]), "-B", str(script), *map(str, given)])

    def dbt_duckdb(self) -> Usage:
        """All models and all tests of the project. What dbt keeps of parsing stays from run to run, as it would from night to night."""
        self.dbt.unlink(missing_ok=True)
        project, kept = HERE / "dbt_duckdb", str(self.folder / "dbt")
        dbt = str(self.pythons["dbt_duckdb"].with_name("dbt"))
        given = json.dumps({"inbox": str(self.sample.inbox), "clinics": self.sample.drugs})
        places = [
            "--project-dir",
            str(project),
            "--profiles-dir",
            str(project),
            "--target-path",
            kept,
            "--log-path",
            kept,
        ]
        return measured(
            [dbt, "build", *places, "--vars", given], PEER_DATABASE=str(self.dbt), PYTHONDONTWRITEBYTECODE="1"
        )

    def same(self) -> dict[str, int]:
        """How much each of them answered. Raises SystemExit where the answers differ."""
        ours = answers.of_ours(self.published, self.sample.inbox)
        theirs = {"pandas_sqlite": answers.of_pandas(self.sqlite), "dbt_duckdb": answers.of_dbt(self.dbt)}
        for peer, one in theirs.items():
            if differences := ours.differences(one):
                raise SystemExit("\n".join([f"{peer} answers otherwise:", *differences]))
        if (
            not ours.quarantined
            or not all(ours.counts().values())
            or not any(rates[-5] for rates in ours.rates.values())
        ):
            raise SystemExit("the sample has nothing to differ in")
        return ours.counts()

    def lost(self) -> dict[str, int]:
        """Rows of the plain file that read_csv with ignore_errors leaves out without a word: as text, and with types given."""
        source = next(self.sample.inbox.glob("C01_january.csv"))
        header = source.open().readline().strip().split(",")
        words = {"clinic_id", "patient_id", "timepoint", "drug", "recall_period", "status"}
        lines = sum(1 for _ in source.open("rb")) - 1
        found = {}
        for how, types in {
            "as text": dict.fromkeys(header, "VARCHAR"),
            "typed": {
                name: "VARCHAR" if name in words else "DOUBLE" if "dose" in name else "SMALLINT" for name in header
            },
        }.items():
            # Every column is read: of a bare count none would be.
            read = "CREATE OR REPLACE TEMP TABLE kept AS FROM read_csv(?, header = true, auto_detect = false, ignore_errors = true, columns = {})"
            duckdb.execute(read.format(types), [str(source)])
            found[how] = lines - duckdb.execute("SELECT count(*) FROM kept").fetchall()[0][0]
        return found

    def ccbhc(self) -> dict[str, Any]:
        """The six-month remission by the package, of the scores of our last night, and how its answers lie beside ours."""
        given, said = self.folder / "given.csv", self.folder / "said.json"
        scores = answers.give_ccbhc(self.published, given)
        usage = measured(
            [str(self.pythons["ccbhc"]), "-B", str(HERE / "ccbhc" / "remission.py"), str(given), str(said)]
        )
        told = json.loads(said.read_text())
        beside = answers.beside_ccbhc(self.published, given, told["reasons"])
        return {"scores": scores, "usage": usage, "package_cpu": told["cpu"], "beside": beside}


def medians(runs: int, each: dict[str, Callable[[], Usage]]) -> dict[str, Usage]:
    """Of so many runs in turn."""
    found: dict[str, list[Usage]] = {name: [] for name in each}
    for _ in range(runs):
        for name, run in each.items():
            found[name].append(run())
    return {name: tuple(statistics.median(one[i] for one in of) for i in range(3)) for name, of in found.items()}  # type: ignore[misc]


def described(pythons: dict[str, Path]) -> dict[str, Any]:
    """Date, machine and versions: what a line of results says beside its numbers."""
    return {
        "on": dt.date.today().isoformat(),
        "machine": {"processor": machine.processor(), "cores": os.cpu_count(), "load_before": machine.load()},
        "ours": {"python": platform.python_version()} | {name: version(name) for name in ("outcomes", "duckdb", "polars", "pandera")},
        "peers": {peer: versions(python, PACKAGES[peer]) for peer, python in pythons.items()},
    }  # fmt: skip


def remission(benches: list[Bench]) -> dict[str, Any]:
    """The CCBHC package over the scores of each, more from one to the next, and how its CPU grows at last."""
    found = [bench.ccbhc() for bench in benches]
    few, many = found[-2:]
    power = math.log(many["package_cpu"] / few["package_cpu"]) / math.log(many["scores"] / few["scores"])
    return {"runs": found, "power": power}


def main() -> None:
    """Make the environments, run the table and print it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--large", type=int, default=LARGE, help="rows of one run more; 0 for none")
    parser.add_argument("--environments", type=Path, default=ROOT / ".peers")
    asked = parser.parse_args()
    made = {peer: environment(peer, asked.environments.absolute()) for peer in PACKAGES}
    pythons = {peer: python for peer, python in made.items() if python}
    line = described(pythons) | {"tables": {}}
    with tempfile.TemporaryDirectory() as scratch:

        def bench(name: str, clinics: int, rows: int, *, unruly: bool = False) -> Bench:
            return Bench(Sample(Path(scratch) / name, clinics, rows, unruly=unruly), pythons)

        def over(name: str, clinics: int, rows: int, runs: int) -> Bench:
            one = bench(name, clinics, rows)
            each: dict[str, Callable[[], Usage]] = {"floor A": one.floor} if one.sample.clean else {}
            found = medians(runs, each | one.nights)
            line["tables"][name] = {"runs": runs, "median": found, "answers": one.same()}
            print("\n" + shown.table(name, line["tables"][name]), flush=True)
            return one

        plain = over("one clinic", 1, asked.rows, asked.runs)
        line["lost"] = plain.lost()
        over(f"{CLINICS} clinics", CLINICS, asked.rows, asked.runs)
        unruly = bench("unruly", 1, min(asked.rows, 20_000), unruly=True)
        for run in unruly.nights.values():
            run()
        line["unruly"] = unruly.same()
        print(f"\nOf a file with 6 in 100 rows changed at random, the same answers: {line['unruly']}", flush=True)
        if "ccbhc" in pythons:
            small, twice = bench("small", 1, asked.rows // 10), bench("twice", 1, 2 * asked.rows)
            small.ours()
            twice.ours()
            line["ccbhc"] = remission([small, plain, twice])
        else:
            print("ccbhc-measurements needs Python 3.12 or later, and there is none here: not run")
        if asked.large:
            over("one clinic, large", 1, asked.large, 1)
    line["machine"]["load_after"] = machine.load()
    print("\n" + shown.measured(line))
    if (asked.rows, asked.runs, asked.large) != (ROWS, RUNS, LARGE) or "ccbhc" not in line:
        print("Not kept: it is not all of what docs/peers.md shows.")
        return
    with (HERE / "results.jsonl").open("a") as handle:
        handle.write(json.dumps(line) + "\n")
    shown.PAGE.write_text(shown.in_page(shown.PAGE.read_text("utf-8"), json.loads(json.dumps(line))), "utf-8")


if __name__ == "__main__":
    main()
