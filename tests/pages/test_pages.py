"""The pages as files: what is on them, what is not, and that a page is whole whatever a clinic is like."""

from __future__ import annotations

import base64
import hashlib
import itertools
import json
import os
import re
import shutil
import struct
import zlib
from html.parser import HTMLParser

import pytest

from outcomes.cli import main
from outcomes.errors import OutcomesError
from outcomes.nights import run_night
from outcomes.pages import charts, printing, writing
from outcomes.pages.asking import INSIDE, NETWORK, SHARED, asked
from outcomes.pages.making import _fresh, blank_page, blank_review, chart_files, page_of, shared_page_of
from outcomes.pages.writing import put_in_place, write_pages
from outcomes.publishedcopy import opened
from outcomes.releases import run_release
from outcomes.reviewing import acknowledge
from tests import nightly
from tests.conftest import LATER, copied
from tests.pages.conftest import SCRIPT, pages

CLINICS = {"FIVE", "EARLY", "GONE", "NOTHING", "C01", "Z-.._x", "RIGHT", "LONG"}
VOID = {"meta", "link", "br", "img", "line", "path", "circle", "rect", "polygon"}


class Page(HTMLParser):
    """The elements of a page, its text, and what is not as it should be."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.faults: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""
        self.feed(text)
        self.close()
        assert not self.open, self.open

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if len(dict(attributes)) != len(attributes):
            self.faults.append(f"an attribute twice: {tag}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        if tag not in VOID and (not self.open or self.open.pop() != tag):
            self.faults.append(f"not nested: {tag}")

    def handle_data(self, data):
        if not self.open or self.open[-1] != "style":
            self.said += data

    def all(self, tag):
        return [attributes for name, attributes in self.elements if name == tag]


@pytest.fixture(scope="session")
def all_pages(odd, after_first, shared_pages) -> dict[str, str]:
    """Every page of two homes, inside, shared and review lists."""
    found = {f"odd {name}": text for name, text in pages(odd).items()}
    found |= {f"sample {name}": text for name, text in pages(after_first).items()}
    found |= {f"review {path.name}": path.read_text("utf-8") for path in sorted(odd.review.iterdir())}
    return found | {f"shared {name}": text for name, text in shared_pages.items()}


def test_there_is_a_page_a_clinic_one_of_all_and_a_review_list_apart(odd):
    names = CLINICS
    assert set(pages(odd)) == {"index.html", *(f"clinic-{name}.html" for name in names)}
    assert {path.name for path in odd.review.iterdir()} == {f"{name}.html" for name in names}
    assert {os.stat(path).st_mode & 0o777 for path in [*odd.review.iterdir(), *odd.reports.iterdir()]} == {0o600}


def test_every_page_is_well_formed(all_pages):
    for name, text in all_pages.items():
        page = Page(text)
        ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
        assert page.faults == [], name
        assert len(ids) == len(set(ids)), name
        assert [len(page.all(tag)) for tag in ("title", "h1", "main")][1:] == [1, 1], name
        named = {i for _, a in page.elements for key in ("aria-labelledby",) if key in a for i in str(a[key]).split()}
        assert named <= set(ids), name


def test_a_page_loads_nothing_and_runs_nothing(all_pages):
    for name, text in all_pages.items():
        page = Page(text)
        (policy,) = [a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy"]
        (style,) = re.findall(r"<style>(.*?)</style>", text, re.S)
        digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert (
            policy
            == f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
        ), name
        assert "http://" not in text, name
        assert "https://" not in text, name
        tags = {tag for tag, _ in page.elements}
        assert not tags & {"script", "link", "img", "iframe", "object", "embed", "form", "base"}, name
        keys = {key for _, attributes in page.elements for key in attributes}
        assert not {key for key in keys if key.startswith("on")} | (keys & {"style", "src"}), name
        assert {a["href"] for a in page.all("a")} <= {"index.html", *(f"clinic-{c}.html" for c in (*CLINICS, "C02", "C03")), "#h-table"}, name  # fmt: skip


def test_a_hostile_name_is_text(odd):
    found = pages(odd)
    assert not [name for name, text in found.items() if "<script" in text or "W" * 61 in text or "\u202e" in text]
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in found["clinic-Z-.._x.html"]
    assert f"{SCRIPT} (Z-.._x)" in Page(found["clinic-Z-.._x.html"]).said
    assert "<b>" not in Page(found["clinic-Z-.._x.html"]).said
    # Written apart, so that the code after it stays after it.
    assert "\u2068عيادة  الكيتامين\u2069 (RIGHT): PHQ-9" in Page(found["clinic-RIGHT.html"]).said


def test_no_page_but_the_review_list_names_a_patient(odd, after_first, all_pages):
    patients = {row[0] for home in (odd, after_first) for row in nightly.asked(home, "SELECT patient_id FROM patient")}
    assert len(patients) > 100
    for name, text in all_pages.items():
        if not name.startswith("review"):
            assert [patient for patient in patients if patient in text] == [], name
    with opened(after_first) as con:
        book = asked(con)
    listed = [row for higher, worse in book.reviews.values() for row in [*higher, *worse]]
    assert listed
    for clinic, (higher, worse) in book.reviews.items():
        said = Page(blank_review(book.of_review(clinic), clinic)).said
        assert all(row["patient_id"] in said for row in [*higher, *worse])


def test_a_long_review_list_is_cut_and_says_how_to_have_the_rest(odd, monkeypatch):
    with opened(odd) as con:
        whole = asked(con)
        monkeypatch.setattr("outcomes.pages.asking.MOST_LISTED", 1)
        book = asked(con)
    clinic, (higher, worse) = max(whole.reviews.items(), key=lambda item: min(map(len, item[1])))
    assert min(len(higher), len(worse)) > 1
    assert list(map(len, book.reviews[clinic])) == [len({row["acknowledged_by"] is None for row in higher}), 1]
    said = Page(blank_review(book.of_review(clinic), clinic)).said
    assert f"These are the first 1 of {len(worse)}." in said
    assert f"outcomes review --clinic {clinic} --all" in said
    assert worse[0]["patient_id"] in said


def test_a_clinic_that_is_overdue_by_its_own_cadence_is_said_to_be(odd):
    """By the view of the published copy, which `outcomes status` prints too."""
    with opened(odd) as con:
        book = asked(con)
    (row,) = book.of("freshness", "C01")
    last = row["last_heard_on"]
    for standing, words in (("in time", ""), ("overdue", f"overdue: {row['days_since']} days ago")):
        row["standing"] = standing
        assert _fresh(book, "C01") == (str(last), words)
    assert _fresh(book, "NOBODY") == ("none yet", "")


def night_of(book) -> str:
    """What the page of all clinics says of the last night, in the section or in its appendix."""
    found = re.findall(r'<section [^>]*aria-labelledby="h-(?:night|late)".*?</section>', page_of(book, NETWORK), re.S)
    return " ".join(re.sub(r"<[^>]+>", "", " ".join(found)).split())


def test_the_page_of_all_clinics_says_who_is_late_what_drifts_and_which_rules_fail(uneven):
    with opened(uneven) as con:
        said = night_of(asked(con))
    late = "C02 Cedar Ketamine Clinic: last sent 2026-01-31, 75 days before this night; sends every 7 days (given), so it was in time until 2026-02-11."
    never = "SILENT: has sent nothing yet; sends every 47 days (given), so it was in time until 2026-04-12. New with this night."
    assert "2 of 4 clinics are overdue. 1 of 4 cannot be judged" in said
    assert f"{late} {never} Unusual in this night: 1 by number of rows, 1 by rows without a total." in said
    assert "C03 Lakeside Wellness: 60 rows taken, usually 6.0: far above its usual number." in said
    assert "C03 Lakeside Wellness: 15 of 60 rows came without a PHQ-9 total, usually 0% of them." in said
    assert "New: item range (4 of 36 rows of scores)." in said
    assert "Still failing: day range (5 of 36 rows of scores, before 3)." in said
    assert "Not checked: total range (before 1 rows of scores)." in said
    assert "Fixed: drug unknown (before 2 rows of scores)." in said


def test_the_page_of_all_clinics_has_words_where_nothing_is_late_or_unusual_or_fails(odd, after_later):
    with opened(odd) as con:
        said = night_of(asked(con))
    assert "No clinic is overdue. 8 of 8 cannot be judged" in said
    assert "Nothing drifted in this night," in said
    with opened(after_later) as con:
        book = asked(con)
    assert "Where they are more than six, they are named in the table below." in night_of(book)
    book.views["rule_standing"].clear()
    assert "No rule fails: none set a row aside or refused a file" in night_of(book)


def test_on_paper_many_late_clinics_are_an_appendix_and_no_other_page_says_any_of_it(uneven):
    with opened(uneven) as con:
        book = asked(con)
    # Four clinics and four of these rows are too much for one side of paper; without the clinics' table they are not.
    assert "Appendix: who is overdue" in night_of(book)
    book.views["clinic"] |= {f"NEW{number}": [] for number in range(3)}
    assert "Appendix: who is overdue" not in night_of(book)
    assert "h-night" not in page_of(book, "C02")
    (night,) = book.views["night"][""]
    book.release = {
        "name": "2026-Q1",
        "as_of": night["as_of"],
        "covers": "all",
        "arrival_no": 1,
        "arrival_hash": "0" * 64,
    }
    assert night_of(book) == ""


def lead(text: str) -> str:
    (found,) = re.findall(r'<section class="lead".*?</section>', text, re.S)
    return " ".join(re.sub(r"<[^>]+>", "", found).split())


def test_the_first_sentence_of_five_patients(odd):
    said = lead(pages(odd)["clinic-FIVE.html"])
    (met, observed, due) = nightly.asked(
        odd, "SELECT met, observed, due FROM rate WHERE clinic_id = 'FIVE' AND measure_id = 'response_post_induction'"
    )[0]
    assert due == observed == 5
    assert f"Of 5 courses due, 5 have a score; {met} of 5 responded" in said
    assert "Worse than at the start:" in said
    assert "no verdict, because" in said


def test_a_clinic_with_no_endpoint_yet_has_words_and_no_zeros(odd):
    said = lead(pages(odd)["clinic-EARLY.html"])
    assert "No course is due yet" in said
    assert "not assessable" in said
    assert "0%" not in said


def test_a_clinic_with_every_course_missing_says_missing(odd):
    assert nightly.asked(odd, "SELECT due, observed FROM rate WHERE clinic_id = 'GONE' AND measure_id = 'response_post_induction'") == [(12, 0)]  # fmt: skip
    said = lead(pages(odd)["clinic-GONE.html"])
    assert "Of 12 courses due, none has a score: response, remission and harm are missing." in said
    assert "Worse than at the start: 0 of 0, missing" in said


def test_a_clinic_that_has_sent_nothing_has_a_page(odd):
    assert "No course is due yet" in lead(pages(odd)["clinic-NOTHING.html"])


def test_the_same_store_gives_the_same_bytes(after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    before = pages(home)
    write_pages(home)
    assert pages(home) == before


def test_a_page_that_is_no_more_goes_and_nothing_half_is_left(after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    (home.reports / "clinic-OLD.html").write_text("old")
    aside = home.reports.with_name(".reports.new")
    aside.mkdir()
    (aside / "half.html").write_text("<p")
    write_pages(home)
    assert "clinic-OLD.html" not in pages(home)
    assert [path.name for path in home.published.iterdir() if path.name.startswith(".")] == []


def test_pages_are_put_in_place_only_when_all_are_written(tmp_path):
    folder = tmp_path / "reports"
    put_in_place(folder, [("index.html", "one")])
    with pytest.raises(FileNotFoundError):
        put_in_place(folder, [("index.html", "two"), ("no/such.html", "three")])
    assert (folder / "index.html").read_text() == "one"


def test_sixty_clinics_are_drawn_from_one_question_a_view(sixty):
    found = pages(sixty)
    assert len(found) == 61
    assert all(len(text.encode()) < 1_500_000 for text in found.values())
    rows = [a for a in Page(found["index.html"]).all("a") if str(a["href"]).startswith("clinic-")]
    assert [a["href"] for a in rows] == sorted(f"clinic-C{number:02}.html" for number in range(1, 61))
    with opened(sixty) as con:
        asked_of: list[str] = []

        class Counted:
            def execute(self, query, *values):
                asked_of.append(query)
                return con.execute(query, *values)

        asked(Counted())
    assert len(asked_of) == len(INSIDE) + 6


def test_a_scale_and_the_labels_of_lines_that_meet():
    scale = charts.Scale(0, 27, 236, 14)
    assert [scale(0), scale(27), scale(13.5)] == [236, 14, 125]
    assert list(charts._apart([(10, "b"), (9, "a"), (50, "c")], 13)) == [(9, "a"), (22, "b"), (50, "c")]
    assert charts._round_ticks(62) == [0, 20, 40, 60]


def test_every_chart_has_words_and_a_title_that_asks(all_pages):
    found = 0
    for name, text in all_pages.items():
        for chart in re.findall(r"<svg.*?</svg>", text, re.S):
            (title,) = re.findall(r"<title [^>]*>(.*?)</title>", chart)
            (words,) = re.findall(r"<desc [^>]*>(.*?)</desc>", chart)
            assert title.endswith("?"), name
            assert len(words) > 40, name
            assert 'role="img"' in chart
            assert "nan" not in chart.lower().replace("nance", ""), name
            found += 1
    assert found > 30


def test_charts_stay_inside_their_box(all_pages):
    for name, text in all_pages.items():
        for height, chart in re.findall(r'<svg viewBox="0 0 400 ([0-9.]+)"(.*?)</svg>', text, re.S):
            xs = [float(x) for x in re.findall(r'\b(?:x|cx|x1|x2)="(-?[0-9.]+)"', chart)]
            ys = [float(y) for y in re.findall(r'\b(?:y|cy|y1|y2)="(-?[0-9.]+)"', chart)]
            assert 0 <= min(xs) <= max(xs) <= 400, name
            assert 0 <= min(ys) <= max(ys) <= float(height), name


def run(*words) -> int:
    with pytest.raises(SystemExit) as stopped:
        main([str(word) for word in words])
    return int(stopped.value.code or 0)


def test_report_writes_a_page_and_its_charts(after_first, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(printing, "browser", lambda: None)
    out = tmp_path / "C01.html"
    assert run("report", "--home", after_first.root, "--clinic", "C01", "--out", out, "--charts", tmp_path / "c") == 0
    assert out.read_text("utf-8") == pages(after_first)["clinic-C01.html"]
    assert {path.name for path in (tmp_path / "c").iterdir()} >= {"by-infusion.svg", "attrition.svg", "forest.svg"}
    svg = (tmp_path / "c" / "by-infusion.svg").read_text("utf-8")
    assert svg.startswith('<svg xmlns="http://www.w3.org/2000/svg"')
    assert "<style>:root{" in svg
    assert "(SVG; no PNG, since no Chromium is installed here)" in capsys.readouterr().out
    assert run("report", "--home", after_first.root, "--clinic", "C01", "--out", tmp_path / "C01.pdf") == 64
    assert "No Chromium" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--clinic", "C1", "--out", "x.html"), "There is no clinic C1"),
        (("--clinic", "C01", "--out", "x.doc"), "ends in .html or .pdf"),
        (("--clinic", "C01", "--out", "no/such/x.html"), "There is no folder"),
        (("--clinic", "C01", "--out", "x.html", "--shared"), "outcomes export --shared"),
    ],
)
def test_report_says_what_to_do(after_first, tmp_path, capsys, monkeypatch, words, said):
    monkeypatch.chdir(tmp_path)
    assert run("report", "--home", after_first.root, *words) == 64
    assert said in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def rows_of_table(text: str, heading: str) -> list[tuple[str, ...]]:
    """The cells of the table under a heading."""
    (section,) = re.findall(rf'<h2 id="{heading}">.*?</section>', text, re.S)
    body = section.partition("<tbody>")[2]
    return [tuple(re.findall(r"<t[dh][^>]*>(.*?)</t[dh]>", row)) for row in re.findall(r"<tr>(.*?)</tr>", body)]


def test_the_review_list_has_every_score_and_course_of_its_clinic_and_nobody_else(after_later, tmp_path):
    """What nobody has looked at stands first; who has looked stands beside the rest from the next night on."""
    home = copied(after_later, tmp_path / "home")
    (first,) = nightly.asked(home, "SELECT min(score_id) FROM item_9_review WHERE clinic_id = 'C01'")[0]
    acknowledge(home, [first], "A. Clinician")
    write_pages(home)
    told = 0
    for clinic in ("C01", "C02", "C03"):
        text = (home.review / f"{clinic}.html").read_text("utf-8")
        higher = f"SELECT score_id::VARCHAR, patient_id, kind, day_before::VARCHAR, item_9_before::VARCHAR, day::VARCHAR, item_9::VARCHAR, coalesce(acknowledged_by, 'nobody yet') FROM item_9_review WHERE clinic_id = '{clinic}'"
        order = "ORDER BY patient_id, day, score_id"
        assert rows_of_table(text, "h-nine") == nightly.asked(home, f"{higher} AND acknowledged_by IS NULL {order}")
        assert rows_of_table(text, "h-seen") == nightly.asked(home, f"{higher} AND acknowledged_by IS NOT NULL {order}")
        worse = f"SELECT patient_id, course::VARCHAR, baseline_day::VARCHAR, baseline_total::VARCHAR, endpoint_day::VARCHAR, endpoint_total::VARCHAR FROM endpoint WHERE clinic_id = '{clinic}' AND measure_id = 'worsened_post_induction' AND endpoint_total > baseline_total ORDER BY patient_id, course"
        assert rows_of_table(text, "h-worse") == nightly.asked(home, worse)
        told += len(rows_of_table(text, "h-worse"))
    assert len(rows_of_table((home.review / "C01.html").read_text("utf-8"), "h-seen")) == 1
    assert told > 0


def test_a_fault_in_a_page_loses_no_night(sample, after_first, tmp_path, monkeypatch, capsys):
    """The night ends whole with one line and exit code 1; the other pages are new, and the next night makes the one left."""
    home = copied(after_first, tmp_path / "home")
    before = pages(home)
    sample.send(LATER, home)

    def faulty(part, clinic):
        if clinic == "C02":
            raise ValueError("PATIENT P-001 had 27")
        return blank_page(part, clinic)

    with monkeypatch.context() as patched:
        patched.setattr(writing, "blank_page", faulty)
        assert run("nightly", "--home", home.root, "--as-of", sample.as_of(LATER), "--no-prefect") == 1
    said = capsys.readouterr().err
    assert said.startswith("outcomes: 1 of 7 pages and review lists could not be made (ValueError at ")
    assert "P-001" not in said
    assert said.count("\n") == 1
    assert not home.manifest.exists()
    assert list(home.inbox.iterdir()) == []
    assert nightly.asked(home, "SELECT max(night) FROM night") == [(2,)]
    after = pages(home)
    assert {name for name in after if after[name] == before[name]} == {"clinic-C02.html"}
    write_pages(home)
    assert all("Night 2, " in text for text in pages(home).values())


def test_pages_that_cannot_be_written_lose_no_night(sample, after_first, tmp_path, capsys):
    """A file where the folder should be; the next night is a night like any other."""
    home = copied(after_first, tmp_path / "home")
    shutil.rmtree(home.reports)
    home.reports.write_text("in the way")
    sample.send(LATER, home)
    with pytest.raises(OutcomesError, match=r"pages could not be made \(FileExistsError at writing"):
        sample.run(LATER, home)
    home.reports.unlink()
    assert list(home.inbox.iterdir()) == []
    assert run_night(home, sample.as_of(LATER)).nights_healed == 0
    assert len(pages(home)) == 4


def test_a_release_stands_beside_what_is_provisional(after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    run_release(home, "2026-Q1", None)
    with opened(home) as con:
        book = asked(con)
    (verdict, standing, why) = nightly.asked(home, "SELECT v.verdict, v.standing, r.sentence FROM release_verdict AS v LEFT JOIN reason AS r ON r.reason_code = v.withheld_because AND r.about = 'verdict' WHERE clinic_id = 'C01' AND measure_id = 'response_post_induction'")[0]  # fmt: skip
    words = f"no verdict, because {why}" if verdict is None else standing
    said = lead(page_of(book, "C01"))
    assert re.search(rf"Released: 2026-Q1 \(as of 2026-01-31\): .*{re.escape(words)}\.", said)
    assert "Released:" not in lead(pages(after_first)["clinic-C01.html"])


def test_a_page_has_the_head_of_the_ledger(after_later, all_pages, shared_pages):
    (head,) = nightly.asked(after_later, "SELECT arg_max(hash, arrival_no) FROM arrival")[0]
    assert all(head in text for text in [*pages(after_later).values(), *shared_pages.values()])


def numbers_of(text: str) -> list[tuple[str, str, str, str, str]]:
    """View, key, column, how and words of each number."""
    return re.findall(r'data-view="([a-z_]+)" data-key="([^"]*)" data-column="([a-z_]+)" data-how="([a-z]+)">([^<]*)<', text)  # fmt: skip


def test_a_shared_page_tells_no_count_of_1_to_10_and_none_that_follows(edition, shared_pages):
    """Every number of it is a cell of the edition's files, which an attacker has tried (test_sharing.py); and of each rate
    the counts that its own numbers give (with the outcome, without it, without a score) are 0 or over 10."""
    with opened(edition) as con:
        book = asked(con, SHARED)
    assert book.lines == {} == book.reviews
    assert set(book.views) == set(SHARED)
    (folder,) = [path.parent for path in edition.root.rglob("rates.json") if "edition" in path.parts]
    files = {f"shared_{view}": json.loads((folder / f"{name}.json").read_text("utf-8")) for view, name in (("rate", "rates"), ("comparison", "comparisons"), ("attrition", "attrition"))}  # fmt: skip
    told = 0
    for clinic, text in shared_pages.items():
        counts: dict[str, dict[str, int]] = {}
        for view, key, column, how, words in numbers_of(text):
            if not words[0].isdigit() or not key:
                continue
            wanted = dict(part.split("=", 1) for part in key.split("; "))
            (row,) = [row for row in files[view] if all(str(row[name]) == value for name, value in wanted.items())]
            assert row[column] is not None, (clinic, key, column)
            if how == "count":
                assert int(words.replace(",", "")) == row[column]
                counts.setdefault(key, {})[column] = row[column]
        for found in counts.values():
            given = [*found.values()]
            given += [found["observed"] - found["met"]] if found.keys() >= {"observed", "met"} else []
            given += [found["due"] - found["observed"]] if found.keys() >= {"observed", "due"} else []
            assert not [n for n in given if 1 <= n <= 10], (clinic, found)
            told += len(given)
        assert "suppressed" in text
        assert set(chart_files(book, clinic, is_shared=True)) <= {"forest", "forest-context"}
    assert told > 0


@pytest.mark.skipif(printing.browser() is None, reason="no Chromium is installed")
def test_a_shared_page_of_a_clinic_with_no_course_due_has_words(edition):
    with opened(edition) as con:
        book = asked(con, SHARED)
    for row in book.views["shared_rate"]["C01"]:
        row.update(dict.fromkeys(row.keys() & {"due", "observed", "met"}, 0))
    said = lead(shared_page_of(book, "C01"))
    assert "No course is due yet. Response, remission and harm are not assessable." in said


def test_report_prints_a_page_and_draws_its_charts(odd, tmp_path, capsys):
    """A PNG has twice the sides of its chart, and all of it: its last row is paper, the row of its last words is not."""
    assert run("report", "--home", odd.root, "--clinic", "C01", "--out", tmp_path / "C01.pdf", "--charts", tmp_path / "c") == 0  # fmt: skip
    assert (tmp_path / "C01.pdf").read_bytes().startswith(b"%PDF")
    assert re.fullmatch(r"For inside the house: .*C01\.pdf, 7 charts in .* \(SVG and PNG\)\n", capsys.readouterr().out)
    for path in (tmp_path / "c").glob("*.svg"):
        (sides,) = re.findall(r' width="(\d+)" height="(\d+)" viewBox', path.read_text("utf-8"))
        png = path.with_suffix(".png").read_bytes()
        assert struct.unpack(">II", png[16:24]) == tuple(2 * int(side) for side in sides), path.name
        low = max(float(y) for y in re.findall(r'<text x="[0-9.]+" y="([0-9.]+)"', path.read_text("utf-8")))
        width = 2 * int(sides[0]) * 3
        packed = zlib.decompress(b"".join(re.findall(rb"IDAT(.*?)....IEND", png, re.S)))
        at = int(2 * low - 8) * (width + 1)
        assert len(packed) == (width + 1) * 2 * int(sides[1])
        assert len(set(packed[at + 1 : at + width])) > 2, f"{path.name}: nothing is drawn where its last words are"


def test_labels_at_one_place_keep_apart_and_off_the_axis():
    """Twelve clinics of few courses, all at 0%: no label on another, none among the numbers below."""
    y, placed = charts.Scale(0, 1, 184, 14), list[tuple[float, float]]()
    for at in range(50, 62):
        placed.append((at, charts._free(placed, at, y(0), y)))
    heights = sorted(height for _, height in placed)
    assert (heights[-1], heights[0] >= 14) == (184, True)
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 12
    assert charts._free(placed, 300, y(0), y) == 184, "a label further along is where its dot is"
