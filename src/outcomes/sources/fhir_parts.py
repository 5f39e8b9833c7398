"""What one FHIR resource says of a PHQ-9: its cells by column, whose it is, when, and how it stands.

Everything is looked up in tables (schemas/codes.py). Where a resource can be meant in two ways it gets a fault, the reason code
its row is set aside for; a resource that is no part of a PHQ-9 is None.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from outcomes.sources.fhir_codes import HL7, OddError, agrees, cell, is_sdc, values
from outcomes.sources.fhir_gate import (
    Json,
    Number,
    objects,
    reference_of,
    text_of,
)
from schemas.codes import (
    DRAWN_LINK_ID,
    FORM_STATUSES,
    LINK_IDS,
    LOINC,
    LOINC_COLUMNS,
    OBSERVATION_STATUSES,
    OTHER_INSTRUMENTS,
    PANEL,
    PHQ_2_TOTAL,
    SNOMED_COLUMNS,
    SNOMED_CT,
    SURE_STYLES,
    UNSURE_DIFFICULTY,
    asks,
    names_phq_9,
)
from schemas.scores import ITEMS

_RELATIVE = HL7 + "cqf-relativeDateTime"
_DAYS_IN = {"d": 1, "day": 1, "days": 1, "wk": 7, "week": 7, "weeks": 7}
_DATE = re.compile(r"([0-9]{4}(?:-[0-9]{2}(?:-[0-9]{2})?)?)(?:T.*)?")
_PATIENT = re.compile(r"(?:.*/)?Patient/([^/|#?]+)(?:/_history/[^/]+)?")
_URN = re.compile(r"urn:uuid:(.+)")
_NUMBERS = {"valueInteger", "valueDecimal", "valueQuantity"}
_SMALL = {"item_1", "item_2"}


@dataclass
class Part:
    """A resource, as far as it is a part of a PHQ-9.

    cells: column -> text as the contract reads it. time: the moment, in UTC where its zone is known, or the days; authored and days are the cells of
    it. status: of the contract, None where it is not finished. refers_to: the resources that it says are its parts, or that it was
    made from. named: whether it says of itself that it is a PHQ-9.
    """

    line: int
    is_form: bool
    key: str
    address: str
    patient: str | None
    subject: str
    time: str
    authored: str | None
    days: str | None
    status: str | None
    version: tuple[str, str]
    cells: dict[str, str] = field(default_factory=dict)
    members: tuple[str, ...] = ()
    made_from: tuple[str, ...] = ()
    named: bool = False
    is_panel: bool = False
    fault: str | None = None

    def put(self, column: str, cell: str | None) -> None:
        """Adds a cell; two for one column are in conflict."""
        if cell is not None:
            if column in self.cells:
                self.fault = self.fault or "answers_conflict"
            self.cells[column] = cell


def is_phq_9(columns: Set[str], *, named: bool) -> bool | None:
    """Whether these columns are of a PHQ-9; False for those of a PHQ-2, None where it cannot be told (a PHQ-8 has eight)."""
    if named or columns & {"item_9", "total"}:
        return True
    return False if columns <= _SMALL else None


def form(resource: Json, line: int, address: str, words: dict[int, Json]) -> Part | None:
    """A QuestionnaireResponse. Takes out of `words` the answers of its known questions."""
    says = names_phq_9(" ".join([text_of(resource, "questionnaire"), *_names(resource.get("_questionnaire"))]))
    items = list(_items(resource))
    style, found = _style(tuple(text_of(item, "linkId") for item in items))
    linked = [(LINK_IDS[style].get(text_of(item, "linkId")), item) for item in items]
    if says is False or not (found or says):
        return None
    part = _part(resource, line, address, FORM_STATUSES, "authored")
    part.is_form, part.named = True, bool(says)
    try:
        for column, item in linked:
            _question(part, style, column, item)
    except OddError as odd:
        part.fault = part.fault or odd.fault
    is_one: bool | None = bool(found) or None
    if style not in SURE_STYLES:
        is_one = _is_shown(part, linked) if found else None
    elif found:
        is_one = is_phq_9(found, named=part.named)
    if is_one is False:
        return None
    if is_one is None:
        part.fault = "form_not_known"
    for column, item in linked:
        for answer in objects(item, "answer") if column else ():
            words.pop(id(answer), None)
    return part


def _items(resource: Json) -> Iterator[Json]:
    """All items, those under an item or an answer too, in the order of the form."""
    waiting = objects(resource, "item")[::-1]
    while waiting:
        item = waiting.pop()
        yield item
        nested = [each for answer in objects(item, "answer") for each in objects(answer, "item")]
        waiting += (objects(item, "item") + nested)[::-1]


@lru_cache(maxsize=1000)
def _style(link_ids: tuple[str, ...]) -> tuple[str, frozenset[str]]:
    """The style that most of the linkIds are of, and the columns that they are."""
    ids = set(link_ids)
    found = {style: frozenset(table[link] for link in ids & table.keys()) for style, table in LINK_IDS.items()}
    style = max(found, key=lambda each: len(found[each]))
    return style, found[style]


def _question(part: Part, style: str, column: str | None, item: Json) -> None:
    answers = objects(item, "answer")
    if column is None:
        if any(values(answer) for answer in answers) and not _may_be_left_out(style, item, answers):
            raise OddError("form_not_known")
        return
    agrees(column, text_of(item, "text"))
    if len(answers) > 1:
        raise OddError("answers_conflict")
    for answer in answers:
        if column != "item_10" or style not in UNSURE_DIFFICULTY or not _NUMBERS.issuperset(values(answer)):
            part.put(column, cell(column, answer))


def _may_be_left_out(style: str, item: Json, answers: list[Json]) -> bool:
    """Whether an answer to another question says nothing of its own: a subtotal, a calculation."""
    link = text_of(item, "linkId")
    if style in ("us core", "loinc"):
        return link.removeprefix("/") == PHQ_2_TOTAL
    return style == "engage" and bool(DRAWN_LINK_ID.fullmatch(link)) and all(_NUMBERS.issuperset(values(each)) for each in answers)  # fmt: skip


def _is_shown(part: Part, linked: list[tuple[str | None, Json]]) -> bool | None:
    """Whether more than linkIds that any questionnaire may have says that this is a PHQ-9; None where it may be one.

    Its name; the words of every question; the code system of HL7 SDC; or nine questions that are all answered from the
    list of the PHQ-9, where a GAD-7 has seven.
    """
    items = [(column, item) for column, item in linked if column in ITEMS]
    answers = [answer for _, item in items for answer in objects(item, "answer")]
    texts = [(column, text) for column, item in items if (text := text_of(item, "text"))]
    is_worded = all(column in asks(text) for column, text in texts)
    codings = [coding for answer in answers for coding in objects(answer, "valueCoding")]
    if part.named or any(is_sdc(coding) for coding in codings) or (is_worded and texts and len(texts) == len(items)):
        return True
    if not is_worded or {column for column, item in items if objects(item, "answer")} != set(ITEMS):
        return False
    is_listed = all(objects(answer, "valueCoding") or "valueString" in answer for answer in answers)
    return True if is_listed and part.fault is None else None


def observation(resource: Json, line: int, address: str) -> Part | None:
    """An Observation: the total, an item, or the panel with its components."""
    try:
        column = _meant(resource.get("code"))
        fault = None
    except OddError as odd:
        column, fault = PANEL, odd.fault
    if column is None:
        return None
    part = _part(resource, line, address, OBSERVATION_STATUSES, "effectiveDateTime")
    part.fault, part.is_panel, part.named = fault, column == PANEL, column in (PANEL, "total", "item_9")
    part.members = tuple(reference_of(each) for each in objects(resource, "hasMember"))
    part.made_from = tuple(reference_of(each) for each in objects(resource, "derivedFrom"))
    try:
        if column == PANEL:
            if values(resource):
                raise OddError("code_mismatch")
        else:
            part.put(column, cell(column, resource))
        for component in objects(resource, "component"):
            _component(part, component)
    except OddError as odd:
        part.fault = part.fault or odd.fault
    if part.is_panel and part.fault and not part.members:
        # What it is cannot be told, so that it says nothing of what was observed at the same moment.
        part.time = ""
    return part


def _component(part: Part, component: Json) -> None:
    if not values(component):
        return
    column = _meant(component.get("code"))
    if column is not None and column != PANEL:
        part.put(column, cell(column, component))
    elif PHQ_2_TOTAL not in {text_of(coding, "code") for coding in objects(component.get("code"), "coding")}:
        raise OddError("form_not_known")


def is_subtotal(resource: Json) -> bool:
    """Whether an Observation is the total of the PHQ-2, which may be a member of the panel and says nothing of its own."""
    return PHQ_2_TOTAL in {text_of(coding, "code") for coding in objects(resource.get("code"), "coding")}


def _meant(concept: Any) -> str | None:
    """The column that the code of an Observation is of, or PANEL; None for another thing. Raises OddError where it says two things."""
    meant, others = set(), False
    texts = [text_of(concept, "text")]
    for coding in objects(concept, "coding"):
        system, code = text_of(coding, "system"), text_of(coding, "code")
        texts.append(text_of(coding, "display"))
        if system in LOINC or not system:
            others |= code in OTHER_INSTRUMENTS
            meant |= {PANEL} if code == PANEL else {LOINC_COLUMNS[code]} if code in LOINC_COLUMNS else set()
        elif system in SNOMED_CT and code in SNOMED_COLUMNS:
            meant.add(SNOMED_COLUMNS[code])
    said = [says for text in texts if (says := names_phq_9(text)) is not None]
    if not meant:
        # Another instrument; but what is called a PHQ-9 is not passed over without a word.
        if True in said:
            raise OddError("code_mismatch" if others else "form_not_known")
        return None
    if len(meant) > 1 or others:
        raise OddError("code_mismatch")
    (column,) = meant
    for text in texts:
        agrees("panel" if column == PANEL else column, text)
    return column


def _names(holder: Any) -> list[str]:
    return [text_of(each, "valueString") for each in objects(holder, "extension")]


def _part(resource: Json, line: int, address: str, statuses: dict[str, str], dated: str) -> Part:
    meta = resource.get("meta")
    start = resource["effectivePeriod"].get("_start") if isinstance(resource.get("effectivePeriod"), dict) else None
    days = _relative(resource.get("_" + dated)) or _relative(start) or _relative(resource)
    moment = text_of(resource, dated)
    if dated == "effectiveDateTime" and not moment:
        moment = text_of(resource, "effectiveInstant") or text_of(resource.get("effectivePeriod"), "start")
    date = _DATE.fullmatch(moment)
    version = meta.get("versionId") if isinstance(meta, dict) else None
    return Part(
        line=line,
        is_form=False,
        key=f"{resource['resourceType']}/{resource['id']}" if text_of(resource, "id") else "",
        address=address,
        patient=patient_of(resource)[0],
        subject=reference_of(resource.get("subject")),
        time=days or in_utc(moment),
        authored=date[1] if date else None,
        days=days,
        status=statuses.get(text_of(resource, "status")),
        version=(version if isinstance(version, str) else "", text_of(meta, "lastUpdated")),
    )


def in_utc(text: str) -> str:
    """A moment written in a time zone, in UTC; any other text, as a date, as it is."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return text
    if moment.tzinfo is None:
        return text
    try:
        return moment.astimezone(dt.UTC).isoformat()
    except OverflowError:
        return text


def has_dates(resource: Json) -> bool:
    """Whether a resource holds a date of its own, the one on which the server stored it included."""
    period = resource.get("effectivePeriod")
    dated = ("authored", "issued", "effectiveDateTime", "effectiveInstant")
    places = [
        *((resource, key) for key in dated),
        (period, "start"),
        (period, "end"),
        (resource.get("meta"), "lastUpdated"),
    ]
    return any(text_of(holder, key) for holder, key in places)


def patient_of(resource: Json) -> tuple[str | None, bool]:
    """The pseudonym that a resource is of, and whether it has another number of the patient beside it."""
    subject = resource.get("subject")
    reference = reference_of(subject)
    number = text_of(subject.get("identifier"), "value") if isinstance(subject, dict) else ""
    if not reference:
        return number or None, False
    match = _PATIENT.fullmatch(reference) or _URN.fullmatch(reference)
    # An id within the resource is nobody's in the next file.
    return match[1] if match else None, bool(number) and (match is None or match[1] != number)


def _relative(holder: Any) -> str | None:
    """The days since the event that a cqf-relativeDateTime names, as text; None where it has none that can be read."""
    for extension in objects(holder, "extension"):
        if text_of(extension, "url") != _RELATIVE:
            continue
        said = {text_of(each, "url"): each for each in objects(extension, "extension")}
        target = reference_of(_one(said.get("target"), "valueReference"))
        path = text_of(said.get("targetPath"), "valueString")
        if _PATIENT.fullmatch(target) or "birth" in path.lower():
            return None
        offset = _one(said.get("offset"), "valueDuration")
        relationship = text_of(said.get("relationship"), "valueCode")
        count = _DAYS_IN.get(text_of(offset, "code") or text_of(offset, "unit"))
        value = offset.get("value")
        if relationship.startswith("concurrent") and not offset:
            return "0"
        if count is None or not isinstance(value, Number) or not re.fullmatch(r"-?[0-9]{1,4}(?:\.0+)?", value):
            return None
        days = int(float(value)) * count
        if relationship.startswith("before"):
            return None if days < 0 else str(-days)
        return str(days)
    return None


def _one(holder: Any, key: str) -> Json:
    return next(iter(objects(holder, key)), {})
