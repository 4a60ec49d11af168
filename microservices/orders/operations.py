"""Checkout as a saga: four databases and a bank, no transaction across them.

The order of steps, and why:

1. The Idempotency-Key is taken, one of an account at a time, and the state `reserving` written
   down before anybody is asked.  From here on a crash is seen: the lease runs out and
   `resume_checkouts` takes over.
2. The cart tells its lines, the catalog reserves them, all or none, under the order's id.  An
   earlier order of the account that is still `confirming` is finished first: its lines are in
   the cart yet, and would be bought twice.
3. Order and state `paying` are written, then payments charge the card, also under the order's id.
   No connection and no lock is held while another service or the bank is waited for.
4. The outcome is written where it counts first: here.  Captured: order confirmed, answer kept,
   state `confirming`.  Refused or unknown: order rejected, answer kept, state `undoing`.
5. The others follow.  `confirming`: the catalog sells what it reserved, the cart gives up its
   lines; never undone any more, repeated until done.  `undoing`: the catalog releases, payments
   void; repeated until undone.

A state says what may have happened, so it is written before the step.  Every step can be repeated
and can arrive late: its receiver keeps the order's id.  A checkout left in `reserving` is undone;
one left in `paying` asks payments how it ended: captured goes forward, anything else is undone.
A request that fails on the way drops its lease: nobody waits for the end of it.
Stock is reserved before charging because giving back pieces is free and giving back money is not.
"""

from __future__ import annotations

import asyncio
import logging
import uuid
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass
from uuid import UUID

from contract import models
from contract.errors import (
    BankUnavailable,
    CardDeclined,
    CartEmpty,
    CheckoutInProgress,
    DependencyUnavailable,
    IdempotencyKeyReused,
    OrderNotFound,
    OutOfStock,
    StoreError,
)
from contract.faults import FaultPoint
from contract.http import fingerprint, to_json
from contract.money import total_minor
from microservices.database import AnyRow, Database
from microservices.messages import PaymentRef, Quote
from microservices.orders import clients, queries
from microservices.orders.checkout import Begun, Buyer, Lease, Leases, Reply
from microservices.orders.reads import get_order, shown
from microservices.peers import Peers

log = logging.getLogger("microservices.orders")


@dataclass(frozen=True, slots=True)
class Saga:
    """What a step of the checkout needs."""

    database: Database
    peers: Peers
    leases: Leases


async def place_order(database: Database, peers: Peers, fault: FaultPoint, leases: Leases,
                      buyer: Buyer, wanted: models.OrderCreate) -> Reply:
    """Check the cart out, once for each key.

    Answers 201, 402, 409 or 503 are kept under the key.  Raises IdempotencyKeyReused (422),
    CheckoutInProgress and CartEmpty (409), DependencyUnavailable (503) if the cart is silent;
    these leave the key as it was.
    """
    await fault.hit_async(buyer.key)
    saga = Saga(database, peers, leases)
    begun = await _begin(saga, buyer, wanted)
    if isinstance(begun, Reply):
        return begun
    with leases.held(begun.lease):
        refusal = await _charge(peers, begun.payment, wanted.card_token)
        return await _finish(saga, begun.lease.order_id, refusal, buyer.request_id)


async def cancel_order(database: Database, peers: Peers, fault: FaultPoint, account_id: int,
                       order_id: UUID) -> models.Order:
    """Refund an order and put its stock back.  Idempotent.

    Raises OrderNotFound (404), and 503s: then it is completed later.
    """
    async with database.transaction() as connection:
        row = await queries.lock_order(connection, account_id, order_id)
        if row is None:
            raise OrderNotFound
        await queries.set_status(connection, order_id, "confirmed", "cancelling")
    if row.status != "cancelled":
        await _finish_cancel(database, peers, order_id)
    return await get_order(database, fault, account_id, order_id)


async def resume_checkouts(database: Database, peers: Peers, leases: Leases) -> int:
    """Finish what a crash or a silent service left; return how much.  Raises 503s: try again."""
    saga = Saga(database, peers, leases)
    await _give_back_dropped(saga)
    resumed, silent = await _resume_expired(saga)
    async with database.read() as connection:
        open_cancels = await queries.cancelling(connection)
    for order_id in open_cancels:
        await _finish_cancel(database, peers, order_id)
    if silent:
        raise silent
    return resumed + len(open_cancels)


async def _begin(saga: Saga, buyer: Buyer, wanted: models.OrderCreate) -> Begun | Reply:
    """Steps 1 to 3, up to the payment that is to be made."""
    order_id = uuid.uuid4()
    claim = {"account": buyer.account_id, "key": buyer.key, "hash": fingerprint(wanted),
             "order": order_id, "lease_s": saga.leases.lease_s}
    async with saga.database.statement() as connection:
        lease = await queries.claim_key(connection, claim)
        if lease is None:
            return _replay(await queries.find_by_key(connection, buyer.account_id, buyer.key),
                           wanted)
        with saga.leases.held(lease):  # a statement of its own: it sees who was here before
            confirmed = await queries.confirming(connection, buyer.account_id)
    lines = await _lines_or_free_key(saga, lease, buyer.account_id, confirmed)
    with saga.leases.held(lease):
        try:
            quotes = await clients.reserve_stock(saga.peers, order_id, lines)
        except (OutOfStock, DependencyUnavailable) as refusal:
            return await _finish(saga, order_id, refusal, buyer.request_id)
        return await _write_pending(saga, order_id, buyer, wanted, lines, quotes)


async def _lines_or_free_key(saga: Saga, lease: Lease, account_id: int,
                             confirmed: Sequence[UUID]) -> list[tuple[int, int]]:
    """What is in the cart, once earlier orders of the account have taken their lines out of it."""
    with saga.leases.held(lease):
        try:
            for earlier in confirmed:
                await _resume(saga, earlier)
            lines = await clients.list_lines(saga.peers, account_id)
            if lines:
                return lines
            refusal: StoreError = CartEmpty()
        except DependencyUnavailable as silent:
            refusal = silent
        async with saga.database.statement() as connection:
            is_free = await queries.free_key(connection, lease)
    # Outside: a freed key has no lease to give back; else the resumer has taken it over.
    raise refusal if is_free else CheckoutInProgress()


def _replay(known: AnyRow | None, wanted: models.OrderCreate) -> Reply:
    if known is None:  # under another key, or freed at this instant
        raise CheckoutInProgress
    if known.request_hash != fingerprint(wanted):
        raise IdempotencyKeyReused
    if known.response_status is None:
        raise CheckoutInProgress
    return Reply(known.response_status, known.response_body)


async def _write_pending(saga: Saga, order_id: UUID, buyer: Buyer, wanted: models.OrderCreate,
                         lines: Sequence[tuple[int, int]],
                         quotes: Sequence[Quote]) -> Begun | Reply:
    total = total_minor((quote.price_minor, quantity)
                        for (_, quantity), quote in zip(lines, quotes, strict=True))
    payment_id = uuid.uuid4()
    async with saga.database.transaction() as connection:
        lease = await queries.advance(connection, order_id, "reserving", "paying",
                                      saga.leases.lease_s)
        if lease is None:
            known = await queries.find_checkout(connection, order_id)
            return Reply(known.response_status, known.response_body)
        await queries.insert_order(
            connection,
            {"id": order_id, "account_id": buyer.account_id, "status": "pending",
             "total_minor": total, "payment_id": payment_id, "card_token": wanted.card_token},
            [{"order_id": order_id, "product_id": product, "quantity": quantity,
              "name": quote.name, "unit_price_minor": quote.price_minor}
             for (product, quantity), quote in zip(lines, quotes, strict=True)])
    return Begun(lease, PaymentRef(order_id=order_id, payment_id=payment_id,
                                   account_id=buyer.account_id, amount_minor=total))


async def _charge(peers: Peers, payment: PaymentRef, card_token: str) -> StoreError | None:
    """Return why there is no money, or None."""
    try:
        outcome = await clients.capture_payment(peers, payment, card_token)
    except (BankUnavailable, DependencyUnavailable) as unknown:
        return unknown
    return None if outcome.status == "captured" else CardDeclined()


async def _finish(saga: Saga, order_id: UUID, refusal: StoreError | None,
                  request_id: str) -> Reply:
    """Steps 4 and 5: the outcome here, then everywhere.

    If somebody else finished this checkout meanwhile, their answer stands.  If the others can't
    be told now, the answer stands all the same, and they are told later.
    """
    async with saga.database.transaction() as connection:
        checkout = await queries.lock_checkout(connection, order_id)
        if checkout.response_status is not None:
            return Reply(checkout.response_status, checkout.response_body)
        after = "confirmed" if refusal is None else "rejected"
        row = await queries.set_status(connection, order_id, "pending", after)
        items = (await queries.items_of(connection, [order_id]))[order_id]
        if refusal is None:
            assert row is not None
            reply, state = Reply(201, to_json(shown(row, items))), "confirming"
        else:
            reply = Reply(refusal.status, to_json(refusal.problem(request_id)))
            state = "undone" if isinstance(refusal, OutOfStock) else "undoing"  # or: none held
        lease = await queries.store_reply(connection, order_id, reply.status, reply.body, state,
                                          saga.leases.lease_s)
    try:
        await _tell_others(saga, order_id, state, reply.status, row, items)
    except StoreError as silent:
        log.warning("order %s is to be completed later: %s", order_id, silent)
        saga.leases.dropped.append(lease)
    return reply


async def _tell_others(saga: Saga, order_id: UUID, state: str, status: int, row: AnyRow | None,
                       items: Sequence[AnyRow]) -> None:
    """Step 5, whichever it is; can be repeated.  Raises 503s: somebody has not heard it yet."""
    if state == "confirming":
        assert row is not None
        lines = [(item.product_id, item.quantity) for item in items]
        await _all_of(clients.sell_reserved(saga.peers, order_id),
                      clients.remove_ordered(saga.peers, order_id, row.account_id, lines))
        after = "done"
    elif state == "undoing":
        steps: list[Awaitable[None]] = [clients.release_stock(saga.peers, order_id)]
        if row is not None and status != CardDeclined.status:
            steps.append(clients.void_payment(saga.peers, _payment(row)))
        await _all_of(*steps)
        after = "undone"
    else:
        return
    async with saga.database.statement() as connection:
        await queries.advance(connection, order_id, state, after, saga.leases.lease_s)


async def _all_of(*steps: Awaitable[None]) -> None:
    """Take steps at once; one that fails does not stop the others."""
    for result in await asyncio.gather(*steps, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


async def _give_back_dropped(saga: Saga) -> None:
    leases = saga.leases
    while leases.dropped:
        with leases.held(leases.dropped.popleft()) as lease:
            async with saga.database.statement() as connection:
                await queries.give_back(connection, lease)


async def _take_over(saga: Saga) -> Lease | None:
    async with saga.database.transaction() as connection:
        return await queries.take_over(connection, saga.leases.lease_s)


async def _resume_expired(saga: Saga) -> tuple[int, StoreError | None]:
    """Stop at who is silent: cancellations may not need them, and come next."""
    resumed = 0
    while (taken := await _take_over(saga)) is not None:
        try:
            await _resume(saga, taken.order_id)
        except StoreError as silent:  # a defect keeps its lease
            saga.leases.dropped.append(taken)
            return resumed, silent
        resumed += 1
    return resumed, None


async def _resume(saga: Saga, order_id: UUID) -> None:
    """Finish one checkout: forward if the bank has the money, backward otherwise."""
    async with saga.database.read() as connection:
        checkout = await queries.find_checkout(connection, order_id)
        row = await queries.find_any_order(connection, order_id)
        items = (await queries.items_of(connection, [order_id]))[order_id]
    if checkout.response_status is not None:
        await _tell_others(saga, order_id, checkout.state, checkout.response_status, row, items)
        return
    refusal: StoreError | None = DependencyUnavailable()
    if row is not None:
        outcome = await clients.settle_payment(saga.peers, _payment(row))
        refusals = {"captured": None, "declined": CardDeclined(), "voided": BankUnavailable()}
        refusal = refusals[outcome.status]
    await _finish(saga, order_id, refusal, request_id=str(order_id))


def _payment(row: AnyRow) -> PaymentRef:
    return PaymentRef(order_id=row.id, payment_id=row.payment_id, account_id=row.account_id,
                      amount_minor=row.total_minor)


async def _finish_cancel(database: Database, peers: Peers, order_id: UUID) -> None:
    """Money first, then pieces, then the order itself; each can be repeated."""
    await clients.refund_payment(peers, order_id)
    await clients.take_back(peers, order_id)
    async with database.statement() as connection:
        await queries.set_status(connection, order_id, "cancelling", "cancelled")
