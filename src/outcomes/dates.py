"""Dates become days at the door, for the clinics that may send dates: a date is neither stored nor said."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from outcomes.frames import FAULTS, faults_where
from schemas.profiles import DAYS, DateRule, Profile

# The time of day, if there is one, says nothing that a day needs.
_ISO = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ][0-9]{2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]{1,9})?)?(?:Z|[+-][0-9]{2}:?[0-9]{2})?)?$"
_FIRST = pl.col("infusion_number").str.strip_chars(" ").str.replace(r"\.0+$", "") == "1"
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
                anchors = _first_infusions(text, _dates(sources[of.column], of))
            since = anchors
            unknown = since.is_null()
        made[column], found = _days(column, sources[rule.column], day, since, unknown)
        wrong.append(found)
    return made, pl.concat(wrong)


def iso_days(text: pl.DataFrame, limited: set[str]) -> tuple[pl.DataFrame, pl.DataFrame]:
    """A file with the contract's own columns: ISO dates in its day columns as days, in the rows of `limited` clinics.

    Day 0 is the date of the patient's infusion 1 in the same file. Returns the cells and what could not be made.
    """
    may = text["clinic_id"].str.strip_chars(" ").is_in(sorted(limited)).fill_null(False)
    wrong = [pl.DataFrame(schema=FAULTS)]
    anchors = None
    for column in DAYS:
        if not limited or column not in text.columns or text[column].dtype != pl.String:
            continue  # a column that was parsed to numbers holds no date
        is_date = may & text[column].str.strip_chars(" ").str.contains(_ISO).fill_null(False)
        if not is_date.any():
            continue
        rule = DateRule(column)
        only = pl.select(pl.when(is_date).then(text[column])).to_series()
        if anchors is None:
            anchors = _first_infusions(text, _dates(only, rule)) if column == DAYS[0] else None
        since = anchors if anchors is not None else pl.Series(dtype=pl.Date).extend_constant(None, text.height)
        days, found = _days(column, only, _dates(only, rule), since, since.is_null())
        text = text.with_columns(pl.when(is_date).then(days).otherwise(pl.col(column)).alias(column))
        wrong.append(found)
    return text, pl.concat(wrong)


def _dates(text: pl.Series, rule: DateRule) -> pl.Series:
    """The dates of a column; null where one is empty or not of the format."""
    trimmed = text.str.strip_chars(" ")
    if rule.format == DateRule("").format:
        trimmed = pl.select(pl.when(trimmed.str.contains(_ISO)).then(trimmed.str.slice(0, 10))).to_series()
    return trimmed.str.to_date(rule.format, strict=False, exact=True)


def _first_infusions(text: pl.DataFrame, dates: pl.Series) -> pl.Series:
    """For each row the date of its patient's infusion 1 in this file; null where the file has none, or two."""
    names = ["clinic_id", "patient_id"]
    known = text.select(pl.col(names).str.strip_chars(" "), first=_FIRST & _GIVEN, date=dates)
    of_first = known.filter("first").drop_nulls("date").group_by(names).agg(pl.col("date").unique())
    single = of_first.filter(pl.col("date").list.len() == 1).with_columns(pl.col("date").list.first())
    return known.select(names).join(single, on=names, how="left", maintain_order="left")["date"]


def _days(
    column: str, text: pl.Series, day: pl.Series, since: pl.Series, unknown: pl.Series
) -> tuple[pl.Series, pl.DataFrame]:
    said = text.is_not_null() & (text.str.strip_chars(" ") != "")
    days = (day - since).dt.total_days().cast(pl.String)
    unread, no_zero = said & day.is_null(), said & day.is_not_null() & unknown
    return days, pl.concat(
        [faults_where(unread, column, "date_not_readable"), faults_where(no_zero, column, "day_zero_unknown")]
    )
