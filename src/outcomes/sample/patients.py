"""What the made-up clinics say of their patients: rows of the patients feed, and the strata that follow from them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from outcomes.sample.clinics import OTHER_ILLNESSES, Clinic
from outcomes.sample.files import ClinicFile
from outcomes.sample.people import Person

FIRST_NIGHT = dt.date(2026, 1, 31)
IDS = ("clinic_id", "patient_id")
UNKNOWN = "unknown"
INDICATIONS = ("treatment_resistant_depression", "major_depression", "bipolar_depression", "ptsd", "anxiety", "chronic_pain", "other")  # fmt: skip
SHARES = (45, 25, 10, 8, 5, 4, 3)
AGES = ((18, "12-17"), (30, "18-29"), (45, "30-44"), (60, "45-59"), (75, "60-74"), (91, "75 and over"))
DIMENSIONS = (
    "sex",
    "age_band",
    "failed_trials",
    "indication",
    "bipolar",
    "chronic_pain",
    "concurrent_psychotherapy",
    "treatment_year",
)


@dataclass(slots=True)
class Said:
    """What is said of one patient, as cells by column.

    `night` is the night whose file says it first; `revised` comes with night 2, `retracted` too; `amended_from` is what
    the same file said just before.
    """

    cells: dict[str, str]
    night: int = 1
    revised: dict[str, str] | None = None
    retracted: bool = False
    again: bool = False
    amended_from: dict[str, str] | None = None

    def on(self, night: int) -> dict[str, str]:
        """What stands on this night; nothing where nothing does."""
        if self.night > night or (self.retracted and night == 2):
            return {}
        return self.revised if self.revised and night == 2 else self.cells


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of bad row: what it changes in a good one, and why it is set aside. `text` cannot be in a typed file."""

    reason: str
    cells: dict[str, str] = field(default_factory=dict)
    text: bool = False


FAULTS = (
    Fault("age_range", {"age_years": "91"}),
    Fault("age_range", {"age_years": "11"}),
    Fault("age_not_whole", {"age_years": "forty"}, text=True),
    Fault("year_range", {"first_infusion_year": "1999"}),
    Fault("year_not_whole", {"first_infusion_year": "24/25"}, text=True),
    Fault("trials_range", {"failed_antidepressant_trials": "21"}),
    Fault("trials_not_whole", {"failed_antidepressant_trials": "5+"}, text=True),
    Fault("sex_unknown", {"sex": "M"}),
    Fault("indication_unknown", {"indication": "migraine"}),
    Fault("not_yes_no_unknown", {"chronic_pain": "maybe"}),
    Fault("status_unknown", {"status": "draft"}),
    Fault("patient_id_pattern", {"patient_id": "anon"}),
)


class Describing:
    """What one clinic says of its patients, if it sends the feed. Its random numbers are its own: nobody's scores change."""

    def __init__(self, seed: int, clinic: Clinic, *, bad: bool) -> None:
        self._rng = Random(f"{seed} {clinic.clinic_id} patients")
        self._clinic, self._bad = clinic, bad

    def person(self, someone: Person, first: ClinicFile, later: ClinicFile) -> Said | None:
        """Draw and write what is said of a person; None where nothing is."""
        rng = self._rng
        said = self._drawn(someone) if rng.random() < 0.93 else None
        if said is None:
            return None
        write = (first, later)[said.night - 1].write
        if said.amended_from is not None:
            write(self._row(someone, said.amended_from))
            write(self._row(someone, said.cells, "corrected"))
        else:
            write(self._row(someone, said.cells))
        if said.night == 1:
            if said.revised is not None:
                later.write(self._row(someone, said.revised, "corrected" if rng.random() < 0.5 else ""))
            elif said.retracted:
                later.write(self._row(someone, {}, "entered_in_error"))
            elif said.again:
                later.write(self._row(someone, said.cells), duplicate=True)
        return said

    def bad_rows(self, out: ClinicFile) -> None:
        """One row of each fault that the clinic's columns have room for, and the two sides of a contradiction."""
        if not self._bad:
            return
        sent = {*IDS, *self._clinic.says}
        faults = [f for f in FAULTS if f.cells.keys() <= sent and not (f.text and self._clinic.format == "parquet")]
        plain = dict.fromkeys(self._clinic.says, "") | {"sex": "female"}
        ids = {"clinic_id": self._clinic.clinic_id}
        for number, fault in enumerate(faults):
            cells = ids | {"patient_id": f"zy{number:04d}"} | plain | fault.cells
            out.write(list(cells.values()), reason=fault.reason)
        for sex in ("female", "male"):
            cells = ids | {"patient_id": "zy9999"} | plain | {"sex": sex}
            out.write(list(cells.values()), reason="contradiction")

    def _drawn(self, someone: Person) -> Said:
        rng, status = self._rng, "status" in self._clinic.says
        said = Said(self._cells(someone))
        if not any(row.night == 1 for row in someone.rows) and (someone.rows or rng.random() < 0.5):
            said.night = 2
        draw = rng.random()
        other = said.cells | {"failed_antidepressant_trials": str(rng.randrange(7)), "sex": "female"}
        if other == said.cells:
            return said
        if said.night == 1 and draw < 0.03:
            said.revised = other
        elif said.night == 1 and draw < 0.04:
            said.retracted = status
        elif said.night == 1 and draw < 0.06:
            said.again = True
        elif draw < 0.08 and status:
            said.amended_from = other
        return said

    def _cells(self, someone: Person) -> dict[str, str]:
        """Every column that may be said, whether or not the clinic sends it."""
        rng = self._rng
        indication = rng.choices(INDICATIONS, SHARES)[0]
        started = FIRST_NIGHT - dt.timedelta(days=max(0, someone.until))
        cells = {
            "sex": rng.choices(("female", "male", "other"), (58, 40, 2))[0],
            "age_years": str(min(90, max(14, round(rng.gauss(44, 16))))),
            "first_infusion_year": str(started.year),
            "indication": indication,
            "failed_antidepressant_trials": str(min(20, int(rng.expovariate(0.35)))),
        }
        for illness in OTHER_ILLNESSES:
            cells[illness] = "yes" if rng.random() < 0.2 else "no"
        cells |= {name: "yes" for name in cells if name in indication}
        for name in cells:
            draw = rng.random()
            if draw < 0.06:
                cells[name] = ""
            elif draw < 0.1 and name not in ("age_years", "first_infusion_year", "failed_antidepressant_trials"):
                cells[name] = UNKNOWN
        return {name: cell for name, cell in cells.items() if name in self._clinic.says}

    def _row(self, someone: Person, cells: dict[str, str], status: str = "") -> Sequence[str]:
        whole = (
            dict.fromkeys(self._clinic.says, "") | cells | ({"status": status} if "status" in self._clinic.says else {})
        )
        return [self._clinic.clinic_id, someone.patient_id, *whole.values()]


def strata(cells: dict[str, str]) -> dict[str, str]:
    """The stratum of each dimension that the feed gives, for a first course; unknown where nothing says."""
    age, trials = cells.get("age_years", ""), cells.get("failed_antidepressant_trials", "")
    found = {name: cells.get(name) or UNKNOWN for name in DIMENSIONS}
    found["age_band"] = next(band for above, band in AGES if int(age) < above) if age else UNKNOWN
    found["failed_trials"] = ("0-1", "0-1", "2", "3-4", "3-4", "5+")[min(5, int(trials))] if trials else UNKNOWN
    found["treatment_year"] = cells.get("first_infusion_year") or UNKNOWN
    return found
