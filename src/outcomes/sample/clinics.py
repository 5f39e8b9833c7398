"""The made-up clinics: how each treats, asks, records and exports."""

from __future__ import annotations

from dataclasses import dataclass, replace

CORE = (
    "clinic_id",
    "patient_id",
    "infusion_number",
    "days_since_first_infusion",
    "timepoint",
    *(f"item_{i}" for i in range(1, 10)),
    "total",
)
SAFETY = ("dissociation", "nausea", "blood_pressure_raised", "serious_adverse_event")
DOSE = ("dose_mg_per_kg", "infusion_minutes")
OTHER_ILLNESSES = (
    "bipolar",
    "chronic_pain",
    "ptsd",
    "anxiety",
    "substance_use",
    "thyroid",
    "eating_disorder",
    "sleep_disorder",
    "concurrent_psychotherapy",
)


@dataclass(frozen=True, slots=True)
class Clinic:
    """One made-up clinic. Shares are 0 to 1; `remaining` multiplies the symptoms left after treatment."""

    clinic_id: str
    name: str
    people: int
    optional: tuple[str, ...]
    format: str = "csv"  # csv, csv.gz or parquet
    excel: bool = False  # byte-order mark, CRLF, headings with capitals and blanks
    turned: int = 0  # how far the columns are turned, so that their order differs
    id_pattern: str = "P{:05d}"
    sends_every_infusion: bool = True
    remaining: float = 1.0
    followed: float = 0.92  # share of follow-ups after induction that are filled in
    extended: float = 0.05
    skipped: float = 0.015
    questionnaire: float = 0.85  # share of infusions with one before
    after_infusion: float = 0.03
    total_only: float = 0.03
    items_only: float = 0.08
    history: int = 1300  # days since the clinic's first patient
    says: tuple[str, ...] = ()  # columns of the patients feed, but for the ids; none where it does not send it

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns in the order of the clinic's files."""
        whole = CORE + self.optional
        return whole[self.turned :] + whole[: self.turned]

    def has(self, column: str) -> bool:
        """Whether the clinic sends this optional column."""
        return column in self.optional


PLACES = (
    "Harbor",
    "Cedar",
    "Lakeside",
    "Summit",
    "Prairie",
    "Juniper",
    "Bayview",
    "Granite",
    "Willow",
    "Mesa",
    "Aspen",
)
KINDS = ("Infusion Center", "Ketamine Clinic", "Wellness", "Psychiatry", "Infusions")

FULL = ("drug", "recall_period", "status", "extract_day")
SENT = (
    (*FULL, *DOSE),
    ("extract_day", "status", *SAFETY),
    FULL,
    ("status", "drug"),
    (*FULL, *SAFETY, *DOSE),
    ("extract_day",),
    ("item_10", "planned_induction_infusions", "ended", "extract_day", "drug"),
    ("recall_period", "extract_day", "status"),
)
NUMBERS_SAID = ("age_years", "first_infusion_year", "failed_antidepressant_trials")
SAID = (
    (
        "sex",
        "age_years",
        "first_infusion_year",
        "indication",
        "failed_antidepressant_trials",
        *OTHER_ILLNESSES,
        "status",
    ),
    (),
    ("sex", "age_years", "failed_antidepressant_trials", "indication", "bipolar"),
)
IDS = ("P{:05d}", "pt-{:05d}", "K{:05d}x", "s.{:05d}", "A_{:05d}", "{:05d}q")

ABOVE_REMAINING, BELOW_REMAINING = 0.58, 1.6
UNDECLARED: dict[str, object] = {"sends_every_infusion": False, "skipped": 0.22}
LOW_COVERAGE: dict[str, object] = {"followed": 0.5}
EXTENDED: dict[str, object] = {"extended": 0.42}
ABOVE: dict[str, object] = {"remaining": ABOVE_REMAINING}
BELOW: dict[str, object] = {"remaining": BELOW_REMAINING}
NO_EXTRACT: dict[str, object] = {"optional": SENT[3]}
SMALL: dict[str, object] = {"people": 0}


def _traits(count: int) -> list[dict[str, object]]:
    """What is special about each clinic, so that every size shows as much as it has room for."""
    if count < 4:
        return [{}, NO_EXTRACT, BELOW][:count]
    if count < 6:
        return [ABOVE, BELOW, UNDECLARED | LOW_COVERAGE, NO_EXTRACT | SMALL | EXTENDED, {}][:count]
    if count < 8:
        return [ABOVE, BELOW, UNDECLARED, NO_EXTRACT, LOW_COVERAGE, SMALL | EXTENDED, {}][:count]
    special = [{}, ABOVE, BELOW, NO_EXTRACT, UNDECLARED, SMALL, LOW_COVERAGE, EXTENDED]
    return special + [{} for _ in range(count - len(special))]


def made_up(count: int, courses: int) -> list[Clinic]:
    """`count` clinics that share `courses` people. The third sends Parquet; about every fourth sends gzip."""
    width = max(2, len(str(count)))
    clinics = []
    for i, trait in enumerate(_traits(count)):
        place, kind = PLACES[i % len(PLACES)], KINDS[i % len(KINDS)]
        plain = Clinic(
            clinic_id=f"C{i + 1:0{width}d}",
            name=f"{place} {kind}" if i < len(PLACES) else f"{place} {kind} {i // len(PLACES) + 1}",
            people=1,
            optional=SENT[i % len(SENT)],
            format="parquet" if i % 10 == 2 else "csv.gz" if i % 4 == 1 else "csv",
            excel=i % 8 == 4,
            turned=(0, 3, 0, 16, 5, 1, 15)[i % 7],
            id_pattern=IDS[i % len(IDS)],
            remaining=(0.98, 1.06, 0.9)[i % 3],
            questionnaire=(0.9, 0.75, 0.95, 0.6)[i % 4],
            after_infusion=(0.02, 0.1)[i % 2],
            total_only=0.5 if i % 7 == 5 else 0.03,
            items_only=1.0 if i % 5 == 1 else 0.08,
            history=(1300, 1000, 1500, 700)[i % 4],
            says=SAID[i % len(SAID)],
        )
        clinics.append(replace(plain, **trait))  # type: ignore[arg-type]
    return _shared(clinics, courses)


def _shared(clinics: list[Clinic], courses: int) -> list[Clinic]:
    """The clinics with their number of people: a small one has at most 24, one that differs clearly has more."""
    small = min(24, courses // (2 * len(clinics)))
    weights = [
        0.0 if c.people == 0 else 1.6 if c.remaining in (ABOVE_REMAINING, BELOW_REMAINING) else 1.0 for c in clinics
    ]
    left = courses - sum(small for w in weights if w == 0)
    people = [small if w == 0 else int(left * w / sum(weights)) for w in weights]
    people[0] += courses - sum(people)
    return [replace(c, people=n) for c, n in zip(clinics, people, strict=True)]
