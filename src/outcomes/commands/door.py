"""The commands of the door: what would become of files, what became of them, and the receipts a clinic is sent."""

from __future__ import annotations

import json
import os
from pathlib import Path

from outcomes.commands import Arguments, Verbs, count
from outcomes.commands.homes import home_of, last_said, published
from outcomes.errors import UsageError
from outcomes.tables import ProgressBar, table, written


def add(verbs: Verbs) -> None:
    """The verbs check, profile, status and receipt."""
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
        "status",
        _status,
        "The last night: files, rows, clinics; who is overdue, what drifts, which rules are new, fixed or still failing.",
        "outcomes status --home clinic-home",
        data=True,
    )

    receipt = verbs.add(
        "receipt",
        _receipt,
        "What became of a file, to send to its clinic: counts, reasons and lines; never a value.",
        "outcomes receipt --home clinic-home --night 3 --out to-send",
    )
    receipt.add_argument("file", nargs="?", metavar="SHA", help="the file whose sha256 starts so")
    receipt.add_argument("--night", type=count, help="of every file of this night")
    receipt.add_argument("--out", type=Path, help="write each as SHA.txt and SHA.json into this new folder")
    receipt.add_argument("--format", choices=("text", "json"), default="text", help="text (default) or json")


def _check(arguments: Arguments) -> int:
    from outcomes.checkup import CHECK_COLUMNS, check_files
    from outcomes.sentreceipts import as_text

    home = home_of(arguments) if arguments.home else None
    rows, receipts = check_files(arguments.files, home, ProgressBar())
    if arguments.format == "json":
        rows = [row | {"receipt": receipt} for row, receipt in zip(rows, receipts, strict=True)]
    print(written(rows, CHECK_COLUMNS, arguments.format))
    if arguments.format == "table":
        for row, receipt in zip(rows, receipts, strict=True):
            left = f"Left for now: {row['left_because']}.\n" if row["left_because"] else ""
            print(f"\nFile {row['file']:,}. {left}{as_text(receipt)}", end="")
    return 2 if arguments.strict and any(row["refused_because"] or row["quarantined"] for row in rows) else 0


def _profile(arguments: Arguments) -> None:
    from outcomes.inbox import bytes_given
    from outcomes.proposing import proposed

    print(proposed(bytes_given(arguments.file), arguments.clinic, arguments.name), end="")


def _receipt(arguments: Arguments) -> None:
    from outcomes.publishedcopy import file_of
    from outcomes.sentreceipts import as_text, of_store, write_one_by_one

    if (arguments.file is None) == (arguments.night is None):
        raise UsageError("Which receipt? Give the head of a file's SHA-256, or --night NUMBER.")
    if arguments.out and arguments.night is None:
        raise UsageError("--out goes with --night: one receipt is printed.")
    with published(arguments) as con:
        sha = None if arguments.file is None else file_of(con, arguments.file)
        receipts = of_store(con, night=arguments.night, sha=sha)
    if not receipts:
        raise UsageError(f"No file came in night {arguments.night}, or there was no such night.")
    if arguments.out:
        done = write_one_by_one(receipts, arguments.out)
        print(f"{done:,} receipts, each as text and JSON: {arguments.out}")
    elif arguments.format == "json":
        print(json.dumps(receipts, indent=1))
    else:
        print(f"\n{'-' * 72}\n\n".join(map(as_text, receipts)), end="")


def _status(arguments: Arguments) -> None:
    from outcomes.freshness import DRIFT_COLUMNS, FRESHNESS_COLUMNS, STANDING_COLUMNS, drifts, freshness, standings
    from outcomes.inbox import is_finished, listed
    from outcomes.words import clinic_words, rows_words

    home = home_of(arguments)
    if not home.summary.exists():
        raise UsageError(
            f"{home.root} has had no night yet. Put files into {home.inbox} and run: outcomes nightly --home {home.root}"
        )
    said = last_said(home)
    with published(arguments) as con:
        fresh, rules, drift = freshness(con), standings(con), drifts(con)
    if arguments.format != "table":
        print(
            written(
                [
                    {key: said[key] for key in ("night", "run_id", "as_of", "data_versions")}
                    | said["files"]
                    | {f"rows_{k}": v for k, v in said["rows"].items()}
                    | {f"rows_of_{feed['feed']}": feed["read"] for feed in said["feeds"]}
                    | {"overdue": len([row for row in fresh if row["standing"] == "overdue"])}
                    | {
                        f"rules_{key.replace(' ', '_')}": len([row for row in rules if row["standing"] == key])
                        for key in ("new", "still failing", "fixed")
                    }
                    # CSV has one line; JSON has the rows behind the counts too.
                    | ({"freshness": fresh, "rules": rules, "drifts": drift} if arguments.format == "json" else {})
                ],
                {},
                arguments.format,
            )
        )
        return
    waiting = sum(map(is_finished, listed(home)))
    asked_for = len(os.listdir(home.requeue)) if home.requeue.is_dir() else 0
    files = said["files"]
    print(
        f"Last night: {said['night']}, as of {said['as_of']} (run {said['run_id']}). Files waiting in the inbox: {waiting:,}"
        + (f"; to be read again: {asked_for:,}." if asked_for else ".")
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
    late = [row["clinic_id"] for row in fresh if row["standing"] == "overdue"]
    print(f"\nOverdue: {', '.join(late) or 'no clinic'}.\n" + written(fresh, FRESHNESS_COLUMNS, "table"))
    if drift:
        print("\nUnusual tonight (where: outcomes warnings)\n" + table(drift, DRIFT_COLUMNS))
    # After a first night everything that fails is new.
    if beside := [row for row in rules if row["night_before"]]:
        # Not that somebody mended it: a clinic may have sent nothing since.
        of_fixed = " (fixed: none in the last night that read such files, whoever sent them)" if any(row["standing"] == "fixed" for row in beside) else ""  # fmt: skip
        print(f"\nRules that fail, or failed the time before{of_fixed}\n" + table(beside, STANDING_COLUMNS))
