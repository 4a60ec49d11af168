"""HTTP of the orders domain."""

from flask import Blueprint, Response, g

from contract import models
from contract.errors import PROBLEM_MEDIA_TYPE
from contract.http import JSON_MEDIA_TYPE, parse_order_id
from monolith.border import answer, body, customer, idempotency_key, query
from monolith.orders import operations, reads
from monolith.orders.checkout import Buyer
from monolith.store import store

orders = Blueprint("orders", __name__)


@orders.post("/api/orders")
def place_order() -> Response:
    who = customer()
    wanted = body(models.OrderCreate)
    buyer = Buyer(who.account_id, idempotency_key(), g.request_id)
    shop = store()
    reply = operations.place_order(shop.database, shop.bank, shop.faults, shop.leases, buyer,
                                   wanted)
    media_type = JSON_MEDIA_TYPE if reply.status == 201 else PROBLEM_MEDIA_TYPE
    return Response(reply.body, reply.status, content_type=media_type)


@orders.get("/api/orders")
def list_orders() -> Response:
    who = customer()
    wanted = query(models.OrderQuery)
    return answer(reads.list_orders(store().database, store().faults["orders"],
                                    who.account_id, wanted))


@orders.get("/api/orders/<order_id>")
def get_order(order_id: str) -> Response:
    who = customer()
    wanted = parse_order_id(order_id)
    return answer(reads.get_order(store().database, store().faults["orders"],
                                  who.account_id, wanted))


@orders.post("/api/orders/<order_id>/cancel")
def cancel_order(order_id: str) -> Response:
    who = customer()
    wanted = parse_order_id(order_id)
    shop = store()
    return answer(operations.cancel_order(shop.database, shop.bank, shop.faults["orders"],
                                          who.account_id, wanted))
