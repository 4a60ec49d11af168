"""HTTP of the catalog service."""

from typing import Annotated

from fastapi import APIRouter, Depends, Response

from contract import models
from contract.http import parse_product_id
from microservices import messages
from microservices.border import admin, answer, body, peer, query
from microservices.catalog import operations
from microservices.service import Here

catalog = APIRouter()
internal = APIRouter(prefix="/internal", dependencies=[Depends(peer)])


@catalog.get("/api/products")
async def list_products(
    wanted: Annotated[models.ProductQuery, Depends(query(models.ProductQuery))], here: Here
) -> Response:
    return answer(await operations.list_products(here.database, here.fault, wanted))


@catalog.get("/api/products/{product_id}")
async def get_product(product_id: str, here: Here) -> Response:
    wanted = parse_product_id(product_id)
    return answer(await operations.get_product(here.database, here.fault, wanted))


@catalog.get("/api/categories")
async def list_categories(here: Here) -> Response:
    return answer(await operations.list_categories(here.database, here.fault))


@catalog.post("/api/products", dependencies=[Depends(admin)])
async def create_product(
    new: Annotated[models.ProductCreate, Depends(body(models.ProductCreate))], here: Here
) -> Response:
    return answer(await operations.create_product(here.database, new), 201)


@catalog.patch("/api/products/{product_id}", dependencies=[Depends(admin)])
async def change_product(
    product_id: str,
    patch: Annotated[models.ProductPatch, Depends(body(models.ProductPatch))],
    here: Here,
) -> Response:
    wanted = parse_product_id(product_id)
    return answer(await operations.change_product(here.database, wanted, patch))


@internal.post("/quote_products")
async def quote_products(
    asked: Annotated[messages.ProductRefs, Depends(body(messages.ProductRefs))], here: Here
) -> Response:
    quotes = await operations.quote_products(here.database, here.fault, asked.ids)
    return answer(messages.Quotes.model_construct(items=quotes))


@internal.post("/reserve_stock")
async def reserve_stock(
    asked: Annotated[messages.Reservation, Depends(body(messages.Reservation))], here: Here
) -> Response:
    lines = [(line.product_id, line.quantity) for line in asked.lines]
    quotes = await operations.reserve_stock(here.database, here.fault, asked.order_id, lines)
    return answer(messages.Quotes.model_construct(items=quotes))


@internal.post("/sell_reserved")
async def sell_reserved(
    asked: Annotated[messages.OrderRef, Depends(body(messages.OrderRef))], here: Here
) -> Response:
    await operations.sell_reserved(here.database, asked.order_id)
    return answer(messages.Done())


@internal.post("/release_stock")
async def release_stock(
    asked: Annotated[messages.OrderRef, Depends(body(messages.OrderRef))], here: Here
) -> Response:
    await operations.release_stock(here.database, asked.order_id)
    return answer(messages.Done())


@internal.post("/take_back")
async def take_back(
    asked: Annotated[messages.OrderRef, Depends(body(messages.OrderRef))], here: Here
) -> Response:
    await operations.take_back(here.database, asked.order_id)
    return answer(messages.Done())


@internal.post("/list_changes")
async def list_changes(
    after: Annotated[messages.Position, Depends(body(messages.Position))], here: Here
) -> Response:
    return answer(await operations.list_changes(here.database, after))
