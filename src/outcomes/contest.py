"""Which of several rows with one key stands: duplicates, corrections, retractions and contradictions.

A key says what a row is about: of scores (clinic, patient, day, timepoint, infusion number), of patients (clinic,
patient). Same values again: a duplicate. Other values in a later night, or marked, or with a later extract_day: a
correction, both kept. Otherwise nothing orders them, and all sides of the night are set aside.
"""

from __future__ import annotations

from typing import NamedTuple

import polars as pl

RETRACTED = "entered_in_error"


class Settled(NamedTuple):
    """fates: row, fate (accepted, duplicate, quarantined). events: row_id or row, current, reason_code, by_row.

    outset: row_id of rows stored earlier this night that are set aside too.
    """

    fates: pl.DataFrame
    events: pl.DataFrame
    outset: pl.Series


_EVENTS = {"row_id": pl.Int64, "row": pl.Int64, "current": pl.Boolean, "reason_code": pl.String, "by_row": pl.Int64}


def settle(new: pl.DataFrame, stored: pl.DataFrame, earlier: pl.DataFrame) -> Settled:
    """Decide the fate of `new` rows of contested keys.

    new: row, key, said, mark, extract_day. stored: row_id, key, said, mark, extract_day, is_tonight, is_current,
    was_standing (current at the start of this night), of the same keys. earlier: key, said, mark, extract_day of contested sides in
    earlier batches of this night.
    """
    tonight = stored.filter("is_tonight")
    prior = (
        stored.filter("was_standing")
        .select("key", prior_id="row_id", prior_said="said", prior_current="is_current")
        .unique("key", keep="last")
    )
    retracted = (
        stored.filter(~pl.col("is_tonight") & (pl.col("said") == RETRACTED))
        .select("key", was_retracted=pl.lit(True))
        .unique()
    )

    won, contradicted = contested(new, tonight, earlier)

    of_new = (
        new.join(won, on="key", how="left", maintain_order="left")
        .join(
            tonight.group_by("key", "said").agg(stored_id=pl.col("row_id").min()),
            on=["key", "said"],
            how="left",
            maintain_order="left",
        )
        .join(prior, on="key", how="left", maintain_order="left")
        .join(retracted, on="key", how="left", maintain_order="left")
    )
    is_known = pl.col("stored_id").is_not_null() | (
        (pl.col("said") == pl.col("prior_said")) & (pl.col("said") != RETRACTED)
    ).fill_null(False)
    is_known |= (pl.col("said") == RETRACTED) & pl.col("was_retracted").fill_null(False) & pl.col("prior_id").is_null()
    of_new = of_new.with_columns(
        fate=pl.when(pl.col("winner").is_null()).then(pl.lit("quarantined"))
        .when(is_known | (pl.col("row") != pl.col("row").min().over("key", "said"))).then(pl.lit("duplicate"))
        .otherwise(pl.lit("accepted"))
    )  # fmt: skip

    # What each key's winner does to the rows that stood, and to the losers stored with it.
    by = of_new.filter(pl.col("said") == pl.col("winner")).group_by("key").agg(by_row=pl.col("row").min())
    why = pl.when(pl.col("winner") == RETRACTED).then(pl.lit("retracted")).otherwise(pl.lit("corrected"))
    standing = stored.filter("is_current").join(won, on="key").filter(pl.col("said") != pl.col("winner"))
    lost = of_new.filter((pl.col("fate") == "accepted") & (pl.col("said") != pl.col("winner")))
    first_row = new.group_by("key").agg(any_row=pl.col("row").min())
    back = (
        tonight.filter(~pl.col("is_current") & (pl.col("said") != RETRACTED))
        .join(won, on="key")
        .filter(pl.col("said") == pl.col("winner"))
    )
    outset = tonight.filter("is_current").join(pl.DataFrame({"key": contradicted}), on="key")
    again = (
        prior.filter(~pl.col("prior_current"))
        .join(pl.DataFrame({"key": contradicted}), on="key")
        .rename({"prior_id": "row_id"})
    )

    def events(rows: pl.DataFrame, current: bool, reason: pl.Expr) -> pl.DataFrame:
        rows = rows.join(by, on="key", how="left").join(first_row, on="key", how="left")
        own_id = pl.col("row_id") if "row_id" in rows.columns else pl.lit(None, pl.Int64)
        own_row = pl.col("row") if "row_id" not in rows.columns else pl.lit(None, pl.Int64)
        return rows.select(
            row_id=own_id.cast(pl.Int64), row=own_row.cast(pl.Int64), current=pl.lit(current), reason_code=reason,
            by_row=pl.coalesce("by_row", "any_row").cast(pl.Int64),
        )  # fmt: skip

    return Settled(
        of_new.select("row", "fate"),
        pl.concat(
            [
                pl.DataFrame(schema=_EVENTS),
                events(standing, False, why),
                events(lost, False, why),
                events(back.unique("key", keep="first"), True, pl.lit("reinstated")),
                events(outset.with_columns(winner=pl.lit(None, pl.String)), False, pl.lit("contradiction")),
                events(again, True, pl.lit("reinstated")),
            ]
        ),
        outset["row_id"],
    )


def contested(new: pl.DataFrame, tonight: pl.DataFrame, earlier: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """key, winner of each key of one night; and the keys that nothing orders. The frames are as in settle()."""
    members = pl.concat(
        [
            new.select("key", "said", "mark", "extract_day"),
            tonight.select("key", "said", "mark", "extract_day"),
            earlier.select("key", "said", "mark", "extract_day").filter(pl.col("key").is_in(new["key"].implode())),
        ]
    )
    sides = members.group_by("key", "said").agg(pl.col("mark").max(), pl.col("extract_day").max())
    won = _winners(sides)
    return won, sides.join(won, on="key", how="anti")["key"].unique(maintain_order=True)


def _winners(sides: pl.DataFrame) -> pl.DataFrame:
    """key, winner: the side that comes after every other one of its key, by extract_day or else by its mark."""
    pairs = sides.join(sides, on="key", suffix="_2").filter(pl.col("said") != pl.col("said_2"))
    differ = (pl.col("extract_day") != pl.col("extract_day_2")).fill_null(False)
    after = (
        pl.when(differ)
        .then(pl.col("extract_day") > pl.col("extract_day_2"))
        .otherwise(pl.col("mark") > pl.col("mark_2"))
    )
    beaten = pairs.filter(~after).select("key", "said").unique()
    return sides.join(beaten, on=["key", "said"], how="anti").select("key", winner="said")
