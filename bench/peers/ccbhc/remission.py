"""The six-month remission of the package ccbhc-measurements, of scores that are dated as it needs them.

    python remission.py SCORES.csv OUT.json

SCORES.csv has patient, day (from the patient's index score) and total. The index score of everybody is put on 1 April 2025:
from there six months are 183 days, so that the package's window (six months, 60 days each way) is days 123 to 243. The
package wants a date of birth, a diagnosis of depression, race and insurance too: everybody is given one of each.
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

import ccbhc_measurements as ccbhc
import pandas as pd

INDEX = pd.Timestamp("2025-04-01")


def dates(values: object, size: int) -> pd.Series:
    """A column of dates as the package wants them."""
    return pd.Series(values, index=range(size)).astype("datetime64[ns]")


def main(source: Path, out: Path) -> None:
    """Ask the package, and write what it says of each patient."""
    scores = pd.read_csv(source, dtype={"patient": object})
    # Of one day the lower total first, as the package takes the last row of a day for the later one.
    scores = scores.sort_values(["patient", "day", "total"], ignore_index=True)
    n = len(scores)
    phq9 = pd.DataFrame(
        {
            "patient_id": scores["patient"],
            "patient_DOB": dates(pd.Timestamp("1980-01-01"), n),
            "encounter_id": pd.Series([str(place) for place in range(n)], dtype=object),
            "encounter_datetime": (INDEX + pd.to_timedelta(scores["day"], unit="D")).astype("datetime64[ns]"),
            "total_score": scores["total"].astype("int64"),
        }
    )
    patients = scores["patient"].drop_duplicates().reset_index(drop=True)
    diagnoses = pd.DataFrame(
        {
            "patient_id": patients,
            "diagnosis_start_datetime": dates(pd.Timestamp("2020-01-01"), len(patients)),
            "diagnosis_end_datetime": dates(pd.Timestamp("2030-01-01"), len(patients)),
            "diagnosis": pd.Series(["F33.1"] * len(patients), dtype=object),
        }
    )
    unknown = pd.Series(["Unknown"] * len(patients), dtype=object)
    people = pd.DataFrame({"patient_id": patients, "race": unknown, "ethnicity": unknown})
    insurance = pd.DataFrame(
        {
            "patient_id": patients,
            "insurance": unknown,
            "start_datetime": dates(pd.Timestamp("2020-01-01"), len(patients)),
            "end_datetime": dates(pd.Timestamp("2030-01-01"), len(patients)),
        }
    )
    start = time.process_time()
    said = ccbhc.Dep_Rem([phq9, diagnoses, people, insurance]).get_all_submeasures()
    cpu = time.process_time() - start
    found = next(frame for frame in said.values() if "numerator" in frame)
    # A patient has an index score in each calendar year; the one of 2025 is ours.
    found = found[found["patient_measurement_year_id"].str.endswith("-2025")]
    reasons = dict(zip(found["patient_id"].astype(str), found["numerator_reason"], strict=True))
    out.write_text(
        json.dumps({"version": version("ccbhc-measurements"), "pandas": pd.__version__, "cpu": cpu, "reasons": reasons})
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
