"""`python -m monolith.seed`: make the tables anew and load the seed data."""

from __future__ import annotations

import argparse
import os
from dataclasses import asdict

from sqlalchemy import Engine, create_engine, insert, text

from contract import seed
from monolith.accounts.tables import accounts
from monolith.cart.tables import cart_items
from monolith.catalog.tables import categories, products
from monolith.database import METADATA
from monolith.orders.tables import checkouts, order_items, orders
from monolith.payments.tables import payments

TABLES = (categories, products, accounts, cart_items, orders, order_items, checkouts, payments)


def load(engine: Engine, data: seed.SeedData) -> None:
    """Drop and create all tables, then insert the data, in one transaction."""
    with engine.begin() as connection:
        METADATA.drop_all(connection)
        METADATA.create_all(connection)
        connection.execute(insert(categories), [asdict(row) for row in data.categories])
        connection.execute(insert(products), [
            {"id": row.id, "name": row.name, "description": row.description,
             "category": row.category, "price_minor": row.price_minor, "on_hand": row.stock,
             "received": row.stock}
            for row in data.products])
        connection.execute(insert(accounts), [asdict(row) for row in data.accounts])
        for table in ("products", "accounts"):
            connection.execute(text(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) "  # noqa: S608
                f"FROM {table}"))


def main() -> None:
    """Read arguments and environment, load."""
    parser = argparse.ArgumentParser(prog="python -m monolith.seed", description=__doc__)
    parser.add_argument("--seed", type=int, default=seed.DEFAULT_SEED)
    parser.add_argument("--products", type=int, default=seed.DEFAULT_PRODUCTS)
    parser.add_argument("--customers", type=int, default=seed.DEFAULT_CUSTOMERS)
    parser.add_argument("--scarce", type=int, default=0)
    given = parser.parse_args()
    engine = create_engine(os.environ["TWINSTORE_DATABASE_URL"])
    load(engine, seed.generate(given.seed, given.products, given.customers, given.scarce))
    engine.dispose()


if __name__ == "__main__":
    main()
