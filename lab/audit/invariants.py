"""The invariants I1 to I7 of docs/method.md as pure functions over the books of one store."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from lab.audit.books import Books, Order
from lab.audit.puts import lines_beyond_puts

PLACED: Final = frozenset({"confirmed", "cancelling", "cancelled"})
ENDED: Final = frozenset({"done", "undone"})
_SHOWN: Final = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One invariant: how many things were looked at, how many broke it, and the first of them."""

    invariant: str
    checked: int
    violations: int
    detail: str


def check_all(books: Books) -> list[Finding]:
    """Check every invariant, in order."""
    return [check(books) for check in CHECKS.values()]


def no_oversell(books: Books) -> Finding:
    """I1: received = on hand + reserved + sold, none below zero, for every product; what is sold
    is what placed orders hold, and no product is gone."""
    standing = {order.id for order in books.orders if order.status in ("confirmed", "cancelling")}
    sold = Counter[int]()
    for line in books.lines:
        if line.order_id in standing:
            sold[line.product_id] += line.quantity
    wrong = [
        f"product {s.product_id}: received {s.received}, on hand {s.on_hand}, reserved "
        f"{s.reserved}, sold {s.sold}, in orders {sold[s.product_id]}"
        for s in books.stock
        if s.received != s.on_hand + s.reserved + s.sold
        or min(s.on_hand, s.reserved, s.sold) < 0
        or s.received != books.received.get(s.product_id, s.received)
        or s.sold != sold[s.product_id]
    ]
    gone = set(books.received) - {s.product_id for s in books.stock}
    wrong += [f"product {product} was received and is gone" for product in sorted(gone)]
    return _finding("I1", len(books.stock) + len(gone), wrong)


def no_order_lost(books: Books) -> Finding:
    """I2: every order that a client was told is placed exists; told to be cancelled, it is; the
    answer kept for an order is 201 if and only if it is placed."""
    status = {order.id: order.status for order in books.orders}
    placed = {order for order, now in status.items() if now in PLACED}
    cancelled = {order for order, now in status.items() if now == "cancelled"}
    kept = {c.order_id: c.response_status for c in books.checkouts}
    return _finding("I2", len(books.acknowledged) + len(books.called_off) + len(kept), [
        *(f"order {order} was acknowledged and is gone"
          for order in sorted(books.acknowledged - placed)),
        *(f"order {order} was acknowledged as cancelled and is not"
          for order in sorted(books.called_off - cancelled)),
        *(f"order {order} is {status.get(order, 'missing')}, its kept answer is {kept.get(order)}"
          for order in sorted(placed | set(kept))
          if (order in placed) != (kept.get(order) == 201))])


def captured_once(books: Books) -> Finding:
    """I3: the bank captured at most once for each Idempotency-Key, and never without one; who
    asked again was told of the same order."""
    key_of = {c.order_id: (c.account_id, c.idempotency_key or c.order_id)
              for c in books.checkouts}
    captures = Counter(key_of.get(entry.key, (None, entry.key))
                       for entry in books.ledger if entry.kind == "capture")
    wrong = [f"key {key} of account {account} was captured {times} times" if account is not None
             else f"{key} was captured under no key"
             for (account, key), times in captures.items() if times > 1 or account is None]
    told: dict[str, set[str]] = {}
    for order, wish in books.wishes.items():
        told.setdefault(wish, set()).add(order)
    wrong += [f"{wish} was told of {len(orders)} orders"
              for wish, orders in sorted(told.items()) if len(orders) > 1]
    return _finding("I3", len(captures) + len(told), wrong)


def confirmed_is_captured(books: Books) -> Finding:
    """I4: a confirmed order's exact amount was captured and not refunded; of every order, total,
    lines, payment and what was captured are the same amount."""
    balance, captured = _balances(books), Counter[str]()
    for entry in books.ledger:
        captured[entry.key] += entry.amount_minor if entry.kind == "capture" else 0
    lines, paid = Counter[str](), Counter[str]()
    for line in books.lines:
        lines[line.order_id] += line.quantity * (line.unit_price_minor or 0)
    for payment in books.payments:
        paid[payment.order_id] += payment.amount_minor

    def is_right(order: Order) -> bool:
        total, at_bank = order.total_minor, captured[order.id]
        return (order.id in lines and lines[order.id] == total
                and (order.id not in paid or paid[order.id] == total)
                and (at_bank == total or (order.status not in PLACED and at_bank == 0))
                and (order.status != "confirmed" or balance[order.id] == total))

    return _finding("I4", len(books.orders), [
        f"order {o.id}: total {o.total_minor}, lines {lines.get(o.id)}, payment "
        f"{paid.get(o.id)}, captured {captured[o.id]}, at the bank {balance[o.id]}"
        for o in books.orders if not is_right(o)])


def money_adds_up(books: Books) -> Finding:
    """I5: captures - refunds = the totals of all paid orders; nobody else paid."""
    balance = _balances(books)
    owed = Counter[str]({order.id: order.total_minor or 0 for order in books.orders
                         if order.status in ("confirmed", "cancelling")})
    return _finding("I5", len(balance), (
        f"key {key}: the bank holds {balance[key]}, orders account for {owed[key]}"
        for key in sorted(set(balance) | set(owed)) if balance[key] != owed[key]
    ))


def cart_follows_order(books: Books) -> Finding:
    """I6: a confirmed order took its lines from the cart, a rejected one left them there; nothing
    is bought more often than it was put.

    Lines put after the order are not its business.  Where a later order of the same account was
    confirmed (and perhaps cancelled since), it took what the rejected one left.
    """
    checked, wrong = _carts(books)
    accounts, beyond = lines_beyond_puts(books, PLACED)
    return _finding("I6", checked + accounts, wrong + beyond)


def _carts(books: Books) -> tuple[int, list[str]]:
    placed = _latest(books, PLACED)
    rejected = _latest(books, {"rejected"})
    in_cart = {(line.account_id, line.product_id): line for line in books.cart}
    lines = _lines_by_order(books)
    wrong: list[str] = []
    for account, (at, order) in placed.items():
        wrong += [f"order {order} was confirmed but product {product} is still in the cart"
                  for product in lines.get(order, ())
                  if (line := in_cart.get((account, product))) and line.added_at < at]
    for account, (at, order) in rejected.items():
        if account in placed and placed[account][0] > at:
            continue
        wrong += [f"order {order} was rejected but product {product} left the cart"
                  for product in lines.get(order, ()) if (account, product) not in in_cart]
    return len(placed) + len(rejected), wrong


def no_orphans(books: Books) -> Finding:
    """I7: no order, checkout, reservation or payment is stuck half-way; none lacks the others.

    A confirmed order holds its lines in reservations, a rejected one in none; of a cancelled one
    they may be gone: it can be cancelled before the catalog heard that it was sold.
    """
    status = {order.id: order.status for order in books.orders}
    wrong = [f"order {order.id} is still {order.status}" for order in books.orders
             if order.status in ("pending", "cancelling")]
    wrong += [f"checkout of order {c.order_id} is still {c.state}"
              for c in books.checkouts if c.state not in ENDED]
    wrong += [f"product {s.product_id} still has {s.reserved} reserved"
              for s in books.stock if s.reserved]
    fits = {"captured": {"confirmed"}, "refunded": {"cancelled"}, "declined": {"rejected"},
            "voided": {"rejected"}}
    named = {(order.id, order.payment_id): order.status for order in books.orders}
    wrong += [f"payment {p.id} is {p.status}, its order is {status.get(p.order_id, 'missing')}"
              for p in books.payments
              if named.get((p.order_id, p.id)) not in fits.get(p.status, set())]
    payments = {(p.order_id, p.id) for p in books.payments}
    wrong += [f"order {o.id} is {o.status} without its payment {o.payment_id}"
              for o in books.orders
              if o.status != "pending" and (o.id, o.payment_id) not in payments]
    kept = {"held": set[str](), "sold": {"confirmed"}, "released": {"rejected", "cancelled"},
            "returned": {"cancelled"}}
    reservations = books.reservations or []
    ordered = {(line.order_id, line.product_id): line.quantity for line in books.lines}
    wrong += [f"reservation of {r.order_id} is {r.status}: {r.quantity} of product "
              f"{r.product_id}, its order is {status.get(r.order_id, 'missing')}: "
              f"{ordered.get((r.order_id, r.product_id))}"
              for r in reservations if status.get(r.order_id) not in kept.get(r.status, set())
              or ordered.get((r.order_id, r.product_id)) != r.quantity]
    held = {(r.order_id, r.product_id) for r in reservations}
    wrong += [f"order {order} is confirmed and product {product} is not reserved"
              for order, product in ordered if books.reservations is not None
              and status.get(order) == "confirmed" and (order, product) not in held]
    checked = (len(books.orders) + len(books.checkouts) + len(books.payments)
               + len(reservations))
    return _finding("I7", checked, wrong)


CHECKS: Final[dict[str, Callable[[Books], Finding]]] = {
    "I1": no_oversell, "I2": no_order_lost, "I3": captured_once, "I4": confirmed_is_captured,
    "I5": money_adds_up, "I6": cart_follows_order, "I7": no_orphans,
}


def is_settled(books: Books) -> bool:
    """Say whether the store has finished all it had begun."""
    return (
        not any(order.status in ("pending", "cancelling") for order in books.orders)
        and not any(p.status in ("pending", "voiding", "refunding") for p in books.payments)
        and not any(s.reserved for s in books.stock)
        and not any(c.response_status is None or c.state not in ENDED for c in books.checkouts)
        and not any(r.status == "held" for r in books.reservations or [])
        and not _carts(books)[1]
    )


def _balances(books: Books) -> Counter[str]:
    """Captured minus refunded minor units by key."""
    balance = Counter[str]()
    for entry in books.ledger:
        if entry.kind in ("capture", "refund"):
            balance[entry.key] += entry.amount_minor * (1 if entry.kind == "capture" else -1)
    return balance


def _latest(books: Books, statuses: Set[str]) -> dict[int, tuple[datetime, str]]:
    """The newest order in one of these states, by account."""
    found: dict[int, tuple[datetime, str]] = {}
    for order in books.orders:
        if order.status in statuses and (order.account_id not in found
                                         or order.created_at > found[order.account_id][0]):
            found[order.account_id] = (order.created_at, order.id)
    return found


def _lines_by_order(books: Books) -> dict[str, list[int]]:
    lines: dict[str, list[int]] = {}
    for line in books.lines:
        lines.setdefault(line.order_id, []).append(line.product_id)
    return lines


def _finding(invariant: str, checked: int, wrong: Iterable[str]) -> Finding:
    found = list(wrong)
    return Finding(invariant, checked, len(found), "; ".join(found[:_SHOWN]))
