"""The commands of the door: what would become of files, what became of them, and what was set aside."""

from __future__ import annotations

import os
from pathlib import Path

from outcomes.commands import Arguments, Verbs
from outcomes.commands.homes import home_of, last_said, published
from outcomes.errors import UsageError
from outcomes.tables import ProgressBar, table, written


def add(verbs: Verbs) -> None:
    """The verbs check, profile, status and quarantine."""
    check = verbs.add(
        "check",
        _check,
        "Say what a night would do with files. Nothing is stored.",
        "outcomes check export.csv",
        data=True,
    )
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.add_argument(
        "--strict", action="store_true", help="exit with 2 if a file would be refused or a row quarantined"
    )

    profile = verbs.add(
        "profile",
        _profile,
        "Propose a source profile for clinics.toml from a file. What the file does not say is asked, never guessed.",
        "outcomes profile export.csv --clinic C01 --name ehr",
        home=False,
    )
    profile.add_argument("file", type=Path, metavar="FILE")
    profile.add_argument("--clinic", required=True, help="the clinic that sends such files")
    profile.add_argument("--name", required=True, help="a name for this source of the clinic, as ehr or redcap")

    verbs.add(
        "status", _status, "The last night: files, rows, clinics.", "outcomes status --home clinic-home", data=True
    )

    quarantine = verbs.add(
        "quarantine",
        _quarantine,
        "Rows set aside, by file, line, column and reason; never their values.",
        "outcomes quarantine --home clinic-home --reason total_is_not_sum",
        data=True,
    )
    quarantine.add_argument("--reason", help="only this reason code")
    quarantine.add_argument("--arrival", help="only the file whose sha256 starts so")


def _check(arguments: Arguments) -> int:
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


def _profile(arguments: Arguments) -> None:
    from outcomes.checkup import bytes_of
    from outcomes.proposing import proposed

    print(proposed(bytes_of(arguments.file), arguments.clinic, arguments.name), end="")


def _status(arguments: Arguments) -> None:
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


def _quarantine(arguments: Arguments) -> None:
    from outcomes.publishedcopy import quarantined

    with published(arguments) as con:
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
