"""Making a file that may be sent: codes, days, what is left out, the crosswalk, and that nothing else gets through."""

from __future__ import annotations

import csv
import datetime as dt
import fcntl
import io
import json
import os
import random
import re
import stat
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes.checking import judge
from outcomes.cli import main
from outcomes.codes import ALPHABET, is_code, new_code
from outcomes.crosswalk import Crosswalk, held, likely_same, real_id_of
from outcomes.deidentifying import Places, deidentify
from outcomes.errors import BusyError, OutcomesError, UsageError
from outcomes.identifiers import kind_in_pseudonym
from outcomes.owncolumns import Told, read_told
from outcomes.reading import read_cell
from outcomes.turning import SAID_HERE, date_of
from schemas.clinics import plain_clinics
from schemas.reasons import SENTENCES
from schemas.scores import CONTRACT, ITEMS

MANY = settings(max_examples=150, derandomize=True, deadline=None, database=None)
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"
SAID = Told(patient="MRN", date="Visit Date")
HEAD = ["Name", "MRN", "Visit Date", "Infusion Number", "Timepoint", *(f"Item {n}" for n in range(1, 10)), "Total"]
clinics = st.from_regex(r"[A-Za-z][A-Za-z0-9]{1,8}", fullmatch=True).filter(
    lambda text: not re.match("(?i)mrn|ssn|dob|acct", text)
)


def visit(patient: str, on: str, number: object = "", timepoint: str = "pre_infusion", item: object = 1, total: object = "", name: str = "") -> list[object]:  # fmt: skip
    return [name, patient, on, number, timepoint, *[item] * 9, total]


@dataclass
class Clinic:
    """A clinic's folders: its exports, its crosswalk, and what it sends."""

    root: Path

    @property
    def crosswalk(self) -> Path:
        return self.root / "private" / "crosswalk.csv"

    @property
    def sent(self) -> Path:
        return self.root / "to-send" / "clean.csv"

    def export(
        self, *rows: list[object], head: list[str] = HEAD, separator: str = ",", encoding: str = "utf-8"
    ) -> Path:
        out = io.StringIO()
        csv.writer(out, delimiter=separator).writerows([head, *rows])
        path = self.root / "visits.csv"
        path.write_bytes(out.getvalue().encode(encoding))
        return path

    def turn(self, source: Path, said: Told = SAID, **more: Any) -> dict[str, Any]:
        more = {"new_crosswalk": not self.crosswalk.exists(), "force": True} | more
        return deidentify(Places(source, self.crosswalk, self.sent), said, "C01", **more)

    def known(self) -> dict[str, tuple[str, str]]:
        with self.crosswalk.open(newline="") as lines:
            return {row["real_id"]: (row["code"], row["first_infusion_on"]) for row in csv.DictReader(lines)}

    def rows(self) -> list[dict[str, str]]:
        """The rows sent, with the real id in place of the code."""
        who = {code: real for real, (code, _) in self.known().items()}
        return [
            row | {"patient_id": who[row["patient_id"]]} for row in csv.DictReader(io.StringIO(self.sent.read_text()))
        ]

    def days(self) -> dict[str, list[int]]:
        days: dict[str, list[int]] = {}
        for row in self.rows():
            days.setdefault(row["patient_id"], []).append(int(row["days_since_first_infusion"]))
        return days


@pytest.fixture
def clinic(tmp_path: Path) -> Clinic:
    return Clinic(tmp_path)


def why(report: dict[str, Any]) -> dict[str, list[int]]:
    """Lines left out, by reason."""
    found: dict[str, list[int]] = {}
    for row in report["left_out"]:
        found[row["reason"]] = sorted({*found.get(row["reason"], []), *row["lines"]})
    return found


# codes


@given(clinics, st.integers(0, 2**32))
@MANY
def test_a_code_is_a_pseudonym_that_the_door_takes(name, seed):
    code = new_code(name, set(), random.Random(seed).choice)
    assert is_code(code)
    assert code.startswith(f"{name}-")
    assert set(code[len(name) + 1 :]) <= set(ALPHABET)
    cell = read_cell(CONTRACT, "patient_id", code)
    assert (cell.value, cell.fault, cell.note, cell.identifier) == (code, None, None, None)


@given(clinics, st.integers(0, 2**32))
@settings(MANY, max_examples=40)
def test_every_wrong_character_and_every_swap_of_neighbours_is_found(name, seed):
    """In every place, the clinic's part and the check characters included."""
    code = new_code(name, set(), random.Random(seed).choice)
    for place, right in enumerate(code):
        wrong = [code[:place] + character + code[place + 1 :] for character in CHARACTERS if character != right]
        assert [text for text in wrong if is_code(text)] == []
        if place and code[place - 1] != right:
            assert not is_code(code[: place - 1] + right + code[place - 1] + code[place + 1 :])


def test_the_alphabet_has_no_vowels_and_no_look_alikes():
    assert len(set(ALPHABET)) == len(ALPHABET) == 23
    assert not set(ALPHABET) & set("AEIOU01LQSBZG")


@pytest.mark.parametrize(
    "text", ["", "C01", "C01-", "C01-7K3M2Q", "C01-0000000A", "c01-22222222x", "138", "Ann Example"]
)
def test_other_texts_are_no_codes(text):
    assert not is_code(text)


def test_a_code_that_is_taken_or_looks_like_an_identifier_is_drawn_again():
    letters = re.sub("[0-9]", "", ALPHABET)
    plain = next(
        six
        for six in map("".join, product(letters, repeat=6))
        if any(is_code(f"Harbor-{six}{a}{b}") for a in letters for b in letters)
    )
    assert kind_in_pseudonym("Harbor-MRN422XX") == "record number"
    sevens = iter("777777")
    taken = {new_code("Harbor", set(), lambda _: next(sevens))}
    drawn = iter("MRN422" + plain + "777777" + "K7K7K7")
    assert new_code("Harbor", taken, lambda _: next(drawn)).startswith("Harbor-K7K7K7")


@pytest.mark.parametrize("name", ["MRN1", "Jan-2020-01-"])
def test_a_clinic_whose_own_code_is_an_identifiers_shape_is_told_so(name):
    if name == "MRN1":
        with pytest.raises(OutcomesError, match="shape of an identifier"):
            new_code(name, set())
    else:
        assert kind_in_pseudonym(new_code(name, set(), random.Random(1).choice)) is None


# what is made of an export


def test_dates_become_days_and_ids_become_codes(clinic):
    report = clinic.turn(
        clinic.export(
            visit("000138", "2024-03-01", 1, total=9, name="Zoe Canary"), visit("000138", "2024-03-04", 2, item=""),
            visit("000138", "2024-02-20", "", "baseline", item=3), visit("b-2", "2024-05-01", 1), visit("b-2", "2024-05-30", "", "follow_up", "", 7),
        )
    )  # fmt: skip
    assert {real: first for real, (_, first) in clinic.known().items()} == {"000138": "2024-03-01", "b-2": "2024-05-01"}
    assert all(is_code(code) for code, _ in clinic.known().values())
    ones = "1,1,1,1,1,1,1,1,1"
    expected = {
        f"C01,000138,,-10,baseline,{ones.replace('1', '3')},", f"C01,000138,1,0,pre_infusion,{ones},9", "C01,000138,2,3,pre_infusion,,,,,,,,,,",
        f"C01,b-2,1,0,pre_infusion,{ones},", "C01,b-2,,29,follow_up,,,,,,,,,,7",
    }  # fmt: skip
    assert {",".join(row.values()) for row in clinic.rows()} == expected
    assert clinic.sent.read_text().splitlines()[0] == ",".join(CONTRACT.required)
    columns = report.pop("columns")
    assert [(each["position"], each["header"], each["became"], each["what"]) for each in columns[:5]] == [
        (1, "Name", None, "dropped"), (2, "MRN", "patient_id", "turned"), (3, "Visit Date", "days_since_first_infusion", "turned"),
        (4, "Infusion Number", "infusion_number", "kept"), (5, "Timepoint", "timepoint", "kept"),
    ]  # fmt: skip
    assert report == {
        "is_written": True, "feed": "scores", "rows_in": 5, "rows_out": 5, "rows_left_out": 0, "left_out": [],
        "columns_made": ["days_since_first_infusion"], "columns_empty": [], "patients_new": 2, "patients_known": 0,
        "patients_without_day_0": 0, "dates_turned": 5, "ages_capped": 0, "likely_doubles": [], "contradictions": [],
        "door": {"refused_because": None, "sentence": None, "rows_good": 5, "rows_quarantined": 0},
    }  # fmt: skip
    judged = judge([clinic.sent.read_bytes()], plain_clinics("C01"))
    assert (judged.refused, judged.reasons.height, judged.notes.height) == ({}, 0, 0)


def test_a_second_export_keeps_codes_and_day_0(clinic):
    clinic.turn(clinic.export(visit("a", "2024-03-01", 1), visit("b", "2024-03-02", 1)))
    before = clinic.known()
    report = clinic.turn(
        clinic.export(visit("c", "2024-03-09", 1), visit("a", "2024-04-01", 1), visit("a", "2024-03-08", 3))
    )
    assert clinic.days() == {"a": [7, 31], "c": [0]}
    assert list(clinic.known()) == ["a", "b", "c"]
    assert before.items() <= clinic.known().items()
    assert (report["patients_new"], report["patients_known"]) == (1, 1)


def test_the_same_export_and_crosswalk_give_the_same_bytes(clinic):
    rows = [visit(f"p{n}", f"2024-03-{n:02}", 1) for n in range(1, 29)]
    clinic.turn(clinic.export(*rows))
    first, known = clinic.sent.read_bytes(), clinic.crosswalk.read_bytes()
    clinic.turn(clinic.export(*reversed(rows)))
    assert (clinic.sent.read_bytes(), clinic.crosswalk.read_bytes()) == (first, known)


def test_two_crosswalks_differ_in_codes_alone(tmp_path):
    sent = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        here = Clinic(tmp_path / name)
        report = here.turn(here.export(visit("a", "2024-03-01", 1), visit("b", "2024-04-01", 1)))
        sent.append(
            (
                report,
                here.rows() if here.rows()[0]["patient_id"] == "a" else here.rows()[::-1],
                {code for code, _ in here.known().values()},
            )
        )
    assert sent[0][:2] == sent[1][:2]
    assert not sent[0][2] & sent[1][2]


def test_the_order_of_the_export_does_not_show(clinic):
    """Exports come by name. The clean file comes by code, which is random."""
    names = [f"patient {letter}" for letter in "abcdefghijklmnopqrstuvwxyz"]
    clinic.turn(clinic.export(*(visit(name, "2024-03-01", 1) for name in names)))
    assert [row["patient_id"] for row in clinic.rows()] != names
    codes = [row["patient_id"] for row in csv.DictReader(io.StringIO(clinic.sent.read_text()))]
    assert codes == sorted(codes)


@pytest.mark.parametrize(
    ("rows", "reason", "days"),
    [
        # the earliest row of infusion 1, also where a second series begins at 1 again
        ([("2024-03-08", 2), ("2024-03-01", 1), ("2024-09-01", 1)], None, [0, 7, 184]),
        ([("2024-03-01", 1, "post_infusion"), ("2024-03-01", 1)], None, [0, 0]),
        # a baseline or follow-up never creates an infusion
        ([("2024-02-20", 1, "baseline"), ("2024-03-01", 1)], None, [-10, 0]),
        ([("2024-02-20", "", "baseline"), ("2024-03-01", "", "follow_up")], "first_infusion_unknown", None),
        ([("2024-03-08", 2)], "first_infusion_unknown", None),
        # two days of one series
        ([("2024-03-01", 1), ("2024-03-02", 1, "post_infusion")], "first_infusion_unknown", None),
        # a row that could be the first and cannot be read
        ([("2024-02-30", 1), ("2024-09-01", 1)], "first_infusion_unknown", None),
        ([("2024-03-01", "one"), ("2024-09-01", 1)], "first_infusion_unknown", None),
        ([("2024-03-01", 1, "before"), ("2024-09-01", 1)], "first_infusion_unknown", None),
        # another row that cannot be read costs itself alone
        ([("2024-03-01", 1), ("2024-03-32", 2)], "date_impossible", [0]),
        ([("2024-03-01", 1), ("", 2)], "date_missing", [0]),
        ([("2024-03-01", 1), ("2024-03-08", "two")], "infusion_number_not_whole", [0]),
        # infusions before the first: the export begins in the middle
        ([("2024-03-01", 5), ("2024-09-01", 1)], "infusion_before_first", None),
    ],
)  # fmt: skip
def test_day_0_is_told_by_rows_or_not_at_all(clinic, rows, reason, days):
    other = visit("other", "2024-01-01", 1)
    report = clinic.turn(clinic.export(other, *(visit("a", *row) for row in rows)))
    assert clinic.days().get("a") == days
    assert clinic.days()["other"] == [0]
    assert (reason is None and not why(report)) or reason in why(report)
    assert report["patients_without_day_0"] == (days is None)
    assert ("a" in clinic.known()) == (days is not None)
    if days is None:
        assert why(report)[reason] == list(range(3, 3 + len(rows)))


@pytest.mark.parametrize(
    ("firsts", "reason", "days"),
    [
        (["2024-03-01", "2024-03-01"], None, [7, 14]),
        (["2024-03-01", ""], None, [7, 14]),
        (["2024-03-01", "2024-03-02"], "first_infusion_differs", None),
        (["2024-03-01", "03/01/2024"], "first_infusion_unknown", None),
        (["2024-03-10", "2024-03-10"], "infusion_before_first", None),
        (["", ""], "first_infusion_unknown", None),
    ],
)
def test_day_0_is_told_by_a_column(clinic, firsts, reason, days):
    said = replace(SAID, first_infusion="First")
    rows = [["2023-01-01", *visit("other", "2023-01-01", 1)]]
    rows += [
        [first, *visit("a", f"2024-03-{day}", number)]
        for first, day, number in zip(firsts, ("08", "15"), (2, 3), strict=True)
    ]
    report = clinic.turn(clinic.export(*rows, head=["First", *HEAD]), said)
    assert clinic.days().get("a") == days
    assert set(why(report)) >= ({reason} if reason else set())
    assert {each["what"] for each in report["columns"] if each["header"] == "First"} == {"kept in the crosswalk"}


@pytest.mark.parametrize(
    ("row", "first", "reason"),
    [
        (("2024-02-01", 1), "", "infusion_before_first"),
        (("2024-04-01", 4), "2024-03-02", "first_infusion_differs"),
        (("2024-04-01", 4), "2024-03-01", None),
        (("2024-04-01", 1), "", None),
    ],
)
def test_the_crosswalks_day_0_stands(clinic, row, first, reason):
    clinic.turn(clinic.export(visit("a", "2024-03-01", 1)))
    other = ["2024-01-01", *visit("other", "2024-01-01", 1)]
    report = clinic.turn(
        clinic.export(other, [first, *visit("a", *row)], head=["First", *HEAD]), replace(SAID, first_infusion="First")
    )
    assert why(report) == ({} if reason is None else {reason: [3]})
    assert clinic.known()["a"][1] == "2024-03-01"
    assert clinic.days().get("a") == (None if reason else [31])


@pytest.mark.parametrize(
    ("text", "form", "found"),
    [
        ("2024-03-01", None, dt.date(2024, 3, 1)), ("2024-03-01 10:20", None, dt.date(2024, 3, 1)), ("2024-03-01T23:59:59.5", None, dt.date(2024, 3, 1)),
        ("2024-03-01T10:20:00Z", None, "date_not_read"), ("03/04/2024", None, "date_not_read"), ("45352", None, "date_not_read"),
        ("20240301", None, "date_not_read"), ("٢٠٢٤-٠٣-٠١", None, "date_not_read"), ("2024-2-1", None, "date_not_read"),
        ("2023-02-29", None, "date_impossible"), ("2024-13-01", None, "date_impossible"), ("1924-03-01", None, "date_impossible"), ("9999-03-01", None, "date_impossible"),
        ("03/04/2024", "%d/%m/%Y", dt.date(2024, 4, 3)), ("03/04/2024", "%m/%d/%Y", dt.date(2024, 3, 4)), ("2024-03-01", "%d/%m/%Y", dt.date(2024, 3, 1)),
        ("13/14/2024", "%m/%d/%Y", "date_not_read"), ("1 Mar 24", "%d %b %y", dt.date(2024, 3, 1)), ("03/04/1024", "%d/%m/%Y", "date_impossible"),
    ],
)  # fmt: skip
def test_a_date_is_read_in_one_way_or_not(text, form, found):
    assert date_of(text, form) == found


def test_an_ambiguous_date_is_not_guessed(clinic):
    source = clinic.export(visit("a", "03/04/2024", 1))
    report = clinic.turn(source)
    assert (report["is_written"], why(report)) == (False, {"date_not_read": [2], "first_infusion_unknown": [2]})
    assert not clinic.sent.exists()
    assert not clinic.crosswalk.exists()
    clinic.turn(source, replace(SAID, date_format="%d/%m/%Y"))
    assert clinic.known()["a"][1] == "2024-04-03"


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("Item 3", "Jo Canary", "identifier"), ("Item 3", "sometimes", "item_not_whole"), ("Item 3", "2.5", "item_not_whole"), ("Item 3", "123456", "item_not_whole"),
        ("Item 3", "8", "item_range"), ("Total", "555-867-5309", "identifier"), ("Total", "10", "total_is_not_sum"), ("Total", "28", "total_range"),
        ("Timepoint", "see notes", "timepoint_unknown"), ("Infusion Number", "", "infusion_number_missing"), ("MRN", "", "patient_missing"),
        ("MRN", "1.23E+11", "patient_damaged"), ("Visit Date", "2034-03-09", "day_range"),
    ],
)  # fmt: skip
def test_a_cell_that_does_not_fit_costs_its_row(clinic, column, cell, reason):
    bad = visit("b", "2024-03-08", 2)
    bad[HEAD.index(column)] = cell
    report = clinic.turn(clinic.export(visit("b", "2024-03-01", 1), bad, visit("a", "2024-03-01", 1)))
    assert why(report) == {reason: [3]}
    assert clinic.days() == {"b": [0], "a": [0]}
    assert len(cell) < 4 or cell not in clinic.sent.read_text()


def test_words_of_the_clinics_own_are_turned_and_missing_codes_are_empty(clinic, tmp_path):
    told = tmp_path / "columns.toml"
    told.write_text(
        'patient = "Chart"\ndate = "Seen"\n[columns]\ntimepoint = "Type"\ninfusion_number = "No."\nitem_1 = "Little interest"\n'
        '[words.timepoint]\n"Before infusion" = "pre_infusion"\n[always]\nrecall_period = "two_weeks"\ndrug = "esketamine_nasal"\n'
    )
    said = read_told(told, {"date": "Seen on"})
    head = ["Chart", "Seen on", "Type", "No.", "Little interest", *(f"phq9_{n}" for n in range(2, 10)), "phq9_total"]
    report = clinic.turn(
        clinic.export(["x", "2024-03-01", "BEFORE infusion ", 1, "Nearly every day", *[0] * 7, "99", ""], head=head),
        said,
    )
    (row,) = clinic.rows()
    assert [row[name] for name in ("timepoint", "item_1", "item_2", "item_9", "total", "recall_period", "drug")] == [
        "pre_infusion", "3", "0", "", "", "two_weeks", "esketamine_nasal",
    ]  # fmt: skip
    assert report["columns_empty"] == []


def test_columns_that_nothing_fills_are_said(clinic):
    head = ["MRN", "Visit Date", "Timepoint", "Infusion number", "Total"]
    report = clinic.turn(clinic.export(["x", "2024-03-01", "pre_infusion", "1", "14"], head=head))
    assert report["columns_empty"] == ITEMS
    assert clinic.rows()[0]["total"] == "14"


def test_rows_that_a_night_would_set_aside_as_contradictions_are_said(clinic):
    rows = [[status, *visit("a", "2024-03-01", 1, item=item)] for status, item in (("", 1), ("", 2), ("", 2))]
    rows += [[status, *visit("b", "2024-03-01", 1, item=item)] for status, item in (("", 1), ("corrected", 2))]
    rows += [["", *visit("c", "2024-03-01", 1)], ["", *visit("c", "2024-03-01", 1)]]
    report = clinic.turn(clinic.export(*rows, head=["Status", *HEAD]))
    assert report["contradictions"] == [{"lines": [2, 3, 4]}]
    assert (report["rows_out"], report["door"]["rows_good"]) == (7, 7)


def test_a_file_of_days_needs_no_dates(clinic):
    head = ["patient_id", "days_since_first_infusion", "timepoint", "infusion_number", "total"]
    report = clinic.turn(
        clinic.export(["x", "-3", "baseline", "", "14"], ["x", "0", "pre_infusion", "1", "13"], head=head), Told()
    )
    assert clinic.days() == {"x": [-3, 0]}
    assert clinic.known()["x"][1] == ""
    assert report["dates_turned"] == 0


def test_the_rows_of_another_clinic_are_left_out(clinic):
    rows = [["C01", *visit("a", "2024-03-01", 1)], ["C02", *visit("b", "2024-03-01", 1)]]
    assert why(clinic.turn(clinic.export(*rows, head=["Clinic ID", *HEAD]))) == {"other_clinic": [3]}


def test_the_day_of_the_extract_is_made_where_it_is_told(clinic):
    source = clinic.export(visit("a", "2024-03-01", 1), visit("b", "2010-03-01", 1))
    report = clinic.turn(source, extracted_on=dt.date(2024, 6, 1))
    assert {row["patient_id"]: row["extract_day"] for row in clinic.rows()} == {"a": "92", "b": ""}
    assert report["columns_made"] == ["extract_day", "days_since_first_infusion"]
    with pytest.raises(UsageError, match="after --extracted-on"):
        clinic.turn(source, extracted_on=dt.date(2024, 2, 1))


# the patients feed


def test_ages_over_89_become_90_and_dates_stay_in_the_house(clinic):
    head = ["MRN", "Date of birth", "Age", "Sex", "Bipolar", "First"]
    rows = [["a", "1930-01-01", "94", "female", "Yes", "2024-03-01"], ["b", "1980-02-02", "44", "male", "", ""], ["c", "1934-02-02", "90", "other", "No", ""], ["d", "", "934", "male", "", ""]]  # fmt: skip
    report = clinic.turn(clinic.export(*rows, head=head), Told(patient="MRN", age="Age", first_infusion="First"))
    ages = {row["patient_id"]: (row["age_years"], row["bipolar"]) for row in clinic.rows()}
    assert ages == {"a": ("90", "yes"), "b": ("44", ""), "c": ("90", "no")}
    assert (report["feed"], report["ages_capped"], why(report)) == ("patients", 1, {"age_range": [5]})
    assert list(clinic.rows()[0]) == ["clinic_id", "patient_id", "sex", "age_years", "bipolar"]
    assert clinic.known()["a"][1] == "2024-03-01"
    clinic.turn(clinic.export(visit("a", "2024-03-08", 2), visit("b", "2024-05-01", 1)))
    assert clinic.days() == {"a": [7], "b": [0]}
    assert {real: first for real, (_, first) in clinic.known().items()} == {
        "a": "2024-03-01",
        "b": "2024-05-01",
        "c": "",
    }


def test_a_patient_has_one_row_in_the_patients_feed(clinic):
    rows = [["a", "50"], ["a", "50"], ["b", "50"], ["b", "51"], ["c", "60"]]
    report = clinic.turn(clinic.export(*rows, head=["MRN", "age_years"]), Told(patient="MRN"))
    assert why(report) == {"row_repeated": [3], "patient_told_twice": [4, 5]}
    assert [row["patient_id"] for row in sorted(clinic.rows(), key=lambda row: row["patient_id"])] == ["a", "c"]


def test_an_export_of_both_feeds_needs_to_be_told_which(clinic):
    rows = clinic.export(["44", *visit("a", "2024-03-01", 1)], head=["age_years", *HEAD])
    with pytest.raises(UsageError, match="two feeds"):
        clinic.turn(rows)
    clinic.turn(rows, replace(SAID, feed="scores"))
    assert "44" not in clinic.sent.read_text()
    clinic.turn(rows, replace(SAID, feed="patients"))
    assert [list(row.values()) for row in clinic.rows()] == [["C01", "a", "44"]]


# formats


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_any_separator_and_either_encoding(clinic, separator, encoding):
    source = clinic.export(visit('Zoë, "Z"; |x', "2024-03-01", 1), separator=separator, encoding=encoding)
    clinic.turn(source)
    assert list(clinic.known()) == ['Zoë, "Z"; |x']


def test_lines_are_those_of_the_file(clinic):
    """A quoted cell may hold line breaks, and a blank line is no row."""
    source = clinic.export(
        visit("a", "2024-03-01", 1, name="two\nlines"),
        ["too", "few"],
        visit("a", "2024-02-30", 2),
        [],
        visit("a", "x", 3),
    )
    report = clinic.turn(source)
    assert why(report) == {"field_count": [4], "date_impossible": [5], "date_not_read": [7]}
    assert (report["rows_in"], report["rows_out"]) == (4, 1)


def book(path: Path, sheets: dict[str, list[list[object]]]) -> Path:
    made = xlsxwriter.Workbook(str(path))
    day = made.add_format({"num_format": "yyyy-mm-dd"})
    for name, rows in sheets.items():
        sheet = made.add_worksheet(name)
        for line, cells in enumerate(rows):
            for place, cell in enumerate(cells):
                (
                    sheet.write_datetime(line, place, cell, day)
                    if isinstance(cell, dt.date)
                    else sheet.write(line, place, cell)
                )
    made.close()
    return path


def test_a_workbook_gives_dates_and_numbers(clinic):
    rows = [HEAD, visit("000138", dt.date(2024, 3, 1), 1), visit(4711, dt.datetime(2024, 3, 2, 10), 1), visit(4711, 45355, 2), visit(4711, "2024-03-09", 3)]  # type: ignore[arg-type]  # fmt: skip
    source = book(clinic.root / "visits.xlsx", {"Export": rows, "Empty": []})
    assert why(clinic.turn(source)) == {"date_not_read": [4]}
    assert clinic.days() == {"000138": [0], "4711": [0, 7]}
    two = book(clinic.root / "two.xlsx", {"Export": rows, "Other": [["Canary"]]})
    with pytest.raises(UsageError, match="--sheet"):
        clinic.turn(two)
    assert clinic.turn(two, replace(SAID, sheet="Export"))["rows_out"] == 3


@pytest.mark.parametrize(
    "data",
    [b"", b"\n\n", b"PK\x03\x04Canary", b"\xd0\xcf\x11\xe0Canary", "MRN;Zoë Canary".encode("latin-1"), b'MRN,x\n"Canary" y,2\n', b'MRN,x\n"Canary,2\n', b"MRN\x00Canary\n",
     b"\xff\xfeC", b"MRN,x\n" + b"C" * 200_000],
)  # fmt: skip
def test_a_file_that_cannot_be_read_is_one_error_without_its_words(clinic, data):
    source = clinic.root / "visits.csv"
    source.write_bytes(data)
    with pytest.raises(OutcomesError) as error:
        clinic.turn(source)
    assert "Canary" not in str(error.value)
    assert not clinic.crosswalk.exists()


# the crosswalk


def test_the_crosswalk_is_its_owners_alone_and_nothing_is_left_beside_it(clinic):
    clinic.turn(clinic.export(visit("a", "2024-03-01", 1)))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (*clinic.crosswalk.parent.iterdir(), clinic.sent)}
    assert modes == {"crosswalk.csv": 0o600, ".crosswalk.csv.lock": 0o600, "clean.csv": 0o600}


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620])
def test_a_crosswalk_that_others_can_read_is_refused(clinic, mode):
    clinic.turn(clinic.export(visit("a", "2024-03-01", 1)))
    clinic.crosswalk.chmod(mode)
    with pytest.raises(OutcomesError, match="chmod 600"):
        clinic.turn(clinic.export(visit("a", "2024-03-01", 1)))


def test_a_missing_crosswalk_is_not_made_unasked(clinic):
    source = clinic.export(visit("a", "2024-03-01", 1))
    with pytest.raises(UsageError, match="--new-crosswalk"):
        clinic.turn(source, new_crosswalk=False)
    assert not clinic.crosswalk.parent.exists()
    clinic.turn(source)
    with pytest.raises(UsageError, match="leave --new-crosswalk out"):
        clinic.turn(source, new_crosswalk=True)


GOOD = new_code("C01", set(), random.Random(5).choice)
OTHER = new_code("C02", set(), random.Random(5).choice)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (["id,code,first"], "damaged"), ([], "damaged"), ([f"a,{GOOD}"], "damaged"), ([f"a,{GOOD[:-1]}4,2024-03-01"], "damaged"), ([f"a,{GOOD},01/03/2024"], "damaged"),
        ([f"a,{GOOD},", f"b,{GOOD},"], "damaged"), ([f"a,{GOOD},", f"a,{new_code('C01', set(), random.Random(6).choice)},"], "damaged"), ([f" a,{GOOD},"], "damaged"),
        ([f'"a,{GOOD},'], "damaged"), ([f"a,{OTHER},"], "another clinic"),
        ([f"a,{new_code('C01-N', set(), random.Random(5).choice)},"], "another clinic"),
    ],
)  # fmt: skip
def test_a_damaged_crosswalk_is_never_written_over(clinic, lines, words):
    head = [] if not lines or lines[0].startswith("id") else ["real_id,code,first_infusion_on"]
    text = "".join(line + "\n" for line in [*head, *lines])
    clinic.crosswalk.parent.mkdir()
    clinic.crosswalk.write_text(text)
    clinic.crosswalk.chmod(0o600)
    with pytest.raises(OutcomesError, match=words):
        clinic.turn(clinic.export(visit("a", "2024-03-01", 1)))
    assert clinic.crosswalk.read_text() == text
    assert not clinic.sent.exists()


@given(st.dictionaries(st.text(min_size=1).map(real_id_of).filter(lambda text: text and "\x00" not in text), st.none() | st.dates(dt.date(2000, 1, 1), dt.date(2100, 1, 1)), max_size=12))  # fmt: skip
@MANY
def test_a_crosswalk_is_read_as_it_was_written(tmp_path_factory, patients):
    folder = tmp_path_factory.mktemp("crosswalk")
    try:
        written = Crosswalk("C01", {}).with_patients(patients)
        (folder / "x.csv").write_bytes(written.text().encode())
    except UnicodeEncodeError:
        return
    (folder / "x.csv").chmod(0o600)
    with held(folder / "x.csv", "C01", is_new=False) as read:
        assert read.text() == written.text()
        assert read.real_ids == list(patients)
        assert [read.first_infusion_on(real) for real in patients] == list(patients.values())


def test_a_crosswalk_only_grows():
    first = Crosswalk("C01", {}).with_patients({"a": None, "b": dt.date(2024, 1, 1)})
    grown = first.with_patients({"a": dt.date(2024, 3, 1), "b": dt.date(2025, 1, 1), "c": None})
    assert [grown.code(real) for real in ("a", "b")] == [first.code(real) for real in ("a", "b")]
    assert [grown.first_infusion_on(real) for real in ("a", "b", "c")] == [
        dt.date(2024, 3, 1),
        dt.date(2024, 1, 1),
        None,
    ]
    assert grown.real_ids == ["a", "b", "c"]
    assert len({grown.code(real) for real in grown.real_ids}) == 3


def test_two_at_once_in_a_crosswalk_is_75(clinic):
    clinic.turn(clinic.export(visit("a", "2024-03-01", 1)))
    with (clinic.crosswalk.parent / ".crosswalk.csv.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BusyError) as error:
            clinic.turn(clinic.export(visit("a", "2024-03-01", 1)))
    assert error.value.exit_code == 75


def test_a_crosswalk_behind_a_link_grows_where_it_is(clinic):
    clinic.turn(clinic.export(visit("a", "2024-03-01", 1)))
    real = clinic.root / "elsewhere.csv"
    clinic.crosswalk.rename(real)
    clinic.crosswalk.symlink_to(real)
    clinic.turn(clinic.export(visit("b", "2024-03-01", 1)))
    assert clinic.crosswalk.is_symlink()
    assert list(clinic.known()) == ["a", "b"]


def test_likely_doubles_are_said_and_not_joined(clinic):
    clinic.turn(clinic.export(visit("000138", "2024-03-01", 1), visit("A-17", "2024-03-01", 1)))
    report = clinic.turn(
        clinic.export(
            visit("138", "2024-03-01", 1),
            visit("B 2", "2024-03-01", 1),
            visit("b2", "2024-03-01", 1),
            visit("b2 ", "2024-03-08", 2),
        )
    )
    assert report["likely_doubles"] == [{"places": ["crosswalk line 2", "line 2"]}, {"places": ["line 3", "line 4"]}]
    assert list(clinic.known()) == ["000138", "A-17", "138", "B 2", "b2"]
    assert likely_same("Ａ-017") != likely_same("A-17")
    assert likely_same("a 17") == likely_same("A-17")
    assert likely_same("000") == "000"


def test_a_clean_file_is_not_cleaned_again(clinic):
    clinic.turn(clinic.export(visit("a", "2024-03-01", 1)))
    clean = clinic.root / "again.csv"
    clean.write_bytes(clinic.sent.read_bytes())
    with pytest.raises(OutcomesError, match="made here"):
        clinic.turn(clean, Told())


# nothing where the door would refuse; no file written over


def test_what_the_door_would_refuse_is_not_written(clinic):
    rows = [visit(f"p{n}", "2024-03-01", 1, item=1 + n % 4) for n in range(8)]
    report = clinic.turn(clinic.export(*rows))
    assert (report["is_written"], report["door"]["refused_because"], report["rows_out"]) == (False, "coding_shift", 0)
    assert report["door"]["sentence"] == SENTENCES["coding_shift"]
    assert not clinic.sent.exists()
    assert not clinic.crosswalk.exists()


@pytest.mark.parametrize("out", ["visits.csv", "private/clean.csv", "clean.csv", "private/crosswalk.csv"])
def test_the_clean_file_is_no_other_file_and_not_beside_the_crosswalk(clinic, out):
    source = clinic.export(visit("a", "2024-03-01", 1))
    before = source.read_bytes()
    with pytest.raises(UsageError):
        deidentify(Places(source, clinic.crosswalk, clinic.root / out), SAID, "C01", new_crosswalk=True, force=True)
    assert source.read_bytes() == before
    assert sorted(path.name for path in clinic.root.iterdir()) == ["visits.csv"]


def test_a_file_is_written_over_only_by_force(clinic):
    source = clinic.export(visit("a", "2024-03-01", 1))
    clinic.turn(source)
    clinic.sent.write_text("kept")
    with pytest.raises(UsageError, match="--force"):
        clinic.turn(source, force=False)
    assert clinic.sent.read_text() == "kept"
    clinic.turn(source)
    assert clinic.days() == {"a": [0]}


def test_a_disk_that_fails_leaves_no_half_file(clinic, monkeypatch):
    clinic.turn(clinic.export(visit("a", "2024-03-01", 1)))
    before = clinic.crosswalk.read_bytes(), clinic.sent.read_bytes()

    def fails(_: int) -> None:
        raise OSError(28, "Canary")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(OutcomesError, match="could not be written") as error:
        clinic.turn(clinic.export(visit("a", "2024-03-01", 1), visit("b", "2024-03-01", 1)))
    assert "Canary" not in str(error.value)
    assert (clinic.crosswalk.read_bytes(), clinic.sent.read_bytes()) == before
    assert sorted(path.name for path in clinic.crosswalk.parent.iterdir()) == [".crosswalk.csv.lock", "crosswalk.csv"]


# the command line

Said = tuple[int, str, str]


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Callable[..., Said]:
    def command(*arguments: object) -> Said:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        return int(ended.value.code or 0), out, err

    return command


def arguments(clinic: Clinic, *more: object) -> list[object]:
    new = [] if clinic.crosswalk.exists() else ["--new-crosswalk"]
    return [
        "deidentify",
        clinic.root / "visits.csv",
        "--clinic",
        "C01",
        "--crosswalk",
        clinic.crosswalk,
        "--out",
        clinic.sent,
        *new,
        *more,
    ]


def test_the_report_is_words_or_json_and_strict_is_2(clinic, run):
    clinic.export(visit("a", "2024-03-01", 1), visit("a", "2024-02-30", 2))
    more = ["--patient", "mrn", "--date", "visit-date", "--force"]
    code, out, err = run(*arguments(clinic, *more))
    assert (code, err) == (0, "")
    assert "Rows: 2 in, 1 out, 1 left out (scores feed)." in out
    assert "The door would take the file: 1 rows good, 0 quarantined." in out
    code, out, _ = run(*arguments(clinic, *more, "--format", "json", "--strict"))
    assert code == 2
    assert json.loads(out)["left_out"] == [
        {"reason": "date_impossible", "column": "days_since_first_infusion", "sentence": SAID_HERE["date_impossible"], "rows": 1, "lines": [3]}
    ]  # fmt: skip
    clinic.export(visit("a", "2024-02-30", 1))
    code, out, err = run(*arguments(clinic, *more))
    assert (code, err.count("\n")) == (1, 1)
    assert "No row is left to send." in out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ([], "--patient"), (["--patient", "MRN"], "--date"), (["--patient", "Chart"], "No column is called"), (["--patient", "MRN", "--date", "MRN"], "two things"),
        (["--patient", "MRN", "--date", "Visit Date", "--date-format", "%d/%m"], "--date-format"), (["--patient", "MRN", "--date", "Visit Date", "--sheet", "x"], "--sheet"),
        (["--patient", "MRN", "--date", "Visit Date", "--clinic", "1"], "--clinic"), (["--patient", "MRN", "--columns", "nowhere.toml"], "TOML"),
    ],
)  # fmt: skip
def test_wrong_usage_is_64_and_one_line(clinic, run, more, words):
    clinic.export(visit("a", "2024-03-01", 1))
    code, out, err = run(*arguments(clinic, *more))
    assert (code, out, err.count("\n")) == (64, "", 1)
    assert words in err


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("pateint = 'MRN'", "pateint"), ("patient = 1", "patient"), ("columns = 'x'", "columns"), ("[columns]\nitem_11 = 'x'", "item_11"), ("[columns]\nitem_1 = 1", "columns"),
        ("[words.timepoint]\nPre = 'before'", "timepoint"), ("[always]\ndrug = 'ketamine'", "drug"), ("[always]\npatient_id = 'x1'", "patient_id"), ("feed = 'x'", "feed"),
        ("[always]\ntimepoint = 'baseline'", "timepoint"), ("words = {timepoint = 'x'}", "words"), ("=", "TOML"),
    ],
)  # fmt: skip
def test_a_wrong_toml_is_64_and_names_the_key(clinic, run, text, words):
    clinic.export(visit("a", "2024-03-01", 1))
    (clinic.root / "columns.toml").write_text(text)
    code, out, err = run(
        *arguments(clinic, "--patient", "MRN", "--date", "Visit Date", "--columns", clinic.root / "columns.toml")
    )
    assert (code, out, err.count("\n")) == (64, "", 1)
    assert words in err


CANARIES = [
    "Zebulon Quartermain",
    "ZQ-0077301",
    "2019-07-23",
    "zq@canary.example",
    "555-867-5309",
    "078-05-1120",
    "Quince",
]


@pytest.mark.parametrize("form", ["table", "json"])
@pytest.mark.parametrize("break_it", [None, "damage", "days", "no_header"])
def test_no_id_name_or_date_of_the_export_gets_out(clinic, run, form, break_it):
    """In whatever cell it stands, in what is sent, what is printed and every name of a file; the crosswalk apart."""
    name, mrn, day, mail, phone, ssn, word = CANARIES
    rows = [
        visit(mrn, day, 1, name=name),
        visit(mrn, "2019-07-30", 2, name=mail),
        visit(ssn, day, 1, name=phone),
        visit(name, day, 1),
    ]
    for place in range(3, len(HEAD)):
        for canary in CANARIES:
            row = visit(mrn, "2019-08-06", 3, name=name)  # after day 0, so that the patient stays
            row[place] = canary
            rows.append(row)
    head = [f"{day} {mail}", *HEAD]
    source = clinic.export(*([word, *row] for row in rows), [mrn, name], head=head)
    more = ["--patient", "MRN", "--date", "Visit Date"]
    if break_it == "damage":
        source.write_bytes(source.read_bytes() + f'"{name}" {mrn},{day}\n'.encode())
    if break_it == "days":
        more = ["--patient", "MRN", "--date", "Visit Date", "--extracted-on", "2001-01-01"]
    if break_it == "no_header":
        source.write_text("\n".join(source.read_text().splitlines()[1:]))
    code, out, err = run(*arguments(clinic, *more, "--format", form))
    assert code == {None: 0, "damage": 1, "days": 64, "no_header": 64}[break_it]
    said = out + err + "".join(str(path.relative_to(clinic.root)) for path in clinic.root.rglob("*"))
    said += clinic.sent.read_text() if clinic.sent.exists() else ""
    assert clinic.sent.exists() == (break_it is None)
    found = [canary for canary in [*CANARIES, "Zebulon", "0077301", "2019", "canary"] if canary.lower() in said.lower()]
    assert found == []
    if break_it is None:
        assert sorted(clinic.known()) == sorted([mrn, ssn, name])


cells = st.sampled_from(["", "0", "3", "1", "9", "2.0", "Not at all", "pre_infusion", "follow_up", "2024-03-01", "2024-03-08", "2024-02-30", "01/02/2024", *CANARIES]) | st.text(max_size=8)  # fmt: skip


drawn = st.lists(cells, min_size=len(HEAD), max_size=len(HEAD))


# Few rows or many: a file costs more than its rows.
@given(st.lists(drawn, max_size=6) | st.lists(drawn, min_size=6, max_size=20))
@settings(MANY, max_examples=60)
def test_whatever_the_cells_only_words_and_numbers_of_the_contract_get_through(tmp_path_factory, rows):
    here = Clinic(tmp_path_factory.mktemp("any"))
    path = here.root / "visits.csv"
    out = io.StringIO()
    csv.writer(out, quoting=csv.QUOTE_ALL).writerows([HEAD, visit("sure", "2024-03-01", 1), *rows])
    path.write_bytes(out.getvalue().replace("\x00", "").encode("utf-8", "replace"))
    report = here.turn(path)
    assert report["rows_in"] == report["rows_out"] + report["rows_left_out"]
    lines = here.sent.read_text().splitlines()[1:]
    assert report["rows_out"] == len(lines) >= 1
    plain = re.compile(
        r"C01,C01-[2-9A-Z]{8},\d{0,3},-?\d{1,4},(baseline|pre_infusion|post_infusion|follow_up)(,[0-3]?){9},\d{0,2}"
    )
    assert [line for line in lines if not plain.fullmatch(line)] == []
    judged = judge([here.sent.read_bytes()], plain_clinics("C01"))
    assert (judged.refused, judged.reasons.height) == ({}, 0)
