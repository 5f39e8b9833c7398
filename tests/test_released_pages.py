"""A page of a locked release: the same bytes whatever came since, and no number on it that the release has not locked."""

from __future__ import annotations

import datetime as dt

import duckdb
import pytest

from outcomes import loading
from outcomes.checking import judge
from outcomes.cli import main
from outcomes.errors import OutcomesError, UsageError
from outcomes.merging import Wanted, change
from outcomes.ownbenchmarks import retire
from outcomes.pages.asking import Book, asked
from outcomes.pages.making import page_of
from outcomes.pages.released import released_book
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.releases import run_release
from outcomes.requeueing import request
from outcomes.signatures import sign
from tests import nightly
from tests.conftest import LATER, copied, stored
from tests.drawnnights import HEADER, course, courses, night, people

pytestmark = pytest.mark.usefixtures("no_pages_here")

RESPONSE, PRIMARY = "response_post_induction", "mcinnes2022_response_d14_31"
PAGES = ("*", "C01", "C02")


def pages(book: Book) -> dict[str, str]:
    return {clinic: page_of(book, clinic) for clinic in PAGES}


@pytest.fixture(scope="module")
def told(sample, after_first, tmp_path_factory) -> tuple[Home, dict[str, str], Book]:
    """A home with release A, its pages; and its book after five nights and everything that people can say between them."""
    home = copied(after_first, tmp_path_factory.mktemp("released") / "home")
    sign(home, "measure", RESPONSE, "R. Meyer", None, None)
    run_release(home, "A")
    before = pages(released_book(home, "A", "*"))
    as_of = sample.as_of(LATER)
    # Signed, merged and retired before the next night: on no page of A.
    sign(home, "measure", "remission_post_induction", "A. Osei", None, None)
    retire(home, PRIMARY, None, "Replaced", "A. Osei")
    pairs = stored(home.warehouse, "SELECT clinic_id, min(patient_id), max(patient_id) FROM course GROUP BY 1 ORDER BY 1")  # fmt: skip
    change(home, [Wanted(clinic, one, other, 100) for clinic, one, other in pairs[:2]], "R. Meyer")
    sample.run(LATER, home)
    home.clinics.write_text(home.clinics.read_text().replace("name = ", 'name = "New " #', 1))
    new = courses(people("late", 5), 3, clinic="C01") + courses(people("other", 5), 1, clinic="C02")
    for days, rows in ((1, new), (2, course("late1", 27, status="corrected")), (3, [])):
        night(home, (as_of + dt.timedelta(days=days)).isoformat(), rows)
        if days == 1:
            run_release(home, "B")
    request(
        home, stored(home.warehouse, "SELECT sha256 FROM arrival WHERE refused_because IS NULL ORDER BY 1 LIMIT 2")[0]
    )
    night(home, (as_of + dt.timedelta(days=4)).isoformat())
    return home, before, released_book(home, "A", "*")


def test_a_page_of_a_release_is_the_same_bytes_after_five_more_nights(told):
    home, before, after = told
    assert stored(home.warehouse, "SELECT max(night) FROM night") == [(6,)]
    assert pages(after) == before


def test_the_nights_between_did_change_what_the_night_says(told):
    """So that the test above could have failed: rates, rows set aside, names, verdicts and signatures."""
    home, _, _ = told
    moved = "SELECT count(*) FROM rate AS r JOIN release_rate AS l USING (measure_id, clinic_id) WHERE l.release_no = 1 AND (r.met, r.due) <> (l.met, l.due)"
    assert stored(home.warehouse, moved)[0][0] > 50
    assert stored(home.warehouse, "SELECT count(*) FROM identity_change") == [(2,)]
    assert stored(home.warehouse, f"SELECT outcome FROM benchmark_use WHERE benchmark_id = '{PRIMARY}'") == [("refused",)]  # fmt: skip


def test_every_rate_and_comparison_on_it_is_the_locked_one(told):
    home, before, book = told
    for view, table, keys in (
        ("rate", "release_rate", ("measure_id", "clinic_id")),
        ("comparison", "release_comparison", ("clinic_id", "benchmark_id", "claim_id", "measure_id")),
    ):
        with duckdb.connect(str(home.warehouse), read_only=True) as con:
            result = con.execute(f"SELECT * EXCLUDE (release_no) FROM {table} WHERE release_no = 1")
            names = [column[0] for column in result.description]
            locked = {tuple(row[key] for key in keys): row for row in (dict(zip(names, r, strict=True)) for r in result.fetchall())}  # fmt: skip
        shown = [row for rows in book.views[view].values() for row in rows]
        assert len(shown) > 10
        for row in shown:
            assert {name: row[name] for name in names} == locked[tuple(row[key] for key in keys)]
    assert "Release A, as of" in before["*"]
    assert "rovisional" not in before["*"]


def test_signatures_are_those_from_before_the_release(told):
    home, before, _ = told
    query = "SELECT r.name, c.id, c.is_signed FROM release_check AS c JOIN release AS r USING (release_no) WHERE c.id IN ('remission_post_induction', 'response_post_induction') ORDER BY ALL"
    assert stored(home.published_copy, query) == [
        ("A", "remission_post_induction", False), ("A", "response_post_induction", True),
        ("B", "remission_post_induction", True), ("B", "response_post_induction", True),
    ]  # fmt: skip
    # The page of A names who had signed the one measure, and says of the five others that nobody had.
    assert (before["*"].count("Checked by R."), before["*"].count("Unchecked.")) == (1, 5)


def test_the_command_writes_the_same_page(told, tmp_path, capsys):
    home, before, _ = told
    out = tmp_path / "page.html"
    with pytest.raises(SystemExit) as ended:
        main(["report", "--release", "A", "--clinic", "C01", "--out", str(out), "--home", str(home.root)])
    assert ended.value.code == 0, capsys.readouterr()
    assert out.read_text("utf-8") == before["C01"]
    assert not home.scratch.exists()


def test_a_release_that_is_not_there_or_was_edited_has_no_page(told, tmp_path):
    home = copied(told[0], tmp_path / "home")
    with pytest.raises(UsageError, match="There is no release C"):
        released_book(home, "C", "*")
    with pytest.raises(UsageError, match="has no clinic C99"):
        released_book(home, "A", "C99")
    with duckdb.connect(str(home.warehouse)) as con:
        con.execute(f"UPDATE release_rate SET met = met + 1 WHERE measure_id = '{RESPONSE}' AND release_no = 1")
    with pytest.raises(OutcomesError, match="does not come out as it was locked"):
        released_book(home, "A", "*")


def test_rows_that_a_file_read_again_made_contradict_were_not_set_aside_then(tmp_path, monkeypatch):
    """A total of the second file could not be read. Read again it contradicts the first file, which came in the same night."""
    home = Home(tmp_path / "home")
    home.make()
    home.clinics.write_text('[clinics."C01"]\nconfirmed = true\n')
    head, rows = f"{HEADER}\n", [f"{row},,,,,,,,,\n" for row in course("ann1", 8)]
    bad = rows[0].replace(",20,", ",77,")
    nightly.night(home, {"a.csv": (head + "".join(rows)).encode(), "b.csv": (head + bad + rows[1]).encode()})
    run_release(home, "A")
    before = released_book(home, "A", "*")
    assert before.aside == {"door": 1, "course": 0}

    def other(files, *more):
        return judge([data.replace(b",77,", b",19,") for data in files], *more)

    monkeypatch.setattr(loading, "judge", other)
    request(home, [sha for (sha,) in stored(home.warehouse, "SELECT sha256 FROM arrival")])
    nightly.night(home, {})
    with opened(home) as con:
        assert asked(con).aside == {"door": 2, "course": 0}
    after = released_book(home, "A", "*")
    assert (after.aside, page_of(after, "*")) == (before.aside, page_of(before, "*"))
