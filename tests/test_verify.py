"""Verify names every kind of tampering by its check, and accuses no home that is as it was left. Rebuild gives it again."""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from outcomes import inbox, nights, notifying
from outcomes.attributing import difference
from outcomes.backups import backup, restore
from outcomes.cli import main
from outcomes.deriving import derive
from outcomes.destroying import destroy, erase
from outcomes.errors import BusyError, OutcomesError
from outcomes.exporting import export
from outcomes.laying import TABLES
from outcomes.ledger import ENTRY, NO_HASH, entry_hash
from outcomes.loading import Night
from outcomes.merging import Wanted, change
from outcomes.nightreceipts import DIGESTED
from outcomes.nights import run_night
from outcomes.pages.writing import write_pages
from outcomes.paths import Home
from outcomes.publishedcopy import publish_copy
from outcomes.rebuilding import rebuild
from outcomes.receipts import write_receipts
from outcomes.releases import run_release
from outcomes.reviewing import acknowledge
from outcomes.signatures import sign
from outcomes.summary import rows_of
from outcomes.verifying import objects, verify
from outcomes.verifying.checks import DIFFERS, NOT_CHECKED, OK
from outcomes.verifying.published import reports
from tests.conftest import FIRST, LATER, Made, copied, stored
from tests.drawnnights import HEADER, course
from tests.test_erasing import GIVEN, OTHER, TAKEN_BACK
from tests.test_quarantine_life import again, file, line, register, sha
from tests.test_quarantine_life import run as run_quarantined

BY = "R. Meyer"


@pytest.fixture(scope="module", autouse=True)
def _laid_once(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """What this program lays is the same for every test here, and takes as long as all the rest."""
    nowhere = Home(tmp_path_factory.mktemp("nowhere"))
    with objects.laid_anew(nowhere) as con, pytest.MonkeyPatch.context() as patched:
        patched.setattr(objects, "laid_anew", lambda _: contextlib.nullcontext(con))
        yield


@pytest.fixture(scope="module")
def lived(after_first: Home, sample: Made, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which everything was done that can be between two nights: to read or to copy."""
    home = copied(after_first, tmp_path_factory.mktemp("lived") / "home")
    (clinic, one, other) = stored(
        home.warehouse,
        "SELECT clinic_id, min(patient_id), max(patient_id) FROM patient WHERE clinic_id = 'C01' GROUP BY 1",
    )[0]
    change(home, [Wanted(clinic, one, other, 0)], BY)
    acknowledge(home, [row[0] for row in stored(home.warehouse, "SELECT score_id FROM item_9_review LIMIT 2")], BY)
    destroy(
        home,
        stored(home.warehouse, "SELECT min(sha256) FROM arrival WHERE refused_because IS NOT NULL")[0][0],
        BY,
        None,
    )
    run_release(home, "A")
    export(home)
    sample.run(LATER, home)
    (arrival, patient) = stored(
        home.warehouse,
        "SELECT a.sha256, p.patient_id FROM score JOIN arrival AS a USING (arrival_no) JOIN patient AS p USING (patient_no) WHERE clinic_id = 'C02' ORDER BY score_id DESC LIMIT 1",
    )[0]
    change(home, [Wanted("C02", patient, None, 0, arrival)], BY)
    return home


def found(home: Home, **more: Any) -> dict[str, str]:
    """Each check that finds a difference, with where."""
    return {check.name: check.where for check in verify(home, **more).checks if check.result == DIFFERS}


def assert_clean(home: Home, **more: Any) -> None:
    said = verify(home, **more)
    assert [check for check in said.checks if check.result != OK] == []
    assert said.unfinished is None


def edit(path: Path, *statements: str) -> None:
    with duckdb.connect(str(path)) as con:
        for statement in statements:
            con.execute(statement)


# A clean home


def test_a_home_with_everything_in_it_is_clean_and_comes_again_from_its_archive(lived, tmp_path):
    """Joined and split pseudonyms, acknowledgements, a destroyed file, a release and an edition; read, moved, and rebuilt."""
    before = {path: path.read_bytes() for path in sorted(lived.root.rglob("*")) if path.is_file()}
    assert_clean(lived, from_archive=True)
    assert {path: path.read_bytes() for path in sorted(lived.root.rglob("*")) if path.is_file()} == before
    home = copied(lived, tmp_path / "elsewhere" / "home")
    digest = verify(home).digest
    home.warehouse.unlink()
    said = rebuild(home, check=False)
    assert (said.before, said.digest, said.in_place) == (None, digest, True)
    assert_clean(home)


def test_nights_that_bring_nothing_leave_a_home_clean(sample, lived, tmp_path):
    """Of a date of their own, then of the same one twice, where nothing is derived again."""
    home = copied(lived, tmp_path / "home")
    for days in (1, 1, 1):
        run_night(home, sample.as_of(LATER) + dt.timedelta(days=days))
        assert_clean(home)
    assert stored(home.warehouse, "SELECT night FROM derived") == stored(home.warehouse, "SELECT max(night) FROM night")
    digest = verify(home).digest
    assert rebuild(home, check=True).digest == digest


def test_an_unfinished_night_is_said_and_not_accused_and_once_healed_the_home_is_clean(sample, after_first, tmp_path):
    """Killed behind each of its steps."""
    home = copied(after_first, tmp_path / "home")
    sample.send(LATER, home)
    night: Any = Night(home, sample.as_of(LATER))
    for _, step in nights.BEFORE_MANIFEST:
        night = step(night, None)
    for step in (None, *(step for _, step in nights.AFTER_MANIFEST)):
        night = step(night, None) if step else night
        said = verify(home)
        assert {check.name for check in said.checks if check.result == DIFFERS} == set()
        assert {check.name for check in said.checks if check.result == NOT_CHECKED} >= {
            "warehouse",
            "derived",
            "reports",
        }
        assert said.unfinished is not None
        assert said.unfinished.startswith("A night is unfinished.")
    run_night(home, sample.as_of(LATER))
    assert_clean(home)


def test_an_older_database_is_named_and_after_the_night_that_heals_it_all_is_as_before(
    sample, after_first, after_later, tmp_path
):
    """Also what no archive can bring back: nights that brought nothing, their versions, and the rate log."""
    home = copied(after_later, tmp_path / "home")
    shutil.copyfile(after_first.warehouse, home.warehouse)
    where = found(home)
    assert {"receipts", "nights", "rate log", "archive", "published copy"} <= set(where)
    assert "older than its receipts" in where["receipts"]
    run_night(home, sample.as_of(LATER))
    assert_clean(home)
    home.warehouse.unlink()
    assert set(found(home)) == {"warehouse"}
    run_night(home, sample.as_of(LATER))
    assert_clean(home)
    for query in ("SELECT * FROM rate_log ORDER BY entry", "SELECT * FROM night WHERE night < 3 ORDER BY night"):
        assert stored(home.warehouse, query) == stored(after_later.warehouse, query)
    assert stored(home.warehouse, "SELECT max(night) FROM night") == [(4,)]


def test_a_first_night_that_registers_its_clinics_is_clean(tmp_path):
    home = Home(tmp_path / "home")
    home.make()
    (home.inbox / "rows.csv").write_text("\n".join([HEADER, *course("ann1", 8), *course("bob1", None)]) + "\n")
    run_night(home, dt.date(2026, 1, 31))
    assert_clean(home)


def test_files_read_again_and_what_is_said_after_a_night_are_no_difference(tmp_path):
    """Set aside for a clinic that was unknown, with a contradiction, and read again; then shared and looked at."""
    home = Home(tmp_path / "home")
    register(home, "C01")
    one = file(line("C02", "p1", 20), line("C02", "p2", 18), line("C01", "p1", 9))
    run_quarantined(home, 1, one, file(line("C02", "p1", 12), line("C01", "p1", 8)))
    register(home, "C01", "C02")
    again(home, reason="unknown_clinic")
    run_quarantined(home, 2, file(line("C01", "p1", 7)))
    export(home)
    assert_clean(home)
    assert rebuild(home, check=True).equal
    assert stored(home.warehouse, "SELECT count(read_again_of) FROM arrival") == [(2,)]


def test_what_was_signed_since_the_night_is_no_difference_of_its_summary(after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    sign(home, "measure", "response_post_induction", BY, None, None)
    assert reports(home).result == OK
    home.summary.write_text(home.summary.read_text("utf-8").replace('"met": ', '"met": 1', 1), "utf-8")
    said = reports(home)
    assert (said.result, "rates" in said.where) == (DIFFERS, True), said


def test_verify_and_diff_keep_to_the_memory_that_the_settings_give(sample, after_first, tmp_path, monkeypatch):
    """Both read the whole store, beside whatever else the machine is for."""
    home = copied(after_first, tmp_path / "home")
    monkeypatch.setenv("OUTCOMES_LIMITS_MEMORY", "1GB")
    connect, limits = duckdb.connect, []

    def listening(*given: Any, **more: Any) -> duckdb.DuckDBPyConnection:
        limits.append(more.get("config", {}).get("memory_limit"))
        return connect(*given, **more)

    monkeypatch.setattr(duckdb, "connect", listening)
    assert_clean(home)
    day = sample.as_of(FIRST).isoformat()
    assert difference(home, day, day).rates == []
    assert len(limits) > 4
    assert set(limits) == {"1GB"}


def test_a_night_that_runs_makes_it_wait(after_first):
    with after_first.lock.open("a") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        for command in (verify, lambda home: rebuild(home, check=True)):
            with pytest.raises(BusyError):
                command(after_first)


def test_a_home_whose_last_night_had_other_rules_is_not_accused(after_first, tmp_path, monkeypatch):
    """Verified before the first night of a new version of the program, with new data files."""
    home = copied(after_first, tmp_path / "home")
    monkeypatch.setattr("outcomes.standing.sql_digest", lambda: "another")
    said = verify(home)
    assert {check.name for check in said.checks if check.result == NOT_CHECKED} == {"warehouse", "program"}
    assert not said.differs
    assert said.unfinished is not None
    assert "another program" in said.unfinished
    with pytest.raises(OutcomesError, match="another program"):
        rebuild(home, check=True)


def test_a_home_of_an_earlier_version_is_clean_from_its_next_night_on(sample, after_first, tmp_path):
    """Its nights have left no receipt, and say no digests."""
    home = copied(after_first, tmp_path / "home")
    (home.receipts / "nights.jsonl").unlink()
    (home.receipts / "rates.jsonl").unlink()
    edit(home.warehouse, "ALTER TABLE night DROP COLUMN program_digest", "ALTER TABLE night DROP COLUMN lock_digest",
         "COMMENT ON TABLE score IS 'As it was said then.'", "UPDATE laid SET sql_digest = 'another'")  # fmt: skip
    sample.run(LATER, home)
    assert_clean(home)
    assert rebuild(home, check=True).equal


# Tampering: each with the checks that must name it, and no others


def republished(home: Home, *statements: str) -> None:
    """The warehouse edited, and the published copy made of it."""
    edit(home.warehouse, *statements)
    publish_copy(home)


def cut(home: Home, name: str, lines: int) -> None:
    path = home.receipts / name
    path.write_bytes(b"".join(path.read_bytes().splitlines(keepends=True)[:-lines]))


def exchanged(home: Home) -> None:
    """Two files of the archive in each other's place."""
    one, other = sorted(home.archive.iterdir())[:2]
    first, second = one.read_bytes(), other.read_bytes()
    one.write_bytes(second)
    other.write_bytes(first)


def replaced_line(path: Path, number: int, **said: Any) -> None:
    lines = path.read_text().splitlines()
    lines[number] = json.dumps(json.loads(lines[number]) | said, separators=(",", ":"))
    path.write_text("\n".join(lines) + "\n")


A_SCORE = "(SELECT min(score_id) FROM score WHERE item_10 IS NULL AND items_answered = 9)"
# Homes; in each of them some kinds of tampering, with the checks that must name them, and what they must say.
Kinds = dict[str, tuple[Callable[[Home], object], dict[str, str]]]
TAMPERED: dict[str, Kinds] = {
    "score": {
        "edited score": (lambda h: republished(h, f"UPDATE score SET item_10 = 3 WHERE score_id = {A_SCORE}"), {"rows": "edited, removed or added"}),
        "edited date of a night": (lambda h: republished(h, "UPDATE night SET as_of = as_of - 1 WHERE night = 1"), {"nights": "night 1: as_of not as in nights.jsonl"}),
        "exchanged archive files": (exchanged, {"archive": "other bytes than its hash says"}),
    },
    "row less": {
        "deleted row": (lambda h: republished(h, "DELETE FROM patient_row WHERE patient_row_id = 3"), {"rows": "edited, removed or added", "nights": "patient_row is not as night 2 left it"}),
        "edited benchmark": (lambda h: republished(h, "UPDATE benchmark SET caveat = 'none' WHERE position = 1"), {"data files": "benchmark: ", "derived": "definition_digest: "}),
        "changed macro": (lambda h: republished(h, "CREATE OR REPLACE MACRO age_band(age) AS 'unknown'"), {"program": "macro age_band is not"}),
        "receipts cut in the middle of a line": (lambda h: os.truncate(h.receipts / "rates.jsonl", (h.receipts / "rates.jsonl").stat().st_size - 9), {"rate log": "its last line is cut"}),
    },
    "row more": {
        "inserted row": (lambda h: republished(h, "INSERT INTO patient_row SELECT * REPLACE (9999 AS patient_row_id, 9999 AS arrival_no) FROM patient_row WHERE patient_row_id = 3"), {"rows": "arrival 9999: ", "nights": "patient_row is not as night 2 left it"}),
        "edited clinic": (lambda h: republished(h, "UPDATE clinic SET name = 'Another' WHERE clinic_id = 'C01'"), {"data files": "clinic: C01"}),
        "changed comment": (lambda h: republished(h, "COMMENT ON COLUMN score.total IS 'Another.'"), {"program": "column score.total is not"}),
        "changed view": (lambda h: republished(h, "CREATE OR REPLACE VIEW main.attrition AS SELECT 1 AS x"), {"program": "view attrition is not"}),
        "removed archive file": (lambda h: min(h.archive.iterdir()).unlink(), {"archive": "is missing from archive/"}),
        "removed refused file": (lambda h: min(h.refused.iterdir()).unlink(), {"archive": "is missing from refused/"}),
        "a file that never arrived": (lambda h: (h.archive / ("a" * 64)).write_bytes(b"x"), {"archive": "aaaaaaaaaaaa in archive/ is in no ledger entry"}),
    },
    "entry less": {
        "removed ledger entry": (lambda h: republished(h, "DELETE FROM arrival WHERE arrival_no = 3"), {"ledger": "breaks at arrival 4", "receipts": "arrival 3 of receipts.jsonl not in the database", "rows": "arrival 3: ", "archive": "is in no ledger entry", "counts": "of arrival 3, which the ledger has not"}),
    },
    "last entry less": {
        "removed last ledger entry": (lambda h: republished(h, "DELETE FROM arrival WHERE arrival_no = (SELECT max(arrival_no) FROM arrival)"), {"receipts": "older than its receipts", "rows": "edited, removed or added", "archive": "is in no ledger entry", "nights": "night 2: ", "reports": "summary.json"}),
    },
    "other entry": {
        "edited ledger entry": (lambda h: republished(h, "UPDATE arrival SET format = 'parquet' WHERE arrival_no = 2"), {"ledger": "breaks at arrival 2", "receipts": "arrival 2: format"}),
        "edited rate": (lambda h: republished(h, "UPDATE rate SET met = met + 1 WHERE clinic_id = 'C01' AND observed > met + 1"), {"derived": "rate: ", "reports": "rates not as in the published copy"}),
        "cut log of nights": (lambda h: cut(h, "nights.jsonl", 1), {"nights": "night 2 not in nights.jsonl: it was cut"}),
    },
    "cut": {
        "cut log of rates": (lambda h: republished(h, "DELETE FROM rate_log WHERE entry = (SELECT max(entry) FROM rate_log)"), {"rate log": "older than its receipts", "nights": "rate_log is not as night 2 left it"}),
        "cut receipts": (lambda h: cut(h, "receipts.jsonl", 2), {"receipts": "it was cut"}),
        "edited score of the copy": (lambda h: edit(h.published_copy, f"UPDATE score SET item_10 = 3 WHERE score_id = {A_SCORE}"), {"published copy": "score: "}),
    },
    "receipts": {
        "edited receipt": (lambda h: replaced_line(h.receipts / "receipts.jsonl", 1, rows_accepted=9), {"receipts": "arrival 2: rows_accepted"}),
        "edited receipt of a night": (lambda h: replaced_line(h.receipts / "nights.jsonl", 0, as_of="2020-01-01"), {"nights": "the chain breaks at night 1"}),
        "changed macro of the copy": (lambda h: edit(h.published_copy, "CREATE OR REPLACE MACRO age_band(age) AS 'unknown'"), {"published copy": "macro age_band is not"}),
        "edited summary": (lambda h: h.summary.write_text(h.summary.read_text().replace('"accepted": ', '"accepted": 1', 1)), {"reports": "summary.json: rows"}),
    },
    "damaged": {
        "a database cut short": (lambda h: h.warehouse.write_bytes(h.warehouse.read_bytes()[:4096]), {"warehouse": "it cannot be opened"}),
    },
}  # fmt: skip


@pytest.mark.parametrize("which", TAMPERED)
def test_each_kind_of_tampering_is_named_by_its_check_and_by_no_other(which, after_later, tmp_path):
    home = copied(after_later, tmp_path / "home")
    for tamper, _ in TAMPERED[which].values():
        tamper(home)
    where = found(home)
    assert set(where) == {check for _, said in TAMPERED[which].values() for check in said}
    for kind, (_, said) in TAMPERED[which].items():
        assert {check: words in where[check] for check, words in said.items()} == dict.fromkeys(said, True), kind


def test_stored_tables_that_the_ledger_does_not_digest_are_witnessed_by_the_receipt_of_the_night(after_later, tmp_path):
    home = copied(after_later, tmp_path / "home")
    republished(
        home,
        "UPDATE patient SET patient_id = patient_id || '0' WHERE patient_no = 5",
        "UPDATE extract_day SET extract_day = extract_day + 1 WHERE arrival_no = (SELECT min(arrival_no) FROM extract_day)",
        "INSERT INTO score_event SELECT 9999, 1, false, 'retracted', 1, 1, 2",
        "INSERT INTO patient_row_event SELECT 9999, 1, false, 'retracted', 1, 1, 2",
        "DELETE FROM quarantine WHERE rowid = (SELECT min(rowid) FROM quarantine)",
        "UPDATE note SET note_code = 'another' WHERE rowid = (SELECT min(rowid) FROM note)",
        "UPDATE rule_count SET rows_failed = rows_failed + 1 WHERE rowid = 0",
        "UPDATE rate_log SET met = 0 WHERE met > 0",
        "UPDATE score SET line = 9999 WHERE score_id = 1",
        "UPDATE patient_row SET patient_row_id = 9999 WHERE patient_row_id = 1",
    )
    where = found(home)["nights"]
    assert {table for table in DIGESTED if f"{table} is not as night 2 left it" in where} | {"score", "patient_row"} >= set(list(DIGESTED)[:8])  # fmt: skip
    assert "and 2 more" in where


def test_every_stored_table_has_a_witness(after_first):
    """A new table must say here which check holds it to something outside the database."""
    witnessed = {
        "receipts": {"arrival", "refusal"},
        "nights": {"night", "laid", *DIGESTED},
        "program": {"store_version"},
        "data files": {
            "rules",
            "measure",
            "benchmark",
            "claim",
            "cusum_rule",
            "reason",
            "glossary",
            "cookbook",
            "clinic",
            "clinic_cadence",
        },
        "acknowledgements": {"acknowledgement"},
        "identity": {"identity_change"},
        "destroyed": {"destroyed"},
        "signature": {"signature"},
        "benchmark change": {"benchmark_change"},
        "sample audit": {"sample_audit", "sample_audit_course"},
        "editions": {"shared_edition", "shared_cell", "shared_verdict"},
        "releases": {"release", "release_definition", "release_rate", "release_comparison", "release_endpoint"},
        "derived": {"derived", *TABLES},
        "nothing, since only the night that writes it reads it": {"contested"},
    }
    tables = {name for (name,) in stored(after_first.warehouse, "SELECT table_name FROM duckdb_tables()")}
    assert set().union(*witnessed.values()) == tables
    assert set(witnessed) <= {check.name for check in verify(after_first).checks} | {"nothing, since only the night that writes it reads it"}  # fmt: skip


@pytest.mark.parametrize("where", ["warehouse", "its receipt"])
def test_an_edited_release_is_named(where, lived, tmp_path):
    home = copied(lived, tmp_path / "home")
    if where == "warehouse":
        republished(home, "UPDATE release_rate SET met = met + 1 WHERE clinic_id = 'C01'")
    else:
        path = home.receipts / "release-1.json"
        path.write_text(path.read_text().replace('"met": ', '"met": 1', 1))
    assert set(found(home)) == {"releases"}


@pytest.mark.parametrize(
    ("table", "name", "check"),
    [
        ("identity_change", "made_by", "identity"),
        ("acknowledgement", "acknowledged_by", "acknowledgements"),
        ("destroyed", "destroyed_by", "destroyed"),
        ("shared_edition", "sql_digest", "editions"),
    ],
)
def test_what_people_said_is_held_to_its_receipts(table, name, check, lived, tmp_path, monkeypatch):
    monkeypatch.setattr("outcomes.verifying.locked.replayed", lambda home, name: {"equal": True})
    home = copied(lived, tmp_path / "home")
    republished(home, f"UPDATE {table} SET {name} = 'Nobody'")
    assert set(found(home)) == {check}


def forge(home: Home, *, with_receipts: bool) -> None:
    """A score edited by somebody who also makes its digest, the chain of the ledger and all that is derived again."""
    with duckdb.connect(str(home.warehouse)) as con:
        con.execute(f"UPDATE score SET item_10 = 3 WHERE score_id = {A_SCORE}")
        con.execute(
            """UPDATE arrival SET rows_digest = d.digest FROM (SELECT arrival_no, sum(row_digest(s))::BIGINT::VARCHAR AS digest
            FROM score AS s GROUP BY 1) AS d WHERE d.arrival_no = arrival.arrival_no"""
        )
        previous = NO_HASH
        for row in rows_of(con, "SELECT * FROM arrival ORDER BY arrival_no"):
            entry = row | {"received_on": row["received_on"].isoformat(), "previous_hash": previous}
            entry = {key: entry[key] for key in ENTRY}
            hash_now = entry_hash(entry)
            con.execute("UPDATE arrival SET previous_hash = ?, hash = ? WHERE arrival_no = ?", [previous, hash_now, row["arrival_no"]])  # fmt: skip
            previous = hash_now
        derive(con, whole=True)
    if with_receipts:
        for name in ("receipts.jsonl", "nights.jsonl"):
            (home.receipts / name).unlink()
        with duckdb.connect(str(home.warehouse)) as con:
            write_receipts(home, con)
        said = json.loads(home.summary.read_text("utf-8")) | {"ledger_head": previous}
        home.summary.write_text(json.dumps(said), "utf-8")
    publish_copy(home)
    if with_receipts:
        write_pages(home)


def test_a_forger_of_the_whole_database_is_caught_by_the_receipts_and_one_of_those_too_by_the_archive(
    after_later, tmp_path
):
    """Without the archive read again, forged receipts hold: only what left the house can speak against them then."""
    home = copied(after_later, tmp_path / "home")
    head = verify(home).head
    forge(home, with_receipts=False)
    assert set(found(home)) == {"receipts", "nights", "reports"}, "summary.json has the head of the ledger"
    shutil.rmtree(home.root)
    shutil.copytree(after_later.root, home.root)
    forge(home, with_receipts=True)
    said = verify(home, from_archive=True)
    assert {check.name: check.where for check in said.checks if check.result == DIFFERS} == {
        "read again": "Arrival 5 did not come back as its receipt says: restore the warehouse from a backup."
    }
    assert said.head != head, "which was printed on every receipt that was sent"


# What a home may lose, and what it may be upgraded from


@pytest.fixture(scope="module")
def erased(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """A home in which a file was erased once its rows were taken back, with a night after it."""
    home = Home(tmp_path_factory.mktemp("erased") / "home")
    register(home, "C01")
    run_quarantined(home, 1, GIVEN, OTHER)
    run_quarantined(home, 2, TAKEN_BACK)
    erase(home, sha(GIVEN), BY, "consent_withdrawn", None)
    run_quarantined(home, 3, file(line("C01", "p5", 11)))
    return home


def test_an_erased_file_is_no_difference_and_the_home_comes_again_from_its_floor(erased, tmp_path):
    assert_clean(erased, from_archive=True)
    home = copied(erased, tmp_path / "home")
    assert rebuild(home, check=True).equal
    digest = verify(home).digest
    home.warehouse.unlink()
    said = rebuild(home, check=False)
    assert (said.digest, said.in_place) == (digest, True)
    assert_clean(home)


def test_an_erased_file_that_is_back_or_counts_again_is_named(erased, tmp_path):
    home = copied(erased, tmp_path / "home")
    shutil.copyfile(home.archive / sha(OTHER), home.archive / sha(GIVEN))
    edit(home.warehouse, "UPDATE score_event SET current = true")
    where = found(home)["archive"]
    assert "said to be destroyed and is still in archive/" in where
    assert "was erased, and 2 rows of it still count" in where
    assert "missing" not in where


def test_why_a_file_was_erased_is_held_to_its_receipt(erased, tmp_path):
    home = copied(erased, tmp_path / "home")
    republished(home, "UPDATE destroyed SET reason_code = 'sent_by_mistake'")
    assert set(found(home)) == {"destroyed"}
    replaced_line(home.receipts / "destroyed.jsonl", 0, reason_code=None)
    assert set(found(home)) == {"destroyed"}


def _no_floor(home: Home) -> None:
    home.floor.unlink()


def _other_rows(home: Home) -> None:
    edit(home.floor, "UPDATE score SET total = 3 WHERE score_id = 1")


def _other_ledger(home: Home) -> None:
    edit(home.floor, "DELETE FROM arrival WHERE arrival_no = 3", "UPDATE arrival SET hash = '0' WHERE arrival_no = 2")


@pytest.mark.parametrize("harm", [_no_floor, _other_rows, _other_ledger])
def test_a_floor_that_could_not_be_stood_on_is_named_before_it_is_needed(harm, erased, tmp_path):
    home = copied(erased, tmp_path / "home")
    harm(home)
    assert set(found(home)) == {"floor"}


def test_the_version_that_a_store_says_and_the_digests_of_rows_of_0_1_0_are_witnessed(erased, tmp_path):
    home = copied(erased, tmp_path / "home")
    republished(home, "INSERT INTO store_version FROM store_version")
    assert set(found(home)) == {"program"}
    home = copied(erased, tmp_path / "other")
    republished(home, "INSERT INTO redigested SELECT arrival_no, rows_digest FROM arrival WHERE arrival_no = 2")
    assert set(found(home)) == {"nights"}


def test_a_store_of_an_earlier_version_is_not_accused(after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    edit(home.warehouse, "UPDATE store_version SET version = version - 1")
    said = verify(home)
    assert ([check.name for check in said.checks], said.differs) == (["warehouse"], False)
    assert "Run a night, which upgrades it" in str(said.unfinished)


def test_settings_logs_and_a_restored_home_are_no_difference(lived, tmp_path):
    """A backup has every witness: nothing is missed in a home that was made from it."""
    home = copied(lived, tmp_path / "home")
    home.settings.write_text("[limits]\nthreads = 2\n")
    assert backup(home, tmp_path / "to").missing == 0
    new = Home(tmp_path / "new")
    restore(tmp_path / "to", new)
    for each in (home, new):
        assert_clean(each)
    assert {path.name for path in home.receipts.iterdir()} - {path.name for path in new.receipts.iterdir()} <= {"sent"}
    assert rebuild(new, check=True).equal


# The commands


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        main([str(argument) for argument in arguments])
    said = capsys.readouterr()
    return int(ended.value.code or 0), said.out, said.err


def test_the_commands_say_what_they_found_and_nothing_of_a_patient(after_later, tmp_path, capsys):
    home = copied(after_later, tmp_path / "home")
    code, out, _ = run(capsys, "verify", "--home", home.root)
    assert code == 0
    assert (
        f"Head of the ledger:      {stored(home.warehouse, 'SELECT arg_max(hash, arrival_no) FROM arrival')[0][0]}"
        in out
    )
    republished(
        home,
        f"UPDATE score SET item_10 = 3 WHERE score_id = {A_SCORE}",
        "UPDATE patient SET patient_id = patient_id || '0'",
    )
    code, out, _ = run(capsys, "verify", "--home", home.root, "--format", "json")
    assert code == 3
    rows = {row["check"]: row for row in json.loads(out)}
    assert rows["rows"]["result"] == DIFFERS
    assert rows["ledger"]["result"] == OK
    code, table, _ = run(capsys, "rebuild", "--home", home.root)
    assert code == 3
    assert "patient " in table
    assert "left as it is" in table
    said = out + table
    names = {path.name for night in (FIRST, LATER) for path in home.root.rglob(f"*{night}*")}
    ids = {patient for (patient,) in stored(home.warehouse, "SELECT patient_id FROM patient")}
    assert [word for word in ids | names if word in said] == []


def test_an_unfinished_night_ends_the_command_with_1_and_what_to_do(sample, after_first, tmp_path, capsys):
    home = copied(after_first, tmp_path / "home")
    sample.send(LATER, home)
    night: Any = Night(home, sample.as_of(LATER))
    for _, step in nights.BEFORE_MANIFEST:
        night = step(night, None)
    code, out, err = run(capsys, "verify", "--home", home.root)
    assert code == 1
    assert "not checked" in out
    assert err.startswith("outcomes: A night is unfinished. Run a night")
    code, _, err = run(capsys, "rebuild", "--home", home.root)
    assert (code, err.count("\n")) == (1, 1)


def test_a_folder_that_is_no_home_is_said_in_one_line(tmp_path, capsys):
    for command in ("verify", "rebuild"):
        code, out, err = run(capsys, command, "--home", tmp_path / "none")
        assert (code, out, err.count("\n")) == (64, "", 1)
        assert not (tmp_path / "none").exists()


def test_the_flow_fails_with_the_names_of_checks_alone_and_tells_how_many(after_later, tmp_path, monkeypatch):
    """Its own words, without a server: Prefect's part is in test_flow."""
    from flows import verify as flow

    home = copied(after_later, tmp_path / "home")
    told: list[list[notifying.Notice]] = []
    monkeypatch.setattr(flow, "_VERIFY", Alone(flow._check))
    monkeypatch.setattr(
        notifying, "tell", lambda place, notices, by: told.append(notices(None)) or ["It was not sent."]
    )
    assert flow.verify.fn(str(home.root)).name == "Completed"
    cut(home, "receipts.jsonl", 1)
    with pytest.raises(
        OutcomesError, match=r"^Not as it was: receipts\. Run outcomes verify for where\. It was not sent\.$"
    ):
        flow.verify.fn(str(home.root))
    # The run also asks whether an earlier one died: none did.
    assert [notice.facts for notices in told for notice in notices] == [{"differences": 1}]
    with inbox.locked(home):
        assert flow.verify.fn(str(home.root)).name == "Busy"


class Alone:
    """A task without Prefect."""

    def __init__(self, step: Callable[..., Any]) -> None:
        self._step = step

    def with_options(self, **_: Any) -> Alone:
        return self

    def __call__(self, home: Any, from_archive: bool) -> Any:
        return self._step(getattr(home, "value", home), from_archive)
