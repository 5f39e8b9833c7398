"""The closed world of columns: a header is known whole, as that of one feed, or the file is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from outcomes.errors import FileRefusedError
from schemas.contracts import Contract
from schemas.feeds import COLUMNS, FEEDS, OWN, told


@dataclass(frozen=True)
class Header:
    """The columns of a file by its contract's names, in the file's order; `renamed` were spelt another way."""

    contract: Contract
    columns: tuple[str, ...]
    renamed: tuple[str, ...]


@lru_cache(maxsize=256)
def known_header(names: tuple[str, ...]) -> Header:
    """A contract's names for a file's column names. Raises FileRefusedError where they are not those of one contract."""
    columns = tuple(re.sub(r"[ \-]+", "_", name.strip().strip('"').strip().lower()) for name in names)
    if not COLUMNS.intersection(columns):
        raise FileRefusedError("no_header", line=1)
    for position, column in enumerate(columns):
        if column not in COLUMNS:
            raise FileRefusedError("unknown_column", column_no=position + 1, line=1)
        if column in columns[:position]:
            raise FileRefusedError("duplicate_column", column_no=position + 1, line=1)
    feeds = told(columns)
    if len(feeds) > 1:
        second = next(position for position, column in enumerate(columns) if OWN.get(column) == feeds[1])
        raise FileRefusedError("mixed_feeds", column_no=second + 1, line=1)
    if not feeds or any(column not in columns for column in FEEDS[feeds[0]].required):
        raise FileRefusedError("missing_column", line=1)
    renamed = tuple(column for column, name in zip(columns, names, strict=True) if name.strip('"') != column)
    return Header(FEEDS[feeds[0]], columns, renamed)
