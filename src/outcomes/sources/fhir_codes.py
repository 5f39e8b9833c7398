"""Answers of FHIR resources as cells, by the tables of schemas/codes.py; what can be meant in two ways is no answer."""

from __future__ import annotations

from outcomes.sources.fhir_gate import NUMBERED_WORDS, Json, Number, in_words, objects, text_of
from schemas.codes import LOINC, SCORE_UNITS, SDC_ANSWERS, SDC_SYSTEM, answer_codes, answer_words, asks
from schemas.scores import ITEMS

HL7 = "http://hl7.org/fhir/StructureDefinition/"
_WEIGHTS = {HL7 + "itemWeight", HL7 + "ordinalValue"}


class OddError(Exception):
    """An answer that is not one of the tables: the reason code its row is set aside for."""

    def __init__(self, fault: str) -> None:
        super().__init__(fault)
        self.fault = fault


def agrees(column: str, text: str) -> None:
    """Raises OddError where the words of a question, or of a code, are those of another."""
    if (spoken_of := asks(text)) and (column not in spoken_of or "other" in spoken_of):
        raise OddError("code_mismatch")


def values(holder: Json) -> list[str]:
    """The names of the value[x] that an answer, an observation or a component has."""
    return [key for key in holder if key.startswith("value")]


def cell(column: str, holder: Json) -> str | None:
    """The text of an answer, as the contract reads it; None where there is none. Raises OddError in doubt."""
    keys = values(holder)
    if not keys:
        return None
    if len(keys) > 1:
        raise OddError("answers_conflict")
    key, value = keys[0], holder[keys[0]]
    weights = _weights(holder)
    if key in ("valueInteger", "valueDecimal") and isinstance(value, Number):
        text = str(value)
    elif key == "valueQuantity" and isinstance(value, dict) and isinstance(value.get("value"), Number):
        units = {text_of(value, "unit").lower(), text_of(value, "code").lower()}
        if "comparator" in value or not units <= SCORE_UNITS:
            raise OddError("code_mismatch")
        text = str(value["value"])
    elif key == "valueString" and text_of(holder, key):
        text = _written(column, value)
    elif key in ("valueCoding", "valueCodeableConcept") and isinstance(value, dict):
        codings = [value] if key == "valueCoding" else objects(value, "coding")
        weights = weights.union(*(_weights(coding) for coding in codings))
        text = _coded(column, codings, text_of(value, "text"))
    else:
        raise OddError("form_not_known")
    if weights and weights != {_plain(text, column)}:
        raise OddError("code_mismatch")
    return text


def _plain(text: str, column: str) -> float | None:
    try:
        return float(answer_words(column).get(in_words(text), text))
    except ValueError:
        return None


def _written(column: str, text: str) -> str:
    """An answer in words, as `Several days` or `1 - Several days`."""
    words = answer_words(column)
    if numbered := NUMBERED_WORDS.fullmatch(text.strip()):
        if words.get(in_words(numbered[2])) != int(numbered[1]):
            raise OddError("code_mismatch")
        return numbered[1]
    # The contract reads the words of the items; of the difficulty it knows only the numbers.
    return str(words[in_words(text)]) if column == "item_10" and in_words(text) in words else text


def _coded(column: str, codings: list[Json], text: str) -> str:
    scores: set[int] = set()
    words = answer_words(column)
    for coding in codings:
        system, code = text_of(coding, "system"), text_of(coding, "code")
        if (system in LOINC or not system) and code.startswith("LA"):
            if code not in answer_codes(column):
                raise OddError("form_not_known")
            scores.add(answer_codes(column)[code])
        elif is_sdc(coding):
            if column not in ITEMS or code not in SDC_ANSWERS:
                raise OddError("form_not_known")
            scores.add(SDC_ANSWERS[code])
    said = [in_words(text), *(in_words(text_of(each, "display")) for each in codings)]
    scores |= {words[each] for each in said if each in words}
    if len(scores) > 1:
        raise OddError("code_mismatch")
    if not scores:
        raise OddError("form_not_known")
    return str(scores.pop())


def is_sdc(coding: Json) -> bool:
    """Whether a coding is of the code system that HL7 SDC has for the PHQ-9."""
    return text_of(coding, "system").rpartition("/")[2] == SDC_SYSTEM


def _weights(holder: Json) -> set[float | None]:
    """The weights that extensions give an answer."""
    extensions = [each for each in objects(holder, "extension") if text_of(each, "url") in _WEIGHTS]
    return {float(each["valueDecimal"]) if isinstance(each.get("valueDecimal"), Number) else None for each in extensions}  # fmt: skip
