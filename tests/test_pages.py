"""The pages as files: what is on them, what is not, and that a page is whole whatever a clinic is like."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import subprocess
from html.parser import HTMLParser

import pytest

from outcomes.cli import main
from outcomes.exporting import export
from outcomes.pages import charts, printing
from outcomes.pages.asking import INSIDE, NETWORK, SHARED, asked
from outcomes.pages.making import chart_files, page_of, review_of, shared_page_of
from outcomes.pages.writing import put_in_place, write_pages
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from schemas.scores import ITEMS
from tests import nightly
from tests.conftest import copied, made

VOID = {"meta", "link", "br", "img", "line", "path", "circle", "rect", "polygon"}
HEAD = f"clinic_id,patient_id,infusion_number,days_since_first_infusion,timepoint,{','.join(ITEMS)},total"


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


def forms(clinic: str, patients: int, *, with_baseline: bool = True, endpoint_day: int | None = 40, first: str = "P-") -> list[str]:  # fmt: skip
    """Courses of six infusions in 15 days, a score before each, and one on `endpoint_day`."""
    rows = []
    for patient in range(patients):
        days = [0, 3, 6, 9, 12, 15]
        for number, day in enumerate(days, start=1):
            items = (
                [2 if with_baseline or day else None] * 9
                if number == 1
                else [max(0, 2 - number // 2 + patient % 2)] * 9
            )
            rows.append(_form(clinic, f"{first}{patient:03}", number, day, "pre_infusion", items))
        if endpoint_day is not None:
            rows.append(_form(clinic, f"{first}{patient:03}", None, endpoint_day, "follow_up", [patient % 3] * 9))
    return rows


def _form(clinic, patient, number, day, timepoint, items):
    cells = [clinic, patient, number, day, timepoint, *items, None]
    return ",".join("" if cell is None else str(cell) for cell in cells)


def file(rows: list[str]) -> bytes:
    return "\n".join([HEAD, *rows, ""]).encode()


@pytest.fixture(scope="session")
def odd(tmp_path_factory) -> Home:
    """Clinics that are unlike the others: five patients, no endpoint yet, every course missing, nothing sent, a hostile name."""
    home = Home(tmp_path_factory.mktemp("odd") / "home")
    home.make()
    home.clinics.write_text(
        """[clinics.FIVE]\n[clinics.EARLY]\n[clinics.GONE]\n[clinics.NOTHING]
        [clinics."Z-.._x"]\nname = '<script>alert(1)</script>" onload="x & {{ 7*7 }} </style>'\n"""
    )
    files = {
        "five.csv": file(forms("FIVE", 5)),
        "early.csv": file(forms("EARLY", 12, endpoint_day=None)),
        "gone.csv": file([*forms("GONE", 12, endpoint_day=None), *(_form("GONE", f"P-{p:03}", None, 300, "follow_up", [None] * 9) for p in ())]),
        "hostile.csv": file(forms("Z-.._x", 40, first="Q<")) + file(forms("Z-.._x", 40, first="Q-")).split(b"\n", 1)[1],
    }  # fmt: skip
    nightly.night(home, files | {"early.csv": b""}, nightly.dt.date(2025, 6, 1))
    nightly.night(home, {"early.csv": files["early.csv"]}, nightly.dt.date(2026, 1, 31))
    return home


def pages(home: Home) -> dict[str, str]:
    return {path.name: path.read_text("utf-8") for path in sorted(home.reports.iterdir())}


@pytest.fixture(scope="session")
def all_pages(odd, after_first) -> dict[str, str]:
    """Every page of both homes, inside, shared and review lists."""
    found = {f"odd {name}": text for name, text in pages(odd).items()}
    found |= {f"sample {name}": text for name, text in pages(after_first).items()}
    found |= {f"review {path.name}": path.read_text("utf-8") for path in sorted(odd.review.iterdir())}
    with opened(after_first) as con:
        book = asked(con, SHARED)
    return found | {f"shared {name}": shared_page_of(book, name) for name in [NETWORK, *book.clinics]}


def test_there_is_a_page_a_clinic_one_of_all_and_a_review_list_apart(odd):
    names = {"FIVE", "EARLY", "GONE", "NOTHING", "Z-.._x"}
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
        assert {a["href"] for a in page.all("a")} <= {"index.html", *(f"clinic-{c}.html" for c in ("FIVE", "EARLY", "GONE", "NOTHING", "Z-.._x", "C01", "C02", "C03"))}, name  # fmt: skip


def test_a_hostile_name_is_text(odd):
    text = pages(odd)["clinic-Z-.._x.html"]
    assert "<script" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in text
    assert '<script>alert(1)</script>" onload="x & {{ 7*7 }} </style> (Z-.._x)' in Page(text).said


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


def test_a_clinic_with_every_course_missing_says_missing(odd, tmp_path):
    """Followed long enough by a later row of no use: due, and nothing there."""
    home = copied(odd, tmp_path / "home")
    rows = [_form("GONE", f"P-{p:03}", 7, 400, "pre_infusion", [1] * 9) for p in range(12)]
    nightly.night(home, {"later.csv": file(rows)})
    assert nightly.asked(home, "SELECT due, observed FROM rate WHERE clinic_id = 'GONE' AND measure_id = 'response_post_induction'") == [(12, 0)]  # fmt: skip
    text = pages(home)["clinic-GONE.html"]
    said = lead(text)
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


def test_sixty_clinics_are_drawn_from_one_question_a_view(tmp_path):
    sample = made(tmp_path / "s", 60, 240, 5, bad=False)
    home = Home(tmp_path / "home")
    sample.run("first", home)
    assert len(pages(home)) == 61
    assert all(len(text.encode()) < 1_500_000 for text in pages(home).values())
    text = pages(home)["index.html"]
    rows = [a for a in Page(text).all("a") if str(a["href"]).startswith("clinic-")]
    assert [a["href"] for a in rows] == sorted(a["href"] for a in rows)
    with opened(home) as con:
        asked_of: list[str] = []

        class Counted:
            def execute(self, query, *values):
                asked_of.append(query)
                return con.execute(query, *values)

        asked(Counted())
    assert len(asked_of) == len(INSIDE) + 5


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


def test_a_shared_page_has_no_count_of_1_to_10(after_first, tmp_path):
    home = copied(after_first, tmp_path / "home")
    export(home, tmp_path / "exports", None)
    with opened(home) as con:
        book = asked(con, SHARED)
    assert book.lines == {} == book.reviews
    assert not {name for name in book.views if name not in SHARED}
    told = 0
    for clinic in [NETWORK, *book.clinics]:
        text = shared_page_of(book, clinic)
        cells = re.findall(
            r'data-view="([a-z_]+)" data-key="[^"]*" data-column="[a-z_]+" data-how="count">([^<]*)<', text
        )
        counts = [int(words.replace(",", "")) for _, words in cells if words[0].isdigit()]
        assert {view for view, _ in cells} <= {"shared_rate", "shared_attrition"}
        assert not [n for n in counts if 1 <= n <= 10]
        told += len(counts)
        assert "suppressed" in text
        assert set(chart_files(book, clinic, is_shared=True)) <= {"forest", "forest-context"}
    assert told > 0


@pytest.mark.skipif(printing.browser() is None, reason="no Chromium is installed")
def test_two_sides_and_no_overflow_in_chromium(after_first, tmp_path):
    """Printed on two sides; and at the width of a phone nothing is wider than the page."""
    with opened(after_first) as con:
        page = page_of(asked(con), "C01")
    printing.printed(page, tmp_path / "page.pdf")
    data = (tmp_path / "page.pdf").read_bytes()
    assert data.startswith(b"%PDF")
    assert max(int(n) for n in re.findall(rb"/Count (\d+)", data)) == 2
    probe = "<script>document.title=[360,390,1200].map(w=>{document.body.style.width=w+'px';return document.body.scrollWidth<=w})</script>"
    (tmp_path / "probe.html").write_text(
        re.sub(r'<meta http-equiv="Content[^>]*>', "", page).replace("</body>", probe + "</body>")
    )
    command = [
        printing.browser(),
        "--headless=new",
        "--disable-gpu",
        f"--user-data-dir={tmp_path / 'browser'}",
        "--dump-dom",
    ]
    command += ["--no-sandbox"] if os.geteuid() == 0 else []
    done = subprocess.run(
        [*command, (tmp_path / "probe.html").as_uri()], capture_output=True, text=True, timeout=120, check=True
    )
    assert "<title>true,true,true</title>" in done.stdout
