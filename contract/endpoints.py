"""Every public endpoint as data: the OpenAPI document, the edge routes, the contract suite
and the features of the reports are all derived from this list."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from pydantic import BaseModel

from contract import models as m

Domain = Literal["accounts", "catalog", "search", "cart", "orders", "payments", "storefront"]
Feature = Literal["accounts", "admin", "browse", "search", "cart", "checkout", "orders", "health"]
Access = Literal["public", "customer", "admin"]

DOMAINS: Final[tuple[Domain, ...]] = (
    "accounts",
    "catalog",
    "search",
    "cart",
    "orders",
    "payments",
    "storefront",
)


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method on one path, and everything a client may rely on."""

    name: str
    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: str
    domain: Domain
    feature: Feature
    access: Access
    success: int
    response: type[BaseModel] | None
    errors: tuple[str, ...] = ()
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    takes_idempotency_key: bool = False


_PAGE_ERRORS = ("validation_failed",)
_BODY_ERRORS = ("malformed_json", "body_too_large", "unsupported_media_type", "validation_failed")

ENDPOINTS: Final[tuple[Endpoint, ...]] = (
    Endpoint("register_account", "POST", "/api/accounts", "accounts", "accounts", "public",
             201, m.Account, (*_BODY_ERRORS, "email_taken"), body=m.AccountCreate),
    Endpoint("sign_in", "POST", "/api/sessions", "accounts", "accounts", "public",
             201, m.Session, (*_BODY_ERRORS, "credentials_wrong"), body=m.SessionCreate),
    Endpoint("list_products", "GET", "/api/products", "catalog", "browse", "public",
             200, m.ProductPage, (*_PAGE_ERRORS, "category_not_found"), query=m.ProductQuery),
    Endpoint("get_product", "GET", "/api/products/{product_id}", "catalog", "browse", "public",
             200, m.Product, ("product_not_found",)),
    Endpoint("list_categories", "GET", "/api/categories", "catalog", "browse", "public",
             200, m.CategoryList),
    Endpoint("create_product", "POST", "/api/products", "catalog", "admin", "admin",
             201, m.Product, (*_BODY_ERRORS, "category_not_found"), body=m.ProductCreate),
    Endpoint("change_product", "PATCH", "/api/products/{product_id}", "catalog", "admin", "admin",
             200, m.Product, (*_BODY_ERRORS, "product_not_found"), body=m.ProductPatch),
    Endpoint("search_products", "GET", "/api/search", "search", "search", "public",
             200, m.ProductPage, _PAGE_ERRORS, query=m.SearchQuery),
    Endpoint("show_cart", "GET", "/api/cart", "cart", "cart", "customer", 200, m.Cart),
    Endpoint("put_item", "PUT", "/api/cart/items/{product_id}", "cart", "cart", "customer",
             200, m.Cart, (*_BODY_ERRORS, "product_not_found", "cart_full"), body=m.CartItemPut),
    Endpoint("remove_item", "DELETE", "/api/cart/items/{product_id}", "cart", "cart", "customer",
             200, m.Cart, ("product_not_found",)),
    Endpoint("place_order", "POST", "/api/orders", "orders", "checkout", "customer",
             201, m.Order,
             (*_BODY_ERRORS, "idempotency_key_missing", "idempotency_key_invalid",
              "idempotency_key_reused", "cart_empty", "out_of_stock", "checkout_in_progress",
              "card_declined", "bank_unavailable"),
             body=m.OrderCreate, takes_idempotency_key=True),
    Endpoint("list_orders", "GET", "/api/orders", "orders", "orders", "customer",
             200, m.OrderPage, _PAGE_ERRORS, query=m.OrderQuery),
    Endpoint("get_order", "GET", "/api/orders/{order_id}", "orders", "orders", "customer",
             200, m.Order, ("order_not_found",)),
    Endpoint("cancel_order", "POST", "/api/orders/{order_id}/cancel", "orders", "checkout",
             "customer", 200, m.Order, ("order_not_found", "bank_unavailable")),
    Endpoint("get_payment", "GET", "/api/payments/{payment_id}", "payments", "orders", "customer",
             200, m.Payment, ("payment_not_found",)),
    Endpoint("livez", "GET", "/livez", "storefront", "health", "public", 200, m.Health),
    Endpoint("readyz", "GET", "/readyz", "storefront", "health", "public", 200, m.Health),
)

BY_NAME: Final[dict[str, Endpoint]] = {endpoint.name: endpoint for endpoint in ENDPOINTS}

FEATURES: Final[tuple[Feature, ...]] = ("browse", "search", "cart", "checkout", "orders")
"""The features a visitor sees: rows of the isolation report."""

NEEDS: Final[dict[str, frozenset[str]]] = {
    "register_account": frozenset({"accounts"}),
    "sign_in": frozenset({"accounts"}),
    "list_products": frozenset({"catalog"}),
    "get_product": frozenset({"catalog"}),
    "list_categories": frozenset({"catalog"}),
    "create_product": frozenset({"catalog"}),
    "change_product": frozenset({"catalog"}),
    "search_products": frozenset({"search"}),
    "show_cart": frozenset({"cart", "catalog"}),
    "put_item": frozenset({"cart", "catalog"}),
    "remove_item": frozenset({"cart", "catalog"}),
    "place_order": frozenset({"orders", "cart", "catalog", "payments", "bank"}),
    "list_orders": frozenset({"orders"}),
    "get_order": frozenset({"orders"}),
    "cancel_order": frozenset({"orders", "catalog", "payments", "bank"}),
    "get_payment": frozenset({"payments"}),
}
"""The modules each endpoint can't work without; a test holds it against the calls observed."""

DEPENDS_ON: Final[dict[Feature, frozenset[str]]] = {
    "browse": frozenset({"catalog"}),
    "search": frozenset({"search"}),
    "cart": frozenset({"cart", "catalog"}),
    "checkout": frozenset({"orders", "cart", "catalog", "payments", "bank"}),
    "orders": frozenset({"orders"}),
}
"""The modules each feature can't work without: the same promise for both stores.  What
breaks a feature outside its own set is collateral damage.  A feature counts as the endpoints
that visitors send: nobody looks at a payment under load."""
