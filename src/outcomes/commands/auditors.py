"""The commands of the auditor's door: trace, show, diff and sql. They read the published copy, and write nothing."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from outcomes.commands import Arguments, Verbs
from outcomes.commands.homes import clinic_of, home_of, published
from outcomes.errors import UsageError
from outcomes.tables import table, written

if TYPE_CHECKING:
    from outcomes.attributing import Difference
    from outcomes.querying import Answer

Row = dict[str, Any]

# More rows than this are not printed as a table: nobody reads them there.
_MOST_ROWS = 1000
_COURSES = {
    "patient": "patient/course", "class": "class", "status": "status", "role": "score", "day": "day", "total": "PHQ-9",
    "line": "file:line", "row_digest": "row digest",
}  # fmt: skip
_SCORES = {
    "day": "day", "timepoint": "timepoint", "infusion_number": "infusion", "received": "received", "phase": "phase",
    "total": "PHQ-9", "not_usable_because": "not usable because", "line": "file:line",
}  # fmt: skip
_RATES = {
    "measure_id": "measure", "clinic": "clinic", "met": "met", "observed": "observed", "due": "due", "because": "because",
}  # fmt: skip
_FIGURES = {
    "measure_id": "measure", "clinic": "clinic", "courses": "courses", "events": "events", "value": "mean fall, or share without the event",
    "because": "because, each on top of those above it",
}  # fmt: skip
_VERDICTS = {"benchmark_id": "published", "clinic": "clinic", "was": "said", "is": "says", "because": "because"}
_DEFINITIONS = {"kind": "kind", "id": "id", "was_version": "version was", "version": "is", "changed": "what changed"}


def add(verbs: Verbs) -> None:
    """The verbs trace, show, diff and sql."""
    trace = verbs.add(
        "trace",
        _trace,
        "Walk a number back: the rate, its courses with status and reason, their scores, and the file and line of each.",
        "outcomes trace --measure response_post_induction --clinic C01 --status met --home clinic-home",
        data=True,
    )
    trace.add_argument("--measure", required=True, help="the measure whose rate, survival or mean change it is")
    trace.add_argument("--clinic", help="only this clinic; all for all clinics together")
    trace.add_argument("--status", help="only courses of this status or class, as met or missing")
    trace.add_argument(
        "--course",
        metavar="PATIENT/COURSE",
        help="only this course, by numbers, as 17/1; with every score of its patient",
    )

    show = verbs.add(
        "show",
        _show,
        "Print the line of an archived file as it was sent: that is patient data, for those who may read the archive.",
        "outcomes show 3f9a01c2:85 --home clinic-home",
    )
    show.add_argument("line", metavar="SHA:LINE", help="the file, by the head of its sha256, and the line in it")

    diff = verbs.add(
        "diff",
        _diff,
        "What two releases or dates say otherwise, and what moved each number: corrections, late arrivals, time, definitions.",
        "outcomes diff 2026-01-31 2026-02-28 --home clinic-home",
        data=True,
    )
    diff.add_argument(
        "first", metavar="RELEASE_OR_DATE", help="the earlier one; a date is the last night on or before it"
    )
    diff.add_argument("second", metavar="RELEASE_OR_DATE", help="the later one")
    diff.add_argument("--measure", help="only this measure")
    diff.add_argument("--clinic", help="only this clinic; all for all clinics together")

    sql = verbs.add(
        "sql",
        _sql,
        "Ask the published copy in SQL: one question, or a prompt; nothing else of the machine can be read or written.",
        "outcomes sql --home clinic-home",
        data=True,
    )
    sql.add_argument(
        "query", nargs="?", metavar="QUERY", help="the question; without one, questions are read line by line"
    )


def _trace(arguments: Arguments) -> None:
    from outcomes.tracing import flat, traced

    with published(arguments) as con:
        said = traced(con, arguments.measure, clinic_of(arguments), arguments.status, arguments.course)
    if arguments.format == "json":
        print(json.dumps(said, indent=1, default=str))
    elif arguments.format == "csv":
        print(written(flat(said["courses"]), {}, "csv"))
    else:
        _print_trace(said, flat(said["courses"]))


def _print_trace(said: Row, rows: list[Row]) -> None:
    from outcomes.figures import in_words
    from outcomes.words import RATE_COLUMNS, rate_words

    if said["kind"] == "proportion":
        print(table([row | rate_words(row) for row in said["figure"]], RATE_COLUMNS))
    elif said["figure"]:
        print(table(in_words(said["figure"]), {key: key.replace("_", " ") for key in said["figure"][0]}))
    print("\nCourses and the scores behind them\n" + table([_placed(row) for row in rows], _COURSES))
    why = {row["status"]: row["because"] for row in rows}
    print("\nWhat each status means\n" + table([{"status": key, "because": words} for key, words in why.items()], {"status": "status", "because": "in words"}))  # fmt: skip
    if said["scores"]:
        print("\nEvery score of the patient\n" + table([_placed(row) for row in said["scores"]], _SCORES))
    if rows:
        print("\nA line as it was sent, for those who may read the archive: outcomes show FILE:LINE")


def _placed(row: Row) -> Row:
    """A row with its patient and course, and its file and line, each as one word."""
    line = f"{row['sha256'][:12]}:{row['line']}" if row["sha256"] else None
    return row | {"patient": f"{row.get('patient_no')}/{row['course']}", "line": line, "row_digest": str(row.get("row_digest") or "-")}  # fmt: skip


def _show(arguments: Arguments) -> None:
    from outcomes.showing import line_of

    found = re.fullmatch(r"([0-9a-fA-F]{6,64}):(\d{1,9})", arguments.line)
    if not found:
        raise UsageError(
            "Which line? Give the head of the file's SHA-256 and the line, as trace prints them: 3f9a01c2:85"
        )
    home = home_of(arguments)
    with published(arguments) as con:
        print(line_of(home, con, found[1], int(found[2])))


def _diff(arguments: Arguments) -> None:
    from outcomes.attributing import difference
    from outcomes.publishedcopy import known

    with published(arguments) as con:
        wanted = {"measure_id": known(con, "measure", arguments.measure), "clinic_id": known(con, "clinic", clinic_of(arguments))}  # fmt: skip
    found = difference(home_of(arguments), arguments.first, arguments.second)

    def asked(rows: list[Row]) -> list[Row]:
        return [row for row in rows if all(value in (None, row.get(key, value)) for key, value in wanted.items())]

    rates, moved, verdicts = asked(found.rates), asked(found.moved), asked(found.verdicts)
    figures, figures_moved = asked(found.figures), asked(found.figures_moved)
    if arguments.format == "csv":
        print(written([{key: value for key, value in row.items() if key != "steps"} for row in moved], {}, "csv"))
    elif arguments.format == "json":
        sides = {name: {"name": said.name, "as_of": said.as_of, "arrival_no": said.arrival_no} for name, said in (("first", found.one), ("second", found.other))}  # fmt: skip
        said = {"rates": rates, "moved": moved, "figures": figures, "figures_moved": figures_moved, "verdicts": verdicts, "definitions": found.definitions}  # fmt: skip
        print(json.dumps(sides | said, indent=1, default=str))
    else:
        _print_diff(found, _rows(rates, moved), _figure_rows(figures, figures_moved), verdicts)


def _print_diff(found: Difference, rates: list[Row], figures: list[Row], verdicts: list[Row]) -> None:
    from outcomes.words import clinic_words

    print(
        f"From the {found.one.name}, as of {found.one.as_of} (up to arrival {found.one.arrival_no}), "
        f"to the {found.other.name}, as of {found.other.as_of} (up to arrival {found.other.arrival_no})."
    )
    if rates:
        print("\nRates that changed, and what moved them\n" + table(rates, _RATES))
    if figures:
        print("\nMean change and survival that changed, and what moved them\n" + table(figures, _FIGURES))
    if not rates and not figures:
        is_one = (found.one.night, found.one.release_no) == (found.other.night, found.other.release_no)
        print("No rate, mean change or survival changed." + (" Both are the same: the last night on or before the two dates." if is_one else ""))  # fmt: skip
    if verdicts:
        print(
            "\nComparisons\n" + table([row | {"clinic": clinic_words(row["clinic_id"])} for row in verdicts], _VERDICTS)
        )
    if found.definitions:
        print("\nDefinitions\n" + table(found.definitions, _DEFINITIONS))
    if found.one.definitions is None or found.other.definitions is None:
        print("\nThe definitions of one of the two are not kept: it was a night before definitions were logged.")


def _rows(rates: list[Row], moved: list[Row]) -> list[Row]:
    """A rate with its counts before and after, and under it what moved it, with what that added or took away."""
    from outcomes.words import clinic_words

    rows = []
    for rate in rates:
        counts = {key: f"{_count(rate['was_' + key])} to {_count(rate[key])}" for key in ("met", "observed", "due")}
        rows.append(
            {"measure_id": rate["measure_id"], "clinic": clinic_words(rate["clinic_id"]), "because": "", **counts}
        )
        by: dict[str, Row] = {}
        for row in moved:
            if (row["measure_id"], row["clinic_id"]) == (rate["measure_id"], rate["clinic_id"]):
                sums = by.setdefault(row["because"], {"changed": 0, "met": 0, "observed": 0, "due": 0})
                for key in sums:
                    sums[key] += row[key] or 0
        for because, sums in by.items():
            courses = f"{sums['changed']:,} course{'' if sums['changed'] == 1 else 's'}: " if sums["changed"] else ""
            signed = {key: f"{sums[key]:+d}" if sums[key] else "0" for key in ("met", "observed", "due")}
            rows.append({"measure_id": "", "clinic": "", "because": courses + because, **signed})
    return rows


def _count(count: int | None) -> str:
    return "none" if count is None else f"{count:,}"


def _figure_rows(figures: list[Row], moved: list[Row]) -> list[Row]:
    """A figure before and after, and under it by how much each kind of change moved it."""
    from outcomes.words import clinic_words

    rows = []
    for figure in figures:
        said = {
            key: f"{_valued(figure, 'was_' + key)} to {_valued(figure, key)}" for key in ("courses", "events", "value")
        }
        if figure["kind"] == "mean_change":
            said["events"] = ""
        rows.append(
            {"measure_id": figure["measure_id"], "clinic": clinic_words(figure["clinic_id"]), "because": "", **said}
        )
        rows += [
            {"measure_id": "", "clinic": "", "because": row["because"], **{key: _by(row, key) for key in said}}
            for row in moved
            if (row["measure_id"], row["clinic_id"]) == (figure["measure_id"], figure["clinic_id"])
        ]
    return rows


def _valued(figure: Row, key: str) -> str:
    value = figure[key]
    if not key.endswith("value"):
        return _count(value)
    if value is None:
        return "not shown"
    return f"{value:.2f}" if figure["kind"] == "mean_change" else f"{value:.1%}"


def _by(row: Row, key: str) -> str:
    """By how much: of the mean in points, of a share in percentage points."""
    change = row[key]
    if change is None:
        return ""
    if key != "value":
        return f"{change:+,}" if change else "0"
    return f"{change:+.2f}" if row["kind"] == "mean_change" else f"{100 * change:+.1f}"


def _sql(arguments: Arguments) -> None:
    from outcomes.querying import answers, opened_to_ask

    with opened_to_ask(home_of(arguments)) as con:
        if arguments.query is not None:
            for answer in answers(con, arguments.query):
                _print_answer(answer, arguments.format)
            return
        is_prompt = sys.stdin.isatty()
        for text in _typed(con, is_prompt):
            try:
                for answer in answers(con, text):
                    _print_answer(answer, arguments.format)
            except UsageError as error:
                if not is_prompt:
                    raise
                print(f"outcomes: {error}", file=sys.stderr)


def _typed(con: Any, is_prompt: bool) -> Iterator[str]:
    """What is typed, statement by statement: lines up to one that ends in a semicolon."""
    from outcomes.querying import is_whole

    if is_prompt:
        import readline  # noqa: F401 (input() edits lines with it)

        print(
            "Questions to the published copy, each ended by a semicolon. What there is: SHOW TABLES; the end: Ctrl-D."
        )
    text = ""
    while True:
        try:
            text += input(("outcomes> " if not text else "     ...> ") if is_prompt else "") + "\n"
        except EOFError:
            if is_prompt:
                print()
            if text.strip():
                yield text
            return
        if is_whole(con, text):
            yield text
            text = ""
        elif not text.strip():
            text = ""


def _print_answer(answer: Answer, form: str) -> None:
    rows = answer.rows
    columns = {name: name for name in answer.columns}
    if form != "table":
        print(written(rows, columns, form))
        return
    print(table(rows[:_MOST_ROWS], columns))
    if len(rows) > _MOST_ROWS:
        print(f"{_MOST_ROWS:,} of {len(rows):,} rows. All of them: --format csv")
