"""The books: what a store's databases, the bank and the clients say, as plain rows.

Both stores have the same tables (docs/side-by-side.md); only where they stand differs, so the
auditor reads both with the same SQL.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import psycopg

from contract.bank import LedgerEntry

QUERIES: Final[dict[str, tuple[str, str]]] = {
    "stock": ("catalog", "SELECT id, received, on_hand, reserved, sold FROM products ORDER BY id"),
    "orders": ("orders", "SELECT id, account_id, status, total_minor, payment_id, created_at "
                         "FROM orders ORDER BY created_at, id"),
    "lines": ("orders", "SELECT order_id, product_id, quantity, unit_price_minor "
                        "FROM order_items ORDER BY order_id, product_id"),
    "checkouts": ("orders", "SELECT account_id, order_id, response_status, state, "
                            "idempotency_key FROM checkouts"),
    "payments": ("payments", "SELECT id, order_id, amount_minor, status FROM payments"),
    "cart": ("cart", "SELECT account_id, product_id, quantity, added_at FROM cart_items"),
}
"""Table of the books → (domain whose database holds it, SQL)."""

RESERVATIONS: Final = ("catalog", "SELECT order_id, product_id, quantity, status "
                                  "FROM reservations")
"""Only where catalog can't see orders."""


@dataclass(frozen=True, slots=True)
class Stock:
    product_id: int
    received: int
    on_hand: int
    reserved: int
    sold: int


@dataclass(frozen=True, slots=True)
class Order:
    id: str
    account_id: int
    status: str
    total_minor: int | None
    payment_id: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Line:
    order_id: str
    product_id: int
    quantity: int
    unit_price_minor: int | None


@dataclass(frozen=True, slots=True)
class Checkout:
    """`state`: done or undone once nothing remains to be done, whatever was answered; books that
    were kept without it count as done.  `idempotency_key`: with the account it names the wish;
    books that were kept without it have one for each order."""

    account_id: int
    order_id: str
    response_status: int | None
    state: str = "done"
    idempotency_key: str | None = None


@dataclass(frozen=True, slots=True)
class Payment:
    id: str
    order_id: str
    amount_minor: int
    status: str


@dataclass(frozen=True, slots=True)
class CartLine:
    account_id: int
    product_id: int
    quantity: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Reservation:
    order_id: str
    product_id: int
    quantity: int
    status: str


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """Ids of the orders that clients were told are placed, and of those told to be cancelled;
    `wishes`: by order placed what the client had asked for once, perhaps several times; `puts`:
    by number of the journey how often it may have put something into its customer's cart."""

    placed: frozenset[str] = frozenset()
    cancelled: frozenset[str] = frozenset()
    wishes: dict[str, str] = field(default_factory=dict)
    puts: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Books:
    """Everything that must add up.

    `received`: pieces by product before the trial; `acknowledged`, `called_off`: ids of the
    orders that clients were told are placed, cancelled; `wishes`, `puts`: see `Acknowledged`
    (no puts: nobody wrote them down); `reservations`: None where the store has no such table.
    """

    stock: list[Stock]
    orders: list[Order]
    lines: list[Line]
    checkouts: list[Checkout]
    payments: list[Payment]
    cart: list[CartLine]
    reservations: list[Reservation] | None
    ledger: list[LedgerEntry]
    received: dict[int, int]
    acknowledged: set[str] = field(default_factory=set)
    called_off: set[str] = field(default_factory=set)
    wishes: dict[str, str] = field(default_factory=dict)
    puts: dict[int, int] = field(default_factory=dict)


_ROWS: Final[dict[str, type[Any]]] = {
    "stock": Stock, "orders": Order, "lines": Line, "checkouts": Checkout, "payments": Payment,
    "cart": CartLine, "reservations": Reservation,
}


def read_books(
    database_urls: dict[str, str],
    ledger: list[LedgerEntry],
    received: dict[int, int],
    acknowledged: Acknowledged,
) -> Books:
    """Read all tables; `database_urls` by database name, one for all or one for each domain."""
    has_split = "orders" in database_urls
    tables = {name: _read(database_urls, domain, sql, _ROWS[name])
              for name, (domain, sql) in QUERIES.items()}
    reservations = (_read(database_urls, *RESERVATIONS, _ROWS["reservations"])
                    if has_split else None)
    return Books(**tables, reservations=reservations, ledger=ledger, received=received,
                 acknowledged=set(acknowledged.placed), called_off=set(acknowledged.cancelled),
                 wishes=acknowledged.wishes, puts=acknowledged.puts)


def read_received(database_urls: dict[str, str]) -> dict[int, int]:
    """Pieces received so far, by product."""
    domain, sql = QUERIES["stock"]
    return {stock.product_id: stock.received
            for stock in _read(database_urls, domain, sql, Stock)}


def sold_in(books: Books) -> tuple[int, int]:
    """Count the confirmed orders and sum their totals (minor units).

    A store is restored before each trial, so all of them are the trial's.  What is cancelled has
    been paid back; what is still open is I7's business.
    """
    totals = [order.total_minor or 0 for order in books.orders if order.status == "confirmed"]
    return len(totals), sum(totals)


def _read(database_urls: dict[str, str], domain: str, sql: str, row: type[Any]) -> list[Any]:
    url = database_urls.get(domain) or database_urls["monolith"]
    with psycopg.connect(url, connect_timeout=5, autocommit=True) as connection:
        connection.execute("SET statement_timeout = '20s'")
        return [row(*(str(value) if _is_id(value) else value for value in values))
                for values in connection.execute(sql)]


def _is_id(value: object) -> bool:
    from uuid import UUID

    return isinstance(value, UUID)
