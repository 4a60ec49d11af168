"""The kept books of a trial as a script for psql: tables, rows, and the seven statements.

The databases of a run are gone when it ends; its books are not.  In the script the tables of a
split store stand side by side, so that one statement can compare them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import astuple
from datetime import datetime
from typing import Any, Final

from lab.audit.books import QUERIES, RESERVATIONS, Books
from lab.audit.statements import OUTSIDE, SPLIT_STATEMENTS, STATEMENTS, table_of

_COLUMNS: Final[dict[str, str]] = {
    "stock": "id integer, received integer, on_hand integer, reserved integer, sold integer",
    "orders": "id text, account_id integer, status text, total_minor bigint, payment_id text, "
              "created_at timestamptz",
    "lines": "order_id text, product_id integer, quantity integer, unit_price_minor bigint",
    "checkouts": "account_id integer, order_id text, response_status integer, state text, "
                 "idempotency_key text",
    "payments": "id text, order_id text, amount_minor bigint, status text",
    "cart": "account_id integer, product_id integer, quantity integer, added_at timestamptz",
    "reservations": "order_id text, product_id integer, quantity integer, status text",
}
"""Of the tables of the books, in the order of their rows' fields."""
_AT_ONCE: Final = 500


def psql_script(books: Books) -> Iterator[str]:
    """Yield statements that make the books' tables (temporary ones) and then check them."""
    yield from books_as_tables(books)
    for name, sql in statements_for(books).items():
        yield f"\\echo {name}\n{sql};"


def books_as_tables(books: Books) -> Iterator[str]:
    """Yield statements that put the books into temporary tables, named as in the stores."""
    queries = {name: sql for name, (_, sql) in QUERIES.items()} | {"reservations": RESERVATIONS[1]}
    for name, columns in _COLUMNS.items():
        rows = getattr(books, name)
        if rows is not None:
            table = table_of(queries[name])
            yield f"CREATE TEMP TABLE {table} ({columns});"
            yield from _inserts(table, [astuple(row) for row in rows])
    yield from outside_as_tables(books)


def outside_as_tables(books: Books) -> Iterator[str]:
    """Yield statements that make the tables for what no database of a store knows."""
    yield OUTSIDE
    yield from _inserts("received_before", sorted(books.received.items()))
    yield from _inserts("acknowledged", [(order, books.wishes.get(order))
                                         for order in sorted(books.acknowledged)])
    yield from _inserts("called_off", [(order,) for order in sorted(books.called_off)])
    yield from _inserts("possibly_put", sorted(books.puts.items()))
    yield from _inserts("bank_ledger", [(entry.key, entry.kind, entry.amount_minor)
                                        for entry in books.ledger])


def statements_for(books: Books) -> dict[str, str]:
    """The statements that fit a store's tables, by invariant."""
    return STATEMENTS if books.reservations is None else SPLIT_STATEMENTS


def _inserts(table: str, rows: Sequence[tuple[Any, ...]]) -> Iterator[str]:
    for first in range(0, len(rows), _AT_ONCE):
        yield f"INSERT INTO {table} VALUES\n{_lines(rows[first:first + _AT_ONCE])};"


def _lines(rows: Iterable[tuple[Any, ...]]) -> str:
    return ",\n".join(f"({', '.join(_literal(value) for value in row)})" for row in rows)


def _literal(value: Any) -> str:
    if value is None:
        return "NULL"
    if isinstance(value, int):
        return str(value)
    text = value.isoformat() if isinstance(value, datetime) else str(value)
    quoted = text.replace("'", "''")
    return f"'{quoted}'"
