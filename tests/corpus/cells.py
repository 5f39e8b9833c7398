"""One odd cell in a good row: it is read as one value, or costs its row and no other, or has the shape of an identifier."""

from __future__ import annotations

from typing import Any

from tests.corpus.base import BASELINE, BEFORE, FOLLOW_UP, FOLLOWED, ITEMS, NO_ITEMS, NONE, add, refused, taken

DAY, NUMBER = "days_since_first_infusion", "infusion_number"

# Text of a cell, and its value. An item that is missing is missed in the sum, and the total may stay.
READ: list[tuple[str, str, Any]] = [
    ("item_1", "2.0", 2), ("item_1", "2.000", 2), ("item_1", " 2", 2), ("item_1", "2 ", 2), ("item_1", "   2.0  ", 2),
    ("item_4", "0.0", 0), ("item_4", " ", None), ("item_4", "Not at all", 0), ("item_4", "NOT AT ALL", 0), ("item_4", " not  at all ", 0),
    ("item_2", "Several days", 1), ("item_1", "More than half the days", 2), ("item_5", "Nearly every day", 3),
    ("item_4", "7", None), ("item_4", "9", None), ("item_4", "99", None), ("item_4", "-", None), ("item_4", "^", None),
    ("item_4", "Not Answered", None), ("item_4", "not answered", None), ("item_4", "9.0", None), ("total", "99.0", None),
    ("total", "10.0", 10), ("total", " 10 ", 10), ("total", "99", None), ("total", "-", None), ("total", "^", None),
    ("total", "Not answered", None), ("total", "", None), ("total", "  ", None),
    (DAY, "14.0", 14), (DAY, " -3 ", -3), (DAY, "-400", -400), (DAY, "3650", 3650), (DAY, "2024", 2024),
    (NUMBER, "1.0", 1), (NUMBER, "999", 999),
    ("timepoint", " post_infusion ", "post_infusion"),
    ("patient_id", "000138A", "000138A"), ("patient_id", "138A", "138A"), ("patient_id", "1.23E11", "1.23E11"), ("patient_id", "1E5", "1E5"),
    ("patient_id", "p-17", "p-17"), ("patient_id", "P-17", "P-17"), ("patient_id", "A1", "A1"), ("patient_id", "TRUE1", "TRUE1"),
    ("patient_id", "NaN0", "NaN0"), ("patient_id", "NULL1", "NULL1"), ("patient_id", "Z9" * 32, "Z9" * 32), ("patient_id", "-1A", "-1A"),
    ("patient_id", " 7Q-Blank ", "7Q-Blank"), ("patient_id", "inf1", "inf1"), ("patient_id", "0x1F", "0x1F"), ("patient_id", "20240317A", "20240317A"),
    ("item_10", "3", 3), ("item_10", "9", None), ("item_10", "", None), ("item_10", "0.0", 0),
    ("drug", "esketamine_nasal", "esketamine_nasal"), ("drug", "other", "other"),
    ("dose_mg_per_kg", "0.5", 0.5), ("dose_mg_per_kg", "20", 20.0), ("dose_mg_per_kg", "0.001", 0.001), ("dose_mg_per_kg", "1.000", 1.0),
    ("infusion_minutes", "40", 40), ("infusion_minutes", "1440", 1440), ("recall_period", "since_last_treatment", "since_last_treatment"),
    ("recall_period", "two_weeks", "two_weeks"), ("status", "final", "final"), ("status", "amended", "amended"),
    ("extract_day", "0", 0), ("extract_day", "-3", -3), ("extract_day", "400.0", 400),
    ("dissociation", "yes", True), ("nausea", "no", False), ("nausea", "YES", True), ("blood_pressure_raised", " No ", False),
    ("serious_adverse_event", "", None), ("planned_induction_infusions", "6", 6), ("ended", "withdrew", "withdrew"),
]  # fmt: skip

_I, _T = "item_not_whole", "total_not_whole"
_NOT_ANSWERS = [
    "2.5", "2.", ".5", "+2", "02", "2e0", "2E0", "0_1", "1_0", "0x2", "２", "٢", "②", "²", "2\u00a0", "\u20092", "\u200b2", "2\u3000", "−1", "–1", "‐", "—",
    "“2”", "‘2’", "'2'", "NULL", "NA", "N/A", "#N/A", "nan", "NaN", "None", "null", ".", "?", "..", "TRUE", "FALSE", "true", "yes", "#DIV/0!",
    "#REF!", "#VALUE!", "#NAME?", "=1+1", "2,0", "1,000", "1 2", "2/3", "(2)", "2%", "-0", "inf", "1e400", "99999", "two", "sometimes",
    "more than half", "2 - More than half the days", "\t2", "2*", "<2", "IV", "½",
]  # fmt: skip
# Text of a cell, and the reason that costs its row.
SET_ASIDE: list[tuple[str, str, str]] = [
    *(("item_1", text, _I) for text in _NOT_ANSWERS if "," not in text),
    *(("item_1", text, "item_range") for text in ("4", "5", "-1", "8", "10", "100", "4.0", "-2.0")),
    *(("total", text, _T) for text in ("ten", "1e1", "10.5", "１０", "+10", "010", "05", "NA", "#VALUE!", "=SUM(F2:N2)", "10/27", "10\u00a0", "1 0", "NULL", ".")),
    *(("total", text, "total_range") for text in ("28", "-1", "999", "100")),
    *((DAY, text, "day_not_whole") for text in ("", " ", "+14", "14 days", "day 14", "14d", "1e2", "1.5", "−3", "-0", "NA", "١٤", "014", "1.23E+02", "(3)", "3-", "D14", "1_4")),
    *((DAY, text, "day_range") for text in ("-401", "3651", "10000", "-4000")),
    *((NUMBER, text, f"{NUMBER}_not_whole") for text in ("one", "1.5", "#1", "1st", "Ⅰ", "1e0", "01", "NA")),
    *((NUMBER, text, f"{NUMBER}_range") for text in ("0", "-1", "1000")),
    *(("timepoint", text, "timepoint_unknown") for text in ("", "Baseline", "pre infusion", "PRE_INFUSION", "pre-infusion", "screening", "week 4", "1", "pre_infusion.")),
    *(("patient_id", text, "patient_id_pattern") for text in ("", " ", "000138", "138", "1.23E+11", "ABCDEF", "P", "P 17", "P/17", "P#17", "P‐17", "Ｐ17", "P１", "P17\u00a0", "Z1" * 33, "17.0", "#N/A", "NULL")
      if text != "Ｐ17"),
    *(("clinic_id", text, "clinic_id_pattern") for text in ("", "C", "1C", "C 01", "C01\u00a0", "C" * 33, "Ç"[:0] + "_C01")),
    *(("clinic_id", text, "unknown_clinic") for text in ("C99", "c01", "C1", "C001", "C01.")),
    *(("item_10", text, "item_10_not_whole") for text in ("hard", "1.5", "NA")), ("item_10", "4", "item_10_range"), ("item_10", "-1", "item_10_range"),
    *(("drug", text, "drug_unknown") for text in ("ketamine", "Ketamine_IV", "spravato", "iv", "NA")),
    *(("dose_mg_per_kg", text, "dose_not_number") for text in ("0.5 mg/kg", ".5", "5e-1", "0.0001", "half", "0.5mg", "-0.5", "NA", "1e400")),
    *(("dose_mg_per_kg", text, "dose_range") for text in ("0", "0.000", "20.001", "500")),
    ("infusion_minutes", "40 min", "minutes_not_whole"), ("infusion_minutes", "00:40", "minutes_not_whole"), ("infusion_minutes", "0", "minutes_range"),
    ("infusion_minutes", "1441", "minutes_range"), ("recall_period", "2 weeks", "recall_period_unknown"), ("status", "Final", "status_unknown"),
    ("status", "deleted", "status_unknown"), ("status", "entered-in-error", "status_unknown"), ("extract_day", "today", "extract_day_not_whole"),
    ("extract_day", "3651", "extract_day_range"), ("extract_day", "NA", "extract_day_not_whole"),
    *(("nausea", text, "safety_not_yes_no") for text in ("TRUE", "FALSE", "1", "0", "Y", "n", "mild", "unknown", "NA", "x", "✓")),
    ("planned_induction_infusions", "six", "planned_not_whole"), ("planned_induction_infusions", "0", "planned_range"), ("ended", "lost", "ended_unknown"),
    ("ended", "Completed", "ended_unknown"),
]  # fmt: skip

IDENTIFIERS: list[tuple[str, str, str]] = [
    (DAY, "2024-03-17", "date"), (DAY, "3/17/2024", "date"), (DAY, "17.03.2024", "date"), (DAY, "17-Mar-24", "date"), (DAY, "03-17-2024", "date"), (DAY, "17MAR2024", "date"),
    (DAY, "20240317", "date"), (DAY, "March 17, 2024"[:5] + " 17 2024", "date"), (DAY, "45368", "date"),
    (DAY, "2024-03-17T09:30:00Z", "date"), (DAY, "45368.5", "date"), ("extract_day", "2024-03-17", "date"), ("item_1", "3/1/2024", "date"),
    ("patient_id", "Jane Roe", "name"), ("patient_id", "Ｐ17", "name"), ("patient_id", "José17", "name"), ("patient_id", "123-45-6789", "social security number"),
    ("patient_id", "123456789", "social security number"), ("patient_id", "(555) 123-4567", "telephone number"), ("patient_id", "5551234567", "telephone number"),
    ("patient_id", "jane.roe@example.org", "e-mail address"), ("patient_id", "MRN00123", "record number"), ("patient_id", "P-1961-03-17", "date"),
    ("patient_id", "d41d8cd98f00b204e9800998ecf8427e", "hash of something"), ("patient_id", "10.0.0.12", "network address"),
    ("clinic_id", "https://clinic.example", "web address"), ("total", "jane@example.org", "e-mail address"),
    ("ended", "she moved in with her mother and did not come back any more", "free text"), ("drug", "4111 1111 1111 1111", "card number"),
    ("timepoint", "17 Mar 2024", "date"), ("status", "scan.jpg", "image or file"), ("item_9", "Jane Roe", "name"),
]  # fmt: skip


def _called(column: str, text: str) -> str:
    return f"cell, {column}: {ascii(text)[:40]}{f' of {len(text)}' if len(text) > 40 else ''}"


def _read(column: str, text: str, value: Any) -> None:
    add(
        _called(column, text),
        lambda k: (k.csv(k.row(**{column: text}), k.row(2)), taken(k.kept(2, **{column: value}), k.kept(3, 2))),
    )


def _set_aside(column: str, text: str, reason: str) -> None:
    add(
        _called(column, text),
        lambda k: (k.csv(k.row(**{column: text}), k.row(2)), taken(k.kept(3, 2), aside=[(2, column, reason)])),
    )


def _refused(column: str, text: str, kind: str) -> None:
    add(_called(column, text), lambda k: (k.csv(k.row(**{column: text}), k.row(2)), refused("identifier", kind)))


for _case in READ:
    _read(*_case)
for _case in SET_ASIDE:
    _set_aside(*_case)
for _case in IDENTIFIERS:
    _refused(*_case)

# With a comma in it a cell can be sent behind another separator.
for _column, _text, _reason in (
    ("item_1", "2,0", _I), ("dose_mg_per_kg", "0,5", "dose_not_number"), (DAY, "1,000", "day_not_whole"), ("total", "10,0", _T), ("patient_id", "P,17", "patient_id_pattern"),
):  # fmt: skip
    add(
        f"decimal comma or thousands, {_column}",
        lambda k, c=_column, t=_text, r=_reason: (
            k.csv(k.row(**{c: t}), k.row(2), by=";"),
            taken(k.kept(3, 2), aside=[(2, c, r)]),
        ),
    )

# ---- rules over several columns ---------------------------------------------------------------------------------

# Cells that are written otherwise, with their values; or the reason that the row is set aside for.
ROWS: dict[str, tuple[dict[str, str], dict[str, Any] | str]] = {
    "items and no total": ({"total": ""}, {"total": None}),
    "total and no items": (NO_ITEMS, NONE),
    "total and no items, 0": (NO_ITEMS | {"total": "0"}, NONE | {"total": 0}),
    "total and no items, 27": (NO_ITEMS | {"total": "27"}, NONE | {"total": 27}),
    "total 7 is a total": (NO_ITEMS | {"total": "7"}, NONE | {"total": 7}),
    "total 9 is a total": (NO_ITEMS | {"total": "9"}, NONE | {"total": 9}),
    "all 0": (dict.fromkeys(ITEMS, "0") | {"total": "0"}, dict.fromkeys(ITEMS, 0) | {"total": 0}),
    "all 3": (dict.fromkeys(ITEMS, "3") | {"total": "27"}, dict.fromkeys(ITEMS, 3) | {"total": 27}),
    "total one too many": ({"total": "11"}, "total_is_not_sum"),
    "total one too few": ({"total": "9"}, "total_is_not_sum"),
    "total and item 10": ({"total": "12", "item_10": "2"}, "total_is_not_sum"),
    "one item missing, total their sum": ({"item_4": ""}, {"item_4": None}),
    "one item missing, total prorated": ({"item_4": "", "total": "11"}, {"item_4": None, "total": 11}),
    "one item missing, total too low": ({"item_5": "", "total": "6"}, "total_below_items"),
    "one item missing, total too high": ({"item_4": "", "total": "14"}, "total_above_items"),
    "two items missing": ({"item_4": "", "item_8": "", "total": ""}, {"item_4": None, "item_8": None, "total": None}),
    "PHQ-8: item 9 left empty": ({"item_9": "", "total": "9"}, {"item_9": None, "total": 9}),
    "PHQ-2: seven items left empty": (NO_ITEMS | {"item_1": "1", "item_2": "0", "total": "1"}, NONE | {"item_1": 1, "item_2": 0, "total": 1}),
    "PHQ-2: seven items skipped": (
        dict.fromkeys(ITEMS, "^") | {"item_1": "1", "item_2": "0", "total": "99"}, NONE | {"item_1": 1, "item_2": 0, "total": None}),
    "NHANES: refused and unknown": ({"item_4": "7", "item_8": "9", "total": ""}, {"item_4": None, "item_8": None, "total": None}),
    "MDS: could not complete": (dict.fromkeys(ITEMS, "-") | {"total": "99"}, NONE | {"total": None}),
    "infusion given, no form": (NO_ITEMS | {"total": ""}, NONE | {"total": None}),
    "infusion given, no form, after it": (
        NO_ITEMS | {"total": "", "timepoint": "post_infusion"}, NONE | {"total": None, "timepoint": "post_infusion"}),
    "no form at a follow-up": (NO_ITEMS | FOLLOW_UP | {"total": ""}, "no_answers"),
    "no form at baseline": (NO_ITEMS | BASELINE | {"total": "99"}, "no_answers"),
    "only item 10 answered at a follow-up": (NO_ITEMS | FOLLOW_UP | {"total": "", "item_10": "2"}, "no_answers"),
    "infusion without its number": ({"infusion_number": ""}, "infusion_number_missing"),
    "after an infusion without its number": ({"infusion_number": "", "timepoint": "post_infusion"}, "infusion_number_missing"),
    "follow-up without a number": (FOLLOW_UP, FOLLOWED),
    "follow-up with a number": (FOLLOW_UP | {"infusion_number": "6"}, FOLLOWED | {"infusion_number": 6}),
    "baseline without a number": (BASELINE, BEFORE),
    "baseline with a number": (BASELINE | {"infusion_number": "1"}, BEFORE | {"infusion_number": 1}),
    "nothing to take back": (NO_ITEMS | BASELINE | {"total": "", "status": "entered_in_error"}, NONE | BEFORE | {"total": None, "status": "entered_in_error"}),
    "follow-up before the first infusion": (FOLLOW_UP | {DAY: "-5"}, FOLLOWED | {DAY: -5}),
    "infusion before day 0": ({DAY: "-5", "infusion_number": "2"}, {DAY: -5, "infusion_number": 2}),
    "infusion 1 not on day 0": ({DAY: "5"}, {DAY: 5}),
    "baseline after the first infusion": (BASELINE | {DAY: "12"}, BEFORE | {DAY: 12}),
    "all optional columns": (
        {"item_10": "2", "drug": "ketamine_im", "dose_mg_per_kg": "0.75", "infusion_minutes": "45", "recall_period": "since_last_treatment", "status": "final",
         "extract_day": "90", "dissociation": "yes", "nausea": "no", "blood_pressure_raised": "no", "serious_adverse_event": "no",
         "planned_induction_infusions": "6", "ended": "completed"},
        {"item_10": 2, "drug": "ketamine_im", "dose_mg_per_kg": 0.75, "infusion_minutes": 45, "recall_period": "since_last_treatment", "status": "final",
         "extract_day": 90, "dissociation": True, "nausea": False, "blood_pressure_raised": False, "serious_adverse_event": False,
         "planned_induction_infusions": 6, "ended": "completed"}),
}  # fmt: skip

for _name, (_texts, _becomes) in ROWS.items():
    if isinstance(_becomes, str):
        add(
            _name,
            lambda k, t=_texts, b=_becomes: (k.csv(k.row(**t), k.row(2)), taken(k.kept(3, 2), aside=[(2, None, b)])),
        )
    else:
        add(_name, lambda k, t=_texts, b=_becomes: (k.csv(k.row(**t), k.row(2)), taken(k.kept(2, **b), k.kept(3, 2))))

add(
    "every reason of a row, and the next one is good",
    lambda k: (
        k.csv(k.row(item_1="x", item_2="4", days_since_first_infusion="5000", total="NA"), k.row(2)),
        taken(
            k.kept(3, 2),
            aside=[(2, DAY, "day_range"), (2, "item_1", _I), (2, "item_2", "item_range"), (2, "total", _T)],
        ),
    ),
)
