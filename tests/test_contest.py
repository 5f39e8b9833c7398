"""Which of several rows with one key stands, through real nights: duplicates, corrections, retractions, contradictions.

A picture is nights, each a list of files, each a list of rows: `total [status] [extract_day]`, all of one key unless
the row says more. What stands is the total that is current in the published copy.
"""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from outcomes import loading
from outcomes.paths import Home
from tests import drawnnights
from tests.conftest import stored
from tests.nightly import AS_OF, asked, night

pytestmark = pytest.mark.usefixtures("no_pages_here")

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
    """The nights, with a row of another patient in each file so that no two are the same bytes."""
    for number, files in enumerate(nights):
        named = {
            f"{place}.csv": csv(
                [{"patient_id": f"Q-{number}-{place}", "days_since_first_infusion": str(number)}, *rows]
            )
            for place, rows in enumerate(files)
        }
        night(home, named, AS_OF + dt.timedelta(days=number))


COUNTS = "SELECT sum(rows_accepted), sum(rows_duplicate), sum(rows_quarantined) FROM arrival"

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
    "two on one extract_day, one later": ([[["10 30", "11 30", "12 60"]]], [12], (3, 0, 0), ["corrected", "corrected"]),
    "contradiction of three corrected": ([[["10 c", "11 c", "12 c"]]], [], (0, 0, 3), []),
    "contradiction, and a mark with an earlier extract_day": ([[["10 60", "11 60", "12 c 30"]]], [], (0, 0, 3), []),
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


def all_pictures(home: Home, each_row_a_file: bool) -> None:
    """Every picture in one home, each with a patient of its own: night by night, file by file."""
    nights: list[list[list[Row]]] = [[] for _ in range(4)]
    for picture, name in enumerate(PICTURES):
        for number, files in enumerate(PICTURES[name][0]):
            for place, rows in enumerate([[row] for file in files for row in file] if each_row_a_file else files):
                while len(nights[number]) <= place:
                    nights[number].append([])
                nights[number][place] += [cells(row) | {"patient_id": f"P-{picture}"} for row in rows]
    run(home, nights)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Home:
    home = Home(tmp_path_factory.mktemp("told") / "home")
    all_pictures(home, each_row_a_file=False)
    return home


@pytest.fixture(scope="module")
def told_in_batches(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Each row of a picture in a file of its own, each file a batch of its own."""
    home = Home(tmp_path_factory.mktemp("batches") / "home")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loading.batches, "__defaults__", (1,))
        all_pictures(home, each_row_a_file=True)
    return home


# Of each picture: the totals that stand, how many of its rows are stored, and what happened to them. Asked once of a home.
FATES = """
    SELECT patient_id, (SELECT list(total) FROM current_score WHERE patient_id = p.patient_id), count(DISTINCT score_id),
        list((reason_code, current) ORDER BY event_id) FILTER (event_id IS NOT NULL)
    FROM patient AS p JOIN score USING (patient_no) LEFT JOIN score_event USING (score_id) GROUP BY patient_id
"""
Fates = dict[str, tuple[list[int], int, list[tuple[str, bool]]]]


def fates(home: Home) -> Fates:
    """Of each picture by name; one of which nothing is stored is not in it."""
    named = {f"P-{number}": name for number, name in enumerate(PICTURES)}
    return {
        named[p]: (stands or [], rows, events or []) for p, stands, rows, events in asked(home, FATES) if p in named
    }


@pytest.fixture(scope="module")
def fates_told(told: Home) -> Fates:
    return fates(told)


@pytest.fixture(scope="module")
def fates_in_batches(told_in_batches: Home) -> Fates:
    return fates(told_in_batches)


@pytest.mark.parametrize("name", PICTURES)
def test_what_stands(name: str, fates_told: Fates) -> None:
    _, stands, (accepted, *_), events = PICTURES[name]
    assert fates_told.get(name, ([], 0, [])) == (stands, accepted, [(code, False) for code in events])


def test_every_row_has_one_fate(told: Home) -> None:
    accepted, duplicate, quarantined = (sum(counts[n] for _, _, counts, _ in PICTURES.values()) for n in range(3))
    files = asked(told, "SELECT count(*) FROM arrival")[0][0]
    assert asked(told, COUNTS) == [(accepted + files, duplicate, quarantined)]
    assert asked(told, "SELECT count(*) FROM quarantine WHERE reason_code = 'contradiction'") == [(quarantined,)]


@pytest.mark.parametrize("name", list(PICTURES))
def test_batches_do_not_change_what_stands(name: str, fates_in_batches: Fates) -> None:
    assert fates_in_batches.get(name, ([], 0, []))[0] == PICTURES[name][1]


def test_in_batches_rows_read_are_the_sum_of_their_fates(told_in_batches: Home) -> None:
    wrong = "SELECT count(*) FROM arrival WHERE rows_read <> rows_accepted + rows_duplicate + rows_quarantined"
    assert asked(told_in_batches, wrong) == [(0,)]


VALUES = [
    ("drug", ("ketamine_iv", "ketamine_im"), True),
    ("dose_mg_per_kg", ("0.5", "0.75"), True),
    ("nausea", ("yes", "no"), True),
    ("nausea", ("yes", ""), True),
    ("item_10", ("1", "2"), True),
    ("recall_period", ("two_weeks", "since_last_treatment"), True),
    ("recall_period", ("", "two_weeks"), False),
    ("dose_mg_per_kg", ("0.5", "0.500"), False),
    ("total", ("10", "10.0"), False),
    ("status", ("final", "amended"), False),
    ("status", ("", "final"), False),
    ("extract_day", ("30", "60"), False),
]
KEYS = [
    {"patient_id": "P-2"},
    {"clinic_id": "C02"},
    {"infusion_number": "3"},
    {"infusion_number": ""},
    {"days_since_first_infusion": "4"},
    {"timepoint": "post_infusion"},
]


def test_which_columns_are_values(tmp_path: Path) -> None:
    """status and extract_day order rows; they are no values of theirs. Neither is another spelling of the same value."""
    home = Home(tmp_path / "home")
    run(home, [[[{"patient_id": f"P-{n}", name: text} for n, (name, texts, _) in enumerate(VALUES) for text in texts]]])
    stored = {patient for (patient,) in asked(home, "SELECT patient_id FROM current_score")} - {"Q-0-0"}
    assert stored == {f"P-{n}" for n, (*_, is_value) in enumerate(VALUES) if not is_value}


def test_another_key_is_another_score(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    run(
        home, [[[{"timepoint": "baseline"}, *({"timepoint": "baseline", "total": "11"} | changes for changes in KEYS)]]]
    )
    assert asked(home, COUNTS) == [(2 + len(KEYS), 0, 0)]


def test_extract_days_of_duplicates_are_kept(tmp_path: Path) -> None:
    """And an event says which line of which file it is due to; the reasons of a contradiction have every line."""
    home = Home(tmp_path / "home")
    other = {"patient_id": "P-2"}
    third = {"patient_id": "P-3"}
    run(home, [[["10 30", other]], [["10 60", other | {"total": "11"}, third, third | {"total": "11"}]]])
    assert asked(home, "SELECT extract_day FROM extract_day ORDER BY arrival_no") == [(30,), (60,)]
    followed = "SELECT extract_day FROM followed JOIN patient USING (patient_no) WHERE patient_id = 'P-1'"
    assert asked(home, followed) == [(60,)]
    event = "SELECT s.arrival_no, s.line, e.current, e.reason_code, e.night, e.by_arrival_no, e.by_line"
    assert asked(home, f"{event} FROM score_event e JOIN score s USING (score_id)") == [
        (1, 4, False, "corrected", 2, 2, 4)
    ]
    assert asked(home, "SELECT arrival_no, line, column_name, reason_code FROM quarantine ORDER BY line") == [
        (2, 5, None, "contradiction"),
        (2, 6, None, "contradiction"),
    ]


def test_a_row_that_replaced_one_of_a_later_export_is_warned_of(tmp_path):
    """patient: extract_day and total of each night's file -> warned
    ann  60: 8, 50: 18         yes: a stale file turned it back     bob  60: 8, 70: 18         no: a later export corrects
    cat  60: 8, none: 18       no: nobody knows                     dan  60: 8, 50: 18, 70: 8  no: the last export put it right
    eve  60: 8, 50: 8          no: the same again
    """
    home = Home(tmp_path / "home")
    names = ("ann1", "bob1", "cat1", "dan1", "eve1")
    drawnnights.night(home, "2026-01-31", [row for name in names for row in drawnnights.course(name, 8)])

    def later(name, total, extract):
        return f"C01,{name},,37,follow_up,{total},,{extract}"

    drawnnights.night(home, "2026-02-28", [later("ann1", 18, 50), later("bob1", 18, 70), later("cat1", 18, ""), later("dan1", 18, 50), later("eve1", 8, 50)])  # fmt: skip
    warned = """SELECT s.patient_id FROM order_warning AS w JOIN current_score AS s USING (arrival_no, line)
        WHERE w.reason_code = 'replaced_by_older_export' ORDER BY ALL"""
    assert stored(home.published_copy, warned) == [("ann1",), ("dan1",)]
    drawnnights.night(home, "2026-03-31", [later("dan1", 8, 70)])
    assert stored(home.published_copy, warned) == [("ann1",)]
