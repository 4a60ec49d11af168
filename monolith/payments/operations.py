"""Money in and out.  No operation here holds a connection while the bank is waited for."""

from __future__ import annotations

from uuid import UUID

from contract import models
from contract.errors import PaymentNotFound
from contract.faults import FaultPoint
from contract.money import euros
from monolith.database import Database
from monolith.payments import queries
from monolith.payments.bank import Bank, Outcome


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


def resume_payments(database: Database, bank: Bank) -> int:
    """Void what is still to be voided; return how many.  Raises BankUnavailable (503)."""
    with database.read() as connection:
        open_orders = queries.voiding(connection)
    for order_id in open_orders:
        void_payment(database, bank, order_id)
    return len(open_orders)
