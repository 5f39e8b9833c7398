"""What is promised: each row of the table, from the runs that it is made of, with its limit and its aim.

A first load counts without the pages, which are not among what it is promised for: hashing, the archive, every rule and
pandera, the store, the outcomes and publishing. So do nights in process, which is where a scheduled night runs. What the
pages cost stands beside.
"""

from __future__ import annotations

import statistics
from typing import Any

from inputs import FEW_ROWS
from measuring import Run, median

Row = dict[str, Any]


def rows(found: dict[str, Any], rows: int) -> list[Row]:
    """The table of a run whose first load has so many rows."""
    return [*_loads(found, rows), *_nights(found, rows), *_reading(found), *_first_step(found, rows)]


def _loads(found: dict[str, Any], rows: int) -> list[Row]:
    floor, load = _floor(found, rows), found["loads"][rows]["load"]
    cpu, tenth = median(load, without_pages), median(found["loads"][rows // 10]["load"], without_pages)
    pages = median(load, pages_cpu)
    million = min(max(found["loads"]), 1_000_000)
    one, many = median(found["loads"][million]["load"], without_pages), median(found["many"], without_pages)
    further = 1000 * (many - one) / (found["files"] - 1)
    known = 1000 * (median(found["idle"], in_process) - median(found["empty"], in_process)) / found["files"]
    return [
        _row(f"first load of {rows:,} rows, one file, CPU", cpu / floor, " x (A + S)", 1.8, 1.4, f"{cpu:.1f} of {floor:.1f} CPU s"),
        _row("of the same, the pages of all clinics", pages / cpu, " x the load", None, None, f"{pages:.1f} CPU s"),
        _row(f"growth from {rows // 10:,} to {rows:,} rows, CPU", cpu / tenth, " x", 11.5, 10, f"{tenth:.1f} to {cpu:.1f} CPU s"),
        _row("peak memory of that load", _gib(load), " GiB", 1.25, 0.8, _at_the_end(load)),
        # The same rows in more files: what each further one adds, its hash, its place in the archive and its ledger entry.
        # That is not a file whose very bytes are known: the next row.
        _row("a further file holding the same rows", further, " ms", 0.1, 0.03, f"{one:.1f} to {many:.1f} CPU s for {found['files']:,} files of the same {million:,} rows"),
        _row("a known file that comes again", known, " ms", None, None, "listed, hashed, removed from the inbox"),
    ]  # fmt: skip


def _nights(found: dict[str, Any], rows: int) -> list[Row]:
    floor, night = median(found["D"], in_process), median(found["night"], in_process)
    few, refresh = median(found["night on few"], in_process), median(found["refresh"], in_process)
    listed, idle = median(found["list"], in_process), median(found["idle"], in_process)
    empty, pages = median(found["empty"], in_process), median(found["night"], pages_cpu)
    return [
        _row(f"night of 10,000 rows in 178 files on {rows:,} stored, in process", night / floor, " x D", 0.35, 0.2, f"{night:.2f} of {floor:.2f} CPU s"),
        _row(f"slope: that night minus the same on {FEW_ROWS:,} stored", (night - few) / floor, " x D", 0.15, 0.08, f"{night:.2f} - {few:.2f} CPU s"),
        _row("peak memory of that night", _gib(found["night"]), " GiB", 0.5, 0.36, _at_the_end(found["night"])),
        _row("of that night, the pages of all clinics", pages / night, " x the night", None, None, f"{pages:.1f} CPU s"),
        _row(f"night with nothing new, {found['files']:,} known files in the inbox", idle / listed, " x (list + stat + anti-join)", 3, 1.5, f"{idle:.2f} of {listed:.2f} CPU s"),
        _row("the same with an empty inbox", empty / listed, " x (list + stat + anti-join)", None, None, f"{empty:.2f} CPU s"),
        _row("full outcome refresh: a night after clinics.toml changed", refresh / floor, " x D", 1.3, 1.0, f"{refresh:.2f} of {floor:.2f} CPU s"),
    ]  # fmt: skip


def _reading(found: dict[str, Any]) -> list[Row]:
    rates, imported, publish = median(found["rates"]), median(found["import"]), found["publish"]
    ours, theirs, bare = (statistics.median(publish[name]) for name in ("publish", "cp_and_fsync", "cp"))
    prefect = found["prefect"]
    pairs = list(zip(prefect["with"], prefect["without"], strict=True))
    cpu, seconds = (statistics.median(flow[of] - plain[of] for flow, plain in pairs) for of in (0, 1))
    return [
        _row("`outcomes rates`, whole process, CPU", rates / imported, " x `import duckdb`", 3, 1.5, f"{rates:.2f} of {imported:.2f} CPU s"),
        _row("publish, both with fsync, wall time", ours / theirs, " x `cp`", 2, 1, f"{ours:.2f} of {theirs:.2f} s, {publish['bytes'] / 1e6:,.0f} MB; without fsync `cp` takes {bare:.2f} s"),
        _row("task runs of a night", prefect["task_runs"], "", 20, None, "a run each of lock, the steps, report and notify", at_least=10),
        _row("Prefect's share of a night on a running server, wall time", seconds, " s", 6, 3, f"{cpu:.1f} CPU s of the command"),
    ]  # fmt: skip


def _first_step(found: dict[str, Any], rows: int) -> list[Row]:
    """What was promised of a million rows before there were pages, as a command runs it: whole processes, all but Prefect."""
    size = min(rows, 1_000_000)
    runs, nights = found["loads"][size], found["night on a million"]
    floor, load, night, many = (
        median(runs["A"]),
        *(median(of, without_pages) for of in (runs["load"], nights, found["many"])),
    )
    with_pages = [median(of) for of in (runs["load"], nights, found["many"])]
    return [
        _row(f"first load of {size:,} rows, one file, CPU", load / floor, " x A", 2.2, None, f"{load:.1f} of {floor:.1f} CPU s; with the pages {with_pages[0]:.1f}"),
        _row("peak memory of that load", _gib(runs["load"]), " GiB", 1.25, None, _at_the_end(runs["load"])),
        _row(f"the same rows in {found['files']:,} files, CPU", many / load, " x one file", 3, None, f"{many:.1f} of {load:.1f} CPU s; with the pages {with_pages[2]:.1f}"),
        _row("night of 10,000 rows in 178 files on them, whole process, CPU", night / load, " x the first load", 0.5, None, f"{night:.1f} of {load:.1f} CPU s; with the pages {with_pages[1]:.1f}"),
    ]  # fmt: skip


def steps(found: dict[str, Any], rows: int) -> dict[str, dict[str, float]]:
    """CPU seconds of each step of the last night of each kind: where the time goes."""
    nights = {"load": found["loads"][rows]["load"], **{kind: found[kind] for kind in ("night", "night on few", "refresh", "idle", "empty", "many")}}  # fmt: skip
    return {
        kind: {step: round(cost[0], 3) for step, cost in runs[-1].said["steps"].items()}
        for kind, runs in nights.items()
    }


def without_pages(run: Run) -> float:
    """CPU of a whole process that ran a night, but for the pages."""
    return run.cpu - pages_cpu(run)


def pages_cpu(run: Run) -> float:
    """CPU of a night's pages."""
    return float(run.said["pages_cpu"])


def in_process(run: Run) -> float:
    """CPU of the work alone, without what was imported before it."""
    return float(run.said["cpu"])


def _floor(found: dict[str, Any], rows: int) -> float:
    return median(found["loads"][rows]["A"]) + median(found["loads"][rows]["S"])


def _gib(nights: list[Run]) -> float:
    """The peak before the pages, of the largest."""
    return float(max(run.said["peak"] for run in nights)) / 1024


def _at_the_end(nights: list[Run]) -> str:
    return f"with the pages {max(run.peak for run in nights) / 1024:.2f} GiB"


def _row(what: str, value: float, unit: str, at_most: float | None, aim: float | None, numbers: str, at_least: float | None = None) -> Row:  # fmt: skip
    return {"what": what, "value": value, "unit": unit, "at_most": at_most, "at_least": at_least, "aim": aim, "numbers": numbers}  # fmt: skip
