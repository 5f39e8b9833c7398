"""The commands about who is who and what came when: merge-id and warnings."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from outcomes.commands import Arguments, Verbs, count, given_of
from outcomes.commands.homes import home_of, published
from outcomes.errors import UsageError
from outcomes.tables import written

if TYPE_CHECKING:
    from outcomes.merging import Wanted


def add(verbs: Verbs) -> None:
    """The verbs merge-id and warnings."""
    merge = verbs.add(
        "merge-id",
        _merge,
        "Join two pseudonyms of one patient, split one that two patients were given, undo that, or list what was done.",
        "outcomes merge-id --pairs pairs.csv --by R.Meyer --home clinic-home",
        data=True,
    )
    merge.add_argument("--clinic", help="the clinic of the pseudonyms")
    merge.add_argument(
        "--into", metavar="ID", help="the pseudonym whose day 0 counts; for a split, who its rows belong to"
    )
    merge.add_argument(
        "--day-offset", type=int, metavar="DAYS", help="where the other's day 0 lies on the scale of --into"
    )
    merge.add_argument(
        "--arrival", metavar="SHA256", help="of a split: the rows that came with the file whose sha256 starts so"
    )
    merge.add_argument(
        "--from-day", type=int, metavar="DAY", help="of a split: the rows sent with this day or a later one"
    )
    merge.add_argument("--by", metavar="NAME", help="who says so: a person's name")
    what = merge.add_mutually_exclusive_group(required=True)
    what.add_argument("--from", dest="from_id", metavar="ID", help="the pseudonym to join into another")
    what.add_argument("--split", metavar="ID", help="the pseudonym to split")
    what.add_argument(
        "--pairs",
        metavar="FILE",
        help="CSV of clinic_id, from, into, day_offset (and arrival, from_day for splits); - is standard input",
    )
    what.add_argument("--undo", type=count, metavar="NUMBER", help="the join or split that counts no more")
    what.add_argument("--list", action="store_true", help="every join and split")

    warnings = verbs.add(
        "warnings",
        _warnings,
        "Rows that count but look wrong in their order, and nights of unusual volume: how many for each clinic and reason, or where.",
        "outcomes warnings --home clinic-home --clinic C01 --lines",
        data=True,
    )
    warnings.add_argument("--clinic", help="only this clinic")
    warnings.add_argument("--reason", help="only this reason code")
    warnings.add_argument("--lines", action="store_true", help="each row by its file and line")


def _merge(arguments: Arguments) -> None:
    from outcomes.merging import change, changes, undo

    if (arguments.list or arguments.undo) and (given := given_of(arguments, _OF_ONE)):
        raise UsageError(f"With --list and --undo nothing is joined or split: leave out {', '.join(given)}.")
    if arguments.list:
        with published(arguments) as con:
            print(written(changes(con), _LISTED, arguments.format))
        return
    if not arguments.by:
        raise UsageError("Who says so? Give a person's name with --by.")
    home = home_of(arguments)
    done = (
        undo(home, arguments.undo, arguments.by) if arguments.undo else change(home, _wanted(arguments), arguments.by)
    )
    row = vars(done) | {"numbers": " ".join(map(str, done.numbers))}
    if arguments.format != "table":
        print(written([row], {}, arguments.format))
        return
    print(
        f"Recorded as change {row['numbers']}, in force from the next night on. Of all joined and split pseudonyms "
        f"{done.moved:,} scores then count for another patient or day, {done.duplicate:,} are not counted twice, "
        f"and {done.contradicting:,} are set aside because they contradict."
    )


# What says of one join or split what it is.
_OF_ONE = ("clinic", "into", "day_offset", "arrival", "from_day")
_LISTED = {
    "change_no": "number", "kind": "what", "clinic_id": "clinic", "from_id": "from", "into_id": "into", "day_offset": "days",
    "sha256": "file", "from_day": "from day", "undoes": "undoes", "undone_by": "undone by", "made_by": "by", "night": "after night",
    "is_in_force": "in force",
}  # fmt: skip


def _wanted(arguments: Arguments) -> list[Wanted]:
    from outcomes.merging import Wanted, read_pairs

    if arguments.pairs:
        if given := given_of(arguments, _OF_ONE):
            raise UsageError(f"With --pairs the file says everything: leave out {', '.join(given)}.")
        return read_pairs(_text(arguments.pairs))
    if not arguments.clinic:
        raise UsageError("Which clinic? Give --clinic.")
    if arguments.day_offset is None:
        raise UsageError(
            "Give --day-offset: where the one's day 0 lies on the other's scale, 0 if both were counted from the same first infusion. It is never guessed."
        )
    by_place = arguments.arrival is not None or arguments.from_day is not None
    if arguments.split and not by_place:
        raise UsageError("Which rows are the other patient's? Give --arrival, --from-day or both.")
    if arguments.from_id and (by_place or not arguments.into):
        raise UsageError("A join takes --from and --into, and all rows; --arrival and --from-day are for --split.")
    return [
        Wanted(
            arguments.clinic,
            arguments.from_id or arguments.split,
            arguments.into,
            arguments.day_offset,
            arguments.arrival,
            arguments.from_day,
        )
    ]


def _text(name: str) -> str:
    try:
        return sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            "The pairs cannot be read: give the name of a CSV file in UTF-8, or - for standard input."
        ) from None


def _warnings(arguments: Arguments) -> None:
    from outcomes.ordering import order_warnings
    from outcomes.publishedcopy import known

    with published(arguments) as con:
        rows = order_warnings(con, known(con, "clinic", arguments.clinic), arguments.reason, arguments.lines)
    where = {"sha256": "file", "line": "line"} if arguments.lines else {"rows": "rows"}
    print(
        written(
            rows,
            {"clinic_id": "clinic", **where, "reason_code": "reason", "sentence": "what it means"},
            arguments.format,
        )
    )
