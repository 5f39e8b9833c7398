"""The command `release`: locks, lists, shows and recomputes releases, and prints what came of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from outcomes.commands import DIFFERENCE, Arguments, Verbs, date
from outcomes.commands.homes import home_of
from outcomes.errors import UsageError
from outcomes.paths import Home
from outcomes.tables import between, percent, points, table, written

if TYPE_CHECKING:
    import duckdb

Row = dict[str, Any]

_MOVED = {
    "what": "what", "measure_id": "measure", "clinic": "clinic", "benchmark_id": "published", "column": "number",
    "locked": "locked", "now": "recomputed",
}  # fmt: skip
_COURSES = {"measure_id": "measure", "clinic": "clinic", "locked": "locked", "now": "recomputed", "courses": "courses"}
_LIST = """
    SELECT o.release_no, o.name, o.as_of, o.covers, r.arrival_no, r.program_version,
        count(*) FILTER (v.standing = 'confirmed') AS confirmed, count(*) FILTER (v.standing = 'not confirmed') AS not_confirmed,
        count(*) FILTER (v.standing = 'not comparable') AS not_comparable, count(*) FILTER (v.standing LIKE 'awaiting%') AS awaiting,
        count(*) FILTER (v.withheld_because IS NOT NULL) AS withheld
    FROM release_order AS o
    JOIN release AS r USING (release_no)
    LEFT JOIN release_verdict AS v USING (release_no)
    GROUP BY ALL
    ORDER BY o.release_no
"""
_WARNING = """
    SELECT clinic_id, max(step) AS patients, count(*) FILTER (failed) AS failed, arg_max(cusum, step) AS cusum, any_value(signal_limit) AS signal_limit,
        min(due_on) FILTER (signals) AS first_signal_on, bool_or(is_beyond_horizon) AS is_beyond_horizon
    FROM cusum
    WHERE since_release_no IS NOT DISTINCT FROM (SELECT max(release_no) FROM release)
    GROUP BY clinic_id
    ORDER BY clinic_id
"""
_VERDICTS = """
    SELECT v.* EXCLUDE (release_no, is_cumulative), s.sentence AS withheld_in_words
    FROM release_verdict AS v
    LEFT JOIN reason AS s ON s.reason_code = v.withheld_because AND s.about = 'verdict'
    WHERE v.name = ?
    ORDER BY v.benchmark_id, v.clinic_id
"""
_RATES = """
    SELECT coalesce(m.title, r.measure_id) AS title, r.* EXCLUDE (release_no),
        CASE r.main_denominator WHEN 'observed' THEN r.observed ELSE r.due END AS n,
        CASE r.main_denominator WHEN 'observed' THEN r.observed_rate ELSE r.everyone_rate END AS rate,
        CASE r.main_denominator WHEN 'observed' THEN r.observed_low ELSE r.everyone_low END AS low,
        CASE r.main_denominator WHEN 'observed' THEN r.observed_high ELSE r.everyone_high END AS high
    FROM release_rate AS r
    JOIN release AS o USING (release_no)
    LEFT JOIN measure AS m USING (measure_id)
    WHERE o.name = ?
    ORDER BY m.position, r.measure_id, r.clinic_id
"""
_CHECKED = """
    SELECT count(*) FILTER (NOT c.is_signed) AS measures, count(*) AS of_measures
    FROM release_check AS c
    JOIN release AS r USING (release_no)
    WHERE r.name = ? AND c.kind = 'measure'
"""


def add(verbs: Verbs) -> None:
    """The verb release."""
    release = verbs.add(
        "release",
        _release,
        "Lock the rates and verdicts of a date for ever; or list, show and recompute what was locked.",
        "outcomes release 2026-Q1 --home clinic-home --as-of 2026-03-31",
        data=True,
    )
    release.add_argument("name", nargs="?", metavar="NAME", help="name of the new release")
    release.add_argument("--as-of", type=date, help="its date, 2026-03-31 (default: the last night's)")
    others = release.add_mutually_exclusive_group()
    others.add_argument("--list", action="store_true", help="every release, and the early warning since the last one")
    others.add_argument("--show", metavar="NAME", help="the verdicts and rates of a release")
    others.add_argument(
        "--replay", metavar="NAME", help="recompute a release from the stored scores: exit with 3 if anything differs"
    )


def _release(arguments: Arguments) -> int | None:
    """One of the four things that the command does."""
    from outcomes.releases import run_release

    home = home_of(arguments)
    asked = [what for what in ("list", "show", "replay") if getattr(arguments, what)]
    if asked and (arguments.name or arguments.as_of):
        raise UsageError(f"--{asked[0]} takes no new release: leave out NAME and --as-of.")
    if arguments.replay:
        return _replay(home, arguments.replay, arguments.format)
    if arguments.list:
        _list(home, arguments.format)
    elif arguments.show:
        _show(home, arguments.show, arguments.format)
    elif not arguments.name:
        raise UsageError("Which name shall the release have? For instance: outcomes release 2026-Q1 --as-of 2026-03-31")
    else:
        run_release(home, arguments.name, arguments.as_of)
        _show(home, arguments.name, arguments.format)
    return None


@contextmanager
def _published(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    from outcomes.publishedcopy import opened
    from outcomes.releasereceipts import refuse_earlier_version

    with opened(home) as con:
        refuse_earlier_version(con)
        yield con


def _list(home: Home, form: str) -> None:
    from outcomes.summary import rows_of

    with _published(home) as con:
        releases, warnings = rows_of(con, _LIST), rows_of(con, _WARNING)
    if form == "json":
        print(json.dumps({"releases": releases, "early_warning": warnings}, indent=1, default=str))
        return
    columns = {
        "name": "release", "as_of": "as of", "covers": "covers", "confirmed": "confirmed", "not_confirmed": "not confirmed",
        "not_comparable": "not comparable", "awaiting": "awaiting the next", "withheld": "withheld",
    }  # fmt: skip
    print(written(releases, columns, form) if releases else "No release yet: every rate and verdict is provisional.")
    if form == "table" and warnings:
        print(
            "\nEarly warning since the last release: the CUSUM of patients without response. A signal is a reason to look, no verdict.\n"
            + table([_warning_words(row) for row in warnings], {"clinic": "clinic", "patients": "patients", "failed": "without response", "sum": "sum", "limit": "signals at", "said": "said"})
        )  # fmt: skip


def _warning_words(row: Row) -> Row:
    from outcomes.words import clinic_words

    said = f"signal since {row['first_signal_on']}" if row["first_signal_on"] else "no signal"
    beyond = "; over more patients than the limit is made for" if row["is_beyond_horizon"] else ""
    return row | {
        "clinic": clinic_words(row["clinic_id"]), "sum": f"{row['cusum']:.2f}", "limit": f"{row['signal_limit']:.2f}",
        "said": said + beyond,
    }  # fmt: skip


def _show(home: Home, name: str, form: str) -> None:
    from outcomes.summary import SHOWN, rows_of
    from outcomes.words import RATE_COLUMNS, rate_words

    with _published(home) as con:
        found = rows_of(
            con, "SELECT o.*, r.arrival_no, r.arrival_hash, r.program_version, r.sql_digest, r.data_versions FROM release_order AS o JOIN release AS r USING (release_no) WHERE o.name = ?", [name]
        )  # fmt: skip
        verdicts, rates = rows_of(con, _VERDICTS, [name]), rows_of(con, _RATES, [name])
        (checked,) = rows_of(con, _CHECKED, [name])
    if not found:
        raise UsageError(f"There is no published release {name}. See: outcomes release --list")
    (said,) = found
    if form == "json":
        print(json.dumps({"release": said, "verdicts": verdicts, "rates": rates}, indent=1, default=str))
        return
    if form == "csv":
        print(written(verdicts, {}, form))
        return
    columns = {
        "benchmark_id": "published", "clinic": "clinic", "ours": "ours", "theirs": "theirs", "difference": "points", "interval": "95% interval", "said": "said",
    }  # fmt: skip
    print(
        f"Release {name}, as of {said['as_of']}: {said['covers']}.\n"
        f"Locked at arrival {said['arrival_no']} (hash {said['arrival_hash'][:12]}) by program {said['program_version']}.\n"
        f"{checked['measures']:,} of {checked['of_measures']:,} measures were unchecked by a clinician when it was locked.\n\n"
        f"Verdicts\n{table([_verdict_words(row) for row in verdicts], columns) if verdicts else 'none'}\n\n"
        f"Rates (the rest: --format json)\n{table([row | rate_words(row) for row in rates if row['measure_id'] in SHOWN], RATE_COLUMNS)}\n\n"
        "A verdict says that a rate differs from the published average; it says nothing of the quality of care."
    )


def _verdict_words(row: Row) -> Row:
    from outcomes.words import clinic_words

    said = f"no verdict: {row['withheld_because']}"
    if row["verdict"]:
        by = f" by {row['next_name']}" if row["standing"] == "confirmed" else ""
        because = f": {row['not_comparable_because']}" if row["not_comparable_because"] else ""
        if row["standing"] == "not confirmed":
            because = f": {row['next_name']} says {row['next_verdict'] or row['next_withheld_because']}"
        said = f"{row['verdict']} ({row['standing']}{by}{because})"
    return {
        "benchmark_id": row["benchmark_id"], "clinic": clinic_words(row["clinic_id"]), "ours": percent(row["our_rate"]),
        "theirs": percent(row["their_rate"]), "difference": points(row["difference"]),
        "interval": between(row["difference_low"], row["difference_high"], points), "said": said,
    }  # fmt: skip


def _replay(home: Home, name: str, form: str) -> int:
    from outcomes.releases import run_replay

    said = run_replay(home, name)
    if form == "json":
        print(json.dumps(said, indent=1, default=str))
    elif form == "csv":
        print(written(said["moved"], _MOVED, form))
    elif said["equal"]:
        print(
            f"Release {name} is equal: recomputed from the stored scores, every rate and verdict is as it was locked."
        )
    else:
        print(_moved_words(said))
    return 0 if said["equal"] else DIFFERENCE


def _moved_words(said: Row) -> str:
    """What moved: counts and verdicts, and shares only where no count explains them."""
    from outcomes.words import clinic_words

    head = f"Release {said['name']} is not equal to what was locked."
    if not said["moved"] and not said["courses"]:
        head = f"Release {said['name']} comes out as it was locked, but something is damaged."
    places: dict[tuple[str | None, ...], list[Row]] = {}
    for row in said["moved"]:
        key = (row["what"], row["measure_id"], row["clinic_id"], row["benchmark_id"])
        places.setdefault(key, []).append(row)
    rows = [
        row for moved in places.values() for row in ([r for r in moved if not isinstance(r["locked"], float)] or moved)
    ]
    parts = [head]
    for title, found, columns in (
        ("What moved (all of it: --format csv)", rows, _MOVED),
        ("Courses behind it", said["courses"], _COURSES),
    ):
        if found:
            shown = [row | {"clinic": clinic_words(row["clinic_id"] or "-")} for row in found]
            parts.append(f"{title}\n{table(shown, columns)}")
    return "\n\n".join([*parts, "Why\n" + "\n".join(said["why"])])
