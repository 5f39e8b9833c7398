"""Charts: a scale, and marks at their places, as SVG; nothing is measured twice.

Every chart is 400 units wide, so that it is read on a phone without being shrunk and twice on a printed side.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from markupsafe import Markup, escape

from outcomes.pages.asking import CHANGE, LASTS, RESPONSE, WORSENED, Book, TracedRow
from outcomes.pages.numbers import number, total
from outcomes.summary import Row

WIDTH, LEFT, RIGHT = 400, 34, 388
# Fewer courses than this make an open mark, with no line through it: three people are no curve.
FEW = 10
# A curve of more steps than this has no tick for each course last seen: they would lie on each other.
MOST_TICKS = 60
# PHQ-9 totals at which a severity band begins, and what it is called.
BANDS = ((0, "0-4", "remission"), (5, "5-9", "mild"), (10, "10-14", "moderate"), (15, "15-19", "moderately severe"), (20, "20-27", "severe"))  # fmt: skip


@dataclass(frozen=True)
class Scale:
    """Values from `low` to `high` onto units from `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low or 1)
        return round(self.start + share * (self.end - self.start), 1)


@dataclass
class Chart:
    """Marks as SVG, in the order of drawing, under a title that asks what they answer.

    Classes and places are the program's own; only words are escaped. The lines of the courses alone are 50,000 paths a night.
    """

    id: str
    title: str
    words: str
    height: float
    marks: list[str] = field(default_factory=list)
    width: int = WIDTH

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        self.marks.append(f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}" class="{kind}"/>')

    def path(self, points: Sequence[tuple[float, float]], kind: str, *, steps: bool = False) -> None:
        if points:
            self.drawn_path(
                f"M{points[0][0]:g} {points[0][1]:g}"
                + "".join(f"H{x:g}V{y:g}" if steps else f"L{x:g} {y:g}" for x, y in points[1:]),
                kind,
            )

    def drawn_path(self, d: str, kind: str) -> None:
        self.marks.append(f'<path d="{d}" class="{kind}"/>')

    def dot(self, x: float, y: float, shape: str, kind: str) -> None:
        self.marks.append(f'<{_SHAPES[shape](x, y)} class="dot {kind}"/>')

    def bar(self, x: float, y: float, width: float, height: float, kind: str) -> None:
        self.marks.append(f'<rect x="{x}" y="{y}" width="{round(width, 1)}" height="{height}" class="{kind}"/>')

    def text(self, x: float, y: float, words: Any, anchor: str = "start", kind: str = "label") -> None:
        self.marks.append(f'<text x="{x}" y="{y}" text-anchor="{anchor}" class="{kind}">{escape(words)}</text>')

    def told(self, x: float, y: float, row: TracedRow, column: str, how: str = "count", anchor: str = "middle", kind: str = "label", before: str = "") -> None:  # fmt: skip
        self.text(x, y, Markup(before) + number(row, column, how, "tspan"), anchor, kind)  # noqa: S704

    def drawn(self) -> Markup:
        """The marks, a line each."""
        return Markup("".join(f"{mark}\n" for mark in self.marks))  # noqa: S704


# The element of a shape around a place, as far as its class.
_SHAPES: dict[str, Callable[[float, float], str]] = {
    "circle": lambda x, y: f'circle cx="{x}" cy="{y}" r="4.5"',
    "square": lambda x, y: f'rect x="{x - 4}" y="{y - 4}" width="8" height="8"',
    "triangle": lambda x, y: f'polygon points="{x - 5},{y + 4} {x + 5},{y + 4} {x},{y - 5}"',
    "diamond": lambda x, y: f'polygon points="{x - 6},{y} {x},{y - 6} {x + 6},{y} {x},{y + 6}"',
}


def by_infusion(book: Book, clinic: str) -> Chart | None:
    """Mean PHQ-9 after each infusion, over the courses behind it (a clinic's own page only)."""
    rows = book.of("infusion_mean", clinic)
    if not rows:
        return None
    last = max(row["k"] for row in rows)
    x, y = Scale(0, max(last, 1), LEFT + 14, RIGHT - 102), Scale(0, 27, 236, 14)
    chart = Chart("by-infusion", "How high is the PHQ-9 after each infusion?", "", 288)
    for number_, (low, _, name) in enumerate(BANDS):
        top = BANDS[number_ + 1][0] if number_ + 1 < len(BANDS) else 27
        if number_:
            chart.line(LEFT, y(low), RIGHT, y(low), "cut" if low == 5 else "grid")
        chart.text(RIGHT, y((low + top) / 2) + 3, name, "end", "quiet")
        chart.text(LEFT - 5, y(low) + 4, low, "end", "tick")
    chart.text(LEFT - 5, y(27) + 4, 27, "end", "tick")
    for d, kind in _course_lines(book.lines.get(clinic, ()), x, y):
        chart.drawn_path(d, kind)
    enough = [row for row in rows if row["n"] >= FEW]
    ends = (enough or rows)[-1]
    chart.path([(x(row["k"]), y(row["mean_total"])) for row in enough], "mean")
    for row in rows:
        if row["low"] is not None and row["n"] >= FEW:
            chart.line(x(row["k"]), y(max(row["low"], 0)), x(row["k"]), y(min(row["high"], 27)), "whisker")
        chart.dot(x(row["k"]), y(row["mean_total"]), "circle", "ours" if row["n"] >= FEW else "few")
        if row is rows[0]:
            chart.told(x(row["k"]) + 7, y(row["mean_total"]) - 7, row, "mean_total", "decimal", "start", "told halo")
        elif row is ends:
            # Above its interval: beside it the circles of fewer courses go on.
            high = min(row["mean_total"] if row["high"] is None else row["high"], 27)
            chart.told(x(row["k"]), y(high) - 6, row, "mean_total", "decimal", kind="told halo")
        chart.text(x(row["k"]), 252, row["k"] or "start", "middle", "tick")
        if row["k"] % _every(rows, "n") == 0:
            chart.told(x(row["k"]), 268, row, "n")
    chart.text(2, 268, "n", kind="tick")
    chart.text((LEFT + RIGHT - 88) / 2, 284, "infusions received", "middle", "quiet")
    chart.words = (
        f"Mean PHQ-9 total with its 95% interval at the start and after infusions 1 to {last}, over the bands of severity; "
        "0 to 4 is remission. The table below has every point."
    )
    return chart


def _course_lines(courses: Sequence[Row], x: Scale, y: Scale) -> Iterator[tuple[str, str]]:
    """Each course as a line through its induction, and one through what came after; what they say is in `asking`."""
    # Infusions and totals are few whole numbers: each has its place said once.
    ks = {0, *(k for course in courses for k in course["ks"])}
    across, up = {k: f"{x(k):g}" for k in ks}, [f"{y(total):g}" for total in range(28)]
    for course in courses:
        totals = zip(course["ks"], course["totals"], strict=True)
        points = [f"{across[0]} {up[course['baseline_total']]}", *(f"{across[k]} {up[total]}" for k, total in totals)]
        done = 1 + course["induction"]
        if done > 1:
            yield "M" + "L".join(points[:done]), "course"
        if done < len(points):
            yield "M" + "L".join(points[done - 1 :]), "course after"


def rates_by_infusion(book: Book, clinic: str) -> Chart | None:
    """Response, remission and worsened after each infusion, each with its interval."""
    series = [
        ("response", book.of("infusion_curve", clinic, outcome="response"), "circle", "ours"),
        ("remission", book.of("infusion_curve", clinic, outcome="remission"), "square", "second"),
        ("worse", book.of("infusion_worsened", clinic), "triangle", "worse"),
    ]
    seen = [row for _, rows, _, _ in series for row in rows if row["observed"] >= FEW]
    if not seen:
        return None
    last = max(row["k"] for row in seen)
    chart = Chart("rates-by-infusion", "Who responds, remits or is worse after each infusion?", "", 238)
    x, y = Scale(1, max(last, 2), LEFT + 12, RIGHT - 72), Scale(0, 1, 184, 14)
    _percent_axis(chart, y)
    ends: list[tuple[float, str]] = []
    for shift, (name, rows, shape, kind) in enumerate(series):
        told = [row for row in rows if row["observed"] >= FEW]
        place = [(round(x(row["k"]) + (shift - 1) * 4, 1), y(row["rate"])) for row in told]
        chart.path(place, f"series {kind}")
        for row, (at, height) in zip(told, place, strict=True):
            chart.line(at, y(row["low"]), at, y(row["high"]), f"whisker {kind}")
            chart.dot(at, height, shape, kind)
        if place:
            ends.append((place[-1][1], name))
    for height, name in _apart(ends, 13):
        chart.text(RIGHT - 60, height + 4, name)
    for row in series[0][1][:last]:
        chart.text(x(row["k"]), 200, row["k"], "middle", "tick")
        if row["k"] % _every(series[0][1], "observed") == 0:
            chart.told(x(row["k"]), 216, row, "observed")
    chart.text(2, 216, "n", kind="tick")
    chart.text((LEFT + RIGHT - 60) / 2, 232, "infusions received", "middle", "quiet")
    chart.words = f"Share of the courses with a score that responded, remitted or were worse than at the start, after infusions 1 to {last}, with 95% intervals."
    return chart


def durability(book: Book, clinic: str) -> Chart | None:
    """Kaplan-Meier of responses that last, with the numbers at risk below."""
    at = book.of("survival_at", clinic, variant="all", measure_id=LASTS)
    curve = [row for row in book.of("survival_curve", clinic) if row["day"] <= 84]
    least = book.one("rules")["survival_minimum_at_risk"]
    shown = [row for row in curve if row["at_risk"] >= least]
    if not shown:
        return None
    chart = Chart("durability", "How long does a response last?", "", 238)
    x, y = Scale(0, 84, LEFT + 32, RIGHT - 12), Scale(0, 1, 166, 14)
    _percent_axis(chart, y)
    # A step lasts until the next one, and the last one as long as enough are followed.
    ends = [row for row in at if row["is_shown"] and row["day"] > shown[-1]["day"]]
    limits = [row for row in [*shown, *ends] if row["low"] is not None]
    for side in ("low", "high"):
        chart.path([(x(row["day"]), y(row[side])) for row in limits], "limit", steps=True)
    points = [(x(0), y(1)), *((x(row["day"]), y(row["survival"])) for row in [*shown, *ends])]
    chart.path(points, "series ours", steps=True)
    for row in shown if len(shown) <= MOST_TICKS else ():
        if row["censored"]:
            chart.line(x(row["day"]), y(row["survival"]) - 3, x(row["day"]), y(row["survival"]) + 3, "censored")
    for row in at:
        chart.text(x(row["day"]), 182, row["day"] // 7, "middle", "tick")
        if row["is_shown"]:
            chart.told(x(row["day"]), 214, row, "survival", "share", kind="told")
        chart.told(x(row["day"]), 231, row, "at_risk")
    chart.text((LEFT + RIGHT) / 2, 197, "weeks since the score that was the response", "middle", "quiet")
    chart.text(2, 214, "lasting", kind="tick")
    chart.text(2, 231, "at risk", kind="tick")
    chart.words = (
        "Kaplan-Meier share of responders without a PHQ-9 above half of their baseline, with 95% limits and numbers at risk. "
        f"The line ends where fewer than {least} are at risk."
        + (" Ticks are courses last seen then." if len(shown) <= MOST_TICKS else "")
    )
    return chart


def severity(book: Book, clinic: str) -> Chart | None:
    """Two bars: the same courses by severity at baseline and at the endpoint."""
    rows = book.of("severity_change", clinic)
    courses = sum(row["courses"] for row in rows)
    if not courses:
        return None
    chart = Chart("severity", "How ill are the same patients before and after?", "", 132)
    x = Scale(0, courses, 52, RIGHT - 4)
    for place, (side, when) in enumerate((("baseline_band", "before"), ("endpoint_band", "after"))):
        top, done = 10 + 46 * place, 0
        chart.text(2, top + 20, when)
        for number_, (_, band, _) in enumerate(BANDS):
            having = [row for row in rows if row[side] == band]
            n = sum(row["courses"] for row in having)
            if n:
                chart.bar(x(done), top, x(done + n) - x(done), 32, f"band b{number_}")
                if x(n) - x(0) > 9 * len(f"{n:,}"):
                    words = total(having, "courses", "tspan", measure_id=CHANGE, clinic_id=clinic, **{side: band})
                    chart.text((x(done) + x(done + n)) / 2, top + 20, words, "middle", f"on b{number_}")
            done += n
    for number_, (_, band, _) in enumerate(BANDS):
        chart.bar(52 + 66 * number_, 108, 12, 12, f"band b{number_}")
        chart.text(68 + 66 * number_, 118, band, kind="tick")
    chart.words = "The same courses by PHQ-9 band at the baseline and at the endpoint after induction; 0-4 is remission, 20-27 severe. The table below has the counts."
    return chart


def attrition(book: Book, clinic: str) -> Chart | None:
    """From courses started to courses in the result: what is left after each step that takes any out."""
    steps = [row for row in book.of("attrition", clinic) if row["courses"]]
    if not steps or not steps[0]["remaining"]:
        return None
    chart = Chart("attrition", "Where are courses lost between start and result?", "", 8 + 21 * len(steps))
    x = Scale(0, steps[0]["remaining"], 0, 128)
    for place, row in enumerate(steps):
        top = 4 + 21 * place
        is_end = row["status"] in ("started", "in the result")
        missing = row["status"] in ("no_score_in_window", "altered_recall", "incomplete_form")
        chart.text(196, top + 14, row["status"].replace("_", " "), "end")
        chart.bar(204, top + 2, x(row["remaining"]), 16, "left end" if is_end else "left")
        if not is_end:
            chart.bar(204 + x(row["remaining"]), top + 2, x(row["courses"]), 16, "lost missing" if missing else "lost")
        chart.told(RIGHT + 8, top + 14, row, "courses", anchor="end", before="" if is_end else "−")
    chart.words = "Bars from courses started to courses in the result. Each step shows what it takes out and what is left; courses that were due and have no score are in a thick outline."
    return chart


def funnel(book: Book, measure: str, title: str) -> Chart | None:
    """Every clinic at its number of courses, within the limits that chance would keep it in."""
    rows = [row for clinic in book.clinics for row in book.of("funnel", clinic, measure_id=measure)]
    rows.sort(key=lambda row: (row["n"], row["clinic_id"]))
    if not rows:
        return None
    about = book.one("funnel_measure", measure)
    chart = Chart(f"funnel-{'response' if measure == RESPONSE else 'worsened'}", title, "", 226)
    x, y = Scale(0, max(row["n"] for row in rows) * 1.08, LEFT + 4, RIGHT), Scale(0, 1, 184, 14)
    _percent_axis(chart, y)
    chart.line(x(0), y(about["target"]), RIGHT, y(about["target"]), "target")
    for column, kind in (("95", "limit"), ("998", "limit far")):
        for side in ("low", "high"):
            chart.path([(x(row["n"]), y(row[side + column])) for row in rows if row[side + column] is not None], kind)
    placed: list[tuple[float, float]] = []
    for row in rows:
        is_far = row["flag"] not in ("in_line", "not_assessable")
        chart.dot(x(row["n"]), y(row["rate"]), "diamond" if is_far else "circle", "worse" if is_far else "ours")
        if is_far or len(rows) <= 12:
            at, height = x(row["n"]), _free(placed, x(row["n"]), y(row["rate"]), y)
            placed.append((at, height))
            end = at > RIGHT - 60
            chart.text(at - 7 if end else at + 7, height + 4, row["clinic_id"], "end" if end else "start", "label halo")
    for n in _round_ticks(max(row["n"] for row in rows)):
        chart.text(x(n), 200, n, "middle", "tick")
    chart.text((LEFT + RIGHT) / 2, 218, "courses with a score", "middle", "quiet")
    chart.words = (
        "Each clinic by its number of courses and its rate, around the rate of all clinics together. Inside the lines (95%, and 99.8% further out) "
        "a clinic differs from the others by no more than chance. Clinics outside are diamonds. No ranking."
    )
    return chart


def _free(placed: Sequence[tuple[float, float]], at: float, height: float, y: Scale) -> float:
    """The height nearest to a label's own at which no other lies, beside the axis and not below it."""
    for away in sorted(range(-160, 161, 4), key=lambda step: (abs(step), -step)):
        tried = round(height + away, 1)
        if y.end <= tried <= y.start and not any(abs(at - x) < 60 and abs(tried - taken) < 12 for x, taken in placed):
            return tried
    return height


def charts_of(book: Book, clinic: str) -> dict[str, Chart | None]:
    """The charts of a clinic's page, or of the network's."""
    found = {
        "by_infusion": by_infusion(book, clinic),
        "attrition": attrition(book, clinic),
        "rates_by_infusion": rates_by_infusion(book, clinic),
        "durability": durability(book, clinic),
        "severity": severity(book, clinic),
    }
    if clinic == "*":
        found["funnel"] = funnel(book, RESPONSE, "Do clinics differ in response by more than chance?")
        found["funnel_worsened"] = funnel(book, WORSENED, "Do clinics differ in patients who are worse?")
    return found  # fmt: skip


def _percent_axis(chart: Chart, y: Scale) -> None:
    for share in (0, 0.25, 0.5, 0.75, 1):
        chart.line(LEFT, y(share), RIGHT, y(share), "grid")
        chart.text(LEFT - 4, y(share) + 4, f"{share * 100:.0f}%", "end", "tick")


def _apart(ends: Sequence[tuple[float, str]], least: float) -> Iterator[tuple[float, str]]:
    """Labels moved down where they would lie on each other."""
    last = -least
    for height, name in sorted(ends):
        last = max(height, last + least)
        yield last, name


def _every(rows: Sequence[TracedRow], column: str) -> int:
    """Every how many-th number has room below an axis of infusions."""
    widest = max(len(f"{row[column]:,}") for row in rows)
    return 1 if widest <= 2 else 2 if widest <= 5 else 3


def _round_ticks(most: int) -> list[int]:
    step = next((s for s in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000) if most / s <= 6), 10000)
    return list(range(0, most + 1, step))
