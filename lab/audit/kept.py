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
    """What clients were told of their orders, from a trial's rows.

    A journey wishes for one order: it asks under one Idempotency-Key, however often.
    """
    columns = ["endpoint", "status", "reference", "journey_no"]
    table = pq.read_table(requests, columns=columns)
    told: dict[tuple[str, int], dict[str, str]] = {
        ("place_order", 201): {}, ("cancel_order", 200): {}}
    for endpoint, status, order, journey in zip(
            *(table[name].to_pylist() for name in columns), strict=True):
        if order and (endpoint, status) in told:
            told[endpoint, status][order] = f"journey {journey}"
    placed, cancelled = told.values()
    return Acknowledged(frozenset(placed), frozenset(cancelled), placed)


def keep(books: Books, path: Path) -> None:
    """Write books as compressed JSON, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_bytes(gzip.compress(_BOOKS.dump_json(books), 6, mtime=0))
    partial.replace(path)


def read_kept(path: Path) -> Books:
    """Read books back.  Raises ValueError when they are spoilt."""
    return _BOOKS.validate_json(gzip.decompress(path.read_bytes()))
