"""The corpus of bad and odd files: each has the fate that was written for it, alone and among all the others of a night."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import subprocess
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest

from outcomes.checking import judge
from outcomes.paths import Home
from schemas.clinics import Clinics, read_clinics
from schemas.patients import CONTRACT as PATIENTS
from schemas.scores import CONTRACT as SCORES
from tests.conftest import stored
from tests.corpus import CASES, CLINICS
from tests.nightly import AS_OF, night

pytestmark = pytest.mark.usefixtures("no_pages_here")

ROOT = Path(__file__).parents[1]
CONTRACTS = {"scores": SCORES, "patients": PATIENTS}


@pytest.fixture(scope="session")
def clinics(tmp_path_factory: pytest.TempPathFactory) -> Clinics:
    path = tmp_path_factory.mktemp("corpus") / "clinics.toml"
    path.write_text(CLINICS)
    return read_clinics(path)


def test_it_is_large_and_its_patients_are_apart() -> None:
    assert len(CASES) >= 200
    hashes = [hashlib.sha256(case.data).hexdigest() for case in CASES.values()]
    assert len(set(hashes)) == len(hashes)


@pytest.mark.parametrize("name", CASES)
def test_each_file_alone(name: str, clinics: Clinics) -> None:
    """Every row that the file holds is as it was written down, or set aside for each of the reasons that were."""
    case = CASES[name]
    found = judge([case.data], clinics)
    error = found.refused.get(0)
    said = (error.reason_code, error.kind if error.reason_code == "identifier" else None) if error else None
    assert said == case.fate.refused
    columns = ["line", *CONTRACTS[case.fate.feed].columns]
    good = found.good.get(case.fate.feed)
    rows = good.frame().select(columns).sort("line").rows(named=True) if good is not None else []
    reasons = sorted(found.reasons.select("line", "column_name", "reason_code").rows(), key=str)
    assert (rows, reasons) == (sorted(case.fate.rows, key=lambda row: row["line"]), list(case.fate.aside))
    assert (found.rows_read[0], found.blank[0]) == (case.fate.read, case.fate.blank)


@pytest.fixture(scope="session")
def after(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home to which all files were sent, those of the first night at once."""
    home = Home(tmp_path_factory.mktemp("corpus") / "home")
    home.make()
    home.clinics.write_text(CLINICS)
    for number in (1, 2):
        files = {f"{place:04}": case.data for place, case in enumerate(CASES.values()) if case.night == number}
        night(home, files, AS_OF + dt.timedelta(days=number))
    return home


def of_arrivals(home: Home, query: str) -> dict[str, list[dict[str, Any]]]:
    """Rows of the published copy by the SHA-256 of their file."""
    with duckdb.connect(str(home.published_copy), read_only=True) as con:
        found: dict[str, list[dict[str, Any]]] = {}
        answer = con.execute(query)
        names = [column[0] for column in answer.description or []]
        for values in answer.fetchall():
            row = dict(zip(names, values, strict=True))
            found.setdefault(row.pop("sha256"), []).append(row)
    return found


def test_all_files_in_one_night(after: Home) -> None:
    """The stored rows of each arrival are those that were written down, no more and no fewer, and every row is counted."""
    scores = of_arrivals(
        after,
        "SELECT a.sha256, p.clinic_id, p.patient_id, s.* FROM score s JOIN arrival a USING (arrival_no) JOIN patient p USING (patient_no) ORDER BY s.line",
    )
    patients = of_arrivals(
        after,
        "SELECT a.sha256, p.clinic_id, p.patient_id, s.* FROM patient_row s JOIN arrival a USING (arrival_no) JOIN patient p USING (patient_no) ORDER BY s.line",
    )
    aside = of_arrivals(
        after,
        "SELECT a.sha256, q.line, q.column_name, q.reason_code FROM quarantine q JOIN arrival a USING (arrival_no)",
    )
    ledger = of_arrivals(after, "FROM arrival")
    reasons = of_arrivals(
        after, "SELECT a.sha256, r.reason_code, r.kind FROM refusal r JOIN arrival a USING (arrival_no)"
    )
    for name, case in CASES.items():
        sha = hashlib.sha256(case.data).hexdigest()
        (entry,) = ledger[sha]
        (found,) = reasons.get(sha, [None])
        said = found and (found["reason_code"], found["kind"] if found["reason_code"] == "identifier" else None)
        assert (name, said) == (name, case.fate.refused)
        rows = (scores if case.fate.feed == "scores" else patients).get(sha, [])
        wanted = [as_stored(row) for row in case.fate.stored]
        assert (name, [{key: row[key] for key in each} for row, each in zip(rows, wanted, strict=True)]) == (
            name,
            wanted,
        )
        assert (name, sorted((tuple(row.values()) for row in aside.get(sha, [])), key=str)) == (
            name,
            case.fate.set_aside,
        )
        counts = [entry[f"rows_{what}"] for what in ("read", "accepted", "duplicate", "quarantined", "blank")]
        set_aside = len({line for line, _, _ in case.fate.set_aside})
        assert (name, counts) == (
            name,
            [case.fate.read, len(wanted), len(case.fate.duplicates), set_aside, case.fate.blank],
        )
        assert counts[0] == sum(counts[1:])
    everything = stored(
        after.published_copy,
        "SELECT (SELECT count(*) FROM arrival), (SELECT count(*) FROM score) + (SELECT count(*) FROM patient_row)",
    )
    assert everything == [(len(CASES), sum(len(case.fate.stored) for case in CASES.values()))]


def as_stored(row: dict[str, Any]) -> dict[str, Any]:
    """A row as its table holds it: with what is meant where nothing is said, and without the extract's day, which has a table."""
    held = {name: value for name, value in row.items() if name != "extract_day"}
    held["status"] = held["status"] or "final"
    if "sex" in held:
        return {
            name: "unknown" if value is None and name != "failed_antidepressant_trials" else value
            for name, value in held.items()
        }
    if "recall_period" in held:
        held["recall_period"] = held["recall_period"] or "two_weeks"
        held["dose_mg_per_kg"] = held["dose_mg_per_kg"] and Decimal(str(held["dose_mg_per_kg"]))
    return held


def test_what_every_extract_day_says_is_kept(after: Home) -> None:
    """Also that of a row set aside for another: how far the patient was followed is not what the two differ in."""
    found = of_arrivals(
        after,
        "SELECT a.sha256, p.patient_id, e.extract_day FROM extract_day e JOIN arrival a USING (arrival_no) JOIN patient p USING (patient_no)",
    )
    for case in CASES.values():
        latest: dict[str, int] = {}
        for row in case.fate.rows:
            day = row.get("extract_day")
            if day is not None:
                latest[row["patient_id"]] = max(day, latest.get(row["patient_id"], day))
        said = {row["patient_id"]: row["extract_day"] for row in found.get(hashlib.sha256(case.data).hexdigest(), [])}
        assert (case.name, said) == (case.name, latest)


def test_it_can_be_written_to_a_folder(tmp_path: Path) -> None:
    """The same files each time, beside clinics.toml and the fates in expected.json."""
    for folder in ("one", "two"):
        subprocess.run([sys.executable, "-m", "tests.corpus", str(tmp_path / folder)], check=True, cwd=ROOT)
    one, two = ({p.name: p.read_bytes() for p in sorted((tmp_path / folder).iterdir())} for folder in ("one", "two"))
    assert one == two
    assert len(one) == len(CASES) + 2
    assert len(json.loads(one["expected.json"])) == len(CASES)
