"""The bare framework, right: FastAPI, the async ORM, one primary-key read through `session.get`."""

from __future__ import annotations

import os

from fastapi import FastAPI, Response
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine

from bench.bare_orm import Product, as_json


def create_app() -> FastAPI:
    """Make the smallest honest application: same server, driver, pool size and JSON library."""
    app = FastAPI()
    engine = create_async_engine(os.environ["TWINSTORE_DATABASE_URL"],
                                 pool_size=int(os.environ["TWINSTORE_DATABASE_POOL"]),
                                 max_overflow=0)
    sessions = async_sessionmaker(engine)

    @app.get("/api/products/{product_id}")
    async def product(product_id: int) -> Response:
        async with sessions() as session:
            row = await session.get(Product, product_id)
            if row is None:
                return Response(status_code=404)
            return Response(as_json(row), media_type="application/json")

    return app
