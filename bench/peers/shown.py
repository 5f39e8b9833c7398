"""A line of results as docs/peers.md shows it."""

from __future__ import annotations

from typing import Any

from environments import ROOT

PAGE = ROOT / "docs" / "peers.md"
_MARKS = ("<!-- measured -->\n", "<!-- /measured -->")


def table(name: str, found: dict[str, Any]) -> str:
    """CPU, wall and memory of each, and CPU as a ratio to ours and to floor A."""
    cpu_of = {who: usage[0] for who, usage in found["median"].items()}
    runs, answers = found["runs"], found["answers"]
    lines = [
        f"**{name[0].upper()}{name[1:]}**: {answers['accepted']:,} rows kept, {answers['duplicate']:,} that came twice, {answers['quarantined']:,} set aside, "
        f"{answers['statuses']:,} statuses; {f'medians of {runs} runs in turn' if runs > 1 else 'one run'}.\n",
        "| | CPU s | wall s | peak MiB | CPU / ours | CPU / floor A |",
        "| --- | ---: | ---: | ---: | ---: | ---: |",
    ]
    for who, (cpu, wall, peak) in found["median"].items():
        of_floor = f"{cpu / cpu_of['floor A']:.1f}" if "floor A" in cpu_of else ""
        lines.append(f"| {who} | {cpu:.1f} | {wall:.1f} | {peak:,.0f} | {cpu / cpu_of['outcomes']:.2f} | {of_floor} |")
    return "\n".join(lines) + "\n"


def remission(found: dict[str, Any]) -> str:
    """What the CCBHC package cost by the number of scores, and its answers beside ours."""
    lines = [
        "| scores | CPU s | due here | in remission here | of the due, the same there | otherwise there: a lower score before the last | index scores there, due or not | in remission there |",
        "| " + " | ".join(["---:"] * 8) + " |",
    ]
    for one in found["runs"]:
        told = one["beside"]
        cells = [
            told[name]
            for name in ("due", "met", "same", "a_lower_score_before_the_last", "their_denominator", "their_numerator")
        ]
        lines.append(
            f"| {one['scores']:,} | {one['usage'][0]:.1f} | " + " | ".join(f"{cell:,}" for cell in cells) + " |"
        )
    return "\n".join(lines) + f"\n\nIts CPU grows at last with the scores to the power of {found['power']:.1f}.\n"


def measured(line: dict[str, Any]) -> str:
    """All that was measured, with versions and machine."""
    machine, ours = line["machine"], line["ours"]
    versions = "; ".join(
        f"{peer}: " + ", ".join(f"{name} {number}" for name, number in of.items()) for peer, of in line["peers"].items()
    )
    parts = [
        f"Measured on {line['on']}, {machine['processor']}, {machine['cores']} cores shared with others (load {machine['load_before']} "
        f"before and {machine['load_after']} after): ratios of CPU say more than wall times. Whole processes. outcomes {ours['outcomes']} with Python {ours['python']}, DuckDB {ours['duckdb']}, "
        f"polars {ours['polars']}, pandera {ours['pandera']}. {versions}.\n",
        *(table(name, found) for name, found in line["tables"].items()),
        "Floor A is DuckDB's bare `CREATE TABLE AS` of the clean file of the same people, types given.\n",
        "Rows of the first file that `read_csv` with `ignore_errors` leaves out without a word: "
        f"{line['lost']['as text']:,} where every column is text, {line['lost']['typed']:,} where columns have their types.\n",
    ]
    if "ccbhc" in line:
        parts.append("**Remission at six months, by ccbhc-measurements**\n\n" + remission(line["ccbhc"]))
    return "\n".join(parts)


def in_page(text: str, line: dict[str, Any]) -> str:
    """The page with the line shown between its marks."""
    head, _, rest = text.partition(_MARKS[0])
    return head + _MARKS[0] + measured(line) + _MARKS[1] + rest.partition(_MARKS[1])[2]
