"""Ours beside the published rates, on one axis."""

from __future__ import annotations

from collections.abc import Sequence

from markupsafe import Markup

from outcomes.pages.asking import TracedRow
from outcomes.pages.charts import RIGHT, WIDTH, Chart, Scale
from outcomes.pages.numbers import number

# Height of a pair in a forest plot: its name, ours, theirs.
EACH = 35


def forest(rows: Sequence[TracedRow], id_: str, title: str) -> Chart | None:
    """Ours and theirs on one axis, a pair for each row; `rows` are of the view comparison or shared_comparison."""
    pairs = [row for row in rows if row["our_rate"] is not None and row["their_rate"] is not None]
    if not pairs:
        return None
    is_shared = pairs[0].view == "shared_comparison"
    unit, how = (100, "percents") if is_shared else (1, "share")
    chart = Chart(id_, title, "", 28 + EACH * len(pairs))
    x = Scale(0, 1, 12, 306)
    bottom = chart.height - 22
    for place in range(0, len(pairs), 2):
        chart.bar(0, 4 + EACH * place, WIDTH, EACH, "stripe")
    for share in (0, 0.25, 0.5, 0.75, 1):
        chart.line(x(share), 4, x(share), bottom, "grid")
        chart.text(x(share), bottom + 14, f"{share * 100:.0f}%", "middle", "tick")
    for place, row in enumerate(pairs):
        top = 4 + EACH * place
        count = None if is_shared else _of_how_many(row)
        # The label gives way to how many it is of.
        room = WIDTH - 12 - (len(count.striptags()) * 6 if count else 0)
        label = cut(row["label"], int(room / 6.3) - len(row["marks"])) + row["marks"]
        chart.text(4, top + 11, label, kind="label")
        if count:
            chart.text(RIGHT + 8, top + 11, count, "end", "quiet")
        for side, below, shape, kind in (("our", 19, "circle", "ours"), ("their", 29, "diamond", "theirs")):
            low, rate, high = (row[f"{side}_{part}"] for part in ("low", "rate", "high"))
            if low is not None and high is not None:
                chart.line(x(low / unit), top + below, x(high / unit), top + below, f"whisker {kind}")
            chart.dot(x(rate / unit), top + below, shape, kind)
            chart.text(318, top + below + 4, "ours" if side == "our" else "study", kind="quiet")
            chart.told(
                RIGHT + 8, top + below + 4, row, f"{side}_rate", how, "end", "told" if side == "our" else "label"
            )
    chart.words = "Our rate (filled circle) above the published rate (open diamond), each with its 95% interval where it has one. The table below has the numbers."
    return chart


def _of_how_many(row: TracedRow) -> Markup | None:
    """How many of how many a rate of ours is; of a Kaplan-Meier share only how many it is of."""
    if row["our_n"] is None:
        return None
    of = number(row, "our_n", tag="tspan")
    return Markup("n ") + of if row["met"] is None else number(row, "met", tag="tspan") + " of " + of


def cut(words: str, most: int) -> str:
    """Words on one line, short of what does not fit."""
    return words if len(words) <= most else words[: most - 1].rstrip(" ,;:(") + "…"
