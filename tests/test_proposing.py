"""What `outcomes profile` proposes: what is sure as TOML, all else as questions; no cell that may identify anybody."""

from __future__ import annotations

import re
import tomllib

import pytest

from outcomes.checking import judge
from outcomes.errors import UsageError
from outcomes.proposing import proposed
from schemas.clinics import read_clinics
from tests.test_door import TWO, good_rows

HEAD = (
    "Guid,Event,Visit Date,DOB,When," + ",".join(f"PHQ9_{n}" for n in range(1, 10)) + ",phq9_total_score,q10,Jane Roe\n"
)
ROWS = (
    "P-1,Start,17/03/2024,1960-01-01,Pre,1,2,3,0,1,1,1,1,1,11,2,jane@example.org\n"
    "P-2,Week 2,01/04/2024,1960-01-01,Post,1,2,3,0,1,1,1,1,1,11,2,x\n"
)


def questions(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.startswith("#?")]


def test_what_is_sure_is_toml_and_all_else_is_asked() -> None:
    text = proposed((HEAD + ROWS).encode(), "C01", "ehr")
    said = tomllib.loads(text)["clinics"]["C01"]["profiles"]["ehr"]
    assert (said["version"], said["confirmed"]) == (1, False)
    assert said["columns"] == {f"item_{n}": f"PHQ9_{n}" for n in range(1, 10)} | {"total": "phq9_total_score"}
    asked = "\n".join(questions(text))
    for words in (
        "column 1 (Guid) is named like one that holds a unique code",
        "column 4 (DOB) cannot be used: a date of birth may not be sent",
        "column 16 (q10) could be several things",
        '"Week 2" = { timepoint = "baseline | pre_infusion | post_infusion | follow_up"',
        "column 3 (Visit Date) holds dates, as %d/%m/%Y",
        "nothing in the file is called patient_id",
    ):
        assert words in asked
    # A header's cell that is no name of a column, and cells that may identify, are shown nowhere.
    assert "column 17" in asked
    assert not re.search("jane|P-1|17/03|1960", text, re.IGNORECASE)


def test_how_a_known_convention_codes_its_items_is_said() -> None:
    names = ",".join(f"DPQ0{n}0" for n in range(1, 10))
    text = proposed(f"patient_id,{names}\nP-1{',1' * 9}\n".encode(), "C01", "survey")
    assert (
        "\n# All nine items are called as in NHANES: items 0 to 3; 7 (refused) and 9 (don't know) are missing" in text
    )
    assert "called as in" not in proposed((HEAD + ROWS).replace("PHQ9_9", "other").encode(), "C01", "ehr")


def test_a_date_that_can_be_read_in_two_ways_is_asked() -> None:
    text = proposed((HEAD + ROWS.replace("17/03/2024", "07/03/2024")).encode(), "C01", "ehr")
    assert "cannot be told apart: %d/%m/%Y or %m/%d/%Y" in text
    assert "#? format" not in text


def test_items_of_1_to_4_are_asked() -> None:
    text = proposed((HEAD + ROWS.replace(",0,", ",4,")).encode(), "C01", "ehr")
    assert any(line.startswith('#? items = { "1" = "0"') for line in questions(text))


def test_answered_and_confirmed_it_reads_the_file(tmp_path) -> None:  # type: ignore[no-untyped-def]
    items = ",".join(f"phq_{n}" for n in range(1, 10))
    data = f"subject,infusion_number,days_since_first_infusion,timepoint,{items}\nP-1,1,0,pre_infusion,1,1,1,1,1,1,1,1,1\n".encode()
    text = proposed(data, "C01", "ehr")
    text = text.replace("confirmed = false", "confirmed = true")
    text = text.replace(
        "[clinics.C01.profiles.ehr.columns]\n", '[clinics.C01.profiles.ehr.columns]\npatient_id = "subject"\n'
    )
    text = text.replace("#? total", "total")
    path = tmp_path / "clinics.toml"
    path.write_text("[clinics.C01]\n" + text)
    judged = judge([data], read_clinics(path))
    assert good_rows(judged)["items_sum"].to_list() == [9]
    assert judged.profiles == ["C01/ehr/1"]


@pytest.mark.parametrize(
    ("data", "clinic", "name", "says"),
    [
        (TWO, "C01", "ehr", "no profile is needed"),
        (b"%PDF-1.7\n", "C01", "ehr", "The file cannot be read"),
        (b"a,b\n1,2\n", "1", "ehr", "A clinic's code has"),
        (b"a,b\n1,2\n", "C01", "my ehr", "a profile's name"),
    ],
)
def test_what_cannot_be_proposed_is_said_in_a_line(data: bytes, clinic: str, name: str, says: str) -> None:
    with pytest.raises(UsageError, match=re.escape(says)):
        proposed(data, clinic, name)
