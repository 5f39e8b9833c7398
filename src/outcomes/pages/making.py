"""Pages as text: what each of them says in words, and the templates that lay it out. The same book gives the same bytes."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup, escape

from outcomes.pages import asking
from outcomes.pages.asking import IDEATION, LASTS, MEASURES, NETWORK, RESPONSE, VETERANS, Book, Nothing, TracedRow
from outcomes.pages.charts import charts_of
from outcomes.pages.forest import cut, forest
from outcomes.pages.numbers import NOT_ASSESSABLE, SUPPRESSED, formatted, interval, number
from outcomes.pages.rows import alike, claim_rows, nine_rows, study_rows, worse_rows
from outcomes.summary import Row

LIKE_FOR_LIKE = ("verdict", "difference", "descriptive")
_WORDS = {"above": "ours is above it", "below": "ours is below it", "consistent with": "ours is consistent with it"}
# A clinic's name is cut to this many signs.
LONGEST_NAME = 60
# Of more clinics than this the table is an appendix of its own on paper.
IN_PLACE = 6
_FLAGS = {
    "in_line": "within chance", "alert_above": "above (95%)", "alarm_above": "above (99.8%)", "alert_below": "below (95%)",
    "alarm_below": "below (99.8%)", "not_assessable": NOT_ASSESSABLE,
}  # fmt: skip
# What the rules of a feed set aside or refuse.
_FEEDS = {"scores": "rows of scores", "patients": "rows of patients", "files": "files"}


@dataclass(frozen=True)
class Stamp:
    """What a page says of its night and its ledger: other words in each night, whatever else is on the page."""

    about: Markup
    through: Markup
    ledger: Markup

    def put_on(self, blank: str) -> str:
        """The page of a blank one."""
        return (
            blank.replace(BLANK.about, self.about)
            .replace(BLANK.through, self.through)
            .replace(BLANK.ledger, self.ledger)
        )


# Where they stand on a page that has none yet. No text of a page holds this sign.
BLANK = Stamp(*(Markup(f"\0{name}\0") for name in ("about", "through", "ledger")))  # noqa: S704


def page_of(book: Book, clinic: str) -> str:
    """The page of a clinic, or of all of them (`*`), for inside the house."""
    return stamp_of(book, clinic, is_shared=False).put_on(blank_page(book.of_page(clinic), clinic))


def shared_page_of(book: Book, clinic: str) -> str:
    """The page of a clinic, or of all, as the last edition may tell it outside the house: no count of 1 to 10."""
    blank = _rendered("page.html.j2", page=_page(book.of_page(clinic), clinic, is_shared=True))
    return stamp_of(book, clinic, is_shared=True).put_on(blank)


def blank_page(part: Book, clinic: str) -> str:
    """page_of(), of the part of the book that is of this page, with no stamp on it yet."""
    return _rendered("page.html.j2", page=_page(part, clinic, is_shared=False))


def blank_review(part: Book, clinic: str) -> str:
    """The clinic's list of answers and courses to look at, likewise. It holds pseudonyms: for the clinic alone."""
    higher, worse = part.reviews[clinic]
    about = {"title": f"Review list: {_name(part, clinic)}", "about": BLANK.through}
    lists = {"waiting": [row for row in higher if row["acknowledged_by"] is None], "seen": [row for row in higher if row["acknowledged_by"] is not None], "worse": worse}  # fmt: skip
    return _rendered("review.html.j2", page=about, clinic=clinic, nine_rows=nine_rows, worse_rows=worse_rows, **lists)


def stamp_of(book: Book, clinic: str, *, is_shared: bool) -> Stamp:
    """The stamp of a page. That of a night is the same for every page inside the house."""
    ledger = Markup("Ledger: {:,} entries. Head of its hash chain: <code>{}</code>").format(
        book.ledger["entries"] or 0, book.ledger["head"] or "none yet"
    )
    return Stamp(escape(_about(book, clinic, is_shared)), escape(_through(book)), ledger)


def chart_files(book: Book, clinic: str, *, is_shared: bool) -> dict[str, str]:
    """Each chart of a page as an SVG file of its own, by name."""
    page = _page(book.of_page(clinic), clinic, is_shared=is_shared)
    charts = [*page["charts"].values(), *(chart for chart, _, _ in page["forests"])]
    parts: Any = _environment().get_template("parts.j2").make_module({})
    light = _text("style.css").splitlines()[0] + _text("charts.css")
    return {
        chart.id: str(parts.svg(chart, Markup(light))).strip() + "\n"  # noqa: S704
        for chart in charts
        if chart
    }


def _page(book: Book, clinic: str, *, is_shared: bool) -> Row:
    view = "shared_comparison" if is_shared else "comparison"
    compared = [_labelled(book, row) for row in book.of(view, clinic) if row["benchmark_id"]]
    compared += _beside(book, [row for row in book.of(view, NETWORK) if row["benchmark_id"]]) if clinic != NETWORK else []  # fmt: skip
    ours = {row["benchmark_id"]: row for row in reversed(compared)}
    rows = sorted(ours.values(), key=lambda row: row["position"])
    # What has nothing of ours beside it stands under '*' and is the same for every clinic.
    own = [row for row in rows if row["clinic_id"] == clinic]
    primary = next((row for row in own if row["outcome"] == "verdict"), Nothing({}, view, ()))
    veterans = [ours[name] for name in VETERANS if name in ours]
    paired = {name: [row for row in own if row["measure_id"] and row["outcome"] in names and row["their_rate"] is not None] for name, names in
              (("like", LIKE_FOR_LIKE), ("context", ("context",)))}  # fmt: skip
    forests = [
        (forest(paired["like"], "forest", "How do our rates stand to those measured alike?"), paired["like"], "Like for like"),
        (forest(paired["context"], "forest-context", "What do other treatments and programmes report?"), paired["context"], "Context, never a comparison"),
    ]  # fmt: skip
    shown = {row["benchmark_id"] for rows_ in paired.values() for row in rows_}
    refused = [row for row in rows if row["outcome"] == "refused"]
    context = [row for row in rows if row["outcome"] == "context" and row["benchmark_id"] not in shown]
    claims = sorted((row for rows_ in book.views["claim"].values() for row in rows_), key=lambda row: row["position"])
    return {
        "book": book, "clinic": clinic, "is_shared": is_shared, "is_network": clinic == NETWORK and not is_shared,
        "title": "All clinics: PHQ-9 outcomes of ketamine infusions" if clinic == NETWORK else f"{_name(book, clinic)}: PHQ-9 outcomes of ketamine infusions",
        "about": BLANK.about, "through": BLANK.through, "ledger": BLANK.ledger,
        "published_of": _published_of(book, primary), "veterans": veterans if len(veterans) == len(VETERANS) else [], "covered": formatted(book.one("rules")["coverage_minimum"], "share"),
        "primary": primary, "verdict": _verdict(book, primary), "depends": bool(primary.get("depends_on_missing")),
        "words": {name: book.one("measure", name) for name in MEASURES},
        "definitions": [book.one("measure", name) for name in (*MEASURES, LASTS)],
        "checks": {name: _check(book, name, is_shared) for name in (*MEASURES, LASTS)},
        "charts": {} if is_shared else charts_of(book, clinic), "forests": forests, "least": book.one("rules")["survival_minimum_at_risk"],
        "unchecked": not all(book.one("definition_check", name)["is_signed"] for name in MEASURES),
        "drawn": _drawn(book.lines.get(clinic, [])), "is_long": len(book.clinics) > IN_PLACE,
        "released": primary.get("released"),
        "called": {name: called(book, name) for name in book.clinics},
        "fresh": {name: _fresh(book, name) for name in book.clinics} if clinic == NETWORK and not is_shared else {},
        "nightly": _nightly(book) if clinic == NETWORK and not is_shared and not book.release else None,
        "refused": refused, "context": context, "claims": claims,
        "rows_of": {"refused": study_rows(book, refused, is_shared), "context": study_rows(book, context, is_shared), "claims": claim_rows(book, claims)},
        "came": book.came.get(clinic), "query": _query(clinic, is_shared),
        "flags": {name: _FLAGS[row["flag"]] for name in book.clinics for row in book.views.get("funnel", {}).get(name, []) if row["measure_id"] == RESPONSE},
        "RESPONSE": RESPONSE, "REMISSION": asking.REMISSION, "WORSENED": asking.WORSENED, "IDEATION": IDEATION, "STARTERS": asking.STARTERS, "LASTS": LASTS,
    }  # fmt: skip


def _check(book: Book, measure: str, is_shared: bool) -> str:
    """Who has signed a measure as it is; outside the house only whether somebody has."""
    check = book.one("definition_check", measure)
    if not check["is_signed"]:
        return "Unchecked"
    return "Checked" if is_shared else f"Checked by {check['signed_by']}"


def _beside(book: Book, rows: list[TracedRow]) -> list[TracedRow]:
    """Comparisons of no clinic with their words: the same on every clinic's page that has these rows."""
    return alike(book, ("words", *map(id, rows)), rows, lambda: [_labelled(book, row) for row in rows])


def _labelled(book: Book, row: TracedRow) -> TracedRow:
    """A comparison with the words a reader knows it by."""
    benchmark = book.one("benchmark", row["benchmark_id"])
    author = str(benchmark["citation"]).split(" ", 1)[0].rstrip(",;")
    title = book.one("measure", row["measure_id"])["title"] if row["measure_id"] else str(benchmark["outcome"]).replace("_", " ")  # fmt: skip
    told = TracedRow(dict(row), row.view, ())
    told.key = row.key
    known = f"{author} {benchmark['year'] or ''}".strip()
    told["label"] = f"{title}: {known}" + (f", {benchmark['treatment']}" if row["outcome"] == "context" else "")
    told["marks"] = " †" if row["outcome"] == "descriptive" else ""
    coverage = row.get("coverage")
    if coverage is not None and coverage < book.one("rules")["coverage_minimum"]:
        told["marks"] += " ‡"
    told["position"] = benchmark["position"]
    told["said"] = "".join(_verdict(book, row)) if row["outcome"] == "verdict" else row["because"]
    told["released"] = _released(book, row)
    return told


def _published_of(book: Book, row: TracedRow) -> str:
    """Whom a published rate is of: where it is from, and how many of how many."""
    if row.get("benchmark_id") is None:
        return ""
    return ";".join(str(book.one("benchmark", row["benchmark_id"])["population"]).split(";")[:2])


def _verdict(book: Book, row: TracedRow) -> tuple[str, str]:
    """How ours stands to the published average, in plain words; and, after a comma, more of it."""
    if row.get("verdict_state") == SUPPRESSED:
        return f"the comparison is {SUPPRESSED}", ""
    if row.get("verdict"):
        state = f" (locked by release {book.release['name']})" if book.release else " (provisional until released)"
        return _WORDS.get(row["verdict"], row["verdict"]), state
    if row.get("withheld_because"):
        return "no verdict", f", because {_reason(book, row['withheld_because'])}"
    return NOT_ASSESSABLE, " yet"


def _released(book: Book, row: TracedRow) -> str:
    """What the last release says, for ever, of this comparison: its name, date, verdict, and what became of that since."""
    found = book.of("release_verdict", row["clinic_id"], benchmark_id=row["benchmark_id"]) if "release_verdict" in book.views else []  # fmt: skip
    if not found:
        return ""
    last = found[-1]
    if last["verdict"]:
        words = f"{_WORDS.get(last['verdict'], last['verdict'])}, {last['standing']}"
    else:
        words = f"no verdict, because {_reason(book, last['withheld_because'])}"
    return f"{last['name']} (as of {last['as_of']}): {words}"


def _reason(book: Book, code: str) -> str:
    (why,) = [found for found in book.of("reason", code) if found["about"] == "verdict"]
    return str(why["sentence"])


def _drawn(courses: list[Row]) -> str:
    """Which courses are drawn one by one."""
    every = max((course["every"] for course in courses), default=1)
    return f"{len(courses):,} courses" + (
        f", one of every {every:,} in the order of their numbers" if every > 1 else ""
    )


def _fresh(book: Book, clinic: str) -> tuple[str, str]:
    """When something of the clinic last came; and, where it is overdue by its own cadence, how long ago that is."""
    row = book.one("freshness", clinic)
    if row["last_heard_on"] is None:
        return "none yet", "overdue" if row["standing"] == "overdue" else ""
    return str(row["last_heard_on"]), f"overdue: {row['days_since']} days ago" if row["standing"] == "overdue" else ""


def _nightly(book: Book) -> Row:
    """Who is overdue, what is unlike usual and which rules fail, as of the last night: the views' rows, in their order."""
    fresh, volume, missingness = ([row for rows in book.views[view].values() for row in rows] for view in ("freshness", "volume_warning", "missingness_warning"))  # fmt: skip
    overdue, rules = [row for row in fresh if row["standing"] == "overdue"], book.views["rule_standing"]
    # Rows that the table of clinics has on the same side of paper.
    in_place = len(book.clinics) if len(book.clinics) <= IN_PLACE else 0
    # One row of each feed: all of its rules were looked at in the same two nights.
    read = {row["feed"]: row for rows in rules.values() for row in rows}
    return {
        "fresh": fresh, "overdue": overdue, "unknown": len([row for row in fresh if row["due_by"] is None]),
        "volume": volume, "missingness": missingness, "is_long": in_place + len(overdue) + len(volume) + len(missingness) > IN_PLACE,
        "rules": rules, "named": {standing: rows for standing, rows in rules.items() if len(rows) <= IN_PLACE}, "read": [read[feed] for feed in sorted(read)], "of": _FEEDS,
    }  # fmt: skip


def _name(book: Book, clinic: str) -> str:
    name = called(book, clinic)
    return f"{name} ({clinic})" if name else clinic


def called(book: Book, clinic: str) -> str:
    """What people call a clinic: no sign that turns the text around it, apart where it is written from right to left, and not long."""
    name = cut("".join(sign if sign.isprintable() else " " for sign in book.one("clinic", clinic)["name"] or "").strip(), LONGEST_NAME)  # fmt: skip
    return name if name.isascii() else f"\u2068{name}\u2069"


def _through(book: Book) -> str:
    night = book.one("night")
    return f"Data through night {night['night']}, as of {night['as_of']}. Program {night['program_version']}; {night['data_versions']}."


def _about(book: Book, clinic: str, is_shared: bool) -> str:
    night = book.one("night")
    if is_shared:
        row = book.one("shared_rate", clinic, measure_id=RESPONSE)
        edition = f"edition {row['edition']}, as of {row['as_of']}" if row["edition"] else "in no edition yet"
        return f"For sharing: response {edition}. No count of 1 to 10 is in it. Numbers that could not be told anew are those of an earlier edition. Provisional."
    if book.release:
        said = book.release
        return f"Release {said['name']}, as of {said['as_of']}: {said['covers']}. Locked at entry {said['arrival_no']} of the ledger (hash {said['arrival_hash'][:12]}); it never changes. For use inside the house: it has counts of 1 to 10."
    return f"Night {night['night']}, as of {night['as_of']}. Provisional. For use inside the house: it has counts of 1 to 10. To share it: outcomes report --shared."


def _query(clinic: str, is_shared: bool) -> str:
    return f"FROM {'shared_rate' if is_shared else 'rate'} WHERE clinic_id = '{clinic}' AND measure_id = '{RESPONSE}'"


@cache
def _text(name: str) -> str:
    return (resources.files("outcomes.pages") / "templates" / name).read_text("utf-8")


@cache
def _environment() -> jinja2.Environment:
    made = jinja2.Environment(
        loader=jinja2.FunctionLoader(_text), autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )  # fmt: skip
    made.globals.update(number=number, interval=interval)
    return made


def _rendered(template: str, **values: Any) -> str:
    style = "\n" + _text("style.css") + _text("charts.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return _environment().get_template(template).render(style=Markup(style), style_hash=digest, **values) + "\n"  # noqa: S704
