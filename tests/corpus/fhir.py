"""FHIR: each guide's way to write a PHQ-9, as a Bundle and as NDJSON; what is not finished, and what is none."""

from __future__ import annotations

import json
from typing import Any

from tests.corpus.base import FOLLOWED, NONE, Kit, add, refused, taken
from tests.corpus.sources import ANSWERS

Json = dict[str, Any]
LOINC = "http://loinc.org"
CODES = ["44250-9", "44255-8", "44259-0", "44254-1", "44251-7", "44258-2", "44252-5", "44253-3", "44260-8"]
LA = ["LA6568-5", "LA6569-3", "LA6570-1", "LA6571-9"]
WORDS = ["Not at all", "Several days", "More than half the days", "Nearly every day"]
NAMED = "http://example.org/fhir/Questionnaire/phq-9"
RELATIVE = "http://hl7.org/fhir/StructureDefinition/cqf-relativeDateTime"


def since(days_after: int) -> Json:
    """A time as days from day 0."""
    target = {"url": "target", "valueReference": {"reference": "Procedure/first-infusion"}}
    relation = {"url": "relationship", "valueCode": "after"}
    return {"extension": [{"url": RELATIVE, "extension": [target, relation, {"url": "offset", "valueDuration": {"value": days_after, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d"}}]}]}  # fmt: skip


def form(k: Kit, links: str, answer: Any, n: int = 1, **more: Any) -> Json:
    """A QuestionnaireResponse of nine answers."""
    names = [f"/{code}" for code in CODES] if links == "loinc" else [links.format(at) for at in range(1, 10)]
    return {
        "resourceType": "QuestionnaireResponse", "id": f"q{n}", "status": "completed", "questionnaire": NAMED, "_authored": since(30),
        "subject": {"reference": f"Patient/{k.who(n)}"}, "item": [{"linkId": name, "answer": [answer(a)]} for name, a in zip(names, ANSWERS, strict=True)],
    } | more  # fmt: skip


def coded(answer: int) -> Json:
    """An answer by its LOINC code."""
    return {"valueCoding": {"system": LOINC, "code": LA[answer], "display": WORDS[answer]}}


def bundle(*resources: Json) -> bytes:
    """A Bundle."""
    return json.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": each} for each in resources]}
    ).encode()


def lines(*resources: Json) -> bytes:
    """NDJSON."""
    return "".join(json.dumps(each) + "\n" for each in resources).encode()


def told(k: Kit, line: int, n: int = 1, **more: Any) -> dict[str, Any]:
    """A row of F01: day 30, and no total but the answers'."""
    return k.kept(line, n, **({"clinic_id": "F01", **FOLLOWED, "total": None, "status": "final"} | more))


def observed(k: Kit, code: str, value: Json, n: int = 1, **more: Any) -> Json:
    """An Observation."""
    return {
        "resourceType": "Observation", "id": f"o{n}", "status": "final", "code": {"coding": [{"system": LOINC, "code": code}]},
        "subject": {"reference": f"Patient/{k.who(n)}"}, "_effectiveDateTime": since(30),
    } | value | more  # fmt: skip


STYLES: dict[str, tuple[str, Any]] = {
    "US Core": ("loinc", coded), "Argonaut": ("g1.q{}", coded), "MII": ("PHQ-9.{}", coded), "ReproSchema": ("phq9_{}", lambda a: {"valueInteger": a}),
    "HL7 SDC": ("H1/T1/Q{}", coded), "words": ("PHQ-9.{}", lambda a: {"valueString": WORDS[a]}),
}  # fmt: skip
for _name, (_links, _answer) in STYLES.items():
    add(
        f"FHIR Bundle: {_name}",
        lambda k, links=_links, answer=_answer: (bundle(form(k, links, answer)), taken(told(k, 1))),
    )
    add(
        f"FHIR NDJSON: {_name}",
        lambda k, links=_links, answer=_answer: (
            lines(form(k, links, answer), form(k, links, answer, 2)),
            taken(told(k, 1), told(k, 2, 2)),
        ),
    )
_TOTAL = {"valueQuantity": {"value": 10, "unit": "{score}"}}
add("FHIR: a total", lambda k: (lines(observed(k, "44261-6", _TOTAL)), taken(told(k, 1, **NONE, total=10))))
add(
    "FHIR: a total as a whole number, corrected",
    lambda k: (
        lines(observed(k, "44261-6", {"valueInteger": 10}, status="corrected")),
        taken(told(k, 1, **NONE, total=10, status="corrected")),
    ),
)
add(
    "FHIR: a total of 28",
    lambda k: (lines(observed(k, "44261-6", {"valueInteger": 28})), taken(aside=[(1, "total", "total_range")])),
)
add(
    "FHIR: in progress",
    lambda k: (
        lines(form(k, "loinc", coded), form(k, "loinc", coded, 2, status="in-progress")),
        taken(told(k, 1), aside=[(2, None, "not_finished")]),
    ),
)
add(
    "FHIR: preliminary",
    lambda k: (lines(observed(k, "44261-6", _TOTAL, status="preliminary")), taken(aside=[(1, None, "not_finished")])),
)
add(
    "FHIR: entered in error",
    lambda k: (lines(form(k, "loinc", coded, status="entered-in-error")), taken(told(k, 1, status="entered_in_error"))),
)
add(
    "FHIR: another observation beside it",
    lambda k: (
        lines(form(k, "loinc", coded), observed(k, "8867-4", {"valueInteger": 70}, 2)),
        taken(told(k, 1), blank=1),
    ),
)
add("FHIR: no PHQ-9", lambda k: (lines(observed(k, "8867-4", {"valueInteger": 70})), refused("no_phq9")))
add(
    "FHIR: narrative",
    lambda k: (
        bundle(form(k, "loinc", coded, text={"status": "generated", "div": "<div>Jane Roe</div>"})),
        refused("identifier", "free text"),
    ),
)
add(
    "FHIR: a code and other words",
    lambda k: (
        lines(
            form(k, "loinc", lambda a: {"valueCoding": {"system": LOINC, "code": LA[a], "display": WORDS[3 - a]}}),
            form(k, "loinc", coded, 2),
        ),
        taken(told(k, 2, 2), aside=[(1, None, "code_mismatch")]),
    ),
)
