"""How the rows of each feed are kept: their table, their key, and what of a good row is stored."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import duckdb
import polars as pl

from outcomes.frames import asked, given
from schemas.patients import UNKNOWN_IF_EMPTY
from schemas.scores import SAFETY


@dataclass(frozen=True)
class Kept:
    """Where the rows of one feed go. Names of the store: table, its numbering column, its events, and a macro of a row.

    `key` is the key of a row that has its patient_no, in polars; `stored_key` the same of a stored row `s`, in SQL. `digest` is
    that of a row as it is stored, in polars: asked of the store, by the macro `stored_digest`, it costs three times as much.
    `stored` makes of good rows the columns of the table, but for patient, arrival and number, with extract_day.
    """

    feed: str
    table: str
    row_id: str
    events: str
    values: str
    digest: pl.Expr
    stored_digest: str
    key: pl.Expr
    stored_key: str
    stored: Callable[[pl.DataFrame], pl.DataFrame]

    def said(self, row: str) -> str:
        """SQL of what a row says, by its alias. Rows of one key are the same where these agree."""
        return f"CASE WHEN {row}.status = 'entered_in_error' THEN 'entered_in_error' ELSE {self.values}({row}) END"


def _score(good: pl.DataFrame) -> pl.DataFrame:
    answered = pl.col("items_answered")
    return good.with_columns(
        *(pl.col(name).cast(pl.Int8) for name in [*(f"item_{i}" for i in range(1, 11)), "total"]),
        recall_period=pl.col("recall_period").fill_null("two_weeks"),
        items_answered=answered.cast(pl.Int8),
        items_sum=pl.when(answered > 0).then("items_sum").cast(pl.Int8),
        phq9_total=pl.when(answered == 9).then("items_sum").when(answered == 0).then("total").cast(pl.Int8),
    ).drop("is_sound")  # fmt: skip


def _score_key() -> pl.Expr:
    """score_key() of the store, as polars says it."""
    code = pl.col("timepoint").to_physical().cast(pl.Int64)
    day = pl.col("days_since_first_infusion").cast(pl.Int64) + 400
    return ((pl.col("patient_no").cast(pl.Int64) * 4096 + day) * 4 + code) * 1024 + pl.col("infusion_number").fill_null(
        0
    )


def _patient(good: pl.DataFrame) -> pl.DataFrame:
    return good.with_columns(
        pl.col(UNKNOWN_IF_EMPTY).fill_null("unknown"), extract_day=pl.lit(None, pl.Int16)
    )  # fmt: skip


# A value in a packed number: its column, how many values it may have, and what null is.
_Place = tuple[str, int, int]
_ITEMS: list[_Place] = [(f"item_{i}", 5, 4) for i in range(1, 11)]
_TOTALS: list[_Place] = [("total", 29, 28), ("phq9_total", 29, 28), ("items_sum", 29, 28), ("items_answered", 10, 0)]
_WORDS: list[_Place] = [
    ("timepoint", 4, 0), ("recall_period", 2, 0), ("status", 4, 0), ("drug", 6, 5), ("ended", 7, 6), *((name, 3, 2) for name in SAFETY),
]  # fmt: skip
_PATIENT_WORDS: list[_Place] = [
    ("sex", 4, 0), ("indication", 8, 0), ("status", 4, 0), ("bipolar", 3, 0), ("chronic_pain", 3, 0), ("ptsd", 3, 0), ("anxiety", 3, 0),
    ("substance_use", 3, 0), ("thyroid", 3, 0), ("eating_disorder", 3, 0), ("sleep_disorder", 3, 0), ("concurrent_psychotherapy", 3, 0),
]  # fmt: skip
_PATIENT_NUMBERS: list[_Place] = [
    ("age_years", 91, 0),
    ("failed_antidepressant_trials", 22, 21),
    ("first_infusion_year", 2101, 0),
]
_PRIME = 2147483647


def _packed(places: Sequence[_Place]) -> pl.Expr:
    """packed() of the store, over several columns."""
    running = pl.lit(0, pl.Int32)
    for name, room, if_null in places:
        words = name in (word for word, _, _ in (*_WORDS[:5], *_PATIENT_WORDS))
        value = pl.col(name).to_physical() if words else pl.col(name)
        running = running * room + value.cast(pl.Int32).fill_null(if_null)
    return running.cast(pl.Int64)


def _amounts() -> pl.Expr:
    """packed_amounts() of the store."""
    dose, minutes, planned = (
        amount.cast(pl.Int64).fill_null(if_null)
        for amount, if_null in (
            ((pl.col("dose_mg_per_kg") * 1000).round(), 1_000_000),
            (pl.col("infusion_minutes"), 40_000),
            (pl.col("planned_induction_infusions"), 40_000),
        )
    )
    return (dose * 131_072 + minutes) * 131_072 + planned


def _digest(*numbers: pl.Expr) -> pl.Expr:
    """mixed() of the store, from the patient's number through all the others, times the line."""
    running = pl.col("patient_no").cast(pl.Int64)
    for number in numbers:
        running = (running * 1_000_003 + number) % _PRIME
    return running * pl.col("line") % _PRIME


def _row_digest() -> pl.Expr:
    when = (pl.col("days_since_first_infusion").cast(pl.Int64) + 400) * 32_768 + pl.col("infusion_number").fill_null(0)
    return _digest(_packed(_ITEMS), _packed(_TOTALS), _packed(_WORDS), when, _amounts())


# In the order in which the rows of a batch are stored.
KEPT = (
    Kept(
        "scores", "score", "score_id", "score_event", "score_values", _row_digest(), "row_digest", _score_key(),
        "score_key(s.patient_no, s.days_since_first_infusion, enum_code(s.timepoint), s.infusion_number)", _score,
    ),
    Kept(
        "patients", "patient_row", "patient_row_id", "patient_row_event", "patient_row_values",
        _digest(_packed(_PATIENT_WORDS), _packed(_PATIENT_NUMBERS)), "patient_row_digest", pl.col("patient_no").cast(pl.Int64), "s.patient_no::BIGINT", _patient,
    ),
)  # fmt: skip


def said_of(con: duckdb.DuckDBPyConnection, kept: Kept, rows: pl.DataFrame) -> pl.DataFrame:
    """What each of `rows`, with the columns of its table, says: row, said."""
    with given(con, "disputed", rows):
        return asked(con, f"SELECT d.row, {kept.said('d')} AS said FROM disputed AS d")


def append_events(con: duckdb.DuckDBPyConnection, kept: Kept, night: int, events: pl.DataFrame) -> None:
    """Changes of standing into the store. events: row_id, current, reason_code, by_arrival_no, by_line."""
    (highest,) = con.execute(f"SELECT coalesce(max(event_id), 0) FROM {kept.events}").fetchone() or (0,)
    told = (
        events.rename({"row_id": kept.row_id})
        .sort(kept.row_id, "current")
        .with_row_index("event_id", offset=highest + 1)
        .with_columns(night=pl.lit(night))
    )
    with given(con, "told", told):
        con.execute(f"INSERT INTO {kept.events} BY NAME FROM told")
