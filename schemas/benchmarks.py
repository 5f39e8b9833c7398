"""Contracts of data/benchmarks.csv and data/claims.csv: what was published, and what clinics say about it.

A fault names file, line, row and key. The sentence beside each rule is what the curator reads, so it says what is
wrong or what would be accepted. These files are public: their values may stand in a message.
"""

import csv
import io
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context

from schemas.errors import DataFileError, called

TREATMENT_CLASSES = ["ketamine_iv", "ketamine_other_route", "esketamine", "other_treatment", "usual_care"]
OUTCOMES = [
    "response", "remission", "worsened", "si_reduced", "si_increased", "si_resolved", "sustained_response",
    "sustained_remission", "first_response", "first_remission", "late_response", "follow_up", "improvement_class",
    "clinically_substantial_change", "recovery", "reliable_recovery", "relapse", "mean_change",
]  # fmt: skip
CLAIM_OUTCOMES = [
    "response", "remission", "si_resolved", "sustained_response",
    "response_ratio_vs_antidepressants", "infusions_to_improvement",
]  # fmt: skip
# Outcomes of claims that are not a share of patients, and so may be over 1.
NOT_A_SHARE = ["response_ratio_vs_antidepressants", "infusions_to_improvement"]
ANCHORS = [
    "last_induction_infusion", "first_infusion", "infusion_k", "baseline_score", "response", "last_treatment",
    "first_treatment", "not_stated",
]  # fmt: skip
DENOMINATOR_CLASSES = ["observed", "everyone", "model", "unknown"]
KINDS = ["count", "rate_and_n", "published_ci", "pooled", "km_at_t", "rate_only", "effect_size"]
READ = [
    "abstract", "table", "full_text", "secondary_article", "secondary_summary", "registry_report", "registry_data",
    "conference_abstract", "press",
]  # fmt: skip

# Any: pandera's annotation of str_matches forbids the dictionary that its own code reads the sentence from.
_ID: Any = {"pattern": r"^[a-z0-9_]+$", "error": "not lower-case letters, digits and _"}
_DOI: Any = {"pattern": r"^10\.[0-9]{4,9}/\S+$", "error": "not a DOI (10.1234/...)"}
_PMID: Any = {"pattern": r"^[1-9][0-9]{0,7}$", "error": "not 1 to 8 digits"}
_SHARE = {"min_value": 0, "max_value": 1, "error": "not from 0 to 1"}


def _one_of(words: list[str]) -> dict[str, object]:
    return {"allowed_values": words, "error": f"not one of {', '.join(words)}"}


def _holds(data: pa.PolarsData, rule: pl.Expr) -> pl.LazyFrame:
    # Null is a failure: pandera lets a null comparison pass, so a rule says itself what an empty cell means.
    return data.lazyframe.select(rule.fill_null(False))


class Benchmarks(pa.DataFrameModel):
    """One row per published rate, as published, with its own definition.

    Grain: one row per `benchmark_id`. Rates and limits are shares of patients, 0 to 1. Days count from
    `window_anchor`, both ends included. What may be done with a row is RULES R12.
    """

    benchmark_id: str = pa.Field(unique=True, str_matches=_ID)
    version: int = pa.Field(ge={"min_value": 1, "error": "not 1 or more"})
    citation: str
    doi: str = pa.Field(nullable=True, str_matches=_DOI)
    pmid: str = pa.Field(nullable=True, str_matches=_PMID)
    year: int = pa.Field(
        nullable=True, in_range={"min_value": 1950, "max_value": 2100, "error": "not from 1950 to 2100"}
    )
    population: str
    treatment: str
    treatment_class: str = pa.Field(isin=_one_of(TREATMENT_CLASSES))
    instrument: str = pa.Field(description="PHQ-9, another scale's name as printed, or unknown.")
    outcome: str = pa.Field(isin=_one_of(OUTCOMES))
    cutoff: str = pa.Field(description="The outcome's definition in the words published.")
    window: str
    window_anchor: str = pa.Field(isin=_one_of(ANCHORS))
    window_low: int = pa.Field(nullable=True, description="Days from the anchor.")
    window_high: int = pa.Field(nullable=True, description="Days from the anchor.")
    denominator: str
    denominator_class: str = pa.Field(isin=_one_of(DENOMINATOR_CLASSES))
    kind: str = pa.Field(isin=_one_of(KINDS), description="What was printed, which decides the formula.")
    events: int = pa.Field(nullable=True, ge={"min_value": 0, "error": "not 0 or more"})
    n: int = pa.Field(nullable=True, ge={"min_value": 1, "error": "not 1 or more"})
    rate: float = pa.Field(nullable=True, in_range=_SHARE)
    ci_low: float = pa.Field(nullable=True, in_range=_SHARE)
    ci_high: float = pa.Field(nullable=True, in_range=_SHARE)
    prediction_low: float = pa.Field(nullable=True, in_range=_SHARE)
    prediction_high: float = pa.Field(nullable=True, in_range=_SHARE)
    # On the scale of `instrument`, so only a PHQ-9 row has a known top.
    mean_baseline: float = pa.Field(nullable=True, ge={"min_value": 0, "error": "not 0 or more"})
    sd_baseline: float = pa.Field(nullable=True, ge={"min_value": 0, "error": "not 0 or more"})
    effect_size: float = pa.Field(nullable=True, description="A standardised mean change, as printed.")
    read: str = pa.Field(isin=_one_of(READ), description="What was read to fill the row.")
    interests: str = pa.Field(nullable=True, description="Only what was seen; empty is not 'none'.")
    measure_id: str = pa.Field(nullable=True, description="The measure that copies the definition.")
    mismatch: str = pa.Field(nullable=True, description="Why it is not, or not known to be, the measure's.")
    assumed: str = pa.Field(nullable=True, description="What is taken as given where `mismatch` is not known.")
    primary: str = pa.Field(isin=_one_of(["yes", "no"]))
    caveat: str = pa.Field(nullable=True)

    class Config:
        strict = True

    @pa.dataframe_check(error="rate: empty, and only an effect_size has none")
    def rate_where_the_kind_has_one(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, pl.col("rate").is_null() == (pl.col("kind") == "effect_size"))

    @pa.dataframe_check(error="effect_size: given for the kind effect_size and for no other")
    def effect_size_where_the_kind_has_one(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, pl.col("effect_size").is_not_null() == (pl.col("kind") == "effect_size"))

    @pa.dataframe_check(error="events: a count needs events and n")
    def count_has_both(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, (pl.col("kind") != "count") | (pl.col("events").is_not_null() & pl.col("n").is_not_null()))

    @pa.dataframe_check(error="events: given, so the kind must be count")
    def events_make_a_count(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, pl.col("events").is_null() | (pl.col("kind") == "count"))

    @pa.dataframe_check(error="events: more than n")
    def events_within_n(cls, data: pa.PolarsData) -> pl.LazyFrame:
        either_empty = pl.col("events").is_null() | pl.col("n").is_null()
        return _holds(data, either_empty | (pl.col("events") <= pl.col("n")))

    @pa.dataframe_check(error="n: rate_and_n needs n")
    def rate_and_n_has_n(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, (pl.col("kind") != "rate_and_n") | pl.col("n").is_not_null())

    @pa.dataframe_check(error="n: given, so the kind cannot be rate_only")
    def rate_only_has_no_n(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, (pl.col("kind") != "rate_only") | pl.col("n").is_null())

    @pa.dataframe_check(error="ci_low: published_ci and pooled need both limits")
    def limits_where_the_kind_needs_them(cls, data: pa.PolarsData) -> pl.LazyFrame:
        needed = pl.col("kind").is_in(["published_ci", "pooled"])
        return _holds(data, ~needed | (pl.col("ci_low").is_not_null() & pl.col("ci_high").is_not_null()))

    @pa.dataframe_check(error="ci_low: one limit without the other")
    def limits_in_pairs(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, pl.col("ci_low").is_null() == pl.col("ci_high").is_null())

    @pa.dataframe_check(error="ci_low: over ci_high")
    def limits_in_order(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, pl.col("ci_low").is_null() | pl.col("ci_high").is_null() | _le("ci_low", "ci_high"))

    @pa.dataframe_check(error="rate: outside its own limits ci_low and ci_high")
    def rate_within_limits(cls, data: pa.PolarsData) -> pl.LazyFrame:
        above_low = pl.col("ci_low").is_null() | _le("ci_low", "rate")
        return _holds(data, above_low & (pl.col("ci_high").is_null() | _le("rate", "ci_high")))

    @pa.dataframe_check(error="prediction_low: one limit without the other")
    def prediction_in_pairs(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, pl.col("prediction_low").is_null() == pl.col("prediction_high").is_null())

    @pa.dataframe_check(error="rate: outside its own limits prediction_low and prediction_high")
    def rate_within_prediction(cls, data: pa.PolarsData) -> pl.LazyFrame:
        above_low = pl.col("prediction_low").is_null() | _le("prediction_low", "rate")
        return _holds(data, above_low & (pl.col("prediction_high").is_null() | _le("rate", "prediction_high")))

    @pa.dataframe_check(error="window_low: one end of the window without the other")
    def window_in_pairs(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, pl.col("window_low").is_null() == pl.col("window_high").is_null())

    @pa.dataframe_check(error="window_low: after window_high")
    def window_in_order(cls, data: pa.PolarsData) -> pl.LazyFrame:
        either_empty = pl.col("window_low").is_null() | pl.col("window_high").is_null()
        return _holds(data, either_empty | _le("window_low", "window_high"))

    @pa.dataframe_check(error="mean_baseline: over 27, the top of the PHQ-9")
    def phq9_baseline_in_range(cls, data: pa.PolarsData) -> pl.LazyFrame:
        not_phq9 = pl.col("instrument") != "PHQ-9"
        return _holds(data, not_phq9 | pl.col("mean_baseline").is_null() | (pl.col("mean_baseline") <= 27))

    @pa.dataframe_check(error="measure_id: every measure is a PHQ-9 measure, and this row is another instrument's")
    def measure_has_its_instrument(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, pl.col("measure_id").is_null() | (pl.col("instrument") == "PHQ-9"))

    @pa.dataframe_check(error="mismatch: empty, and no measure copies this row; say why none does")
    def comparable_or_said_why_not(cls, data: pa.PolarsData) -> pl.LazyFrame:
        comparable = (pl.col("instrument") == "PHQ-9") & (pl.col("treatment_class") == "ketamine_iv")
        return _holds(data, ~comparable | pl.col("measure_id").is_not_null() | pl.col("mismatch").is_not_null())

    @pa.dataframe_check(error="assumed: only where a mismatch and a measure_id are given")
    def assumed_answers_a_mismatch(cls, data: pa.PolarsData) -> pl.LazyFrame:
        answers = pl.col("mismatch").is_not_null() & pl.col("measure_id").is_not_null()
        return _holds(data, pl.col("assumed").is_null() | answers)

    @pa.dataframe_check(error="primary: a primary row has no mismatch")
    def primary_has_no_mismatch(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, (pl.col("primary") != "yes") | pl.col("mismatch").is_null())

    @pa.dataframe_check(error="primary: a primary row needs a measure_id")
    def primary_has_a_measure(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, (pl.col("primary") != "yes") | pl.col("measure_id").is_not_null())

    @pa.dataframe_check(error="primary: yes more than once for this outcome")
    def one_primary_an_outcome(cls, data: pa.PolarsData) -> pl.LazyFrame:
        is_primary = pl.col("primary") == "yes"
        return _holds(data, ~is_primary | (is_primary.sum().over("outcome") <= 1))


class Claims(pa.DataFrameModel):
    """One row per claim: a figure in a clinic's own words, without instrument, denominator or n. Never compared.

    Grain: one row per `claim_id`. `low` and `high` are the ends of what is claimed, a share of patients (0 to 1)
    unless the outcome is a ratio or a number of infusions.
    """

    claim_id: str = pa.Field(unique=True, str_matches=_ID)
    version: int = pa.Field(ge={"min_value": 1, "error": "not 1 or more"})
    source: str
    outcome: str = pa.Field(isin=_one_of(CLAIM_OUTCOMES))
    treatment: str
    low: float = pa.Field(nullable=True, ge={"min_value": 0, "error": "not 0 or more"})
    high: float = pa.Field(nullable=True, ge={"min_value": 0, "error": "not 0 or more"})
    as_stated: str
    traces_to: str = pa.Field(description="The study it can be traced to, or that none was found.")
    agreement: str = pa.Field(description="How it agrees with what was published.")

    class Config:
        strict = True

    @pa.dataframe_check(error="low: over high")
    def ends_in_order(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, pl.col("low").is_null() | pl.col("high").is_null() | _le("low", "high"))

    @pa.dataframe_check(error="low: a share of patients is not over 1")
    def low_is_a_share(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, pl.col("outcome").is_in(NOT_A_SHARE) | pl.col("low").is_null() | (pl.col("low") <= 1))

    @pa.dataframe_check(error="high: a share of patients is not over 1")
    def high_is_a_share(cls, data: pa.PolarsData) -> pl.LazyFrame:
        return _holds(data, pl.col("outcome").is_in(NOT_A_SHARE) | pl.col("high").is_null() | (pl.col("high") <= 1))


def read_benchmarks(path: Path, measure_ids: set[str]) -> pl.DataFrame:
    """The published rates, one row each, in the order of the file. Raises DataFileError with every fault found."""
    text, faults = benchmark_text(path)
    good, found = judged_benchmarks(text, path, measure_ids)
    if faults + found:
        raise DataFileError(faults + found)
    return good


def benchmark_text(path: Path) -> tuple[pl.DataFrame, list[str]]:
    """Every cell of a file of benchmarks as text with its LINE, and what is wrong with its lines. Raises DataFileError."""
    return _read_text(path, Benchmarks)


def judged_benchmarks(text: pl.DataFrame, path: Path, measure_ids: set[str]) -> tuple[pl.DataFrame, list[str]]:
    """The typed rows of what benchmark_text() read, and every fault of them."""
    good, faults = _check(text, Benchmarks, path)
    for row in text.iter_rows(named=True):
        where = _where(path, row, "benchmark_id")
        if row["measure_id"] is not None and row["measure_id"] not in measure_ids:
            faults.append(f"{where} measure_id: {row['measure_id']} is not a measure of measures.toml")
        if not _rate_is_its_count(row):
            faults.append(f"{where} rate: {row['rate']} is not {row['events']}/{row['n']} to the digits printed")
    return good, faults


def read_claims(path: Path) -> pl.DataFrame:
    """The claims, one row each, in the order of the file. Raises DataFileError with every fault found."""
    text, faults = _read_text(path, Claims)
    good, found = _check(text, Claims, path)
    if faults + found:
        raise DataFileError(faults + found)
    return good


LINE = "source_line"  # beside the contract's columns while reading; never in what is returned
_PATTERNS = {pl.Int64(): r"^(0|-?[1-9][0-9]{0,8})$", pl.Float64(): r"^-?(0|[1-9][0-9]{0,5})(\.[0-9]+)?$"}
_WORDS = {pl.Int64(): "not a whole number", pl.Float64(): "not a plain decimal number"}


def _le(low: str, high: str) -> pl.Expr:
    return pl.col(low) <= pl.col(high)


def _where(path: Path, row: dict[str, object], key: str) -> str:
    return f"{path.name} line {row[LINE]} ({row[key] or 'no ' + key})"


def _read_text(path: Path, contract: type[pa.DataFrameModel]) -> tuple[pl.DataFrame, list[str]]:
    """Every cell as text, null where empty, with its physical line; rows of another length are faults.

    Raises DataFileError at once where no row can be judged: not UTF-8, other line ends, another header.
    """
    columns = list(contract.to_schema().columns)
    try:
        whole = path.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        raise DataFileError([f"{path.name}: byte {error.start + 1} is not UTF-8"]) from None
    if "\r" in whole or whole.startswith("\ufeff") or "\0" in whole:
        raise DataFileError([f"{path.name}: plain UTF-8 with line feeds only, no byte-order mark, no null"])
    reader = csv.reader(io.StringIO(whole, newline=""), strict=True)
    rows: list[list[str | int | None]] = []
    faults: list[str] = []
    try:
        header = next(reader, [])
        if header != columns:
            raise DataFileError(_header_faults(path, header, columns))
        line = reader.line_num + 1
        for cells in reader:
            name = f"{path.name} line {line} ({cells[0] if cells else 'empty'})"
            if len(cells) != len(columns):
                faults.append(f"{name}: {len(cells)} cells, and the header has {len(columns)}")
            else:
                for column, cell in zip(columns, cells, strict=True):
                    if cell != cell.strip() or not cell.isprintable():
                        faults.append(f"{name} {column}: a blank at an end, a line break or an unprintable sign")
                rows.append([line, *(cell.strip() or None for cell in cells)])
            line = reader.line_num + 1
    except csv.Error as error:
        raise DataFileError([*faults, f"{path.name} line {reader.line_num}: {error}"]) from None
    if not rows:
        faults.append(f"{path.name}: no rows")
    schema = {LINE: pl.Int64(), **dict.fromkeys(columns, pl.String())}
    return pl.DataFrame(rows, schema=schema, orient="row"), faults


def _header_faults(path: Path, header: list[str], columns: list[str]) -> list[str]:
    faults = [f"{path.name} line 1 {name}: missing column" for name in columns if name not in header]
    # A file without a header, or another file given by mistake, has cells in this line.
    unknown = dict.fromkeys(called(name) for name in header if name not in columns)
    faults += [f"{path.name} line 1 {name}: unknown column" for name in unknown]
    return faults or [f"{path.name} line 1: the columns must be, once each and in this order: {','.join(columns)}"]


def _check(text: pl.DataFrame, contract: type[pa.DataFrameModel], path: Path) -> tuple[pl.DataFrame, list[str]]:
    """The typed rows without their lines, and every fault. A row with an unreadable number is not judged further."""
    types = {name: column.dtype.type for name, column in contract.to_schema().columns.items()}
    key = next(iter(types))
    numbers = {name: type_ for name, type_ in types.items() if type_ in _PATTERNS}
    well_formed = {name: pl.col(name).str.contains(_PATTERNS[type_]) for name, type_ in numbers.items()}
    faults = []
    for name, rule in well_formed.items():
        for row in text.filter(~rule).iter_rows(named=True):
            faults.append(f"{_where(path, row, key)} {name}: {_WORDS[numbers[name]]}: {row[name]}")
    readable = text.filter(pl.all_horizontal(rule.fill_null(True) for rule in well_formed.values()))
    typed = readable.select(pl.col(name).cast(type_) for name, type_ in types.items())
    try:
        # A data frame, never a lazy one, of which pandera checks only names and types. The context holds whatever
        # PANDERA_* the environment sets: a data file is never read unchecked.
        with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
            contract.validate(typed, lazy=True)
    except pa.errors.SchemaErrors as error:
        for case in error.failure_cases.sort("index", maintain_order=True).iter_rows(named=True):
            row = readable.row(case["index"], named=True)
            faults.append(f"{_where(path, row, key)} {_sentence(case)}")
    return typed, faults


def _sentence(case: dict[str, object]) -> str:
    if case["schema_context"] != "Column":
        return str(case["check"])  # a rule over several columns names its key itself
    said = {"not_nullable": "empty", "field_uniqueness": "not unique, another row has the same"}
    value = "" if case["failure_case"] is None else f": {case['failure_case']}"
    return f"{case['column']}: {said.get(str(case['check']), str(case['check']))}{value}"


def _rate_is_its_count(row: dict[str, str | None]) -> bool:
    """Whether `events`/`n` rounds to `rate` at its printed digits. True where there is nothing to compare.

    Exact, on the text: a float has forgotten how many digits were printed.
    """
    rate, events, n = row["rate"] or "", row["events"] or "", row["n"] or ""
    readable = re.fullmatch(r"[0-9]+(\.[0-9]+)?", rate) and re.fullmatch(r"[0-9]+", events)
    if not readable or not re.fullmatch(r"[1-9][0-9]*", n):
        return True
    half_a_digit = Fraction(1, 2 * 10 ** len(rate.partition(".")[2]))
    return abs(Fraction(rate) - Fraction(int(events), int(n))) <= half_a_digit
