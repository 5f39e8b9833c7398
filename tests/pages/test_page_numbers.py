"""Every number of a page is the published copy's: each is read back by the view, key and column that its element names."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from html.parser import HTMLParser

import pytest

from outcomes.pages.asking import NETWORK, asked
from outcomes.pages.making import chart_files, page_of
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.summary import rows_of
from tests.conftest import stored

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


class Store:
    """The rows of a published copy: each view is asked once, whole, however many pages are read back."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.views: dict[str, list[dict]] = {}
        self.index: dict[tuple[str, tuple[str, ...]], dict[tuple[str, ...], list[dict]]] = {}
        with opened(home) as con:
            self.book = asked(con)

    def asked(self, query: str) -> list[tuple]:
        return stored(self.home.published_copy, query)

    def rows(self, view: str, key: str) -> list[dict]:
        """The rows that an element's key names: one, or those that its number is the sum of; none where it has no key."""
        pairs = [part.split("=", 1) for part in key.split("; ")] if key else []
        names = tuple(name for name, _ in pairs)
        if (view, names) not in self.index:
            if view not in self.views:
                with opened(self.home) as con:
                    self.views[view] = rows_of(con, f"FROM {view}")
            self.index[view, names] = index = defaultdict(list)
            for row in self.views[view] if pairs else ():
                index[tuple(str(row[name]) for name in names)].append(row)
        return self.index[view, names].get(tuple(value for _, value in pairs), [])


def read_back(store: Store, text: str) -> Counter:
    """Compare each number of a page with the store; how many of each view there were."""
    seen: Counter = Counter()
    for named, said, _ in Numbers(text).found:
        view, key, column, how = (named[f"data-{name}"] for name in ("view", "key", "column", "how"))
        found = store.rows(view, key)
        if how == "sum":
            assert said == f"{sum(row[column] for row in found):,}" != "0", (view, key, said)
        elif not found or found[0][column] is None:
            assert said in WORDS, (view, key, column, said)
        else:
            assert said == rounded(found[0][column], how), (view, key, column, said)
        assert how == "sum" or len(found) == bool(key), (view, key)
        seen[view] += 1
    return seen


@pytest.fixture(scope="module")
def stores(after_later, odd, sixty, uneven) -> dict[str, Store]:
    return {"later": Store(after_later), "odd": Store(odd), "sixty": Store(sixty), "uneven": Store(uneven)}


@pytest.fixture(scope="module")
def store(stores) -> Store:
    """Of the home whose clinic C01 is ordinary."""
    return stores["odd"]


ODD = ("C01", "FIVE", "EARLY", "GONE", "NOTHING", "Z-.._x")


@pytest.mark.parametrize(
    ("home", "clinic"),
    [("later", NETWORK), ("later", "C02"), ("sixty", NETWORK), ("sixty", "C07"), ("odd", NETWORK), ("uneven", NETWORK), *(("odd", c) for c in ODD)],
)  # fmt: skip
def test_every_number_of_a_page_is_the_store_s(stores, home, clinic):
    seen = read_back(stores[home], page_of(stores[home].book, clinic))
    assert set(seen) >= {"rate", "comparison", "item_9_change"}
    if clinic in (NETWORK, "C01"):
        assert sum(seen.values()) > 150
        assert set(seen) >= {"infusion_mean", "infusion_curve", "infusion_worsened", "attrition", "change", "severity_change", "near_window"}  # fmt: skip
    if (home, clinic) == ("odd", "C01"):
        assert seen["survival_at"] > 12
    if home == "uneven":
        assert set(seen) >= {"freshness", "volume_warning", "missingness_warning", "rule_standing"}


@pytest.mark.parametrize("column", ["due", "at_risk", "survival", "mean_total", "courses"])
def test_a_wrong_number_would_be_found(store, column):
    text = page_of(store.book, "C01")
    (element,) = re.findall(rf'data-column="{column}" data-how="[a-z]+">\d[^<]*<', text)[:1]
    wrong = re.sub(r">\d", lambda found: f">{(int(found[0][1]) + 1) % 10}", element)
    with pytest.raises(AssertionError):
        read_back(store, text.replace(element, wrong, 1))


def test_every_number_of_a_shared_page_is_the_edition_s(edition, shared_pages):
    store = Store(edition)
    seen = sum((read_back(store, text) for text in shared_pages.values()), Counter())
    assert set(seen) == {"shared_rate", "shared_comparison", "shared_attrition"}


@pytest.mark.parametrize(("home", "clinic"), [("later", NETWORK), ("later", "C02"), ("odd", "C01"), ("sixty", NETWORK)])
def test_no_response_stands_without_who_was_worse(stores, home, clinic):
    """In each section with a number of response there is one of worsened, and the first also has item 9."""
    numbers = Numbers(page_of(stores[home].book, clinic))
    responses = {section for named, _, section in numbers.found if RESPONSES.search(named["data-key"])}
    worse = {section for named, _, section in numbers.found if re.search(r"measure_id=worsened_", named["data-key"])}
    ideation = {section for named, _, section in numbers.found if "measure_id=suicidal_ideation_increased" in named["data-key"]}  # fmt: skip
    # The section that says where the numbers come from has the coverage of the response, and no rate.
    about = {section for section in responses if {named["data-column"] for named, _, place in numbers.found if place == section} == {"coverage"}}  # fmt: skip
    assert len(about) == 1
    assert len(responses) >= 4
    assert responses - about <= worse
    assert 1 in ideation


def test_no_response_is_shared_without_who_was_worse(shared_pages):
    for text in shared_pages.values():
        found = Numbers(text).found
        rates = {section for named, _, section in found if RESPONSES.search(named["data-key"]) and named["data-view"] != "shared_attrition" and named["data-column"] != "coverage"}  # fmt: skip
        worse = {section for named, _, section in found if re.search(r"measure_id=worsened_", named["data-key"])}
        assert 1 in rates <= worse


def test_a_chart_of_responses_shows_who_was_worse(store):
    charts = chart_files(store.book, NETWORK, is_shared=False)
    assert "worse" in charts["rates-by-infusion"]
    assert "Worsened after induction" in charts["forest"]
    assert {"funnel-response", "funnel-worsened"} <= set(charts)


def places(chart: str, tag: str, kind: str) -> list[dict[str, float]]:
    """The numbers of the attributes of each mark of a kind."""
    marks = re.findall(rf'<{tag} ([^>]*) class="{kind}"', chart)
    return [{name: float(value) for name, value in re.findall(r'([a-z0-9]+)="(-?[0-9.]+)"', mark)} for mark in marks]


def axis(chart: str, words: str) -> float:
    """Where the tick of these words stands: from left for one below the axis, from the top for one beside it."""
    (x, y, anchor) = re.search(rf'<text x="([0-9.]+)" y="([0-9.]+)" text-anchor="(\w+)" class="tick">{re.escape(words)}<', chart).groups()  # fmt: skip
    return float(y) - 4 if anchor == "end" else float(x)


def steps(path: str) -> list[tuple[float, float]]:
    """The corners of a path of steps: where each begins, and how high it is."""
    first = re.match(r"M([0-9.]+) ([0-9.]+)", path)
    return [tuple(map(float, first.groups())), *(tuple(map(float, pair)) for pair in re.findall(r"H([0-9.]+)V([0-9.]+)", path))]  # fmt: skip


@pytest.mark.parametrize(("home", "clinic"), [("sixty", NETWORK), ("odd", "C01")])
def test_the_line_of_durability_goes_through_the_points_of_the_curve(stores, home, clinic):
    """Read off the drawing by its own axes: day and share of every step, and none is left out."""
    store = stores[home]
    chart = chart_files(store.book, clinic, is_shared=False)["durability"]
    (path,) = re.findall(r'<path d="([^"]+)" class="series ours"', chart)
    day, share = (axis(chart, "12") - axis(chart, "0")) / 84, (axis(chart, "100%") - axis(chart, "0%"))
    drawn = [((x - axis(chart, "0")) / day, (y - axis(chart, "0%")) / share) for x, y in steps(path)]
    (least,) = store.asked("SELECT survival_minimum_at_risk FROM rules")[0]
    of = f"measure_id = 'sustained_response_8_weeks' AND clinic_id = '{clinic}' AND variant = 'all'"
    known = store.asked(f"SELECT day, survival FROM survival_curve WHERE {of} AND day <= 84 AND at_risk >= {least} ORDER BY day")  # fmt: skip
    known += store.asked(f"SELECT day, survival FROM survival_at WHERE {of} AND is_shown AND day > {known[-1][0]} ORDER BY day")  # fmt: skip
    assert len(known) >= 3
    assert drawn[0] == (0, 1)
    for (x, y), (when, survival) in zip(drawn[1:], known, strict=True):
        assert x == pytest.approx(when, abs=0.05 / day + 1e-6)
        assert y == pytest.approx(survival, abs=0.05 / abs(share) + 1e-6)


@pytest.mark.parametrize("clinic", [NETWORK, "C01"])
def test_the_bars_of_severity_are_the_courses_of_the_change(store, clinic):
    """Each bar is as long as its band has courses; both sides add up to the courses of the mean change."""
    chart = chart_files(store.book, clinic, is_shared=False)["severity"]
    (n,) = store.asked(f"SELECT n FROM change WHERE clinic_id = '{clinic}'")[0]
    long = 384 - 52
    for side, top in (("baseline_band", 10), ("endpoint_band", 56)):
        known = store.asked(f"SELECT sum(courses) FROM severity_change WHERE clinic_id = '{clinic}' GROUP BY {side} ORDER BY length({side}), {side}")  # fmt: skip
        drawn = [bar["width"] for bar in places(chart, "rect", r"band b\d") if bar["y"] == top]
        assert sum(courses for (courses,) in known) == n
        assert sorted(drawn) == pytest.approx(sorted(float(courses) / n * long for (courses,) in known), abs=0.11)


@pytest.mark.parametrize("clinic", [NETWORK, "C01"])
def test_the_marks_of_the_means_stand_where_their_numbers_are(store, clinic):
    chart = chart_files(store.book, clinic, is_shared=False)["by-infusion"]
    of = f"FROM infusion_mean WHERE clinic_id = '{clinic}' AND cohort = 'available'"
    known = store.asked(f"SELECT mean_total {of} ORDER BY k")
    drawn = [mark["cy"] for mark in places(chart, "circle", "dot (?:ours|few)")]
    unit = (axis(chart, "20") - axis(chart, "0")) / 20
    assert [(y - axis(chart, "0")) / unit for y in drawn] == pytest.approx([mean for (mean,) in known], abs=0.02)
    low = store.asked(f"SELECT greatest(low, 0), least(high, 27) {of} AND n >= 10 AND low IS NOT NULL ORDER BY k")  # fmt: skip
    limits = [((mark["y1"] - axis(chart, "0")) / unit, (mark["y2"] - axis(chart, "0")) / unit) for mark in places(chart, "line", "whisker")]  # fmt: skip
    assert [limit for pair in limits for limit in pair] == pytest.approx([limit for pair in low for limit in pair], abs=0.02)  # fmt: skip


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
