"""HTTP of the payments domain."""

from flask import Blueprint, Response

from contract.http import parse_payment_id
from monolith.border import answer, customer
from monolith.payments import operations
from monolith.store import store

payments = Blueprint("payments", __name__)


@payments.get("/api/payments/<payment_id>")
def get_payment(payment_id: str) -> Response:
    who = customer()
    wanted = parse_payment_id(payment_id)
    return answer(operations.get_payment(store().database, who.account_id, wanted))
