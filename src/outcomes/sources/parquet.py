"""Parquet: every column as text, so that the same rules read it. Rows are numbered from 1."""

from __future__ import annotations

import io

import polars as pl

from outcomes.errors import FileRefusedError
from outcomes.sources.csv import MAXIMUM_BYTES, most_bytes
from outcomes.sources.headers import Header, known_header

# Third-party error text can carry cells, and a damaged file can make the reader panic.
_ANY = (Exception, pl.exceptions.PanicException)


def read_parquet(data: bytes) -> tuple[Header, pl.DataFrame]:
    """The columns of a Parquet file as text; empty is null."""
    try:
        schema = pl.read_parquet_schema(io.BytesIO(data))
    except _ANY:
        raise FileRefusedError("not_readable") from None
    header = known_header(tuple(schema))
    try:
        # Counted before it is unpacked: a cell is a byte or more.
        cells = pl.scan_parquet(io.BytesIO(data)).select(pl.len()).collect().item() * len(schema)
        if cells > most_bytes(len(data)):
            raise FileRefusedError("too_large")
        frame = pl.read_parquet(io.BytesIO(data))
        if frame.estimated_size() > MAXIMUM_BYTES:
            raise FileRefusedError("too_large")
        text = frame.select(_as_text(pl.col(name), dtype) for name, dtype in schema.items())
    except FileRefusedError:
        raise
    except _ANY:
        raise FileRefusedError("not_readable") from None
    text.columns = list(header.columns)
    return header, text.with_columns(pl.all().replace("", None))


def _as_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Boolean:
        return pl.when(column).then(pl.lit("yes")).when(~column).then(pl.lit("no"))
    if isinstance(dtype, pl.List | pl.Struct | pl.Array | pl.Binary | pl.Object):
        raise FileRefusedError("not_readable")
    return column.cast(pl.String)
