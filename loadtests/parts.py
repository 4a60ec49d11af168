"""Rows on the disk: of one process, or of several, merged."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from contract.results import REQUESTS, write_table
from loadtests.summary import Instants

_ORDER = [("journey_no", "ascending"), ("step", "ascending")]
_INSTANTS = ("intended_s", "dispatch_s", "send_s", "end_s")


def part_path(requests: Path, index: int) -> Path:
    """Where generator process `index` writes its rows."""
    return requests.with_name(f"{requests.name}.{index}")


def write_part(rows: list[tuple[object, ...]], path: Path) -> None:
    """Write one process's rows, whole or not at all."""
    # write_table replaces the suffix, which here is all that tells two parts apart.
    whole = path.with_name(f"{path.name}.whole")
    write_table(rows, REQUESTS, whole)
    whole.replace(path)


def merge_parts(parts: Sequence[Path], requests: Path) -> None:
    """Join the parts of one trial in order of journey and step, then remove them."""
    tables = [pq.read_table(part, schema=REQUESTS, partitioning=None) for part in parts]
    merged = pa.concat_tables(tables).unify_dictionaries() if tables else REQUESTS.empty_table()
    metadata = pq.read_schema(parts[0]).metadata if parts else None
    partial = requests.with_suffix(".partial")
    pq.write_table(merged.sort_by(_ORDER).replace_schema_metadata(metadata), partial,
                   compression="zstd")
    partial.replace(requests)
    for part in parts:
        part.unlink()


def read_instants(requests: Path) -> list[Instants]:
    """Read the four instants of every row."""
    table = pq.read_table(requests, columns=list(_INSTANTS))
    return list(zip(*(table[name].to_pylist() for name in _INSTANTS), strict=True))
