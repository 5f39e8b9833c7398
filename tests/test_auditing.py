"""The published copy explains itself, and the twelve questions of docs/auditing.md are answered rightly by it alone.

Each answer is held to one that was found otherwise: the sample's truth, plain Python over rows, or a formula worked out here.
"""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import math
import re
from collections import Counter
from pathlib import Path

import duckdb
import polars as pl
import pytest

from outcomes import inbox
from outcomes.cli import _parser
from outcomes.datafiles import read_data_files
from outcomes.documents import commands, example, marked
from outcomes.documents.auditing import auditing_parts, dictionary_text
from outcomes.laying import TABLES
from outcomes.paths import data_folder
from outcomes.querying import answers, opened_to_ask
from outcomes.releases import run_release
from outcomes.sources.content import whole
from schemas.cookbook import LONGEST, TWELVE, read_cookbook
from schemas.feeds import FEEDS
from schemas.glossary import WORDS
from tests.conftest import FIRST, LATER, copied, stored

pytestmark = pytest.mark.usefixtures("no_pages_here")

ROOT = Path(__file__).parents[1]
AUDITING = (ROOT / "docs" / "auditing.md").read_text("utf-8")
RECIPES = {recipe.number: recipe for recipe in read_cookbook()}
RESPONSE = "response_post_induction"


@pytest.fixture(scope="module")
def audited(after_first, sample, tmp_path_factory):
    """A home whose first night was locked as a release, and then the second night came: to read."""
    home = copied(after_first, tmp_path_factory.mktemp("audited") / "home")
    run_release(home, "A")
    sample.run(LATER, home)
    return home


def asked(home, query):
    """The rows of the one answer to a query, as `outcomes sql` gives them."""
    with opened_to_ask(home) as con:
        (answer,) = answers(con, query)
    return answer.rows


def recipe(home, number):
    return asked(home, RECIPES[number].query)


def changed(home, *statements):
    """The published copy of a home of its own, tampered with."""
    with duckdb.connect(str(home.published_copy)) as con:
        for statement in statements:
            con.execute(statement)
    return home


# What the published copy says of itself


def test_the_words_and_questions_are_in_the_copy_as_in_the_program(audited):
    assert asked(audited, "SELECT word, meaning FROM glossary ORDER BY position") == [
        {"word": word, "meaning": meaning} for word, meaning in WORDS.items()
    ]
    assert asked(audited, "FROM cookbook ORDER BY number") == [
        {"number": r.number, "title": r.title, "question": r.question, "is_auditors": r.number <= TWELVE, "query": r.query}
        for r in RECIPES.values()
    ]  # fmt: skip


def test_the_dictionary_has_every_object_and_column_with_what_it_is(audited):
    rows = asked(audited, "FROM data_dictionary")
    assert [row["object"] for row in rows if not row["comment"]] == []
    columns = {(row["object"], row["column_name"]) for row in rows if row["kind"] == "column"}
    there = stored(audited.published_copy, "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = 'main' AND table_name NOT LIKE 'duckdb_%'")  # fmt: skip
    assert columns == {(table, column) for table, column in there if table in {o for o, _ in columns}}
    objects = {row["object"] for row in rows if row["kind"] in ("table", "view")}
    assert objects == {name for (name,) in stored(audited.published_copy, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'main'")}  # fmt: skip
    assert objects >= TABLES | {"score", "arrival", "night", "endpoint", "trace_score", "data_dictionary"}
    assert {row["object"] for row in rows if row["kind"] == "macro"} >= {"wilson_low", "verdict", "row_digest"}


def test_the_documents_say_the_same():
    for name, part in auditing_parts().items():
        assert marked(AUDITING, name) == part, "run python -m outcomes.documents"
    assert (ROOT / "docs" / "data_dictionary.md").read_text("utf-8") == dictionary_text()


def test_the_commands_of_the_document_are_understood():
    lines = [line for block in re.findall(r"```sh\n(.*?)```", AUDITING, re.S) for line in block.splitlines()]
    assert len(lines) > 5
    for line in lines:
        _parser().parse_args([word.strip('"') for word in re.findall(r'"[^"]*"|\S+', line.split(" #")[0])][1:])
    assert {"trace", "show", "diff", "sql"} <= set(commands(_parser()))
    assert all(example(commands(_parser())[name]) for name in ("trace", "show", "diff", "sql"))


def test_the_copy_holds_what_was_promised_and_no_value_of_a_row_set_aside(audited):
    assert asked(audited, "SELECT count(*) AS n FROM contested") == [{"n": 0}]
    columns = {row["column_name"] for row in asked(audited, "SELECT column_name FROM data_dictionary WHERE object IN ('quarantine', 'set_aside', 'refusal')")}  # fmt: skip
    assert columns == {None, "arrival_no", "line", "column_name", "reason_code", "found_at", "kind", "column_no"}
    named = set(re.findall(r"`([a-z_]+)`", marked_table(AUDITING)))
    objects = {row["object"] for row in asked(audited, "SELECT DISTINCT object FROM data_dictionary")}
    assert named <= objects
    assert len(named) > 35


def marked_table(text):
    """The table of what is in the published copy."""
    return text.partition("## What is in it")[2].partition("The values of rows")[0]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_each_derived_table_is_what_its_view_makes_in_both_directions(audited, name):
    for one, other in ((f"main.{name}", f"recomputed.{name}"), (f"recomputed.{name}", f"main.{name}")):
        assert asked(audited, f"FROM {one} EXCEPT ALL FROM {other}") == []


# The questions


@pytest.mark.parametrize("number", RECIPES)
def test_each_question_is_one_query_of_few_lines_that_runs_on_the_copy_alone(audited, number):
    assert len(RECIPES[number].query.splitlines()) <= LONGEST
    assert RECIPES[number].query.count(";") == 1
    rows = recipe(audited, number)
    assert bool(rows) != (number in (9, 14, 21)), "nothing of these in a home where all is well"


def test_there_are_twelve_and_they_come_first():
    assert list(RECIPES) == list(range(1, len(RECIPES) + 1))
    assert TWELVE == 12 < len(RECIPES)


def lines_of(home, sha, form):
    """Line -> row of an archived file, read by Python's csv and polars."""
    data = whole(inbox.content_of(home, sha))
    if form == "parquet":
        return dict(enumerate(pl.read_parquet(data).iter_rows(named=True), 1))
    text = (gzip.decompress(data) if form.endswith(".gz") else data).decode("utf-8-sig")
    return dict(enumerate(csv.DictReader(io.StringIO(text)), 2))


def test_1_the_lines_of_the_numerator_hold_a_response(audited, sample):
    """As many courses as the truth says met it; and on the two lines of each, PHQ-9 totals of which one is half the other."""
    rows = recipe(audited, 1)
    by_course = {}
    for row in rows:
        by_course.setdefault((row["patient_no"], row["course"]), {})[row["role"]] = row
    assert len(by_course) == sample.truth[LATER]["rates"]["C01"][RESPONSE]["met"] > 1
    for scores in by_course.values():
        said = {role: lines_of(audited, row["sha256"], "csv")[row["line"]] for role, row in scores.items()}
        totals = {role: int(line["total"] or sum(int(line[f"item_{n}"]) for n in range(1, 10))) for role, line in said.items()}  # fmt: skip
        assert totals == {role: row["total"] for role, row in scores.items()}
        assert 2 * totals["endpoint"] <= totals["baseline"]
        assert len({line["patient_id"] for line in said.values()}) == 1


def test_2_everybody_of_a_clinic_has_one_place(audited, sample):
    told = Counter()
    for row in recipe(audited, 2):
        told[row["class"]] += row["courses"]
        assert row["courses"] == len(row["which"])
        assert row["is_in_denominator"] == (row["class"] == "observed")
        assert row["because"]
    truth = sample.truth[LATER]["rates"]["C01"][RESPONSE]
    assert told == {"observed": truth["observed"], "missing": truth["missing"], "waiting": truth["waiting"], "not eligible": truth["not_eligible"]}  # fmt: skip


def test_3_rows_set_aside_are_those_of_the_truth_by_file_and_reason(audited, sample):
    told = {}
    for row in recipe(audited, 3):
        if row["found_at"] == "door":
            told.setdefault(row["sha256"], Counter())[row["reason_code"]] += 1
        assert row["would_be_accepted"]
    meant = {}
    for night in (FIRST, LATER):
        for name, sha in sample.hashes(night).items():
            reasons = sample.truth[night]["files"].get(name, {}).get("reasons")
            if reasons:
                meant[sha] = Counter(reasons)
    assert {sha: +count for sha, count in told.items()} == meant


def test_4_every_row_has_a_fate_and_a_lost_one_is_seen(audited, sample, tmp_path):
    rows = {row["sha256"]: row for row in recipe(audited, 4)}
    for night in (FIRST, LATER):
        for name, sha in sample.hashes(night).items():
            truth = sample.truth[night]["files"][name]
            if truth["fate"] == "taken":
                keys = ("rows_read", "rows_accepted", "rows_duplicate", "rows_quarantined")
                assert [rows[sha][key] for key in keys] == [truth[key.removeprefix("rows_") if key != "rows_read" else key] for key in keys]  # fmt: skip
    assert all(row["adds_up"] for row in rows.values())
    home = changed(copied(audited, tmp_path / "home"), "DELETE FROM score WHERE score_id = 5")
    assert [row["adds_up"] for row in recipe(home, 4)].count(False) == 1


def test_5_a_correction_is_told_with_both_lines_and_totals(audited):
    """The two lines, read by Python, are of one patient and day, and have the totals that are told."""
    rows = recipe(audited, 5)
    assert {row["reason_code"] for row in rows} <= {"corrected", "retracted"}
    formats = dict(stored(audited.published_copy, "SELECT sha256, format FROM arrival"))
    assert len(rows) >= 2
    for row in rows:
        before = lines_of(audited, row["sha256"], formats[row["sha256"]])[row["line"]]
        after = lines_of(audited, row["by_sha256"], formats[row["by_sha256"]])[row["by_line"]]
        assert before["patient_id"] == after["patient_id"]
        assert int(before["days_since_first_infusion"]) == int(after["days_since_first_infusion"]) == row["day"]
        for line, total in ((before, row["total_before"]), (after, row["total_after"])):
            items = [line[f"item_{n}"] for n in range(1, 10)]
            assert total == (sum(map(int, items)) if all(str(item).isdigit() for item in items) else total)
        assert row["as_of"] == {1: dt.date(2026, 1, 31), 2: dt.date(2026, 2, 28)}[row["night"]]


def test_6_every_other_instrument_is_refused_and_the_withheld_verdict_named(audited):
    rows = recipe(audited, 6)
    benchmarks = read_data_files(data_folder()).benchmarks
    other = set(benchmarks.filter(pl.col("instrument") != "PHQ-9")["benchmark_id"])
    assert other
    assert other <= {row["benchmark_id"] for row in rows if row["outcome"] == "refused"}
    assert all(
        row["because"].startswith(f"Measured with {row['instrument']}") for row in rows if row["benchmark_id"] in other
    )
    (primary,) = set(benchmarks.filter(pl.col("primary") == "yes")["benchmark_id"])
    withheld = {row["clinic_id"]: row["withheld_because"] for row in rows if row["benchmark_id"] == primary}
    assert withheld["C01"] == "coverage_too_low"
    assert all(row["sentence"] for row in rows if row["withheld_because"])


def wilson(x, n, z=1.959963984540054):
    middle, half = (x + z * z / 2) / (n + z * z), z * math.sqrt(x * (n - x) / n + z * z / 4) / (n + z * z)
    return middle - half, middle + half


def test_7_intervals_by_hand_are_those_of_the_formula(audited):
    """Wilson's interval, and Newcombe's method 10 for the difference, worked out here."""
    rows = recipe(audited, 7)
    assert len(rows) == 4
    for row in rows:
        low, high = wilson(row["met"], row["observed"])
        theirs_low, theirs_high = wilson(row["their_events"], row["their_n"])
        ours, theirs = row["met"] / row["observed"], row["their_events"] / row["their_n"]
        assert (row["low"], row["high"]) == (row["observed_low"], row["observed_high"]) == pytest.approx((low, high))
        assert row["difference_low"] == pytest.approx(ours - theirs - math.hypot(ours - low, theirs_high - theirs))
        assert row["difference_high"] == pytest.approx(ours - theirs + math.hypot(high - ours, theirs - theirs_low))
        below = row["observed"] >= 30 and row["difference_high"] < 0
        assert (row["by_hand"] == "below") == below
        assert row["verdict"] in (None, row["by_hand"])


def test_8_what_changed_since_the_release_is_what_two_nights_differ_in(audited, after_first):
    query = "SELECT measure_id, clinic_id, met, observed, due FROM rate ORDER BY ALL"
    then, now = ({row[:2]: row[2:] for row in stored(home.published_copy, query)} for home in (after_first, audited))
    rows = {(row["measure_id"], row["clinic_id"]): row for row in recipe(audited, 8)}
    assert set(rows) == {place for place in now if now[place] != then[place]}
    assert len(rows) > 20
    for place, row in rows.items():
        assert (row["locked_met"], row["locked_observed"], row["locked_due"]) == then[place]
        assert (row["met"], row["observed"], row["due"]) == now[place]


def test_9_a_rule_that_did_not_run_is_named(audited, tmp_path):
    rules = set(stored(audited.published_copy, "SELECT DISTINCT feed, rule FROM rule_count"))
    for feed, contract in FEEDS.items():
        checked = {check.name for column in contract.schema.columns.values() for check in column.checks}
        assert checked - {rule for of, rule in rules if of == feed} == set()
    home = changed(
        copied(audited, tmp_path / "home"),
        "DELETE FROM rule_count WHERE night = 2 AND rule = 'item_range'",
        "UPDATE rule_count SET rows_checked = 0 WHERE night = 1 AND rule = 'total_is_not_sum'",
    )
    found = {(row["night"], row["feed"], row["rule"]) for row in recipe(home, 9)}
    assert found == {(1, "scores", "total_is_not_sum"), (2, "scores", "item_range")}


def test_10_what_was_said_then_is_what_the_first_night_published(audited, after_first):
    rows = recipe(audited, 10)
    then = dict(stored(after_first.published_copy, f"SELECT clinic_id, (met, observed, due) FROM rate WHERE measure_id = '{RESPONSE}'"))  # fmt: skip
    now = dict(stored(audited.published_copy, f"SELECT clinic_id, (met, observed, due) FROM rate WHERE measure_id = '{RESPONSE}'"))  # fmt: skip
    assert {row["clinic_id"]: (row["met"], row["observed"], row["due"]) for row in rows if row["is_said_then"]} == then
    assert {row["clinic_id"]: (row["met"], row["observed"], row["due"]) for row in rows} == now
    assert {row["clinic_id"] for row in rows if row["night"] == 2} == {
        clinic for clinic in now if now[clinic] != then[clinic]
    }


def test_11_and_12_a_changed_rate_score_or_ledger_is_seen(audited, tmp_path):
    assert [row["rows_that_differ"] for row in recipe(audited, 11)] == [0, 0, 0]
    rows = recipe(audited, 12)
    assert all(row["rows_are_untouched"] and row["follows_the_one_before"] for row in rows)
    entries = dict(stored(audited.published_copy, "SELECT arrival_no, rows_digest FROM arrival"))
    assert {row["arrival_no"]: row["digest_now"] for row in rows} == entries
    home = changed(
        copied(audited, tmp_path / "home"),
        f"UPDATE rate SET met = met + 1 WHERE measure_id = '{RESPONSE}' AND clinic_id = 'C01'",
        "UPDATE score SET item_10 = 1 - coalesce(item_10, 0) WHERE score_id = 5",
        "DELETE FROM arrival WHERE arrival_no = 3",
    )
    assert next(row["rows_that_differ"] for row in recipe(home, 11)) == 2
    ((arrival,),) = stored(home.published_copy, "SELECT arrival_no FROM score WHERE score_id = 5")
    tampered = recipe(home, 12)
    assert [row["arrival_no"] for row in tampered if not row["rows_are_untouched"]] == [arrival]
    assert [row["arrival_no"] for row in tampered if not row["follows_the_one_before"]] == [4]


def test_17_the_scores_of_a_week_are_as_many_as_its_point(audited):
    rows = recipe(audited, 17)
    ((n, mean),) = stored(audited.published_copy, "SELECT observed, mean_total FROM week_curve WHERE clinic_id = '*' AND week = 4 AND cohort = 'available'")  # fmt: skip
    assert len(rows) == n > 5
    assert sum(row["phq9_total"] for row in rows) / n == pytest.approx(mean)
