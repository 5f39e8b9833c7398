"""Contract of clinics.toml: the clinics that may send, and what is known of how they do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from schemas.contracts import CLINIC_ID
from schemas.errors import IN_WORDS, DataFileError, called
from schemas.profiles import Profile, read_profiles
from schemas.scores import DRUGS

# key: (type, what it means, what it is where it is left out)
KEYS: dict[str, tuple[type, str, Any]] = {
    "name": (str, "what people call the clinic; shown on its page", ""),
    "drug": (str, "what it infuses where a row does not say", "ketamine_iv"),
    "sends_every_infusion": (bool, "whether it declares that every infusion is in its files: without that there is no verdict", False),
    "confirmed": (bool, "whether a person has read this entry; it counts only where the entry says the drug", False),
    "limited_data_set": (bool, "whether it may send ISO dates, which become days at the door (45 CFR 164.514(e))", False),
}  # fmt: skip
# Also keys of a clinic: its source profiles, under a contract of their own; and how often it sends, in days, where it says
# so. That is no part of what a rate is, so the store keeps it apart (clinic_cadence).
PROFILES = "profiles"
CADENCE = "sends_every_days"
LONGEST_CADENCE = 366


@dataclass(frozen=True)
class Clinics:
    """What clinics.toml says: one row per clinic, in its order, the source profiles of all, and the cadences it gives."""

    rows: list[dict[str, Any]] = field(default_factory=list)
    profiles: tuple[Profile, ...] = ()
    cadences: dict[str, int] = field(default_factory=dict)

    @property
    def known(self) -> set[str]:
        """The clinics whose rows are taken."""
        return {row["clinic_id"] for row in self.rows}

    @property
    def limited(self) -> set[str]:
        """The clinics that may send dates."""
        return {row["clinic_id"] for row in self.rows if row["limited_data_set"]}


def plain_clinics(*clinic_ids: str, **said: Any) -> Clinics:
    """Clinics of which no more is said than `said`, the same of each."""
    plain = {key: default for key, (_, _, default) in KEYS.items()}
    return Clinics([{"clinic_id": clinic_id} | plain | said for clinic_id in clinic_ids])


def read_clinics(path: Path) -> Clinics:
    """The clinics and their profiles. Raises DataFileError naming file, clinic and key."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataFileError([f"{path.name}: not readable as TOML: {error}"]) from None
    faults = [
        f"{path.name}: {called(key)}: unknown key; clinics are tables [clinics.ID]"
        for key in content
        if key != "clinics"
    ]
    rows: list[dict[str, Any]] = []
    profiles: list[Profile] = []
    cadences: dict[str, int] = {}
    for number, (clinic_id, entry) in enumerate(content.get("clinics", {}).items(), start=1):
        # A key that is no clinic code may be anything, a person's name too.
        label = clinic_id if re.fullmatch(CLINIC_ID, clinic_id) else f"entry {number}"
        found = _faults(clinic_id, entry)
        if isinstance(entry, dict):
            row = {"clinic_id": clinic_id} | {key: entry.get(key, default) for key, (_, _, default) in KEYS.items()}
            # A drug that nobody wrote down is assumed, whoever read the entry.
            rows.append(row | {"confirmed": row["confirmed"] and "drug" in entry})
            own, wrong = read_profiles(
                clinic_id, entry.get(PROFILES, {}), limited=entry.get("limited_data_set") is True
            )
            profiles += own
            if CADENCE in entry:
                cadences[clinic_id] = entry[CADENCE]
            found += wrong
        faults += [f"{path.name}: {label}: {fault}" for fault in found]
    if faults:
        raise DataFileError(faults)
    return Clinics(rows, tuple(profiles), cadences)


def _faults(clinic_id: str, entry: Any) -> list[str]:
    if not re.fullmatch(CLINIC_ID, clinic_id):
        return ["not a clinic code: 2 to 32 of A-Z, a-z, 0-9, _ . -, the first a letter"]
    if not isinstance(entry, dict):
        return ["not a table of keys"]
    known = (*KEYS, CADENCE, PROFILES)
    faults = [f"{called(key)}: unknown key; known are {', '.join(known)}" for key in entry if key not in known]
    faults += [
        f"{key}: expected {IN_WORDS[kind]}"
        for key, (kind, _, _) in KEYS.items()
        if key in entry and type(entry[key]) is not kind
    ]
    if CADENCE in entry and not (type(entry[CADENCE]) is int and 1 <= entry[CADENCE] <= LONGEST_CADENCE):
        faults.append(f"{CADENCE}: expected a whole number of days from 1 to {LONGEST_CADENCE}")
    if entry.get("drug", "other") not in DRUGS:
        faults.append(f"drug: expected one of {', '.join(DRUGS)}")
    return faults


def clinics_text(clinic_ids: Iterable[str]) -> str:
    """A clinics.toml of clinics that nobody has confirmed yet."""
    entries = [
        f'[clinics."{clinic_id}"]\ndrug = "ketamine_iv"            # assumed\nsends_every_infusion = false    # true only if every infusion is in its files\n'
        "confirmed = false               # true once a person has read this entry\nlimited_data_set = false\n"
        for clinic_id in sorted(clinic_ids)
    ]
    return (
        "# Clinics registered by the first night. Read each entry, correct it, and set confirmed = true.\n\n"
        + "\n".join(entries)
    )
