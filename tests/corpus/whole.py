"""What several rows or a whole file say: duplicates, corrections, contradictions, order, another coding, mostly bad rows."""

from __future__ import annotations

import random
from typing import Any

from tests.corpus.base import (
    BASELINE,
    BEFORE,
    FOLLOW_UP,
    FOLLOWED,
    ITEMS,
    NO_ITEMS,
    NONE,
    Kit,
    Text,
    add,
    refused,
    taken,
)

DAY = "days_since_first_infusion"
OTHER = {"item_1": "3", "total": "11"}
OTHERWISE = {"item_1": 3, "total": 11}

# ---- the same key again -----------------------------------------------------------------------------------------

add("a row twice", lambda k: (k.csv(k.row(), k.row()), taken(k.kept(2), k.kept(3), duplicates=(3,))))
add(
    "a row twice, written otherwise",
    lambda k: (k.csv(k.row(), k.row(item_1="2.0", total=" 10 ")), taken(k.kept(2), k.kept(3), duplicates=(3,))),
)
add(
    "a row three times among others",
    lambda k: (
        k.csv(k.row(), k.row(2), k.row(), k.row(3), k.row()),
        taken(k.kept(2), k.kept(3, 2), k.kept(4), k.kept(5, 3), k.kept(6), duplicates=(4, 6)),
    ),
)
add(
    "the file behind itself",
    lambda k: (
        k.csv(k.row(), k.row(2), k.row(), k.row(2)),
        taken(k.kept(2), k.kept(3, 2), k.kept(4), k.kept(5, 2), duplicates=(4, 5)),
    ),
)
add(
    "two scores for one key",
    lambda k: (
        k.csv(k.row(), k.row(**OTHER), k.row(2)),
        taken(k.kept(2), k.kept(3, **OTHERWISE), k.kept(4, 2), contradicted=(2, 3)),
    ),
)
add(
    "two scores for one key, and the first again",
    lambda k: (
        k.csv(k.row(), k.row(**OTHER), k.row()),
        taken(k.kept(2), k.kept(3, **OTHERWISE), k.kept(4), contradicted=(2, 3, 4)),
    ),
)
add(
    "with and without its total",
    lambda k: (k.csv(k.row(), k.row(total="")), taken(k.kept(2), k.kept(3, total=None), contradicted=(2, 3))),
)
add(
    "two scores, the second marked corrected",
    lambda k: (
        k.csv(k.row(), k.row(**OTHER, status="corrected"), k.row(2)),
        taken(k.kept(2), k.kept(3, **OTHERWISE, status="corrected"), k.kept(4, 2)),
    ),
)
add(
    "two scores, the first marked amended",
    lambda k: (
        k.csv(k.row(**OTHER, status="amended"), k.row()),
        taken(k.kept(2, **OTHERWISE, status="amended"), k.kept(3)),
    ),
)
add(
    "two scores, both marked corrected",
    lambda k: (
        k.csv(k.row(status="corrected"), k.row(**OTHER, status="corrected")),
        taken(k.kept(2, status="corrected"), k.kept(3, **OTHERWISE, status="corrected"), contradicted=(2, 3)),
    ),
)
add(
    "two scores, the second with a later extract",
    lambda k: (
        k.csv(k.row(extract_day="10"), k.row(**OTHER, extract_day="20")),
        taken(k.kept(2, extract_day=10), k.kept(3, **OTHERWISE, extract_day=20)),
    ),
)
add(
    "two scores of one extract",
    lambda k: (
        k.csv(k.row(extract_day="10"), k.row(**OTHER, extract_day="10")),
        taken(k.kept(2, extract_day=10), k.kept(3, **OTHERWISE, extract_day=10), contradicted=(2, 3)),
    ),
)
add(
    "a score and its retraction",
    lambda k: (
        k.csv(k.row(), k.row(status="entered_in_error")),
        taken(k.kept(2), k.kept(3, status="entered_in_error")),
    ),
)
add(
    "one day, other timepoints",
    lambda k: (
        k.csv(k.row(), k.row(**OTHER, timepoint="post_infusion")),
        taken(k.kept(2), k.kept(3, **OTHERWISE, timepoint="post_infusion")),
    ),
)
add(
    "one day, other infusion numbers",
    lambda k: (
        k.csv(k.row(), k.row(**OTHER, infusion_number="2")),
        taken(k.kept(2), k.kept(3, **OTHERWISE, infusion_number=2)),
    ),
)
add(
    "one pseudonym, two clinics",
    lambda k: (
        k.csv(k.row(), k.row(**OTHER, clinic_id="L01")),
        taken(k.kept(2), k.kept(3, **OTHERWISE, clinic_id="L01")),
    ),
)
# The same patients in other files.
add("sent first, alone", lambda k: (k.csv(k.row(), k.row(2), k.row(3)), taken(k.kept(2), k.kept(3, 2), k.kept(4, 3))))
add(
    "sent again the next night",
    lambda k: (
        k.csv(k.row(), k.row(2, **OTHER), k.row(3, status="entered_in_error"), k.row(4)),
        taken(
            k.kept(2), k.kept(3, 2, **OTHERWISE), k.kept(4, 3, status="entered_in_error"), k.kept(5, 4), duplicates=(2,)
        ),
    ),
    2,
    "sent first, alone",
)
add(
    "two files of one night, one",
    lambda k: (k.csv(k.row(), k.row(2)), taken(k.kept(2), k.kept(3, 2), contradicted=(2,))),
)
add(
    "two files of one night, other",
    lambda k: (k.csv(k.row(**OTHER), k.row(3)), taken(k.kept(2, **OTHERWISE), k.kept(3, 3), contradicted=(2,))),
    1,
    "two files of one night, one",
)

# ---- order that looks wrong: the rows are stored ----------------------------------------------------------------


def infusion(k: Kit, number: int, day: int, **more: str) -> Text:
    """A row before an infusion."""
    return k.row(infusion_number=str(number), **{DAY: str(day)}, **more)


def infused(k: Kit, line: int, number: int, day: int, **more: Any) -> dict[str, Any]:
    """Its values."""
    return k.kept(line, infusion_number=number, **{DAY: day}, **more)


for _name, _series in {
    "two infusions on a day": [(1, 0), (2, 3), (3, 3)],
    "a number that goes back": [(1, 0), (3, 3), (2, 7)],
    "a number left out": [(1, 0), (2, 3), (4, 7)],
    "infusion 1 left out": [(2, 3), (3, 7)],
    "numbering begun again within days": [(1, 0), (2, 3), (1, 7)],
    "numbering begun again after months": [(1, 0), (2, 3), (1, 200)],
    "infusion 1 on day 4": [(1, 4), (2, 7)],
    "days descending": [(3, 7), (2, 3), (1, 0)],
}.items():
    add(
        f"order: {_name}",
        lambda k, series=_series: (
            k.csv(*(infusion(k, *each) for each in series)),
            taken(*(infused(k, line, *each) for line, each in enumerate(series, start=2))),
        ),
    )
add(
    "order: post before pre",
    lambda k: (
        k.csv(infusion(k, 1, 3), infusion(k, 1, 0, timepoint="post_infusion")),
        taken(infused(k, 2, 1, 3), infused(k, 3, 1, 0, timepoint="post_infusion")),
    ),
)
add(
    "order: follow-up before baseline",
    lambda k: (
        k.csv(k.row(**(FOLLOW_UP | {DAY: "-9"})), k.row(**BASELINE)),
        taken(k.kept(2, **(FOLLOWED | {DAY: -9})), k.kept(3, **BEFORE)),
    ),
)
add(
    "order: two forms of a day that differ",
    lambda k: (
        k.csv(k.row(**FOLLOW_UP), k.row(**(FOLLOW_UP | OTHER | {"timepoint": "baseline"}))),
        taken(k.kept(2, **FOLLOWED), k.kept(3, **(FOLLOWED | OTHERWISE | {"timepoint": "baseline"}))),
    ),
)

# ---- a whole file -----------------------------------------------------------------------------------------------


def forms(k: Kit, count: int, most: int = 3) -> list[tuple[Text, dict[str, Any]]]:
    """So many forms of random answers, a patient each: as text, and their values but for the line."""
    rng = random.Random(k.name)
    found = []
    for n in range(1, count + 1):
        answers = [rng.randint(0, most) for _ in ITEMS]
        texts = dict(zip(ITEMS, map(str, answers), strict=True)) | {"total": str(sum(answers))}
        values = dict(zip(ITEMS, answers, strict=True)) | {"total": sum(answers)}
        found.append((k.row(n, **texts), k.kept(n + 1, n, **values)))
    return found


def up(row: Text, by: int = 1) -> Text:
    """Its items coded higher."""
    return row | {item: str(int(row[item]) + by) for item in ITEMS} | {"total": ""}


def with_totals(k: Kit, count: int, by: int) -> list[Text]:
    """Forms with so much more in the total."""
    return [row | {"total": str(int(row["total"]) + by)} for row, _ in forms(k, count, 1)]


add(
    "whole: 40 forms",
    lambda k: (k.csv(*(row for row, _ in forms(k, 40))), taken(*(values for _, values in forms(k, 40)))),
)
add("whole: items coded 1 to 4", lambda k: (k.csv(*(up(row) for row, _ in forms(k, 12))), refused("coding_shift")))
add(
    "whole: items coded 1 to 4, with totals of them",
    lambda k: (
        k.csv(*(up(row) | {"total": str(int(row["total"]) + 9)} for row, _ in forms(k, 12))),
        refused("coding_shift"),
    ),
)
add("whole: totals 9 too many", lambda k: (k.csv(*with_totals(k, 12, 9)), refused("totals_shifted")))
add(
    "whole: totals 8 too many in 12 rows",
    lambda k: (k.csv(*with_totals(k, 12, 8)), taken(aside=[(line, None, "total_is_not_sum") for line in range(2, 14)])),
)
add("whole: totals 8 too many in 30 rows", lambda k: (k.csv(*with_totals(k, 30, 8)), refused("one_fault_all_through")))
add(
    "whole: an item column sent twice",
    lambda k: (
        k.csv(*(row | {"item_7": row["item_6"], "total": ""} for row, _ in forms(k, 60))),
        refused("item_column_twice"),
    ),
)
add(
    "whole: one patient's answers the same 60 times",
    lambda k: (k.csv(*(k.row(n) for n in range(1, 61))), taken(*(k.kept(n + 1, n) for n in range(1, 61)))),
)
add(
    "whole: all answers 0",
    lambda k: (
        k.csv(*(k.row(n, **dict.fromkeys(ITEMS, "0"), total="0") for n in range(1, 41))),
        taken(*(k.kept(n + 1, n, **dict.fromkeys(ITEMS, 0), total=0) for n in range(1, 41))),
    ),
)
add(
    "whole: totals only",
    lambda k: (
        k.csv(*(k.row(n, **NO_ITEMS, total=str(n % 28)) for n in range(1, 41))),
        taken(*(k.kept(n + 1, n, **NONE, total=n % 28) for n in range(1, 41))),
    ),
)
add(
    "whole: a fault in half of 40 rows",
    lambda k: (
        k.csv(*(k.row(n, item_1="NA") if n % 2 else k.row(n) for n in range(1, 41))),
        taken(
            *(k.kept(n + 1, n) for n in range(1, 41) if not n % 2),
            aside=[(n + 1, "item_1", "item_not_whole") for n in range(1, 41, 2)],
        ),
    ),
)
add(
    "whole: a fault in 21 of 40 rows",
    lambda k: (
        k.csv(*(k.row(n, item_1="NA") if n <= 21 else k.row(n) for n in range(1, 41))),
        refused("one_fault_all_through"),
    ),
)
add(
    "whole: NA for every total of 19 rows",
    lambda k: (
        k.csv(*(k.row(n, total="NA") for n in range(1, 20))),
        taken(aside=[(n + 1, "total", "total_not_whole") for n in range(1, 20)]),
    ),
)
add(
    "whole: other faults in nearly all rows",
    lambda k: (k.csv(*(k.row(n, **{f"item_{n % 9 + 1}": "x"}) for n in range(1, 41))), refused("nearly_all_bad")),
)
add(
    "whole: an unknown clinic in all of 30 rows",
    lambda k: (
        k.csv(*(k.row(n, clinic_id="C77") for n in range(1, 31))),
        taken(aside=[(n + 1, "clinic_id", "unknown_clinic") for n in range(1, 31)]),
    ),
)
