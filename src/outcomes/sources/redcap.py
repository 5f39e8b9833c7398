"""REDCap exports: the fields of the PHQ-9 form by the contract's names, and the empty rows of the block matrix left out.

Flat and longitudinal exports, with events, arms, repeating instruments and data access groups. The columns of REDCap's own
structure keep their names (those of a label export get them back), and so does any other column: what an event, a
date or the first column means is the source profile's to say, and what nobody says refuses the file. A row is
kept where any question, the total or the difficulty is answered, whatever `<form>_complete` says of it: a form that nobody
closed is answered all the same, and an unanswered one that somebody did close is not.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace

import polars as pl

from outcomes.errors import FileRefusedError
from outcomes.sources.sheet import Sheet
from schemas.codes import DIFFICULTY_WORDS
from schemas.conventions import REDCAP_DIFFICULTY, REDCAP_FIELDS
from schemas.profiles import normalised

STRUCTURE = (
    "redcap_event_name",
    "redcap_repeat_instrument",
    "redcap_repeat_instance",
    "redcap_data_access_group",
    "redcap_survey_identifier",
)
# A label export names the columns of the structure in words.
_LABELS = {name.removeprefix("redcap_"): name for name in STRUCTURE}
_SURE = {*STRUCTURE, REDCAP_DIFFICULTY, "phq9_first_name", "phq9_last_name"}
_SUFFIX = re.compile(r"_[0-9a-f]{6}")
_NAME = re.compile(r"(?:\w+_)?(?:first|last|middle|full|given|family|maiden|patient|sur)_?name(?:_[0-9a-f]{6})?")
_OF_FORM = re.compile(r"(?!is_)\w+_(?:complete|timestamp)")
# Codes of the shared form's difficulty -> those of the contract.
_DIFFICULTY = {str(score + 1): str(score) for score in range(4)}


def is_redcap(names: tuple[str, ...]) -> bool:
    """Whether a header is that of a REDCap export: by a column of its structure, or its form's own fields."""
    plain = [normalised(name) for name in names]
    fields = [_field(name) for name in plain]
    if _SURE.intersection(plain) or REDCAP_DIFFICULTY in fields:
        return True
    has_form = any(_OF_FORM.fullmatch(name) for name in plain)
    return any(field is not None for field in fields) and (has_form or _is_labelled(plain))


def plain(sheet: Sheet) -> Sheet:
    """The same export with the contract's names, without the rows in which the form is empty.

    Raises FileRefusedError for a column of names or of survey addresses, also an empty one, and where the form is there
    twice with answers in both.
    """
    names = [normalised(name) for name in sheet.names]
    if _is_labelled(names):
        names = [_LABELS.get(name, name) for name in names]
    for place, name in enumerate(names):
        if _NAME.fullmatch(name):
            raise FileRefusedError("identifier", column_no=place + 1, line=1, kind="name")
        if name == "redcap_survey_identifier":
            raise FileRefusedError("identifier", column_no=place + 1, line=1, kind="e-mail address")
    chosen, dropped = _chosen(sheet.cells, names)
    if not chosen:
        return replace(sheet, names=_spelt(sheet.names, names))
    cells, notes = _with_difficulty(sheet.cells, names, chosen)
    answers = [
        pl.col(str(place)).str.strip_chars(" ").replace("", None) for places in chosen.values() for place in places
    ]
    totals = [pl.col(str(place)).str.strip_chars(" ").replace("", None) for place in chosen.get("total", ())]
    facts = cells.select(
        filled=pl.any_horizontal(answer.is_not_null() for answer in answers),
        differ=pl.concat_list(totals).list.drop_nulls().list.n_unique() > 1 if len(totals) > 1 else pl.lit(False),
    )
    kept, aside = facts["filled"] & ~facts["differ"], facts["filled"] & facts["differ"]
    column_of = {place: column for column, places in chosen.items() for place in places}
    spelt = _spelt(sheet.names, names)
    out: list[str] = []
    columns: list[pl.Expr] = []
    for place in range(len(names)):
        column = column_of.get(place)
        if place in dropped or (column and chosen[column][0] != place):
            continue
        same = [pl.col(str(each)) for each in chosen[column]] if column else [pl.col(str(place))]
        out.append(column or spelt[place])
        columns.append(pl.coalesce(same).alias(str(len(columns))))
    return replace(
        sheet,
        names=tuple(out),
        cells=cells.filter(kept).select(columns),
        lines=sheet.lines.filter(kept),
        blank=sheet.blank + int((~facts["filled"]).sum()),
        aside=(*sheet.aside, *((line, "answers_conflict") for line in sheet.lines.filter(aside))),
        notes=(*sheet.notes, *notes),
    )


def _is_labelled(names: list[str]) -> bool:
    """Whether the structure is named in words: REDCap has the event, or the instrument with its instance."""
    return "event_name" in names or {"repeat_instrument", "repeat_instance"} <= set(names)


def _spelt(given: tuple[str, ...], names: list[str]) -> tuple[str, ...]:
    """The names as the file spells them, those of the structure as REDCap does."""
    return tuple(name if name in STRUCTURE else as_given for as_given, name in zip(given, names, strict=True))


def contract_column(name: str) -> str | None:
    """The contract's column that a (normalised) field's name is; None where it is none of the form."""
    field = _field(name)
    return REDCAP_FIELDS[field] if field else None


def _field(name: str) -> str | None:
    """The field of the form that a name is of, a suffix of a second import left out."""
    if name in REDCAP_FIELDS:
        return name
    base, suffix = name[:-7], name[-7:]
    return base if _SUFFIX.fullmatch(suffix) and base in REDCAP_FIELDS else None


def _chosen(cells: pl.DataFrame, names: list[str]) -> tuple[dict[str, list[int]], set[int]]:
    """Column of the contract -> the places of the columns that are it, more than one for a total; and the places of an unused copy."""
    places: dict[str, list[int]] = defaultdict(list)
    for place, name in enumerate(names):
        if field := _field(name):
            places[REDCAP_FIELDS[field]].append(place)
    filled = {place for all_of in places.values() for place in all_of if cells[str(place)].drop_nulls().len()}
    second = {place for place in filled if _field(names[place]) != names[place]}
    if second and filled - second:
        raise FileRefusedError("redcap_two_forms", column_no=min(second) + 1, line=1)
    chosen, dropped = {}, set()
    for column, all_of in places.items():
        used = [place for place in all_of if place in filled] or all_of[:1]
        # A total may be typed and calculated; a question asked twice is another form.
        fields = {_field(names[place]) for place in used}
        if len(used) > 1 and (column != "total" or len(fields) < len(used)):
            raise FileRefusedError("redcap_two_forms", column_no=used[1] + 1, line=1)
        chosen[column] = used
        dropped |= set(all_of) - set(used)
    return chosen, dropped


def _with_difficulty(
    cells: pl.DataFrame, names: list[str], chosen: dict[str, list[int]]
) -> tuple[pl.DataFrame, list[tuple[str, str, int]]]:
    """The cells with the difficulty of the shared form coded 0 to 3, and the note of it. Raises FileRefusedError for a 0."""
    place = next((place for place in chosen.get("item_10", ()) if _field(names[place]) == REDCAP_DIFFICULTY), None)
    if place is None:
        return cells, []
    # A code that went through a spreadsheet may be written 1.0.
    given = cells[str(place)].str.strip_chars(" ").str.replace(r"\.0+$", "")
    if (given == "0").any():
        raise FileRefusedError("difficulty_coding", column_no=place + 1)
    words = {word: str(score) for word, score in DIFFICULTY_WORDS.items()}
    in_words = given.str.to_lowercase().replace_strict(words, default=None, return_dtype=pl.String)
    moved = given.replace_strict(_DIFFICULTY, default=None, return_dtype=pl.String)
    count = int(moved.is_not_null().sum())
    cells = cells.with_columns(pl.coalesce(moved, in_words, pl.col(str(place))).alias(str(place)))
    return cells, [("item_10", "difficulty_shifted", count)] if count else []
