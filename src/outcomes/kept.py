"""How the rows of each feed are kept: their table, their key, and what of a good row is stored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import duckdb
import polars as pl

from outcomes.frames import asked, given
from schemas.patients import UNKNOWN_IF_EMPTY


@dataclass(frozen=True)
class Kept:
    """Where the rows of one feed go. Names of the store: table, its numbering column, its events, and macros of a row.

    `key` is the key of a row that has its patient_no, in polars; `stored_key` the same of a stored row `s`, in SQL.
    `stored` makes of good rows the columns of the table, but for patient, arrival and number, with extract_day.
    """

    feed: str
    table: str
    row_id: str
    events: str
    values: str
    digest: str
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


# In the order in which the rows of a batch are stored.
KEPT = (
    Kept(
        "scores", "score", "score_id", "score_event", "score_values", "row_digest", _score_key(),
        "score_key(s.patient_no, s.days_since_first_infusion, enum_code(s.timepoint), s.infusion_number)", _score,
    ),
    Kept(
        "patients", "patient_row", "patient_row_id", "patient_row_event", "patient_row_values", "patient_row_digest",
        pl.col("patient_no").cast(pl.Int64), "s.patient_no::BIGINT", _patient,
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
