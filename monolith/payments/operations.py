"""Money in and out.  No operation here holds a connection while the bank is waited for."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from contract import models
from contract.errors import PaymentNotFound
from contract.faults import FaultPoint
from contract.money import euros
from monolith.database import Database
from monolith.payments import queries
from monolith.payments.bank import Bank, Outcome

Settled = Outcome | Literal["voided"]


def capture_payment(bank: Bank, fault: FaultPoint, order_id: UUID, amount_minor: int,
                    card_token: str) -> Outcome:
    """Charge the card, once for each order.  Raises BankUnavailable (503): outcome unknown."""
    with bank.bulkhead.place():
        fault.hit(amount_minor)
        return bank.charge(order_id, amount_minor, card_token)


def void_payment(database: Database, bank: Bank, order_id: UUID) -> None:
    """Make sure that an order that was refused costs nothing.  Raises BankUnavailable (503)."""
    bank.void(order_id)
    with database.transaction() as connection:
        queries.set_status(connection, order_id, "voided")


def refund_payment(bank: Bank, order_id: UUID) -> None:
    """Give an order's money back, once.  Raises BankUnavailable (503)."""
    with bank.bulkhead.place():
        bank.void(order_id)


def get_payment(database: Database, account_id: int, payment_id: UUID) -> models.Payment:
    """Return one's own payment.  Raises PaymentNotFound (404)."""
    with database.read() as connection:
        row = queries.find_payment(connection, account_id, payment_id)
    if row is None:
        raise PaymentNotFound
    return models.Payment(id=row.id, order_id=row.order_id, status=row.status,
                          amount=euros(row.amount_minor), created_at=row.created_at)


def settle_payment(database: Database, bank: Bank, order_id: UUID) -> Settled:
    """Find out how a charge ended that nobody waited for; one that never was never will be.

    Raises BankUnavailable (503): ask again.
    """
    with database.read() as connection:
        status = queries.status_of(connection, order_id)
    if status == "pending":
        known = bank.find(order_id)
        if known is not None and known.status in ("captured", "declined"):
            return "captured" if known.status == "captured" else "declined"
        # Moved before the bank is told: a void may arrive after its deadline, so nobody may ask
        # the bank again whether it has the money.
        with database.transaction() as connection:
            queries.move(connection, order_id, "pending", "voiding")
            status = queries.status_of(connection, order_id)
    if status in ("voiding", "voided"):
        bank.void(order_id)
        return "voided"
    return "declined" if status == "declined" else "captured"


def resume_payments(database: Database, bank: Bank) -> int:
    """Void what is still to be voided; return how many.  Raises BankUnavailable (503)."""
    with database.read() as connection:
        open_orders = queries.voiding(connection)
    for order_id in open_orders:
        void_payment(database, bank, order_id)
    return len(open_orders)
