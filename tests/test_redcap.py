"""REDCap exports: its fields by the contract's names, its block matrix without the empty rows; and the names that others use."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes.errors import FileRefusedError
from outcomes.sources.redcap import is_redcap, plain
from outcomes.sources.sheet import Sheet
from schemas.conventions import (
    CONVENTIONS,
    conventions_of,
    doubtful,
    known_as,
    not_usable,
)
from schemas.reasons import SENTENCES
from schemas.scores import CONTRACT, ITEMS

FEW = settings(max_examples=100, derandomize=True, deadline=None, database=None)
FORM = "patient_health_questionnaire_9"
FIELDS = [f"phq9_{number}" for number in range(1, 10)]
ANSWERS = ["2", "1", "1", "0", "3", "1", "1", "0", "1"]


def sheet(text: str) -> Sheet:
    """A Sheet of lines with commas; line 1 is the header."""
    header, *lines = [line.strip().split(",") for line in text.strip().splitlines()]
    columns = [pl.Series(str(at), [line[at] or None for line in lines], pl.String) for at in range(len(header))]
    return Sheet(tuple(header), pl.DataFrame(columns), pl.Series(range(2, len(lines) + 2), dtype=pl.Int32))


def rows(of: Sheet) -> list[dict[str, str]]:
    """The rows by their columns, the empty cells left out."""
    assert of.cells.columns == [str(at) for at in range(len(of.names))]
    assert of.cells.height == of.lines.len()
    return [
        {name: cell for name, cell in zip(of.names, row, strict=True) if cell is not None} for row in of.cells.iter_rows()
    ]  # fmt: skip


def one(names: list[str], cells: list[str]) -> Sheet:
    return sheet(",".join(["record_id", *names]) + "\n" + ",".join(["P-001", *cells]))


def refusal(of: Sheet) -> tuple[str, int | None, str | None]:
    with pytest.raises(FileRefusedError) as refused:
        plain(of)
    assert refused.value.reason_code in SENTENCES
    return refused.value.reason_code, refused.value.column_no, refused.value.kind


def expected(**more: str) -> dict[str, str]:
    return {"record_id": "P-001"} | dict(zip(ITEMS, ANSWERS, strict=True)) | more


def test_a_flat_export() -> None:
    given = one([*FIELDS, "phq9_total_score", "phq9_how_difficult", f"{FORM}_complete"], [*ANSWERS, "10", "4", "2"])
    assert is_redcap(given.names)
    out = plain(given)
    assert out.names == ("record_id", *ITEMS, "total", "item_10", f"{FORM}_complete")
    assert rows(out) == [expected(total="10", item_10="3", **{f"{FORM}_complete": "2"})]
    assert (out.blank, out.aside, out.notes) == (0, (), (("item_10", "difficulty_shifted", 1),))


def test_a_longitudinal_block_matrix_with_arms_and_repeats() -> None:
    """Rows of other forms are left out and counted; lines stay those of the file."""
    given = sheet(f"""
        study_no,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,redcap_data_access_group,weight,phq9_1,phq9_2,phq9_3,phq9_4,phq9_5,phq9_6,phq9_7,phq9_8,phq9_9,phq9_total_score,{FORM}_complete
        P-001,baseline_arm_1,,,site_a,80,2,1,1,0,3,1,1,0,1,10,2
        P-001,baseline_arm_1,vitals,1,site_a,81,,,,,,,,,,,
        P-001,infusion_1_arm_1,{FORM},1,site_a,,1,1,1,0,1,1,1,0,1,7,0
        P-001,infusion_1_arm_1,{FORM},2,site_a,,,,,,,,,,,4,1
        P-002,baseline_arm_2,,,site_b,70,,,,,,,,,,,0
    """)
    assert is_redcap(given.names)
    out = plain(given)
    assert (out.lines.to_list(), out.blank, out.aside) == ([2, 4, 5], 2, ())
    assert out.names[:6] == given.names[:6]
    first, second, third = rows(out)
    assert first == {
        "study_no": "P-001", "redcap_event_name": "baseline_arm_1", "redcap_data_access_group": "site_a", "weight": "80",
        **dict(zip(ITEMS, ANSWERS, strict=True)), "total": "10", f"{FORM}_complete": "2",
    }  # fmt: skip
    # A form that nobody closed is an answered form.
    assert (second["redcap_repeat_instance"], second[f"{FORM}_complete"], second["total"]) == ("1", "0", "7")
    assert (third["total"], "item_1" in third) == ("4", False)


def test_the_structure_of_a_label_export() -> None:
    names = ["Event Name", "Repeat Instrument", "Repeat Instance", "Data Access Group", *FIELDS, "phq9_how_difficult"]
    words = ["Screening (Arm 1: Arm 1)", "PHQ-9", "2", "Site A", *["Several days"] * 9, "Very difficult"]
    given = one(names, words)
    assert is_redcap(given.names)
    out = plain(given)
    assert out.names[:5] == ("record_id", "redcap_event_name", "redcap_repeat_instrument", "redcap_repeat_instance", "redcap_data_access_group")  # fmt: skip
    (row,) = rows(out)
    assert (row["item_9"], row["item_10"], row["redcap_event_name"]) == ("Several days", "2", "Screening (Arm 1: Arm 1)")  # fmt: skip


VARIANTS = {
    "phq9_q1": [f"phq9_q{number}" for number in range(1, 10)],
    "phq_1": [f"phq_{number}" for number in range(1, 10)],
    "phqnine_01": [f"phqnine_0{number}" for number in range(1, 10)],
    "phq9_perg_1": [f"phq9_perg_{number}" for number in range(1, 10)],
    "capitals": [f"PHQ9-{number}" for number in range(1, 10)],
    "imported twice": [f"phq9_{number}_{number}cf64a" for number in range(1, 10)],
}


@pytest.mark.parametrize("total", ["phq9_totalscore", "phq9_total", "phq9_summary", "phq9_total_score_d039bc"])
@pytest.mark.parametrize("variant", VARIANTS)
def test_names_that_projects_give_the_fields(variant: str, total: str) -> None:
    given = one([*VARIANTS[variant], total, "x_complete"], [*ANSWERS, "10", "2"])
    assert is_redcap(given.names)
    mixed = (variant == "imported twice") != total.endswith("_d039bc")
    if mixed:
        assert refusal(given)[0] == "redcap_two_forms"
    else:
        assert rows(plain(given)) == [expected(total="10", x_complete="2")]


def test_the_form_imported_twice() -> None:
    """A copy that nobody filled is no second form; with answers in both it cannot be told which is meant."""
    second = [f"{name}_a9487f" for name in FIELDS]
    for answers in ([*ANSWERS, *[""] * 9], [*[""] * 9, *ANSWERS]):
        assert rows(plain(one([*FIELDS, *second, "x_complete"], [*answers, "2"]))) == [expected(x_complete="2")]
    assert refusal(one([*FIELDS, *second], [*ANSWERS, *ANSWERS])) == ("redcap_two_forms", 11, None)
    # Even where no row has both.
    assert refusal(one([*FIELDS[:5], *second[5:]], ANSWERS)) == ("redcap_two_forms", 7, None)
    third = [f"{name}_b9487f" for name in FIELDS]
    assert refusal(one([*second, *third], [*ANSWERS, *ANSWERS]))[0] == "redcap_two_forms"
    assert refusal(one([*FIELDS, *VARIANTS["phq9_q1"]], [*ANSWERS, *ANSWERS]))[0] == "redcap_two_forms"


def test_a_suffix_is_left_out_of_known_fields_only() -> None:
    names = ["phq9_1", "phq9_note_a9487f", "phq9_2_a9487", "phq9_3_a9487g", "x___1"]
    assert plain(one(names, ["1"] * 5)).names == ("record_id", "item_1", *names[1:])


def test_a_typed_and_a_calculated_total() -> None:
    """Where they differ the row is set aside; where one is empty the other stands."""
    given = sheet("""
        record_id,phq9_total_score,phq9_summary,x_complete
        P-001,10,10,2
        P-002,,7,2
        P-003,8,,2
        P-004,9,10,2
        P-005,,,2
    """)
    out = plain(given)
    assert out.names == ("record_id", "total", "x_complete")
    assert [row["total"] for row in rows(out)] == ["10", "7", "8"]
    assert (out.lines.to_list(), out.aside, out.blank) == ([2, 3, 4], ((5, "answers_conflict"),), 1)
    assert "answers_conflict" in SENTENCES


@pytest.mark.parametrize(
    ("code", "becomes"),
    [("1", "0"), ("2", "1"), ("3", "2"), ("4", "3"), (" 4 ", "3"), ("1.0", "0"), ("5", "5"), ("99", "99"), ("Extremely difficult", "3"), ("hard", "hard"), ("", None)],
)  # fmt: skip
def test_the_difficulty_of_the_shared_form(code: str, becomes: str | None) -> None:
    out = plain(one([*FIELDS, "phq9_how_difficult"], [*ANSWERS, code]))
    assert rows(out)[0].get("item_10") == becomes
    assert out.notes == ((("item_10", "difficulty_shifted", 1),) if code.strip()[:1] in ("1", "2", "3", "4") else ())


@pytest.mark.parametrize("code", ["0", "0.0"])
def test_a_difficulty_of_0_is_not_of_the_shared_form(code: str) -> None:
    """Then its 1 may be a 1 or a 0."""
    assert refusal(one([*FIELDS, "phq9_how_difficult"], [*ANSWERS, code])) == ("difficulty_coding", 11, None)


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("phq9_first_name", "name"),
        ("phq9_last_name_a9487f", "name"),
        ("First Name", "name"),
        ("surname", "name"),
        ("pt_full_name", "name"),
        ("redcap_survey_identifier", "e-mail address"),
    ],
)
@pytest.mark.parametrize("cell", ["Canary", ""])
def test_a_column_of_names_refuses_the_file_also_an_empty_one(name: str, kind: str, cell: str) -> None:
    assert refusal(one([name, *FIELDS, "x_complete"], [cell, *ANSWERS, "2"])) == ("identifier", 2, kind)


def test_dates_and_check_boxes_keep_their_names() -> None:
    names = ["phq9_date_enrolled", f"{FORM}_timestamp", "symptoms___1", *FIELDS]
    assert plain(one(names, ["2026-01-05", "2026-01-05 10:00:00", "1", *ANSWERS])).names[1:4] == tuple(names[:3])


@pytest.mark.parametrize(
    ("names", "is_one"),
    [
        (("record_id", "redcap_event_name"), True),
        (("id", "phq9_how_difficult"), True),
        (("id", "phq9_1", f"{FORM}_complete"), True),
        (("id", "phq9_1", f"{FORM}_timestamp"), True),
        (("Record ID", "Event Name", "phq9_1"), True),
        (("id", "phq9_1", "phq9_2"), False),
        (("id", "q1", "q2", "total", "is_complete"), False),
        (("id", "Event Name", "score"), False),
        (tuple(CONTRACT.columns), False),
        ((), False),
    ],
)
def test_which_headers_are_of_redcap(names: tuple[str, ...], is_one: bool) -> None:
    assert is_redcap(names) is is_one


def test_an_export_without_the_form_is_left_as_it_is() -> None:
    given = one(["redcap_event_name", "weight"], ["a_arm_1", "80"])
    assert rows(plain(given)) == rows(given)


NAMES = st.sampled_from(
    [*FIELDS[:3], "phq9_1_a9487f", "phq9_2_a9487f", "phq9_q1", "phq9_total", "phq9_summary", "phq9_how_difficult",
     "redcap_event_name", "Event Name", "x_complete", "weight", "phq9_date"]
)  # fmt: skip
CELLS = st.sampled_from([None, "1", "2", "4", " ", "x"])


@FEW
@given(st.data(), st.lists(NAMES, max_size=6, unique=True), st.integers(0, 5))
def test_no_row_is_lost_or_changed(data: st.DataObject, names: list[str], height: int) -> None:
    columns = {str(at): data.draw(st.lists(CELLS, min_size=height, max_size=height)) for at in range(len(names))}
    cells = pl.DataFrame(columns, schema=dict.fromkeys(columns, pl.String))
    given = Sheet(tuple(names), cells, pl.Series(range(2, 2 + cells.height), dtype=pl.Int32))
    try:
        out = plain(given)
    except FileRefusedError as error:
        reason = error.reason_code
    else:
        reason = None
        assert out.cells.height + out.blank + len(out.aside) == cells.height
        assert len(out.names) == out.cells.width
    assert reason in (None, "redcap_two_forms")


# The names that other sources use


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("q1", "item_1"), ("Q9", "item_9"), ("phq9_5", "item_5"), ("PHQ9 5", "item_5"), ("phq_3", "item_3"), ("phq9_q2", "item_2"),
        ("DPQ010", "item_1"), ("DPQ090", "item_9"), ("DPQ100", "item_10"), ("PHQ0101", "item_1"), ("PHQ0109", "item_9"), ("PHQ0110", "item_10"),
        ("PHQ0111", "total"), ("D0200A2", "item_1"), ("D0200I2", "item_9"), ("D0300", "total"), ("phqnine_09", "item_9"),
        ("phq9_how_difficult", "item_10"), ("phq9_total_score", "total"), ("phq9_summary", "total"),
        ("q10", None), ("phq9_10", None), ("D0200A1", None), ("D0150A2", None), ("D0500A2", None), ("score", None), ("phq9_mild", None), ("weight", None), ("", None),
    ],
)  # fmt: skip
def test_what_a_name_is_known_as(name: str, column: str | None) -> None:
    assert known_as(name) == column


@pytest.mark.parametrize("name", ["q10", "phq9_10", "Total Score", "ph7", "DaysSinceBaseline"])
def test_a_doubtful_name_is_never_resolved(name: str) -> None:
    assert doubtful(name)
    assert known_as(name) is None


@pytest.mark.parametrize(
    ("name", "about"),
    [
        ("D0150A1", "PHQ-2 to 9"), ("D0150I2", "PHQ-2 to 9"), ("D0160", "PHQ-2 to 9"), ("D0500J2", "staff"), ("D0600", "staff"), ("D0200C1", "present"),
        ("PHQ9_FirstScore", "Talking Therapies"), ("PHQ9_LastScore", "Talking Therapies"), ("phq8_total", "PHQ-8"), ("phq2_1", "PHQ-2"),
        ("phqa_1", "adolescents"), ("phq9a", "adolescents"), ("phq9m_1", "adolescents"), ("patient_DOB", "date of birth"),
    ],
)  # fmt: skip
def test_a_column_that_is_no_phq_9_says_why(name: str, about: str) -> None:
    assert about in (not_usable(name) or "")
    assert known_as(name) is None
    assert not_usable("phq9_mild") is None


def test_no_name_is_usable_and_not() -> None:
    names = {name for convention in CONVENTIONS for name in convention.columns}
    assert [name for name in sorted(names) if not_usable(name)] == []
    assert {column for convention in CONVENTIONS for column in convention.columns.values()} <= set(CONTRACT.columns)


def test_conventions_of_a_header() -> None:
    assert [each.name for each in conventions_of(["SEQN", *(f"DPQ0{number}0" for number in range(1, 10))])] == [
        "NHANES"
    ]
    assert [each.name for each in conventions_of([f"Q{number}" for number in range(1, 10)])] == ["CamCOPS", "NAATP"]
    assert conventions_of([f"q{number}" for number in range(1, 8)]) == []
    assert all(len(set(convention.columns)) == len(convention.columns) for convention in CONVENTIONS)


def test_every_reason_that_the_sources_give_has_its_sentence() -> None:
    """Reasons of the sources that set rows aside, or refuse files, by codes of their own."""
    folder = Path(__file__).parents[1] / "src" / "outcomes" / "sources"
    text = "".join(path.read_text("utf-8") for path in (*folder.glob("fhir*.py"), folder / "redcap.py"))
    codes = set(re.findall(r'"([a-z]+_[a-z_0-9]+)"', text)) & set(SENTENCES)
    assert codes == {
        "not_finished", "answers_conflict", "code_mismatch", "form_not_known", "part_missing", "two_versions", "deleted_in_source",
        "not_json", "unknown_element", "no_phq9", "redcap_two_forms", "difficulty_coding", "difficulty_shifted",
        "empty_file", "holds_nul", "not_utf8", "too_large", "not_readable",
    }  # fmt: skip
