"""The process of search: answers, and follows the catalog."""

from fastapi import FastAPI

from microservices.peers import Transport
from microservices.search.feed import FOLLOW_EVERY_S, follow_catalog
from microservices.search.routes import search
from microservices.service import Chore, make_app, make_service
from microservices.settings import Settings, read_settings


def create_app(settings: Settings | None = None, transport: Transport | None = None) -> FastAPI:
    """Make the application.  Without settings, they are read from the environment."""
    settings = settings or read_settings("search")
    service = make_service(settings, transport)
    follow = Chore(FOLLOW_EVERY_S, lambda: follow_catalog(service.database, service.peers))
    return make_app(settings, [search], service, chores=[follow])
