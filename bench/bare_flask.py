"""The bare framework, left: Flask, the ORM, one primary-key read through `session.get`."""

from __future__ import annotations

import os

from flask import Flask, Response
from sqlalchemy import create_engine
from sqlalchemy.orm import Session, sessionmaker

from bench.bare_orm import Product, as_json


def create_app() -> Flask:
    """Make the smallest honest application: same server, driver, pool size and JSON library."""
    app = Flask(__name__)
    engine = create_engine(os.environ["TWINSTORE_DATABASE_URL"],
                           pool_size=int(os.environ["TWINSTORE_DATABASE_POOL"]), max_overflow=0)
    sessions: sessionmaker[Session] = sessionmaker(engine)

    @app.get("/api/products/<int:product_id>")
    def product(product_id: int) -> Response:
        with sessions() as session:
            row = session.get(Product, product_id)
            if row is None:
                return Response(status=404)
            return Response(as_json(row), mimetype="application/json")

    return app
