"""Dates in Excel: which formats show a number as one, and what it then says, in ISO form."""

from __future__ import annotations

import datetime as dt
import re

# The formats that Excel knows by number, those of East Asia included.
_BUILT_IN = {*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)}
# What in a format's code is no letter of a date: text in quotes, an escaped, repeated or skipped character, a colour or condition.
_NO_LETTERS = re.compile(r'"[^"]*"|[\\_*].|\[(?!h+\]|m+\]|s+\])[^\]]*\]', re.IGNORECASE)
_LETTERS = re.compile(r"[dmyhs]", re.IGNORECASE)
_DAY = 86_400
_LAST = 2_958_466  # the first of January 10000
# Excel's calendar has a 29 February 1900, which was not: serial number 60.
_NO_DAY = 60


def is_date_format(number: str, code: str | None) -> bool:
    """Whether a format, by its number or its code, shows dates or times."""
    if code is not None:
        return code.lower() != "general" and bool(_LETTERS.search(_NO_LETTERS.sub("", code)))
    return number.isascii() and number.isdigit() and int(number) in _BUILT_IN


def as_date(value: str, *, from_1904: bool) -> str:
    """A number shown as a date: the date, the date and time, or below a day the time. Text that is no such number stays."""
    try:
        serial = float(value)
    except ValueError:
        return value  # a date is written as ISO text in some files
    if not 0 <= serial < _LAST:
        return value
    days, seconds = divmod(round(serial * _DAY), _DAY)
    if serial < 1 and not (from_1904 and not seconds):
        return _clock(round(serial * _DAY))
    first = dt.date(1904, 1, 1) if from_1904 else dt.date(1899, 12, 31 if days < _NO_DAY else 30)
    if first.toordinal() + days > dt.date.max.toordinal():
        return value
    date = "1900-02-29" if days == _NO_DAY and not from_1904 else (first + dt.timedelta(days)).isoformat()
    return f"{date}T{_clock(seconds)}" if seconds else date


def _clock(seconds: int) -> str:
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
