"""The catalog's process."""

from fastapi import FastAPI

from microservices.catalog.routes import catalog, internal
from microservices.peers import Transport
from microservices.service import make_app, make_service
from microservices.settings import Settings, read_settings


def create_app(settings: Settings | None = None, transport: Transport | None = None) -> FastAPI:
    """Make the application.  Without settings, they are read from the environment."""
    settings = settings or read_settings("catalog")
    return make_app(settings, [catalog, internal], make_service(settings, transport))
