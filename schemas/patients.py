"""Contract of the `patients` feed: what a clinic may say of a patient, so that rates can be split.

Every column but the two that say whose row it is may be left out. A row with status entered_in_error takes the
patient's row back.
"""

from __future__ import annotations

from typing import Any

import pandera.polars as pa
import polars as pl

from schemas.contracts import (
    Contract,
    cell_rule,
    clinic_id_field,
    patient_id_field,
    status_field,
    whole,
    word,
)

SEXES = ("female", "male", "other", "unknown")
INDICATIONS = (
    "major_depression",
    "treatment_resistant_depression",
    "bipolar_depression",
    "ptsd",
    "anxiety",
    "chronic_pain",
    "other",
    "unknown",
)
YES_NO_UNKNOWN = ("yes", "no", "unknown")
# Ages over 89 are identifying (45 CFR 164.514(b)(2)(i)(C)); 90 is all of them.
OLDEST = 90


def _said(what: str) -> Any:
    return word(YES_NO_UNKNOWN, "not_yes_no_unknown", f"{what}: yes, no or unknown.", optional=True, any_case=True)


class Patients(pa.DataFrameModel):
    """One row per patient of a clinic: who they are, what they are treated for, and what else they have.

    Grain: one row per (`clinic_id`, `patient_id`), repeats and corrections apart. Where a cell is empty or a column is
    not there it is unknown, as where it says so.
    """

    clinic_id: str = clinic_id_field()
    patient_id: str = patient_id_field()
    sex: pl.Enum = word(SEXES, "sex_unknown", "Sex of the patient.", optional=True)
    age_years: pl.Int16 = whole(
        "age_not_whole", "not a whole number of years, or empty", "Age at the first infusion, years.", optional=True
    )
    first_infusion_year: pl.Int16 = whole(
        "year_not_whole",
        "not a year of four digits, or empty",
        "Calendar year of the first infusion at this clinic: the only date that may be sent.",
        optional=True,
    )
    indication: pl.Enum = word(INDICATIONS, "indication_unknown", "What the infusions are given for.", optional=True)
    failed_antidepressant_trials: pl.Int16 = whole(
        "trials_not_whole",
        "not a whole number, or empty",
        "Antidepressants that were tried long enough and did not help.",
        optional=True,
    )
    bipolar: pl.Enum = _said("Bipolar disorder")
    chronic_pain: pl.Enum = _said("Chronic pain")
    ptsd: pl.Enum = _said("Post-traumatic stress disorder")
    anxiety: pl.Enum = _said("Anxiety disorder")
    substance_use: pl.Enum = _said("Substance use disorder")
    thyroid: pl.Enum = _said("Thyroid disease")
    eating_disorder: pl.Enum = _said("Eating disorder")
    sleep_disorder: pl.Enum = _said("Sleep disorder")
    concurrent_psychotherapy: pl.Enum = _said("Psychotherapy while the infusions are given")
    status: pl.Enum = status_field()

    class Config:
        strict = True

    age_range = cell_rule("age_range", "not from 12 to 89 years, or 90 for 90 and over", ["age_years"], 12, OLDEST)
    year_range = cell_rule("year_range", "not from 2000 to 2100", ["first_infusion_year"], 2000, 2100)
    trials_range = cell_rule("trials_range", "not from 0 to 20 trials", ["failed_antidepressant_trials"], 0, 20)


CONTRACT = Contract("patients", Patients)
# The columns of which an empty cell is the word unknown.
UNKNOWN_IF_EMPTY = [name for name, how in CONTRACT.reading.items() if "unknown" in how.get("words", ())]
