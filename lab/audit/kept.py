"""The books as they were after each trial, kept with the run for anyone to check again."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
from pydantic import TypeAdapter

from lab.audit.books import Books

_BOOKS: Final = TypeAdapter(Books)


def acknowledged_in(requests: Path) -> set[str]:
    """The ids of orders that clients were told are placed, from a trial's rows."""
    table = pq.read_table(requests, columns=["endpoint", "status", "reference"])
    rows = zip(table["endpoint"].to_pylist(), table["status"].to_pylist(),
               table["reference"].to_pylist(), strict=True)
    return {reference for endpoint, status, reference in rows
            if endpoint == "place_order" and status == 201 and reference}


def keep(books: Books, path: Path) -> None:
    """Write books as compressed JSON, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_bytes(gzip.compress(_BOOKS.dump_json(books), 6, mtime=0))
    partial.replace(path)


def read_kept(path: Path) -> Books:
    """Read books back.  Raises ValueError when they are spoilt."""
    return _BOOKS.validate_json(gzip.decompress(path.read_bytes()))
