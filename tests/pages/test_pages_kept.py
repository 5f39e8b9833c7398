"""A page that would come out as it lies there is not made again: and what lies there is always what would be made from nothing."""

from __future__ import annotations

import datetime as dt
import json
import shutil
from collections.abc import Iterator
from typing import Any

import duckdb
import pytest

from outcomes import loading
from outcomes.ownbenchmarks import retire
from outcomes.pages import asking, inputs, writing
from outcomes.pages.asking import INSIDE, NETWORK, Book, TracedRow, asked
from outcomes.pages.inputs import OF_NIGHT, UNREAD, Keys, state_of
from outcomes.pages.writing import write_pages
from outcomes.paths import Home, data_folder
from outcomes.publishedcopy import opened
from outcomes.releases import run_release
from outcomes.reviewing import acknowledge
from outcomes.signatures import sign
from tests import nightly
from tests.conftest import copied
from tests.pages.conftest import file, forms

CLINICS = ("C01", "C02", "C03")
NIGHT = nightly.AS_OF


class Watched:
    """A home, what a step made of its pages anew, and whether that asked for all that pages are made of."""

    def __init__(self, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.monkeypatch, self.made, self.asked, self.as_of = home, monkeypatch, list[str](), 0, NIGHT
        for name, of in (("blank_page", ""), ("blank_review", "review ")):
            monkeypatch.setattr(writing, name, self._counted(getattr(writing, name), of))

        def counted(con, names=INSIDE):
            self.asked += names == INSIDE
            return asked(con, names)

        monkeypatch.setattr(writing, "asked", counted)

    def _counted(self, make, of):
        def counted(part, clinic):
            self.made.append(of + clinic)
            return make(part, clinic)

        return counted

    def night(self, files: dict[str, bytes] | None = None) -> None:
        nightly.night(self.home, files or {}, self.as_of)


def lying(home: Home) -> dict[str, bytes]:
    return {f"{path.parent.name}/{path.name}": path.read_bytes() for path in [*home.reports.iterdir(), *home.review.iterdir()]}  # fmt: skip


def from_nothing(home: Home, folder) -> dict[str, bytes]:
    """The pages of the published copy, made in a home that has none."""
    other = Home(folder)
    other.published.mkdir(parents=True)
    shutil.copyfile(home.published_copy, other.published_copy)
    write_pages(other)
    found = lying(other)
    shutil.rmtree(folder)
    return found


def nothing(watched: Watched) -> None:
    watched.night()


def rows_of_one_clinic(watched: Watched) -> None:
    watched.night({f"{watched.as_of}.csv": file(forms("C01", 3, first=f"N{watched.as_of.day}-"))})


def the_date(watched: Watched) -> None:
    watched.as_of += dt.timedelta(days=45)
    watched.night()


def a_data_file(watched: Watched) -> None:
    folder = watched.home.root.with_name("data")
    shutil.copytree(data_folder(), folder)
    path = folder / "measures.toml"
    path.write_text(path.read_text("utf-8").replace('title = "Response after induction"', 'title = "Response"'), "utf-8")  # fmt: skip
    watched.monkeypatch.setattr(loading, "data_folder", lambda: folder)
    watched.night()


def a_name_and_a_benchmark_retired(watched: Watched) -> None:
    text = watched.home.clinics.read_text("utf-8")
    watched.home.clinics.write_text(text.replace('name = "', 'name = "The ', 1), "utf-8")
    retire(watched.home, "mcinnes2022_response_d14_31", None, "Replaced by another", "R. Meyer")
    watched.night()


def an_acknowledgement(watched: Watched) -> None:
    (score,) = nightly.asked(watched.home, "SELECT min(score_id) FROM item_9_review WHERE clinic_id = 'C02' AND acknowledged_by IS NULL")[0]  # fmt: skip
    acknowledge(watched.home, [score], "A. Clinician")
    write_pages(watched.home)


def a_release_and_a_signature(watched: Watched) -> None:
    sign(watched.home, "measure", asking.RESPONSE, "A. Clinician", None, None)
    run_release(watched.home, "2026-Q1", None)
    write_pages(watched.home)


def pages_by_hand(watched: Watched) -> None:
    (watched.home.reports / "clinic-C03.html").unlink()
    for path, old, new in (
        (watched.home.review / "C01.html", b"nobody yet", b"somebody"),
        (watched.home.reports / "index.html", b"Data through night", b"Data through knight"),
    ):
        text = path.read_bytes()
        assert old in text
        path.write_bytes(text.replace(old, new, 1))
    watched.night()


def the_record(watched: Watched) -> None:
    watched.home.pages_made.write_bytes(b'{"pages": {"published/reports/index.html": 1}}')
    write_pages(watched.home)


PAGES = {NETWORK, *CLINICS}
ALL = PAGES | {f"review {clinic}" for clinic in CLINICS}
# What is done, one after the other in one home, and what is made anew for it, and nothing else.
ROW = [
    (nothing, set()), (rows_of_one_clinic, {NETWORK, "C01", "review C01"}), (an_acknowledgement, {"review C02"}), (pages_by_hand, {NETWORK, "C03", "review C01"}),
    (nothing, set()), (the_date, PAGES), (a_release_and_a_signature, PAGES), (a_name_and_a_benchmark_retired, PAGES | {"review C01"}), (a_data_file, PAGES), (the_record, ALL),
]  # fmt: skip


def test_what_lies_there_is_what_would_be_made_from_nothing_and_no_more_is_made_than_has_changed(
    after_first, tmp_path, monkeypatch
):
    watched = Watched(copied(after_first, tmp_path / "home"), monkeypatch)
    for number, (step, expected) in enumerate(ROW):
        watched.made.clear()
        watched.asked = 0
        step(watched)
        # What is made of nothing is not asked for either.
        assert (set(watched.made), watched.asked) == (expected, bool(expected)), f"{number}: {step.__name__}"
        assert lying(watched.home) == from_nothing(watched.home, tmp_path / "other"), f"{number}: {step.__name__}"


def night_row(home: Home) -> None:
    """A night more of the published copy, that brought nothing, on the date of the last one."""
    home.published_copy.chmod(0o600)
    with duckdb.connect(str(home.published_copy)) as con:
        con.execute("INSERT INTO night BY NAME SELECT * REPLACE (night + 1 AS night, 0 AS files_taken) FROM night ORDER BY night DESC LIMIT 1")  # fmt: skip


def test_the_page_of_all_clinics_is_made_again_where_a_warning_is_of_the_last_night_no_more(uneven, tmp_path, monkeypatch):  # fmt: skip
    watched = Watched(copied(uneven, tmp_path / "home"), monkeypatch)
    write_pages(watched.home)
    # Rows were drawn into the copy alone: all pages say of them, no review list does.
    assert set(watched.made) == PAGES | {"SILENT", "review SILENT"}
    for expected in ({NETWORK}, set()):
        watched.made.clear()
        night_row(watched.home)
        write_pages(watched.home)
        assert set(watched.made) == expected
        assert lying(watched.home) == from_nothing(watched.home, tmp_path / "other")
    assert b"Unusual in this night" not in lying(watched.home)["reports/index.html"]


def test_no_page_asks_for_what_the_decision_leaves_out(uneven, tmp_path):
    """Tables of UNREAD are on no page; and what is asked in each night on its own is all that a night changes by its number."""
    home = copied(uneven, tmp_path / "home")
    with opened(home) as con:
        before, plans = asked(con), []

        class Explained:
            def execute(self, query, *values):
                (plan,) = con.execute(f"EXPLAIN (FORMAT json) {query}").fetchall()
                plans.append(plan[1])
                return con.execute(query, *values)

        asked(Explained())
        tables = {name for (name,) in con.execute("SELECT table_name FROM duckdb_tables()").fetchall()}
    read = {name.rpartition(".")[2].strip('"') for plan in plans for name in _tables(json.loads(plan))}
    assert {"score", "picked", "tally", "night"} < read < tables
    assert read & UNREAD == {"night"}
    assert tables > UNREAD
    night_row(home)
    with opened(home) as con:
        after = asked(con)
    changed = {view for view in INSIDE if before.views[view] != after.views[view]}
    assert {"night", "volume_warning"} <= changed <= {"night", *OF_NIGHT}
    assert (before.lines, before.came, before.aside, before.ledger, before.reviews) == (after.lines, after.came, after.aside, after.ledger, after.reviews)  # fmt: skip


def _tables(plan: list[dict[str, Any]]) -> Iterator[str]:
    for node in plan:
        if "Table" in node.get("extra_info", {}):
            yield node["extra_info"]["Table"]
        yield from _tables(node.get("children", []))


def test_a_key_tells_values_and_not_which_objects_they_are(monkeypatch):
    def part(*, name: str, total: float) -> Book:
        row = TracedRow({"clinic_id": name, "night": dt.date(2026, 1, 31), "total": total, "of": None}, "clinic", ("clinic_id",))  # fmt: skip
        return Book({"clinic": {name: [row, row]}}, lines={name: [{"ks": [1, 2], "name": name}]})

    one = Keys().of(part(name="C" * 30, total=0.5))
    assert Keys().of(part(name="".join(["C"] * 30), total=1 / 2)) == one
    assert Keys().of(part(name="C" * 29, total=0.5)) != one
    assert Keys().of(part(name="C" * 30, total=0.5000001)) != one
    monkeypatch.setattr(inputs, "program", lambda: "another")
    assert Keys().of(part(name="C" * 30, total=0.5)) != one


def test_the_pages_of_another_program_or_of_other_threads_are_made_again(after_first, monkeypatch):
    with opened(after_first, {"threads": 1}) as con:
        one = state_of(con)
        assert state_of(con) == one
        with monkeypatch.context() as patched:
            patched.setattr(inputs, "program", lambda: "another")
            assert state_of(con) != one
    with opened(after_first, {"threads": 2}) as con:
        assert state_of(con) != one


def test_parts_that_come_and_go_are_not_taken_for_each_other():
    """Their rows may lie in memory where those of an earlier part lay."""
    keys = Keys()

    def part(number: int) -> Book:
        return Book(lines={"C01": [{"number": number}]})

    assert len({keys.of(part(number)) for number in range(200)}) == 200
    assert keys.of(part(7)) == Keys().of(part(7))
