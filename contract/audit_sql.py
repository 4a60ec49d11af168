"""The invariants of the audit as SQL, as they travel in `run.json`."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid")


class InvariantSql(_Record):
    """An invariant as SQL: the rows that a statement returns violate it."""

    sql: str
    """For a store with one database."""
    split_sql: str
    """For a store with a database each, over its tables side by side."""
    tables: list[str]
    """What the statements read: tables of the store, and those that AuditSql.outside makes."""


class TableRead(_Record):
    """How the auditor reads one table of a store."""

    database: str
    """The database that holds it in a store with a database each."""
    sql: str


class AuditSql(_Record):
    """What the auditor of a run checked, for a reader to check again in psql."""

    invariants: dict[str, InvariantSql]
    reads: dict[str, TableRead]
    """By table."""
    outside: str
    """Makes the tables for what no database of the store knows."""
