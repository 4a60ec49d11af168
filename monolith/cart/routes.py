"""HTTP of the cart domain."""

from flask import Blueprint, Response

from contract import models
from contract.http import parse_product_id
from monolith.border import answer, body, customer
from monolith.cart import operations
from monolith.store import store

cart = Blueprint("cart", __name__)


@cart.get("/api/cart")
def show_cart() -> Response:
    who = customer()
    return answer(operations.show_cart(store().database, store().faults, who.account_id))


@cart.put("/api/cart/items/<product_id>")
def put_item(product_id: str) -> Response:
    who = customer()
    wanted = body(models.CartItemPut)
    product = parse_product_id(product_id)
    return answer(operations.put_item(store().database, store().faults, who.account_id, product,
                                      wanted.quantity))


@cart.delete("/api/cart/items/<product_id>")
def remove_item(product_id: str) -> Response:
    who = customer()
    product = parse_product_id(product_id)
    return answer(operations.remove_item(store().database, store().faults, who.account_id,
                                         product))
