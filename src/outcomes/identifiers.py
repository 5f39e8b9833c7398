"""The third layer of the identifier gate: names the kind of a value that the contract's patterns did not let in.

It looks only at values that already failed their column's pattern, and at pseudonyms: the closed world of columns and
one anchored pattern a column do the work, this says which kind (HIPAA Safe Harbor, 45 CFR 164.514(b)(2)(i)).
"""

from __future__ import annotations

import re

from schemas.contracts import STATUSES
from schemas.patients import INDICATIONS
from schemas.scores import ANSWERS, DRUGS, ENDED, MISSING_CODES, RECALL_PERIODS, TIMEPOINTS

# Kind: a shape that no accepted value and no common slip has.
_SHAPES = [
    ("e-mail address", re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")),
    ("web address", re.compile(r"https?://|www\.", re.IGNORECASE)),
    ("social security number", re.compile(r"(?<!\d)(?:\d{3}|[xX*]{3})-(?:\d{2}|[xX*]{2})-\d{4}(?!\d)|^\d{9}$")),
    ("telephone number", re.compile(r"(?:\+\d{1,3}[ .-]?)?\(?\d{3}\)?[ .-]\d{3}[ .-]\d{4}(?!\d)|^\+?\d{10,15}$")),
    ("network address", re.compile(r"(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])|(?:[0-9a-fA-F]{2}[:-]){5}[0-9a-fA-F]{2}")),
    ("date", re.compile(r"(?<!\d)(?:19|20)\d{2}[-/.](?:0?[1-9]|1[0-2])[-/.](?:0?[1-9]|[12]\d|3[01])(?!\d)|(?<!\d)\d{1,2}[/.]\d{1,2}[/.](?:\d{4}|\d{2})(?!\d)|(?<!\d)\d{1,2}-\d{1,2}-(?:19|20)\d{2}(?!\d)")),
    ("date", re.compile(r"\d{1,2}[ /.-](?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*[ ,/.-]+(?:\d{4}|\d{2})|(?<![A-Za-z0-9])\d{1,2}(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*(?:19|20)\d{2}(?!\d)|(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]* \d{1,2},? \d{4}", re.IGNORECASE)),
    ("postal code", re.compile(r"^\d{5}-\d{4}$")),
    ("record number", re.compile(r"\b(?:mrn|chart|ssn|dob|member id|acct|account)\b", re.IGNORECASE)),
    ("card number", re.compile(r"(?<!\d)\d{4}[ -]\d{4}[ -]\d{4}[ -]\d{4}(?!\d)")),
    ("street", re.compile(r"^\d+ [A-Za-z .]+ (?:st|street|ave|avenue|rd|road|blvd|drive|dr|lane|ln)\b", re.IGNORECASE)),
    ("image or file", re.compile(r"^data:|\.(?:jpe?g|png|gif|bmp|tiff?|dcm|wav|mp3)$", re.IGNORECASE)),
    ("name", re.compile(r"^[^\W\d_]+(?:['’-][^\W\d_]+)*, ?[^\W\d_]+|^[A-Z][a-z]+(?: [A-Z]\.?)? (?:[A-Z]['’]?)?[A-Z][a-z]+$")),
    ("free text", re.compile(r"^(?=.{41,})(?:\S+\s+){4,}\S+$")),
]  # fmt: skip
_NAME_IN_CODE = re.compile(r"^[^\W\d_]+(?:['’ ][^\W\d_]+)+$")
_HASH = re.compile(r"^(?:[0-9a-fA-F]{32}|[0-9a-fA-F]{40}|[0-9a-fA-F]{64})$")
# Shapes that a pseudonym can hold, its pattern notwithstanding.
_DISGUISED = [
    ("record number", re.compile(r"^(?:mrn|ssn|dob|acct)[_.-]?\d|[_.-](?:mrn|ssn|dob|acct)[_.-]?\d", re.IGNORECASE)),
    ("social security number", re.compile(r"^[xX]{3}-[xX]{2}-\d{4}$")),
    (
        "date",
        re.compile(
            r"(?<!\d)(?:19|20)\d{2}[-.](?:0[1-9]|1[0-2])[-.](?:0[1-9]|[12]\d|3[01])(?!\d)"
            r"|\d{1,2}-?(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*-?(?:19|20)\d{2}"
            r"|\d{1,2}-(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)-\d{2}(?!\d)",
            re.IGNORECASE,
        ),
    ),
    ("network address", re.compile(r"^(?:[0-9a-fA-F]{2}-){5}[0-9a-fA-F]{2}$")),
    ("health plan number", re.compile(r"^[1-9][A-Z][A-Z0-9][0-9]-[A-Z][A-Z0-9][0-9]-[A-Z]{2}[0-9]{2}$", re.IGNORECASE)),
    ("web address", re.compile(r"^www\.[^.].*\.", re.IGNORECASE)),
    ("image or file", re.compile(r"\.(?:jpe?g|png|gif|bmp|tiff?|dcm|wav|mp3)$", re.IGNORECASE)),
]
# Every shape above has two separators or one of these words in it; in the dialect of polars.
MAY_BE_DISGUISED = (
    r"[_.-].*[_.-]|(?i:mrn|ssn|dob|acct|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
    r"|\.(?i:jpe?g|png|gif|bmp|tiff?|dcm|wav|mp3)$"
)
# The contract's own words, however they are written: `Post Infusion` is a slip, not somebody's name.
_WORDS = {
    word.replace("_", " ")
    for words in (ANSWERS, DRUGS, ENDED, INDICATIONS, MISSING_CODES, RECALL_PERIODS, STATUSES, TIMEPOINTS)
    for word in words
}
# A cell longer than this is not searched for shapes: it is longer than any cell may be.
_LONGEST = 500
_SERIAL_DATE = re.compile(
    r"^[45]\d{4}(?:\.\d+)?$|^60000$|^(?:19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:\.0+)?$"
)
_CODES = {"clinic_id", "patient_id"}
# Where the serial number of a date, or one as 20240317, may stand in place of what is asked for.
_DAYS = {"days_since_first_infusion", "extract_day", "first_infusion_year"}


def kind_of_identifier(column: str, value: str) -> str | None:
    """The kind of identifier that `value`, unreadable in `column`, has the shape of; None where it has none."""
    text = value.strip()
    if len(text) > _LONGEST:
        return "free text"
    if re.sub(r"[\s_-]+", " ", text.lower()) in _WORDS:
        return None
    if column in _DAYS and _SERIAL_DATE.match(text):
        return "date"
    if column in _CODES and _NAME_IN_CODE.match(text):
        return "name"
    kind = next((kind for kind, shape in _SHAPES if shape.search(text)), None)
    if kind is None and column in _CODES and any(letter.isalpha() and not letter.isascii() for letter in text):
        return "name"
    return kind


def kind_in_pseudonym(value: str) -> str | None:
    """The kind of identifier that a pseudonym of the right pattern is all the same; None for nearly all."""
    if is_hash(value):
        return "hash of something"
    return next((kind for kind, shape in _DISGUISED if shape.search(value)), None)


def is_hash(value: str) -> bool:
    """Whether a pseudonym has the shape of a hash of something: MD5, SHA-1 or SHA-256 in hexadecimal."""
    return bool(_HASH.match(value))
