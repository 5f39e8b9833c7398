"""Two homes in one lake: the same rows and the same numbers as one home that has the files of both."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from outcomes import lakes
from outcomes.errors import OutcomesError, UsageError
from outcomes.lakederiving import derive_lake
from outcomes.lakes import attached_lake, create, push
from outcomes.nights import run_night
from outcomes.paths import Home
from tests.conftest import FIRST, LATER, Made, answers, copied

# What a clinician, an auditor and a statistician would compare: every score with where it came from, every rate and comparison.
# Not the numbers that a store gives its rows.
SAID = (
    """SELECT clinic_id, patient_id, sha256, s.* EXCLUDE (score_id, arrival_no, patient_no) FROM score AS s
    JOIN arrival USING (arrival_no) JOIN patient USING (patient_no)""",
    "SELECT clinic_id, patient_id, sha256, e.extract_day FROM extract_day AS e JOIN arrival USING (arrival_no) JOIN patient USING (patient_no)",
    "SELECT sha256, q.* EXCLUDE (arrival_no) FROM set_aside AS q JOIN arrival USING (arrival_no)",
    "FROM rate",
    "FROM comparison",
)


def digest(store: Path) -> str:
    """Of what a store says, whatever the order of its rows: SHA-256 over their texts, sorted."""
    return hashlib.sha256(json.dumps([sorted(map(repr, rows)) for rows in answers(store, *SAID)]).encode()).hexdigest()


def sent_to(sample: Made, night: str, home: Home, clinics: tuple[str, ...], *, rest: bool = False) -> None:
    """The files of some clinics of a night, and with `rest` those that are no clinic's; and the clinics' entries."""
    home.inbox.mkdir(parents=True, exist_ok=True)
    for path in sorted(sample.folder(night).iterdir()):
        if path.name.startswith(clinics) or (rest and not path.name.startswith("C0")):
            shutil.copyfile(path, home.inbox / path.name)
    head, *entries = (sample.root / "clinics.toml").read_text("utf-8").split("[clinics.")
    home.clinics.write_text(
        head + "".join(f"[clinics.{e}" for e in entries if any(c in e.partition("]")[0] for c in clinics))
    )


@pytest.fixture(scope="module")
def two(sample: Made, no_pages_here: None, tmp_path_factory: pytest.TempPathFactory) -> tuple[Home, Home]:
    """The sample's first night in two homes: one has one clinic of three."""
    root = tmp_path_factory.mktemp("two")
    homes = Home(root / "a"), Home(root / "b")
    sent_to(sample, FIRST, homes[0], ("C01",), rest=True)
    sent_to(sample, FIRST, homes[1], ("C02", "C03"))
    for home in homes:
        run_night(home, sample.as_of(FIRST))
    return homes


@pytest.fixture(scope="module")
def lake(two: tuple[Home, Home], tmp_path_factory: pytest.TempPathFactory) -> str:
    """A lake with a catalog in a file, which one writer at a time may open, and both homes in it."""
    folder = tmp_path_factory.mktemp("lake")
    catalog = str(folder / "catalog.ducklake")
    create(catalog, folder / "data")
    for home in two:
        push(home, catalog)
    return catalog


def rows_in(catalog: str) -> dict[str, int]:
    """How many rows each table of a lake has."""
    with attached_lake(catalog) as con:
        names = [
            row[0]
            for row in con.execute("SELECT table_name FROM duckdb_tables() WHERE database_name = 'lake'").fetchall()
        ]
        return {name: con.execute(f"SELECT count(*) FROM lake.{name}").fetchone()[0] for name in names}


def test_what_is_derived_from_the_lake_is_what_one_home_says(lake, after_first, tmp_path):
    made = derive_lake(lake, Home(tmp_path / "all"))
    assert made.homes == 2
    assert digest(tmp_path / "all" / "published" / "outcomes.duckdb") == digest(after_first.published_copy)


def test_a_push_adds_what_is_new_and_nothing_twice(lake, two):
    before = rows_in(lake)
    again = push(two[0], lake)
    assert set(again.rows.values()) == {0}
    after = rows_in(lake)
    assert after == before | {"push": 3, "clinic": before["clinic"] + 1}


def test_the_next_night_of_each_home_follows_in_the_lake(lake, two, sample, after_later, tmp_path):
    """Corrections, contradictions and files of another night, and a home that is late in between."""
    catalog, homes = str(tmp_path / "catalog.ducklake"), [copied(home, tmp_path / home.root.name) for home in two]
    create(catalog, tmp_path / "data")
    for home in homes:
        push(home, catalog)
    for home, clinics, rest in ((homes[0], ("C01",), True), (homes[1], ("C02", "C03"), False)):
        sent_to(sample, LATER, home, clinics, rest=rest)
        run_night(home, sample.as_of(LATER))
        push(home, catalog)
        if rest:
            with pytest.raises(OutcomesError, match=r"stand at different dates, .* push again"):
                derive_lake(catalog, Home(tmp_path / "all"))
    derive_lake(catalog, Home(tmp_path / "all"))
    assert digest(Home(tmp_path / "all").published_copy) == digest(after_later.published_copy)


def test_files_of_the_lake_are_encrypted_and_private(lake, two):
    data = Path(lake).with_name("data")
    files = [path for path in data.rglob("*") if path.is_file()]
    assert len(files) > 10
    assert {path.read_bytes()[:4] for path in files} == {b"PARE"}, "the mark of an encrypted Parquet file"
    assert data.stat().st_mode & 0o077 == 0
    with duckdb.connect() as con, pytest.raises(duckdb.Error):
        con.execute(f"SELECT count(*) FROM read_parquet('{files[0]}')").fetchall()
    # The catalog has the least and the greatest of each column of a file, and the keys: it is to be kept as the store is. Rows it
    # has not.
    (patients,) = answers(two[1].warehouse, "SELECT list(patient_id) FROM patient")
    assert len(patients[0][0]) > 20
    assert 0 < sum(patient.encode() in Path(lake).read_bytes() for patient in patients[0][0]) <= 4


def test_a_row_that_was_changed_in_the_lake_is_found_by_the_ledger(lake, tmp_path):
    spoilt = tmp_path / "lake"
    shutil.copytree(Path(lake).parent, spoilt)
    catalog = str(spoilt / "catalog.ducklake")
    with lakes.connected() as con:
        con.execute(f"ATTACH 'ducklake:{catalog}' AS lake (DATA_PATH '{spoilt}/data/', OVERRIDE_DATA_PATH true)")
        con.execute("UPDATE lake.score SET item_1 = (item_1 + 1) % 4 WHERE score_id = 7")
        con.execute("DETACH lake")
    with pytest.raises(OutcomesError, match=r"The rows of \d files in the lake are not those of their ledger entries"):
        derive_lake(catalog, Home(tmp_path / "all"))
    assert not Home(tmp_path / "all").published_copy.exists()


def test_what_cannot_be_pushed_or_derived_is_said(lake, two, after_first, tmp_path):
    with pytest.raises(UsageError, match="a lake in that catalog already"):
        create(lake, tmp_path / "data")
    with pytest.raises(UsageError, match="without its password"):
        push(two[0], "postgres:dbname=lake password=hunter2")
    with pytest.raises(OutcomesError, match="could not be opened") as caught:
        push(two[0], str(tmp_path / "none.ducklake"))
    assert "none.ducklake" not in str(caught.value)
    with pytest.raises(UsageError, match="has no warehouse"):
        push(Home(tmp_path / "nowhere"), lake)
    with pytest.raises(UsageError, match="a home with nights of its own"):
        derive_lake(lake, after_first)


def test_a_clinic_of_two_homes_is_refused(two, after_first, tmp_path):
    catalog = str(tmp_path / "catalog.ducklake")
    create(catalog, tmp_path / "data")
    for home in (two[1], after_first):
        push(home, catalog)
    with pytest.raises(OutcomesError, match="2 clinics stand in more than one home"):
        derive_lake(catalog, Home(tmp_path / "all"))


def test_a_home_that_was_set_back_adds_nothing(lake, two, tmp_path):
    """Its ledger is not the one that the lake has the beginning of: another history of the same home."""
    behind = copied(two[0], tmp_path / "behind")
    with duckdb.connect(str(behind.warehouse)) as con:
        con.execute("DELETE FROM score WHERE arrival_no = (SELECT max(arrival_no) FROM score)")
    before = rows_in(lake)
    with pytest.raises(OutcomesError, match="has rows of score that this home has not"):
        push(behind, lake)
    with duckdb.connect(str(behind.warehouse)) as con:
        con.execute("UPDATE arrival SET hash = 'x' WHERE arrival_no = (SELECT max(arrival_no) FROM arrival)")
    with pytest.raises(OutcomesError, match="is not part of its ledger"):
        push(behind, lake)
    assert rows_in(lake) == before


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """A catalog on a PostgreSQL of this test alone, on a socket in its folder: it listens on no port."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    if not found:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="pg"))  # a socket's path has few characters
    user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    if user:
        shutil.chown(folder, "postgres")

    def ran(name: str, *given: str) -> None:
        subprocess.run([*user, str(found[-1].with_name(name)), *given], cwd=folder, check=True, capture_output=True)

    try:
        ran("initdb", "-D", str(folder / "d"), "-A", "trust", "-U", "lake", "--no-sync")
        ran(
            "pg_ctl",
            "-D",
            str(folder / "d"),
            "-w",
            "-l",
            str(folder / "log"),
            "-o",
            f"-c listen_addresses='' -k {folder} -F",
            "start",
        )
        try:
            yield f"postgres:dbname=postgres host={folder} user=lake"
        finally:
            ran("pg_ctl", "-D", str(folder / "d"), "-m", "immediate", "stop")
    finally:
        shutil.rmtree(folder)


@pytest.mark.nightly
def test_homes_that_push_at_once_into_postgres_give_the_same_numbers(two, after_first, postgres, tmp_path):
    """As processes, both at once, five times: what is there is not pushed again, and no push is lost."""
    create(postgres, tmp_path / "data")
    command = [
        sys.executable,
        "-c",
        "import sys\nfrom outcomes.cli import main\nmain(sys.argv[1:])",
        "lake",
        "push",
        "--catalog",
        postgres,
        "--home",
    ]
    for _ in range(5):
        pushes = [
            subprocess.Popen([*command, str(home.root)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True)
            for home in two
        ]
        assert [(process.communicate()[1], process.returncode) for process in pushes] == [("", 0), ("", 0)]
    assert rows_in(postgres)["push"] == 10
    derive_lake(postgres, Home(tmp_path / "all"))
    assert digest(Home(tmp_path / "all").published_copy) == digest(after_first.published_copy)
