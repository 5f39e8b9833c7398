"""Contract of the `scores` feed: what a clinic's file must hold.

A cell is first read: text becomes a value by one anchored pattern a column (`reads`). The values are then checked by
the class below. Both say in one sentence what would be accepted; a sentence never holds a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context


class Rule(NamedTuple):
    """A reason code with its sentence, and whether it is said of a cell or of the whole row."""

    code: str
    sentence: str
    about: str


RULES: dict[str, Rule] = {}

TIMEPOINTS = ("baseline", "pre_infusion", "post_infusion", "follow_up")
DRUGS = ("esketamine_nasal", "ketamine_im", "ketamine_iv", "ketamine_oral", "other")
RECALL_PERIODS = ("two_weeks", "since_last_treatment")
STATUSES = ("final", "amended", "corrected", "entered_in_error")
ENDED = ("completed", "stopped", "withdrew", "admitted", "died", "moved")
ANSWERS = {"not at all": 0, "several days": 1, "more than half the days": 2, "nearly every day": 3}
MISSING_CODES = ("7", "9", "99", "-", "^", "not answered")
# 7 and 9 are totals that people have.
MISSING_TOTAL_CODES = ("99", "-", "^", "not answered")

# The pseudonym holds a letter and a digit, so that it cannot be a name, a bare SSN or a telephone number.
CLINIC_ID = r"[A-Za-z][A-Za-z0-9_.-]{1,31}"
PATIENT_ID = r"[A-Za-z0-9_.-]{2,64}"


def _say(code: str, sentence: str, about: str) -> str:
    RULES[code] = Rule(code, sentence, about)
    return code


def reads(kind: str, code: str, sentence: str, **more: Any) -> dict[str, Any]:
    """How the text of a column is read: its kind, the reason code where it cannot be, and what would be accepted."""
    return {"kind": kind, "unreadable": _say(code, sentence, "cell")} | more


# What the rules saw: rule -> rows, while a batch is checked. A rule that did not run leaves no count.
_seen: ContextVar[dict[str, int] | None] = ContextVar("seen", default=None)


@contextmanager
def counting() -> Iterator[dict[str, int]]:
    """Collects how many rows each rule checked within the block."""
    seen: dict[str, int] = {}
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)


Judge = Callable[[Any, pa.PolarsData], pl.LazyFrame]


def _counted(code: str, expression: Callable[[str], pl.Expr]) -> Judge:
    def judge(cls: Any, data: pa.PolarsData) -> pl.LazyFrame:
        seen = _seen.get()
        verdict = data.lazyframe.select(expression(data.key or "").fill_null(False))
        if seen is not None:
            seen[code] = max(seen.get(code, 0), verdict.select(pl.len()).collect().item())
        return verdict

    judge.__name__ = code
    return judge


def _cell(code: str, sentence: str, columns: list[str], low: float, high: float) -> Any:
    """A range of each of `columns`; empty cells are not judged."""
    _say(code, sentence, "cell")

    def within(key: str) -> pl.Expr:
        return pl.col(key).is_null() | pl.col(key).is_between(low, high)

    return pa.check(*columns, name=code, error=code)(_counted(code, within))


def _row(code: str, sentence: str, expression: pl.Expr) -> Any:
    """A rule over several columns; rows with an unreadable or out-of-range cell have their own reason and pass."""
    _say(code, sentence, "row")
    return pa.dataframe_check(name=code, error=code)(_counted(code, lambda _: ~pl.col("is_sound") | expression))


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


def _word(words: tuple[str, ...], code: str, what: str, **more: Any) -> Any:
    sentence = f"not {', '.join(words[:-1])} or {words[-1]}" + (", or empty" if "optional" in more else "")
    return pa.Field(
        nullable=True, description=what, dtype_kwargs={"categories": words}, metadata=reads("word", code, sentence, words=words, **more)
    )  # fmt: skip


def _whole(code: str, sentence: str, what: str, **more: Any) -> Any:
    return pa.Field(
        nullable=more.pop("nullable", True), description=what, metadata=reads("whole", code, sentence, **more)
    )


class Scores(pa.DataFrameModel):
    """One row per PHQ-9 assessment of one patient, or per infusion given with no questionnaire.

    Grain: one row per (`clinic_id`, `patient_id`, `days_since_first_infusion`, `timepoint`, `infusion_number`), repeats
    and corrections apart. Items are 0 to 3 and the total 0 to 27; higher is worse.
    """

    clinic_id: str = pa.Field(
        nullable=True, description="The clinic, as listed in clinics.toml.",
        metadata=reads("code", "clinic_id_pattern", "not a clinic code: 2 to 32 of A-Z, a-z, 0-9, _ . -, the first a letter"),
    )  # fmt: skip
    patient_id: str = pa.Field(
        nullable=True, description="The clinic's own pseudonym of the patient.",
        metadata=reads("code", "patient_id_pattern", "not a pseudonym: 2 to 64 of A-Z, a-z, 0-9, _ . -, with at least one letter and one digit"),
    )  # fmt: skip
    infusion_number: pl.Int16 = _whole(
        "infusion_number_not_whole",
        "not a whole number written in digits, or empty",
        "Which infusion the row belongs to, from 1; empty for a follow-up with none.",
    )
    days_since_first_infusion: pl.Int16 = _whole(
        "day_not_whole",
        "not a whole number of days, as 14 or -3",
        "Days; day 0 is the patient's first infusion at this clinic.",
        needed=True,
    )
    timepoint: pl.Enum = _word(
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
    drug: pl.Enum = _word(DRUGS, "drug_unknown", "What was infused; where empty, the clinic's own.", optional=True)
    dose_mg_per_kg: pl.Float64 = pa.Field(
        nullable=True, description="Dose, mg per kg of body weight.",
        metadata=reads("decimal", "dose_not_number", "not a number as 0.5 with at most three decimals, or empty", optional=True),
    )  # fmt: skip
    infusion_minutes: pl.Int16 = _whole(
        "minutes_not_whole",
        "not a whole number of minutes, or empty",
        "Length of the infusion, minutes.",
        optional=True,
    )
    recall_period: pl.Enum = _word(
        RECALL_PERIODS, "recall_period_unknown", "What time the form asks about; two_weeks where empty.", optional=True
    )
    status: pl.Enum = _word(STATUSES, "status_unknown", "Standing of the row; final where empty.", optional=True)
    extract_day: pl.Int16 = _whole(
        "extract_day_not_whole",
        "not a whole number of days, or empty",
        "The patient's day on the day of the extract.",
        optional=True,
    )
    dissociation: bool = _yes_no("Dissociation at the infusion")
    nausea: bool = _yes_no("Nausea at the infusion")
    blood_pressure_raised: bool = _yes_no("Raised blood pressure at the infusion")
    serious_adverse_event: bool = _yes_no("Serious adverse event at the infusion")
    planned_induction_infusions: pl.Int16 = _whole(
        "planned_not_whole", "not a whole number, or empty", "Infusions planned for the induction.", optional=True
    )
    ended: pl.Enum = _word(ENDED, "ended_unknown", "Why the course ended, on its last row.", optional=True)
    # Made from the cells before the rules run: items answered, their sum, and whether every cell was read and in range.
    items_answered: pl.Int16
    items_sum: pl.Int16
    is_sound: bool

    class Config:
        strict = True

    infusion_number_range = _cell("infusion_number_range", "not from 1 to 999", ["infusion_number"], 1, 999)
    day_range = _cell(
        "day_range", "not from -400 to 3650 days since the first infusion", ["days_since_first_infusion"], -400, 3650
    )
    item_range = _cell("item_range", "not from 0 to 3", ITEMS, 0, 3)
    item_10_range = _cell("item_10_range", "not from 0 to 3, or empty", ["item_10"], 0, 3)
    total_range = _cell("total_range", "not from 0 to 27", ["total"], 0, 27)
    dose_range = _cell("dose_range", "not over 0 and up to 20 mg per kg", ["dose_mg_per_kg"], 0.001, 20)
    minutes_range = _cell("minutes_range", "not from 1 to 1440 minutes", ["infusion_minutes"], 1, 1440)
    extract_day_range = _cell("extract_day_range", "not from -400 to 3650 days", ["extract_day"], -400, 3650)
    planned_range = _cell("planned_range", "not from 1 to 100 infusions", ["planned_induction_infusions"], 1, 100)

    infusion_number_missing = _row(
        "infusion_number_missing", "a pre_infusion or post_infusion row needs its infusion_number",
        ~_infusion_row | pl.col("infusion_number").is_not_null(),
    )  # fmt: skip
    total_is_not_sum = _row(
        "total_is_not_sum", "the total is not the sum of the nine items",
        pl.col("total").is_null() | (_answered < 9) | (pl.col("total") == _sum),
    )  # fmt: skip
    total_below_items = _row(
        "total_below_items", "the total is below the sum of the items that were answered",
        pl.col("total").is_null() | (_answered == 9) | (pl.col("total") >= _sum),
    )  # fmt: skip
    total_above_items = _row(
        "total_above_items", "the total is more than the answered items and 3 for each missing one can make",
        pl.col("total").is_null() | (_answered == 9) | (pl.col("total") <= _sum + 3 * (9 - _answered)),
    )  # fmt: skip
    no_answers = _row(
        "no_answers", "no answer and no total: accepted only on a pre_infusion or post_infusion row, as an infusion given",
        (_answered > 0) | pl.col("total").is_not_null() | _infusion_row,
    )  # fmt: skip


_MADE = {"items_answered", "items_sum", "is_sound"}
SCHEMA = Scores.to_schema()
READING: dict[str, dict[str, Any]] = {
    name: dict(column.metadata or {}) for name, column in SCHEMA.columns.items() if name not in _MADE
}
DESCRIPTIONS = {name: column.description for name, column in SCHEMA.columns.items() if name not in _MADE}
COLUMNS = list(READING)
NEEDED = {name for name, how in READING.items() if how["kind"] == "code" or how.get("needed")}
REQUIRED = [name for name, how in READING.items() if not how.get("optional")]
DTYPES: dict[str, pl.DataType] = {name: SCHEMA.columns[name].dtype.type for name in [*COLUMNS, *sorted(_MADE)]}
# What a cell plainly written is parsed to: the value itself, or the word that says yes or no.
PARSED_AS: dict[str, pl.DataType] = {
    name: pl.Enum(["yes", "no"]) if how["kind"] == "yes_no" else DTYPES[name]
    for name, how in READING.items()
    if how["kind"] in ("whole", "item", "total", "word", "yes_no")
}
# Ranges by column, for `is_sound`: the same numbers as the rules above.
RANGES = {
    "infusion_number": (1, 999),
    "days_since_first_infusion": (-400, 3650),
    **dict.fromkeys(ITEMS, (0, 3)),
    "total": (0, 27),
}

_say("field_count", "not as many fields as the header has columns", "row")
_say("unknown_clinic", "the clinic is not in clinics.toml: register it, then have the rows sent in a new file", "row")
_say(
    "contradiction",
    "another row of the same night has the same key and other values, and nothing orders them: mark the right one as corrected",
    "row",
)


def failures(typed: pl.DataFrame) -> pl.DataFrame:
    """What the contract says of a batch: one row (`row`, `column_name`, `reason_code`) per failure, none if all is well.

    `row` is the position in `typed`; `column_name` is null for a rule over several columns. Raises AssertionError where
    the frame itself is not of the contract: that is our fault, never the clinic's.
    """
    try:
        # An eager frame and this depth: pandera checks no values of a lazy one, nor where the environment says so.
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            SCHEMA.validate(typed, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases.select("index", "column", "check", "schema_context")
        assert cases["index"].null_count() == 0, "the frame is not of the contract"
        return cases.select(
            row=pl.col("index").cast(pl.UInt32),
            column_name=pl.when(pl.col("schema_context") == "Column").then(pl.col("column")),
            reason_code=pl.col("check"),
        ).unique()
    return pl.DataFrame(schema={"row": pl.UInt32, "column_name": pl.String, "reason_code": pl.String})
