"""Which contract's columns a file's columns are: those of the contract itself, or through a clinic's source profile."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import polars as pl

from outcomes.dates import days_from_dates
from outcomes.errors import FileRefusedError
from outcomes.frames import FAULTS, faults_where
from outcomes.identifiers import kind_of_identifier
from outcomes.sources.headers import Header, known_header
from outcomes.sources.redcap import contract_column, is_redcap, plain
from outcomes.sources.sheet import Sheet
from schemas.clinics import Clinics
from schemas.feeds import FEEDS
from schemas.profiles import ITEM_CODES, Profile, normalised
from schemas.scores import ITEMS

# So many columns are told that a profile does not know.
_SAID = 5
# Values that a column which is dropped may hold without a closer look.
_PLAIN = r"^[0-9]{0,4}$|^[A-Za-z]{0,24}$|^[A-Za-z0-9_]{0,15}$"


@dataclass(frozen=True)
class Placed:
    """A file's cells under the contract's names, as text, and the sheet they are of.

    `aside` are the faults (row, column_name, code) that its profile found.
    """

    header: Header
    cells: pl.DataFrame
    sheet: Sheet
    aside: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=FAULTS))
    profile: str = ""


def profiles_for(names: Sequence[str], clinics: Clinics | None) -> list[Profile]:
    """The source profiles that know these columns."""
    columns = tuple(normalised(name) for name in names)
    return [profile for profile in (clinics.profiles if clinics else ()) if profile.fits(columns)]


def may_be_known(names: Sequence[str], clinics: Clinics | None) -> bool:
    """Whether columns that are not the contract's may be read all the same.

    Raises FileRefusedError where they are a profile's with others among them: more than that they are no header can be said.
    """
    if is_redcap(tuple(names)) or profiles_for(names, clinics):
        return True
    _beside_profile(names, clinics)
    return False


def _beside_profile(names: Sequence[str], clinics: Clinics | None) -> None:
    """Raise FileRefusedError by the source profile whose file this nearly is: over half of the columns that it needs are there.

    What is not there is said in the contract's words, and columns of the file by their numbers: a name may be anything.
    """
    columns = [normalised(name) for name in names]
    have = set(columns)
    if not clinics or any({*contract.required} <= have for contract in FEEDS.values()):
        return
    near = [each for each in clinics.profiles if len(each.needed - have) * 2 < len(each.needed)]
    if not near:
        return
    profile = min(near, key=lambda each: len(each.needed - have))
    lacking = sorted({profile.sources[source] for source in profile.needed - have})
    known = {*profile.sources, *profile.ignored, *profile.own}
    unknown = [place for place, column in enumerate(columns, start=1) if column not in known]
    of = f"of {len(columns)} columns the source profile {profile.label}"
    lacks = f"{of} finds none for {', '.join(lacking)}" if lacking else ""
    if unknown:
        places = ", ".join(map(str, unknown[:_SAID])) + (
            f" and {len(unknown) - _SAID} more" if len(unknown) > _SAID else ""
        )
        said = f"{lacks}, and does not know: {places}" if lacks else f"{of} does not know: {places}"
        raise FileRefusedError("unknown_column", column_no=unknown[0], line=1, kind=said)
    if lacks:
        raise FileRefusedError("missing_column", line=1, kind=lacks)


def placed(sheet: Sheet, clinics: Clinics | None) -> Placed:
    """A sheet's cells under the contract's names. Raises FileRefusedError where its columns are not known whole."""
    if is_redcap(sheet.names):
        # REDCap's form has the contract's names from here on, in the profile too.
        sheet = plain(sheet)
        clinics = clinics and replace(
            clinics, profiles=tuple(each.called(contract_column) for each in clinics.profiles)
        )
    try:
        header = known_header(sheet.names)
    except FileRefusedError:
        profile = _the_one(profiles_for(sheet.names, clinics), sheet)
        if profile is None:
            _beside_profile(sheet.names, clinics)
            raise
        return _through(profile, sheet, clinics)
    text = sheet.cells.rename(dict(zip(sheet.cells.columns, header.columns, strict=True)))
    return Placed(header, text, sheet)


def _the_one(profiles: list[Profile], sheet: Sheet) -> Profile | None:
    """The one profile that the file is of; None where there is none. Raises FileRefusedError where it cannot be told."""
    if len(profiles) > 1:
        profiles = [profile for profile in profiles if _has_its_pseudonyms(profile, sheet)]
        if len(profiles) != 1:
            raise FileRefusedError("which_profile", line=1)
    if profiles and not profiles[0].confirmed:
        raise FileRefusedError("profile_unconfirmed", line=1, kind=profiles[0].label)
    return profiles[0] if profiles else None


def _has_its_pseudonyms(profile: Profile, sheet: Sheet) -> bool:
    source = profile.columns.get("patient_id")
    if profile.patient_ids is None or source is None:
        return False
    own = re.compile(profile.patient_ids)
    seen = sheet.column(source).unique().drop_nulls()
    return seen.len() > 0 and all(own.fullmatch(text.strip()) for text in seen)


def _through(profile: Profile, sheet: Sheet, clinics: Clinics | None) -> Placed:
    """The cells as a profile says they are."""
    limited = profile.clinic_id in clinics.limited if clinics else False
    _search_ignored(profile, sheet, limited=limited)
    text: dict[str, pl.Series] = {}
    places: dict[str, int] = {}
    aside = [pl.DataFrame(schema=FAULTS)]
    nothing = pl.Series(dtype=pl.String).extend_constant(None, sheet.cells.height)
    for column, source in ({column: column for column in profile.own} | dict(profile.columns)).items():
        place = sheet.places.get(source)
        if place is None:
            continue
        places[column] = place
        table = profile.codes.get(column) or (profile.codes.get(ITEM_CODES) if column in ITEMS else None)
        text[column] = sheet.cells[str(place)]
        if table is not None:
            text[column], wrong = _coded(text[column], table)
            aside.append(faults_where(wrong, column, "not_in_codes"))
    for column, constant in profile.constants.items():
        text[column] = nothing if constant == "" else nothing.fill_null(constant)
    if profile.event_column is not None:
        events = sheet.column(profile.event_column).str.strip_chars(" ")
        for column in dict.fromkeys(column for event in profile.events.values() for column in event):
            words = {said: event.get(column, "") for said, event in profile.events.items()}
            text[column], _ = _coded(events, words)
        known = events.is_in(list(profile.events)).fill_null(False)
        aside.append(faults_where(~known, None, "event_unknown"))
    text.setdefault("clinic_id", nothing.fill_null(profile.clinic_id))
    if profile.dates:
        made, undated = days_from_dates(
            profile, pl.DataFrame(text), {rule: sheet.column(rule) for rule in profile.sources}
        )
        text |= made
        aside.append(undated)
        for column, rule in profile.dates.items():
            places[column] = sheet.places[rule.column]
    if profile.timepoint_by_day:
        day = text["days_since_first_infusion"].str.strip_chars(" ").cast(pl.Int32, strict=False)
        text["timepoint"] = pl.select(pl.when(day <= 0).then(pl.lit("baseline")).when(day > 0).then(pl.lit("follow_up"))).to_series()  # fmt: skip
    columns = [column for column in profile.contract.columns if column in text]
    header = Header(profile.contract, tuple(columns), (), places or {"clinic_id": 0})
    return Placed(
        header, pl.DataFrame({column: text[column] for column in columns}), sheet, pl.concat(aside), profile.label
    )


def _coded(text: pl.Series, table: Mapping[str, str]) -> tuple[pl.Series, pl.Series]:
    """The contract's texts for a source's, and where a text is in no code: that cell is null and said."""
    trimmed = text.str.strip_chars(" ")
    coded = trimmed.replace_strict(list(table), list(table.values()), default=None, return_dtype=pl.String)
    wrong = ~trimmed.is_in(list(table)) & trimmed.is_not_null() & (trimmed != "")
    return coded.replace("", None), wrong.fill_null(False)


def _search_ignored(profile: Profile, sheet: Sheet, *, limited: bool) -> None:
    """Refuse the file for the first cell of a dropped column that has the shape of an identifier."""
    for place, name in enumerate(sheet.names):
        if normalised(name) not in profile.ignored:
            continue
        cells = sheet.cells[str(place)]
        odd = cells.unique().drop_nulls()
        odd = odd.filter(~odd.str.contains(_PLAIN))
        kinds = {
            text: kind for text in odd if (kind := kind_of_identifier("", text)) and not (limited and kind == "date")
        }
        if kinds:
            row = cells.is_in(list(kinds)).arg_true()[0]
            raise FileRefusedError("identifier", column_no=place + 1, line=sheet.lines[row], kind=kinds[cells[row]])
