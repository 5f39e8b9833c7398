"""Courses drawn for a person to check: drawn alike, shown blind, held to what the program said of that night, and kept."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outcomes.auditsheets import COURSES, SHEET, write_sheet
from outcomes.cli import main
from outcomes.errors import OutcomesError, UsageError
from outcomes.nights import run_night
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.sampleaudit import Draw, Wish, draw, record, shared_out
from outcomes.witnessing import differing
from tests.conftest import LATER, copied, stored

pytestmark = pytest.mark.usefixtures("no_pages_here")

WISH = Wish(25, 7)


@pytest.fixture(scope="module")
def drawn(after_first, tmp_path_factory) -> tuple[Home, Draw, Path]:
    """A home, 25 courses of its night, and the folder with their sheet."""
    home, folder = (
        copied(after_first, tmp_path_factory.mktemp("audit") / "home"),
        tmp_path_factory.mktemp("sheet") / "audit",
    )
    with opened(home) as con:
        made = draw(con, WISH)
        write_sheet(home, con, made, folder)
    return home, made, folder


def filled(drawn: tuple[Home, Draw, Path], to: Path, wrong: dict[int, dict[str, str]] | None = None) -> Path:
    """The sheet as somebody fills it who finds what the program says, but for what is `wrong`."""
    _, made, folder = drawn
    rows = list(csv.DictReader((folder / SHEET).open()))
    for row, course in zip(rows, made.courses, strict=True):
        row["class"] = course["class"]
        row["baseline"] = str(course["baseline_total"]) if course["class"] in ("observed", "missing") else ""
        row["endpoint"] = str(course["endpoint_total"]) if course["class"] == "observed" else ""
        row["met"] = {"met": "yes", "not_met": "no"}.get(course["status"], row["met"])
        row |= (wrong or {}).get(int(row["number"]), {})
    with to.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    return to


@given(st.dictionaries(st.sampled_from("abcdefgh"), st.integers(1, 500), min_size=1), st.integers(1, 60))
def test_every_status_is_drawn_and_none_more_than_it_has(sizes, n):
    shares = shared_out(sizes, n)
    assert sum(shares.values()) == min(n, sum(sizes.values()))
    assert all(0 <= shares[status] <= size for status, size in sizes.items())
    assert all(shares.values()) or n < len(sizes)


def test_large_statuses_are_drawn_in_proportion():
    assert shared_out({"met": 60, "not_met": 30, "no_score": 10}, 13) == {"met": 7, "not_met": 4, "no_score": 2}
    assert shared_out({"met": 60, "not_met": 30, "no_score": 10}, 2) == {"met": 1, "not_met": 1, "no_score": 0}


def test_a_draw_is_the_same_again_and_another_by_another_seed(drawn):
    home, made, _ = drawn
    with opened(home) as con:
        again, other = draw(con, WISH), draw(con, Wish(25, 8))
        assert (again.name, again.courses) == (made.name, made.courses)
        assert other.name != made.name
        only = draw(con, Wish(10, 7, "response_post_induction", "C01"))
        assert {(c["measure_id"], c["clinic_id"]) for c in only.courses} == {("response_post_induction", "C01")}
        with pytest.raises(UsageError, match="has no endpoint"):
            draw(con, Wish(10, 7, "sustained_response_8_weeks"))
    assert len(made.courses) == len({(c["measure_id"], c["patient_no"], c["course"]) for c in made.courses}) == 25
    assert {c["class"] for c in made.courses} == {"observed", "missing", "waiting", "not eligible"}


def test_the_sheet_shows_every_row_of_the_patient_and_not_what_the_program_says(drawn):
    home, made, folder = drawn
    assert folder.stat().st_mode & 0o077 == 0
    rows = list(csv.DictReader((folder / SHEET).open()))
    assert [(r["class"], r["baseline"], r["endpoint"], r["met"].strip("-")) for r in rows] == [("", "", "", "")] * 25
    parts = (folder / COURSES).read_text().split("-" * 100)[1:]
    for part, course in zip(parts, made.courses, strict=True):
        places = stored(home.published_copy, f"SELECT DISTINCT a.sha256[:12] || ':' || s.line FROM assigned_score AS s JOIN arrival AS a USING (arrival_no) WHERE patient_no = {course['patient_no']}")  # fmt: skip
        assert places
        assert all(f"{place}\n" in part or f"{place} (" in part for (place,) in places)
        assert course["patient_id"] in part
        assert course["status"] not in part.replace("met", "") or course["status"] in ("met", "not_met")
    assert not {course["patient_id"] for course in made.courses} & set((folder / SHEET).read_text().replace("\n", ",").split(","))  # fmt: skip


def test_a_sheet_that_agrees_gives_an_upper_bound(drawn, tmp_path):
    home = copied(drawn[0], tmp_path / "home")
    result, courses = record(home, filled(drawn, tmp_path / "s.csv"), "R. Meyer")
    # Wilson for 0 of 25: z^2 / (25 + z^2).
    assert (result["agreed"], result["disagreed"], result["disagreement_low"]) == (25, 0, 0)
    assert result["disagreement_high"] == pytest.approx(3.841458820694124 / 28.841458820694124)
    assert not any(course["differs"] for course in courses)
    with pytest.raises(UsageError, match="MEYER has recorded this sheet already"):
        record(home, tmp_path / "s.csv", "R. MEYER")


def test_disagreements_are_recorded_with_their_lines_after_later_nights_too(drawn, sample, tmp_path, capsys):
    """The answers are of the night that was drawn from; and a database that was lost has them back."""
    home = copied(drawn[0], tmp_path / "home")
    courses = drawn[1].courses
    seen = next(n for n, c in enumerate(courses, start=1) if c["status"] in ("met", "not_met"))
    missing = next(n for n, c in enumerate(courses, start=1) if c["class"] == "missing")
    wrong = {
        seen: {"met": "no" if courses[seen - 1]["status"] == "met" else "yes", "endpoint": str((courses[seen - 1]["endpoint_total"] + 1) % 28)},
        missing: {"class": "not_eligible", "baseline": ""},
    }  # fmt: skip
    sample.run(LATER, home)
    sheet = filled(drawn, tmp_path / "s.csv", wrong)
    with pytest.raises(SystemExit) as ended:
        main(["sample-audit", "--record", str(sheet), "--by", "R. Meyer", "--home", str(home.root)])
    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert "agreed on 23 of 25 courses of night 1. Disagreement 8% (95% interval 2 to 25)" in said
    query = "SELECT c.number, c.class, c.differs, c.sha256[:12] || ':' || c.line FROM sample_audit_course AS c WHERE differs IS NOT NULL ORDER BY number"
    found = stored(home.published_copy, query)
    assert sorted(row[:3] for row in found) == sorted(
        [(seen, "observed", "endpoint, met"), (missing, "missing", "class")]
    )
    assert all(row[3] in said for row in found)
    score = courses[seen - 1]["score_id"]
    place = f"SELECT sha256[:12] || ':' || line FROM score JOIN arrival USING (arrival_no) WHERE score_id = {score}"
    assert stored(home.published_copy, place) == [(row[3],) for row in found if row[0] == seen]
    (line,) = (home.receipts / "audits.jsonl").read_text().splitlines()
    assert not {course["patient_id"] for course in courses} & set(json.dumps(json.loads(line)).split('"'))
    os.unlink(home.warehouse)
    run_night(home, sample.as_of(LATER))
    assert stored(home.published_copy, query) == found
    with opened(home) as con:
        assert differing(home, con) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"class": ""}, "line 2: class"), ({"class": "observed", "baseline": "", "endpoint": "3", "met": "no"}, "line 2: baseline"),
        ({"class": "observed", "baseline": "28", "endpoint": "3", "met": "no"}, "line 2: baseline"), ({"class": "observed", "baseline": "20", "endpoint": "3", "met": ""}, "line 2: met"),
        ({"number": "2"}, "line 3: number"), ({"draw": "night 1"}, "one draw in all lines"),
    ],
)  # fmt: skip
def test_a_sheet_that_is_not_filled_is_refused_and_nothing_is_recorded(drawn, tmp_path, change, said):
    home = drawn[0]
    with pytest.raises(UsageError, match=said):
        record(home, filled(drawn, tmp_path / "s.csv", {1: change}), "R. Meyer")
    assert not (home.receipts / "audits.jsonl").exists()


def test_a_sheet_that_nobody_has_filled_is_one_short_line(drawn):
    home, _, folder = drawn
    with pytest.raises(UsageError, match=r"line 2: class.*; line 6: class[^;]*; and \d+ more\.$"):
        record(home, folder / SHEET, "R. Meyer")


def test_a_sheet_of_other_courses_is_refused(drawn, tmp_path):
    home = drawn[0]
    text = filled(drawn, tmp_path / "s.csv").read_text()
    (tmp_path / "other.csv").write_text(text.replace("seed 7", "seed 8"))
    with pytest.raises(OutcomesError, match="cannot be drawn again as they were"):
        record(home, tmp_path / "other.csv", "R. Meyer")
    (tmp_path / "none.csv").write_text(text.replace("night 1;", "night 9;"))
    with pytest.raises(UsageError, match="no night 9"):
        record(home, tmp_path / "none.csv", "R. Meyer")
    with pytest.raises(UsageError, match="2 to 80 characters"):
        record(home, tmp_path / "none.csv", "x")
    (tmp_path / "short.csv").write_text("\n".join(text.splitlines()[:-1]) + "\n")
    with pytest.raises(UsageError, match="leave every line in it"):
        record(home, tmp_path / "short.csv", "R. Meyer")


def test_the_folder_must_be_new_and_the_seed_given(drawn, capsys):
    home, _, folder = drawn
    sheet = str(folder / SHEET)
    for words, said in (
        (["--seed", "1", "--out", str(folder)], "new folder"),
        (["--seed", "1"], "--out"),
        (["--seed", "1", "--out", "new", "--as-of", "2026-03-31"], "--as-of: not with a draw"),
        (["--record", sheet, "--by", "R. Meyer", "--clinic", "C01", "--n", "3"], "--n, --clinic: not with --record"),
        (["--list", "--measure", "any"], "--measure: not with --list"),
    ):
        with pytest.raises(SystemExit) as ended:
            main(["sample-audit", *words, "--home", str(home.root)])
        assert ended.value.code == 64
        assert said in capsys.readouterr().err
