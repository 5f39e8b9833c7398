"""The table of speeds: what `make bench` measured, beside what was promised; in README.md the last whole run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from outcomes.documents import table

# A run of fewer rows is for whoever changes the program; what is promised is promised of these.
WHOLE_RUN = 10_000_000
HEADS = {"what": "what", "measured": "measured", "at_most": "at most", "aim": "aim", "verdict": "", "numbers": "in this run"}  # fmt: skip

Line = Mapping[str, Any]


def last_whole_run(results: Path) -> Line:
    """The last line of results.jsonl that is of a whole run. Raises ValueError where there is none."""
    lines = [json.loads(text) for text in results.read_text("utf-8").splitlines()]
    whole = [line for line in lines if line["rows"] >= WHOLE_RUN]
    if not whole:
        raise ValueError(f"no run of {WHOLE_RUN:,} rows in {results.name}: make bench")
    last: Line = whole[-1]
    return last


def speed_part(line: Line) -> str:
    """One run: what it was measured with, and one line a row."""
    rows = speed_rows(line)
    return f"{speed_words(line)}\n\n" + table(list(HEADS.values()), ([row[key] for key in HEADS] for row in rows))


def speed_words(line: Line) -> str:
    """What the run was of, and on what."""
    machine, versions = line["machine"], line["versions"]
    return (
        f"{line['on']}: {line['rows']:,} rows of {line['columns']} columns in a file of {line['bytes'] / 1e6:,.0f} MB, of {line['clinics']} made-up clinics. "
        f"{machine['cores']} cores ({machine['processor']}), {machine['memory_gib']:.0f} GiB, load average {machine['load_before']:.1f} before and "
        f"{machine['load_after']:.1f} after; {', '.join(f'{name} {version}' for name, version in versions.items())}."
    )


def speed_rows(line: Line) -> list[dict[str, str]]:
    """Each row as it is shown."""
    return [
        {
            "what": row["what"],
            "measured": f"{row['value']:.3g}{row['unit']}",
            "at_most": _limit(row),
            "aim": "" if row["aim"] is None else f"{row['aim']:g}",
            "verdict": verdict(row),
            "numbers": row["numbers"],
        }
        for row in line["table"]
    ]


def verdict(row: Mapping[str, Any]) -> str:
    """Whether a row is what was promised; empty where nothing was."""
    if row["at_most"] is None:
        return ""
    if row["value"] > row["at_most"] or row["value"] < (row["at_least"] or 0):
        return "NOT met"
    return "met, and the aim" if row["aim"] is not None and row["value"] <= row["aim"] else "met"


def missed(line: Line) -> Sequence[str]:
    """The rows that are not what was promised."""
    return [row["what"] for row in line["table"] if verdict(row) == "NOT met"]


def _limit(row: Mapping[str, Any]) -> str:
    if row["at_most"] is None:
        return ""
    return f"{row['at_least']:g} to {row['at_most']:g}" if row["at_least"] else f"{row['at_most']:g}"
