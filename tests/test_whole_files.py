"""What only a whole file shows, on both sides of each limit."""

from __future__ import annotations

import random
from typing import Any

import pytest

from outcomes.checking import judge
from schemas.scores import ITEMS
from tests.test_door import good_rows, row, written

Row = dict[str, str]


def forms(count: int, seed: int = 1) -> list[Row]:
    """So many forms of random answers, a patient each."""
    rng = random.Random(seed)
    rows = []
    for number in range(count):
        answers = [rng.choice([0, 1, 1, 2, 3]) for _ in ITEMS]
        items = dict(zip(ITEMS, map(str, answers), strict=True))
        rows.append(row(patient_id=f"P-{number}", total=str(sum(answers)), **items))
    return rows


def fate(rows: list[Row]) -> Any:
    """The refusal of a file of these rows, else how many of them are good."""
    judged = judge([written(*rows)], None)
    error = judged.refused.get(0)
    return (error.reason_code, error.kind) if error else good_rows(judged).height


def more(each: Row, by: int) -> Row:
    return each | {"total": str(int(each["total"]) + by)}


@pytest.mark.parametrize(("count", "expected"), [(4, 0), (5, ("totals_shifted", None))])
def test_totals_that_are_9_more_than_their_items(count: int, expected: Any) -> None:
    low = [each for each in forms(40) if int(each["total"]) <= 15]
    assert fate([more(each, 9) for each in low[:count]]) == expected


def test_one_total_that_is_not_9_more_leaves_it_to_the_rows() -> None:
    low = [each for each in forms(40) if int(each["total"]) <= 15][:8]
    assert fate([*(more(each, 9) for each in low[1:]), low[0]]) == 1
    assert fate([*(more(each, 9) for each in low[1:]), more(low[0], 8)]) == 0


def twice(rows: list[Row]) -> list[Row]:
    return [each | {"item_7": each["item_6"], "total": ""} for each in rows]


def test_the_same_answers_again_say_no_more_than_once() -> None:
    """Two items are alike in every form of one patient who answers the same each time: that is no column sent twice."""
    (each,) = twice(forms(1))
    assert fate([each | {"patient_id": f"P-{n}"} for n in range(200)]) == 200


def test_an_item_column_that_was_sent_twice() -> None:
    assert fate(twice(forms(30))) == ("item_column_twice", "item_6 and item_7")
    assert fate(twice(forms(19))) == 19
    one_apart = twice(forms(30))
    one_apart[3] |= {"item_6": "0", "item_7": "1"}
    assert fate(one_apart) == 30


def test_forms_alike_all_through_are_no_column_sent_twice() -> None:
    same = [row(patient_id=f"P-{n}", total="", **dict.fromkeys(ITEMS, str(n % 4))) for n in range(200)]
    assert fate(same) == 200
    # Answers that mostly agree between items agree in two of them by chance.
    rng = random.Random(5)
    for _ in range(50):
        near = []
        for number in range(25):
            level = rng.choice("0123")
            items = {item: level if rng.random() < 0.97 else rng.choice("0123") for item in ITEMS}
            near.append(row(patient_id=f"P-{number}", total="", **items))
        assert fate(near) == 25


def test_one_fault_in_over_half_of_the_rows() -> None:
    rows = forms(20)
    wrong = [each | {"item_3": "5"} for each in rows]
    assert fate([*wrong[:10], *rows[10:]]) == 10
    assert fate([*wrong[:11], *rows[11:]]) == ("one_fault_all_through", "item_range in item_3: 11 of 20 rows")
    assert fate([*wrong[:11], *rows[11:19]]) == 8, "19 rows say nothing of a file"


def test_many_faults_are_a_row_each_up_to_nine_tenths_of_the_rows() -> None:
    rows = forms(40)
    wrong = [each | {ITEMS[number % 9]: "5"} for number, each in enumerate(rows)]
    assert fate([*wrong[:36], *rows[36:]]) == 4
    code, kind = fate([*wrong[:37], *rows[37:]])
    assert (code, kind) == ("nearly_all_bad", "37 of 40 rows; most often item_range in item_1: 5 of 40 rows")


def test_rows_of_a_clinic_that_is_not_registered_say_nothing_of_their_file() -> None:
    from schemas.clinics import plain_clinics

    judged = judge([written(*forms(30))], plain_clinics("C09"))
    assert not judged.refused
    assert judged.reasons["reason_code"].unique().to_list() == ["unknown_clinic"]


def test_a_file_that_is_refused_as_a_whole_takes_no_other_with_it() -> None:
    good, bad = forms(25, 2), [each | {"item_3": "5"} for each in forms(25, 3)]
    judged = judge([written(*good), written(*bad), written(*good[:3])], None)
    assert list(judged.refused) == [1]
    assert judged.rows_read == [25, 0, 3]
    assert good_rows(judged)["file"].value_counts(sort=True).rows() == [(0, 25), (2, 3)]
    assert judged.reasons.height == 0
