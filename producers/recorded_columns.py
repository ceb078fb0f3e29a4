"""Columns of a file as values of fields: times, numbers, texts, verdicts. What can't be read is NaN or ""."""

import re
from collections.abc import Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from producers.recorded_mapping import At, Field
from producers.tokens import Tokens

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_TIME = -1
_PER_MS = {"s": 1e-3, "ms": 1.0, "us": 1e3, "ns": 1e6}  # units in a millisecond
_OFFSET = re.compile(r"(Z|[+-]\d{2}:?\d{2})$")
_VERDICTS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}


def times(batch: pa.RecordBatch, columns: Sequence[At], *, zone: str) -> Ints:
    """``(n,)`` epoch ms, rounded down: of each row the first of the columns with a value; ``NO_TIME`` for none."""
    out = np.full(batch.num_rows, NO_TIME, np.int64)
    for at in columns:
        column = batch.column(at.column)
        found = _numbered_times(column, at.unit) if at.unit else _written_times(column, at.format, zone)
        out = np.where(out > 0, out, found)
    return np.where(out > 0, out, NO_TIME)


def _numbered_times(column: pa.Array, unit: str) -> Ints:
    series = pd.to_numeric(_plain(column).to_pandas(), errors="coerce")
    if pd.api.types.is_integer_dtype(series.dtype):  # exact: nanoseconds don't fit a float
        whole: Ints = series.to_numpy(np.int64)
        return whole * 1000 if unit == "s" else whole // int(_PER_MS[unit])
    values = series.to_numpy(np.float64) / _PER_MS[unit]
    return np.where(np.isfinite(values) & (np.abs(values) < 1e15), values, NO_TIME).astype(np.int64)


def _written_times(column: pa.Array, form: str, zone: str) -> Ints:
    column = _plain(column)
    if pa.types.is_date(column.type):
        column = pc.cast(column, pa.timestamp("ms"))
    if pa.types.is_timestamp(column.type):
        index = pd.DatetimeIndex(column.to_pandas())
    else:
        texts = pc.cast(column, pa.string()).to_pandas()
        index = pd.DatetimeIndex(pd.to_datetime(texts, errors="coerce", format=form or "ISO8601", utc=True))
        present = texts.dropna()
        if present.empty or not _OFFSET.search(str(present.iloc[0])):
            index = index.tz_localize(None)
    if index.tz is None:
        index = index.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    stamps = index.as_unit("ns").asi8
    return np.where(np.asarray(index.isna()), NO_TIME, stamps // 1_000_000)


def numbers(batch: pa.RecordBatch, field: Field, *, absent: float = np.nan) -> Floats:
    """``(n,)`` scaled; an empty cell is ``absent``, one that is no number is NaN."""
    if field.constant:
        return np.full(batch.num_rows, float(field.constant) * field.scale)
    column = _plain(batch.column(field.column))
    empty = column.is_null().to_numpy(zero_copy_only=False)
    series = pd.to_numeric(column.to_pandas(), errors="coerce")
    return np.where(empty, absent, series.to_numpy(np.float64) * field.scale)


def texts(batch: pa.RecordBatch, field: Field, *, stem: str) -> list[str]:
    """``(n,)`` texts, "" for an empty cell and a card number that is none; ``stem``: the file's name without ending."""
    if field.columns:
        parts = [_strings(batch.column(name)) for name in field.columns]
        found = [field.join.join(cells) for cells in zip(*parts, strict=True)]
    elif field.column:
        found = _strings(batch.column(field.column))
    else:
        match = re.search(field.file, stem) if field.file else None
        found = [field.constant or (match[1] if match else "")] * batch.num_rows
    if field.map:
        found = [field.map.get(text, "") for text in found]
    if field.token:
        tokens = Tokens.read(field.token, where="mapping")
        found = [tokens.of(text) for text in found]
    if field.prefix or field.width or field.upper:
        found = [_dress(text, field) if text else "" for text in found]
    return found


def verdicts(batch: pa.RecordBatch, field: Field) -> list[bool | None]:
    """``(n,)`` True for fraud, None where there is no verdict: an empty cell or a word that is none."""
    return [_VERDICTS.get(text.lower().removesuffix(".0")) for text in _strings(batch.column(field.column))]


def _dress(text: str, field: Field) -> str:
    padded = field.prefix + text.zfill(field.width)
    return padded.upper() if field.upper else padded


def _strings(column: pa.Array) -> list[str]:
    return pc.fill_null(pc.cast(_plain(column), pa.string()), "").to_pylist()


def _plain(column: pa.Array) -> pa.Array:
    return column.dictionary_decode() if isinstance(column, pa.DictionaryArray) else column
