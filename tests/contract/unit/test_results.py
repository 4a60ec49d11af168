"""Recorded tables: what is written is what is read, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract.results import SCHEMA_VERSION, TABLES, write_table


def some_value(kind: pa.DataType) -> object:
    if pa.types.is_floating(kind):
        return 1.5
    if pa.types.is_integer(kind):
        return 7
    if pa.types.is_boolean(kind):
        return True
    return "Łódź"


@pytest.mark.parametrize("name", sorted(TABLES))
def test_rows_come_back_as_they_were_written(name: str, tmp_path: Path) -> None:
    schema = TABLES[name]
    row = tuple(some_value(field.type) for field in schema)
    path = tmp_path / f"{name}.parquet"
    assert write_table([row, row], schema, path) == 2
    table = pq.read_table(path)
    assert table.schema.names == schema.names
    assert table.to_pylist() == [dict(zip(schema.names, row, strict=True))] * 2
    assert table.schema.metadata[b"schema_version"] == str(SCHEMA_VERSION).encode()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", sorted(TABLES))
def test_a_table_without_rows_keeps_its_columns(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"{name}.parquet"
    assert write_table([], TABLES[name], path) == 0
    assert pq.read_table(path).schema.names == TABLES[name].names


def test_a_row_of_another_shape_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "audit.parquet"
    with pytest.raises((ValueError, pa.ArrowException)):
        write_table([(1, 2), (1, 2, 3)], TABLES["audit"], path)
    with pytest.raises((ValueError, pa.ArrowException)):
        write_table([tuple("x" for _ in TABLES["audit"])], TABLES["audit"], path)
    assert not path.exists()


def test_every_column_is_described_once() -> None:
    for schema in TABLES.values():
        assert len(schema.names) == len(set(schema.names))
