"""Checkout in two short local transactions around one call to the bank.

The order of steps, and why:

1. One transaction takes the Idempotency-Key, reads the cart, reserves the stock and writes the
   order and its payment as `pending`.  All or nothing: a crash before its commit leaves no trace.
2. The bank is asked with the order's id as key.  No connection and no lock is held meanwhile: a
   slow bank must not stop people from looking at products.
3. A second transaction writes the outcome everywhere at once: order confirmed, stock sold, cart
   emptied, answer kept under the key.  Or, refused: stock released, cart left alone.

A crash between 1 and 3 leaves a checkout whose lease runs out.  `resume_checkouts` asks the bank
what happened under the key: captured goes forward to 3, anything else is voided at the bank,
then undone.  A request that fails between 1 and 3 drops its lease: nobody waits for its end.
Whoever settles a checkout must still hold its lease: the end of the lease is the
fencing token, so that a request that was taken for dead can't confirm what was refunded meanwhile.
The bank asks for no lease: a payment is `voiding` before it is told, and only a `pending` one is
ever captured.
Stock is reserved before charging because giving back pieces is free and giving
back money is not.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from sqlalchemy import Connection

from contract import models
from contract.errors import (
    BankUnavailable,
    CardDeclined,
    CartEmpty,
    CheckoutInProgress,
    IdempotencyKeyReused,
    OrderNotFound,
    OutOfStock,
    StoreError,
)
from contract.faults import FaultPoint
from contract.http import fingerprint, to_json
from contract.money import total_minor
from monolith.cart import operations as cart
from monolith.catalog import operations as catalog
from monolith.database import AnyRow, Database
from monolith.orders import queries
from monolith.orders.checkout import Begun, Buyer, Lease, Leases, Reply
from monolith.orders.reads import get_order, shown
from monolith.payments import operations as payments
from monolith.payments import queries as payment_rows
from monolith.payments.bank import Bank

Outcome = Literal["captured", "declined", "unknown", "voided"]


def place_order(database: Database, bank: Bank, faults: dict[str, FaultPoint], leases: Leases,
                buyer: Buyer, wanted: models.OrderCreate) -> Reply:
    """Check the cart out, once for each key.

    Answers 201, 402, 409 or 503 are kept under the key.  Raises IdempotencyKeyReused (422),
    CheckoutInProgress and CartEmpty (409); these leave the key free.
    """
    faults["orders"].hit(buyer.key)
    begun = _begin(database, faults, leases.lease_s, buyer, wanted)
    if isinstance(begun, Reply):
        return begun
    with leases.held(begun.lease):
        outcome = _charge(bank, faults["payments"], begun, wanted.card_token)
        return _finish(database, begun.lease, outcome, buyer.request_id)


def cancel_order(database: Database, bank: Bank, fault: FaultPoint, account_id: int,
                 order_id: UUID) -> models.Order:
    """Refund an order and put its stock back.  Idempotent.

    Raises OrderNotFound (404), and BankUnavailable (503): then it is completed later.
    """
    with database.transaction() as connection:
        row = queries.lock_order(connection, account_id, order_id)
        if row is None:
            raise OrderNotFound
        if row.status == "confirmed":
            queries.set_status(connection, order_id, "cancelling")
            payment_rows.set_status(connection, order_id, "refunding")
    if row.status != "cancelled":
        payments.refund_payment(bank, order_id)
        _finish_cancel(database, account_id, order_id)
    return get_order(database, fault, account_id, order_id)


def resume_checkouts(database: Database, bank: Bank, leases: Leases) -> int:
    """Finish what a crash or a silent bank left; return how much.  Raises 503s: try again."""
    resumed = 0
    _give_back_dropped(database, leases)
    while (taken := _take_over(database, leases.lease_s)) is not None:
        try:
            _resume(database, bank, taken)
        except StoreError:  # the others come first in the next round; a defect keeps its lease
            leases.dropped.append(taken)
            raise
        resumed += 1
    resumed += payments.resume_payments(database, bank)
    with database.read() as connection:
        open_cancels = queries.cancelling(connection)
    for row in open_cancels:
        payments.refund_payment(bank, row.id)
        _finish_cancel(database, row.account_id, row.id)
    return resumed + len(open_cancels)


def _begin(database: Database, faults: dict[str, FaultPoint], lease_s: float, buyer: Buyer,
           wanted: models.OrderCreate) -> Begun | Reply:
    """The first transaction: key, cart, stock, pending order, pending payment."""
    order_id = uuid.uuid4()
    with database.transaction() as connection:
        claim = {"account": buyer.account_id, "key": buyer.key, "hash": fingerprint(wanted),
                 "order": order_id, "lease_s": lease_s}
        lease = queries.claim_key(connection, claim)
        if lease is None:
            return _replay(queries.find_by_key(connection, buyer.account_id, buyer.key), wanted)
        lines = cart.list_lines(connection, faults["cart"], buyer.account_id)
        if not lines:
            raise CartEmpty
        try:
            reserved = catalog.reserve_stock(connection, faults["catalog"], lines)
        except OutOfStock as refusal:
            return _refuse(connection, order_id, refusal, buyer.request_id)
        total = _write_pending(connection, order_id, buyer, wanted,
                               list(zip(lines, reserved, strict=True)))
        return Begun(lease, total)


def _replay(known: AnyRow | None, wanted: models.OrderCreate) -> Reply:
    if known is None:  # under another key
        raise CheckoutInProgress
    if known.request_hash != fingerprint(wanted):
        raise IdempotencyKeyReused
    if known.response_status is None:
        raise CheckoutInProgress
    return Reply(known.response_status, known.response_body)


def _write_pending(connection: Connection, order_id: UUID, buyer: Buyer,
                   wanted: models.OrderCreate,
                   lines: Sequence[tuple[tuple[int, int], AnyRow]]) -> int:
    total = total_minor((row.price_minor, quantity) for (_, quantity), row in lines)
    payment_id = uuid.uuid4()
    queries.insert_order(
        connection,
        {"id": order_id, "account_id": buyer.account_id, "status": "pending",
         "total_minor": total, "payment_id": payment_id, "card_token": wanted.card_token},
        [{"order_id": order_id, "product_id": product, "quantity": quantity, "name": row.name,
          "unit_price_minor": row.price_minor} for (product, quantity), row in lines])
    payment_rows.insert_payment(connection, {
        "id": payment_id, "order_id": order_id, "account_id": buyer.account_id,
        "amount_minor": total, "status": "pending"})
    return total


def _charge(bank: Bank, fault: FaultPoint, begun: Begun, card_token: str) -> Outcome:
    try:
        return payments.capture_payment(bank, fault, begun.lease.order_id, begun.total_minor,
                                        card_token)
    except BankUnavailable:
        return "unknown"


def _finish(database: Database, lease: Lease, outcome: Outcome, request_id: str) -> Reply:
    """The second transaction: the outcome, everywhere at once.

    If somebody else finished this checkout meanwhile, their answer stands; if somebody else is
    about to, it is theirs to settle: CheckoutInProgress (409).
    """
    with database.transaction() as connection:
        order_id = lease.order_id
        checkout = queries.lock_checkout(connection, order_id)
        if checkout.response_status is not None:
            return Reply(checkout.response_status, checkout.response_body)
        if checkout.lease_until != lease.lease_until:
            raise CheckoutInProgress
        items = queries.items_of(connection, [order_id])[order_id]
        lines = [(item.product_id, item.quantity) for item in items]
        # A resumer whose lease ran out may have begun to void: it does so without the lease.
        if outcome == "captured" and not payment_rows.move(connection, order_id, "pending",
                                                           "captured"):
            outcome = "unknown"
        if outcome == "captured":
            return _confirm(connection, checkout, items, lines)
        catalog.release_stock(connection, lines)
        queries.set_status(connection, order_id, "rejected")
        after = {"declined": "declined", "unknown": "voiding", "voided": "voided"}
        payment_rows.set_status(connection, order_id, after[outcome])
        refusal = CardDeclined() if outcome == "declined" else BankUnavailable()
        return _refuse(connection, order_id, refusal, request_id)


def _confirm(connection: Connection, checkout: AnyRow, items: Sequence[AnyRow],
             lines: Sequence[tuple[int, int]]) -> Reply:
    catalog.sell_reserved(connection, lines)
    cart.remove_ordered(connection, checkout.account_id, lines)
    body = to_json(shown(queries.set_status(connection, checkout.order_id, "confirmed"), items))
    queries.store_reply(connection, checkout.order_id, 201, body)
    return Reply(201, body)


def _refuse(connection: Connection, order_id: UUID, refusal: StoreError,
            request_id: str) -> Reply:
    body = to_json(refusal.problem(request_id))
    queries.store_reply(connection, order_id, refusal.status, body)
    return Reply(refusal.status, body)


def _give_back_dropped(database: Database, leases: Leases) -> None:
    while leases.dropped:
        with leases.held(leases.dropped.popleft()) as lease, database.transaction() as connection:
            queries.give_back(connection, lease)


def _take_over(database: Database, lease_s: float) -> Lease | None:
    with database.transaction() as connection:
        return queries.take_over(connection, lease_s)


def _resume(database: Database, bank: Bank, lease: Lease) -> None:
    """Finish one checkout forward if the bank has the money, backward otherwise."""
    outcome = payments.settle_payment(database, bank, lease.order_id)
    _finish(database, lease, outcome, request_id=str(lease.order_id))


def _finish_cancel(database: Database, account_id: int, order_id: UUID) -> None:
    with database.transaction() as connection:
        row = queries.lock_order(connection, account_id, order_id)
        if row is None or row.status != "cancelling":
            return
        items = queries.items_of(connection, [order_id])[order_id]
        catalog.take_back(connection, [(item.product_id, item.quantity) for item in items])
        payment_rows.set_status(connection, order_id, "refunded")
        queries.set_status(connection, order_id, "cancelled")
