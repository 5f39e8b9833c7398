"""The commands of a clinic on its own machine: make a file that may be sent, and a form to fill in."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from outcomes.commands import Arguments, Verbs, date
from outcomes.errors import OutcomesError


def add(verbs: Verbs) -> None:
    """The verbs deidentify and template."""
    made = verbs.add(
        "deidentify",
        _deidentify,
        "In a clinic: turn an export with names and dates into a file that may be sent. No home is needed.",
        "outcomes deidentify visits.csv --clinic C01 --patient MRN --date Visit-Date --crosswalk private/crosswalk.csv --out to-send/clean.csv",
        home=False,
    )
    made.add_argument("file", type=Path, metavar="FILE", help="the export: CSV or Excel")
    made.add_argument("--clinic", required=True, help="the clinic's code, as C01")
    made.add_argument(
        "--crosswalk", type=Path, required=True, help="file of real ids and codes; never send it, never lose it"
    )
    made.add_argument("--new-crosswalk", action="store_true", help="there is none yet: this is the first file of all")
    made.add_argument("--out", type=Path, required=True, help="the file to send; not above the crosswalk's folder")
    made.add_argument("--force", action="store_true", help="write over the file of --out")
    made.add_argument("--patient", metavar="HEADER", help="column that says who the patient is")
    made.add_argument("--date", metavar="HEADER", help="column of the date, turned into days")
    made.add_argument("--first-infusion", metavar="HEADER", help="column of the patient's first infusion, day 0")
    made.add_argument("--age", metavar="HEADER", help="column of the age (patients feed)")
    made.add_argument("--columns", type=Path, metavar="TOML", help="file that says what the other columns are")
    made.add_argument("--date-format", metavar="FORMAT", help="how dates are written, as %%d/%%m/%%Y; else 2024-03-01")
    made.add_argument("--extracted-on", type=date, metavar="DATE", help="date of the export: makes extract_day")
    made.add_argument("--feed", type=_feed, help="scores or patients, where the columns do not tell")
    made.add_argument("--sheet", metavar="NAME", help="sheet of a workbook that has several")
    made.add_argument("--strict", action="store_true", help="exit with 2 if a row was left out")
    made.add_argument("--format", choices=("table", "json"), default="table", help="table (default) or json")

    template = verbs.add(
        "template",
        _template,
        "In a clinic: an empty CSV file, an Excel workbook with drop-down lists, and a one-page guide.",
        "outcomes template --out template --feed scores",
        home=False,
    )
    template.add_argument("--out", type=Path, required=True, help="folder to write to")
    template.add_argument("--feed", type=_feed, default="scores", help="scores (default) or patients")
    template.add_argument("--force", action="store_true", help="write over files of these names")


def _feed(text: str) -> str:
    from schemas.feeds import FEEDS

    if text not in FEEDS:
        raise argparse.ArgumentTypeError(f"none of {', '.join(FEEDS)}")
    return text


def _deidentify(arguments: Arguments) -> int:
    from outcomes.deidentifying import Places, deidentify, report_words
    from outcomes.owncolumns import read_told

    options = ("patient", "date", "first_infusion", "age", "date_format", "feed", "sheet")
    said = read_told(arguments.columns, {name: getattr(arguments, name) for name in options})
    report = deidentify(
        Places(arguments.file, arguments.crosswalk, arguments.out, arguments.columns),
        said,
        arguments.clinic,
        new_crosswalk=arguments.new_crosswalk,
        force=arguments.force,
        extracted_on=arguments.extracted_on,
    )
    print(json.dumps(report, indent=1) if arguments.format == "json" else report_words(report))
    if not report["is_written"]:
        raise OutcomesError(
            "Nothing was written, for the reasons above. Correct the export or the options, and run again."
        )
    if arguments.format == "table":
        print(f"\nTo send: {arguments.out}. Never send the crosswalk, and keep a backup of it.")
    return 2 if arguments.strict and report["rows_left_out"] else 0


def _template(arguments: Arguments) -> None:
    from outcomes.templates import write_templates
    from schemas.feeds import FEEDS

    for path in write_templates(arguments.out, FEEDS[arguments.feed], force=arguments.force):
        print(path)
