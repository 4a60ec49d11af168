"""The process of orders: answers, and finishes checkouts that were left half-way."""

from fastapi import FastAPI

from microservices.orders.checkout import Leases
from microservices.orders.operations import resume_checkouts
from microservices.orders.routes import orders
from microservices.peers import Transport
from microservices.service import Chore, make_app, make_service
from microservices.settings import Settings, read_settings


def create_app(settings: Settings | None = None, transport: Transport | None = None) -> FastAPI:
    """Make the application.  Without settings, they are read from the environment."""
    settings = settings or read_settings("orders")
    service = make_service(settings, transport)
    leases = Leases(settings.lease_s)
    resume = Chore(settings.resume_every_s, lambda: resume_checkouts(
        service.database, service.peers, leases))
    app = make_app(settings, [orders], service, chores=[resume])
    app.state.leases = leases
    return app
