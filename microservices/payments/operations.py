"""Money in and out.  No operation here holds a connection while the bank is waited for.

A payment is written down before the bank is asked and moved on only from the state it is
expected in.  So a void that overtakes its capture wins on both sides: here, because the capture
no longer finds its payment `pending`; at the bank, because the key is refused from then on.
"""

from __future__ import annotations

from uuid import UUID

from contract import models
from contract.errors import BankUnavailable, PaymentNotFound
from contract.faults import FaultPoint
from contract.money import euros
from microservices.database import Database
from microservices.messages import Capture, Outcome, PaymentRef
from microservices.payments import queries
from microservices.payments.bank import Bank


async def capture_payment(database: Database, bank: Bank, fault: FaultPoint,
                          wanted: Capture) -> Outcome:
    """Charge the card, once for each order.  Raises BankUnavailable (503): it will be voided."""
    with bank.bulkhead.place():
        await fault.hit_async(wanted.amount_minor)
        if not await _write(database, wanted, "pending"):
            known = await _status(database, wanted.order_id)
            if known != "pending":
                return _told(known)
        try:
            result = await bank.charge(wanted.order_id, wanted.amount_minor, wanted.card_token)
        except BankUnavailable:
            await _move(database, wanted.order_id, ("pending",), "voiding")
            raise
    if await _move(database, wanted.order_id, ("pending",), result):
        return Outcome(status=result)
    return _told(await _status(database, wanted.order_id))


async def void_payment(database: Database, wanted: PaymentRef) -> None:
    """Make sure that an order that was refused costs nothing: `resume_payments` tells the bank.

    Idempotent, and right also when the capture was never heard of or is still under way.
    """
    if not await _write(database, wanted, "voiding"):
        await _move(database, wanted.order_id, ("pending", "captured"), "voiding")


async def refund_payment(database: Database, bank: Bank, order_id: UUID) -> None:
    """Give an order's money back, once.  Raises BankUnavailable (503): completed later."""
    await _move(database, order_id, ("captured",), "refunding")
    if await _status(database, order_id) == "refunding":
        with bank.bulkhead.place():
            await bank.void(order_id)
        await _move(database, order_id, ("refunding",), "refunded")


async def get_payment(database: Database, account_id: int, payment_id: UUID) -> models.Payment:
    """Return one's own payment.  Raises PaymentNotFound (404)."""
    async with database.read() as connection:
        row = await queries.find_payment(connection, account_id, payment_id)
    if row is None:
        raise PaymentNotFound
    return models.Payment(id=row.id, order_id=row.order_id, status=row.status,
                          amount=euros(row.amount_minor), created_at=row.created_at)


async def settle_payment(database: Database, bank: Bank, wanted: PaymentRef) -> Outcome:
    """Find out how a capture ended that nobody waited for; one that never was never will be.

    Raises BankUnavailable (503): ask again.
    """
    await _write(database, wanted, "pending")
    known = await bank.find(wanted.order_id)
    if known is not None and known.status in ("captured", "declined"):
        await _move(database, wanted.order_id, ("pending",), known.status)
    elif await _move(database, wanted.order_id, ("pending",), "voiding"):
        # Moved before the bank is told: a capture still under way can't call itself captured.
        await bank.void(wanted.order_id)
        await _move(database, wanted.order_id, ("voiding",), "voided")
    status = await _status(database, wanted.order_id)
    return Outcome(status="voided") if status in ("voiding", "voided") else _told(status)


async def resume_payments(database: Database, bank: Bank) -> int:
    """Void and refund what is still open; return how many.  Raises BankUnavailable (503)."""
    after = {"voiding": "voided", "refunding": "refunded"}
    async with database.read() as connection:
        rows = await queries.unfinished(connection)
    for row in rows:
        await bank.void(row.order_id)
        await _move(database, row.order_id, (row.status,), after[row.status])
    return len(rows)


def _told(status: str | None) -> Outcome:
    """What a payment's state means to the order that asks."""
    if status in ("captured", "refunding", "refunded"):
        return Outcome(status="captured")
    if status == "declined":
        return Outcome(status="declined")
    raise BankUnavailable


async def _write(database: Database, wanted: PaymentRef, status: str) -> bool:
    async with database.statement() as connection:
        return await queries.insert_payment(connection, {
            "id": wanted.payment_id, "order_id": wanted.order_id,
            "account_id": wanted.account_id, "amount_minor": wanted.amount_minor,
            "status": status})


async def _move(database: Database, order_id: UUID, before: tuple[str, ...], after: str) -> bool:
    async with database.statement() as connection:
        return await queries.move(connection, order_id, before, after)


async def _status(database: Database, order_id: UUID) -> str | None:
    async with database.read() as connection:
        return await queries.status_of(connection, order_id)
