"""FHIR at the door: every guide's way to write a PHQ-9 gives the same row, doubt sets it aside, and an identifier refuses the file."""

from __future__ import annotations

import json
from typing import Any

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outcomes.checking import judge
from outcomes.errors import FileRefusedError
from outcomes.sources.fhir import read_fhir
from outcomes.sources.sheet import Sheet
from schemas import codes
from schemas.reasons import SENTENCES
from schemas.scores import ITEMS

FEW = settings(max_examples=60, derandomize=True, deadline=None, database=None)
Json = dict[str, Any]
ANSWERS = [2, 1, 1, 0, 3, 1, 1, 0, 1]
TOTAL = sum(ANSWERS)
ITEM_CODES = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"]
LA = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"]
LA_DIFFICULTY = ["LA6572-7", "LA6573-5", "LA6575-0", "LA6574-3"]
WORDS = ["Not at all", "Several days", "More than half the days", "Nearly every day"]
SDC_CODES = ["Not-at-all", "Several-days", "More than half the days", "Nearly every day"]
LOINC, UCUM, HL7 = "http://loinc.org", "http://unitsofmeasure.org", "http://hl7.org/fhir/StructureDefinition/"
SDC = "http://hl7.org/fhir/uv/sdc/CodeSystem/CSPHQ9"
NAMED = "http://example.org/fhir/Questionnaire/phq-9"
QUESTIONS = [
    "Little interest or pleasure in doing things",
    "Feeling down, depressed, or hopeless",
    "Trouble falling or staying asleep, or sleeping too much",
    "Feeling tired or having little energy",
    "Poor appetite or overeating",
    "Feeling bad about yourself - or that you are a failure or have let yourself or your family down",
    "Trouble concentrating on things, such as reading the newspaper or watching television",
    "Moving or speaking so slowly that other people could have noticed. Or the opposite - being so fidgety or restless",
    "Thoughts that you would be better off dead, or of hurting yourself in some way",
]


def coding(code: str, display: str | None = None, system: str | None = LOINC) -> Json:
    return {key: value for key, value in {"system": system, "code": code, "display": display}.items() if value}


def item(link: str, value: Json | None = None, **more: Any) -> Json:
    """One question with one answer, or with none."""
    return {"linkId": link, **more} | ({"answer": [value]} if value else {})


def coded(score: int) -> Json:
    return {"valueCoding": coding(LA[score], WORDS[score])}


def number(value: Any) -> Json:
    return {"valueInteger": value}


def form(items: list[Json], **more: Any) -> Json:
    return {
        "resourceType": "QuestionnaireResponse", "id": "r1", "status": "completed", "authored": "2026-01-05T10:00:00+02:00",
        "subject": {"reference": "Patient/P-001"}, "item": items,
    } | more  # fmt: skip


def observed(loinc: str, value: Json | None = None, place: int = 1, **more: Any) -> Json:
    return {
        "resourceType": "Observation", "id": f"o{place}", "status": "final", "code": {"coding": [coding(loinc)]},
        "subject": {"reference": "Patient/P-001"}, "effectiveDateTime": "2026-01-05T10:00:00Z",
    } | (value or {}) | more  # fmt: skip


def bundle(*resources: Json, **more: Any) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]} | more


def written(*resources: Any) -> bytes:
    """One a line."""
    return b"\n".join(each if isinstance(each, bytes) else json.dumps(each).encode() for each in resources)


def us_core(answers: list[int | None]) -> list[Json]:
    return [item(f"/{code}", None if a is None else coded(a)) for code, a in zip(ITEM_CODES, answers, strict=True)]


def sdc(answers: list[int | None], total: int | None = None) -> Json:
    """As HL7 writes its example: nested, answers of a code system of its own."""
    inside = [
        item(f"H1/T1/Q{at}", None if a is None else {"valueCoding": coding(SDC_CODES[a], WORDS[a], SDC)}, text=QUESTIONS[at - 1])
        for at, a in enumerate(answers, 1)
    ]  # fmt: skip
    score = {"valueQuantity": {"value": total, "unit": "{score}", "system": UCUM, "code": "1"}}
    group = {"linkId": "H1/T1", "text": "Over the last two weeks, how often have you been bothered?", "item": inside}
    return form([group] + ([item("H1/TS", score)] if total is not None else []))


def one_by_one(pattern: str, answer: Any, first: int = 1) -> Any:
    """A way to write nine answers under numbered linkIds."""
    return lambda answers: form(
        [item(pattern.format(at), None if a is None else answer(a)) for at, a in enumerate(answers, first)],
        questionnaire=NAMED,
    )


STYLES: dict[str, Any] = {
    "US Core and LHC-Forms": lambda answers: form(us_core(answers)),
    "LOINC codes alone": lambda answers: form([item(i["linkId"][1:], *i.get("answer", [])) for i in us_core(answers)]),
    "Argonaut": one_by_one("g1.q{}", coded),
    "Argonaut, numbers": one_by_one("g1.q{}", number),
    "HL7 SDC": sdc,
    "German MII": one_by_one("PHQ-9.{}", lambda a: {"valueCoding": {"code": LA[a]}}),
    "German MII example": one_by_one("PHQ.{}", lambda a: {"valueCoding": {"code": LA[a]}}),
    "ReproSchema": one_by_one("phq9_{}", number),
    "with hyphens": one_by_one("phq9-{}", lambda a: {"valueDecimal": a}),
    "quantities": one_by_one("phq9_{}", lambda a: {"valueQuantity": {"value": a, "unit": "{score}", "code": "{score}"}}),
    "engage-analytics": one_by_one("f1.{}.1", lambda a: {"valueString": f"{a} - {WORDS[a]}"}, first=3),
    "weights": one_by_one("PHQ-9.{}", lambda a: {"valueCoding": coding(LA[a]) | {"extension": [{"url": HL7 + "itemWeight", "valueDecimal": a}]}}),
    "Observations": lambda answers: bundle(*(observed(c, number(a), at) for at, (c, a) in enumerate(zip(ITEM_CODES, answers, strict=True)) if a is not None)),
    "panel with components": lambda answers: observed(
        "44249-1", component=[{"code": {"coding": [coding(c)]}, "valueCodeableConcept": {"coding": [coding(LA[a])]}} for c, a in zip(ITEM_CODES, answers, strict=True) if a is not None]
    ),
    "panel with members": lambda answers: bundle(
        observed("44249-1", place=99, hasMember=[{"reference": f"Observation/o{at}"} for at in range(9) if answers[at] is not None]),
        *(observed(c, number(a), at, effectiveDateTime=None, subject={}) for at, (c, a) in enumerate(zip(ITEM_CODES, answers, strict=True)) if a is not None),
    ),
}  # fmt: skip


def read(value: Any) -> Sheet:
    return read_fhir(value if isinstance(value, bytes) else json.dumps(value).encode())


def rows(value: Any) -> list[dict[str, str | None]]:
    """The rows by their columns, the empty cells left out."""
    sheet = read(value)
    cells = [dict(zip(sheet.names, row, strict=True)) for row in sheet.cells.iter_rows()]
    return [{name: cell for name, cell in row.items() if cell is not None} for row in cells]


def expected(answers: list[int | None] = ANSWERS, **more: str) -> dict[str, str]:
    given = {name: str(a) for name, a in zip(ITEMS, answers, strict=True) if a is not None}
    return {"patient_id": "P-001", "authored": "2026-01-05", "status": "final"} | given | more


def fate(value: Any) -> Any:
    """The reason code that refuses a file, with line and kind; else the rows aside and how many rows there are."""
    try:
        sheet = read(value)
    except FileRefusedError as error:
        return error.reason_code, error.line, error.kind
    return list(sheet.aside), sheet.cells.height


def aside(reason: str) -> Any:
    """What becomes of a file whose one row is set aside."""
    return [(1, reason)], 0


@pytest.mark.parametrize("style", STYLES)
def test_a_phq_9_of_each_guide_is_the_same_row(style: str) -> None:
    assert rows(STYLES[style](ANSWERS)) == [expected()]


@pytest.mark.parametrize("style", STYLES)
@FEW
@given(answers=st.lists(st.integers(0, 3), min_size=9, max_size=9))
def test_any_answers_are_read_as_they_are(style: str, answers: list[int]) -> None:
    assert rows(STYLES[style](answers)) == [expected(answers)]


@pytest.mark.parametrize("style", [style for style in STYLES if style != "LOINC codes alone"])
def test_a_question_without_an_answer_is_an_empty_cell(style: str) -> None:
    answers = [2, None, 1, 0, 3, None, 1, 0, 1]
    assert rows(STYLES[style](answers)) == [expected(answers)]


def test_words_alone_are_answers() -> None:
    items = [item(f"f1.{at + 3}.1", {"valueString": WORDS[a]}) for at, a in enumerate(ANSWERS)]
    drawn = item("55d78cf4-0963-4c44-af44-6004a8abbb3e", {"valueDecimal": 10})
    (row,) = rows(form([*items, drawn], questionnaire="Questionnaire/54"))
    assert [row[name] for name in ITEMS] == [WORDS[a] for a in ANSWERS]
    assert "total" not in row


def test_the_difficulty_is_read_by_a_table() -> None:
    """The code of the third answer is above that of the fourth."""
    for score, code in enumerate(LA_DIFFICULTY):
        for link in ("/69722-7", "/44256-6"):
            more = item(link, {"valueCoding": coding(code)})
            assert rows(form([*us_core(ANSWERS), more])) == [expected(item_10=str(score))]


def test_the_difficulty_in_words_is_its_number() -> None:
    items = [*one_by_one("phq9_{}", number)(ANSWERS)["item"], item("phq9_10", {"valueString": "Very difficult"})]
    assert rows(form(items)) == [expected(item_10="2")]


def test_a_difficulty_that_nobody_says_the_coding_of_is_not_read() -> None:
    """A 1 may be the first answer or the second."""
    assert rows(form([*one_by_one("phq9_{}", number)(ANSWERS)["item"], item("phq9_10", number(1))])) == [expected()]


def test_the_total_of_a_form() -> None:
    items = [*us_core(ANSWERS), item("/44261-6", {"valueDecimal": TOTAL})]
    assert rows(form(items)) == [expected(total=str(TOTAL))]


def test_the_example_of_hl7_ends_as_total_is_not_sum() -> None:
    """Its items sum to 10 and its total says 13."""
    example = sdc([0, 0, 0, 1, 2, 1, 3, 2, 1], 13)
    (row,) = rows(example)
    assert (row["total"], [row[name] for name in ITEMS]) == ("13", list("000121321"))
    columns = {"clinic_id": "C01", "days_since_first_infusion": "30", "timepoint": "follow_up", "infusion_number": ""}
    cells = {name: cell for name, cell in row.items() if name != "authored"} | columns
    judged = judge([(",".join(cells) + "\n" + ",".join(map(str, cells.values()))).encode()], None)
    assert judged.reasons["reason_code"].to_list() == ["total_is_not_sum"]


@pytest.mark.parametrize("value", [{"valueInteger": 13}, {"valueQuantity": {"value": 13, "unit": "{score}"}}, {"valueQuantity": {"value": 13, "code": "1", "system": UCUM}}, {"valueQuantity": {"value": 13}}])  # fmt: skip
def test_a_total_observed(value: Json) -> None:
    assert rows(observed("44261-6", value)) == [expected([None] * 9, total="13")]
    snomed = {"coding": [coding("720433000", "PHQ-9 score", "http://snomed.info/sct")]}
    assert rows(observed("", value, code=snomed)) == [expected([None] * 9, total="13")]


def test_numbers_are_given_as_they_are_written() -> None:
    text = json.dumps(observed("44261-6", {"valueQuantity": {"value": 1234}}))
    for number in ("2.50", "13.0", "1e1", "-0", "9" * 5000):
        assert rows(text.replace("1234", number).encode())[0]["total"] == number


@pytest.mark.parametrize(
    ("status", "becomes"),
    [("completed", "final"), ("amended", "amended"), ("entered-in-error", "entered_in_error"), ("in-progress", None), ("stopped", None), ("final", None), ("", None), (None, None)],
)  # fmt: skip
def test_status_of_a_form(status: Any, becomes: str | None) -> None:
    value = form(us_core(ANSWERS), status=status)
    if becomes:
        assert rows(value) == [expected(status=becomes)]
    else:
        assert fate(value) == aside("not_finished")


@pytest.mark.parametrize(
    ("status", "becomes"),
    [("final", "final"), ("amended", "amended"), ("corrected", "corrected"), ("entered-in-error", "entered_in_error"), ("preliminary", None), ("registered", None), ("cancelled", None), ("unknown", None), ("completed", None)],
)  # fmt: skip
def test_status_of_an_observation(status: str, becomes: str | None) -> None:
    value = observed("44261-6", number(13), status=status)
    if becomes:
        assert rows(value) == [expected([None] * 9, total="13", status=becomes)]
    else:
        assert fate(value) == aside("not_finished")


def relative(value: Any, unit: str = "d", relationship: str | None = "after", **target: Any) -> Json:
    inside = [{"url": "offset", "valueDuration": {"value": value, "unit": unit, "system": UCUM, "code": unit}}]
    inside += [{"url": "relationship", "valueCode": relationship}] if relationship else []
    inside += [{"url": name, **given} for name, given in target.items()]
    return {"extension": [{"url": HL7 + "cqf-relativeDateTime", "extension": inside}]}


@pytest.mark.parametrize(
    ("extension", "days"),
    [
        (relative(14), "14"),
        (relative(2, "wk"), "14"),
        (relative(3, "d", "before"), "-3"),
        (relative(-3, "d", None), "-3"),
        (relative(0, "d", "concurrent"), "0"),
        (relative(14, target={"valueReference": {"reference": "Procedure/i1"}}), "14"),
        (relative(1.5), None),
        (relative(5, "h"), None),
        (relative(1, "mo"), None),
        (relative(-3, "d", "before"), None),
        (relative(9000, target={"valueReference": {"reference": "Patient/P-001"}}), None),
        (relative(9000, targetPath={"valueString": "Patient.birthDate"}), None),
    ],
)
def test_days_from_the_extension(extension: Json, days: str | None) -> None:
    value = form(us_core(ANSWERS), _authored=extension)
    del value["authored"]
    (row,) = rows(value)
    assert row.get("days_since_first_infusion") == days
    assert "authored" not in row
    measured = observed("44261-6", number(13), _effectiveDateTime=extension)
    del measured["effectiveDateTime"]
    assert rows(measured)[0].get("days_since_first_infusion") == days
    del measured["_effectiveDateTime"]
    assert rows(measured | {"effectivePeriod": {"_start": extension}})[0].get("days_since_first_infusion") == days


@pytest.mark.parametrize(
    "dated",
    [{"authored": "2026-01-05"}, {"meta": {"lastUpdated": "2026-01-05T10:00:00Z"}}, {"issued": "2026-01-05T10:00:00Z"}],
)
def test_a_file_that_counts_days_holds_no_date(dated: Json) -> None:
    """Nor beside them, in another resource."""
    value = form(us_core(ANSWERS), _authored=relative(14))
    del value["authored"]
    assert fate(value) == ([], 1)
    assert fate(value | dated) == ("identifier", 1, "date")
    weight = observed("29463-7", {"valueQuantity": {"value": 80, "unit": "kg"}}, effectiveDateTime=None)
    assert fate(bundle(value, weight)) == ([], 1)
    assert fate(bundle(value, weight | dated | {"effectiveDateTime": "2026-01-05"})) == ("identifier", 2, "date")


def test_the_date_of_a_period_and_the_time_of_day_dropped() -> None:
    period = observed("44261-6", number(13), effectiveDateTime=None, effectivePeriod={"start": "2026-02-03T23:59:59Z"})
    assert rows(period)[0]["authored"] == "2026-02-03"
    assert "authored" not in rows(observed("44261-6", number(13), effectiveDateTime="next week"))[0]


@pytest.mark.parametrize(
    ("subject", "patient"),
    [
        ({"reference": "Patient/P-001"}, "P-001"),
        ({"reference": "https://ehr.example.org/fhir/Patient/P-001"}, "P-001"),
        ({"reference": "Patient/P-001/_history/3"}, "P-001"),
        ({"reference": "urn:uuid:0b7c2e1a-1111-4222-8333-444455556666"}, "0b7c2e1a-1111-4222-8333-444455556666"),
        ({"identifier": {"system": "urn:example:study", "value": "P-001"}}, "P-001"),
        ({"reference": "Patient/P-001", "identifier": {"value": "P-001"}}, "P-001"),
        ({"reference": "#p1"}, None),
        ({"reference": "Group/g1"}, None),
        ({}, None),
        ("Patient/P-001", None),
    ],
)
def test_whose_it_is(subject: Any, patient: str | None) -> None:
    assert rows(form(us_core(ANSWERS), subject=subject))[0].get("patient_id") == patient


def test_an_address_made_for_one_bundle_is_the_patient_it_leads_to() -> None:
    address = "urn:uuid:0b7c2e1a-1111-4222-8333-444455556666"
    patient = {"fullUrl": address, "resource": {"resourceType": "Patient", "id": "P-001"}}
    value = bundle(form(us_core(ANSWERS), subject={"reference": address}))
    value["entry"].append(patient)
    assert rows(value) == [expected()]
    assert read(value).blank == 1


def test_parts_of_one_patient_and_moment_are_one_row() -> None:
    """Its line is that of the total, and no part is counted as left out."""
    parts = [observed(code, number(a), at) for at, (code, a) in enumerate(zip(ITEM_CODES, ANSWERS, strict=True))]
    total = observed("44261-6", number(TOTAL), 50)
    later = observed("44261-6", number(7), 51, effectiveDateTime="2026-02-05T10:00:00Z")
    other = observed("44261-6", number(8), 52, subject={"reference": "Patient/P-002"})
    for value in (bundle(*parts, total, later, other), written(*parts, total, later, other)):
        assert rows(value) == [
            expected(total=str(TOTAL)),
            expected([None] * 9, total="7", authored="2026-02-05"),
            expected([None] * 9, total="8", patient_id="P-002"),
        ]
        assert (read(value).lines.to_list(), read(value).blank) == ([10, 11, 12], 0)


@pytest.mark.parametrize(
    "more",
    [
        {"derivedFrom": [{"reference": "QuestionnaireResponse/r1"}], "effectiveDateTime": "2026-01-06"},
        {"effectiveDateTime": "2026-01-05T10:00:00+02:00"},
        {"effectiveDateTime": "2026-01-05T11:30:00Z"},
    ],
    ids=["made from it", "the same moment", "the same day, and agrees"],
)
def test_a_total_observed_beside_its_form_is_the_same_row(more: Json) -> None:
    value = bundle(observed("44261-6", number(TOTAL)) | more, form(us_core(ANSWERS)))
    if "derivedFrom" in more:
        assert fate(value) == ([(2, "answers_conflict")], 0)  # of another day
        value["entry"][0]["resource"]["effectiveDateTime"] = "2026-01-05"
    assert rows(value) == [expected(total=str(TOTAL))]
    assert read(value).lines.to_list() == [2]


def test_a_moment_written_in_two_time_zones_is_one() -> None:
    """The date is that of the form."""
    total = observed("44261-6", number(TOTAL), effectiveDateTime="2026-01-06T03:30:00Z")
    for more in ({}, {"derivedFrom": [{"reference": "QuestionnaireResponse/r1"}]}):
        value = bundle(total | more, form(us_core(ANSWERS), authored="2026-01-05T22:30:00-05:00"))
        assert rows(value) == [expected(total=str(TOTAL))]


def test_what_is_only_called_a_phq_9_costs_itself() -> None:
    """And not what was observed at the same moment."""
    local = observed("", number(2), 2, code={"coding": [coding("sev", "PHQ-9 severity", "urn:x")]})
    mislabelled = observed("44249-1", number(13), 3)
    value = bundle(observed("44261-6", number(13)), local, mislabelled)
    assert fate(value) == ([(2, "form_not_known"), (3, "code_mismatch")], 1)


def test_another_total_of_the_day_is_a_row_of_its_own() -> None:
    value = bundle(observed("44261-6", number(20), effectiveDateTime="2026-01-05"), form(us_core(ANSWERS)))
    assert [row.get("total") for row in rows(value)] == ["20", None]


PHQ_2 = [item("/44250-9", coded(1)), item("/44255-8", coded(2))]
ASIDE: dict[str, tuple[Any, str]] = {
    "two answers": (form([*us_core(ANSWERS)[1:], {"linkId": "/44250-9", "answer": [coded(1), coded(2)]}]), "answers_conflict"),
    "one question twice": (form([*us_core(ANSWERS), item("/44250-9", coded(2))]), "answers_conflict"),
    "two values of an answer": (form([*us_core(ANSWERS)[1:], item("/44250-9", coded(1) | number(1))]), "answers_conflict"),
    "code and words differ": (form([*us_core(ANSWERS)[1:], item("/44250-9", {"valueCoding": coding(LA[2], WORDS[1])})]), "code_mismatch"),
    "code and weight differ": (form([*us_core(ANSWERS)[1:], item("/44250-9", {"valueCoding": coding(LA[2]) | {"extension": [{"url": HL7 + "ordinalValue", "valueDecimal": 3}]}})]), "code_mismatch"),
    "number and words differ": (one_by_one("f1.{}.1", lambda a: {"valueString": f"{3 - a} - {WORDS[a]}"}, first=3)(ANSWERS), "code_mismatch"),
    "an answer of the difficulty": (form([*us_core(ANSWERS)[1:], item("/44250-9", {"valueCoding": coding("LA6572-7")})]), "form_not_known"),
    "an answer of another list": (form([*us_core(ANSWERS)[1:], item("/44250-9", {"valueCoding": coding("LA137-2")})]), "form_not_known"),
    "an answer of a list of its own": (form([*us_core(ANSWERS)[1:], item("/44250-9", {"valueCoding": coding("2", None, "urn:x")})]), "form_not_known"),
    "yes": (form([*us_core(ANSWERS)[1:], item("/44250-9", {"valueBoolean": True})]), "form_not_known"),
    "a text where a number is": (form([*us_core(ANSWERS)[1:], item("/44250-9", number("1"))]), "form_not_known"),
    "unknown question": (form([*us_core(ANSWERS), item("/99999-9", number(1))]), "form_not_known"),
    "known name, unknown questions": (form([item("q1", number(1))], questionnaire=NAMED), "form_not_known"),
    "questions in another order": (one_by_one("phq9_{}", number)(ANSWERS) | {"item": [item(f"phq9_{10 - at}", number(1), text=QUESTIONS[at - 1]) for at in range(1, 10)]}, "code_mismatch"),
    "eight questions": (form(us_core(ANSWERS)[:8]), "form_not_known"),
    "nine numbers under linkIds of any form": (one_by_one("g1.q{}", number)(ANSWERS) | {"questionnaire": "Questionnaire/7"}, "form_not_known"),
    "the panel with a value": (observed("44249-1", number(13)), "code_mismatch"),
    "the panel called a score": (observed("", code={"coding": [coding("44249-1", "PHQ-9 total score")]}), "code_mismatch"),
    "the total called a panel": (observed("", number(13), code={"coding": [coding("44261-6", "PHQ-9 quick depression assessment panel")]}), "code_mismatch"),
    "the total called another scale": (observed("", number(13), code={"coding": [coding("44261-6", "Edinburgh Postnatal Depression Scale")]}), "code_mismatch"),
    "an item called another": (observed("", number(1), code={"coding": [coding("44259-0", QUESTIONS[3])]}), "code_mismatch"),
    "the form for teens called the PHQ-9": (observed("", number(13), code={"coding": [coding("89204-2", "PHQ-9 total score")]}), "code_mismatch"),
    "a local code called the PHQ-9": (observed("", number(13), code={"coding": [coding("123", "PHQ-9 score", "urn:x")]}), "form_not_known"),
    "two codes": (observed("", number(1), code={"coding": [coding("44259-0"), coding("44261-6")]}), "code_mismatch"),
    "a unit of another thing": (observed("44261-6", {"valueQuantity": {"value": 13, "unit": "kg"}}), "code_mismatch"),
    "a bound": (observed("44261-6", {"valueQuantity": {"value": 13, "comparator": "<"}}), "code_mismatch"),
    "an unknown component": (observed("44249-1", component=[{"code": {"coding": [coding("1234-5")]}, "valueInteger": 1}]), "form_not_known"),
    "a member that is not there": (observed("44249-1", hasMember=[{"reference": "Observation/gone"}]), "part_missing"),
    "items of a PHQ-8": (bundle(*(observed(c, number(1), at) for at, c in enumerate(ITEM_CODES[:8]))), "form_not_known"),
    "two totals": (bundle(observed("44261-6", number(13)), observed("44261-6", number(14), 2)), "answers_conflict"),
    "a member that is not finished": (bundle(observed("44261-6", number(13)), observed("44250-9", number(1), 2, status="preliminary")), "not_finished"),
    "members of two days": (bundle(observed("44249-1", hasMember=[{"reference": "Observation/o2"}]), observed("44261-6", number(1), 2, effectiveDateTime="2026-01-09")), "answers_conflict"),
    "members of two patients": (bundle(observed("44249-1", hasMember=[{"reference": "Observation/o2"}]), observed("44261-6", number(1), 2, subject={"reference": "Patient/P-2"})), "answers_conflict"),
    "a key twice": (bundle(form([])) | {"entry": [{"resource": 1}]}, ""),
}  # fmt: skip
ASIDE["a key twice"] = (json.dumps(bundle(observed("44261-6", number(13)))).replace('"valueInteger": 13', '"valueInteger": 13, "valueInteger": 12').encode(), "not_json")  # fmt: skip


@pytest.mark.parametrize("name", ASIDE)
def test_doubt_sets_the_row_aside(name: str) -> None:
    value, reason = ASIDE[name]
    assert fate(value) == aside(reason)
    assert reason in SENTENCES


OTHERS = {
    "PHQ-2": form(PHQ_2),
    "PHQ-2 panel": observed("55757-9", component=[{"code": {"coding": [coding("44250-9")]}, "valueInteger": 1}]),
    "PHQ-2 total": observed("55758-7", number(3)),
    "PHQ-2 items": observed("44250-9", number(1)),
    "PHQ-8 by name": form(us_core(ANSWERS)[:8], questionnaire="http://example.org/phq-8"),
    "PHQ-A by name": form(us_core(ANSWERS), questionnaire="http://example.org/PHQ-A"),
    "PHQ-9M by name": form(us_core(ANSWERS), questionnaire="http://example.org/phq9m"),
    "PHQ-9 for teens": observed("", number(13), code={"coding": [coding("89204-2", "Patient Health Questionnaire-9: Modified for Teens total score")]}),
    "GAD-7, numbered as HL7 does": form([item(f"H1/T1/Q{at}", {"valueCoding": coding(LA[1])}, text="Feeling nervous, anxious, or on edge") for at in range(1, 8)]),
    "ten questions of another scale": form([item(f"H1/T1/Q{at}", number(2), text="In the last month, how often have you felt nervous?") for at in range(1, 11)]),
    "weight": observed("29463-7", {"valueQuantity": {"value": 80, "unit": "kg"}}),
    "no code": observed("", code={"text": "Something else"}),
    "a form of its own": form([item("a", {"valueBoolean": True})]),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_another_questionnaire_is_not_taken_for_a_phq_9(name: str) -> None:
    """It is left out and counted; a file with nothing else is refused."""
    sheet = read(bundle(OTHERS[name] | {"id": "x", "subject": {"reference": "Patient/P-9"}}, form(us_core(ANSWERS))))
    assert (sheet.lines.to_list(), sheet.aside, sheet.blank) == ([2], (), 1)
    if name != "PHQ-2 items":
        assert fate(OTHERS[name]) == ("no_phq9", None, None)


def test_a_subtotal_beside_the_nine_items_says_nothing() -> None:
    assert rows(form([*us_core(ANSWERS), item("/55758-7", number(3))])) == [expected()]
    panel = observed("44249-1", place=9, hasMember=[{"reference": "Observation/o1"}, {"reference": "Observation/o2"}])
    assert rows(bundle(panel, observed("44261-6", number(13)), observed("55758-7", number(3), 2))) == [
        expected([None] * 9, total="13")
    ]


def test_the_last_version_of_a_resource_counts() -> None:
    def version(total: int, **meta: str) -> Json:
        return observed("44261-6", number(total), meta=meta)

    by_number = bundle(version(1, versionId="2"), version(2, versionId="10"), version(3, versionId="1"), type="history")
    by_time = bundle(
        version(1, lastUpdated="2026-01-05T12:00:00+02:00"), version(2, lastUpdated="2026-01-05T11:00:00Z")
    )
    for value, left_out in ((by_number, 2), (by_time, 1), (bundle(version(2), version(2)), 1)):
        assert [row["total"] for row in rows(value)] == ["2"]
        assert read(value).blank == left_out
    assert fate(bundle(version(1), version(2))) == ([(1, "two_versions"), (2, "two_versions")], 0)


def test_a_deletion_is_no_retraction() -> None:
    value = bundle(observed("44261-6", number(13)), observed("44261-6", number(7), 2, effectiveDateTime="2026-03-03"))
    value["entry"].append({"request": {"method": "DELETE", "url": "Observation/o1"}})
    assert fate(value) == ([(1, "deleted_in_source"), (3, "deleted_in_source")], 1)


def test_what_was_entered_in_error_and_then_anew_stands() -> None:
    wrong = observed("44261-6", number(20), status="entered-in-error")
    assert rows(bundle(wrong, observed("44261-6", number(10), 2))) == [expected([None] * 9, total="10")]
    forms = [form(us_core(ANSWERS), id=str(at)) for at in range(2)]
    sheet = read(bundle(forms[0] | {"status": "entered-in-error"}, forms[1]))
    assert (sheet.lines.to_list(), sheet.blank) == ([2], 1)


def test_a_retraction_without_its_values_is_not_passed_over() -> None:
    """The contract says what it lacks."""
    empty = observed(
        "44261-6", status="entered-in-error", dataAbsentReason={"coding": [coding("error", None, "urn:x")]}
    )
    assert rows(empty) == [expected([None] * 9, status="entered_in_error")]


def test_a_panel_that_is_retracted_takes_its_members_with_it() -> None:
    panel = observed("44249-1", place=9, status="entered-in-error", hasMember=[{"reference": "Observation/o1"}])
    assert rows(bundle(panel, observed("44261-6", number(13)))) == [
        expected([None] * 9, total="13", status="entered_in_error")
    ]
    total = observed("44261-6", number(13), status="entered-in-error")
    assert rows(bundle(panel | {"status": "corrected"}, total, observed("44250-9", number(1), 2))) == [
        expected([1, *[None] * 8], status="corrected")
    ]


def test_two_forms_of_one_moment_stay_two_rows() -> None:
    """The door says whether they are duplicates or contradict each other."""
    forms = [form(us_core(ANSWERS), id=str(at)) for at in range(2)]
    assert read(bundle(*forms)).lines.to_list() == [1, 2]


CANARY = "Canary Quillfeather"
PLACES: dict[str, tuple[Any, str]] = {
    "narrative": (form(us_core(ANSWERS), text={"status": "generated", "div": f"<div>{CANARY}</div>"}), "free text"),
    "narrative, empty": (form(us_core(ANSWERS), text={"status": "generated", "div": ""}), "free text"),
    "subject.display": (form(us_core(ANSWERS), subject={"reference": "Patient/P-001", "display": CANARY}), "name"),
    "subject.display alone": (form(us_core(ANSWERS), subject={"display": CANARY}), "name"),
    "author.display": (form(us_core(ANSWERS), author={"reference": "Practitioner/1", "display": CANARY}), "name"),
    "source.display": (form(us_core(ANSWERS), source={"display": CANARY}), "name"),
    "performer.display": (observed("44261-6", number(1), performer=[{"display": CANARY}]), "name"),
    "encounter.display": (observed("44261-6", number(1), encounter={"reference": "Encounter/1", "display": CANARY}), "name"),
    "assigner": (form(us_core(ANSWERS), subject={"identifier": {"value": "P-001", "assigner": {"display": CANARY}}}), "name"),
    "record number": (form(us_core(ANSWERS), subject={"identifier": {"value": "P-001", "type": {"coding": [coding("MR")]}}}), "record number"),
    "social security number": (form(us_core(ANSWERS), subject={"identifier": {"value": "P-001", "system": "http://hl7.org/fhir/sid/us-ssn"}}), "social security number"),
    "a second number": (form(us_core(ANSWERS), subject={"reference": "Patient/P-001", "identifier": {"value": CANARY}}), "record number"),
    "note": (observed("44261-6", number(1), note=[{"text": CANARY}]), "free text"),
    "contained name": (form(us_core(ANSWERS), contained=[{"resourceType": "Patient", "id": "p", "name": [{"family": CANARY}]}]), "name"),
    "Patient with a birth date": (bundle(form(us_core(ANSWERS)), {"resourceType": "Patient", "id": "P-001", "birthDate": "1970-01-01"}), "date"),
    "Patient with an address": (bundle(form(us_core(ANSWERS)), {"resourceType": "Patient", "address": [{"line": [CANARY]}]}), "street"),
    "Patient with a telephone": (bundle(form(us_core(ANSWERS)), {"resourceType": "Patient", "telecom": [{"value": CANARY}]}), "telephone number"),
    "Patient with a photo": (bundle(form(us_core(ANSWERS)), {"resourceType": "Patient", "photo": [{"url": CANARY}]}), "image or file"),
    "Patient with a number": (bundle(form(us_core(ANSWERS)), {"resourceType": "Patient", "identifier": [{"value": CANARY}]}), "record number"),
    "answer in words": (form([*us_core(ANSWERS), item("how", {"valueString": f"my doctor {CANARY.lower()} knows"})]), "free text"),
    "answer of another form": (bundle(form(us_core(ANSWERS)), form([item("a", {"valueString": CANARY.lower()})])), "free text"),
    "answer with a name": (form([*us_core(ANSWERS)[1:], item("/44250-9", {"valueString": CANARY})]), "name"),
    "answer with a date": (form([*us_core(ANSWERS), item("born", {"valueDate": "1970-01-01"})]), "date"),
    "attachment": (form([*us_core(ANSWERS), item("a", {"valueAttachment": {"title": CANARY}})]), "image or file"),
    "observed in words": (bundle(form(us_core(ANSWERS)), observed("x", {"valueString": CANARY.lower()})), "free text"),
    "extension in words": (form(us_core(ANSWERS), extension=[{"url": HL7 + "patient-mothersMaidenName", "valueString": CANARY}]), "free text"),
    "extension with an address": (form(us_core(ANSWERS), extension=[{"url": "x", "valueAddress": {"city": CANARY}}]), "street"),
    "display with a telephone number": (observed("", number(1), code={"coding": [coding("44261-6", "call 555-123-4567")]}), "telephone number"),
    "text of a question with a number": (form([*us_core(ANSWERS)[1:], item("/44250-9", coded(1), text="member id 123")]), "record number"),
    "e-mail address in an id": (form(us_core(ANSWERS), id="quill@example.org"), "e-mail address"),
    "search in a link": (bundle(form(us_core(ANSWERS)), link=[{"relation": "self", "url": f"http://x/Observation?patient.name={CANARY}"}]), "name"),
    "a key twice": (json.dumps(form(us_core(ANSWERS))).replace('"id"', '"name": "Canary", "id": "a", "id"').encode(), "name"),
    "a broken line": (written(form(us_core(ANSWERS)), b'{"resourceType": "Patient", "name": [{"family": "Canary'), "name"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLACES)
def test_an_identifier_refuses_the_file_by_its_kind(name: str) -> None:
    value, kind = PLACES[name]
    with pytest.raises(FileRefusedError) as refused:
        read(value)
    assert (refused.value.reason_code, refused.value.kind) == ("identifier", kind)
    assert "anary" not in repr(vars(refused.value)) + str(refused.value)
    assert refused.value.__context__ is None or refused.value.__suppress_context__


@pytest.mark.parametrize(
    "value",
    [
        form(us_core(ANSWERS), maritalStatus={"text": "x"}),
        form(us_core(ANSWERS), modifierExtension=[{"url": "x", "valueBoolean": True}]),
        bundle(form(us_core(ANSWERS)), {"resourceType": "Encounter", "id": "e1"}),
        bundle(bundle(form(us_core(ANSWERS)))),
        bundle({"id": "no type"}),
    ],
)
def test_an_element_out_of_the_closed_world_refuses_the_file(value: Json) -> None:
    reason, line, kind = fate(value)
    assert (reason, kind) == ("unknown_element", None)
    assert line in (1, 2)


def test_the_line_of_a_refusal() -> None:
    good, bad = form(us_core(ANSWERS)), PLACES["subject.display"][0]
    assert fate(bundle(good, OTHERS["weight"], bad)) == ("identifier", 3, "name")
    assert fate(written(good, b"", OTHERS["weight"], bad)) == ("identifier", 4, "name")
    assert fate(bundle(good, PLACES["answer in words"][0])) == ("identifier", 2, "free text")


def test_harmless_words_do_not_refuse_a_file() -> None:
    title = {"extension": [{"url": HL7 + "display", "valueString": "Patient Health Questionnaire (PHQ-9)"}]}
    value = form(
        us_core(ANSWERS),
        meta={"versionId": "1", "lastUpdated": "2026-01-05T10:00:00Z", "profile": ["http://example.org/p"], "tag": [coding("a", "b", "urn:x")]},
        _questionnaire=title, questionnaire="http://loinc.org/q/44249-1|2.72", author={"reference": "Patient/P-001", "type": "Patient"},
        identifier={"system": "urn:example", "value": "r-17"}, encounter={"reference": "Encounter/4"}, text={"status": "empty"},
        extension=[{"url": "http://hl7.org/fhir/uv/sdc/triggeredBy", "valueReference": {"reference": "PlanDefinition/1"}}],
    )  # fmt: skip
    survey = [{"coding": [coding("survey", "Survey", "http://terminology.hl7.org/c")], "text": "Survey"}]
    total = observed(
        "44261-6", number(7), 3, category=survey, issued="2026-02-05T10:00:00Z", effectiveDateTime="2026-02-05"
    )
    assert fate(bundle(value, total, link=[{"relation": "self", "url": "http://x/Observation?code=44261-6"}])) == (
        [],
        2,
    )


def test_lines_are_physical_and_a_damaged_one_costs_itself() -> None:
    good = [form(us_core(ANSWERS), id=str(at), subject={"reference": f"Patient/P-{at}"}) for at in range(3)]
    value = written(b"", good[0], b"", b'{"resourceType": "Observ', good[1], b"[1]", good[2]) + b"\r\n"
    sheet = read(value)
    assert sheet.lines.to_list() == [2, 5, 7]
    assert sheet.aside == ((4, "not_json"), (6, "not_json"))
    first = read(written(b'{"resourceType": "Observ', good[0]))
    assert (first.lines.to_list(), first.aside) == ([2], ((1, "not_json"),))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty_file"),
        (b" \n", "empty_file"),
        (b"\xef\xbb\xbf", "empty_file"),
        (b"\xff{}", "not_utf8"),
        (b"{}\x00", "holds_nul"),
        (b"{", "not_readable"),
        (b"[]", "not_readable"),
        (b"[" * 100_000, "not_readable"),
        (b'{"resourceType": NaN}', "not_readable"),
        (b'{"a": 1} {"b": 2}', "not_readable"),
        (b'{"resourceType": "Bundle", "entry": {}}', "not_readable"),
        (b'{"resourceType": "Bundle", "entry": [1]}', "not_readable"),
        (b'{"resourceType": "Bundle", "type": "a", "type": "b"}', "not_readable"),
        (json.dumps(bundle(observed("44261-6", number(1)))).encode()[:-20], "not_readable"),
        (b"{}", "unknown_element"),
        (
            b'{"resourceType": "Observation", "extension": {"url": [], "valueString": "a", "valueUri": "b"}}',
            "identifier",
        ),
        (json.dumps(form([]) | {"resourceType": "Bundle"}).encode(), "unknown_element"),
    ],
)
def test_what_is_no_fhir_is_refused(data: bytes, reason: str) -> None:
    assert fate(data)[0] == reason


def test_an_empty_bundle_is_taken() -> None:
    sheet = read({"resourceType": "Bundle", "type": "searchset", "total": 0})
    assert (sheet.cells.shape, sheet.lines.len(), sheet.blank) == ((0, 13), 0, 0)


def test_deep_nesting_is_walked_or_refused() -> None:
    items = [item("/44250-9", coded(1))]
    for _ in range(200):
        items = [{"linkId": "group", "item": items}]
    assert rows(form([*items, *us_core(ANSWERS)[1:]])) == [expected([1, *ANSWERS[1:]])]
    deep = b'{"resourceType": "Observation", "extension": ' + b'[{"extension": ' * 50_000 + b"1" + b"}]" * 50_000 + b"}"
    assert fate(deep)[0] == "not_readable"


def test_half_a_character_is_no_text() -> None:
    text = json.dumps(form(us_core(ANSWERS), subject={"reference": "Patient/P\ud800"}))
    assert rows(text.encode())[0]["patient_id"] == "P?"


def test_the_sheet_has_the_shape_that_all_formats_have() -> None:
    sheet = read(bundle(form(us_core(ANSWERS)), observed("44261-6", number(5), effectiveDateTime="2026-04-04")))
    assert sheet.names == ("patient_id", "authored", *ITEMS, "total", "status")
    assert sheet.cells.columns == [str(at) for at in range(len(sheet.names))]
    assert set(sheet.cells.dtypes) == {pl.String}
    assert sheet.lines.dtype == pl.Int32


KEYS = st.sampled_from(
    ["resourceType", "entry", "resource", "item", "answer", "linkId", "code", "coding", "system", "display", "valueCoding", "valueInteger", "valueQuantity",
     "value", "unit", "subject", "reference", "identifier", "status", "id", "meta", "versionId", "extension", "url", "component", "hasMember", "authored",
     "_authored", "effectiveDateTime", "questionnaire", "text", "valueString", "request", "method", "fullUrl", "type", "offset", "valueDuration"]
)  # fmt: skip
WORDS_MET = st.sampled_from(
    ["Bundle", "QuestionnaireResponse", "Observation", "Patient", "Patient/P-1", "44261-6", "44249-1", "/44250-9", "H1/T1/Q1", "LA6568-5", LOINC, "final", "completed",
     "entered-in-error", "Several days", "urn:uuid:1", "Observation/o1", "o1", "DELETE", NAMED, HL7 + "cqf-relativeDateTime", "\ud800", ""]
)  # fmt: skip
LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | WORDS_MET
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=6), max_leaves=25
)


@settings(FEW, max_examples=300)
@given(st.lists(VALUES, min_size=1, max_size=3), st.booleans())
def test_no_json_breaks_the_reader(values: list[Any], is_lines: bool) -> None:
    data = written(*values) if is_lines else json.dumps(values[0]).encode()
    sheet = sheet_or_reason(data)
    if isinstance(sheet, str):
        assert sheet in SENTENCES
        return
    assert sheet.cells.height == sheet.lines.len()
    assert {reason for _, reason in sheet.aside} <= set(SENTENCES)
    lines = [*sheet.lines, *(line for line, _ in sheet.aside)]
    assert len(lines) == len(set(lines))


RESOURCES = st.sampled_from([*(value for value, _ in ASIDE.values() if isinstance(value, dict)), *OTHERS.values(), *(style(ANSWERS) for style in STYLES.values())])  # fmt: skip


@settings(FEW, max_examples=300)
@given(st.data())
def test_a_good_file_that_was_changed_breaks_nothing(data: st.DataObject) -> None:
    """Any value within a good file, put in the place of another; and what was read adds up."""
    value = json.loads(json.dumps(data.draw(RESOURCES)))
    holders = [each for each in walked(value) if each]
    holder = data.draw(st.sampled_from(holders))
    key = data.draw(st.sampled_from(sorted(holder) if isinstance(holder, dict) else list(range(len(holder)))))
    holder[key] = data.draw(LEAVES | VALUES)
    sheet = sheet_or_reason(json.dumps(value).encode())
    if isinstance(sheet, str):
        assert sheet in SENTENCES
        return
    count = len(value.get("entry", [])) if value.get("resourceType") == "Bundle" else 1
    assert sheet.cells.height + len(sheet.aside) + sheet.blank <= count


def sheet_or_reason(data: bytes) -> Sheet | str:
    try:
        return read_fhir(data)
    except FileRefusedError as error:
        return error.reason_code


def walked(value: Any) -> list[Any]:
    inside = list(value.values()) if isinstance(value, dict) else value if isinstance(value, list) else []
    return ([value] if inside else []) + [each for one in inside for each in walked(one)]


def test_the_tables_have_every_item_once() -> None:
    for style, table in codes.LINK_IDS.items():
        assert set(ITEMS) <= set(table.values()), style
    assert [codes.LOINC_COLUMNS[code] for code in ITEM_CODES] == ITEMS
    assert [codes.asks(text) for text in QUESTIONS] == [{name} for name in ITEMS]


def test_ten_thousand_entries_are_quick() -> None:
    """A bound on the work, not on the clock: each resource is looked at once."""
    value = bundle(*(observed("44261-6", number(at % 28), at, subject={"reference": f"Patient/P-{at}"}) for at in range(10_000)))  # fmt: skip
    sheet = read(value)
    assert (sheet.cells.height, sheet.lines[-1], sheet.blank) == (10_000, 10_000, 0)
