"""HTTP of the orders service."""

from typing import Annotated, cast

from fastapi import APIRouter, Depends, Request, Response

from contract import models
from contract.errors import PROBLEM_MEDIA_TYPE
from contract.http import JSON_MEDIA_TYPE, parse_order_id
from microservices.border import (
    Customer,
    IdempotencyKey,
    answer,
    body,
    current_request_id,
    query,
)
from microservices.orders import operations, reads
from microservices.orders.checkout import Buyer, Leases
from microservices.service import Here

orders = APIRouter()


async def the_leases(request: Request) -> Leases:
    """The leases of this process."""
    return cast(Leases, request.app.state.leases)


TheLeases = Annotated[Leases, Depends(the_leases)]


@orders.post("/api/orders")
async def place_order(
    who: Customer,
    wanted: Annotated[models.OrderCreate, Depends(body(models.OrderCreate))],
    key: IdempotencyKey,
    here: Here,
    leases: TheLeases,
) -> Response:
    buyer = Buyer(who.account_id, key, current_request_id())
    reply = await operations.place_order(here.database, here.peers, here.fault, leases,
                                         buyer, wanted)
    media_type = JSON_MEDIA_TYPE if reply.status == 201 else PROBLEM_MEDIA_TYPE
    return Response(reply.body, reply.status, media_type=media_type)


@orders.get("/api/orders")
async def list_orders(
    who: Customer,
    wanted: Annotated[models.OrderQuery, Depends(query(models.OrderQuery))],
    here: Here,
) -> Response:
    return answer(await reads.list_orders(here.database, here.fault, who.account_id, wanted))


@orders.get("/api/orders/{order_id}")
async def get_order(who: Customer, order_id: str, here: Here) -> Response:
    wanted = parse_order_id(order_id)
    return answer(await reads.get_order(here.database, here.fault, who.account_id, wanted))


@orders.post("/api/orders/{order_id}/cancel")
async def cancel_order(who: Customer, order_id: str, here: Here) -> Response:
    wanted = parse_order_id(order_id)
    return answer(await operations.cancel_order(here.database, here.peers, here.fault,
                                                who.account_id, wanted))
