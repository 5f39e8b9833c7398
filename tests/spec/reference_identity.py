"""The second engine: R0, whose each row is. Drawn rows and drawn changes in; the same rows with patient and day moved out,
each with `stands` and, where it is set aside, `reason`. Nothing is looked up: every row is led through every change.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Row = dict[str, Any]
SAID = ("items", "total", "drug", "recall", "dissociation", "nausea", "blood_pressure_raised", "serious_adverse_event")


def merged(scores: list[Row], identity: Sequence[Row]) -> list[Row]:
    """The rows as they count. Extract days are told once a patient, on one of its rows."""
    changes = [
        change | {"into": change["into"] or f"{change['from']}/{n}"} for n, change in enumerate(identity, start=1)
    ]
    if not changes:
        return scores
    named = {(c["clinic"], c[side]) for c in changes for side in ("from", "into")}
    rows = [moved(row, changes) if (row["clinic"], row["patient"]) in named else row for row in scores]
    keep_apart([row for row in rows if "stands" in row])
    told = extracts(scores, changes, named)
    for row in rows:
        if "stands" in row:
            row["extract"] = max(told.get((row["clinic"], row["patient"]), []), default=None)
    return rows


def moved(row: Row, changes: list[Row]) -> Row:
    split = next((c for c in changes if c["kind"] == "split" and takes(c, row)), None)
    patient, day = (split["into"], row["day"] + split["days"]) if split else (row["patient"], row["day"])
    patient, day = joined(row["clinic"], patient, day, changes)
    return row | {"patient": patient, "day": day, "stands": True, "sent_day": row["day"]}


def takes(split: Row, row: Row) -> bool:
    """Whether a split takes a row, as it was sent."""
    return (
        (split["clinic"], split["from"]) == (row["clinic"], row["patient"])
        and split["arrival"] in (None, row["received"])
        and (split["from_day"] is None or row["day"] >= split["from_day"])
    )


def joined(clinic: str, patient: str, day: int, changes: list[Row]) -> tuple[str, int]:
    """The end of the joins that lead away from a pseudonym."""
    for change in changes:
        if change["kind"] == "join" and (change["clinic"], change["from"]) == (clinic, patient):
            return joined(clinic, change["into"], day + change["days"], changes)
    return patient, day


def keep_apart(rows: list[Row]) -> None:
    """Rows of one key: equal ones count once, the first; others not at all. Days out of range, and infusions moved before day 0,
    count not at all."""
    by_key: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        by_key.setdefault(tuple(row[k] for k in ("clinic", "patient", "day", "timepoint", "number")), []).append(row)
    for same in by_key.values():
        first, *others = same
        contradict = any(row[k] != first[k] for row in others for k in SAID)
        for row in same:
            given_before_day_0 = (
                row["timepoint"] in ("pre_infusion", "post_infusion") and row["day"] < 0 <= row["sent_day"]
            )
            if not -400 <= row["day"] <= 3650 or given_before_day_0:
                row |= {"stands": False, "reason": "merged_day_out_of_range"}
            elif contradict:
                row |= {"stands": False, "reason": "merged_rows_contradict"}
            elif row is not first:
                row["stands"] = False


def extracts(scores: list[Row], changes: list[Row], named: set[tuple[str, str]]) -> dict[tuple[str, str], list[int]]:
    """The extract days of each patient named, on its own scale."""
    told: dict[tuple[str, str], list[int]] = {}

    def tell(clinic: str, patient: str, day: int) -> None:
        patient, day = joined(clinic, patient, day, changes)
        told.setdefault((clinic, patient), []).append(day)

    for row in scores:
        clinic, patient, day = row["clinic"], row["patient"], row["extract"]
        if day is None or (clinic, patient) not in named:
            continue
        splits = [c for c in changes if c["kind"] == "split" and takes(c, row | {"day": day})]
        for split in splits:
            tell(clinic, split["into"], day + split["days"])
        if all(split["from_day"] is not None for split in splits):
            tell(clinic, patient, day)
    return told
