"""Receipts that a clinic can be sent: the same before and after storing, complete, and without a patient or a value."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from outcomes.checking import judge
from outcomes.cli import main
from outcomes.errors import UsageError
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.sentreceipts import as_json, as_text, of_judged, of_store, write_one_by_one
from schemas.clinics import read_clinics
from schemas.reasons import SENTENCES
from tests.conftest import FIRST, LATER, stored
from tests.test_quarantine_life import again, file, line, register, run, sha

pytestmark = pytest.mark.usefixtures("no_pages_here")

Row = dict[str, Any]
CANARY = "p7zebulon"


def of_night(home: Home, night: int) -> list[Row]:
    with opened(home) as con:
        return of_store(con, night=night)


def checked(home: Home, contents: list[bytes]) -> list[Row]:
    clinics = read_clinics(home.clinics)
    return of_judged(judge(contents, clinics), [sha(data) for data in contents], [len(data) for data in contents])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    register(home, "C01")
    return home


BAD = file(
    line("C01", "p1", 20), *(line("C01", f"{CANARY}{n}", 55) for n in range(3)), line("C01", "p2", 7), line("C09", "p3", 61)
)  # fmt: skip


def test_a_receipt_has_every_reason_with_its_lines_and_its_sentence(home):
    run(home, 1, BAD)
    (receipt,) = of_night(home, 1)
    ((head,),) = stored(home.published_copy, "SELECT hash FROM arrival")
    assert receipt == {
        "sha256": sha(BAD), "night": 1, "as_of": "2026-01-01", "read_again_of_night": None, "feed": "scores", "format": "csv", "profile": "",
        "bytes": len(BAD), "ledger_hash": head, "fate": "taken", "refused": None,
        "rows": {"read": 6, "good": 2, "accepted": 2, "duplicate": 0, "quarantined": 4, "blank": 0},
        "reasons": [
            {"reason_code": "total_range", "column_name": "total", "rows": 4, "lines": [[3, 5], [7, 7]], "sentence": SENTENCES["total_range"]},
            {"reason_code": "unknown_clinic", "column_name": "clinic_id", "rows": 1, "lines": [[7, 7]], "sentence": SENTENCES["unknown_clinic"]},
        ],
        "notes": [], "corrections": [], "warnings": [],
    }  # fmt: skip
    text = as_text(receipt)
    assert "Taken. Rows: 6 read = 2 accepted + 0 duplicate + 4 quarantined." in text
    assert "total_range, column total: 4 rows, lines 3-5, 7\n" in text
    assert SENTENCES["total_range"][1:] in text
    assert text.endswith(f"\n{head}\n")
    assert json.loads(as_json(receipt)) == receipt


def test_a_refused_file_has_its_reason_place_and_kind_and_never_the_value(home):
    mail = file(line("C01", "p1", 20), line("C01", "zebulon@canary-mail.example", 12))
    odd = file(line("C01", "p1", 3)).replace(b"patient_id", b"Zebulon Quartermain")
    dated = file(line("C01", "p1", 20).replace(",0,", ",2024-03-17,", 1))
    run(home, 1, mail, odd, dated)
    by_sha = {receipt["sha256"]: receipt for receipt in of_night(home, 1)}
    assert by_sha[sha(mail)]["refused"] == {
        "reason_code": "identifier", "kind": "e-mail address", "column_no": 2, "line": 3, "sentence": SENTENCES["identifier"],
    }  # fmt: skip
    assert by_sha[sha(odd)]["refused"]["column_no"] == 2
    for receipt in by_sha.values():
        said = as_text(receipt) + as_json(receipt)
        assert receipt["fate"] == "refused"
        assert "Nothing of the file was stored" in said
        assert "ebulon" not in said
    assert "(column 2, line 3, e-mail address)" in as_text(by_sha[sha(mail)])
    assert ["In place of a date, days" in as_text(by_sha[sha(each)]) for each in (mail, odd, dated)] == [
        False,
        False,
        True,
    ]


def test_what_a_check_says_is_what_the_night_says(home):
    """But for what only a store knows."""
    noted = file(line("C01", "p5", 20).replace(",20,", ", 20 ,"), line("C01", "p6", 33))
    contents = [BAD, noted, gzip.compress(noted), b"", b"junk", file().replace(b"total", b"totals")]
    run(home, 1, *contents)
    after = {receipt["sha256"]: receipt for receipt in of_night(home, 1)}
    before = checked(home, contents)
    assert len(after) == len(before) == 6
    assert {receipt["fate"] for receipt in before} == {"taken", "refused"}
    for receipt in before:
        stored_one = after[receipt["sha256"]]
        known = {key: value for key, value in receipt.items() if value is not None and key != "rows"}
        assert {key: stored_one[key] for key in known} == known
        for key in ("read", "good", "quarantined", "blank"):
            assert receipt["rows"][key] == stored_one["rows"][key]
    assert [note["note_code"] for note in before[1]["notes"]] == ["blanks_trimmed"]
    assert "Would be taken" in as_text(before[0])


@pytest.mark.parametrize("night", [FIRST, LATER])
def test_the_receipts_of_a_sample_say_what_a_check_says(night, sample, after_later):
    """Contradictions are settled among all files of the night; everything else is in the file."""
    after = {receipt["sha256"]: receipt for receipt in of_night(after_later, 1 if night == FIRST else 2)}
    for receipt in checked(after_later, [path.read_bytes() for path in sorted(sample.folder(night).iterdir())]):
        if receipt["sha256"] not in after:
            continue
        stored_one = after.pop(receipt["sha256"])
        assert [r for r in stored_one["reasons"] if r["reason_code"] != "contradiction"] == receipt["reasons"]
        assert (stored_one["notes"], stored_one["refused"]) == (receipt["notes"], receipt["refused"])
        assert (stored_one["feed"], stored_one["format"], stored_one["bytes"]) == (receipt["feed"], receipt["format"], receipt["bytes"])  # fmt: skip
        rows = stored_one["rows"]
        assert rows["read"] == rows["accepted"] + rows["duplicate"] + rows["quarantined"] + rows["blank"]
    assert after == {}


def test_lines_of_a_receipt_are_those_of_the_quarantine(after_later):
    told = [
        (receipt["sha256"], reason["reason_code"], number)
        for night in (1, 2)
        for receipt in of_night(after_later, night)
        for reason in receipt["reasons"]
        for first, last in reason["lines"]
        for number in range(first, last + 1)
    ]
    query = "SELECT DISTINCT sha256, reason_code, line, column_name FROM quarantine JOIN arrival USING (arrival_no)"
    assert sorted(told) == sorted(row[:3] for row in stored(after_later.published_copy, query))
    assert len(told) > 30


def test_corrections_and_warnings_are_listed(home):
    run(home, 1, file(line("C01", "p1", 20), line("C01", "p2", 15), line("C01", "p3", 9, day=5)))
    run(home, 2, file(line("C01", "p1", 12), line("C01", "p2", 15, status="entered_in_error"), line("C01", "p4", 3)))
    (first,), (second,) = of_night(home, 1), of_night(home, 2)
    assert [(row["reason_code"], row["lines"]) for row in second["corrections"]] == [("corrected", [[2, 2]]), ("retracted", [[3, 3]])]  # fmt: skip
    assert first["corrections"] == []
    assert [(row["reason_code"], row["lines"]) for row in first["warnings"]] == [("first_infusion_not_on_day_0", [[4, 4]])]  # fmt: skip
    assert "Rows that change what was sent before:\n  corrected: 1 row, line 2\n" in as_text(second)
    assert "Stored, but against the patient's other rows" in as_text(first)


def test_a_file_read_again_has_a_receipt_for_each_reading(home):
    only = file(line("C02", "p1", 20))
    run(home, 1, only)
    assert "need not be sent again" in as_text(of_night(home, 1)[0])
    register(home, "C01", "C02")
    again(home, only)
    run(home, 2)
    with opened(home) as con:
        first, second = of_store(con, sha=sha(only))
    assert (first["rows"]["quarantined"], second["rows"]["accepted"]) == (1, 1)
    assert (first["read_again_of_night"], second["read_again_of_night"]) == (None, 1)
    assert "read again, it came in night 1" in as_text(second)


def test_a_text_shortens_long_lists_and_json_has_all(home):
    long = file(*(line("C01", f"q{n}", 55 if n % 2 else 5) for n in range(60)))
    run(home, 1, long)
    (receipt,) = of_night(home, 1)
    assert receipt["reasons"][0]["lines"] == [[n + 2, n + 2] for n in range(1, 60, 2)]
    assert "30 rows, lines 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25 and 18 more\n" in as_text(receipt)


def test_the_night_writes_them_and_they_can_be_made_again(home, tmp_path):
    run(home, 1, BAD, b"junk")
    run(home, 2)
    receipts = of_night(home, 1)
    assert {path.name for path in home.sent.iterdir()} == {"night-1.jsonl", "night-1.txt"}, (
        "a night without files has none"
    )
    assert [json.loads(words) for words in (home.sent / "night-1.jsonl").read_text().splitlines()] == receipts
    text = (home.sent / "night-1.txt").read_text()
    assert all(as_text(receipt) in text for receipt in receipts)
    assert write_one_by_one(receipts, tmp_path / "out") == 2
    names = {f"{receipt['sha256']}.{form}" for receipt in receipts for form in ("txt", "json")}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names
    assert json.loads((tmp_path / "out" / f"{sha(BAD)}.json").read_text()) in receipts
    with pytest.raises(UsageError, match="is not empty"):
        write_one_by_one(receipts, tmp_path / "out")


def test_no_patient_and_no_value_is_in_a_receipt(after_later):
    ids = [row[0] for row in stored(after_later.published_copy, "SELECT patient_id FROM patient")]
    said = "".join(path.read_text() for path in after_later.sent.iterdir())
    assert len(said) > 5000
    assert len(ids) > 50
    words = set(said.replace('"', " ").replace(",", " ").split())
    assert words.isdisjoint(ids)
    assert "january" not in said


def command(capfd: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    capfd.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([str(word) for word in words])
    out, err = capfd.readouterr()
    return int(ended.value.code or 0), out, err


def test_the_commands_receipt_and_check(home, tmp_path, capfd):
    run(home, 1, BAD, b"junk")
    path = tmp_path / f"{CANARY}.csv"
    path.write_bytes(BAD)
    at = ("--home", home.root)
    (receipt,) = [receipt for receipt in of_night(home, 1) if receipt["sha256"] == sha(BAD)]
    assert command(capfd, "receipt", sha(BAD)[:8], *at) == (0, as_text(receipt), "")
    code, out, _ = command(capfd, "receipt", sha(BAD), *at, "--format", "json")
    assert (code, json.loads(out)) == (0, [receipt])
    code, out, _ = command(capfd, "receipt", "--night", 1, *at, "--out", tmp_path / "out")
    assert (code, len(list((tmp_path / "out").iterdir()))) == (0, 4)
    (row,) = json.loads(command(capfd, "check", path, *at, "--format", "json")[1])
    assert row["receipt"]["reasons"] == receipt["reasons"]
    for form in ("table", "csv", "json"):
        assert CANARY not in "".join(command(capfd, "check", path, *at, "--format", form)[1:])
    assert "total_range, column total: 4 rows, lines 3-5, 7\n" in command(capfd, "check", path, *at)[1]
    for words, said in (
        (("receipt", *at), "Which receipt?"),
        (("receipt", sha(BAD), "--night", 1, *at), "Which receipt?"),
        (("receipt", "--night", 9, *at), "No file came in night 9"),
        (("receipt", sha(BAD), *at, "--out", tmp_path / "x"), "--out goes with --night"),
    ):
        code, out, err = command(capfd, *words)
        assert (code, out, err.count("\n")) == (64, "", 1)
        assert said in err
