"""The command line: one verb a command, an example in each `--help`, one line for each error."""

from __future__ import annotations

import datetime as dt
import gc
import io
import json
import os
import shutil
import sys
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from outcomes.commands import Arguments, Parser, Verbs, clock_time, count, date
from outcomes.commands.homes import home_of, last_said, not_told
from outcomes.errors import BusyError, OutcomesError, UsageError
from outcomes.paths import Home, data_folder
from outcomes.tables import ProgressBar

# The modules of commands/ and their verbs: a command imports its own module alone.
THEMES = {
    "door": ("check", "profile", "status", "receipt"),
    "quarantine": ("quarantine", "requeue", "refused"),
    "identity": ("merge-id", "warnings"),
    "answers": ("rates", "compare", "explain", "figures", "review", "acknowledge", "export"),
    "auditors": ("trace", "show", "diff", "sql"),
    "definitions": ("measures", "benchmarks"),
    "handchecks": ("sample-audit",),
    "reports": ("report",),
    "releases": ("release",),
    "verification": ("verify", "rebuild"),
    "home_care": ("doctor", "backup", "restore", "prune", "erase"),
    "lake": ("lake",),
    "clinicside": ("deidentify", "template"),
}  # fmt: skip
# What to do about an error that no command foresaw, by its kind: its own words could carry a cell, or a path.
_HINTS = {
    # A view that is not there: the last night was one of another version.
    "CatalogException": "Another program made the published copy: run outcomes nightly.",
    "FileNotFoundError": "A folder or file that it needs is not there: check what was given, and the home.",
    "NotADirectoryError": "What was given as a folder is a file: give another one.",
    "FileExistsError": "What was to be made is there already: give another name.",
    "PermissionError": "This user may not read or write there: give another folder, or run it as the user who runs the nights.",
}
# Those of this module.
_OWN = ("demo", "nightly", "schedule", "sample")


def main(argv: Sequence[str] | None = None) -> None:
    """Run one command and exit with its code."""
    # Telemetry of every dependency is off unless somebody says otherwise.
    os.environ.setdefault("DO_NOT_TRACK", "1")
    os.environ.setdefault("PREFECT_SERVER_ANALYTICS_ENABLED", "false")
    # pandera loads the test library hypothesis wherever it is installed: a tenth of a second for nothing.
    sys.modules.setdefault("hypothesis", None)  # type: ignore[arg-type]
    # Whatever a command writes is for its user alone.
    os.umask(0o077)
    # A sign that a terminal does not know is written as its number: no command fails over how it looks.
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    given = sys.argv[1:] if argv is None else argv
    arguments = _parser(_verb(given)).parse_args(given)
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
        hint = _HINTS.get(type(error).__name__, "Check the folder and the disk.")
        print(
            f"outcomes: The command could not finish ({type(error).__name__}). {hint} [could_not_finish]",
            file=sys.stderr,
        )
        code = 1
    finally:
        gc.enable()
    sys.exit(code or 0)


def _verb(argv: Sequence[str]) -> str | None:
    """The verb that a command line begins with; None where it begins with none, and all are to be told."""
    return argv[0] if argv and any(argv[0] in own for own in (*THEMES.values(), _OWN)) else None


def _parser(verb: str | None = None) -> Parser:
    """The command line: of all verbs, or of one theme where `verb` is one of it."""
    parser = Parser(
        prog="outcomes",
        description="Response and remission rates of ketamine clinics, by the definition of each published study.",
    )
    if verb is None:
        from importlib.metadata import version

        parser.add_argument("--version", action="version", version=f"outcomes {version('outcomes')}")
    verbs = Verbs(parser)
    if verb is None or verb in _OWN:
        _add_nights(verbs)
    for theme, own in THEMES.items():
        if verb is None or verb in own:
            import_module(f"outcomes.commands.{theme}").add(verbs)
    if verb is None or verb in _OWN:
        _add_sample(verbs)
    return parser


def _add_nights(verbs: Verbs) -> None:
    demo = verbs.add(
        "demo",
        _demo,
        "Run a night on the bundled sample, in a folder of its own, and say what it found.",
        "outcomes demo --home demo-home",
        home=False,
    )
    demo.add_argument(
        "--home", type=Path, default=Path("demo-home"), help="folder to make (default: demo-home); made anew each time"
    )
    demo.add_argument("--no-prefect", action="store_true", help="run the steps in this process, without Prefect")

    nightly = verbs.add(
        "nightly",
        _nightly,
        "Take in the finished files of HOME/inbox and publish.",
        "outcomes nightly --home clinic-home --as-of 2026-01-31",
    )
    nightly.add_argument("--as-of", type=date, help="the night's date, 2026-01-31 (default: today)")
    nightly.add_argument("--no-prefect", action="store_true", help="run the steps in this process, without Prefect")
    nightly.add_argument("--strict", action="store_true", help="exit with 2 if a file was refused or a row quarantined")
    nightly.add_argument("--format", choices=("table", "json"), default="table", help="table (default) or json")
    loud = nightly.add_mutually_exclusive_group()
    loud.add_argument("--verbose", action="store_true", help="print each step as it goes, as logs/ has it")
    loud.add_argument("--quiet", action="store_true", help="print nothing but an error")

    schedule = verbs.add(
        "schedule",
        _schedule,
        "Run every night at an hour, verify every week and lock a release every quarter, until stopped.",
        "outcomes schedule --home clinic-home --at 02:30 --timezone Europe/Berlin",
    )
    schedule.add_argument("--at", type=clock_time, default="02:30", help="when the night begins (default: 02:30)")
    schedule.add_argument("--timezone", default="UTC", help="of that time and of the nights' dates (default: UTC)")
    schedule.add_argument(
        "--port", type=count, default=4200, help="where Prefect's pages are, on this machine alone (default: 4200)"
    )


def _add_sample(verbs: Verbs) -> None:
    sample = verbs.add(
        "sample",
        _sample,
        "Make up clinics with a truth file: what the product must find.",
        "outcomes sample --out made-up --clinics 12 --courses 3000 --seed 1",
        home=False,
    )
    sample.add_argument(
        "--out", type=Path, required=True, help="folder to write inbox/, later/, clinics.toml and truth.json to"
    )
    sample.add_argument("--clinics", type=count, default=12)
    sample.add_argument("--courses", type=count, default=3000)
    sample.add_argument("--seed", type=int, default=1)
    sample.add_argument("--files-per-clinic", type=count, default=1)
    sample.add_argument("--clean", action="store_true", help="no bad rows and no bad files")


def _run(home: Home, as_of: dt.date, no_prefect: bool) -> dict[str, Any]:
    from outcomes import notifying

    if no_prefect:
        from outcomes.nights import run_night

        try:
            summary = run_night(home, as_of, ProgressBar())
        except BusyError:
            raise
        except OutcomesError as error:
            failure = error
            not_told(notifying.tell(home, lambda how: notifying.after_failure(failure, as_of.isoformat())))
            raise
        not_told(notifying.tell(home, lambda how: notifying.after_night(home, summary, how.refusals_over)))
        return last_said(home)
    # Its log would show a traceback for an error that is one line here.
    os.environ.setdefault("PREFECT_LOGGING_LEVEL", "CRITICAL")
    from flows.ownserver import server_of

    server = server_of(home)
    gc.disable()  # all that is imported stays: looking for garbage in it would be a sixth of its cost
    from flows.nightly import run_nightly  # while the server starts

    gc.freeze()
    gc.enable()
    if server:
        server.wait()
    not_told(run_nightly(home, as_of))
    return last_said(home)


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


def _said(line: dict[str, Any]) -> None:
    from outcomes.logs import in_words

    print(in_words(line), file=sys.stderr, flush=True)


def _nightly(arguments: Arguments) -> int:
    from outcomes.dating import by_clock
    from outcomes.logs import heard_by
    from outcomes.settings import options
    from outcomes.words import night_words

    home = home_of(arguments)
    is_new = not home.root.exists()
    today = dt.date.today()
    if arguments.as_of and arguments.as_of > today:
        # Said, not refused: what comes due later may be wanted now. But no night goes back.
        print(f"outcomes: the as-of date {arguments.as_of} is ahead of the clock, {today}. Every later night of this home must have that date or a later one.", file=sys.stderr)  # fmt: skip
    given = {"logs.level": "debug"} if arguments.verbose else {}
    with options(given), heard_by(_said if arguments.verbose else None):
        said = _run(home, arguments.as_of or by_clock(home, today), arguments.no_prefect)
    if not arguments.quiet and arguments.format == "json":
        print(json.dumps(said, indent=1))
    elif not arguments.quiet:
        # A name mistyped is a home too.
        made = f"{home.root} is a new home: it was not there before.\n\n" if is_new else ""
        print(made + night_words(said, home))
    # Of a night that was killed, and could not exit with 2 itself, as well.
    ended = said["ended"] or {"refused": 0, "quarantined": 0}
    not_taken = (
        said["files"]["refused"], said["files"]["known_refused"], said["read_again"]["refused"], said["rows"]["quarantined"],
        ended["refused"], ended["quarantined"],
    )  # fmt: skip
    return 2 if arguments.strict and any(not_taken) else 0


def _schedule(arguments: Arguments) -> None:
    import zoneinfo

    from outcomes.notifying import notify_of

    home = home_of(arguments)
    # At night nobody would read it, so what is wrong is said now.
    if arguments.timezone not in zoneinfo.available_timezones():
        raise UsageError("There is no such time zone. Give one like UTC or Europe/Berlin.")
    try:
        notify_of(home)
    except OutcomesError as error:
        raise UsageError(str(error)) from None
    from flows.ownserver import server_of

    server = server_of(home, port=arguments.port, lasting=True)
    from flows.schedule import serve_all

    if server:
        server.wait()
        print(f"Prefect's pages: {server.url.removesuffix('/api')}", flush=True)
    serve_all(home, arguments.at, arguments.timezone)


def _sample(arguments: Arguments) -> None:
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
