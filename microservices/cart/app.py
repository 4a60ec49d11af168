"""The process of the cart."""

from fastapi import FastAPI

from microservices.cart.routes import cart, internal
from microservices.peers import Transport
from microservices.service import make_app, make_service
from microservices.settings import Settings, read_settings


def create_app(settings: Settings | None = None, transport: Transport | None = None) -> FastAPI:
    """Make the application.  Without settings, they are read from the environment."""
    settings = settings or read_settings("cart")
    return make_app(settings, [cart, internal], make_service(settings, transport))
