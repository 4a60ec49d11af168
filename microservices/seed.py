"""`python -m microservices.seed`: make each service's tables anew and load the seed data."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Final

from sqlalchemy import Connection, MetaData, create_engine, insert, text

from contract import seed
from microservices.accounts import tables as accounts
from microservices.cart import tables as cart
from microservices.catalog import tables as catalog
from microservices.orders import tables as orders
from microservices.payments import tables as payments
from microservices.search import tables as search

METADATA: Final[dict[str, MetaData]] = {
    "accounts": accounts.METADATA, "catalog": catalog.METADATA, "search": search.METADATA,
    "cart": cart.METADATA, "orders": orders.METADATA, "payments": payments.METADATA,
}


def load(urls: Mapping[str, str], data: seed.SeedData) -> None:
    """Drop and create all tables, then insert the data; in one transaction for each service."""
    for service, metadata in METADATA.items():
        engine = create_engine(urls[service])
        with engine.begin() as connection:
            metadata.drop_all(connection)
            metadata.create_all(connection)
            if service in _LOADERS:
                _LOADERS[service](connection, data)
        engine.dispose()


def main() -> None:
    """Read arguments and environment, load."""
    parser = argparse.ArgumentParser(prog="python -m microservices.seed", description=__doc__)
    parser.add_argument("--seed", type=int, default=seed.DEFAULT_SEED)
    parser.add_argument("--products", type=int, default=seed.DEFAULT_PRODUCTS)
    parser.add_argument("--customers", type=int, default=seed.DEFAULT_CUSTOMERS)
    parser.add_argument("--scarce", type=int, default=0)
    given = parser.parse_args()
    urls = {service: os.environ[f"TWINSTORE_{service.upper()}_DATABASE_URL"]
            for service in METADATA}
    load(urls, seed.generate(given.seed, given.products, given.customers, given.scarce))


def _load_accounts(connection: Connection, data: seed.SeedData) -> None:
    connection.execute(insert(accounts.accounts), [asdict(row) for row in data.accounts])
    _continue_ids(connection, "accounts")


def _load_catalog(connection: Connection, data: seed.SeedData) -> None:
    connection.execute(insert(catalog.categories), [asdict(row) for row in data.categories])
    connection.execute(insert(catalog.products), [
        {"id": row.id, "name": row.name, "description": row.description,
         "category": row.category, "price_minor": row.price_minor, "on_hand": row.stock,
         "received": row.stock}
        for row in data.products])
    _continue_ids(connection, "products")


def _load_search(connection: Connection, data: seed.SeedData) -> None:
    """The index starts where the catalog starts, so that there is nothing to follow yet."""
    connection.execute(insert(search.documents), [
        {"product_id": row.id, "name": row.name, "description": row.description,
         "category": row.category, "price_minor": row.price_minor}
        for row in data.products])
    connection.execute(insert(search.feed), {"id": 1, "transaction": 0, "number": 0})


def _continue_ids(connection: Connection, table: str) -> None:
    connection.execute(text(
        f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), max(id)) "  # noqa: S608
        f"FROM {table}"))


_LOADERS: Final[dict[str, Callable[[Connection, seed.SeedData], None]]] = {
    "accounts": _load_accounts, "catalog": _load_catalog, "search": _load_search,
}


if __name__ == "__main__":
    main()
