"""The commands that ask: they print what a night has published. None but `acknowledge` and `export` changes anything."""

from __future__ import annotations

import argparse
import json
import os
import re
from pathlib import Path
from typing import Any

from outcomes.errors import UsageError
from outcomes.paths import Home
from outcomes.tables import ProgressBar, table, written

Arguments = argparse.Namespace


def home_of(arguments: Arguments) -> Home:
    if not arguments.home:
        raise UsageError("Which home? Give --home DIR or set OUTCOMES_HOME.")
    return Home(Path(arguments.home).absolute())


def last_said(home: Home) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(home.summary.read_text("utf-8"))
    return said


def check(arguments: Arguments) -> int:
    from outcomes.checkup import CHECK_COLUMNS, check_files

    home = home_of(arguments) if arguments.home else None
    rows, lines = check_files(arguments.files, home, ProgressBar())
    print(written(rows, CHECK_COLUMNS, arguments.format))
    if arguments.format == "table" and lines:
        print(
            "\n"
            + table(
                lines,
                {
                    "file": "file",
                    "line": "line",
                    "column_name": "column",
                    "reason_code": "reason",
                    "sentence": "what would be accepted",
                },
            )
        )
    return 2 if arguments.strict and any(row["refused_because"] or row["quarantined"] for row in rows) else 0


def status(arguments: Arguments) -> None:
    from outcomes.words import clinic_words, rows_words

    home = home_of(arguments)
    if not home.summary.exists():
        raise UsageError(
            f"{home.root} has had no night yet. Put files into {home.inbox} and run: outcomes nightly --home {home.root}"
        )
    said = last_said(home)
    if arguments.format != "table":
        print(
            written(
                [
                    {key: said[key] for key in ("night", "run_id", "as_of", "data_versions")}
                    | said["files"]
                    | {f"rows_{k}": v for k, v in said["rows"].items()}
                    | {f"rows_of_{feed['feed']}": feed["read"] for feed in said["feeds"]}
                ],
                {},
                arguments.format,
            )
        )
        return
    waiting = sum(1 for entry in os.scandir(home.inbox) if entry.is_file(follow_symlinks=False))
    files = said["files"]
    print(
        f"Last night: {said['night']}, as of {said['as_of']} (run {said['run_id']}). Files waiting in the inbox: {waiting:,}."
    )
    print(f"Files: {files['taken']:,} taken, {files['refused']:,} refused, {files['known']:,} seen before.")
    print(rows_words(said) + "\n")
    shown = [clinic | {"clinic": clinic_words(clinic["clinic_id"])} for clinic in said["clinics"]]
    print(
        table(
            shown,
            {
                "clinic": "clinic",
                "patients": "patients",
                "not_started": "no infusion on record",
                "courses": "courses",
                "sends_every_infusion": "sends every infusion",
                "confirmed": "confirmed",
            },
        )
    )


def _published(arguments: Arguments) -> Any:
    from outcomes.publishedcopy import opened

    return opened(home_of(arguments))


def quarantine(arguments: Arguments) -> None:
    from outcomes.publishedcopy import quarantined

    with _published(arguments) as con:
        rows = quarantined(con, arguments.reason, arguments.arrival)
    print(
        written(
            rows,
            {
                "sha256": "file",
                "feed": "feed",
                "line": "line",
                "column_name": "column",
                "reason_code": "reason",
                "found_at": "found at",
                "sentence": "what would be accepted",
            },
            arguments.format,
        )
    )


def _filters(arguments: Arguments, con: Any) -> dict[str, Any]:
    from outcomes.publishedcopy import known

    clinic = "*" if arguments.clinic == "all" else arguments.clinic
    return {"clinic": known(con, "clinic", clinic), "measure": known(con, "measure", arguments.measure)}


def rates(arguments: Arguments) -> None:
    from outcomes.summary import RATES, rows_of
    from outcomes.words import RATE_COLUMNS, rate_words

    with _published(arguments) as con:
        rows = rows_of(con, RATES, _filters(arguments, con))
    print(
        written(
            [rate_words(row) for row in rows] if arguments.format == "table" else rows, RATE_COLUMNS, arguments.format
        )
    )


def compare(arguments: Arguments) -> None:
    from outcomes.summary import COMPARISONS, rows_of
    from outcomes.words import COMPARISON_COLUMNS, comparison_words

    with _published(arguments) as con:
        rows = rows_of(con, COMPARISONS, _filters(arguments, con))
    if arguments.format != "table":
        print(written(rows, {}, arguments.format))
        return
    print(table([comparison_words(row) for row in rows], COMPARISON_COLUMNS))
    print(
        "\nWhy\n"
        + table(
            [
                {"benchmark_id": key, "because": words}
                for key, words in {(r["benchmark_id"]): r["because"] for r in rows}.items()
            ],
            {"benchmark_id": "published", "because": "in words"},
        )
    )
    withheld = {row["withheld_because"]: row["withheld_in_words"] for row in rows if row["withheld_because"]}
    if withheld:
        print(
            "\nVerdicts withheld\n"
            + table(
                [{"why": why, "words": words} for why, words in withheld.items()],
                {"why": "reason", "words": "in words"},
            )
        )
    if any(row["outcome"] == "verdict" for row in rows):
        print(
            '\nEvery verdict is provisional. "Consistent with" can hardly be shown below 84 patients; under 30 none is given.'
        )


def explain(arguments: Arguments) -> None:
    from outcomes.publishedcopy import explained
    from outcomes.words import clinic_words

    with _published(arguments) as con:
        measure, rows = explained(con, arguments.measure, arguments.clinic)
    if arguments.format != "table":
        print(written(rows, {}, arguments.format))
        return
    print("\n".join(f"{key.replace('_', ' '):22} {value}" for key, value in measure.items() if value is not None))
    print(
        "\nCourses by status\n"
        + table(
            [row | {"clinic": clinic_words(row["clinic_id"])} for row in rows],
            {"clinic": "clinic", "status": "status", "class": "class", "courses": "courses", "sentence": "in words"},
        )
    )


def figures(arguments: Arguments) -> None:
    from outcomes.figures import figures as figures_of
    from outcomes.figures import in_words

    with _published(arguments) as con:
        rows = figures_of(con, arguments.view, *_filters(arguments, con).values())
    if arguments.format == "table":
        rows = in_words(rows)
    print(written(rows, {key: key.replace("_", " ") for key in rows[0]} if rows else {}, arguments.format))


def review(arguments: Arguments) -> None:
    from outcomes.publishedcopy import known
    from outcomes.reviewing import to_review

    with _published(arguments) as con:
        rows = to_review(con, known(con, "clinic", arguments.clinic), arguments.all)
    print(
        written(
            rows,
            {
                "score_id": "number",
                "clinic_id": "clinic",
                "patient_id": "patient",
                "kind": "item 9 is",
                "day_before": "day before",
                "item_9_before": "item 9 then",
                "day": "day",
                "item_9": "item 9",
                "acknowledged_by": "acknowledged by",
            },
            arguments.format,
        )
    )
    if arguments.format == "table":
        print(
            "\nItem 9 asks about thoughts of death or self-harm. The list is as old as the last night; it calls nobody."
        )


def acknowledge(arguments: Arguments) -> None:
    from outcomes.reviewing import acknowledge as record

    done = record(home_of(arguments), arguments.score_ids, arguments.by)
    print(f"Recorded: {done:,} acknowledged.")


def export(arguments: Arguments) -> None:
    from outcomes.exporting import export as share

    home = home_of(arguments)
    if not arguments.shared:
        raise UsageError(
            f"Only what may be shared is exported: add --shared. Who may see every count opens {home.published_copy}."
        )
    if arguments.name is not None and not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", arguments.name):
        raise UsageError("A --name is up to 64 of A-Z, a-z, 0-9, _ . -, and begins with a letter or digit.")
    folder = share(home, arguments.to.absolute() if arguments.to else None, arguments.name)
    about = json.loads((folder / "manifest.json").read_text("utf-8"))
    print(f"Edition {about['edition']}, as of {about['as_of']}: {folder}")


def sample(arguments: Arguments) -> None:
    from outcomes.sample import make_sample

    bar = ProgressBar()
    try:
        make_sample(
            arguments.out, clinics=arguments.clinics, courses=arguments.courses, seed=arguments.seed, bad=not arguments.clean,
            files_per_clinic=arguments.files_per_clinic, progress=lambda done, of: bar("people", done, of),
        )  # fmt: skip
    except ValueError as error:
        raise UsageError(f"{str(error).rstrip('.')}.") from None
    except FileExistsError:
        raise UsageError(f"{arguments.out} already holds a sample or an inbox. Give an empty folder.") from None
    print(
        f"Made-up clinics in {arguments.out}: inbox/ for a first night, later/ for a second, clinics.toml, and truth.json with what must be found."
    )
