"""The process of the storefront: no database of its own."""

from fastapi import FastAPI

from microservices.peers import Transport
from microservices.service import make_app, make_peers
from microservices.settings import Settings, read_settings
from microservices.storefront.routes import storefront


def create_app(settings: Settings | None = None, transport: Transport | None = None) -> FastAPI:
    """Make the application.  Without settings, they are read from the environment."""
    settings = settings or read_settings("storefront")
    peers = make_peers(settings, transport)
    app = make_app(settings, [storefront], None, closing=[peers.close])
    app.state.peers = peers
    return app
