"""Files through a source profile, of a limited data set, and of REDCap; and the patients feed."""

from __future__ import annotations

from typing import Any

from tests.corpus.base import BEFORE, FOLLOWED, Kit, add, refused, taken

DAY = "days_since_first_infusion"
ANSWERS = [2, 1, 1, 0, 3, 1, 1, 0, 1]

# ---- dates of a limited data set --------------------------------------------------------------------------------


def limited(k: Kit, *rows: tuple[str, str, str], clinic: str = "L01") -> bytes:
    """Rows of patient 1 by day, infusion number and timepoint."""
    return k.csv(
        *(k.row(clinic_id=clinic, **{DAY: day, "infusion_number": number, "timepoint": at}) for day, number, at in rows)
    )


def days(k: Kit, *rows: tuple[int, int, int | None, str]) -> list[dict[str, Any]]:
    """Their values by line, day, infusion number and timepoint."""
    return [
        k.kept(line, clinic_id="L01", **{DAY: day, "infusion_number": number, "timepoint": at})
        for line, day, number, at in rows
    ]


_SERIES = [("2024-02-26", "", "baseline"), ("2024-03-01", "1", "pre_infusion"), ("2024-03-31", "", "follow_up")]
_DAYS = [(2, -4, None, "baseline"), (3, 0, 1, "pre_infusion"), (4, 30, None, "follow_up")]
add("dates: of a clinic that may send them", lambda k: (limited(k, *_SERIES), taken(*days(k, *_DAYS))))
add(
    "dates: with times of day",
    lambda k: (limited(k, *((f"{day}T09:30:00Z", *rest) for day, *rest in _SERIES)), taken(*days(k, *_DAYS))),
)
add("dates: of a clinic that may not", lambda k: (limited(k, *_SERIES, clinic="C01"), refused("identifier", "date")))
add(
    "dates: written as in the United States",
    lambda k: (limited(k, ("03/17/2024", "1", "pre_infusion")), refused("identifier", "date")),
)
add(
    "dates: infusion 1 is not in the file",
    lambda k: (limited(k, ("2024-03-01", "2", "pre_infusion")), taken(aside=[(2, DAY, "day_zero_unknown")])),
)
add(
    "dates: none of the calendar",
    lambda k: (
        limited(k, *_SERIES, ("2024-02-30", "", "follow_up")),
        taken(*days(k, *_DAYS), aside=[(5, DAY, "date_not_readable")]),
    ),
)
add("dates: days and dates", lambda k: (limited(k, *_SERIES[:2], ("30", "", "follow_up")), taken(*days(k, *_DAYS))))
add(
    "dates: over 400 days before",
    lambda k: (
        limited(k, *_SERIES, ("2022-01-01", "", "baseline")),
        taken(*days(k, *_DAYS), aside=[(5, DAY, "day_range")]),
    ),
)

# ---- a source profile -------------------------------------------------------------------------------------------

EHR = "Pseudonym,Infusion,When,Visit,Form version," + ",".join(f"Q{n}" for n in range(1, 10))
_CODED = ",".join(str(answer + 1) for answer in ANSWERS)


def ehr(*lines: str, head: str = EHR) -> bytes:
    """A file of D01."""
    return "".join(f"{line}\n" for line in (head, *lines)).encode()


def by_profile(k: Kit, line: int, **more: Any) -> dict[str, Any]:
    """A row of D01, which sends no totals."""
    return k.kept(line, clinic_id="D01", total=None, **more)


add(
    "profile: codes, dates and a dropped column",
    lambda k: (
        ehr(f"{k.who()},1,before,01/03/2024,v2,{_CODED}", f"{k.who()},,between,31/03/2024,v2,{_CODED}"),
        taken(by_profile(k, 2), by_profile(k, 3, **FOLLOWED)),
    ),
)
add(
    "profile: names in capitals",
    lambda k: (
        ehr(f"{k.who()},1,after,01/03/2024,v2,{_CODED}", head=EHR.upper()),
        taken(by_profile(k, 2, timepoint="post_infusion")),
    ),
)
add(
    "profile: a code it does not know",
    lambda k: (
        ehr(f"{k.who()},1,before,01/03/2024,v2,{_CODED}", f"{k.who(2)},1,before,01/03/2024,v2,9{_CODED[1:]}"),
        taken(by_profile(k, 2), aside=[(3, "item_1", "not_in_codes")]),
    ),
)
add(
    "profile: a code for missing",
    lambda k: (ehr(f"{k.who()},1,before,01/03/2024,v2,n/a{_CODED[1:]}"), taken(by_profile(k, 2, item_1=None))),
)
add(
    "profile: a date of another form",
    lambda k: (
        ehr(f"{k.who()},1,before,01/03/2024,v2,{_CODED}", f"{k.who(2)},1,before,2024-03-01,v2,{_CODED}"),
        taken(by_profile(k, 2), aside=[(3, DAY, "date_not_readable")]),
    ),
)
add(
    "profile: one column more",
    lambda k: (ehr(f"{k.who()},1,before,01/03/2024,v2,{_CODED},x", head=f"{EHR},Mood"), refused("unknown_column")),
)
add(
    "profile: e-mail in a dropped column",
    lambda k: (
        ehr(f"{k.who()},1,before,01/03/2024,jane@example.org,{_CODED}"),
        refused("identifier", "e-mail address"),
    ),
)
add(
    "profile: line feed and comma in a dropped column",
    lambda k: (
        ehr(f'{k.who()},1,before,01/03/2024,"v2,\nlate",{_CODED}', f"{k.who(2)},1,before,01/03/2024,v2,{_CODED}"),
        taken(by_profile(k, 2), k.kept(4, 2, clinic_id="D01", total=None)),
    ),
)

# ---- REDCap -----------------------------------------------------------------------------------------------------

FORM = "patient_health_questionnaire_9_complete"
FIELDS = ",".join(f"phq9_{n}" for n in range(1, 10))
RAW = ",".join(map(str, ANSWERS))
LONG = f"record_id,redcap_event_name,redcap_repeat_instrument,redcap_repeat_instance,{FIELDS},phq9_total_score,phq9_how_difficult,{FORM}"
FLAT = f"study_id,day,{FIELDS},phq9_total_score,{FORM}"


def redcap(head: str, *lines: str) -> bytes:
    """An export."""
    return "".join(f"{line}\n" for line in (head, *lines)).encode()


def charted(k: Kit, line: int, **more: Any) -> dict[str, Any]:
    """A row of R01."""
    return k.kept(line, **({"clinic_id": "R01"} | more))


add(
    "REDCap: longitudinal",
    lambda k: (
        redcap(
            LONG,
            f"{k.who()},screening_arm_1,,,{RAW},10,2,2",
            f"{k.who()},infusion_1_arm_1,,,{RAW},10,,2",
            f"{k.who()},month_1_arm_1,,,{RAW},,,0",
        ),
        taken(charted(k, 2, **BEFORE, item_10=1), charted(k, 3), charted(k, 4, **FOLLOWED, total=None)),
    ),
)
add(
    "REDCap: rows of other forms",
    lambda k: (
        redcap(
            LONG,
            f"{k.who()},screening_arm_1,,,{RAW},10,,2",
            f"{k.who()},screening_arm_1,vitals,1{',' * 12}",
            f"{k.who()},infusion_1_arm_1,vitals,2{',' * 12}",
        ),
        taken(charted(k, 2, **BEFORE), blank=2),
    ),
)
add(
    "REDCap: labels",
    lambda k: (
        redcap(
            f"record_id,Event Name,Repeat Instrument,Repeat Instance,{FIELDS},phq9_total_score,phq9_how_difficult,{FORM}",
            f'"{k.who()}","Screening (Arm 1: Arm 1)",,,'
            + ",".join(
                f'"{("Not at all", "Several days", "More than half the days", "Nearly every day")[a]}"' for a in ANSWERS
            )
            + ',10,"Very difficult",',
        ),
        taken(charted(k, 2, **BEFORE, item_10=2)),
    ),
)
add(
    "REDCap: an event that nobody knows",
    lambda k: (
        redcap(LONG, f"{k.who()},screening_arm_1,,,{RAW},10,,2", f"{k.who()},week_9_arm_1,,,{RAW},10,,2"),
        taken(
            charted(k, 2, **BEFORE),
            aside=[(3, None, "event_unknown")],
        ),
    ),
)
add(
    "REDCap: difficulty 0",
    lambda k: (redcap(LONG, f"{k.who()},screening_arm_1,,,{RAW},10,0,2"), refused("difficulty_coding")),
)
add(
    "REDCap: names in the form, empty",
    lambda k: (
        redcap(f"{LONG},phq9_first_name", f"{k.who()},screening_arm_1,,,{RAW},10,1,2,"),
        refused("identifier", "name"),
    ),
)
add(
    "REDCap: the form twice",
    lambda k: (
        redcap(f"{LONG},phq9_1_cf6471", f"{k.who()},screening_arm_1,,,{RAW},10,1,2,2"),
        refused("redcap_two_forms"),
    ),
)
add("REDCap: flat", lambda k: (redcap(FLAT, f"{k.who()},30,{RAW},10,2"), taken(k.kept(2, **FOLLOWED, clinic_id="R02"))))
add(
    "REDCap: flat, a typed total that is not the sum",
    lambda k: (
        redcap(FLAT, f"{k.who()},30,{RAW},12,2", f"{k.who(2)},30,{RAW},10,2"),
        taken(k.kept(3, 2, **FOLLOWED, clinic_id="R02"), aside=[(2, None, "total_is_not_sum")]),
    ),
)
add(
    "REDCap: flat, items coded 1 to 4",
    lambda k: (redcap(FLAT, *(f"{k.who(n)},30,{_CODED},,2" for n in range(1, 7))), refused("coding_shift")),
)
add(
    "REDCap: no profile knows its columns",
    lambda k: (redcap(FLAT.replace("study_id", "chart_no"), f"{k.who()},30,{RAW},10,2"), refused("unknown_column")),
)

# ---- patients ---------------------------------------------------------------------------------------------------

_MORE = [
    "bipolar",
    "chronic_pain",
    "ptsd",
    "anxiety",
    "substance_use",
    "thyroid",
    "eating_disorder",
    "sleep_disorder",
    "concurrent_psychotherapy",
]
_PATIENT = [
    "clinic_id",
    "patient_id",
    "sex",
    "age_years",
    "first_infusion_year",
    "indication",
    "failed_antidepressant_trials",
    *_MORE,
    "status",
]
_WORDS = {"sex": "female", "indication": "ptsd", "ptsd": "yes", "bipolar": "unknown"}


def person(k: Kit, line: int, n: int = 1, **more: Any) -> dict[str, Any]:
    """Values of a row of the patients feed."""
    values = {"clinic_id": "C01", "patient_id": k.who(n), "age_years": 44, "first_infusion_year": 2024, **_WORDS}
    return dict.fromkeys(_PATIENT) | values | more | {"line": line}


def people(k: Kit, *ages: str) -> bytes:
    """A file of the patients feed by their ages."""
    rows = (f"C01,{k.who(n)},female,{age},2024,ptsd,yes,unknown\n" for n, age in enumerate(ages, start=1))
    return ("clinic_id,patient_id,sex,age_years,first_infusion_year,indication,ptsd,bipolar\n" + "".join(rows)).encode()


add("patients", lambda k: (people(k, "44", "90"), taken(person(k, 2), person(k, 3, 2, age_years=90), feed="patients")))
add(
    "patients: over 90, and a child",
    lambda k: (
        people(k, "91", "11", "44"),
        taken(person(k, 4, 3), aside=[(2, "age_years", "age_range"), (3, "age_years", "age_range")], feed="patients"),
    ),
)
add("patients: a date of birth", lambda k: (people(k, "1961-03-17"), refused("identifier", "date")))
add(
    "patients: 44.0 and forty",
    lambda k: (
        people(k, "44.0", "forty"),
        taken(person(k, 2), aside=[(3, "age_years", "age_not_whole")], feed="patients"),
    ),
)
