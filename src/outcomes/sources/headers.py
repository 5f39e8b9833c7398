"""The closed world of columns: a header is known whole, or the file is refused."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache

from outcomes.errors import FileRefusedError
from schemas.scores import COLUMNS, REQUIRED

_KNOWN = set(COLUMNS)


@dataclass(frozen=True)
class Header:
    """The columns of a file by the contract's names, in the file's order; `renamed` were spelt another way."""

    columns: tuple[str, ...]
    renamed: tuple[str, ...]


@lru_cache(maxsize=256)
def known_header(names: tuple[str, ...]) -> Header:
    """The contract's names for a file's column names. Raises FileRefusedError where it is not the contract's."""
    columns = tuple(re.sub(r"[ \-]+", "_", name.strip().strip('"').strip().lower()) for name in names)
    if not _KNOWN.intersection(columns):
        raise FileRefusedError("no_header", line=1)
    for position, column in enumerate(columns):
        if column not in _KNOWN:
            raise FileRefusedError("unknown_column", column_no=position + 1, line=1)
        if column in columns[:position]:
            raise FileRefusedError("duplicate_column", column_no=position + 1, line=1)
    if any(column not in columns for column in REQUIRED):
        raise FileRefusedError("missing_column", line=1)
    renamed = tuple(column for column, name in zip(columns, names, strict=True) if name.strip('"') != column)
    return Header(columns, renamed)
