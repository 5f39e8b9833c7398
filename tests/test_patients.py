"""The patients feed: what the door takes of it, which row of a patient stands, and that it changes strata and nothing else."""

from __future__ import annotations

import datetime as dt
import gzip
import io
import itertools
import random
import shutil
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes import loading
from outcomes.checking import Judged, judge
from outcomes.laying import TABLES
from outcomes.paths import Home
from outcomes.reading import read_cell, read_values
from outcomes.sources import csv as csv_source
from outcomes.views import VIEWS
from schemas.clinics import plain_clinics
from schemas.feeds import FEEDS
from schemas.patients import CONTRACT, UNKNOWN_IF_EMPTY
from schemas.reasons import SENTENCES
from tests.conftest import differing
from tests.nightly import AS_OF, asked, night
from tests.test_door import IN_WORDS, PLAIN, row, written

pytestmark = pytest.mark.usefixtures("no_pages_here")

FEW = settings(max_examples=60, derandomize=True, deadline=None, database=None)
GOOD = {
    "clinic_id": "C01", "patient_id": "P-001", "sex": "female", "age_years": "44", "first_infusion_year": "2024",
    "indication": "major_depression", "failed_antidepressant_trials": "3", "bipolar": "no", "chronic_pain": "yes", "ptsd": "unknown",
    "anxiety": "", "substance_use": "no", "thyroid": "no", "eating_disorder": "no", "sleep_disorder": "no",
    "concurrent_psychotherapy": "yes", "status": "",
}  # fmt: skip
Cells = dict[str, str]


def csv(*rows: Cells, columns: list[str] | None = None, separator: str = ",", end: str = "\n") -> bytes:
    """A file of patients; every column unless some are named."""
    columns = columns or list(GOOD)
    lines = [columns, *([each.get(name, "") for name in columns] for each in rows)]
    return "".join(separator.join(line) + end for line in lines).encode()


def fate(data: bytes, clinics: set[str] | None = None) -> tuple[list[int], list[tuple[int, str | None, str]]]:
    """Lines that are good, and (line, column, reason) of the others."""
    judged = judge([data], plain_clinics(*clinics) if clinics is not None else None)
    assert not judged.refused
    assert judged.feeds == ["patients"]
    reasons = judged.reasons.select("line", "column_name", "reason_code").rows()
    good = judged.good["patients"].frame()["line"].to_list()
    assert judged.rows_read == [len(good) + len({line for line, _, _ in reasons})]
    return good, reasons


def refusal(judged: Judged) -> tuple[str, int | None, int | None, str | None]:
    error = judged.refused[0]
    return error.reason_code, error.column_no, error.line, None if error.reason_code in IN_WORDS else error.kind


# ---- the door ---------------------------------------------------------------------------------------------------

CELLS: list[tuple[str, str, Any]] = [
    # column, text, its value or its reason code
    ("sex", "female", "female"), ("sex", "unknown", "unknown"), ("sex", "", None), ("sex", "F", "sex_unknown"), ("sex", "Male", "sex_unknown"),
    ("age_years", "11", "age_range"), ("age_years", "12", 12), ("age_years", "89", 89), ("age_years", "90", 90), ("age_years", "91", "age_range"),
    ("age_years", "1961", "age_range"), ("age_years", "-1", "age_range"), ("age_years", "44.0", 44), ("age_years", "44.5", "age_not_whole"),
    ("age_years", "forty", "age_not_whole"), ("age_years", "90+", "age_not_whole"), ("age_years", "", None),
    ("first_infusion_year", "1999", "year_range"), ("first_infusion_year", "2000", 2000), ("first_infusion_year", "2100", 2100),
    ("first_infusion_year", "2101", "year_range"), ("first_infusion_year", "24", "year_range"), ("first_infusion_year", "'24", "year_not_whole"),
    ("first_infusion_year", "", None),
    ("indication", "treatment_resistant_depression", "treatment_resistant_depression"), ("indication", "unknown", "unknown"),
    ("indication", "Major Depression", "indication_unknown"), ("indication", "migraine", "indication_unknown"), ("indication", " ptsd ", "ptsd"),
    ("failed_antidepressant_trials", "0", 0), ("failed_antidepressant_trials", "20", 20), ("failed_antidepressant_trials", "21", "trials_range"),
    ("failed_antidepressant_trials", "-1", "trials_range"), ("failed_antidepressant_trials", "5+", "trials_not_whole"),
    ("failed_antidepressant_trials", "", None),
    *((name, text, becomes) for name in UNKNOWN_IF_EMPTY[2:] for text, becomes in (("yes", "yes"), ("No", "no"), ("UNKNOWN", "unknown"), ("maybe", "not_yes_no_unknown"), ("1", "not_yes_no_unknown"))),
    ("status", "entered_in_error", "entered_in_error"), ("status", "done", "status_unknown"),
    ("clinic_id", "", "clinic_id_pattern"), ("clinic_id", "1C", "clinic_id_pattern"),
    ("patient_id", "", "patient_id_pattern"), ("patient_id", "4711", "patient_id_pattern"), ("patient_id", "anon", "patient_id_pattern"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text", "becomes"), CELLS)
def test_one_cell(column: str, text: str, becomes: Any) -> None:
    judged = judge([csv(GOOD | {column: text}, GOOD | {"patient_id": "P-002"})], None)
    said = judged.reasons.select("line", "column_name", "reason_code").rows()
    if becomes in CONTRACT.rules:
        assert said == [(2, column, becomes)]
        assert judged.good["patients"].frame()["line"].to_list() == [3]
    else:
        assert (said, judged.good["patients"].frame()[column][0]) == ([], becomes)


def test_every_rule_has_a_cell_on_its_wrong_side() -> None:
    told = {becomes for _, _, becomes in CELLS}
    assert set(CONTRACT.rules) - told == {"field_count", "unknown_clinic", "contradiction"}
    assert fate(csv(GOOD) + b"C01,P-002,female\n") == ([2], [(3, None, "field_count")])
    assert fate(csv(GOOD), {"C02"}) == ([], [(2, "clinic_id", "unknown_clinic")])
    assert "90 for 90 and over" in SENTENCES["age_range"]


IDENTIFIERS = [
    ("first_infusion_year", "2024-03-17", "date"), ("first_infusion_year", "45000", "date"), ("age_years", "03/17/1961", "date"),
    ("patient_id", "Jane Roe", "name"), ("patient_id", "MRN-00123", "record number"), ("sex", "jane@example.org", "e-mail address"),
    ("indication", "she came after her divorce and did not sleep any more", "free text"), ("bipolar", "555-867-5309", "telephone number"),
]  # fmt: skip


@pytest.mark.parametrize(("column", "text", "kind"), IDENTIFIERS)
def test_the_shape_of_an_identifier_costs_the_file(column: str, text: str, kind: str) -> None:
    judged = judge([csv(GOOD, GOOD | {"patient_id": "P-002"} | {column: text})], None)
    assert refusal(judged) == ("identifier", list(GOOD).index(column) + 1, 3, kind)
    assert (judged.rows_read, judged.good["patients"].frame().height, judged.reasons.height) == ([0], 0, 0)
    assert text not in f"{judged.refused[0]!r} {vars(judged.refused[0])}"


def test_an_identifier_in_a_line_of_another_shape_costs_the_file() -> None:
    assert refusal(judge([csv(GOOD) + b"C01,P-2,555-867-5309\n"], None)) == ("identifier", 3, 3, "telephone number")


HEADERS: list[tuple[list[str], tuple[str, int | None] | None]] = [
    (["clinic_id", "patient_id", "sex"], None),
    (["bipolar", "patient_id", "clinic_id", "status"], None),
    (["Clinic ID", "Patient-ID", "Age Years"], None),
    (["clinic_id", "patient_id"], ("missing_column", None)),
    (["clinic_id", "patient_id", "status"], ("missing_column", None)),
    (["patient_id", "sex"], ("missing_column", None)),
    (["clinic_id", "patient_id", "sex", "name"], ("unknown_column", 4)),
    (["clinic_id", "patient_id", "sex", "date_of_birth"], ("unknown_column", 4)),
    (["clinic_id", "patient_id", "sex", "sex"], ("duplicate_column", 4)),
    (["clinic_id", "patient_id", "sex", "total"], ("mixed_feeds", 4)),
    (["clinic_id", "patient_id", "extract_day", "sex"], ("mixed_feeds", 4)),
]


@pytest.mark.parametrize(("columns", "expected"), HEADERS)
def test_headers(columns: list[str], expected: tuple[str, int | None] | None) -> None:
    judged = judge([(",".join(columns) + "\n").encode()], None)
    if expected is None:
        assert (judged.refused, judged.feeds) == ({}, ["patients"])
    else:
        assert refusal(judged) == (*expected, 1, None)
        assert judged.feeds == ["unknown"]


def test_a_mixture_is_told_the_columns_of_both_feeds() -> None:
    said = SENTENCES["mixed_feeds"].replace("item_1 to item_9", ", ".join(f"item_{i}" for i in range(1, 10)))
    assert all(column in said for contract in FEEDS.values() for column in contract.columns)


def as_parquet(*rows: Cells, **types: Any) -> bytes:
    out = io.BytesIO()
    frame = pl.DataFrame(rows, schema=dict.fromkeys(GOOD, pl.String)).with_columns(pl.all().replace("", None))
    frame.with_columns(pl.col(name).cast(dtype) for name, dtype in types.items()).write_parquet(out)
    return out.getvalue()


def test_however_it_is_written_it_is_the_same() -> None:
    rows = (GOOD, GOOD | {"patient_id": "P-002", "age_years": "", "sex": "male"})
    plain = judge([csv(*rows)], None).good["patients"].frame().drop("file", "line")
    numbers = {"age_years": pl.Int8, "first_infusion_year": pl.Int32, "failed_antidepressant_trials": pl.Int64}
    for data in (
        csv(*rows, separator=";"), csv(*rows, separator="\t"), csv(*rows, end="\r\n"), b"\xef\xbb\xbf" + csv(*rows), gzip.compress(csv(*rows)),
        as_parquet(*rows), as_parquet(*rows, **numbers), csv(*rows).replace(b"female", b'"female"'),
    ):  # fmt: skip
        judged = judge([data], None)
        assert judged.reasons.is_empty()
        assert judged.good["patients"].frame().drop("file", "line").equals(plain)


def test_both_feeds_in_one_batch_fare_as_they_do_alone() -> None:
    files = [
        written(row(), row(patient_id="P-2", item_1="4", total="")), csv(GOOD, GOOD | {"age_years": "91"}), written(row(patient_id="P-3")),
        csv(GOOD, columns=["patient_id", "clinic_id", "sex"]), b"", csv(GOOD | {"patient_id": "Jane Roe"}),
    ]  # fmt: skip
    together = judge(files, None)
    assert together.feeds == ["scores", "patients", "scores", "patients", "unknown", "patients"]
    for number, data in enumerate(files):
        alone = judge([data], None)
        assert together.rows_read[number] == alone.rows_read[0]
        assert (number in together.refused) == bool(alone.refused)
        for feed, good in alone.good.items():
            mine = together.good[feed].frame().filter(pl.col("file") == number)
            assert mine.drop("file").equals(good.frame().drop("file"))
    counts = {(feed, rule): checked for feed, rule, checked, _ in together.rules.iter_rows()}
    assert set(counts) == {(feed, rule) for feed in FEEDS for rule in FEEDS[feed].rules} - {
        (f, "contradiction") for f in FEEDS
    }
    assert {checked for (feed, _), checked in counts.items() if feed == "scores"} == {3}
    assert {checked for (feed, _), checked in counts.items() if feed == "patients"} == {3}


@FEW
@given(
    st.sampled_from(CONTRACT.columns),
    st.lists(st.one_of(st.integers(-5, 2200).map(str), st.text(max_size=5), st.sampled_from(["Yes", "no", " unknown", "female", "44.0", "ptsd", "45000"])), min_size=1, max_size=12),
)  # fmt: skip
def test_columns_are_read_as_their_cells_are(column: str, texts: list[str]) -> None:
    cells = [read_cell(CONTRACT, column, text) for text in texts]
    values = read_values(CONTRACT, pl.DataFrame({column: [t or None for t in texts]}, schema={column: pl.String}))
    assert values.typed[column].to_list() == [cell.value for cell in cells]
    found = sorted(values.identifiers.select("row", "code").rows())
    assert found == [(n, cell.identifier) for n, cell in enumerate(cells) if cell.identifier]


def test_plain_cells_are_parsed_to_their_types() -> None:
    frame, _ = csv_source.cells([csv_source.read_csv(csv(GOOD)).whole()], CONTRACT.parsed_as)
    assert {name for name, dtype in frame.schema.items() if dtype == pl.String} == {"clinic_id", "patient_id"}


# ---- which row stands -------------------------------------------------------------------------------------------

SHORT = {"c": "corrected", "a": "amended", "x": "entered_in_error", "f": "final"}
Nights = list[list[list[str]]]

# name: nights of files of rows `age [status]`, all of one patient; the age that stands; accepted, duplicate, quarantined; events
PICTURES: dict[str, tuple[Nights, list[int], tuple[int, int, int], list[str]]] = {
    "one row": ([[["40"]]], [40], (1, 0, 0), []),
    "twice in one file": ([[["40", "40"]]], [40], (1, 1, 0), []),
    "twice in two files": ([[["40"], ["40"]]], [40], (1, 1, 0), []),
    "again in a later night": ([[["40"]], [["40"]]], [40], (1, 1, 0), []),
    "again with another status": ([[["40"]], [["40 c"]]], [40], (1, 1, 0), []),
    "contradiction in one file": ([[["40", "41"]]], [], (0, 0, 2), []),
    "contradiction across files": ([[["40"], ["41"]]], [], (0, 0, 2), []),
    "contradiction of two corrected": ([[["40 c", "41 a"]]], [], (0, 0, 2), []),
    "corrected in one file": ([[["40", "41 c"]]], [41], (2, 0, 0), ["corrected"]),
    "corrected comes first": ([[["41 a", "40"]]], [41], (2, 0, 0), ["corrected"]),
    "later night": ([[["40"]], [["41"]]], [41], (2, 0, 0), ["corrected"]),
    "back to the first values": ([[["40"]], [["41"]], [["40"]]], [40], (3, 0, 0), ["corrected", "corrected"]),
    "the earlier row stays through a contradiction": ([[["40"]], [["41", "42"]]], [40], (1, 0, 2), []),
    "a contradiction, settled by a later night": ([[["40", "41"]], [["41"]]], [41], (1, 0, 2), []),
    "retracted": ([[["40"]], [["40 x"]]], [], (2, 0, 0), ["retracted"]),
    "retracted with other values": ([[["40"]], [["0 x"]]], [], (2, 0, 0), ["retracted"]),
    "retraction of nothing": ([[["40 x"]]], [], (1, 0, 0), []),
    "retraction sent again": ([[["40"]], [["40 x"]], [["40 x"]]], [], (2, 1, 0), ["retracted"]),
    "a later final row stands again": ([[["40"]], [["40 x"]], [["40"]]], [40], (3, 0, 0), ["retracted"]),
}  # fmt: skip


def picture_nights(each_row_a_file: bool) -> list[dict[str, bytes]]:
    """Every picture, each with a patient of its own; a score file goes with each night."""
    nights: list[list[list[Cells]]] = [[] for _ in range(3)]
    for picture, name in enumerate(PICTURES):
        for number, files in enumerate(PICTURES[name][0]):
            split = [[text] for file in files for text in file] if each_row_a_file else files
            for place, texts in enumerate(split):
                while len(nights[number]) <= place:
                    nights[number].append([])
                for age, _, mark in (text.partition(" ") for text in texts):
                    cells = {
                        "clinic_id": "C01",
                        "patient_id": f"P-{picture}",
                        "sex": "male",
                        "status": SHORT.get(mark, ""),
                    }
                    nights[number][place].append(cells | {"age_years": age if age != "0" else ""})
    return [
        {f"{place}.csv": csv(*rows) for place, rows in enumerate(files)}
        | {"scores.csv": written(row(patient_id="P-0", days_since_first_infusion=str(number)))}
        for number, files in enumerate(nights)
    ]


@pytest.fixture(scope="module", params=[False, True], ids=["whole", "batches"])
def told(request: Any, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, bool]:
    """Home after all pictures; `batches`: each row a file, each file a batch and transaction of its own."""
    home = Home(tmp_path_factory.mktemp("told") / "home")
    with pytest.MonkeyPatch.context() as patch:
        if request.param:
            patch.setattr(loading.batches, "__defaults__", (1,))
        for number, files in enumerate(picture_nights(request.param)):
            night(home, files, AS_OF + dt.timedelta(days=number))
    return home, request.param


# Of each picture: the ages that stand, how many of its rows are stored, and what happened to them. Asked once of a home.
FATES = """
    SELECT patient_id, (SELECT list(age_years) FROM current_patient WHERE patient_id = p.patient_id),
        count(DISTINCT patient_row_id), list(reason_code ORDER BY event_id) FILTER (event_id IS NOT NULL)
    FROM patient AS p JOIN patient_row USING (patient_no) LEFT JOIN patient_row_event USING (patient_row_id) GROUP BY patient_id
"""


@pytest.fixture(scope="module")
def fates(told: tuple[Home, bool]) -> dict[str, tuple[list[int], int, list[str]]]:
    """Of each picture's patient; one of whom nothing is stored is not in it."""
    return {patient: (stands or [], rows, events or []) for patient, stands, rows, events in asked(told[0], FATES)}


@pytest.mark.parametrize("name", PICTURES)
def test_what_stands(name: str, told: tuple[Home, bool], fates: dict[str, tuple[list[int], int, list[str]]]) -> None:
    _, stands, (accepted, *_), events = PICTURES[name]
    found = fates.get(f"P-{list(PICTURES).index(name)}", ([], 0, []))
    in_batches = told[1]
    assert found == ((stands, *found[1:]) if in_batches else (stands, accepted, events))


def test_every_row_has_one_fate(told: tuple[Home, bool]) -> None:
    home, in_batches = told
    wrong = "rows_read <> rows_accepted + rows_duplicate + rows_quarantined"
    assert asked(home, f"SELECT count(*) FROM arrival WHERE {wrong}") == [(0,)]
    if not in_batches:
        counts = (
            "SELECT sum(rows_accepted), sum(rows_duplicate), sum(rows_quarantined) FROM arrival WHERE feed = 'patients'"
        )
        assert asked(home, counts) == [tuple(sum(fates[n] for _, _, fates, _ in PICTURES.values()) for n in range(3))]


def test_a_lost_warehouse_comes_back_from_the_receipts(told: tuple[Home, bool], tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    shutil.copytree(told[0].root, home.root)
    home.warehouse.unlink()
    with pytest.MonkeyPatch.context() as patch:
        if told[1]:
            patch.setattr(loading.batches, "__defaults__", (1,))
        night(home, {}, AS_OF + dt.timedelta(days=2))
    assert differing(home.published_copy, told[0].published_copy) == {}
    for query in (
        "FROM patient_row ORDER BY ALL",
        "FROM patient_row_event ORDER BY ALL",
        "FROM arrival ORDER BY ALL",
        "FROM patient ORDER BY ALL",
    ):
        assert asked(home, query) == asked(told[0], query)


COLUMNS = [(name, "no" if GOOD[name] in ("yes", "unknown", "") else "yes") for name in UNKNOWN_IF_EMPTY[2:]]


def test_which_columns_are_values(tmp_path: Path) -> None:
    """Every column but status; unknown and an empty cell are the same. Each changed value changes what the digest of its
    file is summed from (that it is, is held in tests/test_nights.py)."""
    changes = [*COLUMNS, ("sex", "male"), ("age_years", "45"), ("first_infusion_year", "2025"), ("indication", "ptsd"), ("failed_antidepressant_trials", "")]  # fmt: skip
    same = [
        ("anxiety", "unknown"),
        ("ptsd", ""),
        ("bipolar", "NO"),
        ("age_years", "44.0"),
        ("status", "amended"),
        ("status", "final"),
    ]
    rows = [
        GOOD | {"patient_id": f"P-{n}"} | given
        for n, change in enumerate(changes + same)
        for given in ({}, dict([change]))
    ]
    home = Home(tmp_path / "home")
    night(home, {"a.csv": csv(*rows)})
    standing = {patient for (patient,) in asked(home, "SELECT patient_id FROM current_patient")}
    assert standing == {f"P-{n}" for n in range(len(changes), len(changes) + len(same))}
    each = [("status", ""), *changes, ("status", "corrected")]
    one = Home(tmp_path / "one")
    night(one, {"a.csv": csv(*(GOOD | {"patient_id": f"P-{n}"} | dict([change]) for n, change in enumerate(each)))})
    of_one_line = "(SELECT * REPLACE (1 AS patient_no, 2 AS line) FROM patient_row) AS p"
    query = f"SELECT count(*), count(DISTINCT patient_row_digest(p)) FROM {of_one_line}"
    assert asked(one, query) == [(len(each), len(each))]


# ---- strata, and nothing else -----------------------------------------------------------------------------------


def test_patients_alone_are_no_patients_of_a_rate(tmp_path: Path) -> None:
    """A first night of patients only registers the clinic; a course comes with the scores."""
    home = Home(tmp_path / "home")
    night(home, {"p.csv": csv(GOOD, GOOD | {"patient_id": "P-2"})})
    assert asked(home, "SELECT clinic_id FROM clinic") == [("C01",)]
    assert asked(home, "SELECT count(*) FROM clinic_group WHERE clinic_id = 'C01'") == [(0,)]
    assert asked(home, "SELECT count(*) FROM stratum") == [(0,)]
    night(home, {"s.csv": written(PLAIN)}, AS_OF + dt.timedelta(days=1))
    assert asked(home, "SELECT patients, not_started FROM clinic_group WHERE clinic_id = 'C01'") == [(1, 0)]
    assert asked(home, "SELECT stratum FROM stratum WHERE dimension = 'age_band'") == [("30-44",)]


def without_patients(files: list[Path]) -> list[Path]:
    return [path for path in files if "patients" not in path.name]


def test_a_night_of_patients_changes_no_course_and_no_rate(sample: Any, after_first: Home, tmp_path: Path) -> None:
    """With and without the feed everything derived is the same; corrected rows move patients between strata only."""
    home = Home(tmp_path / "home")
    home.make()
    shutil.copyfile(sample.root / "clinics.toml", home.clinics)
    files = sorted(sample.folder("first").iterdir())
    as_of = sample.as_of("first")
    night(home, {path.name: path.read_bytes() for path in without_patients(files)}, as_of)
    query = "SELECT clinic_id, patient_id, course, induction FROM course ORDER BY ALL"
    before = asked(home, query)
    assert before
    assert before == asked(after_first, query)
    assert asked(home, "SELECT DISTINCT stratum FROM stratum WHERE dimension IN ('sex', 'treatment_year')") == [
        ("unknown",)
    ]
    copy = tmp_path / "before.duckdb"
    shutil.copyfile(home.published_copy, copy)
    night(home, {path.name: path.read_bytes() for path in files if path not in without_patients(files)}, as_of)
    assert differing(home.published_copy, copy) == {}
    assert asked(home, "FROM stratum_rate ORDER BY ALL") == asked(after_first, "FROM stratum_rate ORDER BY ALL")
    one = "SELECT clinic_id, patient_id, sex FROM current_patient SEMI JOIN course USING (patient_no) WHERE sex = 'male' ORDER BY ALL LIMIT 1"
    ((clinic, patient, _),) = asked(home, one)
    night(home, {"c.csv": csv({"clinic_id": clinic, "patient_id": patient, "sex": "other"})}, as_of)
    assert differing(home.published_copy, copy) == {}
    moved = f"SELECT DISTINCT dimension, stratum FROM stratum JOIN patient USING (patient_no) WHERE (clinic_id, patient_id) = ('{clinic}', '{patient}')"
    assert {("sex", "other"), ("age_band", "unknown")} <= set(asked(home, moved))


def test_the_strata_of_a_dimension_add_up_to_the_group(after_later: Home) -> None:
    """For every proportion and group; and there is a stratum besides unknown in every dimension."""
    rows = asked(
        after_later,
        """SELECT s.measure_id, s.clinic_id, s.dimension, sum(s.due) = any_value(r.due), sum(s.observed) = any_value(r.observed),
            sum(s.missing) = any_value(r.missing), sum(s.met) = any_value(r.met)
        FROM stratum_rate AS s JOIN rate AS r USING (measure_id, clinic_id) GROUP BY ALL""",
    )
    assert len({dimension for _, _, dimension, *_ in rows}) == 12
    assert [each for each in rows if not all(each[3:])] == []
    per_group: dict[tuple[str, str], int] = {}
    for measure, clinic, *_ in rows:
        per_group[measure, clinic] = per_group.get((measure, clinic), 0) + 1
    assert set(per_group.values()) == {12}
    known = asked(
        after_later, "SELECT DISTINCT dimension FROM stratum WHERE stratum <> 'unknown' AND dimension <> 'first_dose'"
    )
    assert len(known) == 10


BANDS = [
    ("age_band", {None: "unknown", 12: "12-17", 17: "12-17", 18: "18-29", 29: "18-29", 30: "30-44", 44: "30-44", 45: "45-59", 59: "45-59", 60: "60-74", 74: "60-74", 75: "75 and over", 90: "75 and over"}),
    ("trials_band", {None: "unknown", 0: "0-1", 1: "0-1", 2: "2", 3: "3-4", 4: "3-4", 5: "5+", 20: "5+"}),
]  # fmt: skip


@pytest.mark.parametrize(("macro", "bands"), BANDS)
def test_bands(macro: str, bands: dict[int | None, str], macros: duckdb.DuckDBPyConnection) -> None:
    for value, band in bands.items():
        assert macros.execute(f"SELECT {macro}(?::TINYINT)", [value]).fetchall() == [(band,)]


def test_the_year_is_of_first_courses_and_no_command_shows_it_of_a_patient(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    again = row(days_since_first_infusion="200")
    night(home, {"s.csv": written(PLAIN, again | {"infusion_number": "1"}), "p.csv": csv(GOOD)})
    found = "SELECT course, stratum FROM stratum WHERE dimension = 'treatment_year' ORDER BY ALL"
    assert asked(home, found) == [(1, "2024"), (2, "unknown")]
    for view in VIEWS:
        columns = {name for name, *_ in asked(home, f"DESCRIBE {view}")}
        assert not columns & {"first_infusion_year", "patient_id", "patient_no"}
    assert not TABLES & {"stratum", "current_patient"}


# ---- order, and what gets out -----------------------------------------------------------------------------------


def test_order_and_split_over_nights_change_nothing(tmp_path: Path) -> None:
    rng = random.Random(5)
    rows = [
        GOOD
        | {"patient_id": f"P-{n}", "age_years": str(rng.randrange(12, 91)), "sex": rng.choice(["female", "male", ""])}
        for n in range(40)
    ]
    scores = [row(patient_id=f"P-{n}") for n in range(0, 40, 2)]
    standing = "SELECT * EXCLUDE (patient_row_id, arrival_no, line, patient_no, sha256, received_on) FROM current_patient ORDER BY ALL"
    strata = "SELECT patient_id, course, dimension, stratum FROM stratum JOIN patient USING (patient_no) ORDER BY ALL"
    found = []
    for nights in (1, 2, 3):
        home = Home(tmp_path / str(nights))
        pieces = [(f"p{n}.csv", csv(*rows[n::6])) for n in range(6)] + [
            (f"s{n}.csv", written(*scores[n::3])) for n in range(3)
        ]
        rng.shuffle(pieces)
        for number in range(nights):
            night(home, dict(pieces[number::nights]))
        found.append((asked(home, standing), asked(home, strata)))
    assert len(found[0][0]) == 40
    assert len({dimension for _, _, dimension, _ in found[0][1]}) == 11
    assert found[0] == found[1] == found[2]


def test_no_value_of_a_bad_row_or_refused_file_gets_out(tmp_path: Path) -> None:
    """Canaries in cells that are set aside, in a refused file, and in the header."""
    canaries = ["Quartermain", "zebulon.q@canary.example", "555-867-5309", "1961-03-17", "97531"]
    home = Home(tmp_path / "home")
    files = {"good.csv": csv(GOOD, GOOD | {"patient_id": "P-9", "age_years": "93"})}
    for (n, text), column in itertools.product(
        enumerate(canaries), ("patient_id", "sex", "age_years", "indication", "bipolar")
    ):
        files[f"{n}{column}.csv"] = csv(GOOD | {"patient_id": f"P-{n}{column}"} | {column: text})
        files[f"{n}header.csv"] = csv(GOOD, columns=[*GOOD, text])
    night(home, files)
    assert asked(home, "SELECT count(*) FROM patient_row") == [(1,)]
    for path in sorted(path for path in home.root.rglob("*") if path.is_file()):
        if path.parent not in (home.archive, home.refused):
            assert not [text for text in canaries if text.encode() in path.read_bytes()], path.name
