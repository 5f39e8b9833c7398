"""Source profiles: what clinics.toml may say of a source, and what becomes of files that are read through one."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from outcomes.checking import Judged, judge
from outcomes.paths import Home
from outcomes.requeueing import request
from schemas.clinics import Clinics, read_clinics
from schemas.errors import DataFileError
from tests.nightly import AS_OF, asked, night
from tests.test_door import TWO, good_rows, holds_together

pytestmark = pytest.mark.usefixtures("no_pages_here")

ITEMS = {f"item_{n}": f"phq9_{n}" for n in range(1, 10)}
ITEM_LINES = "\n".join(f'{item} = "{source}"' for item, source in ITEMS.items())

EVENTS = f"""
[clinics.C01]
[clinics.C01.profiles.redcap]
version = 2
confirmed = true
ignored = ["phq9_complete", "Site Code"]
[clinics.C01.profiles.redcap.columns]
patient_id = "record_id"
total = "phq9_total_score"
{ITEM_LINES}
[clinics.C01.profiles.redcap.events]
column = "redcap_event_name"
[clinics.C01.profiles.redcap.events.rows.before_arm_1]
timepoint = "baseline"
days_since_first_infusion = "-3"
[clinics.C01.profiles.redcap.events.rows.infusion_1_arm_1]
timepoint = "pre_infusion"
infusion_number = "1"
days_since_first_infusion = "0"
"""
EVENTS_HEAD = "record_id,redcap_event_name,phq9_complete,site_code," + ",".join(ITEMS.values()) + ",phq9_total_score"

DATES = f"""
[clinics.C01]
limited_data_set = true
[clinics.C01.profiles.ehr]
version = 1
confirmed = true
ignored = ["Remark code", "Encounter date"]
[clinics.C01.profiles.ehr.columns]
patient_id = "Pseudonym"
infusion_number = "Infusion"
timepoint = "When"
{ITEM_LINES}
[clinics.C01.profiles.ehr.constants]
total = ""
[clinics.C01.profiles.ehr.codes]
timepoint = {{ "before" = "pre_infusion", "after" = "post_infusion", "between" = "follow_up" }}
items = {{ "1" = "0", "2" = "1", "3" = "2", "4" = "3", "88" = "" }}
[clinics.C01.profiles.ehr.dates.days_since_first_infusion]
column = "Visit"
format = "%d/%m/%Y"
"""
DATES_HEAD = "Pseudonym,Infusion,When,Visit,Remark code,Encounter date," + ",".join(ITEMS.values())


@pytest.fixture
def clinics(tmp_path: Path) -> Any:
    """A reader of the text of a clinics.toml."""

    def read(text: str) -> Clinics:
        path = tmp_path / "clinics.toml"
        path.write_text(text)
        return read_clinics(path)

    return read


def file(*lines: str) -> bytes:
    return "".join(line + "\n" for line in lines).encode()


def judged(data: bytes, clinics: Clinics) -> Judged:
    found = judge([data], clinics)
    holds_together(found)
    return found


def reasons(found: Judged) -> list[tuple[Any, ...]]:
    return found.reasons.select("line", "column_name", "reason_code").rows()


def refusal(found: Judged) -> tuple[Any, ...]:
    error = found.refused[0]
    return error.reason_code, error.column_no, error.line


SCORES = ["clinic_id", "patient_id", "infusion_number", "days_since_first_infusion", "timepoint", "items_sum", "total"]


def test_events_give_timepoint_infusion_and_day(clinics: Any) -> None:
    data = file(
        EVENTS_HEAD,
        "P-1,before_arm_1,2,12,1,1,1,1,1,1,1,1,1,9",
        "P-1,infusion_1_arm_1,2,12,2,2,2,2,2,2,2,2,2,",
        "P-2,week_4_arm_1,2,12,2,2,2,2,2,2,2,2,2,18",
        "P-3,before_arm_1,0,12,1,1,1,1,1,1,1,1,4,9",
    )
    found = judged(data, clinics(EVENTS))
    assert found.profiles == ["C01/redcap/2"]
    assert good_rows(found).select("line", *SCORES).rows() == [
        (2, "C01", "P-1", None, -3, "baseline", 9, 9),
        (3, "C01", "P-1", 1, 0, "pre_infusion", 18, None),
    ]
    # What an unknown event does not give is not asked for again; what is wrong with the row besides is said.
    assert reasons(found) == [
        (4, None, "event_unknown"),
        (5, "item_9", "item_range"),
    ]


def test_dates_become_days_since_the_infusion_1_of_the_file(clinics: Any) -> None:
    items = "1,2,3,4,4,3,2,1,88"
    data = file(
        DATES_HEAD,
        f"P-1,1,before,17/03/2024,,2024-03-17,{items}",
        f"P-1,2,before,24/03/2024,,2024-03-24,{items}",
        f"P-1,,between,17/04/2025,x,,{items}",
        f"P-2,2,before,24/03/2024,,,{items}",
        f"P-1,3,before,31/02/2024,,,{items}",
        f"P-1,3,during,31/03/2024,,,{items[:-2]}0",
    )
    found = judged(data, clinics(DATES))
    rows = good_rows(found).select("line", *SCORES, "item_1", "item_9").rows()
    assert rows == [
        (2, "C01", "P-1", 1, 0, "pre_infusion", 12, None, 0, None),
        (3, "C01", "P-1", 2, 7, "pre_infusion", 12, None, 0, None),
        (4, "C01", "P-1", None, 396, "follow_up", 12, None, 0, None),
    ]
    assert reasons(found) == [
        (5, "days_since_first_infusion", "day_zero_unknown"),
        (6, "days_since_first_infusion", "date_not_readable"),
        (7, "item_9", "not_in_codes"),
        (7, "timepoint", "not_in_codes"),
    ]


def test_quotes_in_dropped_columns_may_hold_separators_and_line_breaks(clinics: Any) -> None:
    items = "1,1,1,1,1,1,1,1,1"
    data = file(
        DATES_HEAD,
        f'P-1,1,before,17/03/2024,"1, 2",,{items}',
        f'P-1,2,before,24/03/2024,"1\n2",,{items}',
        f'P-1,3,before,31/03/2024,"open,,{items}',
        f"P-1,4,before,07/04/2024,,,{items}",
    )
    found = judged(data, clinics(DATES))
    assert good_rows(found).select("line", "infusion_number").rows() == [(2, 1), (3, 2), (6, 4)]
    assert reasons(found) == [(5, None, "field_count")]


def test_dropped_columns_are_searched_for_identifiers(clinics: Any) -> None:
    row = "P-1,1,before,17/03/2024,{},2024-03-17,1,1,1,1,1,1,1,1,1"
    for cell in ("Jane Roe", "jane@example.org", "555-867-5309", '"Roe, Jane"'):
        found = judged(file(DATES_HEAD, row.format("7"), row.format(cell)), clinics(DATES))
        assert refusal(found) == ("identifier", 5, 3), cell
    # A date may ride along where the clinic may send dates, and nowhere else.
    elsewhere = DATES.replace("limited_data_set = true", "").split("[clinics.C01.profiles.ehr.dates")[0]
    elsewhere = elsewhere.replace(', "Encounter date"', "").replace(
        'total = ""', 'total = ""\ndays_since_first_infusion = "0"'
    )
    head = DATES_HEAD.replace("Visit,", "").replace(",Encounter date", "")
    found = judged(file(head, "P-1,1,before,17 Mar 2024,1,1,1,1,1,1,1,1,1"), clinics(elsewhere))
    assert refusal(found) == ("identifier", 4, 2)


def test_the_contracts_own_columns_may_hold_iso_dates_of_a_limited_data_set(clinics: Any) -> None:
    data = TWO.replace(b",0,pre_infusion", b",2024-03-17,pre_infusion")
    assert data != TWO
    limited = clinics("[clinics.C01]\nlimited_data_set = true\n")
    assert good_rows(judged(data, limited)).equals(good_rows(judged(TWO, limited)))
    found = judged(data, clinics("[clinics.C01]\n"))
    assert (found.refused[0].reason_code, found.refused[0].kind) == ("identifier", "date")


def test_columns_that_fit_two_profiles_are_told_apart_by_pseudonyms_or_refused(clinics: Any) -> None:
    data = file(EVENTS_HEAD, "B-1,before_arm_1,2,12,1,1,1,1,1,1,1,1,1,9")
    both = EVENTS + EVENTS.replace("C01", "C02")
    assert refusal(judged(data, clinics(both))) == ("which_profile", None, 1)
    told = both.replace("version = 2", 'version = 2\npatient_ids = "A-[0-9]+"', 1)
    assert refusal(judged(data, clinics(told))) == ("which_profile", None, 1)
    told = told[::-1].replace("version = 2"[::-1], 'version = 2\npatient_ids = "B-[0-9]+"'[::-1], 1)[::-1]
    found = judged(data, clinics(told))
    assert found.profiles == ["C02/redcap/2"]
    assert good_rows(found)["clinic_id"].to_list() == ["C02"]


def test_a_profile_that_nobody_confirmed_reads_nothing(clinics: Any) -> None:
    data = file(EVENTS_HEAD, "P-1,before_arm_1,2,12,1,1,1,1,1,1,1,1,1,9")
    found = judged(data, clinics(EVENTS.replace("confirmed = true", "")))
    assert refusal(found) == ("profile_unconfirmed", None, 1)


def test_one_column_more_than_the_profile_knows_refuses_the_file(clinics: Any) -> None:
    data = file(EVENTS_HEAD + ",initials", "P-1,before_arm_1,2,12,1,1,1,1,1,1,1,1,1,9,JR")
    found = judged(data, clinics(EVENTS))
    assert found.refused[0].reason_code in ("unknown_column", "no_header")


def test_days_alone_give_the_timepoint_where_the_profile_says_so(clinics: Any) -> None:
    text = f"""
[clinics.C01]
[clinics.C01.profiles.days]
version = 1
confirmed = true
timepoint_by_day = true
[clinics.C01.profiles.days.columns]
patient_id = "guid"
days_since_first_infusion = "DaysSinceBaseline"
{ITEM_LINES}
[clinics.C01.profiles.days.constants]
total = ""
infusion_number = ""
"""
    head = "GUID,DaysSinceBaseline," + ",".join(ITEMS.values())
    data = file(head, *(f"P-1,{day},1,1,1,1,1,1,1,1,1" for day in (-2, 0, 1, "")))
    found = judged(data, clinics(text))
    assert good_rows(found)["timepoint"].to_list() == ["baseline", "baseline", "follow_up"]
    assert [line for line, _, _ in reasons(found)] == [5, 5]


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("version = 2", "version = 0", "version: expected a whole number from 1"),
        ("version = 2", "", "version: expected a whole number from 1"),
        ("version = 2", 'version = "2"', "version: expected a whole number, without quotes"),
        ('ignored = ["phq9_complete", "Site Code"]', 'ignored = "phq9_complete"', "ignored: expected a list, as"),
        ("version = 2", "version = 2\ncolour = 1", "colour: unknown key"),
        ("version = 2", 'version = 2\nfeed = "score"', "feed: expected one of"),
        ("confirmed = true", 'confirmed = "yes"', "confirmed: expected true or false, without quotes"),
        ('total = "phq9_total_score"', 'totals = "phq9_total_score"', "totals is no column of scores"),
        ('total = "phq9_total_score"', 'total = "phq9_9"', "two of them are read from one column"),
        ('total = "phq9_total_score"', 'total = "redcap_total"\ntimepoint = "tp"', "timepoint: given by columns and by events"),
        ('"phq9_complete"', '"phq9_1"', "ignored: also read"),
        ('"phq9_complete"', '"redcap_event_name"', "ignored: also read"),
        ('"phq9_complete"', '"first_name"', "ignored: a column called like one that holds a name"),
        ('"phq9_complete"', '"phq9_date"', "ignored: a column called like one that holds a date"),
        ('timepoint = "baseline"', 'timepoint = "before"', "events.rows.timepoint: expected one of baseline"),
        ('column = "redcap_event_name"', "", "events: expected column"),
        ('total = "phq9_total_score"', 'total = 9', "columns: expected a table of texts"),
        ("version = 2", 'version = 2\npatient_ids = "("', "patient_ids: not a regular expression"),
        ("version = 2", 'version = 2\ndates = { extract_day = { column = "d", since = "e" } }', "dates: only a clinic with limited_data_set"),
    ],
)  # fmt: skip
def test_a_profile_that_breaks_its_contract_is_an_error_with_clinic_profile_and_key(
    clinics: Any, before: str, after: str, says: str
) -> None:
    text = EVENTS.replace(before, after, 1)
    assert text != EVENTS
    with pytest.raises(DataFileError) as error:
        clinics(text)
    assert any(
        fault.startswith("clinics.toml: C01: profiles.redcap: ") and says in fault for fault in error.value.faults
    )


@pytest.mark.parametrize(
    ("before", "after", "says"),
    [
        ("%d/%m/%Y", "%d/%m/%y", "format: expected year %Y"),
        ("%d/%m/%Y", "%d/%m/%Y secret", "format: expected year %Y"),
        ("days_since_first_infusion]", "total]", "dates.total: days can be made for"),
        ("days_since_first_infusion]", "extract_day]", "dates.extract_day: needs since"),
        ("items = {", "item_11 = {", "codes.item_11: no column of scores"),
    ],
)
def test_date_rules_and_codes_have_a_contract_too(clinics: Any, before: str, after: str, says: str) -> None:
    with pytest.raises(DataFileError) as error:
        clinics(DATES.replace(before, after, 1))
    assert any(says in fault for fault in error.value.faults)


def test_an_unknown_column_is_told_with_the_nearest_name_and_never_with_its_own() -> None:
    head = TWO.split(b"\n")[0].replace(b"total", b"totals") + b",dob,jane_roe_canary"
    error = judge([head + b"\n"], None).refused[0]
    assert (error.reason_code, error.column_no, error.line) == ("unknown_column", 15, 1)
    assert error.kind == (
        "column 15: nearest expected name total; column 16: named like a date; column 17: no expected name is near; missing: total"
    )


def test_a_profile_may_leave_out_redcaps_event(clinics: Any) -> None:
    """Every export of a longitudinal project has the column; it is no person's name, and its cells are searched all the same."""
    text = EVENTS[: EVENTS.index("[clinics.C01.profiles.redcap.events]")].replace(
        '"Site Code"]', '"Site Code", "redcap_event_name"]'
    )
    text += '[clinics.C01.profiles.redcap.constants]\ninfusion_number = ""\ntimepoint = "baseline"\ndays_since_first_infusion = "-3"\n'
    found = judged(file(EVENTS_HEAD, "P-1,before_arm_1,2,12,1,1,1,1,1,1,1,1,1,9"), clinics(text))
    assert good_rows(found)["patient_id"].to_list() == ["P-1"]
    named = judge([file(EVENTS_HEAD, "P-1,jane@roe.org,2,12,1,1,1,1,1,1,1,1,1,9")], clinics(text))
    assert refusal(named) == ("identifier", 2, 2)


@pytest.mark.parametrize(
    ("head", "refused"),
    [
        # What a system's update does: one column under another name, one left out, one more.
        (
            EVENTS_HEAD.replace("record_id", "jane_roe_canary"),
            ("unknown_column", 1, "of 14 columns the source profile C01/redcap/2 finds none for patient_id, and does not know: 1"),
        ),
        (EVENTS_HEAD.replace("record_id,", ""), ("missing_column", None, "of 13 columns the source profile C01/redcap/2 finds none for patient_id")),
        (EVENTS_HEAD + ",jane_roe_canary", ("unknown_column", 15, "of 15 columns the source profile C01/redcap/2 does not know: 15")),
    ],
)  # fmt: skip
def test_a_file_that_is_nearly_a_profiles_is_told_by_what_that_profile_lacks(
    clinics: Any, head: str, refused: tuple[str, int | None, str]
) -> None:
    row = ",".join("1" for _ in head.split(","))
    error = judge([file(head, row)], clinics(EVENTS)).refused[0]
    assert (error.reason_code, error.column_no, error.kind) == refused


def test_what_was_read_through_a_profile_is_typed_like_any_other(clinics: Any) -> None:
    found = judged(file(EVENTS_HEAD, "P-1,before_arm_1,2,12,1,1,1,1,1,1,1,1,1,9"), clinics(EVENTS))
    assert good_rows(found).schema == good_rows(judge([TWO], None)).schema
    assert found.rules.filter(pl.col("rule") == "total_is_not_sum")["rows_checked"].to_list() == [1]


def test_a_corrected_profile_reads_its_files_again_and_a_lost_store_reads_each_by_the_profile_of_its_night(
    tmp_path: Path,
) -> None:
    home = Home(tmp_path / "home")
    home.make()
    row = "1,1,1,1,1,1,1,1,1,9"
    data = file(
        EVENTS_HEAD, f"P-1,before_arm_1,2,12,{row}", f"P-1,infusion_1_arm_1,2,12,{row}", f"P-1,late_arm_1,2,12,{row}"
    )
    home.clinics.write_text(EVENTS)
    night(home, {"a.csv": data})
    more = '[clinics.C01.profiles.redcap.events.rows.late_arm_1]\ntimepoint = "follow_up"\ndays_since_first_infusion = "30"\n'
    home.clinics.write_text(EVENTS.replace("version = 2", "version = 3") + more)
    request(home, [hashlib.sha256(data).hexdigest()])
    night(home, {}, AS_OF + dt.timedelta(1))
    ledger = "SELECT profile, rows_accepted, rows_duplicate, rows_quarantined, hash FROM arrival ORDER BY arrival_no"
    first, second = asked(home, ledger)
    assert (first[:4], second[:4]) == (("C01/redcap/2", 2, 0, 1), ("C01/redcap/3", 1, 2, 0))
    scores = "SELECT line, days_since_first_infusion, timepoint::VARCHAR, phq9_total FROM current_score ORDER BY line"
    assert asked(home, scores) == [(2, -3, "baseline", 9), (3, 0, "pre_infusion", 9), (4, 30, "follow_up", 9)]
    home.warehouse.unlink()
    night(home, {}, AS_OF + dt.timedelta(2))
    assert asked(home, ledger) == [first, second]
    assert len(asked(home, scores)) == 3


def test_the_profiles_in_the_docs_are_of_the_contract(clinics: Any) -> None:
    text = (Path(__file__).parents[1] / "docs" / "sources.md").read_text("utf-8")
    blocks = re.findall(r"```toml\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    first, *others = blocks
    labels = [profile.label for profile in clinics(first.replace("# ... item_2 to item_9", "")).profiles]
    for block in others:
        (profile,) = clinics("[clinics.C01]\n" + block).profiles
        labels.append(profile.label)
    assert labels == ["C01/ehr/1", "C01/redcap/1", "C01/fhir/1"]
