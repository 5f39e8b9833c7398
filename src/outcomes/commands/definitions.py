"""The commands about definitions: who has checked a measure or a benchmark, and the benchmarks of this home."""

from __future__ import annotations

from pathlib import Path

from outcomes.commands import Arguments, Parser, Verbs, count, date
from outcomes.commands.homes import home_of, published
from outcomes.tables import written


def add(verbs: Verbs) -> None:
    """The verbs measures and benchmarks, each with its own."""
    measures = Verbs(
        verbs.add(
            "measures",
            _measures,
            "Who has checked which measure: sign one, or list what is signed and what is unchecked.",
            "outcomes measures sign response_post_induction --by R.Meyer --home clinic-home",
            home=False,
        )
    )
    _add_sign(measures, "measure", "the measure; rules for the rules of courses and windows")
    measures.add(
        "list",
        _measures,
        "The rules and every measure: signed by whom, or unchecked.",
        "outcomes measures list --home clinic-home",
        data=True,
    )

    benchmarks = Verbs(
        verbs.add(
            "benchmarks",
            _benchmarks,
            "The published rates to compare with: add, retire or sign one, or list them.",
            "outcomes benchmarks list --home clinic-home",
            home=False,
        )
    )
    _add_sign(benchmarks, "benchmark", "the benchmark")
    benchmarks.add(
        "list",
        _benchmarks,
        "Every benchmark: what may be done with it, whether it is retired, and who has checked it.",
        "outcomes benchmarks list --home clinic-home",
        data=True,
    )
    added = benchmarks.add(
        "add",
        _add,
        "Add published rates to those that ship, for this home, under names that begin with own_.",
        "outcomes benchmarks add smith2026.csv --by R.Meyer --home clinic-home",
    )
    added.add_argument("file", type=Path, metavar="FILE", help="CSV with the header of data/benchmarks.csv, or TOML")
    retired = benchmarks.add(
        "retire",
        _retire,
        "Compare a benchmark with nothing from a date on. Locked releases keep it.",
        "outcomes benchmarks retire own_smith2026_response --because Retracted --by R.Meyer --home clinic-home",
    )
    retired.add_argument("id", metavar="BENCHMARK")
    retired.add_argument("--since", type=date, help="the date, 2026-03-31 (default: the last night's)")
    retired.add_argument("--because", required=True, help="why, in words; it is published")
    for made in (added, retired):
        _add_signer(made)


def _add_sign(verbs: Verbs, kind: str, words: str) -> None:
    example = "response_post_induction" if kind == "measure" else "mcinnes2022_response_d14_31"
    made = verbs.add(
        "sign",
        _sign,
        f"Record who has checked a {kind}, exactly as the last night has it. Any change of it makes it unchecked again.",
        f"outcomes {kind}s sign {example} --by R.Meyer --version 1 --home clinic-home",
    )
    made.set_defaults(kind=kind)
    made.add_argument("id", metavar=kind.upper(), help=words)
    made.add_argument("--version", type=count, help="the version that was checked: another one is not signed")
    made.add_argument("--note", help="what was checked, and against what; it is published")
    _add_signer(made)


def _add_signer(made: Parser) -> None:
    made.add_argument("--by", required=True, metavar="NAME", help="who says so: a person's name")
    made.add_argument("--as-of", type=date, help="the date of it, 2026-03-31 (default: the last night's)")


def _sign(arguments: Arguments) -> None:
    from outcomes.signatures import sign

    row = sign(
        home_of(arguments), arguments.kind, arguments.id, arguments.by, arguments.version, arguments.note, arguments.as_of
    )  # fmt: skip
    print(f"Signed: {row['id']}, version {row['version']}, by {row['signed_by']} on {row['signed_on']}.")


def _measures(arguments: Arguments) -> None:
    from outcomes.signatures import listed
    from outcomes.words import CHECKED_COLUMNS, checked_words

    with published(arguments) as con:
        rows = listed(con)
    shown = [row | checked_words(row) for row in rows] if arguments.format == "table" else rows
    print(written(shown, {"id": "measure", "version": "version", "title": "title"} | CHECKED_COLUMNS, arguments.format))


def _benchmarks(arguments: Arguments) -> None:
    from outcomes.ownbenchmarks import listed
    from outcomes.words import CHECKED_COLUMNS, benchmark_words

    with published(arguments) as con:
        rows = listed(con)
    shown = [benchmark_words(row) for row in rows] if arguments.format == "table" else rows
    columns = {"benchmark_id": "benchmark", "version": "version", "said": "compared", "short": "published in"}
    print(written(shown, columns | CHECKED_COLUMNS, arguments.format))


def _add(arguments: Arguments) -> None:
    from outcomes.ownbenchmarks import add as record

    names = record(home_of(arguments), arguments.file, arguments.by, arguments.as_of)
    print(f"Recorded: {', '.join(names)}. Compared from the next night on, and unchecked until somebody signs.")


def _retire(arguments: Arguments) -> None:
    from outcomes.ownbenchmarks import retire

    retire(home_of(arguments), arguments.id, arguments.since, arguments.because, arguments.by, arguments.as_of)
    print(f"Recorded: {arguments.id} is retired, from the next night on. Releases that have it keep it.")
