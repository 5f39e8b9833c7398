"""A patient's random code: the clinic, six characters drawn at random, and two check characters.

`C01-7K3M2QXW`. The alphabet has no vowels and no look-alikes (0 O, 1 I L, 5 S, 8 B, 2 Z, 6 G), so that a code read from
paper is read right and spells no word. The check is of the kind of ISO 7064 (a pure system, modulus 523, radix 2, two
check characters): every wrong character and every swap of two neighbours is found, the clinic's part included.
"""

from __future__ import annotations

import re
import secrets
import string
from collections.abc import Callable, Container, Sequence

from outcomes.errors import OutcomesError
from outcomes.identifiers import kind_in_pseudonym
from schemas.contracts import CLINIC_ID

ALPHABET = "23456789CDFHJKMNPRTVWXY"
_DRAWN = 6
# Prime, above the 65 characters that a pseudonym may hold and below the 529 pairs of check characters.
_MODULUS = 523
_ORDER = ALPHABET + "".join(sorted(set(string.ascii_letters + string.digits + "_.-") - set(ALPHABET)))
_PLACE = {character: place for place, character in enumerate(_ORDER)}
_CODE = re.compile(rf"{CLINIC_ID}-[{ALPHABET}]{{{_DRAWN + 2}}}")
# A code in 50 or so has to be drawn again; where this many are not enough, it is the clinic's part that is wrong.
_DRAWS = 1000


def is_code(text: str) -> bool:
    """Whether `text` is a code as made here, its check characters right."""
    return bool(_CODE.fullmatch(text)) and text[-2:] == _check(text[:-2])


def new_code(clinic: str, taken: Container[str], choice: Callable[[Sequence[str]], str] = secrets.choice) -> str:
    """A code of the clinic that is not in `taken`, holds a digit, and has no shape of an identifier.

    Raises OutcomesError where the clinic's own part has such a shape.
    """
    for _ in range(_DRAWS):
        body = f"{clinic}-{''.join(choice(ALPHABET) for _ in range(_DRAWN))}"
        code = body + _check(body)
        if code not in taken and re.search("[0-9]", code) and kind_in_pseudonym(code) is None:
            return code
    raise OutcomesError("The clinic's code has the shape of an identifier, so no patient's code can begin with it.")


def _check(body: str) -> str:
    value = 0
    for character in body:
        value = (value + _PLACE[character]) * 2 % _MODULUS
    return ALPHABET[value // len(ALPHABET)] + ALPHABET[value % len(ALPHABET)]
