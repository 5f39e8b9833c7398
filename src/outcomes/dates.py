"""Dates become days at the door, for the clinics that may send dates: a date is neither stored nor said."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from outcomes.frames import FAULTS, faults_where
from schemas.profiles import DAYS, DateRule, Profile

# The time of day, if there is one, says nothing that a day needs.
_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
_FIRST = pl.col("infusion_number").str.strip_chars(" ").str.replace(r"\.0+$", "") == "1"
_WHOSE = ["clinic_id", "patient_id"]
_FIRSTS = {"file": pl.Int32, "clinic_id": pl.String, "patient_id": pl.String, "date": pl.Date}
_GIVEN = pl.col("timepoint").str.strip_chars(" ").is_in(["pre_infusion", "post_infusion"])


def days_from_dates(
    profile: Profile, text: pl.DataFrame, sources: Mapping[str, pl.Series]
) -> tuple[dict[str, pl.Series], pl.DataFrame]:
    """Days as text for each date rule of a profile, and what could not be made: (row, column_name, code).

    text: the contract's columns that are known already. sources: the file's columns by name.
    """
    made: dict[str, pl.Series] = {}
    wrong = [pl.DataFrame(schema=FAULTS)]
    anchors = None
    for column, rule in profile.dates.items():
        day = _dates(sources[rule.column], rule)
        if rule.since is not None:
            since = _dates(sources[rule.since], rule)
            unknown = sources[rule.since].is_null() | since.is_null()
        else:
            if anchors is None:
                of = profile.dates[DAYS[0]]
                file = pl.Series(dtype=pl.Int32).extend_constant(0, text.height)
                anchors = _anchors(text, file, _firsts(text, file, _dates(sources[of.column], of)))
            since = anchors
            unknown = since.is_null()
        made[column], found = _days(column, sources[rule.column], day, since, unknown)
        wrong.append(found)
    return made, pl.concat(wrong)


def iso_days(
    text: pl.DataFrame, files: pl.Series, limited: set[str], elsewhere: pl.DataFrame | None = None
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Files with the contract's own columns: ISO dates in their day columns as days, in the rows of `limited` clinics.

    Day 0 is the date of the patient's infusion 1 in the same file. `files` says of each row which file it is of; `elsewhere` are the
    first_infusions() of rows of these files that are not here. Returns the cells and what could not be made.
    """
    wrong = [pl.DataFrame(schema=FAULTS)]
    since = None
    for column in DAYS:
        only = _iso_only(text, column, limited)
        if only is None:
            continue
        if since is None:
            known = first_infusions(text, files, limited)
            since = _anchors(text, files, known if elsewhere is None else pl.concat([known, elsewhere]))
        days, found = _days(column, only, _dates(only, DateRule(column)), since, since.is_null())
        text = text.with_columns(pl.when(only.is_not_null()).then(days).otherwise(pl.col(column)).alias(column))
        wrong.append(found)
    return text, pl.concat(wrong)


def first_infusions(text: pl.DataFrame, files: pl.Series, limited: set[str]) -> pl.DataFrame:
    """file, clinic_id, patient_id and date of each infusion 1 that has an ISO date, in the rows of `limited` clinics."""
    only = _iso_only(text, DAYS[0], limited)
    if only is None:
        return pl.DataFrame(schema=_FIRSTS)
    return _firsts(text, files, _dates(only, DateRule(DAYS[0])))


def _iso_only(text: pl.DataFrame, column: str, limited: set[str]) -> pl.Series | None:
    """The ISO dates of a column in the rows of `limited` clinics, null elsewhere; None where there is none."""
    if not limited or column not in text.columns or text[column].dtype != pl.String:
        return None  # a column that was parsed to numbers holds no date
    may = text["clinic_id"].str.strip_chars(" ").is_in(sorted(limited)).fill_null(False)
    is_date = may & text[column].str.strip_chars(" ").str.contains(_ISO).fill_null(False)
    return pl.select(pl.when(is_date).then(text[column])).to_series() if is_date.any() else None


def _dates(text: pl.Series, rule: DateRule) -> pl.Series:
    """The dates of a column; null where one is empty or not of the format."""
    trimmed = text.str.strip_chars(" ")
    if rule.format == DateRule("").format:
        trimmed = pl.select(pl.when(trimmed.str.contains(_ISO)).then(trimmed.str.slice(0, 10))).to_series()
    return trimmed.str.to_date(rule.format, strict=False, exact=True)


def _firsts(text: pl.DataFrame, files: pl.Series, dates: pl.Series) -> pl.DataFrame:
    known = text.select(pl.col(_WHOSE).str.strip_chars(" "), is_first=_FIRST & _GIVEN, date=dates, file=files)
    return known.filter("is_first").drop_nulls("date").select(*_FIRSTS).unique()


def _anchors(text: pl.DataFrame, files: pl.Series, firsts: pl.DataFrame) -> pl.Series:
    """For each row the date of its patient's infusion 1 in its file; null where the file has none, or two."""
    of_first = firsts.group_by("file", *_WHOSE).agg(pl.col("date").unique())
    single = of_first.filter(pl.col("date").list.len() == 1).with_columns(pl.col("date").list.first())
    rows = text.select(pl.col(_WHOSE).str.strip_chars(" "), file=files)
    return rows.join(single, on=["file", *_WHOSE], how="left", maintain_order="left")["date"]


def _days(
    column: str, text: pl.Series, day: pl.Series, since: pl.Series, unknown: pl.Series
) -> tuple[pl.Series, pl.DataFrame]:
    said = text.is_not_null() & (text.str.strip_chars(" ") != "")
    days = (day - since).dt.total_days().cast(pl.String)
    unread, no_zero = said & day.is_null(), said & day.is_not_null() & unknown
    return days, pl.concat(
        [faults_where(unread, column, "date_not_readable"), faults_where(no_zero, column, "day_zero_unknown")]
    )
