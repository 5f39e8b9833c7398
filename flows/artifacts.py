"""What a night leaves on Prefect's pages: tables of counts and rates, a few words, a link. No patient and no file's name.

Prefect's server belongs to the house, but its readers need not be those of the published copy. So a rate is shown only where
the patients who met it and those who did not are each none or over ten, and then without its counts.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from prefect.artifacts import create_link_artifact, create_markdown_artifact, create_table_artifact

from outcomes.cells import LEAST, is_small
from outcomes.freshness import drifts, freshness, standings
from outcomes.paths import Home
from outcomes.publishedcopy import opened
from outcomes.summary import SHOWN, Row, Summary
from outcomes.tables import between, percent, points
from outcomes.words import clinic_words

SMALL = "small"
# Rows of a table; a house with hundreds of clinics has the rest in `outcomes rates` and `outcomes compare`.
MOST_ROWS = 500


def leave(home: Home, summary: Summary) -> None:
    """Make the artifacts of the run that this is called in."""
    with opened(home) as con:
        fresh, rules, drift = freshness(con), standings(con), drifts(con)
    for key, (rows, words) in tables(summary, fresh, rules + drift).items():
        more = f" The first {MOST_ROWS:,} of {len(rows):,} rows." if len(rows) > MOST_ROWS else ""
        create_table_artifact(
            table=[_plain(row) for row in rows[:MOST_ROWS]], key=f"outcomes-{key}", description=words + more
        )
    create_markdown_artifact(in_words(summary, fresh, rules), key="outcomes-night")
    create_link_artifact(
        (home.reports / "index.html").as_uri(),
        key="outcomes-pages",
        link_text="The pages",
        description="The pages of this night.",
    )


def tables(summary: Summary, fresh: list[Row], warned: list[Row]) -> dict[str, tuple[list[Row], str]]:
    """Key of an artifact -> its rows, and what they are."""
    kinds = Counter((a["feed"], a["format"], a["refused_because"] or "taken") for a in summary.arrivals)
    rows = Counter[tuple[str, str, str]]()
    for arrival in summary.arrivals:
        rows[arrival["feed"], arrival["format"], arrival["refused_because"] or "taken"] += arrival["rows_read"]
    return {
        "arrivals": (
            [{"feed": kind[0], "format": kind[1], "fate": kind[2], "files": kinds[kind], "rows read": rows[kind]} for kind in sorted(kinds)],
            "Files of this night by feed, format and fate. Their names and hashes are not here: outcomes status, outcomes receipt.",
        ),
        "quarantine": (
            [{"reason": row["reason_code"], "rows": row["rows"], "in words": row["sentence"]} for row in summary.reasons],
            "Rows set aside this night, by reason.",
        ),
        "rates": (
            [_rate(row) for row in summary.rates if row["measure_id"] in SHOWN],
            f"Provisional rates. {SMALL}: 1 to {LEAST - 1} patients met it, or did not. The rest, with counts: outcomes rates.",
        ),
        "comparisons": (
            [_comparison(row) for row in summary.comparisons if row["outcome"] in ("verdict", "difference")],
            "Provisional comparisons with published rates. The rest, with counts: outcomes compare.",
        ),
        "freshness": (
            [{key: row[key] for key in ("clinic_id", "standing", "last_heard_on", "days_since", "every_days", "cadence_is", "due_by")} for row in fresh],
            "When something of each clinic last came, and whether it is overdue by its own cadence.",
        ),
        "warnings": (
            [{key: row.get(key) for key in ("clinic_id", "feed", "reason_code", "standing", "failed", "failed_before", "sentence")} for row in warned],
            "Rules that fail, or failed the time before; clinics whose volume or share of missing totals is not the usual one.",
        ),
    }  # fmt: skip


def in_words(summary: Summary, fresh: list[Row], rules: list[Row]) -> str:
    """The night in a few lines of Markdown."""
    late = [row["clinic_id"] for row in fresh if row["standing"] == "overdue"]
    new = [row["reason_code"] for row in rules if row["standing"] == "new"]
    files, rows = summary.files, summary.rows
    return "\n".join(
        [
            f"# Night {summary.night}, as of {summary.as_of}",
            f"Run {summary.run_id}. Every rate and verdict is provisional.",
            "",
            f"- Files: {files['taken']:,} taken, {files['refused']:,} refused, {files['known']:,} seen before, {files['left_alone']:,} left alone",
            f"- Rows: {rows['read']:,} read, {rows['accepted']:,} accepted, {rows['duplicate']:,} duplicate, {rows['quarantined']:,} quarantined",
            f"- Nights healed first: {summary.nights_healed:,}",
            *(
                [
                    f"- Night {summary.ended['night']} had not ended: {summary.ended['files']:,} files, {summary.ended['refused']:,} refused, {summary.ended['quarantined']:,} rows quarantined"
                ]
                if summary.ended
                else []
            ),
            *(
                [f"- Store upgraded first, from version {summary.store_upgraded_from}"]
                if summary.store_upgraded_from
                else []
            ),
            f"- Overdue clinics: {', '.join(late) or 'none'}",
            f"- Newly failing rules: {', '.join(new) or 'none'}",
        ]
    )


def _is_of_few(met: int | None, n: int | None) -> bool:
    return met is not None and n is not None and (is_small(met) or is_small(n - met))


def _rate(row: Row) -> Row:
    small = _is_of_few(row["met"], row["n"])
    return {
        "measure": row["title"], "clinic": clinic_words(row["clinic_id"]), "rate": SMALL if small else percent(row["rate"]),
        "95% interval": SMALL if small else between(row["low"], row["high"]), "coverage": SMALL if small else percent(row["coverage"]),
    }  # fmt: skip


def _comparison(row: Row) -> Row:
    small = _is_of_few(row["met"], row["our_n"])
    return {
        "published": row["benchmark_id"], "clinic": clinic_words(row["clinic_id"]), "ours": SMALL if small else percent(row["our_rate"]),
        "theirs": percent(row["their_rate"]), "points": SMALL if small else points(row["difference"]),
        "said": row["verdict"] or (f"no verdict: {row['withheld_because']}" if row["withheld_because"] else row["outcome"]),
    }  # fmt: skip


def _plain(row: Row) -> dict[str, Any]:
    return {key: value if value is None or isinstance(value, str | int | float) else str(value) for key, value in row.items()}  # fmt: skip
