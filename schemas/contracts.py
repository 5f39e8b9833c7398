"""What the contracts of all feeds are made of: rules with their sentences, ways to read a cell, and a contract.

A cell is first read: text becomes a value by one anchored pattern a column (`reads`). The values are then checked by
the feed's pandera class. Both say in one sentence what would be accepted; a sentence never holds a value.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NamedTuple

import pandera.polars as pa
import polars as pl
from pandera.config import ValidationDepth, config_context


class Rule(NamedTuple):
    """A reason code with its sentence, and whether it is said of a cell or of the whole row."""

    code: str
    sentence: str
    about: str


# Of all feeds: a code says the same wherever it is said.
RULES: dict[str, Rule] = {}
# What a rule on the range of a cell lets in: its lowest and highest number.
LIMITS: dict[str, tuple[float, float]] = {}

STATUSES = ("final", "amended", "corrected", "entered_in_error")
# The pseudonym holds a letter and a digit, so that it cannot be a name, a bare SSN or a telephone number.
CLINIC_ID = r"[A-Za-z][A-Za-z0-9_.-]{1,31}"
PATIENT_ID = r"[A-Za-z0-9_.-]{2,64}"


def say(code: str, sentence: str, about: str) -> str:
    """Gives a reason code its sentence. Raises AssertionError where it has another one already."""
    rule = Rule(code, sentence, about)
    assert RULES.setdefault(code, rule) == rule, f"{code} has two sentences"
    return code


def reads(kind: str, code: str, sentence: str, **more: Any) -> dict[str, Any]:
    """How the text of a column is read: its kind, the reason code where it cannot be, and what would be accepted."""
    return {"kind": kind, "unreadable": say(code, sentence, "cell")} | more


# What the rules saw: rule -> rows, while a batch is checked. A rule that did not run leaves no count.
_seen: ContextVar[dict[str, int] | None] = ContextVar("seen", default=None)


@contextmanager
def counting() -> Iterator[dict[str, int]]:
    """Collects how many rows each rule checked within the block."""
    seen: dict[str, int] = {}
    token = _seen.set(seen)
    try:
        yield seen
    finally:
        _seen.reset(token)


Judge = Callable[[Any, pa.PolarsData], pl.LazyFrame]


def _counted(code: str, expression: Callable[[str], pl.Expr]) -> Judge:
    def judge(cls: Any, data: pa.PolarsData) -> pl.LazyFrame:
        seen = _seen.get()
        verdict = data.lazyframe.select(expression(data.key or "").fill_null(False))
        if seen is not None:
            seen[code] = max(seen.get(code, 0), verdict.select(pl.len()).collect().item())
        return verdict

    judge.__name__ = code
    return judge


def cell_rule(code: str, sentence: str, columns: list[str], low: float, high: float) -> Any:
    """A range of each of `columns`; empty cells are not judged."""
    say(code, sentence, "cell")
    LIMITS[code] = (low, high)

    def within(key: str) -> pl.Expr:
        return pl.col(key).is_null() | pl.col(key).is_between(low, high)

    return pa.check(*columns, name=code, error=code)(_counted(code, within))


def row_rule(code: str, sentence: str, expression: pl.Expr) -> Any:
    """A rule over several columns; rows with an unreadable or out-of-range cell have their own reason and pass."""
    say(code, sentence, "row")
    return pa.dataframe_check(name=code, error=code)(_counted(code, lambda _: ~pl.col("is_sound") | expression))


def clinic_id_field() -> Any:
    """The column `clinic_id` of every feed."""
    return pa.Field(
        nullable=True, description="The clinic, as listed in clinics.toml.",
        metadata=reads("code", "clinic_id_pattern", "not a clinic code: 2 to 32 of A-Z, a-z, 0-9, _ . -, the first a letter"),
    )  # fmt: skip


def patient_id_field() -> Any:
    """The column `patient_id` of every feed."""
    return pa.Field(
        nullable=True, description="The clinic's own pseudonym of the patient.",
        metadata=reads("code", "patient_id_pattern", "not a pseudonym: 2 to 64 of A-Z, a-z, 0-9, _ . -, with at least one letter and one digit"),
    )  # fmt: skip


def word(words: tuple[str, ...], code: str, what: str, **more: Any) -> Any:
    """A column of one of `words`."""
    sentence = f"not {', '.join(words[:-1])} or {words[-1]}" + (", or empty" if "optional" in more else "")
    return pa.Field(
        nullable=True, description=what, dtype_kwargs={"categories": words}, metadata=reads("word", code, sentence, words=words, **more)
    )  # fmt: skip


def whole(code: str, sentence: str, what: str, **more: Any) -> Any:
    """A column of whole numbers."""
    return pa.Field(nullable=True, description=what, metadata=reads("whole", code, sentence, **more))


def status_field() -> Any:
    """The column `status` of every feed."""
    return word(STATUSES, "status_unknown", "Standing of the row; final where empty.", optional=True)


# Said of a row of any feed, outside its pandera class.
COMMON = (
    say("field_count", "not as many fields as the header has columns; in JSON, not one object of plain values with each name once", "row"),
    say("unknown_clinic", "the clinic is not in clinics.toml: register it there, then have the file read again: outcomes requeue", "row"),
    say(
        "contradiction",
        "another row of the same night has the same key and other values, and nothing orders them: mark the right one as corrected",
        "row",
    ),
)  # fmt: skip


class Contract:
    """The contract of one feed: its columns in order, how each is read and checked, and every rule by its code.

    `made` are columns that the rules over several columns need, made from the cells before the rules run; `ranges` are
    those of the cells that the made column `is_sound` looks at.
    """

    def __init__(
        self, feed: str, model: type[pa.DataFrameModel], made: tuple[str, ...] = (), ranges: Mapping[str, tuple[int, int]] | None = None
    ) -> None:  # fmt: skip
        self.feed = feed
        self.schema = schema = model.to_schema()
        self.made = made
        self.ranges = dict(ranges or {})
        self.columns = [name for name in schema.columns if name not in made]
        self.reading: dict[str, dict[str, Any]] = {
            name: dict(schema.columns[name].metadata or {}) for name in self.columns
        }
        self.descriptions = {name: schema.columns[name].description for name in self.columns}
        self.needed = {name for name, how in self.reading.items() if how["kind"] == "code" or how.get("needed")}
        self.required = [name for name, how in self.reading.items() if not how.get("optional")]
        self.dtypes: dict[str, pl.DataType] = {name: column.dtype.type for name, column in schema.columns.items()}
        # What a cell plainly written is parsed to: the value itself, or the word that says yes or no.
        self.parsed_as: dict[str, pl.DataType] = {
            name: pl.Enum(["yes", "no"]) if how["kind"] == "yes_no" else self.dtypes[name]
            for name, how in self.reading.items()
            if how["kind"] in ("whole", "item", "total", "word", "yes_no")
        }
        of_cells = [
            code
            for name, how in self.reading.items()
            for code in (how["unreadable"], *(check.name for check in schema.columns[name].checks))
        ]
        self.rules = {code: RULES[code] for code in (*of_cells, *(check.name for check in schema.checks), *COMMON)}

    def failures(self, typed: pl.DataFrame) -> pl.DataFrame:
        """What the contract says of a batch: one row (`row`, `column_name`, `reason_code`) per failure, none if all is well.

        `row` is the position in `typed`; `column_name` is null for a rule over several columns. Raises AssertionError
        where the frame itself is not of the contract: that is our fault, never the clinic's.
        """
        try:
            # An eager frame and this depth: pandera checks no values of a lazy one, nor where the environment says so.
            with config_context(validation_enabled=True, validation_depth=ValidationDepth.SCHEMA_AND_DATA):
                self.schema.validate(typed, lazy=True)
        except pa.errors.SchemaErrors as error:
            cases = error.failure_cases.select("index", "column", "check", "schema_context")
            assert cases["index"].null_count() == 0, "the frame is not of the contract"
            return cases.select(
                row=pl.col("index").cast(pl.UInt32),
                column_name=pl.when(pl.col("schema_context") == "Column").then(pl.col("column")),
                reason_code=pl.col("check"),
            ).unique()
        return pl.DataFrame(schema={"row": pl.UInt32, "column_name": pl.String, "reason_code": pl.String})
