"""The closed world of columns: a header is known whole, as that of one feed, or the file is refused."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from outcomes.errors import FileRefusedError
from schemas.contracts import Contract
from schemas.feeds import COLUMNS, FEEDS, OWN, told
from schemas.hints import kind_by_name
from schemas.profiles import normalised

# How like a contract's name a column's must be to be called its nearest, and how many are said of one file.
_LIKE = 0.6
_SAID = 5


@dataclass(frozen=True)
class Header:
    """The columns of a file by its contract's names, in the file's order; `renamed` were spelt another way.

    `places` says which column of the file, from 0, a contract's column was read from, where that is not its place here.
    """

    contract: Contract
    columns: tuple[str, ...]
    renamed: tuple[str, ...] = ()
    places: Mapping[str, int] = field(default_factory=dict)

    def column_no(self, column: str) -> int | None:
        """The number of a contract's column in the file, from 1; None where it is made of several or of none."""
        if self.places:
            return self.places[column] + 1 if column in self.places else None
        return self.columns.index(column) + 1


@lru_cache(maxsize=256)
def known_header(names: tuple[str, ...]) -> Header:
    """A contract's names for a file's column names. Raises FileRefusedError where they are not those of one contract.

    What the error says is made of the contract's own names: a name of the file may be anything, a patient's too.
    """
    columns = tuple(normalised(name) for name in names)
    if not COLUMNS.intersection(columns):
        raise FileRefusedError("no_header", line=1)
    unknown = [place for place, column in enumerate(columns) if column not in COLUMNS]
    if unknown:
        raise FileRefusedError(
            "unknown_column", column_no=unknown[0] + 1, line=1, kind=_about_unknown(columns, unknown)
        )
    for position, column in enumerate(columns):
        if column in columns[:position]:
            raise FileRefusedError("duplicate_column", column_no=position + 1, line=1)
    feeds = told(columns)
    if len(feeds) > 1:
        second = next(position for position, column in enumerate(columns) if OWN.get(column) == feeds[1])
        raise FileRefusedError("mixed_feeds", column_no=second + 1, line=1)
    lacking = [column for feed in feeds for column in FEEDS[feed].required if column not in columns]
    if lacking or not feeds:
        raise FileRefusedError("missing_column", line=1, kind=f"missing: {', '.join(lacking)}" if lacking else None)
    renamed = tuple(column for column, name in zip(columns, names, strict=True) if name.strip('"') != column)
    return Header(FEEDS[feeds[0]], columns, renamed)


def _about_unknown(columns: tuple[str, ...], unknown: list[int]) -> str:
    """Of each unknown column what its name hints at, or which expected name is the nearest; and which names are missing."""
    feed = next(iter(told(columns)), "scores")
    missing = [column for column in FEEDS[feed].columns if column not in columns]
    said = []
    for place in unknown[:_SAID]:
        near = difflib.get_close_matches(columns[place], missing, n=1, cutoff=_LIKE)
        kind = kind_by_name(columns[place])
        about = f"nearest expected name {near[0]}" if near else f"named like a {kind}" if kind else "no expected name is near"  # fmt: skip
        said.append(f"column {place + 1}: {about}")
    if len(unknown) > _SAID:
        said.append(f"and {len(unknown) - _SAID} more")
    lacking = [column for column in FEEDS[feed].required if column in missing]
    return "; ".join([*said, *([f"missing: {', '.join(lacking)}"] if lacking else [])])
