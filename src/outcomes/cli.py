"""The command line: one verb a command, an example in each `--help`, one line for each error."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from outcomes.errors import OutcomesError, UsageError
from outcomes.paths import Home, data_folder
from outcomes.tables import ProgressBar, table, written

FORMATS = ("table", "csv", "json")
Arguments = argparse.Namespace


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        self.exit(64, f"outcomes: {message}. See: {self.prog} --help\n")


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    # Telemetry of every dependency is off unless somebody says otherwise.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    arguments = _parser().parse_args(argv)
    try:
        code = arguments.run(arguments)
    except OutcomesError as error:
        print(f"outcomes: {error} [{error.reason_code}]", file=sys.stderr)
        code = error.exit_code
    except BrokenPipeError:
        sys.stderr.close()
        code = 0
    except KeyboardInterrupt:
        code = 130
    sys.exit(code or 0)


def _parser() -> _Parser:
    parser = _Parser(
        prog="outcomes",
        description="Response and remission rates of ketamine clinics, by the definition of each published study.",
    )
    verbs = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")

    def verb(name: str, run: Callable[[Arguments], int | None], words: str, example: str) -> _Parser:
        made: _Parser = verbs.add_parser(
            name,
            help=words,
            description=words,
            epilog=f"example:\n  {example}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        made.set_defaults(run=run)
        return made

    def home(made: _Parser) -> _Parser:
        made.add_argument(
            "--home", type=Path, default=os.environ.get("OUTCOMES_HOME"), help="the run's folder (or OUTCOMES_HOME)"
        )
        return made

    def data(made: _Parser) -> _Parser:
        made.add_argument("--format", choices=FORMATS, default="table", help="table (default), csv or json")
        return made

    demo = verb(
        "demo",
        _demo,
        "Run a night on the bundled sample, in a folder of its own, and say what it found.",
        "outcomes demo --home demo-home",
    )
    demo.add_argument(
        "--home", type=Path, default=Path("demo-home"), help="folder to make (default: demo-home); made anew each time"
    )
    demo.add_argument("--no-prefect", action="store_true", help="run the steps in this process, without Prefect")

    nightly = home(
        verb(
            "nightly",
            _nightly,
            "Take in the finished files of HOME/inbox and publish.",
            "outcomes nightly --home clinic-home --as-of 2026-01-31",
        )
    )
    nightly.add_argument("--as-of", type=_date, help="the night's date, 2026-01-31 (default: today)")
    nightly.add_argument("--no-prefect", action="store_true", help="run the steps in this process, without Prefect")
    nightly.add_argument("--strict", action="store_true", help="exit with 2 if a file was refused or a row quarantined")
    nightly.add_argument("--format", choices=("table", "json"), default="table", help="table (default) or json")

    check = data(
        home(
            verb(
                "check", _check, "Say what a night would do with files. Nothing is stored.", "outcomes check export.csv"
            )
        )
    )
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.add_argument(
        "--strict", action="store_true", help="exit with 2 if a file would be refused or a row quarantined"
    )

    data(home(verb("status", _status, "The last night: files, rows, clinics.", "outcomes status --home clinic-home")))

    quarantine = data(
        home(
            verb(
                "quarantine",
                _quarantine,
                "Rows set aside, by file, line, column and reason; never their values.",
                "outcomes quarantine --home clinic-home --reason total_is_not_sum",
            )
        )
    )
    quarantine.add_argument("--reason", help="only this reason code")
    quarantine.add_argument("--arrival", help="only the file whose sha256 starts so")

    for name, run, words, example in (
        (
            "rates",
            _rates,
            "Every measure's rate, per clinic and over all clinics.",
            "outcomes rates --home clinic-home --measure response_post_induction",
        ),
        (
            "compare",
            _compare,
            "Every benchmark and claim: compared, or the reason why not.",
            "outcomes compare --home clinic-home --clinic C01",
        ),
    ):
        made = data(home(verb(name, run, words, example)))
        made.add_argument("--clinic", help="only this clinic; all for all clinics together")
        made.add_argument("--measure", help="only this measure")

    explain = data(
        home(
            verb(
                "explain",
                _explain,
                "A measure in words: its parameters, its numbers, and its courses by status.",
                "outcomes explain response_post_induction --home clinic-home",
            )
        )
    )
    explain.add_argument("measure", metavar="MEASURE")
    explain.add_argument("--clinic", help="only this clinic")

    sample = verb(
        "sample",
        _sample,
        "Make up clinics with a truth file: what the product must find.",
        "outcomes sample --out made-up --clinics 12 --courses 3000 --seed 1",
    )
    sample.add_argument(
        "--out", type=Path, required=True, help="folder to write inbox/, later/, clinics.toml and truth.json to"
    )
    sample.add_argument("--clinics", type=_count, default=12)
    sample.add_argument("--courses", type=_count, default=3000)
    sample.add_argument("--seed", type=int, default=1)
    sample.add_argument("--files-per-clinic", type=_count, default=1)
    sample.add_argument("--clean", action="store_true", help="no bad rows and no bad files")
    return parser


def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("not a date like 2026-01-31") from None


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError("not a whole number from 1")
    return int(text)


def _home(arguments: Arguments) -> Home:
    if not arguments.home:
        raise UsageError("Which home? Give --home DIR or set OUTCOMES_HOME.")
    return Home(Path(arguments.home).absolute())


def _said(home: Home) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(home.summary.read_text("utf-8"))
    return said


def _run(home: Home, as_of: dt.date, no_prefect: bool) -> dict[str, Any]:
    progress = ProgressBar()
    if no_prefect:
        from outcomes.nights import run_night

        run_night(home, as_of, progress)
        return _said(home)
    os.umask(0o077)
    home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Prefect's own database belongs to the home; its log would show a traceback for an error that is one line here.
    os.environ.setdefault("PREFECT_HOME", str(home.root / ".prefect"))
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    from flows.nightly import nightly

    nightly(str(home.root), as_of.isoformat())
    return _said(home)


def _demo(arguments: Arguments) -> None:
    from outcomes.words import night_words

    home = Home(arguments.home.absolute())
    if home.root.exists():
        if any(home.root.iterdir()) and not (home.root / "demo").exists():
            raise UsageError(
                f"{arguments.home} is not a demo's folder, so it is left alone. Give another one with --home."
            )
        shutil.rmtree(home.root)
    home.make()
    (home.root / "demo").write_text("Made by outcomes demo; deleted when the demo is run again.\n")
    sample = data_folder() / "sample"
    for path in sorted((sample / "inbox").iterdir()):
        shutil.copyfile(path, home.inbox / path.name)
    shutil.copyfile(sample / "clinics.toml", home.clinics)
    first = json.loads((sample / "truth.json").read_text("utf-8"))["nights"]["first"]
    print("A night on the bundled sample: six made-up clinics, with bad rows and bad files among theirs.\n")
    print(night_words(_run(home, dt.date.fromisoformat(first["as_of"]), arguments.no_prefect), home))


def _nightly(arguments: Arguments) -> int:
    from outcomes.words import night_words

    home = _home(arguments)
    said = _run(home, arguments.as_of or dt.date.today(), arguments.no_prefect)
    print(json.dumps(said, indent=1) if arguments.format == "json" else night_words(said, home))
    return 2 if arguments.strict and (said["files"]["refused"] or said["rows"]["quarantined"]) else 0


def _check(arguments: Arguments) -> int:
    from outcomes.checkup import CHECK_COLUMNS, check_files

    home = _home(arguments) if arguments.home else None
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


def _status(arguments: Arguments) -> None:
    from outcomes.words import clinic_words

    home = _home(arguments)
    if not home.summary.exists():
        raise UsageError(
            f"{home.root} has had no night yet. Put files into {home.inbox} and run: outcomes nightly --home {home.root}"
        )
    said = _said(home)
    if arguments.format != "table":
        print(
            written(
                [
                    {key: said[key] for key in ("night", "run_id", "as_of", "data_versions")}
                    | said["files"]
                    | {f"rows_{k}": v for k, v in said["rows"].items()}
                ],
                {},
                arguments.format,
            )
        )
        return
    waiting = sum(1 for entry in os.scandir(home.inbox) if entry.is_file(follow_symlinks=False))
    files, rows = said["files"], said["rows"]
    print(
        f"Last night: {said['night']}, as of {said['as_of']} (run {said['run_id']}). Files waiting in the inbox: {waiting:,}."
    )
    print(f"Files: {files['taken']:,} taken, {files['refused']:,} refused, {files['known']:,} seen before.")
    print(
        f"Rows: {rows['read']:,} read = {rows['accepted']:,} accepted + {rows['duplicate']:,} duplicate + {rows['quarantined']:,} quarantined.\n"
    )
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

    return opened(_home(arguments))


def _quarantine(arguments: Arguments) -> None:
    from outcomes.publishedcopy import quarantined

    with _published(arguments) as con:
        rows = quarantined(con, arguments.reason, arguments.arrival)
    print(
        written(
            rows,
            {
                "sha256": "file",
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


def _rates(arguments: Arguments) -> None:
    from outcomes.summary import RATES, rows_of
    from outcomes.words import RATE_COLUMNS, rate_words

    with _published(arguments) as con:
        rows = rows_of(con, RATES, _filters(arguments, con))
    print(
        written(
            [rate_words(row) for row in rows] if arguments.format == "table" else rows, RATE_COLUMNS, arguments.format
        )
    )


def _compare(arguments: Arguments) -> None:
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
            '\nEvery verdict is provisional. "Consistent with" cannot be shown below 84 patients; under 30 none is given.'
        )


def _explain(arguments: Arguments) -> None:
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


def _sample(arguments: Arguments) -> None:
    from outcomes.sample import make_sample

    bar = ProgressBar()
    try:
        make_sample(
            arguments.out, clinics=arguments.clinics, courses=arguments.courses, seed=arguments.seed, bad=not arguments.clean,
            files_per_clinic=arguments.files_per_clinic, progress=lambda done, of: bar("people", done, of),
        )  # fmt: skip
    except FileExistsError:
        raise UsageError(f"{arguments.out} already holds a sample or an inbox. Give an empty folder.") from None
    print(
        f"Made-up clinics in {arguments.out}: inbox/ for a first night, later/ for a second, clinics.toml, and truth.json with what must be found."
    )
