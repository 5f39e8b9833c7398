"""The command `sample-audit`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from outcomes.commands import Arguments, Verbs, count, date, given_of
from outcomes.commands.homes import home_of, published
from outcomes.errors import UsageError
from outcomes.tables import between, percent, written

# What says what to draw, and what goes with the record of it.
_OF_DRAW, _OF_RECORD = ("n", "seed", "measure", "clinic", "out"), ("by", "as_of")
_MANY = 30


def add(verbs: Verbs) -> None:
    """The verb sample-audit."""
    audit = verbs.add(
        "sample-audit",
        _audit,
        "Draw courses for a person to check by hand; read the filled sheet back and record how often they disagree.",
        "outcomes sample-audit --n 30 --seed 7 --out audit --home clinic-home",
        data=True,
    )
    audit.add_argument("--n", type=count, help=f"how many courses (default: {_MANY})")
    audit.add_argument(
        "--seed", type=count, help="a whole number: the same one draws the same courses of the same night"
    )
    audit.add_argument("--measure", help="only this measure (default: all that have an endpoint)")
    audit.add_argument("--clinic", help="only this clinic")
    audit.add_argument("--out", type=Path, help="a new private folder for the sheet and the rows to fill it from")
    what = audit.add_mutually_exclusive_group()
    what.add_argument("--record", type=Path, metavar="SHEET", help="the filled sheet.csv")
    what.add_argument("--list", action="store_true", help="every audit that was recorded")
    audit.add_argument("--by", metavar="NAME", help="with --record: who checked, a person's name")
    audit.add_argument("--as-of", type=date, help="with --record: the date of it (default: the last night's)")


def _audit(arguments: Arguments) -> None:
    asked, others = (
        ("--list", (*_OF_DRAW, *_OF_RECORD))
        if arguments.list
        else ("--record", _OF_DRAW)
        if arguments.record
        else ("a draw", _OF_RECORD)
    )
    if given := given_of(arguments, others):
        raise UsageError(f"{', '.join(given)}: not with {asked}. Leave out what does not go with it.")
    if arguments.list:
        _list(arguments)
    elif arguments.record:
        _record(arguments)
    else:
        _draw(arguments)


def _draw(arguments: Arguments) -> None:
    from outcomes.auditsheets import COURSES, SHEET, write_sheet
    from outcomes.publishedcopy import known
    from outcomes.sampleaudit import Wish, draw

    if arguments.seed is None or arguments.out is None:
        raise UsageError("Give --seed, a number that you choose, and --out, a new private folder.")
    n = arguments.n or _MANY
    if max(n, arguments.seed) >= 2**31:
        raise UsageError("Give --n and --seed below 2,147,483,648.")
    home = home_of(arguments)
    with published(arguments) as con:
        wish = Wish(n, arguments.seed, known(con, "measure", arguments.measure), known(con, "clinic", arguments.clinic))  # fmt: skip
        drawn = draw(con, wish)
        write_sheet(home, con, drawn, arguments.out)
    print(
        f"{len(drawn.courses):,} courses drawn from {drawn.drawn_from:,} of night {drawn.night}. Fill {arguments.out / SHEET} from "
        f"{arguments.out / COURSES}, and then:\n  outcomes sample-audit --record {arguments.out / SHEET} --by NAME --home {home.root}"
    )


def _record(arguments: Arguments) -> None:
    from outcomes.sampleaudit import record

    if not arguments.by:
        raise UsageError("Who checked? Give a person's name with --by.")
    result, courses = record(home_of(arguments), arguments.record, arguments.by, arguments.as_of)
    other = [course | {"place": f"{course['sha256'][:12]}:{course['line']}"} for course in courses if course["differs"]]
    if arguments.format == "csv":
        print(written(courses, {}, "csv"))
        return
    if arguments.format == "json":
        print(written([result | {"disagreements": other}], {}, "json"))
        return
    print(_in_words(result))
    for title, rows, columns in (("By the program's class", _by_class(courses), _CLASSES), ("Disagreements", other, _OTHER)):  # fmt: skip
        if rows:
            print(f"\n{title}\n{written(rows, columns, 'table')}")


_CLASSES = {"class": "class", "courses": "courses", "disagreed": "disagreed"}
_OTHER = {"number": "course", "measure_id": "measure", "differs": "what differs", "place": "look at"}
_LISTED = {
    "audit_no": "audit", "night": "night", "as_of": "as of", "measure": "measure", "clinic": "clinic", "agreed": "agreed", "n": "of",
    "share": "disagreement", "interval": "95% interval", "recorded_by": "by", "recorded_on": "on",
}  # fmt: skip


def _in_words(result: dict[str, Any]) -> str:
    interval = between(result["disagreement_low"], result["disagreement_high"])
    said = f"Recorded as audit {result['audit_no']}: agreed on {result['agreed']:,} of {result['n']:,} courses of night {result['night']}. "
    if not result["disagreed"]:
        return said + f"Nothing differs: of such courses at most {percent(result['disagreement_high'])} are wrong (upper 95% limit)."  # fmt: skip
    return said + f"Disagreement {percent(result['disagreement'])} (95% interval {interval})."


def _by_class(courses: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {"class": name, "courses": len(of), "disagreed": sum(1 for course in of if course["differs"])}
        for name in dict.fromkeys(course["class"] for course in courses)
        if (of := [course for course in courses if course["class"] == name])
    ]


def _list(arguments: Arguments) -> None:
    from outcomes.sampleaudit import RESULTS
    from outcomes.summary import rows_of

    with published(arguments) as con:
        rows = rows_of(con, RESULTS)
    if arguments.format == "table":
        rows = [
            row | {"share": percent(row["disagreement"]), "interval": between(row["disagreement_low"], row["disagreement_high"]),
                   "measure": row["measure_id"] or "all", "clinic": row["clinic_id"] or "all"}
            for row in rows
        ]  # fmt: skip
    print(written(rows, _LISTED, arguments.format))
