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

from outcomes import asking
from outcomes.asking import home_of, last_said
from outcomes.errors import OutcomesError, UsageError
from outcomes.paths import Home, data_folder
from outcomes.tables import ProgressBar
from outcomes.views import VIEWS

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
    # pandera loads the test library hypothesis wherever it is installed: a tenth of a second for nothing.
    sys.modules.setdefault("hypothesis", None)  # type: ignore[arg-type]
    # Whatever a command writes is for its user alone.
    os.umask(0o077)
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
    except Exception as error:  # its own words could carry a cell
        print(
            f"outcomes: The command could not finish ({type(error).__name__}). Check the folder and the disk. [could_not_finish]",
            file=sys.stderr,
        )
        code = 1
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
                "check",
                asking.check,
                "Say what a night would do with files. Nothing is stored.",
                "outcomes check export.csv",
            )
        )
    )
    check.add_argument("files", nargs="+", type=Path, metavar="FILE")
    check.add_argument(
        "--strict", action="store_true", help="exit with 2 if a file would be refused or a row quarantined"
    )

    data(
        home(
            verb("status", asking.status, "The last night: files, rows, clinics.", "outcomes status --home clinic-home")
        )
    )

    quarantine = data(
        home(
            verb(
                "quarantine",
                asking.quarantine,
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
            asking.rates,
            "Every measure's rate, per clinic and over all clinics.",
            "outcomes rates --home clinic-home --measure response_post_induction",
        ),
        (
            "compare",
            asking.compare,
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
                asking.explain,
                "A measure in words: its parameters, its numbers, and its courses by status.",
                "outcomes explain response_post_induction --home clinic-home",
            )
        )
    )
    explain.add_argument("measure", metavar="MEASURE")
    explain.add_argument("--clinic", help="only this clinic")

    figures = data(
        home(
            verb(
                "figures",
                asking.figures,
                "Curves, durability, missing patients, case mix, change, item 9, safety, strata, funnel: one derived view.",
                "outcomes figures infusion_curve --home clinic-home --clinic C01",
            )
        )
    )
    figures.add_argument("view", choices=tuple(VIEWS), metavar="VIEW", help=f"one of {', '.join(VIEWS)}")
    figures.add_argument("--clinic", help="only this clinic; all for all clinics together")
    figures.add_argument("--measure", help="only this measure")

    review = data(
        home(
            verb(
                "review",
                asking.review,
                "For a clinician: scores whose item 9 (thoughts of death or self-harm) is new or higher than the one before.",
                "outcomes review --home clinic-home --clinic C01",
            )
        )
    )
    review.add_argument("--clinic", help="only this clinic")
    review.add_argument("--all", action="store_true", help="also those that somebody has acknowledged")

    acknowledge = home(
        verb(
            "acknowledge",
            asking.acknowledge,
            "Record who has looked at scores of the review list, by their numbers.",
            "outcomes acknowledge 1204 1377 --by R.Meyer --home clinic-home",
        )
    )
    acknowledge.add_argument("score_ids", nargs="+", type=_count, metavar="NUMBER")
    acknowledge.add_argument("--by", required=True, help="name of the person who looked")

    export = home(
        verb(
            "export",
            asking.export,
            "Share the last night's rates outside the house, with no count of 1 to 10.",
            "outcomes export --shared --home clinic-home",
        )
    )
    export.add_argument("--shared", action="store_true", help="required: nothing but what may be shared is exported")
    export.add_argument("--name", help="name of the edition's folder (default: its number and date)")
    export.add_argument("--to", type=Path, help="folder to make it in (default: HOME/published/exports)")

    release = data(
        home(
            verb(
                "release",
                _release,
                "Lock the rates and verdicts of a date for ever; or list, show and recompute what was locked.",
                "outcomes release 2026-Q1 --home clinic-home --as-of 2026-03-31",
            )
        )
    )
    release.add_argument("name", nargs="?", metavar="NAME", help="name of the new release")
    release.add_argument("--as-of", type=_date, help="its date, 2026-03-31 (default: the last night's)")
    others = release.add_mutually_exclusive_group()
    others.add_argument("--list", action="store_true", help="every release, and the early warning since the last one")
    others.add_argument("--show", metavar="NAME", help="the verdicts and rates of a release")
    others.add_argument(
        "--replay", metavar="NAME", help="recompute a release from the stored scores: exit with 3 if anything differs"
    )

    sample = verb(
        "sample",
        asking.sample,
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


def _run(home: Home, as_of: dt.date, no_prefect: bool) -> dict[str, Any]:
    progress = ProgressBar()
    if no_prefect:
        from outcomes.nights import run_night

        run_night(home, as_of, progress)
        return last_said(home)
    os.umask(0o077)
    home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
    # Prefect's own database belongs to the home; its log would show a traceback for an error that is one line here.
    os.environ.setdefault("PREFECT_HOME", str(home.root / ".prefect"))
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    # Its temporary server has 20 seconds to start by default: too few on a busy machine.
    os.environ.setdefault("PREFECT_SERVER_EPHEMERAL_STARTUP_TIMEOUT_SECONDS", "120")
    from flows.nightly import nightly

    nightly(str(home.root), as_of.isoformat())
    return last_said(home)


def _release(arguments: Arguments) -> int | None:
    from outcomes.releasing import release

    return release(arguments)


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

    home = home_of(arguments)
    said = _run(home, arguments.as_of or dt.date.today(), arguments.no_prefect)
    print(json.dumps(said, indent=1) if arguments.format == "json" else night_words(said, home))
    return (
        2
        if arguments.strict
        and (said["files"]["refused"] or said["files"]["known_refused"] or said["rows"]["quarantined"])
        else 0
    )
