"""The monolith's one process: every domain, one after the other."""

from __future__ import annotations

import gc

from flask import Flask

from contract.faults import fault_point
from contract.instruments import Pool, serve_metrics
from monolith import border
from monolith.accounts.routes import accounts
from monolith.cart.routes import cart
from monolith.catalog.routes import catalog
from monolith.database import Database
from monolith.orders.checkout import Leases
from monolith.orders.operations import resume_checkouts
from monolith.orders.routes import orders
from monolith.payments.bank import Bank
from monolith.payments.routes import payments
from monolith.resumer import Resumer
from monolith.search.routes import search
from monolith.settings import Settings, read_settings
from monolith.store import Store
from monolith.storefront.routes import storefront

BLUEPRINTS = (accounts, catalog, search, cart, orders, payments, storefront)
FAULT_POINTS = ("catalog", "search", "cart", "orders", "payments")


def create_app(settings: Settings | None = None) -> Flask:
    """Make the application.  Without settings, they are read from the environment."""
    settings = settings or read_settings()
    database = Database(settings.database_url, settings.database_pool, settings.posture)
    store = Store(
        settings=settings,
        database=database,
        bank=Bank(settings.bank_url, settings.bank_deadline_s, settings.database_pool,
                  settings.bank_calls),
        leases=Leases(settings.lease_s),
        faults={module: fault_point(module, lend=database.read) for module in FAULT_POINTS},
        threads=Pool("monolith", "threads", settings.threads),
    )
    app = Flask("monolith", static_folder=None)
    app.config["PROVIDE_AUTOMATIC_OPTIONS"] = False
    app.url_map.strict_slashes = True
    app.url_map.redirect_defaults = False
    app.url_map.merge_slashes = False
    app.extensions["twinstore"] = store
    border.install(app, store.threads)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    app.extensions["resumer"] = Resumer(
        lambda: resume_checkouts(store.database, store.bank, store.leases),
        settings.resume_every_s)
    app.extensions["resumer"].start()
    if settings.metrics_address:
        app.extensions["metrics"] = serve_metrics(settings.metrics_address,
                                                  (store.threads, store.database.pool))
    gc.collect()
    gc.freeze()  # long pauses were the collector's: docs/decisions/0030
    return app
