"""No identifier gets out: what a refused or set aside cell, header, comment or file name held is written nowhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from outcomes.paths import Home
from tests.nightly import asked, written
from tests.test_door import HEAD, LINE, PLAIN, parquet, row
from tests.test_door import written as csv
from tests.test_formats import excel, lines_of, zipped

CANARIES = {
    "name": "Zebulon Quartermain",
    "email": "zebulon.q@canary-mail.example",
    "phone": "555-867-5309",
    "ssn": "078-05-1120",
    "mrn": "MRN-7730194",
    "date": "1961-03-17",
}
COMMAND = Path(sys.executable).with_name("outcomes")


def planted() -> dict[str, bytes]:
    """Files that hold each canary in a cell, a quoted cell, a ragged line, the header, a comment, and other formats."""
    files = {"good_of Zebulon Quartermain 555-867-5309.csv": csv(row())}
    for n, (kind, value) in enumerate(CANARIES.items()):
        for column in ("patient_id", "clinic_id", "days_since_first_infusion", "item_2", "total", "timepoint"):
            files[f"{kind}_{column}.csv"] = csv(row(patient_id=f"K-{n}"), row(**{column: value}))
        files[f"{kind}_drug.csv"] = csv(row(patient_id=f"L-{n}"), row(drug=value))
        files[f"{kind}_ragged.csv"] = csv(row(patient_id=f"M-{n}"), f"{LINE},{value}", "C01," + value)
        files[f"{kind}_quoted.csv"] = csv(row(patient_id=f"N-{n}"), row(patient_id=f'"{value}, x"'))
        files[f"{kind}_column.csv"] = f"{HEAD},{value}\n{LINE},1\n".encode()
        files[f"{kind}_comment.csv"] = f"# {value}\n".encode() + csv(row(patient_id=f"O-{n}"))
        files[f"{kind}_last.csv"] = csv(row(patient_id=f"R-{n}"), f"# {value}")
        files[f"{kind}_no_header.csv"] = (LINE.replace("P-001", value) + "\n").encode()
        files[f"{kind}.parquet"] = parquet(PLAIN | {"patient_id": value})
        files[f"{kind}.xlsx"] = excel(row(patient_id=value), sheet=value)
        files[f"{kind}.ndjson"] = lines_of(row(patient_id=f"S-{n}"), row(patient_id=value))
        files[f"{kind}_cut.ndjson"] = lines_of(row(patient_id=f"T-{n}"), f'{{"patient_id": "{value}", "tim')
        files[f"{kind}.zip"] = zipped((f"{value}.csv", csv(row(patient_id=value))), comment=value.encode())
        files[f"{kind}_two.zip"] = zipped((f"{value}.csv", csv(row())), (f"{value}.txt", value.encode()))
        files[f"{kind}_{value}.csv.gz"] = b"\x1f\x8b" + value.encode()
    return files


def run(*words: str | Path) -> tuple[int, str]:
    environment = {k: v for k, v in os.environ.items() if not k.startswith("OUTCOMES")}
    done = subprocess.run([COMMAND, *words], capture_output=True, text=True, env=environment, timeout=120, check=False)
    return done.returncode, done.stdout + done.stderr


def test_planted_identifiers_are_found_nowhere(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    home.make()
    sent = tmp_path / "sent"
    sent.mkdir()
    for name, data in planted().items():
        (sent / name).write_bytes(data)
        (home.inbox / name).write_bytes(data)
    paths = sorted(sent.iterdir())
    said = [run("nightly", "--home", home.root, "--as-of", "2026-01-31", "--no-prefect")]
    said += [run("check", *paths, "--home", home.root, "--format", how) for how in ("table", "csv", "json")]
    said += [run("status", "--home", home.root), run("quarantine", "--home", home.root, "--format", "csv")]
    assert [code for code, _ in said] == [0] * len(said)
    assert asked(home, "SELECT count(*) FROM score") == [(1,)]
    for kind, value in CANARIES.items():
        for form in (value.encode(), value.split()[-1].encode(), value.encode("utf-16-le")):
            assert not any(form in words.encode() for _, words in said), kind
            for path in written(home.root):
                if path.parent not in (home.held, home.archive, home.refused):
                    assert form not in path.read_bytes(), (kind, path.relative_to(home.root))
                    assert form not in str(path.relative_to(home.root)).encode(), kind


def test_an_error_about_a_path_does_not_say_it(tmp_path: Path) -> None:
    """`outcomes check` numbers files: a name can identify."""
    code, words = run("check", tmp_path / "Zebulon Quartermain.csv")
    assert code == 64
    assert "Quartermain" not in words
