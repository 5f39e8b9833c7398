"""What a file of scores must hold: how each cell is read, and the rules, as a pandera schema for pandas.

A cell is first read: a column comes as a categorical of texts, so each different text is read once. What cannot be read is
a fault with its reason. The values are then checked by the schema: ranges of cells, and rules over several columns.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pandera.pandas as pa

TIMEPOINTS = ["baseline", "pre_infusion", "post_infusion", "follow_up"]
DRUGS = ["esketamine_nasal", "ketamine_im", "ketamine_iv", "ketamine_oral", "other"]
RECALL_PERIODS = ["two_weeks", "since_last_treatment"]
STATUSES = ["final", "amended", "corrected", "entered_in_error"]
ENDED = ["completed", "stopped", "withdrew", "admitted", "died", "moved"]
ITEMS = [f"item_{i}" for i in range(1, 10)]
ANSWERS = {"not at all": 0, "several days": 1, "more than half the days": 2, "nearly every day": 3}
MISSING = {"7", "9", "99", "-", "^", "not answered"}
MISSING_TOTAL = {"99", "-", "^", "not answered"}

WHOLE = re.compile(r"(-?)(0|[1-9][0-9]{0,5})(?:\.0+)?")
DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,3})(?:\.[0-9]{1,3})?")
CLINIC = re.compile(r"[A-Za-z][A-Za-z0-9_.-]{1,31}")
PATIENT = re.compile(r"(?=.*[A-Za-z])(?=.*[0-9])[A-Za-z0-9_.-]{2,64}")


class Unreadable(Exception):
    """A cell that is not of its column's pattern."""


def whole(text: str) -> int:
    """A whole number of 16 bits: 14, -3 or 14.0."""
    match = WHOLE.fullmatch(text.strip(" "))
    if not match or match[0].startswith("-0"):
        raise Unreadable
    number = int(match[1] + match[2])
    if not -32768 <= number <= 32767:
        raise Unreadable
    return number


def without_zero_decimals(text: str) -> str:
    """9 of 9.0."""
    return re.sub(r"(?<=[0-9])\.0+$", "", text)


def item(text: str) -> int | None:
    """An answer in digits or in words, or a code for none."""
    plain = re.sub(r"\s+", " ", text.strip().lower().replace("’", "'"))
    if without_zero_decimals(plain) in MISSING:
        return None
    return ANSWERS[plain] if plain in ANSWERS else whole(text)


def total(text: str) -> int | None:
    """A total, or a code for none; 7 and 9 are totals that people have."""
    return None if without_zero_decimals(text.strip().lower()) in MISSING_TOTAL else whole(text)


def decimal(text: str) -> float:
    """A number with at most three decimals."""
    if not DECIMAL.fullmatch(text.strip(" ")):
        raise Unreadable
    return float(text)


def yes_no(text: str) -> bool:
    """Yes or no in any case."""
    plain = text.strip(" ").lower()
    if plain not in ("yes", "no"):
        raise Unreadable
    return plain == "yes"


def matching(pattern: re.Pattern[str]) -> Callable[[str], str]:
    """A code of this pattern, blanks around it trimmed."""

    def read(text: str) -> str:
        if not pattern.fullmatch(text.strip(" ")):
            raise Unreadable
        return text.strip(" ")

    return read


def one_of(words: list[str]) -> Callable[[str], str]:
    """One of these words."""

    def read(text: str) -> str:
        if text.strip(" ") not in words:
            raise Unreadable
        return text.strip(" ")

    return read


# Column: how a cell is read, its reason where it cannot be, and the type of the values (a list: one of these words).
Int = "Int16"
READ: dict[str, tuple[Callable[[str], Any], str, Any]] = {
    "clinic_id": (matching(CLINIC), "clinic_id_pattern", "text"),
    "patient_id": (matching(PATIENT), "patient_id_pattern", "text"),
    "infusion_number": (whole, "infusion_number_not_whole", Int),
    "days_since_first_infusion": (whole, "day_not_whole", Int),
    "timepoint": (one_of(TIMEPOINTS), "timepoint_unknown", TIMEPOINTS),
    **dict.fromkeys(ITEMS, (item, "item_not_whole", Int)),
    "total": (total, "total_not_whole", Int),
    "item_10": (item, "item_10_not_whole", Int),
    "drug": (one_of(DRUGS), "drug_unknown", DRUGS),
    "dose_mg_per_kg": (decimal, "dose_not_number", "Float64"),
    "infusion_minutes": (whole, "minutes_not_whole", Int),
    "recall_period": (one_of(RECALL_PERIODS), "recall_period_unknown", RECALL_PERIODS),
    "status": (one_of(STATUSES), "status_unknown", STATUSES),
    "extract_day": (whole, "extract_day_not_whole", Int),
    "dissociation": (yes_no, "safety_not_yes_no", "boolean"),
    "nausea": (yes_no, "safety_not_yes_no", "boolean"),
    "blood_pressure_raised": (yes_no, "safety_not_yes_no", "boolean"),
    "serious_adverse_event": (yes_no, "safety_not_yes_no", "boolean"),
    "planned_induction_infusions": (whole, "planned_not_whole", Int),
    "ended": (one_of(ENDED), "ended_unknown", ENDED),
}
REQUIRED = list(READ)[: list(READ).index("total") + 1]
NEVER_EMPTY = ["clinic_id", "patient_id", "days_since_first_infusion", "timepoint"]
RANGES = {
    "infusion_number": ("infusion_number_range", 1, 999),
    "days_since_first_infusion": ("day_range", -400, 3650),
    **dict.fromkeys(ITEMS, ("item_range", 0, 3)),
    "total": ("total_range", 0, 27),
    "item_10": ("item_10_range", 0, 3),
    "dose_mg_per_kg": ("dose_range", 0.001, 20),
    "infusion_minutes": ("minutes_range", 1, 1440),
    "extract_day": ("extract_day_range", -400, 3650),
    "planned_induction_infusions": ("planned_range", 1, 100),
}
# Only where these are readable and in range is a row judged as a whole.
SOUND = ["infusion_number", "days_since_first_infusion", *ITEMS, "total"]


def read_column(name: str, texts: pd.Series) -> tuple[Any, np.ndarray]:
    """The values of a column, a categorical of texts with empty cells missing; and where a cell is a fault."""
    read, _, dtype = READ[name]
    codes = texts.cat.codes.to_numpy()
    values, faults = [], np.zeros(len(texts.cat.categories) + 1, bool)
    for place, text in enumerate(texts.cat.categories):
        try:
            values.append(read(text) if text.strip(" ") else None)
            faults[place] = name in NEVER_EMPTY and values[-1] is None
        except Unreadable:
            values.append(None)
            faults[place] = True
    faults[-1] = name in NEVER_EMPTY
    if isinstance(dtype, list):
        places = {word: place for place, word in enumerate(dtype)}
        known = np.array([places.get(value, -1) for value in values] + [-1], np.int8)
        return pd.Categorical.from_codes(known[codes], categories=dtype), faults[codes]
    if dtype == "text":
        words = sorted({value for value in values if value is not None})
        places = {word: place for place, word in enumerate(words)}
        known = np.array([places.get(value, -1) for value in values] + [-1])
        return pd.Categorical.from_codes(known[codes], categories=words), faults[codes]
    return pd.array([*values, None], dtype=dtype).take(codes), faults[codes]


def _sound(check: Callable[[pd.DataFrame], pd.Series], code: str) -> pa.Check:
    """A rule over several columns, of rows whose cells are sound."""
    return pa.Check(
        lambda rows: ~rows["is_sound"] | check(rows).fillna(False).astype(bool), name=code, error=code, ignore_na=False
    )


def _is_infusion(rows: pd.DataFrame) -> pd.Series:
    return rows["timepoint"].isin(["pre_infusion", "post_infusion"])


def _column(name: str) -> pa.Column:
    dtype = READ[name][2]
    kind = "category" if isinstance(dtype, list) or dtype == "text" else dtype
    checks = []
    if name in RANGES:
        code, low, high = RANGES[name]
        checks = [pa.Check.in_range(low, high, name=code, error=code)]
    return pa.Column(kind, checks, nullable=True)


SCHEMA = pa.DataFrameSchema(
    {name: _column(name) for name in READ}
    | {"items_answered": pa.Column("int8"), "items_sum": pa.Column("int16"), "is_sound": pa.Column("bool")},
    checks=[
        _sound(lambda r: ~_is_infusion(r) | r["infusion_number"].notna(), "infusion_number_missing"),
        _sound(
            lambda r: r["total"].isna() | (r["items_answered"] < 9) | (r["total"] == r["items_sum"]),
            "total_is_not_sum",
        ),
        _sound(
            lambda r: r["total"].isna() | (r["items_answered"] == 9) | (r["total"] >= r["items_sum"]),
            "total_below_items",
        ),
        _sound(
            lambda r: (
                r["total"].isna()
                | (r["items_answered"] == 9)
                | (r["total"] <= r["items_sum"] + 3 * (9 - r["items_answered"]))
            ),
            "total_above_items",
        ),
        _sound(
            lambda r: (
                (r["items_answered"] > 0) | r["total"].notna() | _is_infusion(r) | (r["status"] == "entered_in_error")
            ),
            "no_answers",
        ),
    ],
    strict=False,
)


def checked(texts: pd.DataFrame, clinics: list[str]) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Values of a file's cells, and what is wrong with them: row, column_name (missing for a whole row), reason_code."""
    columns, wrong = {}, []
    unread = np.zeros(len(texts), bool)
    for name, (_, reason, dtype) in READ.items():
        if name not in texts:
            empty = pd.Categorical([None] * len(texts), categories=dtype if isinstance(dtype, list) else [])
            columns[name] = empty if isinstance(dtype, list) else pd.array([None] * len(texts), dtype=dtype)
            continue
        columns[name], faults = read_column(name, texts[name])
        if faults.any():
            unread |= faults
            wrong.append(pd.DataFrame({"row": np.flatnonzero(faults), "column_name": name, "reason_code": reason}))
    rows = pd.DataFrame(columns)
    rows["items_answered"] = rows[ITEMS].notna().sum(axis=1).astype("int8")
    rows["items_sum"] = rows[ITEMS].sum(axis=1).astype("int16")
    rows["is_sound"] = ~unread
    for name in SOUND:
        _, low, high = RANGES[name]
        rows["is_sound"] &= rows[name].isna() | rows[name].between(low, high).fillna(False).astype(bool)
    unknown = rows["clinic_id"].notna() & ~rows["clinic_id"].isin(clinics)
    if unknown.any():
        wrong.append(
            pd.DataFrame({"row": np.flatnonzero(unknown), "column_name": "clinic_id", "reason_code": "unknown_clinic"})
        )
    try:
        SCHEMA.validate(rows, lazy=True)
    except pa.errors.SchemaErrors as error:
        cases = error.failure_cases
        if cases["index"].isna().any():
            raise
        of_cell = cases["schema_context"] == "Column"
        wrong.append(
            pd.DataFrame(
                {
                    "row": cases["index"].astype(int),
                    "column_name": cases["column"].where(of_cell, None),
                    "reason_code": cases["check"],
                }
            ).drop_duplicates()
        )
    empty = pd.DataFrame({"row": [], "column_name": [], "reason_code": []})
    return rows, pd.concat(wrong, ignore_index=True) if wrong else empty
