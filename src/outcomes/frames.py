"""polars frames: their ends, and in and out of DuckDB without pyarrow (both speak the Arrow C stream); and single values and transactions of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import duckdb
import polars as pl

# What is wrong in a batch of cells: the row, its column (null: the whole row) and the reason's or note's code.
FAULTS = {"row": pl.UInt32, "column_name": pl.String, "code": pl.String}


def faults_where(wrong: pl.Series, column: str | None, code: str) -> pl.DataFrame:
    """One fault, as in FAULTS, for each row in which `wrong` is true."""
    rows = pl.DataFrame({"row": wrong.arg_true().cast(pl.UInt32)})
    return rows.select("row", column_name=pl.lit(column, pl.String), code=pl.lit(code))


def ends(numbers: pl.Series) -> tuple[int, int] | None:
    """The least and the greatest of a column of whole numbers; None where it has none."""
    low, high = numbers.min(), numbers.max()
    return (low, high) if isinstance(low, int) and isinstance(high, int) else None


class _Stream:
    # DuckDB asks a polars frame for pyarrow, but takes any other object that offers the stream itself.
    def __init__(self, frame: pl.DataFrame) -> None:
        self.frame: pl.DataFrame | None = frame

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        assert self.frame is not None, "it is asked of while it is given"
        return self.frame.__arrow_c_stream__(requested_schema)


@contextmanager
def given(con: duckdb.DuckDBPyConnection, name: str, frame: pl.DataFrame) -> Iterator[None]:
    """`frame` as a view of that name, for as long as the block lasts."""
    stream = _Stream(frame)
    con.register(name, stream)
    try:
        yield
    finally:
        con.unregister(name)
        # A transaction keeps the view until it ends, and with it whatever it was made of.
        stream.frame = None


def put_rows(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Mapping[str, Any]]) -> None:
    """Rows into a table, as one frame: for each value bound to a statement DuckDB looks for pandas again, 0.2 ms."""
    if rows:
        with given(con, "rows", pl.DataFrame(list(rows), infer_schema_length=None)):
            con.execute(f"INSERT INTO {table} BY NAME FROM rows")


def keep_equal(con: duckdb.DuckDBPyConnection, table: str, frame: pl.DataFrame) -> None:
    """Give a small table the rows of `frame`. Where it has them it is left alone: what is written goes to disk again, whole."""
    columns = ", ".join(f'"{name}"' for name in frame.columns) or "*"
    if Counter(con.execute(f"SELECT {columns} FROM {table}").fetchall()) == Counter(frame.rows()):
        return
    con.execute(f"DELETE FROM {table}")
    if not frame.is_empty():
        with given(con, "given", frame):
            con.execute(f"INSERT INTO {table} BY NAME FROM given")


def literal(text: object) -> str:
    """A text as SQL says it, in quotes: where DuckDB takes no parameter."""
    return "'" + str(text).replace("'", "''") + "'"


@contextmanager
def at_once(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """One transaction: all that the block writes is there, or nothing of it."""
    con.execute("BEGIN")
    try:
        yield
        con.execute("COMMIT")
    except BaseException:
        # A commit that failed has ended the transaction. DuckDB would say that, and not that the disk is full.
        with suppress(duckdb.Error):
            con.execute("ROLLBACK")
        raise


def asked(con: duckdb.DuckDBPyConnection, query: str) -> pl.DataFrame:
    """The rows of a query as a frame."""
    return pl.DataFrame(con.sql(query))


def one(con: duckdb.DuckDBPyConnection, query: str, values: Sequence[Any] = ()) -> Any:
    """The single value of a query."""
    row = con.execute(query, list(values)).fetchone()
    return row[0] if row else None
