"""HTTP of the catalog domain."""

from flask import Blueprint, Response

from contract import models
from contract.http import parse_product_id
from monolith.border import admin, answer, body, query
from monolith.catalog import operations
from monolith.store import store

catalog = Blueprint("catalog", __name__)


@catalog.get("/api/products")
def list_products() -> Response:
    wanted = query(models.ProductQuery)
    return answer(operations.list_products(store().database, store().faults["catalog"], wanted))


@catalog.get("/api/products/<product_id>")
def get_product(product_id: str) -> Response:
    wanted = parse_product_id(product_id)
    return answer(operations.get_product(store().database, store().faults["catalog"], wanted))


@catalog.get("/api/categories")
def list_categories() -> Response:
    return answer(operations.list_categories(store().database, store().faults["catalog"]))


@catalog.post("/api/products")
def create_product() -> Response:
    admin()
    new = body(models.ProductCreate)
    return answer(operations.create_product(store().database, new), 201)


@catalog.patch("/api/products/<product_id>")
def change_product(product_id: str) -> Response:
    admin()
    patch = body(models.ProductPatch)
    wanted = parse_product_id(product_id)
    return answer(operations.change_product(store().database, wanted, patch))
