"""Every number of a page is the published copy's: each is read back by the view, key and column that its element names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser

import duckdb
import pytest

from outcomes.exporting import export
from outcomes.pages.asking import NETWORK, SHARED, asked
from outcomes.pages.making import chart_files, page_of, shared_page_of
from outcomes.publishedcopy import opened
from tests.conftest import copied, stored

RESPONSES = re.compile(r"measure_id=response_|outcome=response|measure_id=sustained_response|mcinnes2022_response")
WORDS = {"not assessable", "missing", "suppressed", "not printed"}


class Numbers(HTMLParser):
    """The numbers of a page, each with its attributes, its text, and the section it stands in."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[dict[str, str], str, int]] = []
        self.text: defaultdict[int, str] = defaultdict(str)
        self.section = 0
        self.within: dict[str, str] | None = None
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        self.section += tag == "section"
        self.within = named if "data-view" in named else self.within

    def handle_endtag(self, tag):
        self.within = None

    def handle_data(self, data):
        self.text[self.section] += data
        if self.within:
            self.found.append((self.within, data, self.section))
            self.within = None


def rounded(value, how: str) -> str:
    """A value as people read it, by decimals and not by the product's own arithmetic."""
    if how == "word":
        return str(value)
    if how == "count":
        return f"{value:,}"
    if how == "percents":
        return f"{Decimal(str(value)).normalize():f}%"
    if how == "decimal":
        return f"{value:.1f}"
    whole = (Decimal(value) * 100 + Decimal(1).copy_sign(Decimal(value)) * Decimal("1e-9")).quantize(
        Decimal(1), ROUND_HALF_UP
    )
    return f"{whole}%" if how == "share" else f"{'-' if whole < 0 else '+'}{abs(whole)}"


def read_back(con: duckdb.DuckDBPyConnection, text: str) -> Counter:
    """Compare each number of a page with the store; how many of each view there were. Each row is asked once."""
    rows: dict[tuple[str, str], dict] = {}
    seen: Counter = Counter()
    for named, said, _ in Numbers(text).found:
        view, key, column, how = (named[f"data-{name}"] for name in ("view", "key", "column", "how"))
        if (view, key) not in rows:
            pairs = [part.split("=", 1) for part in key.split("; ")] if key else [["NULL", "1"]]
            where = " AND ".join(f"coalesce({name}::VARCHAR, 'None') = ?" for name, _ in pairs)
            result = con.execute(f"SELECT * FROM {view} WHERE {where}", [value for _, value in pairs])
            names = [about[0] for about in result.description]
            found = result.fetchall()
            assert len(found) == bool(key), (view, key)
            rows[view, key] = dict(zip(names, found[0], strict=True)) if found else defaultdict(lambda: None)
        value = rows[view, key][column]
        if value is None:
            assert said in WORDS, (view, key, column, said)
        else:
            assert said == rounded(value, how), (view, key, column, said, value)
        seen[view] += 1
    return seen


@pytest.mark.parametrize("clinic", [NETWORK, "C01", "C02", "C03"])
def test_every_number_of_a_page_is_the_store_s(after_later, clinic):
    with opened(after_later) as con:
        seen = read_back(con, page_of(asked(con), clinic))
    assert sum(seen.values()) > 150
    assert set(seen) >= {"rate", "comparison", "infusion_mean", "infusion_curve", "infusion_worsened", "attrition", "survival_at", "change", "item_9_change", "severity_change"}  # fmt: skip


def test_a_wrong_number_would_be_found(after_later):
    with opened(after_later) as con:
        text = page_of(asked(con), "C01")
        (wrong,) = re.findall(r'data-column="due" data-how="count">(\d+)<', text)[:1]
        with pytest.raises(AssertionError):
            read_back(con, text.replace(f'data-column="due" data-how="count">{wrong}<', f'data-column="due" data-how="count">{int(wrong) + 1}<', 1))  # fmt: skip


def test_every_number_of_a_shared_page_is_the_edition_s(after_later, tmp_path):
    home = copied(after_later, tmp_path / "home")
    export(home, tmp_path / "exports", None)
    with opened(home) as con:
        book = asked(con, SHARED)
        seen = sum((read_back(con, shared_page_of(book, clinic)) for clinic in [NETWORK, *book.clinics]), Counter())
    assert set(seen) == {"shared_rate", "shared_comparison", "shared_attrition"}


@pytest.mark.parametrize("clinic", [NETWORK, "C01", "C02", "C03"])
def test_no_response_stands_without_who_was_worse(after_later, clinic):
    """In each section with a number of response there is one of worsened, and the first also has item 9."""
    with opened(after_later) as con:
        numbers = Numbers(page_of(asked(con), clinic))
    responses = {section for named, _, section in numbers.found if RESPONSES.search(named["data-key"])}
    worse = {section for named, _, section in numbers.found if re.search(r"measure_id=worsened_", named["data-key"])}
    ideation = {section for named, _, section in numbers.found if "measure_id=suicidal_ideation_increased" in named["data-key"]}  # fmt: skip
    assert len(responses) >= 4
    # The last section says where the numbers come from: the coverage of the response, and no rate.
    about = {section for section in responses if section == max(responses)}
    assert {named["data-column"] for named, _, section in numbers.found if section in about} == {"coverage"}
    assert responses - about <= worse
    assert 1 in ideation


def test_a_chart_of_responses_shows_who_was_worse(after_later):
    with opened(after_later) as con:
        charts = chart_files(asked(con), NETWORK, is_shared=False)
    assert "worse" in charts["rates-by-infusion"]
    assert "Worsened after induction" in charts["forest"]
    assert {"funnel-response", "funnel-worsened"} <= set(charts)


def test_the_bars_of_severity_add_up_to_the_courses_of_the_change(after_later):
    with opened(after_later) as con:
        chart = chart_files(asked(con), NETWORK, is_shared=False)["severity"]
    (n,) = stored(after_later.published_copy, "SELECT n FROM change WHERE clinic_id = '*'")[0]
    assert stored(after_later.published_copy, "SELECT sum(courses) FROM severity_change WHERE clinic_id = '*'") == [
        (n,)
    ]
    widths = [float(width) for width in re.findall(r'width="([0-9.]+)" height="32"', chart)]
    assert sum(widths) == pytest.approx(2 * (384 - 52), abs=1)


NOTHING = {
    "the endpoints of severity_change are those of endpoint": """
        SELECT clinic_id, severity_band(baseline_total) AS b, severity_band(endpoint_total) AS e, count(*) FROM endpoint
        WHERE measure_id = 'mean_change_post_induction' AND class = 'observed' GROUP BY ALL
        EXCEPT SELECT clinic_id, baseline_band, endpoint_band, courses FROM severity_change""",
    "who was worse after infusion k": """
        SELECT e.clinic_id, m.infusion_k, count(*), count(*) FILTER (endpoint_total > baseline_total) FROM endpoint AS e JOIN measure AS m USING (measure_id)
        WHERE m.outcome = 'is_response' AND m.anchor = 'infusion_k' AND e.class = 'observed' GROUP BY ALL
        EXCEPT SELECT clinic_id, k, observed, worsened FROM infusion_worsened""",
    "near_window counts the missing": """
        SELECT * FROM near_window JOIN rate USING (measure_id, clinic_id)
        WHERE near_window.missing <> rate.missing OR near <> early + late OR near > near_window.missing""",
    "a course near its window has such a score, and none has that is not near": """
        SELECT e.measure_id, e.clinic_id, count(*) AS n FROM endpoint AS e
        JOIN measure AS m USING (measure_id) JOIN course AS c ON c.patient_no = e.patient_no AND c.course = e.course
        WHERE e.class = 'missing' AND m.kind = 'proportion' AND m.item_9 = 'not_needed' AND EXISTS (
            FROM score_place AS s WHERE s.patient_no = e.patient_no AND s.phq9_total IS NOT NULL AND s.is_two_weeks AND NOT s.is_on_infusion_day
            AND s.day > c.first_day AND s.day <= coalesce(c.next_first_day, 9999)
            AND (s.day + 7 >= e.window_first_day AND s.day < e.window_first_day OR s.day > e.window_last_day AND s.day <= e.window_last_day + 7))
        GROUP BY ALL EXCEPT SELECT measure_id, clinic_id, near FROM near_window""",
}  # fmt: skip


@pytest.mark.parametrize("rule", NOTHING)
def test_the_views_made_for_the_pages_say_what_the_endpoints_say(after_later, rule):
    assert stored(after_later.published_copy, NOTHING[rule]) == []


def test_there_is_something_to_say(after_later):
    for view in ("severity_change", "infusion_worsened", "near_window WHERE near > 0"):
        assert stored(after_later.published_copy, f"SELECT count(*) > 0 FROM {view}") == [(True,)]
