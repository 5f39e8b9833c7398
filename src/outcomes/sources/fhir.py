"""FHIR R4: QuestionnaireResponse and Observation in a Bundle, alone, or one a line (NDJSON), read to the cells of a Sheet.

A row is one PHQ-9: a form, or the Observations of one patient and moment. Its line is that of the form, the panel or the total, else of
the first part: the physical line in NDJSON, the entry's number from 1 in a Bundle. FHIR says neither the clinic nor which infusion
a score is of, so those columns are not here. Days come from the extension cqf-relativeDateTime; else the column
`authored` holds the date. No file holds both.
"""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable
from typing import Any

import polars as pl

from outcomes.errors import FileRefusedError
from outcomes.sources.fhir_gate import (
    Gate,
    Json,
    all_objects,
    holds_email,
    kind_in_broken,
    objects,
    reference_of,
    text_of,
)
from outcomes.sources.fhir_parts import Part, form, has_dates, is_subtotal, observation, patient_of
from outcomes.sources.fhir_rows import Others, rows_of
from outcomes.sources.sheet import Sheet
from schemas.scores import ITEMS

# A document is read whole, and takes ten times its size of memory; NDJSON is read line by line.
MAXIMUM_DOCUMENT = 256 * 2**20
MAXIMUM_LINE = 16 * 2**20
_TAKEN = ("QuestionnaireResponse", "Observation")
_OF_BUNDLE = {"resourceType", "id", "meta", "implicitRules", "language", "identifier", "type", "timestamp", "total", "link", "entry"}  # fmt: skip
_SOMETHING = re.compile(r"\S[^\n]*")
_DELETED = re.compile(r"(?:.*/)?((?:QuestionnaireResponse|Observation)/[^/?]+)(?:/_history/.*)?")


def read_fhir(data: bytes) -> Sheet:
    """The PHQ-9s of a FHIR file. Raises FileRefusedError, also where any element could hold an identifier."""
    # JSON makes millions of objects and no cycles: to look for some takes longer than to read.
    is_looking = gc.isenabled()
    gc.disable()
    try:
        return _read(_decoded(data), Gate())
    finally:
        if is_looking:
            gc.enable()


def _read(text: str, gate: Gate) -> Sheet:
    if holds_email(text):
        raise FileRefusedError("identifier", kind="e-mail address")
    document = _document(text, gate)
    found = _Found(gate)
    if document is None:
        found.read_lines(text)
    else:
        found.read_document(document)
    return found.sheet()


def _decoded(data: bytes) -> str:
    data = data.removeprefix(b"\xef\xbb\xbf")
    if not data or data.isspace():
        raise FileRefusedError("empty_file")
    if b"\x00" in data:
        raise FileRefusedError("holds_nul")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise FileRefusedError("not_utf8") from None


def _document(text: str, gate: Gate) -> Json | None:
    """The one object of a document; None for lines of objects. Raises FileRefusedError where it is neither."""
    start = len(text) - len(text.lstrip())
    end = text.find("\n", start)
    end = len(text) if end < 0 else end
    second = _SOMETHING.search(text, end)
    if second and _is_resource(text[start:end], gate):
        return None
    if len(text) > MAXIMUM_DOCUMENT:
        raise FileRefusedError("too_large")
    gate.forget()
    try:
        document, end = gate.read(text, start)
    except ValueError:
        # A first line that is damaged does not make the lines after it a document.
        if second and _is_resource(second[0], gate):
            return None
        raise FileRefusedError("not_readable") from None
    if _SOMETHING.search(text, end):
        return None
    if not isinstance(document, dict):
        raise FileRefusedError("not_readable")
    return document


def _is_resource(line: str, gate: Gate) -> bool:
    if len(line) > MAXIMUM_LINE:
        return False
    try:
        value, end = gate.read(line.strip())
    except ValueError:
        return False
    return isinstance(value, dict) and "resourceType" in value and not line.strip()[end:]


class _Found:
    """What is found in a file, resource by resource."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.parts: list[Part] = []
        self.others: Others = {}
        self.aside: list[tuple[int, str]] = []
        self.deleted: dict[str, int] = {}
        self.patients: dict[str, str] = {}
        self.left_out = 0
        self.dated: int | None = None

    def read_document(self, document: Json) -> None:
        """A Bundle, or one resource."""
        is_bundle = document.get("resourceType") == "Bundle"
        entries = objects(document, "entry") if is_bundle else [{"resource": document}]
        self._refuse(self.gate.found, entries)
        if is_bundle and not _OF_BUNDLE.issuperset(document):
            raise FileRefusedError("unknown_element")
        if is_bundle and "entry" in document and entries != document["entry"]:
            raise FileRefusedError("not_readable")
        self._refuse_doubled(entries)
        doubled = {line for line, _ in self.aside}
        for line, entry in enumerate(entries, start=1):
            if line not in doubled:
                self._entry(entry, line)
        self._refuse(self.gate.free_text(), entries)

    def read_lines(self, text: str) -> None:
        """One resource a line."""
        is_read = False
        for line, one in enumerate(text.split("\n"), start=1):
            if not one.strip():
                continue
            self.gate.forget()
            if len(one) > MAXIMUM_LINE:
                raise FileRefusedError("too_large", line=line)
            try:
                value, end = self.gate.read(one.strip())
            except ValueError:
                value, end = None, 0
            if not isinstance(value, dict) or one.strip()[end:] or self.gate.doubled:
                if kind := kind_in_broken(one):
                    raise FileRefusedError("identifier", line=line, kind=kind)
                self.aside.append((line, "not_json"))
                continue
            is_read = True
            self._refuse(self.gate.found, [value], line)
            self._resource(value, line, "")
            self._refuse(self.gate.free_text(), [value], line)
        if not is_read:
            raise FileRefusedError("not_readable")

    def _refuse_doubled(self, entries: list[Json]) -> None:
        """Sets aside the entries with an object that has a key twice. Raises FileRefusedError where it is the Bundle itself."""
        doubled = {id(each) for each in self.gate.doubled}
        if not doubled:
            return
        for line, entry in enumerate(entries, start=1):
            inside = doubled & {id(each) for each in all_objects(entry)}
            if inside:
                self.aside.append((line, "not_json"))
                doubled -= inside
        if doubled:
            raise FileRefusedError("not_readable")

    def _refuse(self, refusal: tuple[FileRefusedError, Json] | None, entries: list[Json], first: int = 1) -> None:
        if refusal:
            error, item = refusal
            lines = (line for line, each in enumerate(entries, first) if any(one is item for one in all_objects(each)))
            error.line = next(lines, None)
            raise error

    def _entry(self, entry: Json, line: int) -> None:
        request = entry.get("request")
        if text_of(request, "method") == "DELETE":
            if match := _DELETED.fullmatch(reference_of(request, "url")):
                self.deleted[match[1]] = line
            else:
                self.left_out += 1
        elif "resource" in entry:
            self._resource(entry["resource"], line, reference_of(entry, "fullUrl"))
        else:
            self.left_out += 1

    def _resource(self, resource: Any, line: int, address: str) -> None:
        kind = text_of(resource, "resourceType")
        if kind not in _TAKEN:
            if kind != "Patient":
                raise FileRefusedError("unknown_element", line=line)
            if address:
                self.patients[address] = text_of(resource, "id")
            self.left_out += 1
            return
        if patient_of(resource)[1]:
            raise FileRefusedError("identifier", line=line, kind="record number")
        if self.dated is None and has_dates(resource):
            self.dated = line
        if kind == "Observation":
            part = observation(resource, line, address)
        else:
            part = form(resource, line, address, self.gate.words)
        if part is not None:
            self.parts.append(part)
            return
        self.left_out += 1
        names = {address, f"{kind}/{text_of(resource, 'id')}"}
        self.others |= dict.fromkeys(names - {""}, kind == "Observation" and is_subtotal(resource))

    def sheet(self) -> Sheet:
        """The rows of all parts."""
        if self.dated is not None and any(part.days is not None for part in self.parts):
            raise FileRefusedError("identifier", line=self.dated, kind="date")
        if self.left_out and not self.parts and not self.aside and not self.deleted:
            raise FileRefusedError("no_phq9")
        for part in self.parts:
            # An address made for one Bundle is not the patient's in the next.
            part.patient = self.patients.get(part.subject) or part.patient
        rows, aside, left_out = rows_of(self.parts, self.others, self.deleted)
        cells = [
            {"patient_id": row.patient, "days_since_first_infusion": row.days, "authored": row.authored, **row.cells, "status": row.status}
            for row in rows
        ]  # fmt: skip
        used = {column for row in cells for column, cell in row.items() if cell is not None}
        optional = [column for column in ("days_since_first_infusion", "authored") if column in used]
        names = ["patient_id", *(optional or ["days_since_first_infusion"]), *ITEMS, "total"]
        names += ["item_10"] * ("item_10" in used) + ["status"]
        return Sheet(
            tuple(names),
            pl.DataFrame(
                [pl.Series(str(at), _clean(row.get(name) for row in cells), pl.String) for at, name in enumerate(names)]
            ),
            pl.Series([row.line for row in rows], dtype=pl.Int32),
            blank=self.left_out + left_out,
            aside=tuple(sorted([*self.aside, *aside])),
        )


def _clean(cells: Iterable[str | None]) -> list[str | None]:
    """Half a character that JSON can spell and no text can hold becomes a question mark; nothing is an empty cell."""
    return [cell.encode("utf-8", "replace").decode() or None if cell is not None else None for cell in cells]
