"""The closed world of a FHIR file: every element is read, known to be harmless, or refuses the file.

FHIR has a place for anything about a person, so what is not of the list below is not let in. Nothing here keeps or shows
a value.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from outcomes.errors import FileRefusedError
from outcomes.identifiers import kind_of_identifier
from schemas.codes import ALL_WORDS

Json = dict[str, Any]


class Number(str):
    """A JSON number as it is written: 2.50 is not the whole number 2, and no digit is lost."""

    __slots__ = ()


# Elements that are read, or that hold codes, references, and words of the form and never of a person.
_PLAIN = {
    key
    for keys in (
        "resourceType id meta versionId lastUpdated source profile security tag implicitRules language contained",
        "extension identifier use type system value period assigner start end coding code version userSelected",
        "reference basedOn partOf questionnaire status subject encounter authored author item linkId definition",
        "answer category focus effectiveDateTime effectivePeriod effectiveInstant issued performer",
        "dataAbsentReason interpretation bodySite method specimen device referenceRange low high appliesTo age",
        "hasMember derivedFrom component comparator valueCoding valueInteger valueDecimal valueQuantity",
        "valueCodeableConcept valueBoolean valueCode valueReference valueDuration valueCanonical valueRange",
        "valueRatio numerator denominator timestamp total entry fullUrl resource search mode score request",
        "response location etag lastModified active gender",
    )
    for key in keys.split()
}
# Elements with words, or of a shape that can be of a person: looked at where they are met.
_LOOKED_AT = {"display", "text", "unit", "valueString", "valueUri", "url", "link", "relation"}
_KNOWN = _PLAIN | _LOOKED_AT
# Elements whose place is for an identifier: their kind is named.
_KINDS = {
    key: kind
    for kind, keys in {
        "name": "name given family prefix suffix contact alias valueHumanName",
        "date": "birthDate deceasedDateTime valueDate valueDateTime valueTime valueInstant valuePeriod valueTiming",
        "street": "address line city district state country valueAddress position",
        "postal code": "postalCode",
        "telephone number": "telecom valueContactPoint phone",
        "image or file": "photo valueAttachment valueBase64Binary data attachment",
        "free text": "div note comment comments valueMarkdown valueAnnotation description conclusion",
        "record number": "valueIdentifier accession",
        "web address": "valueUrl",
    }.items()
    for key in keys.split()
}
# Shapes that no word of a form has; names and sentences it has itself.
_SHAPES = {
    "e-mail address",
    "social security number",
    "telephone number",
    "date",
    "network address",
    "postal code",
    "record number",
    "card number",
    "street",
    "image or file",
}
_EMAIL = re.compile(r"(?<=[^@\s\"])@[^@\s\"]{1,255}\.[A-Za-z]{2}")
_PERSONAL_SEARCH = re.compile(r"[?&][\w.:-]*(?:name|family|given|birthdate|phone|email|address|telecom|identifier)[\w:-]*=", re.IGNORECASE)  # fmt: skip
_HL7 = "http://hl7.org/fhir/"
# The words of these extensions are of the form, not of the answers: its name, a translation, where a day is counted from.
_WORDED = {_HL7 + "StructureDefinition/display", "content", "targetPath"}
_NAMED_BY_URI = {
    _HL7 + "us/core/StructureDefinition/us-core-extension-questionnaire-uri",
    _HL7 + "StructureDefinition/questionnaireresponse-signature",
}
_SYSTEMS = {
    _HL7 + "sid/us-ssn": "social security number",
    _HL7 + "sid/us-medicare": "record number",
    _HL7 + "sid/us-mbi": "record number",
    "urn:oid:2.16.840.1.113883.4.1": "social security number",
}
# Types of an identifier (HL7 v2 table 0203) that are a person's: record, social security, driver's licence, passport, insurance.
_TYPES = {"MR", "MRT", "SS", "SB", "DL", "PPN", "MA", "MB", "MC", "MI", "MS", "NI", "NH", "NPI", "PI", "PT", "AN", "HC"}
# Answers given as `2 - More than half the days`.
NUMBERED_WORDS = re.compile(r"([0-3]) ?[-–] ?(\S.*)")
_SHORT_NUMBER = re.compile(r"-?[0-9]{1,3}(?:\.[0-9]{1,3})?")
_REMEMBERED = 100_000
# No reference or address is longer.
_LONGEST = 2000


class Doubled(dict[str, Any]):
    """An object that has a key twice: nothing says which of the two is meant."""


class Gate:
    """Reads JSON, and looks at every object of it, however deep.

    found: the first identifier, else the first unknown element, with the object it is of. words: answers in words that no answer of the form is, by the identity of their
    object: who reads the form takes those of a known question out, and what is left is free text.
    """

    def __init__(self) -> None:
        self.found: tuple[FileRefusedError, Json] | None = None
        self.words: dict[int, Json] = {}
        self.doubled: list[Json] = []
        self._harmless: set[str] = set()
        self._decoder = json.JSONDecoder(
            object_pairs_hook=self._object, parse_int=Number, parse_float=Number, parse_constant=_refused_constant
        )

    def read(self, text: str, at: int = 0) -> tuple[Any, int]:
        """The JSON value of `text` from `at` on, and where it ends. Raises ValueError where there is none."""
        try:
            return self._decoder.raw_decode(text, at)
        except RecursionError:
            raise ValueError from None

    def forget(self) -> None:
        """Before another resource is read."""
        self.found = None
        self.words.clear()
        self.doubled.clear()

    def free_text(self) -> tuple[FileRefusedError, Json] | None:
        """The first answer in words that nobody has taken out; asked when the forms are read."""
        left = next(iter(self.words.values()), None)
        return (FileRefusedError("identifier", kind="free text"), left) if left is not None else None

    def _object(self, pairs: list[tuple[str, Any]]) -> Json:
        item: Json = dict(pairs)
        if len(item) != len(pairs):
            item = Doubled(item)
            self.doubled.append(item)
            for key, value in pairs:
                self._look({key: value})
        if not _PLAIN.issuperset(item):
            self._look(item)
        if "value" in item and ("system" in item or "type" in item):
            self._personal(item)
        elif "identifier" in item and item.get("resourceType") == "Patient":
            self._refuse(item, "identifier", "record number")
        return item

    def _look(self, item: Json) -> None:
        for key, value in item.items():
            name = key[1:] if key.startswith("_") else key
            if name in _KINDS:
                self._refuse(item, "identifier", _KINDS[name])
            elif name not in _KNOWN:
                self._refuse(item, "unknown_element")
            elif key in _LOOKED_AT and isinstance(value, str):
                self._text(item, key, value)

    def _text(self, item: Json, key: str, value: str) -> None:
        if key == "display":
            is_coding = "code" in item or "system" in item
            if "reference" in item or "identifier" in item or not (is_coding or in_words(value) in ALL_WORDS):
                return self._refuse(item, "identifier", "name")
        elif key == "valueString":
            return self._answer(item, value)
        elif key == "valueUri":
            if text_of(item, "url") not in _NAMED_BY_URI:
                self._refuse(item, "identifier", "web address")
            return None
        elif key in ("url", "relation", "link"):
            if key == "url" and _PERSONAL_SEARCH.search(value[:_LONGEST]):
                self._refuse(item, "identifier", "name")
            return None
        if value not in self._harmless:
            self._shape(item, value)
        return None

    def _shape(self, item: Json, value: str) -> None:
        kind = kind_of_identifier("", value)
        if kind in _SHAPES:
            self._refuse(item, "identifier", kind)
        elif len(self._harmless) < _REMEMBERED:
            self._harmless.add(value)

    def _answer(self, item: Json, value: str) -> None:
        if "url" in item:
            if text_of(item, "url") in _WORDED:
                return self._shape(item, value)
            return self._refuse(item, "identifier", "free text")
        numbered = NUMBERED_WORDS.fullmatch(value.strip())
        if in_words(numbered[2] if numbered else value) in ALL_WORDS or _SHORT_NUMBER.fullmatch(value.strip()):
            return None
        if kind := kind_of_identifier("", value):
            return self._refuse(item, "identifier", kind)
        self.words[id(item)] = item
        return None

    def _personal(self, item: Json) -> None:
        """Refuses an identifier that is a person's by its system or type."""
        system = item.get("system")
        if isinstance(system, str) and system in _SYSTEMS:
            self._refuse(item, "identifier", _SYSTEMS[system])
        if any(text_of(coding, "code") in _TYPES for coding in objects(item.get("type"), "coding")):
            self._refuse(item, "identifier", "record number")

    def _refuse(self, item: Json, code: str, kind: str | None = None) -> None:
        if self.found is None or (kind is not None and self.found[0].kind is None):
            self.found = (FileRefusedError(code, kind=kind), item)


def kind_in_broken(text: str) -> str | None:
    """The kind of identifier whose element stands in text that is no JSON; None for none."""
    return next((_KINDS[key] for key in re.findall(r'"_?(\w+)"\s*:', text) if key in _KINDS), None)


def _refused_constant(_: str) -> None:
    raise ValueError  # NaN and Infinity are no JSON.


@lru_cache(maxsize=10_000)
def in_words(text: str) -> str:
    """A text as the tables of words have it."""
    return re.sub(r"\s+", " ", text.strip().lower().replace("’", "'"))


def objects(holder: Any, key: str) -> list[Json]:
    """The objects under `key`, one or a list of them; none where it is something else."""
    value = holder.get(key) if isinstance(holder, dict) else None
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else [value] if isinstance(value, dict) else []  # fmt: skip


def text_of(holder: Any, key: str) -> str:
    """The string under `key`; empty where it is something else."""
    value = holder.get(key) if isinstance(holder, dict) else None
    return value if isinstance(value, str) and not isinstance(value, Number) else ""


def reference_of(holder: Any, key: str = "reference") -> str:
    """The reference under `key`; empty where there is none that can be one."""
    text = text_of(holder, key)
    return text if len(text) <= _LONGEST else ""


def all_objects(value: Any) -> Iterator[Json]:
    """Every object in a JSON value, however deep."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield each
            waiting += each.values()
        elif isinstance(each, list):
            waiting += each


def holds_email(text: str) -> bool:
    """Whether there is the shape of an e-mail address anywhere in a file, its identifiers and addresses included."""
    return "@" in text and bool(_EMAIL.search(text))
