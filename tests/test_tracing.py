"""A number walked back: rate, courses, scores, file and line, and the line itself."""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile

import polars as pl
import pytest

from outcomes import inbox
from outcomes.cli import main
from outcomes.errors import UsageError
from outcomes.publishedcopy import opened
from outcomes.showing import line_of, row_of, rows_at
from outcomes.sources.content import whole
from outcomes.tracing import flat, patient_and_course, traced
from tests.conftest import copied, stored

pytestmark = pytest.mark.usefixtures("no_pages_here")

RESPONSE = "response_post_induction"


@pytest.fixture
def con(after_later):
    """Of one test: DuckDB opens a file but once in a process, and other tests open it otherwise."""
    with opened(after_later) as opened_copy:
        yield opened_copy


def said(capsys, home, *arguments):
    """Exit code, standard output and standard error of a command."""
    capsys.readouterr()
    with pytest.raises(SystemExit) as ended:
        main([*arguments, "--home", str(home.root)])
    return int(ended.value.code or 0), *capsys.readouterr()


def test_the_courses_of_every_rate_add_up_to_it(con):
    """Numerator and denominator of the main rate, and everybody else, for each measure and clinic."""
    wrong = con.execute(
        """
        WITH counted AS (
            SELECT measure_id, CASE WHEN grouping(clinic_id) = 1 THEN '*' ELSE clinic_id END AS clinic_id,
                count(*) AS courses, count(*) FILTER (is_in_numerator) AS met, count(*) FILTER (is_in_denominator) AS n
            FROM trace_course GROUP BY GROUPING SETS ((measure_id, clinic_id), (measure_id))
        )
        SELECT r.measure_id, r.clinic_id FROM rate AS r LEFT JOIN counted AS c USING (measure_id, clinic_id)
        WHERE (r.courses, r.met, CASE r.main_denominator WHEN 'observed' THEN r.observed ELSE r.due END)
            IS DISTINCT FROM (coalesce(c.courses, 0), coalesce(c.met, 0), coalesce(c.n, 0))
        """
    ).fetchall()
    assert wrong == []
    assert con.execute("SELECT count(*) FROM trace_course WHERE because IS NULL").fetchone() == (0,)
    assert con.execute("SELECT count(*) > 100 FROM rate WHERE met > 0").fetchone() == (True,)


def test_each_observed_course_has_the_scores_its_endpoint_names(con):
    missing = con.execute(
        """
        SELECT e.measure_id, e.patient_no, e.course FROM endpoint AS e
        WHERE e.class = 'observed' AND (
            [e.baseline_score_id, e.endpoint_score_id], [e.baseline_total, e.endpoint_total]) IS DISTINCT FROM (
            SELECT (list(t.score_id ORDER BY role), list(t.total ORDER BY role)) FROM trace_score AS t
            WHERE (t.measure_id, t.patient_no, t.course) = (e.measure_id, e.patient_no, e.course))
        """
    ).fetchall()
    assert missing == []


def test_the_line_of_each_traced_score_holds_what_the_store_says(con, after_later):
    """Read from the archived bytes by Python's own csv, and by polars for Parquet: pseudonym, day, and the items' sum."""
    rows = con.execute(
        f"""SELECT t.sha256, t.line, t.day, t.total, p.patient_id, a.format FROM trace_score AS t JOIN patient AS p USING (patient_no)
        JOIN arrival AS a ON a.arrival_no = t.arrival_no WHERE measure_id = '{RESPONSE}' AND status IN ('met', 'not_met')"""
    ).fetchall()
    files = {}
    for sha, *_, form in rows:
        if sha not in files:
            data = whole(inbox.content_of(after_later, sha))
            if form == "parquet":
                files[sha] = dict(enumerate(pl.read_parquet(data).iter_rows(named=True), 1))
            else:
                text = (gzip.decompress(data) if form.endswith(".gz") else data).decode("utf-8-sig")
                files[sha] = dict(enumerate(csv.DictReader(io.StringIO(text)), 2))
    assert {form for *_, form in rows} == {"csv", "csv.gz", "parquet"}
    words = {"Not at all": 0, "Several days": 1, "More than half the days": 2, "Nearly every day": 3}
    for sha, line, day, total, patient, _ in rows:
        found = files[sha][line]
        items = [str(found[f"item_{n}"] or "").strip() for n in range(1, 10)]
        answers = [int(float(words.get(item, item))) for item in items if item]
        assert (found["patient_id"], int(float(found["days_since_first_infusion"]))) == (patient, day)
        assert total == (sum(answers) if answers else int(float(found["total"])))


def test_a_survival_figure_is_walked_to_the_scores_its_clocks_start_and_end_with(con):
    """Days between the two are those of the estimate; an event is over half of the baseline, the last one is not."""
    rows = con.execute(
        """SELECT s.days, s.is_event, s.start_day, max(t.day) FILTER (role = 'start'), max(t.day) FILTER (role IN ('event', 'last')),
            max(total) FILTER (role = 'baseline'), max(total) FILTER (role = 'event')
        FROM survival AS s LEFT JOIN trace_score AS t USING (measure_id, patient_no, course)
        WHERE s.measure_id = 'sustained_response_8_weeks' AND s.variant = 'all' GROUP BY ALL"""
    ).fetchall()
    assert {row[1] for row in rows} == {True, False}
    for days, is_event, start_day, started, ended, baseline, event in rows:
        assert started == start_day
        assert (ended or start_day) - start_day == days
        assert (event is not None) == is_event
        assert event is None or 2 * event > baseline


def test_a_mean_change_is_the_mean_of_the_pairs_that_it_is_walked_to(con):
    courses = traced(con, "mean_change_post_induction", "*", "counted", None)
    falls = []
    for course in courses["courses"]:
        by_role = {score["role"]: score["total"] for score in course["scores"]}
        falls.append(by_role["baseline"] - by_role["endpoint"])
    (figure,) = courses["figure"]
    assert figure["n"] == len(falls) > 5
    assert figure["mean_change"] == pytest.approx(sum(falls) / len(falls))


def test_one_course_comes_with_every_score_of_its_patient_and_why_one_is_not_usable(con):
    ((patient, course),) = con.execute(
        f"SELECT patient_no, course FROM trace_course WHERE measure_id = '{RESPONSE}' AND status = 'incomplete_form' ORDER BY ALL LIMIT 1"
    ).fetchall()
    told = traced(con, RESPONSE, None, None, f"{patient}/{course}")
    assert [(row["patient_no"], row["course"], row["status"]) for row in told["courses"]] == [
        (patient, course, "incomplete_form")
    ]
    assert (
        len(told["scores"]) == con.execute("SELECT count(*) FROM score WHERE patient_no = ?", [patient]).fetchone()[0]
    )
    (first, last) = (told["courses"][0][key] for key in ("window_first_day", "window_last_day"))
    inside = [
        row["not_usable_because"] for row in told["scores"] if first <= row["day"] <= last and row["items_answered"]
    ]
    assert "no total" in inside
    assert None not in inside, "a usable score in the window would have been the endpoint"


@pytest.mark.parametrize(("text", "found"), [("17/1", (17, 1)), ("-3/2", (-3, 2))])
def test_a_course_is_named_by_two_numbers(text, found):
    assert patient_and_course(text) == found


@pytest.mark.parametrize("text", ["17", "a/1", "17/", "1/2/3", "17:1"])
def test_what_names_no_course_is_refused(text):
    with pytest.raises(UsageError, match="17/1"):
        patient_and_course(text)


def test_trace_prints_no_pseudonym_in_any_format(after_later, capsys):
    pseudonyms = {row[0] for row in stored(after_later.published_copy, "SELECT patient_id FROM patient")}
    lines = {}
    for form in ("table", "csv", "json"):
        code, lines[form], _ = said(
            capsys, after_later, "trace", "--measure", RESPONSE, "--clinic", "C01", "--format", form
        )
        assert code == 0
        assert not pseudonyms & set(re.findall(r"[\w.-]+", lines[form]))
    as_json = json.loads(lines["json"])
    assert flat(as_json["courses"]) == [
        {key: row[key] for key in row} for row in flat(traced_by(after_later, "C01"))
    ], "dates apart, the same in JSON"
    assert len(list(csv.DictReader(io.StringIO(lines["csv"])))) == len(flat(as_json["courses"]))
    assert "Response after induction  C01" in lines["table"]


def traced_by(home, clinic):
    with opened(home) as con:
        return json.loads(json.dumps(traced(con, RESPONSE, clinic, None, None)["courses"], default=str))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--measure", "response_post_inductoin"), "Did you mean response_post_induction?"),
        (("--measure", RESPONSE, "--clinic", "C1"), "There is no clinic C1"),
        (("--measure", RESPONSE, "--status", "metic"), "There are: baseline_too_old, incomplete_form, "),
        (("--measure", RESPONSE, "--course", "999999/1"), "There is no course 999999/1"),
    ],
)
def test_what_is_not_there_is_said_in_one_line(after_later, capsys, arguments, words):
    code, out, err = said(capsys, after_later, "trace", *arguments)
    assert (code, out, err.count("\n")) == (64, "", 1)
    assert words in err


# The line itself


def test_show_prints_a_line_that_trace_names(after_later, capsys):
    code, out, _ = said(capsys, after_later, "trace", "--measure", RESPONSE, "--clinic", "C02", "--status", "met")
    place = re.search(r"([0-9a-f]{12}):(\d+)", out)
    code, out, _ = said(capsys, after_later, "show", place[0])
    sha = next(path for path in after_later.archive.iterdir() if path.name.startswith(place[1]))
    assert code == 0
    assert out == gzip.decompress(sha.read_bytes()).decode().splitlines()[int(place[2]) - 1] + "\n"


@pytest.mark.parametrize("line", ["xyz:1", "3f9a01c2", "3f9a:1", "ffffff:1", "3f9a01c2:0x1"])
def test_show_says_what_it_needs(after_later, capsys, line):
    code, out, err = said(capsys, after_later, "show", line)
    assert (code, out, err.count("\n")) == (64, "", 1)


def test_show_shows_nothing_of_a_refused_file(after_later):
    ((sha,),) = stored(
        after_later.published_copy, "SELECT min(sha256) FROM arrival WHERE refused_because = 'identifier'"
    )
    with opened(after_later) as con, pytest.raises(UsageError, match="may hold identifiers") as refused:
        line_of(after_later, con, sha, 2)
    assert "@" not in str(refused.value)


def test_show_needs_the_archive(after_later, tmp_path):
    """An auditor with the published copy alone cannot read a line; nor is one shown that is not of the bytes that came."""
    home = copied(after_later, tmp_path / "home")
    ((sha,),) = stored(home.published_copy, "SELECT min(sha256) FROM arrival WHERE refused_because IS NULL")
    path = home.archive / sha
    path.chmod(0o600)
    path.write_bytes(path.read_bytes() + b"\n")
    with opened(home) as con, pytest.raises(UsageError, match="are not those that its clinic sent, so they are not"):
        line_of(home, con, sha, 2)
    path.unlink()
    with opened(home) as con, pytest.raises(UsageError, match=r"are not in .*: they were erased, or are lost"):
        line_of(home, con, sha, 2)
    path.mkdir()
    with opened(home) as con, pytest.raises(UsageError, match="Only who runs the nights may read them"):
        line_of(home, con, sha, 2)


ROWS = [{"patient_id": "ann1", "total": 7}, {"patient_id": "bob2", "total": 8}]


def excel():
    import xlsxwriter

    out = io.BytesIO()
    book = xlsxwriter.Workbook(out, {"in_memory": True})
    sheet = book.add_worksheet("scores")
    for line, row in enumerate([list(ROWS[0]), *(list(row.values()) for row in ROWS)]):
        sheet.write_row(line, 0, row)
    book.close()
    return out.getvalue()


def parquet():
    out = io.BytesIO()
    pl.DataFrame(ROWS).write_parquet(out)
    return out.getvalue()


def zipped(data):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("scores.csv", data)
    return out.getvalue()


CSV = b"patient_id,total\nann1,7\nbob2,8\n"
BY_COLUMN = "patient_id: bob2\ntotal: 8"
LAST = {
    "csv": (CSV, 3, "bob2,8"),
    "csv.gz": (gzip.compress(CSV), 3, "bob2,8"),
    "csv.zip": (zipped(CSV), 3, "bob2,8"),
    "utf-16": (CSV.decode().encode("utf-16"), 3, "bob2,8"),
    "ndjson": ("\n".join(map(json.dumps, ROWS)).encode(), 2, json.dumps(ROWS[1])),
    "json": (json.dumps(ROWS).encode(), 2, BY_COLUMN),
    "xlsx": (excel(), 3, BY_COLUMN),
    "parquet": (parquet(), 2, BY_COLUMN),
}


@pytest.mark.parametrize("form", LAST)
def test_a_line_of_each_format_is_shown_sensibly(form):
    data, line, shown = LAST[form]
    assert row_of(data, line) == shown


QUOTED = b'patient_id,note\nann1,"one\ntwo"\nbob2,three\r\ncy,"never\nended'


@pytest.mark.parametrize(
    ("data", "rows"),
    [
        (QUOTED, {1: "patient_id,note", 2: 'ann1,"one\ntwo"', 3: 'two"\nbob2,three\ncy,"never', 4: "bob2,three", 5: 'cy,"never\nended'}),
        (b"\xef\xbb\xbfa,b\n1,2\r3,4", {1: "a,b", 2: "1,2\\r3,4"}),
        (b"a,b\r1,2\r3,4", {1: "a,b", 2: "1,2", 3: "3,4"}),
        (b'a,b\n"' + b"x\n" * 200, {2: '"' + "x\n" * 50 + "x"}),
    ],
)  # fmt: skip
def test_lines_of_a_text_are_those_of_an_editor_wherever_its_bytes_lie(data, rows, tmp_path):
    """Many at once, of a file on disk as of bytes; a quoted cell is followed for 50 lines."""
    path = tmp_path / "file"
    path.write_bytes(data)
    for content in (data, path):
        assert rows_at(content, rows) == rows
        for line, row in rows.items():
            assert row_of(content, line) == row
        with pytest.raises(UsageError, match="has no line 999"):
            row_of(content, 999)


def test_a_line_of_a_fhir_bundle_is_shown_by_column():
    answers = [
        {"linkId": f"/{code}", "answer": [{"valueInteger": 1}]}
        for code in ("44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8")
    ]
    resource = {
        "resourceType": "QuestionnaireResponse", "id": "q1", "status": "completed", "subject": {"reference": "Patient/ann1"},
        "questionnaire": "http://loinc.org/q/44249-1", "authored": "2026-01-01", "item": answers,
    }  # fmt: skip
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": resource}]}
    shown = row_of(json.dumps(bundle).encode(), 1)
    assert len(shown.splitlines()) > 5
    assert ": 1" in shown
