"""Contract of clinics.toml: the clinics that may send, and what is known of how they do."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from schemas.contracts import CLINIC_ID
from schemas.errors import DataFileError
from schemas.scores import DRUGS

# key: (type, what it means, what it is where it is left out)
KEYS: dict[str, tuple[type, str, Any]] = {
    "name": (str, "what people call the clinic; shown on its page", ""),
    "drug": (str, "what it infuses where a row does not say", "ketamine_iv"),
    "sends_every_infusion": (bool, "whether it declares that every infusion is in its files: without that there is no verdict", False),
    "confirmed": (bool, "whether a person has read this entry", False),
    "limited_data_set": (bool, "whether it may send dates; no format in this version takes them", False),
}  # fmt: skip


def read_clinics(path: Path) -> list[dict[str, Any]]:
    """One row per clinic, in the order of the file. Raises DataFileError naming file, clinic and key."""
    try:
        content = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataFileError([f"{path.name}: not readable as TOML: {error}"]) from None
    faults = [
        f"{path.name}: {key}: unknown key; clinics are tables [clinics.ID]" for key in content if key != "clinics"
    ]
    rows = []
    for number, (clinic_id, entry) in enumerate(content.get("clinics", {}).items(), start=1):
        # A key that is no clinic code may be anything, a person's name too.
        called = clinic_id if re.fullmatch(CLINIC_ID, clinic_id) else f"entry {number}"
        faults += [f"{path.name}: {called}: {fault}" for fault in _faults(clinic_id, entry)]
        if isinstance(entry, dict):
            rows.append(
                {"clinic_id": clinic_id} | {key: entry.get(key, default) for key, (_, _, default) in KEYS.items()}
            )
    if faults:
        raise DataFileError(faults)
    return rows


def _faults(clinic_id: str, entry: Any) -> list[str]:
    if not re.fullmatch(CLINIC_ID, clinic_id):
        return ["not a clinic code: 2 to 32 of A-Z, a-z, 0-9, _ . -, the first a letter"]
    if not isinstance(entry, dict):
        return ["not a table of keys"]
    faults = [f"{key}: unknown key; known are {', '.join(KEYS)}" for key in entry if key not in KEYS]
    faults += [
        f"{key}: expected {kind.__name__}"
        for key, (kind, _, _) in KEYS.items()
        if key in entry and type(entry[key]) is not kind
    ]
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
