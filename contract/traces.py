"""Tracebacks for logs, without the data that some exceptions carry in their message.

PostgreSQL describes the row that it refused, SQLAlchemy the parameters of the statement, pydantic
what it was given: card tokens, addresses, password hashes.  Of those the log gets what a developer
needs to find the place, and nothing that a client sent (docs/decisions/0142).
"""

from __future__ import annotations

import traceback

import psycopg
from pydantic import ValidationError
from sqlalchemy.exc import StatementError


def trace_of(error: BaseException) -> str:
    """Format an exception and what led to it, the first cause first."""
    chain: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in chain:
        chain.append(current)
        current = current.__cause__ or (None if current.__suppress_context__
                                        else current.__context__)
    return "\n".join("".join(traceback.format_tb(one.__traceback__)) + _headline(one)
                     for one in reversed(chain))


def _headline(error: BaseException) -> str:
    name = f"{type(error).__module__}.{type(error).__qualname__}"
    if isinstance(error, psycopg.Error):
        where = (error.diag.table_name, error.diag.constraint_name)
        return f"{name}: SQLSTATE {error.sqlstate} {' '.join(part for part in where if part)}"
    if isinstance(error, StatementError):
        return f"{name}: {error.statement}"
    if isinstance(error, ValidationError):
        return f"{name}: {error.error_count()} in {error.title}"
    return f"{name}: {error}"
