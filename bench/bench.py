"""Speed as ratios of whole-process CPU to floor A: DuckDB's bare CREATE TABLE AS of the same file, types given.

Every pair is run in turn (A, ours, A, ours, ...) so that a drifting machine drifts for both; medians are shown. Appends
one JSON line, with versions and machine, to bench/results.jsonl.
"""

from __future__ import annotations

import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path

ROOT = Path(__file__).parents[1]
OUTCOMES = Path(sys.executable).with_name("outcomes")
PAIRS = 3
FLOOR = """
import duckdb, sys
source, target = sys.argv[1:]
header = open(source).readline().strip().split(",")
text = {"clinic_id", "patient_id", "timepoint", "drug", "recall_period", "status", "ended"}
safety = {"dissociation", "nausea", "blood_pressure_raised", "serious_adverse_event"}
types = {c: "VARCHAR" if c in text | safety else "DECIMAL(6,3)" if c == "dose_mg_per_kg" else "SMALLINT" for c in header}
with duckdb.connect(target) as con:
    con.execute("CREATE TABLE scores AS SELECT * FROM read_csv(?, header=true, auto_detect=false, delim=',', columns=" + repr(types) + ")", [source])
"""
# A night whose door looks for no identifier and at no file as a whole. The patterns of codes are left out with them,
# so that the gate seems to cost rather more than less than it does.
UNGATED = """
import sys
from outcomes import checking, reading
from outcomes.cli import main
reading._is_odd_code = lambda name, text: None
reading.kind_of_identifier = reading.kind_in_pseudonym = lambda *_: None
checking.identifier_in_ragged = lambda *_: None
checking.odd_codings = checking.mostly_bad = lambda *_: {}
main(sys.argv[1:])
"""


def measured(command: list[str]) -> tuple[float, float, float]:
    """CPU seconds, wall seconds and peak MiB of a whole process."""
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{command[:2]} ended with {process.returncode}")
    return usage.ru_utime + usage.ru_stime, time.monotonic() - start, usage.ru_maxrss / 1024


def made(folder: Path, rows: int) -> Path:
    """One clean CSV file of `rows` rows and a few more, of one made-up clinic."""
    sys.path.insert(0, str(ROOT / "src"))
    from outcomes.sample import make_sample

    make_sample(folder, clinics=1, courses=max(20, rows // 10), seed=1, bad=False)
    return folder / "inbox" / "C01_january.csv"


def home_with(folder: Path, clinics: Path, files: list[Path]) -> Path:
    """A home whose inbox holds copies of `files`."""
    shutil.rmtree(folder, ignore_errors=True)
    (folder / "inbox").mkdir(parents=True)
    shutil.copyfile(clinics, folder / "clinics.toml")
    for path in files:
        shutil.copyfile(path, folder / "inbox" / path.name)
    return folder


def assert_no_alarm(home: Path) -> None:
    """Of clean files none was refused."""
    files = json.loads((home / "published" / "summary.json").read_text("utf-8"))["files"]
    if files["refused"] or not files["taken"]:
        raise SystemExit(f"the door refused a clean file: {files}")


def split(source: Path, target: Path, files: int) -> list[Path]:
    """The rows of `source` in `files` files with the same header."""
    target.mkdir()
    with source.open() as handle:
        header, lines = handle.readline(), handle.readlines()
    size = -(-len(lines) // files)
    out = []
    for number, start in enumerate(range(0, len(lines), size)):
        out.append(target / f"{number:06}.csv")
        out[-1].write_text(header + "".join(lines[start : start + size]))
    return out


def main() -> None:
    """Run the table and print it."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    small = max(1, rows // 20)
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        source = made(folder / "sample", rows)
        clinics = folder / "sample" / "clinics.toml"
        text = source.read_text().splitlines(keepends=True)
        head, tail = folder / "history.csv", folder / "night.csv"
        cut = len(text) - min(10_000, len(text) // 10)
        head.write_text("".join(text[:cut]))
        tail.write_text(text[0] + "".join(text[cut:]))
        night_files = split(tail, folder / "night", 178)
        nightly = [str(OUTCOMES), "nightly", "--no-prefect", "--as-of", "2026-01-31", "--home"]
        found: dict[str, list[tuple[float, float, float]]] = {
            "floor": [],
            "first load": [],
            "without the gate": [],
            "small files": [],
            "night": [],
        }
        for _ in range(PAIRS):
            target = folder / "floor.duckdb"
            target.unlink(missing_ok=True)
            found["floor"].append(measured([sys.executable, "-c", FLOOR, str(source), str(target)]))
            found["first load"].append(measured([*nightly, str(home_with(folder / "home", clinics, [source]))]))
            assert_no_alarm(folder / "home")
            ungated = [sys.executable, "-c", UNGATED, *nightly[1:]]
            found["without the gate"].append(measured([*ungated, str(home_with(folder / "home", clinics, [source]))]))
        home = home_with(folder / "history", clinics, [head])
        measured([*nightly, str(home)])
        for _ in range(PAIRS):
            again = folder / "again"
            shutil.rmtree(again, ignore_errors=True)
            shutil.copytree(home, again)
            for path in night_files:
                shutil.copyfile(path, again / "inbox" / path.name)
            found["night"].append(measured([*nightly, str(again)]))
        many = split(source, folder / "many", small)
        found["small files"].append(measured([*nightly, str(home_with(folder / "home", clinics, many))]))
    median = {name: [statistics.median(run[i] for run in runs) for i in range(3)] for name, runs in found.items()}
    ratios = {
        "first load / floor A, CPU": median["first load"][0] / median["floor"][0],
        "gate / first load, CPU": 1 - median["without the gate"][0] / median["first load"][0],
        "small files / first load, CPU": median["small files"][0] / median["first load"][0],
        "night / first load, CPU": median["night"][0] / median["first load"][0],
    }
    print(f"{len(text) - 1:,} rows; medians of {PAIRS} pairs, whole processes\n")
    for name, (cpu, wall, peak) in median.items():
        print(f"{name:16}  {cpu:7.2f} CPU s  {wall:7.2f} s  {peak:7.0f} MiB")
    print()
    for name, ratio in ratios.items():
        print(f"{name:32} {ratio:5.2f}")
    line = {
        "rows": len(text) - 1, "median": median, "ratios": ratios, "python": platform.python_version(), "machine": platform.machine(),
        "cores": os.cpu_count(), **{name: version(name) for name in ("outcomes", "duckdb", "polars", "pandera")},
    }  # fmt: skip
    with (ROOT / "bench" / "results.jsonl").open("a") as handle:
        handle.write(json.dumps(line) + "\n")


if __name__ == "__main__":
    main()
