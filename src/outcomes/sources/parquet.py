"""Parquet and Arrow (Feather): typed columns as the text a person would write, so that the same rules read them.

Rows are numbered from 1. What the files carry beside their columns (metadata of pandas, of the writer) is not read.
"""

from __future__ import annotations

import io

import polars as pl

from outcomes.errors import FileRefusedError
from outcomes.sources.apart import read_apart
from outcomes.sources.packed import MAXIMUM_BYTES, most_bytes
from outcomes.sources.sheet import Sheet

# Third-party error text can carry cells, and a damaged file can make the reader panic.
_ANY = (Exception, pl.exceptions.PanicException)
_ARROW_FILE = b"ARROW1"
# Beyond this a float does not hold every whole number.
_EXACT = 2.0**53


def read_typed(data: bytes, *, is_parquet: bool) -> Sheet:
    """The cells of a Parquet file, or of an Arrow file or stream. Raises FileRefusedError."""
    names, text = read_apart(data, is_parquet=is_parquet)
    return Sheet(names, text, pl.int_range(1, text.height + 1, dtype=pl.Int32, eager=True).rename("line"))


def typed_as_text(data: bytes, *, is_parquet: bool) -> tuple[tuple[str, ...], pl.DataFrame]:
    """The names of the columns, and their cells under "0", "1" and so on. It may end the process: see apart.py."""
    try:
        frame = _read_parquet(data) if is_parquet else _read_arrow(data)
        if frame.estimated_size() > MAXIMUM_BYTES:
            raise FileRefusedError("too_large")
        names = tuple(frame.columns)
        frame.columns = [str(place) for place in range(frame.width)]
        for place, dtype in enumerate(frame.dtypes):
            if not _is_plain(dtype):
                raise FileRefusedError("not_readable", column_no=place + 1, kind="nested, binary or of no plain type")
        text = frame.select(_as_text(pl.col(name), dtype).replace("", None) for name, dtype in frame.schema.items())
    except FileRefusedError:
        raise
    except _ANY:
        raise FileRefusedError("not_readable") from None
    return names, text


def _read_parquet(data: bytes) -> pl.DataFrame:
    file = pl.scan_parquet(io.BytesIO(data))
    # Counted before it is unpacked: a cell is a byte or more.
    _hold(file.select(pl.len()).collect().item() * len(file.collect_schema()), data)
    return pl.read_parquet(io.BytesIO(data))


def _read_arrow(data: bytes) -> pl.DataFrame:
    if not data.startswith(_ARROW_FILE):
        return pl.read_ipc_stream(io.BytesIO(data))
    file = pl.scan_ipc(io.BytesIO(data))
    _hold(file.select(pl.len()).collect().item() * len(file.collect_schema()), data)
    return pl.read_ipc(io.BytesIO(data))


def _hold(cells: int, data: bytes) -> None:
    if cells > most_bytes(len(data)):
        raise FileRefusedError("too_large")


def _is_plain(dtype: pl.DataType) -> bool:
    text = (pl.String, pl.Categorical, pl.Enum, pl.Null)
    return dtype.is_numeric() or dtype in (pl.Boolean, pl.Date, pl.Datetime, pl.Time, *text)


def _as_text(column: pl.Expr, dtype: pl.DataType) -> pl.Expr:
    if dtype == pl.Boolean:
        return pl.when(column).then(pl.lit("yes")).when(~column).then(pl.lit("no"))
    if dtype.is_float():
        # A column of whole numbers with gaps is one of floats in many programs: 3.0 is 3 there.
        whole = (column == column.round()) & (column.abs() < _EXACT)
        return (
            pl.when(whole).then(column.cast(pl.Int64, strict=False).cast(pl.String)).otherwise(column.cast(pl.String))
        )
    if dtype.is_decimal():
        text = column.cast(pl.String)
        return pl.when(text.str.contains(".", literal=True)).then(text.str.replace(r"\.?0+$", "")).otherwise(text)
    if dtype == pl.Datetime:
        # So is a column of dates one of midnights.
        midnight = column.dt.time() == pl.time(0)
        return (
            pl.when(midnight).then(column.dt.strftime("%Y-%m-%d")).otherwise(column.dt.strftime("%Y-%m-%dT%H:%M:%S%.f"))
        )
    return column.cast(pl.String)
