"""HTTP of the cart service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from contract import models
from contract.http import parse_product_id
from microservices import messages
from microservices.border import Customer, answer, body, peer
from microservices.cart import operations
from microservices.service import Here

cart = APIRouter()
internal = APIRouter(prefix="/internal", dependencies=[Depends(peer)])


@cart.get("/api/cart")
async def show_cart(who: Customer, here: Here) -> Response:
    return answer(await operations.show_cart(here.database, here.peers, here.fault,
                                             who.account_id))


@cart.put("/api/cart/items/{product_id}")
async def put_item(
    who: Customer,
    product_id: str,
    wanted: Annotated[models.CartItemPut, Depends(body(models.CartItemPut))],
    here: Here,
) -> Response:
    product = parse_product_id(product_id)
    return answer(await operations.put_item(here.database, here.peers, here.fault,
                                            who.account_id, product, wanted.quantity))


@cart.delete("/api/cart/items/{product_id}")
async def remove_item(who: Customer, product_id: str, here: Here) -> Response:
    product = parse_product_id(product_id)
    return answer(await operations.remove_item(here.database, here.peers, here.fault,
                                               who.account_id, product))


@internal.post("/list_lines")
async def list_lines(
    asked: Annotated[messages.AccountRef, Depends(body(messages.AccountRef))], here: Here
) -> Response:
    lines = await operations.list_lines(here.database, here.fault, asked.account_id)
    return answer(messages.Lines(items=[
        messages.Line.model_construct(product_id=product, quantity=quantity)
        for product, quantity in lines]))


@internal.post("/remove_ordered")
async def remove_ordered(
    asked: Annotated[messages.Ordered, Depends(body(messages.Ordered))], here: Here
) -> Response:
    lines = [(line.product_id, line.quantity) for line in asked.lines]
    await operations.remove_ordered(here.database, asked.order_id, asked.account_id, lines)
    return answer(messages.Done())
