"""What the name of a column hints at: the kinds of identifier that HIPAA Safe Harbor lists (45 CFR 164.514(b)(2)(i))."""

from __future__ import annotations

import itertools
import re

# kind: the words of a column's name that hint at it. A hint only explains a refusal, or forbids that a profile drops the
# column unread: what is let in is decided by the closed list of columns.
_HINTS = {
    "name": "name names firstname lastname surname forename initials provider clinician physician therapist",
    "address": "address street city county state zip zipcode postcode postal lat lon latitude longitude",
    "date": "dob birth birthday birthdate date datetime timestamp admit admission discharge authored",
    "telephone number": "phone telephone tel fax mobile cell",
    "e-mail address": "email mail e_mail",
    "social security number": "ssn ssn4 social",
    "record number": "mrn chart medical_record",
    "account number": "member medicare medicaid account card insurance policy",
    "licence or vehicle": "license licence dl vin plate",
    "device": "device serial udi imei mac",
    "web or network address": "url website ip ip_address",
    "image, voice or print": "fingerprint voice photo image picture",
    "free text": "comment comments note notes narrative free_text remarks",
    "unique code": "uuid guid hash survey_identifier",
}
_KIND_OF = {word: kind for kind, words in _HINTS.items() for word in words.split()}
# REDCap's own: it names the event of a visit, and stands in every export of a longitudinal project.
_OF_NO_PERSON = "redcap_event_name"


def kind_by_name(column: str) -> str | None:
    """The kind of identifier that a column of this (normalised) name would hold; None where its name hints at none."""
    if column == _OF_NO_PERSON:
        return None
    words = re.split(r"[^a-z0-9]+", column)
    pairs = [*(f"{a}_{b}" for a, b in itertools.pairwise(words)), *words]
    return next((_KIND_OF[word] for word in pairs if word in _KIND_OF), "date" if column.endswith("_at") else None)
