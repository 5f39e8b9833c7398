"""What `make bench` runs beside the program is what it says it is. The measuring itself is done there."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from schemas.scores import ITEMS
from tests.test_door import row, written

BENCH = Path(__file__).parents[1] / "bench"
OUTCOMES = Path(sys.executable).with_name("outcomes")
# Files that one part each of the search refuses which ungated.py is without, and the reason.
SOUGHT = {
    "identifier": written(row(patient_id="123-45-6789")),
    "identifier in a ragged line": written(row(), "C01,P-002,jane.doe@example.org"),
    "coding_shift": written(*(row(patient_id=f"P-{n}", total="", **{item: str(1 + n % 4) for item in ITEMS}) for n in range(8))),
    "one_fault_all_through": written(*(row(patient_id=f"P-{n}", total="50") for n in range(30))),
}  # fmt: skip


@pytest.mark.parametrize("sought", SOUGHT)
def test_the_program_without_its_search_takes_what_the_search_refuses(sought: str, tmp_path: Path) -> None:
    (tmp_path / "file.csv").write_bytes(SOUGHT[sought])
    said = [
        subprocess.run(
            [sys.executable, "-B", script, "check", "--format", "json", tmp_path / "file.csv"],
            capture_output=True, text=True, check=True,
        ).stdout
        for script in (OUTCOMES, BENCH / "ungated.py")
    ]  # fmt: skip
    refused = [[file["refused_because"] for file in json.loads(each)] for each in said]
    assert refused == [[sought.split()[0]], [None]]
