"""HTTP of the payments service."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response

from contract.http import parse_payment_id
from microservices import messages
from microservices.border import Customer, answer, body, peer
from microservices.payments import operations
from microservices.payments.bank import Bank
from microservices.service import Here

payments = APIRouter()
internal = APIRouter(prefix="/internal", dependencies=[Depends(peer)])


async def the_bank(request: Request) -> Bank:
    """The client of the bank: this service alone has one."""
    return cast(Bank, request.app.state.bank)


TheBank = Annotated[Bank, Depends(the_bank)]


@payments.get("/api/payments/{payment_id}")
async def get_payment(who: Customer, payment_id: str, here: Here) -> Response:
    wanted = parse_payment_id(payment_id)
    return answer(await operations.get_payment(here.database, who.account_id, wanted))


@internal.post("/capture_payment")
async def capture_payment(
    asked: Annotated[messages.Capture, Depends(body(messages.Capture))], here: Here, bank: TheBank
) -> Response:
    return answer(await operations.capture_payment(here.database, bank, here.fault, asked))


@internal.post("/void_payment")
async def void_payment(
    asked: Annotated[messages.PaymentRef, Depends(body(messages.PaymentRef))], here: Here
) -> Response:
    await operations.void_payment(here.database, asked)
    return answer(messages.Done())


@internal.post("/refund_payment")
async def refund_payment(
    asked: Annotated[messages.OrderRef, Depends(body(messages.OrderRef))], here: Here,
    bank: TheBank,
) -> Response:
    await operations.refund_payment(here.database, bank, asked.order_id)
    return answer(messages.Done())


@internal.post("/settle_payment")
async def settle_payment(
    asked: Annotated[messages.PaymentRef, Depends(body(messages.PaymentRef))], here: Here,
    bank: TheBank,
) -> Response:
    return answer(await operations.settle_payment(here.database, bank, asked))
