"""What a store holds in the end, in terms that both stores share."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

from contract.bank import LedgerEntry
from tests.contract.suite.targets import Target, eventually

UNFINISHED = (
    ("orders", "SELECT 1 FROM orders WHERE status IN ('pending', 'cancelling')"),
    ("payments", "SELECT 1 FROM payments WHERE status IN ('pending', 'voiding', 'refunding')"),
    ("catalog", "SELECT 1 FROM products WHERE reserved > 0"),
)


@dataclass(frozen=True)
class FinalState:
    """Rows without random ids; `bank`: what the bank did for each order, of any fate."""

    stock: list[tuple[Any, ...]]
    orders: list[tuple[Any, ...]]
    payments: Counter[tuple[Any, ...]]
    carts: list[tuple[Any, ...]]
    accounts: list[tuple[Any, ...]]
    bank: Counter[tuple[Any, ...]]


def settle(target: Target) -> None:
    """Wait until nothing is under way."""
    eventually(lambda: not any(target.query(*question) for question in UNFINISHED))


def final_state(target: Target, ledger: list[LedgerEntry]) -> FinalState:
    """Read everything, once the store has settled and the ledger was read after that."""
    return FinalState(
        stock=target.query("catalog", "SELECT id, name, category, price_minor, on_hand, reserved, "
                                      "sold, received FROM products ORDER BY id"),
        orders=_orders(target),
        payments=Counter(target.query("payments", (
            "SELECT account_id, amount_minor, status FROM payments"))),
        carts=target.query("cart", "SELECT account_id, product_id, quantity FROM cart_items "
                                   "ORDER BY account_id, product_id"),
        accounts=target.query("accounts", "SELECT id, email, name, role FROM accounts ORDER BY id"),
        bank=_bank(target, ledger),
    )


def check_books(state: FinalState) -> None:
    """Fail unless stock, orders and the bank's ledger add up by themselves."""
    for product_id, _, _, _, on_hand, reserved, sold, received in state.stock:
        assert received == on_hand + reserved + sold, product_id
    sold_by_product: Counter[int] = Counter()
    for _, status, _, lines in state.orders:
        if status == "confirmed":
            sold_by_product.update(dict(lines))
    assert {row[0]: row[6] for row in state.stock if row[6]} == dict(sold_by_product)
    kept = sum(amount * times for (kinds, amount), times in state.bank.items()
               if kinds == ("capture",))
    assert kept == sum(total for _, status, total, _ in state.orders if status == "confirmed")
    assert {kinds for kinds, _ in state.bank} <= {
        ("capture",), ("capture", "refund"), ("decline",), ("void",), ("decline", "void")}


def _orders(target: Target) -> list[tuple[Any, ...]]:
    """Visible orders: (account, status, total, lines), in the order in which they were placed."""
    lines: dict[Any, list[tuple[int, int]]] = {}
    for order_id, product_id, quantity in target.query("orders", (
            "SELECT order_id, product_id, quantity FROM order_items ORDER BY 1, 2")):
        lines.setdefault(order_id, []).append((product_id, quantity))
    rows = target.query("orders", (
        "SELECT account_id, status, total_minor, id FROM orders "
        "WHERE status <> 'rejected' ORDER BY account_id, created_at"))
    return [(*row[:3], tuple(lines[row[3]])) for row in rows]


def _bank(target: Target, ledger: list[LedgerEntry]) -> Counter[tuple[Any, ...]]:
    own = {str(row[0]) for row in target.query("orders", "SELECT id FROM orders")}
    moves: dict[str, list[LedgerEntry]] = {}
    for entry in ledger:
        if entry.key in own:
            moves.setdefault(entry.key, []).append(entry)
    return Counter((tuple(entry.kind for entry in entries), entries[0].amount_minor)
                   for entries in moves.values())
