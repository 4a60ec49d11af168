"""The books as they were after each trial, kept with the run for anyone to check again."""

from __future__ import annotations

import gzip
import math
from collections import Counter
from pathlib import Path
from typing import Final

import pyarrow.parquet as pq
from pydantic import TypeAdapter

from lab.audit.books import Acknowledged, Books

_BOOKS: Final = TypeAdapter(Books)
_NOT_PUT: Final = frozenset({404, 409})
"""No such product, and a cart that is full: nothing was written."""


def acknowledged_in(requests: Path) -> Acknowledged:
    """What clients were told of their orders, and what they may have put, from a trial's rows.

    A journey wishes for one order: it asks under one Idempotency-Key, however often.  A put that
    was sent and not refused may have been made, whatever was heard of it.
    """
    columns = ["endpoint", "status", "reference", "journey_no", "send_s"]
    table = pq.read_table(requests, columns=columns)
    told: dict[tuple[str, int], dict[str, str]] = {
        ("place_order", 201): {}, ("cancel_order", 200): {}}
    puts = Counter[int]()
    for endpoint, status, order, journey, sent in zip(
            *(table[name].to_pylist() for name in columns), strict=True):
        if endpoint == "put_item" and status not in _NOT_PUT and not math.isnan(sent):
            puts[journey] += 1
        if order and (endpoint, status) in told:
            told[endpoint, status][order] = f"journey {journey}"
    placed, cancelled = told.values()
    return Acknowledged(frozenset(placed), frozenset(cancelled), placed, dict(puts))


def keep(books: Books, path: Path) -> None:
    """Write books as compressed JSON, whole or not at all."""
    partial = path.with_suffix(".partial")
    partial.write_bytes(gzip.compress(_BOOKS.dump_json(books), 6, mtime=0))
    partial.replace(path)


def read_kept(path: Path) -> Books:
    """Read books back.  Raises ValueError when they are spoilt."""
    return _BOOKS.validate_json(gzip.decompress(path.read_bytes()))
