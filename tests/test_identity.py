"""Joining and splitting pseudonyms: in force from the next night, undone without a trace in the numbers, and never lost."""

from __future__ import annotations

import datetime as dt
import io
import json
import os
from pathlib import Path
from typing import Any

import duckdb
import pytest

from outcomes.cli import main
from outcomes.deriving import derive
from outcomes.errors import BusyError, OutcomesError, UsageError
from outcomes.inbox import locked
from outcomes.laying import TABLES
from outcomes.merging import Wanted, change, changes, read_pairs, undo
from outcomes.nights import run_night
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.releases import run_release, run_replay
from outcomes.requeueing import request
from tests import drawnnights
from tests.conftest import copied
from tests.nightly import AS_OF, asked, night

pytestmark = pytest.mark.usefixtures("no_pages_here")

HEAD = "clinic_id,patient_id,infusion_number,days_since_first_infusion,timepoint,total,status,extract_day," + ",".join(
    f"item_{n}" for n in range(1, 10)
)
NEXT = AS_OF + dt.timedelta(days=1)
SCORES = "SELECT patient_id, days_since_first_infusion, timepoint::VARCHAR, phq9_total FROM current_score ORDER BY ALL"
BY = "R. Meyer"


def file(*rows: str) -> bytes:
    """Rows of "patient number day timepoint total [status]" of clinic C01; a dash is an empty cell."""
    lines = [HEAD]
    for row in rows:
        cells = [cell.replace("-", "") if cell == "-" else cell for cell in row.split()]
        patient, number, day, timepoint, total, status = (*cells, "")[:6]
        lines.append(f"C01,{patient},{number},{day},{timepoint},{total},{status},,,,,,,,,,")
    return "\n".join([*lines, ""]).encode()


def join(home: Home, from_id: str = "p2", into_id: str = "p1", days: int = 42) -> None:
    change(home, [Wanted("C01", from_id, into_id, days)], BY)


def differing_from_recomputed(home: Home) -> list[str]:
    """The derived tables of the published copy that are not what their own SQL says."""
    with duckdb.connect(str(home.published_copy), read_only=True) as con:
        return [
            name
            for name in sorted(TABLES)
            if con.execute(
                f"SELECT count(*) FROM ((FROM {name} EXCEPT ALL FROM recomputed.{name}) UNION ALL (FROM recomputed.{name} EXCEPT ALL FROM {name}))"
            ).fetchall()
            != [(0,)]
        ]


def everything(home: Home) -> dict[str, list[Any]]:
    """Every derived table, as the published copy has it."""
    with duckdb.connect(str(home.published_copy), read_only=True) as con:
        return {name: con.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in sorted(TABLES)}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """p1 with two infusions; p2, the same person 42 days later; p3, somebody else. One night."""
    home = Home(tmp_path_factory.mktemp("identity") / "home")
    night(
        home,
        {
            "a.csv": file(
                "p1 1 0 pre_infusion 20", "p1 2 7 pre_infusion 15", "p1 - 45 follow_up 9", "p1 - 50 follow_up 8",
                "p2 1 0 pre_infusion 12", "p2 - 3 follow_up 9", "p2 - 8 follow_up 4",
                "p3 1 0 pre_infusion 18",
            )
        },
    )  # fmt: skip
    return home


@pytest.fixture
def home(told: Home, tmp_path: Path) -> Home:
    return copied(told, tmp_path / "home")


JOINED = [
    ("p1", 0, "pre_infusion", 20), ("p1", 7, "pre_infusion", 15), ("p1", 42, "pre_infusion", 12), ("p1", 45, "follow_up", 9),
    ("p3", 0, "pre_infusion", 18),
]  # fmt: skip


def test_a_join_is_in_force_from_the_next_night_even_one_that_brings_nothing(home):
    before = everything(home)
    run_night(home, AS_OF)
    join(home)
    assert everything(home) == before
    assert differing_from_recomputed(home) == []
    run_night(home, AS_OF)
    assert asked(home, SCORES) == JOINED
    assert asked(home, "SELECT patient_id, infusions, last_infusion_day FROM course ORDER BY 1") == [
        ("p1", 3, 42),
        ("p3", 1, 0),
    ]
    assert asked(home, "SELECT patients FROM clinic_group WHERE clinic_id = 'C01'") == [(2,)]
    assert differing_from_recomputed(home) == []


def test_the_contradicting_rows_are_listed_and_counted_and_nothing_stored_is_rewritten(home):
    stored = asked(home, "FROM score ORDER BY ALL")
    join(home)
    run_night(home, AS_OF)
    assert asked(home, "SELECT line, column_name, reason_code, found_at FROM set_aside ORDER BY 1") == [
        (5, None, "merged_rows_contradict", "course"), (8, None, "merged_rows_contradict", "course"),
    ]  # fmt: skip
    assert json.loads(home.summary.read_text())["set_aside_by_course"][0]["rows"] == 2
    assert asked(home, "SELECT reason_code, count(*) FROM superseded GROUP BY 1 ORDER BY 1") == [
        ("merged_duplicate", 1), ("merged_rows_contradict", 2),
    ]  # fmt: skip
    assert asked(home, "FROM score ORDER BY ALL") == stored


def test_undone_all_numbers_are_as_if_it_had_never_been(home, told, tmp_path):
    join(home)
    run_night(home, AS_OF)
    undo(home, 1, "A. Osei")
    run_night(home, AS_OF)
    assert everything(home) == everything(told)
    with opened(home) as con:
        said = [
            (row["change_no"], row["kind"], row["undone_by"], row["made_by"], row["is_in_force"])
            for row in changes(con)
        ]
    assert said == [(1, "join", 2, BY, True), (2, "undo", None, "A. Osei", True)]


def test_later_rows_of_a_joined_pseudonym_go_where_the_join_says(home):
    """The night derives a part again, and all of it again gives the same."""
    join(home)
    run_night(home, AS_OF)
    night(home, {"b.csv": file("p2 2 5 pre_infusion 7", "p3 2 4 pre_infusion 15", "p4 1 0 pre_infusion 9")}, NEXT)
    assert asked(home, "SELECT patient_id, infusions FROM course ORDER BY 1") == [("p1", 4), ("p3", 2), ("p4", 1)]
    assert differing_from_recomputed(home) == []
    partly = everything(home)
    with duckdb.connect(str(home.warehouse)) as con:
        derive(con, whole=True)
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        assert {name: con.execute(f"FROM {name} ORDER BY ALL").fetchall() for name in sorted(TABLES)} == partly


def test_a_split_leaves_no_correction_between_two_people(tmp_path):
    """p1 was given to a second person, whose form of day 30 corrected the first one's. The split takes that back; the
    second person's later rows under another pseudonym are joined."""
    home = Home(tmp_path / "home")
    night(home, {"a.csv": file("p1 1 0 pre_infusion 20", "p1 - 30 follow_up 9")})
    night(home, {"b.csv": file("p1 1 1 post_infusion 17", "p1 - 30 follow_up 4", "p1 - 90 follow_up 3")}, NEXT)
    assert ("p1", 30, "follow_up", 9) not in asked(home, SCORES)
    ((sha,),) = asked(home, "SELECT sha256 FROM arrival WHERE arrival_no = 2")
    change(home, [Wanted("C01", "p1", None, 0, arrival=sha[:12])], BY)
    run_night(home, NEXT)
    assert asked(home, SCORES) == [
        ("p1", 0, "pre_infusion", 20), ("p1", 30, "follow_up", 9),
        ("p1/1", 1, "post_infusion", 17), ("p1/1", 30, "follow_up", 4), ("p1/1", 90, "follow_up", 3),
    ]  # fmt: skip
    night(home, {"c.csv": file("p9 1 0 pre_infusion 21", "p1 - 120 follow_up 8")}, NEXT)
    change(home, [Wanted("C01", "p1/1", "p9", 0)], BY)
    run_night(home, NEXT)
    assert [row[:2] for row in asked(home, SCORES)] == [
        ("p1", 0),
        ("p1", 30),
        ("p1", 120),
        ("p9", 0),
        ("p9", 1),
        ("p9", 30),
        ("p9", 90),
    ]
    assert differing_from_recomputed(home) == []
    with pytest.raises(UsageError, match="undo change 2 first"):
        undo(home, 1, BY)
    undo(home, 2, BY)
    undo(home, 1, BY)
    run_night(home, NEXT)
    assert ("p1", 30, "follow_up", 4) in asked(home, SCORES)
    with pytest.raises(UsageError, match="not stored"):
        change(home, [Wanted("C01", "p1/1", "p9", 0)], BY)


def test_a_lost_database_gets_its_changes_back(home):
    """Also one made after a night that brought nothing, and so left no receipt of its own."""
    run_night(home, NEXT)
    join(home)
    change(home, [Wanted("C01", "p3", None, 0, from_day=0)], BY)
    run_night(home, NEXT)
    before = asked(home, SCORES)
    assert ("p3/2", 0, "pre_infusion", 18) in before
    os.unlink(home.warehouse)
    run_night(home, NEXT)
    assert asked(home, SCORES) == before
    assert asked(home, "SELECT change_no, kind, from_no, into_no, night FROM identity_change ORDER BY 1") == [
        (1, "join", 2, 1, 2), (2, "split", 3, -2, 2),
    ]  # fmt: skip
    assert differing_from_recomputed(home) == []


def test_a_change_that_lost_its_receipt_gets_it_again(home):
    join(home)
    lines = (home.receipts / "identity.jsonl").read_text()
    (home.receipts / "identity.jsonl").unlink()
    run_night(home, AS_OF)
    assert (home.receipts / "identity.jsonl").read_text() == lines


def test_what_is_kept_outside_the_database_holds_no_pseudonym(home):
    change(home, [Wanted("C01", "p2", "p1", 42), Wanted("C01", "p3", None, 0, from_day=0)], BY)
    text = (home.receipts / "identity.jsonl").read_text()
    assert [set(json.loads(line)) for line in text.splitlines()] == 2 * [
        {
            "change_no",
            "kind",
            "clinic_id",
            "from_no",
            "into_no",
            "day_offset",
            "sha256",
            "from_day",
            "undoes",
            "made_by",
            "night",
        }
    ]
    assert not [pseudonym for pseudonym in ("p1", "p2", "p3") if pseudonym in text]


def test_a_receipt_of_patients_that_are_not_there_stops_the_night(home):
    join(home)
    path = home.receipts / "identity.jsonl"
    receipt = json.loads(path.read_text())
    path.write_text("".join(json.dumps(line) + "\n" for line in (receipt, receipt | {"change_no": 2, "from_no": 77})))
    with pytest.raises(OutcomesError, match="Change 2"):
        run_night(home, AS_OF)


def test_the_patients_feed_of_joined_pseudonyms(tmp_path):
    """The values under the pseudonym that the other is joined into stand, and a warning says where sex or age differ."""
    home = Home(tmp_path / "home")
    night(
        home,
        {
            "a.csv": file(
                "p1 1 0 pre_infusion 20", "p2 1 0 pre_infusion 12", "p3 1 0 pre_infusion 9", "p4 1 0 pre_infusion 9"
            ),
            "b.csv": b"clinic_id,patient_id,sex,age_years\nC01,p1,female,40\nC01,p2,female,41\nC01,p4,unknown,\n",
        },
    )
    change(home, [Wanted("C01", "p2", "p1", 10), Wanted("C01", "p1", "p3", 10), Wanted("C01", "p4", "p3", 50)], BY)
    run_night(home, AS_OF)
    assert asked(home, "SELECT patient_id, sex::VARCHAR, age_years FROM current_patient") == [("p3", "female", 40)]
    assert asked(home, "SELECT clinic_id, line, reason_code FROM order_warning WHERE reason_code LIKE 'merged%'") == [
        ("C01", 3, "merged_patients_differ")
    ]
    undo(home, 1, BY)
    run_night(home, AS_OF)
    assert asked(home, "SELECT patient_id, age_years FROM current_patient ORDER BY 1") == [("p2", 41), ("p3", 40)]


REFUSED = [
    (Wanted("C01", "p8", "p1", 0), "with from .* is not stored"),
    (Wanted("C01", "p2", "p8", 0), "with into .* is not stored"),
    (Wanted("C02", "p2", "p1", 0), "is not stored for that clinic"),
    (Wanted("C01", "p1", "p1", 0), "the same pseudonym"),
    (Wanted("C01", "p2", "p1", -1), "began later into the one that began first"),
    (Wanted("C01", "p2", "p1", 3643), "outside -400 to 3650"),
    (Wanted("C01", "p2", "p1", 9999), "over 4,050"),
    (Wanted("C01", "p1", None, -8, from_day=7), "before day 0"),
    (Wanted("C01", "p1", None, 0, from_day=51), "takes no stored row"),
    (Wanted("C01", "p1", None, 0, arrival="abcdef"), "not one that the ledger has"),
    (Wanted("C01", "p1", None, 0, arrival=""), "not one that the ledger has"),
]  # fmt: skip


def quiet(home: Home) -> bool:
    """Whether nothing was recorded."""
    with duckdb.connect(str(home.warehouse), read_only=True) as con:
        found = con.execute(
            "SELECT (SELECT count(*) FROM identity_change), (SELECT count(*) FROM patient WHERE patient_no < 0)"
        ).fetchall()
    return found == [(0, 0)] and not (home.receipts / "identity.jsonl").exists()


@pytest.mark.parametrize(("wanted", "words"), REFUSED)
def test_what_cannot_be_is_refused_without_a_pseudonym_in_the_message(home, wanted, words):
    """All of a call or nothing: the good one before it is not recorded either."""
    with pytest.raises(UsageError, match=words) as error:
        change(home, [Wanted("C01", "p3", "p1", 100), wanted], BY)
    assert not [pseudonym for pseudonym in ("p1", "p2", "p3", "p8") if pseudonym in str(error.value)]
    assert quiet(home)


def test_a_split_by_a_file_that_was_read_again_says_so(home):
    """It was told that the ledger has no such file."""
    ((sha,),) = asked(home, "SELECT sha256 FROM arrival")
    request(home, [sha])
    run_night(home, NEXT)
    with pytest.raises(UsageError, match=r"read more than once.* --from-day"):
        change(home, [Wanted("C01", "p1", None, 0, arrival=sha[:12])], BY)
    assert quiet(home)


def test_joins_make_no_circle_and_no_fork(home):
    join(home)
    for from_id, into_id, words in [("p2", "p1", "change 1"), ("p2", "p3", "change 1"), ("p1", "p2", "circle")]:
        with pytest.raises(UsageError, match=words):
            join(home, from_id, into_id)
    join(home, "p1", "p3")
    with pytest.raises(UsageError, match="circle"):
        join(home, "p3", "p2")
    undo(home, 1, BY)
    with pytest.raises(UsageError, match="undone already"):
        undo(home, 1, BY)
    for number in (3, 9):
        with pytest.raises(UsageError, match=f"has the number {number}"):
            undo(home, number, BY)
    join(home, "p2", "p1", 50)
    run_night(home, AS_OF)
    assert asked(home, "SELECT sent_no, patient_no, day_offset FROM pseudonym_place ORDER BY 1") == [
        (1, 3, 42),
        (2, 3, 92),
        (3, 3, 0),
    ]


def test_who_cannot_say_so_and_when(home, tmp_path):
    with pytest.raises(UsageError, match="not a patient's"):
        change(home, [Wanted("C01", "p2", "p1", 42)], "P3")
    with locked(home), pytest.raises(BusyError):
        join(home)
    home.manifest.write_text("{}")
    with pytest.raises(UsageError, match="did not end"):
        join(home)
    home.manifest.unlink()
    with duckdb.connect(str(home.warehouse)) as con:
        con.execute("UPDATE laid SET sql_digest = 'another'")
    with pytest.raises(OutcomesError, match="program has changed"):
        join(home)
    with pytest.raises(UsageError, match="no night yet"):
        join(Home(tmp_path / "none"))
    assert quiet(home)


PAIRS = "clinic_id,from,into,day_offset,arrival,from_day\nC01,p2,p1,42,,\nC01,p3,,-5,,30\n"


def test_pairs_are_read():
    join_, split = read_pairs("\ufeff" + PAIRS)
    assert (join_.clinic, join_.from_id, join_.into_id, join_.day_offset, join_.is_split) == (
        "C01",
        "p2",
        "p1",
        42,
        False,
    )
    assert (split.from_id, split.into_id, split.day_offset, split.arrival, split.from_day) == ("p3", None, -5, None, 30)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "header"),
        ("clinic_id,from,into\n", "header"),
        ("clinic_id,from,into,day_offset,name\n", "header"),
        ("clinic_id,from,into,day_offset\n", "no line"),
        ("clinic_id,from,into,day_offset\nC01,p2,p1\n", "line 2"),
        ("clinic_id,from,into,day_offset\nC01,p2,p1,42,1\n", "line 2"),
        ("clinic_id,from,into,day_offset\nC01,p2,p1,\n", "day_offset in line 2"),
        ("clinic_id,from,into,day_offset\nC01,p2,p1,4.5\n", "day_offset in line 2"),
        ('clinic_id,from,into,day_offset\nC01,"p2"x,p1,4\n', "not CSV after line 1"),
        ("clinic_id,from,into,day_offset\nC01,p2,,4\n", "into in line 2"),
    ],
)
def test_pairs_that_cannot_be_read_are_refused_by_line(home, text, words):
    with pytest.raises(UsageError, match=words) as error:
        change(home, read_pairs(text), BY)
    assert "p2" not in str(error.value)
    assert quiet(home)


def said(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    """Exit code, output and errors of a command."""
    with pytest.raises(SystemExit) as error:
        main(argv)
    out, err = capsys.readouterr()
    return int(error.value.code or 0), out, err


def test_the_command_joins_lists_and_undoes(home, capsys, monkeypatch):
    at = ("--home", str(home.root))
    monkeypatch.setattr("sys.stdin", io.StringIO(PAIRS.replace("-5,,30", "0,,0")))
    code, out, _ = said(capsys, "merge-id", "--pairs", "-", "--by", BY, *at)
    assert (code, "change 1 2," in out, "4 scores" in out, "p2" in out) == (0, True, True, False)
    code, out, _ = said(capsys, "merge-id", "--list", "--format", "json", *at)
    assert [(row["kind"], row["from_id"], row["into_id"]) for row in json.loads(out)] == [
        ("join", "p2", "p1"),
        ("split", "p3", "p3/2"),
    ]
    code, out, _ = said(capsys, "merge-id", "--undo", "2", "--by", BY, "--format", "json", *at)
    assert (code, json.loads(out)[0]["numbers"]) == (0, "3")
    code, _, err = said(
        capsys, "merge-id", "--clinic", "C01", "--from", "p2", "--into", "p1", "--day-offset", "1", "--by", BY, *at
    )
    assert (code, "change 1" in err, "p2" in err) == (64, True, False)
    code, _, _ = said(
        capsys, "merge-id", "--clinic", "C01", "--split", "p3", "--from-day", "0", "--day-offset", "0", "--by", BY, *at
    )
    assert code == 0


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        (["--from", "p2", "--into", "p1", "--day-offset", "1"], "Which clinic"),
        (["--clinic", "C01", "--from", "p2", "--into", "p1"], "never guessed"),
        (["--clinic", "C01", "--from", "p2", "--day-offset", "1"], "takes --from and --into"),
        (
            ["--clinic", "C01", "--from", "p2", "--into", "p1", "--day-offset", "1", "--from-day", "3"],
            "are for --split",
        ),
        (["--clinic", "C01", "--split", "p2", "--day-offset", "1"], "Which rows"),
        (["--pairs", "no-such-file.csv"], "cannot be read"),
        (["--pairs", "-", "--clinic", "C01"], "the file says everything: leave out --clinic."),
        (["--list", "--clinic", "C01"], "nothing is joined or split: leave out --clinic."),
        (["--undo", "1", "--day-offset", "0", "--from-day", "3"], "leave out --day-offset, --from-day."),
        ([], "one of the arguments"),
    ],
)
def test_the_command_says_what_it_lacks(home, capsys, argv, words):
    code, _, err = said(capsys, "merge-id", *argv, "--by", BY, "--home", str(home.root))
    assert (code, words in err, "p2" in err) == (64, True, False), err


def test_the_command_asks_who_says_so(home, capsys):
    code, _, err = said(capsys, "merge-id", "--undo", "1", "--home", str(home.root))
    assert (code, "--by" in err) == (64, True)


def test_warnings_are_counted_and_listed(tmp_path, capsys):
    """Neither a pseudonym nor a score is in them."""
    home = Home(tmp_path / "home")
    night(
        home,
        {
            "a.csv": file(
                "p1 1 0 pre_infusion 20", "p1 3 7 pre_infusion 15", "p1 - 9 baseline 9", "p2 2 0 pre_infusion 3"
            )
        },
    )
    at = ("--home", str(home.root))
    code, out, _ = said(capsys, "warnings", *at, "--format", "json")
    assert [(row["clinic_id"], row["rows"], row["reason_code"]) for row in json.loads(out)] == [
        ("C01", 1, "baseline_after_first_infusion"), ("C01", 1, "infusion_1_not_on_record"), ("C01", 1, "infusion_number_skipped"),
    ]  # fmt: skip
    _, out, _ = said(
        capsys, "warnings", *at, "--lines", "--clinic", "C01", "--reason", "infusion_number_skipped", "--format", "csv"
    )
    ((sha,),) = asked(home, "SELECT sha256 FROM arrival")
    assert out.splitlines()[1].startswith(f"C01,{sha[:12]},3,infusion_number_skipped,")
    code, _, err = said(capsys, "warnings", *at, "--reason", "no_such_reason")
    assert (code, "same_day_scores_differ" in err) == (64, True)
    assert said(capsys, "warnings", *at)[0] == 0


def released(home: Home, name: str) -> Any:
    return asked(
        home,
        f"SELECT r.* EXCLUDE (release_no) FROM release_rate AS r JOIN release USING (release_no) WHERE name = '{name}' ORDER BY ALL",
    )


def test_a_release_keeps_the_pseudonyms_as_they_were(tmp_path):
    """One before a join and one after it are both recomputed as they were locked, also from receipts; then a join that is
    not in force yet is in none, and a change that is not as its receipt says is named."""
    home = Home(tmp_path / "home")
    drawnnights.night(
        home, "2026-03-31", [*drawnnights.courses(drawnnights.people("p", 4), 2), "C01,q1,1,0,pre_infusion,20,,60"]
    )
    run_release(home, "before")
    change(home, [Wanted("C01", "p2", "p1", 200)], BY)
    change(home, [Wanted("C01", "p3", None, 0, from_day=37)], BY)
    assert run_replay(home, "before")["equal"]
    run_release(home, "still-before")
    drawnnights.night(home, "2026-03-31")
    run_release(home, "after")
    change(home, [Wanted("C01", "q1", "p4", 300)], BY)
    drawnnights.night(home, "2026-06-30", drawnnights.courses(["p2"], 1))
    for name in ("before", "still-before", "after"):
        assert run_replay(home, name)["equal"], name
    assert released(home, "before") == released(home, "still-before") != released(home, "after")
    os.unlink(home.warehouse)
    drawnnights.night(home, "2026-06-30")
    assert run_replay(home, "before")["equal"]
    assert run_replay(home, "after")["equal"]
    with duckdb.connect(str(home.warehouse)) as con:
        con.execute("UPDATE identity_change SET day_offset = 10 WHERE change_no = 1")
    found = run_replay(home, "after")
    assert not found["equal"]
    assert "The joined and split pseudonyms are not those of their receipts." in found["why"]
