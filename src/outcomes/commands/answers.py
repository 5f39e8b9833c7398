"""The commands that answer: they print what a night has published. Only `acknowledge` and `export` write anything."""

from __future__ import annotations

import gc
import json
import re
from pathlib import Path
from typing import Any

from outcomes.commands import Arguments, Verbs, count
from outcomes.commands.homes import clinic_of, home_of, published
from outcomes.errors import UsageError
from outcomes.tables import table, written
from outcomes.views import VIEWS


def add(verbs: Verbs) -> None:
    """The verbs rates, compare, explain, figures, review, acknowledge and export."""
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
        made = verbs.add(name, run, words, example, data=True)
        made.add_argument("--clinic", help="only this clinic; all for all clinics together")
        made.add_argument("--measure", help="only this measure")

    explain = verbs.add(
        "explain",
        _explain,
        "A measure in words: its parameters, its numbers, and its courses by status.",
        "outcomes explain response_post_induction --home clinic-home",
        data=True,
    )
    explain.add_argument("measure", metavar="MEASURE")
    explain.add_argument("--clinic", help="only this clinic")

    figures = verbs.add(
        "figures",
        _figures,
        "Curves, durability, missing patients, case mix, change, item 9, safety, strata, funnel: one derived view.",
        "outcomes figures infusion_curve --home clinic-home --clinic C01",
        data=True,
    )
    figures.add_argument("view", choices=tuple(VIEWS), metavar="VIEW", help=f"one of {', '.join(VIEWS)}")
    figures.add_argument("--clinic", help="only this clinic; all for all clinics together")
    figures.add_argument("--measure", help="only this measure")

    review = verbs.add(
        "review",
        _review,
        "For a clinician: scores whose item 9 (thoughts of death or self-harm) is new or higher than the one before.",
        "outcomes review --home clinic-home --clinic C01",
        data=True,
    )
    review.add_argument("--clinic", help="only this clinic")
    review.add_argument("--all", action="store_true", help="also those that somebody has acknowledged")

    acknowledge = verbs.add(
        "acknowledge",
        _acknowledge,
        "Record who has looked at scores of the review list, by their numbers.",
        "outcomes acknowledge 1204 1377 --by R.Meyer --home clinic-home",
    )
    acknowledge.add_argument("score_ids", nargs="+", type=count, metavar="NUMBER")
    acknowledge.add_argument("--by", required=True, help="name of the person who looked")

    export = verbs.add(
        "export",
        _export,
        "Share the last night's rates outside the house, with no count of 1 to 10.",
        "outcomes export --shared --home clinic-home",
    )
    export.add_argument("--shared", action="store_true", help="required: nothing but what may be shared is exported")
    export.add_argument("--name", help="name of the edition's folder (default: its number and date)")
    export.add_argument("--to", type=Path, help="folder to make it in (default: HOME/published/exports)")


def _filters(arguments: Arguments, con: Any) -> dict[str, Any]:
    from outcomes.publishedcopy import known

    asked = {"clinic": clinic_of(arguments), "measure": arguments.measure}
    return {what: name and known(con, what, name) for what, name in asked.items()}


def _rates(arguments: Arguments) -> None:
    gc.disable()  # it ends before looking for garbage would pay
    from outcomes.summary import RATES, UNCHECKED, rows_of
    from outcomes.words import RATE_COLUMNS, SIGNED, rate_words, signed_words, unchecked_words

    with published(arguments, is_small=True) as con:
        rows = rows_of(con, RATES, _filters(arguments, con))
        (unchecked,) = rows_of(con, UNCHECKED)
    if arguments.format != "table":
        print(written(rows, RATE_COLUMNS, arguments.format))
        return
    for row in rows:
        row |= rate_words(row)
        row |= signed_words(row)
    print(table(rows, RATE_COLUMNS | SIGNED))
    print(f"\n{unchecked_words(unchecked)}")


def _compare(arguments: Arguments) -> None:
    gc.disable()
    from outcomes.summary import COMPARISONS, UNCHECKED, rows_of
    from outcomes.words import COMPARISON_COLUMNS, SIGNED, comparison_words, signed_words, unchecked_words

    with published(arguments, is_small=True) as con:
        rows = rows_of(con, COMPARISONS, _filters(arguments, con))
        (unchecked,) = rows_of(con, UNCHECKED)
    if arguments.format != "table":
        print(written(rows, {}, arguments.format))
        return
    print(table([comparison_words(row) | signed_words(row) for row in rows], COMPARISON_COLUMNS | SIGNED))
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
    print(f"\n{unchecked_words(unchecked)}")


def _explain(arguments: Arguments) -> None:
    from outcomes.publishedcopy import explained
    from outcomes.words import clinic_words

    with published(arguments) as con:
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


def _figures(arguments: Arguments) -> None:
    from outcomes.figures import figures as figures_of
    from outcomes.figures import in_words

    with published(arguments) as con:
        rows = figures_of(con, arguments.view, *_filters(arguments, con).values())
    if arguments.format == "table":
        rows = in_words(rows)
    print(written(rows, {key: key.replace("_", " ") for key in rows[0]} if rows else {}, arguments.format))


def _review(arguments: Arguments) -> None:
    from outcomes.publishedcopy import known
    from outcomes.reviewing import to_review

    with published(arguments) as con:
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


def _acknowledge(arguments: Arguments) -> None:
    from outcomes.reviewing import acknowledge as record

    done = record(home_of(arguments), arguments.score_ids, arguments.by)
    print(f"Recorded: {done:,} acknowledged.")


def _export(arguments: Arguments) -> None:
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
