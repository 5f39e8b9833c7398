"""The pages as files: what is on them, what is not, and that a page is whole whatever a clinic is like."""

from __future__ import annotations

import base64
import hashlib
import os
import re
from html.parser import HTMLParser

import pytest

from outcomes.cli import main
from outcomes.pages import charts, printing
from outcomes.pages.asking import INSIDE, asked
from outcomes.pages.making import review_of
from outcomes.pages.writing import put_in_place, write_pages
from outcomes.publishedcopy import opened
from tests import nightly
from tests.conftest import copied
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
        said = Page(review_of(book, clinic)).said
        assert all(row["patient_id"] in said for row in [*higher, *worse])


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
    put_in_place(folder, {"index.html": "one"})
    with pytest.raises(FileNotFoundError):
        put_in_place(folder, {"index.html": "two", "no/such.html": "three"})
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
    capsys.readouterr()
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
