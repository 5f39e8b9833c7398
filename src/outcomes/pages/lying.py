"""The pages that lie in a home, and what they were made of: pages.json says it, and is believed of a page only with its own bytes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from outcomes import lasting
from outcomes.pages.inputs import digest
from outcomes.pages.making import BLANK, Stamp
from outcomes.paths import Home


class Page(NamedTuple):
    """A page that was made. key: of all that it was made of (inputs.Keys). blank: of its bytes, without its stamp."""

    key: str
    blank: str


@dataclass
class Made:
    """How the pages that lie there came about: what inputs.py said of the store and of its last night, their stamp, and each of them."""

    standing: str = ""
    of_night: str = ""
    nightly: str = ""
    stamp: Mapping[str, str] = field(default_factory=dict)
    pages: dict[str, Page] = field(default_factory=dict)


def last_made(home: Home) -> Made:
    """What the night before left; nothing where it left nothing that can be read: then all is made again."""
    try:
        said = json.loads(home.pages_made.read_bytes())
        return Made(**said | {"pages": {name: Page(*page) for name, page in said["pages"].items()}})
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        return Made()


def keep(home: Home, made: Made) -> None:
    """Leave that to the next night. It is written when the pages lie there: else they are not those that it speaks of."""
    lasting.write(home.pages_made, json.dumps(asdict(made)))


def blank_lying(home: Home, made: Made, place: str) -> str | None:
    """A page without its stamp, read where it lies; None where none was made, or what lies there is not that page, byte for byte."""
    page = made.pages.get(place)
    if page is None:
        return None
    try:
        text = (home.root / place).read_bytes().decode()
    except (OSError, ValueError):
        return None
    for name, words in made.stamp.items():
        if words:
            text = text.replace(words, getattr(BLANK, name))
    return text if digest(text.encode()) == page.blank else None


def said(stamp: Stamp) -> dict[str, str]:
    """A stamp as Made has it. The ledger's goes first: no other one is in it, nor it in them."""
    return {name: str(words) for name, words in asdict(stamp).items()}
