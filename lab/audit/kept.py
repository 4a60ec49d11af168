"""The books as they were after each trial, kept with the run for anyone to check again."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
from pydantic import TypeAdapter

from lab.audit.books import Acknowledged, Books

_BOOKS: Final = TypeAdapter(Books)


def acknowledged_in(requests: Path) -> Acknowledged:
    """What clients were told of their orders, from a trial's rows."""
    table = pq.read_table(requests, columns=["endpoint", "status", "reference"])
    rows = set(zip(table["endpoint"].to_pylist(), table["status"].to_pylist(),
                   table["reference"].to_pylist(), strict=True))
    placed, cancelled = (
        frozenset(order for endpoint, status, order in rows
                  if order and (endpoint, status) == promise)
        for promise in (("place_order", 201), ("cancel_order", 200)))
    return Acknowledged(placed, cancelled)


def keep(books: Books, path: Path) -> None:
    """Write books as compressed JSON, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_bytes(gzip.compress(_BOOKS.dump_json(books), 6, mtime=0))
    partial.replace(path)


def read_kept(path: Path) -> Books:
    """Read books back.  Raises ValueError when they are spoilt."""
    return _BOOKS.validate_json(gzip.decompress(path.read_bytes()))
