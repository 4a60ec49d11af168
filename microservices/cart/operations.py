"""A customer's cart.  Only products and quantities are kept; the catalog knows the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from contract import models
from contract.errors import CartFull, ProductNotFound
from contract.faults import FaultPoint
from contract.money import euros, total_minor
from microservices.cart import clients, queries
from microservices.database import Database
from microservices.messages import Quote
from microservices.peers import Peers

Lines = Sequence[tuple[int, int]]
"""(product id, quantity) in order of product id."""


async def show_cart(database: Database, peers: Peers, fault: FaultPoint,
                    account_id: int) -> models.Cart:
    """Return the cart at today's names and prices."""
    await fault.hit_async(account_id)
    async with database.read() as connection:
        lines = await queries.lines(connection, account_id)
    return priced(lines, await clients.quote_products(peers, _products(lines)))


async def put_item(database: Database, peers: Peers, fault: FaultPoint, account_id: int,
                   product_id: int, quantity: int) -> models.Cart:
    """Set the quantity of a product.  Raises ProductNotFound (404) and CartFull (409).

    The catalog is asked once, before the transaction: no connection is held during a call.
    """
    await fault.hit_async(product_id)
    async with database.read() as connection:
        before = await queries.lines(connection, account_id)
    quotes = await clients.quote_products(peers, sorted({product_id, *_products(before)}))
    if product_id not in quotes:
        raise ProductNotFound
    async with database.transaction() as connection:
        if await queries.count_others(connection, account_id,
                                      product_id) >= models.MAX_CART_LINES:
            raise CartFull
        await queries.put(connection, account_id, product_id, quantity)
        lines = await queries.lines(connection, account_id)
    if not quotes.keys() >= set(_products(lines)):  # the cart was changed from elsewhere
        quotes = await clients.quote_products(peers, _products(lines))
    return priced(lines, quotes)


async def remove_item(database: Database, peers: Peers, fault: FaultPoint, account_id: int,
                      product_id: int) -> models.Cart:
    """Take a product out.  Raises ProductNotFound (404) if it is not in the cart."""
    await fault.hit_async(product_id)
    async with database.transaction() as connection:
        if not await queries.remove(connection, account_id, product_id):
            raise ProductNotFound
        lines = await queries.lines(connection, account_id)
    return priced(lines, await clients.quote_products(peers, _products(lines)))


async def remove_ordered(database: Database, order_id: UUID, account_id: int,
                         ordered: Lines) -> None:
    """Take what was ordered out of the cart, once for each order."""
    async with database.transaction() as connection:
        if await queries.clear(connection, order_id):
            await queries.subtract(connection, account_id, ordered)


async def list_lines(database: Database, fault: FaultPoint, account_id: int) -> Lines:
    """Return what is in the cart, without names and prices: for orders."""
    await fault.hit_async(account_id)
    async with database.read() as connection:
        return await queries.lines(connection, account_id)


def priced(lines: Lines, quotes: Mapping[int, Quote]) -> models.Cart:
    """Show lines with their names, prices and total."""
    total = total_minor((quotes[product].price_minor, quantity) for product, quantity in lines)
    return models.Cart(
        items=[
            models.CartItem.model_construct(
                product_id=product, name=quotes[product].name, quantity=quantity,
                unit_price=euros(quotes[product].price_minor),
                line_total=euros(quotes[product].price_minor * quantity))
            for product, quantity in lines
        ],
        total=euros(total))


def _products(lines: Lines) -> list[int]:
    return [product for product, _ in lines]
