"""Contract of the `scores` feed: what a clinic's file of PHQ-9 assessments must hold."""

from __future__ import annotations

from typing import Any

import pandera.polars as pa
import polars as pl

from schemas.contracts import (
    Contract,
    cell_rule,
    clinic_id_field,
    patient_id_field,
    reads,
    row_rule,
    status_field,
    whole,
    word,
)

TIMEPOINTS = ("baseline", "pre_infusion", "post_infusion", "follow_up")
DRUGS = ("esketamine_nasal", "ketamine_im", "ketamine_iv", "ketamine_oral", "other")
RECALL_PERIODS = ("two_weeks", "since_last_treatment")
ENDED = ("completed", "stopped", "withdrew", "admitted", "died", "moved")
ANSWERS = {"not at all": 0, "several days": 1, "more than half the days": 2, "nearly every day": 3}
MISSING_CODES = ("7", "9", "99", "-", "^", "not answered")
# 7 and 9 are totals that people have.
MISSING_TOTAL_CODES = ("99", "-", "^", "not answered")

ITEMS = [f"item_{i}" for i in range(1, 10)]
SAFETY = ["dissociation", "nausea", "blood_pressure_raised", "serious_adverse_event"]

_WHOLE_ITEM = "not 0, 1, 2 or 3, one of the four answers in words, a missing code, or empty"
_YES_NO = "not yes or no, or empty"
_answered = pl.col("items_answered")
_sum = pl.col("items_sum")
_infusion_row = pl.col("timepoint").is_in(["pre_infusion", "post_infusion"])


def _item(number: int) -> Any:
    return pa.Field(
        nullable=True,
        description=f"Answer to item {number}, 0 to 3.",
        metadata=reads("item", "item_not_whole", _WHOLE_ITEM),
    )


def _yes_no(what: str) -> Any:
    return pa.Field(
        nullable=True,
        description=f"{what}: yes or no.",
        metadata=reads("yes_no", "safety_not_yes_no", _YES_NO, optional=True),
    )


class Scores(pa.DataFrameModel):
    """One row per PHQ-9 assessment of one patient, or per infusion given with no questionnaire.

    Grain: one row per (`clinic_id`, `patient_id`, `days_since_first_infusion`, `timepoint`, `infusion_number`), repeats
    and corrections apart. Items are 0 to 3 and the total 0 to 27; higher is worse.
    """

    clinic_id: str = clinic_id_field()
    patient_id: str = patient_id_field()
    infusion_number: pl.Int16 = whole(
        "infusion_number_not_whole",
        "not a whole number written in digits, or empty",
        "Which infusion the row belongs to, from 1; empty for a follow-up with none.",
    )
    days_since_first_infusion: pl.Int16 = whole(
        "day_not_whole",
        "not a whole number of days, as 14 or -3",
        "Days; day 0 is the patient's first infusion at this clinic.",
        needed=True,
    )
    timepoint: pl.Enum = word(
        TIMEPOINTS, "timepoint_unknown", "Relation of the questionnaire to the infusion.", needed=True
    )
    item_1: pl.Int16 = _item(1)
    item_2: pl.Int16 = _item(2)
    item_3: pl.Int16 = _item(3)
    item_4: pl.Int16 = _item(4)
    item_5: pl.Int16 = _item(5)
    item_6: pl.Int16 = _item(6)
    item_7: pl.Int16 = _item(7)
    item_8: pl.Int16 = _item(8)
    item_9: pl.Int16 = _item(9)
    total: pl.Int16 = pa.Field(
        nullable=True, description="Stated total, 0 to 27.",
        metadata=reads("total", "total_not_whole", "not a whole number from 0 to 27, a missing code, or empty"),
    )  # fmt: skip
    item_10: pl.Int16 = pa.Field(
        nullable=True, description="Functional difficulty, 0 to 3; no part of the total.",
        metadata=reads("item", "item_10_not_whole", "not 0, 1, 2 or 3, a missing code, or empty", optional=True),
    )  # fmt: skip
    drug: pl.Enum = word(DRUGS, "drug_unknown", "What was infused; where empty, the clinic's own.", optional=True)
    dose_mg_per_kg: pl.Float64 = pa.Field(
        nullable=True, description="Dose, mg per kg of body weight.",
        metadata=reads("decimal", "dose_not_number", "not a number as 0.5 with at most three decimals, or empty", optional=True),
    )  # fmt: skip
    infusion_minutes: pl.Int16 = whole(
        "minutes_not_whole",
        "not a whole number of minutes, or empty",
        "Length of the infusion, minutes.",
        optional=True,
    )
    recall_period: pl.Enum = word(
        RECALL_PERIODS, "recall_period_unknown", "What time the form asks about; two_weeks where empty.", optional=True
    )
    status: pl.Enum = status_field()
    extract_day: pl.Int16 = whole(
        "extract_day_not_whole",
        "not a whole number of days, or empty",
        "The patient's day on the day of the extract.",
        optional=True,
    )
    dissociation: bool = _yes_no("Dissociation at the infusion")
    nausea: bool = _yes_no("Nausea at the infusion")
    blood_pressure_raised: bool = _yes_no("Raised blood pressure at the infusion")
    serious_adverse_event: bool = _yes_no("Serious adverse event at the infusion")
    planned_induction_infusions: pl.Int16 = whole(
        "planned_not_whole", "not a whole number, or empty", "Infusions planned for the induction.", optional=True
    )
    ended: pl.Enum = word(ENDED, "ended_unknown", "Why the course ended, on its last row.", optional=True)
    # Made from the cells before the rules run: items answered, their sum, and whether every cell was read and in range.
    items_answered: pl.Int16
    items_sum: pl.Int16
    is_sound: bool

    class Config:
        strict = True

    infusion_number_range = cell_rule("infusion_number_range", "not from 1 to 999", ["infusion_number"], 1, 999)
    day_range = cell_rule(
        "day_range", "not from -400 to 3650 days since the first infusion", ["days_since_first_infusion"], -400, 3650
    )
    item_range = cell_rule("item_range", "not from 0 to 3", ITEMS, 0, 3)
    item_10_range = cell_rule("item_10_range", "not from 0 to 3, or empty", ["item_10"], 0, 3)
    total_range = cell_rule("total_range", "not from 0 to 27", ["total"], 0, 27)
    dose_range = cell_rule("dose_range", "not over 0 and up to 20 mg per kg", ["dose_mg_per_kg"], 0.001, 20)
    minutes_range = cell_rule("minutes_range", "not from 1 to 1440 minutes", ["infusion_minutes"], 1, 1440)
    extract_day_range = cell_rule("extract_day_range", "not from -400 to 3650 days", ["extract_day"], -400, 3650)
    planned_range = cell_rule("planned_range", "not from 1 to 100 infusions", ["planned_induction_infusions"], 1, 100)

    infusion_number_missing = row_rule(
        "infusion_number_missing", "a pre_infusion or post_infusion row needs its infusion_number",
        ~_infusion_row | pl.col("infusion_number").is_not_null(),
    )  # fmt: skip
    total_is_not_sum = row_rule(
        "total_is_not_sum", "the total is not the sum of the nine items",
        pl.col("total").is_null() | (_answered < 9) | (pl.col("total") == _sum),
    )  # fmt: skip
    total_below_items = row_rule(
        "total_below_items", "the total is below the sum of the items that were answered",
        pl.col("total").is_null() | (_answered == 9) | (pl.col("total") >= _sum),
    )  # fmt: skip
    total_above_items = row_rule(
        "total_above_items", "the total is more than the answered items and 3 for each missing one can make",
        pl.col("total").is_null() | (_answered == 9) | (pl.col("total") <= _sum + 3 * (9 - _answered)),
    )  # fmt: skip
    no_answers = row_rule(
        "no_answers", "no answer and no total: accepted only on a pre_infusion or post_infusion row, as an infusion given, or to take a row back",
        (_answered > 0) | pl.col("total").is_not_null() | _infusion_row | (pl.col("status") == "entered_in_error").fill_null(False),
    )  # fmt: skip


CONTRACT = Contract(
    "scores",
    Scores,
    made=("items_answered", "items_sum", "is_sound"),
    # For `is_sound`: the same numbers as the rules above.
    ranges={
        "infusion_number": (1, 999),
        "days_since_first_infusion": (-400, 3650),
        **dict.fromkeys(ITEMS, (0, 3)),
        "total": (0, 27),
    },
)
