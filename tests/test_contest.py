"""Which of several rows with one key stands, through real nights: duplicates, corrections, retractions, contradictions.

A picture is nights, each a list of files, each a list of rows: `total [status] [extract_day]`, all of one key unless
the row says more. What stands is the total that is current in the published copy.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from outcomes import nights as nights_module
from outcomes.paths import Home
from tests.nightly import AS_OF, asked, night

COLUMNS = [
    "clinic_id", "patient_id", "infusion_number", "days_since_first_infusion", "timepoint", *(f"item_{i}" for i in range(1, 10)),
    "total", "status", "extract_day", "drug", "dose_mg_per_kg", "nausea", "item_10", "recall_period",
]  # fmt: skip
BASE = {
    "clinic_id": "C01",
    "patient_id": "P-1",
    "infusion_number": "2",
    "days_since_first_infusion": "3",
    "timepoint": "pre_infusion",
}
SHORT = {"c": "corrected", "a": "amended", "x": "entered_in_error", "f": "final"}
Row = str | dict[str, str]


def cells(row: Row) -> dict[str, str]:
    """`10 c 40` is a total of 10, corrected, extract_day 40; a dict says more."""
    if isinstance(row, dict):
        return BASE | {"total": "10"} | row
    total, *more = row.split()
    out = BASE | {"total": total}
    for word in more:
        out |= {"status": SHORT[word]} if word in SHORT else {"extract_day": word}
    return out


def csv(rows: list[Row]) -> bytes:
    lines = [",".join(COLUMNS), *(",".join(cells(row).get(name, "") for name in COLUMNS) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def run(home: Home, nights: list[list[list[Row]]]) -> None:
    """The nights, with a file of another patient in each so that all of them differ."""
    for number, files in enumerate(nights):
        # Files of a night are taken in the order of their hashes, so their names do not matter; their bytes must differ.
        named = {
            f"{place}.csv": csv(
                [*rows, {"patient_id": f"Q-{number}-{place}", "days_since_first_infusion": str(number)}]
            )
            for place, rows in enumerate(files)
        }
        night(home, named, AS_OF + dt.timedelta(days=number))


STANDING = "SELECT total FROM current_score WHERE patient_id = 'P-1' ORDER BY score_id"
COUNTS = "SELECT sum(rows_accepted), sum(rows_duplicate), sum(rows_quarantined) FROM arrival"
EVENTS = "SELECT reason_code, current FROM score_event ORDER BY event_id"

# name: nights, what stands, (accepted, duplicate, quarantined) of the key's rows, events
PICTURES: dict[str, tuple[list[list[list[Row]]], list[int], tuple[int, int, int], list[str]]] = {
    "duplicate in one file": ([[["10", "10"]]], [10], (1, 1, 0), []),
    "duplicate across files": ([[["10"], ["10"]]], [10], (1, 1, 0), []),
    "duplicate in a later night": ([[["10"]], [["10"]]], [10], (1, 1, 0), []),
    "duplicate with another status": ([[["10"]], [["10 c"]]], [10], (1, 1, 0), []),
    "duplicate with another extract_day": ([[["10 30"]], [["10 60"]]], [10], (1, 1, 0), []),
    "contradiction in one file": ([[["10", "11"]]], [], (0, 0, 2), []),
    "contradiction across files": ([[["10"], ["11"]]], [], (0, 0, 2), []),
    "contradiction of three": ([[["10", "11", "12"]]], [], (0, 0, 3), []),
    "contradiction with a duplicate in it": ([[["10", "11", "10"]]], [], (0, 0, 3), []),
    "contradiction of two corrected": ([[["10 c", "11 c"]]], [], (0, 0, 2), []),
    "corrected and amended are equal": ([[["10 c", "11 a"]]], [], (0, 0, 2), []),
    "contradiction on one extract_day": ([[["10 30", "11 30"]]], [], (0, 0, 2), []),
    "one extract_day alone orders nothing": ([[["10 30", "11"]]], [], (0, 0, 2), []),
    "corrected in one file": ([[["10", "11 c"]]], [11], (2, 0, 0), ["corrected"]),
    "corrected comes first": ([[["11 c", "10"]]], [11], (2, 0, 0), ["corrected"]),
    "amended in another file": ([[["10"], ["11 a"]]], [11], (2, 0, 0), ["corrected"]),
    "later extract_day": ([[["10 30", "11 60"]]], [11], (2, 0, 0), ["corrected"]),
    "later extract_day comes first": ([[["11 60", "10 30"]]], [11], (2, 0, 0), ["corrected"]),
    "later extract_day over the mark": ([[["10 c 30", "11 60"]]], [11], (2, 0, 0), ["corrected"]),
    "mark on one extract_day": ([[["10 30", "11 c 30"]]], [11], (2, 0, 0), ["corrected"]),
    "three extract_days": ([[["11 60", "12 90", "10 30"]]], [12], (3, 0, 0), ["corrected", "corrected"]),
    "one mark over two that contradict": ([[["10", "11", "12 c"]]], [12], (3, 0, 0), ["corrected", "corrected"]),
    "two marks over one": ([[["10", "11 c", "12 a"]]], [], (0, 0, 3), []),
    "later night": ([[["10"]], [["11"]]], [11], (2, 0, 0), ["corrected"]),
    "later night with an earlier extract_day": ([[["10 60"]], [["11 30"]]], [11], (2, 0, 0), ["corrected"]),
    "back to the first values": ([[["10"]], [["11"]], [["10"]]], [10], (3, 0, 0), ["corrected", "corrected"]),
    "back and forth, then again": ([[["10"]], [["11"]], [["10"]], [["10"]]], [10], (3, 1, 0), ["corrected", "corrected"]),
    "three nights": ([[["10"]], [["11"]], [["12"]]], [12], (3, 0, 0), ["corrected", "corrected"]),
    "the earlier row stays through a contradiction": ([[["10"]], [["11", "12"]]], [10], (1, 0, 2), []),
    "a contradiction with the row that stands": ([[["10"]], [["10", "11"]]], [10], (1, 0, 2), []),
    "a contradiction, settled by a later night": ([[["10", "11"]], [["11"]]], [11], (1, 0, 2), []),
    "retracted": ([[["10"]], [["10 x"]]], [], (2, 0, 0), ["retracted"]),
    "retracted with other values": ([[["10"]], [["12 x"]]], [], (2, 0, 0), ["retracted"]),
    "retracted in one file": ([[["10", "10 x"]]], [], (2, 0, 0), ["retracted"]),
    "retraction of nothing": ([[["10 x"]]], [], (1, 0, 0), []),
    "retraction sent again": ([[["10"]], [["10 x"]], [["10 x"]]], [], (2, 1, 0), ["retracted"]),
    "retraction twice in one night": ([[["10"]], [["10 x", "11 x"]]], [], (2, 1, 0), ["retracted"]),
    "a later final row stands again": ([[["10"]], [["10 x"]], [["10"]]], [10], (3, 0, 0), ["retracted"]),
    "another later final row stands": ([[["10"]], [["10 x"]], [["11"]]], [11], (3, 0, 0), ["retracted"]),
    "retracted, stands again, retracted": ([[["10"]], [["10 x"]], [["10"]], [["10 x"]]], [], (4, 0, 0), ["retracted", "retracted"]),
    "retracted over a correction": ([[["10"]], [["11"]], [["11 x"]]], [], (3, 0, 0), ["corrected", "retracted"]),
    "retraction and correction of one night": ([[["10"]], [["10 x", "11 c"]]], [], (3, 0, 0), ["retracted", "retracted"]),
    "retraction over a contradiction": ([[["10", "11", "10 x"]]], [], (3, 0, 0), ["retracted", "retracted"]),
}  # fmt: skip


@pytest.mark.parametrize("name", PICTURES)
def test_what_stands(name: str, tmp_path: Path) -> None:
    nights, stands, (accepted, duplicate, quarantined), events = PICTURES[name]
    home = Home(tmp_path / "home")
    run(home, nights)
    others = sum(len(files) for files in nights)
    assert asked(home, STANDING) == [(total,) for total in stands]
    assert asked(home, COUNTS) == [(accepted + others, duplicate, quarantined)]
    assert asked(home, EVENTS) == [(code, False) for code in events]
    assert asked(home, "SELECT count(*) FROM score") == [(accepted + others,)]
    assert asked(home, "SELECT count(*) FROM quarantine WHERE reason_code = 'contradiction'") == [(quarantined,)]


# Sides that were set aside in an earlier batch leave only their key behind, not what ordered them (store.py).
OPEN = {"three in order of extract_day, two of them set aside first"}


@pytest.mark.parametrize(
    "name",
    [
        name
        for name, (nights, *_) in PICTURES.items()
        if len(nights[-1][0]) + len(nights[0]) > 2 or len(nights[0][0]) > 1
    ],
)
def test_batches_do_not_change_what_stands(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each row a file, and each file a batch of its own: the same scores stand as in one batch."""
    nights, stands, *_ = PICTURES[name]
    monkeypatch.setattr(nights_module.batches, "__defaults__", (1,))
    home = Home(tmp_path / "home")
    run(home, [[[row] for file in files for row in file] for files in nights])
    assert asked(home, STANDING) == [(total,) for total in stands]
    assert asked(
        home, "SELECT count(*) FROM arrival WHERE rows_read <> rows_accepted + rows_duplicate + rows_quarantined"
    ) == [(0,)]


@pytest.mark.parametrize(
    ("column", "values", "is_value"),
    [
        ("drug", ("ketamine_iv", "ketamine_im"), True), ("dose_mg_per_kg", ("0.5", "0.75"), True), ("nausea", ("yes", "no"), True),
        ("nausea", ("yes", ""), True), ("item_10", ("1", "2"), True), ("recall_period", ("two_weeks", "since_last_treatment"), True),
        ("recall_period", ("", "two_weeks"), False), ("dose_mg_per_kg", ("0.5", "0.500"), False), ("total", ("10", "10.0"), False),
        ("status", ("final", "amended"), False), ("status", ("", "final"), False), ("extract_day", ("30", "60"), False),
    ],
)  # fmt: skip
def test_which_columns_are_values(column: str, values: tuple[str, str], is_value: bool, tmp_path: Path) -> None:
    """status and extract_day order rows; they are no values of theirs. Neither is another spelling of the same value."""
    home = Home(tmp_path / "home")
    run(home, [[[{column: values[0]}, {column: values[1]}]]])
    assert asked(home, COUNTS) == ([(1, 0, 2)] if is_value else [(2, 1, 0)])


@pytest.mark.parametrize(
    "changes", [{"patient_id": "P-2"}, {"clinic_id": "C02"}, {"infusion_number": "3"}, {"infusion_number": ""},
                {"days_since_first_infusion": "4"}, {"timepoint": "post_infusion"}],
)  # fmt: skip
def test_another_key_is_another_score(changes: dict[str, str], tmp_path: Path) -> None:
    base = {"timepoint": "baseline"} if changes.get("infusion_number") == "" else {}
    home = Home(tmp_path / "home")
    run(home, [[[base | {"total": "10"}, base | {"total": "11"} | changes]]])
    assert asked(home, COUNTS) == [(3, 0, 0)]


def test_extract_days_of_duplicates_are_kept(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    run(home, [[["10 30"]], [["10 60"]]])
    assert asked(home, "SELECT e.extract_day FROM extract_day AS e ORDER BY arrival_no") == [(30,), (60,)]
    assert asked(home, "SELECT extract_day FROM followed JOIN patient USING (patient_no) WHERE patient_id = 'P-1'") == [
        (60,)
    ]


def test_an_event_says_which_line_of_which_file_it_is_due_to(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    run(home, [[["10"]], [["11"]]])
    told = "SELECT s.arrival_no, s.line, e.current, e.reason_code, e.night, e.by_arrival_no, e.by_line FROM score_event e JOIN score s USING (score_id)"
    assert asked(home, told) == [(1, 2, False, "corrected", 2, 2, 2)]


def test_the_reason_of_a_contradiction_has_every_line(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    run(home, [[["10", {"patient_id": "P-9"}, "11"]]])
    assert asked(home, "SELECT line, column_name, reason_code FROM quarantine ORDER BY line") == [
        (2, None, "contradiction"), (4, None, "contradiction"),
    ]  # fmt: skip
